"""Requirements files: every form that pip's documentation knows, in every encoding that Windows writes."""

from __future__ import annotations

import codecs

import pytest
from locks_project import DATA, chosen, read, target

from mlenv.errors import MlenvError
from mlenv.locks import Requirements, decode_text, parse_requirements
from mlenv.model import Source

HERE = target()
WHEEL = "https://example.org/w/idna-3.7-py3-none-any.whl"
COMMIT = "6eedf2c0b09565a3064fa7fa5ce460fa4d550594"


def parse(text: str | bytes, **files: str) -> Requirements:
    load = {name.replace("__", "/").replace("_", "."): body.encode() for name, body in files.items()}
    return parse_requirements(text, "requirements.txt", HERE, load.get)


def pins(found: Requirements) -> dict[str, str | None]:
    return {pin.name: pin.version for pin in found.pins}


def test_what_uv_compiled_is_a_whole_pinned_list() -> None:
    found = parse(read("requirements-uv/requirements.txt"))
    assert pins(found) == {"python-dateutil": "4.0.0", "six": "1.17.0", "tzdata": "2026.6"}
    assert (found.pinned, found.closed, found.options) == (True, True, ())
    assert len(found.hashes["six"]) == 2


def test_what_pip_compile_wrote_is_whole_too_and_its_options_are_told() -> None:
    found = parse(read("requirements-pip-compile/requirements.txt"))
    assert (found.pinned, found.closed) == (True, True)
    assert found.options[0] == "--extra-index-url https://example.invalid/simple"


def test_a_freeze_is_pinned_but_nothing_says_that_it_is_whole() -> None:
    found = parse(read("requirements-freeze/requirements.txt"))
    assert (found.pinned, found.closed) == (True, False)
    assert pins(found) == {"humanize": "4.9.0", "iniconfig": "2.1.0", "six": "1.17.0"}


def test_a_file_that_powershell_wrote_reads_the_same() -> None:
    data = (DATA / "requirements-freeze" / "powershell.txt").read_bytes()
    assert data.startswith(codecs.BOM_UTF16_LE)
    assert pins(parse(data)) == pins(parse(read("requirements-freeze/requirements.txt")))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides_the_encoding(encoding: str) -> None:
    assert pins(parse("six==1.17.0  # größer\n".encode(encoding))) == {"six": "1.17.0"}


def test_a_coding_comment_decides_where_there_is_no_mark_and_a_wrong_byte_is_named() -> None:
    assert decode_text("# -*- coding: latin-1 -*-\n# für\n".encode("latin-1"), "r.txt").endswith("für\n")
    with pytest.raises(MlenvError) as problem:
        decode_text("six\n# für\n".encode("latin-1"), "r.txt")
    assert (problem.value.code, problem.value.where) == ("requirements-encoding", "r.txt: line 2")


def test_continuations_comments_hashes_and_spaces() -> None:
    text = "\n".join(
        [
            "# head",
            "six == 1.17.0 \\",
            "    --hash=sha256:aa \\",
            "    --hash sha256:bb  # why",
            "",
            "idna==3.7 # one",
            "humanize==4.9.0;python_version>='3.8'",
            "colorama==0.4.6 ; sys_platform == 'win32'",
        ]
    )
    found = parse(text)
    assert pins(found) == {"humanize": "4.9.0", "idna": "3.7", "six": "1.17.0"}
    assert found.hashes == {"six": ("sha256:aa", "sha256:bb")}
    assert 'colorama==0.4.6 ; sys_platform == "win32"' in found.requirements


def test_a_comment_inside_a_continuation_ends_it() -> None:
    assert pins(parse("six==1.17.0 \\\n# note\nidna==3.7\n")) == {"idna": "3.7", "six": "1.17.0"}


def test_a_loose_list_is_declared_and_not_pinned() -> None:
    found = parse("numpy>=1.26,<2\nrequests[socks]\npandas==2.*\n")
    assert not found.pinned
    assert [row.text for row in found.declared] == ["numpy>=1.26,<2", "requests[socks]", "pandas==2.*"]
    assert {pin.name: pin.specifier for pin in found.pins}["pandas"] == "==2.*"
    assert not parse("# nothing\n").pinned
    assert not parse("-e .\n", pyproject_toml="[project]\nname='own'\n").pinned


@pytest.mark.parametrize(
    ("line", "name", "version", "source"),
    [
        (f"idna @ {WHEEL}", "idna", "3.7", Source(kind="url", url=WHEEL)),
        (f"{WHEEL}#sha256=ab", "idna", "3.7", Source(kind="url", url=WHEEL)),
        (f"idna @ {WHEEL.replace('://', '://me:t0ken@')}", "idna", "3.7", Source(kind="url", url=WHEEL)),
        ("./dist/six-1.16.0.tar.gz", "six", "1.16.0", Source(kind="path", url="dist/six-1.16.0.tar.gz")),
        (
            f"git+https://me@example.org/a/demo.git@{COMMIT}#egg=Demo.X",
            "demo-x",
            None,
            Source(kind="vcs", url="https://example.org/a/demo.git", commit=COMMIT),
        ),
        (
            "demo @ git+ssh://git@example.org/a/demo@v2",
            "demo",
            None,
            Source(kind="vcs", url="ssh://example.org/a/demo"),
        ),
        ("-e ./libs/tiny", "tiny-name", None, Source(kind="editable", url="libs/tiny")),
        (
            "--editable=libs/tiny[fast] ; python_version > '3'",
            "tiny-name",
            None,
            Source(kind="editable", url="libs/tiny"),
        ),
        ("libs/tiny/", "tiny-name", None, Source(kind="path", url="libs/tiny")),
        ("-e .", "own", None, Source(kind="editable", url=".")),
        ("tiny-name @ file:./libs/tiny", "tiny-name", None, Source(kind="path", url="libs/tiny")),
    ],
)
def test_direct_references_say_their_source(line: str, name: str, version: str | None, source: Source) -> None:
    found = parse(
        line, libs__tiny__pyproject_toml='[project]\nname = "Tiny_name"\n', pyproject_toml='[project]\nname="own"\n'
    )
    assert [(pin.name, pin.version, pin.source) for pin in found.pins] == [(name, version, source)]


def test_a_folder_without_a_readable_name_is_undecidable_and_says_where() -> None:
    found = parse("six==1.17.0\n-e libs/old\n")
    assert [finding.kind for finding in found.findings] == ["undecidable"]
    assert "requirements.txt: line 2" in found.findings[0].reason
    assert parse("-e libs/old", libs__old__setup_cfg="[metadata]\nname = old_one\n").pins[0].name == "old-one"


def test_nested_files_are_read_once_from_their_own_folder() -> None:
    found = parse(
        "-r req/base.txt\n--requirement=req/base.txt\nsix==1.17.0\n-c limits.txt\n",
        req__base_txt="-r more.txt\nidna==3.7\n",
        req__more_txt="humanize==4.9.0\n",
        limits_txt="numpy<2\nsix<2\n",
    )
    assert pins(found) == {"humanize": "4.9.0", "idna": "3.7", "six": "1.17.0"}
    assert found.files == ("requirements.txt", "req/base.txt", "req/more.txt", "limits.txt")
    assert [row.text for row in found.constraints] == ["numpy<2", "six<2"]
    assert found.pinned


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("six\n-r ../other.txt", "requirements-outside", "requirements.txt: line 2"),
        ("-r https://example.org/r.txt", "requirements-outside", "requirements.txt: line 1"),
        ("-c /etc/limits.txt", "requirements-outside", "requirements.txt: line 1"),
        ("-r missing.txt", "requirements-missing", "requirements.txt: line 1"),
        ("-r base.txt", "requirements-unreadable", "base.txt: line 2"),
        ("--index-url https://${TOKEN}@example.org/", "requirements-variable", "requirements.txt: line 1"),
        ("a @ https://${USER_1}@example.org/a-1-py3-none-any.whl", "requirements-variable", "requirements.txt: line 1"),
        ("six==1.16\n\nsix==1.17", "requirements-duplicate", "requirements.txt: line 3"),
        ("six ==== 1", "requirements-unreadable", "requirements.txt: line 1"),
        ("<<<<<<< HEAD\nsix==1.16\n=======\n", "requirements-unreadable", "requirements.txt: line 1"),
    ],
)
def test_bad_input_is_one_error_that_names_file_and_line(text: str, code: str, where: str) -> None:
    with pytest.raises(MlenvError) as problem:
        parse(text, base_txt="six\n??\n")
    assert (problem.value.code, problem.value.where) == (code, where)


def test_the_same_pin_twice_and_pins_for_different_pythons_are_no_contradiction() -> None:
    found = parse("six==1.17\nsix==1.17.0\nidna==3.6;python_version<'3.9'\nidna==3.7;python_version>='3.9'\nsix>=1\n")
    assert pins(found) == {"idna": "3.7", "six": "1.17"}


def test_options_on_a_line_of_their_own_are_kept_as_written() -> None:
    found = parse("-i https://example.org/simple\n--no-binary :all:\n--pre\nsix==1.17.0\n")
    assert found.options == ("-i https://example.org/simple", "--no-binary :all:", "--pre")


def test_rows_that_pip_froze_from_conda_are_named() -> None:
    """They name folders of the machine that built the package: pip cannot install them anywhere else."""
    rows = (
        "asttokens @ file:///home/conda/feedstock_root/build_artifacts/asttokens_1698341106958/work",
        "numpy @ file:///croot/numpy_and_numpy_base_1704311704800/work",
        "six @ file:///tmp/build/80754af9/six_1644875935023/work",
        "idna @ file:///work/idna",
        "attrs==23.1.0",
    )
    selected = chosen({"requirements.txt": "\n".join(rows)})
    assert selected.selection.lock == "requirements.txt"
    (note,) = [row for row in selected.selection.findings if row.kind == "note"]
    assert note.reason.startswith("asttokens, numpy, six: the folder in which conda built it is named")
