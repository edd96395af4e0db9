"""``freeze --output conda-lock.yml``: what conda's own records say, as a lock. Nothing is solved."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from mlenv.errors import MlenvError
from mlenv.freezing.environment_file import EnvironmentRows, channel_of
from mlenv.locks.conda_rows import subdir_of
from mlenv.locks.conda_write import CondaLock, LockedPackage, render_conda_lock
from mlenv.model import Distribution
from mlenv.probe.scanning import text_of
from mlenv.render import mask_secrets
from mlenv.services.freeze.live import Live

__all__ = ["conda_lock_text", "is_conda_lock"]

_NAME = re.compile(r"conda-lock\.ya?ml|.*\.conda-lock\.ya?ml")
"""Names that conda-lock itself takes for a lock."""


def is_conda_lock(output: Path) -> bool:
    """Say whether what ``--output`` names is a lock of conda's, by the names that conda-lock knows."""
    return _NAME.fullmatch(output.name) is not None


def conda_lock_text(live: Live, rows: EnvironmentRows, channels: tuple[str, ...]) -> str:
    """Return the text of the lock.

    Raises:
        MlenvError: ``freeze-pip`` where pip put something there, whose files nobody recorded; ``freeze-incomplete``
            where a record of conda's does not say where its package came from.
    """
    if rows.pip:
        raise MlenvError(
            "freeze-pip",
            f"{', '.join(rows.pip[:3])} came by pip, and nothing recorded which files: nothing was written",
            hint="mlenv freeze --output environment.yml, then: mlenv lock",
        )
    platform = subdir_of(live.target)
    return render_conda_lock(
        CondaLock(
            channels=channels,
            platforms=(platform,),
            source="environment.yml",
            fingerprint="",
            packages=tuple(_package(record, platform) for record in live.installed.conda),
        )
    )


def _package(record: Distribution, platform: str) -> LockedPackage:
    try:
        told = json.loads(text_of(os.path.join(record.site, record.folder)))
    except (ValueError, RecursionError):
        told = None
    url = str(told.get("url") or "") if isinstance(told, dict) else ""
    if not url or not isinstance(told, dict):
        raise MlenvError(
            "freeze-incomplete",
            f"conda's record of {record.name} does not say where it came from: nothing was written",
            where=record.folder,
            hint="mlenv freeze --output environment.yml, then: mlenv lock",
        )
    return LockedPackage(
        name=record.name,
        version=record.version,
        manager="conda",
        platform=platform,
        url=mask_secrets(f"{channel_of(url.rpartition('/')[0])}/{_below(url)}"),
        sha256=str(told.get("sha256") or ""),
        md5=str(told.get("md5") or ""),
        depends=tuple(str(spec) for spec in told.get("depends") or ()),
    )


def _below(url: str) -> str:
    """Return platform and file of a package's address."""
    return "/".join(url.rsplit("/", 2)[-2:])
