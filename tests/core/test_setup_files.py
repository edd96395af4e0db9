"""setup.py and setup.cfg: named as what nobody can tell, never read for dependencies; a lock beside them counts."""

from __future__ import annotations

import pytest
from locks_project import chosen, kinds, versions

SETUP = b"from setuptools import setup\nsetup(install_requires=['six'])\n"
CFG = b"[metadata]\nname = demo\n[options]\ninstall_requires =\n  six\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"setup.py": SETUP}, "What setup.py declares"),
        ({"setup.cfg": CFG}, "What setup.cfg declares"),
        ({"setup.cfg": b"[options.extras_require]\nx = six\n"}, "What setup.cfg declares"),
        ({"setup.py": SETUP, "setup.cfg": CFG}, "What setup.py and setup.cfg declare"),
        ({"setup.py": b"\xff\xfe not text", "setup.cfg": b"[metadata]\nname = \xff\n"}, "What setup.py and setup.cfg"),
        (
            {"setup.py": SETUP, "pyproject.toml": b"[build-system]\nrequires = ['setuptools']\n"},
            "What setup.py declares",
        ),
    ],
)
def test_what_they_declare_cannot_be_told(files: dict[str, bytes], said: str) -> None:
    selected = chosen(files)
    assert kinds(selected) == [("note", None)]
    assert selected.selection.findings[0].reason.startswith(said)
    assert selected.selection.declared == ()


def test_a_lock_beside_them_is_compared() -> None:
    selected = chosen({"setup.py": SETUP, "requirements.txt": b"six==1.17.0\nidna==3.7\n"})
    assert versions(selected) == {"six": "1.17.0", "idna": "3.7"}
    assert kinds(selected) == [("note", None)]


@pytest.mark.parametrize(
    "files",
    [
        {"setup.cfg": b"[flake8]\nmax-line-length = 100\n"},
        {"setup.py": SETUP, "pyproject.toml": b'[project]\nname = "demo"\nversion = "1"\n'},
        {"setup.py": SETUP, "requirements.in": b"six\n"},
    ],
)
def test_where_they_are_not_the_only_manifest_nothing_is_said(files: dict[str, bytes]) -> None:
    assert kinds(chosen(files)) == []
