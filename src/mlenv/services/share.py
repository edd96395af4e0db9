"""``kernels register --prefix`` and ``--system``: a project's kernel for every user of a machine, who can only read it.

An administrator registers it; what it needs beside the environment is copied to where everybody can read it. It is
refused where somebody else could change what it runs, or where others could not start it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mlenv
from mlenv import kernel_names, kernels, runtime
from mlenv.errors import MlenvError
from mlenv.kernel import owners, sharing
from mlenv.kernels import Kernel, Place, Spec
from mlenv.model import Outcome
from mlenv.probe import environment, site
from mlenv.services import kernel_ids
from mlenv.services.context import Context
from mlenv.services.project import Project, dotenv_of, open_project, require_environment
from mlenv.services.proof import Proof, prove_spec
from mlenv.services.refuse_sharing import refuse_unfit, refuse_unwritable
from mlenv.services.stranger import stranger_for
from mlenv.services.tools import supply_of

__all__ = ["mend", "refuse_keeper", "register_for_all", "renew", "tidy", "unregister"]


def register_for_all(context: Context, *, prefix: str | None, kernel_name: str = "") -> Outcome:
    """Register the kernel of the project's environment for every user.

    Args:
        context: ``--project``, ``--ipykernel``, ``--offline``, ``--dry-run``.
        prefix: the folder whose ``share`` gets it; ``None`` for Jupyter's system folder.
        kernel_name: the id that ``--name`` asks for.

    Raises:
        MlenvError: ``environment-shared-writable`` where somebody else could change what it runs,
            ``environment-closed`` where others could not read it, ``folder-missing``, ``not-writable``,
            ``kernel-exists``, ``no-environment``, and what its start failed with. No spec was written.
    """
    project = open_project(context)
    require_environment(project)
    place = kernels.system_place() if prefix is None else kernels.place_in(_folder(context, prefix))
    wished = kernel_name or project.settings.kernel_name or ""
    return _register(context, project, place, wished)


def mend(context: Context, kernel: Kernel) -> Outcome:
    """Register a kernel that is for every user anew, where it lies.

    Raises:
        MlenvError: as :func:`register_for_all`; ``kernel-of-the-machine``.
    """
    refuse_keeper(kernel)
    root = Path(kernel.project)
    options = replace(context.options, project=str(root), ipykernel=kernel.mode or "runtime")
    project = open_project(replace(context, options=options))
    require_environment(project)
    return _register(replace(context, options=options), project, kernels.place_of(kernel), kernel.id)


def renew(context: Context, project: Project) -> None:
    """After an environment has changed: let the kernel that others start find what it needs now.

    Where others could not start it any more, or somebody else could change what it runs, this is told; the change
    stays. Cost: one look at Jupyter's folders where no kernel of the project is for others, else 0.3 s.
    """
    shared = [one for one in kernels.everywhere() if one.shared and kernel_ids.belongs(one, str(project.root))]
    for one in shared:
        if owners.kept_by(os.path.dirname(one.folder)):
            continue
        place = kernels.place_of(one)
        try:
            refuse_unfit(project, place, one.id)
            if one.mode != "installed":
                _published(context, project.prefix, place)
                tidy(place)
        except MlenvError as error:
            context.tell("note", f"{one.id}, the kernel for every user: {error.message} ({error.where}); {error.hint}")


def unregister(kernel: Kernel) -> None:
    """Remove a kernel that is for every user, and what only it needed.

    Raises:
        MlenvError: ``kernel-of-the-machine``, ``jupyter-not-writable``.
    """
    refuse_keeper(kernel)
    place = kernels.place_of(kernel)
    kernels.remove(kernel.id, folder=kernel.folder, among=kernels.folders())
    tidy(place)


def tidy(place: Place) -> tuple[str, ...]:
    """Remove from a shared place what none of its kernels needs, and forget a place without kernels."""
    mine = [one for one in kernels.listed((place.kernels,)) if one.shared == str(place.share)]
    gone = runtime.tidy(place.share, [one.prefix for one in mine if one.mode != "installed"])
    if not mine:
        kernels.forget_place(place)
    return gone


def refuse_keeper(kernel: Kernel) -> None:
    """Refuse to change a kernel that another user keeps for everybody.

    Raises:
        MlenvError: ``kernel-of-the-machine``.
    """
    keeper = owners.kept_by(os.path.dirname(kernel.folder))
    if keeper:
        raise MlenvError(
            "kernel-of-the-machine",
            f"The kernel {kernel.id} is there for every user of this machine, and kept by {keeper}; it stays as it is",
            where=kernel.folder,
            hint="ask whoever keeps it; or register one of your own: mlenv create in a copy of the project",
        )


def _folder(context: Context, prefix: str) -> Path:
    folder = Path(os.path.abspath(context.cwd / Path(prefix).expanduser()))
    if not folder.is_dir():
        raise MlenvError(
            "folder-missing",
            "there is no folder at this prefix",
            where=str(folder),
            hint="the prefix of the environment that JupyterHub's servers run from, such as /opt/jupyter; or --system",
        )
    return folder


def _register(context: Context, project: Project, place: Place, kernel_name: str) -> Outcome:
    root, prefix = str(project.root), project.prefix
    known = kernels.listed((place.kernels,))
    kernel_id = kernel_ids.id_for(known, root, prefix, project.root.name, kernel_name)
    refuse_unwritable(place)
    context.tell("check", "looking who can read and who can change what every user's kernel will run")
    refuse_unfit(project, place, kernel_id)
    if context.options.dry_run:
        line = f"would register {project.link.name} as the kernel {kernel_id} for every user, in {place.kernels}"
        return Outcome(verb="kernels", lines=(line,), dry_run=True)
    before = place.share.is_dir()
    try:
        launcher = None if context.options.ipykernel == "installed" else _published(context, prefix, place)
        spec = _spec(project, place, known, kernel_id, launcher)
        proofs = _proved(context, spec, project, place)
        with runtime.for_all():
            folder = kernels.write(spec, into=place.kernels)
            for path in (folder, *folder.iterdir()):
                runtime.open_to_read(path)  # what lay there keeps its mode
    except BaseException:
        if not before:
            tidy(place)
        raise
    kernels.remember_place(place)
    tidy(place)
    return _told(spec, proofs, folder, place)


def _published(context: Context, prefix: str, place: Place) -> str:
    """Copy launcher and runtime to where every user can read them; return the launcher there."""
    installed = site.scan(environment.environment_facts(prefix).sites)
    python = environment.interpreter(prefix)
    found = runtime.ensure(python, installed, supply=supply_of(context), report=context.report)
    context.tell("install", f"copying the kernel's own packages to {place.share}")
    return str(runtime.publish(place.share, found, context.report))


def _spec(project: Project, place: Place, known: tuple[Kernel, ...], kernel_id: str, launcher: str | None) -> Spec:
    root, name = str(project.root), project.root.name
    others = {one.display_name for one in known if not kernel_ids.belongs(one, root, project.prefix)}
    return kernels.spec_for(
        kernel_id=kernel_id,
        display_name=kernel_names.display_name(name, os.path.realpath(root), others),
        root=root,
        prefix=project.prefix,
        launcher=launcher,
        name=name,
        dotenv=dotenv_of(project.root),
        shared=str(place.share),
    )


def _proved(context: Context, spec: Spec, project: Project, place: Place) -> tuple[Proof, Proof | None]:
    """Start the kernel as this user and, where that can be had, as one without any rights."""
    context.tell("kernel", f"starting the kernel {spec.display_name}")
    own = prove_spec(spec, expect_prefix=project.prefix, cwd=str(project.root), compiled=False)
    stranger = stranger_for(place.share if place.share.is_dir() else place.kernels.parent)
    if stranger is None:
        return own, None
    context.tell("kernel", "starting it as another user")
    return own, prove_spec(spec, expect_prefix=project.prefix, cwd="", stranger=stranger)


def _told(spec: Spec, proofs: tuple[Proof, Proof | None], folder: Path, place: Place) -> Outcome:
    own, other = proofs
    lines = [
        f"kernel {spec.display_name} ({spec.id}) is there for every user: Python {own.python}, started in"
        f" {own.seconds:.1f} s" + (f", as another user in {other.seconds:.1f} s" if other else ""),
        f"spec {folder}; launcher and kernel packages {place.share}",
        *([] if other else ["not started as another user: only root can"]),
        *_notes(place),
    ]
    return Outcome(
        verb="kernels",
        lines=tuple(lines),
        kernel=spec.id,
        data={
            "id": spec.id,
            "display_name": spec.display_name,
            "folder": str(folder),
            "shared": str(place.share),
            "python": own.python,
            "seconds": round(own.seconds, 3),
            "as_another_user": other is not None,
        },
    )


def _notes(place: Place) -> Iterator[str]:
    for path in (sys.executable, str(Path(mlenv.__file__).parent)):
        closed = next((one for one in owners.above(path) if sharing.unreadable(one)), None)
        if closed is not None:
            yield (
                f"note: mlenv itself lies where other users cannot go ({closed.path}): their notebooks run, but"
                " check cannot read the lock there; install mlenv where all can read it, and register again"
            )
            return
    on_path = place.kernels in kernels.search_path()
    if not on_path and not place.kernels.is_relative_to(sys.prefix):
        yield f"servers that run from {place.kernels.parents[2]} list it"
