"""``create --from-notebook``: propose what a notebook declares itself, or else imports.

Nothing is installed before a person has agreed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv.model import Outcome
from mlenv.notebooks import Wanted
from mlenv.probe import interpreters
from mlenv.services.check_notebook import notebook_text
from mlenv.services.context import Context
from mlenv.services.freeze.asked import read_notebooks
from mlenv.services.select import loader, target_of

if TYPE_CHECKING:
    from mlenv.locks import NotebookSays

__all__ = ["requirements_of_notebook", "with_python_of"]


def requirements_of_notebook(context: Context, notebook: str) -> tuple[str, ...] | Outcome:
    """Return the requirements of a notebook (``--yes``), or the proposal to be agreed to.

    What it declares itself (a script block, ``metadata.uv``, install lines) counts; where it declares nothing, its
    imports do. Modules that nobody can place are named and never guessed: a look-alike of a well-known name may be an
    attack.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``; ``manifest-unreadable`` with the cell.
    """
    path = Path(os.path.abspath(context.cwd / notebook))
    says = _declared(path)
    if says is not None and says.manifest.requirements:
        return _of_declared(context, notebook, path.name, says)
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


def with_python_of(context: Context, notebook: str) -> Context:
    """Return the context with the Python that a notebook declares, unless one is asked for.

    Raises:
        MlenvError: ``manifest-unreadable`` with the cell.
    """
    if context.options.python:
        return context
    says = _declared(Path(os.path.abspath(context.cwd / notebook)))
    python = says.manifest.requires_python if says is not None else ""
    return replace(context, options=replace(context.options, python=python)) if python else context


def _declared(path: Path) -> NotebookSays | None:
    from mlenv.locks import read_notebook

    if not path.is_file() or path.suffix != ".ipynb":
        return None
    load = loader(path.parent, {})
    return read_notebook(notebook_text(path), path.name, target_of(interpreters.host().path), load)


def _of_declared(context: Context, notebook: str, name: str, says: NotebookSays) -> tuple[str, ...] | Outcome:
    requirements = says.manifest.requirements
    notes = tuple(finding.reason for finding in says.manifest.findings)
    if context.options.yes:
        for text in notes:
            context.tell("note", text)
        return requirements
    lines = [f"{name} declares {', '.join(requirements)} ({says.source})", *notes]
    lines.append(f"nothing was installed; to go on: mlenv create --from-notebook {notebook} --yes")
    data = {"packages": list(requirements), "optional": [], "unknown": []}
    return Outcome(verb="create", lines=tuple(lines), ok=False, data=data)


def _asked(item: Wanted) -> str:
    if item.guess:
        return f"not taken: {item.module} is unknown and looks like {item.guess}; name what you mean"
    return f"not taken: which package has the module {item.module}? name it: mlenv add NAME"
