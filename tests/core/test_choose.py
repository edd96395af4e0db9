"""Which files count, in the documented order, and why."""

from __future__ import annotations

import pytest

from mlenv.errors import MlenvError
from mlenv.locks import Settings, choose


def pinned(_name: str) -> bool:
    return False


def loose(_name: str) -> bool:
    return True


def test_locks_count_in_the_documented_order() -> None:
    names = ["requirements.txt", "pylock.toml", "uv.lock", "poetry.lock", "pyproject.toml"]
    for expected in ("uv.lock", "pylock.toml", "poetry.lock", "requirements.txt"):
        choice = choose(names, pinned, Settings())
        assert choice.lock == expected
        assert choice.manifest == "pyproject.toml"
        names.remove(expected)
    assert choose(names, pinned, Settings()).lock is None


def test_the_option_beats_the_setting_and_the_setting_beats_the_order() -> None:
    names = ["uv.lock", "pylock.toml", "pylock.gpu.toml"]
    settings = Settings(lock="pylock.toml")
    assert choose(names, loose, settings).lock == "pylock.toml"
    choice = choose(names, loose, settings, "pylock.gpu.toml")
    assert (choice.lock, choice.kind) == ("pylock.gpu.toml", "pylock")
    assert "--lock" in choice.reason
    assert choice.others == ("uv.lock", "pylock.toml")


def test_a_choice_between_locks_is_explained_and_no_choice_is_not() -> None:
    assert choose(["uv.lock", "pylock.toml"], loose, Settings()).reason.startswith("uv.lock is used")
    assert choose(["uv.lock"], loose, Settings()).reason == ""


def test_a_loose_requirements_file_is_the_manifest_and_a_pinned_one_the_lock() -> None:
    first = choose(["requirements.txt", "pylock.toml"], loose, Settings())
    assert (first.manifest, first.lock) == ("requirements.txt", "pylock.toml")
    second = choose(["requirements.txt", "requirements.in"], pinned, Settings())
    assert (second.manifest, second.lock, second.kind) == ("requirements.in", "requirements.txt", "requirements")
    third = choose(["requirements.txt"], pinned, Settings())
    assert (third.manifest, third.lock) == (None, "requirements.txt")


def test_a_pyproject_that_only_holds_settings_is_no_manifest() -> None:
    names = ["pyproject.toml", "requirements.txt"]
    assert choose(names, loose, Settings(), declares=False).manifest == "requirements.txt"
    assert choose(names, loose, Settings(), declares=True).manifest == "pyproject.toml"


def test_other_tools_files_are_recognised_by_name() -> None:
    kinds = {"poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv", "conda-lock.yml": "conda-lock"}
    for name, kind in {**kinds, "pixi.lock": "pixi"}.items():
        assert choose([name], loose, Settings()).kind == kind
    assert choose(["environment.yml"], loose, Settings()).manifest == "environment.yml"


def test_a_named_lock_that_is_of_no_known_kind_is_refused_with_the_known_names() -> None:
    with pytest.raises(MlenvError) as problem:
        choose([], loose, Settings(), "packages.json")
    assert problem.value.code == "lock-kind-unknown"
    assert "uv.lock" in problem.value.hint
