"""Find the project of a folder, its files that count, and its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.locks.settings import Settings, read_settings
from mlenv.model import EnvironmentFacts, FileStamp, Finding, value
from mlenv.probe import site
from mlenv.services.context import Context
from mlenv.services.workspace import workspace_of

__all__ = [
    "BUILD_NAMES", "LOCK_NAMES", "MANIFEST_NAMES", "Project", "again", "dotenv_of", "environments_of", "find_root",
    "forget_used", "load", "open_project", "refuse_odd_bytes", "remember_used", "require_environment", "settled",
]  # fmt: skip

MANIFEST_NAMES = (
    "pyproject.toml", "mlenv.toml", "requirements.in", "requirements.txt", "environment.yml", "environment.yaml",
    "Pipfile", "pixi.toml",
)  # fmt: skip
BUILD_NAMES = ("setup.py", "setup.cfg")
"""They may declare dependencies, which nobody can tell without running them."""
LOCK_NAMES = (
    "uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "pixi.lock",
)  # fmt: skip
_WATCHED = frozenset({*MANIFEST_NAMES, *LOCK_NAMES, ".python-version"})
_ENDINGS = (".toml", ".txt", ".in", ".lock")
_USED = Path(".mlenv", "used.json")
_ENVIRONMENT_NAMES = (".venv", "venv", "env", "ENV", ".pixi/envs/default")


@value
class Project:
    """One project as it lies on disk now."""

    root: Path
    names: frozenset[str]
    """Files in the root folder."""
    settings: Settings
    link: Path
    """Where the environment is or will be: ``<root>/.venv``, another name found, or ``[tool.mlenv] env``."""
    environment: EnvironmentFacts
    stamps: Mapping[str, FileStamp] = field(default_factory=dict)
    """Of manifests and locks, before anything was read from them."""
    member: str = ""
    """Folder relative to the root, where the project is a member of the root's uv workspace."""

    @property
    def folder(self) -> Path:
        """The project's own folder: the root, or that of the workspace's member."""
        return self.root / self.member

    @property
    def prefix(self) -> str:
        return str(self.link)

    @property
    def marker(self) -> dict[str, object]:
        """The ready marker's content as read now; empty without one."""
        return dict(site.read_marker(str(self.link)) or {})


def find_root(start: Path) -> Path | None:
    """Return the nearest folder, upwards, that is a project; ``None`` where there is none.

    A project has a manifest, a lock or an environment. The search stops above a ``.git`` root and at the home folder:
    a stray ``requirements.txt`` there must not swallow every notebook below it. Where nothing else is found, the
    nearest ``setup.py`` or ``setup.cfg`` makes a project: many a script beside notebooks is called so, too.
    """
    searched = []
    home = Path(os.path.realpath(Path.home()))
    for folder in (start, *start.parents):
        if Path(os.path.realpath(folder)) == home and folder != start:
            break
        if _is_project(folder):
            return folder
        searched.append(folder)
        if (folder / ".git").exists():
            break
    return next((one for one in searched if any((one / name).is_file() for name in BUILD_NAMES)), None)


def _declares(folder: Path) -> bool:
    """Whether a manifest or a lock lies there."""
    return any((folder / name).is_file() for name in (*MANIFEST_NAMES, *LOCK_NAMES))


def _is_project(folder: Path) -> bool:
    if _declares(folder):
        return True
    return any((folder / name / "pyvenv.cfg").is_file() for name in _ENVIRONMENT_NAMES) or (folder / ".mlenv").is_dir()


def open_project(context: Context, *, create: bool = False) -> Project:
    """Open the project of ``--project`` or of the working folder.

    Args:
        context: where to start.
        create: take the working folder itself where no project is found.

    Raises:
        MlenvError: ``no-project`` with what to type; ``project-missing`` where ``--project`` is no folder.
    """
    option = context.options.project
    start = Path(os.path.abspath(context.cwd / option)) if option else context.cwd
    if not os.path.isdir(start):
        if option and start.suffix == ".ipynb" and os.path.isfile(start):
            start = start.parent
        else:
            raise MlenvError(
                "project-missing",
                "the project folder is not there",
                where=str(start),
                hint="name a folder that is there: --project DIR; or make it first: mkdir DIR",
            )
    refuse_odd_bytes(start)
    root = start if option and _is_project(start) else find_root(start)
    if create and root is not None and root != start and not _declares(root):
        # An environment alone, in a folder above, is somebody's: a new project begins here.
        root = None
    if root is None:
        if not create:
            raise MlenvError(
                "no-project",
                "no project here: no pyproject.toml, requirements.txt, lock or environment, in this folder or above",
                where=str(start),
                hint="mlenv create",
            )
        root = start
    root, member = settled(root, context)
    return load(root, member=member)


def settled(root: Path, context: Context) -> tuple[Path, str]:
    """Return a project's root, and the member that is meant where the folder is one of a workspace's members.

    Raises:
        MlenvError: as :func:`mlenv.services.workspace.workspace_of`.
    """
    named = context.options.lock
    found = workspace_of(root) if named is None or os.path.basename(named) == "uv.lock" else None
    return found or (root, "")


def again(project: Project, *, used: bool = True) -> Project:
    """Read a project anew."""
    return load(project.root, used=used, member=project.member)


def refuse_odd_bytes(path: Path) -> None:
    """Refuse a path that is no text: uv does not take it, and neither JSON nor a kernelspec can hold it.

    Raises:
        MlenvError: ``path-invalid``.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise MlenvError(
            "path-invalid",
            "the path holds bytes that are no UTF-8 text",
            where=str(path),
            hint="rename the folder, then run the same command again",
        ) from None


def remember_used(root: Path, place: Path) -> None:
    """Remember the environment that ``use`` told of, where it is not the one that would be found anyhow."""
    forget_used(root)
    if _usual(root) != place:
        told = str(place.relative_to(root)) if place.is_relative_to(root) else str(place)
        store.write_json(store.private_dir(root) / _USED.name, {"schema": 1, "prefix": told})


def forget_used(root: Path) -> None:
    """Forget the environment outside the project that ``use`` told of: the project has its own now."""
    (root / _USED).unlink(missing_ok=True)


def load(root: Path, *, used: bool = True, member: str = "") -> Project:
    """Read what lies in a project folder.

    Args:
        root: the folder.
        used: whether an environment outside the project, told by ``use``, counts.
        member: of the workspace, where one is meant.

    Raises:
        MlenvError: ``file-unreadable``; ``settings-unknown-key`` and the like from ``[tool.mlenv]``.
    """
    try:
        names = frozenset(entry.name for entry in os.scandir(root) if _is_file(entry))
    except OSError as error:
        raise MlenvError(
            "file-unreadable", f"the project folder cannot be read: {error.strerror}", where=str(root)
        ) from None
    stamps = {name: site.stamp(str(root / name)) for name in names if name in _WATCHED or name.endswith(_ENDINGS)}
    settings = _settings(root, names)
    link = _link(root, settings, used)
    return Project(
        root=root,
        names=names,
        settings=settings,
        link=link,
        environment=_facts(root, link),
        stamps=stamps,
        member=member,
    )


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself is nobody's file, and no reason to give up the folder
        return False


def _settings(root: Path, names: frozenset[str]) -> Settings:
    pyproject = store.read_text(root / "pyproject.toml") if "pyproject.toml" in names else None
    own = store.read_text(root / "mlenv.toml") if "mlenv.toml" in names else None
    return read_settings(pyproject, own)


def dotenv_of(root: Path | None) -> str:
    """Return the file that the project's kernels load when they start, as its settings say; nothing where none do."""
    try:
        return _settings(root, frozenset(os.listdir(root))).dotenv_file if root is not None else ""
    except (MlenvError, OSError):  # told by every verb; a kernel without these variables is better than none
        return ""


def _link(root: Path, settings: Settings, with_used: bool) -> Path:
    if settings.env:
        return _named_link(root, settings)
    prefix = (store.read_json(root / _USED) or {}).get("prefix") if with_used else None
    if isinstance(prefix, str) and "\0" not in prefix and (root / prefix).is_dir():
        return root / prefix
    return _usual(root) or root / ".venv"


def _usual(root: Path) -> Path | None:
    """Return the environment that lies in the project under one of the usual names."""
    return next(iter(environments_of(root)), None)


def environments_of(root: Path) -> tuple[Path, ...]:
    """Return the environments that lie in a project under the usual names, in the order in which they count."""
    found = [root / name for name in _ENVIRONMENT_NAMES if os.path.lexists(f"{root}/{name}")]
    found = [place for place in found if _is_environment(place)]
    # Where letters' case does not count, `env` and `ENV` are one folder.
    same = len(found) > 1 and found[-1].name == "ENV" and found[-2].name == "env" and _same(found[-1], found[-2])
    return tuple(found[:-1] if same else found)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _is_environment(place: Path) -> bool:
    """Whether this is an environment, or the link to one that is gone; a link to other things is a folder like any."""
    if (place / "pyvenv.cfg").is_file() or (place / "conda-meta").is_dir():
        return True
    if not place.is_symlink():
        return False
    from mlenv import generations  # rarely needed, and a check must start quickly

    return generations.current(place) is not None or not place.exists()


def _named_link(root: Path, settings: Settings) -> Path:
    link = Path(os.path.abspath(root / Path(settings.env or "").expanduser()))
    if root.is_relative_to(link):
        raise MlenvError(
            "environment-place",
            "the environment would be the project's own folder, or one above it",
            where=settings.at("env"),
            hint='env = ".venv"',
        )
    return link


def _facts(root: Path, link: Path) -> EnvironmentFacts:
    if site.is_guarded(str(root)):
        return EnvironmentFacts(prefix=str(link), problem=Finding(kind="broken", reason=site.UNFINISHED))
    if not link.exists() and not link.is_symlink():
        return EnvironmentFacts(
            prefix=None, problem=Finding(kind="no-env", reason=f"there is no environment at {link.name}")
        )
    return site.environment_facts(str(link))


def require_environment(project: Project) -> EnvironmentFacts:
    """Return the environment's facts.

    Raises:
        MlenvError: ``no-environment`` or ``environment-broken`` with the command that mends it.
    """
    facts = project.environment
    if facts.prefix is None:
        raise MlenvError(
            "no-environment", "the project has no environment yet", where=str(project.root), hint="mlenv create"
        )
    if facts.problem is not None:
        raise MlenvError("environment-broken", facts.problem.reason, where=str(project.link), hint="mlenv create")
    return facts
