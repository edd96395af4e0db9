"""The judge of the order of syncs is judged: every wrong order is named, the right one passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from torture.campaigns.power_loss import _fault
from torture.tracing import Call

WRITE = ("write", '3</p/.lock.#.tmp>, "x", 1')
SYNC = ("fsync", "3</p/.lock.#.tmp>")
RENAME = ("rename", '"/p/.lock.#.tmp", "/p/lock"')
SYNC_FOLDER = ("fsync", "3</p>")
NEXT = ("rename", '"/p/.b.tmp", "/p/b"')


def _calls(*calls: tuple[str, str]) -> list[Call]:
    return [Call(name=name, arguments=text, number=1, failed=False) for name, text in calls]


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ((WRITE, SYNC, RENAME, SYNC_FOLDER, NEXT), ""),
        ((WRITE, RENAME, SYNC, SYNC_FOLDER), "not synced before it"),
        ((WRITE, RENAME, SYNC_FOLDER), "not synced before it"),
        ((WRITE, SYNC, RENAME), "folder was not synced"),
        ((WRITE, SYNC, RENAME, NEXT, SYNC_FOLDER), "folder was not synced"),
        ((WRITE, SYNC, SYNC_FOLDER, RENAME), "folder was not synced"),
    ],
)
def test_the_order_of_syncs(calls: tuple[tuple[str, str], ...], words: str) -> None:
    """fsync(file), rename, fsync(folder), each before the next file is put in place."""
    every = _calls(*calls)
    fault = _fault(every, calls.index(RENAME), Path("/p/.lock.#.tmp"), Path("/p/lock"))
    assert words in fault
    assert bool(words) == bool(fault)


def test_a_call_is_known_again_in_the_next_run() -> None:
    """Random parts of names and contents are left out, all else counts."""
    one = Call(name="rename", arguments='"/p/.lock.0123456789ab.tmp", "/p/lock"', number=3, failed=False)
    two = Call(name="rename", arguments='"/p/.lock.ba9876543210.tmp", "/p/lock"', number=3, failed=False)
    other = Call(name="rename", arguments='"/p/.log.ba9876543210.tmp", "/p/log"', number=3, failed=False)
    assert one.text == two.text != other.text
    texts = {Call(name="write", arguments=f'3</p/a>, "{text}", 1', number=1, failed=False).text for text in "ab"}
    assert len(texts) == 1
