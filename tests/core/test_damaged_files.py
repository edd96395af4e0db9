"""Damage that once came out of a reader as another exception, or was taken for a shorter lock: found by the fuzz."""

from __future__ import annotations

import json

import pytest
from locks_project import chosen, read, target

from mlenv.errors import MlenvError
from mlenv.freezing.sources import address
from mlenv.installed import parse_direct_url, parse_record
from mlenv.locks import parse_pylock, render_requirements, seal
from mlenv.manifest_edit import add_dependencies
from mlenv.model import Source
from mlenv.selection_text import parse_selection, selection_text
from mlenv.versions import key, satisfies

UV = read("uv-forks/uv.lock")
CONFLICTS = read("uv-conflicts/uv.lock")
SEALED = seal(read("pylock-uv/pylock.toml"), ["six", "humanize<4.10"])
LISTED = render_requirements(["six==1.17.0", "idna==3.7"])
DEEP = "[" * 5000
BIG = "9" * 5000
PROJECT = '[project]\nname = "demo"\nversion = "1"\n'


def code_of(files: dict[str, bytes | str]) -> str:
    with pytest.raises(MlenvError) as caught:
        chosen(files)
    assert caught.value.where
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("uv.lock", UV + f"\nx = {DEEP}", "lock-unreadable"),
        ("uv.lock", UV + f"\nx = {BIG}", "lock-unreadable"),
        ("uv.lock", UV.replace('source = { registry = "', 'source = { url = "http://['), "lock-unreadable"),
        ("uv.lock", CONFLICTS.replace("conflicts = [", 'conflicts = [["x"],', 1), "lock-unreadable"),
        ("requirements.txt", "six @ http://[\n", "requirements-unreadable"),
        ("requirements.txt", "http://[/six.whl\n", "requirements-unreadable"),
        ("requirements.txt", "git+https://host.example/a#egg=a b\n", "requirements-unreadable"),
        ("requirements.txt", "./a.whl ; python_\n", "requirements-unreadable"),
        ("requirements.txt", f"six=={BIG}\n", "requirements-unreadable"),
        ("requirements.txt", f"six ; {'(' * 900}os_name == 'nt'{')' * 900}\n", "requirements-unreadable"),
        ("pyproject.toml", PROJECT + f"x = {DEEP}", "manifest-unreadable"),
        ("pyproject.toml", PROJECT + f'requires-python = ">={BIG}"\n', "manifest-unreadable"),
        ("pyproject.toml", PROJECT + '[dependency-groups]\na = ["x @ http://["]\n', "manifest-unreadable"),
        ("mlenv.toml", f"x = {DEEP}", "settings-unreadable"),
    ],
)
def test_what_cannot_be_read_is_one_error_with_its_place(name: str, text: str, code: str) -> None:
    files: dict[str, bytes | str] = {name: text}
    if name == "requirements.txt":  # as a lock that is asked for by name: nothing else may hide the error
        files["mlenv.toml"] = 'lock = "requirements.txt"\n'
    assert code_of(files) == code


def test_an_address_of_uv_sources_that_is_none_is_an_error_of_the_manifest() -> None:
    text = PROJECT + 'dependencies = ["six"]\n[tool.uv.sources]\nsix = { url = "http://[" }\n'
    assert code_of({"pyproject.toml": text, "uv.lock": UV}) == "manifest-unreadable"


def test_a_sealed_lock_without_its_head_is_recognised_by_its_end() -> None:
    shorter = SEALED.replace('created-by = "mlenv"', 'created-by = "x"')
    start = shorter.index("[[packages]]")
    shorter = shorter[:start] + shorter[shorter.index("[[packages]]", start + 1) :]
    assert code_of({"pylock.toml": shorter}) == "lock-truncated"


def test_a_sealed_lock_in_another_spelling_is_still_sealed() -> None:
    edited = SEALED.replace('created-by = "mlenv"', '"created-by" = "mlenv"')
    content = parse_pylock(edited, "pylock.toml", target())
    assert [finding.kind for finding in content.findings] == ["relock"]


def test_a_list_of_mlenv_without_its_head_is_recognised_by_its_end_even_half_of_it() -> None:
    rows = LISTED.splitlines(keepends=True)
    selected = chosen({"requirements.txt": "".join([rows[1], rows[-1]])})
    assert [finding.kind for finding in selected.selection.findings] == ["note"]
    assert code_of({"requirements.txt": rows[1] + rows[-1][:40], "mlenv.toml": 'lock = "requirements.txt"'}) == (
        "requirements-truncated"
    )


@pytest.mark.parametrize("change", [{"pins": [{"name": 1}]}, {"root": []}, {"exact": "yes"}, {"groups": [1]}])
def test_a_cached_selection_with_wrong_types_is_none(change: dict[str, object]) -> None:
    plain = json.loads(selection_text(chosen({"uv.lock": UV}).selection, "1"))
    plain["selection"].update(change)
    assert parse_selection(json.dumps(plain)) is None
    assert parse_selection('{"schema": 1, "selection": ' + DEEP) is None


def test_odd_metadata_is_read_as_far_as_it_goes() -> None:
    assert parse_direct_url('{"url": "http://["}') == Source(kind="url")
    assert parse_direct_url('{"url": ' + DEEP) == Source(kind="url")
    assert address('{"url": "https://[", "archive_info": {}}') is None
    assert parse_record(f"a.py,sha256=x,{BIG}\nb.py,,\u00b2\n") == (("a.py", "sha256=x", None), ("b.py", "", None))
    assert key(BIG) is None
    assert satisfies("1.0", f">={BIG}") is None


@pytest.mark.parametrize(
    "text",
    ['project = "x"\n', 'tool = "x"\n', "[project]\ndependencies = true\n", "[project]\nx = " + "[" * 5000],
)
def test_a_manifest_that_cannot_be_edited_is_one_error(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        add_dependencies(text, ["six"])
    assert caught.value.code == "manifest-unreadable"
    assert caught.value.where


def test_a_lock_for_a_python_of_thousands_of_digits_is_no_lock() -> None:
    text = f'lock-version = "1.0"\ncreated-by = "x"\nrequires-python = ">={BIG}"\npackages = []\n'
    with pytest.raises(MlenvError) as caught:
        parse_pylock(text, "pylock.toml", target())
    assert caught.value.code == "file-too-large"


def test_a_newer_minor_version_of_pylock_is_told_as_a_note_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    text = read("pylock-uv/pylock.toml")
    newer = parse_pylock(text.replace('lock-version = "1.0"', 'lock-version = "1.7"'), "pylock.toml", target())
    assert newer.pins == parse_pylock(text, "pylock.toml", target()).pins
    assert [(finding.kind, "1.7" in finding.reason) for finding in newer.findings] == [("note", True)]
    for odd in ("1.0.post1", "1." * 500 + "1"):
        with pytest.raises(MlenvError) as caught:
            parse_pylock(text.replace('lock-version = "1.0"', f'lock-version = "{odd}"'), "pylock.toml", target())
        assert caught.value.where == "pylock.toml: lock-version"
        assert len(caught.value.message) < 100
    assert capfd.readouterr() == ("", "")
