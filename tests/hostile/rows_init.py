"""`mlenv init` where something is in the way."""

from __future__ import annotations

from hostile.row import Folder, Link, Row, project

__all__ = ["ROWS"]

ROWS = (
    Row("a folder that holds a file", "init demo", "template-exists", where="demo", says="a.txt",
        hint="--yes adds what is missing", files={"demo/a.txt": "a"}),
    Row("a project already", "init", "template-exists", says="pyproject.toml", hint="overwrites nothing",
        files={"pyproject.toml": project("six")}),
    Row("a file of this name", "init demo", "template-target", where="demo", says="no folder", files={"demo": "a"}),
    Row("a link that leads nowhere", "init demo", "template-target", where="demo", says="no folder",
        files={"demo": Link("nowhere")}),
    Row("a file where a folder is needed", "init demo --yes", "template-target", where="demo/src", says="src is a file",
        files={"demo/src": "a"}),
    Row("a package where the folder is named", ("init", "numpy<2"), "name-invalid", says="looks like a package",
        hint="mlenv init . 'numpy<2'"),
    Row("a name that not every system can have", ("init", 'a"b'), "name-invalid", where='a"b', says="no name"),
    Row("a name with a line break", ("init", "a\nb"), "name-invalid", says="no name"),
    Row("a long name", ("init", "n" * 300), "name-invalid", says="no name"),
    Row("a template of nobody", "init demo --template mll", "usage", says="Did you mean 'ml'?", hint="init --help"),
    Row("a Python that is none", "init demo --python 3", "usage", says="'3' is no Python version", hint="--python 3.12"),
    Row("an option as a package", ("init", "demo", "--", "--index-url=x"), "requirement-invalid", files={"x": Folder()}),
    Row("packages where others are declared", "init . idna --yes", "usage", says="requirements.txt declares",
        hint="mlenv add idna", files={"requirements.txt": "six\n"}),
)  # fmt: skip
