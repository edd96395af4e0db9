"""Make modules out of the text that came with a message: the first thing that runs on a worker.

Standard library only, Python 3.9+. This file's own text travels, too, so it stands alone: nothing of mlenv is imported.
"""

from __future__ import annotations

import base64
import importlib
import json
import sys
import zlib
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Mapping, Optional, Sequence

__all__ = ["enter"]


class _Sent:
    """Finds modules in texts; no file is written, and a mlenv that is installed there is neither used nor hidden."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def find_spec(
        self, name: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        if name not in self._texts:
            return None
        below = any(other.startswith(f"{name}.") for other in self._texts)
        return ModuleSpec(name, self, is_package=below)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        place = f"/{module.__name__.replace('.', '/')}.py"
        module.__file__ = place
        exec(compile(self._texts[module.__name__], place, "exec"), module.__dict__)  # noqa: S102  # mlenv's own text


def enter(package: str, packed: str, module: str, function: str) -> Any:
    """Return a function of the modules that were sent; those that this process has already are not made again.

    Args:
        package: their name here, which holds a digest of their content.
        packed: JSON of name -> text, compressed, in base 85.
        module: name inside the package.
        function: name inside the module.
    """
    if package not in sys.modules:
        texts = json.loads(zlib.decompress(base64.b85decode(packed)))
        sys.meta_path.append(_Sent(texts))
    return getattr(importlib.import_module(f"{package}.{module}"), function)
