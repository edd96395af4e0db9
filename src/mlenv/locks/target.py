"""The interpreter that a selection is made for; never the running one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import cast

from packaging.markers import Marker
from packaging.tags import Tag, parse_tag

from mlenv.model import value

__all__ = ["Target", "applies", "tag_set"]

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


def applies(marker: str | Marker | None, target: Target, extras: frozenset[str] = frozenset()) -> bool:
    """Say whether a PEP 508 marker holds for an interpreter; ``extra == "x"`` holds for the extras given.

    Raises:
        InvalidMarker: the text is no marker.

    Source: PEP 508; the lock-file marker variables of PEP 751 are not meant here.
    """
    if not marker:
        return True
    parsed = Marker(marker) if isinstance(marker, str) else marker
    environment = target.environment
    if not extras or "extra" not in str(parsed):
        return parsed.evaluate({**environment, "extra": ""}, context="metadata")
    return any(parsed.evaluate({**environment, "extra": extra}, context="metadata") for extra in ("", *extras))


def tag_set(tags: tuple[str, ...]) -> frozenset[Tag]:
    """Return wheel tags as ``packaging`` compares them."""
    return cast("frozenset[Tag]", reduce(or_, (parse_tag(tag) for tag in tags), frozenset()))
