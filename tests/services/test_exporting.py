"""The frame of ``mlenv export``: gathered from a real lock, written whole, nothing of somebody else's replaced."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from uv import find_uv_bin

from mlenv.errors import MlenvError
from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.platforms import PLATFORMS
from mlenv.exports.sealed import sealed, state_of
from mlenv.faces.cli import main
from mlenv.services.context import Context, Options, silent
from mlenv.services.exporting.gather import deployment_of
from mlenv.services.exporting.write import export_files
from mlenv.services.index_sources import settings_for_uv

MANIFEST = """\
[project]
name = "Resume.Demo_2"
version = "1"
requires-python = ">=3.9"
dependencies = ["six"]

[project.optional-dependencies]
plot = ["iniconfig"]
{more}
"""


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    return (
        TextFile(path="Made", text=f"lock {deployment.lock} python {deployment.python}\n"),
        TextFile(path="run/start.sh", text="#!/bin/sh\necho hi\n", executable=True),
        TextFile(path="made.json", text="{}", comment=None),
    )


PLATFORM = Platform(name="sample", summary="a sample", files=_files, follow=lambda deployment, wish: "sh run/start.sh")


@pytest.fixture
def folder(tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "a project"
    (root / ".git").mkdir(parents=True)
    (root / "pyproject.toml").write_text(MANIFEST.format(more=""))
    (root / "deep").mkdir()
    (root / "deep" / "work.ipynb").write_text("{}")
    monkeypatch.chdir(root)
    lock(root)
    (root / ".python-version").write_text("3.12.4\n")
    return root


def lock(root: Path) -> None:
    settings = settings_for_uv(context(root))
    env = {**os.environ, **{name: text for name, text in settings.items() if text}}
    subprocess.run([find_uv_bin(), "lock", "--quiet", "--project", str(root)], check=True, env=env)


def context(folder: Path, **options: object) -> Context:
    return Context(cwd=folder, report=silent, options=Options(**options))  # type: ignore[arg-type]


def test_what_counts_elsewhere_is_read_from_the_project(folder: Path) -> None:
    _, found = deployment_of(context(folder, extras=("plot",)))
    assert (found.name, found.slug, found.lock, found.kind) == ("Resume.Demo_2", "resume-demo-2", "uv.lock", "uv")
    assert (found.python, found.minor, found.requires_python) == ("3.12.4", "3.12", ">=3.9")
    assert (found.extras, found.told) == (("plot",), ("--extra", "plot"))
    assert found.inputs == (".python-version", "pyproject.toml", "uv.lock")
    assert (found.hashed, found.git, found.local, found.cuda, found.conda) == (True, False, (), "", False)
    assert found.notebooks == ("deep/work.ipynb",)


def test_local_packages_and_private_indexes_are_told_by_name_only(folder: Path) -> None:
    own = (
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
        "[[tool.uv.index]]\nname = 'in-house'\nurl = 'https://me:pass@packages.example.com/simple'\nexplicit = true\n"
        "[[tool.uv.index]]\nname = 'torch'\nurl = 'https://download.example.org/whl/cu128'\nexplicit = true\n"
    )
    (folder / "pyproject.toml").write_text(MANIFEST.format(more=own))
    (folder / ".python-version").unlink()
    lock(folder)
    _, found = deployment_of(context(folder))
    assert found.credentials == ("UV_INDEX_IN_HOUSE_USERNAME", "UV_INDEX_IN_HOUSE_PASSWORD")
    assert found.local == (".",)
    assert "pass" not in repr(found)


def test_files_are_written_once_and_again_without_a_difference(folder: Path) -> None:
    done = export_files(context(folder), PLATFORM, Wish())
    assert done.lines == ("written Made, run/start.sh, made.json", "next: sh run/start.sh")
    first = {name: (folder / name).read_bytes() for name in done.files}
    assert first["Made"].startswith(b"lock uv.lock python 3.12.4\n# mlenv export sample: made from uv.lock, sha256:")
    assert (folder / "run" / "start.sh").stat().st_mode & 0o111
    assert subprocess.run([folder / "run" / "start.sh"], capture_output=True, text=True).stdout == "hi\n"
    again = export_files(context(folder), PLATFORM, Wish())
    assert (again.files, again.lines[0]) == ((), "up to date: Made, run/start.sh, made.json")
    assert {name: (folder / name).read_bytes() for name in first} == first
    (folder / ".python-version").write_text("3.13.1\n")
    assert export_files(context(folder), PLATFORM, Wish()).files == ("Made",)
    assert (folder / "Made").read_text().startswith("lock uv.lock python 3.13.1\n")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: "mine\n", "output-exists"),
        (lambda text: text.replace("3.12.4", "3.12.5"), "output-edited"),
        (lambda text: text + "more\n", "output-exists"),
    ],
)
def test_what_somebody_wrote_or_edited_stays(folder: Path, change: Callable[[str], str], code: str) -> None:
    export_files(context(folder), PLATFORM, Wish())
    (folder / "Made").write_text(change((folder / "Made").read_text()))
    (folder / "run" / "start.sh").unlink()
    before = (folder / "Made").read_bytes()
    with pytest.raises(MlenvError) as caught:
        export_files(context(folder), PLATFORM, Wish())
    assert caught.value.code == code
    assert "--force" in str(caught.value.hint)
    assert (folder / "Made").read_bytes() == before
    assert not (folder / "run" / "start.sh").exists()
    assert not export_files(context(folder), PLATFORM, Wish(), check=True).ok
    assert export_files(context(folder, force=True), PLATFORM, Wish()).files == ("Made", "run/start.sh")
    assert export_files(context(folder), PLATFORM, Wish(), check=True).ok


def test_check_dry_run_and_printing_write_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    assert not export_files(context(folder), PLATFORM, Wish(), check=True).ok
    planned = export_files(context(folder, dry_run=True), PLATFORM, Wish())
    assert planned.lines[0] == "would write Made, run/start.sh, made.json"
    printed = export_files(context(folder), PLATFORM, Wish(), output="-")
    assert printed.lines[0] == "# ---- Made"
    assert "echo hi" in printed.lines
    assert sorted(folder.rglob("*")) == before


def test_another_folder_and_windows_line_ends(folder: Path) -> None:
    done = export_files(context(folder), PLATFORM, Wish(), output="out")
    assert done.files == ("out/Made", "out/run/start.sh", "out/made.json")
    made = folder / "out" / "Made"
    made.write_bytes(made.read_bytes().replace(b"\n", b"\r\n"))
    assert export_files(context(folder), PLATFORM, Wish(), output="out").files == ()


@pytest.mark.parametrize("text", ["cd {root}", "pip install -i https://me:secret@host.example.com/simple six"])
def test_a_path_of_this_machine_or_a_secret_is_never_written(folder: Path, text: str) -> None:
    line = text.format(root=folder)
    leaking = Platform(name="sample", summary="", files=lambda deployment, wish: (TextFile(path="Made", text=line),))
    with pytest.raises(MlenvError) as caught:
        export_files(context(folder), leaking, Wish())
    assert caught.value.code == "export-private"
    assert "secret" not in str(caught.value)
    assert not (folder / "Made").exists()


def test_a_link_out_of_the_project_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MlenvError) as caught:
        export_files(context(folder), PLATFORM, Wish())
    assert caught.value.code == "outside"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_without_a_lock_it_says_what_to_do_first(folder: Path) -> None:
    (folder / "uv.lock").unlink()
    with pytest.raises(MlenvError) as caught:
        export_files(context(folder), PLATFORM, Wish())
    assert (caught.value.code, caught.value.hint) == ("no-lock", "mlenv lock, or mlenv freeze; then export")


def test_a_stale_lock_is_refused(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(MANIFEST.format(more="").replace('"six"', '"six", "humanize"'))
    with pytest.raises(MlenvError) as caught:
        export_files(context(folder), PLATFORM, Wish())
    assert caught.value.code == "lock-stale"
    assert export_files(context(folder, force=True), PLATFORM, Wish()).files


def test_kinds_are_listed_and_an_unknown_one_names_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export"]) == 0
    listed = capsys.readouterr().out
    assert "mlenv export colab" in listed
    assert "mlenv export script" in listed
    assert main(["export", "colap"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean 'colab'?" in said
    assert "script" in said
    assert main(["export", "colab", "--check"]) == 2
    assert "takes no --check" in capsys.readouterr().err
    assert main(["export", "colab", "six"]) == 2
    assert "takes no 'six'" in capsys.readouterr().err


def test_seals_know_what_was_changed() -> None:
    file = TextFile(path="x", text="a\nb\n")
    text = sealed(file, "docker", "uv.lock")
    assert state_of(None, text) == "absent"
    assert state_of(text, text) == "same"
    assert state_of(text, "other") == "ours"
    assert state_of(text.replace("b", "c", 1), "other") == "edited"
    assert state_of("a\n", "other") == "foreign"
    assert sealed(TextFile(path="x", text="{}", comment=None), "docker", "uv.lock") == "{}\n"


def test_completion_offers_every_kind() -> None:
    from mlenv.kernel.completion import _ACTIONS
    from mlenv.services.export import KINDS

    assert _ACTIONS["export"] == tuple(KINDS)


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_comes_from_git_is_built_wherever_the_project_goes(name: str) -> None:
    plain = Deployment(name="demo", lock="uv.lock", kind="uv", python="3.12.4", mlenv="mlenv==1.0")
    for wish in (Wish(), Wish(jupyter=True)):
        texts = [file.text for file in PLATFORMS[name].files(replace(plain, git=True), wish)]
        made = [
            line for text in texts for line in text.splitlines() if re.search(r"mlenv\S* (sync|create|setup) ", line)
        ]
        assert made or name in {"pre-commit", "compose"}
        assert all("--allow-build" in line for line in made)
        assert "--allow-build" not in "".join(file.text for file in PLATFORMS[name].files(plain, wish))
