"""S59: a package whose WHEEL file says another machine; `check` says so of that package only, in every face."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from mlenv.built_for import Here
from mlenv.model import Distribution, Installed
from mlenv.probe import machines, site
from scenarios.real_project import Project, create

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]
MACHO = b"\xcf\xfa\xed\xfe" + (0x0100000C).to_bytes(4, "little") + bytes(64)
TITLE = machines.this_machine().title


def _wheel_file(project: Project, name: str) -> Path:
    return next(project.site.glob(f"{name}-*.dist-info")) / "WHEEL"


def _retagged(path: Path, platform: str) -> None:
    """Give a WHEEL file another platform, in a copy of its own: uv links files from its cache."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("Tag:")]
    path.unlink()
    path.write_text("\n".join([*lines, f"Tag: cp311-cp311-{platform}", ""]))


def _findings(project: Project) -> list[tuple[str, str, str]]:
    return [(row["kind"], row["package"], row["reason"]) for row in project.check()["findings"]]


def test_a_wheel_of_another_machine_is_named_and_sync_mends_it(root: Path) -> None:
    """S59: "Built for ..., kernel is ..." for that package only; text and wire; then green."""
    project = create(root, "six", "idna")
    _retagged(_wheel_file(project, "six"), "macosx_11_0_arm64")
    told = project.mlenv("check", code=1).stdout
    assert told.splitlines()[0] == "broken: 1 package was built for another machine"
    assert "six" in told
    assert "idna" not in told
    (finding,) = _findings(project)
    assert finding[:2] == ("damaged", "six")
    assert finding[2].startswith(f"Built for macOS (arm64), kernel is {TITLE}")
    project.mlenv("sync")
    assert project.check()["verdict"] == "in-step"


def test_compiled_files_have_the_last_word(root: Path) -> None:
    """A builder that names its own machine in WHEEL is no alarm where the modules are for this one; the reverse is."""
    project = create(root, "markupsafe")
    _retagged(_wheel_file(project, "markupsafe"), "win_amd64")
    assert project.check()["verdict"] == "in-step"
    module = next((project.site / "markupsafe").glob("*.so"))
    size = module.stat().st_size
    module.unlink()
    module.write_bytes(MACHO.ljust(size, b"\0"))
    assert [(kind, name) for kind, name, _ in _findings(project)] == [("damaged", "markupsafe")]
    assert "Built for Windows (x86_64)" in _findings(project)[0][2]


def test_what_conda_built_is_not_judged_by_its_tag(root: Path) -> None:
    """conda's builds are tagged with the machine that they were made on, which may be another one."""
    project = create(root, "six")
    wheel = _wheel_file(project, "six")
    _retagged(wheel, "macosx_11_0_arm64")
    (wheel.parent / "INSTALLER").unlink()
    (wheel.parent / "INSTALLER").write_text("conda\n")
    assert project.check()["verdict"] == "in-step"


def test_three_hundred_wheel_files_cost_little_and_less_the_second_time(tmp_path: Path) -> None:
    """Reading what is unchanged is spared; a changed file is read again."""
    rows = []
    for number in range(300):
        folder = tmp_path / f"p{number}-1.dist-info"
        folder.mkdir()
        (folder / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
        rows.append(Distribution(name=f"p{number}", version="1", folder=folder.name, site=str(tmp_path)))
    installed, here, seen = Installed(distributions=tuple(rows)), Here(system="linux", machine="x86_64"), {}
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        assert machines.built_elsewhere(installed, here, seen) == ()
        seconds.append(time.perf_counter() - began)
    print(f"first {seconds[0] * 1000:.1f} ms, then {min(seconds[1:]) * 1000:.2f} ms")
    assert min(seconds[1:]) < 0.02
    (tmp_path / "p7-1.dist-info" / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-win_amd64\n")
    assert machines.built_elsewhere(installed, here, seen) == (
        ("p7", "Built for Windows (x86_64), kernel is Linux (x86_64)"),
    )


def test_an_installed_set_read_from_disk_is_judged(root: Path, tmp_path: Path) -> None:
    """From a folder that was copied from another machine, without any lock."""
    project = create(root, "six")
    copied = tmp_path / "site-packages"
    shutil.copytree(project.site, copied, symlinks=True)
    _retagged(next(copied.glob("six-*.dist-info")) / "WHEEL", "manylinux2014_s390x")
    here = Here(system="linux", machine="x86_64")
    assert [name for name, _ in machines.built_elsewhere(site.scan([str(copied)]), here)] == ["six"]
