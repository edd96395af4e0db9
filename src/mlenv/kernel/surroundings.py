"""Where this kernel stands: mlenv's folders, the interpreter that has the whole of mlenv, the project, the front end.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any, Dict, Mapping, Optional

import mlenv
from mlenv.model import value

__all__ = [
    "Surroundings",
    "environment_prefix",
    "find_project",
    "front_end",
    "notebook_file",
    "project_of_kernel",
    "same_folder",
    "surroundings",
]

_MANIFESTS = ("pyproject.toml", "mlenv.toml", "requirements.in", "requirements.txt", "environment.yml",
              "environment.yaml", "Pipfile", "pixi.toml")  # fmt: skip
_LOCKS = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "pixi.lock")
_BUILDS = ("setup.py", "setup.cfg")
_ENVIRONMENT_SIGNS = ("pyvenv.cfg", "conda-meta")
_ENVIRONMENTS = (".venv", "venv", "env", "ENV", ".pixi/envs/default")


@value
class Surroundings:
    """mlenv's own places, as this kernel sees them."""

    host: str
    """The interpreter that has the whole of mlenv; it may be gone."""
    data: str
    """mlenv's data folder; empty in a kernel that has mlenv installed itself."""
    cache: str

    @property
    def runtimes(self) -> str:
        return os.path.join(self.data, "runtimes") if self.data else ""


def surroundings() -> Surroundings:
    """Find mlenv's folders. Cost: one small file in a project kernel; an import of ``platformdirs`` elsewhere."""
    package = os.path.dirname(os.path.abspath(mlenv.__file__ or ""))
    side = os.path.dirname(os.path.dirname(package))
    data = os.path.dirname(side) if os.path.basename(side) == "side" else ""
    stated = _read(os.path.join(data, "launcher.json")) if data else {}
    if stated.get("host"):
        # What a whole machine shares names no cache: each user has one.
        cache = os.environ.get("MLENV_CACHE_DIR") or str(stated.get("cache") or _own_cache())
        return Surroundings(host=str(stated["host"]), data=data, cache=cache)
    import importlib

    # The kernel side must never depend on a library: only where mlenv itself is installed does this module exist.
    try:
        store = importlib.import_module("mlenv.store")
    except ImportError:  # launcher.json is damaged: `check` works, the other verbs say what to do
        cache = os.environ.get("MLENV_CACHE_DIR") or os.path.join(data, "cache")
        return Surroundings(host="", data=data, cache=cache)
    return Surroundings(host=sys.executable, data=str(store.data_dir()), cache=str(store.cache_dir()))


def _own_cache() -> str:
    """Return this user's cache folder, as ``platformdirs.user_cache_dir("mlenv")`` has it."""
    if sys.platform == "win32":  # untested
        return os.path.join(os.environ.get("LOCALAPPDATA", os.path.expanduser("~")), "mlenv", "mlenv", "Cache")
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return os.path.join(os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser(usual), "mlenv")


def _read(path: str) -> Dict[str, Any]:
    try:
        with open(path, "rb") as stream:
            content = json.loads(stream.read().decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def notebook_file(names: Mapping[str, Any]) -> str:
    """Return the path of the running notebook where the front end tells it, else an empty text."""
    for told in (names.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(told, str) and told.endswith(".ipynb") and os.path.isabs(told):
            return told
    return ""


def notebook_folder(names: Mapping[str, Any]) -> str:
    """Return the folder of the running notebook where the front end tells it, else the working folder."""
    folder = os.path.dirname(notebook_file(names))
    return folder if folder and os.path.isdir(folder) else os.getcwd()


def find_project(names: Mapping[str, Any]) -> Optional[str]:
    """Return the nearest project above the notebook: a folder with a manifest, a lock or an environment.

    The search ends above a ``.git`` root and at the home folder: a stray ``requirements.txt`` there must not swallow
    every notebook below it. Where nothing else is found, the nearest ``setup.py`` or ``setup.cfg`` makes a project.
    ``None`` where there is none.
    """
    start = notebook_folder(names)
    home = os.path.realpath(os.path.expanduser("~"))
    folder, built = start, None
    while folder == start or os.path.realpath(folder) != home:
        if _is_project(folder):
            return folder
        if built is None and any(os.path.isfile(os.path.join(folder, name)) for name in _BUILDS):
            built = folder
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            break
        folder = parent
    return built


def _is_project(folder: str) -> bool:
    if any(os.path.isfile(os.path.join(folder, name)) for name in (*_MANIFESTS, *_LOCKS)):
        return True
    if any(os.path.isfile(os.path.join(folder, name, "pyvenv.cfg")) for name in _ENVIRONMENTS):
        return True
    return os.path.isdir(os.path.join(folder, ".mlenv"))


def project_of_kernel(project: str, names: Mapping[str, Any]) -> str:
    """Return the project of a kernel that was started for one: the workspace's member that the notebook lies in.

    Members share the workspace's environment and kernel, and each asks for packages of its own.
    """
    project = os.path.abspath(project)
    nearest = find_project(names)
    inside = nearest is not None and nearest.startswith(project.rstrip(os.sep) + os.sep)
    return nearest if nearest is not None and inside and workspace_above(nearest) == project else project


def workspace_above(folder: str) -> Optional[str]:
    """Return the root of the uv workspace that a folder is a member of, as the root's ``uv.lock`` says; else ``None``.

    The next ``pyproject.toml`` above decides, as with uv. Cost: reading that lock, where there is one.
    """
    root = os.path.dirname(folder)
    while not os.path.isfile(os.path.join(root, "pyproject.toml")):
        if os.path.dirname(root) == root or os.path.exists(os.path.join(root, ".git")):
            return None
        root = os.path.dirname(root)
    try:
        with open(os.path.join(root, "uv.lock"), encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError):
        return None
    path = re.escape(os.path.relpath(folder, root).replace(os.sep, "/"))
    entry = rf'\nname = "([^"]+)"\n(?:version = "[^"]*"\n)?source = {{ (?:virtual|editable) = "{path}" }}'
    name, members = re.search(entry, text), re.search(r"\n\[manifest\]\nmembers = \[([^\]]*)\]", text)
    return root if name and members and f'"{name[1]}"' in members[1] else None


def environment_prefix(root: str) -> str:
    """Return where the project's environment is, or where it will be: the first of the usual names that exists.

    Members of a uv workspace have that of its root.
    """
    root = workspace_above(root) or root
    for name in _ENVIRONMENTS:
        prefix = os.path.join(root, name)
        if os.path.islink(prefix) or any(os.path.exists(os.path.join(prefix, sign)) for sign in _ENVIRONMENT_SIGNS):
            return prefix
    return os.path.join(root, _ENVIRONMENTS[0])


def same_folder(one: str, other: str) -> bool:
    """Whether two environment folders are the same one.

    Folders are compared through their links, interpreters never: two environments of one base Python share it.
    """
    return one == other or os.path.realpath(one) == os.path.realpath(other)


def front_end(shell: Any) -> str:
    """Return ``colab``, ``vscode``, ``jupyter`` or ``none``: it chooses wording and nothing else."""
    if "google.colab" in sys.modules:
        return "colab"
    if "__vsc_ipynb_file__" in shell.user_ns or "VSCODE_PID" in os.environ:
        return "vscode"
    session = os.environ.get("JPY_SESSION_NAME")
    return "jupyter" if session and not _inherited("JPY_SESSION_NAME", session) else "none"


def _inherited(name: str, content: str) -> bool:
    """Whether whoever started this process had the variable, too: papermill in a cell of a notebook, which nobody sees.

    Told where there is a ``/proc``; elsewhere taken for not inherited.
    """
    try:
        with open(f"/proc/{os.getppid()}/environ", "rb") as stream:
            return os.fsencode(f"{name}={content}") in stream.read().split(b"\0")
    except OSError:
        return False
