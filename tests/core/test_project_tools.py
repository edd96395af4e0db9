"""What Poetry, PDM and Pipenv are told to do, and when one of them is chosen to install."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mlenv.engines import choose, project_tools
from mlenv.engines.failures import parse_failure
from mlenv.engines.project_tools import FillRequest, LockRequest, ProjectTool
from mlenv.errors import MlenvError
from mlenv.manifest_edit import as_poetry_project, is_poetrys

OUTPUTS = Path(__file__).resolve().parent.parent / "data" / "engine_output"
POETRY = ProjectTool(name="poetry", path="/opt/poetry", version="2.5.1")
OLD_POETRY = ProjectTool(name="poetry", path="/opt/poetry", version="1.8.5")
PDM = ProjectTool(name="pdm", path="/opt/pdm", version="2.29.4")
PIPENV = ProjectTool(name="pipenv", path="/opt/pipenv", version="2026.10.3")
HERE = choose.Tools(uv="/opt/uv", pip="/opt/python", own={"poetry": "/opt/poetry"})


@pytest.mark.parametrize("tool", [POETRY, OLD_POETRY, PDM, PIPENV])
def test_every_command_names_the_environment_and_works_in_the_folder(tool: ProjectTool) -> None:
    commands = [
        project_tools.lock(tool, LockRequest(folder="/work/copy", prefix="/work/env")),
        project_tools.fill(tool, FillRequest(root="/work/copy", prefix="/work/env")),
    ]
    for command in commands:
        assert command.argv[0] == tool.path
        assert command.env["VIRTUAL_ENV"] == "/work/env"
        assert command.cwd == "/work/copy"


def test_pins_that_still_fit_are_kept_unless_all_shall_be_new() -> None:
    kept, fresh = LockRequest(folder="/w", prefix="/e"), LockRequest(folder="/w", prefix="/e", upgrade_all=True)
    one = LockRequest(folder="/w", prefix="/e", upgrade=("six",))
    words = {tool: [project_tools.lock(tool, each).argv[1:] for each in (kept, fresh, one)] for tool in (POETRY, PDM)}
    assert [row[0] for row in words[POETRY]] == ["lock", "lock", "update"]
    assert ["--regenerate" in row for row in words[POETRY]] == [False, True, False]
    assert ["--update-reuse" in row for row in words[PDM]] == [True, False, True]
    assert "six" in words[POETRY][2]
    assert "six" in words[PDM][2]
    assert "--no-update" in project_tools.lock(OLD_POETRY, kept).argv
    assert "--no-update" not in project_tools.lock(OLD_POETRY, fresh).argv


def test_groups_and_extras_are_said_in_each_tools_words() -> None:
    request = FillRequest(root="/w", prefix="/e", extras=("plot",), groups=("dev", "docs"), without=("lint",))
    poetry = project_tools.fill(POETRY, request).argv
    assert poetry[1:3] == ("sync", "--no-root")
    assert poetry[-6:] == ("--extras", "plot", "--with", "dev,docs", "--without", "lint")
    assert project_tools.fill(OLD_POETRY, request).argv[1:3] == ("install", "--sync")
    pdm = project_tools.fill(PDM, request).argv
    assert pdm[1:] == ("sync", "--no-self", "-G", "plot", "-G", "dev", "-G", "docs", "--without", "lint")
    pipenv = project_tools.fill(PIPENV, request).argv
    assert pipenv[1:] == ("sync", "--categories", "packages dev-packages docs")
    assert project_tools.fill(PIPENV, FillRequest(root="/w", prefix="/e")).argv[1:] == ("sync",)


def test_poetry_edits_its_own_manifest_and_installs_nothing() -> None:
    request = project_tools.ChangeRequest(folder="/w", prefix="/e", add=("six==1.16.0", "idna"), group="dev")
    added = project_tools.change(POETRY, request)
    assert added.argv[1:] == (
        "add", "--lock", "--no-interaction", "--no-ansi", "--group", "dev", "six==1.16.0", "idna",
    )  # fmt: skip
    assert (added.cwd, added.env["VIRTUAL_ENV"]) == ("/w", "/e")
    gone = project_tools.change(POETRY, project_tools.ChangeRequest(folder="/w", prefix="/e", remove=("six",)))
    assert gone.argv[1:] == ("remove", "--lock", "--no-interaction", "--no-ansi", "six")


@pytest.mark.parametrize(
    ("case", "code", "message", "hint"),
    [
        ("poetry-conflict", "conflict", "needy 1.0 needs base<2, but other 1.0 needs base>=2.", "needy or other"),
        ("poetry-transitive", "conflict", "needy 1.0 needs base<2, but other 1.0 needs base>=2.", "needy or other"),
        ("poetry-asked", "conflict", "needy 1.0 needs base<2, but the project needs base 2.0.", "needy or base"),
        ("poetry-missing", "package-missing", "nosuch", "spelling"),
        ("poetry-undeclared", "not-declared", "toolz is not declared", "--group"),
        ("poetry-strangepage", "index-failed", "cannot read", "poetry source add"),
        (
            "poetry-python",
            "python-unsatisfied",
            "narrow needs Python >=3.9,<3.13, and this project is for Python >=3.11.",
            'requires-python = ">=3.11,<3.13" in pyproject.toml',
        ),
        ("pdm-conflict", "conflict", "needy 1.0 needs base<2, but other 1.0 needs base>=2.", "needy or other"),
        ("pdm-missing", "package-missing", "nosuch", "spelling"),
        ("pdm-version", "package-missing", "six", "version"),
        ("pipenv-conflict", "conflict", "needy 1.0 needs base<2, but other 1.0 needs base>=2.", "needy or other"),
        ("pipenv-missing", "package-missing", "nosuch", "spelling"),
    ],
)
def test_a_tools_refusal_becomes_one_sentence_and_what_to_do(case: str, code: str, message: str, hint: str) -> None:
    printed = (OUTPUTS / f"{case}.txt").read_text(encoding="utf-8").partition("--- stderr\n")[2]
    failure = parse_failure(case.partition("-")[0], "", printed, 1)
    assert failure.code == code
    assert message in failure.message
    assert hint in failure.hint
    assert len(f"{failure.message}\n{failure.hint}".splitlines()) <= 5


def test_only_what_is_poetrys_is_taken_for_poetrys() -> None:
    source = '[[tool.poetry.source]]\nname = "index"\nurl = "https://index.example.org/simple/"\n'
    assert not is_poetrys(source)
    assert not is_poetrys('[project]\nname = "demo"\n')
    assert is_poetrys('[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n')
    made = as_poetry_project(source + '[project]\nname = "demo"\n')
    assert tomllib.loads(made)["tool"]["poetry"]["package-mode"] is False
    assert is_poetrys(made)
    assert as_poetry_project(made) == made
    own = '[tool.poetry]\nname = "mine"\n'
    assert as_poetry_project(own) == own


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Poetry (version 2.5.1)\n", "2.5.1"),
        ("PDM, version 2.29.4", "2.29.4"),
        ("pipenv, version 2026.10.3", "2026.10.3"),
        ("command not found", ""),
    ],
)
def test_versions_are_read(text: str, version: str) -> None:
    assert project_tools.parse_version(text) == version


def test_a_projects_own_tool_installs_only_where_somebody_says_so() -> None:
    assert choose.choose(None, None, None, HERE).through == ""
    chosen = choose.choose("poetry", None, None, HERE)
    assert (chosen.name, chosen.through, chosen.why) == ("uv", "poetry", "--engine says so")
    assert choose.choose(None, "poetry", None, HERE).through == "poetry"
    assert (chosen.recorded, choose.choose(None, None, "poetry", HERE).through) == ("poetry", "poetry")
    assert choose.choose(None, None, "poetry", choose.Tools(uv="/opt/uv")).through == ""
    without = choose.Tools(pip="/opt/python", own={"poetry": "/opt/poetry"})
    assert choose.choose("poetry", None, None, without).name == "venv"


def test_a_tool_that_is_not_there_is_refused_with_what_works_without_it() -> None:
    with pytest.raises(MlenvError, match="pdm is not on this machine") as caught:
        choose.choose("pdm", None, None, HERE)
    assert caught.value.code == "engine-missing"
    assert "--engine uv" in caught.value.hint
