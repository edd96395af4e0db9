"""What a lock and a manifest say, as values that every format shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from mlenv.locks.conda_spec import CondaSpec
from mlenv.locks.poetry_manifest import Asked
from mlenv.locks.settings import Settings
from mlenv.model import Declared, Finding, Pin, value

__all__ = ["LockContent", "Manifest", "Member"]


@value
class Member:
    """One project of a workspace, as its lock records it."""

    name: str
    path: str
    """Folder relative to the lock's; ``.`` for the workspace's root."""
    recorded: tuple[str, ...] | None = None
    """What it asked for when it was locked, as in :attr:`LockContent.recorded`."""
    version: str = ""
    """Its version when it was locked; empty where the build says it."""
    package: bool = False
    """Whether it is installed itself."""
    extras: frozenset[str] | None = None
    """Those that it had; ``None`` where the lock does not say."""
    groups: frozenset[str] | None = None
    default_groups: tuple[str, ...] | str | None = None
    """As written, empty where nothing is; ``None`` where the lock does not say."""


@value
class LockContent:
    """One lock, selected for one interpreter, its extras and its groups."""

    pins: tuple[Pin, ...] = ()
    """At most one per name, sorted by name; a row of conda and one of pip may share a name, for these are two lists."""
    exact: bool = True
    """Whether a tool made it, so that what it does not name is *extra*."""
    requires_python: str = ""
    recorded: tuple[str, ...] | None = None
    """The requirements that were locked, as PEP 508 texts with their markers; ``None`` where the lock keeps none."""
    wheels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> wheel file names in the lock."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Name -> bytes of the smallest of its wheels, where the lock says how big they are."""
    hashes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> ``sha256:...`` of each of its files in the lock."""
    archives: Mapping[str, str] = field(default_factory=dict)
    """Name -> ``sha256:...`` of the one file that a direct reference names, where ``hashes`` do not tell."""
    sdists: frozenset[str] = frozenset()
    """Names that have a source distribution in the lock."""
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> names that it needs here, where the format tells; empty where it does not."""
    findings: tuple[Finding, ...] = ()
    extras: tuple[str, ...] = ()
    """Extras that the pins hold."""
    groups: tuple[str, ...] = ()
    """Dependency groups that the pins hold."""
    fingerprint: str = ""
    """The tool's own digest of what the manifest declared when the lock was made; empty where it keeps none."""
    recorded_python: str = ""
    """The manifest's range of Python versions when the lock was made; empty where the lock keeps none."""
    recorded_version: str = ""
    """The project's own version when the lock was made; empty where the lock keeps none."""
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> what asked for it when the lock was made, in the words of a compiled list (``-r requirements.in``)."""
    options: tuple[str, ...] = ()
    """Option lines of a requirements file, as written: they say where packages come from."""
    unpinned: frozenset[str] = frozenset()
    """Names that the lock holds and that install nothing themselves (uv's virtual packages)."""
    beside: frozenset[str] = frozenset()
    """Names that the lock holds for the other members of the workspace, or for extras and groups not chosen."""
    members: tuple[Member, ...] = ()
    """The projects of the workspace that the lock is for, where it is for more than the one selected."""
    parts: tuple[Member, ...] = ()
    """Local packages that are no members of the workspace: their own manifests were locked, too."""
    projects: tuple[Member, ...] = ()
    """:attr:`members`, or the one project that the lock is for (``uv.lock``)."""
    names: frozenset[str] = frozenset()
    """Every name in the file, whoever asks for it (``uv.lock``)."""
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lists of ``[tool.uv]`` that change what is resolved, under their keys there, as the lock records them."""
    whole: bool = False
    """Whether ``recorded`` covers every extra and group of the manifest, not only those chosen (``uv.lock``)."""


@value
class Manifest:
    """What a person declared in ``pyproject.toml``."""

    name: str = ""
    """The project's name as written; empty where it has none."""
    version: str = ""
    """The project's own version as written; empty where it has none, or leaves it to the build."""
    declared: tuple[Declared, ...] = ()
    """What applies to the target: dependencies, then the chosen extras and groups."""
    requirements: tuple[str, ...] = ()
    """The same for every interpreter: PEP 508 texts with their markers."""
    everything: tuple[str, ...] = ()
    """The requirements of all extras (as markers) and groups, chosen or not, with uv's sources: what ``uv.lock``
    records."""
    unjudged: frozenset[str] = frozenset()
    """Names whose row alone tells nobody what is right: sources that uv works out by itself (workspace members, sources
    by marker), ranges of Poetry that PEP 440 cannot say."""
    asked: Asked = Asked()
    """What ``[tool.poetry]`` asks for, by group."""
    fingerprints: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Kind of lock -> the digests by which its tool would know this manifest again."""
    requires_python: str = ""
    settings: Settings = Settings()
    has_settings: bool = False
    """Whether ``[tool.mlenv]`` is there."""
    has_project: bool = False
    """Whether ``[project]`` is there."""
    declares: bool = False
    """Whether it counts as a manifest: ``[project]``, ``[dependency-groups]`` or another tool's project table."""
    dynamic: bool = False
    """Whether the dependencies are left to the build (``dynamic``), so that nobody can tell them from the file."""
    uv: bool = False
    """Whether ``[tool.uv]`` is there."""
    default_groups: tuple[str, ...] = ()
    """The groups that uv installs unless told otherwise."""
    packaged: bool = False
    """Whether the project itself is installed: the file says how it is built, and no tool that it is no package."""
    extras: tuple[str, ...] = ()
    """Every extra that the project knows."""
    groups: tuple[str, ...] = ()
    """Every dependency group that the project knows."""
    options: tuple[str, ...] = ()
    """Option lines of a requirements file, as written."""
    specs: tuple[CondaSpec, ...] = ()
    """What conda is asked for: ``environment.yml``, ``pixi.toml``."""
    findings: tuple[Finding, ...] = ()
