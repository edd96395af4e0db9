"""``export KIND``: write what takes the project elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlenv.errors import MlenvError
from mlenv.model import Outcome, value
from mlenv.services.context import Context
from mlenv.services.export_cell import export_cell
from mlenv.services.export_script import export_script
from mlenv.verbs import did_you_mean

__all__ = ["KINDS", "ExportWish", "export"]


@value
class ExportWish:
    """What of the command line is for the kinds."""

    arguments: tuple[str, ...] = ()
    """Those behind the kind."""
    output: str | None = None
    write: bool = False
    declared: bool = False


KINDS: Mapping[str, Callable[[Context, ExportWish], Outcome]] = {
    "colab": lambda context, wish: export_cell(context, wish.output),
    "script": lambda context, wish: export_script(context, wish.arguments, write=wish.write, declared=wish.declared),
}


def export(context: Context, kind: str, wish: ExportWish) -> Outcome:
    """Write one kind.

    Raises:
        MlenvError: ``usage`` for an unknown kind; what the kind's own service raises.
    """
    if kind not in KINDS:
        near = did_you_mean(kind, tuple(KINDS))
        raise MlenvError("usage", f"'{kind[:60]}' is nothing to export.{near}", hint=f"mlenv export {'|'.join(KINDS)}")
    return KINDS[kind](context, wish)
