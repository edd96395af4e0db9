"""Bundles: one archive with lock, wheels and kernel packages, made with a network and restored without one."""

from __future__ import annotations

__all__: list[str] = []
