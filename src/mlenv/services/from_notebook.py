"""``create --from-notebook``: propose what notebooks ask for, and install it once a person has agreed.

``--yes`` agrees to what is known and not suspicious; naming packages agrees to these alone. No index is asked before.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlenv import process
from mlenv.engines import failures, uv
from mlenv.errors import MlenvError
from mlenv.model import Outcome
from mlenv.probe import interpreters
from mlenv.services import declare
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.create import create
from mlenv.services.notebook_asks import Doubt, Needs, declared_by, needs_of
from mlenv.services.typed_notebooks import typed_notebooks

__all__ = ["create_from", "with_python_of"]

_SHOWN = 12
_MOST_ASKED, _ASK_S = 20, 20.0
"""Names that the index is asked for, and seconds for all of them."""


def create_from(context: Context, notebooks: Sequence[str], words: Sequence[str], *, kernel_name: str = "") -> Outcome:
    """Make the environment that notebooks ask for (``--yes``, or the packages named), or propose it.

    Args:
        context: options and whom to tell.
        notebooks: files and folders given with ``--from-notebook``.
        words: further words: notebooks, and packages that a person names.
        kernel_name: as :func:`mlenv.services.create.create`.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``; ``manifest-unreadable`` with the cell; what
            ``create`` raises.
    """
    named = tuple(word for word in words if not word.endswith(".ipynb"))
    typed = (*notebooks, *(word for word in words if word.endswith(".ipynb")))
    paths = typed_notebooks(context, typed)
    needs = needs_of(context, paths)
    if not context.options.yes and not named:
        return _proposal(context, paths, typed, needs)
    if context.options.yes:
        needs = _without_unknown(context, needs)
    taken = _taken(context, needs, named)
    if not taken and needs.doubts:
        return _proposal(context, paths, typed, needs)
    for text in needs.notes:
        context.tell("note", text)
    outcome = create(_with_python(context, needs), taken, kernel_name=kernel_name, pins=needs.pins)
    doubts = [doubt for doubt in needs.doubts if doubt.name not in declare.names_of(named)]
    left = [line for line in outcome.lines[-1:] if line.startswith("next")]
    lines = (*outcome.lines[: len(outcome.lines) - len(left)], *_told(doubts), *left)
    return replace(outcome, lines=lines, data={**(outcome.data or {}), **_data(needs)})


def with_python_of(context: Context, notebook: str) -> Context:
    """Return the context with the Python that a notebook declares, unless one is asked for.

    Raises:
        MlenvError: ``manifest-unreadable`` with the cell.
    """
    says = declared_by(Path(os.path.abspath(context.cwd / notebook)))
    return _with_python(context, Needs(requires_python=says.manifest.requires_python if says is not None else ""))


def _with_python(context: Context, needs: Needs) -> Context:
    if context.options.python or not needs.requires_python:
        return context
    return replace(context, options=replace(context.options, python=needs.requires_python))


def _taken(context: Context, needs: Needs, named: Sequence[str]) -> tuple[str, ...]:
    """Return what is installed: what was named, and with ``--yes`` the rest of what is known."""
    own = declare.names_of(named)
    rest = [text for text in needs.requirements if declare.names_of([text])[0] not in own]
    if context.options.yes:
        return (*rest, *named)
    if rest:
        context.tell("note", f"asked for and not named, so not taken: {_listed(rest)}")
    return tuple(named)


def _without_unknown(context: Context, needs: Needs) -> Needs:
    """Ask the index for declared names that no table has, now that a person has agreed; unknown ones become doubts."""
    found = engine_tools.tools()
    if context.options.offline or found.uv is None:
        return needs
    program, host = engine_tools.uv_of(context, found), interpreters.host().path
    unknown: list[str] = []
    deadline = time.monotonic() + _ASK_S
    for name in needs.to_look_up[:_MOST_ASKED]:
        left_s = deadline - time.monotonic()
        if left_s > 1 and _is_unknown(uv.ask_for_name(program, host, name, str(context.cwd), left_s)):
            unknown.append(name)
    if not unknown:
        return needs
    kept = tuple(text for text in needs.requirements if declare.names_of([text])[0] not in unknown)
    doubts = (*needs.doubts, *(Doubt(name=name, is_module=False) for name in unknown))
    return replace(needs, requirements=kept, doubts=doubts)


def _is_unknown(question: Any) -> bool:
    try:
        done = process.run(question)
    except MlenvError:  # no answer in time: the resolver will say what it finds
        return False
    return (
        done.code != 0 and failures.parse_failure("uv", done.stdout, done.stderr, done.code).code == "package-missing"
    )


def _proposal(context: Context, paths: Sequence[Path], typed: Sequence[str], needs: Needs) -> Outcome:
    dry_run = context.options.dry_run  # who asks only for the proposal has got it
    shown = paths[0].name if len(paths) == 1 else f"{len(paths)} notebooks"
    verb = needs.how if len(paths) == 1 else {"imports": "import", "declares": "declare"}[needs.how]
    source = f" ({needs.source})" if needs.source else ""
    lines = [f"{shown} {verb} {_listed(needs.requirements) or 'no package'}{source}"]
    if needs.optional:
        lines.append(f"optional, not taken: {_listed(needs.optional)}")
    lines += [*_told(needs.doubts), *needs.notes[:_SHOWN]]
    words = " ".join(map(shlex.quote, typed))
    lines.append(f"nothing was installed; to go on: mlenv create --from-notebook {words} --yes")
    return Outcome(verb="create", lines=tuple(lines), ok=dry_run, dry_run=dry_run, data=_data(needs))


def _told(doubts: Sequence[Doubt]) -> list[str]:
    """Return the lines on what a person has to name: each look-alike for itself, then the unknown together."""
    alike = [doubt for doubt in doubts if doubt.meant]
    lines = [
        f"not taken: {doubt.name} {doubt.why}; name what you mean: mlenv add {doubt.meant}" for doubt in alike[:_SHOWN]
    ]
    if len(alike) > _SHOWN:
        lines.append(f"not taken: {len(alike) - _SHOWN} more names that look like well-known ones")
    modules = [doubt.name for doubt in doubts if not doubt.meant and doubt.is_module]
    if modules:
        one = "this module" if len(modules) == 1 else "these modules"
        lines.append(f"not taken: {_listed(modules)} (which package has {one}? name it: mlenv add NAME)")
    packages = [doubt.name for doubt in doubts if not doubt.meant and not doubt.is_module]
    if packages:
        lines.append(f"not taken: {_listed(packages)} (no package index has this name)")
    return lines


def _data(needs: Needs) -> dict[str, Any]:
    unknown = [{"module": doubt.name, "looks_like": doubt.meant, "why": doubt.why} for doubt in needs.doubts]
    told = {"packages": list(needs.requirements), "optional": list(needs.optional), "unknown": unknown}
    return {**told, "modules": list(needs.rows), "notes": list(needs.notes)}


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
