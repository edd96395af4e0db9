"""A declared requirement that accepts what is installed."""

from __future__ import annotations

from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.version import InvalidVersion, Version

from mlenv.versions import satisfies

__all__ = ["accepted"]


def accepted(requirement: str, version: str | None) -> str | None:
    """Return a declared requirement as it has to read so that the installed version satisfies it.

    Args:
        requirement: as declared, marker included.
        version: what is installed; ``None`` if it is not.

    Returns:
        The same text where it is satisfied; ``None`` where the package is not installed; otherwise the specifier
        with the clauses that stand in the way moved (``==``, ``~=``, ``>=``) or dropped (``<``, ``!=``):
        ``numpy<2`` with 2.0.2 is ``numpy>=2.0.2``.
    """
    if version is None:
        return None
    parsed = Requirement(requirement)
    if parsed.url or satisfies(version, str(parsed.specifier)) is not False:
        return requirement
    clauses = []
    for clause in parsed.specifier:
        if satisfies(version, str(clause)) is not False:
            clauses.append(str(clause))
        elif (moved := _moved(clause, version)) and moved not in clauses:
            clauses.append(moved)
    specifier = ",".join(sorted(clauses, key=lambda text: (text[0] in "<!", text))) or f">={_public(version)}"
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    marker = f"; {parsed.marker}" if parsed.marker else ""
    return f"{parsed.name}{extras}{specifier}{marker}"


def _moved(clause: Specifier, version: str) -> str:
    if clause.operator in {"==", "==="}:
        return f"=={version}"
    if clause.operator == "~=":
        return f"~={_public(version)}" if "." in _public(version) else f">={_public(version)}"
    return f">={_public(version)}" if clause.operator in {">", ">="} else ""


def _public(version: str) -> str:
    try:
        return Version(version).public
    except InvalidVersion:
        return version
