"""Carry a change out: build beside the old environment, verify, write the files, switch, note it for ``undo``.

Every verb that changes an environment ends here, so the promises are kept in one place.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mlenv import drift, generations, history, process, store
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.model import Change, Command, Installed, Pin, value
from mlenv.probe import environment, site
from mlenv.services import hygiene, installing, space
from mlenv.services.conda.holding import conda_changes, count_of, wrong_rows
from mlenv.services.context import Context
from mlenv.services.members import marker_of
from mlenv.services.project import Project
from mlenv.services.refusals import refuse_conda, refuse_foreign
from mlenv.services.select import target_of, wanted
from mlenv.services.wish import Wish
from mlenv.versions import normalise

__all__ = ["Done", "carry_out", "changes_of", "write_only"]


@value
class Done:
    changes: tuple[Change, ...]
    files: tuple[str, ...]
    count: int
    """Packages in the environment now, pip left out."""
    switched: bool


def changes_of(before: Installed, selected: Selected) -> tuple[Change, ...]:
    """Say which packages the selection adds, moves or removes; tooling that is there is left out."""
    if selected.choice.kind in drift.CONDA_KINDS:
        return conda_changes(before, selected)
    old = {d.name: d for d in before.distributions}
    new = {pin.name: pin for pin in selected.selection.pins}
    changes = []
    for name in sorted({*old, *new}):
        have, want = old.get(name), new.get(name)
        kept = {*_TOOLING, normalise(selected.selection.name), *selected.selection.beside}
        if want is None and have is not None and name not in kept:
            changes.append(Change(package=name, before=have.version, after=None))
        elif want is not None and have is None:
            changes.append(Change(package=name, before=None, after=want.version or "local"))
        elif want is not None and have is not None and want.version and not _fits(selected, want, have.version):
            changes.append(Change(package=name, before=have.version, after=want.version))
    return tuple(changes)


def _fits(selected: Selected, pin: Pin, there: str) -> bool:
    return bool(drift.fits(pin.version or "", there, selected.selection.kind))


_TOOLING = frozenset({"pip", "setuptools", "wheel", "uv"})


def carry_out(context: Context, project: Project, wish: Wish, descriptor: int) -> Done:
    """Build, verify, write, switch.

    Args:
        context: options and whom to tell.
        project: as it lies on disk now.
        wish: what it is to become.
        descriptor: of the held project lock; engines inherit it.

    Raises:
        MlenvError: whatever failed; the old environment and the project's files are as they were unless the message
            says otherwise.
    """
    root = project.root
    refuse_foreign(project)
    refuse_conda(project, wish)
    generations.refuse_no_environment(project.link)
    before = site.scan(project.environment.sites)
    changes = changes_of(before, wish.selected)
    space.refuse_too_little(project, wish)
    place = _place(context, project)
    try:
        _build(context, project, wish, place.folder, descriptor)
        if _is_well(project, wish) and not place.guarded and wish.engine.name != "conda":
            generations.carry_bytecode(Path(os.path.realpath(project.link)), place.folder)
        installed = _verify(context, project, wish, place)
    except MlenvError as error:
        why = space.blamed(error, place.folder)
        _give_up(root, place)
        raise why from None
    except BaseException:
        _give_up(root, place)
        raise
    written = _write_and_switch(context, project, wish, place, descriptor)
    generations.collect(root, project.link)
    names = tuple(c.path for c in written if c.before != c.after)
    return Done(changes=changes, files=names, count=count_of(installed), switched=True)


def _build(context: Context, project: Project, wish: Wish, folder: Path, descriptor: int) -> None:
    if wish.engine.name == "conda":
        from mlenv.services.conda.building import build_conda

        build_conda(context, project, wish, folder, descriptor)
    else:
        installing.build(context, project, wish, folder, descriptor)


@value
class _Place:
    """Where an environment is made."""

    generation: Path
    """Its name in the history."""
    folder: Path
    """Where its files lie while it is made: the generation itself, or the project's environment behind a guard."""
    old: str | None
    """What the project showed before, as the history names it."""

    @property
    def guarded(self) -> bool:
        return self.folder != self.generation


def _place(context: Context, project: Project) -> _Place:
    """Choose the place: beside the old environment, or, where no link can be switched, in its place and guarded."""
    root, link = project.root, project.link
    generation, old = generations.new_path(root), generations.shown(link)
    if generations.can_link(root, link):
        return _Place(generation=generation, folder=generation, old=old)
    if old is None:
        context.tell(
            "note",
            f"symbolic links cannot be made here: {link.name} is away while a change is made; if that is cut off,"
            " mlenv check says broken, and the same command heals",
        )
    generations.clear_place(root, link, generation)
    return _Place(generation=generation, folder=link, old=old)


def _give_up(root: Path, place: _Place) -> None:
    if place.guarded:
        generations.put_back(root)
    else:
        store.remove_tree(place.generation, inside=root / ".mlenv" / "envs")


def _is_well(project: Project, wish: Wish) -> bool:
    """Whether nothing of the environment needs mending: a mend begins afresh, byte-code and all."""
    facts = project.environment
    return facts.prefix is not None and facts.problem is None and not wish.reinstall


def _write_and_switch(
    context: Context, project: Project, wish: Wish, place: _Place, descriptor: int
) -> tuple[history.FileChange, ...]:
    """Write the project's files and show the new environment: both, or neither."""
    root, link = project.root, project.link
    new = f"envs/{place.generation.name}"
    written: tuple[history.FileChange, ...] = ()
    try:
        entry = history.begin(root, wish.verb, place.old, new)
        written = history.write_files(root, entry, wish.files, project.stamps)
        installing.rebuild_own(context, project, wish, place.folder, descriptor)
        context.tell("switch", f"switching {link.name}")
        previous = generations.reveal(root) if place.guarded else generations.switch(root, link, place.generation)
    except BaseException:
        if generations.stands(root) or generations.shown(link) != new:  # else the next verb notes the change as whole
            _give_up(root, place)  # first: to put back needs room
            history.put_all_back(root, written)
        raise
    hygiene.ignore(context, root, link)  # not before: what fails leaves no line behind
    history.finish(root, entry, previous, written)
    return written


def write_only(project: Project, verb: str, files: Mapping[str, str]) -> None:
    """Write project files where the environment stays, so that ``undo`` takes them back.

    Raises:
        MlenvError: ``file-changed`` where somebody edited one meanwhile; as :func:`store.write_atomic`.
    """
    place = generations.shown(project.link)
    entry = history.begin(project.root, verb, place, place)
    written = history.write_files(project.root, entry, files, project.stamps)
    history.finish(project.root, entry, place, written)


def _verify(context: Context, project: Project, wish: Wish, place: _Place) -> Installed:
    """Start the interpreter, check every file, compare with the wish, then write the ready marker."""
    context.tell("verify", "checking every file")
    selection, generation = wish.selected.selection, place.folder
    python = _start(generation)
    installed = site.scan(site.environment_facts(str(generation)).sites)
    wrong = _wrong(wish.selected, installed)
    if wrong:
        raise MlenvError(
            "verify-failed",
            f"the engine reported success, but {', '.join(wrong[:3])} is not installed as locked",
            where=str(generation.name),
            hint="run the same command again",
        )
    # What was told is kept; what nobody told follows the project's defaults, as they will be then.
    extras, groups = wanted(project, context.options)
    marker = {
        "engine": wish.engine.recorded,
        "lock": selection.lock,
        "extras": list(extras or ()),
        "groups": list(groups or ()),
        "groups-told": groups is not None,
        "link": os.path.relpath(project.link, project.root),
        # conda's Python lies in the environment: nothing outside is what it was made from.
        "base": environment.interpreter(str(generation)) if wish.engine.name == "conda" else wish.interpreter.path,
        "ipykernel": "installed" if wish.with_ipykernel else "runtime",
        **marker_of(context, project, wish.selected, target_of(wish.interpreter.path)),
        **({"generation": place.generation.name} if place.guarded else {}),
    }
    generations.seal(generation, marker, python=python)
    return installed


def _wrong(selected: Selected, installed: Installed) -> list[str]:
    if selected.choice.kind in drift.CONDA_KINDS:
        return wrong_rows(selected.selection, installed)
    have = {d.name: d.version for d in installed.distributions}
    return [
        pin.name
        for pin in selected.selection.pins
        if pin.name not in have or (pin.version and not _fits(selected, pin, have[pin.name]))
    ]


def _start(generation: Path) -> str:
    """Start the new interpreter once; return its version. Cost: 15 ms.

    Raises:
        MlenvError: ``python-broken`` with what it printed.
    """
    python = environment.interpreter(str(generation))
    code = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    done = process.run(Command(argv=(python, "-I", "-S", "-c", code), timeout_s=30.0))
    if done.code:
        tail = done.stderr.strip().splitlines()[-1:] or [f"status {done.code}"]
        raise MlenvError("python-broken", f"the new environment's Python does not start: {tail[0]}", where=python)
    return done.stdout.strip()
