"""Lines of requirements files that say where packages come from: shown and refused, followed only when allowed.

Such a file may come from anybody, and an index that it names gets to choose what is installed.
"""

from __future__ import annotations

from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.render import mask_secrets
from mlenv.services.context import Context

__all__ = ["options_of", "refuse_options"]

_HARMLESS = ("--require-hashes", "--prefer-binary", "--only-binary", "--pre")


def options_of(selected: Selected) -> tuple[str, ...]:
    """Return the option lines of the requirements files that were read, harmless ones left out."""
    found = [
        *(selected.manifest.options if selected.manifest else ()),
        *(selected.content.options if selected.content else ()),
    ]
    return tuple(dict.fromkeys(line for line in found if not line.startswith(_HARMLESS)))


def refuse_options(context: Context, selected: Selected) -> None:
    """Stop where a requirements file chooses an index, a host to trust or the like; ``--force`` allows it.

    Raises:
        MlenvError: ``requirements-options`` showing the lines, secrets masked.
    """
    options = options_of(selected)
    if not options or context.options.force:
        return
    shown = "; ".join(mask_secrets(line) for line in options[:3])
    more = f"; and {len(options) - 3} more" if len(options) > 3 else ""
    where = selected.choice.manifest or selected.choice.lock or ""
    raise MlenvError(
        "requirements-options",
        f"{where} says where packages come from: {shown}{more}; nothing was installed or written",
        where=where,
        hint="add --force to follow these lines, or set the index in uv.toml or [tool.uv] and take them out",
    )
