"""Extras and groups that were asked for, checked against those that the manifest knows."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from mlenv.errors import MlenvError
from mlenv.versions import normalise

__all__ = ["known_names"]


def known_names(asked: Iterable[str], known: Collection[str], word: str, where: str) -> tuple[str, ...]:
    """Return the names in their normal form, each once.

    Args:
        asked: in any spelling.
        known: normalised.
        word: ``extra`` or ``group``.
        where: the manifest's name.

    Raises:
        MlenvError: ``extra-unknown`` or ``group-unknown`` with the nearest known one.
    """
    names = tuple(dict.fromkeys(normalise(name) for name in asked))
    for name in names:
        if name not in known:
            raise _unknown(name, known, word, where)
    return names


def _unknown(name: str, known: Collection[str], word: str, where: str) -> MlenvError:
    near = difflib.get_close_matches(name, known, n=1)
    listed = f"Known: {', '.join(known)}." if known else f"The project declares no {word}s."
    hint = f"Did you mean {near[0]!r}?" if near else listed
    return MlenvError(f"{word}-unknown", f"The project has no {word} {name!r}.", where=where, hint=hint)
