"""``check`` for a kernel of a Jupyter server: told from its spec, its interpreter and the files, so it may be busy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mlenv import drift
from mlenv.model import Finding, KernelRef, Loaded, Report
from mlenv.services.check import check_project
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.session_kernel import SessionKernel, place_of

__all__ = ["check_session", "unmeasured"]


def check_session(
    context: Context, project: Project, kernel: SessionKernel, folder: Path, loaded: Sequence[Loaded] | None = None
) -> Report:
    """Say in one verdict how a kernel stands to its project. Nothing is written into either environment.

    Args:
        context: the options.
        project: as it lies on disk.
        kernel: as the server has it.
        folder: the notebook's.
        loaded: what the kernel says that it has in memory; ``None`` where it says nothing.

    Raises:
        MlenvError: as :func:`mlenv.services.check.check`.
    """
    place = place_of(kernel, folder)
    if not place.prefix:
        return unmeasured(check_project(context, project), place.why_not)
    ref = KernelRef(prefix=place.prefix, name=kernel.spec)
    return check_project(context, project, kernel=ref, loaded=loaded)


def unmeasured(report: Report, why: str) -> Report:
    """Return the report of a kernel that nothing can be said of: the project's own state would be no answer."""
    finding = Finding(kind="undecidable", reason=f"cannot check: {why}")
    return replace(
        report,
        verdict="unknown",
        next=drift.next_action("unknown", None, (finding,)),
        kernel=None,
        loaded_measured=False,
        findings=(finding,),
    )
