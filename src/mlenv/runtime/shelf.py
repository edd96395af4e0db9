"""Find, make, list and remove runtimes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from mlenv import store, trust
from mlenv.errors import MlenvError
from mlenv.kernel import pick
from mlenv.model import Event, Installed, value
from mlenv.probe import site
from mlenv.probe.environment import interpreter as interpreter_of
from mlenv.runtime import making, plan, side
from mlenv.runtime.asking import ask

__all__ = ["RuntimeRef", "ensure", "listed", "needed_by", "prune", "unneeded"]

Report = Callable[[Event], None]


@value
class RuntimeRef:
    """One runtime on disk."""

    path: str
    key: str
    python: str
    """Tag of the interpreters that it fits: ``cpython-312-x86_64-linux-gnu``."""
    packages: Mapping[str, str]
    """Normalised name -> version of all that it holds."""
    constrained: tuple[str, ...] = ()
    """``traitlets 5.0.5``: versions of an environment that it was resolved with."""
    size_bytes: int = 0
    """Only in :func:`listed`."""


def ensure(
    python: str, installed: Installed, *, supply: plan.Supply | None = None, report: Report | None = None
) -> RuntimeRef:
    """Return a runtime that works for this interpreter beside these installed packages; make it where none does.

    Also brings the kernel side up to date and byte-compiles it for this Python. Cost: 0.1 s where it is there (each of
    its files is looked at), a few seconds the first time for a Python version.

    Args:
        python: the environment's interpreter (``<root>/.venv/bin/python``).
        installed: what the environment holds; these versions always win.
        supply: where packages come from; by default where uv's settings say.
        report: told the steps that take time.

    Raises:
        MlenvError: ``python-too-old``, ``interpreter-broken``, ``runtime-unresolvable`` (names the package that no
            kernel can live with), ``runtime-failed``, ``no-network``, ``not-writable``, ``no-space``.
    """
    tell = report or _silent
    side.install_side()
    interpreter = ask(python)
    side.compile_for(python, interpreter.cache_tag)
    versions = {found.name: found.version for found in installed.distributions}
    # Looked for before the lock is taken: this is what nearly every call does.
    found = making.whole(interpreter.tag, versions)
    if found is None:
        with making.only_one(tell):
            making.remove_damaged(interpreter.tag)
            found = making.whole(interpreter.tag, versions) or making.made(
                python, interpreter, installed, supply or plan.Supply(), tell
            )
    return _ref(found)


def listed() -> tuple[RuntimeRef, ...]:
    """Return all runtimes, newest first, with their sizes. Cost: one walk of each folder."""
    return tuple(_ref(runtime, _size_bytes(runtime.path)) for runtime in pick.read_runtimes(str(making.folder())))


def prune(needed: Collection[str]) -> tuple[str, ...]:
    """Remove runtimes and old kernel sides that no registered kernel needs; return what was removed, as paths.

    Args: as :func:`unneeded`.

    Raises:
        MlenvError: ``not-writable``.
    """
    with making.only_one(_silent):
        doomed = (*unneeded(needed), *making.leftovers())
        for path in doomed:
            store.remove_tree(Path(path), inside=Path(path).parent)
    return doomed


def unneeded(needed: Collection[str]) -> tuple[str, ...]:
    """Return the paths of runtimes and old kernel sides that no registered kernel needs and no live one uses.

    An environment whose interpreter cannot be asked now keeps every runtime: it may come back.

    Args:
        needed: prefixes of the environments of registered kernels.
    """
    # Environments that this user accepted are entered by the portable kernel, too.
    kept = {runtime.path for prefix in {*needed, *trust.prefixes()} for runtime in needed_by(prefix)}
    others = [one.path for one in pick.read_runtimes(str(making.folder())) if one.path not in kept]
    return (*(path for path in others if not store.is_held(Path(path, "runtime.json"))), *side.old())


def needed_by(prefix: str, folder: str = "") -> tuple[pick.Runtime, ...]:
    """Return what a kernel of this environment would use: its own choice, and the plain one for its fallback.

    Args:
        prefix: the environment.
        folder: of runtimes (default: this user's).
    """
    if not os.path.lexists(prefix) and not site.is_guarded(os.path.dirname(prefix)):  # else it is only away
        return ()
    runtimes = pick.read_runtimes(folder or str(making.folder()))
    try:
        tag = ask(interpreter_of(prefix)).tag
    except MlenvError:
        return runtimes
    sites = site.environment_facts(prefix).sites
    versions = {found.name: found.version for found in site.scan(sites).distributions}
    return (*pick.fitting(runtimes, tag, versions)[:1], *pick.fitting(runtimes, tag, {})[:1])


def _silent(_event: Event) -> None:
    return None


def _ref(runtime: pick.Runtime, size_bytes: int = 0) -> RuntimeRef:
    return RuntimeRef(
        path=runtime.path,
        key=runtime.key,
        python=runtime.tag,
        packages=runtime.packages,
        constrained=tuple(f"{name} {version}" for name, version in sorted(runtime.constraints.items())),
        size_bytes=size_bytes,
    )


def _size_bytes(path: str) -> int:
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)
