"""Runtimes and the kernel side: what a project's kernel needs besides the project's environment.

A runtime is a folder with ipykernel and its needs, shared by all projects of one Python, made once, immutable and
*appended* to ``sys.path`` by the launcher; the kernel side is mlenv's own standard-library-only part, copied from the
host's files. Neither is ever installed into an environment.
"""

from mlenv.runtime.making import one_maker
from mlenv.runtime.plan import PACKAGES, Supply
from mlenv.runtime.shared import for_all, open_to_read, publish, tidy
from mlenv.runtime.shelf import RuntimeRef, ensure, listed, prune, unneeded
from mlenv.runtime.side import install_side, launcher_path

__all__ = [
    "PACKAGES", "RuntimeRef", "Supply", "ensure", "for_all", "install_side", "launcher_path", "listed", "one_maker",
    "open_to_read", "prune", "publish", "tidy", "unneeded",
]  # fmt: skip
