"""A Dask cluster whose workers drift from the lock, found and mended.

    python examples/dask_cluster.py

It makes a project with a lock, a scheduler, and two workers in environments of their own, neither of which has mlenv;
one has six in another version than locked. On a cluster of yours two lines are enough:

    import mlenv.dask
    client.register_plugin(mlenv.dask.LockedEnvironment("."))
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from distributed import Client
from uv import find_uv_bin

import mlenv.dask

MANIFEST = """[project]
name = "cluster-demo"
version = "0"
requires-python = ">=3.11"
dependencies = ["six==1.17.0", "distributed"]
"""
UV = find_uv_bin()


def uv(*words: str | Path) -> str:
    argv = [UV, *map(str, words), "--quiet"]
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def environment(folder: Path, lock: Path, *packages: str) -> Path:
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv("venv", "--python", sys.executable, folder)
    uv("pip", "install", "--python", python, "--requirement", lock)
    if packages:
        uv("pip", "install", "--python", python, "--no-deps", *packages)
    return python


def dask(programs: ExitStack, folder: Path, python: Path, program: str, *words: str) -> None:
    argv = [python, "-m", f"distributed.cli.dask_{program}", "--host", "127.0.0.1", *words]
    variables = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(UV), os.environ["PATH"]])}
    with (folder / f"{program}.log").open("ab") as log:
        started = subprocess.Popen(argv, cwd=folder, env=variables, stdout=log, stderr=log)
    programs.callback(started.wait)
    programs.callback(started.terminate)


def main() -> int:
    with tempfile.TemporaryDirectory() as place, ExitStack() as programs:
        folder = Path(place)
        project = folder / "project"
        project.mkdir()
        (project / "pyproject.toml").write_text(MANIFEST)
        uv("lock", "--project", project, "--python", sys.executable)
        (folder / "locked.txt").write_text(uv("export", "--project", project, "--frozen", "--no-emit-project"))
        whole = environment(folder / "whole", folder / "locked.txt")
        drifted = environment(folder / "drifted", folder / "locked.txt", "six==1.16.0")

        file = folder / "scheduler.json"
        dask(
            programs, folder, whole, "scheduler", "--port", "0", "--dashboard-address", ":0", f"--scheduler-file={file}"
        )
        while not file.exists():
            time.sleep(0.1)
        for name, python in (("whole", whole), ("drifted", drifted)):
            options = (
                "--name",
                name,
                "--nthreads",
                "1",
                "--dashboard-address",
                ":0",
                f"--local-directory={folder / name}",
            )
            dask(programs, folder, python, "worker", f"--scheduler-file={file}", *options)

        with Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2)
            plugin = mlenv.dask.LockedEnvironment(str(project))
            before = plugin.report(client)
            print(before, end="\n\n")
            client.register_plugin(plugin)
            after = plugin.report(client)
            print(after)
        return 0 if (before.verdict, after.verdict) == ("sync", "in-step") else 1


if __name__ == "__main__":
    sys.exit(main())
