"""What every verb that makes a lock anew settles once."""

from __future__ import annotations

from mlenv.engines.choose import EngineChoice, Tools
from mlenv.model import value
from mlenv.probe.interpreters import Interpreter

__all__ = ["Resolver"]


@value
class Resolver:
    """All that resolving needs beside the files."""

    interpreter: Interpreter
    engine: EngineChoice
    tools: Tools
    descriptor: int | None = None
    upgrade: tuple[str, ...] = ()
    upgrade_all: bool = False
    cuda: str = ""
    """Which builds of PyTorch were asked for, now or by the settings: ``auto``, ``cpu``, ``cu128``; empty for none."""
    as_of: str = ""
    """Only packages uploaded before this moment (RFC 3339, UTC) count; ``now`` lifts the limit that the lock has."""
    pins: tuple[tuple[str, str], ...] = ()
    """(name, version) that a first lock keeps where they fit, beside what the environment holds."""
