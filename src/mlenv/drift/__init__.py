"""Say what separates loaded, installed, locked and declared: one finding per package, one verdict, one next action.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from mlenv.drift.beyond import closure, needs_matter
from mlenv.drift.compare import CONDA_KINDS, compare
from mlenv.drift.kinds import KINDS, ORDER, VERDICT_OF, verdict_of
from mlenv.drift.memory import restart_lines
from mlenv.drift.outside import command_outside
from mlenv.drift.pins import fits
from mlenv.drift.report import FREEZES, next_action, report

__all__ = [
    "CONDA_KINDS",
    "FREEZES",
    "KINDS",
    "ORDER",
    "VERDICT_OF",
    "closure",
    "command_outside",
    "compare",
    "fits",
    "needs_matter",
    "next_action",
    "report",
    "restart_lines",
    "verdict_of",
]
