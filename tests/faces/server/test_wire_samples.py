"""The samples that the TypeScript tests read are what the server's description promises."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv.faces.server.requests import parse_loaded
from mlenv.faces.server.schemas import SCHEMAS

WIRE = Path(__file__).parents[2] / "wire"
SCHEMA_OF = {"error": "Error", "outcome": "Outcome", "report": "Report"}
SAMPLES = [path for path in sorted(WIRE.glob("*.json")) if path.stem.partition("-")[0] in SCHEMA_OF]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_of_the_wire_fits_the_description(path: Path, valid: Callable[[str, Any], Any]) -> None:
    valid(SCHEMA_OF[path.stem.partition("-")[0]], json.loads(path.read_text()))


def test_what_a_kernel_tells_its_front_end_is_what_the_server_takes(valid: Callable[[str, Any], Any]) -> None:
    rows = json.loads((WIRE / "comm-loaded.json").read_text())["rows"]
    valid("CheckRequest", {"path": "", "kernel": None, "loaded": rows})
    taken = parse_loaded(rows)
    assert taken is not None
    assert [(row.name, row.version, row.origin, row.binary, row.imported) for row in taken] == [
        (row["name"], row["version"], row["origin"], row["binary"], row["imported"]) for row in rows
    ]


def test_every_schema_is_used_by_the_description() -> None:
    from mlenv.faces.server.openapi import description

    text = json.dumps(description("/"))
    assert [name for name in SCHEMAS if f'"#/components/schemas/{name}"' not in text] == []
