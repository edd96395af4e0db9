"""Names and versions: the rules that matter most, spelled out."""

from __future__ import annotations

import pytest

from mlenv.versions import key, normalise, same, satisfies


@pytest.mark.parametrize(
    ("version", "specifiers", "expected"),
    [
        ("2.5.1+cu121", "==2.5.1", True),
        ("2.5.1", "==2.5.1+cu121", False),
        ("2.5.1.post1", "==2.5.1", False),
        ("1.0.0", "==1.0", True),
        ("1.4.9", "~=1.4.2", True),
        ("1.5", "~=1.4.2", False),
        ("1.26.4", ">=1.26,<2", True),
        ("2.0rc1", "<2", False),
        ("2.0rc1", ">=1", True),
        ("1.2.3", "==1.2.*", True),
        ("1.20", "==1.2.*", False),
        ("1!1.0", ">=2", True),
        ("banana", "===banana", True),
        ("banana", ">=1", None),
        ("1.0", "about one", None),
        ("1.0", "", True),
    ],
)
def test_a_specifier_decides_as_pep_440_says(version: str, specifiers: str, expected: bool | None) -> None:
    assert satisfies(version, specifiers) is expected


def test_the_local_part_tells_versions_apart_and_trailing_zeros_do_not() -> None:
    assert same("1.0", "1.0.0")
    assert same("1.0-POST1", "1.0.post1")
    assert not same("2.5.1", "2.5.1+cu121")


def test_texts_that_are_no_versions_are_compared_as_texts() -> None:
    assert same("unknown", "unknown")
    assert not same("unknown", "1.0")


def test_versions_sort_from_development_to_post_release() -> None:
    texts = ["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0+local", "1.0.post1", "1.1", "1!0.1"]
    keys = [key(text) for text in texts]
    assert None not in keys
    assert keys == sorted(keys, key=lambda item: item or ())


def test_one_name_has_one_spelling() -> None:
    assert normalise("Ruamel.Yaml_clib--X") == "ruamel-yaml-clib-x"
