"""Locks of Poetry, PDM and Pipenv beside their manifests: what a whole project asks for, and whether the two agree."""

from __future__ import annotations

import json

import pytest
from locks_project import chosen, files_of, kinds, versions

NAMES = {"poetry": ("poetry.lock", "pyproject.toml"), "pdm": ("pdm.lock", "pyproject.toml")}
FOLDERS = [
    "poetry-1.1",
    "poetry-2.0",
    "poetry-2.1",
    "fingerprint-poetry-1.8",
    "fingerprint-poetry-2.5",
    "pdm-4.5",
    "fingerprint-pdm",
]
WITHOUT_PACKAGES = ("fingerprint-poetry-2.5", "fingerprint-pdm")


def project(folder: str) -> dict[str, bytes]:
    names = NAMES["pdm" if "pdm" in folder else "poetry"]
    return files_of(*(f"{folder}/{name}" for name in names))


def changed(files: dict[str, bytes], old: str, new: str, name: str = "pyproject.toml") -> dict[str, bytes]:
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new).encode()}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_lock_that_its_tool_just_wrote_agrees_with_its_manifest(folder: str) -> None:
    files = project(folder)
    selected = chosen(files)
    assert kinds(selected) == []
    assert selected.selection.kind == ("pdm" if "pdm" in folder else "poetry")
    assert selected.selection.exact
    assert bool(selected.selection.pins) is (folder not in WITHOUT_PACKAGES)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_its_tool_would_not_notice_is_no_change(folder: str) -> None:
    files = project(folder)
    text = files["pyproject.toml"].decode().replace(" = ", "  =  ")
    assert (
        kinds(chosen({**files, "pyproject.toml": f"# a comment\n{text}\n[tool.black]\nline-length = 1\n".encode()}))
        == []
    )


@pytest.mark.parametrize(
    ("folder", "old", "new", "package"),
    [
        ("poetry-2.1", "requests[socks] (>=2.31,<2.33)", "requests[socks] (>=2.33,<2.34)", "requests"),
        ("poetry-2.1", '"tomli (>=2.0)', '"six",\n  "tomli (>=2.0)', "six"),
        ("poetry-2.1", 'pytest = "^8"', 'pytest = "^9"', "pytest"),
        ("pdm-4.5", "requests[socks]>=2.31,<2.33", "requests[socks]>=2.33,<2.34", "requests"),
        ("pdm-4.5", "\"colorama>=0.4 ; sys_platform == 'win32'\",", '"colorama>=0.4",\n  "six",', "six"),
    ],
)
def test_a_change_that_the_pins_do_not_meet_names_the_package(folder: str, old: str, new: str, package: str) -> None:
    selected = chosen(changed(project(folder), old, new))
    assert ("relock", package) in kinds(selected)
    assert {kind for kind, _ in kinds(selected)} == {"relock"}


@pytest.mark.parametrize(
    ("folder", "old", "new"),
    [
        ("poetry-2.1", "requests[socks] (>=2.31,<2.33)", "requests[socks] (>=2.32,<2.33)"),
        ("poetry-2.1", 'markdown = "~3.7"', 'markdown = ">=3.6"'),
        ("pdm-4.5", "requests[socks]>=2.31,<2.33", "requests[socks]>=2.32,<2.33"),
        ("pdm-4.5", "markdown~=3.7.0", "markdown~=3.7"),
    ],
)
def test_a_change_that_the_pins_still_meet_is_a_change(folder: str, old: str, new: str) -> None:
    """As ``poetry check --lock`` and ``pdm lock --check`` have it."""
    selected = chosen(changed(project(folder), old, new))
    assert kinds(selected) == [("relock", None)]
    assert "has changed since" in selected.selection.findings[0].reason


def test_a_group_that_the_manifest_gave_up_is_a_change_and_no_error() -> None:
    files = changed(project("poetry-2.1"), '[tool.poetry.group.dev.dependencies]\npytest = "^8"\ncolorama = "*"\n', "")
    assert [kind for kind, _ in kinds(chosen(files))] == ["relock"]


def test_extras_and_groups_are_chosen_by_name() -> None:
    """The same sets as the tools' own ``--only main --extras plot`` and ``--prod -G plot``."""
    for folder in ("poetry-2.1", "pdm-4.5"):
        plain = versions(chosen(project(folder), groups=()))
        plot = versions(chosen(project(folder), groups=(), extras=("plot",)))
        assert set(plot) - set(plain) == {"cycler", "kiwisolver"}
        assert "pytest" not in plain
        assert "pytest" in versions(chosen(project(folder)))


def test_rows_of_poetry_are_declared_as_pep_508_writes_them() -> None:
    selected = chosen(project("poetry-2.0"))
    texts = [row.text for row in selected.selection.declared]
    assert "requests[socks]>=2.31,<3" in texts
    assert selected.manifest is not None
    assert not selected.manifest.dynamic


def test_a_range_that_pep_440_cannot_say_is_left_to_poetry() -> None:
    """``||`` has no PEP 508 form: the digest tells that the file changed, no pin is held against the range."""
    files = changed(project("poetry-2.1"), 'pytest = "^8"', 'pytest = "^6 || ^8"')
    assert kinds(chosen(files)) == [("relock", None)]


def test_a_pipfile_lock_is_read_beside_its_pipfile() -> None:
    files = files_of("pipenv-6/Pipfile.lock", "pipenv-6/Pipfile")
    selected = chosen(files)
    assert (selected.selection.kind, selected.selection.manifest) == ("pipenv", "Pipfile")
    assert "requests" in versions(selected)
    assert "pytest" not in versions(selected)
    assert "pytest" in versions(chosen(files, groups=("dev",)))
    beside = {**files, "pyproject.toml": b'[project]\nname = "demo"\ndependencies = ["six"]\n'}
    assert chosen(beside).selection.manifest == "Pipfile"


def test_a_lock_beside_another_one_is_held_against_it() -> None:
    files = files_of("pipenv-6/Pipfile.lock", "pipenv-6/Pipfile")
    table = json.loads(files["Pipfile.lock"])
    pins = {name: row["version"] for name, row in table["default"].items() if row["version"] != "*"}
    assert pins
    rows = "".join(f"{name}{version}\n" for name, version in pins.items())
    assert [kind for kind, _ in kinds(chosen({**files, "requirements.txt": rows.encode()}))] in ([], ["note"])
    other = rows.replace(f"idna{pins['idna']}", "idna==3.1")
    assert "conflict" in {kind for kind, _ in kinds(chosen({**files, "requirements.txt": other.encode()}))}


BUILT = '\n[build-system]\nrequires = ["backend"]\nbuild-backend = "backend"\n'


@pytest.mark.parametrize(("table", "key"), [("poetry", "package-mode"), ("pdm", "distribution"), ("uv", "package")])
def test_a_project_that_is_no_package_is_not_asked_for_itself(table: str, key: str) -> None:
    """Poetry's scaffold has a build system even where ``package-mode = false`` says that nothing is built."""
    project = f'[project]\nname = "demo"\nversion = "1"\ndependencies = []\n[tool.{table}]\n'
    lock = b'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n'
    own = {
        word: chosen(
            {"pyproject.toml": f"{project}{key} = {word}\n{BUILT}".encode(), "pylock.toml": lock}
        ).selection.own
        for word in ("false", "true")
    }
    assert own == {"false": "", "true": "demo"}
