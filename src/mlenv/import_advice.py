"""What helps against ``No module named ...``: one decision for the kernel's line, the notebook's button and the server.

Standard library only, Python 3.9+: this file also runs inside project kernels. Facts in, words out.
"""

from __future__ import annotations

import re
import sys
from typing import Iterator, Optional

from mlenv.import_names import DISTRIBUTIONS, distribution_of, place_of
from mlenv.model import Advice
from mlenv.versions import normalise

__all__ = ["advise", "advised_command", "in_namespace", "likely_names", "top_of"]

_MODULE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_PACKAGE = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_MAX_CHARACTERS = 100


def top_of(module: str) -> str:
    """Return the first part of a module's name; empty where no package can bring it (no name, standard library)."""
    if len(module) > _MAX_CHARACTERS or not _MODULE.fullmatch(module) or place_of(module):
        return ""
    top = module.partition(".")[0]
    return "" if top in getattr(sys, "stdlib_module_names", ()) else top


def likely_names(module: str) -> Iterator[str]:
    """Give the distributions that likely bring a module, normalised, the likeliest first."""
    known = distribution_of(module) or ""
    yield from dict.fromkeys(normalise(name) for name in (known, module.partition(".")[0]) if name)


def in_namespace(module: str) -> bool:
    """Whether a module is a known package's part of a namespace (``google.protobuf``): there, owning ``google`` tells
    nothing, and the package's own name counts.
    """
    return "." in module and module in DISTRIBUTIONS


def advise(
    module: str, *, project: bool, at_home: bool, environment: bool = True, owner: str = "", locked: str = ""
) -> Optional[Advice]:
    """Decide what helps.

    Args:
        module: what could not be imported, as the error names it (``skimage``, ``google.protobuf``).
        project: whether the notebook has a project.
        at_home: whether its kernel runs in the project's environment.
        environment: whether the project has an environment.
        owner: the distribution in the project's environment that has the module; empty where none has.
        locked: the distribution in the project's lock that likely brings it; empty where none does.

    Returns:
        The advice; its text has no path and no command. ``None`` where mlenv cannot help: a standard module, a typo of
        one, the bare name of a namespace that many packages share.
    """
    top = top_of(module)
    if not top:
        return None
    if owner and not at_home:
        text = f"{top} is installed in the project's environment, and this kernel runs elsewhere"
        return Advice(action="switch", package=owner, text=text)
    if owner:
        text = f"{owner} is installed, and this kernel still runs with what was there before"
        return Advice(action="restart", package=owner, text=text)
    if locked and not environment:
        text = f"{locked} is in the lock, and this project has no environment yet"
        return Advice(action="create", package=None, text=text)
    if locked:
        return Advice(action="sync", package=locked, text=f"{locked} is in the lock and not installed")
    lacks = "" if environment else "this project has no environment yet"
    return _missing(module, top, lacks if project else "there is no project here yet")


def _missing(module: str, top: str, lacks: str) -> Optional[Advice]:
    known = distribution_of(module)
    name = normalise(known or top)
    if not _PACKAGE.fullmatch(name) or (known is None and _is_namespace(top)):
        return None
    if lacks:
        return Advice(action="create", package=name, text=f"{name} is not installed, and {lacks}")
    text = f"{name} is not in this project"
    if not known:
        text = f"{top} is not in this project; its package is probably called {name}"
    return Advice(action="add", package=name, text=text)


def _is_namespace(top: str) -> bool:
    """Whether many packages share this name (``google``): the package that is called so is another thing."""
    return any(name.startswith(f"{top}.") for name in DISTRIBUTIONS)


def advised_command(advice: Advice) -> str:
    """Return what to type: ``mlenv add humanize``."""
    package = f" {advice.package}" if advice.package and advice.action in {"add", "create"} else ""
    return f"mlenv {advice.action}{package}"
