"""Files that are far too large, too deep or too many, for every reader of locks and notebooks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from mlenv import selection_text
from mlenv.installed import parse_metadata, parse_record
from mlenv.locks import read_notebook
from mlenv.notebooks import parse_imports
from torture.oversized_locks import MADE
from torture.readers import HERE, selected

__all__ = ["OVERSIZED", "Oversized"]

_MIB = 1 << 20
_UV_HEAD = 'version = 1\nrequires-python = ">=3.9"\n'
_PYLOCK_HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'


@dataclass(frozen=True, kw_only=True)
class Oversized:
    """One file and the reader that gets it."""

    name: str
    make: Callable[[], bytes]
    read: Callable[[bytes], object]


def _lock(name: str) -> Callable[[bytes], object]:
    """Return the reader of a lock that is asked for by name: nothing is passed over."""
    settings = f'lock = "{name}"\n'.encode()
    return lambda data: selected({name: data, "mlenv.toml": settings})


def _manifest(data: bytes) -> object:
    return selected({"pyproject.toml": data})


def _uv_packages(number: int) -> bytes:
    rows = (
        f'[[package]]\nname = "a{n}"\nversion = "1.0"\nsource = {{ registry = "https://index.example.org/simple" }}\n'
        for n in range(number)
    )
    return (_UV_HEAD + "".join(rows)).encode()


def _pylock_packages(number: int) -> bytes:
    address = "https://index.example.org"
    rows = (
        f'[[packages]]\nname = "a{n}"\nversion = "1.0"\n'
        f'wheels = [{{ url = "{address}/a{n}-1.0-py3-none-any.whl", hashes = {{ sha256 = "00" }} }}]\n'
        for n in range(number)
    )
    return (_PYLOCK_HEAD + "".join(rows)).encode()


def _rows(number: int) -> bytes:
    return "".join(f"a{n}==1.0\n" for n in range(number)).encode()


def _filled(head: str, row: str, size: int) -> bytes:
    return (head + row * (size // len(row))).encode()


def _deep_toml(head: str) -> bytes:
    return f"{head}x = {'[' * 10_000}{']' * 10_000}\n".encode()


def _forks(number: int) -> bytes:
    """Write one name many times, each from another index."""
    rows = (
        f'[[package]]\nname = "a"\nversion = "{n}"\nsource = {{ registry = "https://index.example.org/{n}" }}\n'
        for n in range(number)
    )
    return (_UV_HEAD + "".join(rows)).encode()


def _edges(number: int) -> bytes:
    """Write one project that needs everything."""
    needs = "".join(f'    {{ name = "a{n}" }},\n' for n in range(number))
    root = f'[[package]]\nname = "project"\nversion = "1"\nsource = {{ virtual = "." }}\ndependencies = [\n{needs}]\n'
    return _uv_packages(number) + root.encode()


def _bomb(levels: int) -> bytes:
    """Write groups that each include the next one twice: what aliases are in YAML."""
    rows = (f'g{n} = [{{ include-group = "g{n + 1}" }}, {{ include-group = "g{n + 1}" }}]\n' for n in range(levels))
    return f'[project]\nname = "a"\n[dependency-groups]\n{"".join(rows)}g{levels} = ["six"]\n'.encode()


def _markers(data: bytes) -> object:
    """Compare two long markers that tell many interpreters apart."""
    platforms = " or ".join(f"sys_platform == '{n}'" for n in range(100))
    marker = f"{platforms} or {data.decode()}"
    lock = 'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "project"\nversion = "1"\nsource = { virtual = "." }\n'
    asked = f'[package.metadata]\nrequires-dist = [{{ name = "six", marker = "{data.decode()} or {platforms}" }}]\n'
    manifest = f'[project]\nname = "project"\ndependencies = ["six ; {marker}"]\n'
    return selected({"pyproject.toml": manifest.encode(), "uv.lock": (lock + asked).encode()})


def _imports(data: bytes) -> object:
    return parse_imports(data.decode(), "work.ipynb")


def _named_rows(number: int) -> bytes:
    return ("[packages]\n" + "".join(f'a{n} = "*"\n' for n in range(number))).encode()


def _pipfile(data: bytes) -> object:
    return selected({"Pipfile": data})


def _says(data: bytes) -> object:
    return read_notebook(data.decode(), "work.ipynb", HERE, lambda path: None)


def _cached(data: bytes) -> object:
    return selection_text.parse_selection(data.decode())


def _notebook(source: str, cells: int = 1) -> bytes:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell] * cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


_COMMENT = "# " + "x" * 97 + "\n"
_HASH = "    --hash=sha256:" + "0" * 64 + " \\\n"

OVERSIZED = (
    Oversized(name="uv.lock of 64 MiB", make=lambda: _filled(_UV_HEAD, _COMMENT, 64 * _MIB), read=_lock("uv.lock")),
    Oversized(name="uv.lock, 200,000 packages", make=lambda: _uv_packages(200_000), read=_lock("uv.lock")),
    Oversized(name="uv.lock, 5,000 packages", make=lambda: _uv_packages(5_000), read=_lock("uv.lock")),
    Oversized(name="uv.lock, nested 10,000 deep", make=lambda: _deep_toml(_UV_HEAD), read=_lock("uv.lock")),
    Oversized(name="uv.lock, a key of 100,000 parts", make=lambda: _filled(_UV_HEAD, "a.", 200_000) + b"b = 1\n", read=_lock("uv.lock")),
    Oversized(name="uv.lock, a key twice", make=lambda: _filled(_UV_HEAD, "version = 1\n", 12), read=_lock("uv.lock")),
    Oversized(name="uv.lock, one name 9,000 times", make=lambda: _forks(9_000), read=_lock("uv.lock")),
    Oversized(name="uv.lock, a project that needs 9,000", make=lambda: _edges(9_000), read=_lock("uv.lock")),
    Oversized(name="pylock.toml of 64 MiB", make=lambda: _filled(_PYLOCK_HEAD, _COMMENT, 64 * _MIB), read=_lock("pylock.toml")),
    Oversized(name="pylock.toml, 200,000 packages", make=lambda: _pylock_packages(200_000), read=_lock("pylock.toml")),
    Oversized(name="pylock.toml, 5,000 packages", make=lambda: _pylock_packages(5_000), read=_lock("pylock.toml")),
    Oversized(name="pylock.toml, nested 10,000 deep", make=lambda: _deep_toml(_PYLOCK_HEAD), read=_lock("pylock.toml")),
    Oversized(name="requirements.txt of 64 MiB", make=lambda: _filled("", _COMMENT, 64 * _MIB), read=_lock("requirements.txt")),
    Oversized(name="requirements.txt, 200,000 packages", make=lambda: _rows(200_000), read=_lock("requirements.txt")),
    Oversized(name="requirements.txt, 5,000 packages", make=lambda: _rows(5_000), read=_lock("requirements.txt")),
    Oversized(name="requirements.txt, 100,000 hashes in one row", make=lambda: _filled("six==1.0 \\\n", _HASH, 8 * _MIB), read=_lock("requirements.txt")),
    Oversized(name="requirements.txt, one line of 8 MiB", make=lambda: b"six==1.0 " + b" " * (8 * _MIB), read=_lock("requirements.txt")),
    Oversized(name="requirements.txt, 8 MiB of options", make=lambda: _filled("six==1.0", " --hash=a:b", 8 * _MIB), read=_lock("requirements.txt")),
    Oversized(name="pyproject.toml of 64 MiB", make=lambda: _filled('[project]\nname = "a"\n', _COMMENT, 64 * _MIB), read=_manifest),
    Oversized(name="pyproject.toml, nested 10,000 deep", make=lambda: _deep_toml('[project]\nname = "a"\n'), read=_manifest),
    Oversized(name="pyproject.toml, groups that include each other 2^40 times", make=lambda: _bomb(40), read=_manifest),
    Oversized(name="two markers of 4,000 characters each", make=lambda: " or ".join(f"python_version == '3.{n}'" for n in range(30)).encode(), read=_markers),
    Oversized(name="notebook of 64 MiB", make=lambda: _notebook("x = 1\n# " + "a" * 640_000, 100), read=_imports),
    Oversized(name="notebook, 10,000 brackets in a cell", make=lambda: _notebook("(" * 10_000), read=_imports),
    Oversized(name="notebook, a sum of 10,000 parts", make=lambda: _notebook("+".join("1" * 10_000)), read=_imports),
    Oversized(name="notebook, 1 MiB of spaces before a question mark", make=lambda: _notebook(" " * _MIB + "x\n?"), read=_imports),
    Oversized(name="notebook, an install line of 8 MiB", make=lambda: _notebook("!pip install " + "six " * (2 * _MIB)), read=_says),
    Oversized(name="notebook, 200,000 install lines", make=lambda: _notebook("!pip install six\n" * 200_000), read=_says),
    Oversized(name="notebook, 8 MiB of braces to fill in", make=lambda: _notebook("!pip install " + "{a}{" * (2 * _MIB)), read=_says),
    Oversized(name="notebook, 8 MiB of quotes", make=lambda: _notebook("!pip install " + "'\"" * (4 * _MIB)), read=_says),
    Oversized(name="notebook, 300,000 script blocks begun", make=lambda: _notebook("# /// script\n" * 300_000), read=_says),
    Oversized(name="Pipfile, 50,000 packages", make=lambda: _named_rows(50_000), read=_pipfile),
    Oversized(name="Pipfile of 64 MiB", make=lambda: _filled("[packages]\n", _COMMENT, 64 * _MIB), read=_pipfile),
    Oversized(name="Pipfile, nested 10,000 deep", make=lambda: _deep_toml("[packages]\n"), read=_pipfile),
    Oversized(name="cached selection, nested 10,000 deep", make=lambda: b'{"schema": 1, "selection": ' + b"[" * 10_000, read=_cached),
    Oversized(name="uv.lock of 10 MiB, one array of numbers", make=lambda: _filled(_UV_HEAD + "x = [", "1,", 10 * _MIB - 1000), read=_lock("uv.lock")),
    Oversized(name="pylock.toml of 10 MiB, one text", make=lambda: _filled(_PYLOCK_HEAD + 'x = "', "a", 10 * _MIB - 1000), read=_lock("pylock.toml")),
    Oversized(name="requirements.txt of 10 MiB, comments", make=lambda: _filled("", _COMMENT, 10 * _MIB - 1000), read=_lock("requirements.txt")),
    Oversized(name="RECORD of 8 MiB", make=lambda: _filled("", "a/b.py,sha256=x,10\n", 8 * _MIB), read=lambda data: parse_record(data.decode())),
    *(Oversized(name=name, make=make, read=read) for name, make, read in MADE),
    Oversized(name="METADATA of 64 MiB", make=lambda: _filled("Name: a\n\n", _COMMENT, 64 * _MIB), read=lambda data: parse_metadata(data.decode())),
)  # fmt: skip
