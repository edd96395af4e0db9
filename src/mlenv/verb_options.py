"""The options of the verbs: flag, help and what follows, each once.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from typing import Mapping, Optional, Sequence, Tuple

from mlenv.model import value

__all__ = ["OPTIONS", "Option"]


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
    short: str = ""
    """A second flag, of one letter: ``-p``."""

    @property
    def values(self) -> int:
        """How many words follow the flag."""
        return len((self.metavar or "").split())


def _option(
    flag: str,
    text: str,
    metavar: Optional[str] = None,
    choices: Sequence[str] = (),
    many: bool = False,
    short: str = "",
) -> Option:
    return Option(flag=flag, help=text, metavar=metavar, choices=tuple(choices), many=many, short=short)


_ENGINES = ("uv", "venv", "virtualenv", "conda", "poetry", "pdm", "pipenv")

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
    _option("--pip", "with conda: the packages come from the package index (the pip part of environment.yml)"),
    _option("--existing", "take the environment in this folder as it is, as 'use' does; nothing is made"),
    _option("--list", "list the environments that conda, pixi, hatch, Poetry, Pipenv and others keep here"),
    _option("--engine", "what makes the environment (default: uv)", "NAME", _ENGINES),
    _option("--python", "the Python to use: a version, a range or a path", "VERSION"),
    _option("--fetch-python", "get the Python that is wanted with uv, where this machine has none"),
    _option("--cuda", "which builds of PyTorch to lock (recorded): auto, cpu, cu128, rocm6.4, ...", "BUILD"),
    _option("--as-of", "only packages uploaded before this day: 2022-07-17, git (the lock's commit), now", "DAY"),
    _option("--lock", "the lock that counts, where several lie side by side", "FILE"),
    _option("--extra", "an extra of the project to install, too", "NAME", many=True),
    _option("--group", "a dependency group", "NAME", many=True),
    _option("--all-extras", "every extra of the project"),
    _option("--all-groups", "every dependency group"),
    _option("--no-default-groups", "only the groups that are named, without those taken by default"),
    _option("--name", "the kernel's id", "NAME"),
    _option("--ipykernel", "where the kernel's own packages live", "WHERE", ("runtime", "installed")),
    _option("--from-notebook", "take the packages that notebooks ask for; a folder: all in it", "NOTEBOOK", many=True),
    _option("--all", "every notebook and project in this folder: one table, the worst is the exit status"),
    _option("--strict", "in a notebook: raise when the verdict is not 'in step'"),
    _option("--deep", "compare every file with its recorded hash, too"),
    _option("--platform", "another machine: linux, macos or windows, with -arm64 or -x86_64", "NAME", many=True),
    _option("--upgrade", "take the newest versions that fit, not those of the lock"),
    _option("--scope", "what to freeze", "SCOPE", ("direct", "imported", "all")),
    _option("--format", "the kind of file to write", "FORMAT", ("requirements", "pylock")),
    _option("--output", "the file to write (export: or the folder); -: print", "FILE"),
    _option("--from-bundle", "create: take lock, packages and kernel from this archive, without a network", "FILE"),
    _option("--from", "setup: a git address (with @BRANCH), a folder, a lock, or a bundle of mlenv", "SOURCE"),
    _option("--isolated", "setup: keep the packages in their own folder, ahead of the image's, which stays as it is"),
    _option("--show", "print the result, write nothing"),
    _option("--notebook", "freeze what this notebook imports", "NOTEBOOK"),
    _option("--shell", "the shell to print the line for", "NAME", ("bash", "zsh", "fish", "csh", "powershell", "cmd")),
    _option("--template", "what a new project begins with (default: ml)", "NAME", ("ml", "minimal")),
    _option("--git", "make a git repository and its first commit, too"),
    _option("--override", "let the values of .env replace variables that are set already"),
    _option("--unused", "prune: also environments that were replaced and that undo does not need"),
    _option("--disk", "say what environments, runtimes and caches take on disk: their own and what they share"),
    _option(
        "--parameter", "run: set this name for the notebook, as papermill does", "NAME VALUE", many=True, short="-p"
    ),
    _option("--write", "export script: write the block into the notebook, and nothing else of it"),
    _option("--declared", "export script: the packages as they are declared, not as they are locked"),
    _option("--check", "run: only where all is as locked; export: are the files up to date? lock: does it fit?"),
    _option("--jupyter", "export: an image with JupyterLab in which the project's kernel is registered"),
    _option("--base", "export: the base image, with its tag or digest", "IMAGE"),
    _option("--inplace", "run: write the new outputs into the notebook itself"),
    _option(
        "--timeout",
        "run: the most seconds that one cell may take (default: no limit); cluster: that an answer may (10)",
        "SECONDS",
    ),
    _option("--prefix", "kernels register: for every user of a hub, below DIR/share, DIR its environment", "DIR"),
    _option("--system", "kernels register: for every user of this machine, in Jupyter's system folder"),
)

OPTIONS: Mapping[str, Option] = {option.flag: option for option in _ALL_OPTIONS}
