"""Commands for :mod:`mlenv.conda_program` (py-rattler), and what it answers.

py-rattler acts by itself and may abort the interpreter that it ends in, so it runs as a program of ours: one JSON
request on its standard input, one JSON answer in a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from mlenv.engines.failure import Failure, masked
from mlenv.engines.places import absolute
from mlenv.model import Command, value

__all__ = ["HINT", "Channels", "Conda", "LockedRows", "Row", "explain", "install", "read_rows", "solve", "supported"]

HINT = "pip install 'mlenv[conda]'"
_WORK_S = 3600.0
_MOST_LINES = 5
_SERIES = (0, 28)
# Nothing listens there: what is not cached fails at once instead of going to the network.
_NOWHERE = "http://127.0.0.1:9"
_OFFLINE: Mapping[str, str | None] = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), _NOWHERE),
    "NO_PROXY": None,
    "no_proxy": None,
}


@value
class Conda:
    """The program to drive."""

    python: str
    """The interpreter that has py-rattler: mlenv's own."""
    program: str
    """Path of ``conda_program.py``."""
    answer: str
    """The file that the answer goes into."""
    root: str
    """The folder that channels are relative to."""
    offline: bool = False
    overrides: Mapping[str, str] = field(default_factory=dict)
    """``CONDA_OVERRIDE_CUDA`` and its kin: what the user says of the machine."""


@value
class Channels:
    """Where packages come from."""

    names: tuple[str, ...]
    """Without credentials, the first one first."""
    alias: str = ""
    """What stands before a bare name; rattler's own where empty."""
    secrets: tuple[tuple[str, str, str], ...] = ()
    """(address without credentials, address to fetch from, ``user:password``): handed over by standard input only."""


@value
class LockedRows:
    """A lock as the program reads it."""

    kind: str
    """``conda-lock``, ``pixi`` or ``conda`` (an explicit list)."""
    path: str = ""
    names: tuple[str, ...] | None = None
    """Packages of conda to take; all of them where ``None``."""
    environment: str = ""
    """Of a ``pixi.lock``; empty for the default one."""
    rows: tuple[Row, ...] = ()
    """Of an explicit list."""


@value
class Row:
    """One package of conda."""

    name: str
    version: str
    build: str
    url: str
    md5: str = ""
    sha256: str = ""
    depends: tuple[str, ...] = ()


def supported(version: str) -> bool:
    """Say whether a version of py-rattler is of the series that mlenv was tried with."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) == _SERIES


def solve(
    conda: Conda,
    channels: Channels,
    specs: Sequence[str],
    platform: str,
    *,
    kept: LockedRows | None = None,
    upgrade: Sequence[str] = (),
) -> Command:
    """Ask which packages fulfil specifications; :func:`read_rows` reads the answer.

    Args:
        conda: the program.
        channels: where packages come from.
        specs: match specifications.
        platform: ``linux-64``.
        kept: a lock whose packages stay where they still fit.
        upgrade: names that may move although the lock holds them.
    """
    request: dict[str, Any] = {"specs": list(specs), "platform": platform, "upgrade": list(upgrade)}
    if kept is not None:
        request["lock"] = _lock(kept)
    return _command(conda, "solve", channels, request)


def install(
    conda: Conda, channels: Channels, lock: LockedRows, prefix: str, platform: str, *, specs: Sequence[str] = (),
    mend: bool = False,
) -> Command:  # fmt: skip
    """Put exactly the packages of a lock into an environment at its final place.

    Args:
        conda: the program.
        channels: for their credentials.
        lock: what to install.
        prefix: the environment's folder.
        platform: ``linux-64``.
        specs: what was asked for: noted in conda's records.
        mend: hold the shared cache against its own records first, and fetch afresh what was changed there.
    """
    place = str(absolute(prefix))
    request = {"prefix": place, "platform": platform, "specs": list(specs), "lock": _lock(lock), "mend": mend}
    return _command(conda, "install", channels, request)


def _lock(lock: LockedRows) -> dict[str, Any]:
    rows = [
        {"name": row.name, "version": row.version, "build": row.build, "url": row.url, "md5": row.md5,
         "sha256": row.sha256}
        for row in lock.rows
    ]  # fmt: skip
    names = None if lock.names is None else list(lock.names)
    return {"kind": lock.kind, "path": lock.path, "names": names, "environment": lock.environment, "rows": rows}


def _command(conda: Conda, verb: str, channels: Channels, request: dict[str, Any]) -> Command:
    whole = {
        **request,
        "do": verb,
        "answer": conda.answer,
        "root": conda.root,
        "offline": conda.offline,
        "channels": list(channels.names),
        "alias": channels.alias,
        "secrets": [{"address": each[0], "fetch": each[1], "user": each[2]} for each in channels.secrets],
    }
    environment: dict[str, str | None] = {**conda.overrides, **(_OFFLINE if conda.offline else {})}
    argv = (conda.python, "-P", conda.program)
    return Command(argv=argv, stdin=json.dumps(whole), env=environment, timeout_s=_WORK_S)


def read_rows(answer: str) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the packages and the addresses of the channels of an answer."""
    told = json.loads(answer)
    rows = tuple(
        Row(
            name=row["name"],
            version=row["version"],
            build=row["build"],
            url=row["url"],
            md5=row["md5"],
            sha256=row["sha256"],
            depends=tuple(row["depends"]),
        )
        for row in told.get("rows", ())
    )
    return rows, tuple(told.get("channels", ()))


def explain(answer: str, *, offline: bool = False) -> Failure | None:
    """Return what a refusal means; ``None`` where the answer holds none that is known."""
    try:
        told = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(told, dict) or "error" not in told:
        return None
    kind, text = str(told["error"]), masked(str(told.get("message", ""))).strip()
    if kind in ("ModuleNotFoundError", "ImportError"):
        return Failure(code="engine-missing", message="py-rattler is not installed beside mlenv.", hint=HINT)
    if kind == "SolverError":
        return _unsolvable(text)
    if kind in ("InvalidMatchSpecError", "InvalidVersionSpecError"):
        return Failure(
            code="requirement-invalid",
            message=f"conda does not understand a row: {text.splitlines()[0]}.",
            hint="write it like: numpy, numpy=1.26 or 'numpy >=1.26,<2'",
        )
    return _fetching(text, offline=offline) or _damaged(text)


def _unsolvable(text: str) -> Failure:
    text = text.replace(" *\n", "\n").replace(" * cannot", " cannot")
    lines = [line.rstrip() for line in text.removeprefix("Cannot solve the request because of: ").splitlines()]
    missing = re.match(r"No candidates were found for (\S+)", lines[0])
    if missing is not None:
        name = missing[1]
        otherwise = f"; from the package index: mlenv add --pip {name}" if name != "python" else ""
        return Failure(
            code="package-missing",
            message=f"None of the channels has {lines[0].partition(' for ')[2].rstrip('.').removesuffix(' *')} "
            "for this platform.",
            package=name,
            hint=f"check the spelling, the version and the channels{otherwise}",
        )
    shown = lines[:_MOST_LINES]
    more = f"\n  (and {len(lines) - _MOST_LINES} more lines)" if len(lines) > _MOST_LINES else ""
    return Failure(
        code="conflict",
        message="The requirements cannot be met together: " + "\n  ".join(shown) + more,
        hint="loosen one of these rows; CONDA_OVERRIDE_CUDA=12.4 says what a machine without a GPU shall be taken for"
        if "__cuda" in text
        else "loosen one of these rows",
    )


def _fetching(text: str, *, offline: bool) -> Failure | None:
    channel = re.search(r"could not find subdir '([^']+)' in channel '([^']+)'", text)
    address = re.search(r"(?:url \(|for url )\(?((?:https?|file)://[^)\s]+)", text)
    if channel is not None:
        return Failure(
            code="channel-unknown",
            message=f"There is no channel at {channel[2]} (no {channel[1]} packages in it).",
            hint="check the names below 'channels:' in environment.yml and in ~/.condarc",
        )
    place = f" of {address[1].rsplit('/', 2)[0]}" if address else ""
    if re.search(r"\b40[13]\b", text):
        return Failure(
            code="index-credentials",
            message=f"The channel{place} refuses access.",
            hint="put its token into ~/.condarc, or user and password into ~/.netrc",
        )
    if offline and re.search(r"cache|error sending request|Connect|connection", text, re.IGNORECASE):
        return Failure(
            code="offline-not-cached",
            message=f"What is wanted{place} is not in the cache, and --offline was said.",
            hint="run the same command without --offline once",
        )
    if re.search(r"error sending request|dns error|[Cc]onnect|timed? ?out", text):
        host = re.search(r"https?://([^/:)\s]+)", text)
        last = text.splitlines()[-1].removeprefix("Caused by: ")
        return Failure(
            code="index-unreachable",
            message=f"{host[1] if host else 'The channel'} could not be reached: {last}.",
            hint="check the network and the proxy, or try --offline with what is cached",
        )
    return None


def _damaged(text: str) -> Failure | None:
    """A package that is not what the lock says, or that cannot be unpacked."""
    if not re.search(r"hash mismatch|[Hh]ash.*(?:mismatch|differ)|failed to extract|invalid.*archive", text):
        return None
    found = re.search(r"([\w.-]+?)-[^-\s/]+-[^-\s/]+\.(?:conda|tar\.bz2)", text)
    return Failure(
        code="hash-mismatch" if "ash" in text else "file-damaged",
        message=f"The file that came for {found[1] if found else 'a package'} is damaged or another one than locked.",
        package=found[1] if found else None,
        hint="run the same command again; if it stays so, mlenv lock finds it anew",
    )
