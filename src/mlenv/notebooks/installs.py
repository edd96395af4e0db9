"""What the install lines of a notebook ask for: ``!pip install``, ``%pip``, ``%uv``, ``%conda``. Nothing is run.

Sources: pip 26.3 (``pip install --help``), uv 0.13 (``uv pip install --help``, ``uv add --help``), conda.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.notebooks.cells import commands
from mlenv.notebooks.shell_words import ShellCommand, Word, split_commands

__all__ = ["Install", "after_prefix", "installs_of", "parse_installs"]

_PIP = re.compile(r"(?:.*/)?pip[\d.]*")
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_BEFORE = frozenset({"sudo", "time", "nohup", "exec", "command"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_LONGEST, _MOST = 50_000, 1_000
"""Characters of one line, number of lines."""
_LOOKS_LIKE_VERSION = re.compile(r"[<>]=?\s*\d[\w.*!+,<>=]*$")
# fmt: off
_WITH_VALUE = frozenset({
    "--abi", "--branch", "--build-option", "-b", "--cache-dir", "--cert", "--client-cert", "--color", "--config-file",
    "--config-settings", "-C", "--config-setting", "--default-index", "--directory", "--dist", "--exclude-newer",
    "--exists-action", "--extra", "--extra-index-url", "-f", "--find-links", "--fork-strategy", "--global-option",
    "--group", "--hash", "-i", "--implementation", "--index", "--index-strategy", "--index-url", "--keyring-provider",
    "--link-mode", "--log", "--marker", "-m", "--no-binary", "--only-binary", "--only-group", "--optional",
    "--override", "--overrides", "--package", "--platform", "--prefix", "--prerelease", "--progress-bar", "--project",
    "--proxy", "--python", "-p", "--python-platform", "--python-version", "--report", "--resolution", "--retries",
    "--rev", "--root", "--src", "--tag", "-t", "--target", "--timeout", "--torch-backend", "--trusted-host",
    "--upgrade-strategy", "--use-deprecated", "--use-feature", "-P", "--upgrade-package", "--reinstall-package",
    "--refresh-package", "--allow-insecure-host", "--build-constraint", "--build-constraints", "--excludes",
    "--bounds", "--script", "-c", "--channel", "-n", "--name", "--constraint", "--constraints", "-r", "--requirement",
    "--requirements", "--file", "-e", "--editable", "--with", "--with-editable",
})
_INDEX = frozenset({
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--default-index", "--index", "--no-index",
})
# fmt: on
_ELSEWHERE = frozenset({"-t", "--target", "--prefix", "--root", "-n", "--name", "--script", "--user"})
"""Options that send packages somewhere else than into the kernel's environment."""
_FILES = {"-r": "files", "--requirement": "files", "--requirements": "files", "--file": "files"}
_LIMITS = ("-c", "--constraint", "--constraints")


@value
class Install:
    """One install command."""

    cell: int
    """Number of the code cell, from 1."""
    line: int
    tool: str
    """``pip``, ``uv`` or ``conda``."""
    rows: tuple[str, ...] = ()
    """Requirements, addresses and paths as written."""
    editable: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """What ``-r`` names, relative to the notebook's folder."""
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """Options that say where packages come from, as a requirements file writes them."""
    unclear: tuple[str, ...] = ()
    """Words that are only known when the line runs: ``{name}``, ``$NAME``."""
    redirected: tuple[str, ...] = ()
    """Versions that the shell takes for a file: ``<2`` of an unquoted ``numpy<2``."""
    elsewhere: str = ""
    """The option that sends the packages elsewhere (``--target``); empty where it is the kernel's environment."""


def parse_installs(cells: Sequence[str], where: str) -> tuple[Install, ...]:
    """Return the install commands of a notebook's code cells, in order.

    Raises:
        MlenvError: ``file-too-large`` for more of them, or a longer one, than any person writes.
    """
    found: list[Install] = []
    for number, cell in enumerate(cells, start=1):
        if not re.search(r"\b(?:install|add)\b", cell):  # most cells: nothing is split
            continue
        for said in commands(cell):
            if len(said.text) > _LONGEST or len(found) > _MOST:
                raise _too_large(f"{where}: cell {number}, line {said.line}")
            for command in split_commands(said.text):
                found += installs_of(command, number, said.line)
    return tuple(found)


def _too_large(where: str) -> MlenvError:
    message = f"The notebook has more than {_MOST} install lines, or one of more than {_LONGEST} characters."
    return MlenvError("file-too-large", message, where=where, hint="Is this the right file?")


def installs_of(command: ShellCommand, cell: int, line: int) -> Iterator[Install]:
    """Yield what one command of the shell installs: nothing for any other command."""
    tool, words = _tool(list(command.words))
    if not tool:
        return
    rows, taken = _sorted(words, tool)
    asked = tuple(word.text for word in rows if not word.open)
    options = tuple(f"{name} {word.text}".strip() for name, word in taken if name in _INDEX and not word.open)
    yield Install(
        cell=cell,
        line=line,
        tool=tool,
        rows=asked,
        editable=_texts(taken, ("-e", "--editable")),
        files=_texts(taken, tuple(_FILES)),
        constraints=_texts(taken, _LIMITS) if tool != "conda" else (),
        options=options if tool != "conda" else (),
        unclear=(*(word.text for word in rows if word.open), *(word.text for _, word in taken if word.open)),
        redirected=tuple(text for text in command.redirected if _LOOKS_LIKE_VERSION.match(text)),
        elsewhere=next((name for name, _ in taken if name in _ELSEWHERE), ""),
    )


def _texts(taken: Sequence[tuple[str, Word]], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.text for name, word in taken if name in names and not word.open)


def _tool(words: list[Word]) -> tuple[str, list[Word]]:
    """Return who installs, and the words behind ``install`` or ``add``; nobody for any other command."""
    words = after_prefix(words)
    said = [word.text for word in words]
    if len(said) > 2 and _PYTHON.fullmatch(said[0]) and "-m" in said[1:-1]:
        at = said.index("-m")
        words, said = words[at + 1 :], said[at + 1 :]
    if not said:
        return "", []
    if _PIP.fullmatch(said[0]):
        return _behind(words[1:], "pip", ("install",))
    if said[0] == "uv" and "pip" in said[1:3]:
        return _behind(words[said.index("pip") + 1 :], "uv", ("install",))
    if said[0] == "uv":
        return _behind(words[1:], "uv", ("add",))
    return _behind(words[1:], "conda", ("install",)) if said[0] in _CONDA else ("", [])


def after_prefix(words: Sequence[Word]) -> list[Word]:
    """Return the words of a command from its program on: ``NAME=1 sudo pip`` is ``pip``."""
    at = 0
    while at < len(words) and (words[at].text in _BEFORE or _ASSIGNMENT.match(words[at].text)):
        at += 1
    return list(words[at:])


def _behind(words: list[Word], tool: str, verbs: Sequence[str]) -> tuple[str, list[Word]]:
    """Return the words behind the verb; options may stand before it."""
    at = 0
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in _WITH_VALUE else 1
    if at < len(words) and words[at].text in verbs:
        return tool, [*words[:at], *words[at + 1 :]]
    return "", []


def _sorted(words: Sequence[Word], tool: str) -> tuple[list[Word], list[tuple[str, Word]]]:
    """Tell requirements from options and their values."""
    rows, taken = list[Word](), list[tuple[str, Word]]()
    waiting = ""
    for word in words:
        name, equals, rest = word.text.partition("=")
        if waiting:
            taken.append((waiting, word))
            waiting = ""
        elif not word.text.startswith("-"):
            rows.append(word)
        elif name.startswith("--") and equals:
            taken.append((name, Word(text=rest, open=word.open)))
        elif word.text in _WITH_VALUE and not (tool != "uv" and word.text == "-m"):
            waiting = word.text
        elif word.text[:2] in ("-r", "-c", "-e", "-i", "-f") and len(word.text) > 2 and not word.text.startswith("--"):
            taken.append((word.text[:2], Word(text=word.text[2:], open=word.open)))
        else:
            taken.append((word.text, Word(text="")))
    return rows, taken
