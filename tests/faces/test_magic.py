"""``%mlenv`` in a real shell whose Python is not the project's: what is said, once, and what is never done."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faces.notebook import Notebook, open_notebook
from kernel.locked import lock
from kernel.standin import RESULT, write_standin
from mlenv.kernel import session

ECHO = 'say(event="result", outcome={"verb": verb, "lines": [json.dumps(words[words.index("--loaded") + 2:])], "ok": True})'


@pytest.fixture
def project(tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A locked project with its own environment; the shell runs in another one of the same base Python."""
    root = tmp_path / "demo"
    make_venv(root / ".venv", None, "humanize==4.9.0")
    lock(root, {"humanize": "4.9.0"}, str(sys.implementation.cache_tag))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def notebook(mlenv_home: Path) -> Iterator[Notebook]:
    with open_notebook() as notebook:
        yield notebook


@pytest.fixture
def loaded(notebook: Notebook, project: Path) -> Notebook:
    notebook.run("%load_ext mlenv")
    return notebook


def with_host(notebook: Notebook, folder: Path, body: str) -> None:
    """Let verbs run in a stand-in of mlenv's own interpreter."""
    from dataclasses import replace

    state = vars(notebook.shell)["_mlenv_session"].state()
    state.around = replace(state.around, host=write_standin(folder, body))


def hooks(shell: Any) -> int:
    return sum(len(shell.events.callbacks[name]) for name in ("pre_run_cell", "post_run_cell"))


# --- loading ---


def test_loading_twice_registers_once_and_unloading_leaves_nothing(notebook: Notebook) -> None:
    before = hooks(notebook.shell)
    session.load(notebook.shell)
    session.load(notebook.shell)
    assert hooks(notebook.shell) == before + 2
    session.unload(notebook.shell)
    session.unload(notebook.shell)
    assert hooks(notebook.shell) == before
    assert notebook.shell.find_line_magic("mlenv") is None
    assert notebook.complete("%mlenv ch") == []


def test_the_help_names_the_verbs_and_shows_examples(notebook: Notebook) -> None:
    notebook.run("%load_ext mlenv")
    said = notebook.shell.find_line_magic("mlenv").__doc__
    assert "%mlenv check" in said
    assert '%mlenv add "numpy<2"' in said
    assert "freeze" in notebook.run("%mlenv").printed
    assert "--dry-run" in notebook.run("%mlenv add --help").printed


def test_loading_imports_next_to_nothing(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import IPython, sys; from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance(); "
        "before = set(sys.modules); import mlenv; mlenv.load_ipython_extension(s); "
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('mlenv.') and m != 'mlenv')); "
        "print([m for m in sys.modules if m.startswith('mlenv.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    others, ours = done.stdout.strip().splitlines()[-2:]
    assert others == "[]"
    assert ours == "['mlenv._version', 'mlenv.kernel', 'mlenv.kernel.front', 'mlenv.kernel.session']"


# --- words ---


@pytest.mark.parametrize(
    "line", ['add "attrs>=23,<25"', "add attrs>=23,<25", "add attrs >=23,<25", "add 'attrs>=23,<25'"]
)
def test_a_version_range_arrives_with_and_without_quotes_and_makes_no_file(
    loaded: Notebook, tmp_path: Path, line: str
) -> None:
    with_host(loaded, tmp_path, ECHO)
    before = sorted(os.listdir())
    assert json.loads(loaded.run(f"%mlenv {line}").printed.splitlines()[0]) == ["attrs>=23,<25"]
    assert sorted(os.listdir()) == before


def test_nothing_in_a_line_is_expanded(loaded: Notebook, tmp_path: Path) -> None:
    with_host(loaded, tmp_path, ECHO)
    loaded.run("x = 'boom'")
    line = '%mlenv add "pkg[{x}] @ $x; echo" `id`'
    assert json.loads(loaded.run(line).printed.splitlines()[0]) == ["pkg[{x}] @ $x; echo", "`id`"]


def test_the_body_of_a_cell_is_a_list_of_requirements(loaded: Notebook, tmp_path: Path) -> None:
    with_host(loaded, tmp_path, ECHO)
    cell = (
        "%%mlenv add --offline\n# the basics\nnumpy<2\n\npandas  # tables\nuvicorn[standard] ; python_version > '3'\n"
    )
    words = json.loads(loaded.run(cell).printed.splitlines()[0])
    assert words == ["--offline", "numpy<2", "pandas", "uvicorn[standard] ; python_version > '3'"]


@pytest.mark.parametrize(
    ("cell", "code", "says"),
    [
        ("%mlenv chek", "unknown-verb", "Did you mean 'check'?"),
        ("%mlenv add 'six", "usage", "a quote is not closed"),
        ("%%mlenv add\n--index-url=http://evil", "usage", "is no requirement"),
        ("%%mlenv sync\nsix", "usage", "takes no cell body"),
        ("%mlenv select", "unknown-verb", "not a verb"),
        ("%mlenv restart", "no-front-end", "nobody is there"),
        ("%mlenv add 'x @ https://me:t0ken@example.org/x.whl'", "requirement-secret", "carries credentials"),
        ("%%mlenv add\nx @ git+https://t0ken@example.org/x", "requirement-secret", "carries credentials"),
    ],
)
def test_a_wrong_line_raises_in_five_lines_without_a_traceback(
    loaded: Notebook, cell: str, code: str, says: str
) -> None:
    done = loaded.run(cell)
    assert getattr(done.error, "code", None) == code
    assert says in done.printed
    assert len(done.printed.strip().splitlines()) <= 5
    assert "Traceback" not in done.printed
    assert "t0ken" not in done.printed


def test_completion_offers_verbs_options_and_the_projects_packages(loaded: Notebook) -> None:
    assert "check" in loaded.complete("%mlenv ch")
    assert "--dry-run" in loaded.complete("%mlenv add --dr")
    assert "humanize" in loaded.complete("%mlenv remove hum")
    assert loaded.complete("%mlenv kernels pr") == ["prune"]


def test_completion_offers_kernels_and_files(loaded: Notebook, project: Path, mlenv_home: Path) -> None:
    spec = mlenv_home / "jupyter" / "kernels" / "iris-732de77a" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text("{}")
    (spec.parent.parent / "iris-of-nothing").mkdir()
    (project / "lessons").mkdir()
    (project / "lessons" / "one.ipynb").touch()
    (project / "lessons" / "one.txt").touch()
    import jupyter_core.paths  # noqa: F401  # as every kernel has

    assert loaded.complete("%mlenv kernels repair iris") == ["iris-732de77a"]
    assert "iris-732de77a" in loaded.complete("%mlenv doctor ")
    assert loaded.complete("%mlenv check les") == ["lessons/"]
    assert loaded.complete("%mlenv check lessons/o") == ["lessons/one.ipynb"]
    assert loaded.complete("%mlenv add --lock pyl") == ["pylock.toml"]
    assert loaded.complete("%mlenv create --engine po") == ["poetry"]
    assert loaded.complete("%mlenv help upg") == ["upgrade"]


def test_the_check_as_a_function_is_that_of_the_magic(loaded: Notebook, tmp_path: Path) -> None:
    done = loaded.run("import mlenv\nmlenv.check()")
    assert done.value.verdict == "switch"
    assert done.value.json() == loaded.run("%mlenv check").value.json()
    strict = loaded.run("mlenv.check(strict=True)")
    assert getattr(strict.error, "code", None) == "not-in-step"
    assert "Traceback" not in strict.printed
    elsewhere = loaded.run(f"mlenv.check({str(tmp_path / 'nowhere')!r})")
    assert getattr(elsewhere.error, "code", None) == "no-project"


# --- check ---


def test_a_kernel_of_another_environment_is_told_so_with_both_prefixes(loaded: Notebook, project: Path) -> None:
    done = loaded.run("r = %mlenv check")
    assert done.error is None
    result = loaded.shell.user_ns["r"]
    (finding,) = [row for row in result.findings if row.kind == "switch"]
    assert (result.ok, result.verdict, result.next.command) == (False, "switch", "mlenv switch")
    assert sys.prefix in finding.reason
    assert str(project / ".venv") in finding.reason
    assert result.loaded_measured is False
    assert result.json()["project"]["root"] == str(project)


def test_strict_raises_and_says_why_in_five_lines(loaded: Notebook) -> None:
    done = loaded.run("%mlenv check --strict")
    assert getattr(done.error, "code", None) == "not-in-step"
    assert "switch" in done.printed
    assert len(done.printed.strip().splitlines()) <= 5


def test_what_every_kernel_brings_along_is_not_held_against_the_notebook() -> None:
    import IPython
    import tornado

    from mlenv.kernel.memory import names_in_use

    names = {"IPython": IPython, "tornado": tornado, "display": IPython.display.display, "_hidden": json, "os": os}
    assert names_in_use(names, {"os": os}) == {"tornado"}


def test_json_prints_the_wire_and_nothing_else(loaded: Notebook) -> None:
    done = loaded.run("%mlenv check --json")
    assert json.loads(done.printed)["verdict"] == "switch"
    assert done.value is None
    assert done.shown == []


def test_without_a_project_check_says_what_to_type(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "empty")
    notebook.run("%load_ext mlenv")
    done = notebook.run("%mlenv check")
    assert getattr(done.error, "code", None) == "no-project"
    assert "%mlenv create" in done.printed


def test_what_a_notebook_saves_names_no_machine_path(loaded: Notebook, project: Path) -> None:
    bundle = loaded.run("r = %mlenv check") and loaded.shell.user_ns["r"]._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.mlenv.report.v1+json"}
    assert str(project) not in json.dumps(bundle)
    assert bundle["application/vnd.mlenv.report.v1+json"]["project"]["root"] == "."


@pytest.mark.parametrize(
    ("cell", "times"),
    [
        ("%mlenv check\n1 + 1", 1),
        ("%mlenv check\n%mlenv check\n1 + 1", 2),
        ("r = %mlenv check\n1 + 1", 0),
        ("get_ipython().run_line_magic('mlenv', 'check')\n1 + 1", 0),
        ("%mlenv check;\n1 + 1", 0),
    ],
)
def test_a_bare_check_in_the_middle_of_a_cell_is_shown_as_often_as_it_stands_there(
    loaded: Notebook, cell: str, times: int
) -> None:
    loaded.run("1")
    shown = loaded.run(cell).shown
    assert sum("application/vnd.mlenv.report.v1+json" in bundle for bundle in shown) == times


def test_a_bare_check_at_the_end_is_the_cells_value_and_shown_by_ipython_alone(loaded: Notebook) -> None:
    done = loaded.run("%mlenv check")
    assert done.value.verdict == "switch"
    assert done.printed.count("switch:") == 1
    assert done.shown == []


# --- other verbs ---


def test_a_verb_that_fails_raises_in_the_cell_with_what_where_and_what_to_do(loaded: Notebook, tmp_path: Path) -> None:
    error = {"code": "no-match", "message": "there is no six==99", "where": "pyproject.toml", "hint": "mlenv add six"}
    with_host(loaded, tmp_path, f'say(event="error", error={error!r}); sys.exit(2)')
    done = loaded.run("%mlenv add six==99")
    assert getattr(done.error, "code", None) == "no-match"
    assert done.printed.strip().splitlines()[-3:] == [
        "error: there is no six==99",
        "  where: pyproject.toml",
        "  to do: %mlenv add six",
    ]


def test_an_outcome_that_is_not_ok_raises(loaded: Notebook, tmp_path: Path) -> None:
    with_host(
        loaded, tmp_path, 'say(event="result", outcome={"verb": verb, "lines": ["2 kernels are broken"], "ok": False})'
    )
    done = loaded.run("%mlenv doctor")
    assert getattr(done.error, "code", None) == "not-ok"
    assert "2 kernels are broken" in done.printed


def test_create_in_another_kernel_says_how_to_change_to_the_new_one(loaded: Notebook, tmp_path: Path) -> None:
    with_host(
        loaded,
        tmp_path,
        'say(event="result", outcome={"verb": "create", "lines": ["made"], "kernel": "demo-1a2b", "ok": True})',
    )
    assert "demo-1a2b" in loaded.run("%mlenv create").text


def test_when_the_host_is_gone_check_still_answers_and_other_verbs_say_what_to_do(loaded: Notebook) -> None:
    from dataclasses import replace

    state = vars(loaded.shell)["_mlenv_session"].state()
    state.around = replace(state.around, host="/nowhere/python")
    assert loaded.run("%mlenv check").value.verdict == "switch"
    done = loaded.run("%mlenv sync")
    assert getattr(done.error, "code", None) == "host-missing"
    assert "pip install mlenv" in done.printed


def test_an_error_inside_mlenv_never_breaks_a_cell_and_is_told_once(
    loaded: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlenv.kernel.watcher import Watcher

    def fail(self: Watcher) -> None:
        raise ValueError("a bug\nwith two lines")

    # Nothing real makes the watcher fail; that is what the guard is for.
    monkeypatch.setattr(Watcher, "after_cell", fail)
    first, second = loaded.run("1 + 1"), loaded.run("2 + 2")
    assert (first.error, first.value, second.value) == (None, 2, 4)
    assert first.printed.count("a bug") == 1
    assert "Traceback" not in first.printed
    assert "a bug" not in second.printed


def test_verbs_run_with_the_facts_of_this_kernel(loaded: Notebook, tmp_path: Path, project: Path) -> None:
    with_host(loaded, tmp_path, 'say(event="result", outcome={"lines": [json.dumps(words)], "ok": True})')
    (line,) = json.loads(loaded.run("%mlenv sync --json").printed)["lines"]
    words = json.loads(line)
    assert "--json" not in words
    assert words[words.index("--project") + 1] == str(project)
    assert words[words.index("--kernel-prefix") + 1] == sys.prefix


def test_progress_of_a_verb_is_printed_line_by_line_in_a_terminal(loaded: Notebook, tmp_path: Path) -> None:
    with_host(loaded, tmp_path, 'say(event="step", step="plan", text="resolving")\n' + RESULT)
    assert loaded.run("%mlenv sync").printed.splitlines()[:2] == ["mlenv sync: resolving", "done"]


@pytest.mark.parametrize("ok", [True, False])
def test_a_question_about_other_machines_goes_to_the_host_and_its_answer_is_no_error(
    loaded: Notebook, tmp_path: Path, ok: bool
) -> None:
    said = {"verb": "check", "lines": ["macOS (arm64): said by the host"], "ok": ok}
    with_host(loaded, tmp_path, f'assert "--platform" in words; say(event="result", outcome={said!r})')
    done = loaded.run("%mlenv check --platform macos")
    assert done.error is None
    assert "macOS (arm64): said by the host" in done.printed
    strict = loaded.run("%mlenv check --platform macos --strict")
    assert getattr(strict.error, "code", None) == (None if ok else "not-ok")


# --- a notebook that declares packages itself (S62) ---


def test_what_the_notebook_declares_is_held_against_the_project(
    loaded: Notebook, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once per check; asked of the host once per saved state; nothing for a notebook that declares nothing."""
    path = project / "work.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    source = '# /// script\n# dependencies = ["humanize<4", "six"]\n# ///'
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": source}], "metadata": {}}))
    told = [row.reason for row in loaded.run("%mlenv check").value.report.findings if row.kind in ("note", "conflict")]
    assert set(told) == {
        "work.ipynb asks for humanize<4; pylock.toml holds 4.9.0.",
        "six is declared in work.ipynb but is not in pylock.toml.",
        "work.ipynb asks for humanize<4, pyproject.toml for humanize.",
        "pylock.toml is used and not the script block in cell 1 of work.ipynb: "
        "a project's own files come before what a notebook says itself.",
    }
    with_host(
        loaded, tmp_path, 'say(event="error", error={"code": "x", "message": "asked again", "where": "", "hint": ""})'
    )
    again = [row.reason for row in loaded.run("%mlenv check").value.report.findings]
    assert not any("asked again" in reason for reason in again)
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": "import six"}], "metadata": {}}))
    plain = [row.reason for row in loaded.run("%mlenv check").value.report.findings]
    assert not any("work.ipynb" in reason or "asked again" in reason for reason in plain)
