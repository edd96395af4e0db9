"""Real files with one fault in them: every reader answers, or says in one clear error what is wrong and where."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlenv.locks.manifests import READABLE_MANIFESTS as MANIFESTS
from mlenv.locks.reading import READABLE
from torture.mutations import damaged
from torture.readers import ON_DISK, PURE, Reader, fault_of, readers

LIMIT_S = 2.0
ROWS = {
    "uv": "uv.lock",
    "pylock": "pylock.toml of others",
    "poetry": "poetry.lock of poetry-2.1",
    "pdm": "pdm.lock",
    "pipenv": "Pipfile.lock",
    "conda-lock": "conda-lock.yml",
    "pixi": "pixi.lock",
    "conda": "explicit list of conda",
    "requirements": "requirements.txt, pinned",
}
"""Kind of lock -> the row of its reader."""


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    return {reader.name: reader for reader in readers(tmp_path_factory.mktemp("readers"))}


@pytest.mark.parametrize("name", [*PURE, *ON_DISK])
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_has_an_answer_or_one_clear_error(every: dict[str, Reader], name: str, seed: int) -> None:
    reader, dice = every[name], random.Random(seed)
    whole = dice.choice(reader.files)
    data, expected = damaged(whole, reader.form, dice), reader.read(whole)
    began = time.process_time()
    assert fault_of(reader, data, expected) == "", data[:2000]
    assert time.process_time() - began < LIMIT_S


@pytest.mark.parametrize("name", [*PURE, *ON_DISK])
def test_the_whole_files_are_read(every: dict[str, Reader], name: str) -> None:
    for data in every[name].files:
        assert fault_of(every[name], data, every[name].read(data)) == ""


def test_every_reader_of_locks_and_manifests_has_a_row() -> None:
    manifests = {"Pipfile", "environment.yml", "pixi.toml", "pyproject.toml", "requirements.in"}
    assert set(ROWS) == set(READABLE)
    assert {*ROWS.values(), *manifests} <= set(PURE)
    known = (*manifests, "requirements.txt", "environment.yaml", "setup.cfg", "setup.py", "pixi.toml")
    assert [name for name in MANIFESTS if name not in known] == []


def test_a_reader_that_fails_is_caught() -> None:
    def fails(data: bytes) -> object:
        raise KeyError(data[:3])

    reader = Reader(name="bad", form="json", read=fails, files=(b"{}",))
    assert fault_of(reader, b"abc").startswith("KeyError")


@pytest.mark.parametrize("form", ["toml", "json", "lines"])
def test_the_same_dice_do_the_same_damage(form: str) -> None:
    data = Path(__file__).read_bytes()
    assert [damaged(data, form, random.Random(n)) for n in range(50)] == [
        damaged(data, form, random.Random(n)) for n in range(50)
    ]
