"""Kernels as verbs: list them, register one and prove it, mend them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlenv import kernel_names, kernels, runtime
from mlenv.errors import MlenvError
from mlenv.kernel import owners
from mlenv.kernels import Kernel, Spec
from mlenv.model import Outcome
from mlenv.probe import environment, site
from mlenv.services import words
from mlenv.services.context import Context
from mlenv.services.kernel_ids import belongs, id_for, orphaned
from mlenv.services.project import dotenv_of
from mlenv.services.proof import Proof, prove, prove_spec
from mlenv.services.tools import supply_of

__all__ = [
    "Proof", "advice", "by_project", "forget_project", "healthy", "kernels_of", "list_kernels", "prove", "refuse_taken",
    "register", "repair", "row", "rows_beside",
]  # fmt: skip


def kernels_of(root: str) -> tuple[Kernel, ...]:
    """Return mlenv's kernels of one project (compared by real path), in Jupyter's order; then those for others."""
    return tuple(one for one in kernels.everywhere() if belongs(one, root))


def by_project(known: Iterable[Kernel]) -> Mapping[str, tuple[Kernel, ...]]:
    """Return mlenv's kernels by the real path of their project, each in Jupyter's order: for many projects at once."""
    found: dict[str, list[Kernel]] = {}
    for one in known:
        if one.ours and one.project:
            found.setdefault(os.path.realpath(one.project), []).append(one)
    return {root: tuple(rows) for root, rows in found.items()}


def healthy(known: Iterable[Kernel], root: str, prefix: str) -> Kernel | None:
    """Return the kernel that starts a project's environment; ``None`` where none of these is well."""
    fitting = (one for one in known if belongs(one, root, prefix) and not one.shadowed_by)
    return next((one for one in fitting if one.state == "ok"), None)


def rows_beside(known: Sequence[Kernel], root: str | None) -> list[dict[str, Any]]:
    """Return kernels as a page shows them: :func:`row` with ``advice`` and ``current``.

    Those of the project at ``root`` come first (``current``), then mlenv's, then the others, each in Jupyter's order.
    """
    current = {one.folder for one in known if root is not None and belongs(one, root)}
    ordered = sorted(known, key=lambda one: (one.folder not in current, not one.ours))
    return [
        {**row(one), "advice": advice(one) if one.reason else "", "current": one.folder in current} for one in ordered
    ]


def row(kernel: Kernel) -> dict[str, Any]:
    """Return one kernel as the wire has it: ``state`` is the headline, ``health`` what holds for any owner."""
    own_words = kernel.state if kernel.ours or kernel.state == "broken-json" else "foreign"
    return {
        "id": kernel.id,
        "display_name": kernel.display_name,
        "state": "shadowed" if kernel.shadowed_by else own_words,
        "health": kernel.state,
        "reason": kernel.reason,
        "ours": kernel.ours,
        "folder": kernel.folder,
        "interpreter": kernel.interpreter or None,
        "project": kernel.project or None,
        "prefix": kernel.prefix or None,
        "shadowed_by": kernel.shadowed_by or None,
        "shared": kernel.shared or None,
    }


def list_kernels(_context: Context) -> Outcome:
    """List every kernel on Jupyter's path with its state. Starts nothing. Cost: linear, 1,000 in under a second."""
    rows = kernels.everywhere()
    lines = words.table([(one.display_name or one.id, one.id, one.label, one.project or one.folder) for one in rows])
    lines += [f"{one.id}: {one.reason}; {advice(one)}" for one in rows if one.reason]
    lines += [f"{one.id}: {one.folder} is hidden by {one.shadowed_by}" for one in rows if one.shadowed_by]
    lines += [f"{one.id}: for every user, in {os.path.dirname(one.folder)}{_kept(one)}" for one in rows if one.shared]
    return Outcome(
        verb="kernels",
        lines=tuple(lines) or ("no kernels: mlenv create makes one",),
        data={"kernels": [row(one) for one in rows]},
    )


def _kept(kernel: Kernel) -> str:
    """Say who keeps a kernel for everybody, where that is not this user."""
    keeper = owners.kept_by(os.path.dirname(kernel.folder))
    return f", kept by {keeper}: you can use it, and not change it" if keeper else ""


def repair(context: Context, kernel_id: str | None = None) -> Outcome:
    """Write the spec of one kernel (default: all of mlenv's) anew and prove it; say what to type where that is no use.

    Raises:
        MlenvError: ``kernel-missing``, ``kernel-foreign``; for a named kernel also what :func:`register` raises.
    """
    chosen = _chosen(kernel_id)
    lines, mended, failed = [], [], []
    for one in chosen:
        if one.state not in {"ok", "interpreter-not-executable"} or not one.prefix:
            lines.append(f"{one.id}: {one.reason}; {advice(one)}")
            failed.append(one)
            continue
        if kernel_id is None and _kept(one):
            lines.append(f"{one.id}: for every user{_kept(one)}")
            continue
        if context.options.dry_run:
            lines.append(f"{one.id}: would be written anew and started")
            continue
        try:
            lines.append(_mend(context, one))
            mended.append(one)
        except MlenvError as error:
            if kernel_id is not None:
                raise
            lines.append(f"{one.id}: {error.message}" + (f"; {error.hint}" if error.hint else ""))
            failed.append(one)
    return Outcome(
        verb="kernels",
        lines=tuple(lines) or ("no kernels of mlenv here",),
        dry_run=context.options.dry_run,
        ok=not failed,
        data={"repaired": [row(one) for one in mended], "failed": [row(one) for one in failed]},
    )


def register(
    context: Context,
    *,
    root: str,
    prefix: str,
    name: str,
    kernel_name: str = "",
    ipykernel: str = "",
    timeout_s: float = 60.0,
    leave_no_trace: bool = False,
) -> Outcome:
    """Make a kernel of an environment: proved by starting it first, written only then.

    Args:
        context: ``options.ipykernel`` and ``options.offline`` count; told each step.
        root: the project's folder, absolute.
        prefix: the environment, absolute, not resolved through links.
        name: the project's name, for the id and the display name.
        kernel_name: the id that ``--name`` or the project's settings ask for.
        ipykernel: ``runtime`` (nothing enters the environment) or ``installed`` (the environment has ipykernel itself);
            default: what the options say.
        timeout_s: the most that the start may take.
        leave_no_trace: whether the proof must not write byte code into the environment: it is somebody's.

    Returns:
        Outcome with ``kernel`` = the id, and ``data``: ``id``, ``display_name``, ``folder``, ``seconds``, ``python``.

    Raises:
        MlenvError: ``kernel-does-not-start`` with the diagnosis, ``kernel-exists``, ``kernel-name``,
            ``jupyter-not-writable``, and what :func:`mlenv.runtime.ensure` raises. No spec was written or changed.
    """
    known = kernels.listed()
    kernel_id = id_for(known, root, prefix, name, kernel_name)
    others = {one.display_name for one in known if not (belongs(one, root, prefix) or orphaned(one))}
    installed = (ipykernel or context.options.ipykernel) == "installed"
    spec = kernels.spec_for(
        kernel_id=kernel_id,
        display_name=kernel_names.display_name(name, os.path.realpath(root), others),
        root=root,
        prefix=prefix,
        launcher=None if installed else runtime_for(context, prefix),
        name=name,
        dotenv=dotenv_of(Path(root)),
    )
    context.tell("kernel", f"starting the kernel {spec.display_name}")
    proof = prove_spec(spec, expect_prefix=prefix, cwd=root, timeout_s=timeout_s, compiled=not leave_no_trace)
    folder = kernels.write(spec)
    return Outcome(
        verb="kernels",
        lines=tuple(_registered(spec, proof, folder, known)),
        kernel=kernel_id,
        data={
            "id": kernel_id,
            "display_name": spec.display_name,
            "folder": str(folder),
            "seconds": round(proof.seconds, 3),
            "python": proof.python,
        },
    )


def refuse_taken(kernel_name: str, root: str, prefix: str, *, where: str) -> None:
    """Refuse an id that somebody chose and that is illegal or another's, before anything is made.

    Raises:
        MlenvError: ``kernel-name``, ``kernel-exists``.
    """
    if kernel_name:
        kernel_names.check_id(kernel_name, where=where)
        id_for(kernels.listed(), root, prefix, "", kernel_name)


def forget_project(root: str) -> None:
    """Remove mlenv's kernels of a project that is not there any more (it was moved); nothing happens without one."""
    for one in kernels.listed() if root else ():
        if orphaned(one) and one.project == root and not one.shared:
            kernels.remove(one.id, folder=one.folder)


def _registered(spec: Spec, proof: Proof, folder: Path, known: Iterable[Kernel]) -> list[str]:
    lines = [f"kernel {spec.display_name} ({spec.id}) runs Python {proof.python}, started in {proof.seconds:.1f} s"]
    if folder.parent != kernels.user_folder():
        lines.append(f"{kernels.user_folder()} cannot be written; the kernel lies in {folder}")
    wanted = next((one for one in known if spec.id.startswith(f"{one.id}-") and not one.ours), None)
    if wanted is not None:
        lines.append(f"the id {wanted.id} belongs to another kernel ({wanted.folder}), which stays as it is")
    return lines


def runtime_for(context: Context, prefix: str) -> str:
    """Return the launcher, with a runtime behind it that fits this environment."""
    installed = site.scan(environment.environment_facts(prefix).sites)
    python = environment.interpreter(prefix)
    runtime.ensure(python, installed, supply=supply_of(context), report=context.report)
    return str(runtime.launcher_path())


def _chosen(kernel_id: str | None) -> list[Kernel]:
    known = kernels.everywhere()
    if kernel_id is None:
        return [one for one in known if one.ours and one.project]
    named = [one for one in known if one.id == kernel_id.lower() and (one.shared or not one.shadowed_by)]
    if not named:
        raise MlenvError("kernel-missing", f"There is no kernel called {kernel_id}", hint="mlenv kernels")
    if not (named[0].ours and named[0].project):
        raise MlenvError(
            "kernel-foreign",
            f"The kernel {kernel_id} was not made by mlenv; it stays as it is",
            where=named[0].folder,
            hint=f"mlenv doctor {kernel_id}",
        )
    return named


def _mend(context: Context, kernel: Kernel) -> str:
    if kernel.shared:
        from mlenv.services import share

        return share.mend(context, kernel).lines[0]
    done = register(
        context,
        root=kernel.project,
        prefix=kernel.prefix,
        name=kernel.name or os.path.basename(kernel.project),
        kernel_name=kernel.id,
        ipykernel=kernel.mode,
    )
    return done.lines[0]


def advice(kernel: Kernel) -> str:
    """Say what to do about a kernel that is not well."""
    if kernel.state == "interpreter-not-executable":
        return f"chmod +x {shlex.quote(kernel.interpreter)}"
    if not kernel.ours:
        return "it is not of mlenv, so mlenv leaves it alone"
    if kernel.shared and _kept(kernel):
        return "it is there for every user: ask whoever keeps it"
    if kernel.state == "project-missing":
        return "mlenv kernels prune removes it"
    if kernel.shared:
        return f"mlenv create --project {shlex.quote(kernel.project)}, then: mlenv kernels repair {kernel.id}"
    return f"mlenv create --project {shlex.quote(kernel.project)} makes it anew"
