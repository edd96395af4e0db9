"""Compiled requirements (pip-tools, uv), frozen ones (pip) and ``pylock.toml`` (uv, pip)."""

from __future__ import annotations

import json
from pathlib import Path

from differential.pipenv_tool import report_rows
from differential.said import Said, from_changes
from differential.setup import Chosen, Setup
from differential.spec import SPEC, Spec, pyproject
from differential.stage import Done, World
from differential.uv_tool import changes_of, uv_version

__all__ = ["SETUPS"]

_LIST = "requirements.in"
_COMPILE = ("--quiet", "--generate-hashes", "--no-emit-index-url", "--no-emit-trusted-host", "--strip-extras")


def _program(world: World, tool: str, name: str, *words: str, ok: bool = False) -> Done:
    return world.run(str(world.stage.tool(tool) / name), *words, ok=ok)


def _write_list(world: World, spec: Spec) -> None:
    comment = [f"# {spec.comment}"] if spec.comment else []
    (world.root / _LIST).write_text("\n".join([*comment, *spec.dependencies]) + "\n")


def _seeded(world: World) -> None:
    world.uv("venv", "--quiet", "--seed", "--python", world.stage.python, ".venv", ok=True)


def _recompiled(world: World, lock: str, *argv: str) -> str:
    """Return ``fresh`` where compiling again changes nothing but comments."""
    path = world.root / lock
    if not path.is_file():
        return "none"

    def ask() -> str:
        kept, before = path.read_bytes(), _pins(path)
        world.run(*argv, ok=True)
        now = _pins(path)
        path.write_bytes(kept)
        return "fresh" if now == before else "stale"

    return world.once(ask, _LIST, lock)


def _pins(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if _says(line)]


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _pip_compile(world: World) -> tuple[str, ...]:
    program = str(world.stage.tool("pip-tools") / "pip-compile")
    return (program, *_COMPILE, "--output-file", "requirements.txt", _LIST)


def _make_pip_tools(world: World) -> None:
    _seeded(world)
    world.run(*_pip_compile(world), ok=True)
    _program(world, "pip-tools", "pip-sync", "--quiet", "--python-executable", world.python, ok=True)


def _ask_pip_tools(world: World, chosen: Chosen) -> Said:
    lock = _recompiled(world, "requirements.txt", *_pip_compile(world))
    if lock == "none" or not (world.root / ".venv").exists():
        return Said(lock=lock, environment=None if lock == "none" else "none")
    done = _program(world, "pip-tools", "pip-sync", "--dry-run", "--python-executable", world.python)
    removed: dict[str, str] = {}
    added: dict[str, str] = {}
    target = removed
    for line in done.out.splitlines():
        if line.startswith("Would"):
            target = removed if "uninstall" in line else added
        elif line.startswith("  "):
            name, _, version = line.strip().partition("==")
            target[name] = version
    there = _listed(world)
    removed |= {name: there[name] for name in added if name in there}
    return Said(lock=lock, rows=from_changes(removed, added), environment="there", text=done.text)


def _listed(world: World) -> dict[str, str]:
    rows = json.loads(world.uv("pip", "list", "--python", world.python, "--format", "json", ok=True).out)
    return {row["name"].lower().replace("_", "-"): row["version"] for row in rows}


def _version_of(tool: str, package: str) -> object:
    def ask(world: World) -> str:
        python = str(world.stage.tool(tool) / "python")
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        return world.run(python, "-c", code, ok=True).out.strip()

    return ask


def _uv_compile(*words: str) -> tuple[str, ...]:
    from differential.stage import uv_path

    return (uv_path(), "pip", "compile", "--quiet", "--generate-hashes", *words, _LIST, "-o", "requirements.txt")


def _uv_sync(world: World, lock: str, *, ok: bool = False, dry: bool = False) -> Done:
    words = ("--dry-run", "--output-format", "json") if dry else ("--quiet",)
    return world.uv("pip", "sync", *words, "--python", world.python, "--preview", lock, ok=ok)


def _made_with_uv(*words: str) -> object:
    def make(world: World) -> None:
        world.uv("venv", "--quiet", "--python", world.stage.python, ".venv", ok=True)
        world.run(*_uv_compile(*words), "--python", world.stage.python, ok=True)
        _uv_sync(world, "requirements.txt", ok=True)

    return make


def _asked_of_uv(*words: str) -> object:
    def ask(world: World, chosen: Chosen) -> Said:
        python = ("--python", world.stage.python)
        lock = _recompiled(world, "requirements.txt", *_uv_compile(*words), *python)
        return _uv_plan(world, "requirements.txt", lock)

    return ask


def _uv_plan(world: World, file: str, lock: str | None) -> Said:
    if lock == "none" or not (world.root / ".venv").exists():
        return Said(lock=lock, environment=None if lock == "none" else "none")
    done = _uv_sync(world, file, dry=True, ok=True)
    return Said(lock=lock, rows=changes_of(json.loads(done.out)["changes"]), environment="there", text=done.text)


def _write_pyproject(world: World, spec: Spec) -> None:
    (world.root / "pyproject.toml").write_text(pyproject(spec))


def _make_pylock_uv(world: World) -> None:
    world.uv("venv", "--quiet", "--python", world.stage.python, ".venv", ok=True)
    world.uv("export", "--quiet", "--format", "pylock.toml", "-o", "pylock.toml", "--no-default-groups", ok=True)
    (world.root / "uv.lock").unlink(missing_ok=True)
    _uv_sync(world, "pylock.toml", ok=True)


def _ask_pylock_uv(world: World, chosen: Chosen) -> Said:
    return _uv_plan(world, "pylock.toml", None if (world.root / "pylock.toml").is_file() else "none")


def _pip(world: World, *words: str, ok: bool = False) -> Done:
    return _program(world, "pip", "python", "-m", "pip", "--python", world.python, *words, ok=ok)


def _make_pylock_pip(world: World) -> None:
    _seeded(world)
    _pip(world, "lock", "--quiet", "-r", _LIST, "-o", "pylock.toml", ok=True)
    _pip(world, "install", "--quiet", "-r", "pylock.toml", ok=True)


def _make_frozen(world: World) -> None:
    _seeded(world)
    _pip(world, "install", "--quiet", "-r", _LIST, ok=True)
    frozen = _pip(world, "freeze", ok=True).out
    (world.root / "requirements.txt").write_text(frozen)
    (world.root / _LIST).unlink()


def _asked_of_pip(file: str) -> object:
    def ask(world: World, chosen: Chosen) -> Said:
        lock = None if (world.root / file).is_file() else "none"
        if lock == "none" or not (world.root / ".venv").exists():
            return Said(lock=lock, environment=None if lock == "none" else "none")
        found, text = report_rows(world, str(world.stage.tool("pip") / "python"), "-r", file)
        return Said(rows=found, environment="there", text=text)

    return ask


def _write_nothing(world: World, spec: Spec) -> None:
    if not (world.root / ".venv").exists():
        _write_list(world, spec)


def _setup(name: str, tool: str, **settings: object) -> Setup:
    package = {"pip-tools": "pip-tools", "pip": "pip"}.get(tool, "")
    version = _version_of(tool, package) if package else uv_version
    return Setup(name=name, tool=tool, version=version, **settings)  # type: ignore[arg-type]


_PLAIN = Spec(dependencies=SPEC.dependencies)
_PIP_ONLY = frozenset({"extra"})
SETUPS = (
    _setup(
        "pip-tools", "pip-tools", write=_write_list, make=_make_pip_tools, ask=_ask_pip_tools, spec=_PLAIN,
        lock="requirements.txt",
    ),
    _setup(
        "uv-compile", "uv", write=_write_list, make=_made_with_uv(), ask=_asked_of_uv(), spec=_PLAIN,
        lock="requirements.txt",
    ),
    _setup(
        "uv-compile-universal", "uv", write=_write_list, make=_made_with_uv("--universal"),
        ask=_asked_of_uv("--universal"), spec=_PLAIN, lock="requirements.txt", sample=False,
    ),
    _setup(
        "pylock-uv", "uv", write=_write_pyproject, make=_make_pylock_uv, ask=_ask_pylock_uv, spec=_PLAIN,
        lock="pylock.toml",
    ),
    _setup(
        "pylock-pip", "pip", write=_write_list, make=_make_pylock_pip, ask=_asked_of_pip("pylock.toml"), spec=_PLAIN,
        lock="pylock.toml", untold=_PIP_ONLY, tells_of_manifest=False,
    ),
    _setup(
        "pip-freeze", "pip", write=_write_nothing, make=_make_frozen, ask=_asked_of_pip("requirements.txt"),
        spec=_PLAIN, lock="requirements.txt", untold=_PIP_ONLY, tells_of_manifest=False,
    ),
)  # fmt: skip
