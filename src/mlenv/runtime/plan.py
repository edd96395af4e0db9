"""What a runtime is made of and how: pure, so that the plan can be read and tested without making one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from typing import Any

from packaging.requirements import InvalidRequirement

from mlenv.engines.failures import parse_failure
from mlenv.errors import MlenvError
from mlenv.model import Command, Completed, Installed, value
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise

__all__ = [
    "PACKAGES",
    "Interpreter",
    "Supply",
    "constraints_for",
    "describe",
    "explain_failure",
    "install_command",
    "key_of",
    "refuse_old",
    "required",
]

PACKAGES = ("ipykernel", "ipywidgets")
"""What every runtime holds; debugpy and IPython come with ipykernel."""

_OLDEST = (3, 9)
_NETWORK = re.compile(
    r"failed to fetch|error sending request|dns error|connection refused|network (?:was|connectivity is) disabled"
    r"|operation timed out|failed to lookup address|client error",
    re.IGNORECASE,
)


@value
class Interpreter:
    """What a runtime must fit."""

    version: str
    tag: str
    cache_tag: str
    markers: Mapping[str, str]


@value
class Supply:
    """Where a runtime's packages come from."""

    offline: bool = False
    """Take them from uv's cache, or from what ``settings`` name."""
    settings: Mapping[str, str | None] = field(default_factory=dict)
    """Environment variables for uv."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """Versions that must be taken: those of a bundle, which holds no others."""


def refuse_old(version: str, python: str) -> None:
    """Refuse a Python that no kernel of mlenv runs on.

    Raises:
        MlenvError: ``python-too-old`` before 3.9.
    """
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _OLDEST:
        raise MlenvError(
            "python-too-old",
            f"project kernels need Python 3.9 or newer; this environment has {version}",
            where=python,
            hint="mlenv create --python 3.12",
        )


def key_of(tag: str, version: str, constraints: Mapping[str, str]) -> str:
    """Return the name of a runtime's folder: interpreter, mlenv's version, what it holds and was resolved with."""
    parts = [tag, version, _digest("\n".join(PACKAGES))]
    if constraints:
        parts.append("c" + _digest("\n".join(f"{name}=={constraints[name]}" for name in sorted(constraints))))
    return "-".join(parts)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def constraints_for(closure: Sequence[str], installed: Installed) -> Mapping[str, str]:
    """Return the environment's versions of what a runtime would hold, too.

    Args:
        closure: normalised names of a runtime's packages.
    """
    names = set(closure)
    return {found.name: found.version for found in installed.distributions if found.name in names and found.version}


def install_command(uv: str, python: str, target: str, constraints: str | None, *, supply: Supply, cwd: str) -> Command:
    """Plan the making of a runtime: wheels only, byte-compiled, into a folder of its own.

    Args:
        target: the folder, aside.
        constraints: a constraints file.
        supply: where packages come from.
        cwd: a folder without project files, which uv would obey.
    """
    argv = [
        uv,
        "pip",
        "install",
        "--target",
        target,
        "--python",
        python,
        "--only-binary",
        ":all:",
        "--compile-bytecode",
    ]
    # Copies: a file edited by hand in some environment, linked from uv's cache, must not damage every kernel.
    argv += ["--link-mode", "copy", "--no-progress", "--no-python-downloads"]
    argv += ["--constraint", constraints] if constraints else []
    argv += ["--offline"] if supply.offline else []
    return Command(argv=(*argv, *PACKAGES), cwd=cwd, env=supply.settings, timeout_s=900)


def required(metadata: Mapping[str, Sequence[str]], markers: Mapping[str, str]) -> Mapping[str, list[list[str]]]:
    """Return what a runtime's packages ask of each other, and of what an environment may hold.

    Args:
        metadata: normalised name -> its ``Requires-Dist`` texts.
        markers: PEP 508 environment of the interpreter.

    Returns:
        Normalised name -> [specifier, the package that asks] rows; rows without a specifier are left out.
    """
    environment: dict[str, str | AbstractSet[str]] = {**markers, "extra": ""}
    found: dict[str, list[list[str]]] = {}
    for asked_by in sorted(metadata):
        for text in metadata[asked_by]:
            try:
                requirement = parse_requirement(text)
            except InvalidRequirement:
                continue
            applies = requirement.marker is None or requirement.marker.evaluate(environment)
            if applies and requirement.specifier:
                found.setdefault(normalise(requirement.name), []).append([str(requirement.specifier), asked_by])
    return found


def describe(
    key: str,
    tag: str,
    *,
    made: float,
    version: str,
    packages: Mapping[str, str],
    requires: Mapping[str, list[list[str]]],
    constraints: Mapping[str, str],
) -> dict[str, Any]:
    """Return the content of ``runtime.json``, which :func:`mlenv.kernel.pick.parse_runtime` reads."""
    return {
        "schema": 1,
        "key": key,
        "tag": tag,
        "made": made,
        "mlenv": version,
        "packages": dict(packages),
        "requires": dict(requires),
        "constraints": dict(constraints),
    }


def explain_failure(done: Completed, constraints: Mapping[str, str], *, python: str, offline: bool) -> MlenvError:
    """Say why uv could not make a runtime.

    Args:
        constraints: the environment's versions that it had to respect.
    """
    details = done.stderr.strip()[-4000:]
    if _NETWORK.search(done.stderr):
        return MlenvError(
            "no-network",
            "the kernel's own packages are not in the cache, and " + _because(offline),
            where=python,
            hint="run the same command again with a network" if not offline else "leave out --offline once",
            details=details,
        )
    if parse_failure("uv", done.stdout, done.stderr, done.code).code == "no-space":
        place = done.argv[done.argv.index("--target") + 1]
        return MlenvError(
            "no-space", "no space left for the kernel's own packages", where=place,
            hint="free some space, then run the same command again", details=details,
        )  # fmt: skip
    named = _culprits(done.stderr, constraints)
    if named:
        return MlenvError(
            "runtime-unresolvable",
            f"no Jupyter kernel works with this environment's {', '.join(named)}",
            where=python,
            hint=f"mlenv upgrade {named[0].split()[0]}",
            details=details,
        )
    return MlenvError(
        "runtime-failed", "the kernel's own packages could not be installed", where=python, hint="mlenv doctor",
        details=details,
    )  # fmt: skip


def _because(offline: bool) -> str:
    return "--offline forbids to load them" if offline else "the package index cannot be reached"


def _culprits(stderr: str, constraints: Mapping[str, str]) -> list[str]:
    """Return the environment's packages that uv's explanation names with the very version that is installed."""
    text = stderr.lower()
    pinned = [
        name for name, version in constraints.items()
        if re.search(rf"(?<![\w-]){re.escape(name)}\s*==\s*{re.escape(version.lower())}(?![\w.])", text)
    ]  # fmt: skip
    return [f"{name} {constraints[name]}" for name in sorted(pinned)]
