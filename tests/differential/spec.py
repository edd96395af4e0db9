"""What a project declares, in no tool's words, and how to say it in each tool's."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

__all__ = ["FORKED", "ONE_PYTHON", "SPEC", "Spec", "pipfile", "poetry_tables", "pyproject", "split"]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One project's wishes."""

    dependencies: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The group ``dev`` is installed by default, the others only when they are named."""
    requires_python: str = ">=3.9"
    version: str = "1.0"
    description: str = ""
    tail: str = ""
    """Text after all else: a tool's own tables."""
    comment: str = ""


SPEC = Spec(
    dependencies=("six<1.17", "idna>=3.6,<3.8", "python-dateutil", "click>=8", "tomli>=2; python_version < '3.11'"),
    extras={"text": ("humanize==4.9.0",)},
    groups={"dev": ("iniconfig<2.1",), "docs": ("toolz<1",)},
)
"""The project that every tool gets: a range, a transitive need (dateutil asks for six), one that is excluded by a marker
here, one whose need is excluded by a marker here (click asks for colorama on Windows), an extra, two groups."""

FORKED = replace(
    SPEC,
    dependencies=(
        *SPEC.dependencies,
        "attrs==24.2.0; python_version < '3.12'",
        "attrs==25.3.0; python_version >= '3.12'",
    ),
)
"""The same with two versions of one package, told apart by a marker."""

ONE_PYTHON = replace(SPEC, requires_python=f"=={sys.version_info[0]}.{sys.version_info[1]}.*")
"""The same for the Python of these tests alone."""


def pyproject(spec: Spec, *, groups: bool = True) -> str:
    """Return the ``pyproject.toml`` of PEP 621 and PEP 735."""
    lines = ["[project]", 'name = "demo"', f'version = "{spec.version}"']
    lines += [f"# {spec.comment}"] if spec.comment else []
    lines += [f"description = {json.dumps(spec.description)}"] if spec.description else []
    lines += [f'requires-python = "{spec.requires_python}"', f"dependencies = {_array(spec.dependencies)}"]
    if spec.extras:
        lines += ["", "[project.optional-dependencies]", *_rows(spec.extras)]
    if spec.groups and groups:
        lines += ["", "[dependency-groups]", *_rows(spec.groups)]
    return "\n".join(lines) + f"\n{spec.tail}"


def poetry_tables(spec: Spec) -> str:
    """Return the ``pyproject.toml`` of Poetry's own tables, as Poetry 1 knows it."""
    optional = [text for texts in spec.extras.values() for text in texts]
    lines = ["[tool.poetry]", 'name = "demo"', f'version = "{spec.version}"', "package-mode = false"]
    lines += [f"description = {json.dumps(spec.description)}", 'authors = ["A <a@example.org>"]']
    lines += [f"# {spec.comment}"] if spec.comment else []
    lines += ["", "[tool.poetry.dependencies]", f'python = "{spec.requires_python}"']
    lines += [_poetry_row(text) for text in spec.dependencies]
    lines += [_poetry_row(text, optional=True) for text in optional]
    for group, texts in spec.groups.items():
        lines += ["", f"[tool.poetry.group.{group}]", "optional = true"] if group != "dev" else [""]
        lines += [f"[tool.poetry.group.{group}.dependencies]", *(_poetry_row(text) for text in texts)]
    if spec.extras:
        extras = {extra: tuple(split(text)[0] for text in texts) for extra, texts in spec.extras.items()}
        lines += ["", "[tool.poetry.extras]", *_rows(extras)]
    return "\n".join(lines) + f"\n{spec.tail}"


def pipfile(spec: Spec, index: str) -> str:
    """Return the ``Pipfile``: extras and groups are categories."""
    lines = ["[[source]]", f'url = "{index}"', "verify_ssl = false", 'name = "index"']
    lines += [f"# {spec.comment}"] if spec.comment else []
    lines += ["", "[packages]", *(_pipfile_row(text) for text in spec.dependencies)]
    for group, texts in {**spec.groups, **spec.extras}.items():
        table = "dev-packages" if group == "dev" else group
        lines += ["", f"[{table}]", *(_pipfile_row(text) for text in texts)]
    minor = re.search(r"==(\d+\.\d+)", spec.requires_python)
    lines += ["", "[requires]", f'python_version = "{minor[1]}"'] if minor else []
    return "\n".join(lines) + f"\n{spec.tail}"


def split(text: str) -> tuple[str, str, str]:
    """Return name, specifier and marker of a requirement, as written."""
    head, _, marker = text.partition(";")
    match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(.*)", head)
    assert match is not None, text
    return match[1], match[2].strip(), marker.strip()


def _array(texts: Sequence[str]) -> str:
    return "[\n" + "".join(f"    {json.dumps(text)},\n" for text in texts) + "]"


def _rows(lists: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{name} = {_array(texts)}" for name, texts in lists.items()]


def _poetry_row(text: str, *, optional: bool = False) -> str:
    name, specifier, marker = split(text)
    said = json.dumps(specifier or "*")
    if not marker and not optional:
        return f"{name} = {said}"
    parts = [f"version = {said}", *([f"markers = {json.dumps(marker)}"] if marker else [])]
    return f"{name} = {{{', '.join([*parts, *(['optional = true'] if optional else [])])}}}"


def _pipfile_row(text: str) -> str:
    name, specifier, marker = split(text)
    if not marker:
        return f"{name} = {json.dumps(specifier or '*')}"
    return f'{name} = {{version = "*", markers = {json.dumps(marker)}}}'
