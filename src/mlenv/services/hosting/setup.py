"""The story of ``setup``: which host, which lock, what differs, only that installed, one line that says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv import store
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.hosted.hosts import LOCAL
from mlenv.hosted.plan import Plan, plan
from mlenv.kernel.hosted import read_record, record_path
from mlenv.model import Change, Installed, Outcome
from mlenv.probe import site
from mlenv.selection_text import selection_text
from mlenv.services import words
from mlenv.services.context import Context, Wheelhouse
from mlenv.services.hosting.image import running_image, scanned
from mlenv.services.hosting.refusals import refuse, refuse_builds, refuse_read_only
from mlenv.services.hosting.source import Given, given_by
from mlenv.services.hosting.story import Story
from mlenv.services.hosting.telling import told
from mlenv.services.project import open_project

if TYPE_CHECKING:  # a run with nothing to do is quick: what installs and what reads bundles is loaded when needed
    from mlenv.services.hosting.installing import Work

__all__ = ["setup"]


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
    story = Story(context, image, given)
    refuse(story)
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


# --- the two ways ---


def _into_image(story: Story) -> Outcome:
    image, selection = story.image, story.selected.selection
    chosen = _planned(story, image.installed, None)
    refuse_builds(story, chosen)
    context = story.context
    damaged = {name for name, _ in site.missing_tops(_only(image.installed, selection.pins), {})} - image.held.keys()
    if damaged:
        context.tell("note", f"mending {', '.join(sorted(damaged)[:3])}: files are missing")
    pins = tuple(dict.fromkeys((*chosen.installs, *(pin for pin in selection.pins if pin.name in damaged))))
    if context.options.dry_run or not pins:
        planned = tuple(Change(package=r.pin.name, before=r.there, after=r.pin.version) for r in chosen.of("install"))
        if not context.options.dry_run:
            _record(story, chosen, folder="")
        return told(story, chosen, planned, (), dry_run=context.options.dry_run)
    refuse_read_only(image)
    from mlenv.services.hosting.installing import changes_between, conflicts, install_into_image

    before = conflicts(context, image)
    context.tell("install", f"installing {words.packages(len(pins))} of {selection.lock}")
    with _work(story, pins) as work:
        after = install_into_image(replace(work, damaged=tuple(sorted(damaged))))
    _record(story, chosen, folder="")
    changes = changes_between(image.installed, after)
    clashes = [line for line in conflicts(context, image) if line not in before]
    return told(story, chosen, changes, clashes, mended=sorted(damaged))


def _isolated(story: Story) -> Outcome:
    from mlenv.services.hosting.installing import changes_between, fill_folder, folder_for

    chosen = _planned(story, story.image.installed, Installed())
    refuse_builds(story, chosen)
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
    return told(story, chosen, changes, (), folder=str(folder), dry_run=story.context.options.dry_run)


def _drifted(work: Work, there: Installed) -> bool:
    rows = plan(work.pins, there, {}, kind=work.selected.selection.kind, roots=(str(work.project.root),))
    return bool(rows.installs) or bool(site.missing_tops(there, {}))


def _planned(story: Story, image: Installed, there: Installed | None) -> Plan:
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
def _work(story: Story, pins: Sequence[object]) -> Iterator[Work]:
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


# --- what is remembered and said ---


def _record(story: Story, chosen: Plan, *, folder: str) -> None:
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
