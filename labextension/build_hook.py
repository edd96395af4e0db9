"""The labextension's bundle: built where Node is, carried by wheel and sdist, never a stale one.

hatchling calls :class:`LabextensionHook`; ``python labextension/build_hook.py`` builds in place. The built folder
records a digest of the files it was made from, so one rule holds in a checkout and in an unpacked sdist: a bundle is
good if and only if that digest is still theirs. ``jlpm`` (jupyter-builder) does the work and is asked for as a build
requirement only where it will be used: a build without Node, from an sdist or editable needs nothing but hatchling.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["BundleError", "LabextensionHook", "build", "digest_of_sources", "is_fresh", "why_not"]

BUNDLE = Path("src/mlenv/labextension")
SHARED = "share/jupyter/labextensions/mlenv"
OLDEST_NODE = (20, 19)
"""What Rspack asks for."""

_MADE_FROM = "made-from.sha256"
_BUILDER = "jupyter-builder>=1.2,<2"


class BundleError(Exception):
    """The bundle could not be built: why, and what to do."""


def digest_of_sources(root: Path) -> str:
    """Return a digest of every file that the bundle is made from: names and contents, no times."""
    folder = root / "labextension"
    files = [folder / name for name in ("package.json", "yarn.lock", "tsconfig.json")]
    for part in ("schema", "src", "style"):
        files += [path for path in (folder / part).rglob("*") if path.is_file() and "__tests__" not in path.parts]
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda each: each.relative_to(folder).as_posix()):
        content = path.read_bytes() if path.exists() else b""
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def is_fresh(root: Path) -> bool:
    """Whether the built folder is whole and of just these sources."""
    record = root / BUNDLE / _MADE_FROM
    return record.is_file() and record.read_text(encoding="ascii").strip() == digest_of_sources(root)


def why_not(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return why the bundle cannot be built here, or ``None``: it is only ever tried where it can be."""
    if environment.get("SKIP_JUPYTER_BUILDER"):
        return "SKIP_JUPYTER_BUILDER is set"
    node = shutil.which("node", path=_search_path(environment)) or shutil.which(
        "nodejs", path=_search_path(environment)
    )
    if not node:
        return "Node.js was not found"
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.SubprocessError) as problem:
        return f"Node.js does not start ({problem})"
    found = re.match(r"v(\d+)\.(\d+)", said)
    if not found or tuple(map(int, found.groups())) < OLDEST_NODE:
        return f"Node.js {'.'.join(map(str, OLDEST_NODE))} or newer is needed, {node} is {said.strip() or 'none'}"
    return None


def build(root: Path) -> None:
    """Build the bundle in place; the record of its sources is written last, so a broken-off build counts for nothing.

    Raises:
        BundleError: with the last lines of what failed.
    """
    sources = digest_of_sources(root)
    for arguments in (["install", "--immutable"], ["build:prod"]):
        _jlpm(root / "labextension", arguments)
    (root / BUNDLE / _MADE_FROM).write_text(f"{sources}\n", encoding="ascii")


def _jlpm(folder: Path, arguments: list[str]) -> None:
    environment = {**os.environ, "PATH": _search_path(os.environ)}
    program = shutil.which("jlpm", path=environment["PATH"])
    if not program:
        raise BundleError(f"jlpm was not found; install {_BUILDER!r}")
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.decode(errors="replace").splitlines()[-30:])
        raise BundleError(f"jlpm {' '.join(arguments)} failed in {folder}:\n{tail}")


def _search_path(environment: Mapping[str, str]) -> str:
    """The caller's PATH, behind this interpreter's own programs: jlpm starts jupyter-builder by name."""
    return os.pathsep.join([sysconfig.get_path("scripts"), environment.get("PATH", os.defpath)])


class LabextensionHook(BuildHookInterface[Any]):
    """Puts the bundle into wheel and sdist; an editable install carries none (``make labextension`` links it)."""

    def dependencies(self) -> list[str]:
        """Ask for jlpm only where it is going to be used."""
        root = Path(self.root)
        return [] if is_fresh(root) or why_not() else [_BUILDER]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle where it is not fresh, and name it to the builder where it is."""
        root = Path(self.root)
        if version == "editable" or not self._made_sure(root):
            return
        if self.target_name == "sdist":
            build_data["artifacts"].append(f"/{BUNDLE.as_posix()}/")
        else:
            build_data["shared_data"][BUNDLE.as_posix()] = SHARED
            build_data["shared_data"]["labextension/install.json"] = f"{SHARED}/install.json"

    def _made_sure(self, root: Path) -> bool:
        """Whether there is a fresh bundle now; where there cannot be one, say so once, or stop if it is required."""
        if is_fresh(root):
            return True
        reason = why_not()
        if reason is None:
            self.app.display_waiting("mlenv: building the JupyterLab extension with Node.js")
            try:
                build(root)
            except BundleError as problem:
                self.app.abort(
                    f"mlenv: the JupyterLab extension could not be built. {problem}\n"
                    "To install mlenv without it, set SKIP_JUPYTER_BUILDER=1."
                )
            return True
        if os.environ.get("MLENV_REQUIRE_LABEXTENSION"):
            self.app.abort(f"mlenv: the JupyterLab extension is required (MLENV_REQUIRE_LABEXTENSION): {reason}.")
        self.app.display_warning(
            f"WARNING: mlenv is built without its JupyterLab extension: {reason}. Magics, kernels, panel and command "
            "line are all there; for the extension install Node.js and build again."
        )
        return False


def main() -> int:
    """Build in place what is not fresh."""
    root = Path(__file__).resolve().parent.parent
    if is_fresh(root):
        return 0
    reason = why_not()
    try:
        if reason:
            raise BundleError(f"{reason}.")
        build(root)
    except BundleError as problem:
        print(f"The JupyterLab extension could not be built. {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
