"""What an environment of conda's holds, as an ``environment.yml``: rows of conda, and those of pip apart.

Versions without builds: a build is one platform's, and conda finds the fitting one. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from mlenv.freezing.sources import NOWHERE_ELSE, address, why_local
from mlenv.freezing.values import KERNEL, TOOLING, LeftOut, Package
from mlenv.model import Distribution, Installed, value

__all__ = ["EnvironmentRows", "channel_of", "environment_rows", "render_environment"]

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]*")
_TOKEN = re.compile(r"/t/[^/]+")
_SUBDIR = re.compile(r"/(noarch|[a-z]+-[a-z0-9_]+)/?$")


@value
class EnvironmentRows:
    conda: tuple[str, ...] = ()
    """``numpy=1.26.4``, sorted."""
    pip: tuple[str, ...] = ()
    """As a requirements file has them, sorted."""
    left_out: tuple[LeftOut, ...] = ()


def environment_rows(installed: Installed, packages: Mapping[str, Package], project: str) -> EnvironmentRows:
    """Keep apart what conda installed and what pip or uv put beside it.

    Args:
        installed: with conda's records.
        packages: normalised name -> what the metadata says.
        project: normalised name of the project itself, which is never a row.
    """
    pip: list[str] = []
    left: list[LeftOut] = []
    owned = frozenset(installed.owned)
    for row in sorted(installed.distributions, key=lambda row: row.name):
        if row.name in owned or row.name in KERNEL | TOOLING or row.name == project:
            continue
        package = packages.get(row.name, Package())
        why = why_local(row, package)
        if why and why != "conda":
            left.append(LeftOut(name=row.name, version=row.version, why=why, reason=NOWHERE_ELSE[why]))
        else:
            pip.append(_requirement(row, package))
    conda = [f"{row.name}={row.version}" for row in installed.conda if _PLAIN.fullmatch(f"{row.name}{row.version}")]
    return EnvironmentRows(conda=tuple(sorted(conda)), pip=tuple(pip), left_out=tuple(left))


def _requirement(row: Distribution, package: Package) -> str:
    spelled = package.name or row.name
    direct = address(package.direct_url) if row.source.kind in {"url", "vcs"} else None
    return f"{spelled} @ {direct}" if direct else f"{spelled}=={row.version}"


def channel_of(address_of_channel: str) -> str:
    """Return a record's channel as an environment file names it: without token, user and platform."""
    plain = _SUBDIR.sub("", _TOKEN.sub("", address_of_channel)).rstrip("/")
    scheme, mark, rest = plain.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if mark else plain


def render_environment(name: str, channels: Sequence[str], rows: EnvironmentRows) -> str:
    """Return the text of the file. The same rows give the same text."""
    lines = [f"name: {_scalar(name)}"]
    if channels:
        lines += ["channels:", *(f"  - {_scalar(channel)}" for channel in channels)]
    lines += ["dependencies:", *_listed(rows.conda, "  ")]
    if rows.pip:
        lines += ["  - pip:", *_listed(rows.pip, "      ")]
    return "\n".join(lines) + "\n"


def _listed(rows: Iterable[str], indent: str) -> list[str]:
    return [f"{indent}- {_scalar(row)}" for row in rows]


def _scalar(text: str) -> str:
    """Return a text as a YAML scalar: in quotes where a plain one could be read otherwise."""
    return text if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+!/=:-]*(?<!:)", text) else json.dumps(text)
