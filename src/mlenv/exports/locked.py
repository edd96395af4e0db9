"""The rows of a lock as other formats need them, and how one row is said where no folder of this machine can be."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv.exports.deployment import Deployment
from mlenv.model import Pin, value

__all__ = ["Locked", "install_local", "portable_requirement"]

_LOCAL = frozenset({"path", "editable"})


@value
class Locked:
    """A lock, chosen for one interpreter."""

    deployment: Deployment
    pins: tuple[Pin, ...]
    """Sorted by name."""
    hashes: Mapping[str, tuple[str, ...]]
    """Name -> ``sha256:...`` of every file that the lock has for it."""
    exact: bool = True
    """Whether the lock is closed under dependencies."""
    options: tuple[str, ...] = ()
    """Lines of a requirements file that say where packages come from, as written."""
    channels: tuple[str, ...] = ()
    """Of conda, without credentials, the first one first."""
    machine: str = ""
    """What the rows were chosen for, for people: ``Python 3.12 on linux-x86_64``."""

    @property
    def conda(self) -> tuple[Pin, ...]:
        """Return what conda installs."""
        return tuple(pin for pin in self.pins if pin.source.kind == "conda")

    @property
    def local(self) -> tuple[Pin, ...]:
        """Return what is a folder or a file of this machine."""
        return tuple(pin for pin in self.pins if pin.source.kind in _LOCAL)

    @property
    def portable(self) -> tuple[Pin, ...]:
        """Return what any machine can get by pip's ways."""
        return tuple(pin for pin in self.pins if pin.source.kind not in {*_LOCAL, "conda"})

    @property
    def unhashed(self) -> tuple[str, ...]:
        """Return the names of what any machine can get, for which there is no hash: git sources can have none."""
        return tuple(pin.name for pin in self.portable if not self.hashes_of(pin))

    def hashes_of(self, pin: Pin) -> tuple[str, ...]:
        """Return the hashes that an installer may be held to."""
        if pin.source.kind in {"index", "any"}:
            return tuple(sorted(set(self.hashes.get(pin.name, ()))))
        return (pin.source.hash,) if pin.source.kind == "url" and pin.source.hash else ()


def portable_requirement(pin: Pin) -> str:
    """Return a pin as a PEP 508 text; empty where only this project has what it names."""
    source = pin.source
    if source.kind in ("index", "any"):
        return f"{pin.name}=={pin.version}" if pin.version else f"{pin.name}{pin.specifier}"
    folder = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
    if source.kind == "vcs" and source.commit and "://" in source.url:
        return f"{pin.name} @ git+{source.url.removeprefix('git+')}@{source.commit}{folder}"
    if source.kind == "url" and source.url.startswith("https://"):
        return f"{pin.name} @ {source.url}{folder}"
    return ""


def install_local(pins: tuple[Pin, ...]) -> str:
    """Return the command that installs the project's own folders behind a list; empty where none lies inside."""
    words = []
    for pin in pins:
        path = pin.source.url or "."
        if path.startswith(("/", "..")) or ":" in path:
            continue
        words.append(f"-e {path}" if pin.source.kind == "editable" else path if path == "." else f"./{path}")
    return f"pip install --no-deps {' '.join(words)}" if words else ""
