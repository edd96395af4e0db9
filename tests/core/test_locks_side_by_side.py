"""One project with the locks of several tools side by side: which counts, why, and when one contradicts another."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from locks_project import chosen, folder_of, versions

FILES = folder_of("side-by-side")
ORDER = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt")
PAIRS = tuple(itertools.combinations(ORDER, 2))
MANIFESTS = {name: FILES[name] for name in ("pyproject.toml", "Pipfile")}


def conflicts(files: dict[str, bytes], lock: str | None = None) -> list[str]:
    found = chosen(files, lock=lock).selection.findings
    return [row.reason for row in found if row.kind == "conflict"]


def older(name: str, package: str, old: str, new: str) -> bytes:
    """Return a lock in which one package has another version."""
    text = FILES[name].decode()
    if name == "Pipfile.lock":
        table = json.loads(text)
        table["default"][package]["version"] = f"=={new}"
        return json.dumps(table).encode()
    if name == "pylock.toml":  # the names of its files tell the version, too
        return text.replace(old, new).encode()
    if name == "requirements.txt":
        return text.replace(f"{package}=={old}", f"{package}=={new}").encode()
    changed, count = re.subn(rf'(name = "{package}"\nversion = "){re.escape(old)}"', rf'\g<1>{new}"', text)
    assert count == 1
    return changed.encode()


@pytest.mark.parametrize("locks", PAIRS, ids="-".join)
def test_locks_that_tools_made_for_one_project_never_contradict_each_other(locks: tuple[str, str]) -> None:
    first, second = locks
    files = {**MANIFESTS, **{name: FILES[name] for name in locks}}
    assert conflicts(files) == []
    assert conflicts(files, lock=second) == []
    found = chosen(files).selection
    assert (found.lock, found.reason) == (first, f"{first} is used; {second} also there, but {first} comes first.")
    assert chosen(files, lock=second).selection.reason == f"{second} is used because --lock names it."


@pytest.mark.parametrize("locks", PAIRS, ids="-".join)
def test_a_stale_lock_beside_the_one_that_counts_is_named_with_its_packages(locks: tuple[str, str]) -> None:
    first, second = locks
    files = {**MANIFESTS, first: FILES[first], second: older(second, "humanize", "4.9.0", "4.8.0")}
    assert conflicts(files) == [
        f"{first} is used because it comes first; {second} says otherwise: humanize 4.8.0 instead of 4.9.0."
    ]
    assert conflicts(files, lock=second) == [
        f"{second} is used because --lock names it; {first} says otherwise: humanize 4.9.0 instead of 4.8.0."
    ]


@pytest.mark.parametrize("first", ORDER[:-1])
def test_a_package_that_no_group_explains_is_named(first: str) -> None:
    more = FILES["requirements.txt"] + b"attrs==25.1.0 --hash=sha256:" + b"0" * 64 + b"\n"
    files = {**MANIFESTS, first: FILES[first], "requirements.txt": more}
    found = conflicts(files)
    # Two lists without groups: only what the project itself asks for must be in both.
    expected = [
        f"{first} is used because it comes first; requirements.txt says otherwise: attrs only in requirements.txt."
    ]
    assert found == ([] if first == "pylock.toml" else expected)


@pytest.mark.parametrize("first", ORDER[:-1])
def test_a_package_of_the_project_itself_that_is_left_out_is_named(first: str) -> None:
    text = FILES["requirements.txt"].decode()
    less = text[: text.index("six==")].encode()
    assert conflicts({**MANIFESTS, first: FILES[first], "requirements.txt": less}) == [
        f"{first} is used because it comes first; requirements.txt says otherwise: six only in {first}."
    ]


@pytest.mark.parametrize("said", ["setting", "mlenv.toml"])
def test_a_setting_names_the_lock_that_counts(said: str) -> None:
    files = {name: data for name, data in FILES.items() if name != "README.txt"}
    if said == "setting":
        files["pyproject.toml"] += b'\n[tool.mlenv]\nlock = "pdm.lock"\n'
    else:
        files["mlenv.toml"] = b'lock = "pdm.lock"\n'
    found = chosen(files).selection
    assert (found.lock, found.kind) == ("pdm.lock", "pdm")
    assert found.reason == "pdm.lock is used because the setting 'lock' names it."


def test_each_tools_own_default_groups_count_where_nobody_says_otherwise() -> None:
    base = {"humanize": "4.9.0", "six": "1.17.0"}
    dev, docs = {"iniconfig": "2.1.0"}, {"pluggy": "1.6.0"}
    expected = {
        "uv.lock": {**base, **dev},  # tool.uv.default-groups, else dev
        "pylock.toml": {**base, **dev},  # as it was exported
        "poetry.lock": {**base, **dev, **docs},  # all groups that are not optional
        "pdm.lock": {**base, **dev, **docs, "toml": "0.10.2"},  # pdm sync: all that it was locked with
        "Pipfile.lock": base,  # pipenv sync: none but --dev
        "requirements.txt": {**base, **dev},
    }
    for name, pins in expected.items():
        assert versions(chosen({**MANIFESTS, name: FILES[name]})) == pins, name


def test_groups_and_extras_that_were_told_count_alone() -> None:
    for name in ("uv.lock", "poetry.lock", "pdm.lock"):
        found = chosen({**MANIFESTS, name: FILES[name]}, groups=("docs",), extras=("plot",))
        assert set(versions(found)) == {"humanize", "six", "pluggy", "toml"}, name
