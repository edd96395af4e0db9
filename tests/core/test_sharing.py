"""Who may change or read what a kernel runs: owners and modes in, the first fault out."""

from __future__ import annotations

import stat

import pytest

from mlenv.kernel.sharing import Entry, changeable, first, keeper, unreadable

ROOT, ADMIN, OTHER = 0, 1000, 1001


def _file(mode: int, owner: int = ADMIN, *, alone: bool = False) -> Entry:
    return Entry(path="/srv/demo/file", owner=owner, mode=stat.S_IFREG | mode, alone=alone)


def _folder(mode: int, owner: int = ROOT, *, above: bool = False) -> Entry:
    return Entry(path="/srv/demo", owner=owner, mode=stat.S_IFDIR | mode, above=above)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (_file(0o644), ""),
        (_file(0o444, ROOT), ""),
        (_file(0o646), "every user may write it"),
        (_file(0o664), "its group may write it"),
        (_file(0o664, alone=True), ""),
        (_file(0o666, alone=True), "every user may write it"),
        (_file(0o444, OTHER), "it belongs to another user (number 1001)"),
        (_folder(0o755), ""),
        (_folder(0o1777), "every user may write it"),
        (_folder(0o1777, above=True), ""),
        (_folder(0o777, above=True), "every user may write it"),
        (_folder(0o1777, OTHER, above=True), "it belongs to another user (number 1001)"),
        (Entry(path="/srv/demo/lib64", owner=OTHER, mode=stat.S_IFLNK | 0o777), ""),
    ],
)
def test_who_else_could_change_it(entry: Entry, why: str) -> None:
    assert changeable(entry, {ROOT, ADMIN}) == why


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (_file(0o644), ""),
        (_file(0o640), "other users cannot read it"),
        (_folder(0o755), ""),
        (_folder(0o750), "other users cannot enter it"),
        (_folder(0o751), "other users cannot list it"),
        (_folder(0o751, above=True), ""),
        (Entry(path="/srv/demo/lib64", owner=ROOT, mode=stat.S_IFLNK | 0o700), ""),
    ],
)
def test_what_others_cannot_do_with_it(entry: Entry, why: str) -> None:
    assert unreadable(entry) == why


def test_the_first_fault_counts_and_no_name_is_told() -> None:
    rows = [_file(0o644), _file(0o646), _file(0o664)]
    assert first(rows, {ADMIN}) == (rows[1], "every user may write it")
    assert first(rows[:1], {ADMIN}) is None
    assert (keeper(0), keeper(1001)) == ("root", "another user (number 1001)")
