"""What mlenv selects from ``uv.lock`` is what uv itself exports for the same Python, extras and groups."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from locks_project import DATA, read, target
from packaging.pylock import Package, Pylock, PylockSelectError
from packaging.tags import parse_tag
from uv import find_uv_bin

from mlenv.locks import parse_uv_lock
from mlenv.locks.pylock import parse_pylock

CASES = [
    ("uv-forks", "forks", (), ()),
    ("uv-groups", "Demo.Groups", (), ()),
    ("uv-groups", "demo_groups", ("plot",), ("dev",)),
    ("uv-groups", "demo-groups", ("all",), ("lint", "docs")),
    ("uv-conflicts", "conf-demo", (), ()),
    ("uv-conflicts", "conf-demo", ("old",), ("dev",)),
    ("uv-conflicts", "conf-demo", ("new",), ("next",)),
    ("uv-conflicts", "conf-demo", ("new",), ()),
    ("uv-sources", "sources", (), ()),
    ("uv-workspace", "top", (), ("dev",)),
    ("uv-workspace", "member-one", ("fast",), ()),
]
PYTHONS = ("3.9.18", "3.10.13", "3.11.7", "3.12.1", "3.13.0")
Row = tuple[str, str | None, str]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[object, ...], str]:
    """Export every case once, on copies: uv may write beside the lock."""
    root = tmp_path_factory.mktemp("oracle")
    found: dict[tuple[object, ...], str] = {}
    for case in CASES:
        project, name, extras, groups = case
        folder = root / project
        if not folder.exists():
            shutil.copytree(DATA / project, folder)
        options = [f"--extra={extra}" for extra in extras] + [f"--group={group}" for group in groups]
        found[case] = _export(folder, name, options)
    return found


def _export(folder: Path, name: str, options: list[str]) -> str:
    argv = [find_uv_bin(), "export", "--frozen", "--offline", "--no-config", "--no-default-groups", "--quiet"]
    done = subprocess.run(
        [*argv, "--format", "pylock.toml", "--package", name, *options],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join((case[0], *case[2], *case[3])))
def test_our_walk_selects_what_uv_exports(
    case: tuple[str, str, tuple[str, ...], tuple[str, ...]], python: str, exports: dict[tuple[object, ...], str]
) -> None:
    project, name, extras, groups = case
    here = target(python)
    content = parse_uv_lock(read(f"{project}/uv.lock"), "uv.lock", here, extras, groups, name)
    assert [finding.kind for finding in content.findings] in ([], ["python"])
    ours = {(pin.name, pin.version, pin.source.kind) for pin in content.pins}
    assert ours == _selected(exports[case], python, name)


def _selected(text: str, python: str, name: str) -> set[Row]:
    """Select from uv's export by markers alone: a Python outside requires-python is not uv's question here."""
    lock = parse_pylock(text, "pylock.toml", target(python))
    return {(pin.name, pin.version, pin.source.kind) for pin in lock.pins}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("sample", ["pylock-uv", "pylock-pip", "pylock-pdm", "pylock-pipenv", "pylock-poetry"])
@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_a_pylock_gives_what_the_specifications_own_reader_selects(sample: str, python: str, system: str) -> None:
    """For its default groups, and for each choice of its extras and groups."""
    text = read(f"{sample}/pylock.toml")
    lock = Pylock.from_dict(tomllib.loads(text))
    own = {"default"} & set(lock.dependency_groups or ())  # PDM's name for what always counts
    groups = [None, *_subsets({*(lock.dependency_groups or ())} - own)]
    for extras, chosen in itertools.product(_subsets(lock.extras or ()), groups):
        asked = None if chosen is None else (*chosen, *own)
        ours = parse_pylock(text, "pylock.toml", target(python, system), extras, chosen)
        try:
            expected = {_row(package) for package, _ in _select(lock, python, system, extras, asked)}
        except PylockSelectError:
            assert [row.kind for row in ours.findings][:1] == ["python"]
        else:
            assert {(pin.name, pin.version) for pin in ours.pins} == expected


def _select(
    lock: Pylock, python: str, system: str, extras: Iterable[str], groups: Iterable[str] | None
) -> list[tuple[Package, object]]:
    here = target(python, system)
    tags = [tag for text in here.tags for tag in parse_tag(text)]
    environment = dict(here.markers)
    return list(lock.select(environment=environment, tags=tags, extras=extras, dependency_groups=groups))  # type: ignore[arg-type]


def _subsets(names: Iterable[str]) -> list[tuple[str, ...]]:
    known = sorted(names)
    return [chosen for count in range(len(known) + 1) for chosen in itertools.combinations(known, count)]


def _row(package: Package) -> tuple[str, str | None]:
    return str(package.name), None if package.version is None else str(package.version)
