"""``activate``: the line that activates the project's environment in the user's shell."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from mlenv.model import Outcome
from mlenv.services.context import Context
from mlenv.services.project import open_project, require_environment

__all__ = ["activate", "line_for"]


def activate(context: Context, shell: str | None) -> Outcome:
    """Print the line for ``shell`` (default: the one that ``SHELL`` names).

    Raises:
        MlenvError: ``no-environment``, ``environment-broken``.
    """
    project = open_project(context)
    require_environment(project)
    chosen = shell or _shell()
    try:
        folder = project.link.relative_to(context.cwd)
    except ValueError:
        folder = project.link
    line = line_for(chosen, folder)
    return Outcome(verb="activate", lines=(line,), data={"shell": chosen, "line": line})


def line_for(shell: str, prefix: Path) -> str:
    """Return the line that activates ``prefix`` in a shell, quoted for it."""
    scripts = prefix / ("Scripts" if sys.platform == "win32" else "bin")
    if shell == "fish":
        return f"source {shlex.quote(str(scripts / 'activate.fish'))}"
    if shell == "csh":
        return f"source {shlex.quote(str(scripts / 'activate.csh'))}"
    if shell == "powershell":
        return "& '{}'".format(str(scripts / "Activate.ps1").replace("'", "''"))
    if shell == "cmd":
        return f'"{scripts / "activate.bat"}"'
    return f"source {shlex.quote(str(scripts / 'activate'))}"


def _shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name in {"fish", "csh", "zsh", "bash"}:
        return name
    if name == "tcsh":
        return "csh"
    return "powershell" if sys.platform == "win32" else "bash"
