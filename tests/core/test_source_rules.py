"""Where a package comes from, by PEP 610: hashes of archives, places through links; and what is never extra or missing."""

from __future__ import annotations

import json

import pytest
from locks_project import chosen

from mlenv import drift, installed
from mlenv.model import Distribution, Finding, Installed, Pin, Selection, Source

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
URL = "https://files.example.org/core-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("archive_info", "expected"),
    [
        ({"hashes": {"sha256": "a" * 64}}, A),
        ({"hash": "sha256=" + "A" * 64}, A),
        ({"hash": "sha256=" + "b" * 64, "hashes": {"sha256": "a" * 64}}, A),
        ({"hashes": {"md5": "1"}}, ""),
        ({"hash": "md5=1"}, ""),
        ({}, ""),
        (None, ""),
        ([], ""),
        ({"hashes": [], "hash": 3}, ""),
        ({"hashes": {"sha256": 3}}, ""),
    ],
)
def test_the_hash_of_an_archive_is_read_in_both_spellings(archive_info: object, expected: str) -> None:
    """PEP 610: ``hashes`` takes the place of ``hash``; uv writes neither."""
    text = json.dumps({"url": URL, "archive_info": archive_info})
    assert installed.parse_direct_url(text) == Source(kind="url", url=URL, hash=expected)


@pytest.mark.parametrize(
    ("locked", "there", "same"),
    [(A, A, True), (A, "", True), ("", A, True), ("", "", True), (A, B, False)],
)
@pytest.mark.parametrize("kind", ["url", "path"])
def test_another_file_at_the_same_address_is_another_source(kind: str, locked: str, there: str, same: bool) -> None:
    """Where both hashes are told; an empty ``archive_info`` says nothing."""
    url = URL if kind == "url" else "/w/core-1.0-py3-none-any.whl"
    found = _compared(Source(kind=kind, url=url, hash=locked), Source(kind=kind, url=url, hash=there))
    assert [finding.kind for finding in found] == ([] if same else ["source"])
    if not same:
        assert "aaaa" in found[0].reason
        assert "bbbb" in found[0].reason


def _compared(locked: Source, there: Source, **words: object) -> tuple[Finding, ...]:
    asked = Selection(
        root="/p", name="p", lock="uv.lock", kind="uv", pins=(Pin(name="core", version="1.0", source=locked),)
    )
    return drift.compare(
        asked, Installed(distributions=(Distribution(name="core", version="1.0", source=there),)), **words
    )


def test_a_place_is_asked_after_only_where_the_texts_differ() -> None:
    """A folder under another of its names is the same; one that is elsewhere is not."""
    asked: list[tuple[str, str]] = []

    def same_place(one: str, other: str) -> bool:
        asked.append((one, other))
        return other == "/linked/libs/core"

    editable = Source(kind="editable", url="libs/core")
    assert _compared(editable, Source(kind="editable", url="/p/libs/core"), same_place=same_place) == ()
    assert asked == []
    assert _compared(editable, Source(kind="editable", url="/linked/libs/core"), same_place=same_place) == ()
    assert asked == [("/p/libs/core", "/linked/libs/core")]
    found = _compared(editable, Source(kind="editable", url="/other/core"), same_place=same_place)
    assert [finding.kind for finding in found] == ["source"]


@pytest.mark.parametrize(
    ("lock", "text"),
    [
        (
            "pylock.toml",
            'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "core"\nversion = "1.0"\n'
            f'archive = {{ url = "{URL}", hashes = {{ sha256 = "{"a" * 64}" }} }}\n',
        ),
        ("requirements.txt", f"core @ {URL} --hash={A}\n"),
        (
            "uv.lock",
            'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "p"\nversion = "1"\n'
            'source = { virtual = "." }\ndependencies = [{ name = "core" }]\n'
            f'[[package]]\nname = "core"\nversion = "1.0"\nsource = {{ url = "{URL}" }}\n'
            f'wheels = [{{ url = "{URL}", hash = "{A}" }}]\n',
        ),
        (
            "pdm.lock",
            '[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\n'
            'content_hash = "sha256:0"\n[[package]]\nname = "core"\nversion = "1.0"\nrequires_python = ">=3.9"\n'
            f'url = "{URL}"\nsummary = ""\ngroups = ["default"]\nfiles = [{{ file = "core-1.0-py3-none-any.whl", hash = "{A}" }}]\n',
        ),
    ],
)
def test_a_lock_that_names_one_file_tells_its_hash(lock: str, text: str) -> None:
    files = {lock: text}
    if lock != "requirements.txt":
        files["pyproject.toml"] = f'[project]\nname = "p"\nversion = "1"\ndependencies = ["core @ {URL}"]\n'
    (pin,) = chosen(files).selection.pins
    assert pin.source == Source(kind="url", url=URL, hash=A)


def test_a_package_of_an_index_has_no_hash_of_its_own() -> None:
    """Its files are many, and what was installed does not say which one it was."""
    text = f"six==1.17.0 --hash={A} --hash={B}\nidna==3.7 --hash={A}\n"
    assert {pin.source for pin in chosen({"requirements.txt": text}).selection.pins} == {Source(kind="index")}


@pytest.mark.parametrize(
    "seeds",
    [
        ("pip",),
        ("pip", "setuptools", "wheel"),
        ("pip", "setuptools", "wheel", "distribute", "pkg-resources", "uv"),
    ],
)
def test_what_other_tools_plant_in_an_environment_is_not_extra(seeds: tuple[str, ...]) -> None:
    """virtualenv, Poetry, PDM and Pipenv seed pip, setuptools and wheel; Debian's venv had pkg-resources."""
    asked = Selection(root="/p", name="p", lock="poetry.lock", kind="poetry", pins=(Pin(name="six", version="1.17.0"),))
    rows = [Distribution(name=name, version="1") for name in seeds]
    there = Installed(distributions=(Distribution(name="six", version="1.17"), *rows))
    assert drift.compare(asked, there) == ()


@pytest.mark.parametrize(
    ("locked", "there", "same"),
    [
        ("1.0", "1.0.0", True),
        ("1.0", "v1.0", True),
        ("1.0", "1", True),
        ("1.01", "1.1", True),
        ("1.0.post1", "1.0-1", True),
        ("1.0.post1", "1.0", False),
        ("1.0rc1", "1.0.RC1", True),
        ("1.0rc1", "1.0", False),
        ("1!1.0", "1.0", False),
        ("1!1.0", "1!1", True),
        ("2.5.1+cpu", "2.5.1+CPU", True),
        ("2.5.1+cpu", "2.5.1", False),
        ("2.5.1", "2.5.1+cu128", False),
        ("2.5.1+cpu", "2.5.1+cu128", False),
        ("1.0+ubuntu-1", "1.0+ubuntu.1", True),
        ("1.0.dev0", "1.0dev", True),
        ("2024.01.05", "2024.1.5", True),
    ],
)
@pytest.mark.parametrize("kind", ["uv", "pylock", "poetry", "pdm", "pipenv"])
def test_versions_are_equal_as_pep_440_says(kind: str, locked: str, there: str, same: bool) -> None:
    asked = Selection(root="/p", name="p", lock="a.lock", kind=kind, pins=(Pin(name="a", version=locked),))
    found = drift.compare(asked, Installed(distributions=(Distribution(name="a", version=there),)))
    assert [finding.kind for finding in found] == ([] if same else ["different"])
