"""pip asked again for what its quiet answer does not tell."""

from __future__ import annotations

import pytest

from mlenv.engines import failures, pip
from mlenv.engines.requests import InstallRequest

LOUD = """\
Looking in indexes: http://127.0.0.1:8000/simple
1 location(s) to search for versions of steady:
Could not fetch URL http://127.0.0.1:8000/simple/steady/: {status} Client Error: {word} for url: \
http://127.0.0.1:8000/simple/steady/ - skipping
ERROR: Could not find a version that satisfies the requirement steady (from versions: none)
ERROR: No matching distribution found for steady
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("  Downloading numpy-1.19.5-cp39-cp39-manylinux2010_x86_64.whl (14.9 MB)", True),
        ("  Using cached numpy-1.19.5-cp39-cp39-manylinux2010_x86_64.whl.metadata (2 kB)", True),
        ("Processing ./numpy-1.19.5-py3-none-any.whl", True),
        ("Would install numpy-1.19.5", True),
        ("Collecting numpy==1.19.5", False),
        ("  Downloading numpy-1.19.5.zip (7.3 MB)", False),
        ("ERROR: No matching distribution found for numpy==1.19.5", False),
    ],
)
def test_pip_says_that_it_has_found_a_wheel_before_it_downloads_it(line: str, found: bool) -> None:
    assert pip.found_wheel(line) is found


def test_nothing_is_installed_by_asking_again() -> None:
    """The same command, dry and loud, whatever it had already."""
    command = pip.install(pip.Pip(python="/p/bin/python"), InstallRequest(prefix="/e", files=("r.txt",)))
    again = pip.louder(command)
    place = again.argv.index("install")
    assert again.argv[place + 1 : place + 3] == ("--dry-run", "-vv")
    assert [word for word in again.argv if word not in ("--dry-run", "-vv")] == list(command.argv)
    assert pip.louder(again).argv == again.argv
    assert again.timeout_s < command.timeout_s


@pytest.mark.parametrize(
    ("status", "word", "code"),
    [("401", "Unauthorized", "index-credentials"), ("403", "Forbidden", "index-credentials"), ("404", "Not Found", "")],
)
def test_a_refusal_is_told_from_an_unknown_package(status: str, word: str, code: str) -> None:
    failure = failures.parse_failure("pip", LOUD.format(status=status, word=word), "", 1)
    assert (failure.code == "index-credentials") == bool(code)
    if code:
        assert status in failure.message
        assert "127.0.0.1" in failure.message
        assert failure.package == "steady"
