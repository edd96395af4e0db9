"""One stage for all samples."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from torture.stage import Stage, open_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Stage]:
    """The stage, with the runtimes that the other tests have made."""
    kept = os.environ.get("MLENV_TORTURE_DIR")
    place = Path(kept) if kept else tmp_path_factory.mktemp("torture")
    place.mkdir(parents=True, exist_ok=True)
    with open_stage(place, data=None if kept else shared_data) as stage:
        yield stage
