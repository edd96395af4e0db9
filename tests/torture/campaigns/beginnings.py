"""Every beginning of every file that mlenv writes, through mlenv's own readers: never taken for a shorter whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mlenv import generations, history, kernels, locks, store, trust
from mlenv.errors import MlenvError
from mlenv.kernel import pick
from mlenv.locks import Target
from mlenv.probe import ask
from mlenv.selection_text import parse_selection
from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import PACKAGES, World

__all__ = ["CAMPAIGN"]

_NOTHING = object()
"""What a reader says that takes a file for damaged or missing."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """One file that mlenv wrote, and how it is read."""

    what: str
    path: Path
    read: Callable[[bytes], Any]
    """The file's meaning, or ``_NOTHING``."""
    shortest: int = 0
    """An empty list of requirements is a user's own that declares nothing; no reader can know better."""
    allowed: Callable[[Any, Any], bool] = lambda meaning, whole: False
    """Whether another meaning than the whole file's is one that a person is told about."""


def _files(world: World, target: Target) -> Iterator[Written]:
    root = world.root
    generation = root / ".mlenv" / "envs" / os.listdir(root / ".mlenv" / "envs")[0]
    yield Written(what="pylock.toml", path=root / "pylock.toml", read=lambda raw: _pylock(raw, target))
    requirements = root / "requirements.txt"
    yield Written(
        what="requirements.txt of freeze", path=requirements, read=lambda raw: _requirements(raw, target), shortest=1
    )
    # A manifest is the user's own text and cannot say its end: it is enough that the lock beside it disagrees.
    yield Written(
        what="pyproject.toml",
        path=root / "pyproject.toml",
        read=lambda raw: _pyproject(raw, target),
        allowed=lambda meaning, whole: meaning != whole,
    )
    yield _json("ready marker", generation / "mlenv-ready.json", lambda path: generations.ready(path.parent))
    yield _json("history", root / ".mlenv" / "history.json", lambda path: history.entries(root) or None)
    yield _json("kernel.json", _one(world.home / "jupyter" / "kernels", "*/kernel.json"), _kernel)
    data = store.data_dir()
    yield _json("trust", data / "trust.json", lambda path: trust.prefixes() or None)
    yield _json("launcher.json", data / "launcher.json", store.read_json)
    runtime = data / "runtime.json"
    yield Written(what="runtime.json", path=runtime, read=lambda raw: _or_nothing(pick.parse_runtime(_text(raw), "")))
    cache = world.home / "mlenv-cache"
    selection = _one(cache / "selections", "*.json")
    yield Written(what="selection", path=selection, read=lambda raw: _or_nothing(parse_selection(_text(raw))))
    yield _json("answer of an interpreter", _one(cache, "*/*.json", avoid="selections"), ask._remembered)


def _one(folder: Path, pattern: str, avoid: str = "//") -> Path:
    return next(path for path in sorted(folder.glob(pattern)) if avoid not in str(path))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _or_nothing(found: Any) -> Any:
    return _NOTHING if found is None else found


def _json(what: str, path: Path, read: Callable[[Path], Any]) -> Written:
    """A file that is read from its place: each beginning of it is put there."""

    def placed(raw: bytes) -> Any:
        path.write_bytes(raw)
        return _or_nothing(read(path))

    return Written(what=what, path=path, read=placed)


def _pylock(raw: bytes, target: Target) -> Any:
    content = locks.parse_pylock(_text(raw), "pylock.toml", target)
    return content.pins, content.recorded, bool(content.findings)


def _requirements(raw: bytes, target: Target) -> Any:
    content = locks.parse_requirements(raw, "requirements.txt", target, lambda path: None)
    return content.pins


def _pyproject(raw: bytes, target: Target) -> Any:
    return locks.parse_pyproject(_text(raw), "pyproject.toml", target).requirements


def _kernel(path: Path) -> Any:
    kernel = kernels.read(path.parent)
    return None if kernel.state == "broken-json" else kernel


def _beginnings(run: Run, written: Written, trials: int) -> Iterator[Row]:
    """Every length where they are few enough, else as many as are asked for, those around line ends among them."""
    whole_text = written.path.read_bytes()
    lengths = range(written.shortest, len(whole_text))
    if len(lengths) > trials:
        ends = [place for place, byte in enumerate(whole_text) if byte in b"\n}]"]
        near = {length for end in ends for length in (end, end + 1) if length < len(whole_text)}
        chance = run.random(written.what)
        some = set(chance.sample(sorted(near), min(len(near), trials // 2)))
        chosen = sorted(some | set(chance.sample(lengths, trials - len(some))))
    else:
        chosen = list(lengths)
    whole = written.read(whole_text)
    if whole is _NOTHING:
        raise RuntimeError(f"{written.what}: the whole file is not read")
    tally = Tally(f"{written.what}, {len(chosen):,} of {len(lengths):,} beginnings")
    for length in chosen:
        state, bad = _verdict(written, whole_text[:length], whole)
        tally.add(hit=True, state=state, bad=f"{length} bytes: {bad}" if bad else None)
    written.path.write_bytes(whole_text)
    yield tally.row()


def _verdict(written: Written, raw: bytes, whole: Any) -> tuple[str, str]:
    try:
        meaning = written.read(raw)
    except MlenvError as error:
        return ("refused", "") if error.message and "Traceback" not in error.message else ("refused", repr(error))
    except Exception as error:  # noqa: BLE001  # every other exception is the finding
        return "raised", f"{type(error).__name__}: {error}"
    if meaning is _NOTHING:
        return "counts as missing", ""
    if meaning == whole:
        return "complete", ""
    if written.allowed(meaning, whole):
        return "differs from the lock", ""
    return "accepted", f"taken for {str(meaning)[:120]}"


@contextlib.contextmanager
def _as_this_user(world: World) -> Iterator[None]:
    """mlenv's own folders, as the programs of this world see them."""
    data = world.home / "data"
    data.mkdir()  # a copy: the stage's is for all
    shutil.copy(world.stage.data / "trust.json", data)
    shutil.copy(world.stage.data / "launcher.json", data)
    shutil.copy(_one(world.stage.data / "runtimes", "*/runtime.json"), data)
    own: Mapping[str, str] = {name: text for name, text in world.env.items() if name.startswith(("MLENV_", "JUPYTER_"))}
    own = {**own, "MLENV_DATA_DIR": str(data)}
    with mock.patch.dict(os.environ, own):
        yield


def _run(run: Run) -> Iterator[Row]:
    folder = run.folder / "data"
    world = run.stage.world(run.folder / "written")
    for words in (("create", *PACKAGES), ("add", "six==1.17.0"), ("check",)):
        done = world.mlenv(*words)
        if done.code:
            raise RuntimeError(done.text)
    done = world.mlenv("freeze", "--format", "requirements", "--output", "requirements.txt")
    if done.code:
        raise RuntimeError(done.text)
    facts = ask.ask(sys.executable, folder)
    target = Target(markers=facts.markers, tags=facts.tags)
    with _as_this_user(world):
        for written in list(_files(world, target)):
            yield from _beginnings(run, written, run.trials)


CAMPAIGN = Campaign(
    name="beginnings",
    promise="A file that mlenv wrote and that was cut short anywhere is refused or counts as missing; it is never taken for"
    " a shorter whole one.",
    run=_run,
    full=100_000,
    sample=300,
)
