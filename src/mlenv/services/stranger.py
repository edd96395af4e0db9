"""Start a kernel as a user who is not the one that registers it: "works for me only" is seen before others see it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mlenv.model import value

__all__ = ["Stranger", "stranger_for"]

_NOBODY = 65534


@value
class Stranger:
    """A user without any rights of their own."""

    user: int
    group: int
    folder: Path
    """Where their scratch folder may lie: a folder that every user can enter."""

    def prepare(self, manager: Any, scratch: str) -> None:
        """Give a kernel's scratch folder and connection file to this user, before the kernel starts."""
        if sys.platform == "win32":  # no other user can be had there: stranger_for says so
            return
        manager.cache_ports = False  # else other ports than the file's would be chosen at the start
        manager.write_connection_file()
        for path in (scratch, manager.connection_file):
            os.chown(path, self.user, self.group)

    def start_options(self, scratch: str) -> dict[str, Any]:
        """Return what starts the program as this user: nothing of ours but where programs and the language are."""
        kept = {name: text for name in ("PATH", "LANG", "LC_ALL", "TZ") if (text := os.environ.get(name))}
        return {
            "user": self.user,
            "group": self.group,
            "extra_groups": [],
            "cwd": scratch,
            "env": {**kept, "HOME": scratch, "JUPYTER_RUNTIME_DIR": scratch, "IPYTHONDIR": scratch},
        }


def stranger_for(folder: Path) -> Stranger | None:
    """Return the user ``nobody``; ``None`` where this process may not start programs as another user.

    Args:
        folder: where the scratch folder may lie.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    try:
        row = pwd.getpwnam("nobody")
    except KeyError:
        return Stranger(user=_NOBODY, group=_NOBODY, folder=folder)
    return Stranger(user=row.pw_uid, group=row.pw_gid, folder=folder)
