"""A kernel of a conda environment gets what activation sets; nothing that only looks at the environment runs a script."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv.kernel import activation
from scenarios.real_project import mlenv, specs

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform == "win32", reason="not run: needs a POSIX shell")]


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    folder = tmp_path / "conda env" / "envs" / "geo"
    (folder / "conda-meta").mkdir(parents=True)
    (folder / "conda-meta" / "history").write_text("")
    return folder


def script(prefix: Path, name: str, text: str) -> None:
    folder = prefix / "etc" / "conda" / "activate.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def activated(prefix: Path, **before: str) -> tuple[dict[str, str], str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(prefix), **before}
    return environ, activation.activate(str(prefix), environ)


def test_variables_and_scripts_take_effect_in_condas_order(prefix: Path) -> None:
    (prefix / "etc" / "conda" / "env_vars.d").mkdir(parents=True)
    (prefix / "etc" / "conda" / "env_vars.d" / "a.json").write_text(
        '{"ONE": "package", "TWO": "package", "BAD NAME": "x"}'
    )
    state = {"version": 1, "env_vars": {"TWO": "own", "OLD": "***unset***", "NUMBER": 3}}
    (prefix / "conda-meta" / "state").write_text(json.dumps(state))
    script(prefix, "b.sh", 'export GDAL_DATA="$CONDA_PREFIX/share/gdal" SEEN="$ONE $TWO $FIRST"\nunset GONE\n')
    script(prefix, "a.sh", "export FIRST='two\nlines = ü'\necho said aloud\n")
    script(prefix, "c.fish", "exit 1\n")
    environ, problem = activated(prefix, OLD="1", GONE="1", VIRTUAL_ENV="/server", PYTHONPATH="kept")
    assert problem == ""
    assert environ["GDAL_DATA"] == f"{prefix}/share/gdal"
    assert environ["SEEN"] == "package own two\nlines = ü"
    assert (environ["CONDA_PREFIX"], environ["CONDA_DEFAULT_ENV"], environ["CONDA_SHLVL"]) == (str(prefix), "geo", "1")
    assert not {"OLD", "GONE", "VIRTUAL_ENV", "NUMBER", "BAD NAME", "SHLVL", "_MLENV_PYTHON"} & set(environ)
    assert environ["PYTHONPATH"] == "kept"


def test_without_scripts_nothing_is_started(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation, "_sourced", lambda *_: pytest.fail("a shell was started"))
    (prefix / "conda-meta" / "state").write_text("{ rubbish")
    assert activated(prefix)[1] == ""
    plain = prefix.parent / "venv"
    plain.mkdir()
    environ = {"VIRTUAL_ENV": str(plain)}
    assert activation.activate(str(plain), environ) == ""
    assert environ == {"VIRTUAL_ENV": str(plain)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exit 3\n", "b.sh ended with status 3"),
        ("kill -9 $$\n", "b.sh ended with status -9"),
        ("sleep 60\n", "b.sh took longer than"),
        ("exec sleep 60\n", "b.sh took longer than"),
    ],
)
def test_a_script_that_fails_is_named_and_changes_nothing(
    text: str, says: str, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation, "_TIMEOUT_S", 1.0)
    script(prefix, "a.sh", "export FIRST=1\n")
    script(prefix, "b.sh", text)
    began = time.monotonic()
    environ, problem = activated(prefix)
    assert time.monotonic() - began < 5
    assert says in problem
    assert "FIRST" not in environ
    assert environ["CONDA_DEFAULT_ENV"] == "geo"


@pytest.mark.parametrize(
    "text",
    [
        "sleep 60 &\n",  # what it leaves running holds nothing up
        "yes | head -c 3000000\n",
        "set --\nshift 5\n",
        "set -u\n",
        "exec 3>&-\n",
        "cat\n",  # waits for an input that is closed
        "export PYTHONPATH=/evil PYTHONHOME=/evil PYTHONSTARTUP=/evil\n",
        "if then\n",  # a script that does not parse is passed over, as bash does
        "false\n",
    ],
)
def test_an_odd_script_does_not_keep_the_others_from_working(text: str, prefix: Path) -> None:
    if not Path("/bin/bash").exists():
        pytest.skip("not run: there is no bash here")
    script(prefix, "a.sh", text)
    script(prefix, "b.sh", "export PROJ_DATA=here\n")
    began = time.monotonic()
    environ, problem = activated(prefix)
    assert (environ.get("PROJ_DATA"), problem) == ("here", "")
    assert time.monotonic() - began < 4
    assert not [name for name in environ if name.startswith("PYTHON")]


def test_a_kernel_of_condas_environment_is_activated_and_check_runs_nothing(
    tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path], start_kernel: Callable[..., Any]
) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    prefix = make_venv(tmp_path / "envs" / "geo", None)
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta" / "history").write_text("")
    ran = tmp_path / "ran"
    script(prefix, "gdal.sh", f'echo x >> "{ran}"\nexport GDAL_DATA="$CONDA_PREFIX/share/gdal"\n')
    kernel_id = mlenv(root, "use", str(prefix), "--json").json()["kernel"]
    env = specs(mlenv_home)[kernel_id]["env"]
    assert (env["CONDA_PREFIX"], env["CONDA_DEFAULT_ENV"], env["CONDA_SHLVL"]) == (str(prefix), "geo", "1")
    assert "GDAL_DATA" not in env
    before = ran.read_text()
    for words in (("check",), ("list",), ("freeze", "--show"), ("pythons",), ("use", "--list")):
        mlenv(root, *words, code=None)
    assert ran.read_text() == before
    kernel = start_kernel(kernel_id, cwd=root)
    shown = kernel.run(
        "import os\nprint(os.environ['GDAL_DATA'], os.environ['CONDA_PREFIX'], 'VIRTUAL_ENV' in os.environ)"
    )
    assert shown.stdout.strip() == f"{prefix}/share/gdal {prefix} False"
    assert ran.read_text() == before + "x\n"
    kernel.run("%mlenv check")
    assert ran.read_text() == before + "x\n"
    script(prefix, "broken.sh", "exit 7\n")
    failing = start_kernel(kernel_id, cwd=root)
    first, second = failing.run("print('works')"), failing.run("print('still')")
    assert "works" in first.stdout
    assert "mlenv: not activated as conda does: broken.sh ended with status 7" in first.text
    assert "not activated" not in second.text
