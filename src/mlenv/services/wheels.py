"""Which Python would have spared a build: asked of the index when a package has no wheel for the one that is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from mlenv import process, store
from mlenv.engines import pip, uv
from mlenv.engines.choose import Tools
from mlenv.engines.failure import Failure
from mlenv.errors import MlenvError
from mlenv.probe.interpreters import Interpreter
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.versions import satisfies

__all__ = ["naming_a_python"]

_MINORS = range(8, 15)
_LIMIT_S = {"uv": 20.0, "pip": 40.0}
"""For all questions together; pip needs some seconds for each."""


def naming_a_python(
    context: Context, found: Tools, python: Interpreter, allowed: str = ""
) -> Callable[[Failure], Failure]:
    """Return what turns "has no wheel here" into a sentence that names this Python and one that has a wheel.

    A lock that lists files answers this by itself; this is for those that do not. Nothing is downloaded but metadata.

    Args:
        context: whether the network may be asked.
        found: uv answers, else pip; without either the failure stays as it is.
        python: the one that has no wheel.
        allowed: the Pythons that the project is for, as a range; another one is named, too, where none of these helps.

    Cost: one question to the index per Python, at most 20 s in all with uv, 40 s with pip.
    """

    def explain(failure: Failure) -> Failure:
        if not failure.requirement:
            return failure
        other = _python_with_wheel(context, found, python, failure.requirement, allowed)
        if other is None and failure.code != "no-wheel":
            return failure
        ruled_out = other is not None and not _allows(other, allowed)
        better = f"; Python {other} has one" if other else ""
        better += f", which requires-python ({allowed}) rules out" if ruled_out else ""
        hint = f"mlenv create --python {other}" if other else failure.hint
        return replace(
            failure,
            code="no-wheel",
            message=f"{failure.requirement} has no ready-built wheel for Python {python.version}{better}; nothing was"
            " built or written",
            hint=f'requires-python = ">={other}" in pyproject.toml, then: {hint}' if ruled_out else hint,
        )

    return explain


def _python_with_wheel(
    context: Context, found: Tools, python: Interpreter, requirement: str, allowed: str
) -> str | None:
    ask = _ask_uv if found.uv is not None else _ask_pip if found.pip is not None else None
    if ask is None:
        return None
    deadline = time.monotonic() + _LIMIT_S["pip" if found.uv is None else "uv"]
    for minor in _nearest(python.version, allowed):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return None
        try:
            if ask(context, found, python, minor, requirement, left_s):
                return minor
        except MlenvError:  # no answer in time: the failure itself is still told
            return None
    return None


def _ask_uv(context: Context, found: Tools, python: Interpreter, minor: str, requirement: str, left_s: float) -> bool:
    question = uv.ask_for_wheel(engine_tools.uv_of(context, found), python.path, minor, requirement, left_s)
    return process.run(question).code == 0


class _FoundError(Exception):
    """pip has said what it was asked: it need not go on to download the wheel."""


def _ask_pip(context: Context, found: Tools, python: Interpreter, minor: str, requirement: str, left_s: float) -> bool:
    def read(line: str) -> None:
        if pip.found_wheel(line):
            raise _FoundError

    nowhere = str(store.cache_dir() / "nowhere")
    question = pip.ask_for_wheel(engine_tools.pip_of(context, found), minor, requirement, nowhere, left_s)
    try:
        return process.run(question, on_line=read).code == 0
    except _FoundError:
        return True


def _nearest(version: str, allowed: str) -> Iterator[str]:
    """Yield the other Pythons: those that the project may have first, the nearest first, the newer one of two."""
    own = int(version.split(".")[1])
    nearest = sorted(_MINORS, key=lambda minor: (abs(minor - own), -minor))
    others = [f"3.{minor}" for minor in nearest if minor != own]
    yield from sorted(others, key=lambda minor: not _allows(minor, allowed))


def _allows(minor: str, allowed: str) -> bool:
    return satisfies(f"{minor}.99", allowed) is not False
