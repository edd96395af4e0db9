"""Send functions to processes that have no mlenv, whatever Python they run: as text, inside a pickle of one call.

Functions pickled by value (what cloudpickle does) are bytecode, which only the same minor version of Python can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping

from mlenv.model import value

__all__ = ["BRINGING", "LOOKING", "Parcel", "Sent", "pack"]

_IMPORT = re.compile(r"(?m)^(\s*)(from|import) mlenv\b")

LOOKING = (
    "errors", "model", "versions", "installed", "loaded", "import_names", "kernel.__init__", "kernel.memory",
    "kernel.uninterrupted", "probe.__init__", "probe.asked", "probe.conda_meta", "probe.environment", "probe.scanning",
    "probe.site", "probe.stamps", "probe.whole", "on_worker.__init__", "on_worker.look",
)  # fmt: skip
"""Modules of mlenv that :mod:`mlenv.on_worker.look` runs with."""
BRINGING = (*LOOKING,)
"""Those that the plugin runs with."""


@value
class Parcel:
    """Modules as text, ready to travel."""

    package: str
    """What they are called where they arrive: a digest of their content is part of it."""
    packed: str
    loader: str
    """Text of :mod:`mlenv.on_worker.loader`."""

    def expression(self, module: str, function: str) -> str:
        """Return Python that yields a function of a module, for ``eval``."""
        call = f"s['enter']({self.package!r}, {self.packed!r}, {module!r}, {function!r})"
        return f"(lambda s: (exec({self.loader!r}, s), {call})[1])({{'__name__': 'mlenv_loader'}})"


class Sent:
    """Pickles as the value of an expression: where it is unpickled nothing of mlenv is needed."""

    def __init__(self, expression: str) -> None:
        self._expression = expression

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return eval, (self._expression,)


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
        named[f"{package}.{inside}"] = _IMPORT.sub(rf"\1\2 {package}", text)
    packed = base64.b85encode(zlib.compress(json.dumps(named).encode(), 9)).decode()
    return Parcel(package=package, packed=packed, loader=loader)
