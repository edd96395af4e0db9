"""Hundreds of real projects, each with its lock, environment, notebook and kernel: one environment, linked again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.formats import FORMATS, packages_of
from benchmarks.made import name_of
from benchmarks.peers import uv
from torture.stage import World

__all__ = ["PACKAGES", "Crowd", "environment_of", "make_crowd"]

PACKAGES = 20
"""In each project's environment."""
_KINDS = ("uv.lock", "pylock.toml", "requirements.txt")
_EVERY = 20
"""One of so many projects has drifted, another one has no environment."""


@dataclass(frozen=True)
class Crowd:
    """A folder of projects, and the kernels of all of them in the world's Jupyter folder."""

    root: Path
    verdicts: Mapping[str, int]
    """Verdict -> how many projects must have it."""


def make_crowd(world: World, wheels: Path, number: int) -> Crowd:
    """Lay out so many projects. Cost: 5 ms each.

    The environments are copies of one that uv made (files linked, as uv links them; what names the folder is written
    anew); the kernelspecs are copies of the one that ``mlenv create`` wrote for that environment.
    """
    packages = packages_of(wheels, PACKAGES)
    locks = [FORMATS[kind](packages) for kind in _KINDS]
    template = world.folder / "template"
    _write(template, locks[1])
    environment_of(template, wheels, PACKAGES, world.env)
    done = world.mlenv("create", cwd=template)
    if done.code:
        raise RuntimeError(done.text[-2000:])
    (spec,) = (world.home / "jupyter" / "kernels").glob("*/kernel.json")
    text = spec.read_text()
    root = world.folder / "crowd"
    (root / ".git").mkdir(parents=True)
    for each in range(number):
        project = root / f"p{each:04}"
        _write(project, locks[each % len(locks)])
        kernel = f"p{each:04}-12345678"
        _notebook(project / "work.ipynb", kernel)
        _kernel(spec.parent.parent / kernel, text, template, project)
        if _expected(each) != "no-env":
            _copy(template / ".venv", project / ".venv")
        if _expected(each) == "sync":
            _drift(project / ".venv")
    shutil.rmtree(spec.parent)
    return Crowd(root=root, verdicts=Counter(map(_expected, range(number))))


def environment_of(project: Path, wheels: Path, number: int, env: Mapping[str, str]) -> None:
    """Make a project's environment with uv: the first so many packages of :mod:`benchmarks.made`."""
    names = [f"{name_of(each)}==1.{each}.0" for each in range(number)]
    listed = project.parent / f"{project.name}-names.txt"
    listed.write_text("\n".join(names))
    source = ("--no-index", "--find-links", str(wheels), "--no-deps")
    for words in (
        ("venv", "--python", sys.executable, ".venv"),
        ("pip", "install", "--python", ".venv", *source, "-r", str(listed)),
    ):
        done = subprocess.run([uv(), "--quiet", *words], cwd=project, env=dict(env), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"uv {' '.join(words[:6])}: {done.stderr[-2000:]}")


def _expected(number: int) -> str:
    return {5: "sync", 7: "no-env"}.get(number % _EVERY, "in-step")


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def _notebook(path: Path, kernel: str) -> None:
    cell = {"cell_type": "code", "source": "import bench_package_0001", "metadata": {}, "outputs": []}
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}}
    path.write_text(json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))


def _kernel(folder: Path, text: str, template: Path, project: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(text.replace(str(template), str(project)))


def _copy(source: Path, target: Path) -> None:
    for folder, names, files in os.walk(source):
        here = target / os.path.relpath(folder, source)
        here.mkdir(parents=True, exist_ok=True)
        for name in (*names, *files):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                os.symlink(os.readlink(path), here / name)
            elif name in files and folder == str(source / "bin"):
                (here / name).write_text(Path(path).read_text().replace(str(source), str(target)))
            elif name in files:
                os.link(path, here / name)


def _drift(prefix: Path) -> None:
    """Let a package be of another version than the lock's."""
    (folder,) = prefix.glob("lib/python*/site-packages/bench_package_0003-*.dist-info")
    folder.rename(folder.with_name("bench_package_0003-9.9.dist-info"))
