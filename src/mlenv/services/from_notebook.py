"""``create --from-notebook``: propose what a notebook imports; nothing is installed before a person has agreed."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv.model import Outcome
from mlenv.notebooks import Wanted
from mlenv.services.context import Context
from mlenv.services.freeze.asked import read_notebooks

__all__ = ["requirements_of_notebook"]


def requirements_of_notebook(context: Context, notebook: str) -> tuple[str, ...] | Outcome:
    """Return the requirements that a notebook's imports ask for (``--yes``), or the proposal to be agreed to.

    Modules that nobody can place are named and never guessed: a look-alike of a well-known name may be an attack.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``.
    """
    path = Path(os.path.abspath(context.cwd / notebook))
    wanted, notes = read_notebooks([path], {}, path.parent)
    found = tuple(item.distribution for item in wanted.found if item.distribution and not item.optional)
    asked = tuple(_asked(item) for item in wanted.asked)
    if context.options.yes:
        for text in (*notes, *asked):
            context.tell("note", text)
        return found
    lines = [f"{path.name} imports {', '.join(found) or 'no package'}"]
    optional = [item.distribution for item in wanted.found if item.distribution and item.optional]
    if optional:
        lines.append(f"optional, not taken: {', '.join(optional)}")
    lines += [*asked, *notes]
    lines.append(f"nothing was installed; to go on: mlenv create --from-notebook {notebook} --yes")
    data = {
        "packages": list(found),
        "optional": optional,
        "unknown": [{"module": item.module, "looks_like": item.guess} for item in wanted.asked],
    }
    return Outcome(verb="create", lines=tuple(lines), ok=False, data=data)


def _asked(item: Wanted) -> str:
    if item.guess:
        return f"not taken: {item.module} is unknown and looks like {item.guess}; name what you mean"
    return f"not taken: which package has the module {item.module}? name it: mlenv add NAME"
