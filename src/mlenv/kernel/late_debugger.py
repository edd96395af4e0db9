"""The debugger comes with the first request to it: debugpy is a third of what a kernel loads, and few ever debug.

``ipykernel.debugger`` (6.x, 7.x) loads debugpy when the kernel starts. A stand-in takes its place until somebody
wants more of it than to know that it is there. Standard library only, Python 3.9+.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, Dict, List, Optional, Tuple

__all__ = ["Debugger", "supply"]

_NAME = "ipykernel.debugger"
_SUPPLIED = "_is_debugpy_available"
_LOADED_LATE = ("debugpy", "_pydevd", "_pydev_", "pydevd")


def supply() -> bool:
    """Put the stand-in in place; ``False`` where there is nothing to stand in for. Call it before ipykernel is used."""
    spec = importlib.util.find_spec("ipykernel")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    there = any(os.path.isfile(os.path.join(folder, "debugger.py")) for folder in folders)
    if not there or _NAME in sys.modules or importlib.util.find_spec("debugpy") is None:
        return False
    sys.modules[_NAME] = _StandIn(_NAME)
    return True


class _StandIn(ModuleType):
    """``ipykernel.debugger`` as far as a kernel's start needs it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        setattr(self, _SUPPLIED, True)
        self.Debugger = Debugger

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_real(), name)


def _real() -> ModuleType:
    """Load the module itself, which takes the place of the stand-in for whoever asks from now on."""
    if isinstance(sys.modules.get(_NAME), _StandIn):
        del sys.modules[_NAME]
    return importlib.import_module(_NAME)


class Debugger:
    """One kernel's debugger: three attributes of it are all that ipykernel uses."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._wish: Tuple[Tuple[Any, ...], Dict[str, Any]] = (arguments, options)
        self._made: Any = None
        self._waiting: List[Tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._debugger(), name)

    async def process_request(self, message: Dict[str, Any]) -> Any:
        """Answer a request of the front end; the first one loads debugpy."""
        try:
            debugger = self._debugger()
        except Exception as error:  # noqa: BLE001  # whatever a package prints on import goes to the reader
            return _refused(message, f"{type(error).__name__}: {error}")
        return await debugger.process_request(message)

    async def handle_stopped_event(self) -> None:
        """Wait for a stop; without a debugger there is none."""
        if self._made is None:
            awake = asyncio.Event()
            self._waiting.append((asyncio.get_running_loop(), awake))
            if self._made is None:
                await awake.wait()
        await self._made.handle_stopped_event()

    def _debugger(self) -> Any:
        if self._made is None:
            before = set(sys.modules)
            module = _real()
            if not getattr(module, _SUPPLIED):
                raise ImportError("debugpy cannot be loaded in this kernel")
            arguments, options = self._wish
            _add_files(arguments, before)
            self._made = module.Debugger(*arguments, **options)
            for loop, awake in self._waiting:
                loop.call_soon_threadsafe(awake.set)
        return self._made


def _add_files(arguments: Tuple[Any, ...], before: set[str]) -> None:
    """The debugger steps over the kernel's own files; those of debugpy itself are among them."""
    files: Optional[List[str]] = next((each for each in arguments if isinstance(each, list)), None)
    for name in set(sys.modules) - before if files is not None else ():
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and name.startswith(_LOADED_LATE) and files is not None:
            files.append(file)


def _refused(message: Dict[str, Any], reason: str) -> Dict[str, Any]:
    return {
        "type": "response",
        "request_seq": message.get("seq", 0),
        "seq": message.get("seq", 0),
        "success": False,
        "command": message.get("command", ""),
        "message": reason,
    }
