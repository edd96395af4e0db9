"""What the panel's buttons start: one piece of work at a time, aside, so that cells go on.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import threading
from typing import Callable, Optional, Sequence

from mlenv import render
from mlenv.errors import MlenvError
from mlenv.kernel.asking import ask
from mlenv.kernel.display import home_folder, outcome_of
from mlenv.kernel.front import Front
from mlenv.kernel.state import State
from mlenv.model import Event, Outcome

__all__ = ["Worker"]


class Worker:
    """Runs verbs of mlenv's command line in a thread.

    Args:
        state: of this kernel.
        front: told what verbs have done.
        tell: told each step, in the thread.
        say: shows lines of text, in the thread.
        busy: told when work begins and ends.
    """

    def __init__(
        self,
        state: State,
        front: Front,
        *,
        tell: Callable[[Event], None],
        say: Callable[[str], None],
        busy: Callable[[bool], None],
    ) -> None:
        self._state = state
        self._front = front
        self._tell = tell
        self._say = say
        self._busy = busy
        self._working = threading.Lock()
        self._stop = threading.Event()
        self.thread: Optional[threading.Thread] = None
        """The thread of the work under way or done last."""

    def start(self, work: Callable[[], None]) -> None:
        """Start a piece of work; while another one runs this does nothing."""
        if not self._working.acquire(blocking=False):
            return
        self._stop.clear()
        self._busy(True)
        self.thread = threading.Thread(target=self._work, args=(work,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End the work under way and all that it has started, within two seconds."""
        self._stop.set()

    def _work(self, work: Callable[[], None]) -> None:
        root = self._state.root or ""
        try:
            work()
        except MlenvError as error:
            self._say(render.error_text(error, root=root, home=home_folder(), magic=True))
        except KeyboardInterrupt:
            self._say("stopped; everything that had been started has ended")
        except Exception as error:  # noqa: BLE001  # the outermost line of a face: a thread has nobody above it
            self._say(f"mlenv failed unexpectedly: {type(error).__name__}: {error}")
        finally:
            self._busy(False)
            self._working.release()

    def verb(self, verb: str, words: Sequence[str] = ()) -> Outcome:
        """Run a verb to its end, say what it did, and take up what it changed.

        Raises:
            MlenvError: the verb's own error.
            KeyboardInterrupt: it was stopped.
        """
        outcome = self.ask(verb, words)
        if verb == "setup":
            from mlenv.kernel.hosted import settle

            outcome = settle(self._state, outcome)
        self._say(render.outcome_text(outcome, root=self._state.root or "", home=home_folder(), magic=True))
        if self._state.root is not None:
            self._state.follow()
        self._front.done(verb, words, outcome, at_home=self._state.at_home)
        return outcome

    def ask(self, verb: str, words: Sequence[str] = ()) -> Outcome:
        """Run a verb to its end and say nothing.

        Raises: as :meth:`verb`.
        """
        message = ask(self._state, verb, words, self._tell, self._stop)
        return outcome_of(message.get("outcome", {}))
