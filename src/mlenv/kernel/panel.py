"""``%mlenv panel``: verdict, its button, packages, environment, kernels, progress and log, in plain ipywidgets.

Standard library only, Python 3.9+, beside ipywidgets (7.7 to 8.1), which the runtime brings along. Work runs in a
thread, so that cells go on; every text is escaped; no path of this machine is in a widget's state, which is saved.
"""

from __future__ import annotations

import html
from typing import Any, List, Optional, Sequence

from mlenv import render
from mlenv.kernel import widget_fit
from mlenv.kernel.display import CheckResult, home_folder
from mlenv.kernel.front import Front
from mlenv.kernel.panel_parts import Environment, Kernels, Packages
from mlenv.kernel.panel_work import Worker
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
    "setup": "Set up",
    "switch": "Switch the kernel",
}
_LOG_LINES = 200
_LOG_BOX = (
    # Turned round, so that the newest line stays in sight.
    "display:flex;flex-direction:column-reverse;max-height:11em;overflow:auto;margin-top:0.4em;padding:0.3em 0.8em;"
    "border:1px solid rgba(128,128,128,0.35);border-radius:3px"
)
_LOG_TEXT = "flex:none;overflow:visible;margin:0;font-size:0.9em;line-height:1.4;white-space:pre-wrap"
_SECTIONS = ("Packages", "Environment", "Kernels")


def show_panel(shell: Any, state: State, watcher: Watcher, front: Front) -> Any:
    """Show the panel, or where no widget can be drawn the report and one line that says why.

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
    if front_end(shell) == "jupyter":
        problem = widget_fit.misfit(ipywidgets.__version__, widget_fit.server_manager(widget_fit.server_prefixes()))
        if problem:
            print(f"mlenv: {problem}")
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
        self._state = state
        self._watcher = watcher
        self._command: str = ""
        self._log: List[str] = []
        self.work = Worker(state, front, tell=self._tell, say=self._say, busy=self._busy)
        self.report = widgets.HTML()
        self.action = widgets.Button(description="", button_style="primary")
        self.action.layout.width = "auto"
        self.check = widgets.Button(description="Check again", tooltip="%mlenv check")
        self.cancel = widgets.Button(description="Stop", disabled=True, tooltip="ends all that was started")
        self.progress = widgets.IntProgress(value=0, min=0, max=1)
        self.step = widgets.HTML()
        self.log = widgets.HTML()
        self.packages = Packages(widgets, self.run)
        self.environment = Environment(widgets, self.run)
        self.kernels = Kernels(widgets, self.run, lambda: self.work.start(self._list_kernels))
        self.sections = widgets.Accordion(
            children=[self.packages.widget, self.environment.widget, self.kernels.widget], selected_index=None
        )
        for index, title in enumerate(_SECTIONS):
            self.sections.set_title(index, title)
        self.sections.observe(lambda change: self._opened(change["new"]), "selected_index")
        self.action.on_click(lambda button: self.run(self._command))
        self.check.on_click(lambda button: self.run("check"))
        self.cancel.on_click(lambda button: self.work.stop())
        _show(self.progress, False)
        _show(self.cancel, False)
        buttons = widgets.HBox([self.action, self.check, self.cancel])
        steps = widgets.HBox([self.progress, self.step])
        self.widget = widgets.VBox([self.report, buttons, steps, self.log, self.sections])

    def show_report(self, report: Report) -> None:
        """Show a report, offer its action, and list the packages."""
        self.report.value = render.report_html(report, home=home_folder())
        self._command = _verb_of(report)
        self.action.description = _LABELS.get(self._command, "")
        _show(self.action, bool(self._command))
        self.action.tooltip = f"%{report.next.command}" if report.next.command else ""
        self.action.disabled = not self._command
        self.packages.show(self._package_rows(report))

    def run(self, verb: str, words: Sequence[str] = ()) -> None:
        """Start what a button means; a second click while something runs does nothing."""
        if verb:
            self.work.start(lambda: self._do(verb, words))

    def _do(self, verb: str, words: Sequence[str]) -> None:
        if verb == "restart":
            from mlenv.kernel.restart import restart

            restart(self._shell, front_end(self._shell))
            return
        try:
            if verb != "check":
                self.work.verb(verb, words)
        finally:
            if self._state.root is not None:
                report = self._state.report(wait=True, whole=True)
                self._watcher.told(report)
                self.show_report(report)
        if verb == "kernels":
            self._list_kernels()

    def _opened(self, section: Optional[int]) -> None:
        """Fill a section when it is looked at first: what it shows takes a program's start."""
        if section == 1 and len(self.environment.python.options) == 1:
            self.work.start(self._list_pythons)
        if section == 2 and not self.kernels.table.value:
            self.work.start(self._list_kernels)

    def _list_pythons(self) -> None:
        self.environment.show_pythons((self.work.ask("pythons").data or {}).get("pythons", ()))

    def _list_kernels(self) -> None:
        self.kernels.show((self.work.ask("kernels").data or {}).get("kernels", ()))

    def _package_rows(self, report: Report) -> Sequence[render.PackageRow]:
        state = self._state
        if state.root is None:
            return ()
        loaded = state.loaded() if state.at_home else ()
        return render.package_rows(state.known_selection(), state.installed(), loaded, report.findings)

    def _busy(self, busy: bool) -> None:
        self.action.disabled = busy or not self._command
        self.check.disabled = busy
        for button in (*self.packages.buttons, *self.environment.buttons, *self.kernels.buttons):
            button.disabled = busy
        self.cancel.disabled = not busy
        _show(self.cancel, busy)
        if not busy:
            _show(self.progress, False)
            self.step.value = ""

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
        lines = html.escape(render.mask_secrets("\n".join(self._log)))
        self.log.value = f'<div style="{_LOG_BOX}" tabindex="0"><pre style="{_LOG_TEXT}" role="log">{lines}</pre></div>'


def _verb_of(report: Report) -> str:
    """Return the verb of the report's next action that a button can do; in a hosted runtime that is ``setup``."""
    words = report.next.command.split()
    verb = "setup" if words[1:2] == ["setup"] else report.next.action
    return verb if verb in _LABELS else ""


def _show(widget: Any, shown: bool) -> None:
    """Show or hide a part of the panel; what is hidden takes no room."""
    widget.layout.display = None if shown else "none"
