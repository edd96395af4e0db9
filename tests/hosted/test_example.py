"""The example of hosted notebooks, run from top to bottom in Colab's published image."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hosted.image import Image, ok, start_kernel_of

pytestmark = pytest.mark.real
EXAMPLE = Path(__file__).parents[2] / "examples" / "colab_setup.ipynb"


def test_the_example_runs_from_top_to_bottom(new_image: Callable[..., Image], tmp_path: Path) -> None:
    image = new_image("3.12")
    host = image.host
    cells = [
        "".join(cell["source"]) for cell in json.loads(EXAMPLE.read_text())["cells"] if cell["cell_type"] == "code"
    ]
    content = tmp_path / "content"
    content.mkdir()
    image = Image(image.prefix, {name: text for name, text in image.env.items() if not name.startswith("PIP_")})
    kernel = start_kernel_of(image, content)
    try:
        said = {cell: ok(kernel.run(cell)).text for cell in cells}
    finally:
        kernel.stop()

    def below(words: str) -> str:
        return next(text for cell, text in said.items() if words in cell)

    green = "set up: 2 packages as requirements.txt says, on Colab with Python 3.12"
    assert green in below("%pip install")
    assert "+ humanize 4.9.0" in below("%pip install")
    assert "in-step" in below("%mlenv check --strict")
    assert "12.3 million" in below("import humanize")
    assert said["%mlenv setup"].strip() == green
    assert "restart needed: humanize 4.9.0 in memory, 4.10.0 on disk" in below('replace("4.9.0"')
    assert below("report.verdict") == "restart ['humanize']\n"
    assert image.host == host
