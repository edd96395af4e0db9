"""What a set-up says: one line that is the same each time, what moved, what stays the host's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlenv.hosted.plan import Plan
from mlenv.model import Change, Outcome
from mlenv.services import words
from mlenv.services.hosting.story import Story

__all__ = ["told"]

_SHOWN = 6


def told(
    story: Story,
    chosen: Plan,
    changes: tuple[Change, ...],
    clashes: Sequence[str],
    *,
    mended: Sequence[str] = (),
    folder: str = "",
    dry_run: bool = False,
) -> Outcome:
    """Return what was done.

    Args:
        story: of this set-up.
        chosen: for each pin, what became of it.
        changes: what moved.
        clashes: requirements of the image's packages that the lock's do not meet.
        mended: packages whose files were missing.
        folder: where the packages lie with ``--isolated``.
        dry_run: whether it only would be done.
    """
    selection, image = story.selected.selection, story.image
    apart = " in their own folder" if folder else ""
    first = f"set up: {words.packages(len(selection.pins))} as {selection.lock} says{apart}, on {image.shown}"
    lines = [f"would set up: {words.moved(changes)}" if dry_run else first]
    if mended:
        lines.append(f"mended {', '.join(mended)}: files were missing")
    if changes and not dry_run:
        there = len(chosen.of("same"))
        lines.append(f"installed {words.moved(changes)}" + (f"; {there} were there already" if there else ""))
    lines += _left_lines(story, chosen)
    if clashes:
        more = f", and {len(clashes) - 2} more" if len(clashes) > 2 else ""
        lines.append(f"beside the lock: {'; '.join(clashes[:2])}{more}")
    data = {
        "host": image.host.name,
        "python": image.version,
        "isolated": folder,
        "same": len(chosen.of("same")),
        "installed": [change.package for change in changes],
        "left": dict(chosen.left),
    }
    return Outcome(verb="setup", lines=tuple(lines), changes=changes, dry_run=dry_run, data=data)


def _left_lines(story: Story, chosen: Plan) -> Iterator[str]:
    for what, why in (("held", "needs its own"), ("image", "has its own build of")):
        rows = chosen.of(what)
        if what == "held":
            rows = tuple(row for row in rows if row.there)
            shown = [f"{row.pin.name} {row.there} (locked: {row.pin.version})" for row in rows[:_SHOWN]]
        else:
            shown = [f"{row.pin.name} {row.there}" for row in rows[:_SHOWN] if row.there]
        if shown:
            more = f", and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
            yield f"{story.image.host.shown} {why} {', '.join(shown)}{more}"
