"""``import mlenv`` in a program: the check as a function, where no notebook is around."""

from __future__ import annotations

from pathlib import Path

from mlenv.kernel.display import CheckResult, not_in_step
from mlenv.services.check import check as check_here
from mlenv.services.context import Context, Options, silent

__all__ = ["check"]


def check(project: str | None = None, *, strict: bool = False) -> CheckResult:
    """Check a project from the outside; what is loaded is not measured.

    Raises:
        MlenvError: as :func:`mlenv.services.check.check`; ``not-in-step`` with ``strict``.
    """
    result = CheckResult(check_here(Context(cwd=Path.cwd(), report=silent, options=Options(project=project))))
    if strict and not result.ok:
        raise not_in_step(result)
    return result
