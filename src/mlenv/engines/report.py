"""Turn pip's installation report into a ``pylock.toml``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.utils import canonicalize_name

from mlenv.errors import MlenvError

__all__ = ["pylock_from_report"]


def pylock_from_report(text: str) -> str:
    """Return the ``pylock.toml`` (PEP 751) that pip's report (``--report -``, version 1) stands for.

    Lines that pip printed before and after the report are passed over.
    It holds for the Python and the platform that pip resolved for, and says so (``environments``).

    Raises:
        MlenvError: ``engine-answer`` where the text is not such a report.
    """
    try:
        report = _report_in(text)
        rows = sorted(report["install"], key=lambda row: canonicalize_name(row["metadata"]["name"]))
        head = _head(report["environment"])
        packages = ["\n".join(_package(row)) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _refuse(f"{type(error).__name__}: {error}")
    return "\n\n".join([head, *packages] if packages else [f"{head}\npackages = []"]) + "\n"  # PEP 751 requires it


def _report_in(text: str) -> Any:
    start = re.search(r"^\{", text, re.MULTILINE)
    return json.JSONDecoder().raw_decode(text, start.start())[0] if start else json.loads(text)


def _head(environment: Mapping[str, str]) -> str:
    python = environment["python_version"]
    markers = ("implementation_name", "sys_platform", "platform_machine")
    here = " and ".join(f"{name} == '{environment[name]}'" for name in markers)
    lines = [
        'lock-version = "1.0"',
        f"environments = [{_text(here)}]",
        f"requires-python = {_text(f'=={python}.*')}",
        'created-by = "pip"',
    ]
    return "\n".join(lines)


def _package(row: Mapping[str, Any]) -> Iterator[str]:
    metadata = row["metadata"]
    yield "[[packages]]"
    yield f"name = {_text(canonicalize_name(metadata['name']))}"
    download = row["download_info"]
    if "dir_info" not in download:  # PEP 751: the version of a folder's code may change
        yield f"version = {_text(metadata['version'])}"
    if metadata.get("requires_python"):
        yield f"requires-python = {_text(metadata['requires_python'])}"
    yield _origin(download, direct=row["is_direct"])


def _origin(download: Mapping[str, Any], direct: bool) -> str:
    url = _without_userinfo(download["url"])
    if "vcs_info" in download:
        vcs = download["vcs_info"]
        entries = {"type": vcs["vcs"], "url": url, "requested-revision": vcs.get("requested_revision")}
        return f"vcs = {_table({**entries, 'commit-id': vcs['commit_id'], **_subdirectory(download)})}"
    if "dir_info" in download:
        path = unquote(urlsplit(url).path)
        editable = ", editable = true" if download["dir_info"].get("editable") else ""
        return f"directory = {{ path = {_text(path)}{editable} }}"
    hashes = _table(_hashes(download["archive_info"]))
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    if direct:
        return f"archive = {{ url = {_text(url)}, hashes = {hashes} }}"
    file = f"{{ name = {_text(name)}, url = {_text(url)}, hashes = {hashes} }}"
    return f"wheels = [{file}]" if name.endswith(".whl") else f"sdist = {file}"


def _hashes(archive: Mapping[str, Any]) -> dict[str, str]:
    if archive.get("hashes"):
        return dict(archive["hashes"])
    kind, _, digest = archive["hash"].partition("=")
    return {kind: digest}


def _subdirectory(download: Mapping[str, Any]) -> dict[str, str]:
    return {"subdirectory": download["subdirectory"]} if "subdirectory" in download else {}


def _without_userinfo(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at or (parts.scheme.endswith("ssh") and ":" not in user):
        return url
    return urlunsplit(parts._replace(netloc=host))


def _table(entries: Mapping[str, str | None]) -> str:
    return "{ " + ", ".join(f"{key} = {_text(text)}" for key, text in entries.items() if text is not None) + " }"


def _text(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are a subset of TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _refuse(reason: str) -> NoReturn:
    raise MlenvError("engine-answer", "pip's report cannot be read.", details=reason)
