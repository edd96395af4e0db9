"""What this kernel knows of itself and its project: the measurements behind ``%mlenv check`` and the watcher.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from mlenv import drift
from mlenv.errors import MlenvError
from mlenv.installed import with_damage
from mlenv.kernel import kept
from mlenv.kernel.fallback import NAME
from mlenv.kernel.memory import Memory, Scans, folder_stamp, names_in_use
from mlenv.kernel.selections import Selections
from mlenv.kernel.surroundings import (
    environment_prefix,
    find_project,
    project_of_kernel,
    same_folder,
    surroundings,
)
from mlenv.kernel.uninterrupted import uninterrupted
from mlenv.loaded import moved
from mlenv.model import Advice, EnvironmentFacts, Finding, Installed, KernelRef, Loaded, ProjectRef, Report, Selection
from mlenv.probe import site

if TYPE_CHECKING:
    from mlenv.kernel.hosted import Hosted

__all__ = ["State"]

_NO_PROJECT = "no project here: no pyproject.toml, requirements.txt, lock or environment, in this folder or above"


class State:
    """One kernel and its project."""

    def __init__(self, shell: Any, project: Optional[str]) -> None:
        self.shell = shell
        self.around = surroundings()
        self.notes: List[Finding] = []
        """What the next report mentions, too: a shell's pip that belongs elsewhere."""
        self.hinted: Set[Advice] = set()
        """What has been said under failed imports: each is said once."""
        self._root = project_of_kernel(project, shell.user_ns) if project else None
        self._searched: Optional[Tuple[Any, ...]] = None
        self._selections: Optional[Selections] = None
        self._facts: Optional[Tuple[Tuple[Any, ...], EnvironmentFacts]] = None
        self._scans = Scans()
        self._wheels: Dict[str, Tuple[int, int, str]] = {}
        self._needs: Optional[Tuple[Installed, Mapping[str, Sequence[str]]]] = None
        self.hosted: Optional[Hosted] = None
        """What `%mlenv setup` has done to the image that this kernel runs in, if this is one."""
        self.memory = Memory(self._scans, runtimes=self.around.runtimes, root=self.root)
        self.rehost()
        self._generation = self._imported_from()

    def rehost(self) -> Optional[Hosted]:
        """Read again what `%mlenv setup` has recorded. Only a kernel that has the whole of mlenv may be an image's."""
        if self.around.host == sys.executable:
            from mlenv.kernel import hosted

            record = hosted.read_record(self.around.data, sys.prefix, os.getcwd())
            self.hosted = hosted.Hosted(record) if record is not None else None
            if self.hosted is not None:
                self._selections = None
                self.memory.also(self.hosted.root, self.hosted.folder)
        return self.hosted

    # --- where ---

    @property
    def root(self) -> Optional[str]:
        """The project's folder; looked for again when the working folder changes, for a cell may make it there."""
        if self.hosted is not None:
            return self.hosted.root
        if self._root is None:
            here = (os.getcwd(), folder_stamp(os.getcwd()))
            if here != self._searched:
                self._searched = here
                self._root = find_project(self.shell.user_ns)
        return self._root

    def need_root(self) -> str:
        """Return the project's folder.

        Raises:
            MlenvError: ``no-project`` with what to type.
        """
        self._searched = None
        if self.root is None:
            raise MlenvError("no-project", _NO_PROJECT, where=os.getcwd(), hint="%mlenv create")
        return self.root

    @property
    def prefix(self) -> Optional[str]:
        """The project's environment, there or not; this kernel's own spelling of it where both are the same."""
        root = self.root
        if root is None:
            return None
        if self.hosted is not None:
            return sys.prefix
        known = self.selections().last(sys.implementation.cache_tag or "")
        there = (known.environment if known else None) or environment_prefix(root)
        if same_folder(there, sys.prefix):
            return there
        # A kernel that was registered for this project with an environment elsewhere ([tool.mlenv] env).
        return sys.prefix if self._registered(root) else there

    def _registered(self, root: str) -> bool:
        marker = site.read_marker(sys.prefix)
        return marker is not None and same_folder(str(marker.get("root") or marker.get("project") or ""), root)

    @property
    def at_home(self) -> bool:
        """Whether this kernel runs in the project's environment; the fallback kernel does not, whatever its Python."""
        if self.hosted is not None:
            return True
        prefix = self.prefix
        explains = NAME in getattr(self.shell, "user_ns_hidden", {})
        return prefix is not None and same_folder(prefix, sys.prefix) and not explains

    def facts(self) -> EnvironmentFacts:
        """Return what can be told about the project's environment. Cost: five stats while its files are unchanged."""
        if self.hosted is not None:
            return self.hosted.facts()
        prefix = self.prefix
        if prefix is None:
            return EnvironmentFacts(prefix=None)
        signs = ("", "pyvenv.cfg", "mlenv-ready.json", "lib", "bin/python", "Scripts/python.exe")
        seen = (prefix, *[folder_stamp(os.path.join(prefix, sign)) for sign in signs])
        if self._facts is None or self._facts[0] != seen:
            self._facts = (seen, site.environment_facts(prefix))
        return self._facts[1]

    def installed(self) -> Installed:
        """Return what the project's environment holds on disk now."""
        return self._scans.installed(self.facts().sites)

    def loaded(self) -> Tuple[Loaded, ...]:
        """Return what this process has in memory."""
        hidden = getattr(self.shell, "user_ns_hidden", {})
        rows = self.memory.loaded(names_in_use(self.shell.user_ns, hidden))
        return self.hosted.loaded(rows) if self.hosted is not None else rows

    # --- the report ---

    def report(self, *, wait: bool, whole: bool = False, deep: bool = False) -> Report:
        """Compare loaded, installed, locked and declared.

        Args:
            wait: ask for a missing selection and wait for it; else it is asked for aside and the answer is "not
                compared yet".
            whole: look whether packages' modules are there, too.
            deep: compare every file with its recorded size and hash, too.

        Raises:
            MlenvError: ``no-project``; with ``wait`` what host code says of an unreadable lock.

        Cost: 2 ms for 300 packages after an installation; less where nothing changed.
        """
        root = self.need_root()
        facts = self.facts()
        loaded = self.loaded() if self.at_home else None
        extra: List[Finding] = list(self.notes)
        selection = self._selection(facts, wait, extra)
        installed = self._scans.installed(facts.sites) if facts.problem is None else None
        if installed is not None and (whole or deep):
            known = installed.distributions if deep else ()
            faults = [(each.name, site.verify(each, deep=True)) for each in known]
            installed = with_damage(installed, self._damage(installed), faults)
        report = drift.report(
            selection,
            facts,
            installed,
            loaded,
            KernelRef(prefix=sys.prefix, name=_kernel_name()),
            ProjectRef(root=root, name=os.path.basename(root)) if selection is None else None,
            needs=self._needs_of(selection, installed),
            roots=(os.path.realpath(root),),
            same_place=site.same_place,
            kernel_is_project=self.at_home,
            extra=extra,
        )
        if self.hosted is not None:
            return self.hosted.told(report)
        return self._advised(report) if report.verdict == "no-env" else kept.advised(report, root)

    def _advised(self, report: Report) -> Report:
        """In a hosted runtime's own Python another command is meant than ``create``."""
        if self.around.host != sys.executable:
            return report
        from mlenv.kernel.hosted import advised

        return advised(report)

    def _damage(self, installed: Installed) -> Tuple[Tuple[str, str], ...]:
        rows: Tuple[Tuple[str, str], ...] = ()
        index = {row.name: self.memory.tops(row) for row in installed.distributions}
        from mlenv.probe.machines import built_elsewhere, this_machine

        if self.at_home:  # another environment's Python may be another machine's
            rows = built_elsewhere(installed, this_machine(), self._wheels)
        return (*rows, *site.missing_tops(installed, index))

    def _selection(self, facts: EnvironmentFacts, wait: bool, extra: List[Finding]) -> Optional[Selection]:
        if self.hosted is not None:
            rows = self._scans.installed(facts.sites).distributions
            return self.hosted.selection({row.name: row.version for row in rows}, extra)
        selections, tag = self.selections(), _cache_tag(facts)
        found = selections.current(tag)
        if facts.prefix is None or facts.problem is not None:
            return found  # nothing can be compared with it, but it knows the lock's name
        if found is None and not wait:
            selections.ask(facts.prefix)
        elif found is None:
            try:
                found = selections.fetch(facts.prefix, tag)
            except MlenvError as error:
                if error.code != "host-missing":
                    raise
                extra.append(Finding(kind="undecidable", reason=f"{error.message} ({error.where}); {error.hint}"))
        return found

    def known_selection(self) -> Optional[Selection]:
        """Return the selection where it is there and true; nothing is asked for."""
        if self.hosted is not None:
            return self._selection(self.facts(), False, [])
        return self.selections().current(_cache_tag(self.facts())) if self.root else None

    def selections(self) -> Selections:
        """Return the reader of this project's cached selection."""
        root = self.need_root()
        if self._selections is None:
            self._selections = Selections(self.around.host, self.around.cache, root)
        return self._selections

    def _needs_of(
        self, selection: Optional[Selection], installed: Optional[Installed]
    ) -> Optional[Mapping[str, Sequence[str]]]:
        if (
            self.hosted is not None
            or selection is None
            or installed is None
            or not drift.needs_matter(selection, installed)
        ):
            return None
        if self._needs is None or self._needs[0] != installed:
            self._needs = (installed, site.needs(installed, [row.text for row in selection.declared]))
        return self._needs[1]

    def restart_lines(self) -> Tuple[str, ...]:
        """Return one line per loaded package that is not what is installed now, or the one line that none is."""
        disk = self.installed()
        rows = []
        for row in moved(self.loaded(), disk):
            there = disk.get(row.name)
            version = there.version if there else None
            rows.append(Finding(kind="restart", package=row.name, installed=version, loaded=row.version, reason=""))
        return drift.restart_lines(rows)

    # --- what may change between two cells ---

    def watched(self) -> Tuple[str, ...]:
        """Return the paths whose change makes another check worth its while.

        Files that are not there yet are seen by the change of the project folder when they come.
        """
        root, prefix = self.root, self.prefix
        if root is None or prefix is None:
            return ()
        own = self._selections.inputs if self._selections else ()
        own = self.hosted.inputs if self.hosted is not None else own
        there = [path for path in own if os.path.dirname(path) != root or os.path.exists(path)]
        return (root, prefix, *self.facts().sites, *there)

    def _shown(self) -> str:
        prefix = self.prefix
        return os.path.realpath(prefix) if prefix else ""

    def _imported_from(self) -> str:
        """Return the generation that ``sys.path`` leads into: ``.venv`` may show another one since the start."""
        private = os.path.join(".mlenv", "envs")
        for entry in sys.path:
            head, found, rest = entry.partition(os.sep + private + os.sep)
            if found and self.root and same_folder(head, self.root):
                return os.path.join(head, private, rest.split(os.sep)[0])
        return self._shown()

    def follow(self) -> None:
        """After a change of generation: import from the new one, if nothing in memory differs from it.

        Else this process stays with the old one until it is restarted: it never mixes two.
        """
        with uninterrupted():
            self._follow()

    def _follow(self) -> None:
        shown = self._shown()
        if shown == self._generation or not self.at_home:
            return
        old = self._generation
        if not old or not any(_inside(entry, old) for entry in sys.path):
            self._generation = shown  # sys.path goes through the link itself
            importlib.invalidate_caches()
            return
        adopted = _adopted(shown) if os.path.islink(old) else ""
        if adopted:  # the folder that this kernel started in lies there now, and a link in its place
            self._import_from(adopted)
        if not moved(self.loaded(), self.installed()):
            self._import_from(shown)

    def _import_from(self, new: str) -> None:
        """Exchange the generation on ``sys.path``; the old one stays held: what is in memory finds the rest there."""
        from mlenv.kernel.place import hold_generation

        hold_generation(new)
        old, self._generation = self._generation, new
        sys.path[:] = [new + entry[len(old) :] if _inside(entry, old) else entry for entry in sys.path]
        importlib.invalidate_caches()


def _adopted(generation: str) -> str:
    """Return where the environment is kept that the project had before its first generation; empty without one."""
    envs = os.path.dirname(generation)
    try:
        kept = [entry for entry in os.listdir(envs) if entry.startswith("adopted-")]
    except OSError:
        return ""
    return os.path.join(envs, kept[0]) if len(kept) == 1 else ""


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _cache_tag(facts: EnvironmentFacts) -> str:
    """Return the cache tag of the project's interpreter, taken to be of this implementation."""
    own = sys.implementation.cache_tag or ""
    if facts.prefix and same_folder(facts.prefix, sys.prefix):
        return own
    numbers = (facts.python or "").split(".")[:2]
    return f"{sys.implementation.name}-{''.join(numbers)}" if len(numbers) == 2 else own


def _kernel_name() -> str:
    """Return what a person calls this kernel's environment; Jupyter does not tell a kernel its id."""
    name = os.path.basename(sys.prefix)
    return os.path.basename(os.path.dirname(sys.prefix)) if name.lstrip(".") in {"venv", "env", "ENV"} else name
