"""In a project's own kernel, which has Dask from the project and of mlenv only what kernels get."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from clusters_here import Cluster, Environments, python_of

from live_kernel import LiveKernel
from mlenv import runtime
from mlenv.kernels.spec import spec_for
from mlenv.probe import site

pytestmark = pytest.mark.real

BRING = """
import warnings; warnings.simplefilter("ignore")
import distributed, mlenv.dask
client = distributed.Client({address!r}, set_as_default=False)
plugin = mlenv.dask.LockedEnvironment(".")
client.register_plugin(plugin)
print("brought", set(client.run(eval, "__import__('six').__version__").values()))
client.close()
"""


def test_the_plugin_and_the_check_work_where_the_notebook_runs(
    environments: Environments,
    whole: Path,
    start_cluster: Callable[..., Cluster],
    start_kernel: Callable[..., LiveKernel],
    tmp_path: Path,
) -> None:
    root = tmp_path / "project"
    shutil.copytree(environments.project, root)
    os.symlink(whole, root / ".venv")
    launcher = runtime.install_side()
    spec = spec_for(kernel_id="d", display_name="d", root=str(root), prefix=str(root / ".venv"), launcher=str(launcher))
    folder = next((whole / "lib").glob("python3*")) / "site-packages"
    runtime.ensure(str(python_of(root / ".venv")), site.scan([str(folder)]))
    cluster = start_cluster()
    cluster.worker(environments.make("notebook", "six==1.16.0"), "w", wait=False)
    kernel = start_kernel(spec.argv, cwd=root, spec_env=spec.env)
    cluster.ready()
    shown = kernel.run(f"%mlenv cluster check {cluster.address}")
    assert "six: 1.17.0 is locked, 1.16.0 is installed" in shown.text
    done = kernel.run(BRING.format(address=cluster.address))
    assert "brought {'1.17.0'}" in done.text, done
    assert "1 worker: 1 in-step" in kernel.run(f"%mlenv cluster check {cluster.address}").text
