"""PDM with ``pdm.lock``, and with ``pylock.toml``."""

from __future__ import annotations

import re
from dataclasses import replace

from differential.said import Said, rows
from differential.setup import Chosen, Setup
from differential.spec import SPEC, Spec, pyproject
from differential.stage import Done, World

__all__ = ["SETUPS"]

_PLAN = {"add": "missing", "update": "different", "remove": "extra"}
_PART = re.compile(r"^Packages to (add|update|remove):\n((?:  - .*\n?)*)", re.MULTILINE)


def _pdm(world: World, *words: str, ok: bool = False) -> Done:
    return world.run(str(world.stage.tool("pdm") / "pdm"), *words, ok=ok)


def _version(world: World) -> str:
    return _pdm(world, "--version", ok=True).out.split()[-1]


def _write(world: World, spec: Spec) -> None:
    index = f'\n[[tool.pdm.source]]\nname = "pypi"\nurl = "{world.stage.index.url}"\nverify_ssl = false\n'
    (world.root / "pyproject.toml").write_text(
        pyproject(replace(spec, tail=f"\n[tool.pdm]\ndistribution = false\n{index}"))
    )


def _make(world: World) -> None:
    _pdm(world, "venv", "create", "--name", "in-project", world.stage.python)
    world.uv("venv", "--quiet", "--allow-existing", "--python", world.stage.python, ".venv", ok=True)
    _pdm(world, "use", "--first", ".venv/bin/python", ok=True)
    _pdm(world, "lock", "--group", ":all", "--dev", ok=True)
    _pdm(world, "sync", "--clean", ok=True)


def _ask(world: World, chosen: Chosen) -> Said:
    if not (world.root / "pdm.lock").is_file():
        return Said(lock="none")
    checked = world.once(lambda: _pdm(world, "lock", "--check"), "pyproject.toml", "pdm.lock")
    lock = "stale" if checked.code else "fresh"
    if not (world.root / ".venv").exists():  # PDM makes one as soon as it is asked anything
        return Said(lock=lock, environment="none", text=checked.text)
    words = [word for extra in chosen.extras for word in ("--group", extra)]
    planned = _pdm(world, "sync", "--dry-run", "--only-keep", *words)
    found: dict[str, list[str]] = {}
    for what, lines in _PART.findall(planned.out):
        found[_PLAN[what]] = [line.split()[1] for line in lines.splitlines()]
    known = planned.code == 0 and (bool(found) or "nothing to do" in planned.out)
    return Said(
        lock=lock,
        rows=rows(**found) if known else None,
        environment="there" if known else None,
        text=checked.text + planned.text,
    )


SETUPS = (
    Setup(
        name="pdm",
        tool="pdm",
        version=_version,
        write=_write,
        make=_make,
        ask=_ask,
        lock="pdm.lock",
        spec=replace(SPEC, groups={"dev": SPEC.groups["dev"]}),
        environment={"PDM_CHECK_UPDATE": "0"},
    ),
)
