"""The sections of the panel: packages, environment, kernels. Plain ipywidgets, from 7.7 to 8.1.

Standard library only, Python 3.9+. A part knows its own widgets and which verb a button means; it starts nothing.
"""

from __future__ import annotations

from html import escape
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from mlenv import render
from mlenv.render.layout import QUIET, SCROLL, TABLE, cell_style
from mlenv.verbs import OPTIONS

__all__ = ["Environment", "Kernels", "Packages", "Run"]

Run = Callable[[str, Sequence[str]], None]
"""Starts a verb with these words."""

_WIDE = {"description_width": "6em"}
_AS_IT_IS = "as the project says"


class Packages:
    """All packages, searchable; one can be added or removed."""

    def __init__(self, widgets: Any, run: Run) -> None:
        self._run = run
        self._rows: Sequence[render.PackageRow] = ()
        self.search = widgets.Text(description="Search", placeholder="a part of a name", style=_WIDE)
        self.shown = widgets.Dropdown(options=list(render.SHOWN), value="all packages")
        self.shown.layout.width = "auto"
        self.table = widgets.HTML()
        self.name = widgets.Text(description="Package", placeholder="humanize, or numpy<2", style=_WIDE)
        self.add = widgets.Button(description="Add", tooltip="%mlenv add: declare, lock and install")
        self.remove = widgets.Button(description="Remove", tooltip="%mlenv remove: from manifest, lock and environment")
        for widget in (self.search, self.shown):
            widget.observe(lambda change: self._draw(), "value")
        self.add.on_click(lambda button: self._start("add"))
        self.remove.on_click(lambda button: self._start("remove"))
        change = widgets.HBox([self.name, self.add, self.remove])
        self.widget = widgets.VBox([widgets.HBox([self.search, self.shown]), self.table, change])
        for row in (change, self.widget.children[0]):
            row.layout.flex_flow = "row wrap"
        self.buttons = (self.add, self.remove)

    def show(self, rows: Sequence[render.PackageRow]) -> None:
        """Show these packages, narrowed as before."""
        self._rows = rows
        self._draw()

    def _draw(self) -> None:
        self.table.value = render.packages_html(self._rows, self.search.value, self.shown.value)

    def _start(self, verb: str) -> None:
        words = self.name.value.replace(",", " ").split()
        if words and not any(word.startswith("-") for word in words):
            self._run(verb, words)


class Environment:
    """Everything that changes the environment as a whole, and with which engine and Python it is made."""

    _VERBS: Tuple[Tuple[str, str, str], ...] = (
        ("sync", "Sync", "%mlenv sync: make the environment what the lock says"),
        ("lock", "Lock", "%mlenv lock: write the lock anew from the manifest"),
        ("freeze", "Freeze", "%mlenv freeze: write the lock from what is installed"),
        ("undo", "Undo", "%mlenv undo: back to before the last change"),
        ("restart", "Restart the kernel", "%mlenv restart: variables are lost"),
    )

    def __init__(self, widgets: Any, run: Run) -> None:
        self._run = run
        self._paths: Mapping[str, str] = {}
        choices = OPTIONS["--engine"].choices
        self.engine = widgets.Dropdown(options=[_AS_IT_IS, *choices], description="Engine", style=_WIDE)
        self.python = widgets.Dropdown(options=[_AS_IT_IS], description="Python", style=_WIDE)
        self.create = widgets.Button(
            description="Create", tooltip="%mlenv create: the environment anew, beside the old one until it is proved"
        )
        self.create.on_click(lambda button: self._run("create", self._words()))
        self.verbs = {verb: widgets.Button(description=label, tooltip=tip) for verb, label, tip in self._VERBS}
        for verb, button in self.verbs.items():
            button.on_click(lambda pressed, verb=verb: self._run(verb, ()))
        making = widgets.HBox([self.engine, self.python, self.create])
        changing = widgets.HBox(list(self.verbs.values()))
        for row in (making, changing):
            row.layout.flex_flow = "row wrap"
        self.widget = widgets.VBox([changing, making])
        self.buttons = (self.create, *self.verbs.values())

    def show_pythons(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Offer the Pythons of ``mlenv pythons`` that the project allows; paths stay in this process."""
        paths: Dict[str, str] = {}
        for row in rows:
            if row.get("allowed") and not row.get("problem"):
                kind = row.get("implementation") or "cpython"
                label = f"{row['version']}" if kind == "cpython" else f"{kind} {row['version']}"
                paths.setdefault(f"{label} ({row.get('source') or 'here'})", str(row["path"]))
        self._paths = paths
        self.python.options = [_AS_IT_IS, *paths]

    def _words(self) -> List[str]:
        words = [] if self.engine.value == _AS_IT_IS else ["--engine", str(self.engine.value)]
        path = self._paths.get(str(self.python.value))
        return [*words, "--python", path] if path else words


class Kernels:
    """The kernels of this machine with their states; those that are broken can be mended or removed."""

    def __init__(self, widgets: Any, run: Run, look: Callable[[], None]) -> None:
        self._run = run
        self.table = widgets.HTML()
        self.again = widgets.Button(description="Look again", tooltip="%mlenv kernels")
        self.repair = widgets.Button(description="Repair", tooltip="%mlenv kernels repair: mends mlenv's own")
        self.prune = widgets.Button(
            description="Prune", tooltip="%mlenv kernels prune: shows what would be removed, a second click removes it"
        )
        self._shown = False
        self.again.on_click(lambda button: look())
        self.repair.on_click(lambda button: run("kernels", ("repair",)))
        self.prune.on_click(lambda button: self._prune())
        row = widgets.HBox([self.again, self.repair, self.prune])
        row.layout.flex_flow = "row wrap"
        self.widget = widgets.VBox([self.table, row])
        self.buttons = (self.again, self.repair, self.prune)

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show the rows of ``mlenv kernels``: names and states, no folder."""
        style = cell_style()
        body = "".join(_kernel_row(row, style) for row in rows)
        head = "".join(f'<th scope="col" style="{style}">{name}</th>' for name in ("kernel", "id", "state"))
        self.table.value = (
            f'<div role="region" aria-label="Kernels" tabindex="0" style="{SCROLL}"><table style="{TABLE}">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            if rows
            else f'<div style="{QUIET}">No kernels.</div>'
        )

    def _prune(self) -> None:
        words = ("prune",) if self._shown else ("prune", "--dry-run")
        self._shown = not self._shown
        self.prune.description = "Prune now" if self._shown else "Prune"
        self._run("kernels", words)


def _kernel_row(row: Mapping[str, Any], style: str) -> str:
    state = str(row.get("state") or "")
    cells = (row.get("id") or "", state if state in {"ok", "foreign"} else f"\N{BALLOT X} {state}")
    columns = "".join(f'<td style="{style}">{escape(str(cell))}</td>' for cell in cells)
    name: Optional[Any] = row.get("display_name") or row.get("id")
    return f'<tr><th scope="row" style="{style}">{escape(str(name))}</th>{columns}</tr>'
