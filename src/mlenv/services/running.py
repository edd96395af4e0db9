"""Run the cells of a notebook in a kernel that nobody registered: the kernelspec lies in a folder of its own run."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlenv import kernels
from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["Ended", "Failure", "require_nbclient", "run_cells"]

_POLL_S, _END_S = 0.2, 10.0
_OUTPUT_BYTES = 8_000
_NO_HISTORY = "--HistoryManager.hist_file=:memory:"
"""What a batch run executes is nothing that a person typed."""


@value
class Failure:
    """The cell that ended a run."""

    cell: int
    """Index among all cells, from 0."""
    name: str
    """``ZeroDivisionError``, ``timeout``, or ``kernel-died``."""
    text: str


@value
class Ended:
    """How a run went; outputs are in the notebook that was handed over."""

    seconds: float
    cells: int
    """Code cells that ran to their end."""
    failure: Failure | None = None


def require_nbclient() -> None:
    """Refuse before anything is started.

    Raises:
        MlenvError: ``run-missing`` with what to install.
    """
    try:
        import nbclient
        import nbformat  # noqa: F401
    except ImportError as error:
        raise MlenvError(
            "run-missing",
            f"running notebooks needs nbclient, which is not where mlenv is: {error}",
            where=sys.prefix,
            hint="pip install 'mlenv[run]'",
        ) from None
    del nbclient


def run_cells(
    notebook: Any,
    spec: kernels.Spec,
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout_s: float | None,
    on_cell: Callable[[int], None],
) -> Ended:
    """Run all code cells, outputs into the notebook; an error in a cell ends the run and is a value.

    Args:
        notebook: of nbformat 4; its outputs and ``metadata.language_info`` change.
        spec: the kernel; nothing of it is registered.
        cwd: where it works.
        environ: its environment variables, without the spec's own.
        timeout_s: the most that one cell may take; ``None``: no limit.
        on_cell: told the index of each cell before it runs, in another thread.

    Raises:
        MlenvError: ``kernel-does-not-start`` with the end of what it printed.
        KeyboardInterrupt: the kernel, and all that it had started, has ended.
    """
    with tempfile.TemporaryDirectory(prefix="mlenv-run-") as scratch:
        log = Path(scratch, "output")
        with log.open("wb") as stream:
            run = _Run(notebook, _manager(spec, scratch), timeout_s, on_cell)
            worker = threading.Thread(
                target=run.work, kwargs={"cwd": str(cwd), "env": dict(environ), "stdout": stream, "stderr": stream}
            )
            worker.start()
            try:
                while worker.is_alive():
                    worker.join(_POLL_S)
            except BaseException:
                run.kill()
                worker.join(_END_S)
                raise
        if run.error is not None:
            return _ended(run, run.error, log.read_bytes()[-_OUTPUT_BYTES:].decode("utf-8", "replace"))
    return Ended(seconds=run.seconds, cells=run.cells)


def _manager(spec: kernels.Spec, scratch: str) -> Any:
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    folder = Path(scratch, "kernels", spec.id)
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(kernels.render(spec))
    specs = KernelSpecManager(kernel_dirs=[str(folder.parent)], ensure_native_kernel=False)
    connection = os.path.join(scratch, "connection.json")
    return AsyncKernelManager(kernel_name=spec.id, kernel_spec_manager=specs, connection_file=connection)


class _Run:
    """One run: made in the main thread, which waits and may be interrupted; worked off in another."""

    def __init__(self, notebook: Any, manager: Any, timeout_s: float | None, on_cell: Callable[[int], None]) -> None:
        self._notebook, self._manager, self._timeout_s, self._on_cell = notebook, manager, timeout_s, on_cell
        self.error: Exception | None = None
        self.at = -1
        """Index of the cell that began last."""
        self.cells = 0
        self.seconds = 0.0

    def work(self, **options: Any) -> None:
        """Run everything. nbclient takes signals for itself in a main thread: here it cannot."""
        began = time.monotonic()
        try:
            asyncio.run(self._execute(options))
        except Exception as error:  # noqa: BLE001  # carried into the thread that waits
            self.error = error
        self.seconds = time.monotonic() - began

    async def _execute(self, options: Mapping[str, Any]) -> None:
        from nbclient import NotebookClient

        client = NotebookClient(
            self._notebook,
            km=self._manager,
            timeout=self._timeout_s,
            record_timing=False,  # a second run makes no difference
            coalesce_streams=True,
            extra_arguments=[_NO_HISTORY],
            on_cell_execute=self._begins,
            on_cell_executed=self._done,
        )
        whole = False
        try:
            await client.async_execute(**options)
            whole = True
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            # At a good end the kernel may finish what it wants to at its exit; a cell that hangs never lets it.
            if not whole:
                self.kill()
            with suppress(RuntimeError, OSError):
                await self._manager.shutdown_kernel(now=not whole)

    def _begins(self, cell: Any, cell_index: int) -> None:
        self.at = cell_index
        self._on_cell(cell_index)

    def _done(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        self.cells += execute_reply["content"]["status"] == "ok"

    def kill(self) -> None:
        """End the kernel and what it started, now."""
        process = getattr(self._manager.provisioner, "process", None)
        if process is None or process.poll() is not None:
            return
        with suppress(OSError):
            if sys.platform != "win32":
                os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own
            else:
                process.kill()


def _ended(run: _Run, error: Exception, output: str) -> Ended:
    """Return the failure of a cell as a value.

    Raises:
        MlenvError: ``kernel-does-not-start``.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    failure: Failure | None = None
    if isinstance(error, CellExecutionError):
        failure = Failure(cell=run.at, name=error.ename, text=error.evalue)
    elif isinstance(error, CellTimeoutError):
        failure = Failure(cell=run.at, name="timeout", text="it took longer than --timeout allows")
    elif isinstance(error, DeadKernelError) and run.at >= 0:
        failure = Failure(cell=run.at, name="kernel-died", text="the kernel died while it ran")
    if failure is not None:
        return Ended(seconds=run.seconds, cells=run.cells, failure=failure)
    if run.at < 0 and isinstance(error, RuntimeError | OSError):
        raise MlenvError(
            "kernel-does-not-start",
            f"the project's kernel does not start: {error}",
            hint="mlenv doctor",
            details=output,
        ) from None
    raise error
