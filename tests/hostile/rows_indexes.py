"""Indexes that refuse, lie, or are not there at all."""

from __future__ import annotations

from hostile.row import Row

__all__ = ["ROWS"]

_INDEX = {"UV_DEFAULT_INDEX": "{index}"}


def _asked(title: str, name: str, code: str, says: str = "", hint: str = "", words: str = "") -> Row:
    return Row(title, words or f"create {name}", code, says=says or name, hint=hint, env=_INDEX)


def _away(title: str, address: str, code: str, says: str, hint: str, **env: str) -> Row:
    return Row(title, "create six", code, says=says, hint=hint, env={"UV_DEFAULT_INDEX": address, **env})


ROWS = (
    _away(
        "nobody listens",
        "http://127.0.0.1:9/simple",
        "index-unreachable",
        "127.0.0.1 could not be reached for six: the connection was refused",
        "--offline",
    ),
    _away(
        "the host has no name", "http://index.invalid/simple", "index-unreachable", "its name is not known", "--offline"
    ),
    _away(
        "the proxy is not there",
        "http://index.invalid/simple",
        "index-unreachable",
        "could not be reached",
        "proxy",
        ALL_PROXY="http://127.0.0.1:9",
    ),
    _away(
        "a password in the address is not shown",
        "http://me:hunter2@127.0.0.1:9/simple",
        "index-unreachable",
        "127.0.0.1",
        "--offline",
    ),
    _away("no encryption where it is asked for", "{https}", "index-unreachable", "127.0.0.1", "--offline"),
    _asked("401", "status401", "index-credentials", "401", "netrc"),
    _asked("403", "status403", "index-credentials", "403", "netrc"),
    _asked("404", "status404", "package-missing", "status404", "spelling"),
    _asked("429", "status429", "index-failed", "429", "later"),
    _asked("500", "status500", "index-failed", "500", "later"),
    _asked("503", "status503", "index-failed", "503", "later"),
    _asked("a page to log in, with 200", "portal", "package-missing"),
    _asked("an empty page", "empty", "package-missing"),
    _asked("a page of noise", "noise", "package-missing"),
    _asked("an address that leads to itself", "loop", "package-missing"),
    _asked("no such package", "surely-not-there", "package-missing", "surely-not-there"),
    _asked("no such version", "whole", "version-missing", "9.9", words="create whole==9.9"),
    _asked("a file cut short", "torn", "index-unreachable"),
    _asked("a file that is no archive", "trash", "file-damaged"),
    _asked("a file that is not there any more", "lost", "url-missing"),
    _asked("a file of another name inside", "misnamed", "file-damaged"),
    _asked("another hash than the index says", "liar", "hash-mismatch"),
    _asked("only a wheel for another machine", "elsewhere", "no-wheel"),
    _asked("only a wheel for a Python to come", "future", "python-unsatisfied", "3.99"),
    _asked("it needs a version that nobody has", "needy", "conflict"),
)
