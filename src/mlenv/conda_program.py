"""Run as a program of its own: solve and install conda packages with py-rattler (the extra ``mlenv[conda]``).

``python conda_program.py`` reads one JSON request from standard input, prints lines of progress, and writes one JSON
answer into the file that the request names. It imports nothing of mlenv: py-rattler starts threads of its own and may
abort the interpreter that it ends with, so nothing else lives beside it, and ending its process group cancels it.

Tried with py-rattler 0.28, whose API is alpha: the extra allows no other series.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["main"]

_OTHER_MACHINES = {
    "linux": (("__unix", "0"), ("__linux", "4.18"), ("__glibc", "2.17")),
    "osx": (("__unix", "0"), ("__osx", "11.0")),
    "win": (("__win", "0"),),
}
"""What is taken for granted of a machine that is not this one, as conda-lock does."""


def main() -> int:
    """Answer one request; the exit status is 0 where ``answer["error"]`` is empty."""
    request = json.loads(sys.stdin.read())
    try:
        answer = asyncio.run(_DO[request["do"]](request))
    except Exception as error:  # noqa: BLE001 - whatever rattler raises is told in its own words
        answer = {"error": type(error).__name__, "message": _clean(str(error), request)}
    Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")
    if "error" in answer:
        print(answer["message"], file=sys.stderr)
    return 1 if "error" in answer else 0


def _clean(text: str, request: dict[str, Any]) -> str:
    """Return a message without the credentials that were handed over."""
    for row in request.get("secrets", ()):
        text = text.replace(row["fetch"], row["address"])
        text = text.replace(row["user"], "***") if row["user"] else text
    return text


def _say(text: str) -> None:
    print(text, flush=True)


def _client(request: dict[str, Any]) -> Any:
    """Return what fetches: credentials live here alone, so that no record and no cache holds an address with one."""
    from rattler import Client
    from rattler.networking import (
        AddHeadersMiddleware,
        AuthenticationMiddleware,
        MirrorMiddleware,
        OciMiddleware,
        RetryMiddleware,
    )

    secrets = request.get("secrets", [])
    mirrors = {row["address"]: [row["fetch"]] for row in secrets if row["fetch"] != row["address"]}
    named = [(urlsplit(row["fetch"]), row["user"]) for row in secrets if row["user"]]

    def headers(host: str, path: str) -> dict[str, str] | None:
        for place, user in named:
            if host == place.hostname and path.startswith(place.path):
                return {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()}
        return None

    return Client(
        [
            *([MirrorMiddleware(mirrors)] if mirrors else []),
            *([AddHeadersMiddleware(headers)] if named else []),
            AuthenticationMiddleware(),
            OciMiddleware(),
            *([] if request.get("offline") else [RetryMiddleware(2)]),
        ]
    )


def _gateway(request: dict[str, Any]) -> Any:
    from rattler import Gateway, SourceConfig

    config = SourceConfig(cache_action="force-cache-only") if request.get("offline") else SourceConfig()
    return Gateway(default_config=config, client=_client(request))


def _virtual(platform: str) -> list[Any]:
    from rattler import GenericVirtualPackage, PackageName, Subdir, Version, VirtualPackage, VirtualPackageOverrides
    from rattler.package import BuildString

    if platform == str(Subdir.current()):
        return [one.into_generic() for one in VirtualPackage.detect(VirtualPackageOverrides.from_env())]
    rows = _OTHER_MACHINES.get(platform.partition("-")[0], ())
    return [GenericVirtualPackage(PackageName(name), Version(version), BuildString("0")) for name, version in rows]


def _channels(request: dict[str, Any]) -> list[Any]:
    from rattler import Channel
    from rattler.channel import ChannelConfig

    alias = {"channel_alias": request["alias"]} if request.get("alias") else {}
    config = ChannelConfig(root_dir=request["root"], **alias)
    return [Channel(name, config) for name in request["channels"]]


async def _solve(request: dict[str, Any]) -> dict[str, Any]:
    from rattler import solve

    channels, platform = _channels(request), request["platform"]
    _say(f"solving for {platform}")
    records = await solve(
        channels,
        request["specs"],
        gateway=_gateway(request),
        platforms=[platform, "noarch"],
        locked_packages=_kept(request),
        virtual_packages=_virtual(platform),
    )
    order = sorted(records, key=lambda record: record.name.normalized)
    return {"rows": [_row(record) for record in order], "channels": [channel.base_url for channel in channels]}


def _kept(request: dict[str, Any]) -> list[Any]:
    """Return the records that the old lock holds: what still fits stays as it is."""
    if not request.get("lock"):
        return []
    loose = set(request.get("upgrade", ()))
    return [row for row in _locked(request) if row.name.normalized not in loose]


def _row(record: Any) -> dict[str, Any]:
    told = json.loads(record.to_json())
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "build": str(record.build),
        "url": record.url,
        "channel": record.channel,
        "depends": record.depends,
        "constrains": record.constrains,
        "md5": record.md5.hex() if record.md5 else "",
        "sha256": record.sha256.hex() if record.sha256 else "",
        "size": record.size,
        "purls": told.get("purls") or [],
    }


def _locked(request: dict[str, Any]) -> list[Any]:
    """Return the records of a lock file (``conda-lock.yml``, ``pixi.lock``, a list of addresses) for a platform."""
    from rattler import LockFile

    lock, platform = request["lock"], request["platform"]
    if lock["kind"] == "conda":
        return [_listed(row, platform) for row in lock["rows"]]
    file = LockFile.from_path(Path(lock["path"]))
    here = [known for known in file.platforms() if str(known.subdir) == platform]
    environment = file.environment(lock.get("environment") or "default") or file.default_environment()
    if environment is None or not here:
        return []
    found = {}
    for known in here:
        for record in environment.conda_repodata_records_for_platform(known) or []:
            found[record.name.normalized] = record
    wanted = lock.get("names")
    for record in found.values():
        record.channel = record.channel or record.url.rsplit("/", 2)[0]  # conda-lock.yml says none
    return [record for name, record in found.items() if wanted is None or name in wanted]


def _listed(row: dict[str, Any], platform: str) -> Any:
    """Return the record that one line of an explicit list gives; what else it needs lies in the package itself."""
    from rattler import PackageRecord, RepoDataRecord
    from rattler.package import BuildString

    parts = row["url"].rsplit("/", 2)
    record = PackageRecord(
        row["name"],
        row["version"],
        BuildString(row["build"]),
        0,
        parts[1] if len(parts) == 3 else platform,
        noarch="python" if parts[1:2] == ["noarch"] else None,
        md5=bytes.fromhex(row["md5"]) if row["md5"] else None,
        sha256=bytes.fromhex(row["sha256"]) if row["sha256"] else None,
    )
    return RepoDataRecord(record, parts[-1], row["url"], parts[0])


class _Progress:
    """Tell each package once as it is fetched and linked."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        return operation

    def on_link_start(self, operation: int, package_name: str) -> int:
        self._done += 1
        _say(f"linking {package_name} ({self._done} of {self._total})")
        return operation


def _cache() -> Path:
    """Return the folder that rattler keeps packages in: pixi's is the same. Source: ``rattler_cache``."""
    from platformdirs import user_cache_dir

    named = os.environ.get("RATTLER_CACHE_DIR")
    return Path(named) if named else Path(user_cache_dir("rattler", appauthor=False)) / "cache"


async def _install(request: dict[str, Any]) -> dict[str, Any]:
    from rattler import MatchSpec, PackageCache, Subdir, install
    from rattler.package_cache import PackageCacheLayer, ValidationMode

    records = _locked(request)
    missing = set(request["lock"].get("names") or ()) - {record.name.normalized for record in records}
    if missing:
        return {"error": "LockError", "message": f"the lock holds no record of {', '.join(sorted(missing))}"}
    cache = None
    if request.get("mend"):  # files are linked from the cache, so damage may have been done there: look, fetch afresh
        layer = PackageCacheLayer(_cache() / "pkgs").with_validation_mode(ValidationMode.full())
        cache = PackageCache.from_layers([layer])
    await install(
        records,
        request["prefix"],
        platform=Subdir(request["platform"]),
        # Post-link scripts run code of packages; what conda-forge ships works without them.
        execute_link_scripts=False,
        show_progress=False,
        client=_client(request),
        # The wrapper's own conversion is missing in 0.28.
        requested_specs=[MatchSpec(text)._match_spec for text in request.get("specs", ())],  # noqa: SLF001
        reporter=_Progress(len(records)),
        package_cache=cache,
    )
    return {"rows": [_row(record) for record in records]}


_DO = {"solve": _solve, "install": _install}


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # rattler's threads may abort an interpreter that ends in the usual way
