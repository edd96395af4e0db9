"""A lock in other formats: every sample lock says the same again, and pip, uv and mlenv install and check it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from uv import find_uv_bin

from mlenv.errors import MlenvError
from mlenv.locks import Target, parse_pylock, parse_requirements
from mlenv.locks.environment_yml import as_environment_lock, parse_environment
from mlenv.model import Outcome, Pin
from mlenv.probe import interpreters
from mlenv.services.check import check
from mlenv.services.context import Context, Options, silent
from mlenv.services.export import ExportWish, export
from mlenv.services.exporting.gather import opened
from mlenv.services.index_sources import settings_for_uv

LOCKS = Path(__file__).resolve().parents[1] / "data" / "locks"
NAMED = {"conda-explicit": "conda-linux-64.lock"}
SAMPLES = sorted(path.name for path in LOCKS.iterdir() if path.name != "pixi-1-to-6")
LISTS = ("requirements.txt", "environment.yml")
MANIFEST = """\
[project]
name = "demo"
version = "1"
requires-python = ">=3.11"
dependencies = ["humanize", "six ; sys_platform == 'win32'"]

[project.optional-dependencies]
plot = ["iniconfig"]
"""


def context(folder: Path, **options: object) -> Context:
    return Context(cwd=folder, report=silent, options=Options(**options))  # type: ignore[arg-type]


def exported(place: Context, form: str, output: str | None = None, *, check: bool = False) -> Outcome:
    return export(place, form, ExportWish(output=output, check=check))


def texts(outcome: Outcome) -> str:
    return "".join(f"{line}\n" for line in outcome.lines)


def pins_in(form: str, text: str, target: Target) -> set[tuple[str, str | None, str]]:
    """Read a text with mlenv's own readers: name, version, and the build of a row of conda's."""
    if form == "pylock.toml":
        found = parse_pylock(text, form, target).pins
    elif form == "requirements.txt":
        found = parse_requirements(text, form, target, lambda _: None).pins
    else:
        found = as_environment_lock(parse_environment(text, form, target, lambda _: None)).pins
    return {said(pin) for pin in found if pin.source.kind not in {"path", "editable"}}


def said(pin: Pin) -> tuple[str, str | None, str]:
    return pin.name, None if pin.source.kind == "vcs" else pin.version, pin.source.commit


@pytest.fixture
def sample(tmp_path: Path, mlenv_home: Path, request: pytest.FixtureRequest) -> Path:
    root = tmp_path / "sample"
    shutil.copytree(LOCKS / request.param, root)
    (root / ".git").mkdir()
    if request.param in NAMED:
        (root / "mlenv.toml").write_text(f'lock = "{NAMED[request.param]}"\n')
    return root


@pytest.mark.parametrize("sample", SAMPLES, indirect=True, ids=str)
def test_every_sample_lock_says_the_same_in_another_format(sample: Path) -> None:
    place = context(sample, force=True)
    _, target, selected = opened(place)
    pins = [pin for pin in selected.selection.pins if pin.source.kind not in {"path", "editable"}]
    conda = any(pin.source.kind == "conda" for pin in pins)
    before = sorted(sample.rglob("*"))
    for form in (*LISTS, *(["pylock.toml"] if selected.choice.kind == "uv" else [])):
        if conda and form != "environment.yml":
            with pytest.raises(MlenvError) as caught:
                exported(place, form, "-")
            assert (caught.value.code, caught.value.hint) == ("format-unfit", "mlenv export environment.yml")
            continue
        text = texts(exported(place, form, "-"))
        found = pins_in(form, text, target)
        if form == "environment.yml" and not conda:
            found = {row for row in found if row[0] not in {"python", "pip"} or row in set(map(said, pins))}
        assert found == set(map(said, pins))
        assert str(sample) not in text
        assert text == texts(exported(place, form, "-"))
    assert sorted(sample.rglob("*")) == before


@pytest.fixture
def folder(tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "a project"
    (root / ".git").mkdir(parents=True)
    (root / "pyproject.toml").write_text(MANIFEST)
    monkeypatch.chdir(root)
    run_uv(context(root), "lock", "--quiet", "--project", str(root))
    return root


def run_uv(place: Context, *words: str) -> None:
    settings = settings_for_uv(place)
    env = {**os.environ, **{name: text for name, text in settings.items() if text}}
    subprocess.run([find_uv_bin(), *words], check=True, env=env)


def verdict(place: Context) -> str:
    found = check(place)
    return " ".join([str(found.verdict), *(finding.reason for finding in found.findings)])


def test_pip_and_uv_install_the_files_and_the_environment_is_in_step(folder: Path) -> None:
    place = context(folder, extras=("plot",))
    for form in ("requirements.txt", "pylock.toml"):
        exported(place, form)
    python = venv_with_pip(folder / ".venv")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=26.1"], check=True)  # reads pylock
    installers = {
        "pip": [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements.txt"],
        "uv": [find_uv_bin(), "pip", "sync", "--quiet", "--python", python, "requirements.txt", "--require-hashes"],
        "pylock": [find_uv_bin(), "pip", "sync", "--quiet", "--python", python, "pylock.toml"],
        "pip and pylock": [python, "-m", "pip", "install", "--quiet", "-r", "pylock.toml"],
    }
    for name, command in installers.items():
        subprocess.run([find_uv_bin(), "pip", "uninstall", "--quiet", "--python", python, "humanize", "iniconfig"])
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, (name, done.stderr)
        assert verdict(place) == "in-step", name


def venv_with_pip(prefix: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", str(prefix)], check=True)
    return interpreters_in(prefix)


def interpreters_in(prefix: Path) -> str:
    return str(prefix / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def test_what_conda_gives_pip_from_an_environment_file_installs(folder: Path) -> None:
    place = context(folder, extras=("plot",))
    exported(place, "environment.yml")
    text = (folder / "environment.yml").read_text()
    minor = "{}.{}".format(*sys.version_info)
    assert f"  - pip\n  - python={minor}\n  - pip:\n" in text
    target = opened(place)[1]
    rows = parse_environment(text, "environment.yml", target, lambda _: None).piped
    (folder / "as conda writes it.txt").write_text("\n".join(rows))
    python = venv_with_pip(folder / ".venv")
    done = subprocess.run([python, "-m", "pip", "install", "-U", "-r", "as conda writes it.txt"], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert verdict(place) == "in-step"
    assert "--hash=sha256:" in rows[0]


def test_a_hash_that_is_not_the_files_is_refused_by_pip(folder: Path) -> None:
    exported(context(folder), "requirements.txt")
    text = (folder / "requirements.txt").read_text()
    parts = text.split("--hash=sha256:")
    (folder / "requirements.txt").write_text(
        "--hash=sha256:".join([parts[0], *("0" * 64 + row[64:] for row in parts[1:])])
    )
    python = venv_with_pip(folder / ".venv")
    done = subprocess.run([python, "-m", "pip", "install", "-r", "requirements.txt"], capture_output=True, text=True)
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_exports_beside_a_lock_change_no_verdict(folder: Path, make_venv: Callable[..., Path]) -> None:
    place = context(folder, extras=("plot",))
    lock_in_step(place, make_venv)
    for form in (*LISTS, "pylock.toml"):
        exported(place, form)
    report = check(place)
    assert (report.verdict, report.lock_path, report.findings) == ("in-step", "uv.lock", ())
    # The lock goes on, and what was exported from it last week contradicts nothing.
    (folder / "pyproject.toml").write_text(MANIFEST.replace("humanize", "humanize==4.11.0"))
    run_uv(place, "lock", "--quiet", "--project", str(folder))
    report = check(place)
    assert {finding.kind for finding in report.findings} == {"different"}
    for form in (*LISTS, "pylock.toml"):
        again = exported(place, form, check=True)
        assert (again.ok, again.lines) == (False, (f"{form}: is not what would be written now",))
        exported(place, form)
        assert exported(place, form, check=True).ok


def lock_in_step(place: Context, make_venv: Callable[..., Path]) -> None:
    prefix = make_venv(place.cwd / ".venv")
    (place.cwd / "list.txt").write_text(texts(exported(place, "requirements.txt", "-")))
    run_uv(place, "pip", "sync", "--quiet", "--python", interpreters_in(prefix), str(place.cwd / "list.txt"))
    (place.cwd / "list.txt").unlink()


@pytest.mark.parametrize("form", ["pylock.toml", "environment.yml"])
def test_an_export_never_takes_the_place_of_another_tools_lock(tmp_path: Path, mlenv_home: Path, form: str) -> None:
    """``pylock.toml`` comes before ``poetry.lock``, and a lone ``environment.yml`` is a manifest."""
    names = ("poetry-2.1/poetry.lock", "poetry-2.1/pyproject.toml") if form == "pylock.toml" else ()
    root = tmp_path / "project"
    root.mkdir()
    for name in names or ("requirements-uv/requirements.txt",):
        shutil.copy(LOCKS / name, root)
    place = context(root, force=True)
    before = opened(place)[2].choice
    sealed_as_exported(root / form, before.lock or "")
    after = opened(place)[2].choice
    assert (after.lock, after.manifest, after.others) == (before.lock, before.manifest, before.others)
    # Where the lock is not, it is the lock: that is what it was made for.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(root / form, elsewhere)
    if form == "pylock.toml":
        assert opened(context(elsewhere))[2].choice.lock == form


def sealed_as_exported(path: Path, lock: str) -> None:
    from mlenv.exports.deployment import TextFile
    from mlenv.exports.sealed import sealed

    sample = {"pylock.toml": LOCKS / "pylock-uv" / "pylock.toml"}.get(path.name)
    text = sample.read_text() if sample else "name: x\ndependencies:\n  - six\n"
    path.write_text(sealed(TextFile(path=path.name, text=text), path.name, lock))


def test_the_projects_own_files_are_never_replaced(folder: Path) -> None:
    shutil.copy(LOCKS / "requirements-uv" / "requirements.txt", folder)
    lists = replace(context(folder, lock="requirements.txt", force=True))
    before = (folder / "requirements.txt").read_bytes()
    with pytest.raises(MlenvError) as caught:
        exported(lists, "requirements.txt")
    assert caught.value.code == "output-own"
    assert "--output requirements-locked.txt" in str(caught.value.hint)
    assert (folder / "requirements.txt").read_bytes() == before
    done = exported(lists, "requirements.txt", "requirements-locked.txt")
    assert done.files == ("requirements-locked.txt",)
    # Somebody's own list beside uv.lock is not the project's lock, and stays all the same.
    with pytest.raises(MlenvError) as caught:
        exported(context(folder), "requirements.txt")
    assert caught.value.code == "output-exists"
    for form, name in (("requirements.txt", "uv.lock"), ("pylock.toml", "lock.toml"), ("environment.yml", "x.txt")):
        with pytest.raises(MlenvError) as caught:
            exported(context(folder), form, name)
        assert caught.value.code == "usage"


def test_folders_and_git_sources_are_named_with_what_installs_them(tmp_path: Path, mlenv_home: Path) -> None:
    shutil.copytree(LOCKS / "uv-git", tmp_path / "project")
    notes: list[str] = []
    place = Context(
        cwd=tmp_path / "project", report=lambda event: notes.append(event.text), options=Options(force=True)
    )
    done = exported(place, "requirements.txt")
    text = (tmp_path / "project" / "requirements.txt").read_text()
    assert any(note.startswith("not in it, for only this project has it: ") for note in notes)
    assert any("no hash is known" in note and "gitty" in note for note in notes)
    follow = str(done.data["next"])
    assert follow.startswith("uv pip install -r requirements.txt && pip install --no-deps ")
    assert "-e libs/tiny" in follow
    assert "-e " not in "".join(line for line in text.splitlines() if not line.startswith("#"))


def test_another_python_than_the_one_here_is_read_for(folder: Path) -> None:
    shutil.copy(LOCKS / "platforms-poetry" / "poetry.lock", folder)
    shutil.copy(LOCKS / "platforms-poetry" / "pyproject.toml", folder)
    (folder / "uv.lock").unlink()
    text = texts(exported(context(folder, python="3.13", force=True), "requirements.txt", "-"))
    assert "for Python 3.13 on " in text
    host = interpreters.host().version
    assert not host.startswith("3.13.") or "for Python 3.13" in text


def test_the_files_of_another_tools_lock_are_looked_up_and_held_to_its_hashes(
    folder: Path, make_venv: Callable[..., Path]
) -> None:
    """A ``requirements.txt`` with hashes stands for every lock that does not say where its files lie."""
    listed = texts(exported(context(folder, extras=("plot",)), "requirements.txt", "-"))
    for name in ("uv.lock", "pyproject.toml"):
        (folder / name).unlink()
    (folder / "requirements.txt").write_text(listed)
    place = context(folder)
    exported(place, "pylock.toml")
    python = interpreters_in(make_venv(folder / ".venv"))
    subprocess.run([find_uv_bin(), "pip", "sync", "--quiet", "--python", python, "pylock.toml"], check=True, cwd=folder)
    assert verdict(place) == "in-step"
    assert opened(place)[2].choice.lock == "requirements.txt"
    text = (folder / "pylock.toml").read_text()
    hashes = [row.partition("sha256:")[2][:64] for row in listed.splitlines() if "--hash=" in row]
    assert all(digest in text for digest in hashes if digest in text)
    (folder / "requirements.txt").write_text(
        "".join(
            f"{row[: row.index('sha256:') + 7]}{'0' * 64}{row[row.index('sha256:') + 71 :]}\n"
            if "sha256:" in row and "mlenv" not in row
            else f"{row}\n"
            for row in listed.splitlines()
        )
    )
    with pytest.raises(MlenvError) as caught:
        exported(context(folder, force=True), "pylock.toml")
    assert caught.value.code == "export-unproved"
