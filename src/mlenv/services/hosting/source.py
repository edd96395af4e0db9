"""``--from`` and ``--lock``: where the project lies that an image is set up for."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv import process, store
from mlenv.errors import MlenvError
from mlenv.hosted.addresses import is_repository, parse_repository
from mlenv.model import Command, value
from mlenv.services.context import Context
from mlenv.services.hosting.image import Image
from mlenv.services.project import LOCK_NAMES, MANIFEST_NAMES, find_root, open_project
from mlenv.services.select import target_of

if TYPE_CHECKING:
    from mlenv.services.bundling.contents import Bundle

__all__ = ["Given", "given_by", "with_lock"]

_CLONE_S = 600.0


@value
class Given:
    """The project that counts."""

    root: Path
    lock: str | None = None
    """Relative to the root; ``None``: the one that the project's files say."""
    bundle: Path | None = None
    """Where the packages come from, verified, in place of an index."""


def given_by(context: Context, image: Image, source: str, known: Given | None) -> Given:
    """Find the project: a clone, a folder, a lock's folder, the files of a bundle, or what lies here.

    Args:
        context: with ``--lock``, relative to the source.
        image: for which a bundle must be.
        source: of ``--from``; empty without it.
        known: what was set up here before, for a call without options.

    Raises:
        MlenvError: ``source-missing``, ``lock-missing``, ``address-unsafe``, ``clone-failed``; what a bundle that is
            damaged or for another machine raises.
    """
    lock = context.options.lock
    if not source:
        if lock is None and known is not None and known.root.is_dir():
            return known
        here = find_root(context.cwd) if lock is None else context.cwd
        return _within(context, here or open_project(context).root, lock)
    if is_repository(source):
        return _within(context, _cloned(context, source), lock)
    path = Path(os.path.abspath(context.cwd / Path(source).expanduser()))
    if path.is_dir():
        return _within(context, path, lock)
    if not path.is_file():
        message = f"{path.name} is neither a file, a folder nor an address of git's here"
        raise MlenvError("source-missing", message, where=source, hint="is the drive mounted, and the name right?")
    if path.suffix == ".zip":
        return _of_bundle(context, image, path)
    return Given(root=path.parent, lock=path.name)


def _within(context: Context, folder: Path, lock: str | None) -> Given:
    """Return the project of a lock below a folder: the lock's own folder where that declares one."""
    if lock is None:
        return Given(root=folder)
    path = Path(os.path.abspath(folder / lock))
    if not path.is_file():
        message = f"there is no {lock}"
        raise MlenvError(
            "lock-missing", message, where=_near(context, folder), hint="upload it there, or name it: --lock FILE"
        )
    declares = any((path.parent / name).is_file() for name in (*MANIFEST_NAMES, *LOCK_NAMES))
    if declares or not path.is_relative_to(folder):
        return Given(root=path.parent, lock=path.name)
    return Given(root=folder, lock=str(path.relative_to(folder)))


def _cloned(context: Context, source: str) -> Path:
    """Return a clone of the newest state (or of the state that is asked for), made where there is none yet.

    A clone that is there is taken as it is: its files may have been edited, and the second run needs no network.
    """
    repository = parse_repository(source)
    folder = context.cwd / repository.folder
    if folder.exists():
        if (
            _asked(folder, "config", "mlenv.source") == source
            or _asked(folder, "remote", "get-url", "origin") == repository.url
        ):
            return folder
        message = f"{folder.name} is there already and is no clone of this repository"
        raise MlenvError(
            "clone-failed", message, where=_near(context, folder), hint="rename it, then run the cell again"
        )
    if context.options.offline:
        raise MlenvError("offline", "a clone needs the network", hint="the same command without --offline")
    context.tell("download", f"cloning {repository.folder}")
    aside = folder.with_name(f".{folder.name}.mlenv-clone")
    store.remove_tree(aside, inside=context.cwd)
    steps = (
        ("init", "--quiet", "--", str(aside)),
        ("-C", str(aside), "remote", "add", "--", "origin", repository.url),
        ("-C", str(aside), "config", "mlenv.source", source),
        ("-C", str(aside), "fetch", "--quiet", "--depth", "1", "--", "origin", repository.ref or "HEAD"),
        ("-C", str(aside), "checkout", "--quiet", "FETCH_HEAD"),
    )
    try:
        for step in steps:
            _git(*step)
        os.rename(aside, folder)
    finally:
        store.remove_tree(aside, inside=context.cwd)
    return folder


def _git(*words: str) -> str:
    env: dict[str, str | None] = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file"}
    done = process.run(Command(argv=("git", *words), env=env, timeout_s=_CLONE_S))
    if done.code != 0:
        said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"status {done.code}")
        raise MlenvError(
            "clone-failed",
            f"the repository could not be fetched: {said.removeprefix('fatal: ')[:200]}; nothing was installed",
            hint="is the address right, and is the network there?",
        )
    return done.stdout.strip()


def _asked(folder: Path, *words: str) -> str:
    try:
        return _git("-C", str(folder), *words) if (folder / ".git").exists() else ""
    except MlenvError:
        return ""


def _of_bundle(context: Context, image: Image, path: Path) -> Given:
    """Return the project whose files a bundle holds; they are unpacked, verified, where they are not there yet."""
    from mlenv.services.bundling.archive import read_archive, unpack
    from mlenv.services.bundling.restore import refuse_machine, tell_verified, unpacking

    bundle = read_archive(path)
    if bundle.python != image.minor:
        message = f"{path.name} is for Python {bundle.python}, and {image.host.shown} has Python {image.minor} here"
        hint = f"mlenv bundle --python {image.minor}, where the project is" + _or(image.host.another_python)
        raise MlenvError("bundle-python", f"{message}; nothing was installed", where=_near(context, path), hint=hint)
    refuse_machine(bundle, target_of(image.python), path)
    digest = hashlib.sha256("".join(f"{one.path}{one.sha256}" for one in bundle.members).encode()).hexdigest()[:16]
    root = store.data_dir() / "hosted" / "projects" / digest
    if not _all_there(root, bundle):
        with unpacking() as scratch:
            unpack(path, bundle, scratch, lambda done, total: tell_verified(context, done, total))
            for name in bundle.files:
                store.make_folder((root / name).parent)
                store.write_atomic(root / name, store.read_bytes(scratch / "project" / name))
    return Given(root=root, lock=bundle.lock, bundle=path)


def _all_there(root: Path, bundle: Bundle) -> bool:
    from mlenv.services.bundling.archive import member_of

    members = {one.path: one.sha256 for one in bundle.members}
    return all(
        (root / name).is_file() and member_of("", root / name).sha256 == members[f"project/{name}"]
        for name in bundle.files
    )


def _near(context: Context, path: Path) -> str:
    """Return a path as a notebook may keep it: from where the notebook lies."""
    return os.path.relpath(path, context.cwd)


def _or(text: str) -> str:
    return f"; or {text}" if text else ""


def with_lock(context: Context, given: Given) -> Context:
    """Return the context in which the lock that was given counts."""
    return replace(context, options=replace(context.options, lock=given.lock, project=None))
