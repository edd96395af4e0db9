"""What ``uv.lock`` records beside requirements, against ``pyproject.toml``: the project itself, and uv's own settings.

uv makes the lock anew where any of it differs, although the pins may stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from mlenv.locks.content import LockContent, Manifest, Member
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.requirement import same_requirement, written
from mlenv.locks.settings import MANIFEST_HINT
from mlenv.model import Finding
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise

__all__ = ["option_findings", "project_findings", "settings_findings"]

_OPTIONS = (
    ("resolution", "resolution-mode", "highest"),
    ("prerelease", "prerelease-mode", "if-necessary-or-explicit"),
    ("fork-strategy", "fork-strategy", "requires-python"),
)
"""A setting of uv, its name in the lock, and its default, which the lock leaves out."""
_LISTS = ("override-dependencies", "constraint-dependencies", "build-constraint-dependencies")
_PRESENT = ("environments", "required-environments", "conflicts")


def project_findings(project: Member, manifest: Manifest, text: str, path: str, lock: str) -> Iterator[Finding]:
    """Compare a project's name, its extras and groups, empty ones too, and whether it is a package.

    Args:
        project: as the lock records it.
        manifest: its manifest, read.
        text: the manifest's text.
        path: its name, for the reasons.
        lock: the lock's name, for the reasons.
    """
    place = Place(file=path, code="manifest-unreadable", hint=MANIFEST_HINT)
    table = parse_toml(text, place)
    about, uv = place.table(table, "project"), place.table(place.table(table, "tool"), "uv")
    if not about:
        return
    extras = {normalise(name) for name in place.table(about, "optional-dependencies")}
    groups = {normalise(name) for name in place.table(table, "dependency-groups")}
    groups |= {"dev"} if uv.get("dev-dependencies") else set()
    package = bool(uv.get("package", "build-system" in table))
    # The root's name is told by the lock's own reader.
    named = not manifest.name or normalise(manifest.name) == project.name or project.path == "."
    defaults = uv.get("default-groups")
    was = "" if package else "not "
    found = (
        "" if named else f"is named {manifest.name}; {lock} knows it as {project.name}",
        # A member that others depend on is a package whatever it says.
        ""
        if package == project.package or project.path != "."
        else f"says that it is {was}a package, otherwise than when {lock} was made",
        "" if _same_groups(defaults, project) else f"has other default-groups than when {lock} was made",
        _apart("extras", extras, project.extras, lock),
        _apart("groups", groups, project.groups, lock),
    )
    yield from (Finding(kind="relock", reason=f"{path} {row}.") for row in found if row)


def _same_groups(now: object, project: Member) -> bool:
    """Whether ``default-groups`` is as recorded; locks before revision 5 record none. Where nobody says, it is dev."""
    then = project.default_groups
    said = sorted(normalise(str(name)) for name in now) if isinstance(now, list) else now or ["dev"]
    return then is None or said == (sorted(then) if isinstance(then, tuple) else then or ["dev"])


def _apart(word: str, now: AbstractSet[str], then: AbstractSet[str] | None, lock: str) -> str:
    names = sorted(now ^ then) if then is not None else []
    return f"has other {word} than when {lock} was made: {', '.join(names)}" if names else ""


def settings_findings(content: LockContent, uv: Table, place: Place, lock: str) -> Iterator[Finding]:
    """Compare settings of ``[tool.uv]`` that change what is resolved with what the lock records of them."""
    for key in _LISTS:
        yield from _of_list(key, content, uv, place, lock)
    # uv writes them in its own words: only whether there are any can be compared.
    for key in _PRESENT:
        if bool(uv.get(key)) != bool(content.told.get(key)):
            yield Finding(kind="relock", reason=f"pyproject.toml has changed [tool.uv] {key} since {lock} was made.")
    gone = {normalise(name) for name in content.told.get("exclude-dependencies", ())}
    names = {normalise(name) for name in place.texts(uv, "exclude-dependencies")}
    if names & (gone | content.names) != gone:
        yield Finding(
            kind="relock", reason=f"pyproject.toml has changed [tool.uv] exclude-dependencies since {lock} was made."
        )


def option_findings(content: LockContent, uv: Table, lock: str) -> Iterator[Finding]:
    """Compare how ``[tool.uv]`` says to choose versions; what it does not say may stand in the user's own settings."""
    if uv.get("exclude-newer") and not any(key.startswith("exclude-newer") for key in content.told):
        reason = f"pyproject.toml says exclude-newer in [tool.uv]; {lock} was made otherwise."
        yield Finding(kind="relock", reason=reason)
    for key, recorded, default in _OPTIONS:
        said = uv.get(key)
        if isinstance(said, str) and said != (*content.told.get(recorded, ()), default)[0]:
            reason = f"pyproject.toml says {said!r} in [tool.uv] {key}; {lock} was made otherwise."
            yield Finding(kind="relock", reason=reason)


def _of_list(key: str, content: LockContent, uv: Table, place: Place, lock: str) -> Iterator[Finding]:
    old = [parse_requirement(text) for text in content.told.get(key, ())]
    new = [place.item(key, index).requirement(text) for index, text in enumerate(place.texts(uv, key))]
    # An address may come from [tool.uv.sources]; of what is in no lock uv takes no notice.
    left = {normalise(row.name) for row in (*old, *new) if row.url}
    left |= set() if key.startswith("build") else {normalise(row.name) for row in (*old, *new)} - content.names
    came = [row for row in new if normalise(row.name) not in left and not any(same_requirement(row, o) for o in old)]
    went = [row for row in old if normalise(row.name) not in left and not any(same_requirement(row, n) for n in new)]
    for row in (*came, *went):
        how = "says" if row in came else "no longer says"
        reason = f"pyproject.toml {how} {written(row)} in [tool.uv] {key}; {lock} was made before that."
        yield Finding(kind="relock", reason=reason)
