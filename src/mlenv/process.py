"""Start programs: the only module of the host side that does.

A program gets an argument list (never a shell), a scrubbed environment, no terminal, a time limit and a process
group of its own, so that an interrupt ends it with everything it started.
"""

from __future__ import annotations

import codecs
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO, NoReturn

from mlenv.environ import scrubbed_environment
from mlenv.errors import MlenvError
from mlenv.model import Command, Completed, value
from mlenv.render import mask_secrets

__all__ = ["run", "scrubbed_environment", "without_control_codes"]

OnLine = Callable[[str], None]

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|[\x00-\x08\x0b-\x1f\x7f]")
if sys.platform == "win32":
    _CREATION_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP
    _ENDING_SIGNALS = (signal.SIGTERM,)
else:
    _CREATION_FLAGS = 0
    _ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_KEPT_CHARACTERS = 64 * 2**20
_LINE_CHARACTERS = 64 * 2**10
_POLL_S = 0.2  # Windows does not interrupt a waiting thread; this bounds how late Ctrl-C is seen there
_GRACE_S = (0.6, 0.5)  # after the interrupt, after the termination; then the group is killed
_LINGER_S = 1.0  # how long what a finished program left behind may hold its pipes


def without_control_codes(text: str) -> str:
    """Return ``text`` without terminal escape sequences and control characters (tabs and line ends stay)."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def run(command: Command, *, on_line: OnLine | None = None, keep_fds: tuple[int, ...] = ()) -> Completed:
    """Run one program to its end and return what it printed; a status other than 0 is an answer, not an error.

    Args:
        on_line: gets each line of both streams that is not empty as it comes, in this thread, without control codes.
        keep_fds: descriptors that the program inherits (the project lock's); not on Windows.

    Raises:
        MlenvError: ``tool-missing`` if the program cannot be started, ``command-timeout`` if it ran past
            ``command.timeout_s``. On these, on an interrupt, on SIGTERM and on an error of ``on_line`` the program's
            whole group has ended (within 1.5 s) before the exception goes on.
    """
    started = time.monotonic()
    with _termination_raises():
        running = _start(command, keep_fds, listening=on_line is not None)
        try:
            _drain(running, on_line, deadline=started + command.timeout_s)
        except _DeadlineError:
            _end_group(running.process)
            _refuse_timeout(command, running)
        except BaseException:
            _end_group(running.process)
            raise
    return Completed(
        argv=command.argv,
        code=running.process.returncode,
        stdout="".join(running.stdout),
        stderr="".join(running.stderr),
        seconds=time.monotonic() - started,
    )


class _DeadlineError(Exception):
    """The time limit of a program has passed."""


@value
class _Running:
    process: subprocess.Popen[bytes]
    stdout: list[str]
    stderr: list[str]
    lines: queue.Queue[str | None]
    """Lines of both streams; one ``None`` at the end of each. Not a ``SimpleQueue``: its wait never ends where a signal
    comes in the moment of its time-out (CPython 3.11)."""


def _start(command: Command, keep_fds: tuple[int, ...], *, listening: bool) -> _Running:
    environment = scrubbed_environment()
    for name, text in command.env.items():
        environment.pop(name, None)
        if text is not None:
            environment[name] = text
    try:
        # A session of its own: no terminal to prompt on, and one group to end.
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=environment,
            stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
            creationflags=_CREATION_FLAGS,
            pass_fds=() if sys.platform == "win32" else keep_fds,
        )
    except (OSError, ValueError) as error:
        _refuse_start(command, error)
    running = _Running(process=process, stdout=[], stderr=[], lines=queue.Queue())
    _in_thread(_read, process.stdout, running.stdout, running.lines, listening)
    _in_thread(_read, process.stderr, running.stderr, running.lines, listening)
    if command.stdin is not None:
        _in_thread(_write, process.stdin, command.stdin)
    return running


def _in_thread(function: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=function, args=arguments, daemon=True).start()


def _read(stream: IO[bytes], kept: list[str], lines: queue.Queue[str | None], listening: bool) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pending, room = "", _KEPT_CHARACTERS
    try:
        while chunk := os.read(stream.fileno(), 2**16):
            text = decoder.decode(chunk)
            kept.append(text[:room])
            room -= len(kept[-1])
            if not listening:
                continue
            *whole, pending = re.split(r"\r\n|\n|\r", pending + text)
            for line in whole:
                lines.put(line)
            pending = pending[-_LINE_CHARACTERS:]
        kept.append(decoder.decode(b"", final=True)[:room])
    finally:
        if pending:
            lines.put(pending)
        lines.put(None)
        stream.close()


def _write(stream: IO[bytes], text: str) -> None:
    with suppress(BrokenPipeError, OSError):  # a program need not read all that it is given
        stream.write(text.encode("utf-8"))
    with suppress(BrokenPipeError, OSError):
        stream.close()


def _drain(running: _Running, on_line: OnLine | None, deadline: float) -> None:
    """Hand lines on until both pipes are closed and the program has ended.

    Something that the program left behind may hold the pipes open for ever: it gets a moment, then it is ended.
    """
    open_pipes, ended_at = 2, float("inf")
    while open_pipes:
        now = time.monotonic()
        if now > deadline:
            raise _DeadlineError
        if ended_at == float("inf") and running.process.poll() is not None:
            ended_at = now
        try:
            line = running.lines.get(timeout=min(_POLL_S, max(deadline - now, 0.01)))
        except queue.Empty:
            if now > ended_at + _LINGER_S:
                return _end_group(running.process)
            continue
        if line is None:
            open_pipes -= 1
        elif on_line is not None and (text := without_control_codes(line).rstrip()):
            on_line(text)
    try:
        running.process.wait(timeout=max(deadline - time.monotonic(), 0.01))
    except subprocess.TimeoutExpired:
        raise _DeadlineError from None
    return None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started: interrupt, terminate, kill, within 1.5 s."""
    if sys.platform == "win32":
        with suppress(OSError):
            process.send_signal(signal.CTRL_BREAK_EVENT)
        _ended_within(process, _GRACE_S[0])
        process.kill()
    else:
        for number, grace_s in zip((signal.SIGINT, signal.SIGTERM), _GRACE_S, strict=True):
            if not _signal_group(process.pid, number):
                break
            if _group_ended_within(process, grace_s):
                break
        _signal_group(process.pid, signal.SIGKILL)
    _ended_within(process, 1.0)


if sys.platform != "win32":

    def _signal_group(group: int, number: int) -> bool:
        """Send a signal to a whole group; whether anything of it is still there."""
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):  # macOS says "not permitted" of a group of zombies
            return False
        return True

    def _group_ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            process.poll()  # reaps the leader, which would keep the group alive as a zombie
            if not _signal_group(process.pid, 0):
                return True
            time.sleep(0.02)
        return False


def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextmanager
def _termination_raises() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into ``SystemExit`` while a program runs, so that its group ends with us.

    Only where nobody else handles them, and only in the main thread, the only one that may install handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [number for number in _ENDING_SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _raise_exit)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _raise_exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _refuse_start(command: Command, error: OSError | ValueError) -> NoReturn:
    program = command.argv[0]
    if command.cwd is not None and not os.path.isdir(command.cwd):
        raise MlenvError("folder-missing", "The folder to work in is not there.", where=command.cwd) from error
    reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    raise MlenvError(
        "tool-missing", f"{os.path.basename(program)} could not be started: {reason}.", where=program
    ) from error


def _refuse_timeout(command: Command, running: _Running) -> NoReturn:
    tail = without_control_codes("".join(running.stderr) or "".join(running.stdout))[-4000:]
    raise MlenvError(
        "command-timeout",
        f"{os.path.basename(command.argv[0])} did not finish within {command.timeout_s:g} s and was stopped.",
        where=command.argv[0],
        details=mask_secrets(tail.strip()),
    )
