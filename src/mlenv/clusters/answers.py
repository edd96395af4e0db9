"""Read what a worker answers: JSON from a process that is nobody's to trust, into values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlenv.errors import MlenvError
from mlenv.locks import Target
from mlenv.model import Distribution, Installed, Loaded, Source, value

__all__ = ["Answer", "Process", "parse_answer"]

_FORM = 1
_LONGEST = 64 << 20


@value
class Process:
    """One worker, or the scheduler."""

    address: str
    """``tcp://10.0.0.7:40123``."""
    name: str
    """As Dask names it: the address, where nobody chose one."""
    is_scheduler: bool = False
    has_nanny: bool = False
    answer: str = ""
    """What it said, not read yet."""
    error: MlenvError | None = None

    @property
    def host(self) -> str:
        """``10.0.0.7``, as in its address."""
        rest = self.address.partition("://")[2]
        return rest.rpartition(":")[0] or rest.partition("/")[0] or self.address


@value
class Answer:
    """What one process said of itself."""

    target: Target
    """Its interpreter."""
    prefix: str
    installed: Installed
    loaded: tuple[Loaded, ...]
    needs: Mapping[str, tuple[str, ...]]
    """Installed name -> names that it requires."""


def parse_answer(text: object) -> Answer:
    """Read one answer.

    Raises:
        MlenvError: ``worker-unreadable`` for anything that mlenv's own function would not say.
    """
    try:
        if not isinstance(text, str) or len(text) > _LONGEST:
            raise TypeError("a text is expected")
        row = json.loads(text)
        if row["form"] != _FORM:
            raise ValueError("another mlenv's")
        return _answer(row)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        message = "it answers something else than what is installed there"
        raise MlenvError("worker-unreadable", message, hint="is it a worker of Dask that starts as usual?") from None


def _answer(row: Mapping[str, Any]) -> Answer:
    markers = {_text(key): _text(item) for key, item in row["markers"].items()}
    if not markers["python_full_version"] or not markers["python_version"]:
        raise ValueError("no Python")
    return Answer(
        target=Target(markers=markers, tags=_texts(row["tags"])),
        prefix=_text(row["prefix"]),
        installed=_installed(row["installed"]),
        loaded=tuple(_loaded(item) for item in row["loaded"]),
        needs={_text(name): _texts(names) for name, names in row["needs"].items()},
    )


def _installed(row: Mapping[str, Any]) -> Installed:
    return Installed(
        distributions=tuple(_distribution(item) for item in row.get("distributions", ())),
        duplicates=tuple(_distribution(item) for item in row.get("duplicates", ())),
        damaged=_pairs(row.get("damaged", ())),
        leftovers=_texts(row.get("leftovers", ())),
        conda=tuple(_distribution(item) for item in row.get("conda", ())),
        owned=_texts(row.get("owned", ())),
        overwritten=_pairs(row.get("overwritten", ())),
    )


def _distribution(row: Mapping[str, Any]) -> Distribution:
    source = {key: _text(item) for key, item in row.get("source", {"kind": "index"}).items()}
    rest = {key: _text(row.get(key, "")) for key in ("name", "version", "folder", "site")}
    return Distribution(source=Source(**source), **rest)


def _loaded(row: Mapping[str, Any]) -> Loaded:
    version = row.get("version")
    return Loaded(
        name=_text(row["name"]),
        version=None if version is None else _text(version),
        origin=_text(row.get("origin", "environment")),
        location=_text(row.get("location", "")),
        binary=row.get("binary") is True,
    )


def _pairs(rows: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(reason)) for name, reason in rows)


def _texts(rows: Any) -> tuple[str, ...]:
    return tuple(_text(item) for item in rows)


def _text(item: object) -> str:
    if not isinstance(item, str):
        raise TypeError("a text is expected")
    return item
