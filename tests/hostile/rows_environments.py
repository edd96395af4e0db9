"""Environments damaged in every way, and what lies where one should be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from hostile.play import plant, site_of
from hostile.row import Environment, Files, Folder, Link, Row

__all__ = ["ROWS"]

_LOCK = "six==1.16.0\n"


def _damaged(
    title: str,
    damage: Callable[[Path], None] | None,
    verdict: str,
    kind: str,
    says: str = "",
    hint: str = "",
    words: str = "check",
    **more: str,
) -> Row:
    files: Files = {"requirements.txt": _LOCK, ".venv": Environment(damage=damage), **more}
    return Row(title, words, verdict=verdict, kind=kind, says=says, hint=hint, files=files)


def _there(title: str, files: Files, code: str, says: str = "", hint: str = "", words: str = "create") -> Row:
    return Row(title, words, code, where=".venv", says=says, hint=hint, files={"requirements.txt": _LOCK, **files})


def _info(prefix: Path) -> Path:
    return site_of(prefix) / "six-1.16.0.dist-info"


def _python(prefix: Path) -> Path:
    return prefix / "bin" / "python"


def _replace(text: str) -> Callable[[Path], None]:
    def damage(prefix: Path) -> None:
        _without_python(prefix)
        _python(prefix).write_text(f"#!/bin/sh\n{text}\n")
        _python(prefix).chmod(0o755)

    return damage


def _without_python(prefix: Path) -> None:
    for path in (prefix / "bin").glob("python*"):
        path.unlink()


def _no_version(prefix: Path) -> None:
    metadata = _info(prefix) / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.16.0", "newest"))
    _info(prefix).rename(_info(prefix).with_name("six-newest.dist-info"))


def _relink(target: str) -> Callable[[Path], None]:
    def damage(prefix: Path) -> None:
        _python(prefix).unlink()
        _python(prefix).symlink_to(target)

    return damage


def _of_another_machine(prefix: Path) -> None:
    """Give it a program of macOS (a Mach-O header)."""
    _without_python(prefix)
    _python(prefix).write_bytes(b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01" + bytes(64))
    _python(prefix).chmod(0o755)


def _no_site(prefix: Path) -> None:
    shutil.rmtree(site_of(prefix))


def _two_versions(prefix: Path) -> None:
    plant(prefix, "six", "1.17.0")


def _editable_gone(prefix: Path) -> None:
    (_info(prefix) / "direct_url.json").write_text('{"url": "file:///nowhere/six", "dir_info": {"editable": true}}')


ROWS = (
    _damaged("its interpreter is gone", _without_python, "broken", "broken", "no Python interpreter", "mlenv create"),
    _damaged(
        "its interpreter links to nothing",
        _relink("/nowhere/python3"),
        "broken",
        "broken",
        "/nowhere/python3",
        "mlenv create",
    ),
    _damaged("its interpreter links to itself", _relink("python"), "broken", "broken", "", "mlenv create"),
    _damaged(
        "its interpreter is a folder",
        lambda prefix: (_python(prefix).unlink(), _python(prefix).mkdir())[0],
        "broken",
        "broken",
        "",
        "mlenv create",
    ),
    _damaged(
        "its interpreter may not be started",
        lambda prefix: (_replace("exit 0")(prefix), _python(prefix).chmod(0o644))[0],
        "broken",
        "broken",
        "",
        "mlenv create",
    ),
    _damaged(
        "its folder of programs is gone",
        lambda prefix: shutil.rmtree(prefix / "bin"),
        "broken",
        "broken",
        "",
        "mlenv create",
    ),
    _damaged(
        "pyvenv.cfg is empty",
        lambda prefix: (prefix / "pyvenv.cfg").write_text("") and None,
        "broken",
        "broken",
        "pyvenv.cfg",
        "mlenv create",
    ),
    _damaged(
        "pyvenv.cfg is not UTF-8",
        lambda prefix: (prefix / "pyvenv.cfg").write_bytes(b"\xff\xfe\x00") and None,
        "broken",
        "broken",
        "pyvenv.cfg",
        "mlenv create",
    ),
    _damaged(
        "it was made for another folder",
        lambda prefix: (
            os.rename(prefix, prefix.with_name("old"))
            or (
                shutil.copytree(prefix.with_name("old"), prefix, symlinks=True)
                and (prefix / "bin" / "activate").write_text('VIRTUAL_ENV="/elsewhere/.venv"\n')
                and None
            )
        ),
        "broken",
        "broken",
        "/elsewhere/.venv",
        "mlenv create",
    ),
    _damaged("its packages are gone", _no_site, "sync", "missing", "six", "mlenv sync"),
    _damaged(
        "RECORD is missing",
        lambda prefix: (_info(prefix) / "RECORD").unlink(),
        "broken",
        "damaged",
        "six",
        "mlenv create",
    ),
    _damaged(
        "RECORD is empty",
        lambda prefix: (_info(prefix) / "RECORD").write_text("") and None,
        "broken",
        "damaged",
        "six",
        "mlenv create",
    ),
    _damaged(
        "METADATA is missing",
        lambda prefix: (_info(prefix) / "METADATA").unlink(),
        "broken",
        "damaged",
        "six",
        "mlenv create",
    ),
    _damaged(
        "a module is missing",
        lambda prefix: (site_of(prefix) / "six.py").unlink(),
        "broken",
        "damaged",
        "six",
        "mlenv create",
        words="check --deep",
    ),
    _damaged(
        "a module is empty",
        lambda prefix: (site_of(prefix) / "six.py").write_text("") and None,
        "broken",
        "damaged",
        "six",
        "mlenv create",
        words="check --deep",
    ),
    _damaged(
        "a module is a folder",
        lambda prefix: ((site_of(prefix) / "six.py").unlink(), (site_of(prefix) / "six.py").mkdir())[0],
        "broken",
        "damaged",
        "six",
        "mlenv create",
        words="check --deep",
    ),
    _damaged(
        "a module that RECORD names is a link to nothing",
        lambda prefix: ((site_of(prefix) / "six.py").unlink(), (site_of(prefix) / "six.py").symlink_to("/nowhere"))[0],
        "broken",
        "damaged",
        "six",
        "mlenv create",
        words="check --deep",
    ),
    _damaged("two versions of one package", _two_versions, "sync", "duplicate", "six"),
    _damaged(
        "a folder that pip left behind", lambda prefix: (site_of(prefix) / "~ix").mkdir(), "in-step", "leftover", "~ix"
    ),
    _damaged("an editable whose source is gone", _editable_gone, "sync", "source", ""),
    _damaged(
        "direct_url.json is rubbish",
        lambda prefix: (_info(prefix) / "direct_url.json").write_text("{") and None,
        "sync",
        "source",
        "six",
    ),
    _damaged("a version that is none", _no_version, "unknown", "undecidable", "six"),
    _there(
        "where the environment goes lies a file",
        {".venv": "moo"},
        "environment-foreign",
        "not an environment",
        "move .venv away",
    ),
    _there(
        "where the environment goes lies a folder of somebody",
        {".venv/thesis.txt": "moo"},
        "environment-foreign",
        "not an environment",
        "move .venv away",
    ),
    _there(
        "where the environment goes lies a link to a folder of somebody",
        {".venv": Link("../neighbour"), "../neighbour/thesis.txt": "moo"},
        "environment-foreign",
        "not an environment",
        "move .venv away",
    ),
    Row(
        "the private folder is a file",
        "create",
        "not-writable",
        where=".mlenv",
        says="left alone",
        hint="move .mlenv away",
        files={"requirements.txt": _LOCK, ".mlenv": "moo"},
    ),
    Row(
        "the private folder links outside",
        "create",
        "outside",
        where=".mlenv",
        says="leads",
        files={"requirements.txt": _LOCK, ".mlenv": Link("../neighbour"), "../neighbour/thesis.txt": "moo"},
    ),
    Row(
        "the environments' folder links outside",
        "create",
        "outside",
        where="envs",
        says="leads",
        files={
            "requirements.txt": _LOCK,
            ".mlenv": Folder(),
            ".mlenv/envs": Link("../../neighbour"),
            "../neighbour/thesis.txt": "moo",
        },
    ),
    Row(
        "use: there is nothing",
        "use ../gone",
        "environment-missing",
        where="gone",
        says="no environment",
        hint="mlenv create",
        files={"requirements.txt": _LOCK},
    ),
    Row(
        "use: a folder that is no environment",
        "use ../plain",
        "environment-broken",
        where="plain",
        hint="mlenv create",
        files={"requirements.txt": _LOCK, "../plain/x.txt": ""},
    ),
    Row(
        "use: a name that nothing has",
        "use nothing-of-the-kind",
        "environment-missing",
        where="nothing-of-the-kind",
        says="none is called nothing-of-the-kind",
        hint="mlenv use --list",
        files={"requirements.txt": _LOCK},
    ),
    Row(
        "use: an environment that Windows made",
        "use ../env",
        "environment-broken",
        where="env",
        says="made on Windows",
        hint="mlenv create",
        files={
            "requirements.txt": _LOCK,
            "../env/Scripts/python.exe": "MZ",
            "../env/pyvenv.cfg": "home = C:\\Python\n",
        },
    ),
    Row(
        "use: an environment of another machine",
        "use ../env",
        "python-broken",
        where="env",
        says="made on another kind of machine",
        hint="mlenv create",
        files={"requirements.txt": _LOCK, "../env": Environment(damage=_of_another_machine)},
    ),
    Row(
        "use: an environment of conda without Python",
        "use ../env",
        "environment-broken",
        where="env",
        says="holds no Python",
        hint="conda install -p",
        files={"requirements.txt": _LOCK, "../env/conda-meta/history": ""},
    ),
    Row(
        "use: an environment whose base Python is gone",
        "use ../env",
        "environment-broken",
        where="env",
        says="its Python is gone",
        hint="mlenv create",
        files={"requirements.txt": _LOCK, "../env": Environment(damage=_relink("/nowhere/python3"))},
    ),
    Row(
        "create --existing: a folder that is no environment",
        "create --existing ../plain",
        "environment-broken",
        where="plain",
        says="not an environment",
        hint="mlenv create",
        files={"requirements.txt": _LOCK, "../plain/x.txt": ""},
    ),
    Row(
        "create --existing: packages, too",
        "create --existing ../env six",
        "usage",
        says="takes one folder",
        hint="mlenv add",
        files={"requirements.txt": _LOCK, "../env": Environment()},
    ),
    Row(
        "use: what was chosen before leads out of every folder",
        "check",
        verdict="no-env",
        kind="no-env",
        says=".venv",
        hint="mlenv create",
        files={"requirements.txt": _LOCK, ".mlenv/used.json": '{"schema": 1, "prefix": "/gone/\\u0000/x"}'},
    ),
    Row(
        "use: a file",
        "use requirements.txt",
        "environment-missing",
        where="requirements.txt",
        hint="mlenv create",
        files={"requirements.txt": _LOCK},
    ),
    Row(
        "use: an environment without its Python",
        "use ../env",
        "environment-broken",
        where="env",
        hint="mlenv create",
        files={"requirements.txt": _LOCK, "../env": Environment(damage=_without_python)},
    ),
    Row(
        "use: its Python prints rubbish",
        "use ../env",
        "python-broken",
        where="env",
        files={"requirements.txt": _LOCK, "../env": Environment(damage=_replace("echo moo"))},
    ),
    Row(
        "use: its Python dies",
        "use ../env",
        "python-broken",
        where="env",
        files={"requirements.txt": _LOCK, "../env": Environment(damage=_replace("kill -9 $$"))},
    ),
    Row(
        "list without an environment", "list", "no-environment", hint="mlenv create", files={"requirements.txt": _LOCK}
    ),
    Row(
        "freeze without an environment",
        "freeze",
        "no-environment",
        hint="mlenv create",
        files={"requirements.txt": _LOCK},
    ),
    Row(
        "show in a broken environment",
        "show six",
        "environment-broken",
        where=".venv",
        hint="mlenv create",
        files={"requirements.txt": _LOCK, ".venv": Environment(damage=_without_python)},
    ),
    Row(
        "freeze a damaged environment",
        "freeze",
        "packages-damaged",
        says="six",
        hint="mlenv sync",
        files={
            "requirements.txt": _LOCK,
            ".venv": Environment(damage=lambda prefix: (_info(prefix) / "RECORD").unlink()),
        },
    ),
    Row(
        "freeze an empty environment",
        "freeze",
        "freeze-empty",
        hint="mlenv",
        files={"requirements.txt": _LOCK, ".venv": Environment({})},
    ),
    Row(
        "delete an environment of somebody else",
        "delete --yes",
        "environment-foreign",
        where=".venv",
        hint="--force",
        files={"requirements.txt": _LOCK, ".venv": Environment()},
    ),
    Row(
        "activate without an environment",
        "activate",
        "no-environment",
        hint="mlenv create",
        files={"requirements.txt": _LOCK},
    ),
)
