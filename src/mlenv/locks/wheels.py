"""Is there a wheel: what would have to be compiled, and which Python spares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from mlenv.locks.content import LockContent
from mlenv.locks.target import Target, tag_set
from mlenv.versions import satisfies

__all__ = ["best_wheel", "buildable", "has_wheel", "suggest_python", "wheel_tags"]

_MINORS = range(6, 20)


def buildable(content: LockContent, target: Target) -> tuple[str, ...]:
    """Return the names of pins that have no wheel for the target, so that they would have to be built.

    Only pins from an index are judged, and only where the lock lists files.
    """
    tags = tag_set(target.tags)
    return tuple(
        pin.name
        for pin in content.pins
        if pin.source.kind == "index"
        and (content.wheels.get(pin.name) or pin.name in content.sdists)
        and not has_wheel(content.wheels.get(pin.name, ()), tags)
    )


def has_wheel(files: Iterable[str], tags: frozenset[Tag]) -> bool:
    """Say whether one of these wheels can be installed where these tags count."""
    return any(not _tags(file).isdisjoint(tags) for file in files)


def wheel_tags(files: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that wheels exist for (``cp311-cp311-win_amd64``), as their file names say them, sorted."""
    return tuple(sorted({"-".join(file.removesuffix(".whl").rsplit("-", 3)[1:]) for file in files if _tags(file)}))


def suggest_python(
    wheels: Mapping[str, Sequence[str]], target: Target, requires_python: str = "", tried: Iterable[str] = ()
) -> str | None:
    """Return the Python for which every package has a wheel on the target's platform.

    The nearest to the target's own version wins, the newer one of two.

    Args:
        wheels: name -> wheel file names, of the packages that must not be built.
        target: gives platform and present version.
        requires_python: range that the answer must lie in.
        tried: versions that are not wanted.

    Returns:
        ``3.9``, or ``None`` where no Python fits.
    """
    own = int(target.python.split(".")[1])
    unwanted = {f"3.{own}", *tried}
    for minor in sorted(_MINORS, key=lambda minor: (abs(minor - own), -minor)):
        version = f"3.{minor}"
        if version in unwanted or (requires_python and satisfies(f"{version}.99", requires_python) is False):
            continue
        tags = _tags_of(minor, target)
        if all(has_wheel(files, tags) for files in wheels.values()):
            return version
    return None


def best_wheel(files: Sequence[str], target: Target) -> str:
    """Return the wheel that an installer would choose for an interpreter; empty where none fits."""
    order = {tag: number for number, tag in enumerate(target.tags)}
    ranked = []
    for file in files:
        fitting = [order[str(tag)] for tag in _tags(file) if str(tag) in order]
        if fitting:
            ranked.append((min(fitting), file))
    return min(ranked)[1] if ranked else ""


def _tags_of(minor: int, target: Target) -> frozenset[Tag]:
    platforms = list(dict.fromkeys(tag.rpartition("-")[2] for tag in target.tags))
    named = [platform for platform in platforms if platform != "any"]
    own = cpython_tags((3, minor), platforms=named)
    return frozenset((*own, *compatible_tags((3, minor), f"cp3{minor}", named)))


def _tags(file: str) -> frozenset[Tag]:
    try:
        return frozenset(parse_wheel_filename(file)[3])
    except InvalidWheelFilename:
        return frozenset()
