"""Locks: cut, mangled, of the future, of another machine, against each other and against the manifest."""

from __future__ import annotations

from hostile.row import Environment, Files, Folder, Link, Row, project, pylock, uv_lock

__all__ = ["ROWS"]

_HASH = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
_FROM = f'wheels = [{{ url = "https://index.example.org/six-1.16.0-py2.py3-none-any.whl", hashes = {{ sha256 = "{_HASH}" }} }}]'
_SIX = f'name = "six"\nversion = "1.16.0"\n{_FROM}'
_WHEEL = 'wheels = [{{ url = "https://index.example.org/six-1.16.0-py2.py3-none-any.whl", hashes = {{ {} }} }}]'
_UV_SIX = 'name = "six"\nversion = "1.16.0"\nsource = { registry = "https://index.example.org/simple" }'


def _pylock(
    title: str,
    text: str | bytes,
    where: str,
    says: str = "",
    hint: str = "mlenv lock",
    code: str = "lock-unreadable",
    words: str = "check",
) -> Row:
    files: Files = {"pyproject.toml": project("six"), "pylock.toml": text, ".venv": Environment()}
    return Row(
        title, words, code, where=f"pylock.toml: {where}" if where else "pylock.toml", says=says, hint=hint, files=files
    )


def _uv(
    title: str,
    text: str | bytes,
    where: str,
    says: str = "",
    hint: str = "uv lock",
    code: str = "lock-unreadable",
    words: str = "check",
) -> Row:
    files: Files = {"pyproject.toml": project("six"), "uv.lock": text, ".venv": Environment()}
    return Row(title, words, code, where=f"uv.lock: {where}" if where else "uv.lock", says=says, hint=hint, files=files)


def _found(
    title: str, files: Files, verdict: str, kind: str, says: str = "", hint: str = "", words: str = "check"
) -> Row:
    return Row(
        title,
        words,
        verdict=verdict,
        kind=kind,
        says=says,
        hint=hint,
        files={"pyproject.toml": project("six"), ".venv": Environment(), **files},
    )


def _pylock_wheel(hashes: str) -> str:
    return pylock(f'name = "six"\nversion = "1.16.0"\n{_WHEEL.format(hashes)}')


ROWS = (
    _pylock("pylock: empty", "", "", "empty", code="lock-truncated"),
    _pylock("pylock: only blanks", "\n\n  \n", "", "empty", code="lock-truncated"),
    _pylock("pylock: cut in a key", 'lock-version = "1.0"\n[[packa', "end of file", "cut short", code="lock-truncated"),
    _pylock(
        "pylock: cut in a text",
        'lock-version = "1.0"\ncreated-by = "ha',
        "end of file",
        "cut short",
        code="lock-truncated",
    ),
    _pylock("pylock: not UTF-8", b'lock-version = "1.0"\ncreated-by = "\xff"\n', "line 2", "utf-8", "UTF-8"),
    _pylock("pylock: a NUL", pylock(_SIX) + "\0", "line 7"),
    _pylock(
        "pylock: merge-conflict markers",
        pylock(_SIX) + "<<<<<<< HEAD\n=======\n>>>>>>> main\n",
        "line 7",
        "merge-conflict",
    ),
    _pylock("pylock: JSON", '{"lock-version": "1.0"}', "line 1"),
    _pylock("pylock: HTML", "<!DOCTYPE html>\n<html>404</html>\n", "line 1"),
    _pylock(
        "pylock: a newer format",
        pylock(_SIX, head='lock-version = "9.0"\ncreated-by = "hand"\n'),
        "lock-version",
        "9.0",
        "Upgrade mlenv",
        code="lock-version-unsupported",
    ),
    _pylock(
        "pylock: a version that is a number",
        pylock(_SIX, head='lock-version = 1\ncreated-by = "hand"\n'),
        "lock-version",
    ),
    _pylock(
        "pylock: a version that is a word",
        pylock(_SIX, head='lock-version = "one"\ncreated-by = "hand"\n'),
        "lock-version",
    ),
    _pylock("pylock: no version", pylock(_SIX, head='created-by = "hand"\n'), "lock-version", "missing"),
    _pylock("pylock: nobody made it", pylock(_SIX, head='lock-version = "1.0"\n'), "created-by"),
    _pylock("pylock: no packages", pylock(), "packages"),
    _pylock(
        "pylock: packages that are a text", 'lock-version = "1.0"\ncreated-by = "hand"\npackages = "six"\n', "packages"
    ),
    _pylock("pylock: a package without a name", pylock('version = "1"'), "packages[0].name"),
    _pylock("pylock: a name that is a number", pylock('name = 6\nversion = "1"'), "packages[0].name"),
    _pylock("pylock: a name that is a path", pylock('name = "../../six"\nversion = "1"'), "packages[0].name"),
    _pylock(
        "pylock: a version of a package that is a number", pylock('name = "six"\nversion = 7'), "packages[0].version"
    ),
    _pylock(
        "pylock: a version of a package that is none", pylock('name = "six"\nversion = "newest"'), "packages[0].version"
    ),
    _pylock("pylock: one package twice", pylock(_SIX, _SIX.replace("1.16.0", "1.17.0")), "packages[1]", "six"),
    _pylock("pylock: a marker that is none", pylock(f'{_SIX}\nmarker = "weather is fine"'), "packages[0].marker"),
    _pylock(
        "pylock: a wheel without hashes",
        pylock(
            'name = "six"\nversion = "1.16.0"\nwheels = [{ url = "https://index.example.org/six-1.16.0-py2.py3-none-any.whl" }]'
        ),
        "packages[0].wheels[0].hashes",
    ),
    _pylock("pylock: a hash that is a number", _pylock_wheel("sha256 = 1"), "packages[0].wheels[0].hashes"),
    _pylock(
        "pylock: a hash that is no hash", _pylock_wheel('sha256 = "xyz"'), "packages[0].wheels[0].hashes", "sha256"
    ),
    _pylock(
        "pylock: a Python range that is none",
        pylock(_SIX, head='lock-version = "1.0"\ncreated-by = "hand"\nrequires-python = "three"\n'),
        "requires-python",
    ),
    _pylock("pylock: nested 50,000 deep", 'lock-version = "1.0"\nx = ' + "[ " * 50_000, "", "deep"),
    _pylock("pylock: 5 MB of nothing", "# nothing\n" * 500_000, "", code="lock-truncated"),
    _pylock(
        "pylock: a seal that says more",
        "lock-version = '1.0'\ncreated-by = 'mlenv'\n[[packages]]\nname = 'six'\nversion = '1.16.0'\ndirectory = {path = '.'}\n[tool.mlenv]\npackages = 9\ndigest = 'sha256:0'\nrequirements = []\n",
        "",
        code="lock-truncated",
    ),
    _pylock(
        "pylock: mlenv made it and the seal is gone",
        pylock(_SIX, head='lock-version = "1.0"\ncreated-by = "mlenv"\n'),
        "",
        code="lock-truncated",
    ),
    _uv("uv.lock: empty", "", "", "empty", code="lock-truncated"),
    _uv("uv.lock: cut in a table", uv_lock(_UV_SIX)[:-30], "", code="lock-truncated"),
    _uv("uv.lock: not UTF-8", b"version = 1\nx = '\xff'\n", "line 2", "utf-8", "UTF-8"),
    _uv(
        "uv.lock: merge-conflict markers",
        uv_lock(_UV_SIX) + "<<<<<<< HEAD\n=======\n>>>>>>> main\n",
        "line ",
        "merge-conflict",
    ),
    _uv(
        "uv.lock: a newer format",
        uv_lock(_UV_SIX, head="version = 99\nrevision = 1\n"),
        "version",
        "99",
        "Upgrade mlenv",
        code="lock-version-unsupported",
    ),
    _uv("uv.lock: a version that is a text", uv_lock(_UV_SIX, head='version = "1"\n'), "version"),
    _uv("uv.lock: no version", uv_lock(_UV_SIX, head="revision = 1\n"), "", "missing"),
    _uv("uv.lock: a package without a source", uv_lock('name = "six"\nversion = "1"'), "package[1]", "source"),
    _uv(
        "uv.lock: a package without a name", uv_lock('version = "1"\nsource = { registry = "x" }'), "package[1]", "name"
    ),
    _uv("uv.lock: one package twice", uv_lock(_UV_SIX, _UV_SIX), "package[2]", "twice"),
    _uv(
        "uv.lock: a marker that is none",
        uv_lock(_UV_SIX).replace('{ name = "six" }]\n[', '{ name = "six", marker = "weather" }]\n['),
        "package[0]",
        "weather",
    ),
    _uv("uv.lock: a dependency that it does not hold", uv_lock(), "package[0]", "six"),
    _uv(
        "uv.lock: a Python range that is none",
        uv_lock(_UV_SIX, head='version = 1\nrequires-python = "three"\n'),
        "requires-python",
        "three",
    ),
    _uv("uv.lock: nested 50,000 deep", "version = 1\nx = " + "[ " * 50_000, "", "deep"),
    Row(
        "a lock that --lock names and that is not there",
        "check --lock pylock.dev.toml",
        "lock-not-found",
        where="pylock.dev.toml",
        hint="mlenv lock",
        files={"pyproject.toml": project("six")},
    ),
    Row(
        "a lock of no known name",
        "check --lock my.lock",
        "lock-kind-unknown",
        where="my.lock",
        hint="Known",
        files={"pyproject.toml": project("six"), "my.lock": ""},
    ),
    Row(
        "a lock that --lock names outside",
        "check --lock ../pylock.toml",
        "lock-outside",
        where="--lock",
        hint="Name a file of the project",
        files={"pyproject.toml": project("six"), "../pylock.toml": pylock(_SIX)},
    ),
    Row(
        "a lock that is a folder",
        "check --lock pylock.toml",
        "lock-not-found",
        where="pylock.toml",
        files={"pyproject.toml": project("six"), "pylock.toml": Folder()},
    ),
    Row(
        "a lock that is a dangling link",
        "check --lock pylock.toml",
        "lock-not-found",
        where="pylock.toml",
        files={"pyproject.toml": project("six"), "pylock.toml": Link("gone.toml")},
    ),
    Row(
        "a lock of poetry that holds nothing",
        "create",
        "lock-truncated",
        where="poetry.lock",
        hint="poetry lock",
        files={"poetry.lock": "# x\n", "pyproject.toml": project("six")},
    ),
    Row(
        "a lock of poetry that is rubbish",
        "check",
        "lock-unreadable",
        where="poetry.lock: line 1",
        hint="poetry lock",
        files={"poetry.lock": "# rubbish \x00"},
    ),
    _found(
        "two locks that disagree",
        {"uv.lock": uv_lock(_UV_SIX), "pylock.toml": pylock(_SIX.replace("1.16.0", "1.17.0"))},
        "in-step",
        "conflict",
        "uv.lock is used",
    ),
    _found(
        "a lock beside it that cannot be read",
        {"uv.lock": uv_lock(_UV_SIX), "pylock.toml": "moo"},
        "in-step",
        "conflict",
        "cannot be read",
    ),
    _found(
        "a manifest that asks for more than the lock",
        {"uv.lock": uv_lock(_UV_SIX), "pyproject.toml": project("six", "idna")},
        "relock",
        "relock",
        "idna",
        "mlenv sync",
    ),
    _found(
        "a manifest that asks for less than the lock",
        {"uv.lock": uv_lock(_UV_SIX), "pyproject.toml": project()},
        "relock",
        "relock",
        "six",
        "mlenv sync",
    ),
    _found(
        "a changed specifier",
        {"uv.lock": uv_lock(_UV_SIX), "pyproject.toml": project("six>=1.10")},
        "relock",
        "relock",
        "six",
        "mlenv sync",
    ),
    _found(
        "a lock of another project",
        {"uv.lock": uv_lock(_UV_SIX), "pyproject.toml": project("six", name="other")},
        "relock",
        "relock",
        "demo",
        "mlenv sync",
    ),
    _found(
        "a lock for another Python",
        {"pylock.toml": pylock(_SIX, head='lock-version = "1.0"\ncreated-by = "hand"\nrequires-python = ">=3.99"\n')},
        "sync",
        "python",
        "3.99",
    ),
    _found(
        "a lock for another platform",
        {
            "pylock.toml": pylock(
                _SIX, head='lock-version = "1.0"\ncreated-by = "hand"\nenvironments = ["sys_platform == \'win32\'"]\n'
            )
        },
        "sync",
        "python",
        "win32",
    ),
    _found(
        "a marker that matches nothing",
        {"pylock.toml": pylock(f"{_SIX}\nmarker = \"python_version < '3'\"")},
        "relock",
        "relock",
        "six",
    ),
    _found(
        "another version than the lock's",
        {"pylock.toml": pylock(_SIX.replace("1.16.0", "1.17.0"))},
        "sync",
        "different",
        "",
        "mlenv sync",
    ),
    _found(
        "a package of the lock that is missing",
        {"pylock.toml": pylock(_SIX, _SIX.replace("six", "idna"))},
        "sync",
        "missing",
        "",
        "mlenv sync",
    ),
    _found(
        "a package from another source than the lock's",
        {"pylock.toml": pylock('name = "six"\nversion = "1.16.0"\ndirectory = { path = "./gone" }')},
        "sync",
        "source",
        "",
    ),
)
