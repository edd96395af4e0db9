"""The kernel side on disk: a copy of mlenv's standard-library-only files, and the launcher that kernelspecs name.

Project kernels import these files and never the host's: the host may be upgraded or removed while kernels live.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import mlenv
from mlenv import store
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.model import Command
from mlenv.process import run

__all__ = ["compile_for", "digest", "install_side", "launcher_path", "old", "package_folder"]

_PARTS = (
    "__init__", "_version", "errors", "model", "versions", "installed", "loaded", "drift", "render", "verbs",
    "verb_options", "probe", "kernel", "import_names", "import_advice", "selection_text", "conda_versions", "built_for",
    "dotenv_text", "dask", "on_worker",
)  # fmt: skip
"""Modules and packages of mlenv that project kernels import."""
_HOST_ONLY = frozenset(f"on_worker/{name}.py" for name in ("bring", "loader", "look", "plugins", "wanted")) | frozenset(
    f"probe/{name}.py"
    for name in ("ask", "asked", "conda_places", "hardware", "interpreters", "known_environments", "python_places")
)
"""These start programs, or look for what only the host needs."""
_KEPT_SIDES = 3
"""Live kernels of an older version may still import from their side."""


def package_folder() -> Path:
    """Return the host's own mlenv package."""
    return Path(mlenv.__file__).parent


def launcher_path() -> Path:
    """Return the one stable launcher file that kernelspecs name (it exists after :func:`install_side`)."""
    return store.data_dir() / "launcher.py"


def install_side() -> Path:
    """Copy the kernel side and the launcher into the data folder, each only where it differs; return the launcher.

    Cost: about 5 ms where nothing changed.

    Raises:
        MlenvError: ``not-writable``, ``no-space``.
    """
    files = {name: (package_folder() / name).read_bytes() for name in _files()}
    name = f"{__version__}-{_digest_of(files)}"
    side = store.data_dir() / "side" / name
    if (side / "mlenv").is_dir():
        _mend(files, side)
    else:
        _copy(files, side)
    state = {
        "schema": 1,
        "host": sys.executable,
        "side": name,
        "cache": str(store.cache_dir()),
        "version": __version__,
        "uv": _uv(),
    }
    if store.read_json(launcher_path().with_suffix(".json")) != state:
        store.write_json(launcher_path().with_suffix(".json"), state)
    launcher = files["kernel/launcher.py"]
    if not launcher_path().is_file() or launcher_path().read_bytes() != launcher:
        store.write_atomic(launcher_path(), launcher)
    return launcher_path()


def compile_for(python: str, cache_tag: str) -> None:
    """Byte-compile the current kernel side for another Python, once; a failure costs only time at kernel start."""
    state = store.read_json(launcher_path().with_suffix(".json")) or {}
    side = store.data_dir() / "side" / str(state.get("side"))
    if not (side / "mlenv" / "kernel" / "__pycache__" / f"boot.{cache_tag}.pyc").is_file():
        run(Command(argv=(python, "-I", "-S", "-m", "compileall", "-q", str(side)), timeout_s=120))


def old(data: Path | None = None) -> tuple[str, ...]:
    """Return the kernel sides but the current one and the newest others.

    Args:
        data: the folder of the launcher (default: mlenv's data folder).
    """
    launcher = launcher_path() if data is None else data / launcher_path().name
    folder = launcher.parent / "side"
    current = (store.read_json(launcher.with_suffix(".json")) or {}).get("side")
    others = [entry for entry in os.scandir(folder) if entry.name != current] if folder.is_dir() else []
    others.sort(key=lambda entry: -entry.stat().st_mtime)
    whole = [entry for entry in others if not entry.name.startswith(".")]
    doomed = [*whole[_KEPT_SIDES - 1 :], *(entry for entry in others if entry.name.startswith("."))]
    return tuple(entry.path for entry in doomed)


def digest(data: bytes) -> str:
    """Return a short name for some content."""
    return hashlib.sha256(data).hexdigest()[:16]


def _digest_of(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return total.hexdigest()[:8]


def _files() -> Iterator[str]:
    for part in _PARTS:
        if (package_folder() / part).is_dir():
            names = {f"{part}/{path.name}" for path in (package_folder() / part).glob("*.py")}
            yield from sorted(names - _HOST_ONLY)
        else:
            yield f"{part}.py"


def _copy(files: Mapping[str, bytes], side: Path) -> None:
    """Write aside and rename: a side that is there under its name is whole."""
    aside = side.with_name(f".tmp-{secrets.token_hex(6)}")
    try:
        for name in sorted(files):
            path = aside / "mlenv" / name
            store.make_folder(path.parent)
            store.write_atomic(path, files[name])
        with contextlib.suppress(FileExistsError):
            os.replace(aside, side)
    except OSError as error:
        if not (side / "mlenv").is_dir():  # else another process was faster
            raise MlenvError(
                "not-writable", f"the kernel side cannot be written: {(error.strerror or '').lower()}", where=str(side)
            ) from None
    finally:
        store.remove_tree(aside, inside=side.parent)


def _mend(files: Mapping[str, bytes], side: Path) -> None:
    """Write anew what somebody damaged: a side has the name of its content. Cost: 2 ms where nothing is."""
    for name, content in files.items():
        path = side / "mlenv" / name
        try:
            whole = path.read_bytes() == content
        except OSError:
            whole = False
        if not whole:
            store.make_folder(path.parent)
            store.write_atomic(path, content)


def _uv() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())
