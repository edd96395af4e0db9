"""Where symbolic links cannot be: the environment is made at its final place, behind a guard file until it is whole.

The weaker promise: the old environment is away while the new one is made, and comes back if that fails. A kill is seen
(``check`` says broken while the guard stands) and healed by the next verb; it cannot leave the old environment in use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.generations.made import shown
from mlenv.probe import site

__all__ = ["can_link", "clear_place", "exchange", "put_back", "reveal", "stands"]

_GUARD = "unfinished.json"
# What a file system without links, or a system that keeps them from this user, answers; a full disk is another matter.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


def can_link(root: Path, link: Path) -> bool:
    """Whether symbolic links can be made in a project. Cost: none where ``link`` is one, else one is tried."""
    if link.is_symlink():
        return True
    trial = store.private_dir(root) / f"link-trial-{secrets.token_hex(4)}"
    try:
        os.symlink("envs", trial, target_is_directory=True)
    except NotImplementedError:
        return False
    except OSError as error:
        return error.errno not in _NO_LINKS
    trial.unlink()
    return True


def clear_place(root: Path, link: Path, generation: Path) -> None:
    """Put the guard up and move what lies at ``link`` aside, so that ``generation`` can be made there.

    Raises:
        MlenvError: ``not-writable`` where it cannot be moved (a program may use it); nothing was changed then.
    """
    with contextlib.suppress(OSError):
        link.rmdir()  # an empty folder is nothing; any other one stays
    aside = _name_of(link) or f"envs/adopted-{generation.name}"
    guard = {"schema": 1, "link": os.path.relpath(link, root), "aside": aside if os.path.lexists(link) else None}
    store.write_json(_guard(root), guard)
    if guard["aside"]:
        try:
            os.replace(link, root / ".mlenv" / aside)
        except OSError as error:
            _guard(root).unlink()
            raise MlenvError(
                "not-writable",
                f"{link.name} cannot be moved aside: {(error.strerror or str(error)).lower()}; nothing was changed",
                where=str(link),
                hint="shut down the kernels and programs that use it, then run the same command again",
            ) from None


def reveal(root: Path) -> str | None:
    """Take the guard down: the environment is whole. Returns what lay there before, relative to ``.mlenv``."""
    _, aside = _read(root)
    _guard(root).unlink()
    return aside


def put_back(root: Path) -> None:
    """Give up what the guard stands for: what was made goes, what was moved aside returns. Nothing without a guard."""
    link, aside = _read(root)
    if link is None:
        _guard(root).unlink(missing_ok=True)  # not one of mlenv's
        return
    away = root / ".mlenv" / aside if aside else None
    if away is None or away.is_dir():  # else it had not been moved yet
        store.remove_tree(link, inside=root)
    if away is not None and away.is_dir():
        os.replace(away, link)
    _guard(root).unlink()


def exchange(root: Path, link: Path, target: Path) -> str | None:
    """Bring an environment back that was moved aside, for ``undo``; return what lay at ``link``, as ``clear_place``."""
    clear_place(root, link, target)
    os.replace(target, link)
    return reveal(root)


def stands(root: Path) -> bool:
    return site.is_guarded(str(root))


def _guard(root: Path) -> Path:
    return root / ".mlenv" / _GUARD


def _name_of(link: Path) -> str | None:
    return shown(link) if link.is_dir() and not link.is_symlink() else None


def _read(root: Path) -> tuple[Path | None, str | None]:
    """Read the guard; a project's folder may come from somebody else, so no path leads out of it."""
    content = store.read_json(_guard(root)) or {}
    link, aside = content.get("link"), content.get("aside")
    if not isinstance(link, str) or not isinstance(aside, str | None):
        return None, None
    place = Path(os.path.normpath(root / link))
    inside = place.is_relative_to(root) and place.parent != place and place != root and ".mlenv" not in place.parts
    named = aside is None or (aside.startswith("envs/") and Path(aside).name == aside.removeprefix("envs/"))
    return (place, aside) if inside and named else (None, None)
