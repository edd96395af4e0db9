"""Copies of Colab's image, one Python each, with mlenv installed from its wheel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hosted.image import Image, make_image
from own_home import own_environment


@pytest.fixture(scope="session")
def new_image(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path, pythons: Mapping[str, str], wheel: Path
) -> Callable[..., Image]:
    """Make an image of a user of its own: ``new_image("3.13")``; ``bare=True``: mlenv is not installed yet."""

    def make(minor: str, *, bare: bool = False) -> Image:
        if minor not in pythons:
            pytest.skip(f"not run: no Python {minor} here")
        folder = tmp_path_factory.mktemp("image")
        env = own_environment(folder / "home", folder / "home" / "mlenv-data")
        kept = shared_data / "images"
        return make_image(folder / "image", minor, pythons[minor], kept, env, None if bare else wheel)

    return make
