"""Send functions to processes that have no mlenv, whatever Python they run: as text, inside a pickle of one call.

Functions pickled by value (what cloudpickle does) are bytecode, which only the same minor version of Python can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping

from mlenv.on_worker.parcel import Parcel

__all__ = ["BRINGING", "LOOKING", "pack"]

_IMPORT = re.compile(r"(?m)^(\s*)(from|import) mlenv\b")

LOOKING = (
    "errors", "model", "versions", "installed", "loaded", "import_names", "kernel.memory", "kernel.uninterrupted",
    "probe.asked", "probe.conda_meta", "probe.environment", "probe.scanning", "probe.site", "probe.stamps",
    "probe.whole", "on_worker.look",
)  # fmt: skip
"""Modules of mlenv that :mod:`mlenv.on_worker.look` runs with."""
BRINGING = (
    *LOOKING, "conda_versions", "drift.__init__", "drift.beyond", "drift.compare", "drift.conda", "drift.kinds",
    "drift.memory", "drift.outside", "drift.pins", "drift.report", "selection_text", "render.private",
    "on_worker.bring", "on_worker.parcel", "on_worker.plugins", "on_worker.wanted",
)  # fmt: skip
"""Those that the plugin runs with."""


def pack(texts: Mapping[str, str], loader: str) -> Parcel:
    """Return modules as they are sent.

    Args:
        texts: name inside mlenv (``probe.site``, ``kernel.__init__``) -> Python.
        loader: text of what makes modules of them.
    """
    digest = hashlib.sha256(json.dumps([sorted(texts.items()), loader]).encode()).hexdigest()[:12]
    package = f"_mlenv_sent_{digest}"
    named = {package: ""}
    for name, text in texts.items():
        inside = name.removesuffix(".__init__")
        named.setdefault(f"{package}.{inside}".rpartition(".")[0], "")
        named[f"{package}.{inside}"] = _IMPORT.sub(rf"\1\2 {package}", text)
    packed = base64.b85encode(zlib.compress(json.dumps(named).encode(), 9)).decode()
    return Parcel(package=package, packed=packed, loader=loader)
