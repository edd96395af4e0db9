"""What is written is what is read, and a change that is taken back leaves no trace."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from packaging.markers import default_environment

from mlenv import drift, render
from mlenv.errors import MlenvError
from mlenv.kernel.display import report_of
from mlenv.locks import Target, parse_pylock, parse_pyproject, parse_requirements, render_requirements, seal
from mlenv.manifest_edit import add_dependencies, add_requirements, remove_dependencies, remove_requirements
from mlenv.model import (
    Counts,
    Declared,
    EnvironmentFacts,
    FileStamp,
    Finding,
    KernelRef,
    Pin,
    ProjectRef,
    Report,
    Selection,
    Source,
)
from mlenv.selection_text import parse_selection, selection_text
from mlenv.versions import normalise

DATA = Path(__file__).resolve().parents[1] / "data" / "locks"
HERE = Target(markers={**default_environment(), "python_full_version": "3.11.7", "python_version": "3.11"})

texts = st.text(max_size=12)
maybe = st.none() | texts
names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4})?", fullmatch=True)
versions = st.builds(
    "{}.{}{}".format, st.integers(0, 30), st.integers(0, 99), st.sampled_from(["", "rc1", ".post2", "+cpu"])
)
sources = st.builds(Source, kind=st.sampled_from(["index", "url", "vcs", "path", "editable"]), url=texts, commit=texts)
pins = st.builds(Pin, name=names, version=maybe, source=st.just(Source(kind="index")) | sources, specifier=texts)
kinds = st.sampled_from(drift.KINDS)
findings = st.builds(
    Finding, kind=kinds, reason=texts, package=maybe, declared=maybe, locked=maybe, installed=maybe, loaded=maybe
)
stamps = st.builds(FileStamp, path=texts, mtime_ns=st.integers(-1), size=st.integers(0), inode=st.integers(0))
rows = st.tuples(texts, texts).map(tuple)
selections = st.builds(
    Selection,
    root=texts, name=texts, manifest=maybe, lock=maybe, kind=maybe, exact=st.booleans(),
    pins=st.lists(pins, max_size=4).map(tuple),
    declared=st.lists(st.builds(Declared, name=names, text=texts, origin=texts), max_size=3).map(tuple),
    findings=st.lists(findings, max_size=3).map(tuple),
    requires_python=texts, extras=rows, groups=rows, python=texts,
    inputs=st.lists(stamps, max_size=3).map(tuple), reason=texts, environment=maybe,
)  # fmt: skip


@given(selections, texts)
def test_a_selection_is_read_as_it_was_written(selection: Selection, version: str) -> None:
    text = selection_text(selection, version)
    assert parse_selection(text, version) == selection
    assert selection_text(parse_selection(text) or selection, version) == text


@given(selections, st.data())
@settings(max_examples=60)
def test_a_selection_that_is_cut_anywhere_is_none(selection: Selection, data: st.DataObject) -> None:
    text = selection_text(selection, "1")
    assert parse_selection(text[: data.draw(st.integers(0, len(text) - 1))]) is None


reports = st.builds(
    lambda found, facts, project, kernel, loaded, counts, lock: drift.report(
        Selection(root="/work/demo", name="demo", lock=lock, kind=lock and "uv", findings=found), facts, None, None, kernel
    )
    if project is None
    else Report(
        verdict="sync", next=drift.report(None, facts, None).next, project=project, environment=facts, lock_path=lock,
        kernel=kernel, loaded_measured=loaded, findings=found, counts=counts, reason=lock or "",
    ),
    st.lists(findings, max_size=4).map(tuple),
    st.builds(EnvironmentFacts, prefix=maybe, python=maybe, engine=maybe),
    st.none() | st.builds(ProjectRef, root=texts, name=texts, manifest=maybe),
    st.none() | st.builds(KernelRef, prefix=texts, name=texts),
    st.booleans(),
    st.builds(Counts, locked=st.integers(0), installed=st.integers(0), compared=st.integers(0)),
    maybe,
)  # fmt: skip


@given(reports)
def test_a_report_goes_over_the_wire_and_comes_back(report: Report) -> None:
    wire = render.report_json(report)
    assert render.report_json(report_of(json.loads(json.dumps(wire)))) == wire


pinned = st.dictionaries(names, versions, min_size=1, max_size=8)


@given(pinned)
def test_a_list_that_mlenv_writes_is_read_as_the_same_pins(wanted: dict[str, str]) -> None:
    text = render_requirements([f"{name}=={version}" for name, version in wanted.items()])
    found = parse_requirements(text, "requirements.txt", HERE, {}.get)
    assert {pin.name: pin.version for pin in found.pins} == {normalise(name): wanted[name] for name in wanted}
    assert found.closed
    assert not found.findings
    assert text == render_requirements([f"{name}=={version}" for name, version in reversed(wanted.items())])


@given(st.lists(names, max_size=4, unique=True), st.lists(names, max_size=2), st.sampled_from(["", ">=3.9"]))
def test_a_lock_that_mlenv_seals_says_what_it_was_made_for(asked: list[str], groups: list[str], pythons: str) -> None:
    body = (DATA / "pylock-uv" / "pylock.toml").read_text()
    text = seal(body, asked, groups=groups, requires_python=pythons)
    found, plain = parse_pylock(text, "pylock.toml", HERE), parse_pylock(body, "pylock.toml", HERE)
    assert found.pins == plain.pins
    assert found.hashes == plain.hashes
    assert (sorted(found.recorded or ()), found.recorded_python) == (sorted(asked), pythons)
    assert set(groups) <= set(found.groups)
    assert not found.findings
    assert seal(text, asked, groups=groups, requires_python=pythons) == text


# --- manifests ---

# Only a file with a `[project]` table is written into: what is Poetry's or PDM's own is theirs to change.
MANIFESTS = [text for path in sorted(DATA.glob("*/pyproject.toml")) if "[project]" in (text := path.read_text())]
COMMENTED = """\
# first
[project]  # the project
name = "demo"
version = "1"
dependencies = [
    # numbers
    "numpy>=1.26,<3",  # the ABI
    'pandas',
    # end
]

[dependency-groups]
dev = ["pytest"]  # to test with
"""
LISTS = ["# head\nsix<2  # old\n\n-r other.txt\nidna\n", "six\n", "", "b==1 \\\n    --hash=sha256:00\na\n"]
specifiers = st.sampled_from(["", "<9", ">=1,<2", "==3.1", "[fast]>=2", " ; python_version > '3.8'"])


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


@given(st.sampled_from([COMMENTED, *MANIFESTS]), names, specifiers, st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_dependency_that_is_added_and_removed_leaves_the_meaning_and_the_comments(
    text: str, name: str, specifier: str, windows: bool
) -> None:
    before = parse_pyproject(text, "pyproject.toml", HERE)
    assume(normalise(name) not in {row.name for row in before.declared} | {normalise(before.name)})
    text = text.replace("\n", "\r\n") if windows else text
    added = add_dependencies(text, [name + specifier])
    assert normalise(name) in {normalise(row.partition("[")[0]) for row in _names(added)}
    removed = remove_dependencies(added, [name])
    old, new = tomllib.loads(text), tomllib.loads(removed)
    old["project"].setdefault("dependencies", [])
    assert new == old
    assert comments(removed) == comments(text)
    assert ("\r\n" in removed) is ("\r\n" in text)
    assert add_dependencies(added, [name + specifier]) == added


def _names(text: str) -> list[str]:
    rows = tomllib.loads(text)["project"]["dependencies"]
    return [row.replace("<", " ").replace(">", " ").replace("=", " ").replace(";", " ").split()[0] for row in rows]


@given(st.sampled_from(LISTS), names, specifiers)
def test_a_row_that_is_added_and_removed_leaves_the_list_as_it_was(text: str, name: str, specifier: str) -> None:
    assume(name not in {"six", "idna", "a", "b"})
    added = add_requirements(text, [name + specifier])
    assert remove_requirements(added, [name]) == text
    assert add_requirements(added, [name + specifier]) == added


@given(st.sampled_from([COMMENTED, *MANIFESTS]), names)
def test_what_is_not_declared_cannot_be_removed(text: str, name: str) -> None:
    assume(f'"{name}' not in text)
    with pytest.raises(MlenvError) as caught:
        remove_dependencies(text, [name])
    assert caught.value.code in {"not-declared", "manifest-no-project", "manifest-dynamic"}
