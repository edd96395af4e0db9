"""Installing from a folder of wheels alone: what uv and pip are told by variables, so that no index is asked."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["pip_settings", "uv_settings"]

_INDEXES = ("INDEX_URL", "EXTRA_INDEX_URL")


def uv_settings(address: str) -> Mapping[str, str | None]:
    """Return the variables that make uv take packages from one folder and nowhere else.

    Args:
        address: of the folder, ``file:///...`` with its odd characters quoted: uv splits the list at commas.

    Source: docs.astral.sh/uv/reference/environment (UV_FIND_LINKS, UV_NO_INDEX).
    """
    others = dict.fromkeys(("UV_DEFAULT_INDEX", "UV_INDEX", *(f"UV_{name}" for name in _INDEXES)))
    return {**others, "UV_NO_INDEX": "1", "UV_FIND_LINKS": address.replace(",", "%2C")}


def pip_settings(address: str, no_file: str) -> Mapping[str, str | None]:
    """Return the same for pip.

    Args:
        address: as above; pip splits the list at spaces.
        no_file: the system's null device, which tells pip to read no configuration.
    """
    others: dict[str, str | None] = dict.fromkeys(f"PIP_{name}" for name in _INDEXES)
    return {**others, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": address, "PIP_CONFIG_FILE": no_file}
