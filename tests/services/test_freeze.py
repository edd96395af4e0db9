"""Freeze accepts what is installed: afterwards the project is in step, and nothing good was lost on the way."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv import locks
from mlenv.errors import MlenvError
from mlenv.model import Outcome
from mlenv.services.check import check
from mlenv.services.context import Context, Options, silent
from mlenv.services.freeze import FreezeWish, freeze
from mlenv.services.select import target_of
from mlenv.services.sync import lock

pytestmark = [pytest.mark.real, pytest.mark.network]

DATA = Path(__file__).parent.parent / "data" / "notebooks"
MANIFEST = '[project]\nname = "demo"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = [\n{rows}]\n'


class Workbench:
    """One project with a real environment that somebody changes by hand."""

    def __init__(self, root: Path, uv: str, make_venv: Callable[..., Path]) -> None:
        self.root = root
        self._uv = uv
        self._make = make_venv
        root.mkdir(parents=True)

    def declare(self, *rows: str) -> None:
        self.write("pyproject.toml", MANIFEST.format(rows="".join(f'    "{row}",\n' for row in rows)))

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def environment(self, *packages: str) -> None:
        self._make(self.root / ".venv", None, *packages)

    def uv(self, *arguments: str) -> None:
        python = str(self.root / ".venv" / "bin" / "python")
        argv = [self._uv, "pip", *arguments[:1], "--quiet", "--python", python, *arguments[1:]]
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def context(self, **options: Any) -> Context:
        return Context(cwd=self.root, report=silent, options=Options(**options))

    def freeze(self, wish: FreezeWish | None = None, **options: Any) -> Outcome:
        return freeze(self.context(**options), wish or FreezeWish())

    def verdict(self) -> str:
        return check(self.context()).verdict

    def pins(self, name: str = "pylock.toml") -> dict[str, str | None]:
        target = target_of(str(self.root / ".venv" / "bin" / "python"))
        text = self.read(name)
        if name.endswith(".txt"):
            pins = locks.parse_requirements(text, name, target, lambda _: None).pins
        elif name == "uv.lock":
            pins = locks.parse_uv_lock(text, name, target, (), (), "demo").pins
        else:
            pins = locks.parse_pylock(text, name, target).pins
        return {pin.name: pin.version for pin in pins}

    def files(self) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in self.root.iterdir() if p.is_file() and p.name != ".gitignore"}

    @property
    def site(self) -> Path:
        return next((self.root / ".venv" / "lib").glob("python*/site-packages"))

    def pretend(
        self, name: str, version: str, *, direct_url: dict[str, object] | None = None, requires: str = ""
    ) -> None:
        """Put the metadata of a distribution there, as an installer writes it."""
        folder = self.site / f"{name}-{version}.dist-info"
        folder.mkdir()
        needs = "".join(f"Requires-Dist: {need}\n" for need in requires.split())
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        (folder / "INSTALLER").write_text("pip\n")
        rows = [f"{folder.name}/METADATA,,", f"{folder.name}/INSTALLER,,", f"{folder.name}/RECORD,,"]
        if direct_url:
            (folder / "direct_url.json").write_text(json.dumps(direct_url))
        (folder / "RECORD").write_text("\n".join(rows) + "\n")


@pytest.fixture
def bench(tmp_path: Path, mlenv_home: Path, uv: str, make_venv: Callable[..., Path]) -> Workbench:
    return Workbench(tmp_path / "demo", uv, make_venv)


def refused(bench: Workbench, code: str, wish: FreezeWish | None = None, **options: Any) -> MlenvError:
    """Freeze, expect this error, and see that no file of the project was touched."""
    before = bench.files()
    with pytest.raises(MlenvError) as caught:
        bench.freeze(wish, **options)
    assert caught.value.code == code
    assert bench.files() == before
    return caught.value


def test_a_package_installed_by_hand_is_declared_and_locked_and_check_is_green(bench: Workbench) -> None:
    bench.declare("six")
    bench.environment("six==1.16.0")
    bench.freeze()
    bench.uv("install", "python-dateutil==2.9.0.post0", "six==1.17.0")
    assert bench.verdict() == "sync"
    outcome = bench.freeze()
    assert bench.pins() == {"python-dateutil": "2.9.0.post0", "six": "1.17.0"}
    assert bench.read("pyproject.toml").endswith('    "six",\n    "python-dateutil>=2.9.0.post0",\n]\n')
    assert bench.verdict() == "in-step"
    assert any("+ python-dateutil>=2.9.0.post0" in line for line in outcome.lines)
    assert len(outcome.lines) <= 5


def test_a_second_freeze_changes_no_byte(bench: Workbench) -> None:
    bench.declare("six", "idna<3")
    bench.environment("six==1.16.0", "idna==3.7", "attrs==23.2.0")
    bench.freeze()
    before = bench.files()
    outcome = bench.freeze()
    assert bench.files() == before
    assert outcome.files == ()
    assert outcome.lines[0].startswith("unchanged")


def test_after_the_direct_list_was_edited_freeze_leads_to_green_in_its_own_direction(bench: Workbench) -> None:
    bench.declare("idna>=3.6")
    bench.environment("idna==3.7")
    bench.freeze()
    bench.declare("idna>=3.7", "attrs")
    assert bench.verdict() == "relock"
    outcome = bench.freeze()
    assert bench.verdict() == "in-step"
    assert '"idna>=3.7"' in bench.read("pyproject.toml")
    assert "attrs" not in bench.read("pyproject.toml")
    assert any("- attrs (not installed)" in line for line in outcome.lines)


def test_a_specifier_that_the_installed_version_violates_is_moved_and_said(bench: Workbench) -> None:
    bench.declare("idna<3", "six==1.16.0")
    bench.environment("idna==3.7", "six==1.17.0")
    outcome = bench.freeze()
    assert '    "idna>=3.7",\n    "six==1.17.0",\n' in bench.read("pyproject.toml")
    assert any("idna<3 -> idna>=3.7" in line for line in outcome.lines)
    assert bench.verdict() == "in-step"


def test_scope_direct_locks_only_what_is_declared_and_names_the_rest(bench: Workbench) -> None:
    bench.declare("python-dateutil")
    bench.environment("python-dateutil==2.9.0.post0", "six==1.17.0", "idna==3.7")
    outcome = bench.freeze(FreezeWish(scope="direct"))
    assert bench.pins() == {"python-dateutil": "2.9.0.post0", "six": "1.17.0"}
    assert any("idna" in line for line in outcome.lines)


def test_a_lock_is_not_replaced_by_one_with_fewer_packages_without_force(bench: Workbench) -> None:
    bench.declare("six", "idna")
    bench.environment("six==1.17.0", "idna==3.7")
    bench.freeze()
    bench.uv("uninstall", "idna")
    error = refused(bench, "freeze-fewer")
    assert "idna" in error.message
    assert "--force" in error.hint
    bench.freeze(force=True)
    assert bench.pins() == {"six": "1.17.0"}
    assert bench.verdict() == "in-step"


def test_a_lock_is_never_replaced_by_an_empty_one(bench: Workbench) -> None:
    bench.declare("six")
    bench.environment("six==1.17.0")
    bench.freeze()
    bench.uv("uninstall", "six")
    refused(bench, "freeze-empty", force=True)


def test_damaged_packages_stop_freeze_and_are_named(bench: Workbench) -> None:
    bench.declare("six", "idna")
    bench.environment("six==1.17.0", "idna==3.7")
    bench.freeze()
    shutil.rmtree(bench.site / "idna")
    error = refused(bench, "packages-damaged")
    assert "idna" in error.message
    assert "six" not in error.message


def test_an_environment_that_lacks_what_a_package_needs_is_not_frozen(bench: Workbench) -> None:
    bench.declare("python-dateutil")
    bench.environment("python-dateutil==2.9.0.post0")
    bench.uv("uninstall", "six")
    assert "python-dateutil needs six" in refused(bench, "freeze-incomplete").message


def test_packages_that_do_not_fit_together_are_not_frozen(bench: Workbench) -> None:
    bench.declare("requests")
    bench.environment("requests==2.32.3")
    bench.uv("install", "--no-deps", "idna==1.1")
    before = bench.files()
    with pytest.raises(MlenvError, match="idna"):
        bench.freeze()
    assert bench.files() == before


def test_a_pinned_requirements_file_stays_one_and_keeps_its_options(bench: Workbench) -> None:
    bench.write("requirements.txt", "# ours\n--prefer-binary\npython-dateutil==2.8.2\nsix==1.16.0\n")
    bench.environment("python-dateutil==2.9.0.post0", "six==1.17.0")
    assert bench.verdict() == "sync"
    bench.freeze()
    assert not (bench.root / "pylock.toml").exists()
    assert not (bench.root / "pyproject.toml").exists()
    assert "--prefer-binary\n" in bench.read("requirements.txt")
    assert bench.pins("requirements.txt") == {"python-dateutil": "2.9.0.post0", "six": "1.17.0"}
    assert bench.verdict() == "in-step"


def test_a_loose_requirements_file_stays_the_manifest_and_gets_a_lock_beside_it(bench: Workbench) -> None:
    bench.write("requirements.txt", "# ours\npython-dateutil>=2.8  # dates\n")
    bench.environment("python-dateutil==2.9.0.post0", "idna==3.7")
    bench.freeze()
    assert bench.read("requirements.txt") == "# ours\npython-dateutil>=2.8  # dates\nidna>=3.7\n"
    assert set(bench.pins()) == {"python-dateutil", "six", "idna"}
    assert bench.verdict() == "in-step"


def test_an_environment_without_any_file_gets_a_manifest_and_a_lock(bench: Workbench) -> None:
    bench.environment("python-dateutil==2.9.0.post0", "six==1.17.0")
    bench.freeze()
    assert '"python-dateutil>=2.9.0.post0"' in bench.read("pyproject.toml")
    assert '"six' not in bench.read("pyproject.toml")
    assert bench.pins() == {"python-dateutil": "2.9.0.post0", "six": "1.17.0"}
    assert bench.verdict() == "in-step"


def test_uv_lock_is_relocked_to_the_installed_versions(bench: Workbench, uv: str) -> None:
    bench.declare("six", "idna")
    done = subprocess.run([uv, "lock", "--quiet", "--project", str(bench.root)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    bench.environment("six==1.16.0", "idna==3.6", "attrs==23.2.0")
    bench.freeze()
    assert {n: v for n, v in bench.pins("uv.lock").items() if n != "demo"} == {
        "six": "1.16.0",
        "idna": "3.6",
        "attrs": "23.2.0",
    }
    check_ = subprocess.run([uv, "lock", "--check", "--offline", "--project", str(bench.root)], capture_output=True)
    assert check_.returncode == 0, check_.stderr
    assert not (bench.root / "pylock.toml").exists()


def test_a_uv_lock_that_cannot_be_relocked_stays_and_output_is_offered(bench: Workbench, uv: str) -> None:
    bench.declare("six")
    done = subprocess.run([uv, "lock", "--quiet", "--project", str(bench.root)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    bench.write(
        "uv.lock", bench.read("uv.lock") + '\n[[package]]\nname = "x"\nversion = "1"\nsource = { editable = "../x" }\n'
    )
    bench.environment("six==1.16.0")
    assert "--output" in refused(bench, "uv-workspace").hint


def test_a_project_whose_engine_is_venv_is_frozen_too(bench: Workbench) -> None:
    bench.declare("six")
    bench.write("pyproject.toml", bench.read("pyproject.toml") + '\n[tool.mlenv]\nengine = "venv"\n')
    bench.environment("six==1.17.0")
    bench.freeze()
    bench.uv("install", "six==1.16.0", "idna==3.7")
    bench.freeze()
    assert bench.pins() == {"six": "1.16.0", "idna": "3.7"}
    assert bench.verdict() == "in-step"


def test_a_lock_of_another_tool_is_left_alone_and_output_is_offered(bench: Workbench) -> None:
    bench.declare("six")
    bench.write("poetry.lock", 'metadata = { lock-version = "2.1" }\n')
    bench.environment("six==1.17.0")
    assert "--output" in refused(bench, "freeze-foreign-lock").hint
    bench.freeze(FreezeWish(output="requirements-frozen.txt"))
    assert bench.pins("requirements-frozen.txt") == {"six": "1.17.0"}


def test_nothing_local_nothing_secret_and_nothing_of_the_kernel_is_written(bench: Workbench, tmp_path: Path) -> None:
    bench.environment("python-dateutil==2.9.0.post0", "humanize==4.9.0", "six==1.17.0")
    local = tmp_path / "my_tool"
    local.mkdir()
    (local / "pyproject.toml").write_text('[project]\nname = "my-tool"\nversion = "0.1"\n')
    (local / "my_tool.py").write_text("")
    bench.pretend("my_tool", "0.1", direct_url={"url": local.as_uri(), "dir_info": {"editable": True}})
    bench.pretend("conda_made", "1.1", direct_url={"url": "file:///home/conda/feedstock_root/work", "dir_info": {}})
    bench.pretend(
        "from_git",
        "0.3",
        direct_url={
            "url": "https://someone:t0ken@mlenv.invalid/r.git",
            "vcs_info": {"vcs": "git", "commit_id": "0" * 40, "requested_revision": "main"},
        },
    )
    bench.pretend("ipykernel", "6.29.5", requires="ipython")
    bench.pretend("ipython", "8.18.0")
    bench.pretend("mlenv", "0.1.0", requires="uv")
    outcome = bench.freeze(FreezeWish(output="requirements.txt"))
    text = bench.read("requirements.txt")
    assert [line.split("  #")[0] for line in text.splitlines() if not line.startswith("#")] == [
        f"from_git @ git+https://mlenv.invalid/r.git@{'0' * 40}",
        "humanize==4.9.0",
        "python-dateutil==2.9.0.post0",
        "six==1.17.0",
    ]
    everything = text + json.dumps(outcome.data) + "\n".join(outcome.lines)
    for forbidden in ("file:", str(tmp_path), "t0ken", "someone", "/home"):
        assert forbidden not in everything
    assert outcome.data is not None
    assert outcome.data["direct"] == [
        f"from_git @ git+https://mlenv.invalid/r.git@{'0' * 40}",
        "humanize==4.9.0",
        "python-dateutil==2.9.0.post0",
    ]
    named = {row["package"]: row["why"] for row in outcome.data["left_out"]}
    assert named == {
        "my-tool": "editable",
        "conda-made": "local",
        "ipykernel": "kernel",
        "ipython": "kernel",
        "mlenv": "kernel",
    }
    assert any("my-tool" in line and "conda-made" in line for line in outcome.lines)
    assert "not proved" in outcome.lines[0]


def test_a_notebook_that_imports_three_of_many_is_frozen_to_three(bench: Workbench) -> None:
    bench.environment(
        "python-dateutil==2.9.0.post0", "PyYAML", "humanize==4.9.0", "attrs==23.2.0", "idna==3.7", "iniconfig==2.0.0"
    )
    cells = ["import yaml, humanize", "from dateutil import parser", "import frobnicate"]
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    bench.write("work.ipynb", json.dumps(notebook))
    outcome = bench.freeze(FreezeWish(notebook="work.ipynb"))
    rows = [line.strip(' ",') for line in bench.read("pyproject.toml").splitlines() if line.startswith("    ")]
    assert [row.split("==")[0] for row in rows] == ["humanize", "python-dateutil", "PyYAML"]
    assert all("==" in row for row in rows)
    assert set(bench.pins()) == {"humanize", "python-dateutil", "pyyaml", "six"}
    assert any("frobnicate" in line for line in outcome.lines)


def test_a_list_of_what_a_notebook_imports_leaves_the_project_alone(bench: Workbench) -> None:
    bench.declare("six", "idna", "attrs")
    bench.environment("six==1.17.0", "idna==3.7", "attrs==23.2.0")
    bench.freeze()
    bench.write("work.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": "import attr"}]}))
    refused(bench, "freeze-fewer", FreezeWish(notebook="work.ipynb"))
    before = bench.files()
    bench.freeze(FreezeWish(notebook="work.ipynb", output="pylock.work.toml"))
    assert bench.pins("pylock.work.toml") == {"attrs": "23.2.0"}
    assert {name: text for name, text in bench.files().items() if name != "pylock.work.toml"} == before


def test_every_lock_written_has_hashes(bench: Workbench) -> None:
    bench.environment("six==1.17.0")
    bench.freeze(FreezeWish(output="pylock.toml"))
    assert "sha256" in bench.read("pylock.toml").split("[tool.mlenv]")[0]


def test_show_and_dry_run_write_nothing(bench: Workbench) -> None:
    bench.environment("six==1.17.0")
    shown = bench.freeze(FreezeWish(show=True, format="requirements"))
    assert "six==1.17.0" in shown.lines
    planned = bench.freeze(dry_run=True)
    assert planned.dry_run
    assert planned.lines[0].startswith("would freeze")
    assert bench.files() == {}


@pytest.mark.parametrize(
    ("output", "kind"),
    [("pyproject.toml", None), ("lock.toml", None), ("uv.lock", None), ("requirements.toml", "requirements")],
)
def test_names_that_no_tool_would_read_and_the_projects_own_files_are_refused(
    bench: Workbench, output: str, kind: str | None
) -> None:
    bench.declare("six")
    bench.environment("six==1.17.0")
    refused(bench, "usage", FreezeWish(output=output, format=kind))


def test_an_output_file_with_more_packages_is_guarded_too(bench: Workbench) -> None:
    bench.environment("six==1.17.0")
    bench.write("list.txt", "six==1.17.0\nidna==3.7\n")
    refused(bench, "freeze-fewer", FreezeWish(output="list.txt"))
    bench.freeze(FreezeWish(output="list.txt"), force=True)
    assert bench.pins("list.txt") == {"six": "1.17.0"}


def test_without_network_a_list_says_that_it_was_not_proved_and_a_lock_is_not_written(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.environment("six==1.17.0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty-cache"))
    outcome = bench.freeze(FreezeWish(output="list.txt"), offline=True)
    assert "not proved" in outcome.lines[0]
    assert bench.pins("list.txt") == {"six": "1.17.0"}
    refused(bench, "offline-not-cached", offline=True)


def test_groups_are_frozen_into_locks_of_their_own(bench: Workbench) -> None:
    bench.declare("six")
    bench.write("pyproject.toml", bench.read("pyproject.toml") + '\n[dependency-groups]\ntest = ["iniconfig<2"]\n')
    bench.environment("six==1.17.0", "iniconfig==2.0.0")
    bench.freeze(groups=("test",))
    assert bench.pins() == {"six": "1.17.0"}
    assert bench.pins("pylock.test.toml")["iniconfig"] == "2.0.0"
    assert 'test = ["iniconfig>=2.0.0"]' in bench.read("pyproject.toml")


def test_a_project_folder_with_any_name_works(
    tmp_path: Path, mlenv_home: Path, uv: str, make_venv: Callable[..., Path]
) -> None:
    bench = Workbench(tmp_path / "my project's $HOME & über", uv, make_venv)
    bench.environment("attrs==23.2.0")
    bench.freeze()
    assert bench.verdict() == "in-step"
    assert bench.freeze().files == ()
    assert sorted(bench.files()) == ["pylock.toml", "pyproject.toml"]


def test_lock_and_freeze_agree_on_an_environment_in_step(bench: Workbench) -> None:
    bench.declare("six")
    bench.environment("six==1.17.0")
    bench.freeze()
    before = bench.files()
    lock(bench.context())
    assert bench.files() == before
