"""The door to :mod:`mlenv.locks.yaml_events`: PyYAML is only loaded where a project has YAML."""

from __future__ import annotations

from typing import Any

from mlenv.locks.place import Place

__all__ = ["parse_yaml"]


def parse_yaml(text: str, place: Place) -> dict[str, Any]:
    """Parse YAML whose top is a mapping, see :func:`mlenv.locks.yaml_events.parse_events`.

    Raises:
        MlenvError: as that.
    """
    from mlenv.locks.yaml_events import parse_events

    return parse_events(text, place)
