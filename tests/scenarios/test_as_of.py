"""S27: packages as of a day, from an index that tells upload times; and from one that does not."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Answer, Project, mlenv
from torture.handmade import make_wheel
from torture.index import Index, serving

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]
TIMES = {
    "river-1.0-py3-none-any.whl": "2020-01-01T00:00:00Z",
    "stone-1.0-py3-none-any.whl": "2022-07-16T23:59:59.999Z",
    "stone-2.0-py3-none-any.whl": "2022-07-17T00:00:00Z",
    "stone-3.0-py3-none-any.whl": "2023-01-01T00:00:00Z",
}
MANIFEST = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["river"]\n'


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages made by hand: river needs stone, which has three versions."""
    folder = tmp_path_factory.mktemp("dated")
    make_wheel(folder, "river", "1.0", {"river.py": ""}, requires=["stone"])
    for number in ("1.0", "2.0", "3.0"):
        make_wheel(folder, "stone", number, {"stone.py": ""})
    return folder


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    with serving(wheels) as index:
        index.times = TIMES
        yield index


@pytest.fixture
def typed(index: Index, root: Path, tmp_path: Path) -> Callable[..., Answer]:
    """Type a command in the project, with this index alone."""
    (root / "pyproject.toml").write_text(MANIFEST)
    here = {"UV_DEFAULT_INDEX": index.url, "PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": os.devnull}

    def run(*words: str, code: int | None = 0, env: Mapping[str, str] | None = None) -> Answer:
        caches = {"UV_CACHE_DIR": str(tmp_path / "uv"), "PIP_CACHE_DIR": str(tmp_path / "pip")}
        return mlenv(root, *words, code=code, env={**here, **caches, **(env or {})})

    return run


def stone(root: Path, lock: str = "pylock.toml") -> str:
    found = re.search(r'name = "stone"\nversion = "(.+?)"|^stone==(\S+)', (root / lock).read_text(), re.MULTILINE)
    assert found is not None
    return found[1] or found[2]


def test_a_day_gives_the_packages_of_before_it_and_a_python_of_that_time(
    root: Path, python: Callable[[str], str]
) -> None:
    """S27 with the usual index; `create` without a day gives the same set again."""
    python("3.10")
    made = mlenv(root, "create", "httpx", "--as-of", "2022-07-17", code=None)
    if "does not say when" in made.text:
        pytest.skip("not run: the package index here tells no upload times")
    assert made.code == 0, made.text
    assert "uploaded before 2022-07-17 00:00 UTC" in made.stdout
    assert "the newest here that was released before 2022-07-17" in made.stdout
    packages, lock = Project(root).packages, (root / "pylock.toml").read_text()
    assert packages["httpx"] == "0.23.0"
    times = re.findall(r"upload-time = (\S+?),", lock)
    assert len(times) >= len(packages)
    assert max(times) < "2022-07-17T00:00:00Z"
    assert (root / ".python-version").read_text() == "3.10\n"
    (root / ".venv").unlink()
    mlenv(root, "create")
    assert Project(root).packages == packages
    assert (root / "pylock.toml").read_text() == lock


def test_the_first_moment_of_the_day_in_utc_counts_and_stays_in_force(root: Path, typed: Callable[..., Answer]) -> None:
    far = {"TZ": "Pacific/Auckland"}
    assert "uploaded before 2022-07-17 00:00 UTC" in typed("lock", "--as-of", "2022-07-17", env=far).stdout
    assert stone(root) == "1.0"
    assert 'as-of = "2022-07-17T00:00:00Z"' in (root / "pylock.toml").read_text()
    assert typed("check", "--json", code=1).json()["verdict"] == "no-env"  # the lock is whole and not stale
    typed("lock", "--upgrade")
    assert stone(root) == "1.0"
    typed("lock", "--as-of", "2022-07-17T12:00:01+12:00")
    assert stone(root) == "2.0"
    typed("lock", "--as-of", "now")
    assert stone(root) == "3.0"
    assert "as-of" not in (root / "pylock.toml").read_text()


def test_git_is_the_day_of_the_last_commit_of_lock_and_manifest(root: Path, typed: Callable[..., Answer]) -> None:
    refused = typed("lock", "--as-of", "git", code=2)
    assert "no commit" in refused.stderr
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@example.org", "-C", str(root)]
    for day, name in (("2022-12-01T00:00:00+02:00", "pyproject.toml"), ("2025-01-01T00:00:00Z", "other.txt")):
        (root / name).touch()
        dated = {**os.environ, "GIT_COMMITTER_DATE": day}
        for words in (["init", "-q"], ["add", name], ["commit", "-qm", name]):
            subprocess.run([*git, *words], check=True, env=dated, timeout=60)
    typed("lock", "--as-of", "git")
    assert 'as-of = "2022-11-30T22:00:00Z"' in (root / "pylock.toml").read_text()
    assert stone(root) == "2.0"


@pytest.mark.parametrize("lock", ["uv.lock", "requirements.txt"])
def test_the_day_is_written_into_other_locks_too(root: Path, lock: str, typed: Callable[..., Answer]) -> None:
    if lock == "requirements.txt":
        (root / "pyproject.toml").unlink()
        (root / "requirements.in").write_text("river\n")
        (root / lock).write_text("river==1.0\nstone==3.0\n")
    else:
        (root / lock).write_text('version = 1\nrevision = 2\nrequires-python = ">=3.9"\n')
    typed("lock", "--as-of", "2022-07-17")
    assert stone(root, lock) == "1.0"
    (written,) = [row for row in (root / lock).read_text().splitlines() if "2022-07-17T00:00:00Z" in row]
    assert written.startswith(("# as of: ", "exclude-newer = "))
    typed("lock")
    assert stone(root, lock) == "1.0"
    typed("lock", "--as-of", "now")
    assert stone(root, lock) == "3.0"
    assert "2022-07-17" not in (root / lock).read_text()


def test_what_a_day_cannot_do_is_said(root: Path, index: Index, typed: Callable[..., Answer], tmp_path: Path) -> None:
    """A day before everything, an index without times, an address, a list that nothing stands behind."""
    error: dict[str, Any] = typed("lock", "--as-of", "2021-06-01", "--json", code=2).json()["error"]
    assert error["code"] == "uploaded-later"
    assert error["message"] == "No version of stone that fits was uploaded before 2021-06-01."
    address = f"{index.url.removesuffix('/simple')}/files/river-1.0-py3-none-any.whl"
    (root / "pyproject.toml").write_text(MANIFEST.replace('"river"', f'"river @ {address}"'))
    assert "no date limits river" in typed("lock", "--as-of", "2022-07-17", "--events").stdout
    assert stone(root) == "1.0"
    (root / "pyproject.toml").write_text(MANIFEST)
    index.times = {}
    caches = {"UV_CACHE_DIR": str(tmp_path / "fresh")}
    error = typed("lock", "--as-of", "2022-07-18", "--json", code=2, env=caches).json()["error"]
    assert error["code"] == "index-undated"
    assert "does not say when the files of river were uploaded" in error["message"]
    (root / "pyproject.toml").unlink()
    (root / "pylock.toml").unlink()
    (root / "requirements.txt").write_text("river==1.0\nstone==3.0\n")
    error = typed("create", "--as-of", "2022-07-18", "--json", code=2).json()["error"]
    assert (error["code"], error["where"]) == ("nothing-to-lock", "requirements.txt")


def test_a_python_of_the_day_is_taken_or_the_way_out_is_said(
    root: Path, typed: Callable[..., Answer], python: Callable[[str], str]
) -> None:
    python("3.9")
    typed("lock", "--as-of", "2022-07-17")
    assert 'requires-python = ">=3.9"' in (root / "pylock.toml").read_text()
    error = json.loads(typed("lock", "--as-of", "2020-10-04", "--json", code=2).stdout)["error"]
    assert error["code"] == "python-not-found"
    assert "mlenv create --as-of 2020-10-04 --python 3.9" in error["hint"]
    (root / "pyproject.toml").write_text(MANIFEST.replace(">=3.9", ">=3.11"))
    error = json.loads(typed("lock", "--as-of", "2022-07-17", "--json", code=2).stdout)["error"]
    assert error["code"] == "python-not-found"
    assert ">=3.11" in error["message"]
    assert "--python" in error["hint"]
