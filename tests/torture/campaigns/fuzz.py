"""Files of others with a fault in them, by the million: an answer or one clear error, quickly, in bounded memory."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType

from mlenv.locks import Selected
from torture.campaign import Campaign, Row, Run
from torture.mutations import damaged
from torture.oversized import OVERSIZED, Oversized
from torture.readers import Reader, fault_of, readers

__all__ = ["CAMPAIGN"]

LIMIT_S = 1.0
LIMIT_MB = 200
_AGAIN = 3
"""How often what took too long is tried before it counts: others work on the machine, too."""
_PACE_S = 0.017
"""CPU seconds of :func:`_pace` on the machine and day of results.md: where it takes longer, all does."""
_HANG_S = 10
_KEPT = 20
_PREFIXED = ("uv.lock", "uv.lock, manifest beside it", "pylock.toml of others", "pylock.toml of mlenv", "requirements.txt, pinned",
             "requirements.txt of mlenv")  # fmt: skip


@dataclass
class Seen:
    """What one process saw."""

    executions: int = 0
    changed: int = 0
    seconds: float = 0.0
    slowest_ms: float = 0.0
    memory_mib: float = 0.0
    file_mb: float = 0.0
    shorter: int = 0
    bad: tuple[str, ...] = ()


class _HangError(BaseException):
    """A reader that does not come back."""


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise _HangError


def run(run: Run) -> Iterator[Row]:
    """Damage each reader's files, cut them at every place, and make them too large."""
    folder = run.folder / "readers"
    names = [reader.name for reader in readers(_fresh(folder, "names"))]
    each = max(run.trials // len(names), 1)
    for name in names:
        place = _fresh(folder, name.replace(" ", "-"))
        yield _row(f"{name}: one fault, sometimes two", _apart(partial(_fuzz, run, name, place, each)))
    for name in _PREFIXED:
        place = _fresh(folder, f"{name.replace(' ', '-')}-cut")
        cuts = partial(_prefixes, name, place, max(run.trials // 20, 200))
        yield _row(f"{name}: cut at every place", _apart(cuts))
    for case in OVERSIZED:
        path = folder / "oversized"
        _apart(partial(_make, case, path))  # in its own process: what the making takes is not what the reading takes
        yield _row(f"too much: {case.name}", _apart(partial(_oversized, case, path)), memory=True)


def _fresh(folder: Path, name: str) -> Path:
    place = folder / name.replace(",", "")
    place.mkdir(parents=True)
    return place


def _apart(work: Callable[[], Seen]) -> Seen:
    """Run in a process of its own: its memory is its own, and a crash of the interpreter is one more finding."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        signal.signal(signal.SIGPROF, _ring)
        with os.fdopen(into, "w") as stream:
            try:
                json.dump(asdict(work()), stream)
            except BaseException as problem:  # noqa: BLE001  # this process has nobody else to tell
                json.dump(asdict(Seen(executions=1, bad=(f"the process ended: {problem!r}"[:300],))), stream)
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as stream:
        text = stream.read()
    status = os.waitpid(child, 0)[1]
    if not text:
        return Seen(executions=1, bad=(f"the interpreter died: status {status}",))
    return Seen(**json.loads(text))


def _fuzz(run: Run, name: str, folder: Path, executions: int) -> Seen:
    reader = _named(name, folder)
    whole = [reader.read(data) for data in reader.files]
    dice = run.random(name)

    def cases() -> Iterator[tuple[str, bytes, object]]:
        for number in range(executions):
            which = dice.randrange(len(reader.files))
            data = damaged(reader.files[which], reader.form, dice)
            yield f"seed {run.seed}, {name!r}, execution {number}", data, whole[which]

    return _measured(reader, cases())


def _prefixes(name: str, folder: Path, most: int) -> Seen:
    """Cut each file at every place (in the sample: at evenly spread ones); what is taken for a shorter lock counts."""
    reader = _named(name, folder)
    step = max(sum(map(len, reader.files)) // most, 1)

    def cases() -> Iterator[tuple[str, bytes, object]]:
        for number, data in enumerate(reader.files):
            answer = reader.read(data)
            for end in range(0, len(data), step):
                yield f"{name!r}, file {number}, cut at {end}", data[:end], answer

    return _measured(reader, cases())


def _measured(reader: Reader, cases: Iterable[tuple[str, bytes, object]]) -> Seen:
    seen, bad = Seen(), list[str]()
    originals = set(reader.files)
    began = time.perf_counter()
    for story, data, whole in cases:
        fault, spent = _once(reader, data, whole, seen)
        for _ in range(_AGAIN if spent > LIMIT_S else 0):
            fault, again = _once(reader, data, whole, seen)
            spent = min(spent, again)
        seen.executions += 1
        seen.changed += data not in originals
        seen.slowest_ms = max(seen.slowest_ms, spent * 1000)
        if not fault and spent > LIMIT_S and spent > LIMIT_S * _pace() / _PACE_S:
            fault = f"{spent:.1f} s of CPU"
        if fault and len(bad) < _KEPT:
            bad.append(f"{story}: {fault}")
    seen.seconds = time.perf_counter() - began
    seen.memory_mib = _memory_mib()
    seen.bad = tuple(bad)
    return seen


def _pace() -> float:
    """Return the CPU seconds that a fixed piece of text work takes now: neighbours on the same core slow it by half."""
    taken = []
    for _ in range(_AGAIN):
        began, lengths = time.process_time(), dict[str, int]()
        for number in range(60_000):
            name = f"package-{number % 5000}"
            lengths[name] = lengths.get(name, 0) + len(name.partition("-")[2])
        taken.append(time.process_time() - began)
    return min(taken)


def _once(reader: Reader, data: bytes, whole: object, seen: Seen) -> tuple[str, float]:
    """Feed a reader once; return what is wrong and the seconds of CPU it took."""
    answers: list[object] = []

    def judged(damage: bytes, before: object, answer: object) -> str:
        answers.append(answer)
        return reader.judge(damage, before, answer)

    watched = replace(reader, judge=judged)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, _HANG_S)
    try:
        fault = fault_of(watched, data, whole)
    except _HangError:
        fault = f"no answer in {_HANG_S} s of CPU"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seen.shorter += bool(answers) and _is_shorter(whole, answers[0])
    return fault, time.process_time() - began


def _is_shorter(whole: object, answer: object) -> bool:
    """Whether a lock was read, without a word, that pins less than the whole one."""
    if not isinstance(whole, Selected) or not isinstance(answer, Selected) or not answer.selection.lock:
        return False
    told = {finding.kind for finding in answer.selection.findings} - {
        finding.kind for finding in whole.selection.findings
    }
    return not told and len(answer.selection.pins) < len(whole.selection.pins)


def _make(case: Oversized, path: Path) -> Seen:
    path.write_bytes(case.make())
    return Seen()


def _oversized(case: Oversized, path: Path) -> Seen:
    before = _memory_mib()  # the interpreter's own, and what it has from the process that made it
    data = path.read_bytes()
    reader = Reader(name=case.name, form="lines", read=case.read, files=())
    seen = _measured(reader, [(f"{case.name}, {len(data) >> 20} MiB", data, None)])
    return replace(seen, file_mb=len(data) / 1e6, memory_mib=seen.memory_mib - before)


def _named(name: str, folder: Path) -> Reader:
    return next(reader for reader in readers(folder) if reader.name == name)


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _row(what: str, seen: Seen, *, memory: bool = False) -> Row:
    bad = seen.bad
    if memory and seen.memory_mib * 1.048576 > max(LIMIT_MB, 5 * seen.file_mb) and not bad:
        bad = (f"{seen.memory_mib:.0f} MiB",)
    note = f"slowest {seen.slowest_ms:.0f} ms, {seen.memory_mib:.0f} MiB"
    if seen.seconds > 0 and not memory:
        note = f"{seen.executions / seen.seconds:.0f} a second, {note}"
    if seen.shorter:
        note += f"; {seen.shorter} read as a shorter lock: the format itself does not say its end"
    return Row(
        what=what, trials=seen.executions, hit=seen.changed, good=seen.executions - len(bad), bad=bad, note=note
    )  # fmt: skip


CAMPAIGN = Campaign(
    name="fuzz",
    promise="A damaged, cut, oversized or hostile file has an answer or one clear error with its place, in 1 s and 200 MB.",
    run=run,
    full=2_000_000,
    sample=3_000,
)
