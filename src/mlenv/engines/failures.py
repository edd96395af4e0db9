"""Say in one sentence which package failed an engine and why.

The texts are those of uv 0.13 and pip 22-26 (real ones lie in ``tests/data/engine_output``). What is not recognised
is passed on in the engine's own last words.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mlenv.engines.explanations import explain_resolution
from mlenv.engines.failure import Failure, Printed, last_words, masked
from mlenv.engines.index_failures import (
    damaged_file,
    lying_file,
    refused,
    strange_page,
    undated,
    unreachable,
    uploaded_later,
)
from mlenv.errors import MlenvError

__all__ = ["failure_error", "parse_failure"]

_AGAIN = "run the same command again; if it fails again, mlenv doctor"


def parse_failure(
    tool: str, stdout: str, stderr: str, code: int, *, allow_build: bool = False, offline: bool = False
) -> Failure:
    """Return what went wrong, from what ``tool`` (``uv`` or ``pip``) printed before it ended with ``code``.

    Args:
        allow_build: whether the command could build from source; pip does not say that it could not.
        offline: whether it could ask no index; pip does not say that either.
    """
    text, errors = masked(f"{stdout}\n{stderr}"), masked(stderr)
    printed = Printed(tool=tool, text=text, errors=errors, allow_build=allow_build, offline=offline)
    if code < 0 or code == 137:
        number = -code if code < 0 else 9
        if number == _TOO_LARGE:
            return _too_large(f"{tool} could not write a file")
        return Failure(
            code="engine-killed",
            message=f"{tool} was ended by the system (signal {number}).",
            hint="Often this means that memory ran out: free some, then run the same command again."
            if number == 9
            else _AGAIN,
        )
    for recognise in _IN_ORDER:
        if (failure := recognise(printed)) is not None:
            return failure
    words = last_words(printed.errors) or last_words(printed.text)
    message = f"{tool} failed: {words}" if words else f"{tool} failed with exit status {code} and said nothing."
    return Failure(code="engine-failed", message=message, package=printed.package(), hint=_AGAIN)


def failure_error(failure: Failure, stdout: str, stderr: str) -> MlenvError:
    """Return the error for a failure; its details hold the end of what was printed, secrets masked."""
    tail = masked(f"{stdout}\n{stderr}").strip()[-8000:]
    return MlenvError(failure.code, failure.message, where=failure.where, hint=failure.hint, details=tail)


def _no_descriptors(printed: Printed) -> Failure | None:
    if not printed.has(r"Too many open files|os error 24\b"):
        return None
    return Failure(
        code="too-many-files",
        message=f"{printed.tool} may not open as many files as it needs.",
        hint="raise the limit (ulimit -n 4096), then run the same command again",
    )


def _disk_full(printed: Printed) -> Failure | None:
    if not printed.has(
        r"No space left on device|not enough space on the disk|Disk quota exceeded|os error (?:28|122)\b"
    ):
        return None
    place = printed.find(r"[Ff]ailed to (?:copy|create|write|persist)[^`/\n]*[`]?(/[^`\n:]+)")
    what = f"{printed.package()} could not be written" if printed.package() else "The files could not be written"
    return Failure(
        code="no-space",
        message=f"{what}: the disk is full.",
        where=place[1] if place else "",
        package=printed.package(),
        hint="Free some space, then run the same command again.",
    )


def _too_large(what: str) -> Failure:
    return Failure(
        code="no-space",
        message=f"{what}: it is larger than the limit on file sizes.",
        hint="Raise the limit (ulimit -f unlimited), then run the same command again.",
    )


def _file_limit(printed: Printed) -> Failure | None:
    if not printed.has(r"\bFile too large\b|os error 27\b"):
        return None
    return _too_large(f"A file of {printed.package() or 'the environment'} could not be written")


def _not_built(printed: Printed) -> Failure | None:
    """uv's word for what comes only as source (an address, a folder) where building is not allowed."""
    found = printed.find(r"Building source distributions for [`']([^`']+)[`'] is disabled")
    if found is None:
        return None
    return Failure(
        code="build-not-allowed",
        message=f"{found[1]} comes as source; to read or install it runs its code, and builds are not allowed.",
        package=found[1],
        hint="add --allow-build, or allow-build = [...] in [tool.mlenv]",
    )


def _build(printed: Printed) -> Failure | None:
    if not printed.has(r"The build backend returned an error|subprocess-exited-with-error|Failed building wheel"):
        return None
    found = printed.find(r"Failed to build [`'](?!file:)([^`'\n]+)[`']", r"Failed to build (?!installable)([\w.-]+)$")
    package = found[1].split(" @ ")[0].split("==")[0].strip() if found else None
    cause = _build_cause(printed.text)
    missing = printed.find(r"provides `([^`]+)`", r"fatal error: (\S+): No such file")
    return Failure(
        code="build-failed",
        message=f"Building {package or 'a package'} from source failed: {cause}",
        package=package,
        cause=cause,
        hint=f"Install what provides {missing[1]}, or choose a version that has a wheel."
        if missing
        else "Choose a version that has a wheel, or see what the build needs.",
    )


def _build_cause(text: str) -> str:
    """Return the line of a build's output that says most: the first fatal one, else the last exception."""
    lines = [line.strip() for line in text.splitlines()]
    fatal = [line for line in lines if re.search(r"fatal error:|: error: |cannot find -l|not found: ", line)]
    raised = [line for line in lines if re.match(r"(?:[A-Za-z_][\w.]*(?:Error|Exception)|error): ", line)]
    own = [
        line for line in raised if not re.match(r"error: (?:subprocess|failed-wheel|The build backend|Failed)", line)
    ]
    return (fatal or own[::-1] or ["see the output."])[0][:300]


def _not_writable(printed: Printed) -> Failure | None:
    found = printed.find(r"(Permission denied|Read-only file system|Operation not permitted|Access is denied)")
    if found is None or printed.has(r"Permission denied \(publickey"):
        return None
    place = printed.find(
        r"[`'](/[^`'\n]+|[A-Za-z]:\\[^`'\n]+)[`']: (?:Permission|Read-only|Operation|Access)", r"'(/[^'\n]+)'"
    )
    where = f" to {place[1]}" if place else ""
    return Failure(
        code="not-writable",
        message=f"{printed.package() or 'A file'} could not be written{where}: {found[1].lower()}.",
        package=printed.package(),
        hint="Check who owns that folder, or choose another place for the project.",
    )


def _externally_managed(printed: Printed) -> Failure | None:
    if not printed.has(r"externally[- ]managed"):
        return None
    return Failure(
        code="externally-managed",
        message="This Python belongs to the operating system, which forbids installing into it.",
        hint="mlenv create",
    )


def _hashes(printed: Printed) -> Failure | None:
    if printed.has(r"Hash mismatch|DO NOT MATCH THE HASHES"):
        found = printed.find(r"Hash mismatch for `([^`]+)`", r"^\s+([A-Za-z0-9][^\s;@]*) from https?://")
        name = found[1] if found else printed.package() or "A package"
        return Failure(
            code="hash-mismatch",
            message=f"{name} is not the file that was locked: its hash differs.",
            package=name.split("==")[0],
            hint="Check the index that served it; mlenv lock --upgrade only if you trust the new file.",
        )
    if printed.has(r"Hashes are required|In `--require-hashes` mode"):
        return Failure(
            code="hash-missing",
            message=f"{printed.package() or 'A package'} has no hash in the lock, and hashes are required.",
            package=printed.package(),
            hint="mlenv lock",
        )
    return None


def _certificate(printed: Printed) -> Failure | None:
    if not printed.has(r"peer certificate|CERTIFICATE_VERIFY_FAILED|certificate verif|ssl certificate|UnknownIssuer"):
        return None
    return Failure(
        code="certificate-untrusted",
        message=f"The certificate of {printed.host()} is not trusted.",
        package=printed.package(),
        hint="Name your organisation's certificate file: export SSL_CERT_FILE=/path/to/ca.pem",
    )


def _credentials(printed: Printed) -> Failure | None:
    status = printed.find(r"\b(401|403) (?:Unauthorized|Forbidden|Error|Client Error)", r"error: (401|403)\b")
    git = printed.has(
        r"could not read Username|Authentication failed for|Permission denied \(publickey|terminal prompts disabled"
    )
    if status is None and not git:
        return None
    refusal = f" (HTTP {status[1]})" if status else ""
    return Failure(
        code="index-credentials",
        message=f"{printed.host()} refused to give {printed.package() or 'a package'}{refusal}.",
        package=printed.package(),
        hint="Set its credentials, for example in ~/.netrc or UV_INDEX_<NAME>_USERNAME and _PASSWORD.",
    )


def _offline(printed: Printed) -> Failure | None:
    by_uv = printed.has(r"network was disabled|Network connectivity is disabled|not found in the cache")
    by_pip = printed.offline and printed.tool == "pip" and printed.has(r"from versions: none")
    if not by_uv and not by_pip:
        return None
    name = printed.package() or "A package"
    return Failure(
        code="offline-not-cached",
        message=f"{name} is not in the cache, and the network is off (--offline).",
        package=printed.package(),
        hint="Run the same command once with the network, or make it from a bundle (mlenv bundle).",
    )


_TOO_LARGE = 25
"""SIGXFSZ: a file would have grown past the limit (``ulimit -f``)."""
_SENTENCES = (
    ("lock-stale", r"lockfile .*needs to be updated", "The lock does not fit the manifest any more.", "mlenv lock"),
    (
        "lock-version-unsupported",
        r"unsupported schema version \((v\d+)[^)]*\)",
        "uv.lock is of a newer form ({0}) than this uv reads.",
        "python -m pip install -U uv",
    ),
    ("lock-missing", r"Unable to find lockfile", "The project has no uv.lock.", "mlenv lock"),
    ("python-not-found", r"No interpreter found for (.+?) in ", "{0} is not on this machine.", "mlenv doctor"),
    (
        "python-broken",
        r"(?:Querying Python at|Failed to inspect Python interpreter from [^`]*) `([^`]+)`",
        "The Python {0} does not start.",
        "Choose another: --python 3.12",
    ),
    ("environment-exists", r"environment already exists at: (\S+)", "There is an environment at {0} already.", ""),
    (
        "requirement-invalid",
        r"(?:Failed to parse: `|Invalid requirement: ')([^`'\n]+)[`']",
        "'{0}' is not a requirement.",
        "Write it like numpy or numpy>=1.26",
    ),
    (
        "cuda-unknown",
        r"invalid value '([^']+)' for '--torch-backend",
        "uv knows no build {0} of PyTorch.",
        "--cuda auto, or: cpu, cu118, cu126, cu128, cu130, ...",
    ),
    ("engine-missing", r"No module named (pip)\b", "This Python has no {0}.", "python -m ensurepip"),
    ("engine-too-new", r"(This version of pip does not support python [\d.]+)", "{0}.", "--engine uv"),
)


def _sentence(printed: Printed) -> Failure | None:
    for code, pattern, sentence, hint in _SENTENCES:
        if found := printed.find(pattern):
            return Failure(code=code, message=sentence.format(*found.groups()), hint=hint)
    return None


_IN_ORDER: tuple[Callable[[Printed], Failure | None], ...] = (
    _disk_full,
    _file_limit,
    _no_descriptors,
    _not_built,
    _build,
    _externally_managed,
    _hashes,
    _certificate,
    _credentials,
    _not_writable,
    _offline,
    undated,
    refused,
    damaged_file,
    lying_file,
    strange_page,
    unreachable,
    uploaded_later,
    _sentence,
    explain_resolution,
)
