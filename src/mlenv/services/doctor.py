"""``doctor``: what is here, what is wrong, and what to type; kernels that look well are started to be sure."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlenv import __version__, kernels, runtime, store
from mlenv.engines.choose import Tools
from mlenv.errors import MlenvError
from mlenv.kernels import Kernel
from mlenv.model import Installed, Outcome, value
from mlenv.probe import site
from mlenv.probe.planted import planted
from mlenv.services import front_end, words
from mlenv.services.context import Context
from mlenv.services.diagnose import Diagnosis
from mlenv.services.disk import taken
from mlenv.services.kernels import advice, kernels_of, row
from mlenv.services.notes import hidden_modules, notes_on_folders, notes_on_shell
from mlenv.services.project import Project, open_project
from mlenv.services.proof import Proof, explain, start

__all__ = ["doctor"]

# A person waits for each; a kernel on a loaded machine takes up to 5 s.
_START_TIMEOUT_S = 10.0


@value
class _Section:
    """One part of the answer."""

    name: str
    """Its key in the machine-readable answer."""
    lines: tuple[str, ...]
    data: Any
    ok: bool = True


def doctor(context: Context, kernel_id: str | None = None, *, disk: bool = False) -> Outcome:
    """Look for what is wrong: with this machine and project, or with one kernel.

    Kernels of the project (or the one that is named) are started and ended, each within 15 s; other kernels are only
    looked at. Changes nothing.

    Args:
        context: the project, if there is one here.
        kernel_id: the kernel to examine, of mlenv or not.
        disk: say only what environments, runtimes and caches take on disk; nothing is started then.

    Returns:
        Outcome; ``ok`` is false where anything is wrong. ``data`` has one key per section, ``kernels`` with the
        ``diagnosis`` (kind, sentence, hint, tail) of each that does not start.

    Raises:
        MlenvError: ``kernel-missing``, naming those that are there.
    """
    if disk:
        found, lines = taken(context)
        sections = [_Section(name="disk", lines=lines, data=found)]
    elif kernel_id is not None:
        sections = [_examined((_named(kernel_id),), context)]
    else:
        project, problem = _project_of(context)
        sections = [_host(), _folders(), _runtimes(), _verdict(context, project, problem)]
        sections += [_kernels(context, project), *_machine_and_mistakes(context, project), _notes(project)]
    return Outcome(
        verb="doctor",
        lines=tuple(line for section in sections for line in section.lines),
        ok=all(section.ok for section in sections),
        data={section.name: section.data for section in sections},
    )


def _named(kernel_id: str) -> Kernel:
    rows = [one for one in kernels.listed() if one.id == kernel_id.lower()]
    if not rows:
        known = ", ".join(sorted({one.id for one in kernels.listed()})) or "none"
        raise MlenvError(
            "kernel-missing", f"There is no kernel called {kernel_id}; there are: {known}", hint="mlenv kernels"
        )
    return next((one for one in rows if not one.shadowed_by), rows[0])


def _project_of(context: Context) -> tuple[Project | None, MlenvError | None]:
    try:
        return open_project(context), None
    except MlenvError as error:
        return None, None if error.code == "no-project" else error


def _host() -> _Section:
    from mlenv.services.tools import tools

    found = tools()
    uv = f"uv {found.uv_version} ({found.uv})" if found.uv else "uv is not here: python -m pip install uv"
    python = ".".join(map(str, sys.version_info[:3]))
    data = {"mlenv": __version__, "python": python, "executable": sys.executable, "uv": found.uv}
    return _Section(
        name="host",
        lines=(
            f"mlenv {__version__} on Python {python} ({sys.executable})",
            uv,
            *_too_old(found),
            *front_end.lines_on_the_front_end(),
        ),
        data={**data, "uv_version": found.uv_version or None, "labextension": front_end.labextension_is_here()},
    )


def _too_old(found: Tools) -> tuple[str, ...]:
    """Say which engine is older than the one that keeps a hostile archive inside the environment (T15)."""
    lines = []
    for name, version, lowest, upgrade in (
        ("uv", found.uv_version, (0, 8, 6), "python -m pip install -U uv"),
        ("pip", "" if found.uv else found.pip_version, (26, 0), f"{sys.executable} -m pip install -U pip"),
    ):
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
        if numbers and numbers < lowest:
            need = ".".join(map(str, lowest))
            lines.append(f"{name} {version} is older than {need}: a hostile archive could write elsewhere; {upgrade}")
    return tuple(lines)


def _folders() -> _Section:
    places = {"data": store.data_dir(), "cache": store.cache_dir(), "kernels": kernels.user_folder()}
    lines, data, ok = [], {}, True
    for name, folder in places.items():
        writable = _writable(folder)
        ok = ok and writable
        data[name] = {"path": str(folder), "writable": writable}
        variable = "JUPYTER_DATA_DIR" if name == "kernels" else f"MLENV_{name.upper()}_DIR"
        problem = "" if writable else f": it cannot be written; set {variable} to a folder that you can write"
        lines.append(f"{name} folder {folder}{problem}")
    return _Section(name="folders", lines=tuple(lines), data=data, ok=ok)


def _writable(folder: Path) -> bool:
    """Say whether a folder can be written, or made where it is missing."""
    nearest = next((one for one in (folder, *folder.parents) if os.path.lexists(one)), folder)
    return os.path.isdir(nearest) and os.access(nearest, os.W_OK | os.X_OK)


def _runtimes() -> _Section:
    found = runtime.listed()
    lines = tuple(
        f"runtime {one.key} for {one.python}: ipykernel {one.packages.get('ipykernel', '?')}, "
        f"{words.size(one.size_bytes)}"
        for one in found
    )
    return _Section(
        name="runtimes",
        lines=lines or ("no runtime yet: the first mlenv create makes one",),
        data=[{"path": one.path, "key": one.key, "python": one.python, "bytes": one.size_bytes} for one in found],
    )


def _verdict(context: Context, project: Project | None, problem: MlenvError | None) -> _Section:
    from mlenv import render
    from mlenv.services.check import check_project

    if project is None:
        told = problem.message if problem else "no project here: mlenv create makes one"
        return _Section(name="project", lines=(told,), data=None, ok=problem is None)
    try:
        report = check_project(context, project)
    except MlenvError as error:
        text = f"project {project.root}: {error.message}"
        return _Section(name="project", lines=(text,), data=render.error_json(error), ok=False)
    command = f": {report.next.command}" if report.next.command else ""
    return _Section(
        name="project",
        lines=(f"project {project.root}: {report.verdict}{command}",),
        data=render.report_json(report),
        ok=report.ok,
    )


def _kernels(context: Context, project: Project | None) -> _Section:
    """Look at every kernel, and start those of the project."""
    own = kernels_of(str(project.root)) if project else ()
    examined = _examined(own, context)
    folders = {one.folder for one in own}
    others = [one for one in kernels.listed() if one.folder not in folders]
    lines = [
        f"kernel {one.id}: {one.label}" + (f", {one.reason}; {advice(one)}" if one.reason else "") for one in others
    ]
    if any(one.state == "ok" for one in others):
        lines.append("kernels of other projects were not started; to start one: mlenv doctor ID")
    return _Section(
        name="kernels",
        lines=(*examined.lines, *lines),
        data=[*examined.data, *map(row, others)],
        ok=examined.ok and not any(one.ours and one.state != "ok" for one in others),
    )


def _examined(chosen: tuple[Kernel, ...], context: Context) -> _Section:
    lines: list[str] = []
    data = []
    for kernel in chosen:
        cwd = kernel.project or context.options.project or str(context.cwd)
        proof, problem = _start(kernel, os.path.abspath(context.cwd / cwd), context)
        lines += _told(kernel, proof, problem)
        lines += [f"kernel {kernel.id} is hidden by {kernel.shadowed_by}"] if kernel.shadowed_by else []
        told = (
            {"kind": problem.kind, "sentence": problem.sentence, "hint": problem.hint, "tail": list(problem.tail)}
            if problem
            else None
        )
        data.append({**row(kernel), "seconds": proof and round(proof.seconds, 3), "diagnosis": told})
    return _Section(name="kernels", lines=tuple(lines), data=data, ok=all(one["diagnosis"] is None for one in data))


def _start(kernel: Kernel, cwd: str, context: Context) -> tuple[Proof | None, Diagnosis | None]:
    """Start a kernel unless its files alone say why it cannot; a local file in the way is told even if it starts."""
    if kernel.state not in {"ok", "interpreter-not-executable"}:
        return None, Diagnosis(kind=kernel.state, sentence=kernel.reason, hint=advice(kernel))
    context.tell("kernel", f"starting the kernel {kernel.id}")
    proof = start(Path(kernel.folder), cwd=cwd, timeout_s=_START_TIMEOUT_S)
    problem = explain(proof, kernel, expect_prefix=kernel.prefix, cwd=cwd, timeout_s=_START_TIMEOUT_S)
    local = hidden_modules(cwd) if kernel.language == "python" else ()
    if problem is None and local:
        names = ", ".join(os.path.basename(path) for path in local)
        sentence = f"{names} in {cwd} takes the place of Python's own module of that name"
        problem = Diagnosis(kind="shadowed-module", sentence=sentence, hint=f"rename {names}")
    return proof, problem


def _told(kernel: Kernel, proof: Proof | None, problem: Diagnosis | None) -> list[str]:
    name = f"kernel {kernel.id}"
    if proof is not None and proof.answered and (problem is None or problem.kind == "shadowed-module"):
        python = f" with Python {proof.python} in {proof.prefix}" if proof.python else ""
        lines = [f"{name} starts{python}, {proof.seconds:.1f} s" + (f"; but {problem.sentence}" if problem else "")]
    else:
        lines = [f"{name} does not start: {problem.sentence if problem else ''}"]
    if problem is not None:
        lines += [f"  to do: {problem.hint}"] if problem.hint else []
        lines += [f"  | {line}" for line in problem.tail]
    return lines


def _machine_and_mistakes(context: Context, project: Project | None) -> tuple[_Section, _Section]:
    """Say what GPU is here and whether the frameworks go with it, and which of the common mistakes were made."""
    from mlenv.probe.hardware import ask_hardware
    from mlenv.services.check import selection_of
    from mlenv.services.frameworks import machine_of
    from mlenv.services.mistakes import Found, mistakes, row_json

    installed = words.installed_of(project) if project else Installed()
    selection = None
    if project is not None:
        with suppress(MlenvError):  # the section of the project says it
            selection = selection_of(context, project)
    machine = machine_of(ask_hardware(), installed, selection)
    rows = mistakes(Found(project=project, installed=installed, selection=selection, fits=machine.fits))
    made = [row for row in rows if row.state == "found" and row.name != "cuda-ignored"]
    lines = tuple(f"note: {row.text}" + (f": {row.mend}" if row.mend else "") for row in made)
    return (
        _Section(name="hardware", lines=machine.lines, data=machine.data, ok=machine.ok),
        _Section(name="mistakes", lines=lines, data=[row_json(row) for row in rows]),
    )


def _notes(project: Project | None) -> _Section:
    root, prefix = (str(project.root), project.prefix) if project else ("", "")
    notes = (
        *notes_on_shell(os.environ, prefix),
        *notes_on_folders(root, prefix, kernels.search_path()),
        *(planted(site.scan(project.environment.sites)) if project else ()),
    )
    return _Section(name="notes", lines=tuple(f"note: {note}" for note in notes), data=list(notes))
