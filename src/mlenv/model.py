"""Frozen values that every part of mlenv speaks in.

Standard library only, Python 3.9+: this file also runs inside project kernels. Values are inert: no property of
a value touches the world.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Mapping, Optional, Tuple, TypeVar

from mlenv.errors import MlenvError

if TYPE_CHECKING:
    from typing import dataclass_transform

__all__ = [
    "Action",
    "Change",
    "Checked",
    "Command",
    "Completed",
    "Counts",
    "Declared",
    "Distribution",
    "EnvironmentFacts",
    "Event",
    "FileStamp",
    "Finding",
    "Installed",
    "KernelRef",
    "Loaded",
    "Member",
    "Outcome",
    "Pin",
    "ProjectRef",
    "Report",
    "Selection",
    "Source",
    "Survey",
    "value",
]

_T = TypeVar("_T")

if TYPE_CHECKING:

    @dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
    def value(cls: type[_T]) -> type[_T]: ...

else:
    # Python 3.9, which project kernels may run, knows no slots.
    _SHAPE = {"init": False, "repr": False, "eq": False, **({"slots": True} if sys.version_info >= (3, 10) else {})}

    def value(cls):
        """Make a class a frozen, keyword-only dataclass.

        ``dataclass(frozen=True, kw_only=True, slots=True)`` compiles six methods for each class. For the 22 values of
        this file alone that cost 40 ms instead of 9 ms on Python 3.9, 72 ms instead of 10 ms on 3.11
        (``-X importtime``, best of nine, two busy cores): twice what mlenv may add to a kernel's start. These do the
        same, and compile one method, when the first instance is made.
        """
        cls.__doc__ = cls.__doc__ or cls.__name__  # else dataclass writes a signature here, at half of its cost
        made = dataclass(**_SHAPE)(cls)
        known = fields(made)
        names = tuple(each.name for each in known)
        made.__init__ = _initializer(made, known)
        made.__repr__ = lambda self: f"{made.__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"
        made.__eq__ = lambda self, other: (
            [getattr(self, n) for n in names] == [getattr(other, n) for n in names]
            if other.__class__ is made
            else NotImplemented
        )
        made.__hash__ = lambda self: hash(tuple([getattr(self, n) for n in names]))
        made.__reduce__ = lambda self: (_remade, (made, {n: getattr(self, n) for n in names}))
        made.__setattr__ = made.__delattr__ = _refuse_change
        return made

    def _initializer(made, known):
        """Return what makes the real initialiser when the first instance is made: most values of a run never are."""

        def first(self, **given):
            made.__init__ = _compiled(known)
            made.__init__(self, **given)

        return first

    def _compiled(known):
        scope = {"store": object.__setattr__, "MISSING": MISSING}
        heads, lines = [], []
        for each in known:
            name, make = each.name, each.default_factory
            scope[f"default_{name}"] = each.default if make is MISSING else MISSING
            scope[f"make_{name}"] = make
            required = each.default is MISSING and make is MISSING
            heads.append(name if required else f"{name}=default_{name}")
            given = name if make is MISSING else f"make_{name}() if {name} is MISSING else {name}"
            lines.append(f"    store(self, {name!r}, {given})")
        exec("\n".join([f"def __init__(self, *, {', '.join(heads)}):", *lines]), scope)  # noqa: S102  # our own names
        return scope["__init__"]

    def _remade(cls, content):
        return cls(**content)

    def _refuse_change(self, name, *_):
        raise FrozenInstanceError(f"{type(self).__name__} is frozen: {name} stays as it is")


@value
class Source:
    """Where a distribution comes from (PEP 610 in mlenv's words)."""

    kind: str
    """``index``, ``url``, ``vcs``, ``path`` (built from a local folder or file), ``editable``, ``conda``, or ``any``
    (in a lock: the index or the file at ``url``)."""
    url: str = ""
    """Address without user information; a path relative to the project for local sources where possible; for
    ``conda`` the package URL (``pkg:pypi/torch``) where the index knows what it holds under another name."""
    commit: str = ""
    """The exact commit of a ``vcs`` source; the build of a ``conda`` one, empty for any."""
    subdirectory: str = ""
    """Folder of the package in a repository or an archive; empty for its top."""
    hash: str = ""
    """``sha256:...`` of the one archive that it is; empty where that is not told."""


@value
class Pin:
    """One package that a lock asks of one interpreter."""

    name: str
    """Normalised (PEP 503)."""
    version: Optional[str] = None
    """Exact version; ``None`` where the lock gives none (editable and other direct references)."""
    source: Source = Source(kind="index")
    specifier: str = ""
    """A range (``>=2,<3``) where a requirements file pins nothing; empty for real pins."""


@value
class Declared:
    """One requirement that a person declared and that applies to this interpreter."""

    name: str
    """Normalised (PEP 503)."""
    text: str
    """The requirement as written, without its marker (``numpy<2``)."""
    origin: str = ""
    """File (and group) that says so: ``pyproject.toml``, ``pyproject.toml [dev]``."""
    conda: bool = False
    """Whether conda is asked for it: the name is conda's, the text a match specification."""


@value
class Distribution:
    """One installed distribution, read from the outside."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    source: Source = Source(kind="index")
    folder: str = ""
    """Name of its metadata folder (``six-1.17.0.dist-info``)."""
    site: str = ""
    """The site-packages folder that holds it."""


@value
class Installed:
    """What one environment holds on disk."""

    distributions: Tuple[Distribution, ...] = ()
    """At most one per name: the first on the path wins."""
    duplicates: Tuple[Distribution, ...] = ()
    """Further metadata folders of a name that is already there (a half-broken uninstall looks like this)."""
    damaged: Tuple[Tuple[str, str], ...] = ()
    """(name, reason): metadata says installed, files are not all there."""
    faults: Tuple[Tuple[str, Tuple[str, ...]], ...] = ()
    """(name, one sentence per file that is not as installed), where the files were compared (``--deep``)."""
    leftovers: Tuple[str, ...] = ()
    """Paths of ``~umpy``: folders that an interrupted pip left."""
    conda: Tuple[Distribution, ...] = ()
    """What conda's own records say, under conda's names; empty in every other environment."""
    owned: Tuple[str, ...] = ()
    """Names of ``distributions`` that conda put there."""
    overwritten: Tuple[Tuple[str, str], ...] = ()
    """(name of a conda package, version of what somebody put over it)."""

    def get(self, name: str) -> Optional[Distribution]:
        """Return the distribution of this normalised name, or ``None``. Cost: O(n)."""
        for distribution in self.distributions:
            if distribution.name == name:
                return distribution
        return None


@value
class Loaded:
    """One distribution whose modules are in the memory of the running kernel."""

    name: str
    """Normalised (PEP 503)."""
    version: Optional[str]
    """The version that was loaded; ``None`` where it cannot be told."""
    origin: str = "environment"
    """``environment``, ``runtime`` (mlenv's own folder) or ``outside`` (user site, PYTHONPATH, ...)."""
    location: str = ""
    """Folder that the modules came from."""
    binary: bool = False
    """Whether compiled extension modules of it are loaded: these cannot be exchanged in a live process."""
    imported: bool = False
    """Whether the notebook itself imported it (a name in its namespace), not only some library."""


@value
class Advice:
    """What helps against an import that failed."""

    action: str
    """``add``, ``create``, ``restart``, ``switch`` or ``sync``."""
    package: Optional[str]
    """The distribution that it is about, normalised (PEP 503)."""
    text: str
    """Why, in one sentence without path or command: it is saved in notebooks."""


@value
class FileStamp:
    """Identity of a file's content without reading it."""

    path: str
    mtime_ns: int
    """-1 where the file does not exist."""
    size: int
    inode: int
    ctime_ns: int = 0
    """When its inode last changed: archives give every file one time, and a new file may get the old one's inode."""


@value
class Finding:
    """One thing that is not in step, with its own reason."""

    kind: str
    """A key of :data:`mlenv.drift.VERDICT_OF`."""
    reason: str
    package: Optional[str] = None
    declared: Optional[str] = None
    locked: Optional[str] = None
    installed: Optional[str] = None
    loaded: Optional[str] = None
    files: Tuple[str, ...] = ()
    """Files that it is about, each with what is wrong: ``six.py was changed``; at most 1,000."""


@value
class Selection:
    """What a project's lock and manifest ask of one interpreter: small, cached, all that a kernel needs."""

    root: str
    name: str
    manifest: Optional[str] = None
    """Path relative to the root."""
    lock: Optional[str] = None
    """Path relative to the root; ``None`` where the project has no lock."""
    kind: Optional[str] = None
    """``uv``, ``pylock``, ``requirements``, ... (the wire's ``lock.kind``)."""
    exact: bool = True
    """Whether what the lock does not name is *extra*."""
    pins: Tuple[Pin, ...] = ()
    declared: Tuple[Declared, ...] = ()
    findings: Tuple[Finding, ...] = ()
    """What could be told without an environment: ``relock``, ``python``, ``undecidable``, ``conflict``."""
    requires_python: str = ""
    """As the lock or the manifest writes it."""
    extras: Tuple[str, ...] = ()
    groups: Tuple[str, ...] = ()
    python: str = ""
    """Full version of the interpreter that this was selected for."""
    inputs: Tuple[FileStamp, ...] = ()
    """Every file that was read, and those whose appearance would change the answer."""
    reason: str = ""
    """Why this lock and this manifest count, where there was a choice."""
    environment: Optional[str] = None
    """Prefix of the project's environment, there or not, as settings and what lies there say it."""
    beside: Tuple[str, ...] = ()
    """Names that the lock holds for other members of a workspace, which share the environment: never *extra*."""
    own: str = ""
    """Name of the project's own package where the manifest says how it is built and the lock does not hold it."""


@value
class EnvironmentFacts:
    """What can be told about an environment from outside."""

    prefix: Optional[str]
    """``<root>/.venv``, never resolved through links; ``None`` where the project has none."""
    python: Optional[str] = None
    """Full version of the interpreter that runs there, e.g. ``3.12.1``."""
    engine: Optional[str] = None
    """``uv``, ``venv``, ``virtualenv``, ``conda``, ``poetry``; ``None`` where it cannot be told."""
    problem: Optional[Finding] = None
    """``broken`` or ``no-env`` with its reason."""
    sites: Tuple[str, ...] = ()
    """The site-packages folders, in the order of ``sys.path``."""
    inherited: Tuple[str, ...] = ()
    """Those of ``sites`` that are another Python's (``include-system-site-packages``), by their real paths, too."""


@value
class ProjectRef:
    root: str
    name: str
    manifest: Optional[str] = None


@value
class KernelRef:
    prefix: str
    name: str


@value
class Action:
    """The one thing to do next."""

    action: str
    """``none``, ``create``, ``sync``, ``lock``, ``switch``, ``restart``."""
    command: str
    """What to type, without ``%``: ``mlenv sync``; empty for ``none``."""
    text: str


@value
class Counts:
    locked: int = 0
    installed: int = 0
    compared: int = 0


@value
class Report:
    """The answer of ``check``: the wire of ``design`` as a value."""

    verdict: str
    next: Action
    project: Optional[ProjectRef]
    environment: EnvironmentFacts
    lock_path: Optional[str] = None
    lock_kind: Optional[str] = None
    kernel: Optional[KernelRef] = None
    loaded_measured: bool = False
    findings: Tuple[Finding, ...] = ()
    counts: Counts = Counts()
    reason: str = ""
    """Why this lock counts, where there was a choice."""

    @property
    def ok(self) -> bool:
        """Whether all that was measured agrees."""
        return self.verdict == "in-step"


@value
class Member:
    """A process of a cluster."""

    role: str
    """``worker`` or ``scheduler``."""
    host: str
    """As in its address."""
    python: str = ""
    """Full version of its interpreter; empty where it did not say."""


@value
class Checked:
    """One notebook or project of a check of many, or one process of a cluster."""

    name: str
    """As it is typed here: ``course/ben.ipynb``, ``course/`` for a project."""
    is_notebook: bool = True
    report: Optional[Report] = None
    """``None`` where it could not be read."""
    error: Optional[MlenvError] = None
    hints: Tuple[Tuple[str, str], ...] = ()
    """(what is worth knowing of this notebook, what to type): nothing of it is drift."""
    member: Optional[Member] = None
    """Which process it is, where it is one of a cluster."""

    @property
    def verdict(self) -> str:
        """That of the report, or ``error``."""
        return self.report.verdict if self.report is not None and self.error is None else "error"


@value
class Survey:
    """The answer of ``check`` for many notebooks and projects, and of ``cluster check``."""

    rows: Tuple[Checked, ...]
    verdict: str
    """The worst of them; ``error`` where something could not be read."""
    next: Optional[Action] = None
    """The one thing to do for all of them, where there is one (a cluster)."""

    @property
    def status(self) -> int:
        """The exit status: 2 where something could not be read, 1 where something is not in step."""
        verdicts = {row.verdict for row in self.rows}
        return 2 if "error" in verdicts else 0 if verdicts <= {"in-step"} else 1


@value
class Change:
    """One package before and after a verb."""

    package: str
    before: Optional[str]
    after: Optional[str]


@value
class Outcome:
    """What a verb did (or, with ``--dry-run``, would do)."""

    verb: str
    lines: Tuple[str, ...]
    """What a person reads: at most five lines."""
    changes: Tuple[Change, ...] = ()
    files: Tuple[str, ...] = ()
    """Files written, relative to the project."""
    kernel: Optional[str] = None
    """Kernel id that this verb made or proved."""
    dry_run: bool = False
    ok: bool = True
    document: Optional[str] = None
    """A file's text that was asked for instead of the file (``--output -``): printed as it is, and nothing else."""
    data: Optional[Mapping[str, Any]] = None
    """Machine-readable rest (rows of ``list``, ``kernels``, ``doctor``, ...)."""


@value
class Event:
    """One step of a running verb."""

    step: str
    """``wait``, ``plan``, ``lock``, ``download``, ``build``, ``install``, ``verify``, ``switch``, ``kernel``, ``cell``,
    ``check``, ``note``."""
    text: str
    done: Optional[int] = None
    total: Optional[int] = None


@value
class Command:
    """One program to run."""

    argv: Tuple[str, ...]
    cwd: Optional[str] = None
    env: Mapping[str, Optional[str]] = field(default_factory=dict)
    """Overlay on the scrubbed environment: a value sets, ``None`` removes."""
    stdin: Optional[str] = None
    timeout_s: float = 1800.0


@value
class Completed:
    """How a program ended."""

    argv: Tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float
