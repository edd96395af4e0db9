"""Say what separates loaded, installed, locked and declared: one finding per package, one verdict, one next action.

Standard library only, Python 3.9+: this file also runs inside project kernels. Values in, values out.
"""

from __future__ import annotations

import posixpath
import re
from types import MappingProxyType
from typing import AbstractSet, Callable, Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from mlenv.installed import without_user
from mlenv.model import (
    Action,
    Counts,
    Distribution,
    EnvironmentFacts,
    Finding,
    Installed,
    KernelRef,
    Loaded,
    Pin,
    ProjectRef,
    Report,
    Selection,
    Source,
)
from mlenv.versions import same, satisfies

__all__ = [
    "KINDS",
    "ORDER",
    "VERDICT_OF",
    "closure",
    "compare",
    "needs_matter",
    "next_action",
    "report",
    "restart_lines",
    "verdict_of",
]

ORDER = ("broken", "no-env", "switch", "relock", "sync", "unknown", "restart", "unlocked", "in-step")
"""Verdicts, worst first."""

VERDICT_OF: Mapping[str, str] = MappingProxyType(
    {
        "broken": "broken",
        "damaged": "broken",
        "no-env": "no-env",
        "switch": "switch",
        "relock": "relock",
        "python": "sync",
        "missing": "sync",
        "different": "sync",
        "source": "sync",
        "duplicate": "sync",
        "extra": "sync",
        "undecidable": "unknown",
        "restart": "restart",
        "unlocked": "unlocked",
        "undeclared": "unlocked",
        # Worth saying, and no reason to act: these never worsen a verdict.
        "conflict": "in-step",
        "shadowed": "in-step",
        "outside": "in-step",
        "runtime-only": "in-step",
        "leftover": "in-step",
        "shell-pip": "in-step",
        "note": "in-step",
    }
)
"""The verdict that each kind of finding asks for."""

KINDS = tuple(VERDICT_OF)
"""Every kind of finding, in the order in which findings are shown and in which the first names a package's row."""

_RANK: Mapping[str, int] = MappingProxyType({verdict: rank for rank, verdict in enumerate(ORDER)})
_KIND_RANK: Mapping[str, Tuple[int, int]] = MappingProxyType(
    {kind: (_RANK[verdict], place) for place, (kind, verdict) in enumerate(VERDICT_OF.items())}
)
_UNKNOWN_KIND = (_RANK["unknown"], len(VERDICT_OF))
_TOOLING: FrozenSet[str] = frozenset({"pip", "setuptools", "wheel", "uv", "pkg-resources", "distribute"})
_KERNEL: FrozenSet[str] = frozenset({"ipykernel", "mlenv"})
_SPECIFIER = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*\(?([^;@)]*)\)?\s*(?:;.*)?$")
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_MINOR = re.compile(r"\d+\.\d+")


def verdict_of(kind: str) -> str:
    """Return the verdict that a kind asks for; a kind that this version does not know is ``unknown``, never in step."""
    return VERDICT_OF.get(kind, "unknown")


# --- one environment against one selection ---------------------------------------------------------------------------


def compare(
    selection: Selection,
    installed: Installed,
    loaded: Optional[Sequence[Loaded]] = None,
    *,
    needs: Optional[Mapping[str, Sequence[str]]] = None,
    roots: Sequence[str] = (),
) -> Tuple[Finding, ...]:
    """Say what separates an environment (and a kernel's memory) from what its project asks for.

    Args:
        selection: n pins, already chosen for this interpreter; names normalised.
        installed: m distributions, at most one per name.
        loaded: k distributions in the memory of the kernel that runs in this environment; ``None``: not measured.
        needs: installed name -> names that it requires, from ``METADATA``. With it, what the lock's (or the kernel's)
            packages need is not *extra*, and a hand-written list that turns out closed under its needs counts as exact.
            Ask :func:`needs_matter` whether reading it can change the answer.
        roots: further paths of the project folder (resolved through links), for comparing local sources.

    Returns:
        At most one finding per package, the worst first, then by name. Empty means in step.

    Source: design section 2. Cost: O(n + m + k); 300 packages < 0.5 ms.
    """
    by_name = {distribution.name: distribution for distribution in installed.distributions}
    found: List[Finding] = list(selection.findings)
    found += _damage(installed)
    if selection.lock is None:
        found += _unlocked(selection, by_name)
    else:
        places = (selection.root, *roots)
        for pin in selection.pins:
            finding = _pin_finding(pin, by_name.get(pin.name), places)
            if finding is not None:
                found.append(finding)
        found += _beyond(selection, by_name, needs)
    if loaded is not None:
        pinned = {pin.name: pin for pin in selection.pins}
        found += _memory(loaded, by_name, pinned)
    return _one_per_package(found)


def _pin_finding(pin: Pin, distribution: Optional[Distribution], roots: Sequence[str]) -> Optional[Finding]:
    """Compare one pin with what is installed under its name."""
    locked = _locked_text(pin)
    if distribution is None:
        return Finding(kind="missing", package=pin.name, locked=locked, reason=f"{pin.name} is locked and not installed")
    kind, reason = _version_drift(pin, distribution)
    if not kind:
        reason = _source_drift(pin.source, distribution.source, roots)
        kind = "source" if reason else ""
    if not kind:
        return None
    return Finding(kind=kind, package=pin.name, locked=locked, installed=distribution.version, reason=reason)


def _version_drift(pin: Pin, distribution: Distribution) -> Tuple[str, str]:
    """Return (kind, reason); the kind is empty where the versions agree or none is asked for."""
    wanted, there = pin.version or pin.specifier, distribution.version
    if not wanted or wanted == there or pin.source.kind == "editable":
        # The version of an editable package is whatever its sources say today (uv leaves it out of its locks).
        return "", ""
    agrees = same(there, wanted) if pin.version else satisfies(there, pin.specifier)
    if agrees is None:
        return "undecidable", f"cannot tell whether {there} satisfies {wanted}"
    if agrees:
        return "", ""
    return "different", f"{wanted} is locked, {there} is installed"


def _source_drift(locked: Source, there: Source, roots: Sequence[str]) -> str:
    """Return why two sources differ; empty where they agree. Source: PEP 610, and what uv and pip write."""
    if locked.kind == there.kind and _same_source(locked, there, roots):
        return ""
    return f"locked from {_source_text(locked)}, installed from {_source_text(there)}"


def _same_source(locked: Source, there: Source, roots: Sequence[str]) -> bool:
    if locked.kind == "index":
        return True
    if locked.kind == "vcs" and locked.commit and there.commit:
        short, long = sorted((locked.commit.lower(), there.commit.lower()), key=len)
        return len(short) >= 7 and long.startswith(short)
    if locked.kind in {"path", "editable"}:
        wanted = {_full_path(locked.url, root) for root in roots}
        return _full_path(there.url, roots[0]) in wanted
    return _plain_url(locked.url) == _plain_url(there.url)


def _full_path(path: str, root: str) -> str:
    """Return an absolute path as text, links not followed (that would touch the disk)."""
    if path.startswith("file:"):
        path = path[5:]
        path = path[2:] if path.startswith("//") else path
    windows = bool(_DRIVE.match(root) or _DRIVE.match(path))
    if windows:
        path, root = path.replace("\\", "/"), root.replace("\\", "/")
        path = path if _DRIVE.match(path) else posixpath.join(root, path)
        return posixpath.normpath(path).casefold()
    return posixpath.normpath(posixpath.join(root, path or "."))


def _plain_url(url: str) -> str:
    url = without_user(url[4:] if url.startswith("git+") else url).rstrip("/")
    return url[:-4] if url.endswith(".git") else url


def _source_text(source: Source) -> str:
    if source.kind == "index":
        return "the package index"
    if source.kind == "editable":
        return f"{source.url or 'a folder'} (editable)"
    if source.kind == "vcs":
        commit = f" at {source.commit[:12]}" if source.commit else ""
        return f"{without_user(source.url)}{commit}"
    if source.kind == "url":
        return without_user(source.url) if source.url else "an address that cannot be read"
    return source.url or "a local folder"


def _locked_text(pin: Pin) -> str:
    """Return what a table shows as locked: version, range, or where it comes from."""
    return pin.version or pin.specifier or ("any" if pin.source.kind == "index" else _source_text(pin.source))


def _damage(installed: Installed) -> Iterable[Finding]:
    versions = {distribution.name: distribution.version for distribution in installed.distributions}
    for name, reason in installed.damaged:
        yield Finding(kind="damaged", package=name, installed=versions.get(name), reason=reason)
    folders: Dict[str, List[str]] = {}
    for distribution in installed.duplicates:
        folders.setdefault(distribution.name, []).append(distribution.version)
    for name, others in folders.items():
        every = ", ".join((versions.get(name, "?"), *others))
        reason = f"installed more than once ({every}): a removal was not finished"
        yield Finding(kind="duplicate", package=name, installed=versions.get(name), reason=reason)
    if installed.leftovers:
        names = ", ".join(installed.leftovers)
        yield Finding(kind="leftover", reason=f"left by an interrupted pip, of no use: {names}")


# --- what a lock does not name ---------------------------------------------------------------------------------------


def closure(names: Iterable[str], needs: Mapping[str, Sequence[str]]) -> FrozenSet[str]:
    """Return the names and all that they need, however far. Names without a row need nothing. Cost: O(rows reached)."""
    reached: Set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(needs.get(name, ()))
    return frozenset(reached)


def needs_matter(selection: Selection, installed: Installed) -> bool:
    """Return whether reading what packages need can change the answer of :func:`compare`.

    It can where something unlocked is installed and either the lock is a hand-written list or a kernel package that
    the lock does not name brought its own needs along.
    """
    if selection.lock is None:
        return False
    by_name = {distribution.name: distribution for distribution in installed.distributions}
    if not _unexplained(selection, by_name):
        return False
    pinned = {pin.name for pin in selection.pins}
    return not selection.exact or any(name in by_name and name not in pinned for name in _KERNEL)


def _unexplained(selection: Selection, names: Iterable[str]) -> Set[str]:
    """Return the installed names that neither the lock nor what every environment may hold explains."""
    known = {pin.name for pin in selection.pins}
    return {name for name in names if name not in known and not _spared(name, selection)}


def _spared(name: str, selection: Selection) -> bool:
    return name in _TOOLING or name in _KERNEL or name == selection.name


def _beyond(
    selection: Selection, by_name: Mapping[str, Distribution], needs: Optional[Mapping[str, Sequence[str]]]
) -> Iterable[Finding]:
    rest = _unexplained(selection, by_name)
    exact = selection.exact
    if rest and needs is not None:
        pinned = {pin.name for pin in selection.pins}
        explained = closure(pinned, needs)
        exact = exact or not (rest & explained)
        # An exact lock names all that its packages need; what it leaves out is not excused by them.
        excuses = [*(name for name in _KERNEL if name in by_name), selection.name]
        rest -= closure(excuses, needs) if exact else explained | closure(excuses, needs)
    lock = selection.lock
    if exact:
        for name in rest:
            reason = f"{name} is installed and not in {lock}"
            yield Finding(kind="extra", package=name, installed=by_name[name].version, reason=reason)
    elif rest and needs is not None:
        names = ", ".join(sorted(rest)[:8]) + (", ..." if len(rest) > 8 else "")
        yield Finding(kind="note", reason=f"installed, but neither in {lock} nor needed by it: {names}")


def _unlocked(selection: Selection, by_name: Mapping[str, Distribution]) -> Iterable[Finding]:
    where = selection.manifest or "this project"
    yield Finding(kind="unlocked", reason=f"{where} has no lock yet: exact versions are not recorded")
    for declared in selection.declared:
        distribution = by_name.get(declared.name)
        origin = declared.origin or where
        if distribution is None:
            reason = f"{declared.name} is asked for by {origin} and not installed"
            yield Finding(kind="unlocked", package=declared.name, declared=declared.text, reason=reason)
            continue
        match = _SPECIFIER.match(declared.text)
        specifier = match[1].strip() if match else ""
        if specifier and satisfies(distribution.version, specifier) is False:
            yield Finding(
                kind="unlocked",
                package=declared.name,
                declared=declared.text,
                installed=distribution.version,
                reason=f"{distribution.version} is installed, {origin} asks for {declared.text}",
            )


# --- memory ----------------------------------------------------------------------------------------------------------


def _memory(
    loaded: Iterable[Loaded], by_name: Mapping[str, Distribution], pinned: Mapping[str, Pin]
) -> Iterable[Finding]:
    for item in loaded:
        distribution = by_name.get(item.name)
        installed = distribution.version if distribution else None
        pin = pinned.get(item.name)
        kind, reason = _memory_drift(item, installed)
        if kind:
            locked = _locked_text(pin) if pin else None
            yield Finding(
                kind=kind, package=item.name, locked=locked, installed=installed, loaded=item.version, reason=reason
            )


def _memory_drift(item: Loaded, installed: Optional[str]) -> Tuple[str, str]:
    """Return (kind, reason) of one loaded distribution; the kind is empty where memory and disk agree."""
    if installed is None:
        if item.origin == "runtime":
            # Only what the notebook itself imports will be missed when it runs elsewhere.
            reason = f"{item.name} comes with the kernel only; the environment does not have it"
            return ("runtime-only", reason) if item.imported else ("", "")
        if item.origin == "outside":
            return "outside", f"{item.name} was loaded from outside the environment{_from(item)}"
        return "restart", f"{item.version or item.name} is in memory, no longer installed"
    if item.version is None or item.version == installed or same(item.version, installed):
        if item.origin == "outside":
            return "shadowed", f"{item.name} was loaded from outside, in place of the environment's copy{_from(item)}"
        return "", ""
    where = _from(item) if item.origin == "outside" else ""
    return "restart", f"{item.version} is in memory{where}, {installed} is installed"


def _from(item: Loaded) -> str:
    return f" ({item.location})" if item.location else ""


def restart_lines(findings: Iterable[Finding]) -> Tuple[str, ...]:
    """Return one line per package whose memory and disk differ, or the one line that nothing does."""
    lines = []
    for finding in findings:
        if finding.loaded is None or verdict_of(finding.kind) == "in-step":
            continue
        if finding.installed is None or not same(finding.loaded, finding.installed):
            there = f"{finding.installed} on disk" if finding.installed else "no longer on disk"
            lines.append(f"restart needed: {finding.package} {finding.loaded} in memory, {there}")
    return tuple(lines) or ("no restart needed",)


# --- one finding per package, one verdict ----------------------------------------------------------------------------


def _rank(finding: Finding) -> Tuple[int, int, str]:
    rank, place = _KIND_RANK.get(finding.kind, _UNKNOWN_KIND)
    return rank, place, finding.package or ""


def _one_per_package(found: Iterable[Finding]) -> Tuple[Finding, ...]:
    """Merge the findings of each package into its worst one, and sort: the worst first, then by name."""
    single: List[Finding] = []
    by_package: Dict[str, List[Finding]] = {}
    for finding in found:
        if finding.package is None:
            single.append(finding)
        else:
            by_package.setdefault(finding.package, []).append(finding)
    single = list(dict.fromkeys(single))
    single += [rows[0] if len(rows) == 1 else _merged(rows) for rows in by_package.values()]
    return tuple(sorted(single, key=_rank))


def _merged(rows: List[Finding]) -> Finding:
    rows = sorted(rows, key=_rank)

    def first(pick: Callable[[Finding], Optional[str]]) -> Optional[str]:
        return next((text for text in map(pick, rows) if text is not None), None)

    return Finding(
        kind=rows[0].kind,
        package=rows[0].package,
        declared=first(lambda row: row.declared),
        locked=first(lambda row: row.locked),
        installed=first(lambda row: row.installed),
        loaded=first(lambda row: row.loaded),
        reason="; ".join(dict.fromkeys(row.reason for row in rows)),
    )


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
        needs, roots: as for :func:`compare`.
        kernel_is_project: whether the kernel's prefix is the project's environment, where the caller knows better
            than the two paths tell (``os.path.samefile``).
        extra: further findings of the face (``shell-pip``, ``note``).

    Source: design section 2. Cost: that of :func:`compare`.
    """
    if project is None and selection is not None:
        project = ProjectRef(root=selection.root, name=selection.name, manifest=selection.manifest)
    foreign = _runs_elsewhere(kernel, environment, kernel_is_project)
    found: List[Finding] = [*extra, *_environment_findings(environment)]
    if foreign and kernel is not None:
        reason = f"this kernel runs in {kernel.prefix}, the project's environment is {environment.prefix}"
        found.append(Finding(kind="switch", reason=reason))
    measured = loaded is not None and not foreign
    counts = Counts()
    healthy = environment.problem is None and environment.prefix is not None
    if selection is None:
        found.append(Finding(kind="undecidable", reason="not compared yet: what the lock asks for has not been read"))
    elif not healthy or installed is None:
        found += selection.findings
        if healthy:
            found.append(Finding(kind="undecidable", reason="not compared yet: what is installed has not been read"))
    else:
        found += _python_findings(selection, environment)
        found += compare(selection, installed, loaded if measured else None, needs=needs, roots=roots)
        counts = _counts(selection, installed)
    findings = _one_per_package(found)
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


def _runs_elsewhere(kernel: Optional[KernelRef], environment: EnvironmentFacts, known: Optional[bool]) -> bool:
    if kernel is None or environment.prefix is None:
        return kernel is not None and known is False
    if known is not None:
        return not known
    return _full_path(kernel.prefix, "/") != _full_path(environment.prefix, "/")


def _environment_findings(environment: EnvironmentFacts) -> Iterable[Finding]:
    if environment.problem is not None:
        yield environment.problem
    elif environment.prefix is None:
        yield Finding(kind="no-env", reason="this project has no environment yet")


def _python_findings(selection: Selection, environment: EnvironmentFacts) -> Iterable[Finding]:
    """Compare the environment's Python with the one that the project asks for, and with the one the lock was read for."""
    there, wanted = environment.python, selection.requires_python
    if wanted and there and satisfies(there, wanted) is False:
        reason = f"the project asks for Python {wanted}, the environment has {there}"
        yield Finding(kind="python", locked=wanted, installed=there, reason=reason)
    elif wanted and not there:
        yield Finding(kind="undecidable", reason=f"the project asks for Python {wanted}, the environment's is not known")
    if selection.python and there and _minor(selection.python) != _minor(there):
        reason = f"not compared yet: the lock was read for Python {selection.python}, the environment has {there}"
        yield Finding(kind="undecidable", reason=reason)


def _minor(version: str) -> str:
    match = _MINOR.match(version)
    return match[0] if match else version


def _counts(selection: Selection, installed: Installed) -> Counts:
    """Count what the comparison is about: tooling, kernel needs and the project itself only where they are locked."""
    pinned: AbstractSet[str] = {pin.name for pin in selection.pins}
    names = [distribution.name for distribution in installed.distributions]
    return Counts(
        locked=len(selection.pins),
        installed=sum(name in pinned or not _spared(name, selection) for name in names),
        compared=len(pinned),
    )


def next_action(verdict: str, selection: Optional[Selection] = None, findings: Sequence[Finding] = ()) -> Action:
    """Return the one thing to do about a verdict. Source: design section 2."""
    lock = (selection.lock if selection else None) or "the lock"
    manifest = (selection.manifest if selection else None) or "the manifest"
    if verdict == "broken":
        text = f"Run mlenv create: it rebuilds the environment from {lock} and keeps the kernel."
        return Action(action="create", command="mlenv create", text=text)
    if verdict == "no-env":
        return Action(action="create", command="mlenv create", text="Run mlenv create: it makes the environment.")
    if verdict == "switch":
        text = "Run mlenv switch: this notebook then runs in the project's environment."
        return Action(action="switch", command="mlenv switch", text=text)
    if verdict == "relock":
        text = f"Run mlenv sync: it brings {lock} in line with {manifest}, then installs; mlenv lock does only the first."
        return Action(action="sync", command="mlenv sync", text=text)
    if verdict == "sync":
        text = f"Run mlenv sync to install what {lock} says, or mlenv freeze to accept what is installed."
        return Action(action="sync", command="mlenv sync", text=text)
    if verdict == "restart":
        text = "Run mlenv restart: the kernel then loads what is installed."
        return Action(action="restart", command="mlenv restart", text=text)
    if verdict == "unlocked":
        text = "Run mlenv lock to record exact versions, or mlenv freeze to record what is installed."
        return Action(action="lock", command="mlenv lock", text=text)
    if verdict == "unknown":
        why = next((f.reason for f in findings if verdict_of(f.kind) == "unknown"), "not measured")
        return Action(action="none", command="", text=f"Nothing can be said for certain: {why}.")
    return Action(action="none", command="", text="Nothing to do.")
