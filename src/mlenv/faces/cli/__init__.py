"""The command line: ``mlenv VERB``, ``python -m mlenv VERB``, ``jupyter mlenv VERB``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from mlenv.errors import MlenvError
from mlenv.faces.cli import output, parser
from mlenv.faces.cli.reader import end_without_reader
from mlenv.model import Outcome, Report, Survey

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        0 in step or done; 1 another verdict; 2 an error (nothing could be read or done); 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    mode = output.mode_of(words)
    printer = output.Printer(mode, sys.stdout, sys.stderr)
    signal_restore = _end_on_terminate()
    # Whatever the user's umask is, nobody else gets to write to environments, kernels, launchers and locks.
    umask = os.umask(0o077)
    os.umask(umask | 0o002)
    if mode == "events":
        end_without_reader(sys.stdout)
    try:
        return _run(words, printer)
    except MlenvError as error:
        printer.error(_with_sizes(error))
        return 2
    except KeyboardInterrupt:
        printer.error(MlenvError("interrupted", "interrupted; what was there before is still in use"))
        return 130
    except BrokenPipeError:
        # Somebody read only the first lines (`mlenv list | head`): no more output, no traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from mlenv import store

        fault = store.failed_write(error) if isinstance(error, OSError) else None
        if fault is not None:
            printer.error(_with_sizes(fault))
            return 2
        if os.environ.get("MLENV_DEBUG"):
            raise
        printer.error(
            MlenvError(
                "internal",
                f"mlenv failed unexpectedly: {type(error).__name__}: {error}",
                hint="set MLENV_DEBUG=1 and run it again for the traceback, and report it, please",
            )
        )
        return 2
    finally:
        os.umask(umask)
        signal_restore()


def _run(words: Sequence[str], printer: output.Printer) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        printer.text(parser.overview())
        return 0
    if words[0] in {"-V", "--version"}:
        from mlenv import __version__

        printer.text(f"mlenv {__version__}")
        return 0
    request = parser.parse(words)
    if request.help is not None:
        printer.text(request.help)
        return 0
    from mlenv.faces.cli.dispatch import dispatch

    answer = dispatch(request, Path.cwd(), printer.event)
    return finish(answer, printer)


def finish(answer: Report | Outcome | Survey, printer: output.Printer) -> int:
    """Print the answer; return the exit status: 2 also where one of several things could not be read."""
    if isinstance(answer, Report):
        printer.report(answer)
        return 0 if answer.ok else 1
    if isinstance(answer, Survey):
        printer.survey(answer)
        return answer.status
    printer.outcome(answer)
    if (answer.data or {}).get("errors"):
        return 2
    return 0 if answer.ok else 1


def _with_sizes(error: MlenvError) -> MlenvError:
    """Say how much room there is, where that is what was wrong."""
    if error.code != "no-space":
        return error
    from mlenv.services import space

    return space.told(error, Path.cwd())


def _end_on_terminate() -> Callable[[], None]:
    """Treat SIGTERM like Ctrl-C, so that engines end and locks are released in order."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        old = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread: the caller's signals are the caller's
        return lambda: None
    return lambda: (signal.signal(signal.SIGTERM, old), None)[1]
