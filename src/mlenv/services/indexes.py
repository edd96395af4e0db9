"""Lines of requirements files that say where packages come from: shown and refused, followed only when allowed.

Such a file may come from anybody, and an index that it names gets to choose what is installed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from packaging.requirements import Requirement

from mlenv import store
from mlenv.engines.conda import HINT
from mlenv.engines.requirement import needs_build, unsafe_address
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.render import mask_secrets
from mlenv.services.context import Context
from mlenv.services.project import Project

__all__ = ["options_of", "refuse_builds_by_pip", "refuse_credentials", "refuse_options", "tell_indexes"]

_HARMLESS = frozenset({"--require-hashes", "--prefer-binary", "--only-binary", "--pre"})
_CREDENTIALS = re.compile(r"(?<!#)\bgit\+(?:https?://[^/@\s\"']+|ssh://[^/@:\s\"']*:[^/@\s\"']+)@")
_INDEX_KEYS = ("index-url", "default-index", "extra-index-url", "find-links", "index")
_FOREIGN = {"environment.yml": "conda", "environment.yaml": "conda", "Pipfile": "pipenv", "pixi.toml": "pixi"}


def options_of(selected: Selected) -> tuple[str, ...]:
    """Return the option lines of the requirements files that were read, harmless ones left out."""
    found = [
        *(selected.manifest.options if selected.manifest else ()),
        *(selected.content.options if selected.content else ()),
    ]
    return tuple(dict.fromkeys(line for line in found if _option(line) not in _HARMLESS))


def refuse_options(context: Context, selected: Selected, *, driven: bool = False) -> None:
    """Stop where a file that somebody wrote says more than what to install, before any engine sees it.

    A requirements file that chooses an index, a host to trust or the like is shown; ``--force`` allows it. An address
    that carries a variable or an option, and a manifest of a tool that mlenv does not drive, are never passed on.

    Raises:
        MlenvError: ``requirements-options`` showing the lines, secrets masked; ``address-unsafe``;
            ``manifest-not-driven``.
    """
    if not driven:
        _refuse_foreign_manifest(selected)
    _refuse_addresses(selected)
    options = options_of(selected)
    if not options or context.options.force:
        return
    shown = "; ".join(mask_secrets(line) for line in options[:3])
    more = f"; and {len(options) - 3} more" if len(options) > 3 else ""
    where = selected.choice.manifest or selected.choice.lock or ""
    raise MlenvError(
        "requirements-options",
        f"{where} says where packages come from: {shown}{more}; nothing was installed or written",
        where=where,
        hint="add --force to follow these lines, or set the index in uv.toml or [tool.uv] and take them out",
    )


def refuse_builds_by_pip(selected: Selected) -> None:
    """Stop before pip resolves what comes as source: ``--only-binary`` does not hold it from running its code.

    Raises:
        MlenvError: ``build-not-allowed``.
    """
    for text, _ in _addresses(selected):
        requirement = Requirement(text)
        if needs_build(requirement):
            raise MlenvError(
                "build-not-allowed",
                f"{requirement.name} comes as source; pip would run its code to read it, and builds are not allowed",
                where=selected.choice.manifest or selected.choice.lock or "",
                hint="add --allow-build, or allow-build = [...] in [tool.mlenv]",
            )


def refuse_credentials(project: Project, selected: Selected) -> None:
    """Stop where a repository's address in a file carries a password: git's command line would show it to everybody.

    Raises:
        MlenvError: ``requirement-secret`` with file and line.
    """
    for name in selected.files_read:
        if not name.endswith((".txt", ".in", ".toml")) or not (project.root / name).is_file():
            continue
        for number, line in enumerate(store.read_text(project.root / name).splitlines(), start=1):
            if _CREDENTIALS.search(line):
                raise MlenvError(
                    "requirement-secret",
                    "an address of git carries credentials, which the command line of git would show",
                    where=f"{name}: line {number}",
                    hint="take them out of the address; keep them in ~/.netrc or in git's credential helper",
                )


def tell_indexes(context: Context, project: Project) -> None:
    """Say which package indexes the project's own settings of uv name: uv follows them."""
    for name in ("pyproject.toml", "uv.toml"):
        if name not in project.names:
            continue
        table = tomllib.loads(store.read_text(project.root / name))
        settings = table.get("tool", {}).get("uv", {}) if name == "pyproject.toml" else table
        named = dict.fromkeys(_index_urls(settings))
        for url in named:
            if "${" in url:
                raise MlenvError(
                    "address-unsafe",
                    f"{name} names an index whose address holds a variable",
                    where=name,
                    hint="write the address itself; credentials belong in ~/.netrc or UV_INDEX_<NAME>_PASSWORD",
                )
        if named:
            context.tell("note", f"{name} has packages looked for at {mask_secrets(', '.join(named))}")


def _index_urls(settings: Any) -> Iterator[str]:
    """Yield the addresses that a table of uv's settings names, those of its ``pip`` part included."""
    if not isinstance(settings, dict):
        return
    for key in _INDEX_KEYS:
        rows = settings.get(key, ())
        for row in rows if isinstance(rows, list) else (rows,):
            url = row.get("url") if isinstance(row, dict) else row
            if isinstance(url, str):
                yield url
    yield from _index_urls(settings.get("pip"))


def _option(line: str) -> str:
    return re.split(r"[\s=]", line, maxsplit=1)[0]


def _addresses(selected: Selected) -> Iterator[tuple[str, str]]:
    """Yield (requirement, address) of what is declared, in any extra or group, with an address."""
    manifest = selected.manifest
    for text in dict.fromkeys((*manifest.everything, *manifest.requirements)) if manifest else ():
        url = Requirement(text).url
        if url:
            yield text, url


def _refuse_addresses(selected: Selected) -> None:
    declared = [(Requirement(text).name, url) for text, url in _addresses(selected)]
    locked = [(pin.name, pin.source.url) for pin in selected.selection.pins if pin.source.kind in {"vcs", "url"}]
    for name, url in (*declared, *locked):
        if reason := unsafe_address(url):
            raise MlenvError(
                "address-unsafe",
                f"the address of {name} is not passed on to any tool: {reason}",
                where=selected.choice.manifest or selected.choice.lock or "",
                hint="write the plain address, without variables; credentials belong in ~/.netrc",
            )


def _refuse_foreign_manifest(selected: Selected) -> None:
    choice = selected.choice
    tool = _FOREIGN.get(choice.manifest or "")
    if tool and choice.kind is None:
        raise MlenvError(
            "manifest-not-driven",
            f"{choice.manifest} belongs to {tool}; mlenv checks it, and resolves no packages from it",
            where=choice.manifest or "",
            hint=(f"{HINT}, then the same command again; or " if tool == "conda" else "")
            + f"make the environment with {tool} and type: mlenv use DIR; or declare the packages in pyproject.toml",
        )
