"""Ten megabytes of what no tool writes, for the readers of every lock and manifest; the harmless ones are real in form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torture.readers import selected

__all__ = ["MADE"]

_SIZE = 10_000_000
_TOML = {
    "uv.lock": 'version = 1\nrequires-python = ">=3.9"\n',
    "pylock.toml": 'lock-version = "1.0"\ncreated-by = "x"\n',
    "poetry.lock": '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.9"\ncontent-hash = "00"\n',
    "pdm.lock": '[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\n',
}
_PIPFILE = '{"_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6, "requires": {}}, "develop": {}, "default": {'
_CONDA = "version: 1\nmetadata:\n  content_hash: {}\n  channels: []\n  platforms: [linux-64]\n  sources: []\npackage:\n"
_POETRY = {"pyproject.toml": b'[tool.poetry]\nname = "p"\n[tool.poetry.dependencies]\na0 = "*"\n'}
_FILE = "a{n}-1.{n}-cp3{m}-cp3{m}-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
_LONG = " and ".join(f"python_version != '3.{n}'" for n in range(110))


def _lock(name: str, **beside: bytes) -> Callable[[bytes], object]:
    """Return the reader of a lock that is asked for by name: nothing is passed over."""
    settings = f'lock = "{name}"\n'.encode()
    return lambda data: selected({"mlenv.toml": settings, **beside, name: data})


def _filled(head: str, row: str, tail: str = "", size: int = _SIZE) -> bytes:
    return (head + row * ((size - len(head) - len(tail)) // len(row)) + tail).encode()


def _many(head: str, row: Callable[[int], str], tail: str = "", size: int = _SIZE) -> bytes:
    rows, length, number = [head], len(head) + len(tail), 0
    while length < size:
        rows.append(row(number))
        length += len(rows[-1])
        number += 1
    return ("".join((*rows, tail))).encode()


def _toml(head: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield what costs a TOML parser most."""
    yield "dotted keys", lambda: _many(head, lambda n: f"x{n}.{'a.' * 100}a = 1\n")
    yield "tables", lambda: _many(head, lambda n: f"[x{n}]\n")
    yield "deep tables", lambda: _many(head, lambda n: f"[x{n}.{'a.' * 100}a]\n")
    yield "arrays of tables", lambda: _filled(head, "[[x]]\n[[x.x]]\n")
    yield "inline tables", lambda: _filled(head + "x = [", "{" + "a." * 100 + "a=1},", "]\n")
    yield "keys", lambda: _many(head, lambda n: f'"k{n}"=1\n')
    yield "dates", lambda: _filled(head + "x = [", "1979-05-27T07:32:00.9-07:00,", "]\n")
    yield "one number", lambda: _filled(head + "x = 0x", "f", "\n")
    yield "escapes", lambda: _filled(head + 'x = "', "\\u0041", '"\n')
    yield "quotes", lambda: _filled(head + 'x = """', '""a', '"""\n')
    yield "empty lines", lambda: _filled(head, "\n")
    yield "a conflict", lambda: _filled(head + "bad\n=======", "\n", "x\n")


def _json() -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield "empty lists", lambda: _filled(_PIPFILE + '}, "x":[', "[],", "1]}")
    yield "packages", lambda: _many(_PIPFILE, lambda n: f'"a{n}":{{"version":"==1.0"}},', '"a":{}}}')
    yield "one number", lambda: _filled(_PIPFILE + '}, "x":', "1", "}")
    yield "one key many times", lambda: _filled(_PIPFILE + "}, ", '"x":1,', '"y":1}')
    yield "deep", lambda: _filled(_PIPFILE + '}, "x":', "[")
    yield (
        "markers",
        lambda: _many(_PIPFILE, lambda n: f'"a{n}":{{"markers":"{_LONG} and os_name == \'{n}\'"}},', '"a":{}}}'),
    )
    yield "spaces", lambda: _filled(_PIPFILE + "}}", " ", "x")


def _poetry(number: object, more: str = "") -> str:
    said = f'[[package]]\nname = "a{number}"\nversion = "1.0"\noptional = false\npython-versions = ">=3.9"\n'
    return f'{said}groups = ["main"]\n{more}'


def _files(number: int, key: str = "files") -> str:
    rows = "".join(f'  {{file = "{_FILE.format(n=number, m=m)}", hash = "sha256:{number:064x}"}},\n' for m in range(9))
    return f"{key} = [\n{rows}]\n"


def _of_poetry() -> Iterator[tuple[str, Callable[[], bytes]]]:
    tail = _TOML["poetry.lock"]
    yield "real in form", lambda: _many("", lambda n: _poetry(n, _files(n)), tail)
    yield "long markers", lambda: _many("", lambda n: _poetry(n, f"markers = \"{_LONG} and os_name == '{n}'\"\n"), tail)
    yield (
        "one long marker",
        lambda: _filled(_poetry(0) + 'markers = "', "os_name == 'a' or ", "os_name == 'b'\"\n" + tail),
    )
    ranges = ",".join(f"!=3.{n}.*" for n in range(40))
    yield (
        "ranges of Python",
        lambda: _many("", lambda n: _poetry(n).replace(">=3.9", f">=3.{n},{ranges}"), tail, 2_500_000),
    )
    yield "alternatives of Python", lambda: _filled(tail.replace(">=3.9", "3.1"), "|| 3.", '1"\n')
    yield "spaces in a range", lambda: _filled(tail.partition('"\ncontent')[0], " ", 'x"\n')


def _of_older_poetry() -> Iterator[tuple[str, Callable[[], bytes]]]:
    tail = _TOML["poetry.lock"].replace("2.1", "2.0")

    def graph(size: int, edge: str) -> bytes:
        needs = "".join(edge.format(n=n) for n in range(size))
        return ("".join(_poetry(n, f"[package.dependencies]\n{needs}") for n in range(size)) + tail).encode()

    yield "everything needs everything", lambda: graph(170, 'a{n} = "^1.{n}"\n')
    yield "everything needs everything, more", lambda: graph(800, 'a{n} = "^1.{n}"\n')
    yield "by markers", lambda: graph(170, 'a{n} = {{version = "*", python = ">=3.{n}"}}\n')
    yield "one name", lambda: _many("", lambda n: _poetry("").replace("1.0", f"1.{n}"), tail, 500_000)
    yield "extras", lambda: _many(_poetry(0, "[package.extras]\n"), lambda n: f'e{n} = ["x{n} (>=1)"]\n', tail)


def _of_pdm() -> Iterator[tuple[str, Callable[[], bytes]]]:
    head = _TOML["pdm.lock"]

    def row(number: int, more: str) -> str:
        return f'[[package]]\nname = "a{number}"\nversion = "1.0"\ngroups = ["default"]\n{more}'

    yield "real in form", lambda: _many(head, lambda n: row(n, _files(n)))
    yield "long markers", lambda: _many(head, lambda n: row(n, f"marker = \"{_LONG} and os_name == '{n}'\"\n"))
    needs = ", ".join(f"\"a{n}>=1; os_name == '{n}'\"" for n in range(160))
    yield "dependencies", lambda: "".join((head, *(row(n, f"dependencies = [{needs}]\n") for n in range(160)))).encode()
    ranges = ",".join(f"!=3.{n}.1" for n in range(100))
    yield "ranges of Python", lambda: _many(head, lambda n: row(n, f'requires_python = ">={n},{ranges}"\n'))


def _of_lists() -> Iterator[tuple[str, Callable[[], bytes]]]:
    hashes = "".join(f" \\\n    --hash=sha256:{n:064x}" for n in range(18))
    yield "real in form", lambda: _many("", lambda n: f"a{n}==1.{n}{hashes}\n")
    yield "long markers", lambda: _many("", lambda n: f"a{n}==1 ; {_LONG} and os_name == '{n}'\n")
    yield "extras", lambda: _many("", lambda n: f"a{n}[{','.join(f'e{m}' for m in range(150))}]==1\n")
    yield "folders", lambda: _many("", lambda n: f"./a{n}/{'../b/' * 150}\n")
    yield "form feeds", lambda: _filled("a==1\n", "\x0c")


def _of_conda() -> Iterator[tuple[str, Callable[[], bytes]]]:
    def row(number: int) -> str:
        address = f"https://conda.example.org/noarch/a{number}-1.{number}-py_0.conda"
        said = f"- name: a{number}\n  version: 1.{number}\n  manager: conda\n  platform: linux-64\n  url: {address}\n"
        return f"{said}  hash:\n    md5: {number:032x}\n  category: main\n  optional: false\n  dependencies: {{}}\n"

    yield "real in form", lambda: _many(_CONDA, row, size=1_500_000)
    yield "rows", lambda: _many(_CONDA, row)
    yield "flow lists", lambda: _filled("x: [", "[],", "]\n")
    yield "keys", lambda: _many("", lambda n: f"k{n}: 1\n")
    yield "deep", lambda: _filled("x: ", "[", "\n")
    yield "folded", lambda: _filled("x: >\n", " a\n")
    yield "directives", lambda: _filled("", "%A\n")
    yield "anchors", lambda: _many("x:\n", lambda n: f"- &a{n} b\n")
    keys = ", ".join(f"k{n}: 1" for n in range(1000))
    yield "merges", lambda: _many(f"a: &a {{{keys}}}\n", lambda n: f"b{n}: {{<<: *a}}\n")


def _of_explicit() -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield "rows", lambda: _many("@EXPLICIT\n", lambda n: f"https://c.example.org/noarch/a{n}-1-py_0.conda#{n:032x}\n")
    yield "comments", lambda: _filled("@EXPLICIT\n", "#\n")
    yield (
        "pip rows",
        lambda: _many("@EXPLICIT\n", lambda n: f"# pip a{n} @ https://x.example.org/a{n}-1-py3-none-any.whl\n"),
    )


_FORMATS: tuple[tuple[str, Callable[[bytes], object], Iterator[tuple[str, Callable[[], bytes]]]], ...] = (
    *((name, _lock(name), _toml(head)) for name, head in _TOML.items() if name == "uv.lock"),
    ("Pipfile.lock", _lock("Pipfile.lock"), _json()),
    ("poetry.lock", _lock("poetry.lock"), _of_poetry()),
    ("poetry.lock of format 2.0", _lock("poetry.lock", **_POETRY), _of_older_poetry()),
    ("pdm.lock", _lock("pdm.lock"), _of_pdm()),
    ("requirements.txt", _lock("requirements.txt"), _of_lists()),
    ("conda-lock.yml", _lock("conda-lock.yml"), _of_conda()),
    ("explicit list of conda", _lock("conda-linux-64.lock"), _of_explicit()),
)
MADE = tuple((f"{name}, {what}", make, read) for name, read, rows in _FORMATS for what, make in rows)
"""Name, what makes the file, its reader."""
