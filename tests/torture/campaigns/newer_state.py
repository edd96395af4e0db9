"""State that a newer mlenv wrote, or that nobody can read: an older one leaves it alone, or takes it for missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import World

__all__ = ["CAMPAIGN"]

_READING = (("check",), ("kernels",))


@dataclass(frozen=True, kw_only=True)
class State:
    what: str
    pattern: str
    """Of the file, relative to the world's folder."""


STATES = (
    State(what="ready marker", pattern="demo/.mlenv/envs/*/mlenv-ready.json"),
    State(what="history", pattern="demo/.mlenv/history.json"),
    State(what="kernelspec", pattern="home/jupyter/kernels/*/kernel.json"),
    State(what="trust", pattern="home/data/trust.json"),
    State(what="launcher", pattern="home/data/launcher.json"),
    State(what="selection", pattern="home/mlenv-cache/selections/*.json"),
)


def _newer(content: dict[str, Any]) -> dict[str, Any]:
    """The next version of the form."""
    block = content.get("metadata", {}).get("mlenv")
    if block is not None:
        return {**content, "metadata": {"mlenv": {**block, "schema": block["schema"] + 1, "later": True}}}
    return {**content, "schema": content["schema"] + 1, "later": {"a": [1]}}


def _more(content: dict[str, Any]) -> dict[str, Any]:
    """The same form with keys that this version does not know."""
    block = content.get("metadata", {}).get("mlenv")
    if block is not None:
        return {**content, "metadata": {"mlenv": {**block, "later": True}}}
    return {**content, "later": {"a": [1]}}


def _typed(content: dict[str, Any]) -> dict[str, Any]:
    """Every list and mapping is a number now."""
    return {key: 7 if isinstance(item, list | dict) and key != "argv" else item for key, item in content.items()}


_FORMS: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
    ("version n+1", _newer),
    ("unknown keys", _more),
    ("other types", _typed),
    ("a list", lambda content: [content]),
    ("null", lambda content: None),
)


def _run(run: Run) -> Iterator[Row]:
    world = run.stage.world(run.folder / "one")
    data = world.home / "data"
    data.mkdir()
    for path in run.stage.data.iterdir():
        (data / path.name).symlink_to(path) if path.is_dir() else shutil.copy(path, data)
    world = replace(world, extra={"MLENV_DATA_DIR": str(data)})
    for words in (("create", "six==1.16.0"), ("add", "idna==3.6"), ("check",)):
        done = world.mlenv(*words)
        if done.code:
            raise RuntimeError(done.text)
    pairs = [(state, form) for state in STATES for form in _FORMS]
    chosen = pairs if len(pairs) <= run.trials else run.random("newer").sample(pairs, run.trials)
    tally = Tally(f"{len(chosen)} of {len(pairs)}: {len(STATES)} kinds of state in {len(_FORMS)} forms")
    for state, (name, change) in chosen:
        path = sorted(world.folder.glob(state.pattern))[-1]
        bad = _trial(world, path, f"{state.what}, {name}", change)
        tally.add(hit=True, state="bad" if bad else "left alone", bad=bad or None)
    yield tally.row()


def _trial(world: World, path: Path, what: str, change: Callable[[dict[str, Any]], Any]) -> str:
    whole = path.read_bytes()
    written = json.dumps(change(json.loads(whole)))
    path.write_text(written)
    found = []
    try:
        for words in _READING:
            done = world.mlenv(*words)
            if done.code not in (0, 1, 2) or "unexpectedly" in done.text or "Traceback" in done.text:
                found.append(f"{words[0]}: status {done.code}: {done.text.strip()[-200:]}")
        if path.read_text() != written and "selections" not in str(path):  # a cache is written anew
            found.append("reading changed it")
        done = world.mlenv("undo", "--dry-run")
        if "unexpectedly" in done.text:
            found.append(f"undo: {done.text.strip()[-200:]}")
        done = world.mlenv("sync", "--dry-run")
        if done.code not in (0, 1, 2) or "unexpectedly" in done.text:
            found.append(f"sync: {done.text.strip()[-200:]}")
    finally:
        path.write_bytes(whole)
    return f"{what}: {'; '.join(found)}" if found else ""


CAMPAIGN = Campaign(
    name="newer_state",
    promise="State that a newer mlenv wrote, or that nobody can read, is not touched by reading it, and never ends in a"
    " traceback.",
    run=_run,
    full=30,
    sample=3,
)
