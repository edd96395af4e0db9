"""``mlenv.dask.LockedEnvironment``: the lock comes to every worker, to those that start later, and to nobody else."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clusters_here import Answered, Cluster, Environments

import mlenv.dask
from mlenv.errors import MlenvError

pytestmark = pytest.mark.real
_Check = Callable[..., Answered]
_Start = Callable[..., Cluster]
SIX, PID = "__import__('six').__version__", "__import__('os').getpid()"
"""Given to ``eval`` on a worker, which knows nothing of this file."""


def on(client: Any, expression: str) -> dict[str, Any]:
    """Evaluate on every worker: name -> answer."""
    names = {address: row["name"] for address, row in client.scheduler_info()["workers"].items()}
    return {names[address]: answer for address, answer in client.run(eval, expression).items()}


@pytest.fixture
def counted_uv(tmp_path: Path, uv_here: str) -> Path:
    """A uv that notes how often it was started."""
    file = tmp_path / "uv"
    file.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/uv.log\nexec {uv_here} "$@"\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return file


def test_the_plugin_mends_and_covers_what_starts_later(
    environments: Environments, whole: Path, start_cluster: _Start, check: _Check, counted_uv: Path, tmp_path: Path
) -> None:
    """Two workers of one environment, one of which has six in memory; one that is whole; one that comes later."""
    prefix, later = environments.make("mended", "six==1.16.0", "humanize"), environments.make("later", "six==1.16.0")
    uncovered = environments.make("uncovered", "six==1.16.0")
    cluster = start_cluster()
    for name, folder in (("w-loaded", prefix), ("w-idle", prefix), ("w-whole", whole)):
        cluster.worker(folder, name, wait=False)
    cluster.ready()
    with cluster.client() as client:
        address = next(a for a, row in client.scheduler_info()["workers"].items() if row["name"] == "w-loaded")
        client.run(eval, SIX, workers=[address])
        before = on(client, PID)
        plugin = mlenv.dask.LockedEnvironment(str(environments.project), uv=str(counted_uv))
        assert plugin.report(client).verdict == "sync"
        client.register_plugin(plugin)
        after = on(client, PID)
        # Only what had loaded what changed was started anew, and uv ran once for two workers of one environment.
        assert {name for name in before if before[name] != after[name]} == {"w-loaded"}
        assert (tmp_path / "uv.log").read_text().count("pip install") == 1
        assert set(on(client, SIX).values()) == {"1.17.0"}
        cluster.worker(later, "w-later")
        report = plugin.report(client)
        assert (report.ok, report.json()["verdict"]) == (True, "in-step"), report
        assert "4 workers: 4 in-step" in repr(report)
        assert on(client, SIX)["w-later"] == "1.17.0"
        plugin.remove(client)
        plugin.remove(client)  # and once more: nothing is there
        cluster.worker(uncovered, "w-uncovered")
        assert plugin.report(client).verdict == "sync"
    assert environments.version(prefix, "humanize")  # what is beyond the lock stays
    listing = os.listdir(next((prefix / "lib").glob("python3*")) / "site-packages")
    assert not [name for name in listing if "mlenv" in name]


def test_only_looking_raises_and_changes_nothing(
    environments: Environments, whole: Path, start_cluster: _Start
) -> None:
    prefix = environments.make("looked-at", "six==1.16.0")
    cluster = start_cluster()
    cluster.worker(whole, "w-whole")
    with cluster.client() as client, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        client.register_plugin(mlenv.dask.LockedEnvironment(str(environments.project), mend=False))
        cluster.worker(prefix, "w-late")  # it starts, and the client is warned
        end = time.monotonic() + 20
        while not any("w-late" in str(row.message) for row in told) and time.monotonic() < end:
            time.sleep(0.1)
        assert any("worker w-late: six: 1.17.0 is locked, 1.16.0" in str(row.message) for row in told)
        with pytest.raises(RuntimeError, match=r"mlenv: worker w-late: six: 1\.17\.0 is locked, 1\.16\.0 is installed"):
            client.register_plugin(mlenv.dask.LockedEnvironment(str(environments.project), mend=False))
    assert environments.version(prefix, "six") == "1.16.0"


def test_a_worker_without_a_nanny_is_mended_and_told(
    environments: Environments, start_cluster: _Start, check: _Check
) -> None:
    prefix = environments.make("alone", "six==1.16.0")
    cluster = start_cluster()
    cluster.worker(prefix, "w-alone", nanny=False)
    with cluster.client() as client:
        plugin = mlenv.dask.LockedEnvironment(str(environments.project))
        assert on(client, SIX) == {"w-alone": "1.16.0"}
        with pytest.raises(
            RuntimeError, match=r"w-alone: it has to be started anew .*no nanny.*six: 1\.16\.0 is in memory"
        ):
            client.register_plugin(plugin)
        assert environments.version(prefix, "six") == "1.17.0"
        assert plugin.report(client).verdict == "restart"


def test_hashes_that_do_not_match_are_refused(
    environments: Environments, start_cluster: _Start, tmp_path: Path
) -> None:
    """And what must not be changed is not: an environment that mlenv made for a project."""
    prefix = environments.make("refused", "six==1.16.0")
    project = tmp_path / "forged"
    shutil.copytree(environments.project, project)
    head, mark, rest = (project / "uv.lock").read_text().partition('name = "six"\nversion')
    own, border, others = rest.partition("[[package]]")
    own = re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", own)
    (project / "uv.lock").write_text(head + mark + own + border + others)
    cluster = start_cluster()
    cluster.worker(prefix, "w")
    with cluster.client() as client:
        with pytest.raises(RuntimeError, match=r"worker w: uv could not install: .*[Hh]ash mismatch.*six"):
            client.register_plugin(mlenv.dask.LockedEnvironment(str(project)))
        assert environments.version(prefix, "six") == "1.16.0"
        (prefix / "mlenv-ready.json").write_text("{}")
        with pytest.raises(RuntimeError, match="one that mlenv made for a project"):
            client.register_plugin(mlenv.dask.LockedEnvironment(str(environments.project)))
        (prefix / "mlenv-ready.json").unlink()
        with pytest.raises(RuntimeError, match=r"there is no uv where LockedEnvironment\(uv=...\) says"):
            client.register_plugin(mlenv.dask.LockedEnvironment(str(environments.project), uv="/no/such/uv"))
    assert environments.version(prefix, "six") == "1.16.0"


def test_an_environment_that_cannot_be_written_is_named(environments: Environments, start_cluster: _Start) -> None:
    prefix = environments.make("read-only", "six==1.16.0")
    inside = f'mount --bind {prefix} {prefix} && mount -o remount,ro,bind {prefix} && exec "$0" "$@"'
    before = ("unshare", "-m", "sh", "-c", inside)
    tried = subprocess.run([*before, "true"], capture_output=True, check=False) if shutil.which("unshare") else None
    if tried is None or tried.returncode != 0:
        pytest.skip("not run: no mounts of our own here")
    cluster = start_cluster()
    cluster.worker(prefix, "w-fixed", before=before)
    with (
        cluster.client() as client,
        pytest.raises(RuntimeError, match="worker w-fixed: this environment cannot be written"),
    ):
        client.register_plugin(mlenv.dask.LockedEnvironment(str(environments.project)))
    assert environments.version(prefix, "six") == "1.16.0"


def test_a_python_that_is_no_environment_is_left_alone() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from types import SimpleNamespace as Wanted\n"
        "from mlenv.on_worker import bring\n"
        "bring._refuse(Wanted(system=sys.argv[2] == 'system'))\n"
    )
    source = str(Path(mlenv.dask.__file__).parent.parent)
    base = Path(sys.base_prefix) / "bin" / "python3"
    done = [subprocess.run([base, "-c", code, source, word], capture_output=True, text=True) for word in ("", "system")]
    assert done[0].returncode == 1
    assert "LockedEnvironment(system=True)" in done[0].stderr or "PEP 668" in done[0].stderr
    assert done[1].returncode == 0 or "PEP 668" in done[1].stderr or "cannot be written" in done[1].stderr


def test_what_cannot_be_brought_is_told_before_anything_travels(tmp_path: Path, environments: Environments) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "bare"\nversion = "0"\ndependencies = ["six"]\n')
    with pytest.raises(MlenvError) as caught:
        mlenv.dask.LockedEnvironment(str(tmp_path))
    assert (caught.value.code, caught.value.hint) == ("no-lock", "mlenv lock")
    project = tmp_path / "behind"
    shutil.copytree(environments.project, project)
    manifest = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(manifest.replace('"distributed"', '"distributed", "humanize"'))
    with pytest.raises(MlenvError) as caught:
        mlenv.dask.LockedEnvironment(str(project))
    assert (caught.value.code, caught.value.hint) == ("relock", "mlenv sync")
    (project / "pyproject.toml").write_text(
        f'{manifest}\n[[tool.uv.index]]\nurl = "https://ann:pw@packages.example/simple"\n'
    )
    with pytest.raises(MlenvError) as caught:
        mlenv.dask.LockedEnvironment(str(project))
    assert caught.value.code == "index-secret"
    assert "pw" not in str(caught.value)


def test_nothing_of_this_machine_travels_and_a_kernel_asks_its_host(environments: Environments) -> None:
    """In a project's kernel mlenv's readers are not there: its own Python makes what is carried."""
    own = mlenv.dask.LockedEnvironment(str(environments.project))
    assert str(environments.folder).encode() not in pickle.dumps(own)
    code = (
        "import sys, json; sys.modules['mlenv.faces.clusters'] = None; import mlenv.dask as d; "
        "print(json.dumps(json.loads(d.LockedEnvironment(sys.argv[1])._given), sort_keys=True))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(environments.project)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(own._given)
    targets = json.loads(own._given)["targets"]
    assert "3.12/linux-x86_64" in targets
    assert len(json.loads(own._given)["rows"]) < len(targets)  # what is alike is there once
