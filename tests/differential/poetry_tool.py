"""Poetry 2 with ``[project]`` or its own tables, and Poetry 1."""

from __future__ import annotations

import functools
import re
from dataclasses import replace

from differential.said import Said, rows
from differential.setup import Chosen, Setup
from differential.spec import FORKED, ONE_PYTHON, Spec, poetry_tables, pyproject
from differential.stage import Done, World

__all__ = ["SETUPS"]

_LINE = re.compile(r"^ +[-•] (Installing|Updating|Downgrading|Removing) (\S+) \(([^)]*)\)(.*)$", re.MULTILINE)
_ENVIRONMENT = {
    "POETRY_VIRTUALENVS_IN_PROJECT": "true",
    "POETRY_NO_INTERACTION": "1",
    "POETRY_KEYRING_ENABLED": "false",
}


def _poetry(tool: str, world: World, *words: str, ok: bool = False) -> Done:
    return world.run(str(world.stage.tool(tool) / "poetry"), *words, "--no-ansi", ok=ok)


def _version(tool: str, world: World) -> str:
    return _poetry(tool, world, "--version", ok=True).out.strip().rstrip(")").split()[-1]


def _source(world: World) -> str:
    return f'\n[[tool.poetry.source]]\nname = "index"\nurl = "{world.stage.index.url}/"\npriority = "primary"\n'


def _write(world: World, spec: Spec) -> None:
    optional = "".join(f"\n[tool.poetry.group.{group}]\noptional = true\n" for group in spec.groups if group != "dev")
    tail = f"\n[tool.poetry]\npackage-mode = false\n{optional}{_source(world)}"
    (world.root / "pyproject.toml").write_text(pyproject(replace(spec, tail=tail)))


def _write_tables(world: World, spec: Spec) -> None:
    (world.root / "pyproject.toml").write_text(poetry_tables(replace(spec, tail=_source(world))))


def _make(tool: str, world: World) -> None:
    _poetry(tool, world, "env", "use", world.stage.python, ok=True)
    _poetry(tool, world, "lock", ok=True)
    _poetry(tool, world, *_sync(tool), ok=True)


def _sync(tool: str) -> tuple[str, ...]:
    return ("sync",) if tool == "poetry" else ("install", "--sync")


def _ask(tool: str, world: World, chosen: Chosen) -> Said:
    if not (world.root / "poetry.lock").is_file():
        return Said(lock="none")
    checked = world.once(lambda: _poetry(tool, world, "check", "--lock"), "pyproject.toml", "poetry.lock")
    stale = "poetry.lock was last generated" in checked.text or "poetry lock" in checked.text
    if checked.code and not stale:
        raise RuntimeError(f"poetry check --lock: {checked.text}")
    lock = "stale" if stale else "fresh"
    if not (world.root / ".venv").exists() and _poetry(tool, world, "env", "info", "--path").code:
        return Said(lock=lock, environment="none", text=checked.text)
    if stale:  # Poetry plans nothing from a lock that is stale
        return Said(lock=lock, text=checked.text)
    words = [word for extra in chosen.extras for word in ("--extras", extra)]
    words += [word for group in chosen.groups for word in ("--with", group)]
    planned = _poetry(tool, world, *_sync(tool), "--dry-run", *words)
    if planned.code:
        outside = "not allowed by the project" in planned.text or "not supported by the project" in planned.text
        return Said(lock=lock, environment="python" if outside else None, text=checked.text + planned.text)
    return Said(lock=lock, rows=_rows(planned.out), environment="there", text=checked.text + planned.text)


def _rows(out: str) -> frozenset[tuple[str, str]]:
    found: dict[str, list[str]] = {"missing": [], "different": [], "source": [], "extra": []}
    for verb, name, versions, rest in _LINE.findall(out):
        if ": Skipped" in rest:
            continue
        before, _, after = versions.partition(" -> ")
        if verb in ("Installing", "Removing"):
            found["missing" if verb == "Installing" else "extra"].append(name)
        else:
            found["source" if before.split()[0] == after.split()[0] else "different"].append(name)
    return rows(**found)


def _setup(name: str, tool: str, **settings: object) -> Setup:
    return Setup(
        name=name,
        tool=tool,
        version=functools.partial(_version, tool),
        make=functools.partial(_make, tool),
        ask=functools.partial(_ask, tool),
        environment=_ENVIRONMENT,
        lock="poetry.lock",
        skips={"marker spelled otherwise": "Poetry does not read a marker whose value comes first"},
        **settings,  # type: ignore[arg-type]
    )


_SOME = (
    "untouched",
    "missing, older and extra at once",
    "other source: a wheel",
    "tooling: wheel",
    "another Python",
    "no environment",
    "default group: missing",
    "other group installed and asked for",
    "extra and group asked for, one of them newer",
    "specifier narrowed, pin still fits",
    "spelled with blanks",
    "rows in another order",
    "dependency added",
    "dependency removed",
    "marker added",
    "group: row changed",
    "extra: row changed",
    "requires-python narrowed",
    "project's version changed",
    "no lock",
)
"""Breaks for the other ways to write a Poetry project: what they share with the first is not played again."""
SETUPS = (
    _setup("poetry", "poetry", write=_write, spec=FORKED),
    _setup(
        "poetry-one-python",
        "poetry",
        write=_write,
        spec=ONE_PYTHON,
        only=("untouched", "another Python", "no environment"),
        sample=False,
    ),
    _setup("poetry-tables", "poetry", write=_write_tables, only=_SOME, sample=False),
    _setup("poetry-1", "poetry-1", write=_write_tables, only=_SOME, sample=False),
)
