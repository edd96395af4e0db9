"""What uv prints of its own lock, and the proof of every exported text: read back, it asks for the lock's pins."""

from __future__ import annotations

from dataclasses import replace

from mlenv import locks
from mlenv.engines import uv
from mlenv.errors import MlenvError
from mlenv.exports.locked import Locked
from mlenv.locks import Selected, Target
from mlenv.locks.environment_yml import as_environment_lock, parse_environment
from mlenv.model import Pin
from mlenv.probe import interpreters
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context, silent
from mlenv.services.members import held_for
from mlenv.services.project import Project
from mlenv.services.tools import run_engine

__all__ = ["refuse_another", "rows_of_uv"]


def rows_of_uv(
    context: Context, project: Project, selected: Selected, target: Target, form: str, *, local: bool
) -> str | None:
    """Return a ``uv.lock`` in another format, as uv prints it; ``None`` for another lock, and where there is no uv.

    Raises:
        MlenvError: what uv failed with.
    """
    tools = engine_tools.tools()
    if selected.selection.kind != "uv" or selected.selection.lock != "uv.lock" or tools.uv is None:
        return None
    held = held_for(context, project, selected, target)
    python = interpreters.host().path
    request = uv.SyncRequest(
        root=str(project.root),
        prefix="",
        python=python,
        packages=held.packages,
        all_packages=held.everything,
        extras=held.extras,
        groups=held.groups,
    )
    host = engine_tools.uv_of(context, tools, offline=True)
    command = uv.export_project(host, str(project.root), python, form, request, local=local)
    return run_engine(replace(context, report=silent), command, "lock").stdout  # what it prints is the answer


def refuse_another(form: str, text: str, locked: Locked, target: Target) -> None:
    """Stop where a text, read as mlenv reads any such file, asks for anything but what the lock asks for.

    Raises:
        MlenvError: ``export-unproved`` naming the first packages that differ.
    """
    found = {_key(pin): pin for pin in _pins(form, text, target)}
    wanted = {_key(pin): pin for pin in (*locked.conda, *locked.portable)}
    kept = {_key(pin) for pin in locked.local}
    wrong = [f"{name} is missing" for _, name in sorted(wanted.keys() - found.keys())]
    wrong += [f"{name} is there, too" for _, name in sorted(found.keys() - wanted.keys() - kept)]
    wrong += [
        f"{pin.name} is {found[key].version}, locked is {pin.version}"
        for key, pin in sorted(wanted.items())
        if key in found and pin.version != found[key].version and None not in (pin.version, found[key].version)
    ]
    if wrong:
        lock = locked.deployment.lock
        message = f"the {form} would not be what {lock} says, so nothing was written: {'; '.join(wrong[:3])}"
        raise MlenvError("export-unproved", message, where=lock, hint="mlenv check; then mlenv lock makes it anew")


def _key(pin: Pin) -> tuple[bool, str]:
    return pin.source.kind == "conda", pin.name


def _pins(form: str, text: str, target: Target) -> tuple[Pin, ...]:
    if form == "pylock.toml":
        return locks.parse_pylock(text, form, target).pins
    if form == "requirements.txt":
        return locks.parse_requirements(text, form, target, lambda _: None).pins
    environment = parse_environment(text, form, target, lambda _: None)
    pins = as_environment_lock(environment).pins
    # What an environment of Python packages begins with is no package of the lock.
    own = all(pin.source.kind != "conda" or pin.name in {"python", "pip"} for pin in pins)
    return tuple(pin for pin in pins if not own or pin.source.kind != "conda")
