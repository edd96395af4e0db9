"""``kernels prune``: remove what nothing needs; with ``--unused`` also whole environments that were replaced."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from mlenv import generations, kernels, runtime, store, trust
from mlenv.errors import MlenvError
from mlenv.kernel import owners
from mlenv.kernels import Kernel
from mlenv.model import Outcome, value
from mlenv.services import share, words
from mlenv.services.context import Context
from mlenv.services.kernels import advice, row
from mlenv.services.project import find_root, load

__all__ = ["Waste", "projects_of", "prune", "waste_in"]

_GONE = frozenset({"environment-missing", "project-missing"})


@value
class Waste:
    """One folder that nothing needs."""

    path: Path
    kind: str
    """``environment`` (whole, but replaced), ``unfinished``, ``scratch`` or ``runtime``."""
    why: str
    own_bytes: int
    """What removing it alone frees."""


def prune(context: Context, *, unused: bool = False) -> Outcome:
    """Remove mlenv's own kernels whose environment or project is gone, and runtimes and remains that nobody needs.

    Never what a live kernel uses, nor what ``undo`` needs. Broken kernels of others are named and stay as they are.

    Args:
        context: ``dry_run`` shows what would go, with sizes, and removes nothing.
        unused: also whole environments of these kernels' projects (and of the one here) that were replaced.

    Raises:
        MlenvError: ``jupyter-not-writable``, ``kernel-link``; what a single project refuses is a line of the answer.
    """
    dry_run = context.options.dry_run
    known = kernels.listed((*kernels.folders(), *kernels.default_folders()))
    on_path = {str(folder) for folder in kernels.folders()}
    here = [one for one in known if os.path.dirname(one.folder) in on_path]
    gone = [one for one in here if one.ours and one.state in _GONE and not _is_away(one) and not _of_others(one)]
    going = {one.folder for one in gone}
    needed = {one.prefix for one in known if one.ours and one.folder not in going and one.prefix}
    # The portable kernel starts environments that have no spec of their own.
    needed |= {prefix for prefix in trust.prefixes() if os.path.isdir(prefix)}
    waste, notes = _waste(context, known, unused)
    waste += _runtimes(needed)
    freed = store.measure(one.path for one in waste).own_bytes
    if not dry_run:
        for one in gone:
            kernels.remove(one.id, folder=one.folder, among=kernels.folders())
        for place in {*kernels.places(), *(kernels.place_of(one) for one in here if one.shared)}:
            if not owners.kept_by(str(place.share)):
                share.tidy(place)
        runtime.prune(needed)
        notes += _clear(waste)
    word = "would remove" if dry_run else "removed"
    lines = [f"{word} {one.id}: {one.reason}" for one in gone]
    lines += [f"{word} {_name(one)}, {one.why} ({words.size(one.own_bytes)})" for one in waste]
    lines += [f"{'would free' if dry_run else 'freed'} {words.size(freed)}"] if waste else []
    return Outcome(
        verb="kernels",
        lines=(*lines, *notes, *_kept(here, going)) or ("nothing to remove",),
        dry_run=dry_run,
        data={
            "removed": [row(one) for one in gone],
            "runtimes": [str(one.path) for one in waste if one.kind == "runtime"],
            "unused": [{"path": str(one.path), "kind": one.kind, "bytes": one.own_bytes} for one in waste],
            "freed_bytes": freed,
            "kept": [row(one) for one in here if one.folder not in going and one.state != "ok"],
        },
    )


def _of_others(kernel: Kernel) -> bool:
    """Whether it is there for every user, and another one keeps it."""
    return bool(kernel.shared and owners.kept_by(os.path.dirname(kernel.folder)))


def _is_away(kernel: Kernel) -> bool:
    """Whether its environment is only away while another one is made in its place."""
    return bool(kernel.project) and generations.stands(Path(kernel.project))


def _kept(here: Sequence[Kernel], going: Collection[str]) -> Iterator[str]:
    for one in here:
        if one.reason and not one.ours:
            yield f"{one.id} stays, it is not of mlenv: {one.reason}"
    for one in here:
        if one.reason and one.ours and one.folder not in going:
            yield f"{one.id} stays: {one.reason}; {advice(one)}"


def _name(one: Waste) -> str:
    return f"the runtime {one.path.name}" if one.kind == "runtime" else str(one.path)


def _runtimes(needed: Collection[str]) -> list[Waste]:
    return [
        Waste(path=path, kind="runtime", why="which no kernel needs", own_bytes=store.measure([path]).own_bytes)
        for path in map(Path, runtime.unneeded(needed))
    ]


def projects_of(context: Context, known: Sequence[Kernel]) -> tuple[Path, ...]:
    """Return the projects of mlenv's kernels, and the one of this folder, that are there (each once, by real path)."""
    start = Path(os.path.abspath(context.cwd / (context.options.project or "")))
    roots = [find_root(start), *(Path(one.project) for one in known if one.ours and one.project)]
    return tuple({os.path.realpath(root): root for root in roots if root is not None and root.is_dir()}.values())


def _waste(context: Context, known: Sequence[Kernel], unused: bool) -> tuple[list[Waste], list[str]]:
    found: list[Waste] = []
    notes: list[str] = []
    for root in projects_of(context, known):
        if not (root / ".mlenv").is_dir() or owners.kept_by(str(root / ".mlenv")):
            continue
        try:
            with store.hold(root, "kernels prune", lambda _: None, wait_s=0):
                found += [one for one in waste_in(root) if unused or one.kind != "environment"]
        except MlenvError as error:
            notes.append(f"{root} stays as it is: {error.message}")
    return found, notes


def waste_in(root: Path) -> Iterator[Waste]:
    """Yield what nothing needs in a project's private folder; call it with the project's lock held.

    An environment that somebody else made (``adopted-...``) is never waste, and nothing is while a guard stands: what
    lies aside then is what the next verb puts back.

    Raises:
        MlenvError: as :func:`mlenv.services.project.load`.
    """
    if generations.stands(root):
        return
    for folder in generations.unneeded(root, load(root).link):
        if generations.ready(folder) is None and not folder.name.startswith("adopted-"):
            yield _one(folder, "unfinished", "left by a run that was ended")
        elif not folder.name.startswith("adopted-"):
            yield _one(folder, "environment", "an environment that nothing shows and undo does not need")
    work = root / ".mlenv" / "work"
    for folder in sorted(work.iterdir()) if work.is_dir() else ():
        yield _one(folder, "scratch", "left by a run that was ended")


def _one(folder: Path, kind: str, why: str) -> Waste:
    return Waste(path=folder, kind=kind, why=why, own_bytes=store.measure([folder]).own_bytes)


def _clear(waste: Sequence[Waste]) -> list[str]:
    """Remove what was found, looked at again with the project's lock held: a kernel may have started meanwhile."""
    notes = []
    for root in dict.fromkeys(one.path.parents[2] for one in waste if one.kind != "runtime"):
        mine = [one.path for one in waste if one.kind != "runtime" and one.path.parents[2] == root]
        try:
            with store.hold(root, "kernels prune", lambda _: None, wait_s=0):
                still = {one.path for one in waste_in(root)}
                for path in mine:
                    if path in still:
                        generations.discard(root, path)
        except MlenvError as error:
            notes.append(f"{root} stays as it is: {error.message}")
    return notes
