"""``%mlenv``: what each verb does in a notebook.

Standard library only, Python 3.9+. ``check`` is done here, for only this process knows what it has loaded; the other
verbs are mlenv's command line in a child process, its steps shown as they come.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from mlenv import render
from mlenv.errors import MlenvError
from mlenv.kernel.arguments import Line, help_text, parse
from mlenv.kernel.asking import ask, asks_many
from mlenv.kernel.display import (
    CheckResult,
    Progress,
    error_without_traceback,
    home_folder,
    not_in_step,
    outcome_of,
    report_of,
    without_traceback,
)
from mlenv.kernel.front import Front
from mlenv.kernel.own_notebook import OwnNotebook
from mlenv.kernel.state import State
from mlenv.kernel.surroundings import front_end
from mlenv.kernel.watcher import Watcher
from mlenv.model import Finding, Outcome

__all__ = ["Magic", "switch_lines"]

_CHANGING = frozenset({"add", "create", "remove", "setup", "sync", "undo", "upgrade", "use"})
"""Verbs after which it matters what is in memory."""
_HERE = ("--strict", "--json", "--deep", "--offline")
"""Options of ``check`` that this process understands itself."""
_ELSEWHERE = ("--platform", "--python")
"""Options of ``check`` that ask about other machines, of which this process knows nothing."""
_BARE_CHECK = re.compile(r"^[ \t]*%mlenv[ \t]+check\b[^;\n]*$", re.MULTILINE)


class Magic:
    """The verbs of one kernel."""

    def __init__(self, shell: Any, state: State, watcher: Watcher, front: Front) -> None:
        self._shell = shell
        self._front = front
        self._state = state
        self._watcher = watcher
        self._notebook = OwnNotebook()
        self._results: List[CheckResult] = []
        self._own: Mapping[str, Callable[[Line], Any]] = {
            "check": self._check,
            "dotenv": self._dotenv,
            "help": self._help,
            "panel": self._panel,
            "restart": self._restart,
            "scan": self._answer,
            "setup": self._setup,
        }

    def run(self, line: str, cell: str = "") -> Any:
        """Run one line.

        Raises:
            MlenvError: what is wrong, shown in at most five lines and without a traceback.
            KeyboardInterrupt: the user interrupted; nothing of the verb runs any more.
        """
        try:
            request = parse(line.rstrip().rstrip(";"), cell)
            if request.verb == "sync" and self._state.hosted is not None:
                request = Line(verb="setup")  # an image has no environment of its own to sync
            return self._own.get(request.verb, self._verb)(request)
        except MlenvError as error:
            raise error_without_traceback(error, self._state.root or "") from None

    def after_cell(self, result: Any) -> None:
        """Show a report that ``%mlenv check`` gave in the middle of a cell, where IPython shows no value."""
        cell = getattr(getattr(result, "info", None), "raw_cell", None) or ""
        waiting = [each for each in self._results if not each.shown]
        self._results.clear()
        if len(_BARE_CHECK.findall(cell)) >= len(waiting):
            for each in waiting:
                _display(each)

    # --- check ---

    def _check(self, line: Line) -> Optional[CheckResult]:
        if any(word.partition("=")[0] in _ELSEWHERE for word in line.words) or asks_many(line.verb, line.words):
            self._answer(line)
            return None
        if line.without(*_HERE):
            result = self._check_in_child(line)
        else:
            self._state.notes += self._declared()
            result = CheckResult(self._state.report(wait=True, whole=True, deep=line.has("--deep")))
            self._watcher.told(result.report)
        self._state.notes.clear()
        if line.has("--json"):
            result.shown = True
            print(json.dumps(result.json(), ensure_ascii=False))
        if line.has("--strict") and not result.ok:
            raise not_in_step(result)
        if line.has("--json"):
            return None
        self._results.append(result)
        return result

    def _declared(self) -> Tuple[Finding, ...]:
        """Return what is to be said of packages that this notebook declares itself, beside its project."""
        state = self._state
        if state.root is None:
            return ()
        inputs = state.selections().inputs
        return self._notebook.findings(self._shell.user_ns, state.around.host, state.root, inputs)

    def _check_in_child(self, line: Line) -> CheckResult:
        """What chooses another lock, selection or project needs host code; it knows nothing of what is loaded."""
        message = self._in_child(Line(verb="check", words=line.without("--strict", "--json")), self._progress("check"))
        return CheckResult(report_of(message["report"]))

    def _answer(self, line: Line) -> None:
        """Show what was asked: nothing has failed where it is not as wished, unless ``--strict`` was said."""
        try:
            self._verb(Line(verb=line.verb, words=line.without("--strict")))
        except MlenvError as error:
            if error.code != "not-ok" or line.has("--strict"):
                raise

    # --- verbs in a child process ---

    def _verb(self, line: Line) -> None:
        progress = self._progress(line.verb)
        # The old facts first: what is in memory may not be told from the disk afterwards.
        self._state.memory.look()
        try:
            message = self._in_child(Line(verb=line.verb, words=line.without("--json")), progress)
        except (MlenvError, KeyboardInterrupt) as error:
            how = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            progress.give_up(f"mlenv {line.verb}: {how}")
            self._follow()
            self._front.done(line.verb, line.words, None, at_home=self._state.at_home)
            raise
        outcome = outcome_of(message.get("outcome", {}))
        if line.verb == "setup":
            outcome = self._settled(outcome)
        memory = [each for each in self._memory_lines(outcome) if each not in outcome.lines]
        if line.has("--json"):
            told = message.get("outcome")
            # Of many reports the wire is what the command line prints: no outcome, but all of them.
            print(json.dumps(outcome.data if asks_many(line.verb, line.words) else told, ensure_ascii=False))
        else:
            self._finish(progress, outcome, memory)
        self._front.done(line.verb, line.words, outcome, at_home=self._state.at_home)
        if not outcome.ok:
            text = "\n".join(outcome.lines) or f"mlenv {line.verb} did not succeed"
            raise MlenvError("not-ok", text)

    def _dotenv(self, line: Line) -> None:
        """Load ``.env`` here, for a child cannot: it finds the file and keeps git clean, and hands over no value."""
        progress = self._progress("dotenv")
        try:
            message = self._in_child(Line(verb="dotenv", words=line.without("--json")), progress)
            outcome = outcome_of(message.get("outcome", {}))
            if (outcome.data or {}).get("action") == "load" and not outcome.dry_run:
                outcome = _loaded_env(outcome, override=line.has("--override"))
        except (MlenvError, KeyboardInterrupt):
            progress.give_up("mlenv dotenv: nothing was loaded")
            raise
        if line.has("--json"):
            print(json.dumps({**message["outcome"], "lines": outcome.lines, "data": outcome.data}, ensure_ascii=False))
        else:
            self._finish(progress, outcome, [])

    def _finish(self, progress: Progress, outcome: Outcome, memory: List[str]) -> None:
        following = [each for each in outcome.lines if each.startswith("next ")]
        done = [each for each in outcome.lines if each not in following]
        # This process knows the front end, and so says better what comes next.
        lines = self._switched(outcome) or (*done, *memory, *(self._switch_lines(outcome) or following))
        told, root, home = replace(outcome, lines=lines), self._state.root or "", home_folder()
        text = render.outcome_text(told, root=root, home=home, magic=True)
        progress.finish(text, render.outcome_html(told, root=root, home=home))

    def outcome(self, verb: str) -> Outcome:
        """Run a verb that only looks, and show nothing.

        Raises:
            MlenvError: as the verb.
        """
        message = self._in_child(Line(verb=verb), self._progress(verb))
        return outcome_of(message.get("outcome", {}))

    def _in_child(self, line: Line, progress: Progress) -> Dict[str, Any]:
        try:
            return ask(self._state, line.verb, line.words, progress.tell)
        except KeyboardInterrupt:
            text = f"mlenv {line.verb}: interrupted; all that it had started has ended. What is true now: %mlenv check"
            raise without_traceback(KeyboardInterrupt(text), text) from None

    def _memory_lines(self, outcome: Outcome) -> List[str]:
        """Return the exact list of loaded packages that changed, or that there is none."""
        self._follow()
        if outcome.verb not in _CHANGING or outcome.dry_run or not self._state.at_home:
            return []
        lines = list(self._state.restart_lines())
        quiet = outcome.verb == "setup" and not outcome.changes  # the same green line each time
        return [line for line in lines if line.startswith("restart")] if quiet else lines

    def _follow(self) -> None:
        """Take up what changed on disk, and note it as told: the verb's own output says it."""
        if self._state.root is not None:
            self._state.follow()
            self._watcher.told(self._state.report(wait=False))

    def _switch_lines(self, outcome: Outcome) -> List[str]:
        if outcome.verb not in {"create", "use", "switch"} or self._state.at_home or not outcome.kernel:
            return []
        shown = (outcome.data or {}).get("display_name")
        return switch_lines(outcome.kernel, str(shown or ""), front_end(self._shell))

    def _switched(self, outcome: Outcome) -> Tuple[str, ...]:
        """Return all that ``%mlenv switch`` says where this process knows better than its host; else nothing."""
        if outcome.verb != "switch" or not outcome.kernel:
            return ()
        if self._state.at_home:
            return ("this notebook runs in the project's environment already",)
        shown = str((outcome.data or {}).get("display_name") or outcome.kernel)
        if front_end(self._shell) != "jupyter":
            return ()
        return (f"this notebook is being switched to {shown}", *self._switch_lines(outcome))

    def _progress(self, verb: str) -> Progress:
        return Progress(verb, terminal=not hasattr(self._shell, "kernel"))

    # --- hosted runtimes ---

    def _setup(self, line: Line) -> None:
        """Set the image up; with ``--strict`` an error stops "Run All" where a restart is due or anything differs."""
        self._verb(Line(verb="setup", words=line.without("--strict")))
        if line.has("--strict"):
            result = CheckResult(self._state.report(wait=True, whole=True))
            if not result.ok:
                raise not_in_step(result)

    def _settled(self, outcome: Outcome) -> Outcome:
        from mlenv.kernel.hosted import settle

        return settle(self._state, outcome)

    # --- what only a notebook can do ---

    def _help(self, line: Line) -> None:
        print(help_text(line.words))

    def _panel(self, line: Line) -> Any:
        from mlenv.kernel.panel import show_panel

        return show_panel(self._shell, self._state, self._watcher, self._front)

    def _restart(self, line: Line) -> None:
        from mlenv.kernel.restart import restart

        restart(self._shell, front_end(self._shell))


def switch_lines(kernel: str, shown: str, front: str) -> List[str]:
    """Return how to run this notebook in a kernel, as the front end at hand has it."""
    name = f'"{shown}"' if shown else kernel
    if front == "vscode":
        return [f"next         kernel picker (top right) > Jupyter Kernel > {name}"]
    if front == "colab":
        return [f"Colab cannot change to another kernel; run programs in it with: !.venv/bin/python (kernel {kernel})"]
    if front == "jupyter":
        # Whether mlenv's extension is there, which switches by itself, is known to nobody here. JupyterLab asks for new
        # kernels about once a minute.
        menu = f"Kernel menu > Change Kernel > {name}"
        return [f"next         if this notebook does not switch by itself: {menu} (not listed yet? reload the page)"]
    return [f"next         choose the kernel {name}, or without a front end kernel_name={kernel!r}"]


def _loaded_env(outcome: Outcome, *, override: bool) -> Outcome:
    """Load the file that the child found into this process, and add what became of it, by names.

    Raises:
        MlenvError: as :func:`mlenv.kernel.dotenv.load`.
    """
    from mlenv.kernel import dotenv

    told = outcome.data or {}
    path, shown = os.path.join(os.getcwd(), str(told["file"])), str(told["shown"])
    loaded = dotenv.load(path, shown, os.environ, override=override)
    lines = (*dotenv.loaded_lines(shown, loaded), *outcome.lines)
    return replace(outcome, lines=lines, data={**told, "set": loaded.set, "kept": loaded.kept})


def _display(result: CheckResult) -> None:
    from IPython.display import display

    display(result)
