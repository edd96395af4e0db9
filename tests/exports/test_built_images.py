"""The written Dockerfiles, carried out step by step without Docker: what comes of them is in step with the lock."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from uv import find_uv_bin

from exports.bare_images import BareImages, Built
from mlenv.exports.deployment import Wish
from mlenv.exports.docker import dockerfile
from mlenv.services.context import Context, Options, silent
from mlenv.services.exporting.gather import deployment_of

Here = Callable[..., str]
Project = Callable[[str], Path]

CHECK = {"argv": ["/opt/mlenv/bin/mlenv", "check", "--strict"], "mlenv": True}
LOOK = """
import os, sys, humanize
print(sys.prefix, os.path.realpath(sys.prefix).rpartition('/')[0], sys.version_info[:3], os.getuid(), humanize.__version__)
print(os.path.exists('/opt/mlenv'), os.path.exists('.env'), os.access(humanize.__file__, os.W_OK), os.access('.', os.W_OK))
print(os.path.exists(humanize.__cached__), os.path.exists('ada.ipynb'), os.environ['HOME'])
"""
KERNEL = """
import json, sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name='classroom')
said = []
code = "import sys, humanize; print(sys.prefix, humanize.__version__); from IPython import get_ipython"
code += "; get_ipython().run_line_magic('mlenv', 'check')"
client.execute_interactive(code, output_hook=lambda m: said.append(m['content']), timeout=60)
manager.shutdown_kernel(now=True)
print(json.dumps(said))
"""
LAB = """
import json, os, subprocess, sys, time, urllib.request
command, probe = json.loads(sys.argv[1]), json.loads(sys.argv[2])
server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
for _ in range(120):
    if subprocess.run(probe, capture_output=True).returncode == 0:
        break
    time.sleep(0.25)
address = 'http://127.0.0.1:%s/api/kernelspecs' % os.environ['JUPYTER_PORT']
ask = urllib.request.Request(address, headers={'Authorization': 'token sesame-open'})
print(json.dumps(sorted(json.load(urllib.request.urlopen(ask))['kernelspecs'])))
try:
    urllib.request.urlopen(address)
except OSError as error:
    print(error.code)
server.terminate()
print(server.wait(20))
"""


def test_the_image_is_in_step_with_its_lock_and_layers_last(images: BareImages, project: Project, here: Here) -> None:
    folder = project("classroom")
    (folder / ".env").write_text("TOKEN=sesame\n")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "junk").write_text("of this machine")
    here(folder, "export", "docker", "--python", "3.12.1")
    built = images.build(folder, proofs=[{"argv": ["python", "-c", LOOK]}, CHECK])
    assert not built.failed, built.said
    look, check = built.proofs
    assert look["out"].splitlines() == [
        "/app/.venv /app/.mlenv/envs (3, 12, 1) 10001 4.9.0",
        "False False False True",
        "True True /home/app",
    ], look
    assert built.output("mlenv sync").splitlines() == [
        "synced .venv: + humanize 4.9.0",
        "in step with requirements.txt: 1 package",
        "in-step: 1 package of requirements.txt, installed as locked",
    ]
    assert check["code"] == 0, check
    assert "in-step: 1 package of requirements.txt" in check["out"]
    _in_step_only_says_so_after_measuring(images, folder)
    (folder / "train.py").write_text("import humanize; print(humanize.naturalsize(1000))\n")
    again = images.build(folder, proofs=[{"argv": ["python", "train.py"]}])
    assert (again.how("mlenv sync"), again.how("COPY . ./")) == ("cached", "done")
    assert again.proofs[0]["out"] == "1.0 kB\n", again.proofs


def _in_step_only_says_so_after_measuring(images: BareImages, folder: Path) -> None:
    spoil = ["sh", "-c", "rm -r .venv/lib/python3.12/site-packages/humanize && /opt/mlenv/bin/mlenv check --strict"]
    built = images.build(folder, proofs=[{"argv": spoil, "mlenv": True, "user": "0:0"}])
    assert built.proofs[0]["code"] == 1, built.proofs


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("requirements.txt", "sha256:582a", "sha256:0000", "ash"),
        ("requirements.in", "humanize", "humanize!=4.9.0", "requirements.in"),
        ("requirements.txt", "4.9.0", "4.9.1", ""),
    ],
)
def test_a_lock_that_drifted_after_the_export_stops_the_build(
    name: str, old: str, new: str, said: str, images: BareImages, project: Project, here: Here
) -> None:
    folder = project("classroom")
    here(folder, "export", "docker", "--python", "3.12.1")
    text = (folder / name).read_text()
    if name == "requirements.txt" and "sha" in old:
        text = text.replace("sha256:ce28", "sha256:1111")
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    built = images.build(folder)
    assert "mlenv sync" in built.failed, built
    assert said in built.said
    assert "Traceback" not in built.said


@pytest.fixture
def git_address(tmp_path: Path) -> Iterator[str]:
    """A repository with one package, served on loopback."""
    source = tmp_path / "gitty"
    (source / "gitty").mkdir(parents=True)
    (source / "gitty" / "__init__.py").write_text('"""From git."""\n\n__version__ = "0.1"\nWHERE = "git"\n')
    (source / "pyproject.toml").write_text(_MANIFEST.format(name="gitty", more=""))
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x"], ["tag", "v1"], ["update-server-info"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    handler = partial(_Quiet, directory=str(source / ".git"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Say nothing."""


_MANIFEST = """\
[project]
name = "{name}"
version = "0.1"
description = "A package"
requires-python = ">=3.9"
{more}
[build-system]
requires = ["flit_core>=3,<4"]
build-backend = "flit_core.buildapi"
"""


def test_own_sources_a_git_source_and_a_python_older_than_mlenv(
    images: BareImages, git_address: str, tmp_path: Path, mlenv_home: Path, here: Here
) -> None:
    folder = tmp_path / "project"
    (folder / "owny").mkdir(parents=True)
    (folder / "owny" / "__init__.py").write_text('"""Own."""\n\nfrom gitty import WHERE\n')
    more = 'dependencies = ["six", "gitty"]\n[tool.uv.sources]\n'
    more += f'gitty = {{ git = "{git_address}", tag = "v1" }}\n'
    (folder / "pyproject.toml").write_text(_MANIFEST.format(name="owny", more=more))
    (folder / ".git").mkdir()
    subprocess.run([find_uv_bin(), "lock", "--quiet"], cwd=folder, check=True)
    here(folder, "export", "docker", "--python", "3.9.18")
    look = "import owny, gitty, six, sys, os, shutil; print(owny.WHERE, owny.__file__, sys.version_info[:2],"
    look += " os.path.realpath(sys.executable), shutil.which('git'), os.path.exists('/usr/bin/python3'))"
    built = images.build(folder, proofs=[{"argv": ["python", "-c", look]}])
    assert not built.failed, built.said
    expected = "git /app/owny/__init__.py (3, 9) /usr/local/bin/python3.9 None False\n"
    assert built.proofs[0]["out"] == expected, built.proofs


def test_a_fetched_python_comes_along_and_the_distributions_does_not(
    images: BareImages, project: Project, python: Callable[[str], str]
) -> None:
    folder = project("classroom")
    _, found = deployment_of(Context(cwd=folder, report=silent, options=Options(python="3.12.1")))
    text = dockerfile(replace(found, cuda="12.8"), Wish())
    (folder / "Dockerfile").write_text(text)
    (folder / "Dockerfile.dockerignore").write_text("")
    look = "import humanize, sys, os; print(os.path.realpath(sys.executable), os.path.exists('/usr/bin/python3'))"
    prefix = str(Path(python("3.12")).parents[1])
    built = images.build(folder, proofs=[{"argv": ["python", "-c", look]}], fetched=prefix)
    assert not built.failed, built.said
    assert built.proofs[0]["out"] == "/opt/python/cpython-3.12.1-linux-x86_64-gnu/bin/python3.12 False\n", built.proofs


@pytest.fixture
def jupyter(images: BareImages, project: Project, here: Here) -> tuple[Path, Callable[..., Built]]:
    """The classroom's image with JupyterLab."""
    folder = project("classroom")
    here(folder, "export", "docker", "--jupyter", "--python", "3.12.1")
    return folder, partial(images.build, folder)


def test_the_kernel_and_jupyterlab_start_in_the_image(jupyter: tuple[Path, Callable[..., Built]]) -> None:
    folder, build = jupyter
    built = build(proofs=[{"argv": ["/opt/mlenv/bin/python", "-c", KERNEL]}])
    assert not built.failed, built.said
    kernel = built.proofs[0]
    assert kernel["code"] == 0, kernel
    assert not re.search(r"(?mi)^(note|warning)\b", built.output("mlenv create")), built.output("mlenv create")
    assert "/app/.venv 4.9.0" in kernel["out"]
    assert "in step" in kernel["out"].lower().replace("in-step", "in step")
    line = next(line for line in (folder / "Dockerfile").read_text().splitlines() if line.startswith("HEALTHCHECK"))
    probe = line.partition(" CMD ")[2]
    start = {
        "argv": ["/opt/mlenv/bin/python", "-c", LAB, json.dumps(built.command), probe],
        "env": {"JUPYTER_TOKEN": "sesame-open", "JUPYTER_PORT": "18888"},
    }
    lab = build(proofs=[start]).proofs[0]
    assert lab["code"] == 0, lab
    names, refused, status = lab["out"].splitlines()
    assert "classroom" in json.loads(names)
    assert (refused, status) == ("403", "0")


def test_nothing_of_all_this_is_left_on_the_machine(images: BareImages) -> None:
    assert images.process.poll() is None
    rows = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    assert not [row[1] for row in rows if row[1].startswith(str(images.work))]
    assert list(images.work.iterdir()) == []
    assert ":10001:" not in Path("/etc/passwd").read_text()
    assert not Path("/apt.log").exists()
