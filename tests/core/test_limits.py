"""Files that hold more than any real one are refused at once, with their name and the limit."""

from __future__ import annotations

import time

import pytest
from locks_project import chosen

from mlenv.errors import MlenvError
from mlenv.locks.limits import (
    LARGEST_BYTES,
    LARGEST_MANIFEST_BYTES,
    LONGEST_LINE,
    MOST_ENTRIES,
    MOST_FILES,
    MOST_PACKAGES,
)
from mlenv.locks.requirement import same_marker
from mlenv.requirement_text import parse_marker

LIMIT_S = 2.0
PROJECT = '[project]\nname = "demo"\nversion = "1"\n'
NAMED = {"mlenv.toml": 'lock = "requirements.txt"\n'}


def refused(files: dict[str, bytes | str]) -> MlenvError:
    began = time.process_time()
    with pytest.raises(MlenvError) as caught:
        chosen(files)
    assert time.process_time() - began < LIMIT_S
    assert caught.value.where
    return caught.value


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("uv.lock", LARGEST_BYTES),
        ("pylock.toml", LARGEST_BYTES),
        ("requirements.txt", LARGEST_BYTES),
        ("pyproject.toml", LARGEST_MANIFEST_BYTES),
    ],
)
def test_a_file_that_is_too_large_is_not_read(name: str, most: int) -> None:
    files: dict[str, bytes | str] = {name: b"#" * (most + 1)}
    problem = refused({**files, **(NAMED if name == "requirements.txt" else {})})
    assert (problem.code, problem.where) == ("file-too-large", name)
    assert f"{most >> 20} MiB" in problem.message


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [
        ("uv.lock", "version = 1\n", '[[package]]\nname = "a{}"\nversion = "1"\nsource = {{ registry = "x" }}\n'),
        ("pylock.toml", 'lock-version = "1.0"\ncreated-by = "x"\n', '[[packages]]\nname = "a{}"\n'),
        ("requirements.txt", "", "a{}==1\n"),
    ],
)
def test_a_lock_of_too_many_packages_is_refused(name: str, head: str, row: str) -> None:
    text = head + "".join(row.format(n) for n in range(MOST_PACKAGES + 1))
    files: dict[str, bytes | str] = {name: text}
    assert refused({**files, **(NAMED if name == "requirements.txt" else {})}).code == "file-too-large"


def test_one_name_with_too_many_entries_is_refused() -> None:
    row = '[[package]]\nname = "a"\nversion = "{}"\nsource = {{ registry = "x" }}\n'
    text = "version = 1\n" + "".join(row.format(n) for n in range(MOST_ENTRIES + 1))
    assert refused({"uv.lock": text}).code == "file-too-large"


def test_files_that_include_each_other_without_end_are_refused() -> None:
    files: dict[str, bytes | str] = {f"r{n}.txt": f"-r r{n + 1}.txt\n" for n in range(MOST_FILES + 10)}
    assert refused({**files, **NAMED, "requirements.txt": "-r r0.txt\n"}).code == "file-too-large"


@pytest.mark.parametrize("fill", [" ", "\t", "#", " #", "\\"])
def test_a_line_of_megabytes_is_read_or_refused_at_once(fill: str) -> None:
    text = "six==1.0 " + fill * (2 * LONGEST_LINE // len(fill)) + "x\n"
    began = time.process_time()
    try:
        chosen({**NAMED, "requirements.txt": text})
    except MlenvError as problem:
        assert problem.code == "requirements-unreadable"  # noqa: PT017  # either is right, neither may take long
    assert time.process_time() - began < LIMIT_S


def test_groups_that_include_each_other_twice_do_not_double_without_end() -> None:
    rows = "".join(f'g{n} = [{{ include-group = "g{n + 1}" }}, {{ include-group = "g{n + 1}" }}]\n' for n in range(40))
    problem = refused({"pyproject.toml": f'{PROJECT}[dependency-groups]\n{rows}g40 = ["six"]\n'})
    assert (problem.code, problem.where) == ("file-too-large", "pyproject.toml: dependency-groups")


def test_markers_that_tell_too_much_apart_count_as_different_and_never_as_the_same() -> None:
    platforms = " or ".join(f"sys_platform == 'p{n}'" for n in range(90))
    pythons = " or ".join(f"python_version == '3.{n}'" for n in range(40))
    one, other = parse_marker(f"{platforms} or {pythons}"), parse_marker(f"{pythons} or {platforms}")
    began = time.process_time()
    assert same_marker(one, one)
    assert not same_marker(one, other)
    assert time.process_time() - began < LIMIT_S


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": ' + "9" * 5000 + "}}"),
        ("conda-linux-64.lock", "@EXPLICIT\n# pip a @ https://[::1/a-1.0-py3-none-any.whl\n"),
        ("uv.lock", "version = 1\n" + "a." * 900 + "a = 1\n" * 21_000),
        ("uv.lock", "version = 1\n[x" + ".a" * 200 + "]\n" + "".join(f"k{n} = 1\n" for n in range(21_000))),
        ("uv.lock", "version = 1\n" + '# """\n' * 100 + "x.a.a.a.a.a.a.a.a.a = 1\n" * 70_000),
        (
            "pylock.toml",
            f'lock-version = "1.0"\ncreated-by = "x"\nrequires-python = "{">=3," * 1000}>=3"\npackages = []\n',
        ),
        ("poetry.lock", f'package = []\n[metadata]\npython-versions = ">=3{" " * 9000}x"\n'),
        ("environment.yml", "name: a\ndependencies:\n" + "- a\n" * 6001),
        ("pyproject.toml", "[project]\nname = 'a'\ndependencies = [" + "'a'," * 9000 + "]\n"),
    ],
)
def test_what_no_tool_writes_is_refused_or_read_at_once(name: str, text: str) -> None:
    files: dict[str, bytes | str] = {name: text}
    if name.endswith(".lock"):
        files["mlenv.toml"] = f'lock = "{name}"\n'
    began = time.process_time()
    try:
        chosen(files)
    except MlenvError as problem:
        assert problem.where  # noqa: PT017  # either is right, neither may take long
    assert time.process_time() - began < LIMIT_S


def test_rows_that_are_too_long_together_are_refused() -> None:
    text = "".join(f"a{n} ; python_version > '{n}' or os_name == '{'x' * 900}'\n" for n in range(900))
    assert refused({**NAMED, "requirements.txt": text}).code == "file-too-large"
