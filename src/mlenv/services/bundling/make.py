"""``bundle``: one archive from which the environment, its lock and its kernel are made again without a network."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from mlenv import render, store
from mlenv.errors import MlenvError
from mlenv.locks import LockContent, Selected
from mlenv.model import Outcome
from mlenv.probe import interpreters
from mlenv.services import words
from mlenv.services.builds import refuse_builds
from mlenv.services.bundling.archive import member_of, write_archive
from mlenv.services.bundling.build_needs import build_needs, own_sources
from mlenv.services.bundling.contents import Bundle, file_name
from mlenv.services.bundling.gather import Gathering, gather_build, gather_kernel, gather_locked, indexed
from mlenv.services.bundling.machine import Machine, machines_of, platform_name
from mlenv.services.context import Context
from mlenv.services.holding import holding
from mlenv.services.indexes import refuse_credentials, refuse_options
from mlenv.services.project import Project, open_project
from mlenv.services.scratch import scratch_folder
from mlenv.services.select import select_project

__all__ = ["bundle", "project_files"]

_LOCAL = frozenset({"editable", "path"})


def bundle(context: Context, platforms: tuple[str, ...], output: str | None) -> Outcome:
    """Write the bundle of the project for its environment's Python and this machine, or for others.

    Raises:
        MlenvError: ``no-lock``, ``lock-stale``, ``lock-not-exact``, ``bundle-source`` for what no bundle can hold;
            ``no-wheel``, ``build-not-allowed``; what could not be fetched. No file was written then.
    """
    project = open_project(context)
    machines = machines_of(context, project, platforms)
    if output and len(machines) > 1:
        raise MlenvError("usage", "--output names one file, and several platforms are asked for", hint="leave one out")
    made = [_bundle_for(context, project, machine, output) for machine in machines]
    return Outcome(
        verb="bundle",
        lines=tuple(line for one in made for line in one.lines),
        files=tuple(name for one in made for name in one.files),
        dry_run=context.options.dry_run,
        data={"bundles": [one.data for one in made]},
    )


def _bundle_for(context: Context, project: Project, machine: Machine, output: str | None) -> Outcome:
    selected = select_project(project, machine.target, context.options)
    _refuse(context, project, selected, machine)
    name = file_name(selected.selection.name or project.root.name, machine.minor, platform_name(machine.platform))
    target = Path(os.path.abspath(context.cwd / output)) if output else project.root / name
    if not target.parent.is_dir():
        hint = f"mkdir -p {target.parent}"
        raise MlenvError(
            "project-missing", "the folder for the bundle is not there", where=str(target.parent), hint=hint
        )
    left_out = _left_out(selected)
    if context.options.dry_run:
        return _planned(target, machine, selected, left_out)
    with holding(context, project, "bundle"), scratch_folder(project.root) as scratch:
        place = Gathering(context=context, project=project, machine=machine, scratch=scratch)
        store.make_folder(place.folder)
        store.remove_unfinished(target.parent, target.name[:80])
        context.tell("download", f"fetching {words.packages(len(indexed(selected)))} of {selected.selection.lock}")
        locked, built = gather_locked(place, selected)
        kernel = gather_kernel(place, selected)
        gather_build(place, build_needs(project, selected))
        files = {f"project/{name}": project.root / name for name in project_files(project, selected)}
        files |= {f"wheels/{path.name}": path for path in place.folder.iterdir()}
        made = Bundle(
            project=selected.selection.name or project.root.name,
            python=machine.minor,
            platform=platform_name(machine.platform),
            lock=selected.selection.lock or "",
            members=tuple(member_of(path, files[path]) for path in sorted(files)),
            locked=locked,
            kernel=kernel,
            built=built,
            left_out=left_out,
        )
        _tell(context, 0, len(files))
        size = write_archive(target, made, files, lambda done, total: _tell(context, done, total))
    return _made(target, made, size)


def _left_out(selected: Selected) -> tuple[str, ...]:
    """Return the names of what is installed from the project's own files."""
    pins = tuple(pin.name for pin in selected.selection.pins if pin.source.kind in _LOCAL)
    return pins or ((selected.selection.name,) if own_sources(selected) else ())


def _tell(context: Context, done: int, total: int) -> None:
    context.tell("verify", f"writing the bundle: {done} of {total} files", done, total)


def project_files(project: Project, selected: Selected) -> tuple[str, ...]:
    """Return the files of the project that count: manifests, locks, what they include, the Python that is wanted."""
    own = {".python-version", "mlenv.toml"} & project.names
    read = {name for name in selected.files_read if (project.root / name).is_file() and ".." not in Path(name).parts}
    return tuple(sorted(own | {name for name in read if not os.path.isabs(name)}))


def _refuse(context: Context, project: Project, selected: Selected, machine: Machine) -> None:
    """Stop before anything is fetched where a bundle would not be whole.

    Raises:
        MlenvError: as :func:`bundle` says.
    """
    selection = selected.selection
    if selection.lock is None or selected.content is None:
        message = "a bundle is made from a lock, and the project has none that mlenv reads"
        raise MlenvError("no-lock", message, where=str(project.root), hint="mlenv lock, then: mlenv bundle")
    for finding in selection.findings:
        if finding.kind in {"relock", "python"}:
            raise MlenvError("lock-stale", finding.reason, where=selection.lock, hint="mlenv lock, then: mlenv bundle")
    if not selection.exact or any(not pin.version for pin in indexed(selected)):
        message = f"{selection.lock} does not name every package with its version, so a bundle of it would not be whole"
        raise MlenvError("lock-not-exact", message, where=selection.lock, hint="mlenv freeze, then: mlenv bundle")
    refuse_options(context, selected)
    refuse_credentials(project, selected)
    for name in project_files(project, selected):
        text = store.read_text(project.root / name)
        if render.mask_secrets(text) != text:
            message = f"{name} holds an address with credentials, which everybody who gets the bundle would read"
            hint = "take them out of the address; keep them in ~/.netrc"
            raise MlenvError("requirement-secret", message, where=name, hint=hint)
    _refuse_sources(context, project, selected, machine)


def _refuse_sources(context: Context, project: Project, selected: Selected, machine: Machine) -> None:
    lock = selected.selection.lock or ""
    odd = [pin for pin in selected.selection.pins if pin.source.kind not in {"index", "any", *_LOCAL}]
    if odd:
        kind = {"vcs": "a repository", "url": "an address", "conda": "conda"}.get(
            odd[0].source.kind, odd[0].source.kind
        )
        message = f"{odd[0].name} comes from {kind}; a bundle holds packages of an index only"
        raise MlenvError("bundle-source", message, where=lock, hint="take a release of it, then: mlenv lock")
    if machine.own:
        mine = tuple(pin for pin in selected.selection.pins if pin.source.kind not in _LOCAL)
        bare = replace(selected, selection=replace(selected.selection, pins=mine))
        refuse_builds(context, project, bare, interpreters.find(machine.interpreter, store.cache_dir()))


def _planned(target: Path, machine: Machine, selected: Selected, left_out: tuple[str, ...]) -> Outcome:
    content = selected.content or LockContent()
    known = sum(content.sizes.values())
    about = f", about {words.size(known)} and the kernel's own" if known else ", and the kernel's own"
    count = words.packages(len(indexed(selected)))
    lines = [f"would write  {target.name}: {count} of {content_name(selected)}{about}"]
    lines += [f"left out     {_names(left_out)}: the source lies in the project"] if left_out else []
    lines.append(f"for          Python {machine.minor}, {platform_name(machine.platform)}")
    lines.append("nothing was fetched or written (--dry-run)")
    data = {"file": str(target), "python": machine.minor, "platform": platform_name(machine.platform)}
    return Outcome(verb="bundle", lines=tuple(lines), dry_run=True, data=data)


def content_name(selected: Selected) -> str:
    """Return the lock's name for people."""
    return selected.selection.lock or "the lock"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _made(target: Path, made: Bundle, size: int) -> Outcome:
    wheels = len(made.wheels)
    files = ", ".join(name for name in made.files if not re.search(r"^\.python", name))
    lines = [
        f"bundle       {target.name}: {wheels} wheels, {words.size(size)}",
        f"holds        {files}; {words.packages(len(made.locked))} of {made.lock}, {len(made.kernel)} for the kernel",
        f"for          Python {made.python}, {made.platform}",
    ]
    lines += [f"left out     {_names(made.left_out)}: the source lies in the project"] if made.left_out else []
    lines.append("next         on the other machine, in the project's folder: mlenv create --offline")
    data = {
        "file": str(target), "size": size, "wheels": wheels, "python": made.python, "platform": made.platform,
        "locked": dict(made.locked), "kernel": dict(made.kernel), "built": list(made.built),
        "left_out": list(made.left_out),
    }  # fmt: skip
    return Outcome(verb="bundle", lines=tuple(lines), files=(target.name,), data=data)
