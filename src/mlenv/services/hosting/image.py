"""The image that this very interpreter runs in: what it is, what it holds, and uv's way into it."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv.hosted.hosts import PATHS, Host, held_by, recognise
from mlenv.model import Installed, value
from mlenv.probe import site
from mlenv.services.context import Context

if TYPE_CHECKING:
    from mlenv.engines import uv

__all__ = ["Image", "neutral", "running_image", "scanned", "uv_for"]

_SITE_NAMES = ("site-packages", "dist-packages")
_KEPT = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_CACHE_DIR", "UV_OFFLINE",
    "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_HTTP_", "UV_REQUEST_", "UV_INSECURE_HOST", "UV_KEYRING_PROVIDER",
    "UV_CONCURRENT_", "UV_CONFIG_FILE", "UV_NO_CONFIG", "UV_LINK_MODE", "UV_NO_CACHE",
)  # fmt: skip
"""Beginnings of variables that say where packages come from, not what is installed."""


@value
class Image:
    python: str
    """The interpreter, as it was started."""
    version: str
    sites: tuple[str, ...]
    """Its package folders, in the order of ``sys.path``."""
    installed: Installed
    host: Host
    held: Mapping[str, str]
    """Name -> version of what must stay."""
    managed: bool
    """Whether it says that it is the system's own (PEP 668)."""

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def shown(self) -> str:
        return f"{self.host.shown} with Python {self.minor}"


def running_image() -> Image:
    """Describe the image. Cost: a scan, 5 ms for 600 packages."""
    sites = tuple(path for path in sys.path if os.path.basename(path) in _SITE_NAMES and os.path.isdir(path))
    installed = scanned(sites)
    versions = {row.name: row.version for row in installed.distributions}
    host = recognise(os.environ, versions, [path for path in PATHS if os.path.exists(path)])
    return Image(
        python=sys.executable,
        version=platform.python_version(),
        sites=sites,
        installed=installed,
        host=host,
        held=held_by(host, versions),
        managed=sys.prefix == sys.base_prefix and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file(),
    )


def scanned(sites: tuple[str, ...]) -> Installed:
    """Return what package folders hold now."""
    return site.scan(tuple(os.path.realpath(folder) for folder in sites))


def neutral(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return what takes the host's own settings of uv and pip from a child, all but where packages come from.

    Images leave some set whose files are gone (googlecolab/colabtools issue 5237), and uv fails on these.
    """
    return {name: None for name in environ if name.startswith("UV_") and not name.startswith(_KEPT)}


def uv_for(context: Context) -> uv.Uv:
    """Return uv, free of the host's settings.

    Raises:
        MlenvError: ``engine-missing``.
    """
    from mlenv.engines import uv
    from mlenv.services.tools import tools, uv_of

    found = uv_of(context, tools())
    return uv.Uv(
        path=found.path,
        version=found.version,
        offline=found.offline,
        link_mode=found.link_mode,
        settings={**neutral(os.environ), **found.settings},
    )
