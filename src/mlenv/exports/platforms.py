"""The platforms that ``mlenv export`` knows: an explicit table."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv.exports.deployment import Platform
from mlenv.exports.docker import DOCKER

__all__ = ["PLATFORMS"]

_ALL: tuple[Platform, ...] = (DOCKER,)

PLATFORMS: Mapping[str, Platform] = {platform.name: platform for platform in _ALL}
