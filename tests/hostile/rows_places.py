"""Project folders, notebooks and outputs that cannot be."""

from __future__ import annotations

from hostile.row import Environment, Folder, Link, Row, project

__all__ = ["ROWS"]

_HERE = {"pyproject.toml": project("six"), "requirements.txt": "six==1.16.0\n", ".venv": Environment()}


def _project(
    title: str,
    name: str,
    code: str = "project-missing",
    says: str = "",
    where: str = "",
    words: tuple[str, ...] = ("check",),
    **files: object,
) -> Row:
    return Row(
        title,
        (*words, f"--project={name}"),
        code,
        where=where,
        says=says,
        files={"pyproject.toml": project("six"), **files},
    )  # type: ignore[dict-item]


def _notebook(title: str, text: str | bytes, code: str, where: str, says: str = "", hint: str = "") -> Row:
    return Row(
        title, "create --from-notebook a.ipynb", code, where=where, says=says, hint=hint, files={"a.ipynb": text}
    )


ROWS = (
    *(
        Row(f"no project: {verb}", verb, "no-project", where="demo", says="no project here", hint="mlenv create")
        for verb in ("check", "sync", "lock", "freeze", "list", "upgrade", "undo", "outdated", "delete", "switch")
    ),
    _project("the project is not there", "gone/here", where="gone/here"),
    _project("the project is a file", "pyproject.toml", where="pyproject.toml"),
    _project("the project is a dangling link", "link", where="link", link=Link("gone")),
    _project("the project is a link to itself", "loop", where="loop", loop=Link("loop")),
    _project("the project has a NUL", "a\0b", "usage", "NUL"),
    _project("the project is too long", "x" * 300, where="xxx"),
    _project("the project is far too long", "/".join(["x" * 100] * 60), where="xxx"),
    _project("the project is a new line", "a\nb"),
    _project("the project is a variable", "$HOME", where="$HOME"),
    _project("the project is a pipe of the system", "/dev/null", where="/dev/null"),
    _project("the project is not there: create", "gone", where="gone", words=("create",)),
    Row(
        "the project is empty",
        ("check", "--project="),
        "usage",
        says="--project needs a value",
        hint="mlenv check --help",
        files=_HERE,
    ),
    _notebook("a notebook that is empty", "", "notebook-unreadable", "a.ipynb"),
    _notebook("a notebook that is no JSON", "moo", "notebook-unreadable", "a.ipynb", "not a notebook"),
    _notebook("a notebook that is a list", "[]", "notebook-unreadable", "a.ipynb"),
    _notebook("a notebook without cells", "{}", "notebook-unreadable", "a.ipynb"),
    _notebook("a notebook whose cells are a number", '{"cells": 1}', "notebook-unreadable", "a.ipynb"),
    _notebook("a notebook that is not UTF-8", b'{"cells": ["\xff"]}', "file-unreadable", "a.ipynb", "UTF-8", "UTF-8"),
    _notebook(
        "a notebook with merge-conflict markers",
        '{\n<<<<<<< HEAD\n"cells": []\n=======\n>>>>>>> x\n}',
        "notebook-unreadable",
        "a.ipynb",
    ),
    _notebook("a notebook nested 100,000 deep", "[" * 100_000, "notebook-unreadable", "a.ipynb"),
    Row("a notebook that is not there", "create --from-notebook gone.ipynb", "notebook-missing", where="gone.ipynb"),
    Row(
        "a notebook that is a folder",
        "create --from-notebook a.ipynb",
        "notebook-missing",
        where="a.ipynb",
        files={"a.ipynb": Folder()},
    ),
    Row(
        "a folder without a notebook",
        "create --from-notebook empty",
        "notebook-missing",
        where="empty",
        says="no notebook lies in empty",
        files={"empty": Folder()},
    ),
    Row(
        "a notebook that is a list of packages",
        "create --from-notebook requirements.txt",
        "notebook-missing",
        where="requirements.txt",
        says="no notebook",
        files={"requirements.txt": "six\n"},
    ),
    Row(
        "a second notebook that is not there",
        "create --from-notebook a.ipynb gone.ipynb",
        "notebook-missing",
        where="gone.ipynb",
        files={"a.ipynb": '{"cells": []}'},
    ),
    Row(
        "a notebook outside the project that is none",
        "create --from-notebook ../b.ipynb",
        "notebook-unreadable",
        where="b.ipynb",
        files={"../b.ipynb": "moo"},
    ),
    Row("a notebook whose name has a NUL", ("create", "--from-notebook", "a\0.ipynb"), "usage", says="NUL"),
    Row(
        "freeze: a notebook that is not there",
        "freeze --notebook gone.ipynb",
        "notebook-missing",
        where="gone.ipynb",
        files=_HERE,
    ),
    Row(
        "freeze: out of the project",
        "freeze --output ../other/pylock.toml",
        "outside",
        where="other/pylock.toml",
        says="outside the project",
        files={**_HERE, "../other/pylock.toml": "mine\n"},
    ),
    Row(
        "freeze: into a folder that is not there",
        "freeze --output gone/pylock.toml",
        "folder-missing",
        where="gone",
        files=_HERE,
    ),
    Row(
        "freeze: over a folder",
        "freeze --output pylock.toml",
        "output-folder",
        where="pylock.toml",
        files={**_HERE, "pylock.toml": Folder()},
    ),
    Row("freeze: over the manifest", "freeze --output pyproject.toml", "usage", where="pyproject.toml", files=_HERE),
    Row("freeze: into a name with a NUL", ("freeze", "--output", "a\0.toml"), "usage", files=_HERE),
    Row(
        "freeze: a list where a lock is asked for",
        "freeze --format pylock --output requirements.txt",
        "usage",
        where="requirements.txt",
        files=_HERE,
    ),
)
