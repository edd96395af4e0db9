"""Bring a project's locked environment to every worker of a Dask cluster, or only look: ``import mlenv.dask``.

It needs Dask (``pip install "mlenv[dask]"``) and beside it only the standard library, Python 3.9+: in a project's
kernel, which has Dask from the project, mlenv's own Python is asked to read the lock.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib import import_module
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from mlenv.errors import MlenvError
from mlenv.on_worker.parcel import Parcel

try:
    from distributed.diagnostics.plugin import SchedulerPlugin
except ImportError as _missing:
    raise MlenvError(
        "dask-missing", f"mlenv.dask needs Dask here ({_missing})", hint='pip install "mlenv[dask]"'
    ) from None

__all__ = ["LockedEnvironment"]

_Chosen = Tuple[Optional[str], Tuple[str, ...], Tuple[str, ...]]
"""The lock, extras, groups."""


class LockedEnvironment(SchedulerPlugin):  # type: ignore[misc]  # Dask's types are not read
    """What a project's lock says, on every worker: ``client.register_plugin(LockedEnvironment("."))``.

    Workers that start later are covered. Each worker gets the pins for its own interpreter, checked by the lock's
    hashes, from the uv of its own machine, into the environment that it runs in; packages beyond the lock stay. A
    worker that has loaded something that changed is started anew by its nanny. Registering raises ``RuntimeError``
    where some worker is not as the lock says in the end, and says which and why.
    """

    name = "mlenv-locked-environment"
    idempotent = False

    def __init__(
        self,
        project: str = ".",
        *,
        mend: bool = True,
        system: bool = False,
        uv: str = "",
        allow_build: bool = False,
        platforms: Sequence[str] = (),
        lock: Optional[str] = None,
        extras: Sequence[str] = (),
        groups: Sequence[str] = (),
    ) -> None:
        """Read the lock.

        Args:
            project: the project's folder, or one inside it.
            mend: install what differs; ``False``: only look, and raise where something differs.
            system: whether a worker that runs in no virtual environment may be changed, too.
            uv: path of uv on the workers' machines; empty: that of the worker's environment, or on its ``PATH``.
            allow_build: build packages from source where there is no wheel.
            platforms: the workers' platforms, as ``mlenv check --platform`` takes them; empty: Linux, and this one.
            lock, extras, groups: as ``--lock``, ``--extra`` and ``--group``.

        Raises:
            MlenvError: ``no-project``, ``no-lock``, ``relock``; what the lock's reader raises.
        """
        chosen = (lock, tuple(extras), tuple(groups))
        self._project, self._chosen = os.path.abspath(project), chosen
        made = _made(self._project, tuple(platforms), chosen)
        asked = {"mend": mend, "system": system, "uv": uv, "allow_build": allow_build}
        self._given = json.dumps({**json.loads(made["given"]), **asked})
        self._parcel = Parcel(made["package"], made["packed"], made["loader"])

    def __reduce__(self) -> Tuple[Callable[..., object], Tuple[str]]:
        return self._parcel.made("on_worker.plugins", "scheduler_plugin", self._given).__reduce__()

    def remove(self, client: Any) -> None:
        """Cover workers that start later no more; what was installed stays.

        Dask forgets only the scheduler's part where ``client.unregister_scheduler_plugin`` is called.
        """
        with suppress(ValueError):  # it is not registered there
            client.unregister_scheduler_plugin(self.name)
        for of_nannies in (False, True):
            with suppress(ValueError):
                client.unregister_worker_plugin(self.name, nanny=of_nannies)

    def report(self, client: Any) -> Any:
        """Return ``mlenv cluster check`` of a client's cluster: printed it is the table; ``ok``, ``verdict``, ``json``.

        Raises:
            MlenvError: as the command; ``host-needed`` in a kernel, where ``%mlenv cluster check`` says the same.
        """
        library = _library()
        if library is None:
            hint = f"%mlenv cluster check {client.scheduler.address}"
            raise MlenvError("host-needed", "in a project's kernel the command gives this report", hint=hint)
        return library.report(client, self._project, *self._chosen)


def _library() -> Any:
    """Return what reads locks; ``None`` in a project's kernel, where mlenv's own Python does it."""
    try:
        return import_module("mlenv.faces.clusters")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("mlenv."):
            raise
        return None


def _made(project: str, platforms: Tuple[str, ...], chosen: _Chosen) -> Mapping[str, str]:
    library = _library()
    if library is not None:
        found: Dict[str, str] = library.payload(project, platforms, *chosen)
        return found
    from mlenv.kernel import child
    from mlenv.kernel.surroundings import surroundings

    lock, extras, groups = chosen
    named = [("--platform", platforms), ("--lock", (lock,) if lock else ()), ("--extra", extras), ("--group", groups)]
    words = [word for flag, texts in named for text in texts for word in (flag, text)]
    argv = child.command(surroundings().host, "cluster", ["plugin", *words], project=project)
    asked: Dict[str, str] = child.run(argv, lambda event: None)["outcome"]["data"]
    return asked
