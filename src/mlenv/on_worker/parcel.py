"""Modules as text, ready to travel, and what pickles as a call of them.

Standard library only, Python 3.9+. The scheduler sends on what it was sent: these classes travel, too.
"""

from __future__ import annotations

from typing import Callable, Tuple

__all__ = ["Parcel", "Sent"]


class Sent:
    """Pickles as the value of an expression: where it is unpickled nothing of mlenv is needed."""

    def __init__(self, expression: str) -> None:
        self._expression = expression

    def __reduce__(self) -> Tuple[Callable[..., object], Tuple[str]]:
        return eval, (self._expression,)


class Parcel:
    """Modules as text."""

    def __init__(self, package: str, packed: str, loader: str) -> None:
        """Take what :func:`mlenv.clusters.sending.pack` made.

        Args:
            package: what the modules are called where they arrive: a digest of their content is part of it.
            packed: as :func:`mlenv.on_worker.loader.enter` takes it.
            loader: text of that module.
        """
        self.package, self.packed, self.loader = package, packed, loader

    def function(self, module: str, name: str) -> Sent:
        """Return what is unpickled as a function of a module."""
        return Sent(f"{self._entry(module, name)}({{}}, {self.package!r}, {self.packed!r}, {self.loader!r}, None)[0]")

    def made(self, module: str, name: str, given: str) -> Sent:
        """Return what is unpickled as what that function makes of ``(package, packed, loader, given)``."""
        entry = f"(lambda made: made[0](*made[1]))({self._entry(module, name)}"
        return Sent(f"{entry}({{}}, {self.package!r}, {self.packed!r}, {self.loader!r}, {given!r}))")

    def _entry(self, module: str, name: str) -> str:
        call = f"s['enter'](package, packed, {module!r}, {name!r})"
        rest = "(package, packed, loader, given)"
        return f"(lambda s, package, packed, loader, given: (exec(loader, s), {call}, {rest})[1:])"
