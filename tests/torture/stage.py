"""Where campaigns play: wheels fetched once, a loopback index over them, runtimes made once, a fresh home per trial."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torture.index import Index, serving
from torture.wholeness import judge, kernel_faults, project_faults

__all__ = ["PACKAGES", "UPGRADES", "Done", "Stage", "World", "open_stage"]

PACKAGES = ("attrs==24.2.0", "humanize==4.9.0", "idna==3.6", "jinja2==3.1.4", "networkx==3.3", "six==1.16.0")
"""What a trial installs: small packages, one with a thousand files so that a kill has something to tear."""
UPGRADES = ("attrs==25.3.0", "humanize==4.10.0", "idna==3.7", "jinja2==3.1.5", "networkx==3.4.2", "six==1.17.0")
"""The same at newer versions: what an upgrade goes to."""


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all trials share; nothing in it is changed by a trial."""

    folder: Path
    wheels: Path
    data: Path
    """mlenv's data folder (``MLENV_DATA_DIR``), with the runtime of this Python made."""
    uv_cache: Path
    index: Index
    python: str
    """The base interpreter of the environments."""

    def world(self, folder: Path) -> World:
        """Make a home and an empty project folder of its own below a folder."""
        world = World(stage=self, folder=folder)
        world.home.mkdir(parents=True, exist_ok=True)
        world.root.mkdir(parents=True, exist_ok=True)
        return world


@dataclass(frozen=True, kw_only=True)
class World:
    """One home with one project."""

    stage: Stage
    folder: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of this world alone."""
    project: str = "demo"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def root(self) -> Path:
        return self.folder / self.project

    @property
    def link(self) -> Path:
        return self.root / ".venv"

    @property
    def env(self) -> dict[str, str]:
        """The environment of every program here: nothing of this machine's but PATH, no index but the loopback's."""
        home = str(self.home)
        return {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "JUPYTER_DATA_DIR": f"{home}/jupyter",
            "JUPYTER_CONFIG_DIR": f"{home}/jupyter-config",
            "JUPYTER_RUNTIME_DIR": f"{home}/jupyter-runtime",
            "IPYTHONDIR": f"{home}/ipython",
            "MLENV_DATA_DIR": str(self.stage.data),
            "MLENV_CACHE_DIR": f"{home}/mlenv-cache",
            "UV_CACHE_DIR": str(self.stage.uv_cache),
            "UV_DEFAULT_INDEX": self.stage.index.url,
            "UV_PYTHON_DOWNLOADS": "never",
            "PIP_INDEX_URL": self.stage.index.url,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **self.extra,
        }

    def start(
        self, argv: Sequence[str], *, before: Sequence[str] = (), cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a program in a session of its own, so that its whole group can be killed."""
        return subprocess.Popen(
            [*before, *argv],
            cwd=cwd or self.root,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def run(
        self, argv: Sequence[str], *, before: Sequence[str] = (), cwd: Path | None = None, timeout_s: float = 120
    ) -> Done:
        """Run a program to its end; one that takes too long is killed with its group and ends with code -9."""
        began = time.monotonic()
        process = self.start(argv, before=before, cwd=cwd)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            kill_group(process)
            out, err = process.communicate()
            err += f"\nkilled after {timeout_s} s"
        return Done(process.returncode, out, err, time.monotonic() - began)

    def mlenv(self, *words: str, **options: object) -> Done:
        """Run ``mlenv ...`` in the project."""
        return self.run(self.mlenv_argv(*words), **options)  # type: ignore[arg-type]

    def mlenv_argv(self, *words: str) -> list[str]:
        """Return the command line of ``mlenv ...``: a verb gets this stage's Python where it makes an environment."""
        return [sys.executable, "-m", "mlenv", *words]

    def faults(self) -> list[str]:
        """Return what is not whole here: the environment (none at all is no fault), project files, kernels."""
        judged = judge(self.link)
        found = [str(judged)] if judged.state == "damaged" else []
        kernels = self.home / "jupyter" / "kernels"
        return [*found, *project_faults(self.root), *(kernel_faults(kernels) if kernels.is_dir() else ())]

    def verdict(self) -> str:
        """Return the verdict of ``mlenv check``, or the error's code."""
        done = self.mlenv("check", "--json")
        try:
            answer = json.loads(done.out)
        except ValueError:
            return f"no answer: {done.text[-300:]}"
        return str(answer.get("verdict") or answer["error"]["code"])


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill a program and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def open_stage(folder: Path, *, data: Path | None = None) -> Iterator[Stage]:
    """Set the stage in a folder (kept between runs: the second time takes a second), and serve its index.

    ``data`` is a data folder of mlenv with runtimes in it, where there is one already.
    """
    wheels = folder / "wheels"
    _fetch(wheels)
    port_file = folder / "port"
    # The same port again: uv's cache belongs to an address.
    port = int(port_file.read_text()) if port_file.is_file() else 0
    with _serving(wheels, port) as index:
        port_file.write_text(index.url.split(":")[2].split("/")[0])
        stage = Stage(
            folder=folder,
            wheels=wheels,
            data=data or folder / "data",
            uv_cache=folder / "uv-cache",
            index=index,
            python=os.path.realpath(sys.executable),
        )
        _rehearse(stage)
        yield stage


@contextlib.contextmanager
def _serving(wheels: Path, port: int) -> Iterator[Index]:
    try:
        server = serving(wheels, port)
        index = server.__enter__()
    except OSError:  # somebody else has the port now
        server = serving(wheels)
        index = server.__enter__()
    try:
        yield index
    finally:
        server.__exit__(None, None, None)


def _fetch(wheels: Path) -> None:
    """Download what trials install (from the real index), and pip, which environments are seeded with."""
    if (wheels / "complete").is_file():
        return
    wheels.mkdir(parents=True, exist_ok=True)
    for wanted in (PACKAGES, UPGRADES, ("pip", "ipykernel", "ipywidgets")):
        argv = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--dest", str(wheels)]
        done = subprocess.run([*argv, *wanted], capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f"the stage cannot be set: what is installed on it cannot be fetched\n{done.stderr}")
    (wheels / "complete").touch()


def _rehearse(stage: Stage) -> None:
    """Play the main job once: caches are warm and the runtime is made before anything is timed or killed."""
    place = stage.folder / "rehearsal"
    shutil.rmtree(place, ignore_errors=True)
    for packages in (PACKAGES, UPGRADES):
        world = stage.world(place / str(len(packages[0])))
        done = world.mlenv("create", *packages, timeout_s=600)
        if done.code != 0:
            raise RuntimeError(f"the stage cannot be set: mlenv create failed\n{done.text}")
    shutil.rmtree(place)
