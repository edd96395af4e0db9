"""Run mlenv's command line for a kernel: a process group of its own, JSON lines as they come, an end that is sure.

Standard library only, Python 3.9+. No terminal, no shell, no standard input: nothing can wait for an answer.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from typing import IO, Any, Callable, Dict, List, Mapping, Optional, Sequence

from mlenv.errors import MlenvError
from mlenv.kernel.ending import end
from mlenv.kernel.uninterrupted import Held, uninterrupted
from mlenv.model import Event, Loaded

__all__ = ["command", "environment", "loaded_json", "run", "start"]

_DROPPED = frozenset(
    {
        # What the kernel's own environment must not tell mlenv's interpreter.
        "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONNOUSERSITE", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT",
        # ipykernel's matplotlib backend exists only in the kernel.
        "MPLBACKEND",
    }
)  # fmt: skip
_KEPT_JUPYTER = "JPY_SESSION_NAME"
if sys.platform == "win32":
    _CREATION_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _CREATION_FLAGS = 0
_POLL_S = 0.1
_END_POLL_S = 0.005
_KEPT_LINES = 40


def environment(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return what mlenv's own interpreter gets of a kernel's environment variables: nothing that came from ``.env``."""
    if "MLENV_DOTENV" in environ:
        from mlenv.kernel import dotenv

        environ = dotenv.without(environ)
    kept = {
        name: text
        for name, text in environ.items()
        if name not in _DROPPED and (not name.startswith("JPY_") or name == _KEPT_JUPYTER)
    }
    return {**kept, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}


def loaded_json(loaded: Sequence[Loaded]) -> str:
    """Return ``--loaded``: name -> version and whether compiled modules of it are in memory."""
    rows = {row.name: {"version": row.version, "binary": row.binary} for row in loaded if row.origin != "outside"}
    return json.dumps(rows, sort_keys=True, separators=(",", ":"))


def command(host: str, verb: str, arguments: Sequence[str] = (), **options: Optional[str]) -> List[str]:
    """Return the argument list of one verb.

    Args:
        host: the interpreter that has mlenv.
        verb: ``add``.
        arguments: as the user gave them.
        options: ``project``, ``kernel_prefix``, ``loaded``: those that have a value.
    """
    # -P: a `random.py` beside the notebook must not take the place of the standard library's.
    words = [host, "-P", "-m", "mlenv", verb, "--events"]
    for name, text in options.items():
        if text:
            words += [f"--{name.replace('_', '-')}", text]
    return [*words, *arguments]


def start(argv: Sequence[str], *, cwd: Optional[str] = None, quiet: bool = False) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its input closed.

    Args:
        quiet: drop what it prints, for work that nobody waits for.

    Raises:
        MlenvError: ``host-missing`` where mlenv's own interpreter is gone, with what to do.
    """
    output = subprocess.DEVNULL if quiet else subprocess.PIPE
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=sys.platform != "win32",
            creationflags=_CREATION_FLAGS,
        )
    except OSError as error:
        why = error.strerror or str(error)
        raise host_missing(argv[0], why if argv[0] else "mlenv's data folder does not say where it is") from None


def host_missing(host: str, why: str) -> MlenvError:
    """Return the error of a host that cannot be started: ``check`` goes on without it, the other verbs cannot."""
    return MlenvError(
        "host-missing",
        f"the Python that has mlenv cannot be started: {why}",
        where=host,
        hint="install mlenv again (pip install mlenv), then type in a terminal: mlenv kernels repair",
    )


def run(
    argv: Sequence[str],
    on_event: Callable[[Event], None],
    *,
    cwd: Optional[str] = None,
    stop: Optional[threading.Event] = None,
) -> Dict[str, Any]:
    """Run a verb to its end.

    Args:
        argv: from :func:`command`.
        on_event: told each step, in this thread.
        cwd: where paths that the user typed start.
        stop: set by another thread to end the verb as an interrupt would.

    Returns:
        The last message: ``{"event": "result", ...}`` or ``{"event": "report", ...}``.

    Raises:
        MlenvError: the verb's own error; ``command-failed`` where it ended without a last word; ``host-missing``.
        KeyboardInterrupt: the user interrupted, or ``stop`` was set. The whole process group has ended by then.
    """
    # From before the program is there until after it is gone no interrupt may pass by its end.
    with uninterrupted() as held:
        process = start(argv, cwd=cwd)
        # Not a SimpleQueue: its wait never ends where a signal comes in the moment of its time-out (CPython 3.11).
        lines: queue.Queue[Optional[bytes]] = queue.Queue()
        tail: List[str] = []
        readers = [
            threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True),
            threading.Thread(target=_read_tail, args=(process.stderr, tail), daemon=True),
        ]
        for reader in readers:
            reader.start()
        try:
            last = _follow(lines, on_event, lambda: _stopped(held, stop))
            _await_end(process, lambda: _stopped(held, stop))
            readers[1].join(timeout=1)
        except BaseException:
            end(process, hurry=lambda: held.asked > 1)
            raise
    return _outcome(last, process.returncode, tail)


def _stopped(held: Held, stop: Optional[threading.Event]) -> bool:
    return bool(held.asked) or (stop is not None and stop.is_set())


def _await_end(process: subprocess.Popen[bytes], stopped: Callable[[], bool]) -> None:
    while process.poll() is None:
        if stopped():
            raise KeyboardInterrupt
        time.sleep(_END_POLL_S)


def _read_lines(stream: IO[bytes], lines: queue.Queue[Optional[bytes]]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


def _read_tail(stream: IO[bytes], tail: List[str]) -> None:
    with stream:
        for line in stream:
            tail.append(line.decode("utf-8", "replace").rstrip())
            del tail[:-_KEPT_LINES]


def _follow(
    lines: queue.Queue[Optional[bytes]], on_event: Callable[[Event], None], stopped: Callable[[], bool]
) -> Optional[Dict[str, Any]]:
    """Hand steps on until the program closes its output; return the last message that was no step."""
    last = None
    while True:
        if stopped():
            raise KeyboardInterrupt
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if line is None:
            return last
        message = _message(line)
        if message.get("event") == "step":
            on_event(_event(message))
        elif message:
            last = message


def _message(line: bytes) -> Dict[str, Any]:
    try:
        content = json.loads(line.decode("utf-8", "replace"))
    except ValueError:
        return {}  # a library's own chatter, no word of ours
    return content if isinstance(content, dict) else {}


def _event(message: Mapping[str, Any]) -> Event:
    numbers = {key: message[key] if isinstance(message.get(key), int) else None for key in ("done", "total")}
    return Event(step=str(message.get("step", "note")), text=str(message.get("text", "")), **numbers)


def _outcome(last: Optional[Dict[str, Any]], status: int, tail: Sequence[str]) -> Dict[str, Any]:
    if last is not None and isinstance(last.get("error"), dict):
        told = {key: str(last["error"].get(key) or "") for key in ("code", "message", "where", "hint")}
        raise MlenvError(told["code"], told["message"], where=told["where"], hint=told["hint"], details="\n".join(tail))
    if last is None:
        said = next((line for line in reversed(tail) if line.strip()), "it said nothing")
        raise MlenvError("command-failed", f"mlenv ended with status {status}: {said}", details="\n".join(tail))
    return last
