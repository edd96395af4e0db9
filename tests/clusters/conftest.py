"""What the tests of clusters share: environments made once, schedulers and workers that end with their test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clusters_here import Answered, Cluster, Environments

from own_home import own_environment


@pytest.fixture(scope="session")
def uv_here() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory, shared_data: Path, uv_here: str) -> Environments:
    folder = tmp_path_factory.mktemp("cluster")
    return Environments(folder, uv_here, own_environment(folder / "home", shared_data))


@pytest.fixture(scope="session")
def whole(environments: Environments) -> Path:
    """An environment that is what the lock says; the scheduler's, too. Nobody changes it."""
    return environments.make("whole")


@pytest.fixture
def start_cluster(tmp_path: Path, mlenv_home: Path, whole: Path, uv_here: str) -> Iterator[Callable[..., Cluster]]:
    """Start a scheduler; ended with all its workers after the test. The workers find uv on their ``PATH``."""
    made: list[Cluster] = []

    def start(*options: str, scheduler: Path = whole, **env: str) -> Cluster:
        folder = tmp_path / f"cluster-{len(made)}"
        folder.mkdir()
        path = os.pathsep.join([os.path.dirname(uv_here), os.environ["PATH"]])
        cluster = Cluster(folder, scheduler, {**os.environ, "PATH": path, **env}, options)
        made.append(cluster)
        return cluster

    try:
        yield start
    finally:
        for cluster in made:
            cluster.end()


@pytest.fixture
def check(environments: Environments, mlenv_home: Path) -> Callable[..., Answered]:
    """``mlenv cluster check`` as a program, in the project's folder."""

    def ask(address: str, *words: str, cwd: Path = environments.project, **env: str) -> Answered:
        argv = [sys.executable, "-m", "mlenv", "cluster", "check", address, *words]
        variables = {**os.environ, **env}
        return Answered(subprocess.run(argv, cwd=cwd, env=variables, capture_output=True, text=True, timeout=120))

    return ask
