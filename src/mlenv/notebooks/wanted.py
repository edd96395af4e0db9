"""From imported modules to the distributions that have them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence

from mlenv.import_names import KERNEL_MODULES, distribution_of, place_of
from mlenv.look_alikes import look_alike
from mlenv.model import value
from mlenv.notebooks.imports import Import
from mlenv.versions import normalise

__all__ = ["STANDARD_LIBRARY", "Wanted", "WantedSet", "resolve_imports"]

# What a notebook of an older Python may import, and the running one no longer has.
_FORMER = frozenset(
    {"asynchat", "asyncore", "cgi", "cgitb", "distutils", "imghdr", "imp", "pipes", "smtpd", "telnetlib"}
)
STANDARD_LIBRARY = frozenset(sys.stdlib_module_names) | _FORMER


@value
class Wanted:
    """One distribution that a file asks for, or one module that nobody can place."""

    module: str
    """The top-level module (or the namespace part that told) as imported."""
    distribution: str | None
    """Its name as the index spells it; ``None``: to be asked."""
    how: str
    """``installed`` (an installed package has the module), ``table`` (well known) or ``asked``."""
    optional: bool = False
    cells: tuple[int, ...] = ()
    guess: str | None = None
    """For ``asked``: the well-known name that this one looks like (``reqeusts`` -> ``requests``)."""


@value
class WantedSet:
    """What one or several files ask for."""

    found: tuple[Wanted, ...] = ()
    """One per distribution, sorted by name; ``how`` is ``installed`` or ``table``."""
    asked: tuple[Wanted, ...] = ()
    """Modules that no installed package and no table knows; never installed without being named by a person."""
    local: tuple[str, ...] = ()
    """Modules of the project itself."""
    kernel: tuple[str, ...] = ()
    """Modules that the kernel brings along (IPython)."""
    elsewhere: tuple[str, ...] = ()
    """Places whose own modules are imported, which no package brings (Google Colab)."""


def resolve_imports(
    imports: Iterable[Import],
    owners: Mapping[str, Sequence[str]],
    local: Collection[str] = (),
    stdlib: Collection[str] = STANDARD_LIBRARY,
) -> WantedSet:
    """Place every imported module: standard library, local, kernel, installed, well known, or to be asked.

    Args:
        imports: of one or several files.
        owners: top-level module -> names of the installed distributions that have it (several for namespaces).
        local: top-level modules that lie beside the notebook or belong to the project.
        stdlib: top-level modules of the target's standard library.

    Returns:
        Installed owners first, then the table; a name known to neither is *asked*, never guessed.
    """
    found: dict[str, Wanted] = {}
    asked: dict[str, Wanted] = {}
    seen_local: set[str] = set()
    kernel: set[str] = set()
    elsewhere: set[str] = set()
    for item in imports:
        top = item.module.partition(".")[0]
        if top in local:
            seen_local.add(top)
        elif top in stdlib:
            continue
        elif top in KERNEL_MODULES:
            kernel.add(top)
        elif place := place_of(item.module):
            elsewhere.add(place)
        else:
            for wanted in _placed(item, top, owners):
                into = found if wanted.distribution else asked
                key = wanted.distribution or wanted.module
                into[key] = _joined(into.get(key), wanted)
    return WantedSet(
        found=tuple(found[key] for key in sorted(found, key=str.lower)),
        asked=tuple(asked[key] for key in sorted(asked, key=str.lower)),
        local=tuple(sorted(seen_local)),
        kernel=tuple(sorted(kernel)),
        elsewhere=tuple(sorted(elsewhere)),
    )


def _placed(item: Import, top: str, owners: Mapping[str, Sequence[str]]) -> list[Wanted]:
    """Return the distributions of one import; several where a namespace has several owners and nothing tells which."""
    installed = tuple(owners.get(top, ()))
    known = distribution_of(item.module)
    if known and known != distribution_of(top):  # a namespace: its owners at large say nothing about this part of it
        installed = tuple(name for name in installed if normalise(name) == normalise(known))
    if installed:
        return [_wanted(item, top, name, "installed") for name in installed]
    if known:
        return [_wanted(item, top, known, "table")]
    return [_wanted(item, top, None, "asked", look_alike(top))]


def _wanted(item: Import, top: str, distribution: str | None, how: str, guess: str | None = None) -> Wanted:
    return Wanted(module=top, distribution=distribution, how=how, optional=item.optional, cells=item.cells, guess=guess)


def _joined(one: Wanted | None, other: Wanted) -> Wanted:
    """Return one row for two imports of the same distribution: needed if either needs it."""
    if one is None:
        return other
    return Wanted(
        module=one.module,
        distribution=one.distribution,
        how=one.how,
        optional=one.optional and other.optional,
        cells=tuple(sorted({*one.cells, *other.cells})),
        guess=one.guess,
    )
