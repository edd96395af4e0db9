"""S8 and S9 for each kind of lock: 200 packages without network, and manifests that moved on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.real_project import Project, mlenv
from scenarios.traces import uv, without_network

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]
NAMES = [f"package-{number:03}" for number in range(200)]


def _wheel(name: str) -> str:
    return f"{name.replace('-', '_')}-1.{int(name[-3:])}-py3-none-any.whl"


def _hash(name: str) -> str:
    return f"{int(name[-3:]):064x}"


def _rows(template: str) -> str:
    """Fill a template in for each package: ``@name``, ``@version``, ``@wheel``, ``@hash``."""
    filled = []
    for name in NAMES:
        text = template.replace("@name", name).replace("@version", f"1.{int(name[-3:])}")
        filled.append(text.replace("@wheel", _wheel(name)).replace("@hash", _hash(name)))
    return "\n".join(filled)


def _pyproject(rest: str = "") -> str:
    declared = "".join(f'  "{name}",\n' for name in NAMES)
    return f'[project]\nname = "many"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = [\n{declared}]\n{rest}'


def _uv() -> dict[str, str]:
    asked = "".join(f'    {{ name = "{name}" }},\n' for name in NAMES)
    head = (
        'version = 1\nrevision = 3\nrequires-python = ">=3.9"\n\n[[package]]\nname = "many"\nversion = "1"\n'
        f'source = {{ virtual = "." }}\ndependencies = [\n{asked}]\n\n[package.metadata]\nrequires-dist = [\n{asked}]\n\n'
    )
    row = (
        '[[package]]\nname = "@name"\nversion = "@version"\nsource = { registry = "https://index.example.org/simple" }\n'
        'wheels = [\n    { url = "https://files.example.org/@wheel", hash = "sha256:@hash" },\n]\n'
    )
    return {"pyproject.toml": _pyproject(), "uv.lock": head + _rows(row)}


def _pylock() -> dict[str, str]:
    row = '[[packages]]\nname = "@name"\nversion = "@version"\nwheels = [{ path = "@wheel", hashes = { sha256 = "@hash" } }]'
    return {"pyproject.toml": _pyproject(), "pylock.toml": f'lock-version = "1.0"\ncreated-by = "hand"\n{_rows(row)}\n'}


def _requirements() -> dict[str, str]:
    return {
        "requirements.in": "\n".join(NAMES) + "\n",
        "requirements.txt": _rows("@name==@version \\\n    --hash=sha256:@hash") + "\n",
    }


def _poetry() -> dict[str, str]:
    row = (
        '[[package]]\nname = "@name"\nversion = "@version"\ndescription = ""\noptional = false\npython-versions = "*"\n'
        'groups = ["main"]\nfiles = [\n    {file = "@wheel", hash = "sha256:@hash"},\n]\n'
    )
    end = '\n[metadata]\nlock-version = "2.1"\npython-versions = ">=3.9"\ncontent-hash = "{}"\n'
    return {"pyproject.toml": _pyproject("[tool.poetry]\npackage-mode = false\n"), "poetry.lock": _rows(row) + end}


def _pdm() -> dict[str, str]:
    head = (
        '[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\n'
        'content_hash = "{}"\n\n[[metadata.targets]]\nrequires_python = ">=3.9"\n\n'
    )
    row = (
        '[[package]]\nname = "@name"\nversion = "@version"\nsummary = ""\ngroups = ["default"]\n'
        'files = [\n    {file = "@wheel", hash = "sha256:@hash"},\n]\n'
    )
    return {"pyproject.toml": _pyproject("[tool.pdm]\ndistribution = false\n"), "pdm.lock": head + _rows(row)}


def _pipenv() -> dict[str, str]:
    pins = {
        name: {"hashes": [f"sha256:{_hash(name)}"], "index": "pypi", "version": f"==1.{int(name[-3:])}"}
        for name in NAMES
    }
    sources = [{"name": "pypi", "url": "https://index.example.org/simple", "verify_ssl": True}]
    meta = {"hash": {"sha256": "{}"}, "pipfile-spec": 6, "requires": {}, "sources": sources}
    pipfile = '[[source]]\nname = "pypi"\nurl = "https://index.example.org/simple"\nverify_ssl = true\n\n[packages]\n'
    return {
        "Pipfile": pipfile + "".join(f'{name} = "*"\n' for name in NAMES),
        "Pipfile.lock": json.dumps({"_meta": meta, "default": pins, "develop": {}}, indent=4),
    }


FORMATS: dict[str, Callable[[], dict[str, str]]] = {
    "uv": _uv, "pylock": _pylock, "requirements": _requirements, "poetry": _poetry, "pdm": _pdm, "pipenv": _pipenv,
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_two_hundred_packages_of_every_lock_are_compared_in_under_two_seconds(
    kind: str, root: Path, make_venv: Callable[..., Path]
) -> None:
    """S8: one missing, one other version, one extra; no network; status 1; then all as locked."""
    prefix = make_venv(root / ".venv")
    site = next(prefix.glob("lib/python3*/site-packages"))
    for name in NAMES:
        if name != NAMES[7]:
            _install_by_hand(site, name, "0.1" if name == NAMES[8] else f"1.{int(name[-3:])}")
    _install_by_hand(site, "stranger", "9")
    for file, text in FORMATS[kind]().items():
        (root / file).write_text(text)
    taken, report = [], {}
    for _ in range(3):
        began = time.monotonic()
        words = [*without_network(), sys.executable, "-m", "mlenv", "check", "--json"]
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        taken.append(time.monotonic() - began)
        assert done.returncode == 1, done.stderr
        report = json.loads(done.stdout)
    rows = {(row["kind"], row["package"], row["installed"]) for row in report["findings"] if row["package"]}
    assert rows == {("missing", NAMES[7], None), ("different", NAMES[8], "0.1"), ("extra", "stranger", "9")}
    assert (report["lock"]["kind"], report["counts"]["locked"]) == (kind, 200)
    assert min(taken) < 2, taken


def _install_by_hand(site: Path, name: str, version: str) -> None:
    """Lay down what an installer leaves of a package with one module."""
    module = name.replace("-", "_")
    folder = site / f"{module}-{version}.dist-info"
    folder.mkdir()
    (site / f"{module}.py").write_text("")
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "INSTALLER").write_text("hand\n")
    files = [f"{module}.py", *(f"{folder.name}/{part}" for part in ("METADATA", "INSTALLER", "RECORD"))]
    (folder / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def _stale_uv(root: Path) -> None:
    """A uv project, locked; then one specifier raised that the pin satisfies, and one package more."""
    manifest = root / "pyproject.toml"
    head = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'
    manifest.write_text(f'{head}dependencies = ["six>=1.15", "idna==3.7"]\n')
    uv("lock", "-q", "--project", str(root))
    mlenv(root, "create")
    manifest.write_text(f'{head}dependencies = ["six>=1.16", "idna==3.7", "iniconfig"]\n')


def _stale_requirements(root: Path) -> None:
    """The same as requirements.in, compiled to requirements.txt."""
    (root / "requirements.in").write_text("six>=1.15\nidna==3.7\n")
    uv("pip", "compile", "-q", str(root / "requirements.in"), "-o", str(root / "requirements.txt"), "--no-header")
    mlenv(root, "create")
    (root / "requirements.in").write_text("six>=1.16\nidna==3.7\niniconfig\n")


STALE = {"uv": _stale_uv, "requirements": _stale_requirements}


@pytest.mark.parametrize("direction", ["sync", "freeze"])
@pytest.mark.parametrize("kind", STALE)
def test_a_manifest_that_moved_on_is_told_and_both_ways_lead_to_green(kind: str, direction: str, root: Path) -> None:
    """S9: `relock` with both rows where the lock keeps what was asked for; `sync` follows the manifest, `freeze` does not."""
    STALE[kind](root)
    project = Project(root)
    before = project.packages
    report = project.check()
    assert report["verdict"] == "relock"
    assert report["lock"]["kind"] == kind
    rows = {(row["kind"], row["package"]) for row in report["findings"]}
    assert ("relock", "iniconfig") in rows
    if kind == "uv":  # a compiled list does not say what was asked for; that its pin fits is all it tells
        assert ("relock", "six") in rows
    assert project.mlenv("check", code=1).stdout.startswith("relock:")
    if direction == "sync":
        project.mlenv("sync")
        assert "iniconfig" in project.packages
    else:
        project.mlenv("freeze")
        assert project.packages == before
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
