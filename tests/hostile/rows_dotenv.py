"""`.env` files that cannot be read: the line is named, and nothing of what stands in it."""

from __future__ import annotations

from hostile.row import Folder, Link, Row, project

__all__ = ["ROWS"]

_HERE = {"pyproject.toml": project("six")}


def _file(name: str, content: str | bytes, line: int, says: str) -> Row:
    return Row(
        name,
        "dotenv show",
        "dotenv-invalid",
        where=f".env: line {line}",
        says=says,
        hint="NAME=value",
        files={**_HERE, ".env": content},
    )


ROWS = (
    _file("a line without =", "A=1\nsk-live-1234\n", 2, "no NAME="),
    _file("a quote that is not closed", "A=1\n\n# x\nB='open\n", 4, "quote is not closed"),
    _file("words after the quote", 'A="a" b\n', 1, "follows the closing quote"),
    _file("a key over several lines without quotes", "A=--BEGIN\nMII/x+y==\n", 2, "no name of a variable"),
    _file("a name with a space", "A B=1\n", 1, "no NAME="),
    _file("a NUL in a value", "A=1\nB=x\0y\n", 2, "NUL"),
    Row(
        "a file in Latin-1",
        "dotenv",
        "dotenv-unreadable",
        where=".env: line 2",
        says="not UTF-8",
        hint="UTF-8",
        files={**_HERE, ".env": b"A=1\nB=\xe4\n"},
    ),
    Row("a device", "dotenv", "dotenv-unreadable", where=".env", says="no file", files={**_HERE, ".env": Link("/dev/null")}),
    Row("more than a megabyte", "dotenv", "dotenv-unreadable", where=".env", says="1 MiB",
        files={**_HERE, ".env": "A=1\n" * 300_000}),
    Row("no file", "dotenv", "dotenv-missing", says="no .env", hint="NAME=value", files=_HERE),
    Row("an environment called .env", "dotenv", "dotenv-missing", says="no .env", files={**_HERE, ".env": Folder()}),
    Row("a named file that is not there", "dotenv show dev.env", "dotenv-missing", says="dev.env", files=_HERE),
    Row("an action of nobody", "dotenv shwo", "usage", says="Did you mean 'show'?", hint="dotenv show|load|example"),
    Row("two files", "dotenv show a b", "usage", says="one file", hint="mlenv dotenv show a"),
    Row("loading outside of a notebook", "dotenv load", "notebook-only", says="running notebook", hint="%mlenv dotenv"),
    Row(
        "a setting that leaves the project",
        "check",
        "settings-invalid",
        where="tool.mlenv.dotenv",
        says="outside of the project",
        hint='dotenv = ".env"',
        files={"pyproject.toml": project("six", more='[tool.mlenv]\ndotenv = "../../.aws/credentials"\n')},
    ),
)  # fmt: skip
