"""The cached selection as text: host code writes it, kernels and host code read it.

Standard library only, Python 3.9+: this file also runs inside project kernels. Text in, values out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from typing import Any, Dict, Mapping, Optional, Type, TypeVar

from mlenv.model import Declared, FileStamp, Finding, Pin, Selection, Source

__all__ = ["cache_name", "parse_selection", "selection_text"]

_SCHEMA = 1
_T = TypeVar("_T")


def cache_name(root: str, cache_tag: str) -> str:
    """Return the file name of a project's selection for one Python.

    Args:
        root: the project's real path.
        cache_tag: of the interpreter: ``cpython-312``.
    """
    return hashlib.sha256(f"{root}\n{cache_tag}".encode()).hexdigest()[:24] + ".json"


def selection_text(selection: Selection, version: str) -> str:
    """Return the text of a selection.

    Args:
        selection: with its inputs.
        version: of the mlenv that made it: another one may read the same lock otherwise.
    """
    return json.dumps({"schema": _SCHEMA, "mlenv": version, "selection": _plain(selection)}, ensure_ascii=False)


def _plain(item: Any) -> Any:
    if hasattr(item, "__dataclass_fields__"):
        return {field.name: _plain(getattr(item, field.name)) for field in fields(item)}
    return [_plain(part) for part in item] if isinstance(item, tuple) else item


def parse_selection(text: str, version: Optional[str] = None) -> Optional[Selection]:
    """Read a selection; ``None`` for another schema or a file cut short. Unknown keys are left out.

    Args:
        text: from :func:`selection_text`.
        version: the mlenv that must have made it; ``None`` for any. A live kernel may be older than the host.

    Cost: 300 pins about 2 ms.
    """
    try:
        content = json.loads(text)
        if content["schema"] != _SCHEMA or version not in {None, content.get("mlenv")}:
            return None
        raw: Dict[str, Any] = content["selection"]
        pins = tuple(_built(Pin, {**row, "source": _built(Source, row["source"])}) for row in raw["pins"])
        rows = {
            "declared": tuple(_built(Declared, row) for row in raw["declared"]),
            "findings": tuple(_built(Finding, row) for row in raw["findings"]),
            "inputs": tuple(_built(FileStamp, row) for row in raw["inputs"]),
            "extras": tuple(raw.get("extras", ())),
            "groups": tuple(raw.get("groups", ())),
        }
        return _built(Selection, {**raw, "pins": pins, **rows})
    except (ValueError, KeyError, TypeError):
        return None


def _built(kind: Type[_T], raw: Mapping[str, Any]) -> _T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # every value is a dataclass
    return kind(**{name: item for name, item in raw.items() if name in known})
