"""Every ``uv.lock`` under ``tests/data``, of every revision: the selections of mlenv are those that uv exports.

For each project of a lock, its extras and groups one by one, in pairs and all at once, and its default groups, on
three platforms and five Pythons.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from locks_project import DATA, target
from uv import find_uv_bin

from mlenv.errors import MlenvError
from mlenv.locks import Target, parse_uv_lock
from mlenv.locks.pylock import parse_pylock

TARGETS = tuple(
    target(*pair) for pair in itertools.product(("3.9.18", "3.11.7", "3.13.0"), ("linux", "win32", "darwin"))
)
Names = tuple[str, ...]
Case = tuple[Path, str]
Choices = tuple[tuple[Names, Names], ...]
Rows = set[tuple[str, str | None, str]]


def _cases() -> Iterator[Case]:
    """Yield each lock with the folder of each of its projects; files of the projects' own sources are none."""
    for lock in sorted(DATA.glob("uv-*/uv.lock")):
        locked = tomllib.loads(lock.read_text(encoding="utf-8"))
        members = locked.get("manifest", {}).get("members", [])
        for row in locked.get("package", []):
            path = next((row["source"][key] for key in ("virtual", "editable") if key in row["source"]), None)
            if path is not None and (path == "." or row["name"] in members):
                yield lock.parent, path
        if not any(row["source"].get(key) == "." for row in locked["package"] for key in ("virtual", "editable")):
            yield lock.parent, "."


CASES = tuple(_cases())


def _choices(folder: Path) -> tuple[str, Choices]:
    """Return the project's name, and what of its extras and groups is tried together."""
    manifest = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    project = manifest.get("project", {})
    groups = dict.fromkeys(manifest.get("dependency-groups", {}))
    if "dev-dependencies" in manifest.get("tool", {}).get("uv", {}):
        groups["dev"] = None
    few = itertools.product(_few(project.get("optional-dependencies", {})), _few(groups))
    return project.get("name", ""), tuple(few)


def _few(names: Iterable[str]) -> list[Names]:
    known = tuple(names)
    return list(dict.fromkeys(((), *((name,) for name in known), *list(itertools.combinations(known, 2))[:3], known)))


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[Case, Names, Names], str | None]:
    """Export each choice once, on copies: uv may write beside the lock. ``None`` where uv refuses the choice."""
    root = tmp_path_factory.mktemp("exports")
    shutil.copytree(DATA, root / "locks")
    found = {}
    for case in CASES:
        folder, path = case
        name, choices = _choices(folder / path)
        for extras, groups in choices:
            found[case, extras, groups] = _export(root / "locks" / folder.name, name, extras, groups)
    return found


def _export(folder: Path, name: str, extras: Names, groups: Names) -> str | None:
    package = ("--package", name) if name else ()
    options = ("--no-default-groups", *(f"--extra={x}" for x in extras), *(f"--group={x}" for x in groups))
    argv = (find_uv_bin(), "export", "--frozen", "--offline", "--no-config", "--quiet", "--format", "pylock.toml")
    done = subprocess.run(
        (*argv, *package, *options), cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
    )  # fmt: skip
    assert done.returncode == 0 or "are incompatible with the" in done.stderr, done.stderr
    return done.stdout if done.returncode == 0 else None


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].name}:{case[1]}")
def test_each_choice_of_extras_and_groups_selects_what_uv_exports(
    case: Case, exports: dict[tuple[Case, Names, Names], str | None]
) -> None:
    folder, path = case
    text = (folder / "uv.lock").read_text(encoding="utf-8")
    name, choices = _choices(folder / path)
    for extras, groups in choices:
        exported = exports[case, extras, groups]
        for here in TARGETS:
            if exported is None:
                with pytest.raises(MlenvError, match="exclude each other"):
                    parse_uv_lock(text, "uv.lock", here, extras, groups, name)
            elif _within(text, here):
                ours = parse_uv_lock(text, "uv.lock", here, extras, groups, name).pins
                assert {(pin.name, pin.version, pin.source.kind) for pin in ours} == _rows(exported, here), (
                    extras, groups, here.python,
                )  # fmt: skip


def _within(text: str, here: Target) -> bool:
    """Whether the lock is for this platform at all: uv exports nothing for others, and mlenv says so."""
    return not any(row.reason.count("other platforms") for row in parse_uv_lock(text, "uv.lock", here, (), ()).findings)


def _rows(exported: str, here: Target) -> Rows:
    lock = parse_pylock(exported, "pylock.toml", here)
    return {(pin.name, pin.version, pin.source.kind) for pin in lock.pins}
