"""Pythons and engines that are not there, do not work, or print rubbish."""

from __future__ import annotations

from pathlib import Path

from hostile.row import Folder, Link, Row, project

__all__ = ["ROWS"]

_HERE = {"pyproject.toml": project("six")}


def _program(text: str, name: str = "odd") -> object:
    def scene(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return scene


def _python(
    title: str, request: str, code: str, says: str = "", hint: str = "", where: str = "--python", **more: object
) -> Row:
    return Row(
        title,
        ("create", "--python", request),
        code,
        where=where,
        says=says,
        hint=hint,
        files={**_HERE, **more.pop("files", {})},
        **more,
    )  # type: ignore[arg-type]


def _uv(title: str, script: str, code: str, says: str, hint: str = "") -> Row:
    return Row(
        title,
        "create",
        code,
        says=says,
        hint=hint,
        files=_HERE,
        scene=_program(script, "uv"),
        env={"MLENV_UV": "{root}/uv"},
    )  # type: ignore[arg-type]


ROWS = (
    _python(
        "a Python that does not exist", "3.99", "python-not-found", "There is no Python 3.99", "uv python install 3.99"
    ),
    _python("a Python 2", "2.7", "python-not-found", "There is no Python 2.7"),
    _python("a Python that only PyPy has", "pypy9.9", "python-not-found", "pypy 9.9"),
    _python("a range that nothing fits", ">=3.99,<4", "python-not-found", ">=3.99,<4"),
    _python("a range that is none", ">=", "python-request-invalid", "does not say which Python", "3.12"),
    _python("a Python that is a sentence", "the newest", "python-request-invalid", "the newest", "3.12"),
    _python("an empty Python", "", "usage", "--python needs a value", "mlenv create --help", where=""),
    _python("a Python with a NUL", "3.1\0", "usage", "NUL", where=""),
    _python("a Python with a new line", "3.12\n3.11", "python-request-invalid", "", "3.12"),
    _python("an option in the Python's place", "--help-me", "usage", "--python", where=""),
    _python("a path where nothing is", "./gone/python", "python-not-found", "No such file", where="gone/python"),
    _python("a folder without a Python", "./empty", "python-broken", "", where="empty", files={"empty": Folder()}),
    _python("a file that is no program", "./pyproject.toml", "python-broken", "", where="pyproject.toml"),
    _python("a program that is no Python", "./odd", "python-broken", "", where="odd", scene=_program("echo hello")),
    _python(
        "a Python that ends with an error",
        "./odd",
        "python-broken",
        "libpython",
        where="odd",
        scene=_program("echo 'error while loading shared libraries: libpython3.so: cannot open' >&2; exit 127"),
    ),
    _python("a Python that dies", "./odd", "python-broken", "", where="odd", scene=_program("kill -11 $$")),
    _python(
        "a Python that prints half an answer",
        "./odd",
        "python-broken",
        "",
        where="odd",
        scene=_program("printf '{\"python\": '"),
    ),
    _python(
        "a Python that answers without end",
        "./odd",
        "python-broken",
        "",
        where="odd",
        scene=_program("yes | head -c 5000000"),
    ),
    _python(
        "a link to a Python that is gone",
        "./python",
        "python-broken",
        "",
        where="python",
        files={"python": Link("/nowhere/python3")},
    ),
    _python("a link to itself", "./python", "python-broken", "", where="python", files={"python": Link("python")}),
    _python(
        "a Python that is not allowed by the project",
        "3.9",
        "python-not-allowed",
        ">=3.11",
        where="",
        files={"pyproject.toml": project("six").replace(">=3.9", ">=3.11")},
    ),
    Row(
        "a Python that only a setting wants",
        "create",
        "python-not-found",
        where="pyproject.toml: tool.mlenv.python",
        says="3.99",
        files={"pyproject.toml": project("six", more='[tool.mlenv]\npython = "3.99"\n')},
    ),
    Row(
        "a Python that only .python-version wants",
        "create",
        "python-not-found",
        where=".python-version; looked in",
        says="3.98",
        files={**_HERE, ".python-version": "3.98\n"},
    ),
    Row(
        "a .python-version with the name of an environment that is not here",
        "create",
        "python-request-invalid",
        where=".python-version",
        says="'my-env' is no version, and pyenv has no environment of this name",
        hint="--python 3.12",
        files={**_HERE, ".python-version": "# pyenv local my-env\nmy-env\n"},
    ),
    Row(
        "a .python-version that leads out of pyenv's folder",
        "create",
        "python-request-invalid",
        where=".python-version",
        says="'..'",
        files={**_HERE, ".python-version": "..\n"},
    ),
    Row(
        "a Python that is neither here nor allowed",
        ("create", "--python", "3.98", "--fetch-python"),
        "python-not-found",
        where="--python",
        says="The project allows only >=3.9,<3.90",
        hint="--python 3.",
        files={"pyproject.toml": project("six").replace(">=3.9", ">=3.9,<3.90")},
    ),
    _python("a Python without the global lock that is not here", "3.98t", "python-not-found", "3.98t", "3.98t"),
    Row(
        "the Pythons, of a project whose manifest is rubbish",
        "pythons",
        "manifest-unreadable",
        where="pyproject.toml",
        files={"pyproject.toml": "[project\n"},
    ),
    Row(
        "the Pythons, with words that it does not take",
        "pythons 3.12",
        "usage",
        hint="mlenv pythons --help",
        files=_HERE,
    ),
    Row(
        "a project that no Python fits",
        "create",
        "python-not-found",
        where="requires-python; looked in",
        says=">=3.99",
        files={"pyproject.toml": project("six").replace(">=3.9", ">=3.99")},
    ),
    Row(
        "an engine with a letter too many",
        "create --engine uvv",
        "usage",
        says="Did you mean 'uv'?",
        hint="mlenv create --help",
        files=_HERE,
    ),
    Row(
        "the engine conda where py-rattler is not",
        "create",
        "engine-missing",
        where="[tool.mlenv] engine",
        says="py-rattler",
        hint="pip install 'mlenv[conda]'",
        files={"pyproject.toml": project("six", more='[tool.mlenv]\nengine = "conda"\n')},
        env={"MLENV_RATTLER": ""},
    ),
    Row(
        "uv is wanted and is not there",
        "create --engine uv",
        "engine-missing",
        says="uv",
        hint="pip install uv",
        files=_HERE,
        env={"MLENV_UV": ""},
    ),
    Row(
        "uv is wanted and its place is a folder",
        "create --engine uv",
        "engine-missing",
        where="demo",
        says="MLENV_UV",
        hint="unset MLENV_UV",
        files=_HERE,
        env={"MLENV_UV": "{root}"},
    ),
    Row(
        "uv is wanted and its place is empty",
        "create --engine uv",
        "engine-missing",
        where="demo",
        says="MLENV_UV",
        hint="unset MLENV_UV",
        files=_HERE,
        env={"MLENV_UV": "{root}/nothing"},
    ),
    _uv("uv prints rubbish for its version", "echo moo", "engine-missing", "MLENV_UV", "unset MLENV_UV"),
    _uv(
        "uv is killed for its memory",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) kill -9 $$;; esac',
        "engine-killed",
        "signal 9",
        "memory",
    ),
    _uv(
        "uv dies",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) kill -11 $$;; esac',
        "engine-killed",
        "signal 11",
    ),
    _uv(
        "uv fails without a word",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) exit 3;; esac',
        "engine-failed",
        "",
    ),
    _uv(
        "uv says that all went well and did nothing",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) exit 0;; esac',
        "engine-answer",
        "",
    ),
    _uv(
        "uv writes a lock that is none",
        'case "$*" in *version*) echo "uv 0.13.8";; *) for a in "$@"; do case "$p" in -o|--output-file) echo "half = [" > "$a";; esac; p="$a"; done;; esac',
        "engine-answer",
        "",
    ),
    _uv(
        "uv prints escape sequences",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) printf "error: \\033[2Jfailed\\n" >&2; exit 2;; esac',
        "engine-failed",
        "",
    ),
    _uv(
        "uv prints a million lines",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) yes error: no | head -n 30000 >&2; exit 2;; esac',
        "engine-failed",
        "",
    ),
    _uv(
        "no space for uv",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) echo "error: Failed to write: No space left on device (os error 28)" >&2; exit 2;; esac',
        "no-space",
        "disk is full",
        "Free some space",
    ),
    _uv(
        "uv may open no more files",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) echo "error: Too many open files (os error 24)" >&2; exit 2;; esac',
        "too-many-files",
        "files",
        "ulimit -n",
    ),
    _uv(
        "uv may not write",
        'case "$1" in --version|version) echo "uv 0.13.8";; *) echo "error: failed to create directory: Permission denied (os error 13)" >&2; exit 2;; esac',
        "not-writable",
        "",
    ),
)
