"""``export docker``: an image with the environment that the lock describes, and nothing else of the way there."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.image_base import Base, base_of
from mlenv.exports.image_steps import (
    APP,
    MLENV,
    PYTHONS,
    UID,
    USER,
    apt,
    copy_inputs,
    environment,
    fetch_python,
    kernel_id,
    own_mlenv,
    user,
)

__all__ = ["DOCKER", "PORT", "build_line", "dockerfile", "ignored", "image_files"]

PORT = 8888


def image_files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    """Return the Dockerfile and what it leaves out of the image."""
    return (
        TextFile(path="Dockerfile", text=dockerfile(deployment, wish), maker="docker"),
        TextFile(path="Dockerfile.dockerignore", text=ignored(deployment), maker="docker"),
    )


def dockerfile(deployment: Deployment, wish: Wish, at: str = "Dockerfile") -> str:
    """Return the text of the Dockerfile, which lies ``at`` a path: stages ``base``, ``build`` and ``final``."""
    base = base_of(deployment, wish.base)
    blocks = (
        _head(deployment, at),
        _base(base, wish),
        _build(deployment, base, wish),
        _final(deployment, base, wish),
    )
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(deployment: Deployment, at: str) -> Iterator[str]:
    python = "its Python" if deployment.conda else f"Python {deployment.python}"
    yield "# syntax=docker/dockerfile:1.10"
    yield f"# {deployment.slug}: {python} and the packages of {deployment.lock}."
    yield f"# {build_line(deployment, at)}"
    yield "# BuildKit reads it (the default since Docker 23) and Dockerfile.dockerignore beside it; others do neither."


def _base(base: Base, wish: Wish) -> Iterator[str]:
    yield from (f"# {line}" for line in base.why)
    yield f"FROM {base.image} AS base"
    if wish.jupyter:
        yield from apt(base.packages)
    yield user()


def _build(deployment: Deployment, base: Base, wish: Wish) -> Iterator[str]:
    """Yield the stage that needs network, git and mlenv."""
    yield "FROM base AS build"
    yield from apt([*(() if wish.jupyter else base.packages), *(("git", "ca-certificates") if deployment.git else ())])
    place = "the environment" if wish.jupyter else "the environment, and stays in this stage"
    yield f"# mlenv lies beside {place}."
    yield own_mlenv(deployment, base, ("lab",) if wish.jupyter else (), stays=wish.jupyter)
    yield from fetch_python(deployment, base)
    yield f"WORKDIR {APP}"
    if wish.jupyter:
        yield f"USER {UID}:{UID}"
    yield from copy_inputs(deployment, USER if wish.jupyter else "")
    yield from environment(
        deployment, base, kernel=kernel_id(deployment) if wish.jupyter else "", owner=UID if wish.jupyter else None
    )


def _final(deployment: Deployment, base: Base, wish: Wish) -> Iterator[str]:
    yield "FROM base AS final"
    yield f'LABEL org.opencontainers.image.title="{deployment.slug}"' + (
        f' \\\n      org.opencontainers.image.source="{deployment.repository}"' if deployment.repository else ""
    )
    yield f"WORKDIR {APP}"
    if base.fetched:
        yield f"COPY --from=build {PYTHONS} {PYTHONS}"
    yield from (_jupyter_parts() if wish.jupyter else _parts())
    yield f"COPY --chown={USER}:{USER} . ./"
    settings = {"PATH": f"{APP}/.venv/bin:$PATH", "VIRTUAL_ENV": f"{APP}/.venv", "PYTHONUNBUFFERED": "1"}
    if not wish.jupyter:
        settings["PYTHONDONTWRITEBYTECODE"] = "1"
    else:
        settings["JUPYTER_PORT"] = str(PORT)
    if deployment.conda:
        settings["CONDA_PREFIX"] = settings.pop("VIRTUAL_ENV")
    yield "ENV " + " \\\n    ".join(f"{name}={text}" for name, text in settings.items())
    yield f"USER {UID}:{UID}"
    yield from (_jupyter_start(deployment) if wish.jupyter else ('CMD ["python"]',))


def _parts() -> Iterator[str]:
    yield "# .venv is a link into .mlenv/envs, so the whole folder comes along; root's, so what runs cannot change it."
    yield f"COPY --from=build {APP} ./"


def _jupyter_parts() -> Iterator[str]:
    yield f"COPY --from=build {MLENV} {MLENV}"
    yield "# The kernel is registered in the user's home; .venv is a link into .mlenv/envs."
    yield f"COPY --from=build --chown={USER}:{USER} /home/{USER} /home/{USER}"
    yield f"COPY --from=build --chown={USER}:{USER} {APP} ./"


def _jupyter_start(deployment: Deployment) -> Iterator[str]:
    yield f"EXPOSE {PORT}"
    probe = (
        "import os, urllib.request;"
        " urllib.request.urlopen('http://127.0.0.1:' + os.environ['JUPYTER_PORT'] + '/api', timeout=4)"
    )
    check = json.dumps([f"{MLENV}/bin/python", "-c", probe])
    yield f"HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD {check}"
    yield "# JUPYTER_TOKEN sets the token; without it Jupyter makes one up and prints it."
    words = [f"{MLENV}/bin/jupyter", "lab", "--ip=0.0.0.0", "--no-browser", f"--ServerApp.root_dir={APP}"]
    words.append(f"--MultiKernelManager.default_kernel_name={kernel_id(deployment)}")
    yield f"CMD {json.dumps(words)}"


def ignored(deployment: Deployment) -> str:
    """Return what never comes into the image: environments, secrets, and what only this machine needs."""
    lines = [
        "# Which files Docker is not given. With BuildKit this counts for Dockerfile instead of .dockerignore, whose",
        "# lines are taken over here.",
        *deployment.ignored,
        "# Environments are made in the image.",
        *("**/.venv", "**/.mlenv", "**/__pycache__", "**/.ipynb_checkpoints"),
        "# Secrets are given where the image runs.",
        *("**/.env", "**/.env.*", "**/.netrc", "**/.pypirc", "**/.git-credentials", "**/.ssh", "**/.aws"),
        "# Nothing of it is needed where the image runs.",
        *(".git", ".devcontainer", ".dockerignore", "Dockerfile*", "compose.yaml", ".vscode", ".idea", "**/.DS_Store"),
        "# What decides what is installed is needed in any case.",
        *(f"!{path}" for path in deployment.inputs),
    ]
    return "\n".join(lines) + "\n"


def build_line(deployment: Deployment, at: str = "Dockerfile") -> str:
    """Return the command that builds the image, typed in the project's folder."""
    secrets = "".join(f" --secret id={name}" for name in deployment.credentials)
    file = "" if at == "Dockerfile" else f" --file {at}"
    return f"docker build{file} --tag {deployment.slug}{secrets} ."


def _follow(deployment: Deployment, wish: Wish) -> str:
    run = (
        f"docker run --rm --publish 127.0.0.1:{PORT}:{PORT}" if wish.jupyter else "docker run --rm --interactive --tty"
    )
    gpus = " --gpus all" if deployment.cuda else ""
    return f"{build_line(deployment)} && {run}{gpus} {deployment.slug}"


DOCKER = Platform(
    name="docker",
    summary="Dockerfile: an image with the locked environment; --jupyter: with JupyterLab and the kernel",
    files=image_files,
    follow=_follow,
    options=("jupyter", "base"),
)
