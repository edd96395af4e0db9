"""Where mlenv means to differ from the tool: the one table; the page of results shows it, a test holds it.

A row that happens nowhere is a defect, and so is a difference that no row says.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["INTENDED", "Intended", "intended"]


@dataclass(frozen=True, kw_only=True)
class Intended:
    """One intention."""

    what: str
    tool: str
    """What the tool says."""
    mlenv: str
    """What mlenv says."""
    why: str
    breaks: tuple[str, ...]
    lines: tuple[str, ...]
    """The differences, as ``judge.differences`` words them: these cases show exactly these."""
    setups: tuple[str, ...] = ()
    """None: every setup."""
    never: tuple[str, ...] = ()
    """Setups whose tool agrees with mlenv all the same."""


_NO_EXTRAS = ("pdm", "pylock-pip", "pip-freeze", "pipenv", "pip-tools")
"""Tools that spare such packages, too, or that tell nothing of what is too much."""


def _tooling(name: str, *never: str) -> Intended:
    return Intended(
        what=f"{name} is installed, and not locked",
        tool="extra: it would be removed",
        mlenv="in step",
        why="Tooling is in most environments and changes nothing that the project imports. Where it is locked it is "
        "compared.",
        breaks=(f"tooling: {name}",),
        lines=(f"only the tool: {name} extra",),
        never=(*_NO_EXTRAS, *never),
    )


def _of_workspace(what: str, name: str) -> Intended:
    return Intended(
        what=f"in a workspace of uv: an {what} that was not asked for is installed"
        if what == "extra"
        else f"in a workspace of uv: {what} that was not asked for is installed",
        tool="extra: it would be removed",
        mlenv="in step",
        why="As above.",
        breaks=(f"{what} installed, not asked for",),
        lines=(f"only the tool: {name} extra",),
        setups=("uv-local",),
    )


INTENDED: tuple[Intended, ...] = (
    _tooling("wheel"),
    _tooling("setuptools"),
    _tooling("pip", "poetry", "poetry-tables", "poetry-1"),
    Intended(
        what="ipykernel is installed, and not locked",
        tool="extra: it would be removed",
        mlenv="in step",
        why="Who made the environment a kernel the classic way needs it, and the project does not.",
        breaks=("a kernel: ipykernel",),
        lines=("only the tool: ipykernel extra",),
        never=("pylock-pip", "pip-freeze"),
    ),
    Intended(
        what="files of a package are gone, its metadata is there",
        tool="in step",
        mlenv="broken",
        why="The import fails. Tools look at the metadata alone; mlenv compares it with the disk.",
        breaks=("files gone, metadata there",),
        lines=("only mlenv: idna damaged",),
    ),
    Intended(
        what="the locked version from another source: a wheel's file, an address, a folder",
        tool="in step: the version is right",
        mlenv="source",
        why="What was built elsewhere may hold anything. pip, pip-tools and PDM look at the version alone, and uv, too, "
        "with a list of requirements or a pylock.toml.",
        breaks=("other source: a wheel", "other source: an address", "other source: editable"),
        lines=("only mlenv: idna source",),
        setups=(
            "pip-tools", "uv-compile", "uv-compile-universal", "pylock-uv", "pylock-pip", "pip-freeze", "pdm", "pipenv",
        ),
    ),
    Intended(
        what="the manifest asks for another Python than the environment has",
        tool="in step: a pylock.toml of uv names no Python that its reader compares with the manifest",
        mlenv="python",
        why="requires-python is a wish of the project, whichever lock counts.",
        breaks=("requires-python excludes this one",),
        lines=("environment: the tool says there, mlenv python",),
        setups=("pylock-uv",),
    ),
    Intended(
        what="a package is installed that the lock holds for other platforms or Pythons only",
        tool="in step: pipenv clean looks at names alone",
        mlenv="extra",
        why="The lock excludes it here by its marker; uv, Poetry and PDM remove it, too.",
        breaks=("extra: excluded here by a marker",),
        lines=("only mlenv: tomli extra",),
        setups=("pipenv",),
    ),
    Intended(
        what="a package of a category that was not asked for is installed",
        tool="in step: pipenv clean looks at names alone",
        mlenv="extra",
        why="As above.",
        breaks=("other group installed, not asked for",),
        lines=("only mlenv: toolz extra",),
        setups=("pipenv",),
    ),
    Intended(
        what="in a workspace of uv: what the lock holds for other members, groups, extras or platforms is installed",
        tool="extra: it would be removed",
        mlenv="in step",
        why="All members share one environment; what one of them brought is nobody else's drift.",
        breaks=("extra: excluded here by a marker",),
        lines=("only the tool: colorama extra", "only the tool: tomli extra"),
        setups=("uv-local",),
    ),
    Intended(
        what="a file of a local package changed",
        tool="source: it would be built anew",
        mlenv="relock alone, and that only where what the package asks for changed",
        why="uv builds a local package anew when a file of it is newer. Of an editable one the new files are in use already.",
        breaks=("local: what a part asks for changed",),
        lines=("only the tool: part source",),
        setups=("uv-local",),
    ),
    _of_workspace("other group", "toolz"),
    _of_workspace("extra", "humanize"),
    Intended(
        what="a list compiled for one Python; a marker that holds there is added to the manifest",
        tool="stale: pip-compile would write the marker",
        mlenv="in step",
        why="The marker changes nothing that the list says of this Python; uv pip compile leaves it out.",
        breaks=("marker added",),
        lines=("lock: the tool says stale, mlenv fresh",),
        setups=("pip-tools",),
    ),
)  # fmt: skip


def intended(setup: str, name: str) -> tuple[Intended, ...]:
    """Return the intentions that bear on a case."""
    return tuple(
        row
        for row in INTENDED
        if name in row.breaks and (setup in row.setups or not row.setups) and setup not in row.never
    )
