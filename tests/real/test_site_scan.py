"""Real environments, made by uv and pip, read from the outside: what is there, what is missing, what was broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv.model import Distribution, Installed, Source
from mlenv.probe import site

pytestmark = [pytest.mark.real, pytest.mark.skipif(os.name == "nt", reason="not run: the layout here is that of POSIX")]

MINORS = ("3.9", "3.12", "3.13")


def scanned(prefix: Path) -> Installed:
    return site.scan(site.environment_facts(str(prefix)).sites)


def versions(prefix: Path) -> dict[str, str]:
    return {d.name: d.version for d in scanned(prefix).distributions}


def folder_of(prefix: Path) -> Path:
    return Path(site.environment_facts(str(prefix)).sites[0])


def get(prefix: Path, name: str) -> Distribution:
    found = scanned(prefix).get(name)
    assert found is not None
    return found


def run(*argv: str | Path) -> str:
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def local_project(tmp_path: Path) -> Path:
    """A project of somebody's own, to be installed editable; its build needs nothing from the network."""
    folder = tmp_path / "my lib"
    (folder / "mylib").mkdir(parents=True)
    (folder / "mylib" / "__init__.py").write_text("")
    (folder / "backend.py").write_text(
        "import zipfile\n"
        "def get_requires_for_build_editable(config_settings=None): return []\n"
        "def get_requires_for_build_wheel(config_settings=None): return []\n"
        "def build_editable(folder, config_settings=None, metadata_directory=None):\n"
        "    import os\n"
        "    name = 'mylib-0.3-py3-none-any.whl'\n"
        "    rows = {'mylib.pth': os.path.dirname(os.path.abspath(__file__)),\n"
        "            'mylib-0.3.dist-info/METADATA': 'Metadata-Version: 2.1\\nName: mylib\\nVersion: 0.3\\n',\n"
        "            'mylib-0.3.dist-info/WHEEL':\n"
        "                'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}\n"
        "    rows['mylib-0.3.dist-info/RECORD'] = ''.join(f'{path},,\\n' for path in rows)\n"
        "    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:\n"
        "        for path, text in rows.items():\n"
        "            wheel.writestr(path, text)\n"
        "    return name\n"
    )
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mylib"\nversion = "0.3"\n'
    )
    return folder


@pytest.mark.network
@pytest.mark.parametrize("minor", MINORS)
def test_what_uv_installed_is_what_the_interpreter_itself_says(
    minor: str, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(
        tmp_path / "env", minor, "six==1.16.0", "typing_extensions==4.12.2", "python-dateutil==2.9.0.post0"
    )
    facts = site.environment_facts(str(prefix))
    code = (
        "import json, site, sys; from importlib.metadata import distributions; "
        "print(json.dumps([sys.version.split()[0], site.getsitepackages(), "
        "sorted((d.metadata['Name'], d.version) for d in distributions(path=site.getsitepackages()))]))"
    )
    version, folders, found = json.loads(run(prefix / "bin" / "python", "-c", code))
    assert (facts.engine, facts.python, facts.problem) == ("uv", version, None)
    assert list(facts.sites) == folders
    assert versions(prefix) == {name.replace("_", "-").lower(): number for name, number in found}
    assert all(site.verify(d, deep=True) == () for d in scanned(prefix).distributions)
    assert site.missing_tops(scanned(prefix), {}) == ()


@pytest.mark.network
@pytest.mark.parametrize("minor", MINORS)
def test_what_pip_installed_is_whole_and_so_is_pip_itself(
    minor: str, tmp_path: Path, python: Callable[[str], str]
) -> None:
    prefix = tmp_path / "env"
    run(python(minor), "-m", "venv", prefix)
    run(prefix / "bin" / "python", "-m", "pip", "install", "-q", "six==1.16.0", "tqdm==4.66.5")
    facts = site.environment_facts(str(prefix))
    assert (facts.engine, facts.problem) == ("venv", None)
    assert versions(prefix)["six"] == "1.16.0"
    assert "pip" in versions(prefix)
    assert {d.name: site.verify(d, deep=True) for d in scanned(prefix).distributions if site.verify(d, deep=True)} == {}
    assert site.tops(get(prefix, "tqdm")) == ("tqdm",)
    assert site.metadata(get(prefix, "six")).summary == "Python 2 and 3 compatibility utilities"


@pytest.mark.network
def test_damage_is_found_whatever_was_damaged(tmp_path: Path, make_venv: Callable[..., Path]) -> None:
    prefix = make_venv(tmp_path / "env", None, "six==1.16.0", "idna==3.7", "attrs==23.2.0", "tqdm==4.66.5")
    folder = folder_of(prefix)
    assert all(site.verify(d) == () for d in scanned(prefix).distributions)

    (folder / "six.py").unlink()
    assert site.verify(get(prefix, "six")) == ("six.py is missing",)
    assert site.missing_tops(scanned(prefix), {}) == (("six", "its files are gone: six"),)

    shutil.rmtree(folder / "idna")
    assert ("idna", "its files are gone: idna") in site.missing_tops(scanned(prefix), {})

    module = folder / "attr" / "_make.py"
    content = module.read_bytes()
    module.unlink()  # a file of its own: uv links files from its cache
    module.write_bytes(content.replace(b"import", b"IMPORT", 1))
    assert site.verify(get(prefix, "attrs")) == ()
    assert site.verify(get(prefix, "attrs"), deep=True) == ("attr/_make.py was changed",)
    module.write_bytes(content + b"#\n")
    assert site.verify(get(prefix, "attrs")) == ("attr/_make.py has another size",)

    (prefix / "bin" / "tqdm").unlink()
    assert site.verify(get(prefix, "tqdm")) == ("../../../bin/tqdm is missing",)


@pytest.mark.network
def test_an_installation_that_was_not_finished_is_no_whole_package(
    tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(tmp_path / "env", None, "six==1.16.0")
    metadata = folder_of(prefix) / "six-1.16.0.dist-info"
    record = metadata / "RECORD"
    rows = record.read_text().splitlines()
    record.unlink()
    record.write_text("\n".join(row for row in rows if "INSTALLER" not in row))
    assert "was not finished" in site.verify(get(prefix, "six"))[0]
    record.unlink()
    assert "was not finished" in site.verify(get(prefix, "six"))[0]
    (metadata / "METADATA").unlink()
    assert site.verify(get(prefix, "six")) == ("six-1.16.0.dist-info/METADATA is missing",)


def test_duplicates_leftovers_and_old_kinds_of_metadata_are_told_apart(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    for entry in ("six-1.16.0.dist-info", "six-1.17.0.dist-info", "~umpy", "~ip-24.0.dist-info", "rich", "__pycache__"):
        (first / entry).mkdir()
    (first / "PyYAML-5.3.1.egg-info").write_text("Metadata-Version: 1.1\nName: PyYAML\nVersion: 5.3.1\n")
    (first / "demo.egg-info").mkdir()
    (first / "demo.egg-info" / "PKG-INFO").write_text("Name: demo\nVersion: 0.9\n")
    (first / "odd-dev.dist-info").mkdir()
    (first / "odd-dev.dist-info" / "METADATA").write_text("Name: odd\nVersion: 2.0.dev1\n")
    (second / "six-9.0.dist-info").mkdir()
    (second / "only_here-1.0.dist-info").mkdir()
    found = site.scan([str(first), str(second), str(tmp_path / "missing"), str(first)])
    assert {d.name: d.version for d in found.distributions} == {
        "six": "1.16.0", "pyyaml": "5.3.1", "demo": "0.9", "odd": "2.0.dev1", "only-here": "1.0",
    }  # fmt: skip
    assert [(d.name, d.version) for d in found.duplicates] == [("six", "1.17.0")]
    assert found.leftovers == (f"{first}/~ip-24.0.dist-info", f"{first}/~umpy")


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_an_editable_install_tells_its_folder_and_its_modules(
    installer: str, tmp_path: Path, local_project: Path, make_venv: Callable[..., Path], uv: str
) -> None:
    prefix = make_venv(tmp_path / "env", None, pip=installer == "pip")
    python = prefix / "bin" / "python"
    if installer == "uv":
        run(uv, "pip", "install", "-q", "--python", python, "-e", local_project)
    else:
        run(python, "-m", "pip", "install", "-q", "--no-build-isolation", "-e", local_project)
    found = get(prefix, "mylib")
    assert (found.version, found.source) == ("0.3", Source(kind="editable", url=str(local_project)))
    assert "mylib" in site.tops(found)
    assert site.verify(found) == ()
    assert site.missing_tops(scanned(prefix), {}) == ()


def test_a_wheel_from_a_folder_has_that_folder_as_its_source(
    tmp_path: Path, make_venv: Callable[..., Path], uv: str
) -> None:
    wheel = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny.py", "x = 1\n")
        file.writestr(
            "tiny-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Dist: base[fast]\n"
            "Requires-Dist: slow; extra == 'slow'\n",
        )
        file.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("tiny-1.0.dist-info/RECORD", "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\n")
    prefix = make_venv(tmp_path / "env", None)
    run(uv, "pip", "install", "-q", "--no-deps", "--python", prefix / "bin" / "python", wheel)
    found = get(prefix, "tiny")
    assert found.source == Source(kind="path", url=str(wheel))
    assert site.required_names(found) == ("base",)
    assert site.needs(scanned(prefix)) == {"tiny": ("base",)}
    assert site.needs(scanned(prefix), ["tiny[slow]>=1"]) == {"tiny": ("base", "slow")}

    installer = folder_of(prefix) / "tiny-1.0.dist-info" / "INSTALLER"
    installer.unlink()
    installer.write_text("conda\n")
    assert get(prefix, "tiny").source == Source(kind="index"), "conda leaves the build machine's paths"


def test_an_egg_link_of_old_setuptools_is_an_editable_install(tmp_path: Path) -> None:
    folder, source = tmp_path / "site", tmp_path / "source"
    (source / "old_lib.egg-info").mkdir(parents=True)
    (source / "old_lib.egg-info" / "PKG-INFO").write_text("Name: old-lib\nVersion: 0.1\nRequires-Dist: six\n")
    (source / "old_lib.egg-info" / "top_level.txt").write_text("oldlib\n")
    folder.mkdir()
    (folder / "old-lib.egg-link").write_text(f"{source}\n.\n")
    (found,) = site.scan([str(folder)]).distributions
    assert (found.name, found.version, found.source) == ("old-lib", "0.1", Source(kind="editable", url=str(source)))
    assert site.tops(found) == ("oldlib",)
    assert site.required_names(found) == ("six",)


def test_stamps_tell_a_change_an_appearance_and_a_removal(tmp_path: Path) -> None:
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.write_text("a")
    known = site.stamps([str(there), str(absent)])
    assert known[1].mtime_ns == -1
    assert site.unchanged(known)
    absent.write_text("")
    assert not site.unchanged(known)
    absent.unlink()
    assert site.unchanged(known)
    there.write_text("ab")
    assert not site.unchanged(known)
    assert not site.unchanged([site.stamp(str(there)), *known[:1]])


def problem(prefix: Path) -> tuple[str, str]:
    found = site.environment_facts(str(prefix)).problem
    assert found is not None
    return found.kind, found.reason


def test_no_environment_and_half_an_environment_are_not_the_same(
    tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    assert problem(tmp_path / "none")[0] == "no-env"
    (tmp_path / "empty").mkdir()
    assert problem(tmp_path / "empty") == (
        "broken", "the environment has no Python interpreter: it was not finished, or part of it was removed",
    )  # fmt: skip
    (tmp_path / "file").write_text("")
    assert problem(tmp_path / "file")[0] == "broken"
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    assert "points to a folder that is gone" in problem(tmp_path / "dangling")[1]
    half = make_venv(tmp_path / "half", None)
    (half / "pyvenv.cfg").write_text("")
    assert "half made" in problem(half)[1]


def test_an_interpreter_that_is_gone_or_cannot_be_started_is_broken(
    tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(tmp_path / "env", None)
    python = prefix / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    assert problem(prefix) == (
        "broken", f"its Python is gone: {python} points to /nonexistent/python3, which does not exist",
    )  # fmt: skip
    python.unlink()
    python.write_text("no program")
    python.chmod(0o644)
    if os.geteuid() != 0:
        assert "cannot be started" in problem(prefix)[1]
    python.unlink()
    python.mkdir()
    assert "cannot be started" in problem(prefix)[1]


def test_a_base_python_that_was_replaced_by_another_minor_version_is_broken(
    tmp_path: Path, make_venv: Callable[..., Path], python: Callable[[str], str]
) -> None:
    # As after an upgrade of the system: the same link now leads to another Python.
    base = tmp_path / "base" / "python3"
    base.parent.mkdir()
    base.symlink_to(os.path.realpath(python("3.12")))
    prefix = make_venv(tmp_path / "env", "3.12")
    for name in ("python", "python3"):
        (prefix / "bin" / name).unlink()
        (prefix / "bin" / name).symlink_to(base)
    assert site.environment_facts(str(prefix)).problem is None
    base.unlink()
    base.symlink_to(os.path.realpath(python("3.13")))
    assert problem(prefix) == ("broken", "Base Python changed 3.12 \N{RIGHTWARDS ARROW} 3.13, remake from lock")


def test_an_environment_with_a_marker_of_another_place_was_moved_or_copied(
    tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(tmp_path / "a" / ".mlenv" / "envs" / "one", None)
    link = tmp_path / "a" / ".venv"
    link.symlink_to(Path(".mlenv") / "envs" / "one")
    assert "was not finished" in problem(link)[1], "a generation without its marker"
    assert site.environment_facts(str(prefix)).problem is None, "asked while it is being made"
    (prefix / "mlenv-ready.json").write_text(json.dumps({"schema": 1, "path": os.path.realpath(prefix)}))
    facts = site.environment_facts(str(link))
    assert (facts.problem, facts.prefix) == (None, str(link))
    assert facts.sites[0].startswith(str(link)), "paths stay those of the link"
    assert (site.read_marker(str(link)) or {})["schema"] == 1
    shutil.copytree(tmp_path / "a", tmp_path / "b", symlinks=True)
    assert "made for another folder" in problem(tmp_path / "b" / ".venv")[1]
    (prefix / "mlenv-ready.json").write_text('{"schema": 1, "pa')
    assert site.read_marker(str(link)) is None
    assert "was not finished" in problem(link)[1]


@pytest.mark.parametrize("maker", ["uv", "venv 3.9", "venv 3.12"])
def test_a_copy_of_somebody_elses_environment_is_known_for_its_programs_lead_to_the_original(
    maker: str, tmp_path: Path, make_venv: Callable[..., Path], python: Callable[[str], str]
) -> None:
    prefix = tmp_path / "my project" / ".venv"
    if maker == "uv":
        make_venv(prefix)
    else:
        run(python(maker.split()[1]), "-m", "venv", "--without-pip", prefix)
    assert site.environment_facts(str(prefix)).problem is None
    (tmp_path / "link").symlink_to(prefix.parent)
    assert site.environment_facts(str(tmp_path / "link" / ".venv")).problem is None
    shutil.copytree(prefix.parent, tmp_path / "copy", symlinks=True)
    assert problem(tmp_path / "copy" / ".venv") == (
        "broken", f"the environment was made for another folder ({prefix}): its programs lead there",
    )  # fmt: skip


def test_an_environment_made_to_be_moved_may_be_moved(tmp_path: Path, uv: str) -> None:
    run(uv, "venv", "-q", "--relocatable", tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two")
    assert site.environment_facts(str(tmp_path / "two")).problem is None


def test_an_environment_that_sees_the_systems_packages_has_their_folder_behind_its_own(
    tmp_path: Path, python: Callable[[str], str]
) -> None:
    prefix = tmp_path / "env"
    base = python("3.12")
    run(base, "-m", "venv", "--without-pip", "--system-site-packages", prefix)
    facts = site.environment_facts(str(prefix))
    sites = facts.sites
    code = "import sys, json; print(json.dumps([p for p in sys.path if p.endswith('-packages')]))"
    theirs = json.loads(run(prefix / "bin" / "python", "-s", "-c", code))
    assert [os.path.realpath(path) for path in sites] == [os.path.realpath(path) for path in theirs]
    assert sites[0] not in facts.inherited
    assert {*sites[1:], *map(os.path.realpath, sites[1:])} == set(facts.inherited)


def test_a_python_installation_itself_can_be_read(python: Callable[[str], str]) -> None:
    base = Path(os.path.realpath(python("3.12"))).parent.parent
    facts = site.environment_facts(str(base))
    assert (facts.problem, facts.engine) == (None, None)
    assert (facts.python or "").startswith("3.12")
    assert any(d.name == "pip" for d in site.scan(facts.sites).distributions)


def test_conda_environments_are_known_by_their_records(tmp_path: Path) -> None:
    prefix = tmp_path / "conda"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "python-3.11.9-h955ad1f_0.json").write_text("{}")
    (prefix / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (prefix / "bin").mkdir()
    shutil.copy(os.path.realpath(sys.executable), prefix / "bin" / "python3.11")
    (prefix / "bin" / "python").symlink_to("python3.11")
    facts = site.environment_facts(str(prefix))
    assert (facts.engine, facts.python, facts.problem) == ("conda", "3.11.9", None)


def test_a_scan_after_an_earlier_one_says_the_same(tmp_path: Path) -> None:
    """What came, went, moved, or is a link to sources now: folder names told before are believed, nothing else is."""
    for name in ("stays-1.0", "goes-1.0", "moves-1.0", "linked-1.0", "odd-dev"):
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "METADATA").write_text("Name: x\nVersion: 3.0\n")
    before = site.scan([str(tmp_path)])
    (tmp_path / "goes-1.0.dist-info" / "METADATA").unlink()
    (tmp_path / "goes-1.0.dist-info").rmdir()
    (tmp_path / "moves-1.0.dist-info").rename(tmp_path / "moves-2.0.dist-info")
    (tmp_path / "comes-1.0.dist-info").mkdir()
    (tmp_path / "linked-1.0.dist-info" / "direct_url.json").write_text(
        '{"url": "file:///src", "dir_info": {"editable": true}}'
    )
    (tmp_path / "odd-dev.dist-info" / "METADATA").write_text("Name: x\nVersion: 4.0\n")
    after = site.scan([str(tmp_path)], before)
    assert after == site.scan([str(tmp_path)])
    versions = {row.name: (row.version, row.source.kind) for row in after.distributions}
    assert versions["linked"] == ("1.0", "editable")
    assert versions["odd"][0] == "4.0"
    assert {"goes", "comes", "moves"} & versions.keys() == {"comes", "moves"}
    (tmp_path / "linked-1.0.dist-info" / "direct_url.json").unlink()
    assert site.scan([str(tmp_path)], after) == site.scan([str(tmp_path)])
