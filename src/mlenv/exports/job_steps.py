"""The shell lines of a job that proves a project elsewhere; what the pipelines of several services have in common."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from mlenv.exports.deployment import Deployment

__all__ = [
    "EXECUTED",
    "check_line",
    "commit_line",
    "indented",
    "install_lines",
    "restore_line",
    "run_lines",
    "yaml_line",
    "yaml_word",
]

_PLAIN = re.compile(r"[a-z][\w ./=+-]*", re.ASCII)
EXECUTED = "executed"
"""The folder of the executed notebooks, relative to the project."""


def install_lines(deployment: Deployment, python: str, folder: str) -> list[str]:
    """Return the lines that install mlenv, in this version, into an environment of its own.

    Args:
        deployment: says which mlenv.
        python: the program to make it with, 3.11 or newer.
        folder: where, as the shell is to read it.
    """
    requirement = shlex.quote(deployment.tool("run"))
    return [
        f'{python} -m venv "{folder}"',
        f'"{folder}/bin/pip" install --quiet --disable-pip-version-check {requirement}',
    ]


def commit_line(path: str, deployment: Deployment, credentials: str) -> str:
    """Return what to type next; ``credentials``: what the service calls those of private indexes."""
    named = ", ".join(deployment.credentials)
    return f"git add {path}, commit and push" + (f"; {credentials} to set there: {named}" if named else "")


def restore_line(deployment: Deployment, *, fetched: bool = False) -> str:
    """Return the line that makes the environment from the lock; ``fetched``: uv brings Python."""
    words = ["mlenv", "sync", *deployment.as_locked]
    if not deployment.conda:
        words += ["--python", deployment.python, *(["--fetch-python"] if fetched else [])]
    return shlex.join(words)


def check_line(deployment: Deployment) -> str:
    """Return the line that holds the environment against the lock."""
    return shlex.join(["mlenv", "check", "--strict", *deployment.told])


def run_lines(deployment: Deployment, failure: str) -> list[str]:
    """Return the lines that execute every notebook, go on where one fails, and name those at the end.

    Args:
        deployment: says which folders are projects of their own.
        failure: the line that tells the service of a failed ``$notebook``; may be empty.
    """
    skipped = [EXECUTED, *deployment.nested]
    where = " ".join(["-not -path '*/.*'", *(f"-not -path {shlex.quote(f'./{folder}/*')}" for folder in skipped)])
    told = [f"    {failure}"] if failure else []
    return [
        "failed=",
        "while IFS= read -r notebook; do",
        '  [ -n "$notebook" ] || continue',
        '  echo "== $notebook"',
        f'  mkdir -p "{EXECUTED}/$(dirname "$notebook")"',
        f'  mlenv run "$notebook" --output "{EXECUTED}/$notebook" </dev/null || {{',
        '    failed="$failed $notebook"',
        *told,
        "  }",
        "done <<NOTEBOOKS",
        f"$(find . -name '*.ipynb' {where} -printf '%P\\n' | sort)",
        "NOTEBOOKS",
        'if [ -n "$failed" ]; then',
        '  echo "failed:$failed"',
        "  exit 1",
        "fi",
    ]


def indented(lines: Sequence[str], spaces: int) -> str:
    """Return the lines with so many spaces before each."""
    return "\n".join(f"{' ' * spaces}{line}" if line else "" for line in lines)


def yaml_line(text: str) -> str:
    """Return a command as a YAML scalar: as it is where every reader takes it so, else between quotes."""
    return text if _PLAIN.fullmatch(text) else yaml_word(text)


def yaml_word(text: str) -> str:
    """Return a text as a YAML scalar that no reader takes for anything else."""
    return "'" + text.replace("'", "''") + "'"
