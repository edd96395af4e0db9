"""Dockerfiles as values: instructions, flags, and what ``.dockerignore`` leaves out. Only what is needed; else an error."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Instruction", "expand", "leaves_out", "parse"]

KNOWN = frozenset(
    {"FROM", "RUN", "COPY", "ENV", "WORKDIR", "USER", "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "ARG"}
)
_HEREDOC = re.compile(r"<<-?([\"']?)(\w+)\1$")


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    flags: tuple[tuple[str, str], ...]
    rest: str

    def flag(self, name: str) -> str:
        """Return the value of a flag; empty without it."""
        return next((text for known, text in self.flags if known == name), "")

    @property
    def words(self) -> list[str]:
        """What follows, as JSON or as plain words."""
        return list(map(str, json.loads(self.rest))) if self.rest.startswith("[") else self.rest.split()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The ``NAME=text`` pairs of ENV, ARG and LABEL."""
        found = [word.partition("=") for word in shlex.split(self.rest)]
        return [(name, text) for name, _, text in found]


def parse(text: str) -> list[Instruction]:
    """Return the instructions.

    Raises:
        ValueError: for one that is not known here.
    """
    return [_instruction(line) for line in _logical(text.splitlines())]


def _logical(lines: Sequence[str]) -> Iterator[str]:
    rest = iter(lines)
    held = ""
    for line in rest:
        if line.lstrip().startswith("#") or not line.strip():
            continue
        if line.endswith("\\"):
            held += line[:-1]
            continue
        whole, held = held + line, ""
        heredoc = _HEREDOC.search(whole)
        if heredoc:
            body = []
            for more in rest:
                if more.strip() == heredoc[2]:
                    break
                body.append(more)
            whole = whole[: heredoc.start()] + "\n".join(body)
        yield whole
    if held:
        raise ValueError(f"ends within an instruction: {held}")


def _instruction(line: str) -> Instruction:
    name, _, rest = line.strip().partition(" ")
    if name not in KNOWN:
        raise ValueError(f"no instruction: {line}")
    flags = []
    rest = rest.strip()
    while name in {"RUN", "COPY", "FROM"} and rest.startswith("--"):
        word, _, rest = rest.partition(" ")
        flag, _, text = word[2:].partition("=")
        flags.append((flag, text))
        rest = rest.strip()
    return Instruction(name=name, flags=tuple(flags), rest=rest)


def expand(text: str, env: Mapping[str, str]) -> str:
    """Return the text with ``$NAME`` and ``${NAME}`` replaced."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: env.get(found[1] or found[2], ""), text)


def leaves_out(path: str, lines: Iterable[str]) -> bool:
    """Whether ``.dockerignore`` keeps a file out of the image: the last line that matches it or a folder of it counts.

    Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    out = False
    parts = path.split("/")
    places = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        keep = text.startswith("!")
        pattern = _pattern(text.removeprefix("!").strip("/"))
        if any(pattern.fullmatch(place) for place in places):
            out = not keep
    return out


def _pattern(text: str) -> re.Pattern[str]:
    made = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", text):
        made += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    return re.compile(made)
