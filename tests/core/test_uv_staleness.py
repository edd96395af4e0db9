"""A manifest is edited in every way after ``uv lock``: the lock is stale for mlenv where ``uv lock --check`` says so."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import tomlkit
from locks_project import DATA, chosen, folder_of
from uv import find_uv_bin

PLACES = (
    ("uv-groups", ""),
    ("uv-own-extras", ""),
    ("uv-0.7-group-python", ""),
    ("uv-0.9-members", ""),
    ("uv-0.9-members", "packages/two"),
)
INDEX = "https://index.example.org/simple"
Edit = Callable[[Any], object]


def _uv(key: str, said: object) -> Edit:
    return lambda d: d.setdefault("tool", {}).setdefault("uv", {}).update({key: said})


def _list(table: str, said: list[str]) -> Edit:
    return lambda d: (d if table == "dependency-groups" else d["project"]).setdefault(table, {}).update({"fresh": said})


def _without(row: str) -> str:
    return f"{row}{',' if '<' in row else ''}!=1.5"


def _respelled(d: Any) -> None:
    rows = d["project"]["dependencies"]
    d["project"]["dependencies"] = [str(row).capitalize() for row in reversed(rows)]
    d["project"]["requires-python"] = f" {d['project']['requires-python']} "


EDITS: dict[str, Edit] = {
    "nothing": lambda d: None,
    "a description": lambda d: d["project"].update({"description": "x"}),
    "another spelling": _respelled,
    "a dependency more": lambda d: d["project"]["dependencies"].append("attrs"),
    "a dependency less": lambda d: d["project"]["dependencies"].pop(0),
    "another range": lambda d: d["project"]["dependencies"].append(_without(d["project"]["dependencies"].pop(0))),
    "another python": lambda d: d["project"].update({"requires-python": ">=3.12"}),
    "another version": lambda d: d["project"].update({"version": "9.9"}),
    "another name": lambda d: d["project"].update({"name": "renamed"}),
    "a group more": _list("dependency-groups", ["attrs"]),
    "an empty group more": _list("dependency-groups", []),
    "an extra more": _list("optional-dependencies", ["attrs"]),
    "an empty extra more": _list("optional-dependencies", []),
    "default groups": _uv("default-groups", []),
    "constraints": _uv("constraint-dependencies", ["six<99"]),
    "build constraints": _uv("build-constraint-dependencies", ["setuptools<99"]),
    "overrides": _uv("override-dependencies", ["six<99"]),
    "overrides of what is in no lock": _uv("override-dependencies", ["attrs<99"]),
    "exclusions": _uv("exclude-dependencies", ["six"]),
    "exclusions of what is in no lock": _uv("exclude-dependencies", ["attrs"]),
    "environments": _uv("environments", ["sys_platform == 'linux'"]),
    "required environments": _uv("required-environments", ["sys_platform == 'win32'"]),
    "lowest versions": _uv("resolution", "lowest"),
    "prereleases": _uv("prerelease", "allow"),
    "newest allowed": _uv("exclude-newer", "2026-01-01T00:00:00Z"),
    "fork strategy": _uv("fork-strategy", "fewest"),
    "the default, said": _uv("resolution", "highest"),
}


def _edited(place: tuple[str, str], edit: str) -> dict[str, bytes] | None:
    sample, folder = place
    files = SAMPLES[sample]
    name = f"{folder}/pyproject.toml".lstrip("/")
    document = tomlkit.parse(files[name].decode())
    try:
        EDITS[edit](document)
    except (KeyError, IndexError):
        return None  # there is nothing of the kind to edit
    return {**files, name: tomlkit.dumps(document).encode()}


SAMPLES = {sample: folder_of(sample) for sample, _ in PLACES}
CASES = {(place, edit): files for place in PLACES for edit in EDITS if (files := _edited(place, edit)) is not None}


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[tuple[str, str], str], bool]:
    """Ask uv of every case: offline, for what is as it was locked needs no index."""
    argv = [find_uv_bin(), "lock", "--check", "--offline", "--quiet", "--default-index", INDEX]
    found = {}
    for case, files in CASES.items():
        root = tmp_path_factory.mktemp("stale") / "project"
        shutil.copytree(DATA / case[0][0], root)
        for name, data in files.items():
            (root / name).write_bytes(data)
        environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        done = subprocess.run(argv, cwd=root, capture_output=True, text=True, env=environment, timeout=120)
        found[case] = done.returncode != 0
    return found


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "/".join(filter(None, place)))
@pytest.mark.parametrize("edit", EDITS)
def test_a_lock_is_stale_where_uv_says_so(
    place: tuple[str, str], edit: str, stale: dict[tuple[tuple[str, str], str], bool]
) -> None:
    files = CASES.get((place, edit))
    if files is not None:
        findings = chosen(files, "3.12.1").selection.findings
        reasons = [row.reason for row in findings if row.kind == "relock"]
        assert bool(reasons) == stale[place, edit], reasons


def test_the_cases_are_of_both_kinds(stale: dict[tuple[tuple[str, str], str], bool]) -> None:
    assert len(stale) > 100
    assert 20 < sum(stale.values()) < len(stale) - 20
