"""What a report says, before it is text or HTML: one head line, rows, notes, what to type.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import re
from typing import List, Optional, Sequence, Tuple

from mlenv.drift import FREEZES, verdict_of
from mlenv.model import Finding, Report, value
from mlenv.render.private import mask_secrets, shorten

__all__ = ["NONE", "Row", "Story", "Voice", "columns", "tell"]

NONE = "-"
"""What a table shows where there is no version: not a blank, which could be a value lost."""

_COMMAND = re.compile(r"(?<![%\w./-])mlenv (?=[a-z])")
_PLAIN_KINDS = frozenset({"missing", "different", "extra"})
_ALSO = {
    "broken": ("create", "rebuilds the environment from the lock; the kernel stays"),
    "no-env": ("create", "makes the environment"),
    "switch": ("switch", "moves this notebook into the project's environment"),
    "relock": ("sync", "or mlenv lock to write the lock only"),
    "sync": ("sync", "or mlenv freeze to accept what is installed"),
    "restart": ("restart", "variables in memory are lost"),
    "unlocked": ("lock", "or mlenv freeze to lock what is installed"),
}


@value
class Voice:
    """How to speak: to whom, and from where."""

    root: str = ""
    """The project folder; paths are shown relative to it."""
    home: str = ""
    magic: bool = False
    """Whether commands are typed in a notebook (``%mlenv sync``)."""

    def say(self, text: str) -> str:
        """Return the text as it may be shown: secrets masked, paths short, commands as they are typed here."""
        text = shorten(mask_secrets(text), self.root, self.home)
        return _COMMAND.sub("%mlenv ", text) if self.magic else text


@value
class Row:
    """One package that is not in step."""

    package: str
    declared: Optional[str]
    locked: Optional[str]
    installed: Optional[str]
    loaded: Optional[str]
    what: str
    """The kind, and the reason where the versions do not say it all."""


@value
class Story:
    verdict: str
    head: str
    rows: Tuple[Row, ...]
    files: Tuple[str, ...]
    """Files that are not as installed, each with its package and what is wrong."""
    lines: Tuple[str, ...]
    """What concerns no single package."""
    notes: Tuple[str, ...]
    """Worth knowing, and no reason to act."""
    command: str
    """What to type, empty where there is nothing to do."""
    also: str
    """What stands in brackets behind the command."""


def tell(report: Report, voice: Voice) -> Story:
    """Return all that a face shows of a report, every text ready to be shown."""
    acting = [finding for finding in report.findings if verdict_of(finding.kind) != "in-step"]
    notes = [finding for finding in report.findings if verdict_of(finding.kind) == "in-step"]
    head = _head(report, acting)
    lines = [f"{finding.kind}: {finding.reason}" for finding in acting if finding.package is None]
    return Story(
        verdict=report.verdict,
        head=voice.say(f"{report.verdict}: {head}"),
        rows=tuple(_row(finding, voice) for finding in acting if finding.package is not None),
        files=tuple(voice.say(f"{each.package}: {file}") for each in acting for file in each.files),
        # What the head line says already is not said twice.
        lines=tuple(voice.say(line) for line in lines if line.partition(": ")[2] != head),
        notes=tuple(voice.say(finding.reason) for finding in notes),
        command=voice.say(report.next.command),
        also=voice.say(_also(report)),
    )


def _also(report: Report) -> str:
    if report.next.action == "none" and report.next.command:
        return f"mlenv compares {report.lock_path}, and does not install it"
    if report.verdict == "sync" and report.lock_kind not in FREEZES:
        return f"installs what {report.lock_path} says"
    action, text = _ALSO.get(report.verdict, ("", ""))
    return text if report.next.action == action else ""


def _row(finding: Finding, voice: Voice) -> Row:
    def shown(text: Optional[str]) -> Optional[str]:
        return None if text is None else voice.say(text)

    plain = finding.kind in _PLAIN_KINDS and "; " not in finding.reason
    return Row(
        package=finding.package or "",
        declared=shown(finding.declared),
        locked=shown(finding.locked),
        installed=shown(finding.installed),
        loaded=shown(finding.loaded),
        what=finding.kind if plain else f"{finding.kind}: {voice.say(finding.reason)}",
    )


def _head(report: Report, acting: Sequence[Finding]) -> str:
    """Return the rest of the first line, behind the verdict."""
    lock = report.lock_path or "the lock"
    worst = [finding for finding in acting if verdict_of(finding.kind) == report.verdict]
    alone = worst[0].reason if worst else ""
    if report.verdict == "in-step":
        measured = "loaded and installed" if report.loaded_measured else "installed"
        return f"{_count(report.counts.locked, 'package')} of {lock}, {measured} as locked"
    if report.verdict == "relock":
        manifest = report.project.manifest if report.project else None
        places = "" if len(worst) < 2 else f" in {len(worst)} places"
        return f"{manifest or 'the manifest'} and {lock} disagree{places}"
    packages = sum(finding.package is not None for finding in worst)
    if report.verdict == "sync" and packages:
        return f"{_count(packages, 'package')} {'differs' if packages == 1 else 'differ'} from {lock}"
    if report.verdict == "restart" and packages:
        return f"{_count(packages, 'loaded package')} {'is' if packages == 1 else 'are'} not what is installed"
    if report.verdict == "broken" and packages == len(worst) > 0:
        if all(finding.reason.startswith("Built for ") for finding in worst):
            return f"{_count(packages, 'package')} {'was' if packages == 1 else 'were'} built for another machine"
        return f"the files of {_count(packages, 'package')} are not all there"
    return alone or "not measured"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def columns(rows: Sequence[Row]) -> List[Tuple[str, List[Optional[str]]]]:
    """Return the table's columns between package and reason; one that no row fills is left out, except two."""
    every: List[Tuple[str, List[Optional[str]]]] = [
        ("declared", [row.declared for row in rows]),
        ("locked", [row.locked for row in rows]),
        ("installed", [row.installed for row in rows]),
        ("loaded", [row.loaded for row in rows]),
    ]
    return [(name, content) for name, content in every if name in {"locked", "installed"} or any(content)]
