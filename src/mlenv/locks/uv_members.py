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
from mlenv.locks.place import Place, Table
from mlenv.locks.reading import Files
from mlenv.locks.requirement import same_pythons, same_requirement, written
from mlenv.locks.target import Target
from mlenv.model import Finding
from mlenv.requirement_text import parse_requirement

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
    yield from _of_lists(content, uv, place, choice.lock or "")
    yield from _of_parts(choice, content, files, target)
    if not content.members:
        return
    lock, pythons, complete = choice.lock or "", [], True
    shared = place.table(uv, "sources")
    for member in content.members:
        path = posixpath.normpath(posixpath.join(member.path, "pyproject.toml"))
        text = files.text(path)
        if text is None:
            yield Finding(kind="relock", reason=f"{lock} names {member.name} in {member.path}, which is not there.")
            complete = False
            continue
        manifest = parse_pyproject(text, path, target, (), (), shared=shared)
        pythons.append(manifest.requires_python)
        if path != choice.manifest:
            yield from _of_member(member, manifest, path, choice, content.requires_python)
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


def _of_lists(content: LockContent, uv: Table, place: Place, lock: str) -> Iterator[Finding]:
    """Compare lists of ``[tool.uv]`` with what the lock records of them."""
    for key in ("override-dependencies", "constraint-dependencies"):
        old = [parse_requirement(text) for text in content.told.get(key, ())]
        new = [place.item(key, index).requirement(text) for index, text in enumerate(place.texts(uv, key))]
        named = {row.name.lower() for row in (*old, *new) if row.url}  # an address may come from [tool.uv.sources]
        came = [row for row in new if row.name.lower() not in named and not any(same_requirement(row, o) for o in old)]
        went = [row for row in old if row.name.lower() not in named and not any(same_requirement(row, n) for n in new)]
        for row in (*came, *went):
            how = "says" if row in came else "no longer says"
            reason = f"pyproject.toml {how} {written(row)} in [tool.uv] {key}; {lock} was made before that."
            yield Finding(kind="relock", reason=reason)
    # uv writes them in its own words: only whether there are any can be compared.
    if bool(uv.get("environments")) != bool(content.told.get("environments")):
        reason = f"pyproject.toml has changed [tool.uv] environments since {lock} was made."
        yield Finding(kind="relock", reason=reason)
