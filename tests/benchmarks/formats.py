"""One set of resolved packages as the lock of each tool, in that tool's layout.

Written here, not by the tools: Poetry, PDM and Pipenv need minutes and an index to resolve 500 packages. Real files of
each tool lie under ``tests/data/locks``; ``tests/core`` reads those.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli as toml

from benchmarks.made import name_of
from mlenv.locks.fingerprints import pdm_fingerprint, pipfile_fingerprint, poetry_fingerprints

__all__ = ["FORMATS", "ONLY_READ", "Package", "packages_of", "widened"]

_ADDRESS = "https://index.example.org/packages/2d/7e/0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
_INDEX = "https://index.example.org/simple"
_TAGS = tuple(f"cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.manylinux2014_x86_64" for minor in range(8, 17))


@dataclass(frozen=True)
class Package:
    """One resolved package."""

    name: str
    version: str
    needs: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    """(file name, sha256)."""


def packages_of(wheels: Path, number: int) -> tuple[Package, ...]:
    """Return the first so many packages of :mod:`benchmarks.made`, with the hashes of their wheels."""
    made = []
    for each in range(number):
        path = wheels / f"{name_of(each).replace('-', '_')}-1.{each}.0-py3-none-any.whl"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        needs = (name_of(each // 2),) if each else ()
        made.append(Package(name_of(each), f"1.{each}.0", needs, ((path.name, digest),)))
    return tuple(made)


def widened(packages: Sequence[Package]) -> tuple[Package, ...]:
    """Return the packages with nine wheels each, as many as compiled packages have."""
    return tuple(
        Package(
            each.name,
            each.version,
            each.needs,
            tuple(
                (f"{each.name.replace('-', '_')}-{each.version}-{tag}.whl", f"{number:032x}{place:032x}")
                for place, tag in enumerate(_TAGS)
            ),
        )
        for number, each in enumerate(packages)
    )


def _rows(packages: Sequence[Package], row: Callable[[Package], str]) -> str:
    return "".join(map(row, packages))


def _project(packages: Sequence[Package]) -> str:
    rows = _rows(packages, lambda each: f'  "{each.name}",\n')
    return f'[project]\nname = "bench"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [\n{rows}]\n'


def _uv(packages: Sequence[Package]) -> dict[str, str]:
    def row(each: Package) -> str:
        needs = "".join(f'    {{ name = "{name}" }},\n' for name in each.needs)
        files = "".join(
            f'    {{ url = "{_ADDRESS}/{file}", hash = "sha256:{digest}", size = 1000 }},\n'
            for file, digest in each.files
        )
        return (
            f'\n[[package]]\nname = "{each.name}"\nversion = "{each.version}"\nsource = {{ registry = "{_INDEX}" }}\n'
            + (f"dependencies = [\n{needs}]\n" if needs else "")
            + f"wheels = [\n{files}]\n"
        )

    names = _rows(packages, lambda each: f'    {{ name = "{each.name}" }},\n')
    root = f'\n[[package]]\nname = "bench"\nversion = "0"\nsource = {{ virtual = "." }}\ndependencies = [\n{names}]\n'
    recorded = f"\n[package.metadata]\nrequires-dist = [\n{names}]\n"
    head = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
    return {"pyproject.toml": _project(packages), "uv.lock": head + _rows(packages, row) + root + recorded}


def _pylock(packages: Sequence[Package]) -> dict[str, str]:
    def row(each: Package) -> str:
        files = "".join(
            f'    {{ url = "{_ADDRESS}/{file}", size = 1000, hashes = {{ sha256 = "{digest}" }} }},\n'
            for file, digest in each.files
        )
        return f'\n[[packages]]\nname = "{each.name}"\nversion = "{each.version}"\nwheels = [\n{files}]\n'

    head = 'lock-version = "1.0"\ncreated-by = "uv"\nrequires-python = ">=3.11"\n'
    return {"pyproject.toml": _project(packages), "pylock.toml": head + _rows(packages, row)}


def _of_poetry(packages: Sequence[Package]) -> str:
    rows = _rows(packages, lambda each: f'{each.name} = "*"\n')
    head = '[tool.poetry]\nname = "bench"\nversion = "0"\ndescription = ""\nauthors = []\npackage-mode = false\n'
    return f'{head}\n[tool.poetry.dependencies]\npython = ">=3.11"\n{rows}'


def _poetry(packages: Sequence[Package], version: str) -> dict[str, str]:
    modern = version == "2.1"

    def files(each: Package) -> str:
        rows = "".join(f'    {{file = "{file}", hash = "sha256:{digest}"}},\n' for file, digest in each.files)
        return f"[\n{rows}]\n"

    def row(each: Package) -> str:
        needs = "".join(f'{name} = ">=1.0"\n' for name in each.needs)
        return (
            f'[[package]]\nname = "{each.name}"\nversion = "{each.version}"\ndescription = "A package."\n'
            + ("" if modern else 'category = "main"\n')
            + 'optional = false\npython-versions = ">=3.8"\n'
            + (f'groups = ["main"]\nfiles = {files(each)}' if modern else "")
            + (f"\n[package.dependencies]\n{needs}" if needs else "")
            + "\n"
        )

    manifest = _of_poetry(packages)
    digest = sorted(poetry_fingerprints(toml.loads(manifest)))[0]
    end = f'[metadata]\nlock-version = "{version}"\npython-versions = ">=3.11"\ncontent-hash = "{digest}"\n'
    older = "" if modern else "\n[metadata.files]\n" + _rows(packages, lambda each: f"{each.name} = {files(each)}")
    return {"pyproject.toml": manifest, "poetry.lock": _rows(packages, row) + end + older}


def _pdm(packages: Sequence[Package]) -> dict[str, str]:
    def row(each: Package) -> str:
        files = "".join(f'    {{file = "{file}", hash = "sha256:{digest}"}},\n' for file, digest in each.files)
        needs = "".join(f'    "{name}>=1.0",\n' for name in each.needs)
        return (
            f'\n[[package]]\nname = "{each.name}"\nversion = "{each.version}"\nrequires_python = ">=3.8"\n'
            f'summary = "A package."\ngroups = ["default"]\n'
            + (f"dependencies = [\n{needs}]\n" if needs else "")
            + f"files = [\n{files}]\n"
        )

    manifest = _project(packages)
    head = (
        '[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\n'
        f'content_hash = "sha256:{pdm_fingerprint(toml.loads(manifest))}"\n'
        '\n[[metadata.targets]]\nrequires_python = ">=3.11"\n'
    )
    return {"pyproject.toml": manifest, "pdm.lock": head + _rows(packages, row)}


def _pipenv(packages: Sequence[Package]) -> dict[str, str]:
    manifest = "[packages]\n" + _rows(packages, lambda each: f'{each.name} = "*"\n')
    digest = pipfile_fingerprint(toml.loads(manifest))
    meta = {"hash": {"sha256": digest}, "pipfile-spec": 6, "requires": {}, "sources": []}
    rows = {
        each.name: {"hashes": [f"sha256:{digest}" for _, digest in each.files], "version": f"=={each.version}"}
        for each in packages
    }
    lock = json.dumps({"_meta": meta, "default": rows, "develop": {}}, indent=4, sort_keys=True)
    return {"Pipfile": manifest, "Pipfile.lock": lock + "\n"}


def _list(packages: Sequence[Package]) -> dict[str, str]:
    def row(each: Package) -> str:
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for _, digest in each.files)
        return f"{each.name}=={each.version}{hashes}\n    # via -r requirements.in\n"

    head = "# This file was autogenerated by uv via the following command:\n#    uv pip compile requirements.in\n"
    return {
        "requirements.in": _rows(packages, lambda each: f"{each.name}\n"),
        "requirements.txt": head + _rows(packages, row),
    }


def _conda_lock(packages: Sequence[Package]) -> dict[str, str]:
    def row(each: Package) -> str:
        needs = "".join(f"    {name}: '>=1.0'\n" for name in each.needs)
        return (
            f"- name: {each.name}\n  version: {each.version}\n  manager: conda\n  platform: linux-64\n"
            + (f"  dependencies:\n{needs}" if needs else "  dependencies: {}\n")
            + f"  url: https://conda.example.org/linux-64/{each.name}-{each.version}-h0_0.conda\n"
            f"  hash:\n    md5: {each.files[0][1][:32]}\n    sha256: {each.files[0][1]}\n"
            "  category: main\n  optional: false\n"
        )

    head = (
        "version: 1\nmetadata:\n  content_hash:\n    linux-64: 00\n  channels:\n  - url: conda-forge\n"
        "    used_env_vars: []\n  platforms:\n  - linux-64\n  sources:\n  - environment.yml\npackage:\n"
    )
    return {"conda-lock.yml": head + _rows(packages, row)}


def _pixi(packages: Sequence[Package]) -> dict[str, str]:
    def address(each: Package) -> str:
        return f"conda: https://conda.example.org/linux-64/{each.name}-{each.version}-h0_0.conda\n"

    def row(each: Package) -> str:
        needs = "".join(f"  - {name} >=1.0\n" for name in each.needs)
        depends = f"  depends:\n{needs}" if needs else ""
        digest = each.files[0][1]
        return f"- {address(each)}  sha256: {digest}\n  md5: {digest[:32]}\n{depends}  license: MIT\n  size: 1000\n"

    head = "version: 6\nenvironments:\n  default:\n    channels:\n    - url: https://conda.example.org/\n"
    chosen = _rows(packages, lambda each: f"      - {address(each)}")
    return {"pixi.lock": f"{head}    packages:\n      linux-64:\n{chosen}packages:\n{_rows(packages, row)}"}


FORMATS: Mapping[str, Callable[[Sequence[Package]], dict[str, str]]] = {
    "uv.lock": _uv,
    "pylock.toml": _pylock,
    "poetry.lock 2.1": lambda packages: _poetry(packages, "2.1"),
    "poetry.lock 1.1": lambda packages: _poetry(packages, "1.1"),
    "pdm.lock": _pdm,
    "Pipfile.lock": _pipenv,
    "requirements.txt": _list,
}
"""Name -> manifest and lock, by file name."""
ONLY_READ: Mapping[str, Callable[[Sequence[Package]], dict[str, str]]] = {
    "conda-lock.yml": _conda_lock,
    "pixi.lock": _pixi,
}
"""The same for locks whose packages no index has: there is no environment to check."""
