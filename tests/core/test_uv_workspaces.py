"""Projects of uv with several members, with groups of their own Pythons, and with roots that are no project."""

from __future__ import annotations

import pytest
from locks_project import DATA, chosen, folder_of, kinds, versions

from mlenv.model import Finding

SAMPLES = {path.parent.name: folder_of(path.parent.name) for path in DATA.glob("uv-*/uv.lock")}
MEMBERS, VIRTUAL = SAMPLES["uv-0.9-members"], SAMPLES["uv-virtual-root"]


def edited(files: dict[str, bytes], name: str, old: str, new: str) -> dict[str, bytes]:
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new).encode()}


def relocks(findings: tuple[Finding, ...]) -> list[tuple[str | None, str]]:
    return [(row.package, row.reason) for row in findings if row.kind == "relock"]


def test_a_member_is_asked_for_its_own_dependencies_and_groups() -> None:
    found = chosen(MEMBERS, member="packages/two")
    assert versions(found) == {
        "one": None, "two": None, "humanize": "4.12.3", "zipp": "4.1.2", "toml": "0.10.2", "colorama": "0.4.6",
    }  # fmt: skip
    assert (found.selection.name, found.selection.manifest, found.selection.lock) == (
        "two", "packages/two/pyproject.toml", "uv.lock",
    )  # fmt: skip
    assert found.selection.reason == "uv.lock of the workspace is used because packages/two is one of its members."
    assert found.selection.groups == ("docs",)  # of its own [tool.uv] default-groups
    assert kinds(found) == []


def test_what_other_members_need_is_beside_and_never_extra() -> None:
    found = chosen(MEMBERS, member="packages/three").selection
    assert [pin.name for pin in found.pins] == ["tabulate"]
    assert {"humanize", "one", "pluggy", "six", "two"} <= set(found.beside)


def test_a_project_alone_has_nothing_beside() -> None:
    assert chosen(SAMPLES["uv-groups"]).selection.beside == ()


def test_the_root_takes_its_own_groups_and_not_those_of_its_members() -> None:
    assert versions(chosen(MEMBERS)) == {"one": None, "humanize": "4.12.3", "six": "1.17.0", "iniconfig": "2.3.1"}


def test_a_root_that_is_no_project_stands_for_all_its_members_and_has_groups_in_forks() -> None:
    assert versions(chosen(VIRTUAL, "3.9.18"))["iniconfig"] == "2.1.0"
    assert versions(chosen(VIRTUAL)) == {
        "humanize": "4.12.3", "iniconfig": "2.3.1", "pkg-b": None, "pluggy": "1.7.0", "six": "1.17.0",
    }  # fmt: skip
    assert versions(chosen(VIRTUAL, groups=())) == {"humanize": "4.12.3", "pkg-b": None, "six": "1.17.0"}
    assert "iniconfig" not in versions(chosen(VIRTUAL, member="libs/a"))


@pytest.mark.parametrize("sample", ["uv-0.5-defaults", "uv-default-groups-all", "uv-groups-only"])
def test_the_default_groups_are_the_manifests_whatever_the_lock_records(sample: str) -> None:
    assert "toml" in versions(chosen(SAMPLES[sample]))


@pytest.mark.parametrize("member", ["", "packages/two", "packages/three"])
@pytest.mark.parametrize(
    ("name", "old", "new", "package"),
    [
        ("packages/one/pyproject.toml", "humanize<4.13", "humanize<4.12", "humanize"),
        ("packages/two/pyproject.toml", '"zipp"', '"zipp", "attrs"', "attrs"),
        ("packages/three/pyproject.toml", '["tabulate"]', "[]", "tabulate"),
        ("pyproject.toml", '"one", "six"', '"six"', "one"),
        ("packages/two/pyproject.toml", ">=3.10", ">=3.11", None),
        ("pyproject.toml", "[tool.uv]", '[tool.uv]\noverride-dependencies = ["six<2"]', None),
        ("pyproject.toml", "[tool.uv]", "[tool.uv]\nenvironments = [\"sys_platform == 'linux'\"]", None),
    ],
)
def test_one_changed_member_makes_the_lock_stale_for_all(
    name: str, old: str, new: str, package: str | None, member: str
) -> None:
    found = chosen(edited(MEMBERS, name, old, new), member=member)
    assert [row[0] for row in relocks(found.selection.findings)] == [package]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("packages/one/pyproject.toml", "humanize<4.13", "Humanize <4.13"),
        ("packages/two/pyproject.toml", ">=3.10", ">=3.10,>=3.9"),
        ("pyproject.toml", '"one", "six"', '"six", "one"'),
        ("packages/two/pyproject.toml", "default-groups", "# a comment\ndefault-groups"),
    ],
)
def test_another_spelling_in_a_member_is_no_change(name: str, old: str, new: str) -> None:
    assert relocks(chosen(edited(MEMBERS, name, old, new)).selection.findings) == []


def test_a_member_that_is_gone_makes_the_lock_stale() -> None:
    files = {name: data for name, data in MEMBERS.items() if "three" not in name}
    reasons = [reason for _, reason in relocks(chosen(files).selection.findings)]
    assert reasons == ["uv.lock names three in packages/three, which is not there."]


def test_overrides_and_constraints_are_compared_by_meaning() -> None:
    files = SAMPLES["uv-overrides"]
    same = edited(files, "pyproject.toml", '"humanize<4.12", "iniconfig<2"', '"iniconfig <2", "humanize<4.12"')
    assert kinds(chosen(same)) == []
    found = chosen(edited(files, "pyproject.toml", "six==1.16.0", "six==1.15.0")).selection.findings
    assert [row.reason for row in found] == [
        "pyproject.toml says six==1.15.0 in [tool.uv] override-dependencies; uv.lock was made before that.",
        "pyproject.toml no longer says six==1.16.0 in [tool.uv] override-dependencies; uv.lock was made before that.",
    ]


def test_beside_a_uv_toml_the_manifests_options_do_not_count_and_its_lists_do() -> None:
    beside = {"uv.toml": b"compile-bytecode = true\n"}
    files = SAMPLES["uv-overrides"]
    assert kinds(chosen({**files, **beside})) == []
    fewer = edited(files, "pyproject.toml", "override-dependencies", "# override-dependencies")
    assert kinds(chosen({**fewer, **beside})) == [("relock", None)] * 2
    lowest = edited(files, "pyproject.toml", "[tool.uv]", '[tool.uv]\nresolution = "lowest"')
    assert kinds(chosen(lowest)) == [("relock", None)]
    assert kinds(chosen({**lowest, **beside})) == []


def test_a_group_for_some_pythons_is_compared_with_its_range() -> None:
    files = SAMPLES["uv-0.7-group-python"]
    assert kinds(chosen(files, groups=("modern",))) == []
    assert "pluggy" in versions(chosen(files, "3.12.1", groups=("modern",)))
    found = chosen(edited(files, "pyproject.toml", ">=3.12", ">=3.13")).selection.findings
    assert sorted(row.package or "" for row in found) == ["humanize", "pluggy"]
