"""The settings of a project: ``[tool.mlenv]`` in ``pyproject.toml``, or ``mlenv.toml``."""

from __future__ import annotations

from mlenv.locks.place import Place, Table, parse_toml
from mlenv.model import value

__all__ = ["ENGINES", "KEYS", "Settings", "parse_mlenv_toml", "parse_settings", "read_settings"]

ENGINES = ("uv", "venv", "virtualenv", "conda", "poetry")
KEYS = ("env", "lock", "engine", "python", "groups", "extras", "allow-build", "kernel-name", "dotenv")


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
    """Whether the kernel loads ``.env``, or the file that it loads."""


def parse_settings(table: Table, where: str) -> Settings:
    """Read a settings table.

    Args:
        table: the parsed table; may be empty.
        where: file and table for errors (``pyproject.toml: tool.mlenv``).

    Raises:
        MlenvError: ``settings-unknown-key`` naming the nearest known key; ``settings-invalid`` for a wrong type.
    """
    place = _place(where)
    for key in table:
        if key not in KEYS:
            raise place.at(key).error(f"There is no setting {key!r}.", code="settings-unknown-key", hint=_nearest(key))
    return Settings(
        env=place.get(table, "env", str),
        lock=place.get(table, "lock", str),
        engine=_engine(table, place),
        python=place.get(table, "python", str),
        groups=place.texts(table, "groups") if "groups" in table else None,
        extras=place.texts(table, "extras") if "extras" in table else None,
        allow_build=_allow_build(table, place),
        kernel_name=place.get(table, "kernel-name", str),
        dotenv=_dotenv(table, place),
    )


def parse_mlenv_toml(text: str, where: str) -> Settings:
    """Read ``mlenv.toml``: the same keys as ``[tool.mlenv]``, at the top of the file.

    Raises:
        MlenvError: as :func:`parse_settings`; ``settings-unreadable`` where it is no TOML.
    """
    return parse_settings(parse_toml(text, Place(file=where, code="settings-unreadable")), where)


def read_settings(pyproject: str | None, own: str | None) -> Settings:
    """Return the settings of a project: ``[tool.mlenv]`` where ``pyproject.toml`` has it, else ``mlenv.toml``.

    Args:
        pyproject: text of ``pyproject.toml``, ``None`` where there is none.
        own: text of ``mlenv.toml``, ``None`` where there is none.

    Raises:
        MlenvError: ``manifest-unreadable``, ``settings-unreadable``, and as :func:`parse_settings`.
    """
    if pyproject is not None:
        place = Place(file="pyproject.toml", code="manifest-unreadable")
        tool = place.table(parse_toml(pyproject, place), "tool")
        if "mlenv" in tool:
            return parse_settings(place.at("tool").table(tool, "mlenv"), "pyproject.toml: tool.mlenv")
    return parse_mlenv_toml(own, "mlenv.toml") if own is not None else Settings()


def _place(where: str) -> Place:
    file, _, path = where.partition(": ")
    return Place(file=file, code="settings-invalid", path=path)


def _nearest(key: str) -> str:
    import difflib

    near = difflib.get_close_matches(key.lower().replace("_", "-"), KEYS, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else f"Known settings: {', '.join(KEYS)}."


def _engine(table: Table, place: Place) -> str | None:
    engine = place.get(table, "engine", str)
    if engine is not None and engine not in ENGINES:
        raise place.at("engine").error(f"There is no engine {engine!r}.", hint=f"Known engines: {', '.join(ENGINES)}.")
    return engine


def _allow_build(table: Table, place: Place) -> bool | tuple[str, ...]:
    allowed = table.get("allow-build", False)
    return allowed if isinstance(allowed, bool) else place.texts(table, "allow-build")


def _dotenv(table: Table, place: Place) -> bool | str:
    dotenv = table.get("dotenv", False)
    return dotenv if isinstance(dotenv, bool) else place.need(table, "dotenv", str)
