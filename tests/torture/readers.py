"""Every reader of mlenv that is fed with files of others, each with real files to damage and what must hold of its answer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import default_environment

from mlenv import drift, history, manifest_edit, selection_text, trust
from mlenv.errors import MlenvError
from mlenv.installed import parse_direct_url, parse_metadata, parse_pyvenv_cfg, parse_record, parse_requires, top_levels
from mlenv.kernels import listing
from mlenv.locks import Selected, SelectRequest, Target, render_requirements, seal, select, select_for_notebook
from mlenv.model import Installed, Selection
from mlenv.notebooks import parse_imports
from mlenv.probe import site

__all__ = ["HERE", "ON_DISK", "PURE", "Reader", "fault_of", "readers", "selected"]

DATA = Path(__file__).resolve().parent.parent / "data"
LOCKS = DATA / "locks"
HERE = Target(
    markers={**default_environment(), "python_full_version": "3.11.7", "python_version": "3.11"},
    tags=("cp311-cp311-manylinux_2_17_x86_64", "py3-none-any"),
)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One reader and real files for it."""

    name: str
    form: str
    """What a node of its files is: ``toml``, ``json`` or ``lines``."""
    read: Callable[[bytes], object]
    files: tuple[bytes, ...]
    errors: bool = True
    """Whether it may answer with an error; one that reads what is only worth its time answers with less instead."""
    judge: Callable[[bytes, object, object], str] = lambda _data, _whole, _answer: ""
    """Says what is wrong with the answer to a damaged file, given it and the answer to the whole one."""


def fault_of(reader: Reader, data: bytes, whole: object = None) -> str:
    """Feed a reader with damaged bytes; return what is wrong with how it answers, nothing where all is well."""
    try:
        answer = reader.read(data)
    except MlenvError as problem:
        if not reader.errors:
            return f"raised {problem.code}"
        return "" if problem.code and problem.message and problem.where else f"{problem.code} without message or place"
    except Exception as problem:  # noqa: BLE001  # the point: nothing else may come out
        return f"{type(problem).__name__}: {str(problem)[:80]}"
    return reader.judge(data, whole, answer)


def selected(files: Mapping[str, bytes], **chosen: Any) -> Selected:
    request = SelectRequest(
        root="/project", name="project", names=tuple(sorted(files)), load=files.get, target=HERE, **chosen
    )
    found = select(request)
    _compared(found.selection)
    return found


def _compared(selection: Selection) -> None:
    """Use every value of a selection as a check does: one of a wrong type must have been seen before."""
    drift.compare(selection, Installed())
    drift.compare(selection, Installed(distributions=tuple(_as_installed(selection))))
    selection_text.selection_text(selection, "1").encode()


def _as_installed(selection: Selection) -> Iterator[Any]:
    from mlenv.model import Distribution

    for pin in selection.pins:
        yield Distribution(name=pin.name, version="1.0", source=pin.source)


def _files(pattern: str) -> tuple[bytes, ...]:
    found = tuple(path.read_bytes() for path in sorted(DATA.glob(pattern)))
    assert found, pattern
    return found


def _lock(name: str) -> Callable[[bytes], Selected]:
    return lambda data: selected({name: data})


def _beside(folder: str, lock: str) -> Callable[[bytes], Selected]:
    """Return the reader of a lock that lies beside the manifest it was made for, as locks do."""
    manifest = (LOCKS / folder / "pyproject.toml").read_bytes()
    return lambda data: selected({lock: data, "pyproject.toml": manifest})


def _not_shorter(data: bytes, whole: object, answer: object) -> str:
    """A lock that mlenv sealed is whole, or it is told that it was edited; it is never quietly another one.

    A list without any row left is no lock any more, and told so. Where head and end are gone, nothing can tell.
    """
    assert isinstance(whole, Selected)
    assert isinstance(answer, Selected)
    if whole.selection.pins == answer.selection.pins or answer.selection.findings or not answer.selection.lock:
        return ""
    if not any(
        mark in data
        for mark in (b"# This file was made by mlenv;", b"\n# mlenv: 3 packages", b"tool.mlenv", b'mlenv"\n')
    ):
        return ""
    before, after = len(whole.selection.pins), len(answer.selection.pins)
    return f"took {after} pins for the {before} that were sealed, without a word"


def _manifest(data: bytes) -> Selected:
    lock = (LOCKS / "uv-groups" / "uv.lock").read_bytes()
    return selected({"pyproject.toml": data, "uv.lock": lock}, extras=(), groups=())


def _settings(data: bytes) -> Selected:
    return selected({"mlenv.toml": data, "pylock.toml": (LOCKS / "pylock-uv" / "pylock.toml").read_bytes()})


def _edited(data: bytes) -> str:
    edited = manifest_edit.add_dependencies(data.decode("utf-8", "replace"), ["six<2"])
    return edited + manifest_edit.remove_dependencies(edited, ["six"])


def _list_edited(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    edited = manifest_edit.add_requirements(text, ["six<2"])
    return edited + manifest_edit.remove_requirements(edited, ["six"])


def _notebook(data: bytes) -> object:
    return parse_imports(data.decode("utf-8", "replace"), "work.ipynb")


def _notebook_says(data: bytes) -> object:
    """What a notebook declares itself, alone in its folder and beside a lock."""
    text = data.decode("utf-8", "replace")
    for files in ({}, {"requirements.txt": b"six==1.16.0\n"}):
        request = SelectRequest(root="/project", name="project", names=tuple(files), load=files.get, target=HERE)
        _compared(select_for_notebook(request, "work.ipynb", text).selection)
    return text


def _metadata(data: bytes) -> object:
    found = parse_metadata(data.decode("utf-8", "replace"))
    return parse_requires(found.requires, found.provides_extra)


def _record(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    return parse_record(text), top_levels(text)


def _selection(data: bytes) -> object:
    found = selection_text.parse_selection(data.decode("utf-8", "replace"))
    if found is not None:
        _compared(found)
    return found


def _written(folder: Path, name: str, read: Callable[[], object]) -> Callable[[bytes], object]:
    """Return a reader of bytes that writes them to the file that the reader looks for."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)

    def run(data: bytes) -> object:
        path.write_bytes(data)
        return read()

    return run


def _environment(folder: Path) -> Path:
    """Make a folder that looks like an environment from the outside."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / "python3.11" / "site-packages" / "six-1.17.0.dist-info").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(os.path.realpath("/bin/sh"))
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    return folder


def _facts(prefix: Path) -> Callable[[], object]:
    return lambda: (site.environment_facts(str(prefix)), site.read_marker(str(prefix)))


def _scanned(sites: Path) -> Callable[[], object]:
    def read() -> object:
        installed = site.scan([str(sites)])
        return installed, [site.verify(row) for row in installed.distributions], site.needs(installed)

    return read


def _trusted(folder: Path) -> Callable[[], object]:
    def read() -> object:
        os.environ["MLENV_DATA_DIR"] = str(folder)
        return trust.trusted(folder), trust.prefixes()

    return read


def _history(folder: Path) -> Callable[[], object]:
    def read() -> object:
        found = history.entries(folder)
        return [
            (entry.verb + entry.id, float(entry.when), [change.path + change.after for change in entry.files])
            for entry in found
        ]

    return read


_KERNEL = {
    "argv": ["/project/.venv/bin/python", "/data/launcher.py", "-f", "{connection_file}", "--mlenv-project", "/project"],
    "display_name": "demo", "language": "python", "env": {"PATH": "/project/.venv/bin:${PATH}", "VIRTUAL_ENV": "/project/.venv"},
    "metadata": {"debugger": True, "mlenv": {"schema": 1, "project": "/project", "name": "demo", "prefix": "/project/.venv",
                                             "kernel": "demo-1a2b", "ipykernel": "runtime"}},
}  # fmt: skip
_CHANGE = {"path": "uv.lock", "before": "0a", "after": "0b", "backup": "backups/0a1b2c/0"}
_HISTORY = {
    "schema": 1,
    "entries": [
        {"id": "0a1b2c", "verb": "sync", "when": 1.5, "old": None, "new": "envs/261121-0a", "done": True, "files": [_CHANGE]},
        {"id": "0a1b2d", "verb": "add", "when": 2.5, "old": "envs/261121-0a", "new": "envs/261121-0b", "done": False, "files": []},
    ],
}  # fmt: skip
_TRUST = {
    "schema": 1,
    "trusted": [{"root": "/project", "prefix": "/project/.venv"}, {"root": "/b", "prefix": "/b/env"}],
}
_MARKER = {
    "schema": 1,
    "path": "/x",
    "python": "3.11.7",
    "packages": {"six": "1.17.0"},
    "count": 1,
    "extras": [],
    "groups": ["dev"],
}
_DIRECT = (
    {
        "url": "https://user:pw@host.example/a.git",
        "vcs_info": {"vcs": "git", "commit_id": "ab12", "requested_revision": "main"},
    },
    {"url": "file:///project/lib", "dir_info": {"editable": True}},
    {"url": "https://host.example/six-1.17.0-py3-none-any.whl", "archive_info": {"hash": "sha256=00"}},
)
_METADATA = """Metadata-Version: 2.4
Name: six
Version: 1.17.0
Summary: Python 2 and 3 compatibility utilities
Requires-Python: >=3.9
Requires-Dist: idna<4,>=2.5
Requires-Dist: requests[socks]; extra == "web" and python_version < "3.14"
Provides-Extra: web

# six
"""
_RECORD = """six.py,sha256=xQ2bVtZ4Lh1rV,34703
six-1.17.0.dist-info/METADATA,sha256=AA,1658
"odd, name/a ""b"".py",sha256=BB,3
../../bin/six,sha256=CC,10
six-1.17.0.dist-info/INSTALLER,sha256=DD,3
six-1.17.0.dist-info/RECORD,,
"""
_SETTINGS = """env = "env/main"
lock = "pylock.toml"
engine = "venv"
python = ">=3.11"
groups = []
extras = []
allow-build = ["six"]
kernel-name = "demo"
dotenv = true
"""


_INSTALLING = {
    "cells": [
        {"cell_type": "code", "source": ["!pip install -q 'six<2' idna \\\n", "  -e ./lib -r list.txt && pip install {x}\n"]},
        {"cell_type": "code", "source": "%conda install -c x numpy=1.26\n%uv add humanize"},
    ],
    "metadata": {"uv": {"dependencies": ["attrs"], "requires-python": ">=3.9"}},
}  # fmt: skip


_ENVIRONMENT = b"""name: demo
channels: [conda-forge, nodefaults]
dependencies: &rows
  - python >=3.11,<3.13
  - conda-forge::numpy=1.26.*=py311*
  - pip
  - "scipy[version='>=1.11', build=*mkl*]"
  - pip:
      - --index-url https://index.example.org/simple
      - requests[socks]>=2 ; python_version > "3"
  - pip: [six]
"""
_PIXI = b"""[workspace]
channels = ["conda-forge"]
platforms = ["linux-64", { name = "big", platform = "linux-64" }]
[dependencies]
python = { version = ">=3.11", build = "*_cpython" }
[target.linux.pypi-dependencies]
requests = { version = ">=2", extras = ["socks"], env-markers = "sys_platform == 'linux'" }
lib = { path = "./lib", editable = true }
[feature.test]
platforms = ["linux-64"]
[feature.test.dependencies]
pytest = "*"
[environments]
test = { features = ["test"], solve-group = "default", no-default-feature = false }
"""


def _json(*contents: object) -> tuple[bytes, ...]:
    return tuple(json.dumps(content, indent=1).encode() for content in contents)


def _sealed() -> tuple[bytes, ...]:
    return tuple(
        seal((LOCKS / name / "pylock.toml").read_text(), ["six", "humanize<4.10"]).encode()
        for name in ("pylock-uv", "pylock-pip")
    )


def _of_tools() -> Iterator[Reader]:
    """Yield the readers of locks that Poetry, PDM and Pipenv write."""
    for folder in ("poetry-1.1", "poetry-2.0", "poetry-2.1"):
        files, read = _files(f"locks/{folder}/poetry.lock"), _beside(folder, "poetry.lock")
        yield Reader(name=f"poetry.lock of {folder}", form="toml", read=read, files=files)
    files = _files("locks/pdm-4.5/pdm.lock")
    yield Reader(name="pdm.lock", form="toml", read=_beside("pdm-4.5", "pdm.lock"), files=files)
    files = _files("locks/pipenv-6/Pipfile.lock")
    yield Reader(name="Pipfile.lock", form="json", read=_lock("Pipfile.lock"), files=files)


def _of_workspaces() -> Iterator[Reader]:
    """Yield the readers of a lock for several projects, and of the locks of several tools side by side."""
    root = LOCKS / "uv-0.9-members"
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for damaged in ("uv.lock", "pyproject.toml", "packages/two/pyproject.toml"):
        for member in ("", "packages/two"):
            name = f"{damaged} of a workspace{', for a member' if member else ''}"
            read = _among(files, damaged, member)
            yield Reader(name=name, form="toml", read=read, files=(files[damaged],))
    side = {path.name: path.read_bytes() for path in (LOCKS / "side-by-side").iterdir()}
    for damaged in ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock"):
        yield Reader(
            name=f"{damaged} beside others", form="toml", read=_among(side, damaged, ""), files=(side[damaged],)
        )


def _among(files: Mapping[str, bytes], damaged: str, member: str) -> Callable[[bytes], Selected]:
    return lambda data: selected({**files, damaged: data}, member=member)


def _conda() -> Iterator[Reader]:
    """Yield the readers of the conda world, each lock beside the manifest it was made for."""

    def beside(folder: str, manifest: str, lock: str) -> Callable[[bytes], Selected]:
        text = (LOCKS / folder / manifest).read_bytes()
        return lambda data: selected({lock: data, manifest: text}, lock_option=lock)

    pixi, conda_lock = "pixi-7", "conda-lock-1"
    locks = (*_files("locks/pixi-7/pixi.lock"), *_files("locks/pixi-1-to-6/v*.lock"))
    yield Reader(name="pixi.lock", form="lines", read=beside(pixi, "pixi.toml", "pixi.lock"), files=locks)
    files = _files(f"locks/{conda_lock}/conda-lock.yml")
    read = beside(conda_lock, "environment.yml", "conda-lock.yml")
    yield Reader(name="conda-lock.yml", form="lines", read=read, files=files)
    explicit, lock = _files("locks/conda-explicit/*.lock"), _named_lock("conda-linux-64.lock")
    yield Reader(name="explicit list of conda", form="lines", read=lock, files=explicit)
    environments = (*_files("locks/conda-*/environment.yml"), _ENVIRONMENT)
    yield Reader(name="environment.yml", form="lines", read=_lock("environment.yml"), files=environments)
    read = _named_lock("environment.yml")
    yield Reader(
        name="environment.yml as a lock", form="lines", read=read, files=_files("locks/conda-environment/*.yml")
    )
    read = _lock("pixi.toml")
    yield Reader(name="pixi.toml", form="toml", read=read, files=(*_files("locks/pixi-7/pixi.toml"), _PIXI))


def _named_lock(name: str) -> Callable[[bytes], Selected]:
    return lambda data: selected({name: data}, lock_option=name)


def _pure() -> Iterator[Reader]:
    """Yield the readers of text."""
    yield from _of_workspaces()

    yield from _conda()
    yield Reader(name="uv.lock", form="toml", read=_lock("uv.lock"), files=_files("locks/uv-*/uv.lock"))
    groups = _files("locks/uv-groups/uv.lock")
    yield Reader(name="uv.lock, manifest beside it", form="toml", read=_beside("uv-groups", "uv.lock"), files=groups)
    yield from _of_tools()
    yield Reader(
        name="pylock.toml of others", form="toml", read=_lock("pylock.toml"), files=_files("locks/pylock-*/pylock.toml")
    )
    yield Reader(
        name="pylock.toml of mlenv", form="toml", read=_lock("pylock.toml"), files=_sealed(), judge=_not_shorter
    )
    locked = (*_files("locks/requirements-*/requirements.txt"), *_files("locks/*/powershell.txt"))
    yield Reader(name="requirements.txt, pinned", form="lines", read=_lock("requirements.txt"), files=locked)
    made = render_requirements(["six==1.17.0", "idna==3.7", "humanize==4.9.0 \\\n    --hash=sha256:" + "0" * 64])
    yield Reader(
        name="requirements.txt of mlenv",
        form="lines",
        read=_lock("requirements.txt"),
        files=(made.encode(),),
        judge=_not_shorter,
    )
    loose = (
        *_files("locks/*/requirements.in"),
        b"six>=1.0 ; python_version > '3'\n-e .\nrequests[socks] @ https://host.example/x.whl\n",
    )
    yield Reader(name="requirements.in", form="lines", read=_lock("requirements.in"), files=loose)
    manifests = _files("locks/*/pyproject.toml")
    yield Reader(name="pyproject.toml", form="toml", read=_manifest, files=manifests)
    editable = tuple(text for text in manifests if b"[project]" in text)  # Poetry's own tables are Poetry's to change
    yield Reader(name="pyproject.toml, edited", form="toml", read=_edited, files=editable)
    yield Reader(name="requirements.in, edited", form="lines", read=_list_edited, files=loose)
    yield Reader(name="mlenv.toml", form="toml", read=_settings, files=(_SETTINGS.encode(),))
    yield Reader(name="notebook", form="json", read=_notebook, files=_files("notebooks/*/work.ipynb"))
    own = (*_files("notebooks/juv/work.ipynb"), *_json(_INSTALLING))
    yield Reader(name="notebook that declares packages", form="json", read=_notebook_says, files=own)
    pipfiles = _files("locks/*/Pipfile")
    yield Reader(name="Pipfile", form="toml", read=_lock("Pipfile"), files=pipfiles)
    entries = (LOCKS / "pipenv-entries" / "Pipfile.lock").read_bytes()
    yield Reader(
        name="Pipfile, lock beside it",
        form="toml",
        read=lambda data: selected({"Pipfile": data, "Pipfile.lock": entries}),
        files=pipfiles,
    )
    cached = selection_text.selection_text(selected({"uv.lock": _files("locks/uv-sources/uv.lock")[0]}).selection, "1")
    yield Reader(name="cached selection", form="json", read=_selection, files=(cached.encode(),), errors=False)


def _installed() -> Iterator[Reader]:
    """Yield the readers of what installers write, as text."""

    def text(read: Callable[[str], object]) -> Callable[[bytes], object]:
        return lambda data: read(data.decode("utf-8", "replace"))

    yield Reader(name="METADATA", form="lines", read=_metadata, files=(_METADATA.encode(),), errors=False)
    yield Reader(name="RECORD", form="lines", read=_record, files=(_RECORD.encode(),), errors=False)
    yield Reader(name="direct_url.json", form="json", read=text(parse_direct_url), files=_json(*_DIRECT), errors=False)
    cfg = b"home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\nuv = 0.13.9\nprompt = demo\n"
    yield Reader(name="pyvenv.cfg", form="lines", read=text(parse_pyvenv_cfg), files=(cfg,), errors=False)


def _on_disk(folder: Path) -> Iterator[Reader]:
    """Yield the readers that open the file themselves."""
    prefix = _environment(folder / "env")
    packages = prefix / "lib" / "python3.11" / "site-packages"
    info = "six-1.17.0.dist-info"
    (packages / info / "METADATA").write_text(_METADATA)
    (packages / info / "RECORD").write_text(_RECORD)
    rows: tuple[tuple[str, str, Path, str, Callable[[], object], tuple[bytes, ...]], ...] = (
        ("pyvenv.cfg, on disk", "lines", prefix, "pyvenv.cfg", _facts(prefix), (b"home = /usr/bin\nversion = 3.11.7\n",)),
        ("ready marker", "json", prefix, "mlenv-ready.json", _facts(prefix), _json(_MARKER)),
        ("RECORD, on disk", "lines", packages / info, "RECORD", _scanned(packages), (_RECORD.encode(),)),
        ("METADATA, on disk", "lines", packages / info, "METADATA", _scanned(packages), (_METADATA.encode(),)),
        ("direct_url.json, on disk", "json", packages / info, "direct_url.json", _scanned(packages), _json(*_DIRECT)),
        ("kernel.json", "json", folder / "demo", "kernel.json", lambda: listing.read(folder / "demo"), _json(_KERNEL)),
        ("history", "json", folder / "project" / ".mlenv", "history.json", _history(folder / "project"), _json(_HISTORY)),
        ("trust", "json", folder / "data", "trust.json", _trusted(folder / "data"), _json(_TRUST)),
    )  # fmt: skip
    for name, form, place, file, read, files in rows:
        yield Reader(name=name, form=form, read=_written(place, file, read), files=files, errors=False)


PURE = tuple(reader.name for reader in (*_pure(), *_installed()))
"""Names of the readers that need no folder."""
ON_DISK = (
    "pyvenv.cfg, on disk", "ready marker", "RECORD, on disk", "METADATA, on disk", "direct_url.json, on disk", "kernel.json",
    "history", "trust",
)  # fmt: skip
"""Names of those that open the file themselves."""


def readers(folder: Path) -> tuple[Reader, ...]:
    """Return every reader.

    Args:
        folder: empty; for those that open files themselves.
    """
    return (*_pure(), *_installed(), *_on_disk(folder))
