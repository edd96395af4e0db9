"""One line below a cell: an import that the project can satisfy, a pip that belongs to another Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faces.notebook import Notebook, open_notebook
from kernel.locked import lock
from mlenv.kernel.hints import ADVICE_MIME, PipCall, belongs_to, pip_calls


@pytest.fixture
def project(tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "demo"
    make_venv(root / ".venv", None, "humanize==4.9.0")
    lock(root, {"humanize": "4.9.0", "python-slugify": "8.0.4"}, str(sys.implementation.cache_tag))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def notebook(project: Path) -> Iterator[Notebook]:
    with open_notebook() as notebook:
        notebook.run("%load_ext mlenv")
        notebook.run("1")
        yield notebook


def test_a_module_of_the_projects_environment_is_hinted_at_once_under_the_untouched_traceback(
    notebook: Notebook, project: Path
) -> None:
    first, second = notebook.run("import humanize"), notebook.run("import humanize")
    for done in (first, second):
        assert isinstance(done.error, ModuleNotFoundError)
        assert "No module named 'humanize'" in done.printed
    hints = [bundle["text/plain"] for bundle in first.shown]
    assert len(hints) == 1
    assert "installed in the project's environment .venv" in hints[0]
    assert f"this kernel runs in {sys.prefix}" in hints[0]
    assert "%mlenv switch" in hints[0]
    assert second.shown == []


def test_a_module_that_is_locked_and_not_installed_is_a_case_for_sync(notebook: Notebook) -> None:
    assert "%mlenv sync" in notebook.run("import slugify").text


def test_an_unknown_module_is_a_case_for_add_under_the_name_of_its_package(notebook: Notebook) -> None:
    assert "%mlenv add scikit-image" in notebook.run("import skimage").text
    guessed = notebook.run("import nosuch_thing").text
    assert "its package is probably called nosuch-thing. To add it: %mlenv add nosuch-thing" in guessed


def test_advice_stands_beside_the_line_without_path_and_command(notebook: Notebook, project: Path) -> None:
    bundles = [notebook.run(f"import {name}").shown[0] for name in ("humanize", "slugify", "skimage")]
    told = [bundle[ADVICE_MIME] for bundle in bundles]
    assert [(row["action"], row["package"]) for row in told] == [
        ("switch", "humanize"), ("sync", "python-slugify"), ("add", "scikit-image"),
    ]  # fmt: skip
    assert all(row["schema"] == 1 and "/" not in row["text"] and "%" not in row["text"] for row in told)
    assert all({"text/plain", "text/html"} < set(bundle) for bundle in bundles)


def test_without_a_project_the_advice_is_to_make_one(
    tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with open_notebook() as notebook:
        notebook.run("%load_ext mlenv")
        shown = notebook.run("import skimage").shown[0]
    assert "%mlenv create scikit-image" in shown["text/plain"]
    assert (shown[ADVICE_MIME]["action"], shown[ADVICE_MIME]["package"]) == ("create", "scikit-image")


@pytest.mark.parametrize("cell", ["import json.nothing", "from os import nothing", "raise ModuleNotFoundError('x')"])
def test_what_no_package_can_mend_gets_no_hint(notebook: Notebook, cell: str) -> None:
    assert notebook.run(cell).shown == []


@pytest.mark.parametrize(
    ("cell", "calls"),
    [
        ("!pip install six", [("pip", ("six",))]),
        ("x = 1\n  !pip3 install -q 'six>=1' idna==3.7  # now\n", [("pip3", ("six>=1", "idna==3.7"))]),
        ("!python -m pip install six", [("python", ("six",))]),
        ("! cd x && /usr/bin/python3 -m pip --quiet install -r requirements.txt six", [("/usr/bin/python3", ("six",))]),
        ("%%bash\nset -e\npip install six\npip list", [("pip", ("six",))]),
        ("%pip install six", [("%pip", ("six",))]),
        ("!HTTPS_PROXY=x sudo pip install six", [("pip", ("six",))]),
        ("!pip list", []),
        ("%pip list", []),
        ("print('!pip install six')", []),
        ("# !pip install six", []),
        ("!echo pip install six", []),
        ("!conda install six", []),
    ],
)
def test_installations_by_a_shell_are_recognised(cell: str, calls: list[tuple[str, tuple[str, ...]]]) -> None:
    assert pip_calls(cell) == tuple(PipCall(program=program, packages=packages) for program, packages in calls)


def test_a_pip_belongs_to_the_environment_that_its_first_line_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    long = "'''exec' \"/an environment/bin/python3.12\" \"$0\" \"$@\"\n' '''"
    scripts = {
        "pip": "#!/opt/tool/bin/python3\n",
        "pip3": f"#!/bin/sh\n{long}\n",
        "pip3.9": "#!/usr/bin/env bash\nexec pyenv\n",
    }
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    assert belongs_to("pip") == "/opt/tool"
    assert belongs_to("pip3") == "/an environment"
    assert belongs_to("pip3.9") == ""
    assert belongs_to("pip3.10") is None


def test_an_interpreter_belongs_to_its_own_environment_although_it_is_a_link(
    tmp_path: Path, make_venv: Callable[..., Path], mlenv_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make_venv(tmp_path / "other")
    monkeypatch.setenv("PATH", str(prefix / "bin"), prepend=os.pathsep)
    assert belongs_to("python") == str(prefix)


def test_a_pip_of_another_python_is_told_after_the_cell_and_noted_by_the_next_check_only(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "other" / "bin"
    folder.mkdir(parents=True)
    (folder / "pip").write_text("#!/opt/tool/bin/python3\nimport sys\n")
    (folder / "pip").write_text(f"#!{folder}/python3\n")
    (folder / "pip").chmod(0o755)
    (folder / "python3").write_text("#!/bin/sh\nexit 0\n")
    (folder / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    told = notebook.run("!pip install 'six>=1'").text
    assert f"belongs to another Python ({tmp_path / 'other'})" in told
    assert '%mlenv add "six>=1"' in told
    first = notebook.run("%mlenv check").value
    second = notebook.run("%mlenv check").value
    assert [row.kind for row in first.findings if row.kind == "shell-pip"] == ["shell-pip"]
    assert '%mlenv add "six>=1"' in repr(first)
    assert not [row for row in second.findings if row.kind == "shell-pip"]
