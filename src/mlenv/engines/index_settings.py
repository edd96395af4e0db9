"""Where pip and uv look for packages: each tool's own words, and the variables that tell one what the other knows.

uv reads nothing of pip's configuration, and pip nothing of uv's. A machine whose index is named to only one of them
would send the other to the public index. What is passed on goes by variables of the child process: addresses may carry
credentials, which a command line or a file would show.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from mlenv.model import value

__all__ = ["Indexes", "for_pip", "for_uv", "of_pip_file", "of_pip_variables", "of_uv_table", "of_uv_variables"]


@value
class Indexes:
    """What one source says. Addresses may carry credentials: never shown unmasked."""

    default: str = ""
    """The index in place of the public one."""
    extra: tuple[str, ...] = ()
    explicit: tuple[str, ...] = ()
    """Indexes that only packages which name them are taken from (uv)."""
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    certificate: str = ""
    """File of trusted certificates (pip only; uv has variables alone)."""
    client_certificate: str = ""
    proxy: str = ""
    keyring: str = ""
    """``subprocess``, ``import``, ``auto``, ``disabled``."""

    @property
    def decides(self) -> bool:
        """Whether it says what is asked in place of the public index."""
        return bool(self.default) or self.no_index

    def over(self, weaker: Indexes) -> Indexes:
        """Return this with what it leaves open taken from a weaker source, as both tools do key by key."""
        return Indexes(
            default=self.default or weaker.default,
            extra=self.extra or weaker.extra,
            explicit=self.explicit or weaker.explicit,
            find_links=self.find_links or weaker.find_links,
            no_index=self.no_index or weaker.no_index,
            certificate=self.certificate or weaker.certificate,
            client_certificate=self.client_certificate or weaker.client_certificate,
            proxy=self.proxy or weaker.proxy,
            keyring=self.keyring or weaker.keyring,
        )


def of_pip_file(text: str) -> Indexes:
    """Read a ``pip.conf``: ``[global]``, and ``[install]`` over it; a file that pip could not read says nothing.

    Source: pip.pypa.io/en/stable/topics/configuration.
    """
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return Indexes()
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found.update({key.replace("_", "-").lower(): text for key, text in parser.items(section)})
    return _of_pip(found)


def of_pip_variables(environ: Mapping[str, str]) -> Indexes:
    """Read ``PIP_INDEX_URL`` and its kin."""
    names = {name[4:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("PIP_")}
    return _of_pip({name: text for name, text in names.items() if text})


def _of_pip(said: Mapping[str, str]) -> Indexes:
    return Indexes(
        default=said.get("index-url", "").strip(),
        extra=tuple(said.get("extra-index-url", "").split()),
        find_links=tuple(said.get("find-links", "").split()),
        no_index=said.get("no-index", "").strip().lower() in {"1", "y", "yes", "t", "true", "on"},
        certificate=said.get("cert", "").strip(),
        client_certificate=said.get("client-cert", "").strip(),
        proxy=said.get("proxy", "").strip(),
        keyring=said.get("keyring-provider", "").strip(),
    )


def of_uv_variables(environ: Mapping[str, str]) -> Indexes:
    """Read ``UV_DEFAULT_INDEX`` and its kin; names of indexes (``name=address``) count for their credentials."""
    default = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or ""
    extra = [*environ.get("UV_INDEX", "").split(), *environ.get("UV_EXTRA_INDEX_URL", "").split()]
    return Indexes(
        default=_named(default, environ),
        extra=tuple(_named(text, environ) for text in extra),
        find_links=tuple(text for text in environ.get("UV_FIND_LINKS", "").split(",") if text),
        no_index=environ.get("UV_NO_INDEX", "").lower() in {"1", "true", "yes", "on", "y", "t"},
    )


def of_uv_table(text: str, environ: Mapping[str, str], *, pyproject: bool = False) -> Indexes:
    """Read a ``uv.toml``, or ``[tool.uv]`` of a ``pyproject.toml``; what is no TOML says nothing."""
    try:
        table: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return Indexes()
    for key in ("tool", "uv") if pyproject else ():
        table = table.get(key) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return Indexes()
    pip = table.get("pip")
    own = _of_table(table, environ)
    return own.over(_of_table(pip, environ)) if isinstance(pip, dict) else own


def _of_table(table: Mapping[str, Any], environ: Mapping[str, str]) -> Indexes:
    rows = [row for row in _list(table.get("index")) if isinstance(row, dict) and isinstance(row.get("url"), str)]
    named = [(_named(f"{row.get('name', '')}={row['url']}", environ), row) for row in rows]
    old = table.get("index-url")
    plain = (url for url, row in named if not row.get("default") and not row.get("explicit"))
    return Indexes(
        default=next((url for url, row in named if row.get("default")), old if isinstance(old, str) else ""),
        extra=(*plain, *_texts(table.get("extra-index-url"))),
        explicit=tuple(url for url, row in named if row.get("explicit") and not row.get("default")),
        find_links=tuple(_texts(table.get("find-links"))),
        no_index=table.get("no-index") is True,
    )


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _texts(found: Any) -> Iterator[str]:
    yield from (text for text in _list(found) if isinstance(text, str))


def _named(text: str, environ: Mapping[str, str]) -> str:
    """Return the address of ``name=address``, with the credentials that variables have for that name."""
    found = re.match(r"([A-Za-z0-9._-]*)=(?=[a-z+]+:)", text)
    if found is None:
        return text
    address, key = text[found.end() :], re.sub(r"[^A-Z0-9]", "_", found[1].upper())
    user = environ.get(f"UV_INDEX_{key}_USERNAME", "")
    password = environ.get(f"UV_INDEX_{key}_PASSWORD", "")
    parts = urlsplit(address)
    if not key or not (user or password) or "@" in parts.netloc:
        return address
    return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}").geturl()


def for_uv(pip: Indexes, own: Indexes) -> Mapping[str, str | None]:
    """Return the variables that tell uv what only pip's configuration says.

    Where uv's own settings decide, these count alone. Further indexes of pip go along with its default only: uv takes
    a package from the first index that has it, so that an index beside the public one could hold back newer versions.
    """
    if own.decides or not pip.decides:
        return {}
    told = {
        "UV_DEFAULT_INDEX": pip.default,
        "UV_INDEX": "" if own.extra else " ".join(pip.extra),
        "UV_FIND_LINKS": "" if own.find_links else ",".join(text.replace(",", "%2C") for text in pip.find_links),
        "UV_NO_INDEX": "1" if pip.no_index else "",
        "UV_KEYRING_PROVIDER": "subprocess" if pip.keyring == "subprocess" else "",
    }
    return {name: text for name, text in told.items() if text}


def for_pip(own: Indexes, uv: Indexes, *, checked: bool) -> Mapping[str, str | None]:
    """Return the variables that tell pip what only uv's settings say; where pip's own decide, these count alone.

    Args:
        own: pip's own settings.
        uv: uv's.
        checked: whether every file is held against a hash of the lock; indexes that uv takes only certain packages from
            are named to pip then, too, which knows no such rule.
    """
    more = (*uv.extra, *(uv.explicit if checked else ()))
    if own.decides or not (uv.decides or more):
        return {}
    told = {
        "PIP_INDEX_URL": uv.default,
        "PIP_EXTRA_INDEX_URL": " ".join((*own.extra, *more)) if more else "",
        "PIP_FIND_LINKS": " ".join((*own.find_links, *uv.find_links)) if uv.find_links else "",
        "PIP_NO_INDEX": "1" if uv.no_index else "",
    }
    return {name: text for name, text in told.items() if text}
