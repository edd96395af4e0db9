"""Change a pinned ``requirements.txt`` that somebody keeps by hand or by a tool: rows move, all else stays."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable

from mlenv.manifest_edit.rows import not_declared, same_newlines
from mlenv.versions import normalise, same

__all__ = [
    "change_pins",
    "drop_rows",
    "list_of_pylock",
    "loosen_rows",
    "pin_versions",
    "pinned_rows",
    "without_hashes",
]

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\s*\[[^\]]*\])?(\s*===?\s*)([^\s;\\#,]+)")
_HASH = re.compile(r"[ \t]*\\?\n?[ \t]*--hash[= ]\S+")


def pinned_rows(text: str) -> dict[str, str]:
    """Return name -> whole row of each pinned package: hashes and the indented comments below belong to it."""
    return {name: row for row in _rows(text.replace("\r\n", "\n")) if (name := _name(row))}


def pin_versions(text: str) -> dict[str, str]:
    """Return name -> version of each pinned package."""
    return {name: found[4] for name, row in pinned_rows(text).items() if (found := _PIN.match(row.lstrip()))}


def list_of_pylock(text: str) -> str:
    """Return a ``pylock.toml`` for one interpreter as pinned rows with hashes; what has no version is left out."""
    rows = []
    for package in tomllib.loads(text).get("packages", ()):
        if "version" in package:
            files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
            hashes = sorted({f"{kind}:{digest}" for file in files for kind, digest in file["hashes"].items()})
            rows.append(f"{package['name']}=={package['version']}" + "".join(f" \\\n    --hash={h}" for h in hashes))
    return "".join(f"{row}\n" for row in rows)


def change_pins(text: str, resolved: str, asked: Collection[str] | None = None) -> str:
    """Move the rows of a pinned list to what a resolver found; rows whose version stays are not touched.

    Args:
        text: the list as it lies there.
        resolved: the resolver's own list, with hashes.
        asked: names that become rows where they have none; ``None``: every resolved package does.

    Returns:
        The list with its comments, options, order and line ends; with hashes only where it had some. A package that
        has several rows (for several markers) is left as it is.
    """
    found = pinned_rows(resolved if "--hash" in text else without_hashes(resolved))
    rows = _rows(text.replace("\r\n", "\n"))
    names = [_name(row) for row in rows]
    moved = [
        _moved(row, found[name]) if name in found and names.count(name) == 1 else row
        for row, name in zip(rows, names, strict=True)
    ]
    new = [_bare(row) for name, row in found.items() if name not in names and (asked is None or name in asked)]
    return same_newlines("".join(_with_new(moved, new)), text)


def drop_rows(text: str, names: Iterable[str]) -> str:
    """Take every row of these names (normalised) out, with what belongs to it.

    Raises:
        MlenvError: ``not-declared`` where one has no row.
    """
    rows = _rows(text.replace("\r\n", "\n"))
    for name in names:
        kept = [row for row in rows if _name(row) != name]
        if len(kept) == len(rows):
            raise not_declared(name, "the requirements file")
        rows = kept
    return same_newlines("".join(rows), text)


def loosen_rows(text: str, names: Collection[str]) -> str:
    """Drop the pins of some rows (of all without names), so that a resolver may move them."""
    rows = []
    for row in _rows(text.replace("\r\n", "\n")):
        name, pin = _name(row), _PIN.match(row.lstrip())
        if pin and name and (not names or name in names):
            bare = _HASH.sub("", row.lstrip().split("\n    #")[0]).rstrip("\n")
            rows.append(pin[1] + (pin[2] or "") + bare[pin.end() :] + "\n")
        else:
            rows.append(row)
    return "".join(rows)


def without_hashes(text: str) -> str:
    """Return the same rows without their hashes."""
    return _HASH.sub("", text)


def _rows(text: str) -> list[str]:
    """Split into rows: what a closing backslash joins, and indented comments, go with the line above."""
    rows: list[str] = []
    joins = False
    for line in text.splitlines(keepends=True):
        belongs = joins or (line[:1] in " \t" and line.lstrip().startswith("#") and rows and _name(rows[-1]))
        if belongs:
            rows[-1] += line
        else:
            rows.append(line)
        joins = line.rstrip("\n").endswith("\\")
    return rows


def _bare(row: str) -> str:
    """Drop the comments of a resolver: it was run on a copy, for a purpose of its own."""
    return "".join(line for line in row.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def _name(row: str) -> str:
    found = _PIN.match(row.lstrip())
    return normalise(found[1]) if found else ""


def _moved(row: str, new: str) -> str:
    old, wanted = _PIN.match(row.lstrip()), _PIN.match(new)
    if old is None or wanted is None or same(old[4], wanted[4]):
        return row
    indent = row[: len(row) - len(row.lstrip())]
    head = indent + old[1] + (old[2] or "") + old[3] + wanted[4]
    rest = row.lstrip()[old.end() :]
    if "--hash" not in rest:
        return head + rest
    hashes = "".join(f" \\\n    {item}" for item in re.findall(r"--hash[= ]\S+", new))
    first = re.match(r"[^\\\n]*?(?=\s*(?:\\|--hash))", rest)
    return head + (first[0] if first else "") + hashes + _HASH.sub("", rest[first.end() if first else 0 :])


def _with_new(rows: list[str], new: list[str]) -> list[str]:
    """Put new rows in by name where the rows are sorted, else behind the last one."""
    if rows and not rows[-1].endswith("\n"):
        rows[-1] += "\n"
    for row in new:
        names = [_name(one) for one in rows]
        known = [name for name in names if name]
        later = [at for at, name in enumerate(names) if name > _name(row)]
        last = max((at for at, name in enumerate(names) if name), default=len(rows) - 1)
        at = later[0] if later and known == sorted(known) and len(known) > 1 else last + 1
        rows.insert(at, row)
    return rows
