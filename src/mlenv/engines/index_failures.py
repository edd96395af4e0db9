"""What goes wrong between an engine and a package index: no answer, a refusal, a page or a file that is none."""

from __future__ import annotations

import re

from mlenv.engines.failure import Failure, Printed

__all__ = ["damaged_file", "lying_file", "refused", "strange_page", "undated", "unreachable", "uploaded_later"]

_ASKED = (
    r"Failed to (?:fetch|download)|error sending request|after connection broken|Git operation|unable to access"
    r"|Connection aborted|Max retries exceeded|Read timed out"
)
_NETWORK = (
    (r"dns error|NameResolution|Name or service not known|nodename nor|Could not resolve", "its name is not known"),
    (r"Connection refused|actively refused", "the connection was refused"),
    (r"timed out|TimeoutError|ConnectTimeout|ReadTimeout", "it did not answer in time"),
    (r"Network is unreachable|No route to host", "the network is unreachable"),
    (r"proxy|ProxyError", "the proxy did not let it through"),
    (r"before message length reached|IncompleteRead|error reading a body", "its answer broke off"),
    (r"reset|connection closed|NewConnectionError|tcp connect|error sending request|aborted", "the connection broke"),
)
_STRANGE = (
    r"unexpected (?:HTML|JSON) from|Unsupported `Content-Type`|Missing `Content-Type`|Location' value|redirects"
    r"|_NotAPIContent|json\.decoder\.JSONDecodeError"
)
_SKIPPED = r"Skipping page \S+ because the \S+ request got Content-Type"
_VERSIONED = r"[A-Za-z0-9][\w.-]*==[^\s`',]+"
_TORN = (
    rf"Failed to (?:download|install|fetch)[^\n]*?({_VERSIONED})[^\n]*\n(?:[^\n]*\n)*?.*"
    r"(?:extract archive|Failed to read from zip|Bad CRC|invalid zip|zip file)",
    rf"Because ({_VERSIONED}) has an invalid package format",
    rf"(?:Wheel|wheel)[`' ]({_VERSIONED})[^\n]* is invalid",
    r"([A-Za-z0-9]\w*-\d[^\s/-]*)-[^\s/]*\.whl[^\n]* is invalid",
    r"invalid wheel[^\n]*?([A-Za-z0-9]\w*-\d[^\s/-]*)-[^\s/]*\.whl",
    r"(BadZipFile|Bad CRC-32|Bad magic number for|not a zip file)",
)


def unreachable(printed: Printed) -> Failure | None:
    """Read that no whole answer came."""
    if not printed.has(_ASKED):
        return None
    for pattern, reason in _NETWORK:
        if printed.has(pattern):
            package = printed.package()
            return Failure(
                code="index-unreachable",
                message=f"{printed.host()} could not be reached{f' for {package}' if package else ''}: {reason}.",
                package=package,
                hint="Check the network and the proxy, or try --offline with what is cached.",
            )
    return None


def refused(printed: Printed) -> Failure | None:
    """Read which status an index answered with."""
    found = printed.find(r"\((\d{3}) [A-Za-z ]+\) for url", r"HTTP error (\d{3})", r"too many (\d{3}) error responses")
    if found is None:
        return None
    name = printed.package() or "a package"
    if found[1] in ("404", "410"):
        message, code = f"{name} is no longer at its address on {printed.host()} (HTTP {found[1]}).", "url-missing"
        return Failure(code=code, message=message, package=printed.package(), hint="mlenv lock, to find it anew.")
    message = f"{printed.host()} failed to give {name} (HTTP {found[1]})."
    return Failure(code="index-failed", message=message, package=printed.package(), hint="Try again later.")


def undated(printed: Printed) -> Failure | None:
    """Read that an index does not tell when files were uploaded, where only those before a day count."""
    by_pip = printed.find(r"Index \S+?/([^/\s]+)/? does not provide upload-time metadata")
    missing = printed.find(r"`?([A-Za-z0-9][\w.]*)-[^\s`]+`? is missing an upload date, but user provided")
    if by_pip is None and (missing is None or not printed.has(r"there (?:is|are) no versions? of|has no publish time")):
        return None
    name = (by_pip or missing or [""] * 2)[1]
    return Failure(
        code="index-undated",
        message=f"The package index does not say when the files of {name} were uploaded, so no day can be kept.",
        package=name,
        hint="an index that tells upload times (PEP 700), or the same command without --as-of",
    )


def uploaded_later(printed: Printed) -> Failure | None:
    """Read that all versions which fit were uploaded after the day that is asked for."""
    found = printed.find(
        r"`([^`\s]+)` was filtered by `exclude-newer` to only include packages uploaded before (\d{4}-\d\d-\d\d)"
    )
    if found is None or printed.has(rf"{re.escape(found[1])} was not found in the package registry"):
        return None
    return Failure(
        code="uploaded-later",
        message=f"No version of {found[1]} that fits was uploaded before {found[2]}.",
        package=found[1],
        hint="a later --as-of, or --as-of now",
    )


def damaged_file(printed: Printed) -> Failure | None:
    """Read that a file came which is no whole package: cut, changed on its way, or a page in its place."""
    found = printed.find(*_TORN)
    if found is None:
        return None
    package = printed.package() or found[1].partition("==")[0].partition("-")[0]
    shown = found[1].replace("==", " ") if "==" in found[1] else package
    return Failure(
        code="file-damaged",
        message=f"The file that came for {shown} is damaged: it was cut or changed, or it is another one.",
        package=package,
        cause="damaged file",
        hint="Run the same command again; if it stays so, ask whoever keeps that package index.",
    )


def lying_file(printed: Printed) -> Failure | None:
    """Read that a file says it is another package than its name."""
    found = printed.find(
        r"(?:name|version) `(?P<told>[^`]+)` does not match (?:the )?given (?:name|version) `(?P<asked>[^`]+)`",
        r"has inconsistent (?:name|version): expected '(?P<asked>[^']+)', but metadata has '(?P<told>[^']+)'",
    )
    if found is None:
        return None
    told, asked, package = found["told"], found["asked"], printed.package()
    whose = package if package and not asked[:1].isalpha() else asked
    return Failure(
        code="file-lies",
        message=f"The file that the index has for {whose} says that it is {told}, not {asked}.",
        package=whose,
        hint="Ask whoever keeps that package index; do not install it by other means.",
    )


def strange_page(printed: Printed) -> Failure | None:
    """Read that something answered which is no package index."""
    if not printed.has(_STRANGE) and not (printed.has(_SKIPPED) and printed.has(r"from versions: none")):
        return None
    package = printed.package()
    return Failure(
        code="index-strange",
        message=f"What {printed.host()} answered for {package or 'a package'} is not a page of a package index.",
        package=package,
        hint="A sign-in page or a wrong address may answer in its place: open it in a browser.",
    )
