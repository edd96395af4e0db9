"""The verbs and their help: one table that the command line, the magic and completion share.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from mlenv.model import value
from mlenv.verb_options import OPTIONS, Option

__all__ = ["COMMON", "OPTIONS", "VERBS", "Option", "Verb", "did_you_mean", "verb_named"]


@value
class Verb:
    name: str
    summary: str
    """One sentence, as help and README show it."""
    arguments: Tuple[str, str, str] = ("", "", "")
    """Name, number (``*``, ``+``, ``?`` or empty for one) and help of the positional arguments."""
    options: Tuple[str, ...] = ()
    """Flags, keys of :data:`OPTIONS`."""
    example: str = ""
    hidden: bool = False
    notebook: bool = False
    """Whether only a notebook can do it."""


COMMON = ("--project", "--json", "--events")
_CHANGE = ("--offline", "--dry-run", "--yes", "--force", "--allow-build")
_CHOICE = ("--lock", "--extra", "--group")
_EVERY = ("--all-extras", "--all-groups", "--no-default-groups")


def _verb(
    name: str,
    summary: str,
    *options: str,
    arguments: Tuple[str, str, str] = ("", "", ""),
    example: str = "",
    hidden: bool = False,
    notebook: bool = False,
) -> Verb:
    return Verb(
        name=name,
        summary=summary,
        arguments=arguments,
        options=(*options, *COMMON),
        example=example,
        hidden=hidden,
        notebook=notebook,
    )


VERBS: Tuple[Verb, ...] = (
    _verb(
        "create",
        "Make the project's environment from its lock, with these packages added, and register its kernel.",
        "--python",
        "--fetch-python",
        "--engine",
        "--pip",
        "--name",
        "--ipykernel",
        "--cuda",
        "--from-notebook",
        "--from-bundle",
        "--existing",
        "--as-of",
        "--frozen",
        "--deep",
        *_CHANGE,
        *_CHOICE,
        *_EVERY,
        arguments=("packages", "*", "packages to add first"),
        example="create scikit-learn pandas",
    ),
    _verb(
        "init",
        "Begin a project: folders, manifest, .gitignore, .env.example and a notebook; nothing existing is overwritten.",
        "--template",
        "--git",
        "--python",
        "--dry-run",
        "--yes",
        arguments=("folder", "*", "the folder (default: this one; one that holds things needs --yes), then packages"),
        example="init demo --git",
    ),
    _verb(
        "use",
        "Register an environment that is already there as the project's, without changing it.",
        "--name",
        "--ipykernel",
        "--list",
        *_CHANGE,
        arguments=("prefix", "?", "folder or name of the environment (default: the one that lies in the project)"),
        example="use .venv",
    ),
    _verb(
        "check",
        "Compare what is loaded, installed, locked and declared: one verdict, one action.",
        "--all",
        "--strict",
        "--deep",
        "--offline",
        "--platform",
        "--python",
        *_CHOICE,
        *_EVERY,
        arguments=(
            "notebook",
            "*",
            "a notebook that may declare packages of its own, held against its project; several, or folders: one table",
        ),
        example="check",
    ),
    _verb(
        "scan",
        "List the lines of notebooks that install something: where they would, and what to type instead.",
        arguments=(
            "notebook",
            "*",
            "notebooks, and folders for all in them (default: this folder)",
        ),
        example="scan notebooks",
    ),
    _verb(
        "add",
        "Declare packages, lock and install them.",
        "--pip",
        "--cuda",
        "--as-of",
        "--frozen",
        *_CHANGE,
        *_CHOICE,
        arguments=("packages", "*", "requirements such as numpy or 'numpy<2'"),
        example='add "numpy<2"',
    ),
    _verb(
        "remove",
        "Take packages out of the manifest, the lock and the environment.",
        *_CHANGE,
        *_CHOICE,
        arguments=("packages", "+", "names"),
        example="remove six",
    ),
    _verb(
        "setup",
        "Give a hosted runtime (Colab, Kaggle, ...) what the lock says, and move nothing that the host needs.",
        "--from",
        "--isolated",
        "--strict",
        "--allow-build",
        "--offline",
        "--dry-run",
        "--force",
        *_CHOICE,
        *_EVERY,
        example="setup --from https://github.com/me/demo.git --lock uv.lock",
    ),
    _verb(
        "sync",
        "Make the environment what the lock says.",
        "--frozen",
        "--python",
        "--fetch-python",
        "--deep",
        *_CHANGE,
        *_CHOICE,
        *_EVERY,
        example="sync",
    ),
    _verb(
        "lock",
        "Write the lock anew from the manifest; the environment stays.",
        "--check",
        "--upgrade",
        "--as-of",
        *_CHANGE,
        *_CHOICE,
        example="lock",
    ),
    _verb(
        "upgrade",
        "Move packages (default: all) to the newest versions that fit, in lock and environment.",
        "--as-of",
        *_CHANGE,
        *_CHOICE,
        arguments=("packages", "*", "names"),
        example="upgrade pandas",
    ),
    _verb(
        "freeze",
        "Write the lock from what is installed.",
        "--scope",
        "--format",
        "--output",
        "--show",
        "--notebook",
        *_CHANGE,
        *_CHOICE,
        example="freeze --scope direct",
    ),
    _verb(
        "bundle",
        "Write one archive with lock, wheels and kernel packages; create --offline makes the environment from it.",
        "--output",
        "--platform",
        "--python",
        "--dry-run",
        "--force",
        "--allow-build",
        *_CHOICE,
        *_EVERY,
        example="bundle",
    ),
    _verb(
        "export",
        "Write what takes the project elsewhere: containers, CI, clouds, other formats, hosted notebooks.",
        "--output",
        "--check",
        "--jupyter",
        "--base",
        "--write",
        "--declared",
        "--python",
        "--dry-run",
        "--force",
        *_CHOICE,
        *_EVERY,
        arguments=("kind", "*", "docker, github-actions, colab, ... (none: list them); behind script a notebook"),
        example="export docker",
    ),
    _verb("list", "List the installed packages beside the lock.", *_CHOICE, example="list"),
    _verb(
        "show",
        "Show one package: versions, where it comes from, who needs it.",
        arguments=("package", "", "name"),
        example="show pandas",
    ),
    _verb("outdated", "List packages that have newer versions.", "--offline", example="outdated"),
    _verb(
        "kernels",
        "List kernels; prune removes mlenv's own that lead nowhere, repair mends, register makes one, or one for all.",
        "--dry-run",
        "--yes",
        "--force",
        "--offline",
        "--unused",
        "--prefix",
        "--system",
        "--name",
        "--ipykernel",
        arguments=("action", "*", "list (default), prune, repair [ID], register"),
        example="kernels prune --dry-run",
    ),
    _verb(
        "cluster",
        "Compare what every worker of a Dask cluster has installed and loaded with the lock: one table, one verdict.",
        "--timeout",
        "--platform",
        *_CHOICE,
        *_EVERY,
        arguments=("action", "+", "check, then the scheduler's address"),
        example="cluster check tcp://127.0.0.1:8786",
    ),
    _verb(
        "pythons",
        "List the Pythons of this machine, where they come from, and which one create would take.",
        "--python",
        "--lock",
        example="pythons",
    ),
    _verb(
        "run",
        "Execute a notebook in its project's environment, whatever kernel it names; the file stays as it is.",
        "--output",
        "--inplace",
        "--parameter",
        "--check",
        "--timeout",
        "--offline",
        arguments=("notebook", "", "the notebook; it works in its own folder"),
        example="run analysis.ipynb --output done.ipynb -p rate 0.1",
    ),
    _verb("switch", "Say how to switch this notebook to the project's kernel.", example="switch"),
    _verb("restart", "Restart this notebook's kernel.", example="restart", notebook=True),
    _verb(
        "doctor",
        "Look for what is wrong: kernels that do not start, shadowing, GPU and driver, the common mistakes.",
        "--disk",
        arguments=("kernel", "?", "a kernel's id"),
        example="doctor",
    ),
    _verb(
        "undo",
        "Go back to the environment, lock and manifest before the last change.",
        "--dry-run",
        "--yes",
        "--force",
        example="undo",
    ),
    _verb(
        "delete",
        "Delete the project's environment and its kernel; manifest and lock stay.",
        "--dry-run",
        "--yes",
        "--force",
        example="delete --yes",
    ),
    _verb(
        "dotenv",
        "Load the nearest .env into the notebook, show its names, or write .env.example; never a value is shown.",
        "--override",
        "--dry-run",
        arguments=("action", "*", "load (default in a notebook), show (default elsewhere), example; and a file"),
        example="dotenv",
    ),
    _verb("activate", "Print the line that activates the environment in your shell.", "--shell", example="activate"),
    _verb(
        "panel", "Show the panel with the verdict, its button, the table and the log.", example="panel", notebook=True
    ),
    _verb(
        "select",
        "Write the cached selection that kernels read.",
        "--prefix",
        *_CHOICE,
        *_EVERY,
        hidden=True,
    ),
)


def verb_named(name: str) -> Optional[Verb]:
    """Return the verb of this name, ``None`` where there is none."""
    return next((verb for verb in VERBS if verb.name == name), None)


def did_you_mean(word: str, choices: Sequence[str]) -> str:
    """Return `` Did you mean 'check'?`` or an empty text."""
    import difflib

    close = difflib.get_close_matches(word, choices, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
