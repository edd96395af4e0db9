"""Manifests of other tools and of notebooks that are damaged, and files that are not what their names say."""

from __future__ import annotations

import json

from hostile.row import Files, Row

__all__ = ["ROWS"]

_SAYS = "is not what its name says: it is"


def _pipfile(title: str, text: str | bytes, where: str, says: str = "", code: str = "manifest-unreadable") -> Row:
    return Row(title, "check", code, where=where, says=says, files={"Pipfile": text})


def _foreign(title: str, name: str, text: str, says: str, code: str = "requirements-unreadable") -> Row:
    files: Files = {name: text}
    return Row(title, "check", code, where=f"{name}: line", says=f"{name} {_SAYS} {says}", files=files)


def _declares(title: str, where: str, *cells: str, says: str = "", **metadata: object) -> Row:
    rows = [{"cell_type": "code", "source": cell} for cell in cells]
    text = json.dumps({"cells": rows, "metadata": metadata})
    return Row(
        title, "check a.ipynb", "manifest-unreadable", where=f"a.ipynb: {where}", says=says, files={"a.ipynb": text}
    )


ROWS = (
    _pipfile("Pipfile: a name that is a path", '[packages]\n"../x" = "*"\n', "packages", "not the name of a package"),
    _pipfile("Pipfile: a version that is none", '[packages]\nsix = ">>1"\n', "packages.six", "not a requirement"),
    _pipfile("Pipfile: a version that is a number", "[packages]\nsix = 1\n", "packages.six", "expected here"),
    _pipfile("Pipfile: packages that are a list", 'packages = ["six"]\n', "packages", "a table is expected"),
    _pipfile("Pipfile: a Python that is none", '[requires]\npython_version = "x"\n', "requires", "version of Python"),
    _pipfile("Pipfile: a marker that is none", '[packages]\nsix = {markers = "x"}\n', "packages.six"),
    _pipfile("Pipfile: merge conflict", "<<<<<<< HEAD\n[packages]\n=======\n", "line 1", "merge-conflict"),
    _pipfile("Pipfile: cut short", '[packages]\nsix = "', "Pipfile"),
    _pipfile("Pipfile: not UTF-8", b'[packages]\nsix = "\xff"\n', "Pipfile: line 2", "utf-8"),
    _pipfile("Pipfile: JSON", '{"packages": {}}', "line 1", "JSON"),
    _foreign("a list that is a web page", "requirements.txt", "<!DOCTYPE html>\n<html></html>\n", "a web page"),
    _foreign("a list that is a conda list", "requirements.txt", "@EXPLICIT\nhttps://x/y.conda\n", "a conda list"),
    _foreign("a list that conda exported", "requirements.txt", "numpy=1.26.4=py311_0\n", "a conda list"),
    _foreign("a list that is an environment.yml", "requirements.txt", "name: x\ndependencies:\n- six\n", "YAML"),
    _foreign("a list that is TOML", "requirements.txt", '[project]\nname = "x"\n', "TOML or INI"),
    _foreign("a list that is JSON", "requirements.in", '{"six": "*"}\n', "JSON"),
    _foreign("a list that pip printed", "requirements.txt", "Collecting six\n", "what pip install printed"),
    _foreign("a list that pip list printed", "requirements.txt", "Package Version\n------- -------\n", "what pip list"),
    _foreign(
        "a list that is a pointer", "requirements.txt", "version https://git-lfs.github.com/spec/v1\n", "a pointer"
    ),
    _foreign("a pyproject that is INI", "pyproject.toml", "[metadata]\nname = x\n", "INI", "manifest-unreadable"),
    _foreign("a Pipfile.lock that is TOML", "Pipfile.lock", '[packages]\nsix = "*"\n', "TOML", "lock-unreadable"),
    _declares("two script blocks", "cell 2", *["# /// script\n# dependencies = []\n# ///"] * 2, says="allows one"),
    _declares("a script block cut short", "cell 1", "# /// script\n# dependencies = [\n# ///"),
    _declares("a script block with no requirement", "cell 1", '# /// script\n# dependencies = ["?"]\n# ///'),
    _declares("metadata of uv with a number", "metadata.uv.dependencies[0]", "", uv={"dependencies": [1]}),
    Row("check of a notebook that is not there", "check gone.ipynb", "notebook-missing", where="gone.ipynb"),
    Row(
        "check of what is no notebook", "check a.txt", "notebook-missing", says="no notebook", files={"a.txt": "six\n"}
    ),
    Row("scan of what is no notebook", "scan a.txt", "notebook-missing", says="no notebook", files={"a.txt": "six\n"}),
    Row(
        "check of a notebook that is no JSON",
        "check a.ipynb",
        "notebook-unreadable",
        where="a.ipynb",
        files={"a.ipynb": "moo", "requirements.txt": "six==1.17.0\n"},
    ),
    Row(
        "a notebook that declares nothing, and no project",
        "check a.ipynb",
        "no-project",
        where="a.ipynb",
        hint="mlenv create --from-notebook a.ipynb",
        files={"a.ipynb": '{"cells": [{"cell_type": "code", "source": "import six"}]}'},
    ),
)
