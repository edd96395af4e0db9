"""From a project's files to one selection: pins, declared, findings, and which files count."""

from __future__ import annotations

import pytest
from locks_project import DATA, chosen, files_of, folder_of, kinds, read, versions

from mlenv.errors import MlenvError
from mlenv.locks import seal
from mlenv.model import Finding

PYPROJECT = '[project]\nname = "demo"\nrequires-python = ">=3.9"\ndependencies = ["six", "humanize<4.10"]\n'
LOCK = seal(read("pylock-pip/pylock.toml"), ["six", "humanize<4.10"])


SAMPLES = {path.parent.name: folder_of(path.parent.name) for path in DATA.glob("uv-*/uv.lock")}


def only(findings: tuple[Finding, ...]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


UV_SAMPLES = tuple(sorted(path.parent.name for path in DATA.glob("uv-*/uv.lock")))


@pytest.mark.parametrize("sample", UV_SAMPLES)
def test_a_lock_that_uv_just_wrote_agrees_with_its_manifest(sample: str) -> None:
    selected = chosen(SAMPLES[sample], "3.12.1")
    assert kinds(selected) == []
    assert selected.selection.exact
    assert (selected.selection.lock, selected.selection.kind) == ("uv.lock", "uv")


@pytest.mark.parametrize("sample", ["pylock-uv", "pylock-pdm"])
def test_a_pylock_that_a_tool_just_wrote_agrees_with_its_manifest(sample: str) -> None:
    selected = chosen(files_of(f"{sample}/pylock.toml", f"{sample}/pyproject.toml"))
    assert kinds(selected) == []
    assert selected.files_read == ("pylock.toml", "pyproject.toml")


def test_uv_groups_are_the_default_ones_unless_told() -> None:
    files = files_of("uv-groups/uv.lock", "uv-groups/pyproject.toml")
    assert versions(chosen(files)) == {"humanize": "4.9.0", "pluggy": "1.7.0"}
    told = chosen(files, groups=("docs",), extras=("plot",))
    assert versions(told) == {"humanize": "4.9.0", "toml": "0.10.2", "cycler": "0.12.1"}
    assert (told.selection.groups, told.selection.extras) == (("docs",), ("plot",))
    assert "toml==0.10.2" in [row.text for row in told.selection.declared]


def test_pdm_groups_come_on_top_of_the_project_itself() -> None:
    files = files_of("pylock-pdm/pylock.toml", "pylock-pdm/pyproject.toml")
    assert versions(chosen(files)) == {"humanize": "4.9.0"}
    assert versions(chosen(files, groups=("dev",), extras=("plot",))) == {
        "humanize": "4.9.0", "pluggy": "1.5.0", "cycler": "0.12.1",
    }  # fmt: skip


def test_settings_choose_extras_and_groups() -> None:
    files = files_of("uv-groups/uv.lock", "uv-groups/pyproject.toml")
    files["mlenv.toml"] = b"groups = []\nextras = ['plot']\n"
    assert versions(chosen(files)) == {"humanize": "4.9.0", "cycler": "0.12.1"}


def test_an_untouched_project_has_no_findings() -> None:
    selected = chosen({"pyproject.toml": PYPROJECT, "pylock.toml": LOCK})
    assert kinds(selected) == []
    assert versions(selected) == {"humanize": "4.9.0", "six": "1.17.0"}
    assert selected.selection.name == "demo"


@pytest.mark.parametrize(
    "dependencies",
    [
        '["humanize < 4.10.0", "SIX"]',
        '["humanize<4.10", "six", "tomli ; python_version < \'3\'"]',
    ],
)
def test_a_changed_spelling_is_no_change(dependencies: str) -> None:
    text = PYPROJECT.replace('["six", "humanize<4.10"]', dependencies)
    lock = seal(read("pylock-pip/pylock.toml"), ["six", "humanize<4.10", "tomli ; python_full_version < '3'"])
    plain = lock if "tomli" in text else LOCK
    assert kinds(chosen({"pyproject.toml": text, "pylock.toml": plain})) == []


def test_a_changed_specifier_counts_even_where_the_pin_still_satisfies_it() -> None:
    text = PYPROJECT.replace("humanize<4.10", "humanize>=4.5")
    finding = only(chosen({"pyproject.toml": text, "pylock.toml": LOCK}).selection.findings)
    assert (finding.kind, finding.package, finding.declared, finding.locked) == (
        "relock", "humanize", "humanize>=4.5", "4.9.0",
    )  # fmt: skip
    assert finding.reason == "pyproject.toml asks for humanize>=4.5; pylock.toml was made for humanize<4.10."


def test_requirements_that_came_or_went_count() -> None:
    text = PYPROJECT.replace('"six", ', '"idna", ')
    found = chosen({"pyproject.toml": text, "pylock.toml": LOCK}).selection.findings
    assert [(row.kind, row.package, row.declared, row.locked) for row in found] == [
        ("relock", "idna", "idna", None),
        ("relock", "six", None, "1.17.0"),
    ]


def test_a_changed_marker_counts_and_the_same_one_in_other_words_does_not() -> None:
    lock = seal(read("pylock-pip/pylock.toml"), ["six ; python_version < '3.12'", "humanize<4.10"])
    same = PYPROJECT.replace('"six"', "\"six; '3.12' > python_full_version or python_version < '3.11'\"")
    other = PYPROJECT.replace('"six"', "\"six; python_version < '3.13'\"")
    platform = PYPROJECT.replace('"six"', "\"six; python_version < '3.12' and platform_machine != 's390x'\"")
    assert kinds(chosen({"pyproject.toml": same, "pylock.toml": lock})) == []
    for text in (other, platform):
        assert kinds(chosen({"pyproject.toml": text, "pylock.toml": lock})) == [("relock", "six")]


def test_a_lock_that_records_nothing_is_held_against_what_is_declared() -> None:
    lock = read("pylock-pip/pylock.toml")
    assert kinds(chosen({"pyproject.toml": PYPROJECT, "pylock.toml": lock})) == []
    text = PYPROJECT.replace('"six", "humanize<4.10"', '"six", "humanize>=4.10", "idna"')
    found = chosen({"pyproject.toml": text, "pylock.toml": lock}).selection.findings
    assert [(row.package, row.locked) for row in found] == [("humanize", "4.9.0"), ("idna", None)]
    direct = PYPROJECT.replace('"six"', '"six @ https://example.org/six-1.17.0-py2.py3-none-any.whl"')
    assert kinds(chosen({"pyproject.toml": direct, "pylock.toml": lock})) == [("relock", "six")]


def test_uv_sources_and_their_changes_are_seen() -> None:
    files = files_of("uv-sources/uv.lock", "uv-sources/pyproject.toml")
    for old, new, package in (
        (b'tag = "v2"', b'tag = "v3"', "from-git"),
        (b'path = "libs/tiny"', b'path = "libs/other"', "tiny"),
        (b"iniconfig-2.1.0", b"iniconfig-2.0.0", "iniconfig"),
    ):
        changed = {**files, "pyproject.toml": files["pyproject.toml"].replace(old, new)}
        assert kinds(chosen(changed)) == [("relock", package)]


def test_every_extra_and_group_of_a_uv_project_counts_chosen_or_not() -> None:
    files = files_of("uv-groups/uv.lock", "uv-groups/pyproject.toml")
    for old, new, package in (
        (b"cycler>=0.11", b"cycler>=0.12", "cycler"),
        (b"toml==0.10.2", b"toml==0.10.1", "toml"),
        (b"pluggy<2", b"pluggy<3", "pluggy"),
    ):
        changed = {**files, "pyproject.toml": files["pyproject.toml"].replace(old, new)}
        assert kinds(chosen(changed)) == [("relock", package)]


def test_a_changed_range_of_pythons_counts_by_meaning() -> None:
    files = files_of("uv-conflicts/uv.lock", "uv-conflicts/pyproject.toml")
    same = files["pyproject.toml"].replace(b">=3.10,<4", b"<4.0, >=3.10.0")
    other = files["pyproject.toml"].replace(b">=3.10,<4", b">=3.11,<4")
    assert kinds(chosen({**files, "pyproject.toml": same})) == []
    assert kinds(chosen({**files, "pyproject.toml": other})) == [("relock", None)]


def test_a_sealed_lock_remembers_the_range_of_pythons() -> None:
    lock = seal(read("pylock-pip/pylock.toml"), ["six", "humanize<4.10"], requires_python=">=3.9")
    assert kinds(chosen({"pyproject.toml": PYPROJECT, "pylock.toml": lock})) == []
    text = PYPROJECT.replace(">=3.9", ">=3.10")
    assert kinds(chosen({"pyproject.toml": text, "pylock.toml": lock})) == [("relock", None)]


@pytest.mark.parametrize(
    ("name", "code"),
    [("pyproject.toml", "manifest-unreadable"), ("mlenv.toml", "settings-unreadable"), ("uv.lock", "lock-unreadable")],
)
def test_a_file_that_is_no_text_is_one_error(name: str, code: str) -> None:
    with pytest.raises(MlenvError) as problem:
        chosen({"pyproject.toml": PYPROJECT, "pylock.toml": LOCK, name: b"\n\xff\xfa\x00"})
    assert (problem.value.code, problem.value.where) == (code, f"{name}: line 2")


def test_a_renamed_project_is_told() -> None:
    files = files_of("uv-forks/uv.lock", "uv-forks/pyproject.toml")
    changed = files["pyproject.toml"].replace(b'name = "forks"', b'name = "spoons"')
    finding = only(chosen({**files, "pyproject.toml": changed}).selection.findings)
    assert finding.kind == "relock"
    assert "forks" in finding.reason


@pytest.mark.parametrize("sample", ["uv-conflicts", "pylock-uv"])
def test_a_python_that_the_lock_was_not_made_for_is_one_finding(sample: str) -> None:
    lock = "uv.lock" if sample.startswith("uv") else "pylock.toml"
    files = files_of(f"{sample}/{lock}", f"{sample}/pyproject.toml")
    selected = chosen(files, "3.8.18")
    finding = next(row for row in selected.selection.findings if row.kind == "python")
    assert finding.installed == "3.8.18"
    assert finding.locked
    assert [row.kind for row in selected.selection.findings].count("python") == 1


def test_a_python_that_only_the_manifest_excludes_is_a_finding_too() -> None:
    text = PYPROJECT.replace(">=3.9", ">=3.12")
    finding = only(chosen({"pyproject.toml": text, "pylock.toml": LOCK}).selection.findings)
    assert (finding.kind, finding.declared, finding.installed) == ("python", ">=3.12", "3.11.7")
    assert kinds(chosen({"pyproject.toml": text}, "3.13.0rc1")) == []


def test_contradicting_locks_are_named_and_one_of_them_is_used_for_a_reason() -> None:
    files = files_of("uv-forks/uv.lock", "uv-forks/pyproject.toml")
    selected = chosen({**files, "requirements.txt": "six==1.15.0\npython-dateutil==4.0.0\n"})
    finding = only(selected.selection.findings)
    assert finding.kind == "conflict"
    assert "uv.lock is used because it comes first" in finding.reason
    assert "six 1.15.0 instead of 1.16.0" in finding.reason
    assert selected.selection.reason.startswith("uv.lock is used; requirements.txt")


def test_a_lock_beside_that_says_the_same_or_cannot_be_read_is_no_contradiction_or_is_told() -> None:
    files = files_of("uv-forks/uv.lock", "uv-forks/pyproject.toml")
    assert kinds(chosen({**files, "requirements.txt": "six==1.16\n"})) == []
    assert kinds(chosen({**files, "pylock.toml": "lock-version = "})) == [("conflict", None)]
    assert kinds(chosen({**files, "requirements.txt": "six==1.15\n${X}\n"})) == []


def test_the_named_lock_is_used_and_says_so() -> None:
    files = files_of("uv-forks/uv.lock", "uv-forks/pyproject.toml")
    selected = chosen({**files, "requirements.txt": "six==1.15.0\n"}, lock="requirements.txt")
    assert selected.selection.lock == "requirements.txt"
    assert "because --lock names it" in selected.selection.reason
    assert ("conflict", None) in kinds(selected)
    with pytest.raises(MlenvError) as problem:
        chosen(files, lock="pylock.gpu.toml")
    assert (problem.value.code, problem.value.where) == ("lock-not-found", "pylock.gpu.toml")


def test_a_pinned_list_is_the_lock_and_only_a_tool_makes_it_exact() -> None:
    compiled = chosen(files_of("requirements-uv/requirements.txt", "requirements-uv/requirements.in"))
    assert kinds(compiled) == []
    assert (compiled.selection.manifest, compiled.selection.exact) == ("requirements.in", True)
    by_hand = chosen(files_of("requirements-freeze/requirements.txt"))
    assert (by_hand.selection.manifest, by_hand.selection.kind, by_hand.selection.exact) == (
        None,
        "requirements",
        False,
    )


def test_a_pinned_list_is_held_against_requirements_in() -> None:
    files = files_of("requirements-uv/requirements.txt")
    selected = chosen({**files, "requirements.in": "six<1.17\nidna\npython-dateutil\n"})
    assert [(row.kind, row.package, row.locked) for row in selected.selection.findings] == [
        ("relock", "idna", None),
        ("relock", "six", "1.17.0"),
    ]


def test_a_loose_list_is_the_manifest_its_constraints_count_and_the_lock_stands_beside() -> None:
    files = {"requirements.txt": "six\nhumanize\n-c limits.txt\n", "limits.txt": "humanize<4\nnumpy<2\n"}
    selected = chosen({**files, "pylock.toml": read("pylock-pip/pylock.toml")})
    assert (selected.selection.manifest, selected.selection.lock) == ("requirements.txt", "pylock.toml")
    assert kinds(selected) == [("relock", "humanize")]
    assert selected.files_read == ("limits.txt", "pylock.toml", "requirements.txt")
    alone = chosen(files)
    assert (alone.selection.lock, alone.selection.exact) == (None, False)
    assert [row.name for row in alone.selection.declared] == ["six", "humanize"]


def test_groups_have_their_own_locks_and_the_main_one_wins() -> None:
    text = PYPROJECT + '[dependency-groups]\ndev = ["six"]\ndocs = ["idna"]\n'
    dev = seal(read("pylock-pip/pylock.toml").replace("1.17.0", "1.16.0"), ["six"])
    files = {"pyproject.toml": text, "pylock.toml": LOCK, "pylock.dev.toml": dev}
    assert kinds(chosen(files)) == []
    selected = chosen(files, groups=("dev",))
    assert versions(selected)["six"] == "1.17.0"
    assert kinds(selected) == [("conflict", None)]
    assert "pylock.dev.toml says otherwise: six 1.16.0 instead of 1.17.0" in selected.selection.findings[0].reason
    missing = chosen(files, groups=("docs",))
    assert ("relock", None) in kinds(missing)
    assert "there is no pylock.docs.toml" in missing.selection.findings[0].reason


def test_a_flat_lock_says_itself_which_extras_and_groups_it_holds() -> None:
    text = PYPROJECT.replace(', "humanize<4.10"', "") + '[dependency-groups]\ndev = ["humanize<4.10"]\n'
    lock = seal(read("pylock-pip/pylock.toml"), ["six", "humanize<4.10"], groups=("dev",))
    selected = chosen({"pyproject.toml": text, "pylock.toml": lock})
    assert kinds(selected) == []
    assert [row.origin for row in selected.selection.declared] == ["pyproject.toml", "pyproject.toml [dev]"]


def test_no_lock_and_no_manifest_ask_for_nothing() -> None:
    selected = chosen({})
    assert (selected.selection.lock, selected.selection.manifest, selected.selection.name) == (None, None, "project")
    assert kinds(selected) == []


def test_dependencies_left_to_the_build_are_not_held_against_the_lock() -> None:
    text = '[project]\nname = "demo"\ndynamic = ["dependencies"]\n'
    assert kinds(chosen({"pyproject.toml": text, "pylock.toml": LOCK})) == [("note", None)]
