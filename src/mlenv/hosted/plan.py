"""What a lock asks of an image: what is there already, what is installed, what is held back.

Decided here: the lock's pins are installed as they are, without their dependencies (an exact lock names them all), so
that nothing else of the image moves; a resolver that were given the image's packages as constraints would refuse every
lock that was made beside another Jupyter. What then disagrees with what the image's packages ask for is told by name.

Of the big frameworks the image's own build stays where it is the locked version (``2.11.0+cu128`` for ``2.11.0``): it
was made for the host's GPU and driver. Where the lock names another version, or a build, the lock counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlenv.drift.pins import SamePlace, pin_finding
from mlenv.hosted.hosts import FRONT
from mlenv.model import Distribution, Installed, Pin, value
from mlenv.versions import same

__all__ = ["Plan", "Row", "plan", "python_problem"]

_FRAMEWORKS = frozenset(
    {"torch", "torchvision", "torchaudio", "torchcodec", "torchtext", "torch-xla", "jax", "jaxlib", "tensorflow"}
)
_OF_TORCH = ("nvidia-", "triton", "pytorch-triton", "cuda-")
"""How distributions begin that PyTorch's builds from the package index need, and the image's own may not."""


@value
class Row:
    """One pin beside the image."""

    pin: Pin
    there: str | None
    """The version that the image has."""
    what: str
    """``same``, ``install``, ``held`` (the host needs its own) or ``image`` (its own build of the locked version)."""


@value
class Plan:
    rows: tuple[Row, ...]

    def of(self, *what: str) -> tuple[Row, ...]:
        """Return the rows of these kinds."""
        return tuple(row for row in self.rows if row.what in what)

    @property
    def installs(self) -> tuple[Pin, ...]:
        return tuple(row.pin for row in self.of("install"))

    @property
    def left(self) -> Mapping[str, str]:
        """Name -> version of what stays the image's own although the lock says something else."""
        return {row.pin.name: row.there or "" for row in self.of("held", "image")}


def plan(
    pins: Sequence[Pin],
    image: Installed,
    held: Mapping[str, str],
    *,
    there: Installed | None = None,
    kind: str | None = None,
    roots: Sequence[str] = ("/",),
    same_place: SamePlace | None = None,
) -> Plan:
    """Hold a lock's pins against an image.

    Args:
        pins: chosen for the image's interpreter.
        image: what the image has.
        held: name -> version of what must stay, see :func:`mlenv.hosted.hosts.held_by`.
        there: where the packages go, if that is not the image itself (``--isolated``).
        kind: of the lock.
        roots, same_place: as for :func:`mlenv.drift.compare`.
    """
    by_name = {row.name: row for row in image.distributions}
    target = by_name if there is None else {row.name: row for row in there.distributions}
    torch = next((pin for pin in pins if pin.name == "torch"), None)
    own_torch = torch is not None and there is None and _own_build(torch, by_name.get("torch"))
    rows = []
    for pin in pins:
        found = target.get(pin.name)
        if pin.name in held:
            fits = pin_finding(pin, by_name[pin.name], roots, kind, same_place) is None
            rows.append(Row(pin=pin, there=by_name[pin.name].version, what="same" if fits and not there else "held"))
        elif pin.name in FRONT and "ipykernel" in held and pin.name not in by_name:
            rows.append(Row(pin=pin, there=None, what="held"))
        else:
            fits = pin_finding(pin, found, roots, kind, same_place) is None
            own = (there is None and _own_build(pin, found)) or (own_torch and pin.name.startswith(_OF_TORCH))
            rows.append(Row(pin=pin, there=found.version if found else None, what=_what(fits=fits, own=own)))
    return Plan(rows=tuple(rows))


def _what(*, fits: bool, own: bool) -> str:
    return "same" if fits else "image" if own else "install"


def _own_build(pin: Pin, found: Distribution | None) -> bool:
    """Whether the image has a build of its own of exactly the locked version of a framework."""
    if pin.name not in _FRAMEWORKS or found is None or not pin.version or "+" in pin.version:
        return False
    other = found.version != pin.version or found.source.kind != "index"
    return other and same(found.version.partition("+")[0], pin.version)


def python_problem(wanted: str, version: str, shown: str, lock: str) -> str:
    """Return why a lock cannot be used on an image's Python, in one sentence.

    Args:
        wanted: the Pythons of the lock (``>=3.11,<3.13``), or a minor version (``3.12``).
        version: of the image: ``3.13.15``.
        shown: the host.
        lock: the file.
    """
    minor = ".".join(version.split(".")[:2])
    return f"{lock} is for Python {wanted}, and {shown} has Python {minor} here; nothing was installed"
