"""The cached selection as text: host code writes it, kernels and host code read it.

Standard library only, Python 3.9+: this file also runs inside project kernels. Text in, values out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Type, TypeVar

from mlenv.model import Declared, FileStamp, Finding, Pin, Selection, Source

__all__ = ["cache_name", "parse_selection", "selection_text"]

_SCHEMA = 1
_T = TypeVar("_T")
_INDEX = Source(kind="index")
_TYPES: Mapping[str, Tuple[type, ...]] = {
    "str": (str,),
    "Optional[str]": (str, type(None)),
    "bool": (bool,),
    "int": (int,),
}
"""What an annotation of a value allows in JSON; what is not named here is built by hand."""


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
    if isinstance(item, tuple):
        return [_row(part) for part in item]
    if hasattr(item, "__dataclass_fields__"):
        return {field.name: _plain(getattr(item, field.name)) for field in fields(item)}
    return item


def _row(item: Any) -> Any:
    """Return one of many values without what each of its kind is unless it says otherwise: a third of the text."""
    if not hasattr(item, "__dataclass_fields__"):
        return item
    said = {
        field.name: getattr(item, field.name) for field in fields(item) if getattr(item, field.name) != field.default
    }
    return {name: _plain(part) for name, part in said.items()}


def parse_selection(text: str, version: Optional[str] = None) -> Optional[Selection]:
    """Read a selection; ``None`` for another schema or a file cut short. Unknown keys are left out.

    Args:
        text: from :func:`selection_text`.
        version: the mlenv that must have made it; ``None`` for any. A live kernel may be older than the host.

    Cost: 500 pins about 1 ms.
    """
    try:
        content = json.loads(text)
        if content["schema"] != _SCHEMA or version not in {None, content.get("mlenv")}:
            return None
        raw: Dict[str, Any] = content["selection"]
        rows: Dict[str, Any] = {
            "pins": _pins(raw["pins"]),
            "declared": _rows(Declared, raw["declared"]),
            "findings": _rows(Finding, raw["findings"]),
            "inputs": _rows(FileStamp, raw["inputs"]),
            "extras": _texts(raw.get("extras", ())),
            "groups": _texts(raw.get("groups", ())),
            "beside": _texts(raw.get("beside", ())),
        }
        return Selection(**_checked(Selection, raw), **rows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _pins(raw: Sequence[Mapping[str, Any]]) -> Tuple[Pin, ...]:
    known = _known(Pin)
    found = []
    for row in raw:
        # Nearly every pin comes from the index, and says no more than these two.
        if len(row) == 2 and type(row.get("name")) is str and type(row.get("version")) is str:
            found.append(Pin(name=row["name"], version=row["version"]))
            continue
        source = Source(**_checked(Source, row["source"])) if "source" in row else _INDEX
        found.append(Pin(source=source, **_checked(Pin, row, known)))
    return tuple(found)


def _rows(kind: Type[_T], raw: Sequence[Mapping[str, Any]]) -> Tuple[_T, ...]:
    known = _known(kind)
    return tuple([kind(**_checked(kind, row, known)) for row in raw])


def _texts(raw: Sequence[Any]) -> Tuple[str, ...]:
    if not all(isinstance(item, str) for item in raw):
        raise TypeError("a text is expected")
    return tuple(raw)


def _known(kind: type) -> Mapping[str, Tuple[type, ...]]:
    return {field.name: _TYPES[str(field.type)] for field in fields(kind) if str(field.type) in _TYPES}


def _checked(
    kind: type, raw: Mapping[str, Any], known: Optional[Mapping[str, Tuple[type, ...]]] = None
) -> Dict[str, Any]:
    """Return the plain fields of a value; one of a wrong type makes the whole file one that mlenv did not write."""
    types = _known(kind) if known is None else known
    found = {name: item for name, item in raw.items() if name in types}
    for name, item in found.items():
        if not isinstance(item, types[name]):
            raise TypeError(name)
    return found
