"""A verb in a child process: every step arrives, every end is told, and nothing of it outlives an interrupt."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from kernel.standin import RESULT, write_standin
from mlenv import store
from mlenv.errors import MlenvError
from mlenv.kernel import child
from mlenv.kernel.uninterrupted import uninterrupted
from mlenv.model import Event, Loaded


def run(host: str, *arguments: str, **options: object) -> tuple[dict[str, object], list[Event]]:
    events: list[Event] = []
    return child.run(child.command(host, "add", arguments), events.append, **options), events  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_steps_arrive_in_order_and_the_last_message_comes_back(tmp_path: Path) -> None:
    host = write_standin(
        tmp_path,
        'say(event="step", step="plan", text="one")\nsay(event="step", step="install", text="two", done=1, total=3)\n'
        + RESULT,
    )
    last, events = run(host, "six")
    assert events == [Event(step="plan", text="one"), Event(step="install", text="two", done=1, total=3)]
    assert last["outcome"] == {"verb": "add", "lines": ["done"], "ok": True}


def test_the_command_line_names_project_prefix_and_what_is_loaded() -> None:
    loaded = child.loaded_json(
        [Loaded(name="numpy", version="1.26.4", binary=True), Loaded(name="x", version="1", origin="outside")]
    )
    argv = child.command("/host", "add", ["numpy>=2"], project="/p", kernel_prefix="/p/.venv", loaded=loaded)
    assert argv == [
        "/host", "-P", "-m", "mlenv", "add", "--events", "--project", "/p", "--kernel-prefix", "/p/.venv",
        "--loaded", '{"numpy":{"binary":true,"version":"1.26.4"}}', "numpy>=2",
    ]  # fmt: skip


def test_arguments_reach_the_command_line_as_typed_and_no_shell_sees_them(tmp_path: Path) -> None:
    host = write_standin(tmp_path, 'say(event="result", outcome={"lines": words[5:]})')
    last, _ = run(host, "attrs>=23,<25", "$HOME; touch x", "'")
    assert last["outcome"] == {"lines": ["attrs>=23,<25", "$HOME; touch x", "'"]}


def test_an_error_of_the_verb_comes_back_as_it_was(tmp_path: Path) -> None:
    body = 'say(event="error", error={"code": "no-match", "message": "m", "where": "w", "hint": "h"}); sys.exit(2)'
    with pytest.raises(MlenvError) as caught:
        run(write_standin(tmp_path, body))
    assert (caught.value.code, caught.value.message, caught.value.where, caught.value.hint) == (
        "no-match",
        "m",
        "w",
        "h",
    )


def test_a_program_that_dies_without_a_word_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(MlenvError, match="status 3: it is all over") as caught:
        run(write_standin(tmp_path, 'print("it is all over", file=sys.stderr); sys.exit(3)'))
    assert caught.value.code == "command-failed"


def test_chatter_of_libraries_is_no_message(tmp_path: Path) -> None:
    last, events = run(write_standin(tmp_path, f'print("warning: {{"); print("[1]"); {RESULT}'))
    assert (events, last["event"]) == ([], "result")


def test_much_output_on_both_streams_does_not_block(tmp_path: Path) -> None:
    body = f'sys.stderr.write("x" * 300_000 + chr(10)); sys.stderr.flush(); print("y" * 300_000); {RESULT}'
    assert run(write_standin(tmp_path, body))[0]["event"] == "result"


def test_a_question_meets_a_closed_input_and_ends_at_once(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(MlenvError, match="EOF"):
        run(write_standin(tmp_path, 'input("Proceed [y/N]? ")'))
    assert time.monotonic() - started < 5


def test_the_kernels_own_variables_stay_in_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MPLBACKEND", "PYTHONPATH", "VIRTUAL_ENV", "JPY_PARENT_PID", "JPY_SESSION_NAME", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "x")
    host = write_standin(tmp_path, 'say(event="result", outcome={"names": sorted(os.environ)})')
    names = set(run(host)[0]["outcome"]["names"])  # type: ignore[index]
    assert not names & {"MPLBACKEND", "PYTHONPATH", "VIRTUAL_ENV", "JPY_PARENT_PID"}
    assert names >= {"JPY_SESSION_NAME", "HTTPS_PROXY"}


def test_a_host_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MlenvError) as caught:
        run(str(tmp_path / "gone" / "python"))
    assert caught.value.code == "host-missing"
    assert "pip install mlenv" in caught.value.hint


STUBBORN = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
mine = subprocess.Popen([sys.executable, "-c", code])
own = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
say(event="step", step="note", text=json.dumps([os.getpid(), mine.pid, own.pid]))
time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="not run: process groups of Windows")
def test_after_an_interrupt_nothing_lives_even_what_ignores_signals_in_a_session_of_its_own(tmp_path: Path) -> None:
    pids: list[int] = []
    stop = threading.Event()
    asked: list[float] = []

    def told(event: Event) -> None:
        pids.extend(json.loads(event.text))
        time.sleep(0.5)  # the programs below need a moment until they ignore signals
        asked.append(time.monotonic())
        stop.set()

    with pytest.raises(KeyboardInterrupt):
        child.run(child.command(write_standin(tmp_path, STUBBORN), "add"), told, stop=stop)
    assert time.monotonic() - asked[0] < 2
    assert len(pids) == 3
    deadline = time.monotonic() + 1
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, pids))


def test_a_verb_that_heeds_the_interrupt_ends_at_once_and_in_order(tmp_path: Path) -> None:
    body = """
try:
    say(event="step", step="note", text="ready")
    time.sleep(600)
except KeyboardInterrupt:
    open("tidied", "w").close()
"""
    stop = threading.Event()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        child.run(
            child.command(write_standin(tmp_path, body), "add"), lambda event: stop.set(), cwd=str(tmp_path), stop=stop
        )
    assert (tmp_path / "tidied").exists()
    assert time.monotonic() - started < 1.5


@pytest.mark.skipif(os.name == "nt", reason="not run: signals of POSIX")
def test_an_interrupt_while_the_program_is_being_started_leaves_nothing_running(tmp_path: Path) -> None:
    host = write_standin(tmp_path, "time.sleep(600)")
    for delay_ms in range(12):
        timer = threading.Timer(delay_ms / 1000, os.kill, [os.getpid(), signal.SIGINT])

        def interrupted(timer: threading.Timer = timer) -> None:
            timer.start()
            run(host)
            timer.join()  # it came after the end

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        timer.join()
        assert running(host) == []


@pytest.mark.skipif(os.name == "nt", reason="not run: signals of POSIX")
def test_a_second_interrupt_kills_at_once_and_everything(tmp_path: Path) -> None:
    pids: list[int] = []

    def told(event: Event) -> None:
        pids.extend(json.loads(event.text))
        time.sleep(0.5)  # the programs below need a moment until they ignore signals
        for delay_s in (0.1, 0.3):
            threading.Timer(delay_s, os.kill, [os.getpid(), signal.SIGINT]).start()

    began = time.monotonic()
    # The program heeds nothing for longer than it takes both interrupts to come.
    with pytest.raises(KeyboardInterrupt):
        child.run(child.command(write_standin(tmp_path, STUBBORN), "add"), told)
    assert len(pids) == 3
    assert not any(map(alive, pids))
    assert time.monotonic() - began < 2.2


def running(needle: str) -> list[int]:
    """The live processes whose command line names something."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if needle.encode() in entry.read_bytes() and alive(int(entry.parent.name)):
                found.append(int(entry.parent.name))
    return found


def test_a_block_that_must_not_be_torn_runs_to_its_end_and_the_interrupt_comes_after_it() -> None:
    done = []

    def work() -> None:
        with uninterrupted() as held:
            signal.raise_signal(signal.SIGINT)
            done.append(held.asked)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(ValueError, match="own"), uninterrupted():
        raise ValueError("own")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():  # a kernel between two cells: interrupts mean nothing
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="not run: Windows tells nobody that a pipe has no reader")
def test_a_verb_whose_kernel_is_gone_ends_and_frees_the_lock(tmp_path: Path, mlenv_home: Path) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    (root / "requirements.in").write_text("six\n")
    held = store.hold(root, "sync", print)
    with held:
        verb = child.start(child.command(sys.executable, "lock"), cwd=str(root))
        assert verb.stdout
        assert b"wait" in verb.stdout.readline()
        verb.stdout.close()  # as the death of the kernel does
        assert verb.wait(5) != 0
