"""The common mistakes, each looked for: one row with what was found and the one line that mends it (``doctor``)."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from mlenv import kernels
from mlenv.cuda.states import Fit
from mlenv.errors import MlenvError
from mlenv.model import Installed, Selection, value
from mlenv.services import hygiene
from mlenv.services.check import built_elsewhere
from mlenv.services.notes import notes_on_kernels, user_sites
from mlenv.services.project import Project
from mlenv.services.refusals import is_managed

__all__ = ["Found", "Row", "mistakes", "row_json"]


@value
class Row:
    """One mistake, made here or not."""

    name: str
    """Stable: ``no-lock``."""
    state: str = "fine"
    """``fine``, ``found``, ``unknown`` (it could not be told)."""
    text: str = ""
    mend: str = ""
    """One line to type; empty where there is nothing to do."""


@value
class Found:
    """What the rows are made from; ``None`` and empty where there is no project."""

    project: Project | None
    installed: Installed = Installed()
    selection: Selection | None = None
    fits: Sequence[Fit] = ()


def row_json(row: Row) -> dict[str, Any]:
    """Return the machine-readable form."""
    return {"name": row.name, "state": row.state, "text": row.text, "mend": row.mend or None}


def mistakes(found: Found) -> tuple[Row, ...]:
    """Return every row, found or not. Cost: 20 ms, one start of git among it; nothing is changed."""
    rows = [*_of_machine()]
    if found.project is not None:
        rows += [
            *_of_environment(found.project, found.installed),
            *_of_files(found.project, found),
            *_of_git(found.project),
        ]
    return tuple(rows)


def _row(name: str, found: bool, text: str, mend: str = "") -> Row:
    return Row(name=name, state="found", text=text, mend=mend) if found else Row(name=name)


def _of_machine() -> Iterator[Row]:
    shadows = notes_on_kernels(kernels.listed())
    yield _row("python3-shadowed", bool(shadows), "; ".join(shadows), "mlenv create")
    named = os.environ.get("PYTHONPATH", "")
    text = f"PYTHONPATH is set ({named}): kernels not of mlenv import from there, mlenv's do not"
    yield _row("pythonpath", bool(named), text, "unset PYTHONPATH")
    sites = user_sites()
    yield _row("user-site", bool(sites), "; ".join(sites), "export PYTHONNOUSERSITE=1")


def _of_environment(project: Project, installed: Installed) -> Iterator[Row]:
    prefix, link = project.environment.prefix, project.link
    server = next((row.version for row in installed.distributions if row.name == "jupyter-server"), "")
    here = prefix is not None and os.path.realpath(prefix) == os.path.realpath(sys.prefix)
    outside = not link.is_relative_to(project.root)
    text = (
        f"the project's environment {link} is the one that runs {'Jupyter' if server else 'mlenv'}: what is added for"
        " the project can break it"
    )
    yield _row("server-environment", here or (outside and bool(server)), text, _own(project))
    yield _managed(project)
    yield _row(
        "global-install",
        outside and not (link / "pyvenv.cfg").is_file() and not (link / "conda-meta").is_dir(),
        f"the project uses {link}, a Python that every project here shares",
        _own(project),
    )
    over = ", ".join(f"{name} ({version})" for name, version in installed.overwritten[:3])
    first = installed.overwritten[0][0] if installed.overwritten else ""
    text = f"pip or uv put another version over conda's files: {over}; conda does not know"
    yield _row("pip-over-conda", bool(first), text, f"conda install --force-reinstall {first}")
    sound = prefix is not None and project.environment.problem is None
    foreign = built_elsewhere(installed, str(prefix)) if sound else ()
    text = "; ".join(f"{name}: {reason}" for name, reason in foreign[:3])
    yield _row("wrong-architecture", bool(foreign), text, "mlenv sync")


def _managed(project: Project) -> Row:
    try:
        managed = is_managed(project)
    except MlenvError as error:
        return Row(name="externally-managed", state="unknown", text=error.message)
    text = f"{project.link.name} is the system's own Python; mlenv does not install into it"
    return _row("externally-managed", managed, text, _own(project))


def _own(project: Project) -> str:
    return "mlenv create" if project.settings.env is None else "take env out of [tool.mlenv], then: mlenv create"


def _of_files(project: Project, found: Found) -> Iterator[Row]:
    selection = found.selection
    if selection is None:
        yield Row(name="no-lock", state="unknown", text="the lock or the manifest cannot be read", mend="mlenv check")
    else:
        declared = selection.manifest is not None
        text = "nothing is locked: another day or another machine gets other versions"
        yield _row("no-lock", selection.lock is None, text, "mlenv lock" if declared else "mlenv freeze")
        of_conda = any(row.conda and row.name == "python" for row in selection.declared)
        of_conda = of_conda or any(pin.source.kind == "conda" and pin.name == "python" for pin in selection.pins)
        said = selection.requires_python or project.settings.python or ".python-version" in project.names or of_conda
        minor = ".".join((project.environment.python or "").split(".")[:2])
        minor = minor or ".".join(map(str, sys.version_info[:2]))
        text = "no file says which Python the project is for"
        yield _row("no-python-version", not said, text, f"mlenv create --python {minor}")
    ignored = [fit for fit in found.fits if fit.state == "cpu-build"]
    yield _row(
        "cuda-ignored",
        bool(ignored),
        "; ".join(fit.text for fit in ignored),
        next((fit.mend for fit in ignored if fit.mend), ""),
    )


def _of_git(project: Project) -> Iterator[Row]:
    inside = project.link.is_relative_to(project.root)
    names = (project.link.name,) if inside and project.link.parent == project.root else ()
    tracked = hygiene.tracked_environments(project.root, names)
    if tracked is None:
        yield Row(name="environment-tracked", state="unknown", text="git gave no answer")
    else:
        first = tracked[0] if tracked else ""
        text = f"git tracks the environment {first}: it works on this machine only, and the lock makes it again"
        yield _row("environment-tracked", bool(tracked), text, f"git rm -r -q -f --cached {shlex.quote(first)}")
    secrets = hygiene.tracked_secrets(project.root)
    text, _, mend = "; ".join(secrets).rpartition(": ")
    yield _row("dotenv-tracked", bool(secrets), text, mend)
