"""Reports, outcomes and errors as HTML fragments for notebooks: readable on light and dark themes, no scripts.

Inline styles only: front ends remove style sheets from notebooks that are not trusted. Colours are those of the page
(``currentColor``); a verdict is always a word and an icon, never a colour alone. Every text is escaped.
Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from html import escape
from typing import List, Optional, Sequence

from mlenv.errors import MlenvError
from mlenv.model import Outcome, Report
from mlenv.render.layout import CODE, QUIET, SCROLL, TABLE, boxed, cell_style, lines_html, words_html
from mlenv.render.story import NONE, Row, Voice, columns, tell
from mlenv.render.text import change_text, voice_for

__all__ = ["error_html", "outcome_html", "report_html"]

_LOOK = {
    # icon, and a middle tone that shows on white and on black (the stripe only; text keeps the page's colour)
    "in-step": ("\N{CHECK MARK}", "#2e9e57"),
    "broken": ("\N{BALLOT X}", "#d64545"),
    "no-env": ("\N{WHITE CIRCLE}", "#d64545"),
    "switch": ("\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}", "#c98a16"),
    "relock": ("\N{NOT EQUAL TO}", "#c98a16"),
    "sync": ("\N{NOT EQUAL TO}", "#c98a16"),
    "unknown": ("?", "#7f8793"),
    "restart": ("\N{CLOCKWISE OPEN CIRCLE ARROW}", "#c98a16"),
    "unlocked": ("\N{DOTTED CIRCLE}", "#7f8793"),
}
_MOST_FILES = 200
"""A notebook is no place for thousands of lines; ``--json`` has them."""
_CELL = cell_style()
_WORDS = cell_style(wraps=True)


def report_html(report: Report, *, root: Optional[str] = None, home: str = "", magic: bool = True) -> str:
    """Return a report as one HTML fragment: verdict, all rows in a scrolling box, what to type.

    Args: as :func:`mlenv.render.report_text`; all rows are there, so nothing limits them.
    """
    story = tell(report, voice_for(report, root, home, magic))
    icon, colour = _LOOK.get(story.verdict, _LOOK["unknown"])
    word, _, rest = story.head.partition(": ")
    parts = [f'<div><span aria-hidden="true">{icon}</span> <strong>{escape(word)}</strong>: {escape(rest)}</div>']
    parts += _rows_html(story.rows)
    parts += _files_html(story.files)
    parts += [f"<div>{escape(line)}</div>" for line in story.lines]
    parts += [f'<div style="{QUIET}">note: {escape(note)}</div>' for note in story.notes]
    if story.command:
        also = f' <span style="{QUIET}">({escape(story.also)})</span>' if story.also else ""
        parts.append(f'<div>next: <code style="{CODE}">{escape(story.command)}</code>{also}</div>')
    return boxed(colour, parts)


def _files_html(files: Sequence[str]) -> List[str]:
    if not files:
        return []
    noun = "file is" if len(files) == 1 else "files are"
    rows = "".join(f"<div>{escape(file)}</div>" for file in files[:_MOST_FILES])
    return [
        f'<details><summary style="{QUIET}">{len(files)} {noun} not as installed</summary>'
        f'<div tabindex="0" style="{SCROLL};font-family:monospace">{rows}</div></details>'
    ]


def _rows_html(rows: Sequence[Row]) -> List[str]:
    if not rows:
        return []
    kept = columns(rows)
    names = ["package", *(name for name, _ in kept), "what"]
    head = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in names)
    body = []
    for place, row in enumerate(rows):
        cells = "".join(f'<td style="{_CELL}">{escape(content[place] or NONE)}</td>' for _, content in kept)
        body.append(
            f'<tr><th scope="row" style="{_CELL}">{escape(row.package)}</th>{cells}'
            f'<td style="{_WORDS}">{escape(row.what)}</td></tr>'
        )
    return [
        f'<div role="region" aria-label="Packages that differ" tabindex="0" style="{SCROLL}">'
        f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    ]


def outcome_html(outcome: Outcome, *, root: str = "", home: str = "", magic: bool = True) -> str:
    """Return what a verb did: its lines, and every change in a box that opens."""
    voice = Voice(root=root, home=home, magic=magic)
    icon, colour = _LOOK["in-step" if outcome.ok else "broken"]
    lines = [voice.say(line) for line in outcome.lines]
    head = words_html(_head(outcome.verb, lines))
    parts = [f'<div><span aria-hidden="true">{icon}</span> {head}</div>', *lines_html(lines)]
    if outcome.changes:
        is_open = " open" if outcome.dry_run else ""
        noun = "package" if len(outcome.changes) == 1 else "packages"
        says = "would change" if outcome.dry_run else "changed"
        rows = "".join(f"<div>{escape(change_text(change))}</div>" for change in outcome.changes)
        parts.append(
            f'<details{is_open}><summary style="{QUIET}">{len(outcome.changes)} {noun} {says}</summary>'
            f'<div tabindex="0" style="{SCROLL};font-family:monospace">{rows}</div></details>'
        )
    return boxed(colour, parts)


def error_html(error: MlenvError, *, root: str = "", home: str = "", magic: bool = True) -> str:
    """Return an error: what is wrong, where, what to do."""
    voice = Voice(root=root, home=home, magic=magic)
    icon, colour = _LOOK["broken"]
    message = "<br>".join(escape(line) for line in voice.say(error.message).splitlines()) or escape(error.code)
    parts = [f'<div><span aria-hidden="true">{icon}</span> <strong>error</strong>: {message}</div>']
    if error.where:
        parts.append(f'<div style="{QUIET}">where: {escape(voice.say(error.where))}</div>')
    if error.hint:
        parts.append(f"<div>to do: {escape(voice.say(error.hint))}</div>")
    return boxed(colour, parts)


def _head(verb: str, lines: List[str]) -> str:
    """Return what stands beside the icon, taken from the lines.

    A first line of several columns stays with the others: the icon would push it out of line.
    """
    if len(lines) == 1:
        return " ".join(lines.pop().split())
    return verb if not lines or "  " in lines[0] else lines.pop(0)
