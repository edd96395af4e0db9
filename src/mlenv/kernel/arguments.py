"""The words of a ``%mlenv`` line: split without a shell, checked against the table of verbs; help.

Standard library only, Python 3.9+. Nothing is expanded: what is typed is what mlenv gets.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import List, Sequence, Tuple

from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.verbs import OPTIONS, VERBS, Verb, did_you_mean, verb_named

__all__ = ["Line", "help_text", "parse"]

_HELP = ("help", "-h", "--help", "?")
_PASSWORD = re.compile(r"(?:https?|ssh)://[^/@\s]*:[^/@\s]*@|https?://[^/@\s]+@")
_OPERATORS = ("<", ">", "=", "!", "~")


@value
class Line:
    """One ``%mlenv`` line, read."""

    verb: str
    """A verb's name, or ``help``."""
    words: Tuple[str, ...] = ()
    """Arguments and options after it."""

    def has(self, flag: str) -> bool:
        """Whether a switch was given."""
        return flag in self.words

    def without(self, *flags: str) -> Tuple[str, ...]:
        """Return the words without some switches."""
        return tuple(word for word in self.words if word not in flags)


def parse(line: str, body: str = "") -> Line:
    """Read a line, and for ``%%mlenv`` the cell's body: one requirement per line, ``#`` starts a comment.

    Raises:
        MlenvError: ``usage`` for a quote that is not closed or an option in the body; ``unknown-verb``;
            ``requirement-secret`` for an address with credentials.
    """
    words = _split(line)
    if not words or words[0] in _HELP:
        return Line(verb="help", words=tuple(words[1:]))
    verb = verb_named(words[0])
    if verb is None or verb.hidden:
        near = did_you_mean(words[0], [known.name for known in VERBS if not known.hidden])
        raise MlenvError("unknown-verb", f"'{words[0]}' is not a verb of mlenv.{near}", hint="%mlenv help")
    rest = tuple(_joined(words[1:])) + tuple(_requirements(body, verb))
    if any(_PASSWORD.search(word) for word in rest):
        # The words go to a child's argument list, which every user of the machine can read.
        raise MlenvError(
            "requirement-secret",
            "an address here carries credentials, which would be seen by others",
            hint="take them out of the address; keep them in ~/.netrc or in git's credential helper",
        )
    if any(word in _HELP[1:3] for word in rest):
        return Line(verb="help", words=(verb.name,))
    return Line(verb=verb.name, words=rest)


def _split(line: str) -> List[str]:
    try:
        if os.name == "nt":  # backslashes are part of paths there; untested
            return [word.strip("\"'") for word in shlex.split(line, posix=False)]
        return shlex.split(line)
    except ValueError:
        raise MlenvError("usage", f"a quote is not closed: %mlenv {line}", hint="close it") from None


def _joined(words: Sequence[str]) -> List[str]:
    """Let ``numpy < 2`` and ``numpy <2`` mean ``numpy<2``: a version range never stands alone."""
    joined: List[str] = []
    for word in words:
        before = joined[-1] if joined and not joined[-1].startswith("-") else ""
        if before and (word.startswith(_OPERATORS) or before.endswith(_OPERATORS)):
            joined[-1] = before + word
        else:
            joined.append(word)
    return joined


def _requirements(body: str, verb: Verb) -> List[str]:
    rows = [row.partition(" #")[0].strip() for row in body.splitlines()]
    found = [row for row in rows if row and not row.startswith("#")]
    option = next((row for row in found if row.startswith("-")), None)
    if option is not None:
        raise MlenvError(
            "usage",
            f"'{option}' in the cell is no requirement",
            hint=f"write options on the first line: %%mlenv {verb.name} {option}",
        )
    if found and not verb.arguments[0]:
        raise MlenvError("usage", f"%%mlenv {verb.name} takes no cell body", hint=f"%mlenv {verb.name}")
    return found


def help_text(words: Sequence[str] = ()) -> str:
    """Return the help of all verbs, or of one."""
    verb = verb_named(words[0]) if words else None
    if verb is not None:
        return _verb_help(verb)
    shown = [known for known in VERBS if not known.hidden]
    width = max(len(known.name) for known in shown)
    rows = [f"  {known.name:<{width}}  {known.summary}" for known in shown]
    lines = ["%mlenv VERB [arguments] [options]", "", *rows, "", "%mlenv VERB --help says more."]
    return "\n".join(lines)


def _verb_help(verb: Verb) -> str:
    name, number, text = verb.arguments
    shown = {"": f" {name.upper()}", "?": f" [{name.upper()}]"}.get(number, f" [{name.upper()} ...]") if name else ""
    lines = [f"%mlenv {verb.name}{shown} [options]", "", verb.summary]
    if name:
        lines += ["", f"  {name.upper()}: {text}"]
    options = [OPTIONS[flag] for flag in verb.options if flag not in {"--events", "--project"}]
    flags = [f"{option.short}, {option.flag}" if option.short else option.flag for option in options]
    titles = [f"{flag} {option.metavar}" if option.metavar else flag for flag, option in zip(flags, options)]
    width = max((len(title) for title in titles), default=0)
    lines += ["", *(f"  {title:<{width}}  {option.help}" for title, option in zip(titles, options))]
    if verb.example:
        lines += ["", f"example: %mlenv {verb.example}"]
    return "\n".join(lines)
