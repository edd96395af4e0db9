"""``%mlenv panel``: verdict, its button, the three-way table, progress and log, in plain ipywidgets.

Standard library only, Python 3.9+, beside ipywidgets (7.7 to 8.1), which the runtime brings along. Work runs in a
thread, so that cells go on; every text is escaped.
"""

from __future__ import annotations

import html
import os
import sys
import threading
from typing import Any, List, Optional

from mlenv import render
from mlenv.errors import MlenvError
from mlenv.kernel import child
from mlenv.kernel.display import CheckResult, home_folder, outcome_of
from mlenv.kernel.front import Front
from mlenv.kernel.state import State
from mlenv.kernel.surroundings import front_end
from mlenv.kernel.watcher import Watcher
from mlenv.model import Event, Report

__all__ = ["Panel", "show_panel"]

_LABELS = {
    "create": "Create the environment",
    "sync": "Sync",
    "lock": "Lock",
    "freeze": "Freeze",
    "restart": "Restart the kernel",
    "switch": "How to switch",
}
_LOG_LINES = 200
_LOG_BOX = (
    # Turned round, so that the newest line stays in sight.
    "display:flex;flex-direction:column-reverse;max-height:11em;overflow:auto;margin-top:0.4em;padding:0.3em 0.8em;"
    "border:1px solid rgba(128,128,128,0.35);border-radius:3px"
)
_LOG_TEXT = "flex:none;overflow:visible;margin:0;font-size:0.9em;line-height:1.4;white-space:pre-wrap"


def show_panel(shell: Any, state: State, watcher: Watcher, front: Front) -> Any:
    """Show the panel, or without ipywidgets the report and one line that says so.

    Raises:
        MlenvError: as ``%mlenv check``.
    """
    report = state.report(wait=True, whole=True)
    watcher.told(report)
    try:
        import ipywidgets
    except ImportError:
        print("mlenv: no buttons here, for this kernel has no ipywidgets (%mlenv add ipywidgets); the report instead:")
        return CheckResult(report)
    panel = Panel(ipywidgets, shell, state, watcher, front)
    panel.show_report(report)
    from IPython.display import display

    display(panel.widget)
    return None


class Panel:
    """One panel below one cell."""

    def __init__(self, widgets: Any, shell: Any, state: State, watcher: Watcher, front: Front) -> None:
        self._shell = shell
        self._front = front
        self._state = state
        self._watcher = watcher
        self._working = threading.Lock()
        self._stop = threading.Event()
        self._command: str = ""
        self._log: List[str] = []
        self.worker: Optional[threading.Thread] = None
        """The thread of the work under way or done last."""
        self.report = widgets.HTML()
        self.action = widgets.Button(description="", button_style="primary")
        self.check = widgets.Button(description="Check again")
        self.cancel = widgets.Button(description="Stop", disabled=True)
        self.progress = widgets.IntProgress(value=0, min=0, max=1)
        self.step = widgets.HTML()
        self.log = widgets.HTML()
        self.action.on_click(lambda button: self._start(self._command))
        self.check.on_click(lambda button: self._start("check"))
        self.cancel.on_click(lambda button: self._stop.set())
        buttons = widgets.HBox([self.action, self.check, self.cancel])
        _show(self.progress, False)
        _show(self.cancel, False)
        self.widget = widgets.VBox([self.report, buttons, widgets.HBox([self.progress, self.step]), self.log])

    def show_report(self, report: Report) -> None:
        """Show a report and offer its action."""
        self.report.value = render.report_html(report, home=home_folder())
        self._command = report.next.action if report.next.action in _LABELS else ""
        self.action.description = _LABELS.get(self._command, "Nothing to do")
        _show(self.action, bool(self._command))
        self.action.tooltip = f"%{report.next.command}" if report.next.command else ""
        self.action.disabled = not self._command

    def _start(self, command: str) -> None:
        """Start the work of a button; a second click while it runs does nothing."""
        if not command or not self._working.acquire(blocking=False):
            return
        self._stop.clear()
        self.action.disabled = self.check.disabled = True
        self.cancel.disabled = False
        _show(self.cancel, True)
        self.worker = threading.Thread(target=self._work, args=(command,), daemon=True)
        self.worker.start()

    def _work(self, command: str) -> None:
        try:
            self._do(command)
            self.show_report(self._state.report(wait=True, whole=True))
        except MlenvError as error:
            self._say(render.error_text(error, root=self._state.root or "", home=home_folder(), magic=True))
        except KeyboardInterrupt:
            self._say("stopped; everything that had been started has ended")
        except Exception as error:  # noqa: BLE001  # the outermost line of a face: a thread has nobody above it
            self._say(f"mlenv failed unexpectedly: {type(error).__name__}: {error}")
        finally:
            _show(self.progress, False)
            self.step.value = ""
            self.cancel.disabled = True
            _show(self.cancel, False)
            self.check.disabled = False
            self.action.disabled = not self._command
            self._working.release()

    def _do(self, command: str) -> None:
        if command == "check":
            return
        if command == "restart":
            from mlenv.kernel.restart import restart

            restart(self._shell, front_end(self._shell))
            return
        state = self._state
        loaded = state.loaded() if state.at_home else ()
        argv = child.command(
            state.around.host,
            command,
            project=state.need_root(),
            kernel_prefix=sys.prefix,
            loaded=child.loaded_json(loaded),
        )
        message = child.run(argv, self._tell, cwd=os.getcwd(), stop=self._stop)
        outcome = outcome_of(message.get("outcome", {}))
        self._say(render.outcome_text(outcome, root=state.root or "", home=home_folder(), magic=True))
        state.follow()
        self._front.done(command, (), outcome, at_home=state.at_home)

    def _tell(self, event: Event) -> None:
        known = event.done is not None and bool(event.total)
        _show(self.progress, known)
        if known:
            self.progress.max, self.progress.value = event.total, event.done
        text = render.shorten(event.text, self._state.root or "", home_folder())
        self.step.value = html.escape(text) if known else ""  # without a bar, the log says it all
        self._say(text)

    def _say(self, text: str) -> None:
        new = [line for line in text.splitlines() if line.strip()]
        if new and (not self._log or self._log[-1] != new[-1]):
            self._log = [*self._log, *new][-_LOG_LINES:]
        lines = html.escape("\n".join(self._log))
        self.log.value = f'<div style="{_LOG_BOX}" tabindex="0"><pre style="{_LOG_TEXT}" role="log">{lines}</pre></div>'


def _show(widget: Any, shown: bool) -> None:
    """Show or hide a part of the panel; what is hidden takes no room."""
    widget.layout.display = None if shown else "none"
