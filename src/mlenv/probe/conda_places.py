"""Where conda, mamba and micromamba keep their installations and environments: told from files, no program is asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["environments", "is_environment", "roots"]

_HOMES = ("miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba", ".local/share/mamba", "mamba")
_SYSTEM = ("/opt/conda", "/opt/miniconda3", "/opt/miniforge3", "/opt/anaconda3")
_BREW = ("/opt/homebrew/Caskroom/miniconda/base", "/opt/homebrew/Caskroom/miniforge/base")


def is_environment(prefix: str | Path) -> bool:
    """Whether conda's own records lie there."""
    return os.path.isdir(os.path.join(prefix, "conda-meta"))


def roots(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders that may hold ``envs``: what the variables name, then where the installers put them."""
    home = Path.home()
    named = [Path(environ["CONDA_EXE"]).parent.parent] if environ.get("CONDA_EXE") else []
    named += [Path(environ[name]) for name in ("MAMBA_ROOT_PREFIX", "CONDA_ROOT") if environ.get(name)]
    system = () if sys.platform == "win32" else (*_SYSTEM, *_BREW)
    return tuple(dict.fromkeys([*named, *(home / name for name in _HOMES), *map(Path, system)]))


def environments(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield every environment that conda's list names or that lies in an ``envs`` folder; each once.

    Source: conda's ``~/.conda/environments.txt``, ``CONDA_ENVS_PATH`` and ``envs_dirs``. Cost: one listing per folder.
    """
    folders = [Path(text) for text in environ.get("CONDA_ENVS_PATH", "").split(os.pathsep) if text]
    folders.append(Path.home() / ".conda" / "envs")
    seen: set[str] = set()
    for prefix in (*_told(), *_below(roots(environ), folders)):
        real = os.path.realpath(prefix)
        if real not in seen and is_environment(prefix):
            seen.add(real)
            yield prefix


def _told() -> list[Path]:
    try:
        text = (Path.home() / ".conda" / "environments.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [Path(row) for row in map(str.strip, text.splitlines()) if os.path.isabs(row) and "\0" not in row]


def _below(roots_: tuple[Path, ...], folders: list[Path]) -> Iterator[Path]:
    for root in roots_:
        yield root
        yield from _listed(root / "envs")
    for folder in folders:
        yield from _listed(folder)


def _listed(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in sorted(os.listdir(folder)) if not name.startswith(".")]
    except OSError:
        return []
