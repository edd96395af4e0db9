"""Pipfile: what a person declared for Pipenv, as Pipenv itself understands it."""

from __future__ import annotations

import pytest
from locks_project import chosen, files_of, kinds, read, target, versions

from mlenv.errors import MlenvError
from mlenv.locks.content import Manifest
from mlenv.locks.pipenv_lock import parse_pipfile_lock
from mlenv.locks.pipfile import parse_pipfile

ENTRIES = "pipenv-entries/Pipfile"


def parsed(text: str, *groups: str, python: str = "3.11.7", system: str = "linux") -> Manifest:
    return parse_pipfile(text, "Pipfile", target(python, system), groups)


def texts(manifest: Manifest) -> list[str]:
    return [row.text for row in manifest.declared]


def test_the_packages_that_apply_are_declared_as_pipenv_lists_them() -> None:
    """The rows of ``pipenv requirements --from-pipfile``, with the Pipfile's own ranges."""
    assert texts(parsed(read(ENTRIES))) == [
        "local-lib @ file:./lib",
        "six==1.16.0",
        "idna>=3.4,<4",
        "requests[socks]",
    ]
    windows = parsed(read(ENTRIES), python="3.10.1", system="win32")
    assert [text for text in texts(windows) if text in ("colorama", "tomli")] == ["colorama"]
    old = parsed(read(ENTRIES), python="3.10.1")
    assert [text for text in texts(old) if text in ("colorama", "tomli")] == ["tomli"]


def test_every_declared_package_is_in_the_lock_that_pipenv_made() -> None:
    manifest = parsed(read(ENTRIES), "dev", "docs-tools")
    lock = parse_pipfile_lock(read("pipenv-entries/Pipfile.lock"), "Pipfile.lock", target(), ("dev", "docs-tools"))
    locked = {pin.name for pin in lock.pins}
    assert {row.name for row in manifest.declared} < locked
    assert [row.origin for row in manifest.declared[-2:]] == ["Pipfile [dev]", "Pipfile [docs-tools]"]


def test_all_categories_are_groups_and_the_whole_is_there_for_every_interpreter() -> None:
    manifest = parsed(read(ENTRIES))
    assert manifest.groups == ("dev", "docs-tools")
    assert manifest.declares
    assert set(manifest.everything) - set(manifest.requirements) == {"pytest~=8.0", "markdown"}
    marker = 'python_version < "3.11" and platform_machine == "x86_64"'
    assert f"tomli ; {marker}" in manifest.requirements


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ('python_version = "3.11"', "==3.11.*"),
        ('python_version = "3"', "==3.*"),
        ('python_full_version = "3.11.7"', "==3.11.7"),
        ('python_version = "3.11"\npython_full_version = "3.11.7"', "==3.11.7"),
        ('python_version = ">=3.9,<4"', ">=3.9,<4"),
        ('python_version = "*"', ""),
        ("", ""),
    ],
)
def test_the_python_that_it_requires_is_a_range(lines: str, wanted: str) -> None:
    assert parsed(f"[requires]\n{lines}\n").requires_python == wanted


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ('"*"', "six"),
        ('""', "six"),
        ('"==*"', "six"),
        ('"1.16"', "six==1.16"),
        ('"(>=1.0)"', "six>=1.0"),
        ('" ~= 1.16 "', "six~=1.16"),
        ('"==1.*"', "six==1.*"),
        ("{}", "six"),
        ('{version = "1.16", index = "private", hashes = ["sha256:00"]}', "six==1.16"),
        ('{git = "https://host.example/six.git", ref = "1.16"}', "six @ git+https://host.example/six.git@1.16"),
        (
            '{git = "git+https://host.example/six.git#egg=six", editable = true}',
            "six @ git+https://host.example/six.git",
        ),
        (
            '{git = "https://host.example/six.git", subdirectory = "python"}',
            "six @ git+https://host.example/six.git#subdirectory=python",
        ),
        ('"git+https://host.example/six.git@main"', "six @ git+https://host.example/six.git@main"),
        ('{path = "../six", editable = true}', "six @ file:../six"),
        ('{path = ".", extras = ["b", "a"]}', "six[a,b] @ file:."),
        ('{file = "https://host.example/six-1-py3-none-any.whl"}', "six @ https://host.example/six-1-py3-none-any.whl"),
    ],
)
def test_every_form_of_an_entry_has_its_pep_508_text(entry: str, text: str) -> None:
    assert texts(parsed(f"[packages]\nsix = {entry}\n")) == [text]


@pytest.mark.parametrize(
    ("keys", "marker"),
    [
        ("""sys_platform = "== 'win32'\"""", 'sys_platform == "win32"'),
        ('sys_platform = "win32"', 'sys_platform == "win32"'),
        ("""os_name = "!= 'nt'\"""", 'os_name != "nt"'),
        ("""python_version = "in '3.9 3.10'\"""", 'python_version in "3.9 3.10"'),
        (
            """markers = "python_version < '3.9' or os_name == 'nt'", platform_machine = "== 'x86_64'\"""",
            '(python_version < "3.9" or os_name == "nt") and platform_machine == "x86_64"',
        ),
    ],
)
def test_keys_that_stand_for_markers_are_markers(keys: str, marker: str) -> None:
    assert parsed(f'[packages]\nsix = {{version = "*", {keys}}}\n').requirements == (f"six ; {marker}",)


def test_a_name_that_pipenv_made_up_for_a_folder_is_not_taken_for_a_package() -> None:
    manifest = parsed('[packages]\n"e1839a8" = {path = ".", editable = true}\nsix = "*"\n')
    assert texts(manifest) == ["six"]
    assert manifest.requirements == ("six",)
    assert [(row.kind, "does not say which package" in row.reason) for row in manifest.findings] == [("note", True)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[packages\n", "Pipfile: line 1"),
        ('{"_meta": {}}', "Pipfile: line 1"),
        ("packages = 1\n", "Pipfile: packages"),
        ("[packages]\nsix = 1\n", "Pipfile: packages.six"),
        ('[packages]\n"../x" = "*"\n', "Pipfile: packages.../x"),
        ('[packages]\nsix = "one"\n', "Pipfile: packages.six"),
        ('[packages]\nsix = {version = "*", markers = "x y"}\n', "Pipfile: packages.six"),
        ('[dev-packages]\nsix = {extras = "a"}\n', "Pipfile: dev-packages.six.extras"),
        ('[requires]\npython_version = "three"\n', "Pipfile: requires.python_version"),
        ("[requires]\npython_version = 3.11\n", "Pipfile: requires.python_version"),
        ('<<<<<<< HEAD\n[packages]\nsix = "*"\n=======\n', "Pipfile: line 1"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, place: str) -> None:
    with pytest.raises(MlenvError) as caught:
        parsed(text)
    assert caught.value.code == "manifest-unreadable"
    assert (caught.value.where or "").startswith(place)
    assert caught.value.hint


REAL = files_of("fingerprint-pipenv/Pipfile", "fingerprint-pipenv/Pipfile.lock")


def test_a_pipfile_and_the_lock_that_pipenv_just_wrote_agree() -> None:
    """The digest decides; another requirement, category or Python gives another one, a comment does not."""
    selected = chosen(REAL)
    assert kinds(selected) == []
    assert (selected.selection.manifest, selected.selection.kind) == ("Pipfile", "pipenv")
    text = REAL["Pipfile"].decode()
    assert kinds(chosen({**REAL, "Pipfile": f"# mine\n{text}\n[scripts]\nx = 'y'\n"})) == []
    for old, new in (
        ("[packages]", '[packages]\nsix = "*"'),
        ("[docs]", '[docs]\nsix = "*"'),
        ('python_version = "3.11"', 'python_version = "3"'),
    ):
        assert old in text
        found = chosen({**REAL, "Pipfile": text.replace(old, new, 1)}).selection.findings
        assert {row.kind for row in found} == {"relock"}, new


def test_a_pipfile_without_a_lock_declares() -> None:
    selected = chosen(files_of(ENTRIES))
    assert [row.text for row in selected.selection.declared] == texts(parsed(read(ENTRIES)))
    assert (selected.selection.manifest, selected.selection.lock) == ("Pipfile", None)
    assert kinds(selected) == []
    assert kinds(chosen(files_of(ENTRIES), "3.12.1")) == [("python", None)]


def test_categories_are_chosen_as_groups() -> None:
    files = files_of(ENTRIES, "pipenv-entries/Pipfile.lock")
    assert "markdown" in versions(chosen(files, groups=("docs-tools",)))
    declared = [row.name for row in chosen(files, groups=("dev",)).selection.declared]
    assert declared[-1] == "pytest"
    with pytest.raises(MlenvError) as caught:
        chosen(files, groups=("doc-tools",))
    assert (caught.value.code, caught.value.hint) == ("group-unknown", "Did you mean 'docs-tools'?")


def test_a_number_that_python_refuses_is_an_error_with_a_place() -> None:
    with pytest.raises(MlenvError) as caught:
        parse_pipfile_lock('{"_meta": ' + "1" * 5000 + "}", "Pipfile.lock", target())
    assert (caught.value.code, caught.value.where) == ("lock-unreadable", "Pipfile.lock")
