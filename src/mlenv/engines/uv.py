"""Commands for uv, and what it answers.

Every command names its interpreter and environment: uv's own search misses pyenv's versions, obeys ``VIRTUAL_ENV``,
and would go to download an interpreter. The user's uv configuration (indexes, certificates) always counts.
Tried with uv 0.13.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace

from mlenv.engines.places import absolute
from mlenv.engines.requests import InstallRequest, ResolveRequest
from mlenv.model import Command, value
from mlenv.versions import is_name

__all__ = [
    "SyncRequest",
    "Uv",
    "ask_for_name",
    "ask_for_wheel",
    "cache_folder",
    "compile_pylock",
    "compile_requirements",
    "export_project",
    "install",
    "install_python",
    "list_outdated",
    "lock_project",
    "louder",
    "make_environment",
    "parse_version",
    "pip_check",
    "sync_project",
    "uninstall",
    "version",
]

_ENV: dict[str, str | None] = {"UV_PYTHON_DOWNLOADS": "never"}
_ASK_S = 60.0
_WORK_S = 1800.0


@value
class Uv:
    """The uv to drive."""

    path: str
    version: str = ""
    offline: bool = False
    """Read caches only; uv then says what is not there."""
    link_mode: str = ""
    """``clone``, ``copy``, ``hardlink``, ``symlink``; uv's own choice if empty."""
    settings: Mapping[str, str | None] = field(default_factory=dict)
    """Environment variables that say where packages come from; never arguments, which everybody can see."""


@value
class SyncRequest:
    """Make one environment equal to a project's ``uv.lock``."""

    root: str
    prefix: str
    python: str
    """The environment's interpreter: a differing ``.python-version`` would make uv replace the environment."""
    packages: tuple[str, ...] = ()
    """Members of the workspace; empty: what ``root`` is."""
    all_packages: bool = False
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None
    """``None``: uv's default groups."""
    install_project: bool = True
    inexact: bool = False
    allow_build: bool = False
    no_build_packages: tuple[str, ...] = ()
    """Packages that must not be built, where ``allow_build`` holds for others (the project itself)."""
    reinstall: tuple[str, ...] = ()
    dry_run: bool = False


def version(uv: Uv) -> Command:
    """Ask uv for its version; :func:`parse_version` reads the answer."""
    return Command(argv=(uv.path, "--version"), timeout_s=_ASK_S)


def parse_version(text: str) -> str | None:
    """Read ``uv 0.13.8 (...)``; ``None`` where a program of another kind answered."""
    found = re.match(r"uv (\d+(?:\.\d+)+)", text)
    return found[1] if found else None


def cache_folder(uv: Uv) -> Command:
    """Ask where the cache lies; it prints the path."""
    return _command(uv, "cache", "dir", timeout_s=_ASK_S)


def make_environment(uv: Uv, python: str, prefix: str) -> Command:
    """Make an empty environment, without pip; the folder must not exist yet."""
    return _command(
        uv, "venv", "--no-project", "--python", python, "--prompt", absolute(prefix).name, str(absolute(prefix))
    )


def install(uv: Uv, request: InstallRequest) -> Command:
    """Install packages, from files that mlenv wrote or from standard input (never as arguments)."""
    options = [
        *_flag("--no-deps", not request.with_dependencies),
        *_flag("--no-build", not request.allow_build),
        *(_each("--only-binary", request.wheels_only) if request.allow_build else ()),
        *_flag("--require-hashes", request.require_hashes),
        *_flag("--exact", request.exact),
        *_afresh(request.reinstall),
        *_builds_of_torch(request.torch_backend),
        *(("--target", str(absolute(request.target))) if request.target else ()),
        *_flag("--break-system-packages", request.managed),
        *_each("--constraints", request.constraints),
        *_links(uv),
        *(("--dry-run", "--output-format", "json") if request.dry_run else ()),
        *_each("-r", (*request.files, *(("-",) if request.text is not None else ()))),
        *_reading_pylock(uv, request.files),
    ]
    where = ("--python", str(absolute(request.prefix)))
    return _command(uv, "pip", "install", *where, *options, cwd=request.cwd, stdin=request.text)


def uninstall(uv: Uv, prefix: str, names: tuple[str, ...]) -> Command:
    """Take packages (normalised names) out of an environment."""
    return _command(uv, "pip", "uninstall", "--python", str(absolute(prefix)), "--", *names)


def install_python(uv: Uv, request: str) -> Command:
    """Download a Python into uv's own folder: a version or a range; nothing goes into ``~/.local/bin``."""
    return _command(uv, "python", "install", "--no-bin", "--", request, env={"UV_PYTHON_DOWNLOADS": "manual"})


def compile_pylock(uv: Uv, request: ResolveRequest) -> Command:
    """Resolve into a ``pylock.toml`` (PEP 751) for every platform and all Pythons from ``lowest_python`` on."""
    return _compile(uv, request, "--format", "pylock.toml")


def compile_requirements(uv: Uv, request: ResolveRequest) -> Command:
    """Resolve into a ``requirements.txt`` with hashes."""
    return _compile(uv, request, "--format", "requirements.txt", "--generate-hashes", "--no-strip-extras")


def ask_for_wheel(uv: Uv, python: str, minor: str, requirement: str, timeout_s: float) -> Command:
    """Ask whether a requirement has a wheel for another Python (``3.9``) on this platform: status 0 if it has."""
    options = ("--python", python, "--python-version", minor, "--no-deps", "--only-binary", ":all:", "--quiet")
    return _command(uv, "pip", "compile", *options, "-", stdin=f"{requirement}\n", timeout_s=timeout_s)


def ask_for_name(uv: Uv, python: str, name: str, cwd: str, timeout_s: float) -> Command:
    """Ask whether the indexes have a package of this name (a checked one); nothing is downloaded but metadata."""
    options = ("--python", python, "--no-deps", "--no-build", "--quiet", "--no-header")
    return _command(uv, "pip", "compile", *options, "-", cwd=cwd, stdin=f"{name}\n", timeout_s=timeout_s)


def louder(command: Command) -> Command:
    """Return a resolution as one that says its warnings, too: that an index tells no times of upload is one."""
    return replace(command, argv=tuple(word for word in command.argv if word != "--quiet"))


def _compile(uv: Uv, request: ResolveRequest, *kind: str) -> Command:
    options = [
        *kind,
        # Quiet: the lock would be printed as well; what goes wrong is still said.
        "--quiet",
        "--no-header",
        *_flag("--universal", request.universal),
        *_flag("--no-deps", not request.with_dependencies),
        *("--python", request.python),
        *(("--python-version", request.lowest_python) if request.lowest_python else ()),
        *(("--python-platform", request.platform) if request.platform else ()),
        *("-o", request.output),
        *_each("--constraints", request.constraints),
        *_each("--extra", request.extras),
        *_each("--group", request.groups),
        *_upgrades(request.upgrade, request.upgrade_all),
        *_flag("--no-build", not request.allow_build),
        *(("--exclude-newer", request.exclude_newer) if request.exclude_newer else ()),
        *_builds_of_torch(request.torch_backend),
    ]
    env = {"UV_CUDA_DRIVER_VERSION": request.cuda_driver} if request.cuda_driver else None
    sources = (*request.files, *(("-",) if request.text is not None else ()))
    return _command(uv, "pip", "compile", *options, "--", *sources, cwd=request.cwd, stdin=request.text, env=env)


def lock_project(
    uv: Uv,
    root: str,
    python: str,
    *,
    upgrade: tuple[str, ...] = (),
    upgrade_all: bool = False,
    allow_build: bool = False,
    check: bool = False,
    exclude_newer: str = "",
) -> Command:
    """Write (with ``check``: only compare) the ``uv.lock`` of the project in ``root``."""
    options = [
        *_upgrades(upgrade, upgrade_all),
        *_flag("--no-build", not allow_build),
        *_flag("--check", check),
        *(("--exclude-newer", exclude_newer) if exclude_newer else ()),
    ]
    return _project(uv, root, python, "lock", *options)


def sync_project(uv: Uv, request: SyncRequest) -> Command:
    """Make an existing environment equal to the project's ``uv.lock`` as it stands."""
    groups = () if request.groups is None else ("--no-default-groups", *_each("--group", request.groups))
    options = [
        "--frozen",
        *(("--all-packages",) if request.all_packages else _each("--package", request.packages)),
        *_each("--extra", request.extras),
        *groups,
        *_flag("--no-install-project", not request.install_project),
        *_flag("--inexact", request.inexact),
        *_flag("--no-build", not request.allow_build),
        *(_each("--no-build-package", request.no_build_packages) if request.allow_build else ()),
        *_afresh(request.reinstall),
        *_links(uv),
        *(("--dry-run", "--output-format", "json") if request.dry_run else ()),
    ]
    environment = {"UV_PROJECT_ENVIRONMENT": str(absolute(request.prefix))}
    return _project(uv, request.root, request.python, "sync", *options, env=environment)


def export_project(
    uv: Uv, root: str, python: str, form: str, held: SyncRequest | None = None, *, local: bool = True
) -> Command:
    """Print the project's ``uv.lock`` as it stands in another format, for every Python and platform that it is for.

    Args:
        uv: the uv to drive.
        root: the project's folder.
        python: any interpreter: uv wants one, the answer does not hang on it.
        form: ``requirements.txt`` or ``pylock.toml``.
        held: whose packages, extras and groups count.
        local: whether what is a folder of the project is told, too.
    """
    held = held or SyncRequest(root=root, prefix="", python=python)
    groups = () if held.groups is None else ("--no-default-groups", *_each("--group", held.groups))
    options = [
        "--frozen",
        "--no-header",
        *("--format", form),
        *(("--all-packages",) if held.all_packages else _each("--package", held.packages)),
        *_each("--extra", held.extras),
        *groups,
        *_flag("--no-emit-local", not local),
    ]
    return _project(uv, root, python, "export", *options)


def list_outdated(uv: Uv, prefix: str) -> Command:
    """Ask for newer versions of what is installed; :func:`mlenv.engines.answers.parse_outdated` reads the answer."""
    return _command(uv, "pip", "list", "--outdated", "--format", "json", "--python", str(absolute(prefix)))


def pip_check(uv: Uv, prefix: str) -> Command:
    """Ask whether the installed packages' requirements are met; ``answers.parse_pip_check`` reads the answer."""
    return _command(uv, "pip", "check", "--python", str(absolute(prefix)), timeout_s=_ASK_S)


def _project(uv: Uv, root: str, python: str, verb: str, *arguments: str, env: dict[str, str] | None = None) -> Command:
    place = ("--project", str(absolute(root)), "--python", python)
    return _command(uv, verb, *place, *arguments, cwd=str(absolute(root)), env=env)


def _command(
    uv: Uv,
    *arguments: str,
    cwd: str | None = None,
    stdin: str | None = None,
    timeout_s: float = _WORK_S,
    env: dict[str, str] | None = None,
) -> Command:
    options = ("--no-progress", *_flag("--offline", uv.offline))
    argv = (uv.path, *options, *arguments)
    return Command(argv=argv, cwd=cwd, env={**_ENV, **uv.settings, **(env or {})}, stdin=stdin, timeout_s=timeout_s)


def _builds_of_torch(backend: str) -> tuple[str, ...]:
    return ("--torch-backend", backend) if backend else ()


def _flag(option: str, wanted: bool) -> tuple[str, ...]:
    return (option,) if wanted else ()


def _each(option: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for text in texts for part in (option, text))


def _afresh(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return what fetches packages again; folders on disk may be called what no package may."""
    return _each("--reinstall-package", tuple(filter(is_name, names)))


def _links(uv: Uv) -> tuple[str, ...]:
    return ("--link-mode", uv.link_mode) if uv.link_mode else ()


def _upgrades(names: tuple[str, ...], everything: bool) -> tuple[str, ...]:
    return ("--upgrade",) if everything else _each("--upgrade-package", names)


def _reading_pylock(uv: Uv, files: tuple[str, ...]) -> tuple[str, ...]:
    """Name the preview feature, which silences uv's warning about it; uv has named features from 0.8.4 on."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", uv.version)[:3])
    if numbers >= (0, 8, 4) and any(file.endswith(".toml") for file in files):
        return ("--preview-features", "pylock")
    return ()
