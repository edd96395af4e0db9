"""Which runtime works for an interpreter beside what its environment has installed.

Standard library only, Python 3.9+: the launcher decides this at every kernel start, from one small file per runtime.
"""

from __future__ import annotations

import json
import os
from typing import Mapping, Optional, Sequence, Tuple

from mlenv import versions
from mlenv.model import value

__all__ = ["Clash", "Runtime", "clashes", "fitting", "parse_runtime", "read_runtimes"]

SCHEMA = 1


@value
class Runtime:
    """A runtime as its ``runtime.json`` describes it."""

    path: str
    key: str
    tag: str
    """:func:`mlenv.kernel.interpreter.tag` of the interpreters that it fits."""
    made: float
    """Seconds since the epoch."""
    packages: Mapping[str, str]
    """Normalised name -> version."""
    requires: Mapping[str, Tuple[Tuple[str, str], ...]]
    """Normalised name -> (specifier, the runtime's package that asks for it)."""
    constraints: Mapping[str, str]
    """The environment's versions that it was resolved with; empty for the plain runtime."""


@value
class Clash:
    """A package of the environment that the runtime's packages cannot live with."""

    package: str
    installed: str
    specifier: str
    asked_by: str

    @property
    def text(self) -> str:
        """``traitlets 5.0.5 (ipykernel needs >=5.4.0)``."""
        return f"{self.package} {self.installed} ({self.asked_by} needs {self.specifier})"


def clashes(runtime: Runtime, installed: Mapping[str, str]) -> Tuple[Clash, ...]:
    """Return what of the environment breaks the runtime's requirements.

    The environment's packages win, so that what a runtime's package asks for counts only where that package itself is
    not replaced by the environment's.

    Args:
        installed: normalised name -> version.
    """
    found = []
    for name in sorted(set(installed) & set(runtime.requires)):
        for specifier, asked_by in runtime.requires[name]:
            if asked_by not in installed and versions.satisfies(installed[name], specifier) is False:
                found.append(Clash(package=name, installed=installed[name], specifier=specifier, asked_by=asked_by))
                break
    return tuple(found)


def fitting(runtimes: Sequence[Runtime], tag: str, installed: Mapping[str, str]) -> Tuple[Runtime, ...]:
    """Return the runtimes that work, the best first: plain ones before constrained ones, newer before older."""
    mine = [runtime for runtime in runtimes if runtime.tag == tag and not clashes(runtime, installed)]
    return tuple(sorted(mine, key=lambda runtime: (bool(runtime.constraints), -runtime.made)))


def parse_runtime(text: str, path: str) -> Optional[Runtime]:
    """Return the runtime that a ``runtime.json`` describes; ``None`` for one of another schema or cut short."""
    try:
        raw = json.loads(text)
        if raw["schema"] != SCHEMA:
            return None
        return Runtime(
            path=path,
            key=str(raw["key"]),
            tag=str(raw["tag"]),
            made=float(raw["made"]),
            packages=dict(raw["packages"]),
            requires={
                name: tuple((str(specifier), str(asked_by)) for specifier, asked_by in rows)
                for name, rows in raw["requires"].items()
            },
            constraints=dict(raw["constraints"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def read_runtimes(folder: str) -> Tuple[Runtime, ...]:
    """Return all finished runtimes of the data folder's ``runtimes``, newest first. Cost: one small file each."""
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return ()
    found = []
    for name in names:
        path = os.path.join(folder, name)
        try:
            with open(os.path.join(path, "runtime.json"), encoding="utf-8") as stream:
                runtime = parse_runtime(stream.read(), path)
        except (OSError, UnicodeDecodeError):
            continue
        if runtime is not None:
            found.append(runtime)
    return tuple(sorted(found, key=lambda runtime: -runtime.made))
