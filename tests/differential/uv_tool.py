"""uv and ``uv.lock``."""

from __future__ import annotations

import json

from differential.said import Said, from_changes
from differential.setup import Chosen, Setup
from differential.spec import FORKED, Spec, pyproject
from differential.stage import World

__all__ = ["SETUPS", "changes_of", "uv_version"]


def uv_version(world: World) -> str:
    """Return uv's version."""
    return world.uv("--version", ok=True).out.split()[1]


def _write(world: World, spec: Spec) -> None:
    (world.root / "pyproject.toml").write_text(pyproject(spec))


def _make(world: World) -> None:
    world.uv("lock", "--quiet", "--python", world.stage.python, ok=True)
    world.uv("sync", "--quiet", "--python", world.stage.python, ok=True)


def _ask(world: World, chosen: Chosen) -> Said:
    if not (world.root / "uv.lock").is_file():
        return Said(lock="none")
    fresh = world.uv("lock", "--check", "--quiet")
    words = [word for extra in chosen.extras for word in ("--extra", extra)]
    words += [word for group in chosen.groups for word in ("--group", group)]
    done = world.uv("sync", "--check", "--frozen", "--output-format", "json", *words)
    lock = "stale" if fresh.code else "fresh"
    if not done.out.strip():
        outside = "requires-python" in done.err or "incompatible" in done.err
        return Said(lock=lock, environment="python" if outside else None, text=fresh.text + done.text)
    answer = json.loads(done.out)["sync"]
    action = answer["action"]
    environment = {"check": "there", "create": "none", "replace": "python"}.get(action, action)
    rows = changes_of(answer["changes"]) if environment == "there" else None
    return Said(lock=lock, rows=rows, environment=environment, text=fresh.text + done.text)


def changes_of(changes: list[dict[str, str]]) -> frozenset[tuple[str, str]]:
    """Read the list of changes that uv plans."""
    removed = {row["name"]: row["version"] for row in changes if row["action"] == "uninstalled"}
    added = {row["name"]: row["version"] for row in changes if row["action"] == "installed"}
    again = frozenset((row["name"], "source") for row in changes if row["action"] == "reinstalled")
    return from_changes(removed, added) | again


SETUPS = (
    Setup(name="uv", tool="uv", version=uv_version, write=_write, make=_make, ask=_ask, lock="uv.lock", spec=FORKED),
)
