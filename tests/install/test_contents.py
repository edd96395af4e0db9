"""What wheel and sdist carry, how large they are, and that a bundle in them is always that of the sources."""

from __future__ import annotations

import gzip
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

from install.machine import CHECKOUT, WARNING, Machine
from mlenv import __version__

pytestmark = [pytest.mark.real, pytest.mark.network]

BUNDLE = f"mlenv-{__version__}.data/data/share/jupyter/labextensions/mlenv"
SETTINGS = f"mlenv-{__version__}.data/data/etc/jupyter"
LARGEST_BUNDLE = 150_000
LARGEST_COMPRESSED = 60_000
LARGEST_WHEEL = 1_500_000
LARGEST_SDIST = 3_000_000


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def scripts(wheel: Path) -> dict[str, bytes]:
    """The JavaScript that a browser loads."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name) for name in archive.namelist() if name.startswith(BUNDLE) and name.endswith("js")
        }


def test_the_wheel_carries_every_module_and_the_front_end_once(wheel: Path) -> None:
    carried = names(wheel)
    source = CHECKOUT / "src"
    kept = [path for path in (source / "mlenv").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    modules = {path.relative_to(source).as_posix() for path in kept}
    assert {name for name in modules if not name.startswith("mlenv/labextension/")} <= carried
    assert not {name for name in carried if name.startswith(("mlenv/labextension/", "tests", "labextension"))}
    assert {f"{BUNDLE}/{name}" for name in ("package.json", "install.json", "static/style.js")} <= carried
    assert f"{SETTINGS}/jupyter_server_config.d/mlenv.json" in carried
    assert not {name for name in carried if name.endswith((".map", ".ts", ".tsx"))}


def test_the_front_end_is_small(wheel: Path) -> None:
    """What a browser loads, in bytes: as Jupyter's own server sends it, and through a proxy that compresses."""
    texts = {name.rpartition("/")[2]: text for name, text in scripts(wheel).items()}
    sizes = {name: (len(text), len(gzip.compress(text))) for name, text in texts.items()}
    assert 0 < sum(plain for plain, _ in sizes.values()) < LARGEST_BUNDLE, sizes
    assert 0 < sum(compressed for _, compressed in sizes.values()) < LARGEST_COMPRESSED, sizes


def test_what_jupyter_loads_is_there(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        manifest = json.loads(archive.read(f"{BUNDLE}/package.json"))
    assert manifest["version"] == __version__
    assert f"{BUNDLE}/{manifest['jupyterlab']['_build']['load']}" in names(wheel)


def test_wheel_and_sdist_stay_small(wheel: Path, sdist: Path) -> None:
    assert wheel.stat().st_size < LARGEST_WHEEL
    assert sdist.stat().st_size < LARGEST_SDIST


def test_the_sdist_carries_the_built_front_end_and_no_packages_of_others(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        carried = {name.partition("/")[2] for name in archive.getnames()}
    assert {"src/mlenv/labextension/static/style.js", "labextension/yarn.lock", "labextension/src/index.ts"} <= carried
    assert not {name for name in carried if "node_modules" in name or ".yarn/" in name or "labextension/lib" in name}


def test_a_stale_bundle_is_never_taken_for_a_fresh_one(one_machine: Machine, clone: Path, built: Path) -> None:
    """Sources changed since the build: without Node no bundle at all, with Node the new one."""
    source = clone / "labextension" / "src" / "index.ts"
    kept = source.read_text()
    source.write_text(f"{kept}\nexport const changed = 'since-the-build';\n")
    out, words = (
        built.parent / "stale",
        ["build", "--wheel", "--no-cache", "--python", str(one_machine.python), str(clone)],
    )
    try:
        said = one_machine.run(find_uv_bin(), *words, "--out-dir", str(out / "without"), node=False)
        assert said.count(WARNING) == 1
        assert not scripts(next((out / "without").glob("*.whl")))
        one_machine.run(find_uv_bin(), *words, "--out-dir", str(out / "with"))
        assert b"since-the-build" in b"".join(scripts(next((out / "with").glob("*.whl"))).values())
    finally:
        source.write_text(kept)
