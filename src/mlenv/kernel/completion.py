"""Completion of a ``%mlenv`` line: verbs, options, their values, packages, kernels, files.

Standard library only, Python 3.9+. What is offered is looked up only when a line asks for it.
"""

from __future__ import annotations

import os
import sys
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from mlenv.verbs import OPTIONS, VERBS, Verb, verb_named

__all__ = ["Known", "complete", "files", "kernel_ids"]

_ACTIONS: Mapping[str, Tuple[str, ...]] = {
    "cluster": ("check",),
    "dotenv": ("load", "show", "example"),
    "export": (
        "docker",
        "compose",
        "devcontainer",
        "github-actions",
        "gitlab-ci",
        "pre-commit",
        "binder",
        "sagemaker",
        "vertex",
        "kaggle",
        "environment.yml",
        "requirements.txt",
        "pylock.toml",
        "colab",
        "script",
    ),
    "kernels": ("list", "prune", "repair", "register"),
}
"""The words that a verb's first argument may be."""
_MOST = 200
"""Nobody reads more."""
_ANY: Tuple[str, ...] = ("",)
_NOTEBOOKS: Tuple[str, ...] = (".ipynb",)
_FOLDERS: Tuple[str, ...] = ()
_LOCKS: Tuple[str, ...] = (".toml", ".lock", ".txt", ".yml", ".yaml")
_ENDINGS: Mapping[str, Tuple[str, ...]] = {
    # an option, or the name of a verb's arguments -> endings of the files that it takes; folders always lead on
    "--existing": _FOLDERS,
    "--from-notebook": _NOTEBOOKS,
    "--lock": _LOCKS,
    "--notebook": _NOTEBOOKS,
    "--prefix": _FOLDERS,
    "--project": _FOLDERS,
    "folder": _FOLDERS,
    "notebook": _NOTEBOOKS,
    "notebooks": _NOTEBOOKS,
    "prefix": _FOLDERS,
}
_VISIBLE = tuple(verb.name for verb in VERBS if not verb.hidden)
_FILE_METAVARS = frozenset({"FILE", "DIR", "NOTEBOOK"})


def kernel_ids() -> List[str]:
    """Return the ids of all kernels that Jupyter sees from here, in order. Cost: 1 ms for 100 kernels."""
    paths = getattr(sys.modules.get("jupyter_core.paths"), "jupyter_path", None)  # ipykernel has imported it
    found = {name for folder in (paths("kernels") if paths is not None else ()) for name in _names_in(folder)}
    return sorted(found)


def _names_in(folder: str) -> List[str]:
    try:
        return [name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "kernel.json"))]
    except OSError:
        return []


def files(typed: str, endings: Sequence[str]) -> List[str]:
    """Return the folders (with ``/``) and files that begin as typed; hidden ones only where the dot is typed.

    Args:
        typed: a relative or absolute path, ``~`` allowed, its last part unfinished.
        endings: of the files that fit; empty for folders alone.
    """
    head, part = os.path.split(typed)
    lead = typed[: len(typed) - len(part)]
    try:
        with os.scandir(os.path.expanduser(head) or ".") as entries:
            near = [entry for entry in entries if _fits(entry.name, part)]
    except OSError:
        return []
    rows = [f"{lead}{entry.name}/" if entry.is_dir() else f"{lead}{entry.name}" for entry in near]
    return sorted(row for row in rows if row.endswith(("/", *endings)))[:_MOST]


def _fits(name: str, part: str) -> bool:
    """Whether a name may follow; one with a blank would be two words."""
    return name.startswith(part) and (part != "" or not name.startswith(".")) and not any(map(str.isspace, name))


class Known:
    """Where the names come from that are not in the table of verbs.

    Args:
        packages: gives normalised names of installed packages.
        kernels: gives ids of kernels.
    """

    def __init__(self, packages: Callable[[], List[str]], kernels: Callable[[], List[str]] = kernel_ids) -> None:
        self.packages = packages
        self.kernels = kernels


def complete(line: str, known: Known) -> List[str]:
    """Return what may follow a line being typed.

    Args:
        line: up to the cursor, with the leading ``%mlenv``.
        known: asked for names only where the line wants some.
    """
    words = line.split()[1:]
    typed = "" if line.endswith((" ", "\t")) or not words else words.pop()
    if not words:
        return _beginning(typed, ("help", *_VISIBLE))
    verb = verb_named(words[0])
    if verb is None:
        return _beginning(typed, _VISIBLE) if words[0] == "help" else []
    before = OPTIONS.get(words[-1])
    if before is not None and before.metavar:
        return _values(before.flag, before.metavar, before.choices, typed)
    if typed.startswith("-"):
        return _beginning(typed, [flag for flag in verb.options if flag != "--events"])
    return _arguments(verb, words[1:], typed, known)


def _values(flag: str, metavar: str, choices: Sequence[str], typed: str) -> List[str]:
    if choices:
        return _beginning(typed, choices)
    return files(typed, _ENDINGS.get(flag, _ANY)) if metavar in _FILE_METAVARS else []


def _arguments(verb: Verb, before: Sequence[str], typed: str, known: Known) -> List[str]:
    """Return what may stand where a verb takes arguments.

    Args:
        before: the words between the verb and what is typed.
    """
    positional = [word for word in before if not word.startswith("-")]
    if verb.name in _ACTIONS and not positional:
        return _beginning(typed, _ACTIONS[verb.name])
    if verb.name == "export" or (verb.name == "dotenv" and positional):
        return files(typed, _NOTEBOOKS if verb.name == "export" else _ANY)
    wanted: Dict[str, Callable[[], List[str]]] = {
        "package": known.packages,
        "packages": known.packages,
        "kernel": known.kernels,
    }
    name = "kernel" if verb.name == "kernels" and "repair" in positional else verb.arguments[0]
    if name in wanted:
        return _beginning(typed, wanted[name]())
    return files(typed, _ENDINGS[name]) if name in _ENDINGS else []


def _beginning(typed: str, words: Sequence[str]) -> List[str]:
    return [word for word in words if word.startswith(typed)]
