"""A check of a cluster: the command with real workers, and what judging their answers costs with many."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.measure import Spent, growth, watched
from benchmarks.pure_costs import least_ms
from benchmarks.rows import Bench, Benchmark, Row
from mlenv.clusters.answers import Process
from mlenv.model import Survey
from mlenv.render import survey_json, survey_outcome
from mlenv.services.clusters.asking import ask_cluster
from mlenv.services.clusters.check import judge_cluster
from mlenv.services.context import Context, Options, silent
from mlenv.services.project import load

REAL = (1, 2, 4, 8)
SIMULATED = (25, 50, 100, 200)
_EVERY = 10
"""One of so many simulated workers has drifted."""


def run(bench: Bench) -> Sequence[Row]:
    project = bench.folder / "project"
    project.mkdir()
    pins = sorted({f"{each.metadata['Name']}=={each.version}" for each in distributions() if _of_an_index(each)})
    (project / "requirements.txt").write_text("\n".join(pins) + "\n")
    world = bench.stage.world(bench.folder / "world")
    rows: list[Row] = []
    answers: tuple[Process, ...] = ()
    for number in REAL[:2] if bench.quick else REAL:
        with _cluster(number) as address:
            argv = [sys.executable, "-m", "mlenv", "cluster", "check", address, "--json"]
            env = {**world.env, "MLENV_CACHE_DIR": str(bench.folder / "cache")}
            several = [watched(argv, cwd=project, env=env, allowed=(0, 1)) for _ in range(bench.times(3))]
            rows.append(_row(min(several, key=lambda each: each.cpu), number))
            answers = ask_cluster(address, 30.0)
    judged = {number: _judge(project, _many(answers, number)) for number in SIMULATED}
    for number, judge in judged.items():
        _right(judge(), number)
        seconds = least_ms(judge, runs=8) / 1000
        rows.append(Row(what="answers judged and told; workers, simulated", ours=seconds, size=number))
    power = growth({row.size: row.ours for row in rows[-len(SIMULATED) :] if row.size})
    budget = "at most 1.1 (linear)"
    grows = Row(what="growth: answers judged and told", ours=power, unit="power", budget=budget, met=power <= 1.1)
    return [*rows, grows]


def _of_an_index(one: object) -> bool:
    return not (getattr(one, "read_text")("direct_url.json") or "").strip()  # noqa: B009 - the stub knows no such path


def _row(spent: Spent, number: int) -> Row:
    reports = json.loads(spent.out)["reports"]
    assert len(reports) == number + 1, spent.out[:500]
    assert {each["verdict"] for each in reports} <= {"in-step", "restart", "sync"}, spent.out[:500]
    details = {"mlenv": {"wall_s": spent.wall, "cpu_s": spent.cpu, "peak_bytes": spent.peak_bytes}}
    return Row(what="mlenv cluster check; workers, each a process", ours=spent.cpu, size=number, details=details)


@contextlib.contextmanager
def _cluster(workers: int) -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        cluster.wait_for_workers(workers, timeout=120)
        yield str(cluster.scheduler_address)


def _many(answers: Sequence[Process], number: int) -> tuple[Process, ...]:
    """Return the answers of so many workers: those of the real ones again and again, one of ten with another version."""
    scheduler, *workers = answers
    many = []
    for each in range(number):
        one = workers[each % len(workers)]
        row = json.loads(one.answer)
        if each % _EVERY == 3:
            row["installed"]["distributions"][each % 7]["version"] = "0.0.1"
        address = f"tcp://10.0.{each // 4}.{each % 4}:40000"
        many.append(replace(one, name=f"worker-{each}", address=address, answer=json.dumps(row)))
    return (scheduler, *many)


def _judge(project: Path, processes: Sequence[Process]) -> Callable[[], Survey]:
    context = Context(cwd=project, report=silent, options=Options())

    def judge() -> Survey:
        survey = judge_cluster(context, load(project), processes)
        survey_outcome(survey)
        json.dumps(survey_json(survey))
        return survey

    return judge


def _right(survey: Survey, number: int) -> None:
    """Only a right answer counts: one of ten has drifted, and nothing else is worse than a real worker."""
    usual = {row.verdict for row in survey.rows if row.name == "worker-0"}
    drifted = [row for row in survey.rows if row.name.startswith("worker-") and row.verdict not in usual]
    assert len(drifted) == len(range(3, number, _EVERY)) or usual == {"sync"}, (len(drifted), usual)


BENCHMARK = Benchmark(
    name="cluster",
    title="Clusters",
    text="*Each a process*: `mlenv cluster check` against a scheduler of Dask with so many workers on this machine, "
    "processor time of the command alone. *Simulated*: the answers of the real workers again and again, one of ten with "
    "another version, as if so many had answered: read, held against the lock, told as a table and as JSON; processor "
    "time, the least of several runs.",
    run=run,
)
