"""What the rows of a lock of the conda world become: content as every format shares it.

Decision: these locks are read here, with PyYAML's parser, and not by py-rattler, which reads most of them but weighs
80 MB: a check must answer for everybody who clones such a project. py-rattler is what the readers are tested against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mlenv.locks.conda_rows import CondaRow, PipRow
from mlenv.locks.content import LockContent
from mlenv.model import Finding

__all__ = ["conda_content", "no_platform"]

_SDISTS = (".zip", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar")


def conda_content(
    conda: Sequence[CondaRow],
    pip: Sequence[PipRow],
    *,
    findings: Sequence[Finding] = (),
    groups: tuple[str, ...] = (),
    exact: bool = True,
) -> LockContent:
    """Return the content of a lock as every format shares it. Pins of pip come before those of conda of one name."""
    pins = [*(row.pin for row in pip), *(row.pin for row in conda)]
    return LockContent(
        pins=tuple(sorted(pins, key=lambda pin: (pin.name, pin.source.kind == "conda"))),
        exact=exact,
        wheels={row.name: (row.file,) for row in pip if row.file.endswith(".whl")},
        hashes={row.name: (row.hash,) for row in pip if row.hash},
        sdists=frozenset(row.name for row in pip if row.file.endswith(_SDISTS)),
        dependencies=_known(pip),
        findings=tuple(findings),
        groups=groups,
    )


def _known(rows: Sequence[PipRow]) -> Mapping[str, tuple[str, ...]]:
    names = {row.name for row in rows}
    return {row.name: tuple(name for name in row.depends if name in names) for row in rows}


def no_platform(file: str, subdir: str, platforms: Iterable[str]) -> LockContent:
    """Return what a lock says to a platform that it was not made for: nothing, and why."""
    there = ", ".join(sorted(platforms)) or "none"
    reason = f"{file} was not made for this platform, {subdir}; it is for: {there}."
    return LockContent(exact=False, findings=(Finding(kind="undecidable", reason=reason),))
