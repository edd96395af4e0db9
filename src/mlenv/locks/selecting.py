"""From the files of a project to what they ask of one interpreter: the story that joins the readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from mlenv.errors import MlenvError
from mlenv.locks.agreement import python_of, relock_of
from mlenv.locks.choosing import Choice, choose, of_member
from mlenv.locks.conda_rows import subdir_of
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.exported import without_exports
from mlenv.locks.manifests import is_read, read_manifest, read_pyproject
from mlenv.locks.reading import READABLE, Files, Wanted, read_lock_with_groups
from mlenv.locks.settings import read_settings
from mlenv.locks.setup_files import declares_a_package, setup_note
from mlenv.locks.side_by_side import contradictions
from mlenv.locks.target import Target
from mlenv.locks.uv_members import workspace_findings
from mlenv.model import Finding, Pin, Selection, value
from mlenv.versions import normalise

__all__ = ["SelectRequest", "Selected", "select"]

_PIXI_ENVIRONMENT = re.compile(r"(?:^|/)\.pixi/envs/([^/]+)/?$")


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
    member: str = ""
    """Folder of the member that is meant, relative to the root of its uv workspace; empty: the root itself."""


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


def select(request: SelectRequest) -> Selected:
    """Choose manifest and lock of a project, read both, and say what they ask of the target.

    Raises:
        MlenvError: what the readers raise; ``lock-not-found`` where the lock that was named is not there;
            ``file-too-large``.

    Cost: that of reading the lock, and of reading every other readable lock beside it.
    """
    files = Files(request.names, request.load, request.member)
    settings = read_settings(files.text("pyproject.toml"), files.text("mlenv.toml"))
    names = without_exports(request.names, request.load, (request.lock_option, settings.lock))
    files.names = names
    extras = request.extras if request.extras is not None else settings.extras
    groups = request.groups if request.groups is not None else settings.groups
    request = replace(request, extras=extras, groups=groups)
    first = read_pyproject(files, request.target, (), ()) or Manifest()
    choice = choose(
        names,
        lambda name: _is_loose(name, files, request.target),
        settings,
        request.lock_option,
        declares=first.declares,
        subdir=subdir_of(request.target),
    )
    if request.member:
        choice = of_member(choice, request.member)
    name = first.name or request.name
    environment = _PIXI_ENVIRONMENT.search(settings.env or "")
    wanted = Wanted(
        target=request.target,
        name=name,
        extras=extras,
        groups=groups,
        kind=choice.kind or "",
        environment=environment[1] if environment else "",
        manifest=first,
    )
    content = None
    if choice.lock is not None and choice.kind in READABLE:
        content = read_lock_with_groups(choice.lock, choice.kind, wanted, files)
    manifest = read_manifest(choice.manifest, files, wanted, content)
    findings = tuple(_findings(choice, wanted, files, content, manifest))
    return Selected(
        selection=_selection(request, choice, content, manifest, findings, name),
        files_read=tuple(sorted(path for path, data in files.read.items() if data is not None or "/" in path)),
        content=content,
        manifest=manifest,
        choice=choice,
    )


def _is_loose(name: str, files: Files, target: Target) -> bool:
    """Say whether a list is no lock; one that cannot be read is none, and is told if it is needed."""
    try:
        if name.endswith((".yml", ".yaml")):
            return not files.environment(name, target).pinned
        return not files.requirements(name, target).pinned
    except MlenvError:
        return True


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
    own = normalise(name) if builds and manifest is not None and manifest.packaged else ""
    return Selection(
        root=request.root,
        name=name,
        manifest=choice.manifest,
        lock=choice.lock,
        kind=choice.kind,
        exact=held.exact,
        pins=tuple(_with_hash(pin, held) for pin in held.pins),
        declared=manifest.declared if manifest else (),
        findings=findings,
        requires_python=(manifest.requires_python if manifest else "") or held.requires_python,
        extras=request.extras or held.extras,
        groups=request.groups or held.groups,
        python=request.target.python,
        reason=choice.reason,
        beside=tuple(sorted(held.beside)),
        own="" if any(pin.name == own for pin in held.pins) else own,
    )


def _with_hash(pin: Pin, content: LockContent) -> Pin:
    """Return a pin that names one file with the hash of that file, where the lock tells it."""
    if pin.source.kind not in ("url", "path"):
        return pin
    known = {content.archives.get(pin.name, ""), *content.hashes.get(pin.name, ())}
    hashes = [text.lower() for text in known if text.startswith("sha256:")]
    return replace(pin, source=replace(pin.source, hash=hashes[0])) if len(hashes) == 1 else pin


def _findings(
    choice: Choice, wanted: Wanted, files: Files, content: LockContent | None, manifest: Manifest | None
) -> Iterator[Finding]:
    if choice.lock and content is None:
        reason = f"{choice.lock} ({choice.kind}) is not read yet, so nothing can be compared with it."
        yield Finding(kind="undecidable", reason=reason)
    if content is not None:
        yield from content.findings
        yield from relock_of(choice, content, manifest)
        yield from workspace_findings(choice, content, files, wanted.target)
        yield from contradictions(choice, wanted, files, content)
    if manifest is not None:
        yield from manifest.findings
        yield from python_of(manifest, content, choice, wanted.target)
    if choice.manifest is None:
        note = setup_note(declares_a_package(files.names, files.load))
        yield from () if note is None else (note,)
    elif not is_read(choice.manifest):
        yield Finding(kind="note", reason=f"{choice.manifest} is not read yet: what it declares is not compared.")
