"""The selection of a project as one notebook sees it: the project's files first, else what the notebook says itself."""

from __future__ import annotations

from dataclasses import replace

from mlenv.locks.agreement import python_of, relock_of
from mlenv.locks.content import LockContent
from mlenv.locks.notebook_beside import beside, own_choice
from mlenv.locks.notebook_manifest import NotebookSays, read_notebook
from mlenv.locks.selecting import Selected, SelectRequest, select

__all__ = ["select_for_notebook"]


def select_for_notebook(request: SelectRequest, notebook: str, text: str) -> Selected:
    """Select what a project asks for, and hold what a notebook says itself against it.

    Where the folder has a manifest or a lock, that counts, and the difference is told. Where it has none, the
    notebook is the manifest, and the ``uv.lock`` that juv keeps in it the lock.

    Args:
        request: the project.
        notebook: its path relative to the project.
        text: the notebook's text.

    Raises:
        MlenvError: as :func:`select` and :func:`read_notebook`.
    """
    selected = select(request)
    says = read_notebook(text, notebook, request.target, request.load)
    if says is None:
        return selected
    choice = selected.choice
    if choice.manifest is None and choice.lock is None:
        return _own(selected, says, request)
    findings = tuple(beside(says, choice, selected.content, selected.manifest))
    selection = replace(selected.selection, findings=(*selected.selection.findings, *findings))
    return replace(selected, selection=selection)


def _own(selected: Selected, says: NotebookSays, request: SelectRequest) -> Selected:
    choice, manifest = own_choice(says), says.manifest
    held = says.lock or LockContent(exact=False)
    findings = [
        *selected.selection.findings,
        *manifest.findings,
        *python_of(manifest, says.lock, choice, request.target),
    ]
    if says.lock is not None:
        findings += [*says.lock.findings, *relock_of(choice, says.lock, manifest)]
    selection = replace(
        selected.selection,
        manifest=says.notebook,
        lock=says.notebook if says.lock is not None else None,
        kind=choice.kind,
        exact=held.exact,
        pins=held.pins,
        declared=manifest.declared,
        findings=tuple(findings),
        requires_python=manifest.requires_python or held.requires_python,
        reason=choice.reason,
    )
    return replace(selected, selection=selection, content=says.lock, manifest=manifest, choice=choice)
