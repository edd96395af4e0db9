"""Groups and extras: what the lock's tool takes by default, what was told, what is remembered, for every kind of lock."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scenarios.real_project import Project, create, mlenv

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "locks" / "side-by-side"
BASE, DEV, DOCS, PLOT = {"six", "humanize"}, {"iniconfig"}, {"pluggy"}, {"toml"}
DEFAULTS = {
    "uv.lock": BASE | DEV,
    "pylock.toml": BASE,
    "poetry.lock": BASE | DEV | DOCS,
    "pdm.lock": BASE | DEV | DOCS | PLOT,
    "Pipfile.lock": BASE,
}


def project_with(uv: str, root: Path, lock: str) -> Path:
    """The sample's manifest and one lock: of uv by uv, of mlenv by mlenv, of the others the sample's own."""
    root.mkdir()
    for name in ("pyproject.toml", *(("Pipfile", lock) if lock == "Pipfile.lock" else ())):
        shutil.copy(SAMPLE / name, root)
    if lock == "uv.lock":
        subprocess.run([uv, "lock", "--quiet"], cwd=root, check=True)
    elif lock == "pylock.toml":
        mlenv(root, "lock")
    else:
        text = (SAMPLE / lock).read_text()
        (root / lock).write_text(text)
    return root


@pytest.mark.parametrize("lock", DEFAULTS)
def test_defaults_told_groups_and_what_is_remembered(tmp_path: Path, uv: str, lock: str) -> None:
    root = project_with(uv, tmp_path / "demo", lock)
    # Poetry's digest covers a table that the sample's manifest no longer has: what is locked is taken as it is.
    project = create(root, "--frozen")

    def expect(packages: set[str]) -> None:
        assert set(project.packages) == packages
        kinds = {row["kind"] for row in project.check()["findings"]}
        assert kinds <= {"relock", "note"} if lock == "poetry.lock" else kinds <= {"note"}

    expect(DEFAULTS[lock])
    project.mlenv("sync", "--frozen", "--no-default-groups")
    expect(BASE)
    if lock == "pylock.toml":
        project.mlenv("sync", "--group", "dev")
        assert (root / "pylock.dev.toml").is_file()
        expect(BASE | DEV)
    project.mlenv("sync", *(() if lock == "pylock.toml" else ("--frozen",)), "--all-groups", "--all-extras")
    everything = BASE | DEV if lock == "Pipfile.lock" else BASE | DEV | DOCS | PLOT
    expect(everything)
    mlenv(root, "check", "--no-default-groups", code=1)
    expect(everything)  # a check that is told otherwise changes nothing of what is remembered


@pytest.mark.parametrize(
    "options",
    [(), ("--no-default-groups",), ("--group", "docs"), ("--all-groups",), ("--all-groups", "--all-extras"),
     ("--no-default-groups", "--group", "docs", "--extra", "plot")],
    ids=" ".join,
)  # fmt: skip
def test_what_is_synced_for_a_choice_is_what_uv_syncs_for_it(tmp_path: Path, uv: str, options: tuple[str, ...]) -> None:
    root = project_with(uv, tmp_path / "demo", "uv.lock")
    create(root, *options)
    argv = [uv, "sync", "--frozen", "--check", "--quiet", *options]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Project(root).check()["verdict"] == "in-step"


def test_a_group_of_mlenvs_own_lock_is_locked_checked_broken_synced_and_frozen(tmp_path: Path, uv: str) -> None:
    root = project_with(uv, tmp_path / "demo", "pylock.toml")
    project = create(root, "--group", "dev")
    assert {path.name for path in root.glob("pylock*")} == {"pylock.toml", "pylock.dev.toml"}
    python = root / ".venv" / "bin" / "python"
    subprocess.run([uv, "pip", "uninstall", "--quiet", "--python", python, "iniconfig"], check=True)
    assert [(row["kind"], row["package"]) for row in project.check()["findings"]] == [("missing", "iniconfig")]
    project.mlenv("sync")
    assert set(project.packages) == BASE | DEV
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "iniconfig==2.0.0"], check=True)
    assert [(row["kind"], row["locked"]) for row in project.check()["findings"]] == [("different", "2.1.0")]
    project.mlenv("freeze")
    assert project.check()["verdict"] == "in-step"
    assert 'version = "2.0.0"' in (root / "pylock.dev.toml").read_text()
    assert "iniconfig" not in (root / "pylock.toml").read_text()
