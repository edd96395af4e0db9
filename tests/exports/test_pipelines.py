"""``github-actions`` and ``gitlab-ci``: valid, and carried out for real without GitHub and GitLab."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest

from exports.conftest import Lint
from exports.job_runner import Job, cloned, commit, github_job, gitlab_job, parse_yaml
from exports.locked_projects import mlenv_in
from mlenv.exports.deployment import Deployment, Wish
from mlenv.exports.github import GITHUB_ACTIONS
from mlenv.exports.gitlab import GITLAB_CI
from pythons_here import discover

Here = Callable[..., str]
FILES = {"github-actions": ".github/workflows/mlenv.yml", "gitlab-ci": ".gitlab-ci.yml"}
SCHEMAS = {"github-actions": "vendor.github-workflows", "gitlab-ci": "vendor.gitlab-ci"}
HOST = ".".join(map(str, sys.version_info[:2]))
BROKEN = {
    "cells": [
        {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None, "source": "1/0"}
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.mark.parametrize("kind", FILES)
def test_real_projects_have_a_valid_pipeline_and_again_without_a_difference(
    real_projects: Mapping[str, Path], here: Here, tmp_path: Path, lint: Lint, kind: str
) -> None:
    """The platform's schema, and linters of the file and of its shell lines."""
    paths, shells = [], []
    for number, project in enumerate(real_projects.values()):
        folder = tmp_path / str(number)
        here(project, "export", kind, "--output", str(folder))
        path = folder / FILES[kind]
        text = path.read_text()
        assert "up to date" in here(project, "export", kind, "--output", str(folder))
        assert path.read_text() == text
        assert "sesame-open" not in text
        assert str(Path.home()) not in text
        assert str(project) not in text
        paths.append(path)
        for place, script in enumerate(_scripts(text)):
            shells.append(folder / f"{place}.sh")
            shells[-1].write_text(script)
    lint("check-jsonschema", "--builtin-schema", SCHEMAS[kind], *paths)
    lint("yamllint", "--strict", "--config-data", YAMLLINT, *paths)
    lint("shellcheck", "--shell=bash", *shells)
    if kind == "github-actions":
        lint("zizmor", "--offline", "--no-progress", *paths)


YAMLLINT = (
    "{extends: default, rules: {line-length: {max: 120}, document-start: disable, "
    "truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}"
)


def _scripts(text: str) -> list[str]:
    (job,) = (item for item in _jobs(text).values())
    if "steps" in job:
        return [step["run"] for step in job["steps"] if "run" in step]
    return ["\n".join([*job["before_script"], *job["script"]])]


def _jobs(text: str) -> dict[str, dict[str, list[str]]]:
    content = parse_yaml(text)
    return dict(content.get("jobs", content))


@pytest.fixture(scope="session")
def on_github(
    examples: Mapping[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    outside: Mapping[str, str],
    runner: Mapping[str, str],
) -> Job:
    return _carried_out("github-actions", examples["classroom"], tmp_path_factory, outside, runner)


@pytest.fixture(scope="session")
def on_gitlab(
    examples: Mapping[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    outside: Mapping[str, str],
    runner: Mapping[str, str],
) -> Job:
    return _carried_out("gitlab-ci", examples["classroom"], tmp_path_factory, outside, runner)


@pytest.fixture(params=["on_github", "on_gitlab"])
def job(request: pytest.FixtureRequest) -> Job:
    return cast(Job, request.getfixturevalue(request.param))


def _carried_out(
    kind: str,
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    outside: Mapping[str, str],
    runner: Mapping[str, str],
) -> Job:
    """Return a job in a clone of the project that was carried out from its begin to its end."""
    folder = tmp_path_factory.mktemp(kind)
    made = cloned(_repository(project, folder / "repository", outside, kind), folder / "clone")
    (folder / "home").mkdir()
    read = github_job if kind == "github-actions" else gitlab_job
    job = read(made, FILES[kind], folder / "job", {**runner, "HOME": str(folder / "home")}, discover())
    done = job.run()
    assert done.returncode == 0, done.stdout
    (job.folder / "said").write_text(done.stdout)
    return job


def _repository(project: Path, target: Path, env: Mapping[str, str], *kinds: str) -> Path:
    import shutil

    shutil.copytree(project, target)
    for kind in kinds:
        mlenv_in(target, env, "export", kind, "--python", HOST)
    commit(target)
    return target


def test_the_job_is_in_step_and_keeps_every_executed_notebook(job: Job) -> None:
    said = (job.folder / "said").read_text()
    assert "in step" in said
    assert job.artifacts() == ["ada.ipynb", "ben.ipynb", "cleo.ipynb"]
    content = json.loads((job.clone / "executed" / "ada.ipynb").read_text())
    texts = [output["data"]["text/plain"] for cell in content["cells"] for output in cell.get("outputs", [])]
    assert "18.0 million bytes in 12 files" in str(texts)
    assert [path.name for path in (job.clone / ".venv" / "lib").glob("*/site-packages/ipykernel*")] == []


def test_a_failing_notebook_fails_the_job_by_name_after_the_others(job: Job, tmp_path: Path) -> None:
    bad = job.clone / "deep er" / "a b.ipynb"
    bad.parent.mkdir()
    bad.write_text(json.dumps(BROKEN))
    try:
        done = job.run_notebooks()
        assert done.returncode == 1
        assert "failed: deep er/a b.ipynb" in done.stdout
        assert "ZeroDivisionError" in done.stdout
        assert job.artifacts() == ["ada.ipynb", "ben.ipynb", "cleo.ipynb", "deep er/a b.ipynb"]
        if "GITHUB_PATH" in job.env:
            assert "::error file=deep er/a b.ipynb::" in done.stdout
    finally:
        bad.unlink()
        bad.parent.rmdir()


def test_a_lock_that_no_longer_fits_fails_the_job_and_is_named(on_github: Job) -> None:
    job = on_github
    manifest = job.clone / "requirements.in"
    before = manifest.read_text()
    manifest.write_text(before.replace("4.9.0", "4.8.0"))
    try:
        done = job.run(*list(job.steps)[-3:])
        assert done.returncode != 0
        assert "humanize" in done.stdout
        assert "requirements.in" in done.stdout
        assert "== ada.ipynb" not in done.stdout
    finally:
        manifest.write_text(before)


def test_an_old_python_and_the_project_itself_below_the_top_of_its_repository(
    on_github: Job, outside: Mapping[str, str], runner: Mapping[str, str], tmp_path: Path
) -> None:
    """Python 3.9 for the project, whose own package is built, and one beside for mlenv, which the first job installed."""
    pythons = discover()
    if not {"3.9", "3.12"} <= set(pythons):
        pytest.skip("not run: wants Python 3.9 and 3.12")
    repository = tmp_path / "repository"
    root = repository / "sub" / "a lib"
    (root / "mine").mkdir(parents=True)
    (root / "mine" / "__init__.py").write_text("import six\n\nanswer = six.__version__\n")
    (root / "pyproject.toml").write_text(OWN)
    code = "import sys, mine\nassert sys.version_info[:2] == (3, 9)\nmine.answer"
    (root / "work.ipynb").write_text(json.dumps({**BROKEN, "cells": [{**BROKEN["cells"][0], "source": code}]}))
    commit(repository)
    mlenv_in(root, outside, "lock")
    mlenv_in(root, outside, "export", "github-actions", "--python", "3.9")
    commit(repository)
    clone = cloned(repository, tmp_path / "clone")
    old = github_job(clone, ".github/workflows/mlenv-mine.yml", tmp_path / "job", runner, pythons)
    (old.folder / "path").write_text((on_github.folder / "path").read_text())
    done = old.run(*list(old.steps)[1:])
    assert done.returncode == 0, done.stdout
    assert "in-step: 1 package" in done.stdout
    assert old.artifacts() == ["work.ipynb"]


OWN = """\
[project]
name = "mine"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["six==1.17.0"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


def test_a_project_below_the_top_of_its_repository(
    examples: Mapping[str, Path], here: Here, tmp_path: Path, lint: Lint
) -> None:
    """Two projects of one repository have a workflow each, at the top, and each looks at its own folder alone."""
    import shutil

    for name in ("one", "two"):
        shutil.copytree(examples["classroom"], tmp_path / "sub" / name, ignore=shutil.ignore_patterns(".git"))
    commit(tmp_path)
    for name in ("one", "two"):
        for kind in FILES:
            here(tmp_path / "sub" / name, "export", kind)
    workflows = sorted(path.name for path in (tmp_path / ".github" / "workflows").iterdir())
    assert workflows == ["mlenv-one.yml", "mlenv-two.yml"]
    path = tmp_path / ".github" / "workflows" / "mlenv-one.yml"
    lint("check-jsonschema", "--builtin-schema", SCHEMAS["github-actions"], path)
    content = parse_yaml(path.read_text())
    job = content["jobs"]["notebooks"]
    assert content["on"]["push"]["paths"] == ["sub/one/**", ".github/workflows/mlenv-one.yml"]
    assert job["defaults"]["run"]["working-directory"] == "sub/one"
    assert job["steps"][-1]["with"]["path"] == "sub/one/executed/"
    gitlab = tmp_path / "sub" / "one" / ".gitlab-ci.yml"
    lint("check-jsonschema", "--builtin-schema", SCHEMAS["gitlab-ci"], gitlab)
    own = parse_yaml(gitlab.read_text())["notebooks-one"]
    assert own["before_script"][-1].splitlines()[-1] == "cd sub/one"
    assert own["artifacts"]["paths"] == ["sub/one/executed/"]


def test_somebodys_own_file_stays_and_the_other_way_is_said(
    project: Callable[[str], Path], here: Here, lint: Lint
) -> None:
    root = project("classroom")
    own = root / ".gitlab-ci.yml"
    own.write_text("include:\n  - local: ci/.gitlab-ci.yml\n")
    said = here(root, "export", "gitlab-ci", status=2)
    assert "mlenv export gitlab-ci --output ci" in said
    assert "local: ci/.gitlab-ci.yml" in said
    here(root, "export", "gitlab-ci", "--output", "ci")
    assert own.read_text() == "include:\n  - local: ci/.gitlab-ci.yml\n"
    included = parse_yaml((root / "ci" / ".gitlab-ci.yml").read_text())
    assert "mlenv check --strict" in included["notebooks"]["script"]
    workflow = root / ".github" / "workflows" / "mlenv.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("mine")
    assert "was not written by mlenv" in here(root, "export", "github-actions", status=2)


def test_secrets_of_private_indexes_are_names_on_the_step_that_needs_them(tmp_path: Path, lint: Lint) -> None:
    deployment = sample(credentials=("UV_INDEX_IN_HOUSE_USERNAME", "UV_INDEX_IN_HOUSE_PASSWORD"))
    (file,) = GITHUB_ACTIONS.files(deployment, Wish())
    path = tmp_path / ".github" / "workflows" / "mlenv.yml"
    path.parent.mkdir(parents=True)
    path.write_text(file.text)
    lint("check-jsonschema", "--builtin-schema", SCHEMAS["github-actions"], path)
    lint("zizmor", "--offline", "--no-progress", path)
    steps = parse_yaml(file.text)["jobs"]["notebooks"]["steps"]
    named = {step["name"]: step["env"] for step in steps if "env" in step}
    assert list(named) == ["Restore the environment"]
    assert named["Restore the environment"] == {name: f"${{{{ secrets.{name} }}}}" for name in deployment.credentials}
    assert "UV_INDEX_IN_HOUSE_PASSWORD" in GITHUB_ACTIONS.follow(deployment, Wish())
    (gitlab,) = GITLAB_CI.files(deployment, Wish())
    assert "UV_INDEX_IN_HOUSE_PASSWORD" in gitlab.text.split("notebooks:")[0]


@pytest.mark.parametrize(
    ("python", "asked", "fetched"),
    [
        ("3.12.4", ["3.12.4"], False),
        ("3.12", ["3.12"], False),
        ("3.9.19", ["3.9.19", "3.12"], False),
        ("3.9.7", ["3.12"], True),
    ],
)
def test_an_old_project_has_a_python_for_mlenv_beside(python: str, asked: list[str], fetched: bool) -> None:
    steps = parse_yaml(GITHUB_ACTIONS.files(sample(python=python), Wish())[0].text)["jobs"]["notebooks"]["steps"]
    assert steps[1]["with"]["python-version"].split() == asked
    restore = next(step["run"] for step in steps if step.get("name") == "Restore the environment")
    assert restore.split()[-1 if fetched else -2 :][0] == ("--fetch-python" if fetched else "--python")
    assert python in restore


def test_conda_brings_its_own_python_and_cache() -> None:
    deployment = sample(kind="conda-lock", lock="conda-lock.yml")
    steps = parse_yaml(GITHUB_ACTIONS.files(deployment, Wish())[0].text)["jobs"]["notebooks"]["steps"]
    assert steps[1]["with"]["python-version"] == "3.12"
    assert "rattler" in steps[2]["with"]["path"]
    assert "mlenv[conda,run]==" in steps[3]["run"]
    assert steps[4]["run"] == "mlenv sync --frozen"
    job = parse_yaml(GITLAB_CI.files(deployment, Wish())[0].text)["notebooks"]
    assert list(job["variables"]) == ["RATTLER_CACHE_DIR"]
    assert "'mlenv[conda,run]==" in job["before_script"][0]


def test_odd_names_stay_what_they_are(tmp_path: Path, lint: Lint) -> None:
    deployment = sample(lock="it's #1: lock.txt", told=("--lock", "it's #1: lock.txt"), nested=("o'ne two",))
    for platform, schema in ((GITHUB_ACTIONS, "github-actions"), (GITLAB_CI, "gitlab-ci")):
        path = tmp_path / f"{schema}.yml"
        path.write_text(platform.files(deployment, Wish())[0].text)
        lint("check-jsonschema", "--builtin-schema", SCHEMAS[schema], path)
        scripts = "\n".join(_scripts(path.read_text()))
        assert "--lock 'it'\"'\"'s #1: lock.txt'" in scripts
        (tmp_path / "x.sh").write_text(scripts)
        lint("shellcheck", "--shell=bash", tmp_path / "x.sh")


def sample(**more: object) -> Deployment:
    base: dict[str, object] = {"name": "demo", "lock": "uv.lock", "kind": "uv", "python": "3.12.4", "mlenv": "mlenv==1"}
    return Deployment(**{**base, **more})  # type: ignore[arg-type]
