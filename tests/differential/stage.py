"""Where the comparison plays: wheels fetched once, a loopback index over them, each tool in an environment of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from torture.index import Index, serving

T = TypeVar("T")
__all__ = ["INSTALLED", "Done", "NotRun", "Stage", "World", "open_stage", "place", "uv_path"]

PACKAGES = (
    "attrs==24.2.0", "attrs==25.3.0", "click==8.1.7", "colorama==0.4.6", "flit-core==3.9.0", "humanize==4.9.0",
    "humanize==4.10.0", "idna==3.6", "idna==3.7", "idna==3.10", "iniconfig==2.0.0", "iniconfig==2.1.0",
    "ipykernel==6.29.5", "pip==25.0", "pluggy==1.5.0", "python-dateutil==2.9.0.post0", "setuptools==75.8.0", "six==1.15.0",
    "six==1.16.0", "six==1.17.0", "tomli==2.0.1", "toolz==0.12.1", "toolz==1.0.0", "wheel==0.43.0",
    "wheel==0.45.1",
)  # fmt: skip
"""All that the projects can install: small, pure, in several versions."""
_NO_NETWORK = re.compile("dns|name resolution|network is unreachable|connection|timed out|offline", re.IGNORECASE)
INSTALLED = {
    "hatch": ("hatch",),
    "pdm": ("pdm[locked]",),
    "pip": ("pip>=25.1",),
    "pip-tools": ("pip-tools", "pip<26"),
    "pipenv": ("pipenv",),
    "poetry": ("poetry>=2.1",),
    "poetry-1": ("poetry<2",),
}
"""Tool -> what is installed for it. uv is the one that mlenv uses."""


class NotRun(Exception):
    """What keeps a tool from being asked here."""

    @property
    def no_network(self) -> bool:
        """Whether it is that nothing can be fetched here at all."""
        return bool(_NO_NETWORK.search(str(self)))


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all comparisons share."""

    folder: Path
    """What stays between runs: wheels, tools, caches."""
    work: Path
    """Projects of this run alone."""
    index: Index
    python: str
    """The base interpreter of the environments."""
    other_python: str
    """One of another minor version; empty where there is none."""

    @property
    def wheels(self) -> Path:
        return self.folder / "wheels"

    def wheel(self, name: str, version: str) -> Path:
        """Return the file of a wheel."""
        return next(self.wheels.glob(f"{name.replace('-', '_')}-{version}-*.whl"))

    def tool(self, name: str) -> Path:
        """Return the folder of a tool's programs, installing it the first time.

        Raises:
            NotRun: where it cannot be installed.
        """
        bin_folder = self.folder / "tools" / name / ("Scripts" if os.name == "nt" else "bin")
        ready = bin_folder.parent / "ready"
        if ready.is_file():
            return bin_folder
        shutil.rmtree(bin_folder.parent, ignore_errors=True)
        _host_uv("venv", "--quiet", "--python", self.python, str(bin_folder.parent))
        done = _host_uv("pip", "install", "--quiet", "--python", str(bin_folder / "python"), *INSTALLED[name], "pip")
        if done.returncode:
            raise NotRun(f"{name} cannot be installed: {done.stderr.strip()[-300:]}")
        ready.touch()
        return bin_folder

    def world(self, name: str) -> World:
        """Return the world of one setup, its folder empty."""
        world = World(stage=self, folder=self.work / name)
        shutil.rmtree(world.folder, ignore_errors=True)
        world.root.mkdir(parents=True)
        return world


@dataclass(frozen=True, kw_only=True)
class World:
    """One project that is made once and broken often."""

    stage: Stage
    folder: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    answers: dict[tuple[object, ...], object] = field(default_factory=dict)
    """Answers that hang on files alone, see :meth:`once`."""

    @property
    def root(self) -> Path:
        return self.folder / "demo"

    @property
    def python(self) -> str:
        """The interpreter of the project's environment."""
        return str(self.root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))

    @property
    def env(self) -> dict[str, str]:
        """The environment of every program here: nothing of this machine's but PATH, no index but the loopback's."""
        home = self.stage.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.pathsep.join((os.path.dirname(self.stage.python), "/usr/bin", "/bin")),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "MLENV_DATA_DIR": str(home / "mlenv-data"),
            "MLENV_CACHE_DIR": str(home / "mlenv-cache"),
            "UV_CACHE_DIR": str(self.stage.folder / "uv-cache"),
            "UV_DEFAULT_INDEX": self.stage.index.url,
            "UV_PYTHON_DOWNLOADS": "never",
            "PIP_INDEX_URL": self.stage.index.url,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "COLUMNS": "200",
            **self.extra,
        }

    def run(self, *argv: str, ok: bool = False, timeout_s: float = 180) -> Done:
        """Run a program in the project's folder; with ``ok`` it must end well."""
        done = subprocess.run(
            argv, cwd=self.root, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=timeout_s,
        )  # fmt: skip
        answer = Done(argv, done.returncode, done.stdout, done.stderr)
        if ok and done.returncode:
            raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}\n{answer.text}")
        return answer

    def uv(self, *words: str, ok: bool = False) -> Done:
        """Run uv in the project."""
        return self.run(uv_path(), *words, ok=ok)

    def pip(self, *words: str) -> None:
        """Change the project's environment behind every tool's back: ``uv pip <words>``."""
        self.uv("pip", words[0], "--quiet", "--python", self.python, *words[1:], ok=True)

    def mlenv(self, *words: str) -> Done:
        """Run ``mlenv ...`` in the project."""
        return self.run(sys.executable, "-m", "mlenv", *words)

    def once(self, ask: Callable[[], T], *files: str) -> T:
        """Return what a tool says of these files alone; asked again only where one of them has changed."""
        paths = [self.root / name for name in files]
        known = (ask.__qualname__, *(path.read_bytes() if path.is_file() else None for path in paths))
        if known not in self.answers:
            self.answers[known] = ask()
        return cast("T", self.answers[known])

    def keep(self) -> None:
        """Remember the project as it is now."""
        shutil.rmtree(self.folder / "kept", ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.root), str(self.folder / "kept")], check=True)

    def restore(self) -> None:
        """Put the project back as it was when it was kept, at the same place.

        What has not changed is not touched: uv builds a local package anew when a file of it is newer.
        """
        kept = self.folder / "kept"
        # mlenv's environment is a link into its own folder.
        subprocess.run(["rm", "-rf", str(self.root / ".venv"), str(self.root / ".mlenv")], check=True)
        subprocess.run(["cp", "-a", str(kept / ".venv"), str(self.root / ".venv")], check=True)
        before, now = _files(kept), _files(self.root)
        for name in now - before:
            (self.root / name).unlink()
        for name in before:
            if name not in now or (self.root / name).read_bytes() != (kept / name).read_bytes():
                shutil.copy2(kept / name, self.root / name)


def _files(root: Path) -> set[str]:
    """Return the files of a project, its environment aside."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.parts[0] != ".venv"}


def place() -> Path:
    """Return the folder of the stage on this machine."""
    kept = os.environ.get("MLENV_DIFFERENTIAL_DIR")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(kept) if kept else cache / "mlenv-tests" / "differential"


def uv_path() -> str:
    """Return the uv that mlenv uses."""
    from uv import find_uv_bin

    return str(find_uv_bin())


def _host_uv(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([uv_path(), *words], capture_output=True, text=True, timeout=900)


@contextlib.contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """Set the stage in a folder that stays (the second time takes a second), and serve its index.

    Raises:
        NotRun: where the packages cannot be fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _fetch(folder / "wheels")
    port_file = folder / "port"
    # The same port again: the caches of all these tools belong to an address.
    port = int(port_file.read_text()) if port_file.is_file() else 0
    with contextlib.ExitStack() as stack:
        try:
            index = stack.enter_context(serving(folder / "wheels", port))
        except OSError:  # somebody else has the port now
            index = stack.enter_context(serving(folder / "wheels"))
        port_file.write_text(index.url.split(":")[2].split("/")[0])
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="work-", dir=folder)))
        yield Stage(
            folder=folder,
            work=work,
            index=index,
            python=os.path.realpath(sys.executable),
            other_python=_other_python(),
        )


def _fetch(wheels: Path) -> None:
    """Download what the projects install, from the real index."""
    ready = wheels / f"complete-{len(PACKAGES)}"
    if ready.is_file():
        return
    wheels.mkdir(parents=True, exist_ok=True)
    options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(wheels))
    began = time.monotonic()
    for batch in _batches(PACKAGES):
        argv = [sys.executable, "-m", "pip", "download", *options, *batch]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise NotRun(f"the packages cannot be fetched: {done.stderr.strip()[-300:]}")
    print(f"== fetched {len(PACKAGES)} wheels in {time.monotonic() - began:.0f} s")
    ready.touch()


def _batches(packages: Sequence[str]) -> list[list[str]]:
    """Return lists that name each package once: pip takes one version of it at a time."""
    batches: list[list[str]] = []
    for package in packages:
        name = package.partition("==")[0]
        for batch in batches:
            if not any(other.startswith(f"{name}==") for other in batch):
                batch.append(package)
                break
        else:
            batches.append([package])
    return batches


def _other_python() -> str:
    """Return an interpreter of another minor version than the base one, the newest that is here."""
    own = sys.version_info[:2]
    roots = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions"), Path("/usr/bin")]
    for minor in (12, 13, 11, 14, 10):
        if (3, minor) == own:
            continue
        for path in (*roots[0].glob(f"3.{minor}.*/bin/python"), roots[1] / f"python3.{minor}"):
            code = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                said = subprocess.run([str(path), "-I", "-c", code], capture_output=True, text=True, timeout=20)
                if re.fullmatch(rf"3\.{minor}", said.stdout.strip()):
                    return os.path.realpath(path)
    return ""
