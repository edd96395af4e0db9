"""The story of ``freeze``: read the environment, say what it holds, prove it, guard what is there, write."""

from __future__ import annotations

import dataclasses
import os
import shlex
from pathlib import Path

from packaging.requirements import Requirement

from mlenv import store
from mlenv.drift import CONDA_KINDS
from mlenv.engines.choose import EngineChoice
from mlenv.errors import MlenvError
from mlenv.freezing import Frozen, RowsRequest
from mlenv.freezing import freeze as freeze_rows
from mlenv.locks import Selected
from mlenv.model import Outcome, value
from mlenv.services.change import write_only
from mlenv.services.context import Context
from mlenv.services.freeze.asked import imported
from mlenv.services.freeze.live import Live, read_live
from mlenv.services.freeze.of_conda import freeze_environment, is_environment_file
from mlenv.services.freeze.plan import Basis, Plan, plan_file, plan_lock
from mlenv.services.freeze.text import direct_rows, said
from mlenv.services.holding import holding
from mlenv.services.prepare import prepare
from mlenv.services.project import Project, open_project
from mlenv.services.resolver import Resolver
from mlenv.services.select import select_project
from mlenv.services.workspace import refuse_member
from mlenv.versions import normalise

__all__ = ["FreezeWish", "freeze"]

_SCOPES = (None, "direct", "imported", "all")


@value
class FreezeWish:
    """The options of ``freeze``."""

    scope: str | None = None
    """``direct``, ``imported``, ``all``; ``None`` accepts what is installed: what is declared, and what was installed
    by hand."""
    format: str | None = None
    """``requirements`` or ``pylock``; ``None``: by the file's name, else what the project uses."""
    output: str | None = None
    """A file to write instead of the project's lock, relative to the working folder."""
    show: bool = False
    notebook: str | None = None
    """Freeze what this notebook imports (``scope`` is then ``imported``)."""


def freeze(context: Context, wish: FreezeWish) -> Outcome:
    """Write down what is installed.

    Without ``output`` and ``show`` the project's own lock becomes what is installed, and its manifest asks for it, so
    that ``check`` finds both in step afterwards. Everything is resolved before anything is written.

    Raises:
        MlenvError: ``no-environment``, ``environment-broken``; ``packages-damaged``; ``freeze-incomplete`` where an
            installed package lacks what it needs; ``freeze-empty``; ``freeze-fewer`` without ``--force``;
            ``freeze-unproved``; ``freeze-foreign-lock`` for locks of other tools; what the resolver could not do; for
            ``--output environment.yml`` as :func:`freeze_environment`.
    """
    project = open_project(context)
    refuse_member(context, project.root, project.member, "freeze")
    output = _output(context, project, wish)
    with holding(context, project, "freeze") as (project, descriptor):
        live = read_live(context, project)
        if output is not None and is_environment_file(output):
            return freeze_environment(context, project, live, output, show=wish.show)
        selected = select_project(project, live.target, context.options)
        if output is None and not wish.show and live.installed.conda and selected.choice.kind in CONDA_KINDS:
            raise _of_conda(selected)
        frozen, notes = _frozen(context, project, live, selected, wish)
        resolver = _with_uv(prepare(context, project, {}, descriptor, upgrade=_exact(frozen)))
        basis = Basis(context=context, project=project, selected=selected, frozen=frozen, resolver=resolver, live=live)
        plan = _plan(basis, wish, output)
        if not wish.show and not context.options.dry_run:
            _write(project, plan)
    return _outcome(context, frozen, plan, notes, wish)


def _of_conda(selected: Selected) -> MlenvError:
    """A lock of conda's is solved, not written down: what pip put into the environment is declared first."""
    lock = selected.choice.lock or ""
    return MlenvError(
        "freeze-foreign-lock",
        f"{lock} is solved from what is declared, so what is installed is not frozen into it",
        where=lock,
        hint="mlenv add --pip NAME for what pip installed; or mlenv freeze --output environment-frozen.yml",
    )


def _plan(basis: Basis, wish: FreezeWish, output: Path | None) -> Plan:
    """Plan the files; without network from what lies in the cache, where all that was installed mostly does."""

    def planned(basis: Basis) -> Plan:
        if wish.output or wish.show:
            return plan_file(basis, kind=_kind(wish, basis.selected), output=output)
        return plan_lock(basis, imported=_scope(wish) == "imported", kind=wish.format)

    try:
        return planned(basis)
    except MlenvError as error:
        if error.code != "index-unreachable" or basis.context.options.offline:
            raise
        unreachable = error
    offline = dataclasses.replace(basis.context.options, offline=True)
    try:
        plan = planned(dataclasses.replace(basis, context=dataclasses.replace(basis.context, options=offline)))
    except MlenvError:
        raise unreachable from None
    return dataclasses.replace(plan, proof=f"{plan.proof}, from the cache: the index could not be reached")


def _output(context: Context, project: Project, wish: FreezeWish) -> Path | None:
    """Return the file that ``--output`` names, refused before any work where it cannot be written."""
    if not wish.output:
        return None
    output = Path(os.path.abspath(context.cwd / wish.output))
    store.refuse_outside(output, project.root)
    if not os.path.isdir(output.parent):
        hint = f"mkdir -p {shlex.quote(str(output.parent))}"
        raise MlenvError("folder-missing", f"there is no folder for {output.name}", where=str(output.parent), hint=hint)
    if os.path.isdir(output):
        hint = "--output requirements-frozen.txt"
        raise MlenvError("output-folder", f"{output.name} is a folder", where=str(output), hint=hint)
    return output


def _with_uv(resolver: Resolver) -> Resolver:
    """Resolve with uv whatever makes the environment: it can be held to exact versions, and it is part of mlenv."""
    why = "freezing only resolves, and uv can be held to exact versions"
    return dataclasses.replace(resolver, engine=EngineChoice(name="uv", why=why)) if resolver.tools.uv else resolver


def _scope(wish: FreezeWish) -> str | None:
    return "imported" if wish.notebook else wish.scope


def _frozen(
    context: Context, project: Project, live: Live, selected: Selected, wish: FreezeWish
) -> tuple[Frozen, tuple[str, ...]]:
    """Return the rows of the scope, and what has to be said about the notebooks."""
    scope = _scope(wish)
    if scope not in _SCOPES:
        raise MlenvError("usage", f"there is no scope {scope!r}", hint="--scope direct, imported or all")
    notes: tuple[str, ...] = ()
    if scope == "imported":
        found = imported(context, project, live, wish.notebook)
        roots, notes = found.roots, found.notes
    else:
        roots = _declared(project, selected, live)
    request = RowsRequest(
        installed=live.installed,
        packages=live.packages,
        markers=live.target.markers,
        roots=roots,
        adopt=scope in {None, "all"},
        project=normalise(selected.manifest.name) if selected.manifest and selected.manifest.name else "",
    )
    frozen = freeze_rows(request)
    lacking = [f"{by} needs {name}" for name, by in frozen.missing if by]
    if lacking:
        raise MlenvError(
            "freeze-incomplete",
            f"the environment is not whole, so nothing was frozen: {'; '.join(lacking[:3])}, which is not installed",
            where=project.link.name,
            hint="mlenv sync, or mlenv add the package, then freeze again",
        )
    if not frozen.rows:
        raise MlenvError(
            "freeze-empty",
            "there is nothing to freeze: no package of the environment is asked for; nothing was written",
            where=project.link.name,
            hint="mlenv add NAME, or mlenv freeze --scope all",
        )
    return frozen, notes


def _declared(project: Project, selected: Selected, live: Live) -> tuple[str, ...]:
    """Return what is declared and applies here; of groups that were not chosen, what is installed of them."""
    if selected.choice.manifest is None and selected.choice.kind == "requirements" and selected.choice.lock:
        return direct_rows(store.read_text(project.root / selected.choice.lock), selected.selection.pins)
    there = {d.name for d in live.installed.distributions}
    rows = [row.text for row in selected.selection.declared if not row.conda]
    if selected.choice.manifest is None and selected.content is not None and selected.content.recorded:
        rows = [text for text in selected.content.recorded if _name(text) in there]
    everything = selected.manifest.everything if selected.manifest else ()
    rows += [text for text in everything if _name(text) in there]
    return tuple(dict.fromkeys(row.partition(";")[0].strip() for row in rows))


def _name(requirement: str) -> str:
    return normalise(Requirement(requirement).name)


def _exact(frozen: Frozen) -> tuple[str, ...]:
    """Return what holds the resolver to the installed versions."""
    return tuple(row.requirement for row in frozen.rows if " @ " not in row.requirement)


def _kind(wish: FreezeWish, selected: Selected) -> str:
    """Return the format: as told, by the file's name, by what the project uses."""
    if wish.format:
        return wish.format
    if wish.output:
        return "pylock" if wish.output.endswith(".toml") else "requirements"
    return "requirements" if selected.choice.kind == "requirements" else "pylock"


def _write(project: Project, plan: Plan) -> None:
    """Write the project's own files so that ``undo`` knows them; a list to give away is written where it was asked."""
    own = {name: text for name, text in plan.changed.items() if not os.path.isabs(name) and not name.startswith("..")}
    if own:
        write_only(project, "freeze", own)
    for name, text in plan.changed.items():
        if name not in own:
            store.write_atomic(project.root / name, text)


def _outcome(context: Context, frozen: Frozen, plan: Plan, notes: tuple[str, ...], wish: FreezeWish) -> Outcome:
    if wish.show:
        lines: tuple[str, ...] = tuple(plan.text.splitlines())
    else:
        lines = said(frozen, plan, notes, dry_run=context.options.dry_run)
    return Outcome(
        verb="freeze",
        lines=lines,
        files=tuple(plan.changed) if not wish.show else (),
        dry_run=context.options.dry_run,
        data={
            "packages": {row.name: row.version for row in frozen.rows},
            "direct": [row.requirement for row in frozen.rows if row.direct],
            "left_out": [
                {"package": i.name, "version": i.version, "why": i.why, "reason": i.reason} for i in frozen.left_out
            ],
            "declared": list(plan.notes),
            "proof": plan.proof,
            "notes": list(notes),
            **({"text": plan.text} if wish.show else {}),
        },
    )
