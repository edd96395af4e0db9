"""Runtimes and the kernel side: what a project's kernel needs besides the project's environment.

A runtime is a folder with ipykernel and its needs, shared by all projects of one Python, made once, immutable and
*appended* to ``sys.path`` by the launcher; the kernel side is mlenv's own standard-library-only part, copied from the
host's files. Neither is ever installed into an environment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from mlenv import runtime_plan, runtime_side, store, trust
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.kernel import pick
from mlenv.model import Command, Event, Installed, value
from mlenv.probe import site
from mlenv.probe.environment import interpreter as interpreter_of
from mlenv.process import run
from mlenv.runtime_plan import Interpreter
from mlenv.runtime_side import install_side, launcher_path

__all__ = ["RuntimeRef", "ensure", "install_side", "launcher_path", "listed", "prune"]

Report = Callable[[Event], None]

_ROUNDS = 3
"""Resolving with constraints can bring in packages that the environment has, too; then once more with these."""
_STALE_S = 3600.0


@value
class RuntimeRef:
    """One runtime on disk."""

    path: str
    key: str
    python: str
    """Tag of the interpreters that it fits: ``cpython-312-x86_64-linux-gnu``."""
    packages: Mapping[str, str]
    """Normalised name -> version of all that it holds."""
    constrained: tuple[str, ...] = ()
    """``traitlets 5.0.5``: versions of an environment that it was resolved with."""
    size_bytes: int = 0
    """Only in :func:`listed`."""


def ensure(python: str, installed: Installed, *, offline: bool = False, report: Report | None = None) -> RuntimeRef:
    """Return a runtime that works for this interpreter beside these installed packages; make it where none does.

    Also brings the kernel side up to date and byte-compiles it for this Python. Cost: 0.1 s where it is there (each of
    its files is looked at), a few seconds the first time for a Python version.

    Args:
        python: the environment's interpreter (``<root>/.venv/bin/python``).
        installed: what the environment holds; these versions always win.
        offline: take packages from uv's cache only.
        report: told the steps that take time.

    Raises:
        MlenvError: ``python-too-old``, ``interpreter-broken``, ``runtime-unresolvable`` (names the package that no
            kernel can live with), ``runtime-failed``, ``no-network``, ``not-writable``, ``no-space``.
    """
    tell = report or _silent
    install_side()
    interpreter = _ask(python)
    runtime_side.compile_for(python, interpreter.cache_tag)
    versions = {found.name: found.version for found in installed.distributions}
    # Looked for before the lock is taken: this is what nearly every call does.
    found = _whole(interpreter.tag, versions)
    if found is None:
        with _only_one(tell):
            _remove_damaged(interpreter.tag)
            found = _whole(interpreter.tag, versions) or _made(python, interpreter, installed, offline, tell)
    return _ref(found)


def listed() -> tuple[RuntimeRef, ...]:
    """Return all runtimes, newest first, with their sizes. Cost: one walk of each folder."""
    return tuple(_ref(runtime, _size_bytes(runtime.path)) for runtime in pick.read_runtimes(str(_folder())))


def prune(needed: Collection[str]) -> tuple[str, ...]:
    """Remove runtimes and old kernel sides that no registered kernel needs.

    An environment whose interpreter cannot be asked now keeps every runtime: it may come back.

    Args:
        needed: prefixes of the environments of registered kernels.

    Returns:
        What was removed, as paths.

    Raises:
        MlenvError: ``not-writable``.
    """
    # Environments that this user accepted are entered by the portable kernel, too.
    kept = {runtime.path for prefix in {*needed, *trust.prefixes()} for runtime in _needed_by(prefix)}
    removed = []
    with _only_one(_silent):
        for runtime in pick.read_runtimes(str(_folder())):
            if runtime.path not in kept:
                store.remove_tree(Path(runtime.path), inside=_folder())
                removed.append(runtime.path)
        removed += _remove_leftovers()
    return (*removed, *runtime_side.remove_old())


def _needed_by(prefix: str) -> tuple[pick.Runtime, ...]:
    """Return what a kernel of this environment would use: its own choice, and the plain one for its fallback."""
    if not os.path.lexists(prefix):
        return ()
    runtimes = pick.read_runtimes(str(_folder()))
    try:
        tag = _ask(interpreter_of(prefix)).tag
    except MlenvError:
        return runtimes
    sites = site.environment_facts(prefix).sites
    versions = {found.name: found.version for found in site.scan(sites).distributions}
    return (*pick.fitting(runtimes, tag, versions)[:1], *pick.fitting(runtimes, tag, {})[:1])


def _folder() -> Path:
    return store.data_dir() / "runtimes"


def _silent(_event: Event) -> None:
    return None


def _ref(runtime: pick.Runtime, size_bytes: int = 0) -> RuntimeRef:
    return RuntimeRef(
        path=runtime.path,
        key=runtime.key,
        python=runtime.tag,
        packages=runtime.packages,
        constrained=tuple(f"{name} {version}" for name, version in sorted(runtime.constraints.items())),
        size_bytes=size_bytes,
    )


def _size_bytes(path: str) -> int:
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)


# --- what the interpreter is -----------------------------------------------------------------------------------------


def _ask(python: str) -> Interpreter:
    """Ask an interpreter what it is, isolated and without its packages; the answer is kept while the file is the same.

    Raises:
        MlenvError: ``interpreter-broken``, ``python-too-old``.
    """
    real = site.stamp(os.path.realpath(python))
    memory = store.cache_dir() / "interpreters" / f"{runtime_side.digest(real.path.encode())}.json"
    identity = [real.path, real.mtime_ns, real.size]
    known = store.read_json(memory)
    if known and known.get("identity") == identity and real.mtime_ns >= 0:
        return runtime_plan.parse_interpreter(str(known.get("answer")), python)
    script = str(runtime_side.package_folder() / "kernel" / "interpreter.py")
    try:
        done = run(Command(argv=(python, "-I", "-S", script), timeout_s=60))
    except MlenvError as error:
        raise _broken(python, error.message, error.details) from None
    if done.code != 0:
        raise _broken(python, f"it ended with status {done.code}", done.stderr[-2000:])
    answer = runtime_plan.parse_interpreter(done.stdout, python)
    with contextlib.suppress(MlenvError):  # losing a cache costs only time
        store.write_json(memory, {"identity": identity, "answer": done.stdout.strip()})
    return answer


def _broken(python: str, why: str, details: str) -> MlenvError:
    return MlenvError(
        "interpreter-broken", f"this environment's Python does not start: {why}", where=python, hint="mlenv create",
        details=details,
    )  # fmt: skip


# --- finding and making ----------------------------------------------------------------------------------------------


def _whole(tag: str, versions: Mapping[str, str]) -> pick.Runtime | None:
    """Return a runtime of this version of mlenv that fits and has all its files."""
    mine = runtime_plan.key_of(tag, __version__, {})
    for runtime in pick.fitting(pick.read_runtimes(str(_folder())), tag, versions):
        if runtime.key.startswith(mine) and not _faults(runtime.path):
            return runtime
    return None


def _remove_damaged(tag: str) -> None:
    for runtime in pick.read_runtimes(str(_folder())):
        if runtime.tag == tag and _faults(runtime.path):
            store.remove_tree(Path(runtime.path), inside=_folder())


def _faults(path: str) -> tuple[str, ...]:
    distributions = site.scan([path]).distributions
    return tuple(fault for found in distributions for fault in site.verify(found))


def _made(python: str, interpreter: Interpreter, installed: Installed, offline: bool, tell: Report) -> pick.Runtime:
    """Make the plain runtime and, where the environment's versions clash with it, one resolved with these."""
    versions = {found.name: found.version for found in installed.distributions}
    constraints: dict[str, str] = {}
    clashes: tuple[pick.Clash, ...] = ()
    for _ in range(_ROUNDS):
        key = runtime_plan.key_of(interpreter.tag, __version__, constraints)
        runtime = _read(key) or _build(key, python, interpreter, constraints, offline, tell)
        clashes = pick.clashes(runtime, versions)
        if not clashes:
            return runtime
        tell(Event(step="plan", text=f"kernel packages that work with {', '.join(each.text for each in clashes)}"))
        constraints |= runtime_plan.constraints_for([*runtime.packages, *(each.package for each in clashes)], installed)
    raise MlenvError(
        "runtime-unresolvable",
        f"no Jupyter kernel works with this environment's {', '.join(each.text for each in clashes)}",
        where=python,
        hint=f"mlenv upgrade {clashes[0].package}",
    )


def _read(key: str) -> pick.Runtime | None:
    return next((runtime for runtime in pick.read_runtimes(str(_folder())) if runtime.key == key), None)


def _build(
    key: str, python: str, interpreter: Interpreter, constraints: Mapping[str, str], offline: bool, tell: Report
) -> pick.Runtime:
    """Install aside, describe last, rename into place: what is there under its own name is whole."""
    tell(Event(step="install", text=f"kernel packages for Python {interpreter.version} (once, shared by all projects)"))
    target = _folder() / f".tmp-{secrets.token_hex(6)}"
    listing = target.with_suffix(".txt")
    try:
        if constraints:
            store.write_atomic(listing, "".join(f"{name}=={constraints[name]}\n" for name in sorted(constraints)))
        command = runtime_plan.install_command(
            _uv(), python, str(target), str(listing) if constraints else None, offline=offline, cwd=str(_folder())
        )
        done = run(command)
        if done.code != 0:
            raise runtime_plan.explain_failure(done, constraints, python=python, offline=offline)
        _finish(target, key, interpreter, constraints)
        store.remove_tree(_folder() / key, inside=_folder())  # only what cannot be read as a runtime lies there
        os.replace(target, _folder() / key)
    finally:
        listing.unlink(missing_ok=True)
        store.remove_tree(target, inside=_folder())
    made = _read(key)
    if made is None:
        raise MlenvError("runtime-failed", "the kernel's own packages vanished while they were made", where=key)
    return made


def _finish(target: Path, key: str, interpreter: Interpreter, constraints: Mapping[str, str]) -> None:
    found = site.scan([str(target)])
    faults = [fault for distribution in found.distributions for fault in site.verify(distribution)]
    if faults or found.get("ipykernel") is None:
        what = faults[0] if faults else "ipykernel is missing"
        raise MlenvError("runtime-failed", f"the kernel's own packages are not whole: {what}", where=str(target))
    metadata = {each.name: site.metadata(each).requires for each in found.distributions}
    store.write_json(
        target / "runtime.json",
        runtime_plan.describe(
            key,
            interpreter.tag,
            made=time.time(),
            version=__version__,
            packages={each.name: each.version for each in found.distributions},
            requires=runtime_plan.required(metadata, interpreter.markers),
            constraints=constraints,
        ),
    )


def _uv() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())


def _remove_leftovers() -> list[str]:
    """Remove what an interrupted making left; called while no other one runs."""
    removed = []
    for entry in os.scandir(_folder()) if _folder().is_dir() else ():
        if entry.name.startswith((".tmp-", ".trash-")):
            store.remove_tree(Path(entry.path), inside=_folder())
            removed.append(entry.path)
    return removed


@contextlib.contextmanager
def _only_one(tell: Report) -> Iterator[None]:
    """Let one process at a time make or remove runtimes; the others wait, say so and find its result."""
    store.make_folder(_folder())
    try:
        descriptor = os.open(_folder() / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise MlenvError(
            "not-writable", f"mlenv's data folder cannot be written: {(error.strerror or '').lower()}",
            where=str(_folder()), hint="make it writable, or set MLENV_DATA_DIR to a folder that is",
        ) from None  # fmt: skip
    try:
        try:
            import fcntl
        except ImportError:  # Windows: two makers work beside each other, the last rename wins (untested)
            yield
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(Event(step="wait", text="another mlenv prepares the kernel's packages"))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
