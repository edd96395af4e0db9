"""What this kernel and the front ends before it tell each other: comms of Jupyter, nothing anywhere else.

The kernel tells its front end to switch or to look again (target ``mlenv.frontend``, opened here, no answer needed); a
front end asks what is in memory (target ``mlenv.kernel``, opened there). Standard library only, Python 3.9+.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from mlenv.kernel.hold import Hold
    from mlenv.kernel.state import State
    from mlenv.model import Outcome

__all__ = ["Front"]

_OWN_TARGET = "mlenv.kernel"
_TARGET = "mlenv.frontend"
_MAX_LISTENERS = 8
"""A page that was reloaded never closes its comm: the oldest give way."""
_CLOSED_AFTER_S = 1.0
"""A front end without our target closes the comm itself; were it gone by then, the kernel would log a warning."""
_SWITCHING = frozenset({"create", "switch", "use"})
"""Verbs that name the kernel in which the notebook is to run."""
_CHANGING = frozenset(
    {"add", "create", "delete", "freeze", "init", "lock", "remove", "sync", "undo", "upgrade", "use"}
)  # fmt: skip
_CHANGING_KERNELS = frozenset({"prune", "repair"})
_RELOADS = ("reload", "sys.modules")


class Front:
    """The front ends of one kernel.

    Args:
        shell: IPython's shell; its ``kernel``, if it has one, is ipykernel's (6.0 or later).
        state: gives what this kernel knows of itself; made when it is first needed.
        guarded: does a piece of work so that its error breaks nothing.
    """

    def __init__(self, shell: Any, state: Callable[[], State], guarded: Callable[[Callable[[], None]], None]) -> None:
        self._shell = shell
        self._state = state
        self._guarded = guarded
        self._kernel: Any = getattr(shell, "kernel", None)
        self._running = False
        self._listeners: List[_Listener] = []
        self._seen: Optional[Tuple[Any, ...]] = None
        self._switch: Optional[Tuple[str, str]] = None
        self._hold: Optional[Hold] = None

    def register(self) -> None:
        """Let front ends ask. Cost: 2 us."""
        comms = getattr(self._kernel, "comm_manager", None)
        if comms is not None:
            comms.register_target(_OWN_TARGET, self._opened)

    def unregister(self) -> None:
        comms = getattr(self._kernel, "comm_manager", None)
        if comms is not None and _OWN_TARGET in comms.targets:
            comms.unregister_target(_OWN_TARGET, self._opened)
        while self._listeners:
            self._listeners.pop().comm.close()

    # --- what verbs tell ---

    def done(self, verb: str, words: Sequence[str], outcome: Optional[Outcome], *, at_home: bool) -> None:
        """Tell the front end what a verb has done, if it has to know. May be called from any thread.

        Args:
            verb: ``kernels``.
            words: its arguments: ``prune``.
            outcome: what it did; ``None`` where it failed, for part of it may have been done.
            at_home: whether this kernel runs in the project's environment.
        """
        if outcome is not None and outcome.dry_run:
            return
        if outcome is not None and outcome.kernel and verb in _SWITCHING and not at_home:
            self.switch(outcome.kernel, str((outcome.data or {}).get("display_name") or outcome.kernel))
        elif verb in _CHANGING or (verb == "kernels" and any(word in _CHANGING_KERNELS for word in words)):
            self.refresh()

    def switch(self, kernel: str, display_name: str) -> None:
        """Tell the front end to run this notebook in another kernel, after this cell: its outputs come first."""
        self._switch = (kernel, display_name)
        if not self._running:
            self._on_main_thread(self._tell_switch)

    def refresh(self) -> None:
        """Tell the front end that environment, lock or kernels have changed. May be called from any thread."""
        self._on_main_thread(self._tell_refresh)

    def _tell_switch(self) -> None:
        from mlenv.render.wire import switch_message

        wanted, self._switch = self._switch, None
        if wanted is not None:
            sys.stdout.flush()  # ipykernel sends what was printed some time later
            sys.stderr.flush()
            if self._tell(switch_message(*wanted)):
                self._hold_cells(wanted[1])

    def _hold_cells(self, display_name: str) -> None:
        if self._hold is None:
            from mlenv.kernel.hold import Hold

            self._hold = Hold(self._shell)
        self._hold.begin(display_name)

    def _tell_refresh(self) -> None:
        from mlenv.render.wire import refresh_message

        self._tell(refresh_message())

    def _tell(self, message: Dict[str, Any]) -> bool:
        """Tell the front end, if it is one that listens; return whether it is."""
        from mlenv.kernel.surroundings import front_end

        if self._kernel is None or front_end(self._shell) != "jupyter":
            return False
        comm = _opened_comm(self._kernel, _TARGET, message)
        loop = getattr(self._kernel, "io_loop", None)
        if loop is None:
            comm.close()
        else:
            loop.call_later(_CLOSED_AFTER_S, comm.close)
        return True

    # --- what front ends ask ---

    def _opened(self, comm: Any, message: Any) -> None:
        """Note a front end that asks. ipykernel 7 may call this in another thread, in the middle of a cell."""
        listener = _Listener(comm)
        comm.on_close(lambda closed: self._forget(listener))
        self._listeners.append(listener)
        for old in self._listeners[:-_MAX_LISTENERS]:
            self._forget(old)
            old.comm.close()
        self._on_main_thread(self._answer)

    def _forget(self, listener: _Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _answer(self) -> None:
        if not self._running:  # else the end of the cell answers: in its middle, memory is half of what it will be
            self._send_loaded()

    def before_cell(self) -> None:
        """Note that a cell runs; one that was queued behind a switch waits here for the front end."""
        self._running = True
        if self._hold is not None:
            self._hold.before_cell()

    def after_cell(self, cell: str) -> None:
        """Send what was kept for the end of the cell. Cost: 0.2 us where no front end has asked."""
        self._running = False
        if self._hold is not None:
            self._hold.after_cell()
        if self._switch is not None:
            self._tell_switch()
        if self._listeners:
            if any(word in cell for word in _RELOADS):
                self._seen = None  # modules were exchanged and their number may be the same
            self._send_loaded()

    def _send_loaded(self) -> None:
        """Send what is in memory to those that have not been told. Cost: 0.1 ms where no import came, else 3 ms."""
        from mlenv.kernel.memory import names_in_use
        from mlenv.render.wire import loaded_message

        names = names_in_use(self._shell.user_ns, getattr(self._shell, "user_ns_hidden", {}))
        seen = (len(sys.modules), names)
        if seen == self._seen and all(listener.told is not None for listener in self._listeners):
            return
        message = loaded_message(self._state().loaded())
        self._seen = seen
        for listener in tuple(self._listeners):
            if listener.told != message:
                listener.told = message
                self._guarded(partial(listener.comm.send, message))

    def _on_main_thread(self, work: Callable[[], None]) -> None:
        """Do this in the thread of the cells: memory and comms are theirs. Now, if this is it and a cell runs."""
        loop = getattr(self._kernel, "io_loop", None)
        if loop is None or (self._running and threading.current_thread() is threading.main_thread()):
            self._guarded(work)
        else:
            loop.add_callback(self._guarded, work)


class _Listener:
    """One comm of one front end, and what it was told last."""

    def __init__(self, comm: Any) -> None:
        self.comm = comm
        self.told: Optional[Dict[str, Any]] = None


def _opened_comm(kernel: Any, target: str, data: Dict[str, Any]) -> Any:
    """Open a comm.

    ipykernel before 6.18 (Google Colab's) does not know the package ``comm``: where widgets brought it along, its comms
    would go nowhere.
    """
    try:
        from comm import create_comm, get_comm_manager
    except ImportError:
        pass
    else:
        if get_comm_manager() is getattr(kernel, "comm_manager", None):
            return create_comm(target_name=target, data=data)
    from ipykernel.comm import Comm

    return Comm(target_name=target, data=data)
