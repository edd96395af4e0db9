"""What helps against an import that failed: one decision for every face."""

from __future__ import annotations

import pytest

from mlenv.import_advice import advise, advised_command, in_namespace, likely_names
from mlenv.model import Advice


def told(module: str, **facts: object) -> tuple[str, str | None]:
    advice = advise(module, **{"project": True, "at_home": True, **facts})  # type: ignore[arg-type]
    assert advice is not None
    return advice.action, advice.package


def test_every_situation_has_its_action() -> None:
    assert told("humanize", project=False, at_home=False) == ("create", "humanize")
    assert told("humanize", at_home=False, environment=False) == ("create", "humanize")
    assert told("humanize", at_home=False, environment=False, locked="humanize") == ("create", None)
    assert told("humanize", at_home=False) == ("add", "humanize")
    assert told("humanize") == ("add", "humanize")
    assert told("skimage", locked="scikit-image") == ("sync", "scikit-image")
    assert told("skimage", owner="scikit-image", at_home=False) == ("switch", "scikit-image")
    assert told("skimage", owner="scikit-image", locked="scikit-image") == ("restart", "scikit-image")


def test_a_package_has_its_own_name_and_what_is_not_known_is_said_to_be_a_guess() -> None:
    assert told("skimage.filters") == ("add", "scikit-image")
    assert told("google.protobuf") == ("add", "protobuf")
    assert list(likely_names("cv2")) == ["opencv-python", "cv2"]
    assert [in_namespace(name) for name in ("google.protobuf", "google", "skimage.filters")] == [True, False, False]
    known, guessed = (str(advise(name, project=True, at_home=True)) for name in ("PIL", "nosuch_thing"))
    assert "pillow is not in this project'" in known
    assert "its package is probably called nosuch-thing" in guessed


@pytest.mark.parametrize(
    "module",
    ["", "json", "os.nothing", "a b", "--index-url", "x;y", "../x", "na\u00efve", "google", "google.colab", "_x_" * 99],
)
def test_what_no_package_of_an_index_brings_gets_no_advice(module: str) -> None:
    assert advise(module, project=True, at_home=True) is None


def test_what_is_to_be_typed_names_the_package_only_where_the_verb_takes_one() -> None:
    assert advised_command(Advice(action="add", package="six", text="")) == "mlenv add six"
    assert advised_command(Advice(action="create", package="six", text="")) == "mlenv create six"
    assert advised_command(Advice(action="switch", package="six", text="")) == "mlenv switch"
