"""Run by an interpreter that has py-rattler and zstandard: a small channel, what is solved on it, environments of it.

``world.py channel FOLDER PYTHON``: write packages and their index; PYTHON is a full version.
``world.py lock CHANNEL FOLDER PLATFORM SPECS...``: write ``pixi.lock`` (with a row of pip) and ``conda-PLATFORM.lock``.
``world.py install CHANNEL PREFIX PLATFORM SPECS...``: make the environment what the specifications ask for.
``world.py differing LOCK PREFIX PLATFORM``: print the names whose records are not the lock's, as JSON: the oracle.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import zstandard
from rattler import Channel, LockChannel, LockFile, LockPlatform, PrefixRecord, VirtualPackage, install, solve
from rattler.index import index_fs

STAMP_MS = 1_700_000_000_000
PIP_ROW = ("idna", "3.7", "https://files.example.org/packages/idna-3.7-py3-none-any.whl")


def packed(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items():
            row = tarfile.TarInfo(name)
            row.size, row.mtime = len(content), STAMP_MS // 1000
            archive.addfile(row, io.BytesIO(content))
    return zstandard.compress(raw.getvalue())


def package(
    folder: Path, named: tuple[str, str, str], subdir: str, depends: list[str], files: dict[str, bytes]
) -> None:
    """Write one ``.conda`` file. Source: conda's documentation, "Conda package specification"."""
    name, version, build = named
    index = {
        "name": name, "version": version, "build": build, "build_number": int(build.rpartition("_")[2]), "subdir": subdir,
        "depends": depends, "timestamp": STAMP_MS,
    }  # fmt: skip
    rows = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
        }
        for path, content in files.items()
    ]
    info = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths_version": 1, "paths": rows}).encode(),
        "info/files": "\n".join(files).encode(),
    }
    stem = "-".join(named)
    (folder / subdir).mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / subdir / f"{stem}.conda", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(f"pkg-{stem}.tar.zst", packed(files))
        archive.writestr(f"info-{stem}.tar.zst", packed(info))


def python_files(name: str, version: str, site: str) -> dict[str, bytes]:
    info = f"{site}/{name}-{version}.dist-info"
    files = {
        f"{site}/{name}/__init__.py": f"__version__ = {version!r}\n".encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/INSTALLER": b"conda\n",
    }
    rows = [*files, f"{info}/RECORD"]
    return {**files, f"{info}/RECORD": "".join(f"{path[len(site) + 1 :]},,\n" for path in rows).encode()}


async def channel(folder: Path, python: str) -> None:
    site = f"lib/python{'.'.join(python.split('.')[:2])}/site-packages"
    on = [f"python {python}"]
    for subdir in ("linux-64", "osx-arm64"):
        package(folder, ("python", python, "h0_0"), subdir, ["libzlib >=1.2"], {"share/python.txt": b"x"})
        for version, build in (("1.2.13", "h4_6"), ("1.3.1", "h1_1"), ("1.3.1", "h1_2")):
            package(folder, ("libzlib", version, build), subdir, [], {"lib/libz.so": f"{version}{build}".encode()})
        for version in ("1.26.4", "2.0.1"):
            package(folder, ("numpy", version, "py_0"), subdir, on, python_files("numpy", version, site))
        torch = python_files("torch", "2.1.0", site)
        package(folder, ("pytorch", "2.1.0", "cpu_0"), subdir, [*on, "numpy"], torch)
        package(folder, ("graphviz", "9.0.0", "h7_1"), subdir, [], {"bin/dot": b"dot"})
        package(folder, ("openssl", "3.0.1", "h0_0"), subdir, [], {"lib/libssl.so": b"ssl"})
    await index_fs(folder)


async def solved(address: str, platform: str, specs: list[str]) -> list[object]:
    return await solve(
        [Channel(address)], specs, platforms=[platform, "noarch"], virtual_packages=VirtualPackage.detect()
    )


async def lock(address: str, folder: Path, platform: str, specs: list[str]) -> None:
    records = sorted(await solved(address, platform, specs), key=lambda record: record.name.normalized)
    made = LockFile([LockPlatform(platform)])
    made.set_channels("default", [LockChannel(address)])
    for record in records:
        made.add_conda_package("default", LockPlatform(platform), record)
    made.add_pypi_package("default", LockPlatform(platform), *PIP_ROW)
    made.to_path(folder / "pixi.lock")
    rows = "".join(f"{record.url}#{record.md5.hex()}\n" for record in records)
    (folder / f"conda-{platform}.lock").write_text(f"# platform: {platform}\n@EXPLICIT\n{rows}")


def held(prefix: Path) -> dict[str, tuple[str, str]]:
    records = [PrefixRecord.from_path(path) for path in (prefix / "conda-meta").glob("*.json")]
    return {record.name.normalized: (str(record.version), str(record.build)) for record in records}


def differing(path: Path, prefix: Path, platform: str) -> list[str]:
    lock_file = LockFile.from_path(path)
    here = next(known for known in lock_file.platforms() if known.name == platform)
    rows = lock_file.default_environment().conda_repodata_records_for_platform(here)
    locked = {row.name.normalized: (str(row.version), str(row.build)) for row in rows}
    there = held(prefix)
    return sorted(name for name in {*locked, *there} if locked.get(name) != there.get(name))


async def put(address: str, prefix: Path, platform: str, specs: list[str]) -> None:
    cache = prefix.parent / "conda-cache"
    await install(await solved(address, platform, specs), prefix, cache_dir=cache, show_progress=False)


def main(verb: str, first: str, second: str, *rest: str) -> None:
    if verb == "channel":
        asyncio.run(channel(Path(first), second))
    elif verb == "lock":
        asyncio.run(lock(first, Path(second), rest[0], list(rest[1:])))
    elif verb == "install":
        asyncio.run(put(first, Path(second), rest[0], list(rest[1:])))
    else:
        print(json.dumps(differing(Path(first), Path(second), rest[0])))


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # py-rattler's threads may abort the interpreter while it ends
