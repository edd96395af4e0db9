"""S16, S17, S46: the set-up cell in Colab's published image, in a real kernel, against an index that counts."""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from uv import find_uv_bin

from hosted.image import Image, ok, start_kernel_of
from live_kernel import LiveKernel
from torture.handmade import make_wheel
from torture.index import Index, serving

pytestmark = pytest.mark.real
NAMES = tuple(f"pack{number:02}" for number in range(1, 21))
OLD = "pack03"
"""In the image in an older version, which the notebook has loaded."""
SETUP = "%load_ext mlenv\n%mlenv setup --lock uv.lock"


@dataclass(frozen=True)
class Course:
    """A course's project, and the index that has its packages."""

    root: Path
    index: Index
    wheels: Path

    @property
    def downloads(self) -> list[str]:
        """Wheels that were fetched since the last look."""
        found = {path.rpartition("/")[2] for _, path, _ in self.index.requests if path.endswith(".whl")}
        self.index.requests.clear()
        return sorted(name.partition("-")[0] for name in found)

    def copy(self, target: Path) -> Path:
        """Bring what the course hands out."""
        target.mkdir(parents=True, exist_ok=True)
        for name in ("pyproject.toml", "uv.lock"):
            (target / name).write_bytes((self.root / name).read_bytes())
        return target


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, pythons: Mapping[str, str]) -> Iterator[Course]:
    """A lock of 20 small packages, and of a Jupyter that is newer than any image's; made on Python 3.11."""
    folder = tmp_path_factory.mktemp("course")
    for name in NAMES:
        make_wheel(folder / "wheels", name, "1.0", {f"{name}.py": "VALUE = '1.0'\n"})
    make_wheel(folder / "wheels", OLD, "0.9", {f"{OLD}.py": "VALUE = '0.9'\n"})
    asked = ", ".join(f'"{name}==1.0"' for name in NAMES)
    root = folder / "demo"
    root.mkdir()
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [{asked}, "traitlets==5.14.3"]\n'
    )
    with serving(folder / "wheels") as index:
        env = {**os.environ, "UV_INDEX": f"{index.url}"}
        argv = [find_uv_bin(), "lock", "--quiet", "--python", pythons["3.11"]]
        subprocess.run(argv, cwd=root, env=env, check=True, timeout=120)
        index.requests.clear()
        yield Course(root, index, folder / "wheels")


@pytest.fixture
def world(course: Course, new_image: Callable[..., Image], tmp_path: Path) -> tuple[Image, Path]:
    """A fresh user's image, in which 15 of the 20 are satisfied, and the folder that the notebook lies in."""
    image = new_image("3.13")
    image = Image(image.prefix, {**image.env, "UV_INDEX": f"{course.index.url}", "UV_CACHE_DIR": str(tmp_path / "uv")})
    wheels = [course.wheels / f"{name}-1.0-py3-none-any.whl" for name in NAMES[5:]]
    image.uv("pip", "install", "--no-deps", *wheels, course.wheels / f"{OLD}-0.9-py3-none-any.whl")
    for info in image.site.glob("pack*/direct_url.json"):  # an image's packages come from an index
        record = info.with_name("RECORD")
        record.write_text("".join(row for row in record.read_text().splitlines(True) if "direct_url" not in row))
        info.unlink()
    course.index.requests.clear()
    return image, course.copy(tmp_path / "content")


def private_in(text: str, image: Image) -> list[str]:
    """Names of the user, the machine and its folders in a text that a notebook keeps."""
    names = [socket.gethostname(), str(image.prefix), image.env["HOME"], str(Path.home()), "ghp_secret"]
    names += [getpass.getuser()] if getpass.getuser() != "root" else []
    return [name for name in names if len(name) > 3 and name in text]


def first(text: str) -> str:
    """The line with which the answer begins, what was shown on the way left out."""
    return next(line for line in text.splitlines() if line and not line.startswith("mlenv setup: "))


def within_two_seconds(kernel: LiveKernel, cell: str) -> str:
    """Run a cell that has nothing to do; a machine that is busy with other things gets three tries."""
    for _ in range(3):
        began = time.monotonic()
        said = ok(kernel.run(cell)).text
        if time.monotonic() - began < 2:
            return said
    raise AssertionError(f"three runs of {cell!r}, each longer than 2 s")


def test_the_set_up_cell_brings_what_the_image_lacks_and_moves_nothing_of_the_host(
    course: Course, world: tuple[Image, Path]
) -> None:
    """S16, S17, S46: five downloads, then none in under two seconds; a restart is asked for by name, and stops "Run all"."""
    image, content = world
    before, host = image.packages, image.host
    kernel = start_kernel_of(image, content)
    try:
        assert ok(kernel.run(f"import google.colab, {OLD}; print({OLD}.VALUE)")).stdout == "0.9\n"
        one = ok(kernel.run(SETUP)).text
        assert course.downloads == list(NAMES[:5])
        assert image.host == host
        assert image.packages == {**before, **dict.fromkeys(NAMES, "1.0")}
        green = "set up: 21 packages as uv.lock says, on Colab with Python 3.13"
        assert first(one) == green
        assert f"{OLD} 0.9 -> 1.0" in one
        assert "+ pack01 1.0" in one
        assert "15 were there already" in one
        assert "Colab needs its own traitlets 5.7.1 (locked: 5.14.3)" in one
        assert re.findall(r"restart needed: (\S+)", one) == [OLD]
        two = within_two_seconds(kernel, "%mlenv setup --lock uv.lock")
        assert course.downloads == []
        assert first(two) == green
        stopped = kernel.run("%mlenv check --strict")
        assert (stopped.status, stopped.ename) == ("error", "MlenvError")
        assert OLD in stopped.evalue
        assert "%mlenv restart" in stopped.text
        kernel.restart()
        assert ok(kernel.run(f"import {OLD}; print({OLD}.VALUE)")).stdout == "1.0\n"
        three = ok(kernel.run(f"{SETUP} --strict")).text
        assert first(three) == green
        assert "restart" not in three
        report = ok(kernel.run("r = %mlenv check --strict\nprint(r.verdict)\nr"))
        assert report.stdout == "in-step\n"
        assert not private_in("\n".join((one, two, stopped.text, three, report.text)), image)
        image.uv("pip", "install", "--no-deps", course.wheels / f"{OLD}-0.9-py3-none-any.whl")
        drifted = kernel.run("%mlenv check --strict")
        assert drifted.status == "error"
        assert "%mlenv setup" in drifted.text
        assert "extra" not in drifted.text
        assert f"{OLD} 0.9 -> 1.0" in ok(kernel.run("%mlenv sync")).text
    finally:
        kernel.stop()


def test_a_lock_in_its_own_folder_leaves_the_image_as_it_is(course: Course, world: tuple[Image, Path]) -> None:
    """``--isolated``: the kernel and its children import the locked versions, the image keeps its own."""
    image, content = world
    before = image.packages
    kernel = start_kernel_of(image, content)
    try:
        said = ok(kernel.run(f"{SETUP} --isolated")).text
        assert first(said) == "set up: 21 packages as uv.lock says in their own folder, on Colab with Python 3.13"
        assert image.packages == before
        assert ok(kernel.run(f"import {OLD}; print({OLD}.VALUE)")).stdout == "1.0\n"
        child = f"import subprocess, sys\nsubprocess.check_output([sys.executable, '-c', 'import {OLD}; print({OLD}.VALUE)'])"
        assert "1.0" in ok(kernel.run(child)).text
        assert ok(kernel.run("import traitlets; print(traitlets.__version__)")).stdout == "5.7.1\n"
        assert ok(kernel.run("r = %mlenv check --strict\nprint(r.verdict)")).stdout == "in-step\n"
        again = within_two_seconds(kernel, "%mlenv setup --lock uv.lock --isolated")
        assert first(again) == first(said)
        kernel.restart()
        kernel.run("%load_ext mlenv")
        not_yet = kernel.run("%mlenv check --strict")
        assert not_yet.status == "error"
        assert "%mlenv setup" in not_yet.text
        ok(kernel.run("%mlenv setup --strict"))
        assert image.packages == before
        assert not private_in(said, image)
    finally:
        kernel.stop()


def test_what_cannot_be_is_one_red_line_before_anything_is_installed(course: Course, world: tuple[Image, Path]) -> None:
    """S16, S46: another Python, no network, a wheel that is not the locked one: one error each, and nothing has changed."""
    image, content = world
    before = image.packages
    manifest = (content / "pyproject.toml").read_text()
    lock = (content / "uv.lock").read_text()
    kernel = start_kernel_of(image, content)
    try:
        ok(kernel.run("%load_ext mlenv"))
        for name, text in (("pyproject.toml", manifest), ("uv.lock", lock)):
            (content / name).write_text(
                text.replace(">=3.11", ">=3.11, <3.12").replace(">=3.11, <3.12, <3.12", ">=3.11, <3.12")
            )
        other = kernel.run("%mlenv setup --lock uv.lock")
        assert "for Python" in other.evalue
        assert "Colab has Python 3.13" in other.evalue
        assert "runtime version" in other.text
        (content / "pyproject.toml").write_text(manifest)
        digest = hashlib.sha256((course.wheels / "pack01-1.0-py3-none-any.whl").read_bytes()).hexdigest()
        (content / "uv.lock").write_text(lock.replace(digest, "0" * 64))
        forged = kernel.run("%mlenv setup --lock uv.lock")
        assert "pack01" in forged.evalue
        assert "nothing was changed" in forged.evalue
        (content / "uv.lock").write_text(lock)
        kernel.run("import os; os.environ['UV_INDEX'] = os.environ['UV_DEFAULT_INDEX'] = 'http://127.0.0.1:9/simple'")
        alone = kernel.run("%mlenv setup --lock uv.lock")
        assert "nothing was changed" in alone.evalue
        secret = kernel.run("%mlenv setup --from https://ghp_secret@127.0.0.1/u/r.git")
        missing = kernel.run("%mlenv setup --from nowhere/demo.zip")
        for answer in (other, forged, alone, secret, missing):
            assert (answer.status, answer.ename) == ("error", "MlenvError"), answer.text
            assert answer.traceback.count("to do:") == 1, answer.text
            assert len(answer.traceback.splitlines()) <= 5
            assert not private_in(answer.text.replace("ghp_secret@127.0.0.1/u/r.git\n", ""), image), answer.text
        assert image.packages == before
        assert ok(kernel.run("1 + 1")).text == "2"
    finally:
        kernel.stop()
