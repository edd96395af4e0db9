"""SageMaker, Vertex, Kaggle: every file by the platform's own checks, and the scripts run as these machines run them."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from uv import find_uv_bin

from exports.conftest import Lint
from exports.locked_projects import CHECKOUT, EXAMPLES, LOCKS
from mlenv.verbs import VERBS

KINDS = ("sagemaker", "vertex", "kaggle")
FORMATS = ("requirements.txt", "pylock.toml", "environment.yml")
TOOLS = ("botocore==1.*", "kaggle==2.*", "jsonschema", "pyyaml")
GOOGLE = "google-api-python-client==2.*"
"""Only its documents are read: the descriptions of Google's APIs."""
LIMIT_S = 240
EXPORT = f"""
import os, sys
from mlenv.faces.cli import main
for folder in sys.argv[1:]:
    os.chdir(folder)
    for kind in {KINDS}:
        assert main(["export", kind, "--force"]) == 0, (folder, kind)
"""
HERE = Path(__file__).resolve().parent

Run = Callable[..., str]


@pytest.fixture(scope="module")
def exported(
    examples: Mapping[str, Path], outside: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    """Copies of the examples, and of locks of other tools, with the files of every kind."""
    root = tmp_path_factory.mktemp("clouds")
    made = {}
    for name in (*EXAMPLES, *LOCKS):
        source = examples.get(name) or CHECKOUT / "tests" / "data" / "locks" / name
        made[name] = Path(shutil.copytree(source, root / name.replace("/", "-")))
        (made[name] / ".git").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, *map(str, made.values())], env=dict(outside), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that has the clouds' own programs."""
    folder = tmp_path_factory.mktemp("cloud-tools") / "venv"
    uv = str(find_uv_bin())
    python = str(folder / "bin" / "python")
    subprocess.run([uv, "venv", "--quiet", str(folder)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *TOOLS], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "--no-deps", GOOGLE], check=True)
    return python


def test_every_example_by_the_platforms_own_checks(exported: Mapping[str, Path], lint: Lint, clouds: str) -> None:
    folders = list(exported.values())
    scripts = [folder / path for folder in folders for path in (
        "sagemaker/on-create.sh", "sagemaker/on-start.sh", "vertex/post-startup.sh"
    )]  # fmt: skip
    lint("shellcheck", *scripts)
    lint("hadolint", *(folder / kind / "Dockerfile" for folder in folders for kind in ("sagemaker", "vertex")))
    done = subprocess.run([clouds, HERE / "cloud_checks.py", *folders], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.count("sagemaker ok, vertex ok, kaggle ok") == len(folders)


def test_the_checks_find_what_is_wrong(exported: Mapping[str, Path], clouds: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported["classroom"], tmp_path / "classroom"))
    for path, old, new in (
        ("sagemaker/app-image-config-input.json", '"DefaultUid": 1000', '"DefaultUid": "me"'),
        ("vertex/custom-job.yaml", "replicaCount", "replicas"),
        ("kaggle/kernel-metadata.json", '"notebook"', '"book"'),
    ):
        text = (folder / path).read_text()
        (folder / path).write_text(text.replace(old, new))
        done = subprocess.run([clouds, HERE / "cloud_checks.py", folder], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, path
        (folder / path).write_text(text)


def test_again_nothing_changes_and_nothing_is_of_this_machine(exported: Mapping[str, Path], here: Run) -> None:
    for name, folder in exported.items():
        for kind in KINDS:
            assert "written" not in here(folder, "export", kind, "--force"), name
            files = [path for path in (folder / kind).rglob("*") if path.is_file()]
            assert len(files) >= 3 - (kind == "kaggle")
            for path in files:
                text = path.read_text()
                assert str(folder) not in text
                assert str(Path.home()) + "/" not in text
                assert str(CHECKOUT) not in text
                assert "latest" not in text


def test_every_example_in_every_format(exported: Mapping[str, Path], here: Run, tmp_path: Path) -> None:
    for name in EXAMPLES:
        for form in FORMATS:
            output = tmp_path / name.replace("/", "-") / form
            output.parent.mkdir(exist_ok=True)
            here(exported[name], "export", form, "--output", str(output))
            here(exported[name], "export", form, "--output", str(output), "--check")
            assert str(exported[name]) not in output.read_text()


@pytest.fixture
def machine(
    project: Callable[[str], Path], tmp_path: Path, wheel: Path, outside: Mapping[str, str]
) -> tuple[Path, dict[str, str]]:
    """A home as it is on such a machine, the project's files given by hand, and the variables of a start."""
    home = tmp_path / "home of a machine"
    home.mkdir()
    kept = {name: text for name, text in outside.items() if not name.startswith(("JUPYTER", "IPYTHON", "MLENV", "XDG"))}
    path = os.pathsep.join((str(Path(sys.base_prefix) / "bin"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"))
    own = {"HOME": str(home), "PATH": path, "PIP_FIND_LINKS": str(wheel.parent), "SETUP_USER": getpass.getuser()}
    return project("classroom"), {**kept, **own, "SETUP_HOME": str(home)}


def bash(script: Path, env: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(["bash", str(script), *words], env=dict(env), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def waited(log: Path, times: int, what: str = "in-step: ") -> str:
    """Return the log of what goes on behind the start, once it has said something so many times."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        text = log.read_text() if log.exists() else ""
        if text.count(what) >= times:
            return text
        time.sleep(0.2)
    raise AssertionError(log.read_text() if log.exists() else "there is no log")


def kernel_says(env: Mapping[str, str]) -> dict[str, object]:
    """Find the one kernel of a home as Jupyter does, start it, and ask it."""
    ask = [sys.executable, str(HERE / "ask_kernel.py")]
    done = subprocess.run(ask, env=dict(env), capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_the_scripts_make_environment_and_kernel_at_every_start(
    machine: tuple[Path, dict[str, str]], here: Run
) -> None:
    """A notebook instance first, then a Workbench instance, to which mlenv's own environment is lent: it takes longest."""
    project, env = machine
    home = Path(env["HOME"])
    for kind in ("sagemaker", "vertex"):
        here(project, "export", kind)
    bash(project / "sagemaker" / "on-create.sh", env)
    checkout = home / "SageMaker" / "classroom"
    store = home / "SageMaker" / ".mlenv"
    bash(project / "sagemaker" / "on-start.sh", env)  # before the project was put there: said, and no failure
    waited(store / "setup.log", 1, "put the project there")
    assert list(checkout.iterdir()) == []
    shutil.copytree(project, checkout, dirs_exist_ok=True)
    started = time.monotonic()
    bash(checkout / "sagemaker" / "on-start.sh", env)
    assert time.monotonic() - started < 5
    waited(store / "setup.log", 1)
    assert kernel_says(env) == {"kernels": 1, "verdict": "in-step", "prefix": str(checkout / ".venv")}
    # After a stop only ~/SageMaker is left, and the next start registers the kernel again.
    for path in home.iterdir():
        shutil.rmtree(path) if path.name != "SageMaker" else None
    bash(checkout / "sagemaker" / "on-start.sh", env)
    assert "as it was" in waited(store / "setup.log", 2)
    assert kernel_says(env)["verdict"] == "in-step"

    other = home / "workbench"
    env = {**env, "HOME": str(other), "SETUP_HOME": str(other)}
    shutil.copytree(project, other / "classroom")
    own = other / ".local" / "share" / "mlenv-setup"
    own.mkdir(parents=True)
    (own / "host").symlink_to(store / "host")
    for _ in range(2):
        assert "in-step: " in bash(other / "classroom" / "vertex" / "post-startup.sh", env)
        assert kernel_says(env) == {"kernels": 1, "verdict": "in-step", "prefix": str(other / "classroom" / ".venv")}


def test_kaggles_notebook_gives_words_that_the_verbs_take(exported: Mapping[str, Path]) -> None:
    for name, folder in exported.items():
        metadata = json.loads((folder / "kaggle" / "kernel-metadata.json").read_text())
        notebook = json.loads((folder / "kaggle" / metadata["code_file"]).read_text())
        line = "".join(notebook["cells"][0]["source"]).splitlines()[-1]
        words = shlex.split(line)
        assert words[:2] == ["%mlenv", "setup"], name
        options = {flag for verb in VERBS if verb.name == "setup" for flag in verb.options}
        assert {word for word in words if word.startswith("--")} <= options
        assert metadata["dataset_sources"] == [f"<username>/{metadata['id'].partition('/')[2]}-lock"]
