"""The settings of a project: ``[tool.mlenv]`` in ``pyproject.toml``, or ``mlenv.toml``."""

from __future__ import annotations

import posixpath
import re

from mlenv.cuda.spelling import is_backend
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.model import value

__all__ = ["ENGINES", "KEYS", "MANIFEST_HINT", "Settings", "parse_mlenv_toml", "parse_settings", "read_settings"]

ENGINES = ("uv", "venv", "virtualenv", "conda", "poetry", "pdm", "pipenv")
MANIFEST_HINT = "Mend the file by hand; `mlenv check` names the place again until it can be read."
_HINT = "Mend the setting by hand; the README has the table of settings with an example of each."
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OURS = (".mlenv", ".git")
KEYS = ("env", "lock", "engine", "python", "groups", "extras", "allow-build", "kernel-name", "dotenv", "cuda")


@value
class Settings:
    """What a project tells mlenv; ``None`` where it says nothing."""

    env: str | None = None
    """Folder of the environment, relative to the project, where it is not ``.venv``."""
    lock: str | None = None
    """The lock that counts, relative to the project."""
    engine: str | None = None
    python: str | None = None
    """Wanted Python: a version or a path."""
    groups: tuple[str, ...] | None = None
    extras: tuple[str, ...] | None = None
    allow_build: bool | tuple[str, ...] = False
    """Whether source builds are allowed: for all packages, or for those named."""
    kernel_name: str | None = None
    """Id of the kernel, as Jupyter has it."""
    dotenv: bool | str = False
    """Whether the kernel loads the nearest ``.env``, or the file that it loads, relative to the project."""
    cuda: str | None = None
    """Which builds of PyTorch are locked: ``auto``, ``cpu``, ``cu128``, as uv spells them."""
    place: str = ""
    """File and table that say all this (``pyproject.toml: tool.mlenv``), for errors found later."""

    @property
    def dotenv_file(self) -> str:
        """What the kernel loads when it starts: ``.env`` for the nearest one, a path, or nothing."""
        return self.dotenv if isinstance(self.dotenv, str) else ".env" * self.dotenv

    def at(self, key: str) -> str:
        """Return where a setting stands."""
        return f"{self.place}{'.' if ': ' in self.place else ': '}{key}"


def parse_settings(table: Table, where: str) -> Settings:
    """Read a settings table.

    Args:
        table: the parsed table; may be empty.
        where: file and table for errors (``pyproject.toml: tool.mlenv``).

    Raises:
        MlenvError: ``settings-unknown-key`` naming the nearest known key; ``settings-invalid`` for a wrong type, an
            empty text or one that no path can be made of; ``environment-place`` for an environment that would take the
            place of the project or of what lies in it.
    """
    place = _place(where)
    for key in table:
        if key not in KEYS:
            raise place.at(key).error(f"There is no setting {key!r}.", code="settings-unknown-key", hint=_nearest(key))
    return Settings(
        env=_env(table, place),
        lock=_text(table, "lock", place),
        engine=_engine(table, place),
        python=_text(table, "python", place),
        groups=place.texts(table, "groups") if "groups" in table else None,
        extras=place.texts(table, "extras") if "extras" in table else None,
        allow_build=_allow_build(table, place),
        kernel_name=_text(table, "kernel-name", place),
        dotenv=_dotenv(table, place),
        cuda=_cuda(table, place),
        place=where,
    )


def parse_mlenv_toml(text: str, where: str) -> Settings:
    """Read ``mlenv.toml``: the same keys as ``[tool.mlenv]``, at the top of the file.

    Raises:
        MlenvError: as :func:`parse_settings`; ``settings-unreadable`` where it is no TOML.
    """
    return parse_settings(parse_toml(text, Place(file=where, code="settings-unreadable", hint=_HINT)), where)


def read_settings(pyproject: str | None, own: str | None) -> Settings:
    """Return the settings of a project: ``[tool.mlenv]`` where ``pyproject.toml`` has it, else ``mlenv.toml``.

    Args:
        pyproject: text of ``pyproject.toml``, ``None`` where there is none.
        own: text of ``mlenv.toml``, ``None`` where there is none.

    Raises:
        MlenvError: ``manifest-unreadable``, ``settings-unreadable``, and as :func:`parse_settings`.
    """
    if pyproject is not None:
        place = Place(file="pyproject.toml", code="manifest-unreadable", hint=MANIFEST_HINT)
        tool = place.table(parse_toml(pyproject, place), "tool")
        if "mlenv" in tool:
            return parse_settings(place.at("tool").table(tool, "mlenv"), "pyproject.toml: tool.mlenv")
    return parse_mlenv_toml(own, "mlenv.toml") if own is not None else Settings()


def _place(where: str) -> Place:
    file, _, path = where.partition(": ")
    return Place(file=file, code="settings-invalid", path=path, hint=_HINT)


def _text(table: Table, key: str, place: Place) -> str | None:
    """Return a text that a name or a path can be made of."""
    text = place.get(table, key, str)
    if text is not None and not text.strip():
        raise place.at(key).error("The setting is empty.", hint=f"Give {key} a value, or remove the line.")
    if text is not None and _CONTROL.search(text):
        raise place.at(key).error("The setting holds a control character.", hint=f"Write {key} anew.")
    return text


def _env(table: Table, place: Place) -> str | None:
    """Return the environment's folder; what is outside of the project is judged where the project is known."""
    env = _text(table, "env", place)
    first = posixpath.normpath((env or "x").replace("\\", "/")).split("/")[0]
    if first == "." or first in _OURS:
        what = "the project itself" if first == "." else f"inside {first}, which is not for environments"
        raise place.at("env").error(f"The environment would be {what}.", code="environment-place", hint='env = ".venv"')
    return env


def _nearest(key: str) -> str:
    import difflib

    near = difflib.get_close_matches(key.lower().replace("_", "-"), KEYS, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else f"Known settings: {', '.join(KEYS)}."


def _engine(table: Table, place: Place) -> str | None:
    engine = place.get(table, "engine", str)
    if engine is not None and engine not in ENGINES:
        raise place.at("engine").error(f"There is no engine {engine!r}.", hint=f"Known engines: {', '.join(ENGINES)}.")
    return engine


def _cuda(table: Table, place: Place) -> str | None:
    cuda = place.get(table, "cuda", str)
    if cuda is not None and not is_backend(cuda):
        raise place.at("cuda").error(
            f"There is no build {cuda[:40]!r} of PyTorch.", hint='cuda = "cu128", "cpu" or "auto"'
        )
    return cuda


def _allow_build(table: Table, place: Place) -> bool | tuple[str, ...]:
    allowed = table.get("allow-build", False)
    return allowed if isinstance(allowed, bool) else place.texts(table, "allow-build")


def _dotenv(table: Table, place: Place) -> bool | str:
    """Return whether, or which file; a project from somebody else must not have a file of the user's home read."""
    if isinstance(table.get("dotenv", False), bool):
        return bool(table.get("dotenv", False))
    dotenv = _text(table, "dotenv", place) or ""
    path = posixpath.normpath(dotenv.replace("\\", "/"))
    if path.startswith(("/", "~")) or path.split("/")[0] in {".", ".."} or re.match(r"[A-Za-z]:", path):
        raise place.at("dotenv").error("The file would lie outside of the project.", hint='dotenv = ".env"')
    return path
