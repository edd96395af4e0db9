"""Where packages of conda come from: the channels of ``environment.yml`` and of the user's ``.condarc``.

Credentials in an address (``/t/TOKEN/``, ``user:password@``) are taken out of it at once: what is written, shown and
recorded has none, and the program that fetches gets them by standard input.

Source: conda's documentation, "Using the .condarc conda configuration file" (places, keys, tokens).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlenv import store
from mlenv.engines.conda import Channels
from mlenv.errors import MlenvError
from mlenv.locks.place import Place
from mlenv.locks.yaml_text import parse_yaml
from mlenv.model import value
from mlenv.render import mask_secrets

__all__ = ["Condarc", "channels_for", "first_channels", "read_condarc"]

_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:(?P<user>[^/@\s]*)@)?(?P<host>[^/\s]*)(?P<path>/\S*)?")
_TOKEN = re.compile(r"/t/[^/]+(?=/|$)")
_USUAL = ("conda-forge",)
_NO_DEFAULTS = "nodefaults"
_DEFAULTS = "defaults"
_BEHIND_DEFAULTS = ("main", "r")
"""What ``defaults`` means where nobody says otherwise."""


@value
class Condarc:
    """What the user's configuration of conda says."""

    channels: tuple[str, ...] = ()
    default_channels: tuple[str, ...] = ()
    custom: tuple[tuple[str, str], ...] = ()
    """(name, address before it)."""
    alias: str = ""
    offline: bool = False


def read_condarc(environ: Mapping[str, str]) -> Condarc:
    """Read the user's files; the one that ``CONDARC`` names counts most.

    Raises:
        MlenvError: ``condarc-unreadable`` with the place.
    """
    tables = [table for path in _places(environ) if (table := _table(path)) is not None]
    custom: dict[str, str] = {}
    for table in tables:
        found = table.get("custom_channels")
        rows = found.items() if isinstance(found, dict) else ()
        custom |= {str(name): _expanded(str(base), environ) for name, base in rows if str(name) not in custom}
    alias = next((str(table["channel_alias"]) for table in tables if table.get("channel_alias")), "")
    return Condarc(
        channels=_merged(tables, "channels", environ),
        default_channels=_merged(tables, "default_channels", environ),
        custom=tuple(custom.items()),
        alias=_expanded(alias, environ),
        offline=next((str(table["offline"]).lower() for table in tables if "offline" in table), "") in ("true", "yes"),
    )  # fmt: skip


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or Path.home())
    if environ.get("CONDARC"):
        yield Path(environ["CONDARC"])
    yield home / ".condarc"
    yield home / ".conda" / ".condarc"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "conda" / ".condarc"


def _table(path: Path) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    text = store.read_text(path)
    return (
        parse_yaml(
            text,
            Place(file=str(path), code="condarc-unreadable", hint="mend it by hand, or: conda config --show-sources"),
        )
        if text.strip()
        else {}
    )


def _merged(tables: Sequence[Mapping[str, Any]], key: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    found: list[str] = []
    for table in tables:
        rows = table.get(key)
        found += [rows] if isinstance(rows, str) else [str(row) for row in rows or () if isinstance(row, str)]
    return tuple(dict.fromkeys(_expanded(row, environ) for row in found))


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    """Put variables in, as conda does in the user's own file; never in a file of the project."""
    return re.sub(r"\$\{?([A-Za-z_]\w*)\}?", lambda found: environ.get(found[1], found[0]), text)


def channels_for(named: Sequence[str], condarc: Condarc, where: str) -> Channels:
    """Return where packages come from: the file's channels, then the user's, unless the file says ``nodefaults``.

    Args:
        named: the channels of the project's file.
        condarc: the user's configuration.
        where: the file's name for errors.

    Raises:
        MlenvError: ``requirement-secret`` for an address with credentials in the project's file;
            ``address-unsafe`` for one with a variable.
    """
    for row in named:
        _refuse_unsafe(row, where)
    rows = list(named) if _NO_DEFAULTS in named else [*named, *condarc.channels]
    full = [one for row in rows if row != _NO_DEFAULTS for one in _meant(row, condarc)] or list(_USUAL)
    secrets: dict[str, tuple[str, str, str]] = {}
    # What the user's file says of a host counts for every channel there, also for those that the project names.
    for row in (*condarc.channels, *condarc.default_channels, *(base for _, base in condarc.custom), condarc.alias):
        clean, fetch, user = _split(row)
        if fetch != clean or user:
            secrets[clean.rstrip("/")] = (clean.rstrip("/"), fetch.rstrip("/"), user)
    names = tuple(dict.fromkeys(_split(row)[0] for row in full))
    return Channels(names=names, alias=_split(condarc.alias)[0], secrets=tuple(secrets.values()))


def first_channels(condarc: Condarc) -> tuple[str, ...]:
    """Return the channels that a new ``environment.yml`` names: the user's, or conda-forge."""
    return tuple(_split(row)[0] for row in condarc.channels) or _USUAL


def _meant(row: str, condarc: Condarc) -> tuple[str, ...]:
    if row == _DEFAULTS:
        return condarc.default_channels or _BEHIND_DEFAULTS
    base = dict(condarc.custom).get(row)
    return (f"{base.rstrip('/')}/{row}",) if base else (row,)


def _split(address: str) -> tuple[str, str, str]:
    """Return an address without credentials, the one to fetch from, and ``user:password``."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return address, address, ""
    start, path = f"{found['scheme']}://{found['host']}", found["path"] or ""
    return start + _TOKEN.sub("", path), start + path, found["user"] or ""


def _refuse_unsafe(row: str, where: str) -> None:
    clean, fetch, user = _split(row)
    if fetch != clean or user:
        raise MlenvError(
            "requirement-secret",
            f"a channel's address carries credentials: {mask_secrets(clean)}",
            where=where,
            hint="write the address without them there, and the one with them below 'channels:' in ~/.condarc",
        )
    if "$" in row:
        raise MlenvError(
            "address-unsafe",
            "a channel's address holds a variable, which would be sent to whoever keeps that channel",
            where=where,
            hint="write the address itself; tokens belong in ~/.condarc",
        )


def overrides(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what the user says of the machine (``CONDA_OVERRIDE_CUDA=12.4``)."""
    return {name: text for name, text in environ.items() if name.startswith("CONDA_OVERRIDE_")}
