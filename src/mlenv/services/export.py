"""``export KIND``: write what takes the project elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from mlenv.errors import MlenvError
from mlenv.exports.deployment import Platform, Wish
from mlenv.exports.platforms import PLATFORMS
from mlenv.model import Outcome, value
from mlenv.services.context import Context
from mlenv.services.export_cell import export_cell
from mlenv.services.export_script import export_script
from mlenv.services.exporting.formats import FORMATS, Format, export_format
from mlenv.services.exporting.write import export_files
from mlenv.services.words import table
from mlenv.verbs import did_you_mean

__all__ = ["KINDS", "ExportWish", "Kind", "export"]


@value
class ExportWish:
    """What of the command line is for the kinds."""

    arguments: tuple[str, ...] = ()
    """Those behind the kind."""
    output: str | None = None
    write: bool = False
    declared: bool = False
    check: bool = False
    jupyter: bool = False
    base: str = ""


@value
class Kind:
    """One thing that can be exported."""

    summary: str
    run: Callable[[Context, ExportWish], Outcome]
    options: tuple[str, ...] = ()
    """Which fields of :class:`ExportWish` it takes; any other that is given is an error."""


def _of_platform(platform: Platform) -> Kind:
    return Kind(
        summary=platform.summary, run=partial(_platform, platform), options=("output", "check", *platform.options)
    )


def _platform(platform: Platform, context: Context, wish: ExportWish) -> Outcome:
    files = Wish(jupyter=wish.jupyter, base=wish.base)
    return export_files(context, platform, files, output=wish.output, check=wish.check)


def _of_format(form: Format) -> Kind:
    return Kind(
        summary=form.summary,
        run=lambda context, wish: export_format(context, form, wish.output, check=wish.check),
        options=("output", "check"),
    )


KINDS: Mapping[str, Kind] = {
    **{name: _of_platform(platform) for name, platform in PLATFORMS.items()},
    **{form.name: _of_format(form) for form in FORMATS},
    "colab": Kind(
        summary="the set-up cell of a hosted notebook; --output NAME.ipynb writes a notebook",
        run=lambda context, wish: export_cell(context, wish.output),
        options=("output",),
    ),
    "script": Kind(
        summary="the lock as a PEP 723 block; a notebook behind it and --write: into that notebook",
        run=lambda context, wish: export_script(context, wish.arguments, write=wish.write, declared=wish.declared),
        options=("arguments", "write", "declared"),
    ),
}
_FLAGS = ("output", "write", "declared", "check", "jupyter", "base")


def export(context: Context, kind: str, wish: ExportWish) -> Outcome:
    """Write one kind; without one, list them.

    Raises:
        MlenvError: ``platform-unknown``; ``usage`` for an option that the kind does not take; what the kind's own
            service raises.
    """
    if not kind:
        rows = [(f"mlenv export {name}", known.summary) for name, known in KINDS.items()]
        data = {"kinds": {name: known.summary for name, known in KINDS.items()}}
        return Outcome(verb="export", lines=tuple(table(rows)), data=data)
    known = KINDS.get(kind)
    if known is None:
        message = f"'{kind[:60]}' is nothing to export.{did_you_mean(kind, tuple(KINDS))}"
        raise MlenvError("platform-unknown", message, hint=f"mlenv export {'|'.join(KINDS)}")
    _refuse_unused(kind, known, wish)
    return known.run(context, wish)


def _refuse_unused(kind: str, known: Kind, wish: ExportWish) -> None:
    """Refuse an option or a word that would be passed over in silence."""
    if wish.arguments and "arguments" not in known.options:
        message = f"'export {kind}' takes no '{wish.arguments[0][:60]}'"
        raise MlenvError("usage", message, hint=f"mlenv export {kind}")
    unused = next((name for name in _FLAGS if getattr(wish, name) and name not in known.options), None)
    if unused is not None:
        raise MlenvError("usage", f"'export {kind}' takes no --{unused}", hint=f"mlenv export {kind}")
