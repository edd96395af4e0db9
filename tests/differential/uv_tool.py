"""uv and ``uv.lock``."""

from __future__ import annotations

import json
from dataclasses import replace

from differential.said import Said, from_changes
from differential.setup import Chosen, Setup
from differential.spec import FORKED, ONE_PYTHON, SPEC, Spec, pyproject
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
    removed = {row["name"]: row.get("version", "") for row in changes if row["action"] == "uninstalled"}
    added = {row["name"]: row.get("version", "") for row in changes if row["action"] == "installed"}
    again = frozenset((row["name"], "source") for row in changes if row["action"] == "reinstalled")
    return from_changes(removed, added) | again


def _write_package(world: World, spec: Spec) -> None:
    """A project with local packages from every kind of source."""
    wheel = world.stage.wheel("six", "1.16.0")
    sources = (
        "\n[tool.uv.sources]\n"
        'part = { path = "part", editable = true }\nbit = { path = "bit" }\npiece = { workspace = true }\n'
        f'six = {{ path = "{wheel.name}" }}\n\n[tool.uv.workspace]\nmembers = ["piece"]\n'
    )
    (world.root / "pyproject.toml").write_text(pyproject(replace(spec, tail=sources)))
    if (world.root / wheel.name).is_file():
        return  # uv builds a part anew when a file of it is newer
    (world.root / wheel.name).write_bytes(wheel.read_bytes())
    for name, needs in (("part", "iniconfig"), ("bit", "idna"), ("piece", "click")):
        (world.root / name).mkdir(exist_ok=True)
        (world.root / name / f"{name}.py").write_text('"""A part."""\n')
        (world.root / name / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "1.0"\ndescription = "A part"\n'
            f'requires-python = ">=3.9"\ndependencies = ["{needs}"]\n{_BUILD}'
        )


def _write_built(world: World, spec: Spec) -> None:
    """A project that is built and installed itself."""
    (world.root / "pyproject.toml").write_text(pyproject(replace(spec, description="A demo", tail=_BUILD)))
    (world.root / "demo.py").write_text('"""A demo."""\n')


_BUILD = '\n[build-system]\nrequires = ["flit_core==3.9.0"]\nbuild-backend = "flit_core.buildapi"\n'
_PACKAGE = replace(SPEC, dependencies=(*SPEC.dependencies, "part", "bit", "piece"))
SETUPS = (
    Setup(name="uv", tool="uv", version=uv_version, write=_write, make=_make, ask=_ask, lock="uv.lock", spec=FORKED),
    Setup(
        name="uv-one-python",
        tool="uv",
        version=uv_version,
        write=_write,
        make=_make,
        ask=_ask,
        lock="uv.lock",
        spec=ONE_PYTHON,
        only=("untouched", "another Python", "no environment"),
        sample=False,
    ),
    Setup(
        name="uv-built",
        tool="uv",
        version=uv_version,
        write=_write_built,
        make=_make,
        ask=_ask,
        lock="uv.lock",
        spec=replace(SPEC, dependencies=(*SPEC.dependencies, "wheel<0.45")),
        only=(
            "untouched",
            "the project itself is missing",
            "the project itself, not editable",
            "missing",
            "locked tooling: newer",
            "locked tooling: missing",
            "another Python",
        ),
        sample=False,
    ),
    Setup(
        name="uv-local",
        tool="uv",
        version=uv_version,
        write=_write_package,
        make=_make,
        ask=_ask,
        lock="uv.lock",
        spec=_PACKAGE,
        skips={"another Python": "uv builds a part anew that it did not install itself"},
        sample=False,
    ),
)
