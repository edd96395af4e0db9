"""``create --from-bundle``: environment, lock and kernel from an archive, every hash verified before it is used."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.locks import Selected, Target, needs_more, tag_set
from mlenv.model import Outcome
from mlenv.services import words
from mlenv.services.bundling.archive import member_of, read_archive, unpack
from mlenv.services.bundling.build_needs import own_sources
from mlenv.services.bundling.contents import ENDING, Bundle
from mlenv.services.bundling.gather import hashes_of_text, indexed
from mlenv.services.bundling.machine import own_platform, platform_name
from mlenv.services.context import Context, Wheelhouse
from mlenv.services.create import create
from mlenv.services.prepare import choose_interpreter
from mlenv.services.project import Project, open_project
from mlenv.services.select import select_project, target_of

__all__ = [
    "bundle_beside", "create_from_bundle", "hashes_in", "refuse_machine", "refuse_unfit", "tell_verified", "unpacking",
]  # fmt: skip

_DAY_S = 86400.0
_ANEW = "mlenv bundle, on a machine with a network"


def bundle_beside(context: Context) -> Path | None:
    """Return the bundle that lies in the project's folder and is for its lock, for ``create --offline``.

    Raises:
        MlenvError: ``bundle-several``; what reading the one raises.
    """
    root = open_project(context, create=True).root
    found = sorted(path for path in root.glob(f"*{ENDING}") if path.is_file())
    if len(found) > 1:
        message = f"{len(found)} bundles lie here: {', '.join(path.name for path in found[:3])}"
        raise MlenvError(
            "bundle-several", message, where=str(root), hint=f"mlenv create --offline --from-bundle {found[0].name}"
        )
    if not found:
        return None
    bundle = read_archive(found[0])
    lock = root / bundle.lock
    digest = next((one.sha256 for one in bundle.members if one.path == f"project/{bundle.lock}"), "")
    if lock.is_file() and member_of("", lock).sha256 != digest:
        context.tell("note", f"{found[0].name} is left alone: it was made for another {bundle.lock}")
        return None
    context.tell("note", f"{found[0].name} lies here and is for this lock: packages come from it")
    return found[0]


def create_from_bundle(context: Context, path: Path, *, kernel_name: str = "") -> Outcome:
    """Make the environment from a bundle, without a network.

    Raises:
        MlenvError: ``bundle-missing``, ``bundle-unreadable``, ``bundle-damaged``, ``bundle-unsafe``, ``bundle-newer``,
            ``bundle-platform``, ``bundle-python``, ``bundle-differs``, ``wheel-missing``, ``wheel-unfit``: nothing was
            installed or written then; what :func:`mlenv.services.create.create` raises.
    """
    path = Path(os.path.abspath(context.cwd / path))
    context.tell("plan", f"reading {path.name}")
    bundle = read_archive(path)
    project = open_project(context, create=True)
    wheels = Wheelhouse(folder="", hashes={}, kernel=bundle.kernel, python=bundle.python)
    context = replace(context, options=replace(context.options, offline=True, frozen=True, wheelhouse=wheels))
    with unpacking() as scratch:
        unpack(path, bundle, scratch, lambda done, total: tell_verified(context, done, total))
        given = _project_files(project, bundle, scratch, path)
        target = _target(context, project, given, bundle, path)
        refuse_machine(bundle, target, path)
        selected = select_project(project, target, context.options, files=given)
        refuse_unfit(project, selected, bundle, given, path)
        house = replace(wheels, folder=str(scratch / "wheels"), hashes=hashes_in(bundle))
        made = create(
            replace(context, options=replace(context.options, wheelhouse=house)),
            (),
            kernel_name=kernel_name,
            given=given,
        )
    line = f"bundle       {path.name}: {words.packages(len(bundle.wheels))} verified, no network used"
    return replace(made, lines=(line, *made.lines))


@contextlib.contextmanager
def unpacking() -> Iterator[Path]:
    """Give a private folder outside of the project: what lies in its own is cleared when ``create`` takes the lock.

    What a kill left there a day ago goes, too.
    """
    shelf = store.cache_dir() / "bundles"
    folder = shelf / secrets.token_hex(6)
    store.make_folder(shelf)
    for old in shelf.iterdir():
        if time.time() - old.stat().st_mtime > _DAY_S:
            store.remove_tree(old, inside=shelf)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        store.remove_tree(folder, inside=shelf)


def tell_verified(context: Context, done: int, total: int) -> None:
    """Show how far the verification of a bundle is."""
    context.tell("verify", f"verifying the bundle: {done} of {total} files", done, total)


def hashes_in(bundle: Bundle) -> dict[str, str]:
    """Return package of the lock -> hash of its wheel in the bundle."""
    return {name: f"sha256:{bundle.wheels[file].sha256}" for name, file in bundle.locked.items()}


def _project_files(project: Project, bundle: Bundle, scratch: Path, path: Path) -> dict[str, str]:
    """Return the texts of the bundle's project files that are not there yet.

    Raises:
        MlenvError: ``bundle-differs`` where a lock that is there says something else.
    """
    given: dict[str, str] = {}
    for name in bundle.files:
        text = store.read_text(scratch / "project" / name)
        there = project.root / name
        if not there.exists():
            given[name] = text
        elif _is_lock(name, bundle) and store.read_text(there) != text:
            message = f"{path.name} was made for another {name} (of the project {bundle.project}) than the one here"
            hint = f"{_ANEW}; or use it in a folder of its own"
            raise MlenvError("bundle-differs", f"{message}; nothing was installed", where=name, hint=hint)
    return given


def _is_lock(name: str, bundle: Bundle) -> bool:
    base = os.path.basename(name)
    return name == bundle.lock or (base.startswith("pylock.") and base.endswith(".toml"))


def _target(context: Context, project: Project, given: dict[str, str], bundle: Bundle, path: Path) -> Target:
    """Return the Python that is taken, which must be of the bundle's minor version.

    Raises:
        MlenvError: ``bundle-python``.
    """
    try:
        found = choose_interpreter(context, project, given)
    except MlenvError as error:
        if error.code not in {"python-not-found", "python-not-allowed"}:
            raise
        message = f"{path.name} is for Python {bundle.python}: {error.message}; nothing was installed"
        raise MlenvError("bundle-python", message, where=str(path), hint=error.hint) from None
    minor = ".".join(found.version.split(".")[:2])
    if minor != bundle.python:
        message = (
            f"{path.name} is for Python {bundle.python}, and this project takes {minor} here; nothing was installed"
        )
        hint = f"mlenv bundle --python {minor}, on a machine with a network; or --python {bundle.python} here"
        raise MlenvError("bundle-python", message, where=str(path), hint=hint)
    return target_of(found.path)


def refuse_machine(bundle: Bundle, target: Target, path: Path) -> None:
    """Hold a bundle against the machine: its platform, and each wheel's tags.

    Raises:
        MlenvError: ``bundle-platform``, ``bundle-damaged``, ``wheel-unfit``.
    """
    here = platform_name(own_platform(target.tags))
    if bundle.platform != here:
        message = f"{path.name} is for {bundle.platform}, and this machine is {here}; nothing was installed"
        hint = f"mlenv bundle --platform {here}, on a machine with a network"
        raise MlenvError("bundle-platform", message, where=str(path), hint=hint)
    tags = tag_set(target.tags)
    for file in sorted(bundle.wheels):
        try:
            own = parse_wheel_filename(file)[3]
        except InvalidWheelFilename:
            message = f"{file[:80]!r} in {path.name} is not called as wheels are; nothing was installed"
            raise MlenvError("bundle-damaged", message, where=str(path), hint=_ANEW) from None
        if tags.isdisjoint(own):
            needs = needs_more(tag.platform for tag in own)
            why = f" (it needs {needs})" if needs else ""
            message = f"{file} does not fit this machine's Python{why}; nothing was installed"
            hint = f"mlenv bundle --platform {target.tags[0].rpartition('-')[2]}, on a machine with a network"
            raise MlenvError("wheel-unfit", message, where=str(path), hint=hint)


def refuse_unfit(project: Project, selected: Selected, bundle: Bundle, given: dict[str, str], path: Path) -> None:
    """Hold the bundle against the lock: each pin has its wheel, and each wheel is a file that the lock names.

    Raises:
        MlenvError: ``bundle-differs``, ``wheel-missing``, ``bundle-source``.
    """
    selection = selected.selection
    stale = next((finding for finding in selection.findings if finding.kind == "relock"), None)
    if stale is not None:
        message = f"{stale.reason.rstrip('.')}; {path.name} fits the lock alone, and nothing was installed"
        raise MlenvError("bundle-differs", message, where=selection.lock or "", hint=f"mlenv lock, then: {_ANEW}")
    lock = selection.lock or ""
    text = given.get(lock) or (store.read_text(project.root / lock) if lock else "")
    hashes = hashes_of_text(text, selected)
    for pin in indexed(selected):
        file = bundle.locked.get(pin.name)
        member = bundle.wheels.get(file or "")
        if file is None or member is None or parse_wheel_filename(file)[0] != pin.name:
            message = f"{path.name} has no wheel of {pin.name} {pin.version or ''}; nothing was installed"
            raise MlenvError("wheel-missing", message, where=str(path), hint=_ANEW)
        known = hashes.get(pin.name, ())
        if known and pin.name not in bundle.built and f"sha256:{member.sha256}" not in known:
            message = (
                f"{file} in {path.name} is none of the files that {lock} names for {pin.name}; nothing was installed"
            )
            raise MlenvError("hash-mismatch", message, where=str(path), hint=_ANEW)
    for name in own_sources(selected):
        # In a folder that gets its manifest only now there is nothing to build.
        if not (project.root / name).exists() or (name == "." and "pyproject.toml" in given):
            shown = selection.name or bundle.project if name == "." else name
            message = f"the source of {shown} is not in the bundle, and not here; nothing was installed"
            hint = "put the project's own files here first (a copy or a clone), then run the same command again"
            raise MlenvError("bundle-source", message, where=lock, hint=hint)
