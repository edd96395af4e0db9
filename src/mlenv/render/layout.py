"""Lines of text laid out as HTML: columns become columns, commands look like commands. Pure, everything escaped.

Inline styles only, and colours of the page: front ends remove style sheets, and themes are light or dark.
Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import re
from html import escape
from itertools import groupby
from typing import List, Optional, Sequence

__all__ = [
    "CODE",
    "QUIET",
    "SCROLL",
    "TABLE",
    "boxed",
    "cell_style",
    "lines_html",
    "notice_html",
    "step_html",
    "words_html",
]

SCROLL = "max-height:16em;overflow:auto;margin:0.4em 0"
TABLE = "border-collapse:collapse;font-size:inherit;margin:0"
QUIET = "opacity:0.75"
CODE = (
    "font-family:monospace;border:1px solid rgba(128,128,128,0.5);border-radius:3px;padding:0 0.35em;white-space:nowrap"
)
_LINE = "border-bottom:1px solid rgba(128,128,128,0.35)"
_BOX = "border-left:4px solid {colour};padding:0.3em 0 0.3em 0.8em;margin:0.2em 0;font-family:inherit;line-height:1.5"
_GREY = "#7f8793"
_GAP = re.compile(r" {2,}")
_COMMAND = re.compile(r"(?<=: )%mlenv .+$|(?<![\w%])%mlenv [a-z]+")
_EM_PER_LETTER = 0.58
"""Room for one letter of a label, in a front end's usual fonts."""


def boxed(colour: str, parts: Sequence[str]) -> str:
    """Return the parts beside a stripe of this colour."""
    return f'<div class="mlenv" style="{_BOX.format(colour=colour)}">{"".join(parts)}</div>'


def cell_style(*, wraps: bool = False) -> str:
    """Return the style of one cell of a table."""
    if wraps:
        return f"text-align:left;padding:0.15em 0;{_LINE};white-space:normal"
    return f"text-align:left;padding:0.15em 1.2em 0.15em 0;{_LINE};white-space:nowrap"


def words_html(text: str) -> str:
    """Return one line, escaped, with ``%mlenv ...`` set as a command."""
    return _COMMAND.sub(lambda match: f'<code style="{CODE}">{match[0]}</code>', escape(text))


def notice_html(lines: Sequence[str]) -> str:
    """Return what mlenv says between two cells."""
    return boxed(_GREY, [f"<div>{words_html(line)}</div>" for line in lines])


def step_html(text: str, done: Optional[int] = None, total: Optional[int] = None) -> str:
    """Return the step that a verb is at, with a bar where it is known how far."""
    known = done is not None and bool(total)
    bar = f' <progress max="{total}" value="{done}" style="vertical-align:middle"></progress>' if known else ""
    return boxed(_GREY, [f'<div role="status">{escape(text)}{bar}</div>'])


def lines_html(lines: Sequence[str]) -> List[str]:
    """Return lines as HTML: ``lock    pylock.toml`` as a label and its value, three and more columns as a table."""
    parts: List[str] = []
    split = [_GAP.split(line.strip()) for line in lines]
    widest = max((len(row[0]) for row in split if len(row) == 2), default=0)
    for number, group in groupby(split, key=lambda fields: min(len(fields), 3)):
        rows = list(group)
        parts += [f"<div>{words_html(row[0])}</div>" for row in rows] if number < 2 else []
        parts += _labelled(rows, widest) if number == 2 else []
        parts += _table(rows) if number > 2 else []
    return parts


def _labelled(rows: Sequence[Sequence[str]], widest: int) -> List[str]:
    width = f"{widest * _EM_PER_LETTER + 1:.1f}em"
    label = f"display:inline-block;min-width:{width};text-indent:0;{QUIET}"
    # What is too long for one line goes on below the values, not below the labels.
    line = f"padding-left:{width};text-indent:-{width}"
    return [f'<div style="{line}"><span style="{label}">{escape(a)}</span> {words_html(b)}</div>' for a, b in rows]


def _table(rows: Sequence[Sequence[str]]) -> List[str]:
    style = cell_style()
    body = "".join(
        "<tr>" + "".join(f'<td style="{style}">{escape(field)}</td>' for field in row) + "</tr>" for row in rows
    )
    return [
        f'<div role="region" aria-label="Table" tabindex="0" style="{SCROLL}">'
        f'<table style="{TABLE}"><tbody>{body}</tbody></table></div>'
    ]
