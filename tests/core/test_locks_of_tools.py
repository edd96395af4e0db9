"""Locks of Poetry, PDM and Pipenv: what they ask of one interpreter, as the tools themselves would install it."""

from __future__ import annotations

import json
import tomllib

import pytest
from locks_project import chosen, read, target

from mlenv.errors import MlenvError
from mlenv.locks.content import LockContent
from mlenv.locks.fingerprints import pdm_fingerprint, pipfile_fingerprint, poetry_fingerprints
from mlenv.locks.pdm_lock import parse_pdm_lock
from mlenv.locks.pipenv_lock import parse_pipfile_lock
from mlenv.locks.pipfile import parse_pipfile
from mlenv.locks.place import Place
from mlenv.locks.poetry_lock import parse_poetry_lock
from mlenv.locks.poetry_manifest import Asked, read_poetry
from mlenv.locks.poetry_versions import poetry_specifier, python_marker

REQUESTS = {"certifi", "charset-normalizer", "idna", "pysocks", "requests", "urllib3"}
PYTEST = {"iniconfig", "packaging", "pluggy", "pytest"}
NEW_PYTEST = {*PYTEST, "pygments", "colorama"}
OLD_PYTHON = {"exceptiongroup", "tomli", "typing-extensions"}


def names(content: LockContent) -> set[str]:
    return {pin.name for pin in content.pins}


def asked(folder: str) -> Asked:
    tool = tomllib.loads(read(f"{folder}/pyproject.toml"))["tool"]["poetry"]
    return read_poetry(tool, Place(file="pyproject.toml", code="manifest-unreadable", path="tool.poetry"))


def test_a_pipfile_without_an_index_is_the_one_that_was_locked_with_the_lock_s_own() -> None:
    """Pipenv digests the index that its machine took, too; the file does not say which, the lock does."""
    source = {"name": "index", "url": "https://index.example.org/simple", "verify_ssl": True}
    lock = json.dumps({"_meta": {"sources": [source]}})
    digest = pipfile_fingerprint({"source": [source], "packages": {"six": "*"}})
    pipfile = '[packages]\nsix = "*"\n'
    assert parse_pipfile(pipfile, "Pipfile", target(), lock=lock).fingerprints["pipenv"] == {digest}
    for other in ("", "[]", "{}", "{"):
        assert parse_pipfile(pipfile, "Pipfile", target(), lock=other).fingerprints["pipenv"] != {digest}


@pytest.mark.parametrize(
    ("extras", "groups", "wanted"),
    [
        ((), None, REQUESTS | NEW_PYTEST),
        ((), (), REQUESTS),
        (("plot",), (), REQUESTS | {"cycler", "kiwisolver"}),
        (("Speed",), (), REQUESTS | {"orjson"}),
        ((), ("dev", "docs"), REQUESTS | NEW_PYTEST | {"markdown"}),
    ],
)
def test_poetry_says_of_each_package_for_whom_it_is(
    extras: tuple[str, ...], groups: tuple[str, ...] | None, wanted: set[str]
) -> None:
    """Format 2.1; the same sets as ``poetry install --dry-run`` with ``--only main``, ``--extras``, ``--with``."""
    lock = read("poetry-2.1/poetry.lock")
    content = parse_poetry_lock(lock, "poetry.lock", target(), extras, groups, asked=asked("poetry-2.1"))
    assert names(content) == wanted


def test_markers_of_a_group_hold_for_that_group_alone() -> None:
    """colorama: on Windows for the project, everywhere for dev."""
    lock = read("poetry-2.1/poetry.lock")
    assert "colorama" not in names(parse_poetry_lock(lock, "poetry.lock", target(), (), ()))
    assert "colorama" in names(parse_poetry_lock(lock, "poetry.lock", target(system="win32"), (), ()))
    assert "colorama" in names(parse_poetry_lock(lock, "poetry.lock", target(), (), ("dev",)))


@pytest.mark.parametrize("folder", ["poetry-1.1", "poetry-2.0"])
@pytest.mark.parametrize("python", ["3.8.18", "3.9.18", "3.11.7"])
def test_older_poetry_locks_are_walked_from_the_manifest(folder: str, python: str) -> None:
    """Formats 1.1 and 2.0 name no groups; idna is there twice, for two ranges of Python."""
    lock, declared = read(f"{folder}/poetry.lock"), asked(folder)
    content = parse_poetry_lock(lock, "poetry.lock", target(python), asked=declared)
    older = OLD_PYTHON if python != "3.11.7" else set()
    assert names(content) == REQUESTS | PYTEST | {"local-lib", "six"} | older
    pins = {pin.name: pin for pin in content.pins}
    assert pins["idna"].version == ("3.6" if python.startswith("3.8") else "3.20")
    assert (pins["local-lib"].version, pins["local-lib"].source.kind) == (None, "editable")
    plot = parse_poetry_lock(lock, "poetry.lock", target(python), ("plot",), (), asked=declared)
    assert {"cycler", "kiwisolver"} < names(plot)
    assert not PYTEST - {"packaging"} & names(plot)
    assert content.hashes["six"]


@pytest.mark.parametrize(
    ("extras", "groups", "wanted"),
    [
        ((), (), {*REQUESTS, "colorama", "numpy"}),
        ((), None, {*REQUESTS, *NEW_PYTEST, "markdown", "numpy"}),
        (("plot",), (), {*REQUESTS, "colorama", "numpy", "cycler", "kiwisolver"}),
    ],
)
def test_pdm_says_of_each_package_for_whom_it_is(
    extras: tuple[str, ...], groups: tuple[str, ...] | None, wanted: set[str]
) -> None:
    """All groups that are no extras count unless others are chosen, as with ``pdm sync``."""
    lock = read("pdm-4.5/pdm.lock")
    known = ("plot", "speed")
    assert names(parse_pdm_lock(lock, "pdm.lock", target(), extras, groups, known_extras=known)) == wanted


def test_pdm_says_for_which_pythons_it_was_made() -> None:
    found = parse_pdm_lock(read("pdm-4.5/pdm.lock"), "pdm.lock", target("3.14.0")).findings
    assert [row.kind for row in found if row.package is None] == ["python"]


@pytest.mark.parametrize(
    ("groups", "more"), [((), set()), (("dev",), PYTEST | {"pygments"}), (("docs",), {"markdown"})]
)
def test_pipenv_keeps_a_table_per_category(groups: tuple[str, ...], more: set[str]) -> None:
    """What the locking machine's marker left out is there without a pin: any version will do."""
    content = parse_pipfile_lock(read("pipenv-6/Pipfile.lock"), "Pipfile.lock", target(), groups)
    assert names(content) == {*REQUESTS, "colorama", "numpy", *more}
    assert {pin.name for pin in content.pins if pin.version is None} == {"colorama"}
    other = parse_pipfile_lock(read("pipenv-6/Pipfile.lock"), "Pipfile.lock", target("3.12.1")).findings
    assert [row.kind for row in other] == ["python"]


def test_the_tools_own_digests_are_those_of_the_tools() -> None:
    """Files written by the tools and not touched since; another requirement gives another digest."""
    for folder in ("fingerprint-poetry-2.5", "fingerprint-poetry-1.8"):
        manifest = tomllib.loads(read(f"{folder}/pyproject.toml"))
        told = tomllib.loads(read(f"{folder}/poetry.lock"))["metadata"]["content-hash"]
        assert told in poetry_fingerprints(manifest)
        manifest["tool"]["poetry"]["dependencies"] = {"six": "*"}
        assert told not in poetry_fingerprints(manifest)
    manifest = tomllib.loads(read("fingerprint-pdm/pyproject.toml"))
    told = tomllib.loads(read("fingerprint-pdm/pdm.lock"))["metadata"]["content_hash"]
    assert told == f"sha256:{pdm_fingerprint(manifest)}"
    pipfile = tomllib.loads(read("fingerprint-pipenv/Pipfile"))
    told = json.loads(read("fingerprint-pipenv/Pipfile.lock"))["_meta"]["hash"]["sha256"]
    assert told == pipfile_fingerprint(pipfile) != pipfile_fingerprint({**pipfile, "packages": {"six": "*"}})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("1.2.*", "==1.2.*"),
        ("1.2", "==1.2"),
        (">=1.0 <2.0", ">=1.0,<2.0"),
        ("*", ""),
    ],
)
def test_poetrys_ranges_mean_what_its_documentation_says(text: str, wanted: str) -> None:
    found = poetry_specifier(text)
    assert found is not None
    assert set(str(found).split(",")) == set(wanted.split(","))


def test_a_range_that_pep_440_cannot_say_is_not_judged() -> None:
    assert poetry_specifier("1.2 || 2.0") is None
    assert poetry_specifier("^x") is None
    assert python_marker("~3.9 || ^3.11") == (
        '(python_version >= "3.9" and python_version < "3.10") or (python_version >= "3.11" and python_version < "4")'
    )


@pytest.mark.parametrize(
    ("reader", "text", "code", "place"),
    [
        (parse_poetry_lock, "", "lock-truncated", ""),
        (parse_poetry_lock, '[[package]]\nname = "six"\n', "lock-truncated", ""),
        (parse_poetry_lock, '[metadata]\nlock-version = "3.0"\n', "lock-version-unsupported", "metadata.lock-version"),
        (
            parse_poetry_lock,
            '[metadata]\nlock-version = "2.1"\n[[package]]\nname = 1\n',
            "lock-unreadable",
            "package[0]",
        ),
        (parse_pdm_lock, "", "lock-truncated", ""),
        (parse_pdm_lock, '[metadata]\nlock_version = "5.0"\n', "lock-version-unsupported", "metadata.lock_version"),
        (parse_pdm_lock, '[metadata]\nlock_version = "4.3"\n', "lock-version-unsupported", "metadata.strategy"),
        (parse_pipfile_lock, "", "lock-truncated", ""),
        (parse_pipfile_lock, '{"_meta": {"pipfile-spec": 6}', "lock-truncated", "end of file"),
        (parse_pipfile_lock, '{"_meta": {"pipfile-spec": 7}}', "lock-version-unsupported", "_meta.pipfile-spec"),
        (parse_pipfile_lock, "[1]", "lock-unreadable", ""),
    ],
)
def test_what_cannot_be_read_is_one_error_with_its_place(reader: object, text: str, code: str, place: str) -> None:
    with pytest.raises(MlenvError) as caught:
        reader(text, "the.lock", target())  # type: ignore[operator]
    assert caught.value.code == code
    assert place in caught.value.where


FOLDER_ROWS = {
    "poetry.lock": """
[[package]]
name = "core"
version = "1.0"
groups = ["main"]
files = []
[package.source]
type = "git"
url = "https://host.example/core.git"
reference = "main"
resolved_reference = "0123456789012345678901234567890123456789"
subdirectory = "python"
[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
content-hash = "0"
""",
    "pdm.lock": """
[metadata]
groups = ["default"]
strategy = ["inherit_metadata"]
lock_version = "4.5.0"
content_hash = "sha256:0"
[[package]]
name = "core"
version = "1.0"
git = "https://host.example/core.git"
ref = "main"
revision = "0123456789012345678901234567890123456789"
subdirectory = "python"
groups = ["default"]
""",
    "Pipfile.lock": """{"_meta": {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": []},
"default": {"core": {"git": "https://host.example/core.git", "ref": "0123456789012345678901234567890123456789",
"subdirectory": "python"}}, "develop": {}}""",
    "uv.lock": """
version = 1
requires-python = ">=3.9"
[[package]]
name = "demo"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "core" }]
[[package]]
name = "core"
version = "1.0"
source = { git = "https://host.example/core.git?subdirectory=python&rev=main#0123456789012345678901234567890123456789" }
""",
    "requirements.txt": "core @ git+https://host.example/core.git@0123456789012345678901234567890123456789#subdirectory=python\n",
}


@pytest.mark.parametrize("name", FOLDER_ROWS)
def test_a_package_in_a_folder_of_a_repository_keeps_its_folder(name: str) -> None:
    """In the tools' layouts (Poetry 2, PDM 2, Pipenv 2026, uv 0.13, PEP 508): without it another package is built."""
    (pin,) = chosen({name: FOLDER_ROWS[name].encode()}).selection.pins
    assert (pin.source.url, pin.source.subdirectory) == ("https://host.example/core.git", "python")
    assert pin.source.commit == "0123456789012345678901234567890123456789"
