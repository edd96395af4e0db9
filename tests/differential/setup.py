"""What it takes to ask one tool about one project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from differential.said import Said
from differential.spec import SPEC, Spec
from differential.stage import Stage, World

__all__ = ["NOTHING", "Chosen", "Setup", "Words"]

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One tool with one lock format."""

    name: str
    """``poetry``, ``pylock-uv``: what ``--only`` takes."""
    tool: str
    """Key of ``stage.INSTALLED``; ``uv`` for the uv of mlenv."""
    version: Callable[[World], str]
    write: Callable[[World, Spec], None]
    """Write the manifest."""
    make: Callable[[World], None]
    """Lock and install, with the tool itself."""
    ask: Callable[[World, Chosen], Said]
    spec: Spec = SPEC
    mlenv: Words = ()
    """Words for ``mlenv check`` that say the same as the tool's."""
    environment: Mapping[str, str] = field(default_factory=dict)
    lock: str = ""
    """Name of the lock file."""
    untold: frozenset[str] = frozenset()
    """Kinds of rows that this tool never tells (pip: ``extra``)."""
    tells_of_manifest: bool = True
    """Whether the tool compares manifest and lock; where it does not, the breaks of the manifest are not played."""
    only: tuple[str, ...] = ()
    """Names of the only breaks that are played here; none: all."""
    skips: Mapping[str, str] = field(default_factory=dict)
    """Name of a break -> why it means nothing here."""
    sample: bool = True
    """Whether ``make test`` plays a part of it."""

    def world(self, stage: Stage) -> World:
        """Return an empty world with the tool's settings."""
        return replace(stage.world(self.name), extra=self.environment)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Extras and groups that the question is asked for."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Groups beside the default ones."""


NOTHING = Chosen()
"""What the tool takes by default."""
