"""``freeze --output environment.yml``: an environment of conda's, rows of conda and of pip apart."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.freezing.environment_file import EnvironmentRows, channel_of, environment_rows, render_environment
from mlenv.model import Outcome
from mlenv.probe.scanning import text_of
from mlenv.services import words
from mlenv.services.change import write_only
from mlenv.services.context import Context
from mlenv.services.freeze.as_conda_lock import conda_lock_text, is_conda_lock
from mlenv.services.freeze.live import Live
from mlenv.services.project import Project
from mlenv.versions import normalise

__all__ = ["freeze_environment", "is_environment_file"]

_CHANNEL = re.compile(r'"channel":\s*"([^"\\]+)"')


def is_environment_file(output: Path | None) -> bool:
    """Say whether what ``--output`` names is an ``environment.yml``, by its ending."""
    return output is not None and output.suffix in (".yml", ".yaml")


def freeze_environment(context: Context, project: Project, live: Live, output: Path, *, show: bool) -> Outcome:
    """Write what an environment of conda's holds as ``environment.yml`` or ``conda-lock.yml``; nothing is resolved.

    Raises:
        MlenvError: ``freeze-no-conda`` where conda did not make the environment; ``freeze-exists`` where another text
            lies there already, without ``--force``.
    """
    if not live.installed.conda:
        raise MlenvError(
            "freeze-no-conda",
            f"{project.link.name} was not made by conda, so there is nothing for {output.name}; nothing was written",
            where=str(project.link),
            hint="mlenv freeze --output requirements-frozen.txt",
        )
    name = os.path.relpath(output, project.root)
    rows = environment_rows(live.installed, live.packages, normalise(project.root.name))
    if is_conda_lock(output):
        text = conda_lock_text(live, rows, _channels(live))
    else:
        text = render_environment(project.root.name, _channels(live), rows)
    before = store.read_text(output) if output.is_file() else None
    if before is not None and before != text and not (context.options.force or show):
        raise MlenvError(
            "freeze-exists",
            f"{name} says something else already; nothing was written",
            where=name,
            hint="another name for --output, or --force",
        )
    changed = before != text and not show and not context.options.dry_run
    if changed and not name.startswith(".."):
        write_only(project, "freeze", {name: text})
    elif changed:
        store.write_atomic(output, text)
    return _outcome(context, name, text, rows, show=show, changed=before != text)


def _channels(live: Live) -> tuple[str, ...]:
    """Return the channels of conda's records, the one of most packages first."""
    counts: dict[str, int] = {}
    for record in live.installed.conda:
        found = _CHANNEL.search(text_of(os.path.join(record.site, record.folder)))
        if found:
            channel = channel_of(found[1])
            counts[channel] = counts.get(channel, 0) + 1
    return tuple(sorted(counts, key=lambda channel: (-counts[channel], channel)))


def _outcome(context: Context, name: str, text: str, rows: EnvironmentRows, *, show: bool, changed: bool) -> Outcome:
    verb = "would freeze" if context.options.dry_run else "frozen" if changed else "unchanged"
    lines = [f"{verb:<12} {name}: {words.packages(len(rows.conda))} of conda, {len(rows.pip)} of pip"]
    if rows.left_out:
        lines.append(f"left out     {', '.join(f'{row.name} ({row.reason})' for row in rows.left_out[:4])}")
    return Outcome(
        verb="freeze",
        lines=tuple(text.splitlines()) if show else tuple(lines),
        files=(name,) if changed and not show else (),
        dry_run=context.options.dry_run,
        data={
            "conda": list(rows.conda),
            "pip": list(rows.pip),
            "left_out": [
                {"package": row.name, "version": row.version, "why": row.why, "reason": row.reason}
                for row in rows.left_out
            ],
            **({"text": text} if show else {}),
        },
    )
