"""Rows of conda against conda's records, rows of pip against dist-info, and never two findings for one package."""

from __future__ import annotations

import importlib

import pytest

from mlenv.conda_versions import matches
from mlenv.drift import compare, report
from mlenv.model import Declared, Distribution, EnvironmentFacts, Finding, Installed, Pin, Selection, Source

# Loaded late, where it is needed: the seal would take that for an act of ours.
importlib.import_module("mlenv.drift.conda")

CONDA = Source(kind="conda")


def conda(name: str, version: str, build: str = "", told: str = "") -> Pin:
    return Pin(name=name, version=version, source=Source(kind="conda", commit=build, url=told))


def record(name: str, version: str, build: str = "0") -> Distribution:
    return Distribution(name=name, version=version, source=Source(kind="conda", commit=build), site="/e/conda-meta")


def dist(name: str, version: str, source: Source | None = None) -> Distribution:
    return Distribution(name=name, version=version, source=source or Source(kind="index"), site="/e/site-packages")


PINS = (
    conda("libzlib", "1.3.1", "h1_2"),
    conda("numpy", "1.26.4", "py311_0"),
    conda("pytorch", "2.1.0", "cpu_0", "pkg:pypi/torch"),
    Pin(
        name="idna", version="3.7", source=Source(kind="any", url="https://files.example.org/idna-3.7-py3-none-any.whl")
    ),
)
HERE = Installed(
    distributions=(dist("numpy", "1.26.4"), dist("torch", "2.1.0"), dist("idna", "3.7")),
    conda=(
        record("libzlib", "1.3.1", "h1_2"),
        record("numpy", "1.26.4", "py311_0"),
        record("pytorch", "2.1.0", "cpu_0"),
    ),
    owned=("numpy", "torch"),
)


def found(
    installed: Installed, pins: tuple[Pin, ...] = PINS, *, exact: bool = True, kind: str = "conda-lock"
) -> list[tuple[str, str | None]]:
    selection = Selection(root="/p", name="p", lock="conda-lock.yml", kind=kind, pins=pins, exact=exact)
    return [(row.kind, row.package) for row in compare(selection, installed)]


def changed(**parts: object) -> Installed:
    fields = {name: getattr(HERE, name) for name in ("distributions", "conda", "owned", "overwritten")}
    return Installed(**{**fields, **parts})  # type: ignore[arg-type]


def test_an_environment_that_holds_what_is_locked_is_in_step() -> None:
    assert found(HERE) == []


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        (HERE.conda[1:], [("missing", "libzlib")]),
        ((record("libzlib", "1.2.13", "h1_2"), *HERE.conda[1:]), [("different", "libzlib")]),
        ((record("libzlib", "1.3.1", "h9_9"), *HERE.conda[1:]), [("different", "libzlib")]),
        ((*HERE.conda, record("openssl", "3.0.1")), [("extra", "openssl")]),
        ((*HERE.conda, record("pip", "24.0"), record("setuptools", "70.0")), []),
    ],
)
def test_records_differ(records: tuple[Distribution, ...], wanted: list[tuple[str, str | None]]) -> None:
    assert found(changed(conda=records)) == wanted


def test_what_is_not_exact_has_no_extras() -> None:
    assert found(changed(conda=(*HERE.conda, record("openssl", "3.0.1"))), exact=False) == []


def test_a_build_that_the_lock_does_not_name_is_not_compared() -> None:
    assert found(HERE, (conda("numpy", "1.26.4"), *PINS[:1], *PINS[2:])) == []


def test_a_version_without_an_end_takes_what_conda_takes() -> None:
    fuzzy = Pin(name="numpy", specifier="=1.26", source=CONDA)
    assert found(HERE, (fuzzy, PINS[0], PINS[2], PINS[3]), kind="conda") == []
    fuzzy = Pin(name="numpy", specifier="=1.2", source=CONDA)
    assert found(HERE, (fuzzy, PINS[0], PINS[2], PINS[3]), kind="conda") == [("different", "numpy")]


def test_pip_s_copy_over_conda_s_is_one_finding() -> None:
    rows = (dist("numpy", "2.0.1"), *HERE.distributions[1:])
    installed = changed(distributions=rows, owned=("torch",), overwritten=(("numpy", "2.0.1"),))
    selection = Selection(root="/p", name="p", lock="l", kind="pixi", pins=PINS)
    (finding,) = compare(selection, installed)
    assert (finding.kind, finding.package, finding.locked, finding.installed) == (
        "different",
        "numpy",
        "1.26.4",
        "2.0.1",
    )


def test_pip_s_copy_in_place_of_conda_s_is_another_source_and_no_extra() -> None:
    installed = changed(conda=HERE.conda[:2], owned=("numpy",))
    assert found(installed) == [("source", "pytorch")]


def test_pip_rows_are_compared_with_dist_info() -> None:
    rows = HERE.distributions[:2]
    assert found(changed(distributions=rows)) == [("missing", "idna")]
    assert found(changed(distributions=(*rows, dist("idna", "3.6")))) == [("different", "idna")]
    direct = Source(kind="url", url="https://files.example.org/idna-3.7-py3-none-any.whl")
    assert found(changed(distributions=(*rows, dist("idna", "3.7", direct)))) == []
    other = Source(kind="url", url="https://elsewhere.example.org/idna-3.7-py3-none-any.whl")
    assert found(changed(distributions=(*rows, dist("idna", "3.7", other)))) == [("source", "idna")]
    assert found(changed(distributions=(*HERE.distributions, dist("rich", "13.0")))) == [("extra", "rich")]


def test_a_row_of_pip_that_conda_fulfils_is_in_step() -> None:
    installed = changed(conda=(*HERE.conda, record("idna", "3.7")), owned=("numpy", "torch", "idna"))
    assert found(installed) == []


def test_names_that_mean_two_things_are_two_packages() -> None:
    pins = (*PINS, conda("graphviz", "9.0.0", "h7_1"), Pin(name="graphviz", version="0.20.3"))
    installed = changed(
        distributions=(*HERE.distributions, dist("graphviz", "0.20.3")),
        conda=(*HERE.conda, record("graphviz", "9.0.0", "h7_1")),
    )
    assert found(installed, pins) == []
    assert found(changed(conda=(*HERE.conda, record("graphviz", "9.0.0", "h7_1"))), pins) == [("missing", "graphviz")]


def test_an_environment_that_conda_did_not_make_is_told_once() -> None:
    installed = Installed(distributions=(dist("numpy", "1.26.4"), dist("idna", "3.7")))
    assert found(installed) == [("missing", None)]


def test_other_locks_do_not_ask_about_conda_s_records() -> None:
    assert (
        found(HERE, (Pin(name="numpy", version="1.26.4"), Pin(name="torch", version="2.1.0"), PINS[3]), kind="uv") == []
    )


def test_counts_and_verdict() -> None:
    selection = Selection(root="/p", name="p", lock="conda-lock.yml", kind="conda-lock", pins=PINS)
    facts = EnvironmentFacts(prefix="/e", python="3.11.7", engine="conda", sites=("/e/site-packages",))
    answer = report(selection=selection, environment=facts, installed=HERE)
    assert (answer.verdict, answer.counts.locked, answer.counts.installed, answer.counts.compared) == (
        "in-step",
        4,
        4,
        4,
    )


def test_without_a_lock_rows_of_conda_are_looked_up_in_its_records() -> None:
    rows = (
        Declared(name="libzlib", text="libzlib >=1.3", origin="environment.yml", conda=True),
        Declared(name="numpy", text="numpy =1.25", origin="environment.yml", conda=True),
        Declared(name="gdal", text="gdal", origin="environment.yml", conda=True),
        Declared(name="idna", text="idna>=3", origin="environment.yml"),
    )
    selection = Selection(root="/p", name="p", manifest="environment.yml", declared=rows)
    packages = [row.package for row in compare(selection, HERE) if row.kind == "unlocked" and row.package]
    assert packages == ["gdal", "numpy"]
    plain = [row for row in compare(selection, Installed(distributions=HERE.distributions)) if row.kind == "unlocked"]
    assert [row.package for row in plain] == [None, None]


@pytest.mark.parametrize(
    ("version", "specification", "wanted"),
    [
        ("1.26.4", "=1.26", True), ("1.2.6", "=1.26", False), ("1.26.4", "1.26.*", True), ("1.26.4", "==1.26", False),
        ("1.26.0", "==1.26", True), ("2.0rc1", "<2.0", True), ("2.0", ">=1.26,<2|=2.0", True), ("9f", ">9e", True),
        ("1.1.1w", ">=1.1.1a", True), ("2024b", "=2024a", False), ("1.0.post1", ">1.0", True), ("1.0.dev1", "<1.0", True),
        ("1!0.5", ">2", True), ("3.10.2", "~=3.10", True), ("3.10", "!=3.10.*", False), ("1.0", "^1.*$", None),
        ("1.0", "", True), ("?", "=1", None),
    ],
)  # fmt: skip
def test_versions_match_as_conda_matches_them(version: str, specification: str, wanted: bool | None) -> None:
    assert matches(version, specification) is wanted


def test_findings_of_conda_s_rows_say_what_is_what() -> None:
    selection = Selection(root="/p", name="p", lock="pixi.lock", kind="pixi", pins=PINS)
    rows = compare(selection, changed(conda=(record("libzlib", "1.3.1", "h9_9"), *HERE.conda[1:])))
    assert rows == (
        Finding(
            kind="different",
            package="libzlib",
            locked="1.3.1",
            installed="1.3.1",
            reason="build h1_2 of 1.3.1 is locked, build h9_9 is installed",
        ),
    )
