"""Files that carry more than what to install: refused with their name, or shown, before any engine sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlenv.faces import cli

pytestmark = pytest.mark.usefixtures("mlenv_home")
MANIFEST = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = [{}]\n{}'


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What engines are asked to do; nothing of it is done."""
    from mlenv import process
    from mlenv.model import Command, Completed

    made: list[tuple[str, ...]] = []
    real = process.run

    def record(command: Command, **options: object) -> Completed:
        if "pip" not in command.argv[:4] and "venv" not in command.argv[:3]:
            return real(command, **options)  # type: ignore[arg-type]
        if "--version" in command.argv:
            return real(command)
        made.append(command.argv)
        return Completed(argv=command.argv, code=1, stdout="", stderr="error: not run", seconds=0.0)

    monkeypatch.setattr(process, "run", record)
    return made


def _create(root: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    root.mkdir()
    for name, text in files.items():
        (root / name).write_text(text)
    monkeypatch.chdir(root)
    assert cli.main([*(words or ("create",)), "--json"]) == 2


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"pyproject.toml": MANIFEST.format("'x @ https://example.org/${HOME}/x.whl'", "")}, "address-unsafe"),
        ({"pyproject.toml": MANIFEST.format("'x @ git+ssh://-oProxyCommand=touch/x'", "")}, "address-unsafe"),
        (
            {"pyproject.toml": MANIFEST.format("'x'", '[tool.uv.sources]\nx = {git = "ssh://-oProxyCommand=y/x"}\n')},
            "address-unsafe",
        ),
        (
            {"pyproject.toml": MANIFEST.format("", "[dependency-groups]\na = ['x @ https://example.org/${A}/x']\n")},
            "address-unsafe",
        ),
        ({"requirements.in": "six\n--prefix=/x\n"}, "requirements-options"),
        ({"requirements.in": "six --index-url https://example.org\n"}, "requirements-options"),
        ({"requirements.txt": "six==1.17.0 \\\n  --config-settings x=y\n"}, "requirements-options"),
        ({"requirements.txt": "six==1.17.0\n'--index-url' https://example.org\n"}, "requirements-unreadable"),
        ({"requirements.txt": "six==1.17.0\n$(touch /tmp/x)\n"}, "requirements-unreadable"),
        ({"environment.yml": "dependencies: [six]\n"}, "manifest-not-driven"),
        ({"Pipfile": "[packages]\nsix = '*'\n"}, "manifest-not-driven"),
    ],
)
@pytest.mark.parametrize("uv", [None, ""], ids=["uv", "pip"])
def test_what_no_engine_may_be_given_is_refused_before_one_is_called(
    files: dict[str, str], code: str, uv: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls, capsys
) -> None:
    """Promise 7: variables, options and foreign manifests do not reach an engine; the file is named."""
    monkeypatch.setenv("MLENV_RATTLER", "")  # with it, environment.yml is conda's, which is driven
    if uv is not None:
        monkeypatch.setenv("MLENV_UV", uv)
    _create(tmp_path / "demo", files, monkeypatch)
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], calls) == (code, [])
    assert any(name in error["where"] for name in files)


@pytest.mark.parametrize("row", ["x @ git+https://example.org/x", "x @ https://example.org/x-1.tar.gz"])
def test_pip_is_not_given_what_it_would_build_to_read_it(
    row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls, capsys
) -> None:
    """T12: `--only-binary :all:` does not hold pip from running a direct reference's code."""
    monkeypatch.setenv("MLENV_UV", "")
    _create(tmp_path / "demo", {"requirements.in": f"{row}\n"}, monkeypatch)
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "build-not-allowed"
    assert calls == []


def test_a_list_is_not_resolved_before_its_options_were_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls, capsys
) -> None:
    """`add` to a pinned list that names an index: nobody is asked."""
    _create(
        tmp_path / "demo",
        {"requirements.txt": "--index-url https://example.org\nsix==1.17.0\n"},
        monkeypatch,
        "add",
        "idna",
    )
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "requirements-options"
    assert calls == []


def test_the_indexes_of_the_projects_settings_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls, capsys
) -> None:
    """What `[tool.uv]` names is followed, and said; credentials in it are not shown."""
    table = '[[tool.uv.index]]\nname = "a"\nurl = "https://me:t0ken@example.org/simple"\n'
    _create(tmp_path / "demo", {"pyproject.toml": MANIFEST.format("'six'", table)}, monkeypatch)
    printed = capsys.readouterr()
    assert "pyproject.toml has packages looked for at https://***@example.org/simple" in printed.err
    assert "t0ken" not in printed.err + printed.out
    assert calls


def test_an_index_whose_address_holds_a_variable_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls, capsys
) -> None:
    """T9: its value would be sent to that host."""
    table = '[[tool.uv.index]]\nurl = "https://example.org/${TOKEN}"\n'
    _create(tmp_path / "demo", {"pyproject.toml": MANIFEST.format("'six'", table)}, monkeypatch)
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "address-unsafe"
    assert calls == []
