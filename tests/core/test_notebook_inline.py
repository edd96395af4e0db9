"""What a notebook declares itself: script blocks, metadata, install lines. Read, never run; the project's files first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from locks_project import target

from mlenv.errors import MlenvError
from mlenv.locks import Selected, SelectRequest, read_notebook, select_for_notebook
from mlenv.locks.notebook_manifest import NotebookSays
from mlenv.notebooks import Install, parse_installs
from mlenv.notebooks.shell_words import split_commands

JUV = (Path(__file__).parent.parent / "data" / "notebooks" / "juv" / "work.ipynb").read_text(encoding="utf-8")
BLOCK = (
    '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["six<2", "tomli ; python_version < \'3\'"]\n# ///'
)


def notebook(*cells: str, **metadata: Any) -> str:
    rows = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": rows, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def says(text: str, files: Mapping[str, bytes] | None = None, where: str = "work.ipynb") -> NotebookSays:
    found = read_notebook(text, where, target(), (files or {}).get)
    assert found is not None
    return found


def declared(found: NotebookSays) -> list[str]:
    return [row.text for row in found.manifest.declared]


def reasons(found: NotebookSays, kind: str) -> list[str]:
    return [row.reason for row in found.manifest.findings if row.kind == kind]


def selected(text: str, files: Mapping[str, str] | None = None, where: str = "work.ipynb") -> Selected:
    data = {name: content.encode() for name, content in (files or {}).items()}
    request = SelectRequest(root="/project", name="project", names=tuple(sorted(data)), load=data.get, target=target())
    return select_for_notebook(request, where, text)


# --- juv and PEP 723 ---


def test_a_notebook_of_juv_is_its_own_manifest_and_lock() -> None:
    """Written by juv: a script block in the first cell, the lock of uv in the metadata."""
    found = selected(JUV)
    assert (found.selection.manifest, found.selection.lock, found.selection.kind) == ("work.ipynb", "work.ipynb", "uv")
    assert {pin.name: pin.version for pin in found.selection.pins} == {"humanize": "4.9.0", "six": "1.17.0"}
    assert [row.text for row in found.selection.declared] == ["humanize<4.10", "six>=1.17.0"]
    assert found.selection.requires_python == ">=3.11"
    assert found.selection.exact
    assert found.selection.findings == ()
    assert found.selection.reason.startswith("work.ipynb counts (the script block in cell 1)")


def test_a_script_block_that_has_changed_since_juv_locked_is_told() -> None:
    changed = selected(JUV.replace("humanize<4.10", "humanize<4.9"))
    assert [(row.kind, row.package) for row in changed.selection.findings] == [("relock", "humanize")]
    assert "uv.lock in work.ipynb" in changed.selection.findings[0].reason
    spelt = selected(JUV.replace("humanize<4.10", "Humanize  < 4.10"))
    assert spelt.selection.findings == ()


def test_the_block_may_stand_in_any_code_cell_and_its_markers_count() -> None:
    found = says(notebook("import os", BLOCK))
    assert declared(found) == ["six<2"]
    assert found.manifest.requirements == ("six<2", 'tomli ; python_version < "3"')
    assert found.manifest.requires_python == ">=3.11"
    assert found.source == "the script block in cell 2"


def test_the_metadata_of_uv_declares() -> None:
    found = says(notebook("", uv={"dependencies": ["six<2"], "requires-python": ">=3.9"}))
    assert (declared(found), found.source, found.manifest.requires_python) == (["six<2"], "metadata.uv", ">=3.9")
    assert read_notebook(notebook("import six", uv={"theme": 1}), "work.ipynb", target(), {}.get) is None


def test_a_block_counts_before_metadata_and_metadata_before_install_lines() -> None:
    uv = {"dependencies": ["idna"]}
    both = says(notebook(BLOCK, "!pip install attrs", uv=uv))
    assert declared(both) == ["six<2"]
    assert [reason.split("; ")[1].split(" also")[0] for reason in reasons(both, "note")] == [
        "metadata.uv",
        "the install lines in cell 2",
    ]
    assert declared(says(notebook("!pip install attrs", uv=uv))) == ["idna"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (notebook(BLOCK, BLOCK), "work.ipynb: cell 2"),
        (notebook("# /// script\n# dependencies = [\n# ///"), "work.ipynb: cell 1"),
        (notebook('# /// script\n# dependencies = ["!"]\n# ///'), "work.ipynb: cell 1.dependencies[0]"),
        (notebook('# /// script\n# dependencies = "six"\n# ///'), "work.ipynb: cell 1.dependencies"),
        (notebook("# /// script\n# requires-python = 'three'\n# ///"), "work.ipynb: cell 1.requires-python"),
        (notebook("", uv={"dependencies": [1]}), "work.ipynb: metadata.uv.dependencies[0]"),
    ],
)
def test_what_cannot_be_read_says_in_which_cell(text: str, place: str) -> None:
    with pytest.raises(MlenvError) as caught:
        says(text)
    assert caught.value.code == "manifest-unreadable"
    assert (caught.value.where or "").startswith(place)


def test_a_damaged_lock_of_juv_is_told_with_its_place() -> None:
    content = json.loads(JUV)
    content["metadata"]["uv.lock"] = content["metadata"]["uv.lock"][:-40]
    with pytest.raises(MlenvError) as caught:
        says(json.dumps(content))
    assert caught.value.code in ("lock-truncated", "lock-unreadable")
    assert (caught.value.where or "").startswith("work.ipynb: metadata: uv.lock")


# --- beside project files (S62) ---


def test_beside_a_lock_the_lock_counts_and_the_difference_is_listed() -> None:
    found = selected(JUV, {"requirements.txt": "six==1.16.0\nidna==3.7\n"}).selection
    assert (found.lock, found.manifest) == ("requirements.txt", None)
    assert {pin.name: pin.version for pin in found.pins} == {"six": "1.16.0", "idna": "3.7"}
    rows = [(row.kind, row.reason) for row in found.findings]
    assert rows == [
        (
            "note",
            "requirements.txt is used and not the script block in cell 1 of work.ipynb: "
            "a project's own files come before what a notebook says itself.",
        ),
        ("conflict", "humanize<4.10 is declared in work.ipynb but is not in requirements.txt."),
        ("conflict", "work.ipynb asks for six>=1.17.0; requirements.txt holds 1.16.0."),
        (
            "conflict",
            "requirements.txt is used; uv.lock in work.ipynb says otherwise: six 1.17.0 instead of 1.16.0.",
        ),
    ]


def test_beside_a_manifest_both_sides_of_the_difference_are_listed() -> None:
    pyproject = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six<2", "idna"]\n'
    found = selected(notebook(BLOCK, ""), {"pyproject.toml": pyproject}).selection
    assert [row.reason for row in found.findings if row.kind == "conflict"] == [
        "pyproject.toml asks for idna, which work.ipynb does not.",
        "work.ipynb asks for Python >=3.11, pyproject.toml for >=3.9.",
    ]
    assert [row.text for row in found.declared] == ["six<2", "idna"]


def test_where_both_agree_that_is_said() -> None:
    found = selected(notebook('# /// script\n# dependencies = ["six"]\n# ///'), {"requirements.txt": "six==1.17.0\n"})
    assert {row.kind for row in found.selection.findings} == {"note"}
    assert "asks for nothing that requirements.txt does not hold" in found.selection.findings[-1].reason


def test_a_notebook_that_declares_nothing_changes_nothing() -> None:
    files = {"requirements.txt": "six==1.17.0\n"}
    assert selected(notebook("import six"), files).selection.findings == ()


# --- install lines ---


def installs(*cells: str) -> tuple[Install, ...]:
    return parse_installs(cells, "work.ipynb")


@pytest.mark.parametrize(
    ("cell", "rows"),
    [
        ("!pip install six", ("six",)),
        ("%pip install six", ("six",)),
        ("pip install six", ("six",)),
        ("!pip3 install -q six", ("six",)),
        ("!pip install -qU 'six<2' \"idna>=3\"", ("six<2", "idna>=3")),
        ("!pip install six \\\n  idna \\\n  attrs", ("six", "idna", "attrs")),
        ("!python -m pip install six", ("six",)),
        ("!python3.11 -m pip --quiet install six", ("six",)),
        ("!{sys.executable} -m pip install six", ("six",)),
        ("!pip install six  # why? not", ("six",)),
        ("!cd .. && pip install six && echo done", ("six",)),
        ("!PIP_NO_INPUT=1 sudo pip install six", ("six",)),
        ("!pip install --upgrade pip six", ("pip", "six")),
        ("!pip install --no-binary :all: --timeout=10 six", ("six",)),
        ("%uv pip install six", ("six",)),
        ("%uv add six idna", ("six", "idna")),
        ("!uv pip install --system -p 3.11 six", ("six",)),
        ("!python -m uv pip install six", ("six",)),
        ("%%bash\nset -e\npip install six", ("six",)),
        ("%%capture\n!pip install six", ("six",)),
        ("%%time\n%pip install six", ("six",)),
        ("if True:\n    !pip install six", ("six",)),
        ("out = !pip install six", ("six",)),
        ("%sx pip install six", ("six",)),
        ("!pip install git+https://host.example/a.git@main#egg=a", ("git+https://host.example/a.git@main#egg=a",)),
        ("!pip install 'requests[socks] ; python_version > \"3\"'", ('requests[socks] ; python_version > "3"',)),
        ("!pip install six > /dev/null 2>&1", ("six",)),
        ("!pip install six | tail -1", ("six",)),
    ],
)
def test_install_lines_are_read_as_the_shell_would(cell: str, rows: tuple[str, ...]) -> None:
    found = installs(cell)
    assert [install.rows for install in found] == [rows]
    assert not found[0].unclear
    assert not found[0].redirected


@pytest.mark.parametrize(
    "cell",
    [
        "!pip uninstall six",
        "!pip list",
        "!apt-get install -y graphviz",
        "print('!pip install six')",
        "text = '''\n!pip install six\n'''",
        "# !pip install six",
        "%%html\npip install six",
        "%%writefile run.sh\npip install six",
        "pip.install('six')",
        "install = 1\n!echo install",
        "!npm install six",
        "%%markdown\n%pip install six",
    ],
)
def test_what_is_no_install_line_asks_for_nothing(cell: str) -> None:
    assert installs(cell) == ()


def test_where_a_line_stands_is_known() -> None:
    found = installs("import os", "x = 1\n\n!pip install \\\n  six\n%pip install idna")
    assert [(row.cell, row.line) for row in found] == [(2, 3), (2, 5)]


def test_files_constraints_editables_and_indexes_are_told_apart() -> None:
    line = "!pip install -r a.txt -c b.txt -e . --index-url https://index.example.org/simple -i=x six -rc.txt"
    (found,) = installs(line)
    assert (found.files, found.constraints, found.editable, found.rows) == (
        ("a.txt", "c.txt"),
        ("b.txt",),
        (".",),
        ("six",),
    )
    assert "--index-url https://index.example.org/simple" in found.options


def test_install_lines_make_a_manifest() -> None:
    files = {
        "lists/extra.txt": b"-r more.txt\nidna<4\n",
        "lists/more.txt": b"attrs\n",
        "notes/lib/pyproject.toml": b'[project]\nname = "lib"\n',
    }
    text = notebook("!pip install -r ../lists/extra.txt -e ./lib six<2\n%pip install 'humanize==4.9' --pre")
    found = says(text, files, where="notes/work.ipynb")
    assert sorted(declared(found)) == ["attrs", "humanize==4.9", "idna<4", "lib @ file:notes/lib", "six"]
    assert reasons(found, "note") == [
        "notes/work.ipynb: cell 1, line 1: the shell takes <2 for a file; write it in quotes."
    ]
    assert found.source == "the install lines in cell 1"


def test_what_only_running_tells_is_undecidable() -> None:
    text = notebook("!pip install {package} $OTHER six", "!pip install -r missing.txt 'not a name!'")
    found = says(text)
    assert declared(found) == ["six"]
    told = reasons(found, "undecidable")
    assert [reason.partition(": ")[2] for reason in told] == [
        "cell 1, line 1: what {package} is, is only known when the cell runs.",
        "cell 1, line 1: what $OTHER is, is only known when the cell runs.",
        "cell 2, line 1: 'not a name!' is not a requirement: expected semicolon (after name with no version "
        "specifier) or end.",
        "cell 2, line 1: the list missing.txt is not there, or lies outside.",
    ]


def test_conda_lines_and_other_places_are_named_and_not_compared() -> None:
    found = says(notebook("%conda install -y -c conda-forge numpy=1.26", "!pip install --target=lib six"))
    assert declared(found) == []
    assert reasons(found, "note") == [
        "work.ipynb: cell 1, line 1 asks conda for numpy=1.26, which is not compared.",
        "work.ipynb: cell 2, line 1 installs six elsewhere (--target).",
    ]


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ('a \'b c\' "d\\"e" f\\ g', [["a", "b c", 'd"e', "f g"]]),
        ("a;b&&c||d|e&", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("a#b #c d", [["a#b"]]),
        ("a > b c 2>&1 d < e", [["a", "c", "d"]]),
        ("'unclosed a", [["unclosed a"]]),
        ("", []),
        ("''", [[""]]),
        ("\\", [[]]),
    ],
)
def test_words_are_split_as_the_shell_splits_them(line: str, commands: list[list[str]]) -> None:
    found = [[word.text for word in command.words] for command in split_commands(line)]
    assert [words for words in found if words] == [words for words in commands if words]


def test_more_install_lines_than_a_person_writes_are_one_error() -> None:
    for cell in ("!pip install six\n" * 2_000, "!pip install " + "six " * 20_000):
        with pytest.raises(MlenvError) as caught:
            installs(cell)
        assert caught.value.code == "file-too-large"
        assert (caught.value.where or "").startswith("work.ipynb: cell 1, line ")
