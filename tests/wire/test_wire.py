"""The samples beside this file are the wire: mlenv writes exactly these, and every face reads them.

Each sample is a situation of ``SITUATIONS`` below; to change the wire, change both (keys are only ever added).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlenv import drift, render
from mlenv.errors import MlenvError
from mlenv.import_advice import advise
from mlenv.model import (
    Change,
    Declared,
    Distribution,
    EnvironmentFacts,
    Event,
    Finding,
    Installed,
    KernelRef,
    Loaded,
    Outcome,
    Pin,
    Report,
    Selection,
)

HERE = Path(__file__).parent
ROOT = "/work/demo"
FACTS = EnvironmentFacts(prefix=f"{ROOT}/.venv", python="3.12.1", engine="uv", sites=(f"{ROOT}/.venv/site",))
KERNEL = KernelRef(prefix=f"{ROOT}/.venv", name="demo-1a2b3c")
PINS = (Pin(name="idna", version="3.7"), Pin(name="six", version="1.16.0"))


def selection(**fields: Any) -> Selection:
    base: dict[str, Any] = {"lock": "pylock.toml", "kind": "pylock", "pins": PINS, **fields}
    return Selection(root=ROOT, name="demo", manifest="pyproject.toml", **base)


def installed(**versions: str) -> Installed:
    return Installed(distributions=tuple(Distribution(name=n, version=v) for n, v in versions.items()))


def in_step() -> Report:
    memory = (Loaded(name="idna", version="3.7"),)
    return drift.report(selection(), FACTS, installed(idna="3.7", six="1.16.0", pip="24.0"), memory, KERNEL)


def sync() -> Report:
    memory = (Loaded(name="idna", version="3.7"),)
    return drift.report(selection(), FACTS, installed(idna="3.6", rich="13.7.0"), memory, KERNEL)


def relock() -> Report:
    stale = Finding(kind="relock", package="attrs", declared="attrs>=23", reason="attrs is asked for and not locked")
    return drift.report(selection(findings=(stale,)), FACTS, installed(idna="3.7", six="1.16.0"))


def restart() -> Report:
    memory = (Loaded(name="six", version="1.15.0"),)
    return drift.report(selection(), FACTS, installed(idna="3.7", six="1.16.0"), memory, KERNEL)


def switch() -> Report:
    kernel = KernelRef(prefix="/usr", name="python3")
    return drift.report(selection(), FACTS, installed(idna="3.7", six="1.16.0"), (), kernel)


def broken() -> Report:
    problem = Finding(kind="broken", reason="Base Python changed 3.11 \N{RIGHTWARDS ARROW} 3.12, remake from lock")
    return drift.report(selection(), EnvironmentFacts(prefix=f"{ROOT}/.venv", python="3.11.7", problem=problem))


def no_environment() -> Report:
    return drift.report(selection(), EnvironmentFacts(prefix=None))


def unlocked() -> Report:
    asked = (Declared(name="six", text="six", origin="pyproject.toml"),)
    return drift.report(selection(lock=None, kind=None, pins=(), declared=asked), FACTS, installed(idna="3.7"))


def unknown() -> Report:
    return drift.report(None, FACTS, kernel=KERNEL, loaded=())


SITUATIONS: Mapping[str, Callable[[], Report]] = {
    "report-in-step": in_step,
    "report-sync": sync,
    "report-relock": relock,
    "report-restart": restart,
    "report-switch": switch,
    "report-broken": broken,
    "report-no-env": no_environment,
    "report-unlocked": unlocked,
    "report-unknown": unknown,
}

OUTCOME = Outcome(
    verb="sync",
    lines=("2 packages changed", "restart needed: six 1.15.0 in memory, 1.16.0 on disk"),
    changes=(
        Change(package="idna", before="3.6", after="3.7"),
        Change(package="rich", before="13.7.0", after=None),
        Change(package="six", before=None, after="1.16.0"),
    ),
    files=("pylock.toml",),
    kernel="demo-1a2b3c",
)
ERROR = MlenvError(
    "lock-unreadable", "pylock.toml cannot be read", where="pylock.toml: packages[3].version", hint="mlenv lock",
    details="not on the wire",
)  # fmt: skip


def sample(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_report_is_written_as_its_sample_shows(name: str) -> None:
    assert render.report_json(SITUATIONS[name]()) == sample(name)


def test_an_outcome_an_event_and_an_error_are_written_as_their_samples_show() -> None:
    assert render.outcome_json(OUTCOME) == sample("outcome")
    event = Event(step="download", text="six 1.16.0", done=3, total=25)
    assert render.event_json(event) == sample("event")
    assert render.error_json(ERROR) == sample("error")


def test_what_a_kernel_tells_its_front_end_is_written_as_the_samples_show() -> None:
    loaded = (
        Loaded(name="six", version=None, origin="outside", location=f"{ROOT}/lib"),
        Loaded(name="numpy", version="2.1.3", binary=True, imported=True),
        Loaded(name="tornado", version="6.4", origin="runtime", binary=True),
    )
    assert render.switch_message("iris-732de77a", "Python (iris)") == sample("comm-switch")
    assert render.refresh_message() == sample("comm-refresh")
    assert render.loaded_message(loaded) == sample("comm-loaded")
    assert not any("state" in sample(name) for name in ("comm-switch", "comm-refresh", "comm-loaded"))


def test_advice_is_written_as_its_sample_shows() -> None:
    advice = advise("humanize", project=True, at_home=True)
    assert advice is not None
    assert render.advice_json(advice) == sample("advice")


def test_a_kernel_tells_of_two_thousand_distributions_at_most() -> None:
    loaded = [Loaded(name=f"p{number:05}", version="1") for number in reversed(range(2_500))]
    rows = render.loaded_message(loaded)["rows"]
    assert [row["name"] for row in rows] == [f"p{number:05}" for number in range(2_000)]


def test_there_is_a_sample_of_every_verdict() -> None:
    assert {sample(name)["verdict"] for name in SITUATIONS} == set(drift.ORDER)


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_report_has_every_key_of_the_design(name: str) -> None:
    report = sample(name)
    assert set(report) >= {
        "schema", "verdict", "next", "project", "environment", "lock", "kernel", "loaded_measured", "findings", "counts",
    }  # fmt: skip
    assert set(report["next"]) == {"action", "command", "text"}
    assert set(report["environment"]) == {"prefix", "python", "engine"}
    assert set(report["lock"]) == {"path", "kind"}
    assert set(report["counts"]) == {"locked", "installed", "compared"}
    keys = {"kind", "package", "declared", "locked", "installed", "loaded", "reason"}
    assert all(set(finding) == keys and finding["reason"] for finding in report["findings"])


def test_data_of_an_outcome_is_plain_json_whatever_it_was_made_of() -> None:
    outcome = Outcome(verb="list", lines=(), data={"rows": ({"path": Path("/x"), "n": 1, "ok": None},), 3: {"a"}})
    wire = render.outcome_json(outcome)
    assert wire["data"] == {"rows": [{"path": "/x", "n": 1, "ok": None}], "3": ["a"]}
    assert json.loads(json.dumps(wire)) == wire
