"""``binder``: repo2docker itself picks pack and Python; ``postBuild`` is run where a build would run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from exports.conftest import Lint
from exports.job_runner import cloned, commit
from mlenv.exports.binder import BINDER
from mlenv.exports.deployment import Deployment, Wish
from pythons_here import discover

Here = Callable[..., str]
PICKED = """
import json, os, sys
from repo2docker.app import Repo2Docker

made = []
for folder in sys.argv[1:]:
    os.chdir(folder)
    packs = (pack(base_image="docker.io/library/buildpack-deps:jammy") for pack in Repo2Docker().buildpacks)
    one = next(pack for pack in packs if pack.detect())
    one.platform = "linux/amd64"
    made.append([type(one).__name__, one.python_version, one.render()])
print(json.dumps(made))
"""
SERVED = """
import asyncio, json
from jupyter_server.serverapp import ServerApp

app = ServerApp.instance()
app.initialize(argv=["--no-browser", "--allow-root"], new_httpserver=False)


async def main():
    own = app.kernel_manager
    number = await own.start_kernel()
    said = []
    try:
        client = own.get_kernel(number).client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        code = "import sys, humanize; print(sys.prefix, humanize.__version__)"
        keep = lambda message: said.append(message["content"].get("text", ""))
        await client.execute_interactive(code, output_hook=keep, timeout=60)
        client.stop_channels()
    finally:
        await own.shutdown_kernel(number, now=True)
    return "".join(said)


names = sorted(app.kernel_spec_manager.get_all_specs())
print(json.dumps([names, app.kernel_manager.default_kernel_name, asyncio.run(main())]))
"""


def test_repo2docker_picks_the_wished_pack_and_python_and_again_without_a_difference(
    real_projects: Mapping[str, Path], here: Here, lint: Lint, tmp_path: Path
) -> None:
    repositories = []
    for name, project in real_projects.items():
        root = Path(shutil.copytree(project, tmp_path / name))
        here(root, "export", "binder", "--python", "3.11")
        files = {path.name: path.read_text() for path in (root / "binder").iterdir()}
        assert sorted(files) == ["postBuild", "runtime.txt"]
        assert os.access(root / "binder" / "postBuild", os.X_OK)
        assert "up to date" in here(root, "export", "binder", "--python", "3.11")
        assert {path.name: path.read_text() for path in (root / "binder").iterdir()} == files
        assert "sesame-open" not in "".join(files.values())
        assert str(root) not in "".join(files.values())
        repositories.append(root)
    lint("shellcheck", *(root / "binder" / "postBuild" for root in repositories))
    picked = json.loads(lint("python", "-c", PICKED, *repositories).stdout.splitlines()[-1])
    for root, (pack, python, dockerfile) in zip(repositories, picked, strict=True):
        conda = (root / "conda-lock.yml").exists()
        assert (pack, python) == ("PythonBuildPack", "3.12" if conda else "3.11")
        assert "RUN ./binder/postBuild" in dockerfile
        assert "-r requirements.txt" not in dockerfile


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What repo2docker's base has: an environment with JupyterLab and pip, without mlenv."""
    prefix = tmp_path_factory.mktemp("srv") / "notebook"
    uv, python = str(find_uv_bin()), str(prefix / "bin" / "python")
    subprocess.run([uv, "venv", "--quiet", "--seed", "--python", discover()["3.11"], str(prefix)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "jupyterlab==4.*", "ipykernel"], check=True)
    return prefix


def test_the_build_makes_the_environment_and_every_notebook_opens_in_it(
    examples: Mapping[str, Path], here: Here, tmp_path: Path, image: Path, runner: Mapping[str, str]
) -> None:
    repository = Path(shutil.copytree(examples["classroom"], tmp_path / "repository"))
    here(repository, "export", "binder", "--python", "3.11")
    commit(repository)
    home = cloned(repository, tmp_path / "jovyan")  # repo2docker puts the repository into the home
    kept = {name: text for name, text in runner.items() if not name.startswith(("JUPYTER_", "IPYTHON", "MLENV_CACHE"))}
    path = os.pathsep.join([str(image / "bin"), "/usr/bin", "/bin"])
    env = {**kept, "HOME": str(home), "NB_PYTHON_PREFIX": str(image), "REPO_DIR": str(home), "PATH": path}
    env["CONDA_DEFAULT_ENV"] = str(image)

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(argv, cwd=home, env=env, capture_output=True, text=True, timeout=300)

    built = run("./binder/postBuild")
    assert built.returncode == 0, built.stdout + built.stderr
    assert "in-step" in built.stdout
    served = run(str(image / "bin" / "python"), "-c", SERVED)
    assert served.returncode == 0, served.stdout + served.stderr
    names, default, said = json.loads(served.stdout.splitlines()[-1])
    assert (names, default) == (["mlenv"], "mlenv")
    assert said == f"{home / '.venv'} 4.9.0\n"
    manifest = home / "requirements.in"
    manifest.write_text(manifest.read_text().replace("4.9.0", "4.8.0"))
    again = run("./binder/postBuild")
    assert again.returncode != 0
    assert "requirements.in asks for humanize==4.8.0" in again.stdout + again.stderr


@pytest.mark.parametrize(
    ("more", "python", "words"),
    [
        ({"python": "3.13.1"}, "3.13", "--python 3.13"),
        ({"python": "3.9.7"}, "3.12", "--python 3.9 --fetch-python"),
        ({"kind": "conda-lock", "lock": "conda-lock.yml"}, "3.12", "--frozen"),
    ],
)
def test_mlenv_runs_in_a_python_that_repo2docker_has(more: dict[str, Any], python: str, words: str) -> None:
    post_build, runtime = BINDER.files(sample(**more), Wish())
    assert runtime.text == f"python-{python}\n"
    assert f"{words}\n" in post_build.text
    assert ("mlenv[conda,lab]==" if "kind" in more else "mlenv[lab]==") in post_build.text


def test_a_project_below_the_top_and_an_index_that_wants_credentials(tmp_path: Path, lint: Lint) -> None:
    deployment = sample(
        below="sub/it's one/", credentials=("UV_INDEX_X_PASSWORD",), repository="https://github.com/a/b"
    )
    post_build, _ = BINDER.files(deployment, Wish())
    (tmp_path / "postBuild").write_text(post_build.text)
    lint("shellcheck", tmp_path / "postBuild")
    assert "cd 'sub/it'\"'\"'s one'\n" in post_build.text
    assert "UV_INDEX_X_PASSWORD" in post_build.text
    assert "https://mybinder.org/v2/gh/a/b/HEAD" in BINDER.follow(deployment, Wish())


def sample(**more: Any) -> Deployment:
    base = {"name": "demo", "lock": "uv.lock", "kind": "uv", "python": "3.12.4", "mlenv": "mlenv==1"}
    return Deployment(**{**base, **more})
