"""What workers answer, held against a lock: no process, no network."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Mapping
from typing import Any

import pytest

from mlenv.clusters.answers import parse_answer
from mlenv.clusters.judging import for_cluster, judge_scheduler, judge_worker, spoken_by, sum_up
from mlenv.clusters.sending import pack
from mlenv.errors import MlenvError
from mlenv.loaded import told_late
from mlenv.model import Checked, Member, Pin, Selection, Source, Survey
from mlenv.render import survey_json, survey_outcome

PINS = (("dask", "2026.1"), ("distributed", "2026.1"), ("six", "1.17.0"))


def selection(*more: Pin, **changes: Any) -> Selection:
    pins = (*(Pin(name=name, version=version) for name, version in PINS), *more)
    return Selection(**{"root": "/p", "name": "demo", "lock": "uv.lock", "kind": "uv", "pins": pins, **changes})


def said(versions: Mapping[str, str], **changes: Any) -> str:
    loaded = changes.pop("loaded", {})
    row: dict[str, Any] = {
        "form": 1,
        "markers": {"python_version": "3.11", "python_full_version": "3.11.7", "sys_platform": "linux"},
        "tags": ["py3-none-any"],
        "prefix": "~/venv",
        "installed": {"distributions": [{"name": name, "version": version} for name, version in versions.items()]},
        "loaded": [{"name": name, "version": version, "origin": "environment"} for name, version in loaded.items()],
        "needs": {"distributed": ["dask", "tornado"]},
    }
    return json.dumps({**row, **changes})


def test_a_worker_that_has_what_the_lock_says_is_in_step() -> None:
    """What it has beyond the lock is told, what Dask needs is not."""
    answer = parse_answer(said({**dict(PINS), "tornado": "6.5", "bokeh": "3"}, loaded={"six": "1.17.0"}))
    report = judge_worker(answer, for_cluster(selection()))
    assert (report.verdict, report.loaded_measured) == ("in-step", True)
    assert [row.reason for row in report.findings] == ["beyond uv.lock, and left alone: bokeh 3"]


def test_each_kind_of_drift_has_its_verdict_and_words_of_dask() -> None:
    lock = for_cluster(selection())
    drifted = judge_worker(parse_answer(said({**dict(PINS), "six": "1.16.0"})), lock)
    stale = judge_worker(parse_answer(said(dict(PINS), loaded={"six": "1.16.0"})), lock)
    none = judge_worker(parse_answer(said(dict(PINS))), for_cluster(selection(lock=None, pins=())))
    assert (drifted.verdict, drifted.next.command[:28]) == ("sync", "client.register_plugin(mlenv")
    assert (stale.verdict, stale.next.command) == ("restart", "client.restart()")
    assert (none.verdict, none.next.command) == ("unlocked", "mlenv freeze")


def test_folders_of_the_project_are_named_and_not_compared() -> None:
    own = Pin(name="demo", source=Source(kind="editable", url="."))
    report = judge_worker(parse_answer(said({**dict(PINS), "demo": "0"})), for_cluster(selection(own)))
    assert report.verdict == "in-step"
    assert "demo: a folder of this project" in report.findings[0].reason


def test_a_lock_without_dask_says_so() -> None:
    report = judge_worker(
        parse_answer(said(dict(PINS))), for_cluster(selection(pins=(Pin(name="six", version="1.17.0"),)))
    )
    assert report.verdict == "in-step"
    assert "does not name distributed 2026.1, dask 2026.1" in report.findings[0].reason


def test_the_scheduler_is_asked_for_what_it_speaks_with_only() -> None:
    answer = parse_answer(said({"dask": "2026.1", "distributed": "2025.1", "msgpack": "1.0"}))
    worker = parse_answer(said({**dict(PINS), "msgpack": "1.1"}))
    report = judge_scheduler(answer, for_cluster(selection()), [spoken_by(worker)] * 2)
    assert [(row.kind, row.package) for row in report.findings] == [("different", "distributed"), ("note", None)]
    assert report.findings[1].reason == "the scheduler has msgpack 1.0, 2 of 2 workers 1.1"


@pytest.mark.parametrize(
    "text",
    [
        None, 7, "", "[]", "{}", "[" * 100_000, said({}, form=2), said({}, markers={}), said({}, tags=[1]),
        said({}, installed={"distributions": [{"name": 1}]}), said({}, needs=[]), said({}, loaded={7: "1"}),
        said({}, installed={"distributions": [{"name": "a", "version": "1", "source": {"odd": "x"}}]}),
    ],
)  # fmt: skip
def test_odd_answers_are_one_clear_error(text: object) -> None:
    with pytest.raises(MlenvError) as caught:
        parse_answer(text)
    assert caught.value.code == "worker-unreadable"


def judged(number: int, six: str, *, host: str = "10.0.0.1") -> Checked:
    report = judge_worker(parse_answer(said({**dict(PINS), "six": six})), for_cluster(selection()))
    member = Member(role="worker", host=host, python="3.11.7")
    return Checked(name=f"tcp://{host}:{number}", is_notebook=False, report=report, member=member)


def test_alike_workers_share_a_line_and_the_worst_counts() -> None:
    rows = [judged(n, "1.17.0", host=f"10.0.0.{n}") for n in range(198)] + [judged(n, "1.16.0") for n in (500, 501)]
    silent = MlenvError("worker-silent", "it does not answer within 10 s", hint="--timeout SECONDS")
    survey = sum_up(rows)
    assert (survey.verdict, survey.status) == ("sync", 1)
    lines = survey_outcome(survey).lines
    assert len(lines) == 1 + 1 + 2 + 2
    assert lines[1].split() == ["198", "workers", "(tcp://10.0.0.0:0,", "...)", "198", "hosts", "3.11.7", "in-step"]
    assert lines[-2:] == (
        "200 workers: 198 in-step, 2 sync",
        'next: client.register_plugin(mlenv.dask.LockedEnvironment("."))',
    )
    member = Member(role="worker", host="h")
    failed = sum_up([*rows, Checked(name="w", is_notebook=False, error=silent, member=member)])
    assert (failed.verdict, failed.status) == ("error", 2)
    wire = survey_json(failed)
    assert (len(wire["reports"]), wire["reports"][0]["role"], wire["reports"][-1]["error"]["code"]) == (
        201, "worker", "worker-silent",
    )  # fmt: skip


def test_the_cost_of_many_workers_grows_linearly() -> None:
    """Judging and rendering of 200 workers of 300 packages, and of four times as many."""
    versions = {**dict(PINS), **{f"p{n}": "1.0" for n in range(300)}}
    lock = for_cluster(selection(*(Pin(name=f"p{n}", version="1.0") for n in range(300))))

    def seconds(number: int) -> float:
        texts = [said(versions) for _ in range(number)]
        begin = time.process_time()
        member = Member(role="worker", host="h", python="3.11.7")
        reports = [judge_worker(parse_answer(text), lock) for text in texts]
        rows = [Checked(name=f"w{n}", is_notebook=False, report=row, member=member) for n, row in enumerate(reports)]
        assert survey_outcome(sum_up(rows)).ok
        return time.process_time() - begin

    few, many = seconds(50), seconds(200)
    assert many < 12 * few + 0.2


def test_names_of_homes_and_secrets_stay_out() -> None:
    text = said({}, installed={"damaged": [["six", "six is gone from /home/ann/venv/lib"]]})
    report = judge_worker(parse_answer(text), for_cluster(selection()))
    member = Member(role="worker", host="h", python="3.11.7")
    row = Checked(name="tls://ann:pw@h:1", is_notebook=False, report=report, member=member)
    shown = "\n".join(survey_outcome(Survey(rows=(row,), verdict="broken")).lines)
    assert "ann" not in shown
    assert "pw" not in shown


def test_what_is_sent_needs_nothing_where_it_arrives() -> None:
    """A pickle of one call: the texts become modules under a name of their own."""
    loader = "def enter(package, packed, module, function):\n    return (package, module, function)\n"
    parcel = pack({"a": "from mlenv.b import c\n"}, loader)
    package, *rest = pickle.loads(pickle.dumps(parcel.function("on.x", "f")))
    assert rest == ["on.x", "f"]
    assert package.startswith("_mlenv_sent_")


@pytest.mark.parametrize(
    ("later_s", "says", "told"),
    [
        (-10.0, "2.0", "1.0"),  # installed before the process began: that is what it loaded
        (10.0, "2.0", "2.0"),
        (10.0, "1", "1.0"),
        (10.0, None, None),
        (0.5, None, "1.0"),
        (0.5, "2.0", "2.0"),
    ],
)
def test_what_was_loaded_before_anybody_looked(later_s: float, says: str | None, told: str | None) -> None:
    assert told_late("1.0", says, later_s) == told
