"""Bad input: one clear error, exit status 2, nothing changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.real_project import Project, create, mlenv
from scenarios.traces import snapshot, without_network

pytestmark = pytest.mark.real

PYPROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six"]\n'
PYLOCK = 'lock-version = "{}"\ncreated-by = "hand"\n[[packages]]\nname = "six"\n{}\n'


def _refused(root: Path, *words: str) -> str:
    """Run a command that must fail; return its message, having seen that nothing changed."""
    before = snapshot(root)
    answer = mlenv(root, *words, code=2)
    assert snapshot(root) == before, words
    assert answer.stdout == ""
    assert 1 <= len(answer.stderr.strip().splitlines()) <= 5, answer.stderr
    assert "Traceback" not in answer.stderr
    return answer.stderr


@pytest.mark.parametrize("verb", ["check", "sync", "lock", "freeze", "list", "upgrade", "undo", "outdated"])
def test_no_project_is_one_error_that_says_what_to_type(root: Path, verb: str) -> None:
    """Bad input: no manifest, no lock, no environment, here or above."""
    message = _refused(root, verb)
    assert "no project here" in message
    assert "mlenv create" in message


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("pylock.toml", PYLOCK.format("9.0", 'version = "1"'), "lock-version"),
        ("pylock.toml", PYLOCK.format("1.0", "version = 7"), "packages[0].version"),
        ("pylock.toml", 'lock-version = "1.0"\n[[packages', "end of file"),
        ("uv.lock", 'version = 99\nrevision = 1\nrequires-python = ">=3.9"\n', "version"),
        ("uv.lock", "version = 1\n[[package]]\nname = \n", "line 3"),
    ],
    ids=["newer pylock", "wrong type", "cut pylock", "newer uv.lock", "broken uv.lock"],
)
def test_a_lock_that_cannot_be_read_names_the_place(root: Path, name: str, text: str, place: str) -> None:
    """Bad input: unreadable and unknown-version locks."""
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / name).write_text(text)
    for verb in ("check", "create", "sync"):
        message = _refused(root, verb)
        assert name in message, message
        assert place in message, message


def test_a_lock_of_mlenv_that_was_cut_short_is_no_shorter_lock(root: Path) -> None:
    """Bad input: half of a file that mlenv wrote; the environment stays."""
    project = create(root, "six", "idna")
    lock = root / "pylock.toml"
    text = lock.read_text()
    for length in (text.index("[tool.mlenv]"), text.rindex("[[packages]]"), len(text) - 40):
        lock.write_text(text[:length])
        for verb in ("check", "sync"):
            assert "pylock.toml" in _refused(root, verb)
    lock.write_text(text)
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"


def test_a_python_that_is_not_there_lists_what_is_and_where_it_looked(root: Path) -> None:
    """Bad input: by option, by file, by setting."""
    message = _refused(root, "create", "six", "--python", "3.99")
    assert "There is no Python 3.99 on this machine; there are 3." in message
    assert "looked in" in message
    assert "PATH" in message
    (root / ".python-version").write_text("3.98\n")
    (root / "pyproject.toml").write_text(PYPROJECT)
    message = _refused(root, "create")
    assert "3.98" in message
    wire = mlenv(root, "create", "--json", code=2).json()["error"]
    assert wire["code"] == "python-not-found"


def test_a_package_that_does_not_exist(root: Path) -> None:
    """Bad input: named, and nothing changes, in a new project and in one that is there."""
    assert "surely-not-a-package-5f3c" in _refused(root, "create", "surely-not-a-package-5f3c")
    project = create(root, "six")
    assert "surely-not-a-package-5f3c" in _refused(root, "add", "surely-not-a-package-5f3c")
    assert "99.99" in _refused(root, "add", "idna==99.99")
    assert "flask" in _refused(root, "remove", "flask")
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"


def test_no_network_says_so_and_offline_uses_the_cache(root: Path) -> None:
    """Bad input: without network, with and without --offline; what is cached installs offline."""
    project = create(root, "six")

    def cut_off(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [*without_network(), sys.executable, "-m", "mlenv", *words]
        return subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL)

    before = snapshot(root)
    plain = cut_off("add", "zope-proxy==4.4.0")
    assert plain.returncode == 2
    assert "could not be reached" in plain.stderr
    assert "--offline" in plain.stderr
    offline = cut_off("add", "zope-proxy==4.4.0", "--offline")
    assert offline.returncode == 2
    assert "not in the cache" in offline.stderr
    frozen = cut_off("freeze")
    assert (frozen.returncode, "from the cache" in frozen.stdout) == (0, True), frozen.stdout + frozen.stderr
    assert snapshot(root) == before
    again = root.parent / "again"
    again.mkdir()
    for name in ("pyproject.toml", "pylock.toml"):
        (again / name).write_text((root / name).read_text())
    argv = [*without_network(), sys.executable, "-m", "mlenv", "sync", "--offline", "--project", str(again)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert Project(again).packages == project.packages


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("chekc",), "check"),
        (("add", "six", "--ofline"), "--offline"),
        (("create", "six", "--engine", "uvv"), "uv"),
        (("freeze", "--scope", "directt"), "direct"),
        (("check", "--lock", "nothing.lock"), "nothing.lock"),
        (("add",), "mlenv add"),
        (("add", "not a requirement!"), "not a requirement"),
        (("add", "--index-url=http://x/", "six"), "--index-url"),
        (("create", "six", "--project", "no/such/folder"), "no/such/folder"),
    ],
)
def test_a_wrong_word_gets_a_guess(root: Path, words: tuple[str, ...], guess: str) -> None:
    """Bad input: wrong verb, option, choice, requirement: did you mean; nothing is made."""
    (root / "pyproject.toml").write_text(PYPROJECT)
    assert guess in _refused(root, *words)


def test_an_unknown_setting_names_the_nearest_one(root: Path) -> None:
    """Bad input: [tool.mlenv] refuses what it does not know."""
    (root / "pyproject.toml").write_text(PYPROJECT + '[tool.mlenv]\nengin = "uv"\n')
    message = _refused(root, "check")
    assert "engin" in message
    assert "engine" in message
    assert "pyproject.toml" in message


def test_locks_that_contradict_each_other_are_a_finding_that_says_which_counts(root: Path) -> None:
    """Bad input: uv.lock and pylock.toml pin differently: a finding, not an error, and it does not worsen the verdict."""
    project = create(root, "idna==3.7")
    uv_lock = (
        'version = 1\nrevision = 2\nrequires-python = ">=3.9"\n'
        '[[package]]\nname = "demo"\nversion = "0.1.0"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "idna" }]\n'
        '[package.metadata]\nrequires-dist = [{ name = "idna", specifier = "==3.7" }]\n'
        '[[package]]\nname = "idna"\nversion = "3.6"\nsource = { registry = "https://index.example.org/simple" }\n'
    )
    (root / "uv.lock").write_text(uv_lock)
    by_setting = project.mlenv("check", "--lock", "pylock.toml", "--json").json()
    assert by_setting["verdict"] == "in-step"
    (finding,) = [one for one in by_setting["findings"] if one["kind"] == "conflict"]
    for word in ("pylock.toml", "uv.lock", "--lock"):
        assert word in finding["reason"]
    by_order = project.mlenv("check", "--json", code=1).json()
    assert by_order["lock"]["path"] == "uv.lock"
    (finding,) = [one for one in by_order["findings"] if one["kind"] == "conflict"]
    assert "first" in finding["reason"]


def test_a_project_without_a_lock_is_unlocked_not_an_error(root: Path) -> None:
    """Bad input, the other side: no lock is a verdict; declared packages that are missing are named."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    report = mlenv(root, "check", "--json", code=1).json()
    assert report["verdict"] == "unlocked"
    assert "six" in {finding["package"] for finding in report["findings"]}
