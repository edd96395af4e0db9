"""What goes into a freeze and what comes out."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv.model import Installed, value

__all__ = ["KERNEL", "TOOLING", "Frozen", "LeftOut", "Package", "Row", "RowsRequest"]

TOOLING = frozenset({"pip", "setuptools", "wheel", "uv", "distribute", "pkg-resources"})
KERNEL = frozenset({"ipykernel", "mlenv"})


@value
class Package:
    """What the metadata of one installed distribution says."""

    name: str = ""
    """As its author writes it; the normalised name if empty."""
    requires: tuple[str, ...] = ()
    """``Requires-Dist`` texts."""
    direct_url: str = ""
    """``direct_url.json`` as it lies there, empty where there is none."""
    installer: str = ""
    """``INSTALLER``: ``uv``, ``pip``, ``conda``."""
    requested: bool = False
    """Whether ``REQUESTED`` says that a person named it, not only another package (PEP 376)."""


@value
class RowsRequest:
    installed: Installed
    packages: Mapping[str, Package]
    """Normalised name -> what its metadata says; for every installed distribution."""
    markers: Mapping[str, str]
    """PEP 508 environment of the target interpreter."""
    roots: tuple[str, ...] = ()
    """Requirement texts (extras count) that somebody asks for: the manifest's or the notebook's."""
    adopt: bool = True
    """Whether what was installed by hand (nobody needs it) is a root, too."""
    project: str = ""
    """Normalised name of the project itself, which is never a row."""


@value
class Row:
    """One package that is frozen."""

    name: str
    """Normalised."""
    version: str
    requirement: str
    """``six==1.17.0``, ``demo @ git+https://...@commit``: what a requirements file holds."""
    direct: bool
    via: tuple[str, ...] = ()
    """Rows that need it, sorted."""


@value
class LeftOut:
    name: str
    version: str
    why: str
    """``editable``, ``local``, ``conda``, ``unpinned``, ``kernel``, ``tooling``, ``project`` or ``unasked``."""
    reason: str


@value
class Frozen:
    rows: tuple[Row, ...] = ()
    """Sorted by name; closed under what they need."""
    left_out: tuple[LeftOut, ...] = ()
    adopted: tuple[Row, ...] = ()
    """Rows that no root asked for: installed by hand."""
    missing: tuple[tuple[str, str], ...] = ()
    """(name, the row that needs it; empty: a root): asked for and not installed."""
    by_version: tuple[str, ...] = ()
    """Rows that were installed from a local file or by conda and are frozen by version, because others need them."""
