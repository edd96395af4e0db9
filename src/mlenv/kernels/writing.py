"""Write and remove the kernelspecs of mlenv; those of others are never touched.

Source: of 28 crash points of ``ipykernel install --replace``, 8 left no usable spec (``find_kernel_specs`` lists a
folder from the moment that it holds a ``kernel.json``, whatever is in it). So a new spec is staged outside
``kernels/`` and renamed in whole, and of an old one only ``kernel.json`` is swapped.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from jupyter_core import paths

from mlenv import kernel_names
from mlenv.errors import MlenvError
from mlenv.kernels.listing import Kernel, listed, owned, search_path
from mlenv.kernels.spec import Spec
from mlenv.store import read_json, sync_folder, write_atomic

__all__ = ["exists", "remove", "render", "user_folder", "write"]

_LOGOS = Path(__file__).with_name("logos")
_LOGO_NAMES = ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg")
_STAGING = ".mlenv-kernel-"
_STAGING_MAX_AGE_S = 3600.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def user_folder() -> Path:
    """Return the folder that kernelspecs of this user belong into (``JUPYTER_DATA_DIR`` overrides)."""
    return Path(paths.jupyter_data_dir()) / "kernels"


def write(spec: Spec, *, into: Path | None = None) -> Path:
    """Write a kernelspec whole or not at all.

    Where the user's Jupyter folder cannot be written, another folder on Jupyter's path is used.

    Args:
        spec: the kernel.
        into: the one folder of kernels that it is for, on Jupyter's path or not (default: this user's).

    Returns:
        The folder that holds it now.

    Raises:
        MlenvError: ``kernel-exists`` where that id belongs to somebody else (whose file stays as it is);
            ``jupyter-not-writable``; ``no-space``.
    """
    kernel_names.check_id(spec.id)
    refused: list[tuple[Path, str]] = []
    for kernels in _places(spec.id) if into is None else (into,):
        try:
            kernels.mkdir(parents=True, exist_ok=True)
            return _write_in(kernels, spec)
        except OSError as error:
            if error.errno in _FULL:
                raise _no_space(kernels) from None
            refused.append((kernels, _why(error)))
        except MlenvError as error:
            if error.code == "no-space":
                raise _no_space(kernels) from None
            if error.code != "not-writable":
                raise
            refused.append((kernels, error.message))
    raise _not_writable(refused)


def remove(kernel_id: str, *, folder: str = "", among: Sequence[Path] | None = None) -> Path:
    """Remove a kernelspec of mlenv: out of sight by one rename, then deleted; links are never followed.

    Args:
        kernel_id: which one.
        folder: where it lies, if several folders on the path hold one of that id (default: the first of mlenv's).
        among: the folders of kernels that it may lie in (default: Jupyter's path).

    Returns:
        The folder that is gone.

    Raises:
        MlenvError: ``kernel-name``, ``kernel-missing``, ``kernel-foreign``, ``jupyter-not-writable``.
    """
    kernel_names.check_id(kernel_id)
    known = search_path() if among is None else among
    candidates = [one for one in listed(known) if one.id == kernel_id and folder in {"", one.folder}]
    mine = next((kernel for kernel in candidates if kernel.ours), None)
    if mine is None and candidates:
        raise MlenvError(
            "kernel-foreign",
            f"The kernel {kernel_id} was not made by mlenv; it stays as it is",
            where=candidates[0].folder,
            hint=f"jupyter kernelspec remove {kernel_id}",
        )
    if mine is None:
        raise MlenvError("kernel-missing", f"There is no kernel called {kernel_id}", hint="mlenv kernels list")
    target = _contained(mine, known)
    doomed = _staging_parent(target.parent) / f"{_STAGING}{kernel_id}-{secrets.token_hex(4)}"
    try:
        try:
            os.rename(target, doomed)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            doomed = target  # another file system: without its kernel.json it is no kernel, either
            (target / "kernel.json").unlink()
    except OSError as error:
        raise _not_writable([(target.parent, _why(error))]) from None
    shutil.rmtree(doomed, ignore_errors=True)
    return target


def _contained(kernel: Kernel, among: Sequence[Path]) -> Path:
    """Return the folder of a kernel after making sure that it is a real folder directly in one of Jupyter's."""
    folder = Path(kernel.folder)
    kernels = Path(os.path.realpath(folder.parent))
    known = {Path(os.path.realpath(place)) for place in among}
    real = Path(os.path.realpath(folder))
    if folder.is_symlink() or kernels not in known or real == kernels or not real.is_relative_to(kernels):
        raise MlenvError(
            "kernel-link",
            f"{kernel.id} is a link to another folder; nothing was deleted",
            where=kernel.folder,
            hint="remove the link yourself if nobody needs it",
        )
    return folder


def _places(kernel_id: str) -> tuple[Path, ...]:
    """Where a spec may go, best first: where it is already, the user's folder, what else this user put on the path."""
    present = [
        Path(kernel.folder).parent
        for kernel in listed()
        if kernel.id == kernel_id and kernel.ours and not kernel.shared
    ]
    extra = [Path(one) / "kernels" for one in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if one]
    # Only where a Jupyter server runs from this very environment does it look into its share/jupyter.
    with_server = any(os.path.isdir(os.path.join(folder, "jupyter_server")) for folder in sys.path)
    own = [Path(sys.prefix, "share", "jupyter", "kernels")] if with_server else []
    return tuple(dict.fromkeys([*present, user_folder(), *extra, *own]))


def _write_in(kernels: Path, spec: Spec) -> Path:
    folder = kernels / spec.id
    _refuse_other_spelling(kernels, spec.id)
    if not os.path.lexists(folder) and _rename_in(folder, spec):
        return folder
    _replace(folder, spec)
    return folder


def _refuse_other_spelling(kernels: Path, kernel_id: str) -> None:
    for name in os.listdir(kernels):
        if name != kernel_id and name.lower() == kernel_id:
            raise exists(kernels / name, "was not made by mlenv")


def _rename_in(folder: Path, spec: Spec) -> bool:
    """Put a new spec in place by one rename; ``False`` where somebody else was faster, or it is another file system."""
    parent = _staging_parent(folder.parent)
    _collect_staging(parent)
    staged = parent / f"{_STAGING}{spec.id}-{secrets.token_hex(4)}"
    try:
        staged.mkdir()
        for logo in _LOGO_NAMES:
            write_atomic(staged / logo, (_LOGOS / logo).read_bytes())
        write_atomic(staged / "kernel.json", render(spec))
        os.rename(staged, folder)
        sync_folder(folder.parent)
    except OSError as error:
        if error.errno == errno.EXDEV:
            folder.mkdir(exist_ok=True)
            return False
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
            return False
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return True


def _replace(folder: Path, spec: Spec) -> None:
    """Swap the ``kernel.json`` of a spec that is ours for this project, or fill a folder that holds no spec."""
    if folder.is_symlink() or not folder.is_dir():
        raise exists(folder, "was not made by mlenv")
    target = folder / "kernel.json"
    if os.path.lexists(target):
        block = owned(read_json(target))
        if block is None:
            raise exists(folder, "was not made by mlenv")
        project = str(block.get("project", ""))
        if os.path.isdir(project) and not os.path.samefile(project, spec.metadata["mlenv"]["project"]):
            raise exists(folder, f"belongs to the project {project}")
    elif set(os.listdir(folder)) - set(_LOGO_NAMES):
        raise exists(folder, "holds files that mlenv did not make")
    for logo in _LOGO_NAMES:
        if not (folder / logo).exists():
            write_atomic(folder / logo, (_LOGOS / logo).read_bytes())
    write_atomic(target, render(spec))


def render(spec: Spec) -> str:
    """Return the text of ``kernel.json``."""
    return json.dumps(spec.content, indent=1) + "\n"


def _staging_parent(kernels: Path) -> Path:
    """Return the folder beside ``kernels`` (beside what it links to): the same file system, not on Jupyter's path."""
    return Path(os.path.realpath(kernels)).parent


def _collect_staging(parent: Path) -> None:
    """Delete what a killed run left long ago."""
    for folder in _stale(parent):
        shutil.rmtree(folder, ignore_errors=True)


def _stale(parent: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for entry in os.scandir(parent):
            old = entry.stat(follow_symlinks=False).st_mtime < time.time() - _STAGING_MAX_AGE_S
            if old and entry.name.startswith(_STAGING) and entry.is_dir(follow_symlinks=False):
                yield parent / entry.name


def exists(folder: Path, why: str) -> MlenvError:
    """Return the error that a kernel's id is somebody else's."""
    return MlenvError(
        "kernel-exists",
        f"The kernel {folder.name} is already there and {why}; it stays as it is",
        where=str(folder),
        hint='choose another name: kernel-name = "..." in [tool.mlenv] of pyproject.toml',
    )


def _no_space(kernels: Path) -> MlenvError:
    return MlenvError(
        "no-space",
        "no space left to write the kernel; no kernel was changed",
        where=str(kernels),
        hint="free some space, then run the same command again",
    )


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _not_writable(refused: list[tuple[Path, str]]) -> MlenvError:
    kernels, why = refused[0]
    return MlenvError(
        "jupyter-not-writable",
        f"Jupyter's folder for kernels cannot be written: {why}",
        where=str(kernels),
        hint="set JUPYTER_DATA_DIR to a folder that you can write, for mlenv and for Jupyter alike",
        details="\n".join(f"{place}: {reason}" for place, reason in refused),
    )
