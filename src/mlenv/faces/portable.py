"""The portable kernel ``mlenv`` ("Project environment"): finds the project of the working folder when it starts.

A shared notebook that names it runs on every computer. It enters an environment only if this user made or accepted it
here; otherwise, and wherever the environment's own interpreter cannot serve, mlenv's own interpreter serves a kernel
that explains, and in which the ``%mlenv`` verbs work.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlenv import runtime
from mlenv.kernel import activation, boot, fallback
from mlenv.kernel.explanation import Explanation
from mlenv.probe.environment import interpreter
from mlenv.services import project as projects
from mlenv.services.portable import entered

__all__ = ["active", "main", "start_folder"]


def main(argv: Sequence[str]) -> None:
    """Become the kernel of the project here, or serve the explanation why not.

    Args:
        argv: ``-f CONNECTION_FILE``; ``--mlenv-explain`` where the launcher asks for the explanation only.
    """
    arguments = boot.parse_arguments(argv)
    if arguments.explain is not None:
        _serve(arguments, arguments.project, arguments.explain)
        return
    root = projects.find_root(start_folder(os.environ))
    place = entered(root)
    if isinstance(place, Explanation):
        _serve(arguments, str(root or ""), place)
        return
    launcher = runtime.launcher_path()
    if not launcher.is_file():
        runtime.install_side()
    own = boot.own_options(str(root), dotenv=projects.dotenv_of(root))
    words = [interpreter(str(place)), str(launcher), *arguments.rest, *own]
    boot.replace(words, active(os.environ, str(place)))


def start_folder(environ: Mapping[str, str]) -> Path:
    """Return the notebook's folder where the server tells it, else the working folder."""
    notebook = environ.get("JPY_SESSION_NAME", "")
    folder = os.path.dirname(notebook)
    return Path(folder if os.path.isabs(notebook) and os.path.isdir(folder) else os.getcwd())


def active(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return an environment like that of an activated one: what a project's own kernelspec sets."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_SHLVL", "VIRTUAL_ENV"}
    kept = {name: text for name, text in environ.items() if name not in dropped}
    programs = os.path.dirname(interpreter(prefix))
    return {
        **kept,
        "PATH": os.pathsep.join(filter(None, [programs, environ.get("PATH", "")])),
        **(activation.named(prefix) if os.path.isdir(os.path.join(prefix, "conda-meta")) else {"VIRTUAL_ENV": prefix}),
        "PYTHONNOUSERSITE": "1",
    }


def _serve(arguments: boot.Arguments, root: str, explanation: Explanation) -> None:
    """Serve the fallback kernel with mlenv's own interpreter and its ipykernel."""
    app = boot.initialized(arguments)
    boot.supply(app.shell, root, {})
    fallback.explain_every_cell(app.shell, explanation)
    app.start()


if __name__ == "__main__":
    main(sys.argv[1:])
