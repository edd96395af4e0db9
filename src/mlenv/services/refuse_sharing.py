"""What may not be shared: an environment that somebody else could change, and one that others cannot read."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.kernel import owners, sharing
from mlenv.kernel.sharing import Entry
from mlenv.kernels import Place
from mlenv.probe import environment
from mlenv.services.project import LOCK_NAMES, MANIFEST_NAMES, Project

__all__ = ["refuse_unfit", "refuse_unwritable"]


def refuse_unwritable(place: Place) -> None:
    """Refuse before any work where this user may not write what every user is to read.

    Raises:
        MlenvError: ``not-writable``.
    """
    for path in (place.share, place.kernels):
        folder = store.nearest(path)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise MlenvError(
                "not-writable",
                "only who keeps this folder can register kernels for every user",
                where=str(folder),
                hint="type it as root; or --prefix with a folder of your own; or for yourself: mlenv kernels register",
            )


def refuse_unfit(project: Project, place: Place, kernel_id: str) -> None:
    """Refuse to register what is unsafe or useless for others. Cost: one stat per file of the environment.

    Args:
        project: whose environment it is.
        place: where the kernel and what it needs will lie, or lie already.
        kernel_id: the kernel's id.

    Raises:
        MlenvError: ``environment-shared-writable`` names the first file that somebody else could change,
            ``environment-closed`` the first that others cannot read or enter, ``place-unfit`` the same of the place;
            each says what to type.
    """
    trusted = {0, owners.me()}
    for entry in _run_by_kernels(project):
        why = sharing.changeable(entry, trusted)
        if why:
            raise _writable(project, entry, why)
        why = sharing.unreadable(entry)
        if why:
            raise _closed(project, entry, why)
    for path in (place.share, place.kernels / kernel_id):
        for entry in _there(path):
            why = sharing.changeable(entry, trusted) or (sharing.unreadable(entry) if entry.above else "")
            if why:
                raise _unsafe_place(entry, why)


def _run_by_kernels(project: Project) -> Iterator[Entry]:
    """Yield what the kernel will run and read: environment, base Python, editable projects, manifest and lock."""
    real = os.path.realpath(project.prefix)
    yield from owners.above(project.prefix)
    yield from owners.above(os.path.join(real, "x"))
    # uv lets everybody write the file that it locks, which holds nothing and which no kernel reads.
    yield from (entry for entry in owners.tree(real) if entry.path != os.path.join(real, ".lock"))
    base = os.path.realpath(environment.interpreter(project.prefix))
    yield from owners.above(base)
    yield from owners.tree(base)
    for folder in _editable(project):
        yield from owners.above(os.path.join(folder, "x"))
        yield from owners.tree(folder)
    for name in sorted(project.names & {*MANIFEST_NAMES, *LOCK_NAMES}):
        yield from owners.tree(str(project.root / name))


def _editable(project: Project) -> Iterator[str]:
    """Yield folders outside the environment that ``.pth`` files put on the path."""
    for folder in environment.environment_facts(project.prefix).sites:
        for file in sorted(Path(folder).glob("*.pth")):
            for line in file.read_text(errors="replace").splitlines():
                if os.path.isabs(line.strip()) and os.path.isdir(line.strip()):
                    yield line.strip()


def _there(path: Path) -> Iterator[Entry]:
    """Yield the folders above a path as far as they exist, and what is there already; what is missing is made."""
    yield from owners.above(str(path))
    yield from (entry for entry in owners.tree(str(path)) if os.path.basename(entry.path) != ".lock")


def _writable(project: Project, entry: Entry, why: str) -> MlenvError:
    whole = os.path.realpath(project.prefix)
    inside = entry.path == whole or entry.path.startswith(whole + os.sep)
    target = shlex.quote(whole if inside else entry.path)
    typed = f"chmod {'-R ' if inside else ''}go-w {target}"
    if why.startswith("it belongs"):
        typed = f"chown {'-R ' if inside else ''}root {target}; or make the environment as root: mlenv create"
    return MlenvError(
        "environment-shared-writable",
        f"somebody else could change what every user's kernel would run: {why}; nothing was registered",
        where=entry.path,
        hint=typed,
    )


def _closed(project: Project, entry: Entry, why: str) -> MlenvError:
    what, target = "other users could not run this environment", shlex.quote(entry.path)
    if not entry.above:
        folder = entry.path if os.path.isdir(entry.path) else os.path.dirname(entry.path)
        typed = f"chmod -R a+rX {shlex.quote(folder)}"
    elif _only_above_python(project, entry.path):
        what = "the environment's Python lies where other users cannot go"
        typed = f"mlenv create --python /usr/bin/python3, or another that all can run; or chmod o+x {target}"
    else:
        what = "the environment lies where other users cannot go"
        typed = f"chmod o+x {target}; or keep the project in a folder that all can enter, such as /srv"
    return MlenvError("environment-closed", f"{what}: {why}; nothing was registered", where=entry.path, hint=typed)


def _only_above_python(project: Project, folder: str) -> bool:
    """Whether only the base Python lies below a folder, and not the environment itself."""
    python = os.path.realpath(environment.interpreter(project.prefix))
    inside = [Path(path).is_relative_to(folder) for path in (python, project.prefix, os.path.realpath(project.prefix))]
    return inside == [True, False, False]


def _unsafe_place(entry: Entry, why: str) -> MlenvError:
    return MlenvError(
        "place-unfit",
        f"this is no place for every user's kernels: {why}; nothing was registered",
        where=entry.path,
        hint=f"chmod go-w,a+rx {shlex.quote(entry.path)}; or choose another folder: --prefix DIR",
    )
