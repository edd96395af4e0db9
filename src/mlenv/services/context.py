"""What every verb gets: where it works, what it may do, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlenv.model import Event, value

__all__ = ["Context", "Options", "Wheelhouse", "silent"]


@value
class Wheelhouse:
    """A folder of verified wheels that stands in for every index."""

    folder: str
    hashes: Mapping[str, str]
    """Package of the lock -> ``sha256:...`` of its wheel there."""
    kernel: Mapping[str, str]
    """Package of the kernel's own -> version; empty: whatever fits."""
    python: str
    """``3.11``: the wheels are for it."""

    @property
    def address(self) -> str:
        """``file:///...``, odd characters quoted."""
        return Path(self.folder).as_uri()


@value
class Options:
    """The options that verbs share, under the names of the command line."""

    project: str | None = None
    offline: bool = False
    yes: bool = False
    dry_run: bool = False
    force: bool = False
    frozen: bool = False
    deep: bool = False
    allow_build: bool = False
    pip: bool = False
    """Whether packages are added to the ``pip:`` part of an ``environment.yml``."""
    engine: str | None = None
    python: str | None = None
    fetch_python: bool = False
    """Whether a Python that is not on this machine may be downloaded (by uv)."""
    cuda: str | None = None
    """Which builds of PyTorch to lock: ``auto``, ``cpu``, ``cu128``."""
    as_of: str | None = None
    """Only packages uploaded before this day count, as it was typed."""
    lock: str | None = None
    extras: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    all_extras: bool = False
    all_groups: bool = False
    no_default_groups: bool = False
    ipykernel: str = "runtime"
    """``runtime`` (nothing enters the environment) or ``installed`` (the classic way)."""
    kernel_prefix: str | None = None
    """The prefix of the kernel that asks, where a notebook does."""
    loaded: Mapping[str, Mapping[str, Any]] | None = None
    """Name -> {version, binary} of the distributions in that kernel's memory."""
    wheelhouse: Wheelhouse | None = None
    """Where packages come from instead of indexes (``--from-bundle``)."""

    @property
    def unselected(self) -> Options:
        """The same with nothing chosen of extras and groups."""
        return replace(self, extras=None, groups=None, all_extras=False, all_groups=False, no_default_groups=False)

    @property
    def selects(self) -> bool:
        """Whether extras or groups are chosen now."""
        told = self.extras is not None or self.groups is not None
        return told or self.all_extras or self.all_groups or self.no_default_groups


@value
class Context:
    cwd: Path
    report: Callable[[Event], None]
    """Told each step; the face shows it."""
    options: Options = Options()

    def tell(self, step: str, text: str, done: int | None = None, total: int | None = None) -> None:
        """Report one step."""
        self.report(Event(step=step, text=text, done=done, total=total))


def silent(event: Event) -> None:
    """Report to nobody."""
