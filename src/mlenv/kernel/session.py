"""Give a kernel its ``%mlenv`` magic and its watcher, and take both away again.

Standard library only, Python 3.9+. Loading imports next to nothing: the rest comes with the first cell.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, List, Optional

from mlenv.kernel.front import Front

if TYPE_CHECKING:
    from mlenv.kernel.magics import Magic
    from mlenv.kernel.state import State
    from mlenv.kernel.watcher import Watcher

__all__ = ["Session", "load", "unload"]

_PLACE = "_mlenv_session"
_DOC = """Keep this notebook in the environment that its project locked.

    %mlenv check                      loaded, installed, locked, declared: one verdict, one action
    %mlenv create scikit-learn        make the project's environment, lock and kernel
    %mlenv add "numpy<2"              declare, lock and install packages
    %mlenv remove six                 the reverse
    %mlenv sync                       make the environment what the lock says
    %mlenv lock, upgrade, freeze      write the lock: from the manifest, newer, from what is installed
    %mlenv list, show, outdated       look at packages
    %mlenv kernels, switch, restart   look at kernels, change to the project's, start anew
    %mlenv doctor, undo, delete       find what is wrong, go back, remove
    %mlenv init, dotenv               begin a project, load .env by names
    %mlenv panel                      all of it with buttons

    %%mlenv add                       one requirement per line of the cell
    numpy<2
    pandas

    r = %mlenv check                  r.ok, r.verdict, r.findings, r.next.command
    %mlenv check --strict             raises unless all is in step
    mlenv.check()                     the same as a function, after: import mlenv
    await mlenv.use_kernel()          this notebook in its project's kernel
    %mlenv VERB --help                the options of one verb
    """


def load(shell: Any, project: Optional[str] = None) -> None:
    """Register ``%mlenv`` and ``%%mlenv``, completion and the watcher. A second call changes nothing.

    Args:
        shell: IPython's shell (7.34 or later).
        project: the project's folder; ``None`` to look for it above the notebook.

    Cost: 1 ms.
    """
    if vars(shell).get(_PLACE) is None:
        session = Session(shell, project)
        setattr(shell, _PLACE, session)
        session.register()


def unload(shell: Any) -> None:
    """Take the magic, completion and the watcher away."""
    session = vars(shell).get(_PLACE)
    if session is not None:
        session.unregister()
        delattr(shell, _PLACE)


class Session:
    """One kernel's mlenv: what IPython calls, each call guarded, each part made when it is first needed."""

    def __init__(self, shell: Any, project: Optional[str]) -> None:
        self._shell = shell
        self._project = project
        self._state: Optional[State] = None
        self._watcher: Optional[Watcher] = None
        self._magic: Optional[Magic] = None
        self._complained = False
        self.front = Front(shell, self.state, self._guarded)

    def register(self) -> None:
        from IPython.core.magic import no_var_expand

        def mlenv(line: str, cell: str = "") -> Any:
            return self._run(line, cell)

        mlenv.__doc__ = _DOC
        self._shell.register_magic_function(no_var_expand(mlenv), "line_cell", "mlenv")
        self._shell.events.register("pre_run_cell", self._before_cell)
        self._shell.events.register("post_run_cell", self._after_cell)
        for word in ("%mlenv", "%%mlenv"):
            self._shell.set_hook("complete_command", _completer(self), str_key=word)
        self.front.register()

    def unregister(self) -> None:
        self.front.unregister()
        self._shell.events.unregister("pre_run_cell", self._before_cell)
        self._shell.events.unregister("post_run_cell", self._after_cell)
        for kind in ("line", "cell"):
            self._shell.magics_manager.magics[kind].pop("mlenv", None)
        completions = self._shell.strdispatchers.get("complete_command")
        for word in ("%mlenv", "%%mlenv"):
            if completions is not None:
                completions.strs.pop(word, None)

    # --- the parts, made when needed ---

    def state(self) -> State:
        if self._state is None:
            from mlenv.kernel.state import State

            self._state = State(self._shell, self._project)
        return self._state

    def watcher(self) -> Watcher:
        if self._watcher is None:
            from mlenv.kernel.display import show
            from mlenv.kernel.watcher import Watcher

            self._watcher = Watcher(self.state(), show)
        return self._watcher

    def magic(self) -> Magic:
        if self._magic is None:
            from mlenv.kernel.magics import Magic

            self._magic = Magic(self._shell, self.state(), self.watcher(), self.front)
        return self._magic

    # --- what IPython calls ---

    def _run(self, line: str, cell: str) -> Any:
        return self.magic().run(line, cell)

    def _before_cell(self, info: Any = None) -> None:
        self.front.before_cell()
        self._guarded(lambda: self.watcher().before_cell())

    def _after_cell(self, result: Any = None) -> None:
        self._guarded(lambda: self._hint(result))
        self._guarded(lambda: self.watcher().after_cell())
        if self._magic is not None:
            self._guarded(lambda: self.magic().after_cell(result))
        self._guarded(lambda: self.front.after_cell(_cell_of(result)))

    def _hint(self, result: Any) -> None:
        cell = _cell_of(result)
        error = getattr(result, "error_in_exec", None)
        if isinstance(error, ModuleNotFoundError) or "pip" in cell:
            from mlenv.kernel import hints

            hints.after_cell(self.state(), cell, error)

    def complete(self, line: str) -> List[str]:
        found: List[str] = []
        self._guarded(lambda: found.extend(self._completions(line)))
        return found

    def _completions(self, line: str) -> List[str]:
        from mlenv.kernel.completion import Known, complete

        return complete(line, Known(self._installed_names))

    def _installed_names(self) -> List[str]:
        state = self.state()
        return sorted(row.name for row in state.installed().distributions) if state.root else []

    def _guarded(self, work: Callable[[], None]) -> None:
        """An error of mlenv never breaks or litters a cell: it is told once, in one line."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  # the outermost line of a face
            if not self._complained:
                self._complained = True
                text = f"{type(error).__name__}: {error}".splitlines()[0]
                print(f"mlenv: watching this notebook failed ({text}); %mlenv check says more", file=sys.stderr)


def _cell_of(result: Any) -> str:
    return getattr(getattr(result, "info", None), "raw_cell", None) or ""


def _completer(session: Session) -> Callable[[Any, Any], List[str]]:
    """Return what IPython's ``complete_command`` hook calls: with the shell, and an event that holds the line."""

    def complete(shell: Any, event: Any) -> List[str]:
        return session.complete(event.text_until_cursor.lstrip())

    return complete
