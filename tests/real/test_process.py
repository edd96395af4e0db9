"""Programs are started without a shell, see only what they may, and end with everything they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mlenv.environ import scrubbed_environment
from mlenv.errors import MlenvError
from mlenv.model import Command
from mlenv.process import run

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform == "win32", reason="not run: needs POSIX processes")]

TREE = """
import os, signal, subprocess, sys, time
pids, manner, *leaf = sys.argv[1:]
if manner == "stubborn":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not leaf:
    subprocess.Popen([sys.executable, __file__, pids, manner, "leaf"])
with open(pids, "a") as file:
    print(os.getpid(), file=file)
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A program that starts another one; both write their ids into a file and sleep."""
    script = tmp_path / "tree.py"
    script.write_text(TREE)
    return script


def python(code: str, *arguments: str, **options: object) -> Command:
    return Command(argv=(sys.executable, "-c", textwrap.dedent(code), *arguments), **options)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return sys.platform == "darwin"


def pids_in(file: Path, count: int = 2) -> list[int]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if file.exists() and len(lines := file.read_text().split()) >= count:
            return [int(line) for line in lines]
        time.sleep(0.02)
    raise AssertionError("the programs did not start")


def all_gone(pids: list[int], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def test_what_a_program_printed_and_its_status_come_back() -> None:
    done = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (done.code, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert done.seconds > 0


def test_lines_come_while_the_program_still_runs() -> None:
    came: list[tuple[str, float]] = []
    run(
        python("import time; print('first', flush=True); time.sleep(0.8); print('last')"),
        on_line=lambda line: came.append((line, time.monotonic())),
    )
    assert [line for line, _ in came] == ["first", "last"]
    assert came[1][1] - came[0][1] > 0.5


def test_lines_lose_control_codes_and_progress_overwrites_are_lines() -> None:
    lines: list[str] = []
    code = r"import sys; sys.stderr.write('\x1b[31mred\x1b[0m 10%\rred 20%\r\n\x1b]0;title\x07plain\x08\n\n')"
    run(python(code), on_line=lines.append)
    assert lines == ["red 10%", "red 20%", "plain"]


def test_bytes_that_are_no_utf8_do_not_hurt() -> None:
    done = run(python(r"import sys; sys.stdout.buffer.write('hü'.encode() + b'\xff\xfe' + 'ß'.encode())"))
    assert done.stdout == "hü\ufffd\ufffdß"


def test_much_output_on_both_pipes_does_not_block() -> None:
    code = "import sys\nfor _ in range(400):\n    sys.stdout.write('o' * 9999 + '\\n'); sys.stderr.write('e' * 9999 + '\\n')"
    done = run(python(code, timeout_s=60.0))
    assert (len(done.stdout), len(done.stderr)) == (4_000_000, 4_000_000)


def test_no_shell_reads_the_arguments() -> None:
    arguments = ("$HOME", "a b", "`id`", "; echo no", "*", "")
    done = run(python("import sys; print(sys.argv[1:])", *arguments))
    assert done.stdout.strip() == str(list(arguments))


def test_standard_input_is_closed_or_what_was_given() -> None:
    read = "import sys; print(repr(sys.stdin.read()))"
    assert run(python(read)).stdout.strip() == "''"
    assert run(python(read, stdin="hü\n")).stdout.strip() == r"'hü\n'"
    assert run(python("pass", stdin="x" * 5_000_000)).code == 0


def test_there_is_no_terminal_to_ask_on() -> None:
    done = run(python("import os\ntry: os.open('/dev/tty', os.O_RDWR)\nexcept OSError: print('none')"))
    assert done.stdout.strip() == "none"


def test_programs_do_not_see_which_environment_is_active_and_keep_the_users_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = {
        "VIRTUAL_ENV": "/other", "CONDA_PREFIX": "/c", "CONDA_DEFAULT_ENV": "c", "PYTHONPATH": "/x", "PYTHONHOME": "/x",
        "PYTHONSTARTUP": "/x", "UV_PROJECT_ENVIRONMENT": "/x", "UV_PYTHON": "2.7", "PIP_TARGET": "/x", "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1", "MPLBACKEND": "module://x", "LD_PRELOAD": "/nonexistent.so",
    }  # fmt: skip
    kept = {
        "UV_CACHE_DIR": "/cache", "UV_INDEX_URL": "https://i.example", "UV_INDEX_CORP_PASSWORD": "x",
        "PIP_INDEX_URL": "https://i.example", "HTTPS_PROXY": "http://p.example", "SSL_CERT_FILE": "/ca.pem",
        "LD_LIBRARY_PATH": "/opt/lib",
    }  # fmt: skip
    for name, text in {**gone, **kept}.items():
        monkeypatch.setenv(name, text)
    environment = scrubbed_environment()
    assert not gone.keys() & environment.keys()
    assert {name: environment[name] for name in kept} == kept
    assert environment["PYTHONNOUSERSITE"] == "1"


def test_a_commands_own_settings_win_and_can_take_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKEN", "x")
    show = "import os; print(os.environ.get('VIRTUAL_ENV'), os.environ.get('TAKEN'))"
    done = run(python(show, env={"VIRTUAL_ENV": "/mine", "TAKEN": None}))
    assert done.stdout.split() == ["/mine", "None"]


def test_uv_and_pip_trust_the_same_certificates(tmp_path: Path) -> None:
    assert scrubbed_environment({"REQUESTS_CA_BUNDLE": "/ca.pem"})["SSL_CERT_FILE"] == "/ca.pem"
    assert scrubbed_environment({"PIP_CERT": "/a.pem", "SSL_CERT_FILE": "/b.pem"})["SSL_CERT_FILE"] == "/b.pem"
    assert scrubbed_environment({"SSL_CERT_FILE": "/b.pem"})["PIP_CERT"] == "/b.pem"
    of_folder = scrubbed_environment({"REQUESTS_CA_BUNDLE": str(tmp_path)})
    assert (of_folder.get("SSL_CERT_DIR"), of_folder.get("SSL_CERT_FILE")) == (str(tmp_path), None)


@pytest.mark.parametrize("manner", ["polite", "stubborn"])
def test_past_its_time_a_program_ends_with_all_it_started(tree: Path, tmp_path: Path, manner: str) -> None:
    pids = tmp_path / "pids"
    started = time.monotonic()
    with pytest.raises(MlenvError) as caught:
        run(Command(argv=(sys.executable, str(tree), str(pids), manner), timeout_s=1.5))
    assert caught.value.code == "command-timeout"
    assert "1.5 s" in caught.value.message
    assert time.monotonic() - started < 1.5 + 2.5
    assert all_gone(pids_in(pids), 0.5)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 1), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("manner", ["polite", "stubborn"])
def test_an_interrupt_of_ours_ends_the_whole_group(
    tree: Path, tmp_path: Path, number: int, status: int, manner: str
) -> None:
    pids = tmp_path / "pids"
    ours = f"""
        import signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup a tree of processes ignores it
        from mlenv.process import run
        from mlenv.model import Command
        run(Command(argv=(sys.executable, {str(tree)!r}, {str(pids)!r}, {manner!r})))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(ours)], stderr=subprocess.PIPE)
    theirs = pids_in(pids)
    time.sleep(0.2)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=10)
    assert all_gone(theirs, 0.5)
    assert process.returncode in (status, -number)
    if number == signal.SIGINT:
        assert b"KeyboardInterrupt" in stderr


def test_an_error_of_whoever_reads_the_lines_ends_the_program(tree: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    def refuse(_line: str) -> None:
        pids_in(pids)
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        run(Command(argv=(sys.executable, str(tree), str(pids), "polite")), on_line=refuse)
    assert all_gone(pids_in(pids), 0.5)


def test_what_a_program_left_behind_cannot_hold_us(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('done')"
    )
    started = time.monotonic()
    done = run(python(code))
    assert (done.code, done.stdout) == (0, "done\n")
    assert time.monotonic() - started < 10


def test_only_the_descriptors_that_were_named_are_inherited(tmp_path: Path) -> None:
    kept, other = (os.open(tmp_path / name, os.O_CREAT | os.O_RDWR) for name in ("lock", "other"))
    os.set_inheritable(other, False)
    try:
        show = "import os, sys\nfor text in sys.argv[1:]:\n    try: os.fstat(int(text)); print('yes')\n    except OSError: print('no')"
        done = run(python(show, str(kept), str(other)), keep_fds=(kept,))
        assert done.stdout.split() == ["yes", "no"]
    finally:
        os.close(kept)
        os.close(other)


def test_what_cannot_be_started_is_named(tmp_path: Path) -> None:
    script = tmp_path / "tool"
    script.write_text("no program")
    for program in ("mlenv-no-such-tool", str(script), "bad\0name"):
        with pytest.raises(MlenvError) as caught:
            run(Command(argv=(program,)))
        assert caught.value.code == "tool-missing"
    with pytest.raises(MlenvError) as caught:
        run(Command(argv=(sys.executable,), cwd=str(tmp_path / "gone")))
    assert (caught.value.code, caught.value.where) == ("folder-missing", str(tmp_path / "gone"))


def test_the_handlers_of_signals_are_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    run(python("pass"))
    assert signal.getsignal(signal.SIGTERM) is before


def test_credentials_that_are_empty_are_none() -> None:
    empty = {"UV_INDEX_A_USERNAME": "", "UV_INDEX_A_PASSWORD": "", "UV_INDEX_B_USERNAME": ""}
    token = {"UV_INDEX_C_USERNAME": "", "UV_INDEX_C_PASSWORD": "token", "UV_INDEX": "", "X_PASSWORD": ""}
    kept = scrubbed_environment({**empty, **token})
    assert not empty.keys() & kept.keys()
    assert token.items() <= kept.items()
