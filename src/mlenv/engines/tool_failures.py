"""Read why Poetry, PDM or Pipenv found no set of packages, as each of them explains it.

The texts are those of Poetry 1.8 and 2.5, PDM 2.29 and Pipenv 2026.10 (real ones lie in ``tests/data/engine_output``).
"""

from __future__ import annotations

import re

from mlenv.engines.failure import Failure, Printed

__all__ = ["explain_tool"]

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
Need = tuple[str, str, str]
"""Who needs (with its version), what, which versions."""


def explain_tool(printed: Printed) -> Failure | None:
    """Explain why a project's own tool could not resolve; ``None`` where the text is of something else."""
    explain = {"poetry": _poetry, "pdm": _pdm, "pipenv": _pipenv}.get(printed.tool)
    return explain(printed) if explain is not None else None


def _poetry(printed: Printed) -> Failure | None:
    text = re.sub(r"\s+", " ", printed.text)
    if found := re.search(rf"({_NAME}) requires Python ([^ ]+), so it will not be (?:satisfied|installable) for", text):
        project = re.search(r"supported Python range \(([^)]*)\)", text)
        way_out = re.search(r'to set the `python` property to "([^"]+)"', text)
        return Failure(
            code="python-unsatisfied",
            message=f"{found[1]} needs Python {found[2].rstrip(',')}, and this project is for Python"
            f" {project[1] if project else 'of a wider range'}.",
            package=found[1],
            hint=f'requires-python = "{way_out[1] if way_out else found[2]}" in pyproject.toml, then the same again',
        )
    if found := re.search(rf"Could not find a matching version of package ({_NAME})", text):
        return _missing("poetry", found[1])
    if found := re.search(rf"The following packages were not found[^:]*: ({_NAME})", text):
        return Failure(
            code="not-declared",
            message=f"{found[1]} is not declared in pyproject.toml",
            package=found[1],
            hint="mlenv check, or --group NAME where a group declares it",
        )
    if found := re.search(r"Expecting value: line 1 column 1", text):
        return Failure(
            code="index-failed",
            message="The index that Poetry asks answered with something that it cannot read.",
            hint="Poetry does not read the settings of pip: poetry source add --priority=primary NAME ADDRESS",
        )
    if "version solving failed" not in text:
        return None
    pairs = re.findall(rf"({_NAME}) \(([^)]*)\) (?:which )?depends on ({_NAME}) \(([^)]*)\)", text)
    needs = [(f"{name} {version}", needed, spec) for name, version, needed, spec in pairs]
    wanted = re.findall(rf"(?:both|and|depends on) ({_NAME}) \(([^)]*)\)", text.rpartition("So, because")[2])
    asked = [("the project", needed, spec) for needed, spec in wanted]
    why = text.rpartition("So, because ")[2].partition(", version solving failed")[0]
    return _conflict(needs, asked) or _unclear(why)


def _pdm(printed: Printed) -> Failure | None:
    conflict = printed.find(
        rf"Unable to find a resolution for ({_NAME})\s+because of the following conflicts:((?:\n  .+)+)"
    )
    if conflict is not None:
        rows = re.findall(rf"^  ({_NAME})(\S*) \(from ([^)]+)\)", conflict[2], re.MULTILINE)
        needs = [("the project" if by == "project" else by.replace("@", " "), name, spec) for name, spec, by in rows]
        return _conflict(needs, []) or _unclear(f"nothing fits all that is required of {conflict[1]}")
    found = printed.find(
        rf"Unable to find candidates for ({_NAME})", rf"Unable to find a resolution for ({_NAME})\s+Please make sure"
    )
    return _missing("pdm", found[1]) if found else None


def _pipenv(printed: Printed) -> Failure | None:
    if printed.has(r"ResolutionImpossible"):
        rows = re.findall(rf"^\s+({_NAME} \S+) depends on ({_NAME})(\S*)", printed.text, re.MULTILINE)
        asked = re.findall(rf"The user requested (?:\(constraint\) )?({_NAME})(\S*)", printed.text)
        needs = [(by, name, spec) for by, name, spec in rows]
        return _conflict(needs, [("the project", name, spec) for name, spec in asked]) or _unclear("")
    found = printed.find(rf"No matching distribution found for ({_NAME})")
    return _missing("pipenv", found[1]) if found else None


def _conflict(needs: list[Need], asked: list[Need]) -> Failure | None:
    """Say which two cannot have it both ways: two that need the same, else one and what the project asks for."""
    for first in needs:
        against = next((each for each in (*needs, *asked) if each[1] == first[1] and each[2] != first[2]), None)
        if against is None:
            continue
        by, named = _bare(first[0]), _bare(against[0]) if against[0] != "the project" else first[1]
        return Failure(
            code="conflict",
            message=f"{first[0]} needs {_needed(first)}, but {against[0]} needs {_needed(against)}.",
            package=by,
            cause=f"{first[0]} needs {_needed(first)}",
            hint=f"Loosen what is required of {by} or {named}.",
        )
    return None


def _needed(need: Need) -> str:
    return f"{need[1]} {need[2]}".replace(" <", "<").replace(" >", ">").replace(" =", "=").strip()


def _unclear(why: str) -> Failure:
    cause = f": {why[:300]}" if why else ""
    return Failure(code="conflict", message=f"The requirements cannot be met together{cause}.", cause=why)


def _missing(tool: str, name: str) -> Failure:
    return Failure(
        code="package-missing",
        message=f"No index that {tool} asks has {name}, or no version that fits.",
        package=name,
        hint="Check the spelling, the version and the indexes that the project names.",
    )


def _bare(text: str) -> str:
    return text.partition(" ")[0]
