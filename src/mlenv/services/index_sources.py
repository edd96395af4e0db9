"""Which index each tool is configured with on this machine, and what the other one must be told of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlenv.engines.index_settings import (
    Indexes,
    for_pip,
    for_uv,
    of_pip_file,
    of_pip_variables,
    of_uv_table,
    of_uv_variables,
)
from mlenv.environ import scrubbed_environment
from mlenv.errors import MlenvError
from mlenv.render import mask_secrets
from mlenv.services.context import Context
from mlenv.store import read_text

__all__ = ["for_the_runtime", "settings_for_pip", "settings_for_uv", "tell_passed_on"]


def settings_for_uv(context: Context) -> Mapping[str, str | None]:
    """Return the variables that uv gets beside its own. Cost: some ten ``stat`` calls."""
    return _for_uv(_uv(_folder(context)))


def for_the_runtime() -> Mapping[str, str | None]:
    """Return the same for the kernel's own packages, which no project's settings bear on."""
    return _for_uv(_uv(None))


def settings_for_pip(context: Context, *, checked: bool = False) -> Mapping[str, str | None]:
    """Return the variables that pip gets beside its own; ``checked`` as for :func:`for_pip`."""
    return for_pip(_pip(), _uv(_folder(context)), checked=checked)


def tell_passed_on(context: Context, installer: str) -> None:
    """Say in one line which index is passed on to a tool whose own configuration does not name it."""
    told = settings_for_uv(context) if installer == "uv" else settings_for_pip(context)
    address = told.get("UV_DEFAULT_INDEX") or told.get("PIP_INDEX_URL")
    if address and context.options.wheelhouse is None:
        whose, whom = ("pip's", "uv") if installer == "uv" else ("uv's", "pip")
        context.tell("note", f"{whom} looks for packages at {mask_secrets(address)}, as {whose} configuration says")


def _for_uv(own: Indexes) -> Mapping[str, str | None]:
    pip, environ = _pip(), scrubbed_environment()
    certificates = {
        "SSL_CERT_FILE": "" if {"SSL_CERT_FILE", "SSL_CERT_DIR"} & environ.keys() else pip.certificate,
        "SSL_CLIENT_CERT": "" if environ.get("SSL_CLIENT_CERT") else pip.client_certificate,
    }
    known = {name.upper() for name in environ}
    proxies = {} if known & {"HTTPS_PROXY", "ALL_PROXY"} else {"HTTPS_PROXY": pip.proxy, "HTTP_PROXY": pip.proxy}
    beside = {name: text for name, text in {**certificates, **proxies}.items() if text}
    return {**for_uv(pip, own), **beside}


def _folder(context: Context) -> Path:
    option = context.options.project
    return Path(os.path.abspath(context.cwd / option)) if option else context.cwd


def _pip() -> Indexes:
    """Return what pip is told, its variables first, then its files, the last that it reads counting most."""
    environ = scrubbed_environment()
    found = of_pip_variables(environ)
    for path in _pip_files(environ):
        found = found.over(of_pip_file(_text(path)))
    return found


def _pip_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's configuration files, the strongest first.

    Source: pip's ``locations`` and ``configuration``: a file that is named, the environment's, the user's, the
    machine's. The environment is the active one, else the one that mlenv runs in.
    """
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    if named:
        yield Path(named)
    name, home = "pip.ini" if sys.platform == "win32" else "pip.conf", Path.home()
    yield Path(os.environ.get("VIRTUAL_ENV") or sys.prefix) / name
    if sys.platform == "win32":
        yield from (Path(environ.get("APPDATA", home)) / "pip" / name, home / "pip" / name)
        yield Path(environ.get("PROGRAMDATA", "C:\\ProgramData")) / "pip" / name
        return
    if sys.platform == "darwin":
        yield home / "Library" / "Application Support" / "pip" / name
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / name
    yield home / ".pip" / name
    yield Path("/etc") / name
    for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(folder) / "pip" / name


def _uv(folder: Path | None) -> Indexes:
    """Return what uv is told: its variables, the project's file, the user's, the machine's."""
    environ = scrubbed_environment()
    found = of_uv_variables(environ)
    if environ.get("UV_NO_CONFIG"):
        return found
    named = environ.get("UV_CONFIG_FILE")
    if named:
        return found.over(of_uv_table(_text(Path(named)), environ))
    for path in _uv_files(folder, environ):
        found = found.over(of_uv_table(_text(path), environ, pyproject=path.name == "pyproject.toml"))
    return found


def _uv_files(folder: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield uv's configuration files, the strongest first.

    Source: docs.astral.sh/uv/concepts/configuration-files: beside a ``uv.toml`` the ``pyproject.toml`` does not count.
    """
    for above in (folder, *folder.parents) if folder else ():
        near = next((above / name for name in ("uv.toml", "pyproject.toml") if (above / name).is_file()), None)
        if near is not None:
            yield near
            break
    if sys.platform == "win32":
        yield Path(environ.get("APPDATA", Path.home())) / "uv" / "uv.toml"
        yield Path(environ.get("PROGRAMDATA", "C:\\ProgramData")) / "uv" / "uv.toml"
        return
    yield Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv" / "uv.toml"
    for place in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(place) / "uv" / "uv.toml"
    yield Path("/etc/uv/uv.toml")


def _text(path: Path) -> str:
    """Return a file's text; a file that cannot be read says nothing, and its own tool will say why."""
    try:
        return read_text(path) if path.is_file() else ""
    except (MlenvError, OSError):
        return ""
