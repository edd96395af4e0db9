"""Which files a freeze writes, and what it refuses to replace."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from mlenv import locks, store
from mlenv.drift import FREEZES
from mlenv.errors import MlenvError
from mlenv.freezing import Frozen
from mlenv.locks import Selected, Target
from mlenv.locks.requirements_seal import resealed_requirements
from mlenv.manifest_edit import change_pins, drop_rows, pinned_rows
from mlenv.model import value
from mlenv.services.context import Context
from mlenv.services.declare import new_manifest
from mlenv.services.freeze.accept import Accepted, accept_manifest, declaration
from mlenv.services.freeze.live import Live
from mlenv.services.freeze.proof import (
    asked_rows,
    pins_of,
    pylock_text,
    refuse_what_differs,
    requirements_text,
)
from mlenv.services.locking import relock
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.select import select_project

__all__ = ["Basis", "Plan", "plan_file", "plan_lock"]

_ELSEWHERE = "mlenv freeze --output requirements-frozen.txt writes the installed versions to a file of their own"


@value
class Basis:
    """All that a plan is made from."""

    context: Context
    project: Project
    selected: Selected
    """Of the project's files as they lie there."""
    frozen: Frozen
    resolver: Resolver
    live: Live


@value
class Plan:
    """The files of one freeze."""

    name: str
    """The file that holds the rows, relative to the project where it lies inside."""
    files: Mapping[str, str]
    """Path (relative to the project or absolute) -> text; manifest first."""
    changed: Mapping[str, str]
    """Those whose text is not there already."""
    proof: str
    manifest: str = ""
    notes: tuple[str, ...] = ()
    """What changed in the manifest."""

    @property
    def text(self) -> str:
        """The text of the file that holds the rows."""
        return self.files.get(self.name, "")


def plan_lock(basis: Basis, *, imported: bool, kind: str | None = None) -> Plan:
    """Return the project's own files as what is installed: manifest and lock.

    Args:
        basis: the environment and the project.
        imported: whether the manifest is to ask for the frozen roots and nothing else.
        kind: the format asked for; another one than the project's lock has goes to a file of its own.

    Raises:
        MlenvError: ``freeze-foreign-lock``, ``freeze-fewer``, ``freeze-unproved``; what the resolver could not do.
    """
    choice, frozen = basis.selected.choice, basis.frozen
    if choice.kind not in FREEZES:
        raise MlenvError(
            "freeze-foreign-lock",
            f"{choice.lock} belongs to {choice.kind}, which cannot lock what is installed; nothing was written",
            where=choice.lock or "",
            hint=_ELSEWHERE,
        )
    if choice.manifest is None and (choice.kind or kind) == "requirements":
        return _plan_list(basis, choice.lock or "requirements.txt")
    if (choice.manifest is None and choice.kind == "pylock") or (
        kind is not None and kind != (choice.kind or "pylock")
    ):
        own = choice.lock if kind in {None, choice.kind} else None
        name = own or ("requirements.txt" if kind == "requirements" else "pylock.toml")
        return plan_file(basis, kind=kind or "pylock", output=basis.project.root / name)
    accepted = _accepted(basis, imported=imported)
    locked = _relocked(basis, accepted.edits)
    files = {**accepted.edits, **locked}
    after = select_project(basis.project, basis.live.target, basis.context.options, files=files)
    name = after.choice.lock or "pylock.toml"
    pins = after.content.pins if after.content else ()
    refuse_what_differs(asked_rows(frozen), [pin for pin in pins if pin.source.kind not in {"editable", "path"}])
    _refuse_fewer(basis.context, name, pins_of(basis.selected.content), pins_of(after.content))
    manifest = after.choice.manifest or ""
    return _plan(basis.project, name, files, "proved by resolving it", manifest=manifest, notes=accepted.notes)


def _relocked(basis: Basis, edits: Mapping[str, str]) -> dict[str, str]:
    """Return the new lock files; where uv cannot relock its own, say what can be had instead."""
    try:
        return relock(basis.context, basis.project, edits, basis.resolver)
    except MlenvError as error:
        if basis.selected.choice.kind != "uv":
            raise
        raise MlenvError(
            error.code, error.message, where=error.where, hint=_ELSEWHERE, details=error.details
        ) from error


def _plan_list(basis: Basis, name: str) -> Plan:
    """Return a pinned ``requirements.txt`` that stands alone as what is installed; what does not move stays."""
    _refuse_fewer(basis.context, name, pins_of(basis.selected.content), {row.name for row in basis.frozen.rows})
    options: tuple[str, ...] = ()
    if name in basis.project.names:
        data = store.read_bytes(basis.project.root / name)
        options = locks.parse_requirements(data, name, basis.live.target, _loader(basis.project.root)).options
    written = requirements_text(basis.context, basis.project, basis.frozen, basis.resolver, basis.live.target, options)
    text = _edited_list(basis, name, written.resolved) if written.resolved and name in basis.project.names else ""
    return _plan(basis.project, name, {name: text or written.text}, written.proof)


def _edited_list(basis: Basis, name: str, resolved: str) -> str:
    """Return the list with its rows moved to what is installed; comments, hashes and order stay its owner's."""
    old = store.read_text(basis.project.root / name)
    frozen = {row.name for row in basis.frozen.rows}
    direct = None if basis.selected.selection.exact else {row.name for row in basis.frozen.rows if row.direct}
    gone = sorted(pinned_rows(old).keys() - frozen)
    new = change_pins(drop_rows(old, gone), resolved, direct)
    return resealed_requirements(old, new)


def plan_file(basis: Basis, *, kind: str, output: Path | None) -> Plan:
    """Return one file beside the project's own: a list of requirements, or a lock with hashes.

    Raises:
        MlenvError: ``usage`` for a name that the format does not have; ``freeze-fewer``; ``freeze-unproved``.
    """
    project, frozen, target = basis.project, basis.frozen, basis.live.target
    name = _relative(project.root, output) if output else ("pylock.toml" if kind == "pylock" else "requirements.txt")
    if output is not None:
        _refuse_name(name, kind, basis.selected)
        if output.exists():
            before = _pinned_in(output, kind, target)
            _refuse_fewer(basis.context, name, before, {row.name for row in frozen.rows})
    if kind == "pylock":
        written = pylock_text(basis.context, project, frozen, basis.resolver, target, name)
    elif kind == "requirements":
        written = requirements_text(basis.context, project, frozen, basis.resolver, target, ())
    else:
        raise MlenvError("usage", f"there is no format {kind!r}", hint="--format requirements or pylock")
    return _plan(project, name, {name: written.text}, written.proof)


def _accepted(basis: Basis, *, imported: bool) -> Accepted:
    """Return the manifest that asks for the frozen rows: a new one where the project has none."""
    direct = [row for row in basis.frozen.rows if row.direct]
    if basis.selected.choice.manifest is None:
        minor = ".".join(basis.resolver.interpreter.version.split(".")[:2])
        rows = [declaration(row, exact=imported) for row in direct]
        edits = new_manifest(basis.project, minor, rows)
        return Accepted(edits=edits, notes=tuple(f"+ {row}" for row in rows))
    declared = {row.name for row in basis.selected.selection.declared}
    new = [row for row in direct if row.name not in declared] if imported else basis.frozen.adopted
    return accept_manifest(
        basis.project,
        basis.selected,
        basis.live.target,
        versions={d.name: d.version for d in basis.live.installed.distributions},
        add=[declaration(row, exact=imported) for row in new],
        keep={row.name for row in direct} if imported else None,
    )


def _refuse_fewer(context: Context, name: str, before: Collection[str], after: Collection[str]) -> None:
    gone = sorted(set(before) - set(after))
    if not after:
        raise MlenvError("freeze-empty", f"{name} would be empty; it was left as it is", where=name)
    if len(after) < len(before) and not context.options.force:
        shown = ", ".join(gone[:4]) + (f", and {len(gone) - 4} more" if len(gone) > 4 else "")
        raise MlenvError(
            "freeze-fewer",
            f"{name} would hold {len(after)} packages instead of {len(before)} (without {shown}); nothing was written",
            where=name,
            hint="mlenv sync installs them; mlenv freeze --force takes them out; --output FILE writes another file",
        )


def _refuse_name(name: str, kind: str, selected: Selected) -> None:
    """Refuse names that tools do not take for the format (PEP 751), and the project's own files of other kinds."""
    base = os.path.basename(name)
    if kind == "pylock" and not re.fullmatch(r"pylock(\.[^.]+)?\.toml", base):
        message, hint = f"{base} is no name that tools take for a pylock (PEP 751)", "--output pylock.NAME.toml"
    elif kind == "requirements" and base.endswith((".toml", ".lock")):
        message, hint = f"{base} is no name for a requirements file", "--output requirements-frozen.txt"
    elif name == selected.choice.manifest or (name == selected.choice.lock and selected.choice.kind != kind):
        message, hint = f"{name} is the project's own; it is not replaced by a list", "--output requirements-frozen.txt"
    else:
        return
    raise MlenvError("usage", message, where=name, hint=hint)


def _pinned_in(path: Path, kind: str, target: Target) -> frozenset[str]:
    """Return the names that a file pins; one that is no lock counts as empty, for then nothing good is lost."""
    try:
        if kind == "pylock":
            return pins_of(locks.parse_pylock(store.read_text(path), path.name, target))
        found = locks.parse_requirements(store.read_bytes(path), path.name, target, lambda _: None)
        return frozenset(pin.name for pin in found.pins)
    except MlenvError as error:
        if error.code in {"file-unreadable", "file-missing"}:
            raise
        return frozenset()


def _loader(root: Path) -> Callable[[str], bytes | None]:
    def load(path: str) -> bytes | None:
        return store.read_bytes(root / path) if (root / path).is_file() else None

    return load


def _relative(root: Path, output: Path) -> str:
    return output.relative_to(root).as_posix() if output.is_relative_to(root) else str(output)


def _plan(
    project: Project,
    name: str,
    files: Mapping[str, str],
    proof: str,
    *,
    manifest: str = "",
    notes: tuple[str, ...] = (),
) -> Plan:
    changed = {path: text for path, text in files.items() if _text_of(project.root / path) != text}
    return Plan(name=name, files=files, changed=changed, proof=proof, manifest=manifest, notes=notes)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode() if path.is_file() else None
    except (OSError, UnicodeDecodeError):
        return None
