"""What the routes of one server share: where it works, what it runs, and one queue per project."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from mlenv.errors import MlenvError
from mlenv.faces.server import places
from mlenv.faces.server.events import Teller
from mlenv.faces.server.jobs import Jobs

__all__ = ["Service"]

_T = TypeVar("_T")
_THREADS = 4


class Service:
    """mlenv in one server. All of its state is in this process's memory: servers of others share nothing with it."""

    def __init__(self, serverapp: Any, base: str) -> None:
        self.base = base
        """Where the routes begin: ``/user/anna/mlenv``."""
        self._app = serverapp
        self.jobs = Jobs(Teller(serverapp.event_logger, serverapp.log))
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: dict[Hashable, asyncio.Task[Any]] = {}
        self._queues: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    # --- where ---

    @property
    def root(self) -> str:
        """The server's root folder.

        Raises:
            MlenvError: ``no-files`` where its notebooks are no files of this machine.
        """
        root = getattr(self._app.contents_manager, "root_dir", None)
        if not root:
            message = "this server's notebooks are no files of this machine, so no environment can lie beside them"
            raise MlenvError("no-files", message, hint="use mlenv in a terminal")
        return str(root)

    def folder_of(self, path: str) -> Path:
        """Return the folder of a contents path. Raises as :func:`mlenv.faces.server.places.folder_of`."""
        from jupyter_core.paths import is_hidden

        shows_hidden = bool(getattr(self._app.contents_manager, "allow_hidden", False))
        return places.folder_of(self.root, path, (lambda place, root: False) if shows_hidden else is_hidden)

    def contents_path(self, place: str) -> str | None:
        """Return the contents path of a folder; ``None`` outside the server's root."""
        return places.contents_path(self.root, place)

    @property
    def kernels(self) -> Any:
        """Jupyter's own manager of running kernels."""
        return self._app.kernel_manager

    # --- work that must not hold the server up ---

    async def aside(self, work: Callable[[], _T]) -> _T:
        """Do something that reads files in a thread of mlenv's own."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="mlenv")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def in_turn(self, folder: Path, what: Hashable, work: Callable[[], _T]) -> _T:
        """As :meth:`aside`, one after the other for each folder.

        Who asks the same of a folder while another still waits for its turn gets that one's answer: never one whose
        measuring began before the question, so that no answer is older than a change that the asker knows of.
        """
        key = (folder, what)
        task = self._waiting.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._queued(key, folder, work))
            self._waiting[key] = task
        result: _T = await asyncio.shield(task)  # one page that closes does not take the others' answer away
        return result

    async def _queued(self, key: Hashable, folder: Path, work: Callable[[], _T]) -> _T:
        queue = self._queues.setdefault(folder, asyncio.Lock())
        async with queue:
            self._waiting.pop(key, None)
            return await self.aside(work)

    def close(self) -> None:
        """End every job with all that it started. Returns within 2.5 s."""
        self.jobs.close()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
