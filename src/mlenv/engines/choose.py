"""Which engine makes and changes an environment."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import field
from typing import NoReturn

from mlenv.engines.project_tools import PROJECT_TOOLS
from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["ENGINES", "EngineChoice", "Tools", "choose"]

ENGINES = ("uv", "venv")
_NEAREST = {"pip": "venv", "virtualenv": "venv", "pyvenv": "venv", "stdlib": "venv"}


@value
class Tools:
    """What this machine has to offer."""

    uv: str | None = None
    """Absolute path of uv."""
    uv_version: str = ""
    pip: str | None = None
    """Absolute path of a Python whose ``-m pip`` works (the host's)."""
    pip_version: str = ""
    own: Mapping[str, str] = field(default_factory=dict)
    """Name -> absolute path, of Poetry, PDM and Pipenv where they are there."""


@value
class EngineChoice:
    name: str
    """``uv`` or ``venv``: what makes the environment, and fills it unless another tool does."""
    why: str
    through: str = ""
    """``poetry``, ``pdm`` or ``pipenv``, where the project's own tool shall install its lock; else empty."""


def choose(option: str | None, settings_engine: str | None, recorded: str | None, tools: Tools) -> EngineChoice:
    """Choose the engine: what was asked for, else what the settings say, else what made the environment, else uv.

    What somebody named must be there; what is only recorded gives way to what is.

    Raises:
        MlenvError: ``engine-unknown`` for a name that mlenv does not drive, ``engine-missing`` where the one that
            is wanted is not on this machine, or none is.
    """
    if option is not None:
        return _named(option, "--engine says so", "--engine", tools)
    if settings_engine is not None:
        return _named(settings_engine, "the project's settings say so", "[tool.mlenv] engine", tools)
    if recorded == "conda":
        raise MlenvError(
            "engine-unknown",
            "This environment was made by conda (or pixi), which mlenv does not drive yet; nothing was changed. "
            f"Engines: {', '.join((*ENGINES, *PROJECT_TOOLS))}.",
            hint="change it with what made it (pixi install, conda-lock install, conda install), then: mlenv check; "
            "or --engine uv, which makes another one in its place",
        )
    if recorded in ENGINES and _is_there(recorded, tools):
        return EngineChoice(name=recorded, why=f"it made this environment with {recorded} before")
    if tools.uv is not None:
        return EngineChoice(name="uv", why="uv is here, and it is the fastest")
    if tools.pip is not None:
        return EngineChoice(name="venv", why="uv is not on this machine")
    raise MlenvError("engine-missing", "Neither uv nor pip is on this machine.", hint="python -m pip install uv")


def _named(name: str, said: str, where: str, tools: Tools) -> EngineChoice:
    if name in PROJECT_TOOLS:
        return _through(name, said, where, tools)
    if name not in ENGINES:
        _refuse_unknown(name, f"'{name}' is not an engine that mlenv drives.", where)
    if not _is_there(name, tools):
        missing = "uv" if name == "uv" else "pip"
        raise MlenvError(
            "engine-missing",
            f"The engine {name} is wanted ({said}), but {missing} is not on this machine.",
            where=where,
            hint="python -m pip install uv" if name == "uv" else "python -m ensurepip",
        )
    return EngineChoice(name=name, why=said)


def _through(name: str, said: str, where: str, tools: Tools) -> EngineChoice:
    if name not in tools.own:
        raise MlenvError(
            "engine-missing",
            f"The engine {name} is wanted ({said}), but {name} is not on this machine.",
            where=where,
            hint=f"uv tool install {name}; or --engine uv, which installs its lock, too",
        )
    return EngineChoice(name="uv" if tools.uv is not None else "venv", why=said, through=name)


def _is_there(name: str, tools: Tools) -> bool:
    return (tools.uv if name == "uv" else tools.pip) is not None


def _refuse_unknown(name: str, message: str, where: str) -> NoReturn:
    close = difflib.get_close_matches(name.lower(), (*ENGINES, *PROJECT_TOOLS), n=1, cutoff=0.4)
    nearest = _NEAREST.get(name.lower(), close[0] if close else "uv")
    hint = f'engine = "{nearest}"' if where.startswith("[") else f"--engine {nearest}"
    raise MlenvError(
        "engine-unknown", f"{message} Engines: {', '.join((*ENGINES, *PROJECT_TOOLS))}.", where=where, hint=hint
    )
