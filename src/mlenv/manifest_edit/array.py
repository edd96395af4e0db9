"""Edit the text of one TOML array of strings and keep everything else of it: comments, indentation, commas.

tomlkit finds the array in its document; what happens between the brackets is decided here, because tomlkit drops
trailing commas and comment lines when it changes an array.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from mlenv.model import value

__all__ = ["insert_item", "item_texts", "remove_item", "replace_item"]

_TOKEN = re.compile(
    r'(?P<value>"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|\{[^}]*\}|[A-Za-z0-9_.+-]+)'
    r"|(?P<comment>#[^\n]*)|(?P<space>\s+)|(?P<comma>,)|(?P<open>\[)|(?P<close>\])",
    re.DOTALL,
)


@value
class _Token:
    kind: str
    text: str


def item_texts(array: str) -> tuple[str, ...]:
    """Return the items of an array as written (quotes included), in order. Inline tables count as one item."""
    return tuple(token.text for token in _tokens(array) if token.kind == "value")


def replace_item(array: str, index: int, item: str) -> str:
    """Write another string at this place; comments and commas around it stay."""
    tokens = _tokens(array)
    tokens[_places(tokens)[index]] = _quoted(item)
    return _text(tokens)


def insert_item(array: str, index: int, item: str) -> str:
    """Insert a string before item ``index`` (``index`` = number of items: at the end).

    A new row takes the indentation of the rows around it and the array's habit of a trailing comma; an empty array
    becomes one row per line.
    """
    tokens = _tokens(array)
    places = _places(tokens)
    if places and not _is_multiline(tokens):
        return _insert_inline(tokens, places, index, item)
    row = [_Token(kind="space", text="\n" + _indent(tokens, places)), _quoted(item)]
    trailing = index < len(places) or not places or _comma_after(tokens, places[-1]) is not None
    if trailing:
        row.append(_Token(kind="comma", text=","))
    if not places and not _is_multiline(tokens):
        row.append(_Token(kind="space", text="\n"))
    anchor = 0
    if index:
        anchor = places[index - 1]
        comma = _comma_after(tokens, anchor)
        if comma is None:
            comma = anchor + 1
            tokens.insert(comma, _Token(kind="comma", text=","))
        anchor = comma
    at = _line_end(tokens, anchor)
    return _text([*tokens[:at], *row, *tokens[at:]])


def remove_item(array: str, index: int) -> str:
    """Remove one item with its comma, its line and the comment on that line."""
    tokens = _tokens(array)
    places = _places(tokens)
    first = places[index]
    comma = _comma_after(tokens, first)
    end = _line_end(tokens, first if comma is None else comma)
    before = tokens[first - 1] if tokens[first - 1].kind == "space" else None
    alone = before is not None and "\n" in before.text and "\n" in tokens[end].text
    if alone and before is not None:
        tokens[first - 1 : end] = [_Token(kind="space", text=before.text[: before.text.rindex("\n")])]
    else:
        last = first if comma is None else comma
        side = last + 1 if index + 1 < len(places) else first - 1
        tidy = tokens[side].kind == "space" and "\n" not in tokens[side].text
        del tokens[first - (tidy and side < first) : last + 1 + (tidy and side > first)]
    if comma is None and index:
        _drop_comma_after(tokens, _places(tokens)[index - 1])
    return _text(tokens)


def _tokens(array: str) -> list[_Token]:
    """Split an array into tokens that together are its text again."""
    found = [_Token(kind=str(match.lastgroup), text=match.group()) for match in _TOKEN.finditer(array)]
    if _text(found) != array or [token.kind for token in found if token.kind in {"open", "close"}] != ["open", "close"]:
        raise ValueError(f"not a plain TOML array of strings: {array[:60]}")
    return found


def _text(tokens: Iterable[_Token]) -> str:
    return "".join(token.text for token in tokens)


def _quoted(item: str) -> _Token:
    """Write a string as TOML: double quotes, unless it holds some itself (markers do)."""
    literal = '"' in item and "'" not in item
    return _Token(kind="value", text=f"'{item}'" if literal else json.dumps(item, ensure_ascii=False))


def _places(tokens: list[_Token]) -> list[int]:
    return [place for place, token in enumerate(tokens) if token.kind == "value"]


def _is_multiline(tokens: list[_Token]) -> bool:
    return any("\n" in token.text for token in tokens if token.kind == "space")


def _indent(tokens: list[_Token], places: list[int]) -> str:
    for place in places:
        before = tokens[place - 1]
        if before.kind == "space" and "\n" in before.text:
            return before.text[before.text.rindex("\n") + 1 :]
    return "    "


def _comma_after(tokens: list[_Token], place: int) -> int | None:
    """Return the place of the comma that ends the item at ``place``, or ``None`` for a last item without one."""
    for at in range(place + 1, len(tokens)):
        if tokens[at].kind == "comma":
            return at
        if tokens[at].kind not in {"space", "comment"}:
            return None
    return None


def _line_end(tokens: list[_Token], place: int) -> int:
    """Return the place after what stands on the same line behind ``place``: blanks and a comment."""
    at = place + 1
    if tokens[at].kind == "space" and "\n" not in tokens[at].text and tokens[at + 1].kind == "comment":
        return at + 2
    return at + 1 if tokens[at].kind == "comment" else at


def _insert_inline(tokens: list[_Token], places: list[int], index: int, item: str) -> str:
    comma, blank = _Token(kind="comma", text=","), _Token(kind="space", text=" ")
    if index < len(places):
        at = places[index]
        return _text([*tokens[:at], _quoted(item), comma, blank, *tokens[at:]])
    ends = _comma_after(tokens, places[-1])
    if ends is None:
        at = places[-1] + 1
        return _text([*tokens[:at], comma, blank, _quoted(item), *tokens[at:]])
    return _text([*tokens[: ends + 1], blank, _quoted(item), comma, *tokens[ends + 1 :]])


def _drop_comma_after(tokens: list[_Token], place: int) -> None:
    """Keep the habit of no comma after the last item."""
    comma = _comma_after(tokens, place)
    if comma is not None:
        del tokens[comma]
