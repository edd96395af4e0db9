"""What a live environment holds, as rows that can be installed elsewhere.

Roots, what they need, what stays out and why. Pure. Sources: PEP 508 (requirements and markers), PEP 610
(``direct_url.json``), PEP 440 (local versions).
"""

from __future__ import annotations

from mlenv.freezing.accept import accepted
from mlenv.freezing.rows import freeze
from mlenv.freezing.values import KERNEL, TOOLING, Frozen, LeftOut, Package, Row, RowsRequest

__all__ = ["KERNEL", "TOOLING", "Frozen", "LeftOut", "Package", "Row", "RowsRequest", "accepted", "freeze"]
