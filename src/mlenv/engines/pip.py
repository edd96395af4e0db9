"""Commands for ``venv`` and pip: the engine of a machine without uv.

pip runs either in the environment itself or from the host's Python with ``--python`` (pip 22.3 and later).
Tried with pip 22.3, 23.2 and 26.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from mlenv.engines.places import absolute
from mlenv.engines.requests import DownloadRequest, InstallRequest, ResolveRequest
from mlenv.errors import MlenvError
from mlenv.model import Command, value

__all__ = [
    "Pip",
    "ask_for_wheel",
    "build_wheels",
    "download",
    "found_wheel",
    "install",
    "louder",
    "make_environment",
    "parse_version",
    "pip_check",
    "resolve",
    "seed_bundled",
    "seed_from",
    "uninstall",
    "version",
]

# Two tries: without a retry pip does not say why an index did not answer.
_QUIET = ("--no-input", "--disable-pip-version-check", "--no-color", "--retries", "1", "--timeout", "15")
_ENV: dict[str, str | None] = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
_MAKE_S = 120.0
_WORK_S = 1800.0
_FOUND = re.compile(r"\s*(?:(?:Downloading|Using cached|Processing) \S+\.whl|Would install )")
_LOUD_S = 60.0


@value
class Pip:
    """The pip to drive."""

    python: str
    """Interpreter whose ``-m pip`` runs."""
    version: str = ""
    offline: bool = False
    """Ask no index: only what ``find-links`` settings name."""
    bundled: str = ""
    """A wheel of pip to run instead, such as ensurepip carries; for an interpreter without pip."""
    settings: Mapping[str, str | None] = field(default_factory=dict)
    """Environment variables that say where packages come from; never arguments, which everybody can see."""


def version(pip: Pip) -> Command:
    """Ask pip for its version; :func:`parse_version` reads the answer. A Python without pip ends with status 1."""
    return Command(argv=(pip.python, "-I", *_program(pip), "--version"), env=_ENV, timeout_s=60.0)


def parse_version(text: str) -> str | None:
    """Read ``pip 26.3 from ... (python 3.12)``; ``None`` where something else answered."""
    found = re.match(r"pip (\d+(?:\.\d+)*\S*) from ", text)
    return found[1] if found else None


def make_environment(python: str, prefix: str) -> Command:
    """Make an empty environment with the standard library's ``venv``, without pip."""
    argv = (python, "-I", "-m", "venv", "--without-pip", str(absolute(prefix)))
    return Command(argv=argv, timeout_s=_MAKE_S)


def seed_bundled(python: str) -> Command:
    """Install the pip that comes with an environment's Python into it; not every Python has one (Debian's)."""
    return Command(argv=(python, "-I", "-m", "ensurepip", "--default-pip"), env=_ENV, timeout_s=_MAKE_S)


def seed_from(pip: Pip, prefix: str) -> Command:
    """Install pip alone into an environment from the index, by a pip outside of it."""
    return _run(pip, ("install", "--no-deps", "--only-binary", ":all:", "--no-compile", "pip"), prefix)


def install(pip: Pip, request: InstallRequest) -> Command:
    """Install packages from files that mlenv wrote.

    ``--only-binary`` does not hold pip from building direct references: refuse those before (``needs_build``).

    Raises:
        MlenvError: ``engine-cannot`` for an exact installation, single reinstallations, a dry run or standard input.
    """
    if request.exact or request.dry_run or request.text is not None or request.reinstall:
        raise MlenvError("engine-cannot", "pip cannot do this in one step; uv can.", hint="--engine uv")
    options = [
        *("--no-compile", "--no-warn-script-location", "--progress-bar", "off"),
        *(() if request.with_dependencies else ("--no-deps",)),
        *(("--only-binary", ",".join(request.wheels_only)) if request.allow_build and request.wheels_only else ()),
        *(() if request.allow_build else ("--only-binary", ":all:")),
        *(("--require-hashes",) if request.require_hashes else ()),
        *(("--no-index",) if pip.offline else ()),
        *(part for file in request.files for part in ("-r", file)),
    ]
    return _run(pip, ("install", *options), request.prefix, cwd=request.cwd)


def ask_for_wheel(pip: Pip, minor: str, requirement: str, nowhere: str, timeout_s: float) -> Command:
    """Ask whether a requirement has a wheel for another Python (``3.9``) on this platform.

    ``nowhere`` is a folder that is not there: pip wants one named and makes none.
    pip says so (:func:`found_wheel`) before it downloads it, where the index has no metadata apart: end it then.
    """
    options = (
        "--dry-run",
        "--target",
        nowhere,
        "--no-deps",
        "--only-binary",
        ":all:",
        "--python-version",
        minor,
        "--ignore-installed",
    )
    argv = (pip.python, "-I", *_program(pip), *_QUIET, "install", *options, "--progress-bar", "off", "--", requirement)
    return Command(argv=argv, env={**_ENV, **pip.settings}, timeout_s=timeout_s)


def download(pip: Pip, request: DownloadRequest) -> Command:
    """Fetch exactly the wheels of a list of pins, without what they need, for the interpreter that is described."""
    implementation, abi, _ = request.tag.split("-", 2)
    options = [
        *("--no-deps", "--only-binary", ":all:", "--progress-bar", "off", "--dest", request.folder),
        *("--python-version", request.python, "--implementation", implementation.rstrip("0123456789"), "--abi", abi),
        *(part for platform in request.platforms for part in ("--platform", platform)),
        *(("--require-hashes",) if request.require_hashes else ()),
        *("-r", request.file),
    ]
    argv = (pip.python, "-I", *_program(pip), *_QUIET, "download", *options)
    return Command(argv=argv, env={**_ENV, **pip.settings}, timeout_s=_WORK_S)


def build_wheels(pip: Pip, python: str, file: str, folder: str, *, require_hashes: bool) -> Command:
    """Build the wheels of a list of pins from their sources, with the interpreter that they are for."""
    options = ("--no-deps", "--progress-bar", "off", "--wheel-dir", folder)
    checked = ("--require-hashes",) if require_hashes else ()
    return _run(pip, ("wheel", *options, *checked, "-r", file), python)


def found_wheel(line: str) -> bool:
    """Say whether a line of pip's means that it has found a wheel."""
    return _FOUND.match(line) is not None


def louder(command: Command) -> Command:
    """Return an installation as one that installs nothing and says what each index answered (``-vv``): quietly, pip
    tells a refusal (401) from an unknown package no more than by "from versions: none"."""
    place = command.argv.index("install") + 1
    more = tuple(word for word in ("--dry-run", "-vv") if word not in command.argv)
    return Command(
        argv=(*command.argv[:place], *more, *command.argv[place:]), cwd=command.cwd, env=command.env, timeout_s=_LOUD_S
    )


def uninstall(pip: Pip, prefix: str, names: tuple[str, ...]) -> Command:
    """Take packages (normalised names) out of an environment."""
    return _run(pip, ("uninstall", "--yes", *names), prefix)


def resolve(pip: Pip, request: ResolveRequest) -> Command:
    """Resolve for ``request.python`` and its platform alone; :func:`mlenv.engines.report.pylock_from_report` reads it.

    The answer goes to standard output, among pip's lines; ``request.output`` and ``universal`` do not apply. Pins of an
    existing lock are kept by giving them as constraints (what is to be upgraded left out).

    Raises:
        MlenvError: ``engine-cannot`` where this pip is too old for dates or groups, or for standard input.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", pip.version)[:2])
    _refuse_old(numbers, (26, 0), "a date", bool(request.exclude_newer))
    _refuse_old(numbers, (25, 1), "dependency groups", bool(request.groups))
    if request.text is not None or request.extras:
        raise MlenvError("engine-cannot", "pip reads requirements from files only.", hint="--engine uv")
    options = [
        # Not quiet, although the report comes on the same stream: pip would not say which requirements conflict.
        *("--dry-run", "--ignore-installed", "--progress-bar", "off", "--report", "-"),
        *(() if request.allow_build else ("--only-binary", ":all:")),
        *(("--no-index",) if pip.offline else ()),
        *(("--uploaded-prior-to", request.exclude_newer) if request.exclude_newer else ()),
        *(part for file in request.constraints for part in ("-c", file)),
        *(part for group in request.groups for part in ("--group", group)),
        *(part for file in request.files for part in ("-r", file)),
    ]
    return _run(pip, ("install", *options), request.python, cwd=request.cwd)


def pip_check(pip: Pip, prefix: str) -> Command:
    """Ask whether the installed packages' requirements are met; ``answers.parse_pip_check`` reads the answer."""
    return _run(pip, ("check",), prefix)


def _run(pip: Pip, arguments: tuple[str, ...], target: str, cwd: str | None = None) -> Command:
    """Run pip for an environment's folder or an interpreter; the own interpreter needs no ``--python``."""
    inside = not pip.bundled and _is_own(pip, target)
    where = () if inside else ("--python", target)
    argv = (pip.python, "-I", *_program(pip), *where, *_QUIET, *arguments)
    return Command(argv=argv, cwd=cwd, env={**_ENV, **pip.settings}, timeout_s=_WORK_S)


def _program(pip: Pip) -> tuple[str, ...]:
    return (f"{pip.bundled}/pip",) if pip.bundled else ("-m", "pip")


def _is_own(pip: Pip, target: str) -> bool:
    return pip.python == target or absolute(pip.python).is_relative_to(absolute(target))


def _refuse_old(numbers: tuple[int, ...], needed: tuple[int, int], what: str, wanted: bool) -> None:
    if wanted and numbers < needed:
        have, need = ".".join(map(str, numbers)), ".".join(map(str, needed))
        raise MlenvError(
            "engine-cannot",
            f"pip {have} knows nothing of {what}: pip {need} does.",
            hint="python -m pip install -U pip, or --engine uv",
        )
