"""Locks one by one: sources, dependencies, wheels, and every kind of damage."""

from __future__ import annotations

import pytest
from locks_project import read, target

from mlenv.errors import MlenvError
from mlenv.locks import (
    LockContent,
    buildable,
    parse_pylock,
    parse_uv_lock,
    suggest_python,
    wheel_tags,
)
from mlenv.model import Pin, Source

HERE = target()
UV = read("uv-forks/uv.lock")
PYLOCK = read("pylock-uv/pylock.toml")
HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'
WHEEL = 'wheels = [{{ url = "https://e.org/{0}-{1}-{2}.whl", hashes = {{ sha256 = "a" }} }}]\n'


def package(name: str, version: str, tags: str = "py3-none-any", more: str = "") -> str:
    return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}{WHEEL.format(name, version, tags)}'


def test_every_kind_of_source_is_told_apart() -> None:
    pins = {pin.name: pin for pin in parse_uv_lock(read("uv-sources/uv.lock"), "uv.lock", HERE).pins}
    assert pins["from-git"].source == Source(
        kind="vcs", url="https://example.invalid/git-demo", commit="6eedf2c0b09565a3064fa7fa5ce460fa4d550594"
    )
    assert pins["tiny"] == Pin(name="tiny", source=Source(kind="editable", url="libs/tiny"))
    assert pins["plain-folder"] == Pin(name="plain-folder", source=Source(kind="path", url="libs/plain"))
    assert pins["toml"].source == Source(kind="path", url="wheels/toml-0.10.2-py2.py3-none-any.whl")
    assert (pins["iniconfig"].version, pins["iniconfig"].source.kind) == ("2.1.0", "url")
    assert pins["six"].source == Source(kind="index")


def test_pylock_sources_lose_user_names_and_tokens() -> None:
    rows = [
        'vcs = { type = "git", url = "https://me:t0ken@e.org/a.git", commit-id = "abc" }',
        'directory = { path = "./libs/b/", editable = true }',
        'archive = { url = "https://t0ken@e.org/c.zip", hashes = { sha256 = "a" } }',
    ]
    text = HEAD + "".join(f'[[packages]]\nname = "{name}"\n{row}\n' for name, row in zip("abc", rows, strict=True))
    assert [pin.source for pin in parse_pylock(text, "pylock.toml", HERE).pins] == [
        Source(kind="vcs", url="https://e.org/a.git", commit="abc"),
        Source(kind="editable", url="libs/b"),
        Source(kind="url", url="https://e.org/c.zip"),
    ]


def test_dependencies_are_told_where_the_format_tells_them() -> None:
    assert parse_uv_lock(read("uv-sources/uv.lock"), "uv.lock", HERE).dependencies["from-git"] == ("six",)
    assert parse_pylock(PYLOCK, "pylock.toml", HERE).dependencies == {}
    text = HEAD + package("a", "1", more='dependencies = [{ name = "b" }, { name = "gone" }]\n') + package("b", "1")
    assert parse_pylock(text, "pylock.toml", HERE).dependencies == {"a": ("b",), "b": ()}


def test_a_missing_wheel_does_not_hide_the_pin_and_is_found_before_a_build() -> None:
    text = HEAD + package("a", "1", "cp39-cp39-manylinux2014_x86_64") + package("b", "1")
    content = parse_pylock(text, "pylock.toml", HERE)
    assert [pin.name for pin in content.pins] == ["a", "b"]
    assert buildable(content, HERE) == ("a",)
    assert buildable(content, target("3.9.18")) == ()
    assert buildable(content, target("3.9.18", "win32")) == ("a",)
    assert wheel_tags(content.wheels["a"]) == ("cp39-cp39-manylinux2014_x86_64",)


def test_only_sources_means_a_build_and_direct_references_are_not_judged() -> None:
    content = LockContent(
        pins=(
            Pin(name="a", version="1"),
            Pin(name="b", source=Source(kind="vcs", url="x")),
            Pin(name="c", version="1"),
        ),
        sdists=frozenset({"a"}),
    )
    assert buildable(content, HERE) == ("a",)


def test_a_python_with_wheels_for_everything_is_suggested() -> None:
    wheels = {
        "numpy": tuple(f"numpy-1.19.5-{tag}-{tag}-manylinux2014_x86_64.whl" for tag in ("cp37", "cp38", "cp39")),
        "other": ("other-1-cp38-abi3-manylinux_2_17_x86_64.whl",),
    }
    assert suggest_python(wheels, target("3.12.1")) == "3.9"
    assert suggest_python(wheels, target("3.12.1"), "<3.9") == "3.8"
    assert suggest_python(wheels, target("3.12.1"), "", ("3.9",)) == "3.8"
    assert suggest_python(wheels, target("3.12.1", "darwin")) is None


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "lock-truncated", "pylock.toml"),
        (PYLOCK[:700], "lock-truncated", "pylock.toml: end of file"),
        ("<html>", "lock-unreadable", "pylock.toml: line 1"),
        (HEAD + "<<<<<<< HEAD\n", "lock-unreadable", "pylock.toml: line 3"),
        (PYLOCK.replace('lock-version = "1.0"', 'lock-version = "2.0"'), "lock-version-unsupported", "pylock.toml: lock-version"),
        (HEAD.replace('"1.0"', "1"), "lock-unreadable", "pylock.toml: lock-version"),
        (HEAD, "lock-unreadable", "pylock.toml: packages"),
        (HEAD + package("a", "1") + package("b", "one"), "lock-unreadable", "pylock.toml: packages[1].version"),
        (HEAD + package("a", "1") + package("B", "1"), "lock-unreadable", "pylock.toml: packages[1].name"),
        (HEAD + package("a", "1") + package("b", "1") + package("a", "2"), "lock-unreadable", "pylock.toml: packages[2]"),
        (HEAD + package("a", "1", more='marker = "what"\n'), "lock-unreadable", "pylock.toml: packages[0].marker"),
        (HEAD + package("a", "1", more="marker = \"os_name ~= 'x'\"\n"), "marker-unreadable", "pylock.toml: packages[0].marker"),
    ],
)  # fmt: skip
def test_a_damaged_pylock_is_one_error_that_names_the_place(text: str, code: str, where: str) -> None:
    with pytest.raises(MlenvError) as problem:
        parse_pylock(text, "pylock.toml", HERE)
    assert (problem.value.code, problem.value.where) == (code, where)


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "lock-truncated", "uv.lock"),
        (UV[:-30], "lock-truncated", "uv.lock: end of file"),
        (UV.replace("version = 1\n", "version = 9\n", 1), "lock-version-unsupported", "uv.lock: version"),
        (UV.replace("version = 1\n", 'version = "1"\n', 1), "lock-unreadable", "uv.lock: version"),
        (UV.replace('name = "six"\n', "name = 6\n", 1), "lock-unreadable", "uv.lock: package[4].name"),
        (UV.replace("[[package]]\n", "<<<<<<< ours\n[[package]]\n", 1), "lock-unreadable", "uv.lock: line 10"),
        (UV + '[[package]]\nname = "six"\nversion = "1.17.0"\nsource = { registry = "https://index.example.org/simple" }\n',
         "lock-unreadable", "uv.lock: package[7]"),
        (UV.replace("'win32'", "win32", 1), "lock-unreadable", "uv.lock: package[1].dependencies[0].marker"),
        (UV.replace('name = "colorama"\n', 'name = "colour"\n', 1), "lock-unreadable", "uv.lock: package[1].dependencies[0]"),
        (UV.replace('requires-python = ">=3.9"', 'requires-python = "x"'), "lock-unreadable", "uv.lock: requires-python"),
        (UV.replace('{ registry = "https://index.example.org/simple" }', '{ moon = "x" }'), "lock-unreadable", None),
    ],
)  # fmt: skip
def test_a_damaged_uv_lock_is_one_error_that_names_the_place(text: str, code: str, where: str | None) -> None:
    with pytest.raises(MlenvError) as problem:
        parse_uv_lock(text, "uv.lock", target("3.12.1", "win32"), root_name="forks")
    assert problem.value.code == code
    assert where in (None, problem.value.where)
    assert problem.value.hint


def test_extras_that_exclude_each_other_are_refused_by_name() -> None:
    with pytest.raises(MlenvError) as problem:
        parse_uv_lock(read("uv-conflicts/uv.lock"), "uv.lock", HERE, ("old", "new"), (), "conf-demo")
    assert problem.value.code == "lock-ambiguous"
    assert "new and old exclude each other" in problem.value.message


def test_a_lock_of_another_project_is_told() -> None:
    text = "\n".join(["version = 1", '[[package]]\nname = "six"\nversion = "1"\nsource = { registry = "x" }'])
    content = parse_uv_lock(text, "uv.lock", HERE, root_name="demo")
    assert [(row.kind, content.pins) for row in content.findings] == [("relock", ())]


def test_a_uv_lock_without_metadata_does_not_record_what_was_asked_for() -> None:
    """Written by ``uv sync --preview`` (uv 0.13.8): nothing may be called changed since."""
    text = (
        'version = 1\nrevision = 5\nrequires-python = ">=3.11"\n'
        '[[package]]\nname = "demo"\nversion = "0.1.0"\nsource = { virtual = "." }\ndependencies = [{ name = "six" }]\n'
        '[[package]]\nname = "six"\nversion = "1.17.0"\nsource = { registry = "https://index.example.org/simple" }\n'
    )
    assert parse_uv_lock(text, "uv.lock", HERE, root_name="demo").recorded is None
    nothing = text.replace('dependencies = [{ name = "six" }]\n', "")
    assert parse_uv_lock(nothing, "uv.lock", HERE, root_name="demo").recorded == ()
