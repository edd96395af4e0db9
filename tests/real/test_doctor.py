"""Broken kernels, each broken for real: one diagnosis each, with what the kernel printed, and no hang."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv.errors import MlenvError
from mlenv.model import Outcome
from mlenv.services import kernels as verbs
from mlenv.services.context import Context, Options, silent
from mlenv.services.doctor import doctor

pytestmark = [pytest.mark.real, pytest.mark.network]

LIMIT_S = 15.0


def examine(kernel_id: str | None, cwd: Path, **options: Any) -> Outcome:
    began = time.monotonic()
    outcome = doctor(Context(cwd=cwd, report=silent, options=Options(**options)), kernel_id)
    assert kernel_id is None or time.monotonic() - began < LIMIT_S
    return outcome


def diagnosis(outcome: Outcome) -> dict[str, Any]:
    assert outcome.data
    (row,) = outcome.data["kernels"]
    found: dict[str, Any] = row["diagnosis"]
    return found


@pytest.fixture
def classic(mlenv_home: Path) -> Callable[..., str]:
    """Write a kernelspec as ``ipykernel install`` does: ``classic("name", interpreter, env={...})``."""

    def write(name: str, interpreter: Path | str, **more: Any) -> str:
        folder = mlenv_home / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        argv = [str(interpreter), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        content = {"argv": argv, "display_name": name, "language": "python", **more}
        (folder / "kernel.json").write_text(json.dumps(content))
        return name

    return write


@pytest.fixture
def project(mlenv_home: Path) -> Path:
    folder = mlenv_home / "project"
    folder.mkdir()
    return folder


def test_a_local_file_that_hides_a_module_is_named(
    project: Path, mlenv_home: Path, make_venv: Any, classic: Any
) -> None:
    prefix = make_venv(mlenv_home / "v", None, "ipykernel")
    (project / "random.py").write_text("def roll():\n    return 4\n")

    outcome = examine(classic("k", prefix / "bin" / "python", env={"PYTHONPATH": str(project)}), project)

    found = diagnosis(outcome)
    assert not outcome.ok
    assert found["kind"] == "shadowed-module"
    assert found["sentence"].startswith(f"{project}/random.py hides Python's own module random")
    assert found["hint"] == "rename random.py"
    assert found["tail"][-1].startswith("ImportError: cannot import name 'Random' from")


def test_a_local_file_is_named_even_where_this_ipykernel_starts_in_spite_of_it(
    project: Path, mlenv_home: Path, make_venv: Any, classic: Any
) -> None:
    prefix = make_venv(mlenv_home / "v", None, "ipykernel")
    (project / "random.py").write_text("def roll():\n    return 4\n")
    (project / "test.py").write_text("")

    outcome = examine(classic("k", prefix / "bin" / "python"), project)

    assert not outcome.ok
    assert diagnosis(outcome)["kind"] == "shadowed-module"
    assert "random.py" in outcome.lines[0]
    assert "test.py" not in outcome.lines[0]


def test_a_missing_module_is_named_with_the_package_that_brings_it(
    project: Path, mlenv_home: Path, make_venv: Any, classic: Any
) -> None:
    prefix = make_venv(mlenv_home / "v", None, "ipykernel")
    shutil.rmtree(next(prefix.glob("lib/*/site-packages/zmq")))

    outcome = examine(classic("k", prefix / "bin" / "python"), project)

    found = diagnosis(outcome)
    assert not outcome.ok
    assert found["kind"] == "missing-module"
    assert found["hint"] == "uv pip install --reinstall --python ~/v/bin/python pyzmq"
    assert found["tail"][-1] == "ModuleNotFoundError: No module named 'zmq'"
    assert outcome.lines[0].startswith("kernel k does not start: the module zmq is missing")
    assert outcome.lines[-1] == "  | ModuleNotFoundError: No module named 'zmq'"


def test_a_missing_ipykernel_is_named(project: Path, mlenv_home: Path, make_venv: Any, classic: Any) -> None:
    prefix = make_venv(mlenv_home / "v", None, pip=True)

    found = diagnosis(examine(classic("k", prefix / "bin" / "python"), project))

    assert found["kind"] == "missing-module"
    assert found["hint"] == "~/v/bin/python -m pip install ipykernel"


def test_a_broken_import_shows_the_true_error_and_whose_it_is(
    project: Path, mlenv_home: Path, make_venv: Any, classic: Any
) -> None:
    prefix = make_venv(mlenv_home / "v", None, "ipykernel")
    module = next(prefix.glob("lib/*/site-packages/traitlets")) / "__init__.py"
    module.unlink()  # never written in place: uv's cache holds the same file
    module.write_text("import traitlets.nothing_like_it\nraise ImportError('libold.so.1: cannot open')\n")
    module.with_name("nothing_like_it.py").write_text("")

    found = diagnosis(examine(classic("k", prefix / "bin" / "python"), project))

    assert found["kind"] == "import-error"
    assert found["sentence"].startswith("traitlets in its environment cannot be imported: ImportError: libold.so.1")
    assert "--reinstall" in found["hint"]


def test_a_wrong_file_permission_is_named(project: Path, mlenv_home: Path, classic: Any) -> None:
    python = mlenv_home / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o644)

    outcome = examine(classic("k", python), project)

    assert not outcome.ok
    assert diagnosis(outcome)["kind"] == "not-executable"
    assert str(python) in outcome.lines[0]
    assert diagnosis(outcome)["hint"] == "chmod +x ~/bin/python"


def test_an_interpreter_that_exits_is_told_with_its_status_and_words(
    project: Path, mlenv_home: Path, classic: Any
) -> None:
    python = _program(mlenv_home / "bin" / "python", "echo first >&2; echo no licence today >&2; exit 3")

    outcome = examine(classic("k", python), project)

    assert not outcome.ok
    assert diagnosis(outcome)["kind"] == "exited"
    assert diagnosis(outcome)["sentence"] == "its interpreter exits with status 3: no licence today"
    assert diagnosis(outcome)["tail"] == ["first", "no licence today"]


def test_an_interpreter_that_is_killed_is_told_with_the_signal(project: Path, mlenv_home: Path, classic: Any) -> None:
    python = _program(mlenv_home / "bin" / "python", "kill -SEGV $$")

    assert diagnosis(examine(classic("k", python), project))["sentence"].startswith(
        "its interpreter was ended by SIGSEGV"
    )


def test_an_interpreter_that_never_answers_is_ended_in_time(project: Path, mlenv_home: Path, classic: Any) -> None:
    python = _program(mlenv_home / "bin" / "python", "echo waiting >&2; sleep 600")

    found = diagnosis(examine(classic("k", python), project))

    assert found["kind"] == "no-answer"
    assert found["tail"] == ["waiting"]


def test_a_script_whose_own_interpreter_is_gone_is_told_apart_from_a_missing_one(
    project: Path, mlenv_home: Path, classic: Any
) -> None:
    python = mlenv_home / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/nowhere/python\n")
    python.chmod(0o755)

    assert diagnosis(examine(classic("script", python), project))["kind"] == "not-a-program"
    python.write_bytes(b"\x7fNOT A PROGRAM")
    assert diagnosis(examine("script", project))["kind"] == "not-a-program"
    assert diagnosis(examine(classic("gone", "/nowhere/python"), project))["kind"] == "interpreter-missing"


def test_a_spec_that_cannot_be_read_is_told_without_starting_anything(project: Path, mlenv_home: Path) -> None:
    folder = mlenv_home / "jupyter" / "kernels" / "cut"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text('{"argv": [')

    outcome = examine("cut", project)

    assert not outcome.ok
    assert outcome.lines[0] == "kernel cut does not start: kernel.json is not valid JSON"


def test_a_python_that_is_too_old_for_a_project_kernel_is_told(project: Path, mlenv_home: Path, classic: Any) -> None:
    prefix = project / ".venv"
    (prefix / "lib" / "python3.7" / "site-packages").mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.7.16\n")
    python = _program(prefix / "bin" / "python", "echo '  SyntaxError: invalid syntax' >&2; exit 1")
    ownership = {"schema": 1, "project": str(project), "prefix": str(prefix), "ipykernel": "runtime"}

    found = diagnosis(examine(classic("k", python, metadata={"mlenv": ownership}), project))

    assert found["kind"] == "python-too-old"
    assert "3.7" in found["sentence"]
    assert "3.9" in found["sentence"]


def test_a_healthy_kernel_is_said_to_start_with_its_python(
    project: Path, mlenv_home: Path, make_venv: Any, classic: Any
) -> None:
    prefix = make_venv(mlenv_home / "v", None, "ipykernel")

    outcome = examine(classic("k", prefix / "bin" / "python"), project)

    assert outcome.ok
    version = ".".join(map(str, sys.version_info[:3]))
    assert outcome.lines[0].startswith(f"kernel k starts with Python {version} in {prefix}, ")
    assert diagnosis(outcome) is None


def test_an_unknown_kernel_names_those_that_are_there(project: Path, classic: Any) -> None:
    classic("present", sys.executable)

    with pytest.raises(MlenvError, match="present") as caught:
        examine("absent", project)

    assert caught.value.code == "kernel-missing"


def test_python3_that_starts_another_python_is_told_with_both_paths(
    project: Path, mlenv_home: Path, classic: Any
) -> None:
    other = _program(mlenv_home / "other" / "bin" / "python", "exit 0")
    classic("python3", other)
    before = sorted(os.listdir(mlenv_home / "jupyter" / "kernels"))

    outcome = examine(None, project)

    (note,) = [line for line in outcome.lines if "python3 starts" in line]
    assert str(other) in note
    assert sys.prefix in note
    assert "hides" in note
    assert sorted(os.listdir(mlenv_home / "jupyter" / "kernels")) == before


def test_doctor_starts_the_projects_kernel_and_only_looks_at_others(
    project: Path, mlenv_home: Path, make_venv: Any, classic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_venv(project / ".venv")
    make_venv(project / "venv")
    context = Context(cwd=project, report=silent)
    kernel_id = verbs.register(context, root=str(project), prefix=str(project / ".venv"), name="project").kernel
    started = mlenv_home / "started"
    classic("theirs", _program(mlenv_home / "bin" / "python", f"touch '{started}'; exit 1"))
    monkeypatch.setenv("VIRTUAL_ENV", "/opt/other")
    monkeypatch.setenv("PYTHONPATH", "/opt/modules")

    outcome = examine(None, project)

    text = "\n".join(outcome.lines)
    assert f"kernel {kernel_id} starts with Python" in text
    assert "kernel theirs: foreign" in text
    assert not started.exists()
    assert "VIRTUAL_ENV is /opt/other" in text
    assert "PYTHONPATH is set (/opt/modules)" in text
    assert "several environments lie in the project (.venv, venv); .venv counts" in text
    assert f"project {project}: unlocked: mlenv freeze" in text
    assert "ipykernel" in next(line for line in outcome.lines if line.startswith("runtime "))
    assert outcome.data
    assert outcome.data["host"]["executable"] == sys.executable
    assert json.loads(json.dumps(outcome.data)) == outcome.data


def test_a_port_that_another_program_took_is_no_fault_of_the_kernel(
    project: Path, mlenv_home: Path, make_venv: Any, classic: Any
) -> None:
    """Ports are chosen by the one who starts and used by the kernel: it is started once more, and not for ever."""
    prefix = make_venv(mlenv_home / "v", None, "ipykernel")
    starts, said = mlenv_home / "starts", "zmq.error.ZMQError: Address already in use (addr='tcp://127.0.0.1:1')"
    script = f'echo x >> "{starts}"; [ "$(wc -l < "{starts}")" -gt {{}} ] || {{{{ echo "{said}" >&2; exit 1; }}}}; '
    script += f'exec "{prefix}/bin/python" "$@"'

    once = classic("once", _program(mlenv_home / "once" / "python", script.format(1)))
    assert examine(once, project).ok
    assert len(starts.read_text().split()) == 2

    starts.unlink()
    always = classic("always", _program(mlenv_home / "always" / "python", script.format(9)))
    found = diagnosis(examine(always, project))
    assert "Address already in use" in found["sentence"]
    assert len(starts.read_text().split()) == 2


def test_doctor_works_without_a_project(mlenv_home: Path) -> None:
    outcome = examine(None, mlenv_home)

    assert any(line.startswith("no project here") for line in outcome.lines)
    assert any(line.startswith("uv ") for line in outcome.lines)


def _program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
