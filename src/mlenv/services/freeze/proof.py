"""Texts of frozen files, and their proof: the resolver takes them as they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from mlenv import locks, store
from mlenv.engines import uv
from mlenv.engines.requests import ResolveRequest
from mlenv.errors import MlenvError
from mlenv.freezing import Frozen, Row
from mlenv.locks import LockContent, Target
from mlenv.manifest_edit import list_of_pylock
from mlenv.model import Pin, value
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.cuda_choice import with_backend
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.resolving import resolve_with_pip
from mlenv.services.scratch import scratch_folder
from mlenv.services.tools import run_engine
from mlenv.versions import same

__all__ = ["Written", "asked_rows", "pins_of", "pylock_text", "refuse_what_differs", "requirements_text"]

_NO_NETWORK = frozenset({"offline-not-cached", "index-unreachable", "index-failed", "vcs-unreachable", "vcs-failed"})


@value
class Written:
    """The text of one frozen file."""

    text: str
    proof: str
    """How it was proved, or why it could not be."""
    resolved: str = ""
    """The resolver's own list, with hashes; empty where it could not be asked."""


def asked_rows(frozen: Frozen) -> tuple[Row, ...]:
    """Return the direct rows and all that they need, without what only a left-out local package needs."""
    asked: set[str] = set()
    while True:
        more = {row.name for row in frozen.rows if row.direct or asked & set(row.via)} - asked
        if not more:
            return tuple(row for row in frozen.rows if row.name in asked)
        asked |= more


def requirements_text(
    context: Context, project: Project, frozen: Frozen, resolver: Resolver, target: Target, options: Sequence[str]
) -> Written:
    """Return the rows as a requirements file, resolved once: nothing more is needed, nothing has another version.

    Raises:
        MlenvError: ``freeze-unproved`` where the resolver comes to another result; what it could not do. Without
            network the file is made all the same and says that it was not proved.
    """
    names = {row.name for row in frozen.rows}
    rows = [_line(row, names) for row in frozen.rows]
    written = locks.render_requirements(rows, head=tuple(options))
    plain = "".join(f"{line}\n" for line in (*options, *(row.requirement for row in frozen.rows)))
    try:
        resolved = _compile(context, project, resolver, plain, ".txt", universal=False)
    except MlenvError as error:
        if error.code not in _NO_NETWORK:
            raise
        return Written(text=written, proof=f"not proved: {error.message}")
    pins = locks.parse_requirements(resolved, "the frozen file", target, lambda _: None).pins
    refuse_what_differs(frozen.rows, pins)
    return Written(text=written, proof="proved by resolving it", resolved=resolved)


def pylock_text(
    context: Context, project: Project, frozen: Frozen, resolver: Resolver, target: Target, where: str
) -> Written:
    """Return a sealed, universal ``pylock.toml`` with hashes whose pins, for this interpreter, are the frozen rows.

    Raises:
        MlenvError: as :func:`requirements_text`, without network, too: hashes come from the index.
    """
    names = {row.name for row in frozen.rows}
    roots = [row.requirement for row in frozen.rows if row.direct or not names & set(row.via)]
    text = "".join(f"{root}\n" for root in roots)
    resolved = _compile(context, project, resolver, text, ".toml", universal=True, exact=frozen.rows)
    sealed = locks.seal(resolved, roots, where=where)
    refuse_what_differs(frozen.rows, locks.parse_pylock(sealed, where, target).pins)
    return Written(text=sealed, proof="proved by resolving it")


def refuse_what_differs(rows: Sequence[Row], pins: Sequence[Pin]) -> None:
    """Stop where a resolved file would not give what is installed.

    Raises:
        MlenvError: ``freeze-unproved`` naming the first packages that differ.
    """
    have, want = {pin.name: pin for pin in pins}, {row.name: row for row in rows}
    wrong = [f"{name} {have[name].version} is needed, too" for name in sorted(set(have) - set(want))]
    wrong += [f"{name} {want[name].version} is not needed by anything" for name in sorted(set(want) - set(have))]
    for name in sorted(set(want) & set(have)):
        version = have[name].version
        if version is not None and not same(version, want[name].version):
            wrong.append(f"{name} would be {version}, installed is {want[name].version}")
    if wrong:
        raise MlenvError(
            "freeze-unproved",
            f"what is installed does not resolve to itself, so nothing was written: {'; '.join(wrong[:3])}",
            hint="mlenv check shows what does not fit; mlenv sync puts the environment right",
        )


def _line(row: Row, names: Collection[str]) -> str:
    """Return one line; who needs it is said by names that are in the file, so that a freeze of its copy is the same."""
    via = [name for name in row.via if name in names]
    return f"{row.requirement}  # via {', '.join(via)}" if via and not row.direct else row.requirement


def pins_of(content: LockContent | None) -> frozenset[str]:
    """Return the names that a lock pins; empty for none."""
    return frozenset(pin.name for pin in content.pins) if content else frozenset()


def _compile(
    context: Context,
    project: Project,
    resolver: Resolver,
    text: str,
    suffix: str,
    *,
    universal: bool,
    exact: Sequence[Row] = (),
) -> str:
    """Resolve requirement lines with uv, or pip where there is none; nothing of an older file is kept."""
    with scratch_folder(project.root) as scratch:
        source, constraints = scratch / "frozen.in", scratch / "exact.txt"
        store.write_atomic(source, text)
        store.write_atomic(constraints, "".join(f"{row.requirement}\n" for row in exact))
        request = ResolveRequest(
            output=str(scratch / f"pylock{suffix}"),
            python=resolver.interpreter.path,
            lowest_python=".".join(resolver.interpreter.version.split(".")[:2]) if universal else "",
            files=(str(source),),
            constraints=(str(constraints),) if exact else (),
            allow_build=context.options.allow_build or project.settings.allow_build is not False,
            universal=universal,
            cwd=str(project.root),
        )
        if resolver.engine.installer != "uv":
            pins = [(row.name, row.version) for row in exact]
            answer = resolve_with_pip(context, resolver, request, pins, scratch, lambda failure: failure)
            return answer if suffix == ".toml" else list_of_pylock(answer)
        request = with_backend(request, resolver.cuda)
        make = uv.compile_pylock if suffix == ".toml" else uv.compile_requirements
        run_engine(context, make(engine_tools.uv_of(context, resolver.tools), request), "lock", resolver.descriptor)
        return engine_tools.read_answer(Path(request.output), "uv")
