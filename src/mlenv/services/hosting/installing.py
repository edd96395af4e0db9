"""Put what a plan lacks into an image, or a whole lock into a folder of its own, and look whether it is there."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlenv import process, store
from mlenv.drift.pins import pin_finding
from mlenv.engines import uv
from mlenv.engines.answers import parse_pip_check
from mlenv.engines.requests import InstallRequest
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.model import Change, Installed, Pin, value
from mlenv.probe import site
from mlenv.services import words
from mlenv.services.context import Context
from mlenv.services.cuda_choice import backend_of_pins
from mlenv.services.filling import pin_line
from mlenv.services.hosting.image import Image, scanned, uv_for
from mlenv.services.indexes import options_of
from mlenv.services.project import Project
from mlenv.services.tools import run_engine

__all__ = ["Work", "changes_between", "conflicts", "fill_folder", "folder_for", "install_into_image"]

_LOCAL = frozenset({"editable", "path", "vcs"})


@value
class Work:
    """What is installed, and from where."""

    context: Context
    project: Project
    image: Image
    selected: Selected
    pins: tuple[Pin, ...]
    hashes: Mapping[str, tuple[str, ...]]
    damaged: tuple[str, ...] = ()
    """Packages to install afresh although they seem to be there."""


def install_into_image(work: Work) -> Installed:
    """Install into the image itself; return what it holds then.

    uv downloads and verifies everything before it exchanges the first file.

    Raises:
        MlenvError: what failed, and exactly what has changed by then, mostly nothing; ``setup-incomplete``.
    """
    image = work.image
    try:
        _run(work, prefix=image.python, target="")
    except (MlenvError, KeyboardInterrupt) as error:
        changes = changes_between(image.installed, scanned(image.sites))
        if isinstance(error, KeyboardInterrupt):
            raise
        state = f"changed by then: {words.moved(changes)}" if changes else "nothing was changed"
        message = error.message if error.message.endswith(state) else f"{error.message.rstrip('.')}; {state}"
        raise MlenvError(error.code, message, where=error.where, hint=error.hint, details=error.details) from None
    after = scanned(image.sites)
    _prove(work, after, changes_between(image.installed, after))
    return after


def folder_for(work: Work, python_tag: str) -> Path:
    """Return the folder of an isolated lock: named by what is in it, so that a changed lock gets another one."""
    rows = [pin_line(work.project.root, pin, work.hashes.get(pin.name, ())) for pin in work.pins]
    digest = hashlib.sha256("\n".join([python_tag, work.image.python, *sorted(rows)]).encode()).hexdigest()[:16]
    return store.data_dir() / "hosted" / "isolated" / digest / "site-packages"


def fill_folder(work: Work, folder: Path) -> None:
    """Make the folder beside its place, verify it, and rename it into place: it is whole or not there.

    Raises:
        MlenvError: what failed; ``setup-incomplete``. The image and every other folder are as they were.
    """
    shelf = folder.parent.parent
    store.make_folder(shelf)
    aside = shelf / f".{secrets.token_hex(6)}"
    try:
        _run(work, prefix=work.image.python, target=str(aside / folder.name))
        store.make_folder(aside / folder.name)
        _prove(work, scanned((str(aside / folder.name),)), ())
        store.remove_tree(folder.parent, inside=shelf)
        os.rename(aside, folder.parent)
    finally:
        store.remove_tree(aside, inside=shelf)


def _run(work: Work, *, prefix: str, target: str) -> None:
    context, image, exact = work.context, work.image, work.selected.selection.exact
    local = any(pin.source.kind in _LOCAL for pin in work.pins)
    rows = [pin_line(work.project.root, pin, work.hashes.get(pin.name, ())) for pin in work.pins]
    scratch = store.cache_dir() / "setup" / secrets.token_hex(6)
    store.make_folder(scratch)
    try:
        files = {
            "pins.txt": [*options_of(work.selected), *rows],
            "host.txt": [f"{k}=={v}" for k, v in image.held.items()],
        }
        for name, lines in files.items():
            store.write_atomic(scratch / name, "\n".join(lines) + "\n")
        request = InstallRequest(
            prefix=prefix,
            target=target,
            managed=image.managed and not target,
            files=(str(scratch / "pins.txt"),),
            # A list that names not all that its packages need: those come with the host's own versions as constraints.
            with_dependencies=not exact,
            constraints=() if exact else (str(scratch / "host.txt"),),
            allow_build=local or context.options.allow_build,
            wheels_only=()
            if context.options.allow_build
            else tuple(p.name for p in work.pins if p.source.kind not in _LOCAL),
            require_hashes=all(work.hashes.get(pin.name) for pin in work.pins) and exact,
            reinstall=work.damaged,
            torch_backend=backend_of_pins(work.pins, work.project.settings.cuda or ""),
            cwd=str(work.project.root),
        )
        run_engine(context, uv.install(uv_for(context), request), "download")
    finally:
        store.remove_tree(scratch, inside=scratch.parent)


def _prove(work: Work, after: Installed, changes: Sequence[Change]) -> None:
    """Look whether every pin is there, whole, and whether nothing of the host has moved.

    Raises:
        MlenvError: ``setup-incomplete``, naming what is not as it should be, and what has changed.
    """
    by_name = {row.name: row for row in after.distributions}
    roots, kind = (str(work.project.root),), work.selected.selection.kind
    faults = []
    for pin in work.pins:
        found = by_name.get(pin.name)
        finding = pin_finding(pin, found, roots, kind, site.same_place)
        why = finding.reason if finding else next(iter(site.verify(found, deep=False)), "") if found else ""
        faults += [f"{pin.name}: {why}"] if why else []
    moved = [change for change in changes if change.package in work.image.held]
    faults += [f"{change.package} of the host has moved to {change.after}" for change in moved]
    if faults:
        state = f" (changed: {words.moved(changes)})" if changes else ""
        message = (
            f"not all is as {work.selected.selection.lock} says after the installation: {'; '.join(faults[:3])}{state}"
        )
        raise MlenvError("setup-incomplete", message, hint="start the runtime anew, then run the set-up cell again")


def changes_between(before: Installed, after: Installed) -> tuple[Change, ...]:
    """Return what differs between two scans, by name."""
    old = {row.name: row.version for row in before.distributions}
    new = {row.name: row.version for row in after.distributions}
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return tuple(Change(package=name, before=old.get(name), after=new.get(name)) for name in names)


def conflicts(context: Context, image: Image) -> tuple[str, ...]:
    """Return what packages of the image ask for and do not find, one sentence each. Cost: one start of uv."""
    done = process.run(uv.pip_check(uv_for(context), image.python))
    return parse_pip_check(done.stdout, done.stderr)
