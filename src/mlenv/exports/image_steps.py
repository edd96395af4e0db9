"""The steps that make a project's environment in an image; what several Dockerfiles have in common."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from mlenv.errors import MlenvError
from mlenv.exports.deployment import Deployment
from mlenv.exports.image_base import Base
from mlenv.kernel_names import RESERVED

__all__ = ["APP", "MLENV", "PYTHONS", "UID", "USER", "Step", "apt", "copy_inputs", "environment", "own_mlenv", "user"]

APP = "/app"
"""Where the project lies; the environment's programs name this place, so no stage may move it."""
MLENV = "/opt/mlenv"
"""mlenv's own environment."""
PYTHONS = "/opt/python"
"""Where uv keeps the Python that it fetched."""
USER = "app"
UID = 10001
"""Of the user that runs; far from the numbers that images give away themselves (ubuntu: 1000)."""
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_PLAIN = re.compile(r"[\w./+-]+", re.ASCII)

Step = str
"""One instruction with the comments above it; no newline at its end."""


def apt(packages: Iterable[str]) -> Iterator[Step]:
    """Yield the step that installs packages of the distribution; none where there are none."""
    names = " ".join(sorted(set(packages)))
    if names:
        yield (
            "# The distribution takes old versions off its mirrors: pinned ones would soon not be found.\n"
            "# hadolint ignore=DL3008\n"
            "RUN --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n"
            "    apt-get update \\\n"
            f"    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\\n"
            f"        {names}"
        )


def user() -> Step:
    """Return the step that makes the user that runs, the project's folder, and one in it for what is to last."""
    return (
        f"RUN groupadd --gid {UID} {USER} \\\n"
        f"    && useradd --uid {UID} --gid {USER} --create-home --no-log-init --shell /bin/sh {USER} \\\n"
        f"    && install --directory --owner={USER} --group={USER} {APP} {APP}/work"
    )


def own_mlenv(deployment: Deployment, base: Base, extras: Sequence[str] = (), *, stays: bool = True) -> Step:
    """Return the step that installs mlenv, in this version, into an environment of its own.

    Args:
        extras: ``lab`` for JupyterLab, ``run`` for notebooks that are run.
        stays: whether the image keeps it; compiled modules are worth their time only there.
    """
    requirement = deployment.tool(*extras)
    install = "install" if stays else "install --no-compile"
    return (
        "RUN --mount=type=cache,target=/var/cache/pip \\\n"
        f"    {base.host} -m venv {MLENV} \\\n"
        f"    && {MLENV}/bin/pip {install} --cache-dir /var/cache/pip --disable-pip-version-check \\\n"
        f"        {shlex.quote(requirement)}"
    )


def fetch_python(deployment: Deployment, base: Base) -> Iterator[Step]:
    """Yield the step with which uv fetches the project's Python; none where the image has it.

    It goes to a place of its own, which later stages copy: the distribution's Python, even where it has the same
    release, is there only while mlenv is.
    """
    if base.fetched:
        yield (f"RUN {MLENV}/bin/uv python install --no-bin --install-dir {PYTHONS} {deployment.python}")


def copy_inputs(deployment: Deployment, owner: str = "") -> Iterator[Step]:
    """Yield the steps that bring the files that decide what is installed, and nothing else.

    Raises:
        MlenvError: ``outside-context`` for one outside the project, which no image is given.
    """
    paths = [*deployment.inputs, *deployment.local]
    outside = next((path for path in paths if path.startswith(("/", "../")) or path == ".."), None)
    if outside is not None:
        raise MlenvError(
            "outside-context",
            f"{outside} decides what is installed, and lies outside the project: an image is not given it",
            where=deployment.lock,
            hint="move it into the project, or publish it; then mlenv lock and export",
        )
    flag = f"--chown={owner}:{owner} " if owner else ""
    if "." in deployment.local:
        yield (
            "# The project itself is installed, too: its sources are needed before.\n"
            f"COPY {flag}. ./"
        )  # fmt: skip
        return
    yield "# Only what decides what is installed: the layers below are made again when this changes, and only then."
    top = [path for path in deployment.inputs if "/" not in path]
    yield _copy(flag, top, "./")
    deeper = [path for path in paths if "/" in path and not _inside(path, deployment.local)]
    for path in sorted({*deeper, *deployment.local}):
        folder = path in deployment.local and not path.endswith(_ARCHIVES)
        yield _copy(flag, [path], f"./{path}/" if folder else f"./{PurePosixPath(path).parent}/")


def environment(deployment: Deployment, base: Base, *, kernel: str = "", owner: int | None = None) -> Iterator[Step]:
    """Yield the steps that make the environment from the lock and hold it against the lock again.

    Args:
        deployment: the project.
        base: says whether uv fetched Python.
        kernel: register the project's kernel under this id, too.
        owner: the number of the user that the build runs as; root otherwise.
    """
    settings = {"UV_CACHE_DIR": "/var/cache/uv", "UV_LINK_MODE": "copy", "UV_COMPILE_BYTECODE": "1"}
    if deployment.conda:
        settings["RATTLER_CACHE_DIR"] = "/var/cache/rattler"
    yield "ENV " + " \\\n    ".join(f"{name}={text}" for name, text in settings.items())
    if deployment.git:
        yield "# What comes from git is built here, which runs its code."
    make, check = make_and_check(deployment, base, kernel)
    mounts = [*_caches(settings, owner), *_secrets(deployment)]
    yield "RUN " + "".join(f"{mount} \\\n    " for mount in mounts) + f"{make} \\\n    && {check}"


def make_and_check(deployment: Deployment, base: Base, kernel: str = "") -> tuple[str, str]:
    """Return two shell lines: make the environment (and register the kernel), hold it against the lock."""
    make = shlex.join([f"{MLENV}/bin/mlenv", *_verb(deployment, kernel)]) + _python(deployment, base)
    return make, shlex.join([f"{MLENV}/bin/mlenv", "check", "--strict", *deployment.told])


def kernel_id(deployment: Deployment) -> str:
    """Return the id of the project's kernel in an image, which has one project."""
    return f"{deployment.slug}-project" if deployment.slug in RESERVED else deployment.slug


def _verb(deployment: Deployment, kernel: str) -> Iterator[str]:
    yield from ("create", "--name", kernel) if kernel else ("sync",)
    yield from deployment.as_locked


def _python(deployment: Deployment, base: Base) -> str:
    """Return the words for the interpreter; a fetched one by its place, whose name ends with the machine's kind."""
    if deployment.conda:
        return ""
    if not base.fetched:
        return f" --python {deployment.python}"
    release = deployment.python if deployment.python != deployment.minor else f"{deployment.minor}.*"
    return f" --python {PYTHONS}/cpython-{release}-*/bin/python{deployment.minor}"


def _caches(settings: dict[str, str], owner: int | None) -> Iterator[str]:
    whose = f",uid={owner},gid={owner}" if owner is not None else ""
    for name in ("UV_CACHE_DIR", "RATTLER_CACHE_DIR"):
        if name in settings:
            yield f"--mount=type=cache,target={settings[name]}{whose}"


def _secrets(deployment: Deployment) -> Iterator[str]:
    """Yield the mounts that show credentials to this one step; no layer keeps them."""
    for name in deployment.credentials:
        yield f"--mount=type=secret,id={name},env={name}"


def _copy(flag: str, sources: Sequence[str], target: str) -> Step:
    words = [*sources, target]
    if all(_PLAIN.fullmatch(word) for word in words):
        return f"COPY {flag}{' '.join(words)}"
    return f"COPY {flag}{json.dumps(words, ensure_ascii=False)}"


def _inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
