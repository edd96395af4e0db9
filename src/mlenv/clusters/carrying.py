"""What the plugin carries: for each interpreter that a worker may have, its pins and the lines that install them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from mlenv.errors import MlenvError
from mlenv.model import Selection, value
from mlenv.selection_text import selection_text

__all__ = ["Carried", "given_text", "index_lines"]


@value
class Carried:
    """One interpreter's part."""

    target: str
    """``3.12/linux-x86_64``."""
    selection: Selection
    """From :func:`mlenv.clusters.judging.for_cluster`."""
    lines: tuple[str, ...]
    """Of a requirements file, options of indexes included."""
    hashed: bool


def given_text(rows: Iterable[Carried], version: str, lock: str) -> str:
    """Return it as JSON, what several interpreters share written once. No path of this machine is in it.

    Args:
        rows: one for each interpreter.
        version: of mlenv.
        lock: the lock's name, for messages.
    """
    known: dict[str, int] = {}
    targets: dict[str, int] = {}
    for row in rows:
        bare = replace(row.selection, root=".", name="", environment=None, inputs=(), declared=(), findings=())
        plain = replace(bare, python="", reason="")
        text = json.dumps({"selection": selection_text(plain, version), "lines": list(row.lines), "hashed": row.hashed})
        targets[row.target] = known.setdefault(text, len(known))
    return json.dumps(
        {"mlenv": version, "lock": lock, "targets": targets, "rows": [json.loads(text) for text in known]}
    )


def index_lines(settings: Mapping[str, object]) -> tuple[str, ...]:
    """Return the options that name the indexes of ``[tool.uv]``, for a machine that has no such file.

    Raises:
        MlenvError: ``index-secret`` where an address carries credentials: every worker would be told.
    """
    lines = []
    listed = settings.get("index")
    rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
    for row in rows:
        url = str(row.get("url", ""))
        refuse_secret(url)
        lines.append(f"--{'' if row.get('default') is True else 'extra-'}index-url {url}")
    for key in ("index-url", "default-index"):
        if isinstance(settings.get(key), str):
            refuse_secret(str(settings[key]))
            lines.append(f"--index-url {settings[key]}")
    extra = settings.get("extra-index-url")
    for url in extra if isinstance(extra, list) else ():
        refuse_secret(str(url))
        lines.append(f"--extra-index-url {url}")
    return tuple(dict.fromkeys(line for line in lines if "://" in line))


def refuse_secret(text: str) -> None:
    """Refuse an option or an address that carries credentials.

    Raises:
        MlenvError: ``index-secret``.
    """
    for word in text.replace("=", " ").split():
        if "://" in word and "@" in urlsplit(word).netloc:
            raise MlenvError(
                "index-secret",
                "an index's address carries credentials, which every worker would be told",
                hint="take them out; on the workers: ~/.netrc, or UV_INDEX_<NAME>_PASSWORD",
            )
