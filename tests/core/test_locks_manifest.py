"""``pyproject.toml``, the settings and ``.python-version``: what a person declared."""

from __future__ import annotations

import pytest
from locks_project import read, target

from mlenv.errors import MlenvError
from mlenv.locks import (
    Manifest,
    Settings,
    parse_pyproject,
    parse_python_version,
    parse_settings,
    read_settings,
    with_python_version,
)

PROJECT = """
[project]
name = "Demo.X"
requires-python = ">=3.9"
dependencies = ["numpy <2, >=1.26", "requests[socks]", "colorama; sys_platform == 'win32'"]

[project.optional-dependencies]
plot = ["matplotlib"]
All_Of = ["demo-x[plot]", "tomli; python_version < '3.11'"]

[dependency-groups]
Dev = ["pytest", { include-group = "lint" }]
lint = ["ruff==0.14.0"]
"""


def parse(text: str, extras: tuple[str, ...] = (), groups: tuple[str, ...] | None = ()) -> Manifest:
    return parse_pyproject(text, "pyproject.toml", target(), extras, groups)


def test_dependencies_that_apply_here_are_declared_as_written() -> None:
    found = parse(PROJECT)
    assert [(row.name, row.text, row.origin) for row in found.declared] == [
        ("numpy", "numpy>=1.26,<2", "pyproject.toml"),
        ("requests", "requests[socks]", "pyproject.toml"),
    ]
    assert 'colorama ; sys_platform == "win32"' in found.requirements
    assert (found.name, found.requires_python, found.has_project, found.declares) == ("Demo.X", ">=3.9", True, True)


def test_extras_name_other_extras_and_groups_include_groups() -> None:
    found = parse(PROJECT, ("all-of",), ("dev",))
    assert [(row.text, row.origin) for row in found.declared[2:]] == [
        ("matplotlib", "pyproject.toml [all-of]"),
        ("pytest", "pyproject.toml [dev]"),
        ("ruff==0.14.0", "pyproject.toml [dev]"),
    ]
    assert (found.extras, found.groups) == (("plot", "all-of"), ("dev", "lint"))


def test_uv_says_which_groups_are_installed_by_default() -> None:
    assert parse(PROJECT, (), None).default_groups == ("dev",)
    assert "ruff==0.14.0" in [row.text for row in parse(PROJECT, (), None).declared]
    assert parse(PROJECT + "[tool.uv]\ndefault-groups = []\n", (), None).default_groups == ()
    assert parse(PROJECT + "[tool.uv]\ndefault-groups = 'all'\n").default_groups == ("dev", "lint")
    assert parse("[tool.uv]\ndev-dependencies = ['six']\n", (), None).declared[0].name == "six"
    assert parse(read("uv-groups/pyproject.toml"), (), None).default_groups == ("lint",)


def test_a_file_with_settings_only_declares_nothing() -> None:
    found = parse("[tool.mlenv]\nenv = 'env'\n[tool.ruff]\nline-length = 80\n")
    assert (found.declares, found.has_settings, found.settings.env, found.uv) == (False, True, "env", False)


def test_dependencies_left_to_the_build_are_a_note() -> None:
    found = parse("[project]\nname = 'x'\ndynamic = ['dependencies', 'version']\n")
    assert found.dynamic
    assert [finding.kind for finding in found.findings] == ["note"]
    assert parse("[tool.poetry.dependencies]\npython = '^3.9'\n").declares


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[project\nname = 'x'\n", "pyproject.toml: line 1, column 9"),
        ("[project]\nname = 'x'\ndependencies = ['six', 'six ==== 1']\n", "pyproject.toml: project.dependencies[1]"),
        ("[project]\nname = 3\n", "pyproject.toml: project.name"),
        ("[project]\ndependencies = 'six'\n", "pyproject.toml: project.dependencies"),
        ("[project]\nrequires-python = 'three'\n", "pyproject.toml: project.requires-python"),
        ("[project.optional-dependencies]\na = [1]\n", "pyproject.toml: project.optional-dependencies.a[0]"),
        ("[dependency-groups]\na = [{ include-group = 'a' }]\n", "pyproject.toml: dependency-groups"),
        ("[dependency-groups]\na = [{ include-group = 'b' }]\n", "pyproject.toml: dependency-groups"),
        ("[dependency-groups]\na = 'six'\n", "pyproject.toml: dependency-groups.a"),
        ("[dependency-groups]\na = ['six ==== 1']\n", "pyproject.toml: dependency-groups"),
        ("[project]\nname = 'x'\n<<<<<<< HEAD\n", "pyproject.toml: line 3"),
        ("[project]\nname = '''x\n", "pyproject.toml: end of file"),
        ("tool = 3\n", "pyproject.toml: tool"),
        ("[project]\nname='x'\n[tool.uv]\ndefault-groups = 'dev'\n", "pyproject.toml: tool.uv.default-groups"),
        ("[project]\nname='x'\n[tool.uv]\nsources = 3\n", "pyproject.toml: tool.uv.sources"),
    ],
)
def test_bad_input_is_one_error_that_names_the_place(text: str, where: str) -> None:
    with pytest.raises(MlenvError) as problem:
        parse(text)
    assert (problem.value.code, problem.value.where) == ("manifest-unreadable", where)


def test_a_group_whose_name_is_no_name_is_refused() -> None:
    """Files are named after groups."""
    with pytest.raises(MlenvError) as caught:
        parse('[dependency-groups]\n"../x" = ["six"]\n')
    assert "dependency-groups" in caught.value.where


def test_an_unknown_extra_or_group_names_the_nearest_one() -> None:
    with pytest.raises(MlenvError) as problem:
        parse(PROJECT, ("plott",))
    assert (problem.value.code, problem.value.hint) == ("extra-unknown", "Did you mean 'plot'?")
    with pytest.raises(MlenvError) as problem:
        parse("[project]\nname = 'x'\n", (), ("docs",))
    assert (problem.value.code, problem.value.hint) == ("group-unknown", "The project declares no groups.")


def test_every_setting_is_read() -> None:
    table = {
        "env": "env", "lock": "uv.lock", "engine": "venv", "python": "3.12", "groups": ["dev"], "extras": [],
        "allow-build": ["six"], "kernel-name": "Demo", "dotenv": True,
    }  # fmt: skip
    assert parse_settings(table, "mlenv.toml") == Settings(
        env="env", lock="uv.lock", engine="venv", python="3.12", groups=("dev",), extras=(),
        allow_build=("six",), kernel_name="Demo", dotenv=True, place="mlenv.toml",
    )  # fmt: skip


MEND = "Mend the setting by hand; the README has the table of settings with an example of each."


@pytest.mark.parametrize(
    ("table", "code", "where", "hint"),
    [
        ({"engin": "uv"}, "settings-unknown-key", "pyproject.toml: tool.mlenv.engin", "Did you mean 'engine'?"),
        ({"allow_build": True}, "settings-unknown-key", "pyproject.toml: tool.mlenv.allow_build", "Did you mean 'allow-build'?"),
        ({"groups": "dev"}, "settings-invalid", "pyproject.toml: tool.mlenv.groups", MEND),
        ({"env": True}, "settings-invalid", "pyproject.toml: tool.mlenv.env", MEND),
        ({"dotenv": 1}, "settings-invalid", "pyproject.toml: tool.mlenv.dotenv", MEND),
    ],
)  # fmt: skip
def test_a_wrong_setting_names_key_and_cure(table: dict[str, object], code: str, where: str, hint: str) -> None:
    with pytest.raises(MlenvError) as problem:
        parse_settings(table, "pyproject.toml: tool.mlenv")
    assert (problem.value.code, problem.value.where, problem.value.hint) == (code, where, hint)


def test_settings_in_pyproject_come_before_mlenv_toml() -> None:
    assert read_settings("[tool.mlenv]\nenv = 'a'\n", "env = 'b'\n").env == "a"
    assert read_settings("[project]\nname = 'x'\n", "env = 'b'\n").env == "b"
    assert read_settings(None, None) == Settings()
    with pytest.raises(MlenvError) as problem:
        read_settings(None, "env = [\n")
    assert problem.value.code == "settings-unreadable"


def test_python_versions_of_every_tool_are_read() -> None:
    text = "# mine\n3.12.1 # newest\n\npython-3.11\ncpython@3.10.4\ncpython-3.13.0-linux-x86_64-gnu\n3.9.1/envs/demo\n"
    assert parse_python_version(text) == ("3.12.1", "3.11", "3.10.4", "3.13.0", "3.9.1")
    assert parse_python_version("\ufeffpypy3.10-7.3.12\nsystem\nmyenv\n3.14t\n") == (
        "pypy3.10-7.3.12",
        "system",
        "myenv",
        "3.14t",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "3.12\n"),
        ("# only this", "# only this\n3.12\n"),
        ("3.11\n", "3.12\n"),
        ("3.12", "3.12"),
        ("3.12.1  # kept\n", "3.12.1  # kept\n"),
        ("cpython-3.12.1-linux-x86_64-gnu\n", "cpython-3.12.1-linux-x86_64-gnu\n"),
        ("3.12.9\n", "3.12\n"),
        ("# ours\n\n3.11.7 # old\n3.10\n", "# ours\n\n3.12 # old\n3.10\n"),
        ("3.11\r\n3.12\r\n3.10\r\n", "3.12\r\n3.10\r\n"),
        ("3.12.1/envs/demo\n", "3.12.1/envs/demo\n"),
        ("myenv\n3.11\n", "3.12\n3.11\n"),
        ("3.1\n", "3.12\n"),
    ],
)
def test_a_version_is_written_into_the_file_that_is_there(old: str, new: str) -> None:
    """Comments and other rows stay; a row that means the version already is left as it is."""
    assert with_python_version(old, "3.12", "3.12.1") == new
