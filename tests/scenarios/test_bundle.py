"""S49, S17 (restore): a bundle is made with a network; without one the environment, its lock and its kernel come back."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from mlenv.services.bundling.archive import member_of, write_archive
from mlenv.services.bundling.contents import INDEX, Bundle, parse_index
from scenarios.offline import cut_off, fresh_machine
from scenarios.real_project import Project, create, mlenv, specs
from torture.handmade import make_wheel
from torture.index import serving

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("origin")


@pytest.fixture
def bundle(origin: Path, root: Path) -> Path:
    """The bundle of a project with two packages, made once; ``root`` is another folder, on the other machine."""
    found = sorted(origin.glob("*/*.zip"))
    if not found:
        made = create(origin / "demo", "six==1.17.0", "attrs==24.2.0")
        answer = made.mlenv("bundle", "--json").json()
        found = [Path(answer["data"]["bundles"][0]["file"])]
    return found[0]


def _changed(bundle: Path, target: Path, *, without: str = "", flip: str = "") -> Path:
    """Write the bundle again without a member, or with one of its bytes turned."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            body = old.read(entry)
            if without and entry.filename.startswith(without):
                continue
            if flip and entry.filename.startswith(flip):
                body = body[:100] + bytes([body[100] ^ 1]) + body[101:]
            new.writestr(entry, body)
    return target


def test_a_bundle_is_the_same_each_time_and_is_said_before_it_is_made(bundle: Path) -> None:
    """Deterministic, nothing beside it; a dry run fetches and writes nothing."""
    first = bundle.read_bytes()
    home = bundle.parent
    with zipfile.ZipFile(bundle) as archive:
        index = parse_index(archive.read(INDEX).decode(), "x")
    assert index.locked.keys() == {"six", "attrs"}
    assert {"ipykernel", "ipywidgets", "pip"} <= index.kernel.keys()
    assert index.files == ("pylock.toml", "pyproject.toml")
    planned = mlenv(home, "bundle", "--dry-run", "--output", "other.zip")
    assert "other.zip: 2 packages of pylock.toml" in planned.stdout
    mlenv(home, "bundle")
    assert bundle.read_bytes() == first
    assert sorted(path.name for path in home.glob("*.zip")) == [bundle.name]
    assert not list(home.glob(".*.tmp"))
    assert not list((home / ".mlenv" / "work").glob("*"))


@pytest.mark.timeout(400)
def test_everything_comes_back_on_a_machine_without_network_and_caches(
    bundle: Path, root: Path, tmp_path: Path
) -> None:
    """S49: found by its name and said; environment, lock, kernel and runtime; then ``check``, and once more."""
    env = fresh_machine(tmp_path / "bare")
    shutil.copy(bundle, root)
    answer = cut_off(root, "create", "--offline", env=env)
    assert f"{bundle.name} lies here" in answer.stderr
    assert "verified, no network used" in answer.stdout
    project = Project(root)
    assert project.packages == {"six": "1.17.0", "attrs": "24.2.0"}
    assert (root / "pylock.toml").read_bytes() == (bundle.parent / "pylock.toml").read_bytes()
    assert "in-step" in cut_off(root, "check", env=env).stdout
    kernels = cut_off(root, "kernels", "--json", env=env).json()["data"]["kernels"]
    assert [row["state"] for row in kernels if row["ours"] and row["project"]] == ["ok"]
    assert not list((tmp_path / "bare" / "mlenv_cache_dir" / "bundles").iterdir())
    assert not list(project.site.glob("*/direct_url.json"))
    again = cut_off(root, "create", "--offline", env=env)
    assert "as it was" in again.stdout


def test_pip_alone_restores_from_it_too(bundle: Path, root: Path, tmp_path: Path) -> None:
    """The engine venv; the runtime is there already."""
    env = {**fresh_machine(tmp_path / "bare"), "MLENV_DATA_DIR": os.environ["MLENV_DATA_DIR"]}
    answer = cut_off(root, "create", "--from-bundle", str(bundle), "--engine", "venv", env=env)
    assert "(venv:" in answer.stdout
    assert Project(root).packages == {"six": "1.17.0", "attrs": "24.2.0"}
    assert "in-step" in cut_off(root, "check", env=env).stdout


@pytest.mark.parametrize(
    ("how", "code", "named"),
    [
        ({"without": "wheels/six-"}, "wheel-missing", "six-1.17.0-py2.py3-none-any.whl"),
        ({"flip": "wheels/attrs-"}, "bundle-damaged", "attrs-24.2.0-py3-none-any.whl"),
        ({"flip": "project/pylock"}, "bundle-damaged", "pylock.toml"),
        ({"flip": INDEX}, "bundle-damaged", INDEX),
    ],
)
def test_a_missing_or_changed_member_is_named_within_five_seconds_and_nothing_is_made(
    bundle: Path, root: Path, tmp_path: Path, how: dict[str, str], code: str, named: str
) -> None:
    """S17, S49."""
    changed = _changed(bundle, tmp_path / "changed.zip", **how)
    began = time.monotonic()
    answer = cut_off(
        root,
        "create",
        "--offline",
        "--from-bundle",
        str(changed),
        "--json",
        env=fresh_machine(tmp_path / "bare"),
        code=2,
    )
    assert time.monotonic() - began < 5
    error = answer.json()["error"]
    assert (error["code"], named in error["message"], bool(error["hint"])) == (code, True, True)
    assert list(root.iterdir()) == []


def _with(bundle: Path, target: Path, **fields: object) -> Path:
    """Make a bundle again whose index says something else, and whose digests are right."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(target.parent / "parts")
        index = parse_index(archive.read(INDEX).decode(), "x")
    names = ("project", "python", "platform", "lock", "members", "locked", "kernel", "built", "left_out")
    made = Bundle(**{**{name: getattr(index, name) for name in names}, **fields})
    files = {one.path: target.parent / "parts" / one.path for one in made.members}
    write_archive(target, made, files, lambda done, total: None)
    return target


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"python": "3.7"}, "bundle-python", "Python 3.7"),
        ({"platform": "windows-x86_64"}, "bundle-platform", "windows-x86_64"),
        ({"locked": {"six": "six-1.17.0-py2.py3-none-any.whl"}}, "wheel-missing", "attrs 24.2.0"),
        (
            {"locked": {"six": "six-1.17.0-py2.py3-none-any.whl", "attrs": "six-1.17.0-py2.py3-none-any.whl"}},
            "wheel-missing",
            "attrs 24.2.0",
        ),
    ],
)
def test_a_bundle_for_something_else_is_explained_before_anything_is_installed(
    bundle: Path, root: Path, tmp_path: Path, fields: dict[str, object], code: str, named: str
) -> None:
    other = _with(bundle, tmp_path / "other.zip", **fields)
    answer = mlenv(root, "create", "--from-bundle", str(other), "--json", code=2)
    error = answer.json()["error"]
    assert (error["code"], named in error["message"]) == (code, True)
    assert list(root.iterdir()) == []


def test_a_wheel_that_the_lock_does_not_name_is_refused(bundle: Path, root: Path, tmp_path: Path) -> None:
    """Whoever can write a bundle can write its digests: the lock's own hashes count."""
    with zipfile.ZipFile(bundle) as archive:
        index = parse_index(archive.read(INDEX).decode(), "x")
    wheel = make_wheel(tmp_path / "parts" / "wheels", "attrs", "24.2.0", {"attrs.py": "EVIL = 1\n"})
    members = [one for one in index.members if "attrs-24" not in one.path]
    members.append(member_of(f"wheels/{wheel.name}", wheel))
    kept = wheel.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "parts")
    wheel.write_bytes(kept)
    made = Bundle(
        project=index.project, python=index.python, platform=index.platform, lock=index.lock,
        members=tuple(sorted(members, key=lambda one: one.path)), locked=index.locked, kernel=index.kernel,
    )  # fmt: skip
    files = {one.path: tmp_path / "parts" / one.path for one in made.members}
    write_archive(tmp_path / "evil.zip", made, files, lambda done, total: None)
    answer = mlenv(root, "create", "--from-bundle", str(tmp_path / "evil.zip"), "--json", code=2)
    assert (answer.json()["error"]["code"], "attrs" in answer.text) == ("hash-mismatch", True)
    assert list(root.iterdir()) == []


def test_a_project_with_another_lock_is_left_alone(bundle: Path, root: Path) -> None:
    """By name it is refused; lying there it is said, and the cache does what it can."""
    project = create(root, "six==1.16.0")
    shutil.copy(bundle, root)
    refused = project.mlenv("create", "--from-bundle", bundle.name, code=2)
    assert "was made for another pylock.toml" in refused.stderr
    answer = project.mlenv("create", "--offline")
    assert "is left alone" in answer.stderr
    assert project.packages == {"six": "1.16.0"}
    assert specs(root.parent / "home")


MANIFEST = """[project]
name = "demopkg"
version = "0.1"
requires-python = ">=3.11"
dependencies = ["tinysrc"]
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


def _source(folder: Path) -> None:
    """Put a package there that has no wheel."""
    texts = {
        "pyproject.toml": '[project]\nname = "tinysrc"\nversion = "1.0"\n[build-system]\nrequires = ["setuptools>=64"]\n'
        'build-backend = "setuptools.build_meta"\n',
        "tinysrc.py": "VALUE = 1\n",
        "PKG-INFO": "Metadata-Version: 2.1\nName: tinysrc\nVersion: 1.0\n",
    }
    with tarfile.open(folder / "tinysrc-1.0.tar.gz", "w:gz") as archive:
        for name, text in texts.items():
            entry = tarfile.TarInfo(f"tinysrc-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


@pytest.mark.timeout(400)
def test_what_was_built_and_the_projects_own_package_come_back_too(uv: str, root: Path, tmp_path: Path) -> None:
    """A ``uv.lock`` whose one package has no wheel, and a project that hatchling builds: neither asks the network."""
    (root / "src" / "demopkg").mkdir(parents=True)
    (root / "src" / "demopkg" / "__init__.py").write_text("VALUE = 2\n")
    (root / "pyproject.toml").write_text(MANIFEST)
    (tmp_path / "wheels").mkdir()
    _source(tmp_path / "wheels")
    with serving(tmp_path / "wheels") as index:
        env = {"UV_INDEX": index.url}
        subprocess.run([uv, "lock", "--quiet"], cwd=root, env={**os.environ, **env}, check=True, timeout=120)
        refused = mlenv(root, "bundle", env=env, code=2)
        assert "--allow-build" in refused.stderr
        assert not list(root.glob("*.zip"))
        data = mlenv(root, "bundle", "--allow-build", "--json", env=env).json()["data"]["bundles"][0]
    assert (data["built"], data["left_out"], data["locked"].keys()) == (["tinysrc"], ["demopkg"], {"tinysrc"})
    bare = {**fresh_machine(tmp_path / "bare"), "MLENV_DATA_DIR": os.environ["MLENV_DATA_DIR"]}
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(data["file"], alone)
    missing = cut_off(alone, "create", "--offline", env=bare, code=2)
    assert "the source of demopkg is not in the bundle" in missing.stderr
    cut_off(root, "create", "--offline", env=bare)
    python = Project(root).python
    said = subprocess.run(
        [python, "-c", "import demopkg, tinysrc; print(demopkg.VALUE)"], capture_output=True, text=True
    )
    assert said.stdout == "2\n", said.stderr
    assert "in-step" in cut_off(root, "check", env=bare).stdout
