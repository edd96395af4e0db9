"""The story of ``setup``: which host, which lock, what differs, only that installed, one line that says so."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv import locks, store
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.hosted.hosts import LOCAL
from mlenv.hosted.plan import Plan, plan, python_problem
from mlenv.kernel.hosted import read_record, record_path
from mlenv.locks import LockContent, Selected
from mlenv.model import Change, Installed, Outcome
from mlenv.probe import site
from mlenv.selection_text import selection_text
from mlenv.services import words
from mlenv.services.builds import sources_of
from mlenv.services.context import Context, Wheelhouse
from mlenv.services.hosting.image import Image, running_image, scanned
from mlenv.services.hosting.source import Given, given_by, with_lock
from mlenv.services.indexes import refuse_credentials, refuse_options
from mlenv.services.project import Project, load, open_project, settled
from mlenv.services.select import select_project, target_of
from mlenv.versions import satisfies

if TYPE_CHECKING:  # a run with nothing to do is quick: what installs and what reads bundles is loaded when needed
    from mlenv.services.hosting.installing import Work

__all__ = ["setup"]

_SHOWN = 6


class _Story:
    """What one set-up has found out so far."""

    def __init__(self, context: Context, image: Image, given: Given) -> None:
        self.image = image
        self.given = given
        self.context = with_lock(context, given)
        root, member = settled(given.root, self.context)
        self.project: Project = load(root, used=False, member=member)
        self.selected: Selected = select_project(self.project, target_of(image.python), self.context.options)


def setup(context: Context, source: str = "", *, isolated: bool = False) -> Outcome:
    """Give this runtime what the lock says.

    Args:
        context: where the notebook is; ``--lock``.
        source: of ``--from``.
        isolated: keep the packages in their own folder, ahead of the image's, which stays as it is.

    Raises:
        MlenvError: ``setup-local`` where this is no hosted runtime; ``lock-python``, ``no-wheel``, ``no-lock``, what
            :func:`mlenv.services.hosting.source.given_by` raises, each before anything is installed.
    """
    image = running_image()
    known = read_record(str(store.data_dir()), sys.prefix, str(context.cwd))
    if _elsewhere(context) or (image.host == LOCAL and not isolated and known is None):
        return _local(context, source)
    plain = not source and context.options.lock is None
    isolated = isolated or bool(plain and known is not None and known.get("folder"))
    given = given_by(context, image, source, _known(known))
    story = _Story(context, image, given)
    _refuse(story)
    with store.hold(_shelf(), "setup", lambda text: context.tell("wait", text)) as (_, waited):
        if waited:  # somebody else has just set it up
            story.image = running_image()
        return _isolated(story) if isolated else _into_image(story)


def _elsewhere(context: Context) -> bool:
    """Whether a kernel asks that is not this interpreter's: a project kernel, whose host this is."""
    asking = context.options.kernel_prefix
    return bool(asking) and os.path.realpath(str(asking)) != os.path.realpath(sys.prefix)


def _local(context: Context, source: str) -> Outcome:
    """Outside of hosted runtimes a project has an environment of its own: sync it, or say how to make it."""
    if source:
        message = "this is no hosted runtime, and a project gets an environment of its own here"
        raise MlenvError("setup-local", message, hint="git clone it (or open its folder), then: mlenv create")
    project = open_project(context)
    if project.environment.prefix is None or project.environment.problem is not None:
        message = "this is no hosted runtime, and the project has no environment of its own yet"
        raise MlenvError("setup-local", message, hint="mlenv create")
    from mlenv.services.sync import sync

    return replace(sync(context), verb="setup")


def _known(record: Mapping[str, object] | None) -> Given | None:
    if record is None:
        return None
    bundle, lock = record.get("bundle"), record.get("lock")
    there = Path(bundle) if isinstance(bundle, str) and os.path.isfile(bundle) else None
    return Given(root=Path(str(record["root"])), lock=lock if isinstance(lock, str) else None, bundle=there)


def _shelf() -> Path:
    folder = store.data_dir() / "hosted"
    store.make_folder(folder)
    return folder


# --- what stops it before anything is installed ---


def _refuse(story: _Story) -> None:
    selected = story.selected
    selection = selected.selection
    if selected.content is None or selection.lock is None:
        message = "the project has no lock, and a hosted runtime gets what a lock says"
        raise MlenvError("no-lock", message, hint="mlenv lock, where the project is; then run the cell again")
    _refuse_python(story)
    refuse_options(story.context, selected)
    refuse_credentials(story.project, selected)
    if story.given.bundle is not None:
        from mlenv.services.bundling.archive import read_archive
        from mlenv.services.bundling.restore import refuse_unfit

        bundle = read_archive(story.given.bundle)
        refuse_unfit(story.project, selected, bundle, {}, story.given.bundle)


def _refuse_python(story: _Story) -> None:
    selection, image = story.selected.selection, story.image
    wanted = selection.requires_python
    said = next((finding for finding in selection.findings if finding.kind == "python"), None)
    if said is None and (not wanted or satisfies(image.version, wanted) is not False):
        return
    locked = said.locked if said is not None else None
    lock, asked = selection.lock or "", wanted or locked or "another"
    message = python_problem(asked, image.version, image.host.shown, lock)
    other = f"; or {image.host.another_python}" if image.host.another_python else ""
    hint = f"make the lock for Python {image.minor}, too (requires-python, then: mlenv lock){other}"
    raise MlenvError("lock-python", message, where=lock, hint=hint)


def _refuse_builds(story: _Story, chosen: Plan) -> None:
    """Stop where a package that has to come has no wheel for this Python: told from the lock's own list of files."""
    content, names = story.selected.content or LockContent(), {pin.name for pin in chosen.installs}
    if story.context.options.allow_build or story.given.bundle is not None:
        return
    target = target_of(story.image.python)
    missing = [name for name in locks.buildable(content, target) if name in names]
    sources = [pin.name for pin in sources_of(story.selected) if pin.name in names]
    if sources and not missing:
        message = f"{', '.join(sources[:3])} would be built from source, which runs its code; nothing was installed"
        where = story.selected.selection.lock or ""
        raise MlenvError("build-not-allowed", message, where=where, hint="mlenv setup --allow-build")
    if not missing:
        return
    other = locks.suggest_python({n: content.wheels.get(n, ()) for n in missing}, target, content.requires_python)
    better = f"; Python {other} has one" if other else ""
    image = story.image
    where = f"; or {image.host.another_python}" if image.host.another_python and other else ""
    raise MlenvError(
        "no-wheel",
        f"{missing[0]} of {story.selected.selection.lock} has no ready-built wheel for Python {image.minor} of"
        f" {image.host.shown}{better}; nothing was installed",
        where=story.selected.selection.lock or "",
        hint=f"make the lock for Python {image.minor} (mlenv lock){where}; or add --allow-build",
    )


# --- the two ways ---


def _into_image(story: _Story) -> Outcome:
    image, selection = story.image, story.selected.selection
    chosen = _planned(story, image.installed, None)
    _refuse_builds(story, chosen)
    context = story.context
    damaged = {name for name, _ in site.missing_tops(_only(image.installed, selection.pins), {})} - image.held.keys()
    if damaged:
        context.tell("note", f"mending {', '.join(sorted(damaged)[:3])}: files are missing")
    pins = tuple(dict.fromkeys((*chosen.installs, *(pin for pin in selection.pins if pin.name in damaged))))
    if context.options.dry_run or not pins:
        planned = tuple(Change(package=r.pin.name, before=r.there, after=r.pin.version) for r in chosen.of("install"))
        if not context.options.dry_run:
            _record(story, chosen, folder="")
        return _told(story, chosen, planned, (), dry_run=context.options.dry_run)
    _refuse_read_only(image)
    from mlenv.services.hosting.installing import changes_between, conflicts, install_into_image

    before = conflicts(context, image)
    context.tell("install", f"installing {words.packages(len(pins))} of {selection.lock}")
    with _work(story, pins) as work:
        after = install_into_image(replace(work, damaged=tuple(sorted(damaged))))
    _record(story, chosen, folder="")
    changes = changes_between(image.installed, after)
    clashes = [line for line in conflicts(context, image) if line not in before]
    return _told(story, chosen, changes, clashes, mended=sorted(damaged))


def _isolated(story: _Story) -> Outcome:
    from mlenv.services.hosting.installing import changes_between, fill_folder, folder_for

    chosen = _planned(story, story.image.installed, Installed())
    _refuse_builds(story, chosen)
    changes: tuple[Change, ...] = ()
    with _work(story, chosen.installs) as work:
        folder = folder_for(work, sys.implementation.cache_tag or "")
        whole = folder.is_dir() and not _drifted(work, scanned((str(folder),)))
        if not whole and not story.context.options.dry_run:
            story.context.tell("install", f"installing {words.packages(len(work.pins))} into their own folder")
            fill_folder(work, folder)
            changes = changes_between(Installed(), scanned((str(folder),)))
    if not story.context.options.dry_run:
        _record(story, chosen, folder=str(folder))
    return _told(story, chosen, changes, (), folder=str(folder), dry_run=story.context.options.dry_run)


def _drifted(work: Work, there: Installed) -> bool:
    rows = plan(work.pins, there, {}, kind=work.selected.selection.kind, roots=(str(work.project.root),))
    return bool(rows.installs) or bool(site.missing_tops(there, {}))


def _planned(story: _Story, image: Installed, there: Installed | None) -> Plan:
    selection = story.selected.selection
    return plan(
        selection.pins,
        image,
        story.image.held,
        there=there,
        kind=selection.kind,
        roots=(str(story.project.root), os.path.realpath(story.project.root)),
        same_place=site.same_place,
    )


def _only(installed: Installed, pins: Sequence[object]) -> Installed:
    names = {getattr(pin, "name", "") for pin in pins}
    return replace(installed, distributions=tuple(row for row in installed.distributions if row.name in names))


@contextmanager
def _work(story: _Story, pins: Sequence[object]) -> Iterator[Work]:
    """Give what an installation needs; from a bundle every member is verified before the first is used."""
    from mlenv.services.bundling.gather import hashes_of
    from mlenv.services.hosting.installing import Work

    path = story.given.bundle
    own = {getattr(pin, "name", "") for pin in pins}
    chosen = tuple(pin for pin in story.selected.selection.pins if pin.name in own)
    if path is None:
        hashes = hashes_of(story.project, story.selected)
        yield Work(
            context=story.context,
            project=story.project,
            image=story.image,
            selected=story.selected,
            pins=chosen,
            hashes=hashes,
        )
        return
    from mlenv.services.bundling.archive import read_archive, unpack
    from mlenv.services.bundling.restore import hashes_in, tell_verified, unpacking

    bundle = read_archive(path)
    with unpacking() as scratch:
        unpack(path, bundle, scratch, lambda done, total: tell_verified(story.context, done, total))
        wheels = Wheelhouse(
            folder=str(scratch / "wheels"), hashes=hashes_in(bundle), kernel=bundle.kernel, python=bundle.python
        )
        options = replace(story.context.options, offline=True, wheelhouse=wheels)
        hashes = {name: (digest,) for name, digest in wheels.hashes.items()}
        yield Work(
            context=replace(story.context, options=options),
            project=story.project,
            image=story.image,
            selected=story.selected,
            pins=chosen,
            hashes=hashes,
        )


def _refuse_read_only(image: Image) -> None:
    if not os.access(sysconfig.get_path("purelib"), os.W_OK):
        message = f"the packages of {image.host.shown} cannot be changed from here: their folder is read-only"
        raise MlenvError("image-read-only", message, hint="add --isolated: mlenv setup --isolated")


# --- what is remembered and said ---


def _record(story: _Story, chosen: Plan, *, folder: str) -> None:
    """Write what this kernel's checks compare with; what was installed before stays noted from the first time on."""
    path = Path(record_path(str(store.data_dir()), sys.prefix, str(story.context.cwd)))
    old = store.read_json(path) or {}
    selected = story.selected
    names = [str(story.project.root / name) for name in selected.files_read]
    selection = replace(selected.selection, inputs=site.stamps(names), environment=None)
    before = old.get("before")
    content = {
        "schema": 1,
        "root": str(story.project.root),
        "lock": story.given.lock,
        "bundle": str(story.given.bundle) if story.given.bundle else None,
        "host": story.image.host.shown,
        "folder": folder,
        "left": {**dict(chosen.left), **_kept_before(old, folder)},
        "asked": old.get("asked"),
        "of_host": old.get("of_host"),
        "before": before
        if isinstance(before, dict)
        else {r.name: r.version for r in story.image.installed.distributions},
        "selection": selection_text(selection, __version__),
    }
    if content != old:
        store.write_json(path, content)


def _kept_before(old: Mapping[str, object], folder: str) -> Mapping[str, str]:
    """Return what the kernel found out that the host loads itself, where nothing else has changed."""
    found = old.get("of_host")
    return {str(k): str(v) for k, v in found.items()} if folder and isinstance(found, dict) else {}


def _told(
    story: _Story,
    chosen: Plan,
    changes: tuple[Change, ...],
    clashes: Sequence[str],
    *,
    mended: Sequence[str] = (),
    folder: str = "",
    dry_run: bool = False,
) -> Outcome:
    selection, image = story.selected.selection, story.image
    apart = " in their own folder" if folder else ""
    first = f"set up: {words.packages(len(selection.pins))} as {selection.lock} says{apart}, on {image.shown}"
    lines = [f"would set up: {words.moved(changes)}" if dry_run else first]
    if mended:
        lines.append(f"mended {', '.join(mended)}: files were missing")
    if changes and not dry_run:
        there = len(chosen.of("same"))
        lines.append(f"installed {words.moved(changes)}" + (f"; {there} were there already" if there else ""))
    lines += _left_lines(story, chosen)
    if clashes:
        more = f", and {len(clashes) - 2} more" if len(clashes) > 2 else ""
        lines.append(f"beside the lock: {'; '.join(clashes[:2])}{more}")
    data = {
        "host": image.host.name,
        "python": image.version,
        "isolated": folder,
        "same": len(chosen.of("same")),
        "installed": [change.package for change in changes],
        "left": dict(chosen.left),
    }
    return Outcome(verb="setup", lines=tuple(lines), changes=changes, dry_run=dry_run, data=data)


def _left_lines(story: _Story, chosen: Plan) -> Iterator[str]:
    for what, why in (("held", "needs its own"), ("image", "has its own build of")):
        rows = chosen.of(what)
        if what == "held":
            rows = tuple(row for row in rows if row.there)
            shown = [f"{row.pin.name} {row.there} (locked: {row.pin.version})" for row in rows[:_SHOWN]]
        else:
            shown = [f"{row.pin.name} {row.there}" for row in rows[:_SHOWN] if row.there]
        if shown:
            more = f", and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
            yield f"{story.image.host.shown} {why} {', '.join(shown)}{more}"
