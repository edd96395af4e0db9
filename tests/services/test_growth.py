"""What many projects and many packages cost grows with their number, and no faster: counted, not timed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlenv import drift, process
from mlenv.faces.cli import main
from mlenv.model import EnvironmentFacts, Pin, Selection
from mlenv.probe import site
from mlenv.services import check_many
from mlenv.services.check import Measured, measure
from mlenv.services.context import Context, Options, silent
from mlenv.services.describe import describe_all
from mlenv.services.prune import prune
from notebook_files import write_notebook

_MOST = 2.4
"""Of the step from 2n to 4n against that from n to 2n: 2 where the cost grows linearly, 4 where quadratically."""


def calls_of(action: Callable[[], object]) -> int:
    """Return how many functions are called, Python's own and the system's included, in whatever thread."""
    counts: dict[int, int] = {}

    def count(frame: Any, event: str, argument: Any) -> None:
        if event in {"call", "c_call"}:
            mine = threading.get_ident()
            counts[mine] = counts.get(mine, 0) + 1

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return sum(counts.values())


def steps(cost: Callable[[int], int], size: int) -> float:
    """Return how the cost's second step compares with its first one, where each doubles the size."""
    one, two, four = (cost(size * times) for times in (1, 2, 4))
    assert one < two < four, "nothing grows, so nothing was measured"
    return (four - two) / (two - one)


@pytest.fixture
def projects(tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path]) -> Callable[[int], Path]:
    """Return what lays out so many projects, each with its environment (links to one Python), notebook and kernel."""
    template = make_venv(tmp_path / "template", None, "six==1.17.0", "iniconfig==2.0.0")

    def lay_out(number: int) -> Path:
        root = tmp_path / f"crowd-{number}"
        (root / ".git").mkdir(parents=True)
        for each in range(number):
            project = root / f"p{each:03}"
            shutil.copytree(template, project / ".venv", symlinks=True, ignore=shutil.ignore_patterns("activate*"))
            (project / "requirements.txt").write_text(f"six=={'1.17.0' if each % 10 else '1.16.0'}\niniconfig==2.0.0\n")
            write_notebook(project / "work.ipynb", "import six", kernel=project.name)
            spec = {"argv": [str(project / ".venv" / "bin" / "python")], "display_name": "p", "language": "python"}
            block = {"schema": 1, "project": str(project), "prefix": str(project / ".venv")}
            folder = Path(os.environ["JUPYTER_DATA_DIR"], "kernels", project.name)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "kernel.json").write_text(json.dumps({**spec, "metadata": {"mlenv": block}}))
        return root

    return lay_out


def check_all(root: Path) -> dict[str, Any]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.chdir(root):
        assert main(["check", "--all", "--json"]) == 1
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_a_project_costs_the_same_among_many(projects: Callable[[int], Path]) -> None:
    def cost(number: int) -> int:
        root = projects(number)
        verdicts = [row["verdict"] for row in check_all(root)["reports"]]  # now everything is cached
        assert verdicts == ["in-step" if each % 10 else "sync" for each in range(number)]
        return calls_of(lambda: check_all(root))

    assert steps(cost, 10) < _MOST


def test_a_kernel_costs_the_same_among_many(
    projects: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's list of projects, and prune where one project of two is gone."""
    monkeypatch.setenv("MLENV_DATA_DIR", str(tmp_path / "data"))  # no runtimes: their files are counted, too

    def laid_out(number: int) -> Context:
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / f"jupyter-{number}"))
        root = tmp_path / f"crowd-{number}"
        return Context(cwd=root if root.exists() else projects(number), report=silent, options=Options(dry_run=True))

    def described(number: int) -> int:
        context = laid_out(number)
        assert len(describe_all(context)) == number  # now everything is cached
        return calls_of(lambda: describe_all(context))

    def pruned(number: int) -> int:
        context = laid_out(number)
        for each in range(0, number, 2):
            shutil.rmtree(context.cwd / f"p{each:03}")
        assert len(prune(context).data["removed"]) == number // 2
        return calls_of(lambda: prune(context))

    assert steps(described, 10) < _MOST
    assert steps(pruned, 10) < _MOST


def test_many_environments_of_one_python_start_it_once(
    projects: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = projects(12)
    started: list[str] = []
    run = process.run

    def counted(command: Any, **options: Any) -> Any:
        started.append(command.argv[0])
        return run(command, **options)

    monkeypatch.setattr(process, "run", counted)
    check_all(root)
    assert len(started) == 1, started
    # One that has a Python of its own is asked itself.
    own = root / "p003" / ".venv" / "bin" / "python"
    real = os.path.realpath(own)
    own.unlink()
    own.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    own.chmod(0o755)
    check_all(root)
    assert started[1:] == [str(own)]


def test_only_what_waits_is_checked_side_by_side(
    projects: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that have nothing to wait for only hold each other up."""
    root = projects(12)
    threads: set[str] = set()
    delay_s = 0.0

    def slow(*words: Any) -> Measured:
        threads.add(threading.current_thread().name)
        time.sleep(delay_s)
        return measure(*words)

    monkeypatch.setattr(check_many, "measure", slow)
    monkeypatch.setattr(check_many, "_PATIENCE_S", 0.5)
    check_all(root)  # an interpreter is started, which is waited for
    threads.clear()
    quick = check_all(root)
    assert threads == {threading.main_thread().name}
    delay_s = 0.3
    assert check_all(root) == quick
    assert len(threads) > 2


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[int], tuple[Selection, EnvironmentFacts]]:
    """Return what lays out an environment of so many packages, and what its lock asks."""

    def lay_out(number: int) -> tuple[Selection, EnvironmentFacts]:
        folder = tmp_path / str(number)
        for each in range(number):
            info = folder / f"some_package_{each}-1.{each}.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(f"Name: some-package-{each}\nVersion: 1.{each}\n")
            record = f"some_package_{each}.py,,\n{info.name}/METADATA,,\n{info.name}/INSTALLER,,\n"
            (info / "RECORD").write_text(record)
            (info / "INSTALLER").write_text("uv\n")
        # One of ten is of another version, one of ten is missing, one of ten is extra.
        pins = [
            Pin(name=f"some-package-{each}", version="9" if each % 10 == 1 else f"1.{each}") for each in range(number)
        ]
        pins += [Pin(name=f"absent-{each}", version="1") for each in range(number // 10)]
        wanted = tuple(pin for number, pin in enumerate(pins) if number % 10 != 2)
        selection = Selection(root="/p", name="demo", lock="pylock.toml", kind="pylock", pins=wanted)
        return selection, EnvironmentFacts(prefix="/p/.venv", python="3.12.1", engine="uv", sites=(str(folder),))

    return lay_out


def compares(environment: Callable[[int], tuple[Selection, EnvironmentFacts]]) -> Iterator[tuple[str, float]]:
    def listed(number: int) -> int:
        _, facts = environment(number)
        return calls_of(lambda: site.missing_tops(site.scan(facts.sites), {}))

    def compared(number: int) -> int:
        selection, facts = environment(number)
        return calls_of(lambda: drift.report(selection, facts, site.scan(facts.sites)))

    yield "listed", steps(listed, 100)
    yield "compared", steps(compared, 101)


def test_a_package_costs_the_same_among_many(environment: Callable[[int], tuple[Selection, EnvironmentFacts]]) -> None:
    for what, step in compares(environment):
        assert step < _MOST, what
