"""The interpreter that a selection is made for; never the running one."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import reduce
from operator import or_
from typing import cast

from packaging.markers import EvaluateContext, InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.tags import Tag, parse_tag

from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.requirement_text import parse_marker

__all__ = ["Target", "applies", "holds", "tag_set"]

_KEYS = (
    "implementation_name", "implementation_version", "os_name", "platform_machine", "platform_python_implementation",
    "platform_release", "platform_system", "platform_version", "python_full_version", "python_version", "sys_platform",
)  # fmt: skip


@value
class Target:
    """One interpreter, described: enough to choose pins and wheels for it without running it."""

    markers: Mapping[str, str]
    """PEP 508 environment: ``os_name``, ``sys_platform``, ``platform_machine``, ``python_full_version``, ..."""
    tags: tuple[str, ...] = ()
    """Wheel tags, best first: ``cp312-cp312-manylinux_2_28_x86_64``."""

    @property
    def environment(self) -> dict[str, str]:
        """Every PEP 508 variable: ``packaging`` would fill in what is missing from the running interpreter."""
        return {**dict.fromkeys(_KEYS, ""), **self.markers}

    @property
    def python(self) -> str:
        """Full version of the interpreter, ``3.12.1``."""
        return self.markers.get("python_full_version") or self.markers.get("python_version", "")


def applies(marker: str | Marker | None, target: Target, where: str = "") -> bool:
    """Say whether a PEP 508 marker of a requirement holds for an interpreter.

    Args:
        marker: its text; an empty one always holds.
        target: the interpreter.
        where: file and place for the error.

    Raises:
        MlenvError: ``marker-unreadable`` where it cannot be decided.
    """
    if not marker:
        return True
    return holds(
        _parsed(marker, where) if isinstance(marker, str) else marker, {**target.environment, "extra": ""}, where
    )


def _parsed(text: str, where: str) -> Marker:
    try:
        return parse_marker(text)
    except InvalidMarker:
        raise MlenvError("marker-unreadable", f"{text!r} is not a marker.", where=where) from None


def holds(
    marker: Marker, environment: Mapping[str, str | AbstractSet[str]], where: str, context: EvaluateContext = "metadata"
) -> bool:
    """Evaluate a marker; one that compares what cannot be compared is an error that names it.

    Raises:
        MlenvError: ``marker-unreadable``.
    """
    try:
        return marker.evaluate(dict(environment), context=context)
    except (UndefinedComparison, UndefinedEnvironmentName, RecursionError, ValueError):
        raise MlenvError("marker-unreadable", f"The marker {marker} cannot be decided.", where=where) from None


def tag_set(tags: tuple[str, ...]) -> frozenset[Tag]:
    """Return wheel tags as ``packaging`` compares them."""
    return cast("frozenset[Tag]", reduce(or_, (parse_tag(tag) for tag in tags), frozenset()))
