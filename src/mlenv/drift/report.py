"""The whole answer of ``check``: findings, the verdict, the next action.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import re
from typing import AbstractSet, Iterable, List, Mapping, Optional, Sequence

from mlenv.drift.beyond import spared
from mlenv.drift.compare import CONDA_KINDS, compare
from mlenv.drift.kinds import one_per_package, verdict_of
from mlenv.drift.outside import command_outside
from mlenv.drift.pins import SamePlace, full_path
from mlenv.model import (
    Action,
    Counts,
    EnvironmentFacts,
    Finding,
    Installed,
    KernelRef,
    Loaded,
    ProjectRef,
    Report,
    Selection,
)
from mlenv.versions import satisfies

__all__ = ["FREEZES", "next_action", "report"]

FREEZES = (None, "uv", "pylock", "requirements")
"""Kinds of lock that ``mlenv freeze`` can write; what is installed cannot be put into the others."""
_INSTALLING = frozenset({"broken", "no-env", "relock", "sync"})
"""Verdicts that an installation or a new lock mends."""
_MINOR = re.compile(r"\d+\.\d+")


def report(
    selection: Optional[Selection],
    environment: EnvironmentFacts,
    installed: Optional[Installed] = None,
    loaded: Optional[Sequence[Loaded]] = None,
    kernel: Optional[KernelRef] = None,
    project: Optional[ProjectRef] = None,
    *,
    needs: Optional[Mapping[str, Sequence[str]]] = None,
    roots: Sequence[str] = (),
    same_place: Optional[SamePlace] = None,
    kernel_is_project: Optional[bool] = None,
    extra: Sequence[Finding] = (),
) -> Report:
    """Put one project, its environment and perhaps a kernel together: findings, the verdict, the next action.

    Args:
        selection: ``None`` where the lock has not been read (yet): the verdict is then ``unknown`` at best.
        environment: facts of the *project's* environment, its problem included.
        installed: what that environment holds; may be ``None`` where it has a problem.
        loaded: what the kernel has in memory; ``None``: not measured (no kernel is part of this check).
        kernel: the kernel that asks; its prefix tells whether it runs in the project's environment.
        project: ``None`` to take it from the selection.
        needs, roots, same_place: as for :func:`compare`.
        kernel_is_project: whether the kernel's prefix is the project's environment, where the caller knows better
            than the two paths tell (``os.path.samefile``).
        extra: further findings of the face (``shell-pip``, ``note``).

    Source: design section 2. Cost: that of :func:`compare`.
    """
    if project is None and selection is not None:
        project = ProjectRef(root=selection.root, name=selection.name, manifest=selection.manifest)
    foreign = _runs_elsewhere(kernel, environment, kernel_is_project)
    found: List[Finding] = [*extra, *_environment_findings(environment)]
    found += [_elsewhere(kernel, environment)] if foreign and kernel is not None else []
    counts, measured = Counts(), False
    why_not = _not_compared(selection, environment, installed)
    if why_not is not None or selection is None or installed is None:
        found += why_not or ()
    else:
        measured = loaded is not None and not foreign
        found += _compared(selection, environment, installed, loaded if measured else None, needs, roots, same_place)
        counts = _counts(selection, installed)
    findings = one_per_package(found)
    verdict = verdict_of(findings[0].kind) if findings else "in-step"
    return Report(
        verdict=verdict,
        next=next_action(verdict, selection, findings),
        project=project,
        environment=environment,
        lock_path=selection.lock if selection else None,
        lock_kind=selection.kind if selection else None,
        kernel=kernel,
        loaded_measured=measured,
        findings=findings,
        counts=counts,
        reason=selection.reason if selection else "",
    )


def _elsewhere(kernel: KernelRef, environment: EnvironmentFacts) -> Finding:
    places = f"it runs in {kernel.prefix}, the project's is {environment.prefix}"
    return Finding(kind="switch", reason=f"kernel is not the project's environment: {places}")


def _not_compared(
    selection: Optional[Selection], environment: EnvironmentFacts, installed: Optional[Installed]
) -> Optional[Sequence[Finding]]:
    """Return what stands in the way of a comparison; ``None`` where nothing does."""
    healthy = environment.problem is None and environment.prefix is not None
    if selection is None:
        unread = Finding(kind="undecidable", reason="not compared yet: what the lock asks for has not been read")
        return [unread] if healthy else []  # an environment's own trouble comes first
    if healthy and installed is not None:
        return None
    unseen = Finding(kind="undecidable", reason="not compared yet: what is installed has not been read")
    return [*selection.findings, *([unseen] if healthy else [])]


def _compared(
    selection: Selection,
    environment: EnvironmentFacts,
    installed: Installed,
    loaded: Optional[Sequence[Loaded]],
    needs: Optional[Mapping[str, Sequence[str]]],
    roots: Sequence[str],
    same_place: Optional[SamePlace],
) -> Iterable[Finding]:
    yield from _python_findings(selection, environment)
    yield from compare(
        selection,
        installed,
        loaded,
        needs=needs,
        roots=roots,
        inherited=environment.inherited,
        same_place=same_place,
    )


def _runs_elsewhere(kernel: Optional[KernelRef], environment: EnvironmentFacts, known: Optional[bool]) -> bool:
    if kernel is None or environment.prefix is None:
        return False  # nowhere to switch to yet
    if known is not None:
        return not known
    return full_path(kernel.prefix, "/") != full_path(environment.prefix, "/")


def _environment_findings(environment: EnvironmentFacts) -> Iterable[Finding]:
    if environment.problem is not None:
        yield environment.problem
    elif environment.prefix is None:
        yield Finding(kind="no-env", reason="this project has no environment yet")


def _python_findings(selection: Selection, environment: EnvironmentFacts) -> Iterable[Finding]:
    """Compare the environment's Python with what the project asks for, and with what the lock was read for."""
    there, wanted = environment.python, selection.requires_python
    said = any(f.kind == "python" and f.package is None and f.locked == wanted for f in selection.findings)
    if wanted and there and not said and satisfies(there, wanted) is False:
        reason = f"the project asks for Python {wanted}, the environment has {there}"
        yield Finding(kind="python", locked=wanted, installed=there, reason=reason)
    elif wanted and not there:
        reason = f"the project asks for Python {wanted}, the environment's is not known"
        yield Finding(kind="undecidable", reason=reason)
    if selection.python and there and _minor(selection.python) != _minor(there):
        reason = f"not compared yet: the lock was read for Python {selection.python}, the environment has {there}"
        yield Finding(kind="undecidable", reason=reason)


def _minor(version: str) -> str:
    match = _MINOR.match(version)
    return match[0] if match else version


def _counts(selection: Selection, installed: Installed) -> Counts:
    """Count what the comparison is about: tooling, kernel needs and the project itself only where they are locked."""
    pinned: AbstractSet[str] = {pin.name for pin in selection.pins}
    owned = frozenset(installed.owned) if installed.conda and selection.kind in CONDA_KINDS else frozenset()
    names = [distribution.name for distribution in installed.distributions if distribution.name not in owned]
    names += [record.name for record in installed.conda] if owned else []
    return Counts(
        locked=len(selection.pins),
        installed=sum(name in pinned or not spared(name, selection) for name in names),
        compared=len(pinned),
    )


def next_action(verdict: str, selection: Optional[Selection] = None, findings: Sequence[Finding] = ()) -> Action:
    """Return the one thing to do about a verdict. Source: design section 2."""
    lock = (selection.lock if selection else None) or "the lock"
    manifest = (selection.manifest if selection else None) or "the manifest"
    if selection is not None and selection.kind in CONDA_KINDS and verdict in _INSTALLING:
        return _outside(verdict, selection.kind or "", lock)
    if verdict == "broken":
        text = f"Run mlenv create: it rebuilds the environment from {lock} and keeps the kernel."
        return Action(action="create", command="mlenv create", text=text)
    if verdict == "no-env":
        return Action(action="create", command="mlenv create", text="Run mlenv create: it makes the environment.")
    if verdict == "switch":
        text = "Run mlenv switch: this notebook then runs in the project's environment."
        return Action(action="switch", command="mlenv switch", text=text)
    if verdict == "relock":
        text = f"Run mlenv sync: it brings {lock} in line with {manifest}, then installs (mlenv lock: only the first)."
        return Action(action="sync", command="mlenv sync", text=text)
    if verdict == "sync" and selection is not None and selection.kind not in FREEZES:
        text = f"Run mlenv sync to install what {lock} says; only {selection.kind} changes {lock}."
        return Action(action="sync", command="mlenv sync", text=text)
    if verdict == "sync":
        text = f"Run mlenv sync to install what {lock} says, or mlenv freeze to accept what is installed."
        return Action(action="sync", command="mlenv sync", text=text)
    if verdict == "restart":
        text = "Run mlenv restart: the kernel then loads what is installed."
        return Action(action="restart", command="mlenv restart", text=text)
    if verdict == "unlocked" and selection is not None and selection.manifest is None:
        text = "Run mlenv freeze to record what is installed: nothing is declared yet that could be locked."
        return Action(action="freeze", command="mlenv freeze", text=text)
    if verdict == "unlocked":
        text = "Run mlenv lock to record exact versions, or mlenv freeze to record what is installed."
        return Action(action="lock", command="mlenv lock", text=text)
    if verdict == "unknown":
        why = next((f.reason for f in findings if verdict_of(f.kind) == "unknown"), "not measured")
        return Action(action="none", command="", text=f"Nothing can be said for certain: {why}.")
    return Action(action="none", command="", text="Nothing to do.")


def _outside(verdict: str, kind: str, lock: str) -> Action:
    """Return what to do about a lock of the conda world: mlenv installs it where py-rattler is, its own tool always."""
    command = command_outside(kind, lock, relock=verdict == "relock")
    if verdict == "relock" and kind != "conda-lock":
        if not command:
            return Action(action="none", command="", text=f"Make {lock} anew with the tool that wrote it.")
        return Action(action="none", command=command, text=f"Run {command}: only {kind} writes {lock}.")
    verb = "create" if verdict in ("broken", "no-env") else "sync"
    text = f"Run mlenv {verb} (it needs pip install 'mlenv[conda]'), or: {command}."
    return Action(action=verb, command=f"mlenv {verb}", text=text)
