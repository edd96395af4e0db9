"""Read why no set of packages satisfies all requirements, as uv and pip explain it."""

from __future__ import annotations

import re

from mlenv.engines.failure import Failure, Printed
from mlenv.engines.project_tools import PROJECT_TOOLS
from mlenv.engines.tool_failures import explain_tool

__all__ = ["explain_resolution"]

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_CLAUSE = r"[<>=!~][^\s,]*[^\s,.]"
_SPEC = rf"{_NAME}(?:\[[^\]]*\])?(?:{_CLAUSE}(?:,{_CLAUSE})*)?"


def explain_resolution(printed: Printed) -> Failure | None:
    """Explain a failed resolution; ``None`` where the text is of something else."""
    if printed.tool in PROJECT_TOOLS:
        return explain_tool(printed)
    because = re.search(r"Because (.+)", _joined(printed.text))
    if because is not None:
        return _of_uv(because[1], printed)
    return _of_pip(printed)


def _joined(text: str) -> str:
    """Put uv's explanation on one line: its further sentences are indented, and long ones are wrapped."""
    return re.sub(r"\n {6,}(?=\S)", " ", text)


def _of_uv(text: str, printed: Printed) -> Failure | None:
    text = text.replace("your project depends on", "you require")
    for explain in (_uv_missing, _uv_python, _uv_wheels, _uv_version, _uv_conflict):
        if (failure := explain(text, printed)) is not None:
            return failure
    cause = text.split(", we can conclude")[0]
    return Failure(code="conflict", message=f"The requirements cannot be met together: {cause}.", cause=cause)


def _uv_missing(text: str, _printed: Printed) -> Failure | None:
    found = re.search(rf"({_NAME}) was not found in the package registry(?: and ({_SPEC}) depends on)?", text)
    if found is None:
        return None
    needs = f", which {found[2]} needs" if found[2] else ""
    return Failure(
        code="package-missing",
        message=f"No package index has {found[1]}{needs}.",
        package=found[1],
        hint="Check the spelling; a private package needs its index in the settings of uv or pip.",
    )


def _uv_python(text: str, _printed: Printed) -> Failure | None:
    pattern = rf"Python version \(([^)]+)\) does not satisfy Python([^\s,]+).*? and ({_SPEC}) depends on Python"
    found = re.search(pattern, text)
    if found is None:
        return _uv_python_to_come(text)
    return Failure(
        code="python-unsatisfied",
        message=f"{found[3]} needs Python {found[2]}, and this project is for Python {found[1]}.",
        package=_bare(found[3]),
        hint=f"Another version of {_bare(found[3])}, or mlenv create --python with a Python {found[2]}",
    )


def _uv_python_to_come(text: str) -> Failure | None:
    found = re.search(rf"({_SPEC}) requires Python ([^\s,]+) and only {_SPEC} (?:is|are) available", text)
    if found is None:
        return None
    name = _bare(found[1])
    return Failure(
        code="python-unsatisfied",
        message=f"{found[1]} needs Python {found[2]}, and there is no other version of {name}.",
        package=name,
        hint=f"mlenv create --python with a Python {found[2]}, or do without {name}",
    )


def _uv_wheels(text: str, printed: Printed) -> Failure | None:
    found = re.search(rf"(?:all versions of )?({_SPEC}) (?:has|have) no (?:usable )?wheels", text)
    if found is None:
        return None
    name = found[1]
    tags = printed.find(r"(Python ABI tags?|Python implementation tags?|platforms?): (`.+`)")
    if tags is None:
        hint = f"--allow-build, if you trust the source of {_bare(name)}"
        message = f"{name} has no wheel here, and source builds are not allowed."
        return Failure(code="no-wheel", message=message, package=_bare(name), hint=hint, requirement=name)
    this = "platform" if "platform" in tags[1] else "Python"
    shown = tags[2].replace("`", "")
    return Failure(
        code="no-wheel",
        message=f"{name} has no wheel for this {this}; there are wheels for {shown}.",
        package=_bare(name),
        hint=f"Another version of {_bare(name)}"
        + (", or another Python (mlenv create --python ...)" * (this == "Python")),
        requirement=name if this == "Python" else "",
    )


def _uv_version(text: str, _printed: Printed) -> Failure | None:
    """Explain a version that does not exist, where a person asked for it."""
    asks = rf"(?:you require|{_NAME} depends on)"  # a project that has a name is called by it
    found = re.match(rf"there (?:is|are) no versions? of ({_SPEC}) and {asks} ({_SPEC}),", text)
    if found is not None and _bare(found[2]) == found[2]:
        return Failure(
            code="package-missing",
            message=f"The package index lists no file of {found[2]}.",
            package=found[2],
            hint="Check the spelling, and whether it is the index that answers and not a network's log-in page.",
        )
    if found is not None:
        wanted, rest = found[2], ""
    else:
        found = re.match(rf"only ({_SPEC}) (?:is|are) available and {asks} ({_SPEC}),", text)
        if found is None:
            return None
        wanted, rest = found[2], f" (there is {found[1]})"
    return Failure(
        code="version-missing",
        message=f"There is no version of {_bare(wanted)} that satisfies {wanted}{rest}.",
        package=_bare(wanted),
        hint=f"Ask for another version of {_bare(wanted)}.",
    )


def _uv_conflict(text: str, _printed: Printed) -> Failure | None:
    pairs = re.findall(rf"({_SPEC}) depends? on ({_SPEC})(?=[ ,.])", text)
    if not pairs:
        return None
    asked = [("", spec) for spec in re.findall(rf"you require ({_SPEC})(?=[,.]? |[,.]?$)", text)]
    for needer, needed in pairs:
        for other, spec in (*pairs, *asked):
            if _bare(spec) == _bare(needed) and spec != needed:
                return _conflict(needer, needed, f"{other} needs {spec}" if other else f"{spec} is required", other)
    return _conflict(pairs[0][0], pairs[0][1], "that cannot be met")


def _of_pip(printed: Printed) -> Failure | None:
    if found := printed.find(rf"Package '({_NAME})' requires a different Python: (\S+) not in '([^']+)'"):
        message = f"{found[1]} needs Python {found[3]}, and this project is for Python {found[2]}."
        hint = f"Another version of {found[1]}, or mlenv create --python with a Python {found[3]}"
        return Failure(code="python-unsatisfied", message=message, package=found[1], hint=hint)
    if printed.has(r"conflicting dependencies"):
        return _pip_conflict(printed)
    found = printed.find(r"Could not find a version that satisfies the requirement (\S+).*\(from versions: (.*)\)")
    return _pip_missing(found[1], found[2], printed) if found else None


def _pip_conflict(printed: Printed) -> Failure:
    needs = printed.find(rf"^\s+({_NAME}) (\S+) depends on (\S.*)$")
    requested = printed.find(r"The user requested (?:\(constraint\) )?(\S+)")
    if needs is None:
        found = printed.find(r"Cannot install (.+) because")
        what = found[1] if found else "These packages"
        message, package = f"{what} cannot be installed together.", _bare(found[1]) if found else None
        return Failure(code="conflict", message=message, package=package, hint="Loosen one of them.")
    needed = needs[3].replace(" and ", ",").strip()
    other = f"{requested[1]} is required" if requested else "another package needs otherwise"
    return _conflict(f"{needs[1]}=={needs[2]}", needed, other)


def _pip_missing(wanted: str, versions: str, printed: Printed) -> Failure:
    name = _bare(wanted)
    python = re.search(
        rf"\b{re.escape(wanted.partition('==')[2])} Requires-Python (\S+?)(?:;|$)", printed.text, re.MULTILINE
    )
    if "==" in wanted and python is not None:
        return Failure(
            code="python-unsatisfied",
            message=f"{wanted} needs Python {python[1]}, and this project's Python is another.",
            package=name,
            hint=f"Another version of {name}, or mlenv create --python with a Python {python[1]}",
        )
    if versions.strip() == "none":
        form = "" if printed.allow_build else " as a wheel for this Python"
        return Failure(  # pip says the same where an index answered with an error
            code="package-missing",
            message=f"pip found no {name}: no package index has it{form}, or none answered.",
            package=name,
            hint="Check the spelling, and ~/.netrc if the index asks for a password"
            + ("." if printed.allow_build else "; --allow-build, if it exists only as source."),
            requirement="" if printed.allow_build else wanted,
        )
    newest = versions.rpartition(", ")[2]
    return Failure(
        code="version-missing",
        message=f"There is no version of {name} for this Python that satisfies {wanted} (the newest is {newest}).",
        package=name,
        hint=f"Ask for another version of {name}.",
        requirement="" if printed.allow_build else wanted,
    )


def _conflict(needer: str, needed: str, but: str, other: str = "") -> Failure:
    return Failure(
        code="conflict",
        message=f"{needer} needs {needed}, but {but}.",
        package=_bare(needer),
        cause=f"{needer} needs {needed}",
        hint=f"Loosen what is required of {_bare(needer)} or {_bare(other or needed)}.",
    )


def _bare(spec: str) -> str:
    found = re.match(_NAME, spec)
    return found[0] if found else spec
