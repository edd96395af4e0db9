"""Real schedulers and workers on loopback, in environments of their own that mlenv is no part of."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Answered", "Cluster", "Environments", "python_of", "run"]

DEPENDENCIES = ["six==1.17.0", "distributed"]
WAIT_S = 60.0


def run(argv: Sequence[str | Path], **options: Any) -> str:
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{argv}\n{done.stderr}"
    return done.stdout


def python_of(prefix: Path) -> Path:
    return prefix / "bin" / "python"


class Environments:
    """Environments with what a lock says, made by uv from its cache."""

    def __init__(self, folder: Path, uv: str, variables: Mapping[str, str]) -> None:
        self.folder, self.uv, self._variables = folder, uv, dict(variables)
        self.project = folder / "project"
        self.project.mkdir()
        names = ", ".join(f'"{text}"' for text in DEPENDENCIES)
        text = f'[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = [{names}]\n'
        (self.project / "pyproject.toml").write_text(text)
        self._run("lock", "--quiet", "--python", sys.executable, cwd=self.project)
        lines = self._run("export", "--quiet", "--frozen", "--no-emit-project", cwd=self.project)
        (folder / "locked.txt").write_text(lines)

    def _run(self, *words: str | Path, **options: Any) -> str:
        return run([self.uv, *words], env=self._variables, **options)

    def make(self, name: str, *packages: str, python: str = sys.executable) -> Path:
        """Make one; ``packages`` come after the lock's, in other versions, or beyond them."""
        prefix = self.folder / name
        self._run("venv", "--quiet", "--python", python, prefix)
        self._run("pip", "install", "--quiet", "--python", python_of(prefix), "-r", self.folder / "locked.txt")
        if packages:
            self.put(prefix, *packages)
        return prefix

    def put(self, prefix: Path, *packages: str) -> None:
        self._run("pip", "install", "--quiet", "--no-deps", "--python", python_of(prefix), *packages)

    def version(self, prefix: Path, name: str) -> str:
        code = f"import importlib.metadata as m; print(m.version({name!r}))"
        return run([python_of(prefix), "-I", "-c", code]).strip()


class Cluster:
    """A scheduler and its workers: programs, each in a session of its own."""

    def __init__(self, folder: Path, scheduler: Path, variables: Mapping[str, str], options: Sequence[str]) -> None:
        self._folder, self._variables = folder, dict(variables)
        self._options = list(options)
        self._programs: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        words = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
        self._start("scheduler", scheduler, "dask_scheduler", [*words, "--scheduler-file", str(file)])
        self._await(file.exists)
        self.address: str = self._await(lambda: self._read(file))
        self.number = 0

    def _read(self, file: Path) -> str:
        with contextlib.suppress(ValueError, KeyError):
            return str(json.loads(file.read_text())["address"])
        return ""

    def _await(self, ready: Callable[[], Any]) -> Any:
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if found := ready():
                return found
            time.sleep(0.05)
        raise AssertionError("\n".join(path.read_text()[-2000:] for path in self._folder.glob("*.log")))

    def _start(
        self, name: str, prefix: Path, program: str, words: Sequence[str], before: Sequence[str] = (), **env: str
    ) -> None:
        argv = [*before, str(python_of(prefix)), "-m", f"distributed.cli.{program}", *words, *self._options]
        log = (self._folder / f"{name}.log").open("wb")
        program_ = subprocess.Popen(
            argv, cwd=self._folder, env={**self._variables, **env}, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        self._programs.append(program_)

    def worker(
        self, prefix: Path, name: str, *, nanny: bool = True, before: Sequence[str] = (), wait: bool = True, **env: str
    ) -> None:
        """Start a worker, and wait until it is there."""
        words = ["--nthreads", "1", "--name", name, "--memory-limit", "0", "--host", "127.0.0.1"]
        words += ["--local-directory", str(self._folder / name), "--nanny" if nanny else "--no-nanny"]
        self._start(name, prefix, "dask_worker", [self.address, *words], before, **env)
        self.number += 1
        if wait:
            self.ready()

    def ready(self) -> None:
        with self.client() as client:
            client.wait_for_workers(self.number, timeout=WAIT_S)

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        from distributed import Client

        with Client(self.address, set_as_default=False, timeout=WAIT_S) as client:
            yield client

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def end(self) -> None:
        for program in reversed(self._programs):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()


class Answered:
    """How the command line ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Of ``--json``: name -> report."""
        return {row["name"]: row for row in json.loads(self.out)["reports"]}
