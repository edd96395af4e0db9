"""Write a pinned ``requirements.txt`` that says its own end, and check that end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlenv.errors import MlenvError
from mlenv.locks.sealing import digest
from mlenv.model import Finding

__all__ = ["check_requirements_seal", "render_requirements", "resealed_requirements"]

_HEAD = "# This file was made by mlenv; its last line says whether it is whole."
_OURS = re.compile(r"^# (?:This file was made by mlenv\b|mlenv: \d+ packages)", re.MULTILINE)
"""Either end of such a file: it is recognised by what is left of it."""
_END = re.compile(r"^# mlenv: (\d+) packages, (sha256:[0-9a-f]{64})[ \t]*$", re.MULTILINE)


def render_requirements(rows: Sequence[str], *, head: Sequence[str] = ()) -> str:
    """Return the text of a requirements file with its end line; the same rows give the same bytes.

    Args:
        rows: one text per package (``six==1.17.0``); a row may go on over further lines (hashes).
        head: further comment lines and options that stand above the rows.
    """
    lines = [_HEAD, *(f"# {line}" if not line.startswith(("#", "-")) else line for line in head)]
    body = "\n".join([*lines, *sorted(rows, key=str.lower)]) + "\n"
    return f"{body}# mlenv: {len(rows)} packages, {digest(body)}\n"


def resealed_requirements(old: str, new: str) -> str:
    """Return an edited list with a right end line, where the list before the edit had one; else as it is."""
    if not _OURS.search(old) or check_requirements_seal(old, ""):
        return new
    body = _END.sub("", new).rstrip("\n") + "\n"
    # A row begins at the margin; what follows it (hashes, comments) is indented, options begin with a dash.
    packages = sum(1 for line in body.splitlines() if line and line[0] not in " \t#-")
    return f"{body}# mlenv: {packages} packages, {digest(body)}\n"


def check_requirements_seal(text: str, where: str) -> tuple[Finding, ...]:
    """Check the end of a file that mlenv wrote; a file that mlenv did not write passes.

    An edited file is not an error, for people edit these files: it is told as a note, and no longer counts as made by
    a tool.

    Raises:
        MlenvError: ``requirements-truncated`` where the end line is missing.
    """
    plain = text.replace("\r\n", "\n")
    cut_at_once = bool(plain) and _HEAD.startswith(plain)
    if not cut_at_once and not _OURS.search(plain):
        return ()
    ends = list(_END.finditer(plain))
    if not ends:
        hint = "Take it back from version control, make it anew with mlenv freeze, or delete its first line to keep it."
        raise MlenvError("requirements-truncated", "The file is not whole: its end is missing.", where=where, hint=hint)
    body, rest = plain[: ends[-1].start()], plain[ends[-1].end() :]
    if digest(body) == ends[-1][2] and not rest.strip():
        return ()
    return (Finding(kind="note", reason=f"{where} was edited by hand after mlenv made it."),)
