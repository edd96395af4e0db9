"""Read every kernelspec on Jupyter's path and say what state it is in; no process, nothing imported but paths.

Jupyter's own listing stops at the first unreadable directory and hides what it cannot parse; a person who looks
for the reason needs exactly these shown.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_core import paths

from mlenv.model import value

__all__ = ["Kernel", "default_folders", "find", "listed", "owned", "read", "search_path"]

_READY_MARKER = "mlenv-ready.json"
_SPEC_MAX_BYTES = 1_000_000
# The Jupyter server starts its own interpreter for these (jupyter_client.manager.format_kernel_cmd).
_SERVER_PYTHON = re.compile(r"python(3(\.\d+)?)?(\.exe)?")


@value
class Kernel:
    """One kernelspec folder."""

    id: str
    """Name of the folder, in lower case as Jupyter compares it."""
    folder: str
    state: str
    """``ok``, ``interpreter-missing``, ``interpreter-not-executable``, ``environment-missing``, ``project-missing``,
    ``half-made`` (an environment whose building was cut short) or ``broken-json``."""
    reason: str = ""
    """One clause that says why the state is not ``ok``."""
    ours: bool = False
    """Whether mlenv wrote it (it carries ``metadata.mlenv``); nothing else is ever changed or removed."""
    display_name: str = ""
    language: str = ""
    argv: tuple[str, ...] = ()
    interpreter: str = ""
    """Absolute path of the program it starts; empty where only the server can tell."""
    prefix: str = ""
    """The environment, for specs of mlenv."""
    project: str = ""
    """The project's folder, for specs of mlenv; empty for the portable kernel."""
    name: str = ""
    """The project's name, for specs of mlenv."""
    mode: str = ""
    """``runtime`` or ``installed``, for specs of mlenv."""
    dotenv: str = ""
    """The file of variables that it loads when it starts, for specs of mlenv; empty for none."""
    shared: str = ""
    """Folder of launcher and runtimes, for specs of mlenv that are there for every user; empty for one user's."""
    shadowed_by: str = ""
    """Folder of the spec of the same id that Jupyter finds first; empty where this one counts."""

    @property
    def label(self) -> str:
        """The state in the words of ``kernels list``."""
        words = self.state.replace("-", " ")
        if not self.ours and self.state != "broken-json":
            words = "foreign" if self.state == "ok" else f"foreign, {words}"
        words += ", for every user" if self.shared else ""
        return f"{words}, shadowed" if self.shadowed_by else words


def search_path() -> tuple[Path, ...]:
    """Return the folders that Jupyter looks into for kernelspecs, first one wins (they need not exist).

    Source: ``jupyter_client.kernelspec.KernelSpecManager``; the last is IPython's old place, which it still reads.
    """
    ipython = Path(os.environ.get("IPYTHONDIR") or Path.home() / ".ipython")
    folders = [Path(folder) for folder in paths.jupyter_path("kernels")]
    return tuple(dict.fromkeys([*folders, ipython / "kernels"]))


def default_folders() -> tuple[Path, ...]:
    """Return where kernelspecs of this user lie when no variable says otherwise: another session may work so."""
    home = Path.home()
    if sys.platform == "darwin":
        data = home / "Library" / "Jupyter"
    elif os.name == "nt":
        data = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "jupyter"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"
    return (data / "kernels",)


def listed(folders: Sequence[Path] | None = None) -> tuple[Kernel, ...]:
    """Return every kernelspec on Jupyter's path, in its order, those that another one hides included.

    Unreadable folders are passed over, a broken spec is a row of its own. Cost: O(n), about 0.1 ms each.

    Args:
        folders: where to look, first one wins (default: :func:`search_path`).
    """
    first: dict[str, str] = {}
    rows = []
    for kernels in dict.fromkeys(search_path() if folders is None else folders):
        for folder in _folders(kernels):
            kernel_id = folder.name.lower()
            # A folder without kernel.json is not a kernel to Jupyter and hides nothing.
            hides = os.path.isfile(folder / "kernel.json")
            rows.append(_read(folder, first.get(kernel_id, "")))
            if hides:
                first.setdefault(kernel_id, str(folder))
    return tuple(rows)


def read(folder: Path) -> Kernel:
    """Return the state of one kernelspec folder, wherever it lies."""
    return _read(folder, "")


def find(kernel_id: str) -> Kernel | None:
    """Return the kernel that Jupyter starts under this id (ids compare without case), or ``None``."""
    wanted = kernel_id.lower()
    return next((kernel for kernel in listed() if kernel.id == wanted and not kernel.shadowed_by), None)


def owned(content: object) -> Mapping[str, Any] | None:
    """Return the ownership block of a parsed ``kernel.json``, ``None`` where it is not of mlenv."""
    metadata = content.get("metadata") if isinstance(content, dict) else None
    block = metadata.get("mlenv") if isinstance(metadata, dict) else None
    return block if isinstance(block, dict) and isinstance(block.get("schema"), int) else None


def _folders(kernels: Path) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(kernels))
    except OSError:
        return
    for name in names:
        folder = kernels / name
        # Jupyter lists hidden folders, too, once they hold a spec; without one they are nobody's kernel.
        if os.path.isdir(folder) and (not name.startswith(".") or os.path.isfile(folder / "kernel.json")):
            yield folder


def _read(folder: Path, shadowed_by: str) -> Kernel:
    kernel_id = folder.name.lower()
    try:
        content = _parse(folder / "kernel.json")
    except _UnreadableError as error:
        return Kernel(id=kernel_id, folder=str(folder), state="broken-json", reason=str(error), shadowed_by=shadowed_by)
    block = owned(content)
    program = _program(content["argv"][0], folder)
    state, reason = (_own_state(block, program) if block else None) or _program_state(content["argv"][0], program)
    return Kernel(
        id=kernel_id,
        folder=str(folder),
        state=state,
        reason=reason,
        ours=block is not None,
        display_name=_text(content, "display_name"),
        language=_text(content, "language"),
        argv=tuple(content["argv"]),
        interpreter=program or "",
        prefix=_text(block or {}, "prefix"),
        project=_text(block or {}, "project"),
        name=_text(block or {}, "name"),
        mode=_text(block or {}, "ipykernel"),
        dotenv=_text(block or {}, "dotenv"),
        shared=_text(block or {}, "shared"),
        shadowed_by=shadowed_by,
    )


class _UnreadableError(Exception):
    """A ``kernel.json`` that no kernel can be started from, and why."""


def _parse(path: Path) -> dict[str, Any]:
    raw = b""
    try:
        with open(path, "rb") as stream:
            raw = stream.read(_SPEC_MAX_BYTES)
        content = json.loads(raw)
    except FileNotFoundError:
        raise _UnreadableError("kernel.json is missing") from None
    except OSError as error:
        raise _UnreadableError(f"kernel.json cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RecursionError):
        raise _UnreadableError("kernel.json is empty" if not raw.strip() else "kernel.json is not valid JSON") from None
    argv = content.get("argv") if isinstance(content, dict) else None
    if not isinstance(argv, list) or not argv or not all(isinstance(item, str) for item in argv) or not argv[0]:
        raise _UnreadableError("kernel.json has no argv")
    return dict(content)


def _text(content: Mapping[str, Any], key: str) -> str:
    found = content.get(key)
    return found if isinstance(found, str) else ""


def _program(name: str, folder: Path) -> str | None:
    """Return the program's path: "" where only the server can tell, ``None`` where PATH does not have it."""
    name = name.replace("{resource_dir}", str(folder))
    if os.path.isabs(name):
        return name
    if "{" in name or os.sep in name or _SERVER_PYTHON.fullmatch(name):
        return ""
    return shutil.which(name)


def _own_state(block: Mapping[str, Any], program: str | None) -> tuple[str, str] | None:
    """Judge what only mlenv's specs tell: project and environment. ``None``: nothing wrong with these."""
    project, prefix = _text(block, "project"), _text(block, "prefix")
    if project and not os.path.isdir(project):
        return "project-missing", f"its project {project} is gone"
    if prefix and not os.path.isdir(prefix):
        return "environment-missing", f"its environment {prefix} is gone"
    if prefix and _half_made(prefix):
        return "half-made", f"the building of its environment {prefix} was cut short"
    return None


def _half_made(prefix: str) -> bool:
    """Say whether this is a generation of mlenv without the marker that is written last."""
    real = Path(os.path.realpath(prefix))
    generation = real.parent.name == "envs" and real.parent.parent.name == ".mlenv"
    return generation and not os.path.isfile(real / _READY_MARKER)


def _program_state(name: str, program: str | None) -> tuple[str, str]:
    if program == "":
        return "ok", ""
    if program is None:
        return "interpreter-missing", f"its program {name} is not on PATH"
    if not os.path.isfile(program):
        return "interpreter-missing", f"its interpreter {program} is gone"
    if not os.access(program, os.X_OK):
        return "interpreter-not-executable", f"its interpreter {program} may not be executed"
    return "ok", ""
