"""When do two requirements mean the same: names, extras, specifiers and markers, whatever their spelling."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mlenv.locks.source import parse_reference
from mlenv.versions import normalise

__all__ = ["same_marker", "same_pythons", "same_requirement", "written"]

_PLATFORMS = (
    ("posix", "linux", "Linux", "x86_64"),
    ("posix", "linux", "Linux", "aarch64"),
    ("posix", "darwin", "Darwin", "arm64"),
    ("posix", "darwin", "Darwin", "x86_64"),
    ("nt", "win32", "Windows", "AMD64"),
    ("posix", "cygwin", "CYGWIN_NT", "x86_64"),
)
_PLATFORM_KEYS = ("os_name", "sys_platform", "platform_system", "platform_machine")
_IMPLEMENTATIONS = (("cpython", "CPython"), ("pypy", "PyPy"))
_NUMBER = re.compile(r"""(?<![\w.])(\d+)(?:\.(\d+))?(?:\.(\d+))?(?=[\w.*]*(?:['"\s,;)]|$))""")
_PAIR = re.compile(r"""(\w+)\s*[!=<>~in ]+\s*(?:'([^']*)'|"([^"]*)")|(?:'([^']*)'|"([^"]*)")\s*[!=<>~in ]+\s*(\w+)""")
_FREE = ("platform_machine", "sys_platform", "platform_system", "os_name", "platform_release", "platform_version")
_MINORS = (6, 10, 14, 18)
_MOST_WORK = 1_500_000
"""Characters of markers evaluated until two of them count as different: a third of a second."""
_OPERATORS = ("===", "==", "~=", ">=", ">", "!=", "<=", "<")


def written(requirement: Requirement, *, marker: bool = True) -> str:
    """Return a requirement as a person would write it, always the same way: ``requests[socks]>=2.30,<3``."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    clauses = sorted(requirement.specifier, key=lambda clause: (_OPERATORS.index(clause.operator), clause.version))
    wanted = f" @ {requirement.url}" if requirement.url else ",".join(map(str, clauses))
    condition = f" ; {requirement.marker}" if requirement.marker and marker else ""
    return f"{requirement.name}{extras}{wanted}{condition}"


def same_requirement(a: Requirement, b: Requirement, pythons: str = "") -> bool:
    """Say whether two requirements ask for the same, whatever their spelling and the order of their parts.

    Args:
        a, b: the requirements.
        pythons: the range of Python versions that the project supports: what its markers say of others is the same.
    """
    return (
        normalise(a.name) == normalise(b.name)
        and {normalise(extra) for extra in a.extras} == {normalise(extra) for extra in b.extras}
        and a.specifier == b.specifier
        and _address(a.url) == _address(b.url)
        and same_marker(a.marker, b.marker, pythons)
    )


def same_marker(a: Marker | None, b: Marker | None, pythons: str = "") -> bool:
    """Say whether two markers hold for the same interpreters, of those that a range of versions accepts.

    ``python_version < "3.9"`` and ``python_full_version < "3.9"`` do: tools rewrite markers in many ways. Where the
    texts differ, both are evaluated for every platform and Python version that either of them tells apart.
    Cost: nothing where the texts are equal, a few milliseconds otherwise.
    """
    return str(a or "") == str(b or "") or _same(a, b, pythons)


@lru_cache(maxsize=1024)  # a manifest says the same of many packages
def _same(a: Marker | None, b: Marker | None, pythons: str) -> bool:
    texts = {str(marker or "") for marker in (a, b)}
    most = _MOST_WORK // sum(map(len, texts))
    for number, sample in enumerate(_samples(texts, pythons)):
        if number == most or _holds(a, sample) != _holds(b, sample):
            return False  # beyond what can be tried in good time, another text counts as another marker
    return True


def same_pythons(a: str, b: str) -> bool:
    """Say whether two ranges of Python versions (``requires-python``) accept the same versions, now and later.

    Released versions: ``>=3.12`` and ``>=3.12.0rc1`` are the same, as to uv, which records the release only.
    """
    left, right = SpecifierSet(a), SpecifierSet(b)
    return left == right or all(
        left.contains(version, prereleases=True) == right.contains(version, prereleases=True)
        for version in _pythons({a, b})
    )


def _address(url: str | None) -> tuple[str, str]:
    if not url:
        return "", ""
    source = parse_reference(url)
    revision = url.partition("#")[0].rpartition("/")[2].partition("@")[2] if source.kind == "vcs" else ""
    return source.url.removesuffix(".git"), revision.strip()


def _holds(marker: Marker | None, sample: dict[str, str]) -> bool:
    try:
        return marker is None or marker.evaluate(dict(sample), context="metadata")
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False  # nowhere the same as one that can be decided


def _samples(texts: Iterable[str], pythons: str = "") -> Iterator[dict[str, str]]:
    """Yield environments on both sides of everything that the markers tell apart, and vary nothing else."""
    said = " ".join(texts)
    literals = sorted(_literals([said]))
    extras = ["", *(word for key, word in literals if key == "extra")]
    implementations = _IMPLEMENTATIONS if "implementation" in said else _IMPLEMENTATIONS[:1]
    versions = _accepted(_pythons([said, pythons]), pythons) if "version" in said else ("3.12.1",)
    for platform, (name, title), version, extra in itertools.product(
        _platforms(said, literals), implementations, versions, extras
    ):
        yield {
            "extra": extra,
            "platform_release": "",
            "platform_version": "",
            **platform,
            "implementation_name": name,
            "platform_python_implementation": title,
            "implementation_version": version,
            "python_full_version": version,
            "python_version": ".".join(version.split(".")[:2]),
        }


def _accepted(versions: tuple[str, ...], pythons: str) -> tuple[str, ...]:
    accepts = SpecifierSet(pythons)
    return tuple(version for version in versions if accepts.contains(version, prereleases=True)) or versions


def _platforms(said: str, literals: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    known = [dict(zip(_PLATFORM_KEYS, row, strict=True)) for row in _PLATFORMS]
    if not any(key in said for key in _FREE):
        return known[:1]
    new = [(key, word) for key, word in literals if key in _FREE and all(row.get(key) != word for row in known)]
    return known + [{**platform, key: word} for key, word in new for platform in known]


def _literals(texts: Iterable[str]) -> set[tuple[str, str]]:
    found = itertools.chain.from_iterable(_PAIR.finditer(text) for text in texts)
    return {(match[1] or match[6], "".join(filter(None, match.group(2, 3, 4, 5)))) for match in found}


def _pythons(texts: Iterable[str]) -> tuple[str, ...]:
    """Return Python versions below, at and above every number that the texts mention."""
    found = {(2, 7, 18), (4, 0, 0), *((3, minor, 5) for minor in _MINORS)}
    for match in itertools.chain.from_iterable(_NUMBER.finditer(text) for text in texts):
        major, minor, micro = int(match[1]), int(match[2] or 0), int(match[3] or 0)
        found |= {(major, minor, step) for step in (micro - 1, micro, micro + 1) if step >= 0}
        found |= {(major, step, 5) for step in (minor - 1, minor + 1) if step >= 0} | {(major + 1, 0, 0)}
    return tuple(f"{major}.{minor}.{micro}" for major, minor, micro in sorted(found))
