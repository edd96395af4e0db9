"""Which engine makes and changes an environment."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import field, replace
from typing import NoReturn

from mlenv.engines.conda import HINT, supported
from mlenv.engines.project_tools import PROJECT_TOOLS
from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["ENGINES", "EngineChoice", "Tools", "choose"]

ENGINES = ("uv", "venv", "virtualenv", "conda")
_NEAREST = {
    **dict.fromkeys(("pip", "pyvenv", "stdlib"), "venv"),
    **dict.fromkeys(("mamba", "micromamba", "pixi", "rattler"), "conda"),
}


@value
class Tools:
    """What this machine has to offer."""

    uv: str | None = None
    """Absolute path of uv."""
    uv_version: str = ""
    pip: str | None = None
    """Absolute path of a Python whose ``-m pip`` works (the host's)."""
    pip_version: str = ""
    virtualenv: tuple[str, ...] = ()
    """The words that start virtualenv, where it is there; only looked for where it is wanted."""
    may_fetch: bool = True
    """Whether a tool that is not there may be fetched from the package index."""
    rattler: str = ""
    """Version of the py-rattler that mlenv's own Python has; empty where it has none."""
    own: Mapping[str, str] = field(default_factory=dict)
    """Name -> absolute path, of Poetry, PDM and Pipenv where they are there."""


@value
class EngineChoice:
    name: str
    """``uv``, ``venv``, ``virtualenv`` or ``conda``: what makes the environment."""
    why: str
    through: str = ""
    """``poetry``, ``pdm`` or ``pipenv``, where the project's own tool shall install its lock; else empty."""
    installer: str = "uv"
    """``uv`` or ``pip``: what resolves, and puts packages into the environment unless the project's tool does."""

    @property
    def recorded(self) -> str:
        """What the environment remembers, so that the next verb takes the same."""
        return self.through or self.name


def choose(
    option: str | None, settings_engine: str | None, recorded: str | None, tools: Tools, *, conda_file: str = ""
) -> EngineChoice:
    """Choose the engine: what was asked for, else what the settings say, else what the project's files need, else what
    made the environment, else uv.

    What somebody named must be there; what is only recorded gives way to what is.

    Args:
        option: what ``--engine`` says.
        settings_engine: what the settings say.
        recorded: what made the environment that is there.
        tools: what this machine has.
        conda_file: the project's lock or manifest of the conda world, where that is what counts.

    Raises:
        MlenvError: ``engine-unknown`` for a name that mlenv does not drive, ``engine-missing`` where the one that
            is wanted is not on this machine, or none is.
    """
    if option is not None:
        return _named(option, "--engine says so", "--engine", tools)
    if settings_engine is not None:
        return _named(settings_engine, "the project's settings say so", "[tool.mlenv] engine", tools)
    if conda_file and supported(tools.rattler):
        return _made_by("conda", f"{conda_file} asks for packages of conda", tools)
    if recorded == "conda" and not conda_file:
        raise MlenvError(
            "engine-unknown",
            "This environment was made by conda (or pixi), and no file of theirs is in the project; nothing was done. "
            f"Engines: {', '.join((*ENGINES, *PROJECT_TOOLS))}.",
            hint="change it with what made it (pixi install, conda-lock install, conda install), then: mlenv check; "
            "mlenv freeze --output environment.yml writes down what it holds; "
            "or --engine uv, which makes another one in its place",
        )
    if recorded in ENGINES and _is_there(recorded, tools):
        return _made_by(recorded, f"it made this environment with {recorded} before", tools)
    if recorded is not None and recorded in tools.own:
        return _through(recorded, f"{recorded} filled this environment before", "", tools)
    if tools.uv is not None:
        return _made_by("uv", "uv is here, and it is the fastest", tools)
    if tools.pip is not None:
        return _made_by("venv", "uv is not on this machine", tools)
    raise MlenvError("engine-missing", "Neither uv nor pip is on this machine.", hint="python -m pip install uv")


def _named(name: str, said: str, where: str, tools: Tools) -> EngineChoice:
    if name in PROJECT_TOOLS:
        return _through(name, said, where, tools)
    if name not in ENGINES:
        _refuse_unknown(name, f"'{name}' is not an engine that mlenv drives.", where)
    if name == "conda" and not supported(tools.rattler):
        there = f"py-rattler {tools.rattler} is another series than the one it works with" if tools.rattler else ""
        raise MlenvError(
            "engine-missing",
            f"The engine conda is wanted ({said}), but {there or 'py-rattler is not installed beside mlenv'}.",
            where=where,
            hint=HINT,
        )
    if not _is_there(name, tools):
        missing, hint = _MISSING[name]
        raise MlenvError(
            "engine-missing",
            f"The engine {name} is wanted ({said}), but {missing} is not on this machine"
            + ("." if tools.may_fetch or name != "virtualenv" else ", and --offline forbids to fetch it."),
            where=where,
            hint=hint,
        )
    return _made_by(name, said, tools)


_MISSING = {
    "uv": ("uv", "python -m pip install uv"),
    "venv": ("pip", "python -m ensurepip"),
    "virtualenv": ("virtualenv", "python -m pip install virtualenv; or --engine venv, which needs no tool"),
}
"""Engine -> what of it is missing, and how it is had."""


def _made_by(name: str, why: str, tools: Tools) -> EngineChoice:
    by_pip = name == "venv" or tools.uv is None
    return EngineChoice(name=name, why=why, installer="pip" if by_pip else "uv")


def _through(name: str, said: str, where: str, tools: Tools) -> EngineChoice:
    if name not in tools.own:
        raise MlenvError(
            "engine-missing",
            f"The engine {name} is wanted ({said}), but {name} is not on this machine.",
            where=where,
            hint=f"uv tool install {name}; or --engine uv, which installs its lock, too",
        )
    return replace(_made_by("uv" if tools.uv is not None else "venv", said, tools), through=name)


def _is_there(name: str, tools: Tools) -> bool:
    any_installer = tools.uv is not None or tools.pip is not None
    if name == "virtualenv":
        return any_installer and (bool(tools.virtualenv) or tools.may_fetch)
    if name == "conda":
        return supported(tools.rattler)
    return (tools.uv if name == "uv" else tools.pip) is not None


def _refuse_unknown(name: str, message: str, where: str) -> NoReturn:
    close = difflib.get_close_matches(name.lower(), (*ENGINES, *PROJECT_TOOLS), n=1, cutoff=0.4)
    nearest = _NEAREST.get(name.lower(), close[0] if close else "uv")
    hint = f'engine = "{nearest}"' if where.startswith("[") else f"--engine {nearest}"
    raise MlenvError(
        "engine-unknown", f"{message} Engines: {', '.join((*ENGINES, *PROJECT_TOOLS))}.", where=where, hint=hint
    )
