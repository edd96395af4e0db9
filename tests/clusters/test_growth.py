"""A cluster of real workers, its answers for 200, and the example."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clusters_here import Cluster, Environments
from many import ask_seconds, judge_seconds

pytestmark = pytest.mark.real
EXAMPLE = Path(__file__).parents[2] / "examples" / "dask_cluster.py"


def test_200_workers_cost_four_times_as_much_as_50(
    environments: Environments, whole: Path, start_cluster: Callable[..., Cluster]
) -> None:
    """Answers of real workers, given again under other names. The table stays readable."""
    cluster = start_cluster()
    for number in range(3):
        cluster.worker(whole, f"w{number}", nanny=False, wait=False)
    cluster.ready()
    _, processes = ask_seconds(cluster.address)
    assert [one.name for one in processes] == ["scheduler", "w0", "w1", "w2"]
    (_, _), (_, few), (_, many) = judge_seconds(environments.project, processes, (3, 50, 200), time.process_time)
    assert many < 12 * few + 0.3


def test_the_example_finds_the_drifted_worker_and_mends_it(mlenv_home: Path) -> None:
    done = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.split("\n\n")
    assert "six: 1.17.0 is locked, 1.16.0 is installed" in before
    assert after.splitlines()[-1] == "2 workers: 2 in-step"
