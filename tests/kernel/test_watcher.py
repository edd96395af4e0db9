"""Loaded, installed, locked and declared, watched from inside real kernels."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.locked import lock, write_project
from kernel.projects import ProjectKernel
from mlenv import generations

pytestmark = [pytest.mark.real, pytest.mark.network]

PINS = {"idna": "3.7", "six": "1.16.0"}
ROWS = (
    "r = get_ipython().run_line_magic('mlenv', 'check'); "
    "print(r.verdict, sorted((f.kind, f.package, f.locked, f.installed, f.loaded) for f in r.findings if f.package))"
)

LOADED_IDNA = "print([row.version for row in get_ipython()._mlenv_session.state().loaded() if row.name == 'idna'])"


@pytest.fixture
def locked(project: Callable[..., ProjectKernel]) -> Callable[..., ProjectKernel]:
    """Make a project whose environment is what its lock says."""

    def make(minor: str = "3.11") -> ProjectKernel:
        kernel = project(minor, *(f"{name}=={version}" for name, version in PINS.items()))
        lock(kernel.root, PINS, f"cpython-{minor.replace('.', '')}")
        return kernel

    return make


@pytest.fixture
def start(start_kernel):
    def start(kernel: ProjectKernel, **options):
        return start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root, **options)

    return start


def install(uv: str, kernel: ProjectKernel, *packages: str) -> str:
    """Return a cell that changes the environment behind mlenv's back."""
    words = [uv, "pip", "install", "-q", "--no-deps", "--python", str(kernel.link / "bin" / "python"), *packages]
    return f"import subprocess; _ = subprocess.run({words!r}, check=True)"


@pytest.mark.parametrize("minor", ["3.9", "3.11", "3.13"])
def test_a_change_is_told_once_in_the_cell_that_made_it_and_so_is_the_way_back(
    minor: str, locked, start, uv: str
) -> None:
    kernel = locked(minor)
    live = start(kernel)
    assert live.run("import idna; print(idna.__version__)").text == "3.7\n"
    assert live.run("r = %mlenv check\nprint(r.verdict, r.ok, r.loaded_measured)").stdout == "in-step True True\n"
    told = live.run(install(uv, kernel, "idna==3.6")).text
    assert "mlenv: idna 3.7 in memory, 3.6 on disk, pylock.toml says 3.7. Next: %mlenv sync" in told
    assert live.run("1 + 1").text == "2"
    assert live.run(ROWS).stdout == "sync [('different', 'idna', '3.7', '3.6', '3.7')]\n"
    assert "in step again" in live.run(install(uv, kernel, "idna==3.7")).text


def test_a_package_that_is_replaced_and_one_that_is_removed_are_named_as_memory_has_them(
    locked, start, uv: str
) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("import idna, six")
    python = str(kernel.link / "bin" / "python")
    live.run(
        f"import subprocess; _ = subprocess.run([{uv!r}, 'pip', 'uninstall', '-q', '--python', {python!r}, 'six'])"
    )
    assert live.run(ROWS).stdout == "sync [('missing', 'six', '1.16.0', None, '1.16.0')]\n"


def test_a_cell_that_installs_and_then_imports_has_loaded_the_new_version(locked, start, uv: str) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("1")
    live.run(install(uv, kernel, "idna==3.6") + "\nimport idna")
    assert live.run(LOADED_IDNA).stdout == "['3.6']\n"


def test_a_cell_that_imports_and_then_installs_has_loaded_the_old_version(locked, start, uv: str) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("1")
    live.run("import idna\n" + install(uv, kernel, "idna==3.6"))
    assert live.run(ROWS).stdout == "sync [('different', 'idna', '3.7', '3.6', '3.7')]\n"


def test_a_module_that_is_loaded_anew_is_what_the_disk_has(locked, start, uv: str) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("import idna")
    live.run(install(uv, kernel, "idna==3.6"))
    live.run(
        "import sys, importlib\nfor n in [n for n in sys.modules if n.split('.')[0] == 'idna']: del sys.modules[n]\nimport idna"
    )
    assert live.run(LOADED_IDNA).stdout == "['3.6']\n"


def switch_to(kernel: ProjectKernel, make_venv, name: str, *packages: str) -> None:
    """Build another generation and show it, as mlenv's verbs do."""
    target = kernel.root / ".mlenv" / "envs" / name
    make_venv(target, "3.11", *packages)
    generations.seal(target, {}, python="3.11")
    (kernel.root / "next").symlink_to(Path(".mlenv") / "envs" / name)
    os.replace(kernel.root / "next", kernel.link)


def test_a_new_generation_is_followed_if_nothing_in_memory_differs(locked, start, make_venv) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("import idna")
    switch_to(kernel, make_venv, "g2", "idna==3.7", "six==1.16.0", "iniconfig==2.0.0")
    live.run("1")
    done = live.run("import iniconfig; print(iniconfig.__file__)")
    assert "/envs/g2/" in done.stdout
    assert (kernel.root / ".mlenv" / "live" / "g2.lock").exists()


def test_a_live_kernel_never_mixes_two_generations(locked, start, make_venv) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("import idna")
    switch_to(kernel, make_venv, "g2", "idna==3.6", "six==1.17.0")
    live.run("1")
    assert "/envs/g1/" in live.run("import six; print(six.__file__)").stdout
    rows = live.run(ROWS).stdout
    assert "('different', 'idna', '3.7', '3.6', '3.7')" in rows
    assert "('different', 'six', '1.16.0', '1.17.0', '1.16.0')" in rows


def test_a_kernel_whose_environment_was_adopted_keeps_importing_from_it(locked, start, make_venv) -> None:
    """The first change puts a link in the place of somebody's own folder; the live kernel follows its folder."""
    kernel = locked()
    kernel.link.unlink()
    make_venv(kernel.link, "3.11", "idna==3.7", "six==1.16.0")
    live = start(kernel)
    live.run("import idna")
    target = kernel.root / ".mlenv" / "envs" / "g2"
    make_venv(target, "3.11", "idna==3.6", "six==1.17.0")
    generations.seal(target, {}, python="3.11")
    generations.switch(kernel.root, kernel.link, target)
    live.run("1")
    assert "/envs/adopted-g2/" in live.run("import six; print(six.__file__)").stdout
    assert generations.in_use(kernel.root, "adopted-g2")


def test_what_only_the_runtime_provides_is_reported_when_the_notebook_imports_it(locked, start) -> None:
    live = start(locked())
    live.run("import tornado")
    done = live.run("r = %mlenv check\nprint(r.ok, [(f.kind, f.package) for f in r.findings])")
    assert done.stdout == "True [('runtime-only', 'tornado')]\n"


def test_a_package_of_the_runtime_that_the_environment_gets_at_another_version_needs_a_restart(
    locked, start, uv: str
) -> None:
    kernel = locked()
    live = start(kernel)
    live.run(install(uv, kernel, "tornado==6.4"))
    done = live.run(
        "r = %mlenv check\nprint([(f.kind, f.installed) for f in r.findings if f.package == 'tornado' and f.loaded])"
    )
    assert done.stdout == "[('extra', '6.4')]\n"


def test_a_module_from_outside_is_listed(locked, start, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "stray_module.py").write_text("")
    live = start(locked())
    live.run(f"import sys; sys.path.append({str(tmp_path / 'elsewhere')!r}); import stray_module")
    done = live.run("r = %mlenv check\nprint(r.ok, [(f.kind, f.package) for f in r.findings])")
    assert done.stdout == "True [('outside', 'stray_module')]\n"


def test_modules_of_the_project_itself_are_nobodys_distribution(locked, start) -> None:
    kernel = locked()
    (kernel.root / "helpers.py").write_text("x = 1\n")
    live = start(kernel)
    live.run("import helpers")
    assert live.run("r = %mlenv check\nprint(r.ok, r.findings)").stdout == "True ()\n"


def test_an_edited_manifest_is_read_aside_and_told_by_a_later_cell(locked, start) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("1")
    write_project(kernel.root, {**PINS, "attrs": "23.1.0"})
    (kernel.root / "pylock.toml").write_text((kernel.root / "pylock.toml").read_text().replace("23.1.0", "23.2.0"))
    started = time.monotonic()
    first = live.run("1")
    assert time.monotonic() - started < 1.0
    said = first.text
    deadline = time.monotonic() + 30
    while "attrs" not in said and time.monotonic() < deadline:
        time.sleep(0.3)
        said = live.run("1").text
    assert "attrs not on disk, pylock.toml says 23.2.0" in said


def test_an_unreadable_lock_is_one_error_that_names_the_file(locked, start) -> None:
    kernel = locked()
    live = start(kernel)
    (kernel.root / "pylock.toml").write_text("lock-version = [")
    assert live.run("1").status == "ok"
    done = live.run("%mlenv check")
    assert done.status == "error"
    assert done.ename == "MlenvError"
    assert "pylock.toml" in done.traceback
    assert len(done.traceback.splitlines()) <= 5


def test_without_its_host_a_kernel_still_compares_and_says_when_it_cannot(locked, start, shared_data: Path) -> None:
    kernel = locked()
    live = start(kernel)
    live.run(
        "from dataclasses import replace\nstate = get_ipython()._mlenv_session.state()\n"
        "state.around = replace(state.around, host='/nowhere/python')\nstate._selections = None"
    )
    assert live.run("r = %mlenv check\nprint(r.verdict)").stdout == "in-step\n"
    (kernel.root / "pylock.toml").write_text((kernel.root / "pylock.toml").read_text() + "\n")
    done = live.run("r = %mlenv check\nprint(r.verdict)\nr")
    assert "unknown" in done.stdout
    assert "mlenv kernels repair" in done.text
    assert live.run("%mlenv sync").ename == "MlenvError"


def test_packages_whose_files_are_gone_are_damaged_and_edited_ones_are_found_by_deep(locked, start) -> None:
    kernel = locked()
    live = start(kernel)
    live.run("1")
    edited = kernel.site / "idna" / "core.py"
    text = edited.read_text()
    edited.unlink()  # uv's files are links to its cache: written through, the edit would be in every environment
    edited.write_text(text.replace("idna", "Idna", 1))
    assert live.run("r = %mlenv check\nprint(r.verdict)").stdout == "in-step\n"
    deep = live.run("r = %mlenv check --deep\nprint(r.verdict, [(f.kind, f.package) for f in r.findings])").stdout
    assert deep == "broken [('damaged', 'idna')]\n"
    (kernel.site / "six.py").unlink()
    assert "('damaged', 'six')" in live.run("r = %mlenv check\nprint([(f.kind, f.package) for f in r.findings])").stdout


def test_a_wheel_of_another_machine_is_named_in_the_kernel_and_deep_lists_the_files(locked, start) -> None:
    """S59 in a notebook; the second look reads no WHEEL file again, and a list of files is part of the finding."""
    kernel = locked()
    live = start(kernel)
    wheel = next(kernel.site.glob("idna-*.dist-info")) / "WHEEL"
    text = wheel.read_text().replace("Tag: py3-none-any", "Tag: cp311-cp311-macosx_11_0_arm64")
    wheel.unlink()
    wheel.write_text(text)
    cell = "r = %mlenv check {}\nprint(r.verdict, [(f.package, f.reason.split(', ')[0], f.files) for f in r.findings])"
    for _ in range(2):
        told = live.run(cell.format("")).stdout
        assert told == "broken [('idna', 'Built for macOS (arm64)', ())]\n"
    deep = live.run(cell.format("--deep")).stdout
    assert deep == f"broken [('idna', 'Built for macOS (arm64)', ('{wheel.parent.name}/WHEEL has another size',))]\n"


def test_nothing_is_written_into_the_project_by_watching(locked, start) -> None:
    kernel = locked()
    before = sorted(path.name for path in kernel.root.iterdir())
    live = start(kernel)
    live.run("import idna")
    live.run("%mlenv check")
    assert sorted(path.name for path in kernel.root.iterdir()) == before
    assert sorted(path.name for path in (kernel.root / ".mlenv").iterdir()) == ["envs", "live"]
