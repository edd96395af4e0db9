"""P22: what must survive a power cut is on the disk in the right order: fsync(file), rename, fsync(folder)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.killing import Rehearsed, rehearse
from torture.scenes import REPAIR, SCENES
from torture.tracing import CHANGING, SYNCING, Call, missing, trace

VERBS = ("create", "undo", "freeze", "sync", "add", "remove", "upgrade", "lock", "kernels repair")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CACHE = ("mlenv-cache",)
"""Folders whose files may be lost: they are made anew."""


def _run(run: Run) -> Iterator[Row]:
    scenes = {scene.verb: scene for scene in (REPAIR, *SCENES)}
    for verb in VERBS[: max(1, min(len(VERBS), run.trials))]:
        stage = rehearse(scenes[verb], run.stage.world(run.folder / re.sub(r"\W", "-", verb)), "uv")
        stage.restore()
        done, calls = trace(stage.world, stage.words(), (*CHANGING, *SYNCING))
        assert done.code == 0, done.text
        yield _row(stage, calls)


def _row(stage: Rehearsed, calls: Sequence[Call]) -> Row:
    """Judge every rename by which a file, a link or a folder of ours came to its name."""
    tally = Tally(f"{stage.scene.verb}: each file that it puts in place")
    folders = (stage.world.folder, stage.world.stage.data)
    for number, call in enumerate(calls):
        if not call.name.startswith("rename") or call.failed:
            continue
        source, target = (Path(name) for name in _PATH.findall(call.arguments)[:2])
        if not any(target.is_relative_to(folder) for folder in folders) or _may_be_lost(target):
            continue
        fault = _fault(calls, number, source, target)
        story = f"{target.relative_to(stage.world.folder.parent)}: {fault}" if fault else None
        tally.add(hit=True, state=_kind(target), bad=story)
    return tally.row()


def _fault(calls: Sequence[Call], number: int, source: Path, target: Path) -> str:
    """Return what is wrong with the order around one rename.

    A file is synced before it; where a folder is renamed in, every file that was written into it. A link has no
    content. The folder of the new name is synced before the next file is put in place.
    """
    before, after = calls[:number], calls[number + 1 :]
    # Files in a folder that is renamed in have got their own names there by renames that were synced.
    written = {_of(call) for call in before if call.name == "write"}
    synced = {_of(call) for call in before if call.name == "fsync"}
    if unsynced := {path for path in written - synced if path is not None and path.is_relative_to(source)}:
        return f"{len(unsynced)} files were written and not synced before it, {sorted(map(str, unsynced))[0]} first"
    for call in after:
        if call.name == "fsync" and _of(call) == target.parent:
            return ""
        if call.name.startswith("rename") and not call.failed:
            break
    return "its folder was not synced after it"


def _may_be_lost(target: Path) -> bool:
    scratch = any(part.startswith((".trash-", ".mlenv-kernel-")) for part in target.parts) or "work" in target.parts
    # What lies in a staging folder is on its way: the rename of the whole is judged.
    return scratch or any(part in _CACHE for part in target.parts)


def _of(call: Call) -> Path | None:
    """Return the file that a descriptor stands for."""
    match = re.match(r"\d+<([^>]*)>", call.arguments)
    return Path(match[1]) if match else None


def _kind(target: Path) -> str:
    name = target.name
    if name.startswith("pylock"):
        return "lock"
    kinds = {".venv": "link", "pyproject.toml": "manifest", "mlenv-ready.json": "marker", "history.json": "history"}
    if target.parent.name == "kernels":
        return "kernelspec"
    if target.parent.parent.name == "backups":
        return "kept copy"
    return kinds.get(name) or ("script of an environment" if "bin" in target.parts else name)


CAMPAIGN = Campaign(
    name="power_loss",
    promise="Whatever mlenv puts in place is synced before it is renamed, and its folder after it, so that after a power "
    "cut lock, manifest, kernelspec, marker and history are each the old or the new one.",
    run=_run,
    full=len(VERBS),
    sample=1,
    missing=missing,
)
