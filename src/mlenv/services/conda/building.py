"""Build one generation of packages of conda: at its final place, for prefixes are written into the files."""

from __future__ import annotations

from pathlib import Path

from mlenv import store
from mlenv.engines import conda
from mlenv.engines.conda import LockedRows, Row
from mlenv.errors import MlenvError
from mlenv.locks.conda_explicit import explicit_rows
from mlenv.locks.reading import Wanted, pixi_environment
from mlenv.services import words
from mlenv.services.conda.locking import environment_of, manifest_of, specs_of
from mlenv.services.conda.running import ask, channels_of, platform_of
from mlenv.services.context import Context
from mlenv.services.installing import install_pip_rows
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.scratch import scratch_folder
from mlenv.services.select import target_of
from mlenv.services.wish import Wish

__all__ = ["build_conda"]


def build_conda(context: Context, project: Project, wish: Wish, generation: Path, descriptor: int) -> None:
    """Make the environment at its final place: conda's packages first, then those of the pip part.

    Raises:
        MlenvError: what py-rattler, uv or pip could not do; the caller removes what is left.
    """
    resolver = Resolver(
        interpreter=wish.interpreter, engine=wish.engine, tools=wish.tools, descriptor=descriptor
    )  # fmt: skip
    manifest = manifest_of(wish.selected)
    environment = environment_of(project, manifest, resolver, wish.files) if manifest else None
    channels, condarc = channels_of(environment.channels if environment else (), manifest)
    specs = tuple(spec.text for spec in environment.specs) if environment else ()
    platform = platform_of(wish.interpreter)
    pins = [pin for pin in wish.selected.selection.pins if pin.source.kind == "conda"]
    context.tell("install", f"installing {words.packages(len(pins))} of conda")
    with scratch_folder(project.root) as scratch:
        if wish.selected.choice.kind == "conda" and environment is not None:
            answer = ask(
                context, project, scratch, "lock", descriptor,
                lambda host: conda.solve(host, channels, specs_of(environment), platform),
                offline=condarc.offline,
            )  # fmt: skip
            rows = LockedRows(kind="conda", rows=conda.read_rows(answer)[0])
        else:
            rows = _locked(project, wish, scratch)
        ask(
            context, project, scratch, "download", descriptor,
            lambda host: conda.install(
                host, channels, rows, str(generation), platform, specs=specs, mend=bool(wish.reinstall)
            ),
            offline=condarc.offline,
        )  # fmt: skip
    _refuse_no_python(wish, generation)
    install_pip_rows(context, project, wish, generation, descriptor)


def _locked(project: Project, wish: Wish, scratch: Path) -> LockedRows:
    """Return the lock that counts, as a file that the program reads: one not written yet lies in the scratch folder."""
    selected = wish.selected
    lock, kind = selected.choice.lock or "", selected.choice.kind or ""
    text = wish.files.get(lock)
    if kind == "conda" or (kind == "requirements"):
        found = explicit_rows(text if text is not None else store.read_text(project.root / lock))
        keys = ("name", "version", "build", "url", "md5", "sha256")
        rows = tuple(Row(**dict(zip(keys, row, strict=True))) for row in found)  # type: ignore[arg-type]
        return LockedRows(kind="conda", rows=rows)
    path = project.root / lock
    if text is not None:
        path = scratch / lock
        store.write_atomic(path, text)
    names = tuple(pin.name for pin in selected.selection.pins if pin.source.kind == "conda")
    environment = ""
    if kind == "pixi":
        wanted = Wanted(target=target_of(wish.interpreter.path), name="", groups=selected.selection.groups)
        environment = pixi_environment(wanted, lock)
    return LockedRows(kind=kind, path=str(path), names=names, environment=environment)


def _refuse_no_python(wish: Wish, generation: Path) -> None:
    if any((generation / place).exists() for place in ("bin/python", "python.exe")):
        return
    lock = wish.selected.choice.lock or ""
    raise MlenvError(
        "python-not-found",
        f"{lock} installs no Python, so no notebook can run in it",
        where=lock,
        hint="mlenv add python",
    )
