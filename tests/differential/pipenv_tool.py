"""Pipenv: ``verify`` for the lock, ``clean --dry-run`` for what is too much, pip's report for what would be installed."""

from __future__ import annotations

import json
from dataclasses import replace

from differential.said import Said, from_changes
from differential.setup import Chosen, Setup
from differential.spec import ONE_PYTHON, Spec, pipfile
from differential.stage import Done, World

__all__ = ["SETUPS", "report_rows"]

_ENVIRONMENT = {
    "PIPENV_VENV_IN_PROJECT": "1",
    "PIPENV_NOSPIN": "1",
    "PIPENV_YES": "1",
    "PIPENV_IGNORE_VIRTUALENVS": "1",
}


def _pipenv(world: World, *words: str, ok: bool = False) -> Done:
    return world.run(str(world.stage.tool("pipenv") / "pipenv"), *words, ok=ok)


def _version(world: World) -> str:
    return _pipenv(world, "--version", ok=True).out.split()[-1]


def _write(world: World, spec: Spec) -> None:
    (world.root / "Pipfile").write_text(pipfile(spec, world.stage.index.url))


def _make(world: World) -> None:
    _pipenv(world, "--python", world.stage.python, ok=True)
    _pipenv(world, "lock", "--dev", "--categories", "packages dev-packages docs", ok=True)
    _pipenv(world, "sync", "--dev", ok=True)


def _ask(world: World, chosen: Chosen) -> Said:
    if not (world.root / "Pipfile.lock").is_file():
        return Said(lock="none")
    if not (world.root / ".venv").exists() and _pipenv(world, "--venv").code:
        return Said(environment="none")
    verified = world.once(lambda: _pipenv(world, "verify"), "Pipfile", "Pipfile.lock")
    lock = "stale" if verified.code else "fresh"
    cleaned = _pipenv(world, "clean", "--dry-run", ok=True)
    surplus = {line.strip(): "" for line in cleaned.out.splitlines() if line.strip()}
    words = (
        ["--dev"]
        if not chosen.groups
        else ["--dev", "--categories", " ".join(("packages", "dev-packages", *chosen.groups))]
    )
    listed = _pipenv(world, "requirements", *words, ok=True).out
    (world.folder / "listed.txt").write_text("\n".join(line for line in listed.splitlines() if line[:1] != "-") + "\n")
    installed, text = report_rows(world, world.python, "--no-deps", "-r", str(world.folder / "listed.txt"))
    return Said(
        lock=lock,
        rows=installed | from_changes(surplus, {}),
        environment="python" if "Your Pipfile requires" in cleaned.err else "there",
        text=verified.text + cleaned.text + text,
    )


def report_rows(world: World, pip: str, *words: str) -> tuple[frozenset[tuple[str, str]], str]:
    """Ask pip what it would install, and compare with what is there.

    Args:
        world: the project.
        pip: an interpreter that has pip; the project's own or one of a tool.
        words: requirements.
    """
    python = () if pip == world.python else ("--python", world.python)
    done = world.run(pip, "-m", "pip", *python, "install", "--dry-run", "--quiet", "--report", "-", *words, ok=True)
    added = {
        row["metadata"]["name"].lower().replace("_", "-"): row["metadata"]["version"]
        for row in json.loads(done.out)["install"]
    }
    listed = json.loads(world.uv("pip", "list", "--python", world.python, "--format", "json", ok=True).out)
    there = {row["name"].lower().replace("_", "-"): row["version"] for row in listed}
    return from_changes({name: there[name] for name in added if name in there}, added), str(sorted(added.items()))


_SOME = (
    "untouched",
    "missing",
    "older",
    "newer",
    "extra",
    "extra: excluded here by a marker",
    "missing, older and extra at once",
    "other source: a wheel",
    "other source: an address",
    "other source: editable",
    "tooling: wheel",
    "a kernel: ipykernel",
    "files gone, metadata there",
    "another Python",
    "no environment",
    "default group: missing",
    "other group installed, not asked for",
    "specifier narrowed, pin still fits",
    "spelled with blanks",
    "rows in another order",
    "dependency added",
    "dependency removed",
    "group: row changed",
    "other group: row changed",
    "requires-python narrowed",
    "no lock",
)
"""Pipenv takes seconds for each question: what tells nothing new is left out."""
SETUPS = (
    Setup(
        name="pipenv",
        tool="pipenv",
        version=_version,
        write=_write,
        make=_make,
        ask=_ask,
        lock="Pipfile.lock",
        spec=replace(ONE_PYTHON, extras={}),
        environment=_ENVIRONMENT,
        mlenv=("--group", "dev"),
        only=_SOME,
    ),
)
