"""The ways to break a project: its environment behind every tool's back, its manifest, its lock."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from differential.setup import NOTHING, Chosen
from differential.spec import Spec
from differential.stage import NotRun, World

__all__ = ["BREAKS", "Break"]


@dataclass(frozen=True, kw_only=True)
class Break:
    """One thing done to a project."""

    name: str
    environment: Callable[[World], None] | None = None
    edit: Callable[[Spec], Spec] | None = None
    """What the manifest says afterwards."""
    asked: Chosen = NOTHING
    sample: bool = False
    """Whether ``make test`` plays it."""
    lock: Callable[[Path], None] | None = None
    """What is done to the lock file."""
    files: Callable[[Path], None] | None = None
    """What is done to other files of the project."""
    needs: tuple[str, ...] = ()
    """Extras and groups that the project must have."""


def _pip(*commands: Sequence[str]) -> Callable[[World], None]:
    def act(world: World) -> None:
        for command in commands:
            world.pip(*command)

    return act


def _wheel(name: str, version: str) -> Callable[[World], None]:
    return lambda world: world.pip("install", "--reinstall", "--no-deps", str(world.stage.wheel(name, version)))


def _url(name: str, version: str) -> Callable[[World], None]:
    def act(world: World) -> None:
        file = world.stage.wheel(name, version).name
        address = world.stage.index.url.replace("/simple", f"/files/{file}")
        world.pip("install", "--reinstall", "--no-deps", f"{name} @ {address}")

    return act


def _editable(name: str, version: str) -> Callable[[World], None]:
    """Install a folder of the same name and version as an editable package."""

    def act(world: World) -> None:
        folder = world.folder / f"{name}-sources"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text('"""Another source of the same version."""\n')
        (folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["flit_core==3.9.0"]\nbuild-backend = "flit_core.buildapi"\n'
            f'[project]\nname = "{name}"\nversion = "{version}"\ndescription = "Another source"\n'
        )
        world.pip("install", "--no-deps", "--editable", str(folder))

    return act


def _site(world: World) -> Path:
    return next(world.root.glob(".venv/lib/python3*/site-packages"))


def _files_gone(name: str) -> Callable[[World], None]:
    return lambda world: shutil.rmtree(_site(world) / name)


def _other_minor(world: World) -> None:
    """Make the environment anew with another Python: what the tool installed, nothing else."""
    other = world.stage.other_python
    if not other:
        raise NotRun("no Python of another minor version is here")
    listed = world.uv(
        "pip", "freeze", "--python", world.python, "--exclude", "pip", "--exclude", "setuptools", ok=True
    ).out
    (world.folder / "all.txt").write_text(listed)
    seed = ("--seed",) if (_site(world) / "pip").is_dir() else ()
    shutil.rmtree(world.root / ".venv")
    world.uv("venv", "--quiet", *seed, "--python", other, ".venv", ok=True)
    if listed.strip():
        world.pip("install", "--no-deps", "-r", str(world.folder / "all.txt"))


def _part_changed(root: Path) -> None:
    path = root / "part" / "pyproject.toml"
    path.write_text(path.read_text().replace('"iniconfig"', '"iniconfig<2.1"'))


def _no_environment(world: World) -> None:
    shutil.rmtree(world.root / ".venv")


def _dependencies(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Callable[[Spec], Spec]:
    return lambda spec: replace(spec, dependencies=change(spec.dependencies))


def _respelled(before: str, after: str) -> Callable[[Spec], Spec]:
    def change(rows: tuple[str, ...]) -> tuple[str, ...]:
        assert before in rows, before
        return tuple(after if row == before else row for row in rows)

    return _dependencies(change)


def _group(name: str, *texts: str) -> Callable[[Spec], Spec]:
    return lambda spec: replace(spec, groups={**spec.groups, name: texts})


def _extra(name: str, *texts: str) -> Callable[[Spec], Spec]:
    return lambda spec: replace(spec, extras={**spec.extras, name: texts})


def _field(name: str, text: str) -> Callable[[Spec], Spec]:
    return lambda spec: replace(spec, **{name: text})  # type: ignore[arg-type]


_OF_ENVIRONMENT = (
    Break(name="untouched"),
    Break(name="missing", environment=_pip(("uninstall", "idna"))),
    Break(name="missing, needed by another", environment=_pip(("uninstall", "six"))),
    Break(name="older", environment=_pip(("install", "six==1.15.0"))),
    Break(name="newer", environment=_pip(("install", "idna==3.10"))),
    Break(name="newer, within what the manifest asks for", environment=_pip(("install", "idna==3.6"))),
    Break(name="extra", environment=_pip(("install", "pluggy"))),
    Break(name="extra: excluded here by a marker", environment=_pip(("install", "colorama", "tomli"))),
    Break(
        name="missing, older and extra at once",
        environment=_pip(("uninstall", "click"), ("install", "six==1.15.0", "pluggy")),
        sample=True,
    ),
    Break(name="everything missing", environment=_pip(("uninstall", "click", "idna", "python-dateutil", "six"))),
    Break(name="other source: a wheel", environment=_wheel("idna", "3.7"), sample=True),
    Break(name="other source: an address", environment=_url("idna", "3.7")),
    Break(name="other source: editable", environment=_editable("idna", "3.7")),
    Break(name="other source and version", environment=_wheel("idna", "3.6")),
    Break(name="tooling: wheel", environment=_pip(("install", "wheel==0.43.0"))),
    Break(name="tooling: setuptools", environment=_pip(("install", "setuptools==75.8.0"))),
    Break(name="tooling: pip", environment=_pip(("install", "pip==25.0"))),
    Break(
        name="a kernel: ipykernel",
        environment=_pip(("install", "--no-deps", "ipykernel==6.29.5")),
        sample=True,
    ),
    Break(name="files gone, metadata there", environment=_files_gone("idna")),
    Break(name="metadata gone, files there", environment=_files_gone("idna-3.7.dist-info")),
    Break(name="another Python", environment=_other_minor),
    Break(name="the other fork's version", environment=_pip(("install", "attrs==25.3.0")), needs=("attrs",)),
    Break(name="no environment", environment=_no_environment),
)
_OF_SOURCES = (
    Break(
        name="local: from a file, now from the index",
        environment=_pip(("install", "--reinstall", "--no-deps", "six==1.16.0")),
        needs=("part",),
    ),
    Break(name="local: missing", environment=_pip(("uninstall", "part", "bit", "piece")), needs=("part",)),
    Break(name="the project itself is missing", environment=_pip(("uninstall", "demo")), needs=("wheel",)),
    Break(
        name="the project itself, not editable",
        environment=_pip(("install", "--reinstall", "--no-deps", ".")),
        needs=("wheel",),
    ),
    Break(
        name="local: editable, now copied",
        environment=_pip(("install", "--reinstall", "--no-deps", "./part")),
        needs=("part",),
    ),
    Break(
        name="local: copied, now editable",
        environment=_pip(("install", "--reinstall", "--no-deps", "--editable", "./bit")),
        needs=("part",),
    ),
    Break(name="local: another folder of the same name", environment=_editable("part", "1.0"), needs=("part",)),
    Break(name="locked tooling: newer", environment=_pip(("install", "wheel==0.45.1")), needs=("wheel",)),
    Break(name="locked tooling: missing", environment=_pip(("uninstall", "wheel")), needs=("wheel",)),
)
_OF_GROUPS = (
    Break(name="default group: missing", environment=_pip(("uninstall", "iniconfig")), needs=("dev",)),
    Break(name="default group: newer", environment=_pip(("install", "iniconfig==2.1.0")), needs=("dev",)),
    Break(
        name="other group installed, not asked for",
        environment=_pip(("install", "toolz==0.12.1")),
        needs=("docs",),
        sample=True,
    ),
    Break(
        name="other group installed and asked for",
        environment=_pip(("install", "toolz==0.12.1")),
        asked=Chosen(groups=("docs",)),
        needs=("docs",),
    ),
    Break(name="other group asked for, absent", asked=Chosen(groups=("docs",)), needs=("docs",)),
    Break(
        name="other group asked for, other version",
        environment=_pip(("install", "toolz==1.0.0")),
        asked=Chosen(groups=("docs",)),
        needs=("docs",),
    ),
    Break(
        name="extra installed, not asked for",
        environment=_pip(("install", "humanize==4.9.0")),
        needs=("text",),
        sample=True,
    ),
    Break(
        name="extra installed and asked for",
        environment=_pip(("install", "humanize==4.9.0")),
        asked=Chosen(extras=("text",)),
        needs=("text",),
    ),
    Break(name="extra asked for, absent", asked=Chosen(extras=("text",)), needs=("text",)),
    Break(
        name="extra and group asked for, one of them newer",
        environment=_pip(("install", "humanize==4.10.0", "toolz==0.12.1")),
        asked=Chosen(extras=("text",), groups=("docs",)),
        needs=("text", "docs"),
    ),
)
_OF_MANIFEST = (
    Break(name="specifier narrowed, pin still fits", edit=_respelled("six<1.17", "six>=1.16,<1.17"), sample=True),
    Break(name="specifier changed, pin fits no more", edit=_respelled("six<1.17", "six>=1.17")),
    Break(name="specifier dropped", edit=_respelled("six<1.17", "six")),
    Break(name="specifier added", edit=_respelled("python-dateutil", "python-dateutil>=2")),
    Break(name="spelled with blanks", edit=_respelled("idna>=3.6,<3.8", "idna >= 3.6 , < 3.8"), sample=True),
    Break(name="specifiers in another order", edit=_respelled("idna>=3.6,<3.8", "idna<3.8,>=3.6")),
    Break(name="name spelled otherwise", edit=_respelled("python-dateutil", "Python_Dateutil")),
    Break(name="rows in another order", edit=_dependencies(lambda found: found[::-1])),
    Break(name="a comment", edit=_field("comment", "why six")),
    Break(name="dependency added", edit=_dependencies(lambda found: (*found, "pluggy"))),
    Break(
        name="dependency added that is locked already",
        edit=_dependencies(lambda found: (*found, "colorama; sys_platform == 'win32'")),
    ),
    Break(name="dependency removed", edit=_dependencies(lambda found: tuple(t for t in found if "click" not in t))),
    Break(
        name="dependency removed that another needs",
        edit=_dependencies(lambda found: tuple(t for t in found if "six" not in t)),
    ),
    Break(name="marker added", edit=_respelled("click>=8", "click>=8; python_version >= '3.8'")),
    Break(
        name="marker spelled otherwise",
        edit=_respelled("tomli>=2; python_version < '3.11'", "tomli>=2; '3.11' > python_version"),
    ),
    Break(
        name="marker changed",
        edit=_respelled("tomli>=2; python_version < '3.11'", "tomli>=2; python_version < '3.10'"),
    ),
    Break(name="group: row added", edit=_group("dev", "iniconfig<2.1", "pluggy"), needs=("dev",)),
    Break(name="group: row changed", edit=_group("dev", "iniconfig<3"), needs=("dev",)),
    Break(name="group: row removed", edit=_group("dev"), needs=("dev",)),
    Break(name="other group: row changed", edit=_group("docs", "toolz<2"), needs=("docs",)),
    Break(name="other group added", edit=_group("more", "pluggy"), needs=("docs",)),
    Break(name="extra: row changed", edit=_extra("text", "humanize<4.10"), needs=("text",)),
    Break(name="extra added", edit=_extra("more", "pluggy"), needs=("text",)),
    Break(name="requires-python narrowed", edit=_field("requires_python", ">=3.10")),
    Break(name="requires-python spelled otherwise", edit=_field("requires_python", ">= 3.9")),
    Break(name="requires-python excludes this one", edit=_field("requires_python", ">=3.13")),
    Break(name="project's version changed", edit=_field("version", "1.1")),
    Break(name="project's description changed", edit=_field("description", "A demo")),
    Break(name="no lock", lock=Path.unlink),
    Break(
        name="manifest and environment changed at once",
        edit=_dependencies(lambda found: (*found, "pluggy")),
        environment=_pip(("install", "idna==3.6")),
    ),
)
# The last one: uv builds a part anew when a file of it is newer, and so it is for good.
_OF_PARTS = (Break(name="local: what a part asks for changed", files=_part_changed, needs=("part",)),)
BREAKS = (*_OF_ENVIRONMENT, *_OF_SOURCES, *_OF_GROUPS, *_OF_MANIFEST, *_OF_PARTS)
