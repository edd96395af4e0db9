"""Say what the process of a worker or a scheduler is: its interpreter, what is installed there, what it has loaded.

Standard library only, Python 3.9+: this file is sent to workers.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import time
from dataclasses import fields, is_dataclass
from typing import Any, Dict, List, Optional, Tuple

from mlenv.installed import with_damage
from mlenv.kernel.memory import Memory, Scans
from mlenv.model import Installed, Loaded
from mlenv.probe import asked, site

__all__ = ["FORM", "environment_sites", "installed_now", "loaded_now", "look", "started"]

FORM = 1
"""Of the answer: the client of another mlenv refuses a form that it does not know."""
_KEPT = "_mlenv_memory"


def look(dask_worker: Any = None, dask_scheduler: Any = None) -> str:
    """Return the answer as JSON.

    Args:
        dask_worker: Dask's worker, as Dask hands it in: what was noted in this process before is kept at it.
        dask_scheduler: Dask's scheduler, where it is the scheduler that runs this.

    Cost: a scan and small files of each package, about 60 ms for 300 packages; 10 ms for what is loaded.
    """
    sites = environment_sites()
    installed = installed_now(sites)
    return json.dumps(
        {
            "form": FORM,
            "markers": asked.markers(),
            "tags": _tags(),
            "prefix": _folded(sys.prefix),
            "installed": _plain(installed),
            "loaded": _plain(loaded_now(dask_worker or dask_scheduler)),
            "needs": site.needs(installed),
        }
    )


def environment_sites() -> Tuple[str, ...]:
    """Return the site folders that this process imports from, in the order of ``sys.path``."""
    import site as standard_site

    known = {os.path.realpath(folder) for folder in _site_folders(standard_site)}
    found = [folder for folder in sys.path if folder and os.path.realpath(folder) in known]
    return tuple(dict.fromkeys(found or [sysconfig.get_path("purelib")]))


def _site_folders(standard_site: Any) -> List[str]:
    folders = [*standard_site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return [*folders, standard_site.getusersitepackages()]


def installed_now(sites: Tuple[str, ...]) -> Installed:
    """Return what is installed, packages whose top folders are gone told as damaged."""
    installed = site.scan(sites)
    return with_damage(installed, site.missing_tops(installed, {}))


def loaded_now(server: Any) -> Tuple[Loaded, ...]:
    """Return what this process has in memory, with the versions that were loaded where these can be told."""
    memory: Optional[Memory] = getattr(server, _KEPT, None)
    if not isinstance(memory, Memory):
        root = getattr(server, "local_directory", None)
        memory = Memory(Scans(), runtimes="", root=str(root) if root else None, since=started())
        setattr(server, _KEPT, memory)
    return memory.loaded(set())


def started() -> float:
    """Return when this process began, in seconds since the epoch (to about a second); 0.0 where it cannot be told."""
    try:
        import psutil  # what every worker has: distributed needs it

        return min(float(psutil.Process().create_time()), time.time())
    except Exception:  # noqa: BLE001 - a machine where processes cannot be asked is no reason to answer nothing
        return 0.0


def _tags() -> List[str]:
    """Return the wheel tags, best first; empty where this Python has no ``packaging``: distributed needs it, too."""
    try:
        from packaging.tags import sys_tags

        return [str(tag) for tag in sys_tags()]
    except Exception:  # noqa: BLE001 - old versions fail in many ways; markers alone choose the pins
        return []


def _plain(item: Any) -> Any:
    """Return values as JSON has them; addresses in the home folder begin with ``~``, which names nobody."""
    if is_dataclass(item):
        row: Dict[str, Any] = {}
        for field in fields(item):
            content = _plain(getattr(item, field.name))
            if content not in (None, "", [], False):
                row[field.name] = content
        return row
    if isinstance(item, (list, tuple)):
        return [_plain(each) for each in item]
    return _folded(item) if isinstance(item, str) else item


def _folded(text: str) -> str:
    home = os.path.expanduser("~")
    if len(home) < 2 or home not in text:
        return text
    return "~" if text == home else text.replace(home + os.sep, f"~{os.sep}")
