"""What this process has in memory, noted as it comes: the only witness of what was loaded before the disk changed.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import os
import sys
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from mlenv.import_names import KERNEL_MODULES
from mlenv.kernel.uninterrupted import uninterrupted
from mlenv.loaded import Belonging, Entry, Place, belongings, entries, observe, settled_version, told_late
from mlenv.model import Distribution, Installed, Loaded
from mlenv.probe import site
from mlenv.versions import normalise

__all__ = ["Memory", "Scans", "names_in_use"]

_KEPT_SCANS = 64
_SITE_NAMES = ("site-packages", "dist-packages")
_Key = Tuple[str, str]


class Scans:
    """Scans of site folders, kept while the folders are unchanged."""

    def __init__(self) -> None:
        self._kept: Dict[Tuple[Any, ...], Installed] = {}
        self._last: Dict[Tuple[str, ...], Installed] = {}

    def installed(self, sites: Tuple[str, ...]) -> Installed:
        """Return what the folders hold. Cost: a stat each when nothing changed, a scan otherwise.

        A folder that is seen through ``.venv`` and by its real name, too, is scanned once, by its real name: what a
        distribution says of its place stays true when ``.venv`` is switched.
        """
        # What conda installs besides Python packages changes its own records only.
        seen = (*map(folder_stamp, sites), *map(folder_stamp, site.conda_folders(sites)))
        if seen not in self._kept:
            self._kept = {stamps: kept for stamps, kept in self._kept.items() if len(self._kept) < _KEPT_SCANS}
            real = tuple(os.path.realpath(folder) for folder in sites)
            self._kept[seen] = self._last[real] = site.scan(real, self._last.get(real))
        return self._kept[seen]


def folder_stamp(path: str) -> Optional[Tuple[int, ...]]:
    """Return what changes when a folder (or a link to one) shows something else; ``None`` where nothing is there."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    return seen.st_mtime_ns, seen.st_ino, seen.st_dev, seen.st_size


class Memory:
    """The distributions whose modules this process holds, each with the version that was loaded."""

    def __init__(self, scans: Scans, *, runtimes: str, root: Optional[str], since: float = 0.0) -> None:
        """Begin to look.

        Args:
            scans: of site folders.
            runtimes: folder of mlenv's runtimes; empty where there are none.
            root: the project's folder.
            since: when this process began, in seconds since the epoch, where it had loaded things before anybody
                looked: what was installed later may not be what is in memory. 0.0: the first look came first.
        """
        self._scans = scans
        self._since = since
        self._runtimes = os.path.realpath(runtimes) if runtimes else ""
        self._own = [folder for folder in (root, os.getcwd()) if folder]
        self._sites: List[str] = []
        self._places: Dict[str, Place] = {}
        self._editable: Dict[str, str] = {}
        self._seen: Set[str] = set()
        self._rows: Dict[_Key, Tuple[Place, List[str]]] = {}
        self._binary: Set[_Key] = set()
        self._versions: Dict[_Key, Optional[str]] = {}
        self._specs: Dict[_Key, Tuple[str, Any]] = {}
        self._owners: Dict[_Key, str] = {}
        self._before: Dict[str, Mapping[str, Distribution]] = {}
        self._tops: Dict[_Key, Tuple[str, ...]] = {}

    def also(self, root: str, folder: str) -> None:
        """Let a project and a folder of packages count as the environment's own (``%mlenv setup --isolated``)."""
        self._own.append(root)
        if folder:
            self._sites.append(os.path.realpath(folder))

    def look(self) -> None:
        """Note the modules that are new since the last look, with the versions that they were loaded from.

        Call it before the first cell and after each one. Cost: O(new modules), 5 ms for the first 2,000.
        """
        with uninterrupted():  # a module that was seen and not noted would never be told of
            self._look()

    def _look(self) -> None:
        files = self._new_files()
        self._find_places()
        found = entries(files, tuple(self._places.values()), os.sep)
        wanted: Dict[str, List[Entry]] = {}
        for entry in found:
            wanted.setdefault(entry.place.folder, []).append(entry)
        owners: Dict[_Key, Tuple[str, ...]] = {}
        shared: Dict[_Key, str] = {}
        for folder, new in wanted.items():
            self._find_owners(folder, new, owners, shared)
        for row in belongings(found, owners, shared):
            self._note(row)
        for folder in self._places:
            self._before[folder] = self._on_disk(folder)

    def loaded(self, in_use: Set[str]) -> Tuple[Loaded, ...]:
        """Return what is in memory now.

        Args:
            in_use: top-level names that the notebook itself holds, see :func:`names_in_use`.

        Cost: O(modules in memory), 3 ms for 2,000.
        """
        self.look()
        rows = []
        for key, (place, modules) in self._rows.items():
            alive = tuple(module for module in modules if module in sys.modules)
            if alive:
                self._refresh_reimported(key, place)
                rows.append(Belonging(place=place, name=key[1], modules=alive, binary=key in self._binary))
        return observe(rows, self._versions, in_use)

    def tops(self, distribution: Distribution) -> Tuple[str, ...]:
        """Return the top-level names of a distribution; its folder name carries its version, so that they are kept."""
        key = (distribution.site, distribution.folder)
        if key not in self._tops:
            self._tops[key] = site.tops(distribution)
        return self._tops[key]

    def _new_files(self) -> Dict[str, str]:
        new = sys.modules.keys() - self._seen
        files = {}
        for name in new:
            file = _variables(sys.modules.get(name)).get("__file__")
            if isinstance(file, str):
                files[name] = file
        self._seen.update(new)
        return files

    # --- places ---

    def _find_places(self) -> None:
        new = [folder for folder in sys.path if folder and folder not in self._places]
        for folder in new:
            self._places[folder] = Place(folder=folder.rstrip(os.sep), origin=self._origin(folder))
        for folder, place in tuple(self._places.items()):
            if place.origin == "environment":
                for distribution in self._on_disk(folder).values():
                    source = distribution.source
                    if source.kind == "editable" and os.path.isabs(source.url) and source.url not in self._editable:
                        self._editable[source.url] = distribution.name
                        self._places[source.url] = Place(folder=source.url, origin="environment")

    def _origin(self, folder: str) -> str:
        real = os.path.realpath(folder)
        if self._runtimes and _inside(real, self._runtimes):
            return "runtime"
        if os.path.basename(real) in _SITE_NAMES:
            return (
                "environment" if real in (*_environment_sites(), *self._sites) or self._generation(real) else "outside"
            )
        own = [*self._own, os.path.dirname(os.__file__), os.path.expanduser("~/.ipython"), _mlenv_folder()]
        if os.environ.get("IPYTHONDIR"):
            own.append(os.environ["IPYTHONDIR"])
        return "own" if any(_inside(real, os.path.realpath(known)) for known in own) else "outside"

    def _generation(self, real: str) -> bool:
        """Whether a folder belongs to one of the project's environments, the present one or one before it."""
        return any(_inside(real, os.path.realpath(os.path.join(own, ".mlenv", "envs"))) for own in self._own)

    def _on_disk(self, folder: str) -> Mapping[str, Distribution]:
        if folder in self._editable or self._places[folder].origin == "own":
            return {}
        return {row.name: row for row in self._scans.installed((folder,)).distributions}

    # --- owners ---

    def _find_owners(
        self, folder: str, found: Iterable[Entry], owners: Dict[_Key, Tuple[str, ...]], shared: Dict[_Key, str]
    ) -> None:
        """Say which distributions of a place own what is new in memory.

        Every package is looked up by one of its files, those of a namespace package one by one. RECORD texts are
        searched, not parsed: most have hundreds of rows, and one answers.
        """
        there = {**self._before.get(folder, {}), **self._on_disk(folder)}
        records = _Records(there)
        for entry in found:
            key = (folder, entry.top)
            if folder in self._editable:
                self._owners[key] = self._editable[folder]
            elif key not in self._owners and entry.top in entry.files:
                self._owners[key] = records.owner(entry.top, entry.files[entry.top])
            if key in self._owners:
                owners[key] = (self._owners[key],) if self._owners[key] else ()
            else:
                shared.update(((folder, file), records.owner(entry.top, file)) for file in entry.files.values())

    # --- versions ---

    def _note(self, row: Belonging) -> None:
        key = (row.place.folder, row.name)
        known = self._rows.setdefault(key, (row.place, []))
        known[1].extend(row.modules)
        if row.binary:
            self._binary.add(key)
        if key not in self._versions:
            main = min(row.modules, key=len)
            self._specs[key] = (main, _variables(sys.modules.get(main)).get("__spec__"))
            self._versions[key] = self._version(key, row.modules)

    def _version(self, key: _Key, modules: Iterable[str]) -> Optional[str]:
        folder, name = key
        if folder in self._editable:
            sites = [self._on_disk(known).get(name) for known in self._places if known not in self._editable]
            return next((row.version for row in sites if row is not None), None)
        after = self._on_disk(folder).get(name)
        before = self._before.get(folder, {}).get(name) if folder in self._before else after
        says = (_variables(sys.modules.get(module)).get("__version__") for module in sorted(modules, key=len))
        stated = next((text for text in says if isinstance(text, str)), None)
        if self._since and folder not in self._before and after is not None:
            return told_late(after.version, stated, _installed_at(after) - self._since)
        return settled_version(before.version if before else None, after.version if after else None, stated)

    def _refresh_reimported(self, key: _Key, place: Place) -> None:
        """A module that was loaded anew (``importlib.reload``) is what the disk has now."""
        module, spec = self._specs[key]
        now = _variables(sys.modules.get(module)).get("__spec__")
        if now is not None and now is not spec:
            self._specs[key] = (module, now)
            self._versions[key] = self._version(key, (module,))


def names_in_use(names: Mapping[str, Any], hidden: Mapping[str, Any]) -> Set[str]:
    """Return the top-level modules that a notebook's own variables come from, IPython's own left out.

    Args:
        names: the notebook's namespace.
        hidden: what the shell itself put there.
    """
    found = set()
    for name, held in tuple(names.items()):
        if name.startswith("_") or name in hidden:
            continue
        module = None
        if isinstance(held, ModuleType):
            module = _variables(held).get("__name__")
        elif isinstance(held, (FunctionType, BuiltinFunctionType)):
            module = held.__module__
        elif isinstance(held, type):
            module = type.__getattribute__(held, "__module__")
        if isinstance(module, str):
            found.add(module.partition(".")[0])
    return found - KERNEL_MODULES


def _variables(module: object) -> Mapping[str, Any]:
    """Return a module's variables without touching its attributes: some modules load themselves when asked."""
    try:
        found = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def _installed_at(distribution: Distribution) -> float:
    """Return when the files of a distribution came, in seconds since the epoch: its metadata folder is made last."""
    try:
        return os.stat(os.path.join(distribution.site, distribution.folder)).st_ctime
    except OSError:
        return 0.0


def _mlenv_folder() -> str:
    """Return the folder that mlenv itself is imported from: in a project kernel its own, never a site folder."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _environment_sites() -> Set[str]:
    import site as standard_site

    prefix = os.path.realpath(sys.prefix)
    real = {os.path.realpath(folder) for folder in (*standard_site.getsitepackages(), *sys.path)}
    return {folder for folder in real if _inside(folder, prefix)} | set(
        map(os.path.realpath, standard_site.getsitepackages())
    )


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


class _Records:
    """The RECORD texts of one site folder, each read when it is first needed."""

    def __init__(self, distributions: Mapping[str, Distribution]) -> None:
        self._distributions = distributions
        self._texts: Dict[str, str] = {}

    def owner(self, top: str, file: str) -> str:
        """Return the distribution that installed a file, the one called like it asked first; empty where none did."""
        likely = self._distributions.get(normalise(top))
        if likely is not None and self._has(likely, top, file):
            return likely.name
        return next((row.name for row in self._distributions.values() if self._has(row, top, file)), "")

    def _has(self, row: Distribution, top: str, file: str) -> bool:
        if row.name not in self._texts:
            self._texts[row.name] = _text(os.path.join(row.site, row.folder, "RECORD"))
        text = self._texts[row.name]
        if not text:
            return top in site.tops(row)
        return f"\n{file.replace(os.sep, '/')}," in text


def _text(path: str) -> str:
    """Return a file with a line end before its first line, empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return "\n" + stream.read()
    except OSError:
        return ""
