"""``pre-commit``: the written configuration is valid, and real pre-commit runs its hooks in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from exports.conftest import Lint
from exports.job_runner import commit
from exports.locked_projects import CHECKOUT, mlenv_in
from mlenv.exports.deployment import Deployment, Wish
from mlenv.exports.hooks import PRE_COMMIT

Here = Callable[..., str]
CONFIG = ".pre-commit-config.yaml"


def test_real_projects_have_a_valid_configuration_and_again_without_a_difference(
    real_projects: Mapping[str, Path], here: Here, tmp_path: Path, lint: Lint
) -> None:
    paths = []
    for number, project in enumerate(real_projects.values()):
        folder = tmp_path / str(number)
        here(project, "export", "pre-commit", "--output", str(folder))
        paths.append(folder / CONFIG)
        text = paths[-1].read_text()
        assert "up to date" in here(project, "export", "pre-commit", "--output", str(folder))
        assert paths[-1].read_text() == text
        assert "sesame-open" not in text
        assert str(project) not in text
    lint("pre-commit", "validate-config", *paths)


def test_the_hooks_that_mlenv_itself_offers_are_valid(lint: Lint) -> None:
    lint("pre-commit", "validate-manifest", CHECKOUT / ".pre-commit-hooks.yaml")


@pytest.fixture
def repository(examples: Mapping[str, Path], tmp_path: Path, outside: Mapping[str, str]) -> Path:
    """A course in a folder below the top of its repository, its hooks at the top."""
    top = tmp_path / "repository"
    shutil.copytree(examples["classroom"], top / "course a", ignore=shutil.ignore_patterns(".git"))
    commit(top)
    mlenv_in(top / "course a", outside, "export", "pre-commit")
    commit(top)
    return top


def test_pre_commit_runs_the_hooks(repository: Path, runner: Mapping[str, str], linters: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(linters), runner["PATH"]])
    env = {**runner, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"), "PATH": path}

    def hook(name: str, *words: str, status: int = 0) -> str:
        argv = [str(linters / "pre-commit"), "run", name, "--all-files", "--verbose", *words]
        done = subprocess.run(argv, cwd=repository, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    project = repository / "course a"
    assert "requirements.txt is in step with requirements.in" in hook("mlenv-lock")
    said = hook("mlenv-scan", status=1)
    assert "!pip install humanize" in said
    assert "course a/ben.ipynb" in said
    assert "no-env" in hook("mlenv-check", "--hook-stage", "pre-push", status=1)
    mlenv_in(project, env, "sync", "--frozen")
    assert "in-step" in hook("mlenv-check", "--hook-stage", "pre-push")
    manifest = project / "requirements.in"
    manifest.write_text(manifest.read_text().replace("4.9.0", "4.8.0"))
    said = hook("mlenv-lock", status=1)
    assert "humanize" in said
    assert "next: mlenv lock" in said


def test_another_project_of_the_repository_does_not_replace_it(repository: Path, here: Here) -> None:
    shutil.copytree(repository / "course a", repository / "course b")
    before = (repository / CONFIG).read_text()
    assert "mlenv export pre-commit --output -" in here(repository / "course b", "export", "pre-commit", status=2)
    assert (repository / CONFIG).read_text() == before
    assert "up to date" in here(repository / "course a", "export", "pre-commit")


def test_a_configuration_of_ones_own_stays_and_the_block_is_said(project: Callable[[str], Path], here: Here) -> None:
    root = project("classroom")
    (root / CONFIG).write_text("repos: []\n")
    said = here(root, "export", "pre-commit", status=2)
    assert "mlenv export pre-commit --output -" in said
    assert "- repo: local" in said
    assert (root / CONFIG).read_text() == "repos: []\n"
    assert "- repo: local" in here(root, "export", "pre-commit", "--output", "-")


def test_lock_check_says_what_there_is_to_say(project: Callable[[str], Path], here: Here) -> None:
    root = project("classroom")
    assert "in step with requirements.in: 1 package" in here(root, "lock", "--check")
    (root / "requirements.in").unlink()
    assert "nothing else declares any" in here(root, "lock", "--check")
    (root / "requirements.txt").unlink()
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\ndependencies = ['six']\n")
    before = sorted(path.name for path in root.iterdir())
    assert "pyproject.toml has no lock" in here(root, "lock", "--check", status=1)
    assert "--upgrade" in here(root, "lock", "--check", "--upgrade", status=2)
    assert sorted(path.name for path in root.iterdir()) == before


def test_a_lock_that_was_told_is_the_one_that_hooks_look_at() -> None:
    deployment = Deployment(
        name="demo",
        lock="pins (dev).txt",
        kind="requirements",
        python="3.12",
        mlenv="mlenv==1",
        told=("--lock", "pins (dev).txt", "--extra", "plot"),
        inputs=("pins (dev).txt", "pyproject.toml"),
    )
    (file,) = PRE_COMMIT.files(deployment, Wish())
    assert "entry: 'mlenv lock --check --lock ''pins (dev).txt'''\n" in file.text
    assert "entry: 'mlenv check --strict --lock ''pins (dev).txt'' --extra plot'\n" in file.text
    assert r"pins\ \(dev\)\.txt" in file.text
