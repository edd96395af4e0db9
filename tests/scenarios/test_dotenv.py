"""`.env`: each row of what it may hold, in real kernels; names are shown, values appear nowhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from live_kernel import LiveKernel
from scenarios.real_project import Answer, create, mlenv, specs

pytestmark = pytest.mark.real

SECRET = "abc123SECRET"
ROWS = f"""\
# where the data lies
export API_KEY="{SECRET}"   # from the portal
SINGLE='{SECRET} # no comment'
EMPTY=
TWO_LINES="{SECRET}
and more"
USER_AGENT = {SECRET}#1
DATA=./data
REF=${{API_KEY}}/${{SET_BEFORE}}/${{NOWHERE:-else}}
SET_BEFORE={SECRET}
"""
EXPECTED = {
    "API_KEY": SECRET,
    "SINGLE": f"{SECRET} # no comment",
    "EMPTY": "",
    "TWO_LINES": f"{SECRET}\nand more",
    "USER_AGENT": f"{SECRET}#1",
    "DATA": "./data",
    "REF": f"{SECRET}/before/else",
    "SET_BEFORE": "before",
}
SEEN = f"import json, os\njson.dump({{n: os.environ.get(n) for n in {list(EXPECTED)!r}}}, open('SEEN', 'w'))"
"""Into a file, which the test removes: a value in an output would be found by the search."""


def seen(folder: Path) -> dict[str, str]:
    """What the kernel saw."""
    content = dict(json.loads((folder / "SEEN").read_text()))
    (folder / "SEEN").unlink()
    return content


def holding(folders: list[Path], text: str) -> set[str]:
    """Names of files that hold a text in name or content."""
    found = set()
    for base, _, files in (row for folder in folders for row in os.walk(folder)):
        for path in (Path(base, name) for name in files):
            if text in path.name or (path.is_file() and not path.is_symlink() and text.encode() in path.read_bytes()):
                found.add(path.name)
    return found


def test_every_row_of_a_file_is_loaded_as_documented_and_no_value_is_shown(
    root: Path, mlenv_home: Path, shared_data: Path, start_kernel: Callable[..., LiveKernel]
) -> None:
    """S43, S38: notebook in a subfolder, one load, `--override`, the file edited, a file named by a relative path."""
    folder = root / "nb" / "deep"
    folder.mkdir(parents=True)
    kernel = start_kernel(create(root, "six").kernel, cwd=folder, env={"SET_BEFORE": "before"})
    (root / ".env").write_text(ROWS)
    told = kernel.run("%mlenv dotenv")
    assert told.status == "ok", told.text
    assert ".env: 7 variables set: API_KEY, SINGLE, EMPTY, TWO_LINES, USER_AGENT, DATA, REF\n" in told.text
    assert "SET_BEFORE: set already (--override lets the file win)" in told.text
    assert kernel.run(SEEN).status == "ok"
    assert seen(folder) == EXPECTED
    shown = [told.text, kernel.run("!mlenv_names=$MLENV_DOTENV; echo $mlenv_names").text]
    assert "API_KEY,SINGLE" in shown[-1]
    shown += [kernel.run("%mlenv dotenv --json").text, kernel.run("%mlenv dotenv show").text]
    assert '"set": ["API_KEY"' in shown[-2]
    shown += [kernel.run("%mlenv dotenv --override").text]
    assert "8 variables set" in shown[-1]
    kernel.run(SEEN)
    assert seen(folder) == {**EXPECTED, "SET_BEFORE": SECRET}
    (root / ".env").write_text("EMPTY=filled\n")
    shown += [kernel.run("%mlenv dotenv").text]
    (root / "other.env").write_text(f"DATA={SECRET}2\n")
    shown += [kernel.run(f"%mlenv dotenv --project {root} load ../../other.env").text]
    assert "other.env: 1 variable set: DATA" in shown[-1]
    kernel.run(SEEN)
    now = seen(folder)
    assert (now["EMPTY"], now["DATA"], now["API_KEY"]) == ("filled", f"{SECRET}2", SECRET)
    shown += [
        kernel.run(f"%mlenv {verb}").text for verb in ("check", "panel", "doctor", "add idna", "freeze --show", "undo")
    ]
    assert not [text for text in shown if SECRET in text]
    assert holding([root, mlenv_home, shared_data], SECRET) == {"other.env"}
    assert {".env", "other.env"} <= set((root / ".gitignore").read_text().splitlines())


def test_a_kernel_loads_the_file_when_it_starts_and_its_spec_holds_no_value(
    root: Path,
    mlenv_home: Path,
    shared_data: Path,
    start_kernel: Callable[..., LiveKernel],
    python: Callable[[str], str],
) -> None:
    """S43: opt-in by a setting, on Python 3.9; plain jupyter_client starts it; the spec names the file alone."""
    (root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n[tool.mlenv]\ndotenv = true\n'
    )
    (root / ".env").write_text(ROWS)
    folder = root / "nb"
    folder.mkdir()
    project = create(root, "six", "--python", python("3.9"))
    content = specs(mlenv_home)[project.kernel]
    assert content["argv"][-2:] == ["--mlenv-dotenv", ".env"]
    assert content["metadata"]["mlenv"]["dotenv"] == ".env"
    kernel = start_kernel(project.kernel, cwd=folder, env={"SET_BEFORE": "before"})
    kernel.run(SEEN)
    assert seen(folder) == EXPECTED
    # What mlenv starts gets none of it, also where a cell starts mlenv through a shell.
    assert kernel.run("%mlenv dotenv show").status == "ok"
    (folder / ".env").write_text(f'API_KEY="{SECRET}\n')
    kernel.restart()
    assert "mlenv: nothing was loaded from .env" in kernel.run("print(1)").text
    told = kernel.run("%mlenv dotenv")
    assert (told.status, "nb/.env: line 1" in told.text) == ("error", True)
    assert kernel.run("print(1)").text == "1\n"
    assert not [text for text in (told.text, kernel.log) if SECRET in text]
    assert holding([root, mlenv_home, shared_data], SECRET) == {".env"}
    (root / "pyproject.toml").write_text(
        (root / "pyproject.toml").read_text().replace("dotenv = true", 'dotenv = "settings/dev.env"')
    )
    assert "mlenv create tells the kernel" in mlenv(root, "dotenv").text
    assert "as it was" in mlenv(root, "create").text
    assert "kernels load settings/dev.env when they start" in mlenv(root, "dotenv").text
    assert specs(mlenv_home)[project.kernel]["argv"][-1] == "settings/dev.env"
    kernel = start_kernel(project.kernel, cwd=folder)
    assert "settings/dev.env" in kernel.run("1").text


ENGINE = "import os, sys; open(os.environ['TRACE'], 'a').write(repr(sorted(os.environ)) + '\\n'); os.execv({uv!r}, [{uv!r}, *sys.argv[1:]])"


def test_no_engine_gets_what_the_file_holds(
    root: Path, mlenv_home: Path, start_kernel: Callable[..., LiveKernel], uv: str, tmp_path: Path
) -> None:
    """S38: a uv that writes its environment down: neither `%mlenv` nor `!mlenv` hands values of `.env` on."""
    traced = tmp_path / "uv"
    traced.write_text(f"#!{sys.executable}\n" + ENGINE.format(uv=uv))
    traced.chmod(0o755)
    trace = tmp_path / "trace"
    env = {"MLENV_UV": str(traced), "TRACE": str(trace), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (root / ".env").write_text(f"API_KEY={SECRET}\nUV_INDEX_URL=https://{SECRET}@index.example.org/simple\n")
    kernel = start_kernel(create(root, "six").kernel, cwd=root, env=env)
    assert kernel.run("%mlenv dotenv").status == "ok"
    assert "API_KEY" in kernel.run("!env").text
    for cell in ("%mlenv add idna", "!mlenv remove idna"):
        trace.unlink(missing_ok=True)
        assert kernel.run(cell).status == "ok"
        assert "TRACE" in trace.read_text(), "the trap does not work"
        assert "API_KEY" not in trace.read_text()
        assert "UV_INDEX_URL" not in trace.read_text()


def test_the_example_has_the_names_and_keeps_what_was_there(root: Path, mlenv_home: Path) -> None:
    """S43: `.env.example`; a `.gitignore` that would hide it."""
    (root / "requirements.txt").write_text("six==1.17.0\n")
    (root / ".env").write_text(ROWS)
    (root / ".env.example").write_text("# where is the data?\nDATA=./data\n#API_KEY=\nOLD=1")
    (root / ".gitignore").write_text("*.pyc\n.env*")
    told: list[Answer] = [mlenv(root, "dotenv", "example", "--dry-run")]
    assert not (root / ".env.example").read_text().endswith("\n")
    told.append(mlenv(root, "dotenv", "example"))
    text = (root / ".env.example").read_text()
    assert text.startswith("# where is the data?\nDATA=./data\n#API_KEY=\nOLD=1\nSINGLE=\nEMPTY=\n")
    assert (root / ".gitignore").read_text() == "*.pyc\n.env*\n!.env.example\n"
    told.append(mlenv(root, "dotenv", "example", "--json"))
    assert told[-1].json()["files"] == []
    assert not [answer for answer in told if SECRET in answer.text]


def test_a_file_that_git_tracks_is_named_with_what_to_type(root: Path, mlenv_home: Path) -> None:
    """S38: also a file of another name."""
    (root / "requirements.txt").write_text("six==1.17.0\n")
    (root / "dev.env").write_text(ROWS)
    for words in (("init", "-q"), ("add", "dev.env")):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, timeout=60)
    told = mlenv(root, "dotenv", "example", "dev.env").text
    assert "dev.env is tracked by git" in told
    assert "git rm --cached dev.env" in told
    assert "dev.env" in (root / ".gitignore").read_text().splitlines()
