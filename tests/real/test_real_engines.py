"""The commands do what they say with the real uv and the real pip, and real failures are recognised."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from mlenv.engines import answers, pip, uv
from mlenv.engines.failure import Failure
from mlenv.engines.failures import parse_failure
from mlenv.engines.report import pylock_from_report
from mlenv.engines.requests import InstallRequest, ResolveRequest
from mlenv.model import Change, Command, Completed
from mlenv.probe import interpreters, site
from mlenv.process import run

pytestmark = [pytest.mark.real, pytest.mark.network, pytest.mark.usefixtures("mlenv_home")]

BIN = "Scripts" if sys.platform == "win32" else "bin"


@pytest.fixture
def engine(uv: str) -> object:
    return _uv(uv)


def _uv(path: str, **options: object) -> uv.Uv:
    version = uv.parse_version(run(uv.version(uv.Uv(path=path))).stdout)
    assert version is not None
    return uv.Uv(path=path, version=version, **options)


@pytest.fixture
def host_pip() -> pip.Pip:
    version = pip.parse_version(run(pip.version(pip.Pip(python=sys.executable))).stdout)
    if version is None:
        pytest.skip("not run: the Python of these tests has no pip")
    return pip.Pip(python=sys.executable, version=version)


def succeed(command: Command) -> Completed:
    done = run(command)
    assert done.code == 0, done.stderr
    return done


def held(prefix: Path) -> dict[str, str]:
    """What an environment holds, read from outside."""
    sites = site.environment_facts(str(prefix)).sites
    return {each.name: each.version for each in site.scan(sites).distributions}


def interpreter_of(prefix: Path) -> str:
    return str(prefix / BIN / "python")


def failure_of(tool: str, command: Command) -> Failure:
    done = run(command)
    assert done.code != 0
    return parse_failure(tool, done.stdout, done.stderr, done.code)


# --- uv ----------------------------------------------------------------------------------------------------------


def test_uv_makes_installs_asks_and_removes_in_the_named_environment_only(
    engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, prefix = make_venv(tmp_path / "other"), tmp_path / "with space" / "venv"
    monkeypatch.setenv("VIRTUAL_ENV", str(other))
    succeed(uv.make_environment(engine, interpreters.host().path, str(prefix)))
    assert held(prefix) == {}
    request = InstallRequest(prefix=str(prefix), text="six==1.16.0\n", dry_run=True)
    planned = answers.parse_changes(succeed(uv.install(engine, request)).stdout)
    assert planned == (Change(package="six", before=None, after="1.16.0"),)
    assert held(prefix) == {}
    succeed(uv.install(engine, InstallRequest(prefix=str(prefix), text="six==1.16.0\n")))
    assert held(prefix) == {"six": "1.16.0"}
    assert held(other) == {}
    (old,) = answers.parse_outdated(succeed(uv.list_outdated(engine, str(prefix))).stdout)
    assert (old.name, old.version) == ("six", "1.16.0")
    assert old.latest != "1.16.0"
    succeed(uv.uninstall(engine, str(prefix), ("six",)))
    assert held(prefix) == {}


def test_uvs_unmet_requirements_are_read(engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path]) -> None:
    prefix = make_venv(tmp_path / "venv")
    done = run(uv.pip_check(engine, str(prefix)))
    assert (done.code, answers.parse_pip_check(done.stdout, done.stderr)) == (0, ())
    succeed(uv.install(engine, InstallRequest(prefix=str(prefix), text="python-dateutil==2.9.0.post0\n")))
    done = run(uv.pip_check(engine, str(prefix)))
    assert done.code == 1
    assert answers.parse_pip_check(done.stdout, done.stderr) == (
        "python-dateutil needs six>=1.5, but it is not installed",
    )


def test_a_pylock_is_universal_keeps_its_pins_and_moves_only_what_is_upgraded(
    engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    lock = tmp_path / "pylock.toml"
    python = interpreters.host().path

    def resolve(text: str, **options: object) -> dict[str, str]:
        request = ResolveRequest(output=str(lock), python=python, lowest_python="3.9", text=text, **options)
        done = succeed(uv.compile_pylock(engine, request))
        assert done.stdout == ""
        parsed = Pylock.from_dict(tomllib.loads(lock.read_text(encoding="utf-8")))
        assert str(parsed.requires_python) == ">=3.9"
        return {str(package.name): str(package.version) for package in parsed.packages}

    assert resolve("six<1.17\ncolorama<0.4.6; sys_platform == 'win32'\n") == {"six": "1.16.0", "colorama": "0.4.5"}
    lock.write_text(lock.read_text() + "\n[tool.mlenv]\npackages = 2\n", encoding="utf-8")  # as mlenv seals it
    kept = resolve("six\ncolorama; sys_platform == 'win32'\nidna<3.8\n")
    assert kept == {"six": "1.16.0", "colorama": "0.4.5", "idna": "3.7"}
    moved = resolve("six\ncolorama; sys_platform == 'win32'\nidna\n", upgrade=("six",))
    assert moved["six"] != "1.16.0"
    assert (moved["colorama"], moved["idna"]) == ("0.4.5", "3.7")
    prefix = make_venv(tmp_path / "venv")
    done = succeed(uv.install(engine, InstallRequest(prefix=str(prefix), files=(str(lock),))))
    assert "experimental" not in done.stderr
    wanted = {name: version for name, version in moved.items() if name != "colorama" or sys.platform == "win32"}
    assert held(prefix) == wanted


def test_requirements_with_hashes_install_only_what_they_name(
    engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    lock, prefix = tmp_path / "requirements.txt", make_venv(tmp_path / "venv")
    (tmp_path / "requirements.in").write_text("python-dateutil==2.9.0.post0\n")
    request = ResolveRequest(
        output=str(lock), python=interpreters.host().path, files=("requirements.in",), cwd=str(tmp_path)
    )
    succeed(uv.compile_requirements(engine, request))
    assert "--hash=sha256:" in lock.read_text()
    install = InstallRequest(prefix=str(prefix), files=(str(lock),), require_hashes=True)
    succeed(uv.install(engine, install))
    assert set(held(prefix)) == {"python-dateutil", "six"}
    lock.write_text("six==1.16.0 --hash=sha256:" + "0" * 64 + "\n")
    failure = failure_of("uv", uv.install(engine, install))
    assert (failure.code, failure.package) == ("hash-mismatch", "six")


def test_a_project_is_locked_and_synced_into_the_named_environment(
    engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path], python: Callable[[str], str]
) -> None:
    root, prefix = tmp_path / "p", make_venv(tmp_path / "envs" / "one", "3.12")
    root.mkdir()
    (root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "0.1"\nrequires-python = ">=3.9"\ndependencies = ["six==1.16.0"]\n'
        '[project.optional-dependencies]\nmore = ["colorama"]\n[dependency-groups]\ndev = ["idna==3.7"]\n'
    )
    base = python("3.12")
    succeed(uv.lock_project(engine, str(root), base))
    assert run(uv.lock_project(engine, str(root), base, check=True)).code == 0
    assert not (root / ".venv").exists()
    # uv alone would replace the environment by one of this version.
    (root / ".python-version").write_text("3.13\n")
    request = {"root": str(root), "prefix": str(prefix), "python": interpreter_of(prefix)}
    planned = answers.parse_changes(succeed(uv.sync_project(engine, uv.SyncRequest(**request, dry_run=True))).stdout)
    assert [(change.package, change.after) for change in planned] == [("idna", "3.7"), ("six", "1.16.0")]
    succeed(uv.sync_project(engine, uv.SyncRequest(**request)))
    assert held(prefix) == {"six": "1.16.0", "idna": "3.7"}
    succeed(uv.sync_project(engine, uv.SyncRequest(**request, groups=(), extras=("more",))))
    assert set(held(prefix)) == {"six", "colorama"}
    assert str(site.environment_facts(str(prefix)).python).startswith("3.12.")
    assert not (root / ".venv").exists()


def test_offline_uv_says_what_is_not_cached(
    uv: str, tmp_path: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make_venv(tmp_path / "venv")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    command = _install(_uv(uv, offline=True), prefix, "six==1.16.0")
    failure = failure_of("uv", command)
    assert (failure.code, failure.package) == ("offline-not-cached", "six")


def _install(engine: uv.Uv, prefix: Path, text: str) -> Command:
    return uv.install(engine, InstallRequest(prefix=str(prefix), text=f"{text}\n", with_dependencies=True))


@pytest.mark.parametrize(
    ("text", "code", "package"),
    [
        ("mlenv-no-such-package-1234", "package-missing", "mlenv-no-such-package-1234"),
        ("six==99.0", "version-missing", "six"),
        ("requests==2.31.0\nurllib3==1.20", "conflict", "requests"),
        ("docopt==0.6.2", "no-wheel", "docopt"),
    ],
)
def test_what_uv_refuses_is_recognised(
    text: str, code: str, package: str, engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    failure = failure_of("uv", _install(engine, make_venv(tmp_path / "venv"), text))
    assert (failure.code, failure.package) == (code, package)
    assert package in failure.message


def test_an_index_that_does_not_answer_is_recognised(
    engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make_venv(tmp_path / "venv")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://me:t0ken@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    failure = failure_of("uv", _install(engine, prefix, "six==1.16.0"))
    assert failure.code == "index-unreachable"
    assert "t0ken" not in failure.message


# --- venv and pip ------------------------------------------------------------------------------------------------


def test_venv_and_pip_make_seed_and_install(host_pip: pip.Pip, tmp_path: Path) -> None:
    prefix = tmp_path / "with space" / "venv"
    succeed(pip.make_environment(interpreters.host().path, str(prefix)))
    assert held(prefix) == {}
    succeed(pip.seed_bundled(interpreter_of(prefix)))
    assert "pip" in held(prefix)
    (tmp_path / "r.txt").write_text("python-dateutil==2.9.0.post0\n")
    inside = pip.Pip(python=interpreter_of(prefix), version=host_pip.version)
    succeed(pip.install(inside, InstallRequest(prefix=str(prefix), files=(str(tmp_path / "r.txt"),))))
    assert held(prefix)["python-dateutil"] == "2.9.0.post0"
    assert "six" not in held(prefix)
    done = run(pip.pip_check(inside, str(prefix)))
    assert answers.parse_pip_check(done.stdout, done.stderr) == ("python-dateutil needs six, but it is not installed",)


def test_a_python_without_its_own_pip_is_seeded_by_the_hosts(host_pip: pip.Pip, tmp_path: Path) -> None:
    prefix = tmp_path / "venv"
    succeed(pip.make_environment(interpreters.host().path, str(prefix)))
    succeed(pip.seed_from(host_pip, str(prefix)))
    assert set(held(prefix)) == {"pip"}
    (tmp_path / "r.txt").write_text("six==1.16.0\n")
    succeed(pip.install(host_pip, InstallRequest(prefix=str(prefix), files=(str(tmp_path / "r.txt"),))))
    assert held(prefix)["six"] == "1.16.0"
    succeed(pip.uninstall(host_pip, str(prefix), ("six",)))
    assert set(held(prefix)) == {"pip"}


def test_pip_alone_resolves_into_a_pylock_that_uv_installs(
    host_pip: pip.Pip, engine: uv.Uv, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(tmp_path / "venv")
    (tmp_path / "r.in").write_text("python-dateutil==2.9.0.post0\n")
    (tmp_path / "c.txt").write_text("six==1.16.0\n")
    request = ResolveRequest(
        output="", python=str(prefix), files=(str(tmp_path / "r.in"),), constraints=(str(tmp_path / "c.txt"),)
    )
    lock = tmp_path / "pylock.toml"
    lock.write_text(pylock_from_report(succeed(pip.resolve(host_pip, request)).stdout), encoding="utf-8")
    names = {str(package.name) for package in Pylock.from_dict(tomllib.loads(lock.read_text())).packages}
    assert names == {"python-dateutil", "six"}
    assert held(prefix) == {}
    succeed(uv.install(engine, InstallRequest(prefix=str(prefix), files=(str(lock),))))
    assert set(held(prefix)) == names
    assert held(prefix)["six"] == "1.16.0"


@pytest.mark.parametrize(
    ("text", "code", "package"),
    [
        ("mlenv-no-such-package-1234", "package-missing", "mlenv-no-such-package-1234"),
        ("six==99.0", "version-missing", "six"),
        ("requests==2.31.0\nurllib3==1.20", "conflict", "requests"),
    ],
)
def test_what_pip_refuses_is_recognised(text: str, code: str, package: str, host_pip: pip.Pip, tmp_path: Path) -> None:
    (tmp_path / "r.in").write_text(f"{text}\n")
    request = ResolveRequest(output="", python=host_pip.python, files=(str(tmp_path / "r.in"),))
    failure = failure_of("pip", pip.resolve(host_pip, request))
    assert (failure.code, failure.package) == (code, package)
