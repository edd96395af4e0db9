"""``export devcontainer``: the project in VS Code, Codespaces and what else reads ``devcontainer.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.image_base import Base, base_of
from mlenv.exports.image_steps import MLENV, apt, fetch_python, kernel_id, make_and_check, own_mlenv

__all__ = ["DEVCONTAINER"]

_FOLDER = ".devcontainer"
_USER = "vscode"
_TOOLS = ("ca-certificates", "curl", "git", "openssh-client", "procps")
"""What editors expect in such an image."""


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    base = base_of(deployment, wish.base)
    return (
        TextFile(path=f"{_FOLDER}/devcontainer.json", text=_json(deployment, base), comment="//"),
        TextFile(path=f"{_FOLDER}/Dockerfile", text="\n".join(_dockerfile(deployment, base)) + "\n"),
    )


def _dockerfile(deployment: Deployment, base: Base) -> Iterator[str]:
    python = "its Python" if deployment.conda else f"Python {deployment.python}"
    yield "# syntax=docker/dockerfile:1.10"
    yield f"# {python}, mlenv and git for {deployment.slug}; the packages of {deployment.lock} come with the sources."
    yield from (f"# {line}" for line in base.why)
    yield f"FROM {base.image}"
    yield from apt([*base.packages, *_TOOLS])
    yield "# The first user's number, as most people have it; on Linux it becomes yours."
    yield (
        "RUN " + ("userdel --remove ubuntu \\\n    && " if base.ubuntu else "") + f"groupadd --gid 1000 {_USER} \\\n"
        f"    && useradd --uid 1000 --gid {_USER} --create-home --no-log-init --shell /bin/bash {_USER}"
    )
    yield own_mlenv(deployment, base) + f" \\\n    && ln --symbolic {MLENV}/bin/mlenv /usr/local/bin/mlenv"
    yield from fetch_python(deployment, base)


def _json(deployment: Deployment, base: Base) -> str:
    content: dict[str, object] = {"name": deployment.slug, "build": {"dockerfile": "Dockerfile"}}
    content["remoteUser"] = _USER
    if deployment.cuda:
        content["hostRequirements"] = {"gpu": "optional"}
    if deployment.credentials:
        content["secrets"] = {name: {"description": "For a package index"} for name in deployment.credentials}
        content["runArgs"] = [word for name in deployment.credentials for word in ("--env", name)]
    content["postCreateCommand"] = " && ".join(make_and_check(deployment, base, kernel_id(deployment)))
    content["customizations"] = {
        "vscode": {
            "extensions": ["ms-python.python", "ms-toolsai.jupyter"],
            "settings": {
                "python.defaultInterpreterPath": "${containerWorkspaceFolder}/.venv/bin/python",
                "python.terminal.activateEnvironment": True,
            },
        }
    }
    head = (
        "// VS Code: 'Dev Containers: Reopen in Container'. GitHub: Code, Codespaces. The environment is made from the",
        f"// lock when the container is, and the kernel '{kernel_id(deployment)}' registered in it.",
    )
    return "\n".join([*head, json.dumps(content, indent=2)]) + "\n"


DEVCONTAINER = Platform(
    name="devcontainer",
    summary=".devcontainer: VS Code and Codespaces, with the environment from the lock and its kernel",
    files=_files,
    follow=lambda deployment, wish: "reopen the folder in its container, or commit and open a Codespace",
    options=("base",),
)
