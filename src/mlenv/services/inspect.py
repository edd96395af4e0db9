"""``list``, ``show``, ``outdated``: look at packages, change nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlenv.engines import answers, uv
from mlenv.engines.requirement import checked_name
from mlenv.errors import MlenvError
from mlenv.model import Distribution, Installed, Outcome, Selection
from mlenv.probe import environment, site
from mlenv.services import tools as engine_tools
from mlenv.services import words
from mlenv.services.check import selection_of
from mlenv.services.context import Context
from mlenv.services.project import Project, open_project, require_environment
from mlenv.services.select import selection_for
from mlenv.services.tools import run_engine
from mlenv.verbs import did_you_mean
from mlenv.versions import normalise, same

__all__ = ["list_packages", "outdated", "package_rows", "show"]


def list_packages(context: Context) -> Outcome:
    """List what is installed beside what is locked and declared."""
    project = open_project(context)
    require_environment(project)
    selection = _selection(context, project)
    installed = _rows(words.installed_of(project))
    pins = {pin.name: pin for pin in selection.pins}
    declared = {row.name: row.text for row in selection.declared}
    rows = [
        {
            "package": name,
            "installed": installed[name].version if name in installed else None,
            "locked": pins[name].version if name in pins else None,
            "declared": declared.get(name),
            "source": installed[name].source.kind if name in installed else pins[name].source.kind,
        }
        for name in sorted({*installed, *pins})
    ]
    header = ("package", "installed", "locked", "declared")
    table = [header, *(tuple(str(row[key] or "-") for key in header) for row in rows)]
    return Outcome(verb="list", lines=_aligned(table), data={"packages": rows})


def package_rows(context: Context, project: Project) -> list[dict[str, str | None]]:
    """Return every package that is declared, locked or installed, by name; an environment need not be there.

    Raises:
        MlenvError: unreadable locks and manifests, with the place in the file.
    """
    selection = selection_of(context, project)
    installed = _rows(words.installed_of(project))
    locked = {pin.name: pin.version for pin in selection.pins}
    declared = {row.name: row.text for row in selection.declared}
    return [
        {
            "name": name,
            "declared": declared.get(name),
            "locked": locked.get(name),
            "installed": installed[name].version if name in installed else None,
        }
        for name in sorted({*installed, *locked, *declared})
    ]


def _rows(installed: Installed) -> dict[str, Distribution]:
    """Return what is installed by name: conda's own records, and the distributions that are not conda's."""
    others = {row.name: row for row in installed.distributions if row.name not in installed.owned}
    return {**others, **{row.name: row for row in installed.conda}}


def show(context: Context, name: str) -> Outcome:
    """Show one package.

    Raises:
        MlenvError: ``name-invalid``; ``package-not-installed`` with the nearest installed name.
    """
    project = open_project(context)
    require_environment(project)
    installed = words.installed_of(project)
    found = _rows(installed).get(checked_name(name))
    selection = _selection(context, project)
    if found is None:
        names = [*_rows(installed)]
        raise MlenvError(
            "package-not-installed",
            f"{name} is not installed in {project.link.name}.{did_you_mean(normalise(name), names)}",
            hint=f"mlenv add {name}",
        )
    return _shown(selection, found, site.needs(installed))


def _shown(selection: Selection, found: Distribution, every: Mapping[str, tuple[str, ...]]) -> Outcome:
    pin = next((p for p in selection.pins if p.name == found.name), None)
    declared = next((d for d in selection.declared if d.name == found.name), None)
    needed_by = sorted(owner for owner, names in every.items() if found.name in names and owner != found.name)
    summary = "" if found.source.kind == "conda" else site.metadata(found).summary
    data = {
        "package": found.name,
        "installed": found.version,
        "locked": pin.version if pin else None,
        "declared": declared.text if declared else None,
        "source": found.source.kind,
        "summary": summary,
        "needs": sorted(set(every.get(found.name, ()))),
        "needed_by": needed_by,
    }
    lines = [
        f"{found.name} {found.version}: {summary}".rstrip(": "),
        f"locked     {data['locked'] or '-'}{_agreement(found, pin.version if pin else None)}",
        f"declared   {f'{declared.text} in {declared.origin}' if declared else '-'}",
        f"needs      {', '.join(sorted(set(every.get(found.name, ())))) or 'nothing'}",
        f"needed by  {', '.join(needed_by) or 'nothing'}",
    ]
    if found.source.kind != "index":
        lines.append(f"source     {found.source.kind}")
    return Outcome(verb="show", lines=tuple(lines), data=data)


def _agreement(found: Distribution, locked: str | None) -> str:
    return "" if locked is None or same(locked, found.version) else "  (differs: mlenv sync)"


def outdated(context: Context) -> Outcome:
    """List packages that have newer versions on the index.

    Raises:
        MlenvError: ``no-network`` and what else the engine could not do; with ``--offline``: ``offline``.
    """
    project = open_project(context)
    require_environment(project)
    if context.options.offline:
        raise MlenvError(
            "offline", "what is newer can only be asked of the package index", hint="mlenv outdated, without --offline"
        )
    found = engine_tools.tools()
    command = uv.list_outdated(engine_tools.uv_of(context, found), project.prefix)
    rows = answers.parse_outdated(run_engine(context, command, "plan").stdout)
    owned = frozenset(words.installed_of(project).owned)  # the index is not where these come from
    rows = tuple(row for row in rows if row.name != "pip" and row.name not in owned)
    apart = ("packages of conda are not compared here: mlenv upgrade --dry-run asks the channels",) if owned else ()
    if not rows:
        return Outcome(verb="outdated", lines=("every package is the newest", *apart), data={"packages": []})
    table = [("package", "installed", "newest"), *((row.name, row.version, row.latest) for row in rows)]
    following = f"next: mlenv upgrade {rows[0].name}, or mlenv upgrade for all that the manifest allows"
    lines = (*_aligned(table), *apart, following)
    data = {"packages": [{"package": r.name, "installed": r.version, "newest": r.latest} for r in rows]}
    return Outcome(verb="outdated", lines=lines, data=data)


def _selection(context: Context, project: Project) -> Selection:
    return selection_for(context, project, environment.interpreter(project.prefix))


def _aligned(table: Sequence[Sequence[str]]) -> tuple[str, ...]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return tuple(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )
