"""The index of a bundle: read back as it was written, and refused where a character of it changed."""

from __future__ import annotations

import json
import random

import pytest

from mlenv.errors import MlenvError
from mlenv.services.bundling.contents import Bundle, Member, file_name, parse_index, render_index

BUNDLE = Bundle(
    project="demo",
    python="3.11",
    platform="linux-x86_64",
    lock="pylock.toml",
    members=(
        Member(path="project/pylock.toml", sha256="a" * 64, size=3),
        Member(path="wheels/six-1.17.0-py2.py3-none-any.whl", sha256="b" * 64, size=9),
    ),
    locked={"six": "six-1.17.0-py2.py3-none-any.whl"},
    kernel={"ipykernel": "7.0.0"},
    left_out=("demo",),
)


def test_an_index_comes_back_as_it_was_written() -> None:
    text = render_index(BUNDLE)
    assert parse_index(text, "x") == BUNDLE
    assert text == render_index(parse_index(text, "x"))


def test_every_changed_character_that_matters_is_seen() -> None:
    """Any printable character put in place of another: refused, or the value is the same (only its layout changed)."""
    text, rng = render_index(BUNDLE), random.Random(7)
    refused = 0
    for place in range(len(text)):
        changed = text[:place] + chr(rng.randrange(33, 127)) + text[place + 1 :]
        code = _refusal(changed)
        assert code in {"", "bundle-damaged", "bundle-newer"}
        refused += code != ""
    assert refused > len(text) * 0.7


def _refusal(text: str) -> str:
    """Return the code of the refusal; empty where the value is read, and is the same."""
    try:
        same = parse_index(text, "x") == BUNDLE
    except MlenvError as error:
        return error.code
    return "" if same else "another value"


@pytest.mark.parametrize(
    "path",
    ["wheels/../../x", "/etc/passwd", "wheels//x", "other/x", "wheels/", "project/./x", "wheels/a\\b", "project/C:x"],
)
def test_a_path_that_leads_elsewhere_is_no_member(path: str) -> None:
    """Even with a digest that fits: whoever makes such a file can make that, too."""
    odd = render_index(Bundle(**{**_fields(BUNDLE), "members": (Member(path=path, sha256="a" * 64, size=1),)}))
    with pytest.raises(MlenvError) as caught:
        parse_index(odd, "x")
    assert caught.value.code == "bundle-damaged"


def _fields(bundle: Bundle) -> dict[str, object]:
    names = ("project", "python", "platform", "lock", "members", "locked", "kernel", "built", "left_out")
    return {name: getattr(bundle, name) for name in names}


def test_a_newer_form_is_told_apart_from_damage() -> None:
    content = {**json.loads(render_index(BUNDLE)), "schema": 2}
    with pytest.raises(MlenvError) as caught:
        parse_index(json.dumps(content), "x")
    assert caught.value.code == "bundle-newer"


def test_the_file_says_project_python_and_platform() -> None:
    assert file_name("Demo project/é", "3.11", "linux-x86_64") == "Demo-project-py3.11-linux-x86_64.mlenv-bundle.zip"
    assert file_name("..", "3.9", "macos-arm64").startswith("project-py3.9")
