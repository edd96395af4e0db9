"""The Pythons of a machine are found where they are, asked without running foreign code, and named when missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlenv.errors import MlenvError
from mlenv.probe import interpreters
from mlenv.probe.ask import ask

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform == "win32", reason="not run: needs POSIX scripts")]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def environ_of(tmp_path: Path, **more: str) -> dict[str, str]:
    """An environment in which no version manager of this machine is seen."""
    empty = {name: str(tmp_path / name) for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR", "XDG_DATA_HOME")}
    return {**empty, "PATH": "", **more}


@pytest.mark.parametrize("minor", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_an_interpreter_says_what_it_is(minor: str, python: Callable[[str], str], cache: Path) -> None:
    path = python(minor)
    facts = ask(path, cache)
    said = subprocess.run(
        [path, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True
    )
    assert facts.version == said.stdout.strip()
    digits = minor.replace(".", "")
    assert facts.cache_tag == f"cpython-{digits}"
    assert facts.markers["python_version"] == minor
    assert f"cp{digits}-cp{digits}-" in facts.tags[0]
    assert "py3-none-any" in facts.tags
    assert facts.prefix == facts.base_prefix


def test_tags_and_markers_are_those_that_packaging_computes_there(
    make_venv: Callable[..., Path], cache: Path, tmp_path: Path
) -> None:
    prefix = make_venv(tmp_path / "venv", "3.9", "packaging==24.0")
    show = (
        "import json; from packaging.tags import sys_tags; from packaging.markers import default_environment as d;"
        "print(json.dumps([[str(t) for t in sys_tags()], d()]))"
    )
    done = subprocess.run([str(prefix / "bin" / "python"), "-c", show], capture_output=True, text=True, check=True)
    tags, markers = json.loads(done.stdout)
    facts = ask(prefix / "bin" / "python", cache)
    assert set(tags) == set(facts.tags)
    assert markers == dict(facts.markers)


def test_an_environment_knows_its_own_folder_and_its_base(
    make_venv: Callable[..., Path], python: Callable[[str], str], cache: Path, tmp_path: Path
) -> None:
    prefix = make_venv(tmp_path / "venv", "3.12")
    facts = ask(prefix / "bin" / "python", cache)
    assert facts.prefix == str(prefix)
    assert facts.base_prefix == ask(python("3.12"), cache).prefix
    assert facts.python == str(prefix / "bin" / "python")


def test_two_environments_of_one_python_are_not_mixed_up(
    make_venv: Callable[..., Path], cache: Path, tmp_path: Path
) -> None:
    one, two = make_venv(tmp_path / "one"), make_venv(tmp_path / "two")
    first, second = ask(one / "bin" / "python", cache), ask(two / "bin" / "python", cache)
    assert (first.prefix, second.prefix) == (str(one), str(two))
    assert replace(first, python=second.python, prefix=second.prefix) == second
    assert len(list((cache / "interpreters").iterdir())) == 1, "they link to one Python, which is started once"
    cfg = (one / "pyvenv.cfg").read_text()
    home = next(line.partition("=")[2].strip() for line in cfg.splitlines() if line.startswith("home"))
    (tmp_path / "home").symlink_to(home)
    (one / "pyvenv.cfg").write_text(cfg.replace(home, str(tmp_path / "home")))
    ask(one / "bin" / "python", cache)
    assert len(list((cache / "interpreters").iterdir())) == 2, "another home in pyvenv.cfg is another base"


def test_asking_runs_no_code_of_the_environment(make_venv: Callable[..., Path], cache: Path, tmp_path: Path) -> None:
    prefix = make_venv(tmp_path / "venv")
    site = next((prefix / "lib").glob("python*/site-packages"))
    for name in ("evil.pth", "sitecustomize.py", "usercustomize.py"):
        (site / name).write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    ask(prefix / "bin" / "python", cache)
    assert not (tmp_path / "ran").exists()


def test_the_second_question_starts_nothing(tmp_path: Path, cache: Path) -> None:
    counting = script(tmp_path / "bin" / "python", f'echo x >> {tmp_path}/count\nexec {sys.executable} "$@"\n')
    first = ask(counting, cache)
    started = time.perf_counter()
    assert ask(counting, cache) == first
    assert time.perf_counter() - started < 0.05
    assert (tmp_path / "count").read_text() == "x\n"
    script(counting, f'echo again >> {tmp_path}/count\nexec {sys.executable} "$@"\n')
    ask(counting, cache)
    assert (tmp_path / "count").read_text() == "x\nagain\n"


def test_a_shared_library_that_is_gone_since_is_seen(tmp_path: Path, cache: Path) -> None:
    """The answer of before counts for the interpreter with its library, not for the file alone."""
    library = tmp_path / "lib" / "libpython3.so.1.0"
    library.parent.mkdir()
    library.write_text("")
    needs_it = f'[ -e {library} ] || {{ echo "cannot open {library.name}" >&2; exit 127; }}\n'
    (tmp_path / "bin").mkdir()
    python = script(tmp_path / "bin" / "python3", f'{needs_it}exec {sys.executable} "$@"\n')
    ask(python, cache)
    library.unlink()
    with pytest.raises(MlenvError, match="libpython3"):
        ask(python, cache)


def test_a_cache_that_is_cut_or_cannot_be_written_costs_only_time(cache: Path) -> None:
    first = ask(sys.executable, cache)
    (kept,) = (cache / "interpreters").iterdir()
    for cut in (0, 10, len(kept.read_bytes()) - 2):
        kept.write_bytes(kept.read_bytes()[:cut])
        assert ask(sys.executable, cache) == first
    assert ask(sys.executable, "/dev/null/cache") == first


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exit 3", "status 3"),
        ("echo 'libpython3.so: cannot open' >&2; exit 127", "libpython3.so: cannot open"),
        ("echo rubbish", "something else"),
        ('echo "$5"; echo "[]"; echo "$5"', "something else"),
        ("kill -9 $$", "status -9"),
        ("echo 'Unknown option: -I' >&2; exit 2", "it is Python 2"),
    ],
)
def test_a_broken_interpreter_is_named_with_what_it_said(text: str, says: str, tmp_path: Path, cache: Path) -> None:
    broken = script(tmp_path / "bin" / "python", text)
    with pytest.raises(MlenvError) as caught:
        ask(broken, cache)
    assert (caught.value.code, caught.value.where) == ("python-broken", str(broken))
    assert says in caught.value.message
    assert not list(cache.rglob("*.json"))


def test_an_interpreter_that_hangs_is_given_up(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlenv.probe.ask._TIMEOUT_S", 0.5)
    with pytest.raises(MlenvError, match="does not answer") as caught:
        ask(script(tmp_path / "bin" / "python", "sleep 60"), cache)
    assert caught.value.code == "python-broken"


def test_a_missing_interpreter_and_a_dangling_link_are_told_apart(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(MlenvError) as caught:
        ask(tmp_path / "python", cache)
    assert caught.value.code == "python-not-found"
    (tmp_path / "python").symlink_to(tmp_path / "gone")
    with pytest.raises(MlenvError, match="links to") as caught:
        ask(tmp_path / "python", cache)
    assert caught.value.code == "python-broken"


def test_python_2_is_named(cache: Path) -> None:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    old = next(iter(sorted(root.glob("2.7*/bin/python"))), None) or shutil.which("python2")
    if old is None:
        pytest.skip("not run: no Python 2 here")
    with pytest.raises(MlenvError, match="it is Python 2"):
        ask(old, cache)


def test_what_the_operating_system_manages_is_seen_at_once_but_not_in_environments_of_it(
    make_venv: Callable[..., Path], tmp_path: Path, cache: Path
) -> None:
    base = interpreters.host().path
    copied = tmp_path / "copied"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    stdlib = Path(ask(base, cache).base_prefix) / "lib" / version
    (copied / "bin").mkdir(parents=True)
    (copied / "lib" / version).mkdir(parents=True)
    shutil.copy2(os.path.realpath(base), copied / "bin" / "python3")
    for entry in stdlib.iterdir():
        if entry.name not in ("site-packages", "dist-packages"):
            (copied / "lib" / version / entry.name).symlink_to(entry)
    try:
        before = ask(copied / "bin" / "python3", cache)
    except MlenvError:
        pytest.skip("not run: this Python does not start from a copied prefix")
    assert not before.externally_managed
    (copied / "lib" / version / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=no\n")
    assert ask(copied / "bin" / "python3", cache).externally_managed
    subprocess.run([str(copied / "bin" / "python3"), "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    assert not ask(tmp_path / "venv" / "bin" / "python", cache).externally_managed


# --- finding -----------------------------------------------------------------------------------------------------


def test_the_host_comes_first_and_every_python_is_listed_once(pythons: dict[str, str], cache: Path) -> None:
    found = interpreters.listed(cache)
    assert found[0].source == "host"
    assert found[0].version == ".".join(map(str, sys.version_info[:3]))
    real = [os.path.realpath(python.path) for python in found]
    assert len(real) == len(set(real))
    assert {os.path.realpath(path) for path in pythons.values()} <= set(real)


@pytest.mark.parametrize("minor", ["3.9", "3.12", "3.13"])
@pytest.mark.parametrize("form", ["{}", "python{}", "=={}.*", "cpython@{}"])
def test_a_minor_version_is_found_in_every_spelling(
    form: str, minor: str, python: Callable[[str], str], cache: Path
) -> None:
    python(minor)
    found = interpreters.find(form.format(minor), cache)
    assert found.version.startswith(f"{minor}.")
    assert os.path.isabs(found.path)
    assert ask(found.path, cache).version == found.version


def test_the_hosts_own_is_preferred_where_it_fits(cache: Path) -> None:
    assert interpreters.find(">=3.9", cache).source == "host"
    assert interpreters.find(None, cache) == interpreters.host()
    assert interpreters.find("", cache) == interpreters.host()


def test_the_host_is_the_installation_rather_than_mlenvs_own_environment() -> None:
    if sys.prefix == sys.base_prefix:
        pytest.skip("not run: the tests do not run in an environment")
    assert not interpreters.host().path.startswith(sys.prefix + os.sep)


def test_a_path_and_an_environments_folder_are_taken_as_named(
    make_venv: Callable[..., Path], tmp_path: Path, cache: Path
) -> None:
    prefix = make_venv(tmp_path / "venv", "3.12")
    for request in (str(prefix / "bin" / "python"), str(prefix)):
        found = interpreters.find(request, cache)
        assert (found.path, found.source) == (str(prefix / "bin" / "python"), "named")
        assert found.version.startswith("3.12.")


def test_the_newest_that_fits_is_taken_and_a_broken_one_passed_over(
    python: Callable[[str], str], tmp_path: Path, cache: Path
) -> None:
    root = tmp_path / "pyenv"
    real = python("3.12")
    patch = ask(real, cache).version
    script(root / "versions" / "3.12.99" / "bin" / "python", "echo broken >&2; exit 127")
    (root / "versions" / patch / "bin").mkdir(parents=True)
    (root / "versions" / patch / "bin" / "python").symlink_to(real)
    environ = environ_of(tmp_path, PYENV_ROOT=str(root))
    found = interpreters.find("==3.12.*", cache, environ)
    assert (found.version, found.source) == (patch, "pyenv")
    with pytest.raises(MlenvError, match=r"not working: 3\.12\.99 .*broken"):
        interpreters.find("3.12.99", cache, environ)


def test_every_version_manager_is_looked_into(python: Callable[[str], str], tmp_path: Path, cache: Path) -> None:
    real = python("3.12")
    places = {
        "pyenv": tmp_path / "PYENV_ROOT" / "versions" / "3.12.1",
        "uv": tmp_path / "XDG_DATA_HOME" / "uv" / "python" / "cpython-3.12.1-linux-x86_64-gnu",
        "asdf": tmp_path / "ASDF_DATA_DIR" / "installs" / "python" / "3.12.1",
        "mise": tmp_path / "MISE_DATA_DIR" / "installs" / "python" / "3.12.1",
    }
    for source, place in places.items():
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "python").symlink_to(real)
        found = interpreters.find("3.12", cache, environ_of(tmp_path))
        assert (found.source, found.path) == (source, str(place / "bin" / "python"))
        shutil.rmtree(place)


def test_shims_and_environments_on_the_path_are_not_started(
    make_venv: Callable[..., Path], tmp_path: Path, cache: Path
) -> None:
    shim = script(tmp_path / "shims" / "python3.12", f"touch {tmp_path}/started; exit 127").parent
    venv = make_venv(tmp_path / "venv", "3.12")
    environ = environ_of(tmp_path, PATH=os.pathsep.join([str(shim), str(venv / "bin"), "relative/bin"]))
    paths = [python.path for python in interpreters.listed(cache, environ)]
    assert not any(path.startswith(str(tmp_path)) for path in paths)
    assert not (tmp_path / "started").exists()


def test_a_name_on_the_path_is_asked_for_its_version(python: Callable[[str], str], tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "opt" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3.13").symlink_to(python("3.13"))
    found = interpreters.find("3.13", cache, environ_of(tmp_path, PATH=str(folder)))
    assert (found.path, found.source) == (str(folder / "python3.13"), "PATH")


def test_a_pyenv_environment_is_found_by_its_name(make_venv: Callable[..., Path], tmp_path: Path, cache: Path) -> None:
    prefix = make_venv(tmp_path / "pyenv" / "versions" / "my-env", "3.12")
    found = interpreters.find("my-env", cache, environ_of(tmp_path, PYENV_ROOT=str(tmp_path / "pyenv")))
    assert found.path == str(prefix / "bin" / "python")


def test_what_is_missing_is_said_with_what_is_there(cache: Path) -> None:
    with pytest.raises(MlenvError) as caught:
        interpreters.find("3.99", cache)
    error = caught.value
    assert error.code == "python-not-found"
    assert "There is no Python 3.99 on this machine" in error.message
    host = interpreters.host()
    assert host.version in error.message
    assert host.path in error.details
    assert "Looked in: " in error.details
    assert "uv python install 3.99" in error.hint
    with pytest.raises(MlenvError, match=r"no Python pypy 3\.99"):
        interpreters.find("pypy3.99", cache)


@pytest.mark.parametrize("request_text", ["banana", "3.x", ">=", "3.12; rm -rf"])
def test_what_is_no_request_is_refused(request_text: str, cache: Path) -> None:
    with pytest.raises(MlenvError) as caught:
        interpreters.find(request_text, cache)
    assert caught.value.code == "python-request-invalid"
