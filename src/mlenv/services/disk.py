"""What mlenv takes on disk: environments, runtimes, caches; their own, and what they share by hard links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlenv import generations, kernels, runtime, store
from mlenv.engines import uv
from mlenv.engines.choose import Tools
from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.process import run
from mlenv.services import tools, words
from mlenv.services.context import Context
from mlenv.services.project import Project, load
from mlenv.services.prune import projects_of, waste_in
from mlenv.services.resolver import Resolver

__all__ = ["copied", "taken"]


@value
class _Place:
    path: Path
    kind: str
    """``environment``, ``runtime``, ``side`` or ``cache``."""
    state: str = ""
    """Of environments: ``in use`` is what ``.venv`` shows, then ``kept``, ``unused``, ``unfinished``."""
    project: str = ""


def taken(context: Context) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Measure all of it, for the machine-readable answer and as lines. Starts nothing but uv, for its cache's place.

    Cost: one look at each file; 100,000 in about a second.
    """
    places = (*_environments(context), *_shared_places(context))
    sizes = [store.measure([place.path]) for place in places]
    whole = store.measure(place.path for place in places)
    rows = [
        {
            "kind": place.kind,
            "path": str(place.path),
            "project": place.project or None,
            "state": place.state or None,
            "own_bytes": size.own_bytes,
            "shared_bytes": size.shared_bytes,
        }
        for place, size in zip(places, sizes, strict=True)
    ]
    lines = [
        f"{words.size(size.own_bytes):>9} own {words.size(size.shared_bytes):>9} shared   {_named(place)}"
        for place, size in zip(places, sizes, strict=True)
    ]
    total = whole.own_bytes + whole.shared_bytes
    lines.append(f"{words.size(total)} together: a file that several of them hold counts once")
    if any(place.state in {"unused", "unfinished"} for place in places):
        lines.append("next: mlenv kernels prune --unused")
    return {"places": rows, "total_bytes": total}, tuple(lines)


def _named(place: _Place) -> str:
    return f"{place.kind} {place.path}" + (f" ({place.state})" if place.state else "")


def _environments(context: Context) -> Iterator[_Place]:
    for root in projects_of(context, kernels.listed()):
        try:
            project = load(root)
            waste = {one.path: one.kind for one in waste_in(root)}
        except MlenvError:  # it has its own error in `check`; its sizes are looked for where they usually are
            continue
        shown = generations.current(project.link)
        if shown is None and project.link.is_dir() and project.link.is_relative_to(root):
            yield _Place(path=project.link, kind="environment", state="in use", project=str(root))
        envs = root / ".mlenv" / "envs"
        for folder in sorted(envs.iterdir()) if envs.is_dir() else ():
            state = "in use" if folder == shown else _STATES.get(waste.get(folder, ""), "kept")
            yield _Place(path=folder, kind="environment", state=state, project=str(root))


_STATES = {"environment": "unused", "unfinished": "unfinished"}


def _shared_places(context: Context) -> Iterator[_Place]:
    for one in runtime.listed():
        yield _Place(path=Path(one.path), kind="runtime")
    yield _Place(path=store.data_dir() / "side", kind="side")
    yield _Place(path=store.cache_dir(), kind="cache")
    cache = _uv_cache(context, tools.tools())
    if cache is not None:
        yield _Place(path=cache, kind="cache")


def _uv_cache(context: Context, found: Tools) -> Path | None:
    if found.uv is None:
        return None
    answer = run(uv.cache_folder(tools.uv_of(context, found)))
    return Path(answer.stdout.strip()) if answer.code == 0 and answer.stdout.strip() else None


def copied(context: Context, resolver: Resolver, project: Project) -> tuple[str, ...]:
    """Say that uv copied its files instead of linking them, where its cache lies on another file system.

    Who asked for copies (``UV_LINK_MODE``, in images) is not told. Cost: one ``stat`` where files are linked; else one
    start of uv (10 ms).
    """
    if os.environ.get("UV_LINK_MODE") == "copy":
        return ()
    names = (Path(site).glob("*.dist-info/METADATA") for site in project.environment.sites)
    linked = any(name.stat().st_nlink > 1 for each in names for name in each)
    cache = None if linked or resolver.engine.installer != "uv" else _uv_cache(context, resolver.tools)
    if cache is None or not cache.is_dir() or cache.stat().st_dev == Path(project.prefix).stat().st_dev:
        return ()
    return (
        f"files are copied, not shared: uv's cache {cache} lies on another file system, so every environment takes"
        " its full size; UV_CACHE_DIR moves it",
    )
