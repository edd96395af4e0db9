"""Where in a file we are: typed look-ups whose errors name the file and the place inside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mlenv.errors import MlenvError
from mlenv.locks.limits import check_toml
from mlenv.locks.mistaken import Mistaken, ini_instead_of_toml, mistaken
from mlenv.model import value

if TYPE_CHECKING:
    from packaging.requirements import Requirement

try:
    # The standard library's parser by its author, compiled: a third of the time.
    import tomli as toml
except ImportError:  # where no wheel of it is for this platform
    import tomllib as toml  # type: ignore[no-redef]

__all__ = ["Place", "Table", "conflict_line", "parse_toml", "wrong_format"]

Table = Mapping[str, Any]
_T = TypeVar("_T")

_CONFLICT = re.compile(r"^(<{7} |={7}\s*$|>{7} )", re.MULTILINE)
_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")
_TOML_WORDS = {
    str: "a text", bool: "true or false", int: "a whole number", float: "a number", dict: "a table", list: "a list",
}  # fmt: skip


@value
class Place:
    """A spot in one file; every look-up that fails raises one :class:`MlenvError` that names it."""

    file: str
    code: str
    """Code of the errors raised here (``lock-unreadable``)."""
    path: str = ""
    """``packages[3].version``; empty at the top."""
    hint: str = ""

    def at(self, key: str) -> Place:
        """Return the place one key further in."""
        path = f"{self.path}.{key}" if self.path else key
        return Place(file=self.file, code=self.code, path=path, hint=self.hint)

    def item(self, key: str, index: int) -> Place:
        """Return the place of one item of a list."""
        return self.at(f"{key}[{index}]")

    def error(self, message: str, *, code: str = "", hint: str = "") -> MlenvError:
        """Return (not raise) the error that says what is wrong here."""
        where = f"{self.file}: {self.path}" if self.path else self.file
        return MlenvError(code or self.code, message, where=where, hint=hint or self.hint)

    def get(self, table: Table, key: str, kind: type[_T]) -> _T | None:
        """Return the value of a key, ``None`` where it is absent; another type is an error."""
        found = table.get(key)
        if found is None:
            return None
        # In Python True is an integer; in TOML and JSON it is not.
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            raise self.at(key).error(f"{_word(kind)} is expected here, not {_word(type(found))}.")
        return found

    def need(self, table: Table, key: str, kind: type[_T]) -> _T:
        """Return the value of a key that must be there."""
        found = self.get(table, key, kind)
        if found is None:
            raise self.error(f"{key!r} is missing here.")
        return found

    def table(self, table: Table, key: str) -> Table:
        """Return a table, empty where it is absent."""
        return self.get(table, key, dict) or {}

    def items(self, table: Table, key: str, kind: type[_T]) -> tuple[_T, ...]:
        """Return a list whose items all have one type, empty where it is absent."""
        found: Sequence[Any] = self.get(table, key, list) or ()
        for index, item in enumerate(found):
            if not isinstance(item, kind):
                raise self.item(key, index).error(f"{_word(kind)} is expected here, not {_word(type(item))}.")
        return tuple(found)

    def texts(self, table: Table, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty where it is absent."""
        return self.items(table, key, str)

    def requirement(self, text: str) -> Requirement:
        """Parse a requirement (PEP 508); what is none is an error."""
        # Loaded here: a check with a cached selection reads settings, and no requirement.
        from packaging.requirements import InvalidRequirement

        from mlenv.requirement_text import parse_requirement

        try:
            return parse_requirement(text)
        except InvalidRequirement as problem:
            raise self.error(f"{text!r} is not a requirement: {str(problem).splitlines()[0]}.") from None

    def pythons(self, table: Table, key: str) -> str:
        """Return a range of Python versions, empty where it is absent."""
        from packaging.specifiers import InvalidSpecifier

        from mlenv.requirement_text import parse_specifiers

        text = self.get(table, key, str) or ""
        try:
            parse_specifiers(text)
        except InvalidSpecifier:
            raise self.at(key).error(f"{text!r} is not a range of Python versions.") from None
        return text

    def tables(self, table: Table, key: str) -> tuple[tuple[Table, Place], ...]:
        """Return a list of tables, each with its own place."""
        return tuple((item, self.item(key, index)) for index, item in enumerate(self.items(table, key, dict)))


def parse_toml(text: str, place: Place) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        MlenvError: ``place.code`` with the line, for merge-conflict markers and broken syntax; ``lock-truncated``
            where a lock ends in the middle of something; ``file-too-large`` for what no lock holds.
    """
    check_toml(text, place)
    try:
        return toml.loads(text)
    except RecursionError:
        raise place.error("The file is nested too deep to be read.") from None
    except ValueError as problem:  # also of a number with thousands of digits
        line = conflict_line(text)
        if line is not None:
            raise place.at(f"line {line}").error("The file holds merge-conflict markers.") from None
        raise wrong_format(text, "TOML", place) or _syntax_error(str(problem), place) from None


def conflict_line(text: str) -> int | None:
    """Return the line of the first merge-conflict marker, ``None`` where there is none."""
    match = _CONFLICT.search(text)
    return None if match is None else text.count("\n", 0, match.start()) + 1


def wrong_format(text: str, expected: str, place: Place) -> MlenvError | None:
    """Return the error of a file that is not what its name says; ``None`` where its head does not tell."""
    found = mistaken(text, expected)
    if found is None and expected == "TOML" and ini_instead_of_toml(text):
        found = Mistaken(what="INI, as setup.cfg is", hint="Write the values as TOML does: texts in quotes.", line=1)
    if found is None:
        return None
    name = place.file.replace("\\", "/").rpartition("/")[2]
    spot = place.at(f"line {found.line}")
    # A lock is made anew, whatever lies in its place, unless its file can be fetched.
    hint = place.hint if place.code.startswith("lock-") and "LFS" not in found.what else found.hint
    return spot.error(f"{name} is not what its name says: it is {found.what}.", hint=hint)


def _syntax_error(problem: str, place: Place) -> MlenvError:
    if "at end of document" in problem:
        code = "lock-truncated" if place.code.startswith("lock-") else place.code
        return place.at("end of file").error("The file ends in the middle of something: it was cut short.", code=code)
    match = _LINE.search(problem)
    what = _LINE.sub("", problem).strip()
    spot = place.at(f"line {match[1]}, column {match[2]}") if match else place
    return spot.error(f"The file is not valid TOML: {what}.")


def _word(kind: type) -> str:
    return _TOML_WORDS.get(kind, f"a {kind.__name__}")
