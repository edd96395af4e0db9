"""From the files of a project to what they ask of one interpreter: the story that joins the readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from mlenv.errors import MlenvError
from mlenv.locks.agreement import python_of, relock_of
from mlenv.locks.choosing import READABLE, Choice, choose, kind_of
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.limits import check_size
from mlenv.locks.manifest import parse_pyproject
from mlenv.locks.merge import conflict_finding, merge_locks
from mlenv.locks.pylock import parse_pylock
from mlenv.locks.requirement_lines import decode_text
from mlenv.locks.requirements import Requirements, as_lock, parse_requirements
from mlenv.locks.settings import read_settings
from mlenv.locks.target import Target
from mlenv.locks.uv_lock import parse_uv_lock
from mlenv.model import Declared, Finding, Selection, value
from mlenv.versions import normalise

__all__ = ["SelectRequest", "Selected", "select"]

_CODES = {"pyproject.toml": "manifest-unreadable", "mlenv.toml": "settings-unreadable"}


@value
class SelectRequest:
    """A project as it lies there, and the interpreter it is asked about."""

    root: str
    name: str
    """The project's name where no manifest gives it one."""
    names: tuple[str, ...]
    """Files in the root."""
    load: Callable[[str], bytes | None]
    """Returns the bytes of a file by its path relative to the root; ``None`` where there is none."""
    target: Target
    extras: tuple[str, ...] | None = None
    """``None``: what the settings or the lock say."""
    groups: tuple[str, ...] | None = None
    """``None``: what the settings or the lock say."""
    lock_option: str | None = None


@value
class Selected:
    """The answer, and what it was made of."""

    selection: Selection
    files_read: tuple[str, ...]
    """Relative to the root, sorted."""
    content: LockContent | None
    """``None`` where there is no lock, or none that is read yet."""
    manifest: Manifest | None
    """``None`` where there is no ``pyproject.toml`` and no requirements file that declares something."""
    choice: Choice


class _Files:
    """Reads each file once, and remembers which."""

    def __init__(self, request: SelectRequest) -> None:
        self._load = request.load
        self._names = request.names
        self.read: dict[str, bytes | None] = {}
        self._lists: dict[str, Requirements] = {}

    def load(self, path: str) -> bytes | None:
        if path not in self.read:
            data = self._load(path)
            check_size(len(data or b""), path)
            self.read[path] = data
        return self.read[path]

    def requirements(self, path: str, target: Target) -> Requirements:
        """Return a requirements file, parsed once: whether it is a lock is asked before it is read as one."""
        if path not in self._lists:
            self._lists[path] = parse_requirements(self.load(path) or b"", path, target, self.load)
        return self._lists[path]

    def text(self, path: str) -> str | None:
        """Return a file of the root as text; ``None`` where it is not there."""
        data = self.load(path) if path in self._names else None
        return None if data is None else decode_text(data, path, _CODES.get(path, "lock-unreadable"))


def select(request: SelectRequest) -> Selected:
    """Choose manifest and lock of a project, read both, and say what they ask of the target.

    Raises:
        MlenvError: what the readers raise; ``lock-not-found`` where the lock that was named is not there;
            ``file-too-large``.

    Cost: that of reading the lock, and of reading every other readable lock beside it.
    """
    files = _Files(request)
    settings = read_settings(files.text("pyproject.toml"), files.text("mlenv.toml"))
    extras = request.extras if request.extras is not None else settings.extras
    groups = request.groups if request.groups is not None else settings.groups
    request = replace(request, extras=extras, groups=groups)
    first = _pyproject(files, request.target, (), ())
    choice = choose(
        request.names,
        lambda name: _is_loose(name, files, request.target),
        settings,
        request.lock_option,
        declares=first is not None and first.declares,
    )
    name = (first.name if first else "") or request.name
    content = _lock(choice, request, files, extras, groups, name)
    manifest = _manifest(choice, files, request.target, extras, groups, content)
    findings = tuple(_findings(choice, request, files, content, manifest, name))
    return Selected(
        selection=_selection(request, choice, content, manifest, findings, name),
        files_read=tuple(sorted(path for path, data in files.read.items() if data is not None)),
        content=content,
        manifest=manifest,
        choice=choice,
    )


def _pyproject(files: _Files, target: Target, extras: Iterable[str], groups: Iterable[str] | None) -> Manifest | None:
    text = files.text("pyproject.toml")
    return None if text is None else parse_pyproject(text, "pyproject.toml", target, extras, groups)


def _is_loose(name: str, files: _Files, target: Target) -> bool:
    """Say whether a requirements file is no lock; one that cannot be read is none, and is told if it is needed."""
    try:
        return not files.requirements(name, target).pinned
    except MlenvError:
        return True


def _lock(
    choice: Choice,
    request: SelectRequest,
    files: _Files,
    extras: tuple[str, ...] | None,
    groups: tuple[str, ...] | None,
    name: str,
) -> LockContent | None:
    if choice.lock is None or choice.kind not in READABLE:
        return None
    content = _read_lock(choice.lock, choice.kind, request.target, files, extras, groups, name)
    if choice.kind != "pylock" or not groups:
        return content
    for group in (normalise(group) for group in groups):
        if group not in content.groups:
            content = _with_group(content, choice.lock, group, request, files)
    return content


def _read_lock(
    lock: str,
    kind: str,
    target: Target,
    files: _Files,
    extras: tuple[str, ...] | None,
    groups: tuple[str, ...] | None,
    name: str,
) -> LockContent:
    data = files.load(lock)
    if data is None:
        raise MlenvError("lock-not-found", "There is no such lock.", where=lock, hint="mlenv lock makes one.")
    if kind == "requirements":
        return as_lock(files.requirements(lock, target))
    text = decode_text(data, lock, "lock-unreadable")
    if kind == "pylock":
        return parse_pylock(text, lock, target, extras or (), groups)
    return parse_uv_lock(text, lock, target, extras or (), groups, name)


def _with_group(content: LockContent, lock: str, group: str, request: SelectRequest, files: _Files) -> LockContent:
    """Add a group's own lock, ``pylock.<group>.toml``."""
    name = f"pylock.{group}.toml"
    text = files.text(name)
    if text is not None:
        return merge_locks(content, parse_pylock(text, name, request.target, (), None), lock, name)
    reason = f"The group {group!r} is not locked: it is not in {lock}, and there is no {name}."
    return merge_locks(content, LockContent(findings=(Finding(kind="relock", reason=reason),)), lock, name)


def _manifest(
    choice: Choice,
    files: _Files,
    target: Target,
    extras: tuple[str, ...] | None,
    groups: tuple[str, ...] | None,
    content: LockContent | None,
) -> Manifest | None:
    """Read the manifest with the extras and groups chosen; where none are, with those that the lock holds."""
    held = content or LockContent()
    chosen_extras = held.extras if extras is None else extras
    chosen_groups = held.groups if groups is None else groups
    pyproject = _pyproject(files, target, chosen_extras, chosen_groups)
    if choice.manifest not in ("requirements.in", "requirements.txt"):
        return pyproject
    found = files.requirements(choice.manifest, target)
    return Manifest(
        name=pyproject.name if pyproject else "",
        declared=(*found.declared, *_constraints(found.constraints, content)),
        requirements=found.requirements,
        everything=found.requirements,
        requires_python=pyproject.requires_python if pyproject else "",
        settings=pyproject.settings if pyproject else read_settings(None, files.text("mlenv.toml")),
        has_settings=pyproject is not None and pyproject.has_settings,
        declares=True,
        build_system=pyproject is not None and pyproject.build_system,
        options=found.options,
        findings=found.findings,
    )


def _constraints(rows: tuple[Declared, ...], content: LockContent | None) -> tuple[Declared, ...]:
    """Return the constraints that bear on something: a constraint alone asks for no package."""
    locked = {pin.name for pin in content.pins} if content else set()
    return tuple(row for row in rows if row.name in locked)


def _selection(
    request: SelectRequest,
    choice: Choice,
    content: LockContent | None,
    manifest: Manifest | None,
    findings: tuple[Finding, ...],
    name: str,
) -> Selection:
    held = content or LockContent(exact=False)
    builds = choice.manifest == "pyproject.toml" and choice.kind != "uv" and manifest is not None
    own = normalise(name) if builds and manifest is not None and manifest.build_system else ""
    return Selection(
        root=request.root,
        name=name,
        manifest=choice.manifest,
        lock=choice.lock,
        kind=choice.kind,
        exact=held.exact,
        pins=held.pins,
        declared=manifest.declared if manifest else (),
        findings=findings,
        requires_python=(manifest.requires_python if manifest else "") or held.requires_python,
        extras=request.extras or held.extras,
        groups=request.groups or held.groups,
        python=request.target.python,
        reason=choice.reason,
        own="" if any(pin.name == own for pin in held.pins) else own,
    )


def _findings(
    choice: Choice,
    request: SelectRequest,
    files: _Files,
    content: LockContent | None,
    manifest: Manifest | None,
    name: str,
) -> Iterator[Finding]:
    if choice.lock and content is None:
        reason = f"{choice.lock} ({choice.kind}) is not read yet, so nothing can be compared with it."
        yield Finding(kind="undecidable", reason=reason)
    if content is not None:
        yield from content.findings
        yield from relock_of(choice, content, manifest)
        yield from _conflicts(choice, request, files, content, name)
    if manifest is not None:
        yield from manifest.findings
        yield from python_of(manifest, content, choice, request.target)
    if choice.manifest and not choice.manifest.startswith(("pyproject", "requirements")):
        yield Finding(kind="note", reason=f"{choice.manifest} is not read yet: what it declares is not compared.")


def _conflicts(
    choice: Choice, request: SelectRequest, files: _Files, content: LockContent, name: str
) -> Iterator[Finding]:
    """Compare the lock that counts with every other one that can be read."""
    why = f" because {choice.reason.partition(' because ')[2].rstrip('.')}" if " because " in choice.reason else ""
    for other in choice.others:
        kind = kind_of(other)
        if kind not in READABLE:
            continue
        try:
            beside = _read_lock(other, kind, request.target, files, content.extras, content.groups, name)
        except MlenvError as problem:
            reason = f"{choice.lock} is used; {other} lies beside it and cannot be read: {problem.message}"
            yield Finding(kind="conflict", reason=reason)
            continue
        finding = conflict_finding(content, choice.lock or "", beside, other, why or " because it comes first")
        if finding is not None:
            yield finding
