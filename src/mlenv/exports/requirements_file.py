"""``export requirements.txt``: the lock as a list that pip and uv install, hashes included.

Source: pip's documentation, "Requirements File Format" and "Secure installs" (hashes are for all rows or for none).
"""

from __future__ import annotations

from collections.abc import Sequence

from mlenv.exports.locked import Locked, install_local, portable_requirement

__all__ = ["requirement_rows", "requirements_text"]


def requirement_rows(locked: Locked, *, hashes: bool = True) -> tuple[str, ...]:
    """Return one row for each package that any machine can get, hashes behind it, sorted by name."""
    found = []
    for pin in locked.portable:
        text = portable_requirement(pin)
        if text:
            found.append(" ".join((text, *(f"--hash={digest}" for digest in locked.hashes_of(pin) if hashes))))
    return tuple(found)


def requirements_text(locked: Locked, rows: str | None = None) -> str:
    """Return the text of the file.

    Args:
        locked: the lock.
        rows: its rows as the lock's own tool wrote them, for every platform; ``None``: those of ``locked``.
    """
    body = rows if rows is not None else "".join(f"{_folded(row)}\n" for row in requirement_rows(locked))
    head = [f"# {line}" for line in _head(locked, universal=rows is not None)]
    return "\n".join([*head, *locked.options, body])


def _head(locked: Locked, *, universal: bool) -> Sequence[str]:
    deployment = locked.deployment
    chosen = [f"extras: {', '.join(deployment.extras)}"] if deployment.extras else []
    chosen += [f"groups: {', '.join(deployment.groups)}"] if deployment.groups else []
    of = f"{deployment.lock} ({'; '.join(chosen)})" if chosen else deployment.lock
    made = "made by" if locked.exact else "written by"  # a list that a tool made names all that its packages need
    where = "every Python and platform of the lock" if universal else locked.machine
    lines = [f"Requirements {made} mlenv export from {of}, for {where}."]
    lines += [] if locked.unhashed else ["pip install --require-hashes -r FILE"]
    if locked.local:
        names = ", ".join(pin.name for pin in locked.local)
        behind = install_local(locked.local)
        lines.append(f"Not in it, for only the project has it: {names}{f'; behind it: {behind}' if behind else ''}")
    return lines


def _folded(row: str) -> str:
    return row.replace(" --hash=", " \\\n    --hash=")
