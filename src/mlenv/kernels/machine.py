"""Kernels for every user of a machine: where they and what they need lie, and the places that this user has used.

Jupyter looks into its system folders and into ``share/jupyter`` of the environment that its server runs from; a hub has
an environment of its own, which is not on the path of whoever registers, so the places are recorded.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_core import paths

from mlenv import store
from mlenv.kernels.listing import Kernel, listed, search_path
from mlenv.model import value

__all__ = [
    "Place",
    "everywhere",
    "folders",
    "forget_place",
    "place_in",
    "place_of",
    "places",
    "remember_place",
    "system_place",
]

_KEPT = 100


@value
class Place:
    """One place for every user."""

    share: Path
    """mlenv's launcher, kernel side and runtimes."""
    kernels: Path
    """Kernelspecs."""


def place_in(prefix: Path) -> Place:
    """Return the place below a prefix: a hub's environment, ``/opt/jupyter``."""
    return Place(share=prefix / "share" / "mlenv", kernels=prefix / "share" / "jupyter" / "kernels")


def system_place() -> Place:
    """Return the place that every Jupyter of this machine looks into: ``/usr/local/share`` on Linux."""
    system = Path(paths.SYSTEM_JUPYTER_PATH[0])
    return Place(share=system.parent / "mlenv", kernels=system / "kernels")


def place_of(kernel: Kernel) -> Place:
    """Return the place of a kernel that is for every user."""
    return Place(share=Path(kernel.shared), kernels=Path(kernel.folder).parent)


def folders() -> tuple[Path, ...]:
    """Return Jupyter's search path, then the places off it that this user has registered kernels in."""
    return tuple(dict.fromkeys([*search_path(), *(place.kernels for place in places())]))


def everywhere() -> tuple[Kernel, ...]:
    """Return the kernels on Jupyter's path, then those that this user registered for others."""
    on_path = search_path()
    # Off the path nothing hides another: each place is of a Jupyter of its own.
    return (*listed(on_path), *(one for place in folders() if place not in on_path for one in listed((place,))))


def remember_place(place: Place) -> None:
    """Record a place, where it is not known yet.

    Raises:
        MlenvError: ``not-writable``, ``no-space``.
    """
    known = places()
    if place not in known:
        _write([*known, place])


def forget_place(place: Place) -> None:
    """Forget a place that holds nothing any more."""
    known = places()
    if place in known:
        _write([one for one in known if one != place])


def _write(known: list[Place]) -> None:
    rows = [{"share": str(one.share), "kernels": str(one.kernels)} for one in known[-_KEPT:]]
    store.write_json(_path(), {"schema": 1, "places": rows})


def _path() -> Path:
    return store.data_dir() / "machine.json"


def places() -> list[Place]:
    """Return the places that this user has registered kernels in."""
    rows = (store.read_json(_path()) or {}).get("places")
    good = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    told = [(row.get("share"), row.get("kernels")) for row in good]
    return [Place(share=Path(a), kernels=Path(b)) for a, b in told if isinstance(a, str) and isinstance(b, str)]
