"""What a kernelspec of mlenv holds: an ordinary one that works in every front end, and makes the environment active."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from mlenv import kernel_names
from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.probe.environment import interpreter

__all__ = ["Spec", "spec_for"]


@value
class Spec:
    """One kernelspec to be written."""

    id: str
    display_name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    metadata: Mapping[str, Any]

    @property
    def content(self) -> dict[str, Any]:
        """What ``kernel.json`` holds."""
        return {
            "argv": list(self.argv),
            "display_name": self.display_name,
            "language": "python",
            "env": dict(self.env),
            "metadata": dict(self.metadata),
        }


def spec_for(
    *,
    kernel_id: str,
    display_name: str,
    root: str,
    prefix: str,
    launcher: str | None,
    name: str = "",
    dotenv: str = "",
    shared: str = "",
) -> Spec:
    """Say what the kernelspec of an environment is to hold.

    Args:
        kernel_id: a legal id.
        display_name: what Jupyter shows.
        root: the project's folder, absolute.
        prefix: the environment, absolute, not resolved through links.
        launcher: mlenv's launcher file; ``None`` for the classic way, with ipykernel inside the environment.
        name: the project's name, kept for repairs.
        dotenv: the file of variables that the kernel loads when it starts (``.env``: the nearest one); its path only.
        shared: the folder of launcher and runtimes, for a kernel that is for every user of the machine.

    Raises:
        MlenvError: ``kernel-name``; ``kernel-path`` where Jupyter would take a part of a path for a placeholder.
    """
    kernel_names.check_id(kernel_id)
    for path in (root, prefix, launcher or "", dotenv, shared):
        if re.search(r"\{(connection_file|prefix|resource_dir)\}", path):
            raise MlenvError("kernel-path", "Jupyter takes a part of this path for a placeholder", where=path)
    python = interpreter(prefix)
    if launcher is None:
        argv: tuple[str, ...] = (python, "-m", "ipykernel_launcher", "-f", "{connection_file}")
    else:
        argv = (python, launcher, "-f", "{connection_file}", "--mlenv-project", root)
        argv += ("--mlenv-dotenv", dotenv) if dotenv else ()
    ownership = {
        "schema": 1,
        "project": root,
        "name": name,
        "prefix": prefix,
        "kernel": kernel_id,
        "ipykernel": "installed" if launcher is None else "runtime",
        **({"dotenv": dotenv} if dotenv and launcher is not None else {}),
        **({"shared": shared} if shared else {}),
    }
    return Spec(
        id=kernel_id,
        display_name=display_name,
        argv=argv,
        env=_environment(prefix),
        metadata={"debugger": True, "mlenv": ownership},
    )


def _environment(prefix: str) -> dict[str, str]:
    """Make the environment active for what the kernel starts. ``${PATH}`` is Jupyter's to fill in: no copy of ours."""
    conda = os.path.isdir(os.path.join(prefix, "conda-meta"))
    if os.name != "nt":
        folders = [os.path.join(prefix, "bin")]
    elif conda:
        folders = [prefix, os.path.join(prefix, "Library", "bin"), os.path.join(prefix, "Scripts")]
    else:
        folders = [os.path.join(prefix, "Scripts")]
    return {
        "PATH": os.pathsep.join([*map(_literal, folders), "${PATH}"]),
        **{name: _literal(text) for name, text in _active(prefix, conda=conda).items()},
        "PYTHONPATH": "",
        "PYTHONHOME": "",
        "PYTHONNOUSERSITE": "1",
    }


def _active(prefix: str, *, conda: bool) -> dict[str, str]:
    """Return the variables by which programs know the environment; its scripts run when the kernel starts."""
    if not conda:
        return {"VIRTUAL_ENV": prefix}
    from mlenv.kernel.activation import named

    return named(prefix)


def _literal(path: str) -> str:
    """Protect ``$`` from Jupyter's ``string.Template``, only where that would act: other front ends know no ``$$``."""
    return re.sub(r"\$(?=[A-Za-z_{$])", "$$", path)
