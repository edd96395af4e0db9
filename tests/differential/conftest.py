"""One stage for all samples."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from differential.stage import NotRun, Stage, open_stage, place


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """The stage; packages and tools are fetched once per machine."""
    try:
        opened = open_stage(place())
        stage = opened.__enter__()
    except NotRun as why:
        not_run(why)
    try:
        yield stage
    finally:
        opened.__exit__(None, None, None)


def not_run(why: NotRun) -> None:
    """Say so loudly; on a build machine that has a network it is a failure."""
    if os.environ.get("CI") and not why.no_network:
        pytest.fail(f"NOT RUN: {why}")
    pytest.skip(f"NOT RUN: {why}")
