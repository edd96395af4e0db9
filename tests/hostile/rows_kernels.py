"""Kernels: names that would delete a tree, kernelspecs that are none, and those of others."""

from __future__ import annotations

import json

from hostile.row import Environment, Files, Link, Row, project

__all__ = ["ROWS"]

_HERE: Files = {"pyproject.toml": project("six"), "requirements.txt": "six==1.16.0\n", ".venv": Environment()}
_PLACE = "~/jupyter/kernels"


def _name(title: str, name: str, says: str = "not a legal kernel name", words: tuple[str, ...] = ("create",)) -> Row:
    return Row(title, (*words, f"--name={name}"), "kernel-name", where="--name", says=says, hint="--name ", files=_HERE)


def _spec(**content: object) -> str:
    return json.dumps(
        {
            "argv": ["/nowhere/bin/python", "-m", "ipykernel", "-f", "{connection_file}"],
            "display_name": "x",
            "language": "python",
            **content,
        }
    )


def _other(title: str, files: Files, words: str, code: str, where: str = "", says: str = "", hint: str = "") -> Row:
    return Row(
        title,
        words,
        code,
        where=where,
        says=says,
        hint=hint,
        files={**_HERE, **{f"{_PLACE}/{name}": text for name, text in files.items()}},
    )


ROWS = (
    _name("the kernel's name is two dots", ".."),
    _name("the kernel's name is a dot", "."),
    _name("the kernel's name climbs", "../../x"),
    _name("the kernel's name is a path", "/tmp/x"),
    _name("the kernel's name has a slash", "a/b"),
    _name("the kernel's name has a backslash", "a\\b"),
    _name("the kernel's name begins with a dash", "-x"),
    _name("the kernel's name ends with a dot", "demo."),
    _name("the kernel's name ends with a blank", "demo "),
    _name("the kernel's name ends with a new line", "demo\n"),
    Row(
        "the kernel's name has a NUL",
        ("create", "--name=de\0mo"),
        "usage",
        says="NUL",
        hint="mlenv --help",
        files=_HERE,
    ),
    _name("the kernel's name is long", "x" * 300),
    _name("the kernel's name has capitals", "Demo"),
    _name("the kernel's name has a mark on a letter", "dém"),
    _name("the kernel's name has a loose mark", "de\u0301mo"),
    _name("the kernel's name runs from right to left", "\u05d0\u05d1"),
    _name("the kernel's name turns the reading round", "demo\u202e"),
    _name("the kernel's name is a picture", "\U0001f40d"),
    _name("the kernel's name is a variable", "$HOME"),
    _name("the kernel's name is the home", "~"),
    _name("the kernel's name is Jupyter's own", "python3", "another kernel"),
    _name("the kernel's name is mlenv's own", "mlenv", "another kernel"),
    _name("the kernel's name is a device of Windows", "CON"),
    _name("use: the kernel's name climbs", "..", words=("use", ".venv")),
    _other(
        "the kernel's name is another's",
        {"demo/kernel.json": _spec()},
        "create --name demo",
        "kernel-exists",
        "demo",
        "stays as it is",
        "kernel-name =",
    ),
    _other(
        "the kernel's name is a folder of somebody",
        {"demo/thesis.txt": "moo"},
        "create --name demo --offline",
        "kernel-exists",
        "demo",
        "stays as it is",
        "kernel-name =",
    ),
    _other(
        "the kernel's name is a link of somebody",
        {"demo": Link("/etc")},
        "create --name demo --offline",
        "kernel-exists",
        "demo",
        "",
        "kernel-name =",
    ),
    _other(
        "repair a kernel that is not there", {}, "kernels repair demo", "kernel-missing", "", "demo", "mlenv kernels"
    ),
    _other(
        "repair a kernel of somebody",
        {"demo/kernel.json": _spec()},
        "kernels repair demo",
        "kernel-foreign",
        "demo",
        "not made by mlenv",
        "mlenv doctor demo",
    ),
    _other("repair what climbs", {}, "kernels repair ..", "kernel-missing", "", "..", "mlenv kernels"),
    _other("doctor of a kernel that is not there", {}, "doctor demo", "kernel-missing", "", "demo", "mlenv kernels"),
    _other("doctor of what climbs", {}, "doctor ../demo", "kernel-missing", "", "../demo", "mlenv kernels"),
)
