"""Loaded, installed, locked, declared: what differs is named precisely, once per package, with one thing to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mlenv import drift
from mlenv.model import (
    Declared,
    Distribution,
    EnvironmentFacts,
    Finding,
    Installed,
    KernelRef,
    Loaded,
    Pin,
    Report,
    Selection,
    Source,
)

ROOT = "/home/me/demo"
FACTS = EnvironmentFacts(prefix=f"{ROOT}/.venv", python="3.12.1", engine="uv", sites=("/s",))


def selection(*pins: Pin | str, exact: bool = True, lock: str | None = "pylock.toml", **fields: object) -> Selection:
    made = tuple(
        pin if isinstance(pin, Pin) else Pin(name=pin.split("==")[0], version=pin.split("==")[1]) for pin in pins
    )
    return Selection(
        root=ROOT, name="demo", manifest="pyproject.toml", lock=lock, kind="pylock", pins=made, exact=exact, **fields
    )


def installed(*rows: Distribution | str, **fields: object) -> Installed:
    made = tuple(
        row if isinstance(row, Distribution) else Distribution(name=row.split("==")[0], version=row.split("==")[1])
        for row in rows
    )
    return Installed(distributions=made, **fields)


def rows(findings: Sequence[Finding]) -> list[tuple[str | None, ...]]:
    return [(f.kind, f.package, f.locked, f.installed, f.loaded) for f in findings]


def test_an_environment_equal_to_its_lock_has_nothing_to_say() -> None:
    report = drift.report(selection("six==1.16.0", "idna==3.7"), FACTS, installed("idna==3.7", "six==1.16.0"))
    assert (report.verdict, report.findings, report.ok) == ("in-step", (), True)
    assert (report.next.action, report.next.command) == ("none", "")
    assert (report.counts.locked, report.counts.installed, report.counts.compared) == (2, 2, 2)
    assert report.loaded_measured is False


def test_one_removed_one_downgraded_one_added_are_named_precisely() -> None:
    found = drift.compare(
        selection("attrs==23.1", "idna==3.7", "six==1.16.0"), installed("attrs==23.1", "idna==3.6", "rich==13.0")
    )
    assert rows(found) == [
        ("missing", "six", "1.16.0", None, None),
        ("different", "idna", "3.7", "3.6", None),
        ("extra", "rich", None, "13.0", None),
    ]


def test_versions_are_compared_as_versions_and_not_as_text() -> None:
    assert drift.compare(selection("a==1.0", "b==1.0.0rc1"), installed("a==1.0.0", "b==1.0.0-RC1")) == ()


def test_a_local_version_counts_against_a_lock() -> None:
    found = drift.compare(selection("torch==2.5.1+cu121"), installed("torch==2.5.1+cpu"))
    assert rows(found) == [("different", "torch", "2.5.1+cu121", "2.5.1+cpu", None)]


def test_what_an_environment_inherits_from_the_system_is_never_extra() -> None:
    """``include-system-site-packages``: no sync could take it away."""
    there = installed(
        Distribution(name="six", version="1.16.0", site="/e/site-packages"),
        Distribution(name="rich", version="13.0", site="/e/site-packages"),
        Distribution(name="pygobject", version="3.42", site="/usr/lib/python3/dist-packages"),
    )
    facts = replace(FACTS, inherited=("/usr/lib/python3/dist-packages",))
    report = drift.report(selection("six==1.16.0"), facts, there)
    assert rows(report.findings) == [("extra", "rich", None, "13.0", None)]


def test_a_pinned_line_of_a_requirements_file_takes_any_build_of_its_version() -> None:
    """pip's ``==``: the usual pinned list of a project that installs torch from its own index."""
    plain, there = selection("torch==2.5.1", "six==1.16"), installed("torch==2.5.1+cu121", "six==1.16.0")
    assert drift.compare(replace(plain, kind="requirements"), there) == ()
    assert rows(drift.compare(plain, there)) == [("different", "torch", "2.5.1", "2.5.1+cu121", None)]
    other = drift.compare(replace(plain, kind="requirements"), installed("torch==2.5.1.post1", "six==1.16"))
    assert rows(other) == [("different", "torch", "2.5.1", "2.5.1.post1", None)]


def test_a_requirement_accepts_a_local_version_and_any_version_of_its_range() -> None:
    pins = (Pin(name="torch", specifier="==2.5.1"), Pin(name="six", specifier=">=1,<2"), Pin(name="rich"))
    assert drift.compare(selection(*pins, exact=False), installed("torch==2.5.1+cu121", "six==1.9", "rich==1")) == ()
    found = drift.compare(selection(*pins, exact=False), installed("torch==2.5.2", "six==2.0"))
    assert rows(found) == [
        ("missing", "rich", "any", None, None),
        ("different", "six", ">=1,<2", "2.0", None),
        ("different", "torch", "==2.5.1", "2.5.2", None),
    ]


def test_what_cannot_be_compared_is_undecidable_and_never_in_step() -> None:
    report = drift.report(selection(Pin(name="odd", specifier=">=1")), FACTS, installed("odd==not a version"))
    assert (report.verdict, report.next.action) == ("unknown", "none")
    assert "cannot tell" in report.next.text


@pytest.mark.parametrize("name", ["pip", "setuptools", "wheel", "uv", "ipykernel", "mlenv", "demo"])
def test_tooling_the_kernel_and_the_project_itself_are_never_extra_but_compared_where_locked(name: str) -> None:
    assert drift.compare(selection("six==1.0"), installed("six==1.0", f"{name}==1.0")) == ()
    found = drift.compare(selection(f"{name}==2.0"), installed(f"{name}==1.0"))
    assert rows(found) == [("different", name, "2.0", "1.0", None)]


def test_what_the_kernel_needs_is_not_extra_when_it_is_known_what_it_needs() -> None:
    there = installed("six==1.0", "ipykernel==6.0", "tornado==6.4", "zmq==26", "rich==13")
    needs = {"ipykernel": ("tornado", "zmq"), "six": (), "rich": ()}
    assert drift.needs_matter(selection("six==1.0"), there)
    assert rows(drift.compare(selection("six==1.0"), there, needs=needs)) == [("extra", "rich", None, "13", None)]


def test_reading_what_packages_need_is_asked_for_only_where_it_can_matter() -> None:
    assert not drift.needs_matter(selection("six==1.0"), installed("six==1.0", "pip==24.0"))
    assert not drift.needs_matter(selection("six==1.0"), installed("six==1.0", "rich==13"))
    assert drift.needs_matter(selection("six==1.0", exact=False), installed("six==1.0", "rich==13"))
    assert not drift.needs_matter(selection("six==1.0", exact=False), installed("six==1.0"))
    assert not drift.needs_matter(selection(lock=None), installed("rich==13"))


def test_what_a_hand_written_list_needs_is_not_extra() -> None:
    there = installed("pandas==2.0", "numpy==1.26", "rich==13")
    needs = {"pandas": ("numpy",), "numpy": (), "rich": ()}
    report = drift.report(selection("pandas==2.0", exact=False), FACTS, there, needs=needs)
    assert report.verdict == "in-step"
    assert [(f.kind, f.reason) for f in report.findings] == [
        ("note", "installed, but neither in pylock.toml nor needed by it: rich")
    ]


def test_a_hand_written_list_that_is_closed_counts_as_exact() -> None:
    there = installed("pandas==2.0", "numpy==1.26", "rich==13")
    needs = {"pandas": ("numpy", "tzdata"), "numpy": (), "rich": ()}
    found = drift.compare(selection("pandas==2.0", "numpy==1.26", exact=False), there, needs=needs)
    assert rows(found) == [("extra", "rich", None, "13", None)]


def test_an_exact_lock_is_not_excused_by_what_its_packages_need() -> None:
    there = installed("pandas==2.0", "numpy==1.26")
    found = drift.compare(selection("pandas==2.0"), there, needs={"pandas": ("numpy",)})
    assert rows(found) == [("extra", "numpy", None, "1.26", None)]


def test_a_closure_goes_round_in_circles_without_end() -> None:
    assert drift.closure(["a"], {"a": ("b", "c"), "b": ("a",)}) == {"a", "b", "c"}


EDITABLE = Source(kind="editable", url="libs/core")


@pytest.mark.parametrize(
    ("locked", "there", "kind"),
    [
        (Source(kind="index"), Source(kind="index"), None),
        (Source(kind="index"), Source(kind="url", url="https://host.example/a.whl"), "source"),
        (Source(kind="index"), Source(kind="editable", url="/elsewhere"), "source"),
        (EDITABLE, Source(kind="editable", url=f"{ROOT}/libs/core"), None),
        (EDITABLE, Source(kind="editable", url="/other/libs/core"), "source"),
        (EDITABLE, Source(kind="path", url=f"{ROOT}/libs/core"), "source"),
        (EDITABLE, Source(kind="index"), "source"),
        (Source(kind="editable", url="."), Source(kind="editable", url=ROOT), None),
        (Source(kind="path", url="../lib/"), Source(kind="path", url="/home/me/lib"), None),
        (Source(kind="path", url=f"file://{ROOT}/w/a.whl"), Source(kind="path", url=f"{ROOT}/w/a.whl"), None),
        (
            Source(kind="url", url="https://u:p@h.example/a.whl#x"),
            Source(kind="url", url="https://h.example/a.whl"),
            None,
        ),
        (
            Source(kind="url", url="https://h.example/a.whl"),
            Source(kind="url", url="https://h.example/b.whl"),
            "source",
        ),
        (Source(kind="vcs", url="x", commit="abcdef1234"), Source(kind="vcs", url="y", commit="ABCDEF1234"), None),
        (Source(kind="vcs", url="x", commit="abcdef1"), Source(kind="vcs", url="x", commit="abcdef1234"), None),
        (Source(kind="vcs", url="x", commit="abcdef1"), Source(kind="vcs", url="x", commit="1234567"), "source"),
        (
            Source(kind="vcs", url="x", commit="abcdef1", subdirectory="python"),
            Source(kind="vcs", url="x", commit="abcdef1", subdirectory="python/"),
            None,
        ),
        (
            Source(kind="vcs", url="x", commit="abcdef1", subdirectory="python"),
            Source(kind="vcs", url="x", commit="abcdef1"),
            "source",
        ),
        (Source(kind="vcs", url="git+https://h.example/a.git"), Source(kind="vcs", url="https://h.example/a"), None),
        (Source(kind="vcs", url="https://h.example/a", commit="abcdef1"), Source(kind="index"), "source"),
    ],
)
def test_the_source_counts_even_where_the_version_agrees(locked: Source, there: Source, kind: str | None) -> None:
    pin = Pin(name="core", version="1.0", source=locked)
    found = drift.compare(selection(pin), installed(Distribution(name="core", version="1.0", source=there)))
    assert [f.kind for f in found] == ([kind] if kind else [])


def test_the_version_of_an_editable_package_is_whatever_its_sources_say() -> None:
    pin = Pin(name="core", version="1.0", source=EDITABLE)
    there = Distribution(name="core", version="1.1.dev3", source=Source(kind="editable", url=f"{ROOT}/libs/core"))
    assert drift.compare(selection(pin), installed(there)) == ()


def test_a_local_source_is_the_same_under_the_other_name_of_the_project_folder() -> None:
    there = Distribution(name="core", version="1.0", source=Source(kind="editable", url="/data/demo/libs/core"))
    pin = Pin(name="core", source=EDITABLE)
    assert drift.compare(selection(pin), installed(there), roots=["/data/demo"]) == ()
    assert [f.kind for f in drift.compare(selection(pin), installed(there))] == ["source"]


def test_paths_of_windows_are_compared_without_regard_to_case_and_slashes() -> None:
    made = Selection(root="C:\\Work\\demo", name="demo", lock="uv.lock", pins=(Pin(name="core", source=EDITABLE),))
    there = Distribution(name="core", version="1", source=Source(kind="editable", url="c:/work/Demo/libs/core"))
    assert drift.compare(made, installed(there)) == ()


def test_loaded_differs_from_installed_and_all_else_is_well() -> None:
    report = drift.report(
        selection("numpy==2.0.2"), FACTS, installed("numpy==2.0.2"), [Loaded(name="numpy", version="1.26.4")]
    )
    assert (report.verdict, report.next.command) == ("restart", "mlenv restart")
    assert rows(report.findings) == [("restart", "numpy", "2.0.2", "2.0.2", "1.26.4")]
    assert drift.restart_lines(report.findings) == ("restart needed: numpy 1.26.4 in memory, 2.0.2 on disk",)
    assert report.loaded_measured


def test_a_package_that_differs_on_disk_and_in_memory_is_one_finding() -> None:
    found = drift.compare(selection("idna==3.7"), installed("idna==3.6"), [Loaded(name="idna", version="3.7")])
    assert rows(found) == [("different", "idna", "3.7", "3.6", "3.7")]
    assert found[0].reason == "3.7 is locked, 3.6 is installed, 3.7 is in memory"


def test_a_locked_package_that_was_removed_while_loaded_is_missing_and_a_restart_is_named() -> None:
    found = drift.compare(selection("six==1.0"), installed(), [Loaded(name="six", version="1.0")])
    assert rows(found) == [("missing", "six", "1.0", None, "1.0")]
    assert drift.restart_lines(found) == ("restart needed: six 1.0 in memory, no longer on disk",)


def test_no_restart_is_needed_where_memory_and_disk_agree() -> None:
    found = drift.compare(selection("six==2.0"), installed("six==1.0"), [Loaded(name="six", version="1.0")])
    assert drift.restart_lines(found) == ("no restart needed",)
    assert drift.restart_lines(()) == ("no restart needed",)


def test_modules_of_the_runtime_count_as_loaded_once_the_environment_has_them_too() -> None:
    found = drift.compare(
        selection("tornado==6.1"), installed("tornado==6.1"), [Loaded(name="tornado", version="6.4", origin="runtime")]
    )
    assert rows(found) == [("restart", "tornado", "6.1", "6.1", "6.4")]


def test_what_only_the_runtime_has_is_told_when_the_notebook_imports_it() -> None:
    quiet = Loaded(name="tornado", version="6.4", origin="runtime")
    told = Loaded(name="ipywidgets", version="8.1", origin="runtime", imported=True)
    report = drift.report(selection("six==1.0"), FACTS, installed("six==1.0"), [quiet, told])
    assert report.verdict == "in-step"
    assert [(f.kind, f.package) for f in report.findings] == [("runtime-only", "ipywidgets")]


def test_modules_from_outside_the_environment_are_listed_and_another_version_asks_for_a_restart() -> None:
    outside = [
        Loaded(name="humanize", version="1", origin="outside", location="/u/site"),
        Loaded(name="six", version="1.0", origin="outside", location="/u/site"),
        Loaded(name="idna", version="2.0", origin="outside", location="/u/site"),
    ]
    found = drift.compare(selection("six==1.0", "idna==3.7"), installed("six==1.0", "idna==3.7"), outside)
    assert [(f.kind, f.package) for f in found] == [("restart", "idna"), ("shadowed", "six"), ("outside", "humanize")]
    assert "/u/site" in found[0].reason


def test_a_loaded_version_that_cannot_be_told_is_no_alarm() -> None:
    assert drift.compare(selection("six==1.0"), installed("six==1.0"), [Loaded(name="six", version=None)]) == ()


def test_a_kernel_of_another_environment_asks_for_a_switch_and_its_memory_is_not_compared() -> None:
    report = drift.report(
        selection("six==1.0"), FACTS, installed("six==1.0"), [Loaded(name="six", version="9.0")],
        KernelRef(prefix="/usr", name="python3"),
    )  # fmt: skip
    assert (report.verdict, report.next.action, report.next.command) == ("switch", "switch", "mlenv switch")
    assert [f.kind for f in report.findings] == ["switch"]
    assert not report.loaded_measured


def test_the_projects_own_kernel_needs_no_switch_whatever_its_path_looks_like() -> None:
    kernel = KernelRef(prefix=f"{ROOT}/./.venv/", name="demo")
    assert drift.report(selection("six==1.0"), FACTS, installed("six==1.0"), (), kernel).verdict == "in-step"
    linked = KernelRef(prefix="/link/demo/.venv", name="demo")
    known = drift.report(selection("six==1.0"), FACTS, installed("six==1.0"), (), linked, kernel_is_project=True)
    assert known.verdict == "in-step"
    assert drift.report(selection("six==1.0"), FACTS, installed("six==1.0"), (), linked).verdict == "switch"


def test_relock_is_worse_than_sync_and_a_package_in_both_is_one_finding() -> None:
    changed = Finding(kind="relock", package="numpy", declared="numpy<2", locked="2.0", reason="numpy<2 was not locked")
    report = drift.report(selection("numpy==2.0", "six==1.0", findings=(changed,)), FACTS, installed("numpy==1.26"))
    assert (report.verdict, report.next.action, report.next.command) == ("relock", "sync", "mlenv sync")
    assert [(f.kind, f.package, f.declared, f.locked, f.installed) for f in report.findings] == [
        ("relock", "numpy", "numpy<2", "2.0", "1.26"),
        ("missing", "six", None, "1.0", None),
    ]


def test_damaged_files_are_broken_and_worse_than_anything_else() -> None:
    there = installed("six==1.0", damaged=(("six", "six.py is missing"),))
    report = drift.report(selection("six==2.0"), FACTS, there, (), KernelRef(prefix="/usr", name="x"))
    assert (report.verdict, report.next.command) == ("broken", "mlenv create")
    assert report.findings[0].kind == "damaged"
    assert report.findings[0].reason == "six.py is missing; 2.0 is locked, 1.0 is installed"


def test_two_metadata_folders_of_one_name_are_a_finding_of_their_own() -> None:
    there = installed("six==1.0", duplicates=(Distribution(name="six", version="1.1"),))
    report = drift.report(selection("six==1.0"), FACTS, there)
    assert (report.verdict, rows(report.findings)) == ("sync", [("duplicate", "six", None, "1.0", None)])
    assert "1.0, 1.1" in report.findings[0].reason


def test_leftovers_are_reported_once_and_worsen_nothing() -> None:
    report = drift.report(selection("six==1.0"), FACTS, installed("six==1.0", leftovers=("/s/~ix", "/s/~umpy")))
    assert report.verdict == "in-step"
    assert [(f.kind, f.package) for f in report.findings] == [("leftover", None)]
    assert "~ix, ~umpy (mlenv sync removes it)" in report.findings[0].reason


def test_leftovers_in_another_python_are_nobodys_to_remove() -> None:
    there = installed("six==1.0", leftovers=("/usr/lib/site/~ix",))
    assert drift.compare(selection("six==1.0"), there, inherited=("/usr/lib/site",)) == ()


def test_a_project_that_says_how_it_is_built_is_installed_itself() -> None:
    wanted = selection("six==1.0", own="demo")
    (finding,) = drift.compare(wanted, installed("six==1.0"))
    assert (finding.kind, finding.package, finding.declared) == ("missing", "demo", ".")
    assert drift.compare(wanted, installed("six==1.0", "demo==0.1")) == ()
    assert drift.compare(selection("six==1.0", own="demo", exact=False), installed("six==1.0")) == ()


def test_a_project_without_environment_is_told_to_create_one_and_nothing_is_called_missing() -> None:
    for facts in (
        EnvironmentFacts(prefix=None),
        EnvironmentFacts(prefix="/x", problem=Finding(kind="no-env", reason="none")),
    ):
        report = drift.report(selection("six==1.0"), facts, installed())
        assert (report.verdict, report.next.command) == ("no-env", "mlenv create")
        assert [f.kind for f in report.findings] == ["no-env"]


def test_a_broken_environment_is_rebuilt_and_a_stale_lock_is_still_named() -> None:
    facts = EnvironmentFacts(prefix="/x", problem=Finding(kind="broken", reason="its Python is gone"))
    stale = Finding(kind="relock", package="attrs", declared="attrs", reason="attrs is not locked")
    report = drift.report(selection(findings=(stale,)), facts)
    assert (report.verdict, report.next.command) == ("broken", "mlenv create")
    assert [f.kind for f in report.findings] == ["broken", "relock"]


def test_without_a_lock_the_declared_packages_that_are_missing_are_named() -> None:
    asked = (
        Declared(name="numpy", text="numpy<2", origin="pyproject.toml"),
        Declared(name="six", text="six"),
        Declared(name="rich", text="rich[jupyter] (>=13,<15)"),
        Declared(name="local", text="local @ file:///x"),
    )
    there = installed("numpy==2.0", "rich==14.0", "local==1")
    report = drift.report(selection(lock=None, declared=asked), FACTS, there)
    assert (report.verdict, report.next.command) == ("unlocked", "mlenv lock")
    assert [(f.kind, f.package, f.declared, f.installed) for f in report.findings] == [
        ("unlocked", None, None, None),
        ("unlocked", "numpy", "numpy<2", "2.0"),
        ("unlocked", "six", "six", None),
    ]


def test_a_wrong_python_is_named_with_both_versions() -> None:
    report = drift.report(selection(requires_python=">=3.13"), FACTS, installed())
    assert (report.verdict, rows(report.findings)) == ("sync", [("python", None, ">=3.13", "3.12.1", None)])


def test_a_lock_read_for_another_python_is_not_compared_with_this_one() -> None:
    report = drift.report(selection(python="3.11.7"), FACTS, installed())
    assert report.verdict == "unknown"
    assert "read for Python 3.11.7, the environment has 3.12.1" in report.findings[0].reason
    assert drift.report(selection(python="3.12.9"), FACTS, installed()).verdict == "in-step"


def test_before_the_lock_was_read_nothing_is_in_step() -> None:
    report = drift.report(None, FACTS, installed("six==1.0"))
    assert (report.verdict, report.lock_path, report.project) == ("unknown", None, None)
    assert "not compared yet" in report.findings[0].reason


def test_what_was_not_measured_is_said_and_never_in_step() -> None:
    unread = drift.report(selection("six==1.0"), FACTS)
    assert (unread.verdict, unread.counts.locked) == ("unknown", 0)
    assert "what is installed has not been read" in unread.findings[0].reason
    nameless = EnvironmentFacts(prefix=FACTS.prefix)
    report = drift.report(selection(requires_python=">=3.13"), nameless, installed())
    assert report.verdict == "unknown"
    assert "the environment's is not known" in report.findings[0].reason


def test_findings_of_a_face_are_part_of_the_report() -> None:
    note = Finding(kind="shell-pip", reason="!pip went to another Python")
    report = drift.report(selection(), FACTS, installed(), extra=(note,))
    assert (report.verdict, report.findings) == ("in-step", (note,))


def test_every_kind_has_a_verdict_and_every_verdict_an_action_with_its_exact_command() -> None:
    assert set(drift.VERDICT_OF.values()) == set(drift.ORDER)
    assert drift.verdict_of("from a newer version") == "unknown"
    commands = {verdict: drift.next_action(verdict).command for verdict in drift.ORDER}
    assert commands == {
        "broken": "mlenv create", "no-env": "mlenv create", "switch": "mlenv switch", "relock": "mlenv sync",
        "sync": "mlenv sync", "unknown": "", "restart": "mlenv restart", "unlocked": "mlenv lock", "in-step": "",
    }  # fmt: skip
    assert "mlenv freeze" in drift.next_action("sync").text


def test_the_verdict_is_the_worst_finding() -> None:
    kinds = ["note", "unlocked", "restart", "undecidable", "extra", "relock", "switch", "no-env", "broken"]
    for end in range(1, len(kinds) + 1):
        extra = tuple(Finding(kind=kind, reason=kind) for kind in kinds[:end])
        report: Report = drift.report(selection(), FACTS, installed(), extra=extra)
        assert report.verdict == drift.VERDICT_OF[kinds[end - 1]]
        assert [f.kind for f in report.findings] == list(reversed(kinds[:end]))


@pytest.mark.parametrize("problem", ["no-env", "broken"])
def test_trouble_of_the_environment_itself_is_said_alone(problem: str) -> None:
    """Without an environment there is nowhere to switch to and nothing to compare: one finding, not three."""
    prefix = None if problem == "no-env" else "/p/.venv"
    facts = EnvironmentFacts(prefix=prefix, problem=Finding(kind=problem, reason="gone"))
    report = drift.report(None, facts, kernel=KernelRef(prefix="/p/.venv" if prefix else "/other", name="x"))
    assert (report.verdict, [finding.kind for finding in report.findings]) == (problem, [problem])


def test_where_nothing_is_declared_freeze_is_what_records() -> None:
    """``mlenv lock`` would have nothing to lock."""
    found = drift.next_action("unlocked", Selection(root="/p", name="p"))
    assert (found.action, found.command) == ("freeze", "mlenv freeze")


@pytest.mark.parametrize(
    ("kind", "lock", "verdict", "command"),
    [
        ("conda-lock", "conda-lock.yml", "no-env", "mlenv create"),
        ("pixi", "pixi.lock", "sync", "mlenv sync"),
        ("pixi", "pixi.lock", "relock", "pixi lock"),
        ("conda", "conda-linux-64.lock", "sync", "mlenv sync"),
        ("conda", "environment.yml", "no-env", "mlenv create"),
        ("conda", "environment.yml", "relock", ""),
        ("conda-lock", "conda-lock.yml", "relock", "mlenv sync"),
    ],
)
def test_a_lock_of_conda_s_is_installed_by_mlenv_and_written_by_its_own_tool(
    kind: str, lock: str, verdict: str, command: str
) -> None:
    selection = Selection(root=ROOT, name="demo", lock=lock, kind=kind)
    action = drift.next_action(verdict, selection)
    assert action.command == command
    assert action.action == (command.partition("mlenv ")[2] or "none")
    # Where py-rattler is not, what the lock's own tool is told stands beside it.
    assert ("mlenv[conda]" in action.text) == command.startswith("mlenv")
    assert lock in action.text or "pixi install" in action.text
    assert drift.next_action("restart", selection).command == "mlenv restart"
