"""The ``pip:`` part of an ``environment.yml``: resolved by uv for the Python that conda brings, pinned with hashes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from mlenv import locks, store
from mlenv.engines import uv
from mlenv.engines.conda import Row
from mlenv.engines.requests import ResolveRequest
from mlenv.errors import MlenvError
from mlenv.locks import Target
from mlenv.locks.conda_write import LockedPackage
from mlenv.locks.environment_yml import Environment
from mlenv.locks.wheels import best_wheel
from mlenv.requirement_text import parse_requirement
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.tools import run_engine
from mlenv.versions import normalise, satisfies

__all__ = ["lock_pip_part", "refuse_folders"]

_MACHINES = {
    "linux-64": ("linux-x86_64", "x86_64-unknown-linux-gnu"),
    "linux-aarch64": ("linux-aarch64", "aarch64-unknown-linux-gnu"),
    "osx-64": ("macos-x86_64", "x86_64-apple-darwin"),
    "osx-arm64": ("macos-arm64", "aarch64-apple-darwin"),
    "win-64": ("windows-x86_64", "x86_64-pc-windows-msvc"),
}
"""conda's name -> mlenv's, and uv's for ``--python-platform``."""
_OTHERWISE = {"pytorch": "torch", "pytorch-cpu": "torch", "pytorch-gpu": "torch", "matplotlib-base": "matplotlib",
              "py-opencv": "opencv-python", "tensorflow-base": "tensorflow"}  # fmt: skip
"""Packages that the index knows by another name than conda's, where both are usual in one environment."""
_BESIDE = re.compile(r"^(\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*)(?![a-z+]+:)(\S+)")
_FOLDER = re.compile(r"\s*(?:-e\b|--editable\b|\.{0,2}/|\.$)")


def lock_pip_part(
    context: Context,
    project: Project,
    resolver: Resolver,
    environment: Environment,
    rows: Sequence[Row],
    platform: str,
    scratch: Path,
) -> list[LockedPackage]:
    """Return the rows of pip, what conda brings left out.

    Raises:
        MlenvError: ``conflict`` where conda brings another version of a row; what uv failed with;
            ``build-not-allowed`` for a package that has no wheel.
    """
    if not environment.piped:
        return []
    python = next(row.version for row in rows if row.name == "python")
    provided = {normalise(_OTHERWISE.get(row.name, row.name)): row.version for row in rows}
    _refuse_others(environment, provided)
    output = scratch / f"pylock.{platform}.toml"
    context.tell("lock", "resolving the pip part")
    request = _request(context, project, resolver, environment, provided, platform, python, output, scratch)
    host = engine_tools.uv_of(context, resolver.tools)
    run_engine(context, uv.compile_pylock(host, request), "lock", resolver.descriptor)
    table = tomllib.loads(engine_tools.read_answer(output, "uv"))
    target = locks.elsewhere(locks.parse_platform(_MACHINES[platform][0]), python)
    packages = [row for row in table.get("packages", ()) if normalise(str(row.get("name"))) not in provided]
    return [_locked(row, target, platform, allow=request.allow_build) for row in packages]


def _request(
    context: Context,
    project: Project,
    resolver: Resolver,
    environment: Environment,
    provided: Mapping[str, str],
    platform: str,
    python: str,
    output: Path,
    scratch: Path,
) -> ResolveRequest:
    source, keep = scratch / "pip-part.in", scratch / "of-conda.txt"
    lines = [_BESIDE.sub(lambda found: f"{found[1]}{project.root / found[2]}", row) for row in environment.piped]
    store.write_atomic(source, "".join(f"{line}\n" for line in lines))
    asked = {normalise(name) for name in _names(environment)}
    # What conda brings is not to be moved: pip would put its own copy over conda's files.
    held = [f"{name}=={version}" for name, version in provided.items() if _is_public(version) and name not in asked]
    store.write_atomic(keep, "".join(f"{row}\n" for row in sorted(held)))
    allow = context.options.allow_build or project.settings.allow_build is True
    return ResolveRequest(
        output=str(output),
        python=resolver.interpreter.path,
        lowest_python=python,
        files=(str(source),),
        constraints=(str(keep),),
        allow_build=allow,
        universal=False,
        platform=_MACHINES[platform][1] if platform in _MACHINES else "",
        cwd=str(project.root),
    )


def _refuse_others(environment: Environment, provided: Mapping[str, str]) -> None:
    """Refuse a version of what conda brings in another one: pip would put its copy over conda's files.

    Raises:
        MlenvError: ``conflict``.
    """
    for row in environment.pip.declared:
        there, wanted = provided.get(row.name), parse_requirement(row.text)
        if there is None or wanted.url or satisfies(there, str(wanted.specifier)) is not False:
            continue
        raise MlenvError(
            "conflict",
            f"the pip: part asks for {row.text}, and conda brings {row.name} {there}",
            where=environment.where,
            hint=f"ask conda for that version: mlenv add '{row.name}{wanted.specifier}'; "
            f"or take {row.name} out of the pip: part",
        )


def _names(environment: Environment) -> list[str]:
    return [row.name for row in environment.pip.declared]


def _is_public(version: str) -> bool:
    try:
        return not Version(version).local
    except InvalidVersion:
        return False


def refuse_folders(environment: Environment) -> None:
    """Refuse what no lock can hold, before anything is solved; raises ``manifest-not-driven``."""
    row = next((row for row in environment.piped if _FOLDER.match(row)), None)
    if row is not None:
        raise MlenvError(
            "manifest-not-driven",
            f"the pip: part names a folder of this machine ({row.strip()}), which a lock of conda's cannot hold",
            where=environment.where,
            hint="take the row out; after mlenv create: %pip install -e .",
        )


def _locked(row: Mapping[str, Any], target: Target, platform: str, *, allow: bool) -> LockedPackage:
    name, version = str(row["name"]), str(row.get("version", ""))
    url, digest = _file(row, target)
    if not url or (not url.endswith(".whl") and not allow):
        raise MlenvError(
            "build-not-allowed",
            f"{name} {version} has no wheel for {platform}, and builds are not allowed",
            hint=f"add --allow-build, or take {name} from conda: mlenv add {name}",
        )
    return LockedPackage(
        name=normalise(name), version=version or "0", manager="pip", platform=platform, url=url, sha256=digest
    )


def _file(row: Mapping[str, Any], target: Target) -> tuple[str, str]:
    """Return the address and the digest of the file that is to be installed."""
    vcs = row.get("vcs")
    if isinstance(vcs, Mapping):
        return f"git+{vcs['url']}@{vcs['commit-id']}", ""
    wheels = {_name_of(one): one for one in row.get("wheels", ())}
    best = best_wheel(tuple(wheels), target)
    chosen = wheels[best] if best else row.get("sdist") or row.get("archive") or {}
    address = str(chosen.get("url") or (Path(str(chosen["path"])).absolute().as_uri() if chosen.get("path") else ""))
    return address, str(chosen.get("hashes", {}).get("sha256", ""))


def _name_of(wheel: Mapping[str, Any]) -> str:
    return str(wheel.get("name") or str(wheel.get("url") or wheel.get("path") or "").rpartition("/")[2])
