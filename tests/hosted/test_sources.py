"""Where a hosted runtime's packages come from: a clone, a bundle on a drive without a network, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hosted.image import Image, ok, start_kernel_of
from scenarios.offline import UNSHARE
from scenarios.real_project import mlenv
from torture.handmade import make_wheel
from torture.index import serving

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory, pythons: Mapping[str, str]) -> Path:
    """A repository with a project in a folder of it, and beside it its bundle for Python 3.13."""
    if "3.13" not in pythons:
        pytest.skip("not run: no Python 3.13 here")
    folder = tmp_path_factory.mktemp("drive")
    root = folder / "repository" / "part"
    root.mkdir(parents=True)
    (root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["six==1.16.0", "iniconfig==2.0.0"]\n'
    )
    mlenv(root, "lock")
    mlenv(root, "bundle", "--python", "3.13", "--output", str(folder / "demo.mlenv-bundle.zip"))
    shutil.rmtree(root / ".mlenv", ignore_errors=True)
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "first"),
    ):
        subprocess.run(["git", *words], cwd=root.parent, check=True)
    return folder


@pytest.fixture(scope="module")
def image(new_image: Callable[..., Image]) -> Image:
    return new_image("3.13")


def alone(image: Image, folder: Path, *words: str, code: int | None = 0) -> str:
    """Run a verb in an image that has neither a network nor a cache."""
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip("not run: this machine does not let a program be cut from the network")
    folder.mkdir(exist_ok=True)
    env = {"UV_CACHE_DIR": str(folder.parent / "no-cache")}
    return image.run(*UNSHARE, image.python, "-m", "mlenv", *words, cwd=folder, code=code, **env)


@pytest.mark.usefixtures("mlenv_home")
def test_a_bundle_on_a_drive_restores_without_a_network_and_a_turned_byte_is_refused(
    drive: Path, new_image: Callable[..., Image], tmp_path: Path
) -> None:
    """S17: hashes are verified before the first file is used."""
    image = new_image("3.13")
    whole, before = drive / "demo.mlenv-bundle.zip", image.packages
    body = whole.read_bytes()
    at = body.index(b"wheels/iniconfig-2.0.0") + 600
    turned = tmp_path / "turned.mlenv-bundle.zip"
    turned.write_bytes(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
    refused = alone(image, tmp_path / "content", "setup", "--from", str(turned), code=2)
    assert "iniconfig-2.0.0" in refused
    assert "nothing was used" in refused
    assert image.packages == before
    said = alone(image, tmp_path / "content", "setup", "--from", str(whole))
    assert image.packages == {**before, "six": "1.16.0", "iniconfig": "2.0.0"}
    again = alone(image, tmp_path / "content", "setup", "--from", str(whole))
    green = next(line for line in said.splitlines() if line.startswith("set up: "))
    assert again.splitlines()[0] == green
    assert "on Colab with Python 3.13" in green
    assert not list(image.site.glob("six*/direct_url.json"))


def test_a_clone_is_taken_once_and_its_lock_counts(drive: Path, image: Image, tmp_path: Path) -> None:
    """``--from`` with an address of git's and ``--lock`` in a folder of it; the second run needs no repository."""
    content = tmp_path / "content"
    content.mkdir()
    source = (drive / "repository").as_uri()
    kernel = start_kernel_of(image, content)
    line = f"%mlenv setup --from {source}@main --lock part/pylock.toml"
    try:
        one = ok(kernel.run(f"%load_ext mlenv\n{line}")).text
        assert "set up: 2 packages as pylock.toml says, on Colab" in one
        assert (content / "repository" / "part" / "pyproject.toml").is_file()
        assert image.packages["iniconfig"] == "2.0.0"
        (drive / "repository").rename(drive / "gone")
        two = ok(kernel.run(line)).text
        assert "set up: 2 packages" in two
        assert "2 packages" in ok(kernel.run("r = %mlenv check\nr")).text
        other = kernel.run(f"%mlenv setup --from {source}x/repository --lock part/pylock.toml")
        assert "no clone of this repository" in other.evalue
    finally:
        (drive / "gone").rename(drive / "repository")
        kernel.stop()


@pytest.fixture
def broken_index(tmp_path: Path) -> Iterator[str]:
    """An index with a package that asks for another version of what the host needs."""
    folder = tmp_path / "wheels"
    make_wheel(folder, "greedy", "1.0", {"greedy.py": ""}, requires=("traitlets>=5.14",))
    with serving(folder) as index:
        yield index.url


def test_a_list_that_is_not_closed_never_moves_the_host(image: Image, broken_index: str, tmp_path: Path) -> None:
    """A hand-written list is resolved beside the host's own versions: what cannot be is named, and nothing has changed."""
    content, before = tmp_path / "content", image.packages
    content.mkdir()
    (content / "requirements.txt").write_text("greedy==1.0\n")
    env = {"UV_INDEX": broken_index}
    said = image.run(image.python, "-m", "mlenv", "setup", cwd=content, code=2, **env)
    assert "traitlets" in said
    assert "nothing was changed" in said
    assert image.packages == before
    (content / "requirements.txt").write_text("humanize==4.9.0\n")
    assert "+ humanize 4.9.0" in image.run(image.python, "-m", "mlenv", "setup", cwd=content, **env)
    shutil.rmtree(image.site / "humanize")
    assert "mended humanize" in image.run(image.python, "-m", "mlenv", "setup", cwd=content)
    assert (image.site / "humanize" / "__init__.py").is_file()


@pytest.mark.usefixtures("mlenv_home")
def test_outside_of_hosted_runtimes_the_projects_own_environment_is_meant(tmp_path: Path) -> None:
    """No environment yet: ``create`` is named; with one, ``setup`` syncs it."""
    (tmp_path / "requirements.txt").write_text("six==1.17.0\n")
    answer = mlenv(tmp_path, "setup", code=2)
    assert "mlenv create" in answer.text
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    assert "six" in mlenv(tmp_path, "setup").stdout
    assert list((tmp_path / ".venv").glob("lib/*/site-packages/six.py"))
