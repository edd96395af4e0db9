"""The verbs that are killed, each with the project that it is run in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from torture.killing import Scene
from torture.stage import PACKAGES, UPGRADES, World

__all__ = ["REPAIR", "SCENES"]

_SIX_OLD, _SIX_NEW = PACKAGES[-1], UPGRADES[-1]


def _must(world: World, *words: str) -> None:
    done = world.mlenv(*words)
    assert done.code == 0, f"{' '.join(words)}: {done.text}"


def _nothing(_world: World, _engine: str) -> None:
    """An empty folder."""


def _made(*packages: str) -> Callable[[World, str], None]:
    def prepare(world: World, engine: str) -> None:
        _must(world, "create", *packages, "--engine", engine)

    return prepare


def _rewrite_manifest(world: World, old: str, new: str) -> None:
    manifest = world.root / "pyproject.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))


def _lock_of_a_colleague(world: World, engine: str) -> None:
    """Manifest and lock are those of newer versions, as after a ``git pull``; the environment is the old one."""
    _made(*UPGRADES)(world, engine)
    pulled = {name: (world.root / name).read_bytes() for name in ("pyproject.toml", "pylock.toml")}
    _must(world, "delete", "--yes")
    for name in pulled:
        (world.root / name).unlink()
    _made(*PACKAGES)(world, engine)
    for name, content in pulled.items():
        (world.root / name).write_bytes(content)


def _may_be_newer(world: World, engine: str) -> None:
    """The lock holds old versions, the manifest allows newer ones."""
    _made(*PACKAGES)(world, engine)
    _rewrite_manifest(world, "==", ">=")
    _must(world, "lock")


def _undoable(world: World, engine: str) -> None:
    _made(*PACKAGES)(world, engine)
    _must(world, "remove", "networkx")


def _by_hand(world: World, engine: str) -> None:
    """Somebody has put another version into the environment."""
    _made(*PACKAGES)(world, engine)
    wheels = ["--no-index", "--find-links", str(world.stage.wheels)]
    pip = [str(world.link / "bin" / "python"), "-m", "pip", "install", "--quiet", *wheels, _SIX_NEW]
    subprocess.run(pip, check=True, capture_output=True, env=world.env)


def _declared_anew(world: World, engine: str) -> None:
    _made(*PACKAGES)(world, engine)
    _rewrite_manifest(world, _SIX_OLD, _SIX_NEW)


def _odd_kernel(world: World, engine: str) -> None:
    """The kernel's spec is whole, and not as mlenv writes it now."""
    _made(_SIX_OLD)(world, engine)
    (spec,) = (world.home / "jupyter" / "kernels").glob("*/kernel.json")
    spec.write_text(spec.read_text().replace('"Python (demo)"', '"Python (formerly)"'))
    spec.with_name("logo-svg.svg").unlink()


SCENES = (
    Scene(verb="create", words=("create", *PACKAGES, "--engine", "{engine}"), prepare=_nothing),
    Scene(verb="sync", words=("sync",), prepare=_lock_of_a_colleague),
    Scene(verb="remove", words=("remove", "networkx"), prepare=_made(*PACKAGES), repeats="networkx is not declared"),
    Scene(verb="undo", words=("undo",), prepare=_undoable, repeats="there is no earlier state to go back to"),
    Scene(verb="upgrade", words=("upgrade",), prepare=_may_be_newer),
    Scene(verb="add", words=("add", _SIX_OLD), prepare=_made(*PACKAGES[:-1])),
    Scene(verb="freeze", words=("freeze",), prepare=_by_hand),
    Scene(verb="lock", words=("lock",), prepare=_declared_anew, ends="sync"),
)
"""Every verb that writes, those first that have most to lose."""

REPAIR = Scene(verb="kernels repair", words=("kernels", "repair"), prepare=_odd_kernel)
"""Replaces a kernelspec and changes nothing else."""
