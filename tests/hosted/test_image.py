"""What Colab publishes of its images, with mlenv in it: nothing moves, and every face that a kernel has works there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hosted.image import Image, ok, start_kernel_of
from live_kernel import LiveKernel

pytestmark = pytest.mark.real
COMES_ALONG = {"mlenv", "tomli", "uv"}
"""All that Colab's images have not: nothing of it was there in another version."""
MINORS = ("3.12", "3.13")


@pytest.fixture(scope="module", params=MINORS)
def image(request: pytest.FixtureRequest, new_image: Callable[..., Image], wheel: Path) -> Image:
    """An image into which mlenv was installed, having been seen to move nothing."""
    image = new_image(request.param, bare=True)
    before = image.packages
    assert before["ipykernel"] == "6.17.1"
    clean = {"PIP_CONSTRAINT": "", "PIP_REQUIRE_VIRTUALENV": "0"}
    options = ("install", "--quiet", "--dry-run", "--disable-pip-version-check", "--report", image.prefix / "pip.json")
    image.run(image.python, "-m", "pip", *options, wheel, **clean)
    planned = json.loads((image.prefix / "pip.json").read_text())["install"]
    assert {row["metadata"]["name"] for row in planned} == COMES_ALONG
    image.uv("pip", "install", wheel)
    assert {name: image.packages.get(name) for name in before} == before
    assert image.packages.keys() - before.keys() == COMES_ALONG
    return image


@pytest.fixture(scope="module")
def kernel(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKernel]:
    content = tmp_path_factory.mktemp("content")
    (content / "requirements.txt").write_text("packaging>=24\n")
    live = start_kernel_of(image, content)
    yield live
    live.stop()


def test_installing_mlenv_moves_nothing(image: Image) -> None:
    """With pip and with uv: every package keeps its version, only what the image has not at all comes along."""
    assert image.packages.keys() >= COMES_ALONG


def test_the_faces_of_a_kernel_work_in_it(image: Image, kernel: LiveKernel) -> None:
    """Magics, help, completion, the check and its rich form, the panel with ipywidgets 7.7, and the versions that it is about."""
    ok(kernel.run("import google.colab, IPython, ipykernel, tornado, ipywidgets"))
    versions = ok(kernel.run("print(IPython.__version__, ipykernel.__version__, ipywidgets.__version__)")).stdout
    assert versions.split() == ["7.34.0", "6.17.1", "7.7.1"]
    ok(kernel.run("%load_ext mlenv"))
    report = ok(kernel.run("r = %mlenv check\nr"))
    assert "no-env" in report.text
    assert "next: %mlenv setup" in report.text
    assert {"text/plain", "text/html"} <= report.outputs[-1]["data"].keys()
    assert "sync" in ok(kernel.run("%mlenv sync --help")).stdout
    refused = kernel.run("%mlenv check --strict")
    assert (refused.status, refused.ename) == ("error", "MlenvError")
    panel = ok(kernel.run("panel = %mlenv panel\npanel"))
    shown = [output["data"] for output in panel.outputs]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown), panel.text
    assert image.host["ipykernel"] == "6.17.1"


def test_completion_works_in_it(kernel: LiveKernel) -> None:
    ok(kernel.run("%load_ext mlenv"))
    kernel.client.complete("%mlenv che", 10)
    while True:
        message = kernel.client.get_shell_msg(timeout=20)
        if message["msg_type"] == "complete_reply":
            break
    assert any("check" in match for match in message["content"]["matches"])
