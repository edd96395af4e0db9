"""What else makes a ``uv.lock`` stale: the other projects of its workspace, and lists of the root's ``[tool.uv]``.

uv holds a lock for stale as soon as one member is, whichever member is asked for.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from mlenv.locks.agreement import relock_of
from mlenv.locks.choosing import Choice
from mlenv.locks.content import LockContent, Manifest, Member
from mlenv.locks.manifest import parse_pyproject
from mlenv.locks.manifests import root_table
from mlenv.locks.reading import Files
from mlenv.locks.requirement import same_pythons
from mlenv.locks.target import Target
from mlenv.locks.uv_records import option_findings, project_findings, settings_findings
from mlenv.model import Finding

__all__ = ["workspace_findings"]


def workspace_findings(choice: Choice, content: LockContent, files: Files, target: Target) -> Iterator[Finding]:
    """Say where a workspace's lock and the manifests of its members disagree, other than the one that was selected.

    Raises:
        MlenvError: as :func:`mlenv.locks.manifest.parse_pyproject`, of any member.

    Cost: that of reading every member's ``pyproject.toml``.
    """
    if choice.kind != "uv":
        return
    uv, place = root_table(files)
    yield from settings_findings(content, uv, place, choice.lock or "")
    if files.text("uv.toml") is None:  # else that is where uv's options stand, and those of [tool.uv] do not count
        yield from option_findings(content, uv, choice.lock or "")
    yield from _of_parts(choice, content, files, target)
    lock, pythons, complete = choice.lock or "", [], True
    shared = place.table(uv, "sources")
    for project in content.projects:
        path = posixpath.normpath(posixpath.join(project.path, "pyproject.toml"))
        text = files.text(path)
        if text is None:
            complete = False
            if content.members:
                reason = f"{lock} names {project.name} in {project.path}, which is not there."
                yield Finding(kind="relock", reason=reason)
            continue
        manifest = parse_pyproject(text, path, target, (), (), shared=shared)
        pythons.append(manifest.requires_python)
        yield from project_findings(project, manifest, text, path, lock)
        if path != choice.manifest:
            yield from _of_member(project, manifest, path, choice, content.requires_python)
    if not content.members:
        return
    now, then = ",".join(filter(None, pythons)), content.requires_python
    if complete and now and then and not same_pythons(now, then):
        reason = f"The workspace asks for Python {now}; {lock} was made for {then}."
        yield Finding(kind="relock", reason=reason, declared=now, locked=then)


def _of_member(member: Member, manifest: Manifest, path: str, choice: Choice, pythons: str) -> Iterator[Finding]:
    if manifest.name and member.recorded is not None:
        # Its pins are none of this selection's: only what was asked for is compared.
        recorded = LockContent(
            recorded=member.recorded, recorded_version=member.version, requires_python=pythons, whole=True
        )
        yield from relock_of(replace(choice, manifest=path), recorded, replace(manifest, declared=()))


def _of_parts(choice: Choice, content: LockContent, files: Files, target: Target) -> Iterator[Finding]:
    """Compare local packages that are no members; one without a readable manifest is for uv to judge."""
    for part in content.parts:
        path = posixpath.normpath(posixpath.join(part.path, "pyproject.toml"))
        text = files.text(path)
        if text is not None:
            manifest = parse_pyproject(text, path, target, (), ())
            yield from _of_member(part, manifest, path, choice, content.requires_python)
