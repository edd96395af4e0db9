"""``export requirements.txt``, ``pylock.toml``, ``environment.yml``: the project's lock in another format.

uv writes what is made from a ``uv.lock``; anything else is made from mlenv's own reading of the lock, for one
interpreter. Every text is read back before it is written: it asks for what the lock asks for, or nothing is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.exports.deployment import TextFile
from mlenv.exports.environment_file import channels_in, environment_text
from mlenv.exports.locked import Locked, install_local
from mlenv.exports.requirements_file import requirements_text
from mlenv.locks import Selected, Target, elsewhere
from mlenv.model import Outcome, value
from mlenv.services import words
from mlenv.services.bundling.gather import hashes_of
from mlenv.services.bundling.machine import own_platform, platform_name
from mlenv.services.context import Context
from mlenv.services.exporting.gather import deployment_from, opened
from mlenv.services.exporting.read_back import refuse_another, rows_of_uv
from mlenv.services.exporting.resolved import pylock_of
from mlenv.services.exporting.write import STDOUT, Made, put
from mlenv.services.indexes import options_of
from mlenv.services.project import Project
from mlenv.services.select import select_project
from mlenv.services.typed_notebooks import seen_from

__all__ = ["FORMATS", "Format", "Source", "export_format"]


@value
class Source:
    """All that a format is made from."""

    context: Context
    project: Project
    target: Target
    selected: Selected
    locked: Locked
    inside: bool
    """Whether the file lies in the project's own folder, where its relative paths hold."""


@value
class Format:
    """One format."""

    name: str
    """As its file is called."""
    summary: str
    pattern: str
    """Of names that tools take for it."""
    instead: str
    """A name that is nobody's."""
    text: Callable[[Source], str]
    follow: str
    """What installs it; ``{}`` is its name."""
    conda: bool = False
    """Whether it can hold packages of conda."""


def export_format(context: Context, form: Format, output: str | None, *, check: bool = False) -> Outcome:
    """Write the lock in another format.

    Args:
        context: what chooses the lock; ``options.python`` for another Python than the environment's.
        form: the format.
        output: a file, or a folder that is there; default: beside the lock; ``-``: print.
        check: write nothing; not ``ok`` where the file is another than it would be.

    Raises:
        MlenvError: as :func:`~mlenv.services.exporting.gather.deployment_of`; ``output-own`` for the project's own
            manifest and lock; ``usage`` for a name that the format does not have; ``format-unfit`` for packages of
            conda; ``export-unproved``; what uv could not do.
    """
    source = _source(context)
    path = None if output == STDOUT else _path(context, source, form, output)
    source = replace(source, inside=path is None or path.parent == source.project.root)
    _refuse_conda(form, source.locked)
    text = form.text(source)
    refuse_another(form.name, text, source.locked, source.target)
    lock = source.locked.deployment.lock
    name = form.name if path is None else path.name
    follow = form.follow.format(name if path is None else seen_from(context, path))
    made = Made(
        name=form.name, lock=lock, files=(TextFile(path=name, text=text),), follow=_follow(source, form, follow)
    )
    _tell(context, form, source)
    return put(context, source.project, made, None if path is None else path.parent, check=check)


def _source(context: Context) -> Source:
    """Read the lock for the Python that was told or that the project names: another one than is here, where need be."""
    project, target, selected = opened(context)
    deployment = deployment_from(context, project, selected)
    minor = ".".join(target.python.split(".")[:2])
    if deployment.minor != minor and not deployment.conda:
        target = elsewhere(own_platform(target.tags), deployment.python)
        selected = select_project(project, target, context.options)
        minor = deployment.minor
    content, selection = selected.content, selected.selection
    lock = store.read_text(project.root / deployment.lock)
    environment = next(iter(selection.groups), "") if deployment.kind == "pixi" else ""
    locked = Locked(
        deployment=deployment,
        pins=tuple(sorted(selection.pins, key=lambda pin: pin.name)),
        hashes=hashes_of(project, selected),
        exact=selection.exact,
        options=options_of(selected) if deployment.kind == "requirements" else (),
        channels=channels_in(deployment.kind, lock, environment) if content else (),
        machine=f"Python {minor} on {_platform(target)}",
    )
    return Source(context=context, project=project, target=target, selected=selected, locked=locked, inside=True)


def _platform(target: Target) -> str:
    try:
        return platform_name(own_platform(target.tags))
    except MlenvError:
        return target.markers.get("sys_platform", "this platform")


def _path(context: Context, source: Source, form: Format, output: str | None) -> Path:
    project, choice = source.project, source.selected.choice
    path = Path(os.path.abspath(context.cwd / output)) if output else project.root / form.name
    path = path / form.name if path.is_dir() else path
    if re.fullmatch(form.pattern, path.name) is None:
        message = f"{path.name} is no name that tools take for a {form.name}"
        raise MlenvError("usage", message, where=str(path), hint=f"--output {form.instead}")
    own = {choice.manifest, choice.lock, *(set(source.selected.files_read) - set(choice.others))}
    if path.is_relative_to(project.root) and path.relative_to(project.root).as_posix() in own:
        message = f"{path.name} is the project's own, and is not replaced by a copy of {choice.lock}"
        hint = f"mlenv export {form.name} --output {form.instead}, or --output - to print it"
        raise MlenvError("output-own", message, where=str(path), hint=hint)
    if not path.parent.is_dir():
        raise MlenvError("folder-missing", f"there is no folder for {path.name}", where=str(path.parent), hint="mkdir")
    return path


def _refuse_conda(form: Format, locked: Locked) -> None:
    if locked.conda and not form.conda:
        lock, names = locked.deployment.lock, ", ".join(pin.name for pin in locked.conda[:3])
        message = (
            f"{lock} locks {words.packages(len(locked.conda))} of conda ({names}, ...), which no {form.name} holds"
        )
        raise MlenvError("format-unfit", message, where=lock, hint="mlenv export environment.yml")


def _follow(source: Source, form: Format, follow: str) -> str:
    behind = install_local(source.locked.local) if form.name != "pylock.toml" else ""
    if form.name == "requirements.txt" and source.locked.unhashed:
        follow = f"uv {follow.replace(' --require-hashes', '')}"
    return f"{follow} && {behind}" if behind else follow


def _tell(context: Context, form: Format, source: Source) -> None:
    """Say what the file cannot hold, and for which machine it is."""
    locked = source.locked
    keeps_local = form.name == "pylock.toml" and source.inside and locked.deployment.kind == "uv"
    if locked.local and not keeps_local:
        names = ", ".join(pin.name for pin in locked.local[:6])
        context.tell("note", f"not in it, for only this project has it: {names}")
    if locked.unhashed and form.name == "requirements.txt":
        names = ", ".join(locked.unhashed[:6])
        context.tell(
            "note", f"{names}: no hash is known, and pip wants one for every row or for none; uv takes the file"
        )
    if form.name == "environment.yml" or locked.deployment.kind != "uv":
        context.tell("note", f"as the lock is for {locked.machine}")


def _requirements(source: Source) -> str:
    rows = rows_of_uv(source.context, source.project, source.selected, source.target, "requirements.txt", local=False)
    return requirements_text(source.locked, rows)


def _pylock(source: Source) -> str:
    return pylock_of(source.context, source.project, source.selected, source.target, source.locked, local=source.inside)


def _environment(source: Source) -> str:
    return environment_text(source.locked)


FORMATS = (
    Format(
        name="environment.yml",
        summary="the lock as an environment of conda's: builds, or a pip part with hashes",
        pattern=r".*\.ya?ml",
        instead="environment-locked.yml",
        text=_environment,
        follow="conda env create -f {}",
        conda=True,
    ),
    Format(
        name="requirements.txt",
        summary="the lock as a list with hashes for pip and uv",
        pattern=r".*\.txt",
        instead="requirements-locked.txt",
        text=_requirements,
        follow="pip install --require-hashes -r {}",
    ),
    Format(
        name="pylock.toml",
        summary="the lock as a PEP 751 lock",
        pattern=r"pylock(\.[^.]+)?\.toml",
        instead="pylock.locked.toml",
        text=_pylock,
        follow="uv pip sync {}",
    ),
)
