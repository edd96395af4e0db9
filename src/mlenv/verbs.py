"""The verbs, their options and their help: one table that the command line, the magic and completion share.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from typing import Mapping, Optional, Sequence, Tuple

from mlenv.model import value

__all__ = ["COMMON", "OPTIONS", "VERBS", "Option", "Verb", "did_you_mean", "verb_named"]


@value
class Option:
    flag: str
    """``--dry-run``."""
    help: str
    metavar: Optional[str] = None
    """What follows the flag; ``None`` for a switch."""
    choices: Tuple[str, ...] = ()
    many: bool = False
    """Whether it may be given several times."""


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


def _option(
    flag: str, text: str, metavar: Optional[str] = None, choices: Sequence[str] = (), many: bool = False
) -> Option:
    return Option(flag=flag, help=text, metavar=metavar, choices=tuple(choices), many=many)


_ALL_OPTIONS = (
    _option("--project", "the project folder (default: found upwards from here)", "DIR"),
    _option("--json", "print one JSON object"),
    _option("--events", "print progress and the result as JSON lines"),
    _option("--offline", "use the cache only, never the network"),
    _option("--yes", "do what would be asked first"),
    _option("--dry-run", "show what would change, change nothing"),
    _option("--force", "go on where a warning stops"),
    _option("--frozen", "take the lock as it is, never relock"),
    _option("--allow-build", "build packages from source where there is no wheel"),
    _option("--engine", "what makes the environment (default: uv)", "NAME", ("uv", "venv", "poetry", "pdm", "pipenv")),
    _option("--python", "the Python to use: a version, a range or a path", "VERSION"),
    _option("--fetch-python", "get the Python that is wanted with uv, where this machine has none"),
    _option("--lock", "the lock that counts, where several lie side by side", "FILE"),
    _option("--extra", "an extra of the project to install, too", "NAME", many=True),
    _option("--group", "a dependency group", "NAME", many=True),
    _option("--all-extras", "every extra of the project"),
    _option("--all-groups", "every dependency group"),
    _option("--no-default-groups", "only the groups that are named, without those taken by default"),
    _option("--name", "the kernel's id", "NAME"),
    _option("--ipykernel", "where the kernel's own packages live", "WHERE", ("runtime", "installed")),
    _option("--from-notebook", "take the packages from a notebook's imports", "NOTEBOOK"),
    _option("--strict", "in a notebook: raise when the verdict is not 'in step'"),
    _option("--deep", "compare every file with its recorded hash, too"),
    _option("--platform", "another machine: linux, macos or windows, with -arm64 or -x86_64", "NAME", many=True),
    _option("--upgrade", "take the newest versions that fit, not those of the lock"),
    _option("--scope", "what to freeze", "SCOPE", ("direct", "imported", "all")),
    _option("--format", "the kind of file to write", "FORMAT", ("requirements", "pylock")),
    _option("--output", "the file to write", "FILE"),
    _option("--show", "print the result, write nothing"),
    _option("--notebook", "freeze what this notebook imports", "NOTEBOOK"),
    _option("--shell", "the shell to print the line for", "NAME", ("bash", "zsh", "fish", "csh", "powershell", "cmd")),
    _option("--unused", "prune: also environments that were replaced and that undo does not need"),
    _option("--disk", "say what environments, runtimes and caches take on disk: their own and what they share"),
    _option("--prefix", "the environment's folder", "DIR"),
)

OPTIONS: Mapping[str, Option] = {option.flag: option for option in _ALL_OPTIONS}
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
        "--name",
        "--ipykernel",
        "--from-notebook",
        "--frozen",
        "--deep",
        *_CHANGE,
        *_CHOICE,
        *_EVERY,
        arguments=("packages", "*", "packages to add first"),
        example="create scikit-learn pandas",
    ),
    _verb(
        "use",
        "Register an environment that is already there as the project's, without changing it.",
        "--name",
        "--ipykernel",
        *_CHANGE,
        arguments=("prefix", "?", "folder of the environment (default: the one that lies in the project)"),
        example="use .venv",
    ),
    _verb(
        "check",
        "Compare what is loaded, installed, locked and declared: one verdict, one action.",
        "--strict",
        "--deep",
        "--offline",
        "--platform",
        "--python",
        *_CHOICE,
        *_EVERY,
        arguments=("notebook", "?", "a notebook that may declare packages of its own, to be held against the project"),
        example="check",
    ),
    _verb(
        "add",
        "Declare packages, lock and install them.",
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
        "--upgrade",
        *_CHANGE,
        *_CHOICE,
        example="lock",
    ),
    _verb(
        "upgrade",
        "Move packages (default: all) to the newest versions that fit, in lock and environment.",
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
        "List kernels and their states; prune removes mlenv's own whose environment is gone, repair mends them.",
        "--dry-run",
        "--yes",
        "--force",
        "--offline",
        "--unused",
        arguments=("action", "*", "list (default), prune, repair [ID]"),
        example="kernels prune --dry-run",
    ),
    _verb("switch", "Say how to switch this notebook to the project's kernel.", example="switch"),
    _verb("restart", "Restart this notebook's kernel.", example="restart", notebook=True),
    _verb(
        "doctor",
        "Look for what is wrong: kernels that do not start, shadowing, broken runtimes.",
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
