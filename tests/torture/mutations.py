"""Damage to the text of real files: one node of the tree, one line, or raw bytes; the same dice give the same damage."""

from __future__ import annotations

import codecs
import json
import random
import tomllib
from collections.abc import Callable
from typing import Any

__all__ = ["changed", "damaged"]

_TOML_WORDS = (
    "[[packages]]\n",
    "x = 1\n",
    "[tool.mlenv]\n",
    "[]",
    "{",
    "=",
    '"""',
    "'''",
    "inf",
    "1979-05-27",
    "0x",
    "\\u",
)
_NASTY_TEXTS = (
    "", " ", "x", "0", "-1", "\x00", "\n", "\ufeff", "..", "../../x", "/", "C:\\x", "~", "-e .", "--index-url=x", "%", "${HOME}",
    "http://[", "http://[::1]:x/", "git+http://[/x@y", "file://host/..%00", "x @ http://[", "x==1", "x ; ", "six==1.17.0",
    "x ; python_version < '3'", "python_version", "extra == 'a' or", "'a' in extras", "(" * 600, "[" * 600, "{" * 600, "9" * 5000,
    "1." * 3000 + "1", ">=1," * 2000, "a" * 100_000, "-" * 5000, "==1.*.*", "===", "@", "#", ";", ",", "é", "\u202e",
    "x ; " + "(" * 800 + "python_version < '3'" + ")" * 800, "x ; " + " and ".join(["os_name == 'nt'"] * 500),
    "sha256:", "1!2.0.post1.dev3+a.b", "not-a-version", "2026-11-21", "nan", "1e400", "<<<<<<< ours",
)  # fmt: skip
_NASTY_VALUES: tuple[Any, ...] = (
    0, -1, 1, 2, 10**30, 1.5, True, False, [], {}, [[]], [{}], {"a": {}}, {"x": 1}, [1, "x", {}], ["x"], {"name": "x"}, [["x"]],
)  # fmt: skip
_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252", "utf-7")


def damaged(data: bytes, form: str, dice: random.Random) -> bytes:
    """Return a file with one fault in it, sometimes two.

    Args:
        data: a real file.
        form: ``toml``, ``json`` or ``lines``: what a node of it is.
        dice: where and which.
    """
    result = _once(data, form, dice)
    return _once(result, form, dice) if dice.random() < 0.2 else result


def _once(data: bytes, form: str, dice: random.Random) -> bytes:
    throw = dice.random()
    if throw < 0.45 and form in _TREES:
        changed = _tree(data, form, dice)
        if changed is not None:
            return changed
    if throw < 0.8:
        return _lines(data, dice)
    return dice.choice(_RAW)(data, dice)


# --- nodes of a tree ---


def _tree(data: bytes, form: str, dice: random.Random) -> bytes | None:
    parse, render = _TREES[form]
    try:
        tree = parse(data.decode())
        places: list[tuple[Any, Any]] = []
        _collect(tree, places)
        if not places:
            return None
        _change(*dice.choice(places), dice)
        return render(tree).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return None  # damaged before: its lines are what is left


def changed(tree: Any, dice: random.Random) -> None:
    """Change one node of a tree in place."""
    places: list[tuple[Any, Any]] = []
    _collect(tree, places)
    _change(*dice.choice(places), dice)


def _collect(node: Any, places: list[tuple[Any, Any]]) -> None:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in items:
        places.append((node, key))
        _collect(inner, places)


def _change(holder: Any, key: Any, dice: random.Random) -> None:
    """Delete, retype, rename, duplicate or exchange one node."""
    throw = dice.randrange(7)
    if throw == 0:
        del holder[key]
    elif throw == 1:
        holder[key] = dice.choice(_NASTY_VALUES)
    elif throw in (2, 3):
        old = holder[key]
        nasty = dice.choice(_NASTY_TEXTS)
        holder[key] = old + nasty if isinstance(old, str) and dice.random() < 0.4 else nasty
    elif throw == 4 and isinstance(holder, dict):
        holder[dice.choice([key.upper(), key + "s", key[:-1], "", "name", "x.y", dice.choice(_NASTY_TEXTS)])] = (
            holder.pop(key)
        )
    elif throw == 5 and isinstance(holder, list):
        holder.insert(dice.randrange(len(holder) + 1), holder[key])
    else:
        other = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[key], holder[other] = holder[other], holder[key]


def _toml(tree: dict[str, Any]) -> str:
    return "".join(f"{_text(key)} = {_value(item)}\n" for key, item in tree.items())


def _value(item: Any) -> str:
    if isinstance(item, dict):
        return "{" + ", ".join(f"{_text(key)} = {_value(inner)}" for key, inner in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ", ".join(map(_value, item)) + "]"
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, (int, float)):
        return repr(item)
    return _text(item) if isinstance(item, str) else str(item)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_TREES: dict[str, tuple[Callable[[str], Any], Callable[[Any], str]]] = {
    "toml": (tomllib.loads, _toml),
    "json": (json.loads, json.dumps),
}


# --- lines ---


def _lines(data: bytes, dice: random.Random) -> bytes:
    """Delete, double, move, cut or rewrite a line, or put merge-conflict markers around it."""
    rows = data.split(b"\n")
    at, other = dice.randrange(len(rows)), dice.randrange(len(rows))
    throw = dice.randrange(9)
    if throw == 0:
        del rows[at]
    elif throw == 1:
        rows.insert(other, rows[at])
    elif throw == 2:
        rows[at], rows[other] = rows[other], rows[at]
    elif throw == 3:
        rows[at : at + 1] = [b"<<<<<<< ours", rows[at], b"=======", rows[other], b">>>>>>> theirs"]
    elif throw == 4:
        rows[at] = rows[at][: dice.randrange(len(rows[at]) + 1)]
    elif throw == 5:
        rows[at] += dice.choice(_NASTY_TEXTS).encode()
    elif throw == 6:
        rows.insert(at, dice.choice(_NASTY_TEXTS).encode())
    elif throw == 7:
        del rows[min(at, other) : max(at, other)]
    else:
        row = rows[at]
        quoted = [place for place in range(len(row)) if row[place : place + 1] in (b'"', b"'", b"=", b",", b":", b" ")]
        place = dice.choice(quoted) + 1 if quoted else 0
        rows[at] = row[:place] + dice.choice(_NASTY_TEXTS).encode() + row[place:]
    return b"\n".join(rows)


# --- bytes ---


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _flipped(data: bytes, dice: random.Random) -> bytes:
    raw = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        if raw:
            raw[dice.randrange(len(raw))] = dice.randrange(256)
    return bytes(raw)


def _patched(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(_TOML_WORDS).encode() + data[at + dice.randrange(40) :]


def _encoded(data: bytes, dice: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(dice.choice(_ENCODINGS), "replace")


def _marked(data: bytes, dice: random.Random) -> bytes:
    marks = (
        codecs.BOM_UTF8,
        codecs.BOM_UTF16_LE,
        codecs.BOM_UTF16_BE,
        codecs.BOM_UTF32_LE,
        b"\x00",
        b"# -*- coding: rot13 -*-\n",
    )
    return dice.choice(marks) + data


def _crlf(data: bytes, dice: random.Random) -> bytes:
    return data.replace(b"\n", dice.choice([b"\r\n", b"\r", b"\n\r", b"\x0b", b"\xe2\x80\xa8", b"\x00\n"]))


def _nested(data: bytes, dice: random.Random) -> bytes:
    at, depth = dice.randrange(len(data) + 1), dice.choice([50, 500, 5000])
    return data[:at] + dice.choice([b"[", b"{a=", b'{"a":', b"(", b'[["a",', b"a."]) * depth + data[at:]


def _doubled(data: bytes, dice: random.Random) -> bytes:
    return data + (b"\n" if dice.random() < 0.5 else b"") + data


_RAW = (_cut, _cut, _flipped, _flipped, _patched, _encoded, _marked, _crlf, _nested, _doubled)
