"""Read mlenv's own files that are sent to workers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import mlenv
from mlenv import store
from mlenv.clusters.sending import LOOKING, pack
from mlenv.on_worker.parcel import Parcel, Sent

__all__ = ["looking", "parcel"]


@cache
def parcel(names: tuple[str, ...]) -> Parcel:
    """Return modules of mlenv as they are sent. Cost: about 10 ms, once."""
    return pack({name: _text(name) for name in names}, _text("on_worker.loader"))


def looking() -> Sent:
    """Return the function that every process runs; Dask hands its worker or scheduler in."""
    return parcel(LOOKING).function("on_worker.look", "look")


def _text(name: str) -> str:
    parts: Sequence[str] = name.split(".")
    return store.read_text(Path(mlenv.__file__).parent.joinpath(*parts[:-1], f"{parts[-1]}.py"))
