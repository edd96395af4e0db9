"""Read YAML as locks and manifests use it: every scalar as the text that stands there, nothing built, nothing guessed.

PyYAML's parser (libyaml where its wheel has it) gives events; what is made of them here are dictionaries, lists and
texts. So a version ``1.10`` stays ``1.10`` and is no number, no tag makes an object, and an alias costs what it stands
for, so that a bomb of them is refused before anybody walks through it.

Source: YAML 1.1; PyYAML's documentation, "Events".
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import yaml

from mlenv.errors import MlenvError
from mlenv.locks.limits import check_lines
from mlenv.locks.place import Place, conflict_line

__all__ = ["parse_events"]

_MOST_VALUES = 250_000
"""Twice what the largest lock at hand holds (124,000 in 2.9 MB), each alias counted as what it stands for; read in
0.7 s."""
_DEEPEST = 64
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = "<<"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def parse_events(text: str, place: Place) -> dict[str, Any]:
    """Parse YAML whose top is a mapping: plain ``null`` and nothing at all are ``None``, all other scalars texts.

    Raises:
        MlenvError: ``place.code`` with the line, for broken syntax, tabs, merge-conflict markers, a key given twice,
            or what is no mapping; ``lock-truncated`` where a lock is empty or ends in the middle of something;
            ``file-too-large`` for more values (aliases counted) or a deeper nesting than any lock has.

    Cost: about 3 us for each value with libyaml, ten times that without.
    """
    check_lines(text, place)
    line = conflict_line(text)
    if line is not None:
        raise place.at(f"line {line}").error("The file holds merge-conflict markers.")
    try:
        top = _document(yaml.parse(text, Loader=_LOADER), place)
    except yaml.MarkedYAMLError as problem:
        raise _syntax_error(text, problem, place) from None
    except (yaml.YAMLError, ValueError) as problem:  # a character that YAML does not know
        reason = str(problem).splitlines()[0].rstrip(".")
        raise place.error(f"The file is not valid YAML: {reason}.") from None
    if top is None:
        raise _cut_short(place, "The file is empty.")
    if not isinstance(top, dict):
        raise place.error("A mapping (key: value) is expected at the top of the file.")
    return top


class _Open:
    """A mapping or list that has begun and not ended."""

    __slots__ = ("anchor", "content", "key", "spent")

    def __init__(self, content: Any, anchor: str | None, spent: int) -> None:
        self.content = content
        self.anchor = anchor
        self.spent = spent
        self.key: str | None = None


def _document(events: Iterable[Any], place: Place) -> Any:
    """Return the one document as values."""
    anchors: dict[str, tuple[Any, int]] = {}
    waiting: list[_Open] = []
    top, documents, spent = None, 0, 0
    for event in events:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            spent += 1
            made = None if event.implicit[0] and event.value in _NULLS else event.value
            if event.anchor is not None:
                anchors[event.anchor] = (made, 1)
        elif kind in _ENDS:
            done = waiting.pop()
            made = _merged(done.content, event, place) if kind is yaml.MappingEndEvent else done.content
            if done.anchor is not None:
                anchors[done.anchor] = (made, spent - done.spent)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            spent += 1
            waiting.append(_Open({} if kind is yaml.MappingStartEvent else [], event.anchor, spent))
            if len(waiting) > _DEEPEST:
                raise _at(event, place).error("The file is nested too deep to be read.")
            continue
        elif kind is yaml.AliasEvent:
            made, size = _aliased(event, anchors, place)
            spent += size
        else:
            documents += kind is yaml.DocumentStartEvent
            if documents > 1:
                raise _at(event, place).error("A second document begins here; one is expected.")
            continue
        if spent > _MOST_VALUES:
            raise _too_many(event, place)
        if waiting:
            _put(waiting[-1], made, event, place)
        else:
            top = made
    return top


def _put(holder: _Open, made: Any, event: Any, place: Place) -> None:
    """Add a value to the list or mapping that it stands in; a mapping takes keys and values by turns."""
    content = holder.content
    if type(content) is list:
        content.append(made)
    elif holder.key is not None:
        content[holder.key] = made
        holder.key = None
    else:
        key = "" if made is None else made
        if not isinstance(key, Hashable) or not isinstance(key, str):
            raise _at(event, place).error("A text is expected as a key.")
        if key in content:
            raise _at(event, place).error(f"The key {key!r} is given twice.")
        holder.key = key


def _merged(content: dict[str, Any], event: Any, place: Place) -> dict[str, Any]:
    """Return a mapping with what its ``<<`` brings; its own keys win."""
    if _MERGE not in content:
        return content
    given = content.pop(_MERGE)
    for other in given if isinstance(given, list) else [given]:
        if not isinstance(other, dict):
            raise _at(event, place).error("A mapping is expected after '<<'.")
        content = {**other, **content}
    return content


def _aliased(event: Any, anchors: dict[str, tuple[Any, int]], place: Place) -> tuple[Any, int]:
    known = anchors.get(event.anchor)
    if known is None:
        raise _at(event, place).error(f"The alias *{event.anchor} stands for nothing that came before it.")
    return known


def _too_many(event: Any, place: Place) -> MlenvError:
    message = f"The file holds more than {_MOST_VALUES} values; mlenv reads up to so many."
    return _at(event, place).error(message, code="file-too-large", hint="Is this the right file?")


def _at(event: Any, place: Place) -> Place:
    return place.at(f"line {event.start_mark.line + 1}")


def _syntax_error(text: str, problem: yaml.MarkedYAMLError, place: Place) -> MlenvError:
    what = " ".join(str(part).strip() for part in (problem.context, problem.problem) if part)
    mark = problem.problem_mark or problem.context_mark
    if mark is None:
        return place.error(f"The file is not valid YAML: {what}.")
    # Where the parser stopped nothing is left: what was begun was never ended.
    if not "".join(text.splitlines(keepends=True)[mark.line :])[mark.column :].strip():
        return _cut_short(place.at("end of file"), "The file ends in the middle of something: it was cut short.")
    return place.at(f"line {mark.line + 1}, column {mark.column + 1}").error(f"The file is not valid YAML: {what}.")


def _cut_short(place: Place, message: str) -> MlenvError:
    code = "lock-truncated" if place.code.startswith("lock-") else place.code
    return place.error(message, code=code)
