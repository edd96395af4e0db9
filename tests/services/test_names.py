"""Names that a person types for packages that are there: checked before a path or an option is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlenv.errors import MlenvError
from mlenv.services.add import add, remove, upgrade
from mlenv.services.context import Context, Options, silent


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A project with one pinned requirement and no environment."""
    monkeypatch.setenv("MLENV_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "p"
    root.mkdir()
    (root / "requirements.txt").write_text("six==1.16.0\n")
    return Context(cwd=root, report=silent, options=Options(offline=True))


def _code(caught: pytest.ExceptionInfo[MlenvError], root: Path) -> tuple[str, list[str]]:
    return caught.value.code, sorted(entry.name for entry in root.iterdir())


def test_an_upgrade_of_what_the_project_does_not_have_is_an_error(context: Context) -> None:
    """Not "the newest that fits already": a typing mistake is named, and what may have been meant."""
    with pytest.raises(MlenvError, match=r"sixx.*Did you mean 'six'") as caught:
        upgrade(context, ["sixx"])
    assert _code(caught, context.cwd) == ("not-locked", ["requirements.txt"])


@pytest.mark.parametrize("verb", [remove, upgrade])
@pytest.mark.parametrize("name", ["--pre", "../x", "six; x"])
def test_what_is_no_name_never_reaches_an_engine(context: Context, verb: object, name: str) -> None:
    """An option in a name's place would be obeyed."""
    with pytest.raises(MlenvError) as caught:
        verb(context, [name])  # type: ignore[operator]
    assert _code(caught, context.cwd) == ("name-invalid", ["requirements.txt"])


def test_a_group_that_is_no_name_is_refused(context: Context) -> None:
    """``pylock.<group>.toml`` is made of it."""
    (context.cwd / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\n')
    odd = Context(cwd=context.cwd, report=silent, options=Options(offline=True, groups=("../../x",)))
    with pytest.raises(MlenvError) as caught:
        add(odd, ["six"])
    assert _code(caught, context.cwd) == ("name-invalid", ["pyproject.toml", "requirements.txt"])
