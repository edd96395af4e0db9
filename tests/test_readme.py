"""The README says what is true: verbs, options, settings and verdicts are those of the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mlenv import drift
from mlenv.faces.cli import parser
from mlenv.kernel import arguments
from mlenv.locks.settings import KEYS
from mlenv.services.dotenv import ACTIONS
from mlenv.verbs import OPTIONS, VERBS, verb_named

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_of_verbs_is_that_of_the_code() -> None:
    """Every verb stands in the README with the sentence that its help prints, in the same order."""
    table = README.split("<!-- verbs -->")[1].split("<!-- /verbs -->")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)
    expected = []
    for verb in VERBS:
        name, number, _ = verb.arguments
        shown = f"{verb.name} {name if number in ('', '+') else f'[{name}]'}" if name else verb.name
        if not verb.hidden:
            expected.append((shown, verb.summary))
    assert rows == expected


@pytest.mark.parametrize("flag", sorted(set(re.findall(r"`(--[a-z-]+)", README))))
def test_an_option_that_the_readme_names_exists(flag: str) -> None:
    """No option is promised that the command line refuses."""
    others = {"--help", "--no-deps", "--quiet", "--ExecutePreprocessor"}
    assert flag in OPTIONS or flag in others


def test_every_setting_is_documented_and_no_other() -> None:
    """The table of settings names exactly the keys that are read."""
    table = README.split("## Settings")[1].split("Environment variables")[0]
    named = {
        key
        for row in re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", table, re.MULTILINE)
        for key in re.findall(r"`([a-z-]+)`", row)
    }
    assert named == set(KEYS)


def test_the_verdicts_stand_in_their_order_worst_first() -> None:
    """The reference lists every verdict once, in the order in which they outrank each other."""
    table = README.split("## Verdicts")[1].split("Exit status")[0]
    assert tuple(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == tuple(drift.ORDER)


TUTORIAL = README.split("<!-- tutorial -->")[1].split("<!-- /tutorial -->")[0]
TAUGHT = (
    "python -m venv", "source .venv/bin/activate", "Scripts\\activate", "deactivate", "rm -rf .venv", "which python",
    "virtualenv .venv", "pip install", "pip install -r", "pip install -e", "pip install --upgrade", "pip uninstall",
    "pip list", "pip list --outdated", "pip show", "pip check", "pip freeze >", "pip download", "pip-compile", "pip-sync",
    "conda create -n", "conda env create -f", "conda activate", "conda deactivate", "conda install", "conda update",
    "conda remove", "conda list", "conda env list", "conda env export", "conda env update", "conda env remove", "conda-lock",
    "poetry new", "poetry init", "poetry install", "poetry add", "poetry add --group dev", "poetry remove", "poetry update",
    "poetry lock", "poetry show", "poetry run", "poetry shell", "poetry env use", "poetry env info", "poetry export",
    "pyenv versions", "pyenv install", "pyenv local", "pyenv global", "pyenv virtualenv", "pyenv activate",
    "uv init", "uv venv", "uv sync", "uv add", "uv remove", "uv lock", "uv pip install", "uv python list", "uv run",
    "pip install ipykernel", "ipykernel install --user --name", "jupyter kernelspec list", "jupyter kernelspec uninstall",
    "load_dotenv()", "load_dotenv(override=True)", ">> .gitignore", "git init", "git commit", "git clone", "mkdir -p",
    "nvidia-smi", "nvcc --version", "torch.cuda.is_available()", "--index-url",
)  # fmt: skip
"""What tutorials of venv, pip, conda, Poetry, pyenv, uv, ipykernel, .env, git and CUDA have their readers type."""


def rows_of_the_tutorial() -> list[list[str]]:
    rows = [line.strip("|").split(" | ") for line in TUTORIAL.splitlines() if line.startswith("| `") or " | `" in line]
    return [[cell.strip() for cell in row] for row in rows]


def lines_of_mlenv() -> list[str]:
    return sorted(
        {line for row in rows_of_the_tutorial() for line in re.findall(r"`(%?mlenv [^`]+)`", " ".join(row[1:]))}
    )


@pytest.mark.parametrize("line", lines_of_mlenv())
def test_a_line_of_the_tutorial_table_is_understood(line: str) -> None:
    """Each is read by the parsers of the command line and of the magic, and its action is one of the verb's."""
    words = shlex.split(line.lstrip("%"))[1:]
    request = parser.parse(words)
    assert request.help is None
    assert arguments.parse(" ".join(map(shlex.quote, words))).verb == request.verb
    actions = {"kernels": ("list", "prune", "register", "repair"), "dotenv": ACTIONS}.get(request.verb)
    assert actions is None or not request.arguments or request.arguments[0] in actions
    verb = verb_named(request.verb)
    assert verb is not None
    assert not verb.notebook or line.startswith("%")


def test_the_tutorial_table_has_every_command_that_tutorials_teach() -> None:
    """And for each a line of mlenv, or a word on why none is needed."""
    rows = rows_of_the_tutorial()
    taught = "\n".join(row[0] for row in rows)
    assert [command for command in TAUGHT if command not in taught] == []
    for row in rows:
        assert re.search(r"`(%?mlenv |!python )", row[1]) or (row[1] == "-" and len(row) > 2 and row[2]), row
    assert len(lines_of_mlenv()) > 50
