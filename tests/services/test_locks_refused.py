"""File systems that refuse locks (some network mounts): a file that one process can make stands for the lock.

The refusals are real: strace answers the calls of a real process with the error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.kernel import place
from mlenv.probe import claims

pytestmark = [
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here"),
    pytest.mark.skipif(sys.platform != "linux", reason="strace is of Linux"),
]

_REFUSED = ("ENOLCK", "EOPNOTSUPP", "EINVAL", "EBADF")
_BUILD = """
import pathlib, subprocess, sys, time
from mlenv import store
root, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
with store.hold(root, "create", lambda text: print(text, flush=True), wait_s=float(sys.argv[3])) as (descriptor, _):
    print("holding", flush=True)
    if not (root / "built").exists():
        time.sleep(seconds)
        (root / "built").touch()
        print("built", flush=True)
    if sys.argv[4:]:
        engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(descriptor,))
        print(engine.pid, flush=True)
        time.sleep(60)
"""
_KERNEL = """
import sys, time
from mlenv.kernel import place
place.hold_generation(sys.argv[1])
print("holding", flush=True)
sys.stdin.read()
"""


def _refused(code: str, *words: str, error: str = "ENOLCK") -> subprocess.Popen[str]:
    argv = ["strace", "-qq", "-o", os.devnull, "-e", "trace=flock", "-e", f"inject=flock:error={error}"]
    return subprocess.Popen(
        [*argv, sys.executable, "-c", code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _until(process: subprocess.Popen[str], word: str) -> list[str]:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.strip())
        if lines[-1] == word:
            break
    return lines


def _holder(root: Path) -> int:
    return int(json.loads((root / ".mlenv" / "lock.held").read_text())["pid"])


@pytest.mark.parametrize("error", _REFUSED)
def test_of_two_at_once_one_builds_and_the_other_waits_and_says_so(tmp_path: Path, error: str) -> None:
    """Each says once that locks are refused; nothing is left of the private folder afterwards."""
    first = _refused(_BUILD, str(tmp_path), "0.8", "30", error=error)
    _until(first, "holding")
    holder = _holder(tmp_path)
    second = _refused(_BUILD, str(tmp_path), "0.8", "30", error=error)
    told = [process.communicate(timeout=30)[0] for process in (first, second)]
    assert [text.count("built") for text in told] == [1, 0]
    assert f"waiting for mlenv create (process {holder})" in told[1]
    assert told[1].count("refuses locks") == 1
    assert os.listdir(tmp_path) == ["built"]


def test_many_at_once_never_work_together(tmp_path: Path) -> None:
    """Six start at the same moment, with the claim of a dead one lying there: one builds."""
    (tmp_path / ".mlenv").mkdir()
    gone = {**claims.identity("create"), "pid": 2**22 + 1}
    (tmp_path / ".mlenv" / "lock.held").write_text(json.dumps(gone))
    crowd = [_refused(_BUILD, str(tmp_path), "0.3", "30") for _ in range(6)]
    told = [process.communicate(timeout=60)[0] for process in crowd]
    assert (sum("built" in text for text in told), sum("holding" in text for text in told)) == (1, 6)


def test_the_claim_of_a_killed_holder_is_taken_over(tmp_path: Path) -> None:
    """At once, and not where its engine lives on."""
    first = _refused(_BUILD, str(tmp_path), "0", "30", "with an engine")
    _until(first, "built")
    assert first.stdout is not None
    engine, holder = int(first.stdout.readline()), _holder(tmp_path)
    os.kill(holder, 9)
    first.wait(10)
    try:
        early = _refused(_BUILD, str(tmp_path), "0", "0.3").communicate(timeout=30)[0]
        assert "project-busy" in early or "still works on this project" in early
    finally:
        os.kill(engine, 9)
    began = time.monotonic()
    late = _refused(_BUILD, str(tmp_path), "0", "10").communicate(timeout=30)[0]
    assert "holding" in late
    assert time.monotonic() - began < 5


def test_a_holder_on_another_machine_is_waited_for_and_the_file_is_named(tmp_path: Path) -> None:
    """Nothing can be known of it; what to delete when it is gone is said, and real locks do not pass it by."""
    claim = tmp_path / ".mlenv" / "lock.held"
    claim.parent.mkdir()
    claim.write_text(json.dumps({**claims.identity("sync"), "machine": "other", "pid": 77}))
    told: list[str] = []
    with pytest.raises(MlenvError) as caught, store.hold(tmp_path, "add", told.append, wait_s=0.2):
        pass
    assert told == ["waiting for mlenv sync (process 77 on another machine)"]
    assert (caught.value.code, str(claim) in str(caught.value.hint)) == ("project-busy", True)
    refused = _refused(_BUILD, str(tmp_path), "0", "0.2").communicate(timeout=30)[0]
    assert "holding" not in refused
    claim.unlink()
    with store.hold(tmp_path, "add", told.append, wait_s=0.2):
        pass


def test_a_claim_that_nobody_can_read_is_named(tmp_path: Path) -> None:
    """Torn, or planted: it counts as held, and the file to delete is said."""
    claim = tmp_path / ".mlenv" / "lock.held"
    claim.parent.mkdir()
    claim.write_text("{half")
    with pytest.raises(MlenvError) as caught, store.hold(tmp_path, "add", lambda _: None, wait_s=0.2):
        pass
    assert (caught.value.code, str(claim) in str(caught.value.hint)) == ("project-busy", True)


def test_one_with_a_real_lock_is_respected_by_one_whose_lock_is_refused(tmp_path: Path) -> None:
    """Locks may be refused for a moment only."""
    with store.hold(tmp_path, "sync", print):
        text = _refused(_BUILD, str(tmp_path), "0", "0.2").communicate(timeout=30)[0]
    assert f"waiting for mlenv sync (process {os.getpid()})" in text
    assert "holding" not in text


@pytest.fixture
def generation(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / ".mlenv" / "envs" / "one"
    folder.mkdir(parents=True)
    return folder


def test_a_kernel_without_locks_marks_its_generation_until_it_ends(generation: Path) -> None:
    """A kernel that ended by itself takes its mark away; the mark of a killed one counts for nothing."""
    lock = generation.parents[1] / "live" / "one.lock"
    for end in ("quit", "kill"):
        kernel = _refused(_KERNEL, str(generation))
        _until(kernel, "holding")
        assert store.is_held(lock)
        mark = next(lock.parent.glob("*.held"))
        if end == "kill":
            os.kill(int(json.loads(mark.read_text())["pid"]), 9)
        kernel.communicate(timeout=30)
        assert mark.exists() == (end == "kill")
        assert not store.is_held(lock)
        assert not mark.exists()


def test_whether_a_generation_is_in_use_is_known_without_locks(generation: Path) -> None:
    """Refused does not mean held: old generations would never be collected."""
    code = "import sys, pathlib; from mlenv import store; print(store.is_held(pathlib.Path(sys.argv[1])))"
    lock = generation.parents[1] / "live" / "one.lock"
    lock.parent.mkdir()
    lock.touch()
    assert _refused(code, str(lock)).communicate(timeout=30)[0].strip() == "False"
    kernel = _refused(_KERNEL, str(generation))
    _until(kernel, "holding")
    assert _refused(code, str(lock)).communicate(timeout=30)[0].strip() == "True"
    kernel.communicate(timeout=30)
    assert place.hold_generation(str(generation)) is not None


def test_a_claim_that_was_never_written_is_taken_over_once_it_is_old(tmp_path: Path) -> None:
    """Its maker was killed between two calls of the system."""
    path = tmp_path / "lock.held"
    path.touch()
    assert claims.make(str(path), "add") is None
    os.utime(path, (1, 1))
    descriptor = claims.make(str(path), "add")
    assert descriptor is not None
    claims.drop(str(path), descriptor)
    assert not path.exists()


_ONE_BY_ONE = """
import os, sys
from mlenv.probe import claims
path, witness = sys.argv[1], sys.argv[1] + "-witness"
for _ in range(150):
    while (descriptor := claims.make(path, "add")) is None:
        pass
    os.close(os.open(witness, os.O_CREAT | os.O_EXCL))
    os.unlink(witness)
    os.unlink(path)
    os.close(descriptor)
print("done")
"""


def test_a_claim_has_one_holder_at_a_time(tmp_path: Path) -> None:
    """Four take it and give it up as fast as they can: no one clears away what another has made this moment."""
    argv = [sys.executable, "-c", _ONE_BY_ONE, str(tmp_path / "lock.held")]
    crowd = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(4)]
    assert [process.communicate(timeout=60)[0] for process in crowd] == ["done\n"] * 4
