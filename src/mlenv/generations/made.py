"""A generation by itself: where it is made, how it is proved, which one a project shows."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.probe import site
from mlenv.probe.conda_whole import conda_faults

__all__ = ["current", "new_path", "ready", "seal", "shown"]

MARKER = "mlenv-ready.json"


def new_path(root: Path) -> Path:
    """Return a fresh place for a generation; nothing is made but the folder that holds all of them."""
    envs = store.private_dir(root) / "envs"
    store.make_folder(envs)
    # The link is made only once the environment is whole, so a name is all that has to be unique.
    return envs / f"{time.strftime('%y%m%d')}-{secrets.token_hex(4)}"


def seal(generation: Path, content: Mapping[str, Any], *, python: str) -> None:
    """Verify every file of a generation against its RECORDs and write the ready marker, last.

    Raises:
        MlenvError: ``verify-failed`` naming the first damaged packages.
    """
    facts = site.environment_facts(str(generation))
    installed = site.scan(facts.sites)
    owned = frozenset(installed.owned)
    rows = [row for row in installed.distributions if row.name not in owned]
    problems = [f"{d.name}: {missing[0]}" for d in rows if (missing := site.verify(d))]
    problems += [f"{name}: {reason}" for name, reason in conda_faults(installed)]
    problems += [f"{name}: {reason}" for name, reason in installed.damaged]
    if problems:
        raise MlenvError(
            "verify-failed",
            f"{len(problems)} packages are not whole after the installation: {'; '.join(problems[:3])}",
            where=str(generation),
            hint="run the same command again; if it fails again, clear the cache with: uv cache clean",
        )
    packages = {d.name: d.version for d in installed.distributions}
    marker = {
        "schema": 1,
        **content,
        "path": str(Path(os.path.realpath(generation))),
        "python": python,
        "packages": packages,
        "count": len(packages),
    }
    store.write_json(generation / MARKER, marker)


def ready(generation: Path) -> dict[str, Any] | None:
    """Return the ready marker of a generation, ``None`` where it is missing, cut short or not of this place."""
    marker = site.read_marker(str(generation))
    if not marker or marker.get("schema") != 1 or marker.get("count") != len(marker.get("packages", {})):
        return None
    return marker


def current(link: Path) -> Path | None:
    """Return the generation that ``.venv`` points to; ``None`` where it is no link or points elsewhere."""
    if not link.is_symlink():
        return None
    target = Path(os.path.realpath(link))
    return target if target.parent.name == "envs" and target.parent.parent.name == ".mlenv" else None


def shown(link: Path) -> str | None:
    """Return what ``link`` shows as :mod:`mlenv.history` names it.

    A generation relative to ``.mlenv``, one that was made in place (no links here) by the name that it would have; an
    environment elsewhere that somebody linked to, absolute; ``None`` where there is nothing, or somebody's folder.
    """
    now = current(link)
    if now is not None:
        return f"envs/{now.name}"
    made = None if link.is_symlink() else (ready(link) or {})
    if made and isinstance(made.get("generation"), str) and made.get("path") == os.path.realpath(link):
        return f"envs/{Path(made['generation']).name}"
    return os.path.realpath(link) if link.is_symlink() and link.exists() else None
