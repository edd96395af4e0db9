"""Why a compiled list holds a row: the ``# via`` comments of pip-compile and ``uv pip compile``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlenv.versions import normalise

__all__ = ["gone_rows", "parse_reasons"]

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:==|@)")
_VIA = re.compile(r"(?:^|\s)#\s+via\b\s*(.*)$")
_MORE = re.compile(r"\s+#\s{2,}(\S.*)$")


def parse_reasons(text: str) -> dict[str, tuple[str, ...]]:
    """Return name -> what asked for it, as written: ``-r requirements.in``, ``demo (pyproject.toml)``, ``flask``.

    Names without such a comment are left out. Source: output of pip-tools 7 (both annotation styles) and uv 0.13.
    Cost: some microseconds a line.
    """
    found: dict[str, tuple[str, ...]] = {}
    name, open_list = "", False
    for line in text.splitlines():
        match = _NAME.match(line)
        if match:
            name, open_list = normalise(match[1]), False
        via, more = _VIA.search(line), _MORE.match(line)
        if name and via:
            found[name] = tuple(part.strip() for part in via[1].split(",") if part.strip())
            open_list = not via[1].strip()
        elif name and open_list and more:
            found[name] = (*found[name], more[1].strip())
    return {name: reasons for name, reasons in found.items() if reasons}


def gone_rows(reasons: Mapping[str, tuple[str, ...]], manifest: str, asked: frozenset[str]) -> Iterator[str]:
    """Yield the names that are locked for the manifest alone, and that it does not ask for any more.

    Args:
        reasons: from :func:`parse_reasons`.
        manifest: its file name.
        asked: normalised names that the manifest asks for now, on any platform.
    """
    for name, said in sorted(reasons.items()):
        own = (reason == f"-r {manifest}" or reason.endswith(f" ({manifest})") for reason in said)
        if name not in asked and all(own):
            yield name
