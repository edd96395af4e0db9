"""The plugins that Dask runs: on the scheduler, in each nanny, in each worker, and in those that start later.

Standard library only, Python 3.9+, and Dask itself, which every one of these processes has: this file is sent there.
A lock is brought by the nanny, before its worker's process starts; where a worker runs already it is started anew, and
only if it has loaded what has changed. The worker itself looks at the end, and installs where it has no nanny.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, Callable, List, Mapping, Tuple

from distributed.diagnostics.plugin import NannyPlugin, SchedulerPlugin, WorkerPlugin
from distributed.protocol.pickle import dumps, loads

from mlenv.on_worker.bring import bring, told
from mlenv.on_worker.look import environment_sites, installed_now, loaded_now
from mlenv.on_worker.parcel import Parcel
from mlenv.on_worker.wanted import Wanted, differences, wanted_here

__all__ = ["nanny_plugin", "scheduler_plugin", "stale", "worker_plugin"]

NAME = "mlenv-locked-environment"
_SHOWN = 3
_MODULE = "on_worker.plugins"


def scheduler_plugin(package: str, packed: str, loader: str, given: str) -> SchedulerPlugin:
    """Return what the scheduler gets."""
    return _OnScheduler(Parcel(package, packed, loader), given)


def nanny_plugin(package: str, packed: str, loader: str, given: str) -> NannyPlugin:
    """Return what each nanny gets."""
    return _OnNanny(Parcel(package, packed, loader), given)


def worker_plugin(package: str, packed: str, loader: str, given: str) -> WorkerPlugin:
    """Return what each worker gets."""
    return _OnWorker(given)


def stale(dask_worker: Any) -> str:
    """Say what this worker has in memory otherwise than on disk, as JSON: names; what cannot be told counts."""
    installed = installed_now(environment_sites())
    versions = {row.name: row.version for row in installed.distributions}
    rows = [row for row in loaded_now(dask_worker) if row.origin == "environment"]
    return json.dumps([row.name for row in rows if row.version != versions.get(row.name)])


class _OnScheduler(SchedulerPlugin):  # type: ignore[misc]  # Dask's types are not read
    """Registers the others: with present and later nannies and workers."""

    name = NAME

    def __init__(self, parcel: Parcel, given: str) -> None:
        self._parcel, self._given = parcel, given

    async def start(self, scheduler: Any) -> None:
        """Bring the lock to all that are there.

        Raises:
            RuntimeError: some worker is not as the lock says; nothing stays registered then.
        """
        given = json.loads(self._given)
        if given["mend"]:
            plugin = dumps(self._parcel.made(_MODULE, "nanny_plugin", self._given))
            await scheduler.register_nanny_plugin(comm=None, plugin=plugin, name=NAME, idempotent=False)
        plugin = dumps(self._parcel.made(_MODULE, "worker_plugin", self._given))
        answers = await scheduler.register_worker_plugin(comm=None, plugin=plugin, name=NAME, idempotent=False)
        faults = _faults(answers)
        if faults:
            await self._take_back(scheduler)
            more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
            raise RuntimeError(f"mlenv: {'; '.join(faults[:_SHOWN])}{more}")
        # Of a worker that starts later nobody hears but by a warning; those that are there have answered.
        later = self._parcel.made(_MODULE, "worker_plugin", json.dumps({**given, "warn": True}))
        scheduler.worker_plugins[NAME] = dumps(later)

    async def _take_back(self, scheduler: Any) -> None:
        if NAME in scheduler.nanny_plugins:
            await scheduler.unregister_nanny_plugin(comm=None, name=NAME)
        await scheduler.unregister_worker_plugin(comm=None, name=NAME)


def _faults(answers: Mapping[str, Any]) -> List[str]:
    return [_reason(answer) for answer in answers.values() if answer.get("status") == "error"]


def _reason(answer: Mapping[str, Any]) -> str:
    """Return what a worker raised: it comes pickled, and inside Dask's own wrapping."""
    from distributed.protocol.serialize import Serialized, deserialize

    error = answer.get("exception")
    try:
        error = deserialize(error.header, error.frames) if isinstance(error, Serialized) else error
        error = getattr(error, "data", error)
        return str(loads(error) if isinstance(error, (bytes, bytearray, memoryview)) else error)
    except Exception:  # noqa: BLE001 - whatever cannot be read is told as Dask tells it
        return str(answer.get("exception_text", "a worker failed"))


class _OnNanny(NannyPlugin):  # type: ignore[misc]
    """Installs before the worker's process starts, and has a running one started anew where that is needed."""

    restart = False

    def __init__(self, parcel: Parcel, given: str) -> None:
        self._parcel, self._given = parcel, given

    async def setup(self, nanny: Any) -> None:
        """Bring the lock; Dask restarts the worker after it where ``restart`` is set.

        Raises:
            RuntimeError: it could not be brought; the worker says so, too.
        """
        running = nanny.process is not None and nanny.worker_address
        if running:
            await self._stale(nanny)  # noted now: what is in memory cannot be told afterwards
        await _aside(partial(bring, wanted_here(self._given)))
        self.restart = bool(running and await self._stale(nanny))

    async def _stale(self, nanny: Any) -> bool:
        asked = dumps(self._parcel.function(_MODULE, "stale"))
        answer = await nanny.rpc(nanny.worker_address).run(function=asked)
        return answer.get("status") != "OK" or bool(json.loads(answer["result"]))


class _OnWorker(WorkerPlugin):  # type: ignore[misc]
    """Looks whether all is as locked; without a nanny it installs, too."""

    def __init__(self, given: str) -> None:
        self._given = given

    async def setup(self, worker: Any) -> None:
        """Look, and say what is wrong.

        Raises:
            RuntimeError: something is not as the lock says, or this process has loaded something else.
        """
        try:
            await self._settle(worker)
        except RuntimeError as error:
            message = f"worker {worker.name}: {error}"
            if json.loads(self._given).get("warn"):  # every client shows it
                warning = {"message": dumps(f"mlenv: {message}"), "category": dumps(UserWarning)}
                worker.log_event("warn", warning)
            raise RuntimeError(message) from None

    async def _settle(self, worker: Any) -> None:
        wanted = wanted_here(self._given)
        mend, again = self._differences(worker, wanted)
        if mend and wanted.mend:
            # Its nanny has tried before, and logged why it could not: trying again says why.
            await _aside(partial(bring, wanted))
            mend, again = self._differences(worker, wanted)
        if mend:
            raise RuntimeError(told(mend))
        if again:
            why = "client.restart() does it" if worker.nanny else "it has no nanny that could"
            raise RuntimeError(f"it has to be started anew ({why}): {told(again)}")

    def _differences(self, worker: Any, wanted: Wanted) -> Tuple[Any, Any]:
        return differences(wanted, installed_now(environment_sites()), loaded_now(worker))


async def _aside(work: Callable[[], Any]) -> Any:
    """Run what takes its time in a thread: this process goes on answering the scheduler."""
    return await asyncio.get_running_loop().run_in_executor(None, work)
