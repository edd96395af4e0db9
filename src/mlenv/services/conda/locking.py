"""Make ``conda-lock.yml`` anew from ``environment.yml``: conda's rows by py-rattler, the ``pip:`` part by uv."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from mlenv import locks, store
from mlenv.engines import conda
from mlenv.engines.conda import LockedRows, Row
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.locks.conda_write import CondaLock, LockedPackage, is_ours, render_conda_lock
from mlenv.locks.environment_yml import Environment, parse_environment
from mlenv.locks.place import Place
from mlenv.locks.yaml_text import parse_yaml
from mlenv.services.conda.pip_part import lock_pip_part, refuse_folders
from mlenv.services.conda.running import ask, channels_of, platform_of
from mlenv.services.context import Context
from mlenv.services.indexes import refuse_options
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.scratch import scratch_folder
from mlenv.services.select import loader, target_of

__all__ = ["LOCK", "environment_of", "manifest_of", "relock_conda", "specs_of"]

LOCK = "conda-lock.yml"
_OUTSIDE = {"pixi": "pixi lock", "conda": "conda list --explicit --md5 > conda-linux-64.lock"}


def manifest_of(selected: Selected) -> str:
    """Return the ``environment.yml`` that counts, be it the manifest or, with exact pins, the lock; empty: none."""
    choice = selected.choice
    names = (choice.manifest or "", choice.lock or "")
    return next((name for name in names if name.endswith((".yml", ".yaml")) and "conda-lock" not in name), "")


def environment_of(
    project: Project, name: str, resolver: Resolver, edits: Mapping[str, str] | None = None
) -> Environment:
    """Read the project's ``environment.yml``."""
    load = loader(project.root, edits or {})
    text = locks.decode_text(load(name) or b"", name, "environment-unreadable")
    return parse_environment(text, name, target_of(resolver.interpreter.path), load)


def specs_of(environment: Environment) -> tuple[str, ...]:
    """Return what is solved: the rows for this platform, and a Python, without which no notebook runs."""
    rows = [spec for spec in environment.specs if spec.name not in environment.selected]
    names = {spec.name for spec in rows}
    # conda itself says that a pip: part needs pip among the rows; uv does not, and a terminal user does.
    added = [name for name in ("python", *(["pip"] if environment.piped else [])) if name not in names]
    return (*(spec.text for spec in rows), *added)


def relock_conda(
    context: Context, project: Project, edits: Mapping[str, str], selected: Selected, resolver: Resolver
) -> dict[str, str]:
    """Return the lock's name -> its new text.

    Raises:
        MlenvError: ``lock-not-driven`` for a lock that only its own tool can make anew; what solving failed with.
    """
    manifest = manifest_of(selected)
    lock = selected.choice.lock if selected.choice.kind == "conda-lock" and selected.choice.lock else LOCK
    _refuse_foreign(project, selected, lock, manifest)
    refuse_options(context, selected, driven=True)
    environment = environment_of(project, manifest, resolver, edits)
    refuse_folders(environment)
    here = platform_of(resolver.interpreter)
    platforms = _platforms(project, environment, lock, here)
    channels, condarc = channels_of(environment.channels, manifest)
    old = None if resolver.upgrade_all or lock not in project.names else str(project.root / lock)
    rows: list[LockedPackage] = []
    addresses: tuple[str, ...] = ()
    with scratch_folder(project.root) as scratch:
        for platform in platforms:
            kept = LockedRows(kind="conda-lock", path=old) if old else None
            command = functools.partial(
                conda.solve, channels=channels, specs=specs_of(environment), platform=platform, kept=kept,
                upgrade=resolver.upgrade,
            )  # fmt: skip
            try:
                answer = ask(
                    context, project, scratch, "lock", resolver.descriptor, command, offline=condarc.offline
                )  # fmt: skip
            except MlenvError as error:
                raise error if platform == here else _elsewhere(error, platform) from None
            found, addresses = conda.read_rows(answer)
            rows += [_package(row, platform) for row in found]
            rows += lock_pip_part(context, project, resolver, environment, found, platform, scratch)
    return {
        lock: render_conda_lock(
            CondaLock(
                channels=addresses,
                platforms=platforms,
                source=manifest,
                fingerprint=environment.fingerprint,
                packages=tuple(rows),
            )
        )
    }


def _elsewhere(error: MlenvError, platform: str) -> MlenvError:
    """Say that a failure is of a machine that is not this one."""
    message = f"{platform}: {error.message.replace('for this platform', 'for it')}"
    hint = f"{error.hint}; or take {platform} out of 'platforms:'"
    return MlenvError(error.code, message, where=error.where, hint=hint, details=error.details)


def _package(row: Row, platform: str) -> LockedPackage:
    return LockedPackage(
        name=row.name,
        version=row.version,
        manager="conda",
        platform=platform,
        url=row.url,
        sha256=row.sha256,
        md5=row.md5,
        depends=row.depends,
    )


def _platforms(project: Project, environment: Environment, lock: str, here: str) -> tuple[str, ...]:
    """Return what to lock for: what the manifest says, else what the lock was made for, and this machine."""
    known = environment.platforms
    if not known and lock in project.names:
        table = parse_yaml(store.read_text(project.root / lock), Place(file=lock, code="lock-unreadable"))
        known = Place(file=lock, code="lock-unreadable").texts(table.get("metadata") or {}, "platforms")
    return tuple(sorted({*known, here}))


def _refuse_foreign(project: Project, selected: Selected, lock: str, manifest: str) -> None:
    """Refuse what would lose something: a lock of another tool with more in it than ``environment.yml`` says."""
    kind = selected.choice.kind
    if kind == "pixi":
        raise _not_driven(selected.choice.lock or "", "pixi lock, then: mlenv sync")
    if not manifest and selected.choice.manifest:
        raise MlenvError(
            "engine-unfit",
            f"conda makes environments from environment.yml; here {selected.choice.manifest} counts",
            where=selected.choice.manifest,
            hint="--engine uv; or name a lock of conda's with --lock FILE",
        )
    if kind not in (None, "conda-lock") and not manifest:
        raise _not_driven(selected.choice.lock or "", f"{_OUTSIDE.get(kind or '', 'its own tool')}, then: mlenv sync")
    if not manifest:
        raise MlenvError(
            "nothing-to-lock",
            f"there is no environment.yml that {lock} could be made from",
            where=str(project.root),
            hint="mlenv freeze --output environment.yml writes down what is installed",
        )
    if lock not in project.names:
        return
    text = store.read_text(project.root / lock)
    if is_ours(text):
        return
    place = Place(file=lock, code="lock-unreadable")
    table = parse_yaml(text, place)
    sources = place.texts(table.get("metadata") or {}, "sources")
    groups = {str(row.get("category", "main")) for row, _ in place.tables(table, "package")}
    if groups - {"main"} or any(Path(name).name != manifest for name in sources):
        raise _not_driven(lock, f"conda-lock --lockfile {lock}, then: mlenv sync")


def _not_driven(lock: str, hint: str) -> MlenvError:
    return MlenvError("lock-not-driven", f"{lock} holds more than mlenv could make anew", where=lock, hint=hint)
