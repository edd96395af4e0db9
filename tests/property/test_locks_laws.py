"""Laws of the locks that hold for every input: order, spelling and damage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement

from mlenv.errors import MlenvError
from mlenv.locks import (
    LockContent,
    Target,
    parse_pylock,
    parse_pyproject,
    parse_requirements,
    parse_uv_lock,
    relock_findings,
    render_requirements,
    seal,
)
from mlenv.locks.requirement import same_marker, written
from mlenv.model import Declared, Pin
from mlenv.versions import satisfies

DATA = Path(__file__).resolve().parent.parent / "data" / "locks"
HERE = Target(markers={**default_environment(), "python_full_version": "3.11.7", "python_version": "3.11"})
PYLOCK = (DATA / "pylock-uv" / "pylock.toml").read_text()
SEALED = seal(PYLOCK, ["six", "humanize<4.10"])
UV_LOCK = (DATA / "uv-forks" / "uv.lock").read_text()
COMPILED = render_requirements(["six==1.17.0", "idna==3.7", "humanize==4.9.0"])


def error_of(read: Callable[[], object]) -> MlenvError | None:
    """Return the one clear error of a reader, ``None`` where it found an answer; anything else is a fault."""
    try:
        read()
    except MlenvError as problem:
        return problem
    return None


names = st.sampled_from(["six", "idna", "Ruamel.Yaml", "zope_interface", "a-b.c"])
version = st.builds("{}.{}".format, st.integers(0, 3), st.integers(0, 9))
clauses = st.lists(st.builds("{}{}".format, st.sampled_from([">=", "<", "!=", "~=", "=="]), version), max_size=3)
extras = st.lists(st.sampled_from(["fast", "all", "x_y"]), max_size=2, unique=True)
atoms = st.sampled_from(
    [
        "python_version < '3.10'",
        "python_version >= '3.12'",
        "python_full_version > '3.11.4'",
        "sys_platform == 'win32'",
        "sys_platform != 'darwin'",
        "platform_machine == 'arm64'",
        "implementation_name == 'cpython'",
        "os_name == 'nt'",
    ]
)
markers = st.recursive(
    atoms, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
)


@st.composite
def requirements(draw: st.DrawFn) -> tuple[str, str]:
    """Two spellings of one requirement."""
    name, wanted, named = draw(names), draw(clauses), draw(extras)
    marker = draw(st.one_of(st.just(""), markers))
    inner = f"[{','.join(named)}]" if named else ""
    first = f"{name}{inner}{','.join(wanted)}" + (f" ; {marker}" if marker else "")
    other = name.upper().replace("-", "_").replace(".", "-")
    shuffled = draw(st.permutations(wanted))
    spaced = f"[ {' , '.join(reversed(named))} ]" if named else ""
    second = f"{other} {spaced} {' , '.join(shuffled)}" + (f" ; ({marker})" if marker else "")
    return first, second


@given(requirements())
def test_a_changed_spelling_never_asks_for_a_new_lock(texts: tuple[str, str]) -> None:
    first, second = texts
    content = LockContent(recorded=(first,))
    assert relock_findings((), content, (second,)) == ()
    assert written(Requirement(first)).count(";") == first.count(";")


@given(st.lists(st.tuples(names, clauses), max_size=5), st.lists(st.tuples(names, clauses), max_size=5), st.randoms())
def test_the_order_of_requirements_never_matters(now: list[object], then: list[object], random) -> None:  # type: ignore[no-untyped-def]
    new = [f"{name}{','.join(wanted)}" for name, wanted in now]  # type: ignore[misc,attr-defined]
    old = [f"{name}{','.join(wanted)}" for name, wanted in then]  # type: ignore[misc,attr-defined]
    first = relock_findings((), LockContent(recorded=tuple(old)), new)
    random.shuffle(new)
    random.shuffle(old)
    second = relock_findings((), LockContent(recorded=tuple(old)), new)
    assert {(row.package, row.kind) for row in first} == {(row.package, row.kind) for row in second}
    assert relock_findings((), LockContent(recorded=tuple(old)), old) == ()


@given(names, clauses, version)
def test_without_a_record_a_pin_is_out_of_step_exactly_if_its_specifier_rejects_it(
    name: str, wanted: list[str], pinned: str
) -> None:
    requirement = Requirement(f"{name}{','.join(wanted)}")
    row = Declared(name=name, text=written(requirement), origin="pyproject.toml")
    content = LockContent(pins=(Pin(name=name, version=pinned),))
    assert bool(relock_findings((row,), content)) == (satisfies(pinned, ",".join(wanted)) is False)


@given(markers, markers)
@settings(max_examples=60, deadline=None)
def test_markers_are_the_same_only_if_they_hold_in_the_same_places(a: str, b: str) -> None:
    assert same_marker(Marker(a), Marker(f"({a}) or ({a} and {b})"))
    assert same_marker(Marker(f"{a} and {b}"), Marker(f"{b} and {a}"))
    if same_marker(Marker(a), Marker(b)):
        assert Marker(a).evaluate(dict(HERE.markers)) == Marker(b).evaluate(dict(HERE.markers))


@given(st.integers(0, len(SEALED) - 2))
def test_a_sealed_lock_cut_anywhere_is_an_error(length: int) -> None:
    with pytest.raises(MlenvError) as problem:
        parse_pylock(SEALED[:length], "pylock.toml", HERE)
    assert problem.value.code in {"lock-truncated", "lock-unreadable"}


@given(st.integers(COMPILED.index("\n"), len(COMPILED) - 2))
def test_a_list_that_mlenv_wrote_cut_anywhere_is_an_error(length: int) -> None:
    with pytest.raises(MlenvError) as problem:
        parse_requirements(COMPILED[:length], "requirements.txt", HERE, {}.get)
    assert problem.value.code == "requirements-truncated"


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_happens_to_a_file_there_is_an_answer_or_one_clear_error(data: st.DataObject) -> None:
    which, text = data.draw(st.sampled_from([("pylock", PYLOCK), ("uv", UV_LOCK), ("sealed", SEALED)]))
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 40))
    put = data.draw(st.sampled_from(["", "\n", '"', "[[packages]]\n", "x = 1\n", "[]", "{", "=", "<<<<<<< a\n", "0"]))
    damaged = text[:at] + put + text[at + gone :]
    if which == "uv":
        problem = error_of(lambda: parse_uv_lock(damaged, "uv.lock", HERE, root_name="forks"))
    else:
        problem = error_of(lambda: parse_pylock(damaged, "pylock.toml", HERE))
    assert problem is None or (problem.code.startswith(("lock-", "marker-")) and problem.where)


@given(st.text(max_size=60))
def test_any_text_is_a_requirements_list_or_one_clear_error(text: str) -> None:
    problem = error_of(lambda: parse_requirements(text, "requirements.txt", HERE, {}.get))
    assert problem is None or problem.where.startswith("requirements.txt")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_requirements_list_or_one_clear_error(data: bytes) -> None:
    problem = error_of(lambda: parse_requirements(data, "requirements.txt", HERE, {}.get))
    assert problem is None or problem.where.startswith("requirements.txt")


toml_values = st.recursive(
    st.one_of(st.just("1"), st.just("true"), st.just('"six"'), st.just('"???"'), st.just('">=3"')),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        st.builds("{{ {} = {} }}".format, st.sampled_from(["a", "include-group", "path", "git"]), inner),
    ),
    max_leaves=4,
)
tables = st.sampled_from(
    [
        "project",
        "project.optional-dependencies",
        "dependency-groups",
        "tool.uv",
        "tool.uv.sources",
        "tool.mlenv",
        "tool",
    ]
)
keys = st.sampled_from(
    ["name", "dependencies", "requires-python", "dynamic", "a", "dev", "sources", "default-groups", "dev-dependencies",
     "groups", "mlenv", "uv", "poetry", "optional-dependencies"]
)  # fmt: skip


@given(st.lists(st.tuples(tables, keys, toml_values), max_size=4, unique_by=lambda row: row[0]))
@settings(max_examples=300)
def test_any_pyproject_is_read_or_is_one_clear_error(rows: list[tuple[str, str, str]]) -> None:
    text = "\n".join(f"[{table}]\n{key} = {item}" for table, key, item in rows)
    problem = error_of(lambda: parse_pyproject(text, "pyproject.toml", HERE, (), None))
    assert problem is None or problem.where.startswith("pyproject.toml")
