"""``pre-commit``: hooks that look at what is committed; only the one before a push needs the environment."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.job_steps import yaml_line, yaml_word

__all__ = ["PRE_COMMIT"]

_PATH = ".pre-commit-config.yaml"
_CONFIG = """\
minimum_pre_commit_version: 3.2.0
default_install_hook_types: [pre-commit, pre-push]
repos:
  - repo: local
    hooks:
      # From the files alone: no environment, no network.
      - id: mlenv-lock
        name: lock in step with what is declared
        language: python
        additional_dependencies: [{requirement}]
        entry: {lock}
        files: {inputs}
        pass_filenames: false
      - id: mlenv-scan
        name: no notebook installs packages itself
        language: python
        additional_dependencies: [{requirement}]
        entry: mlenv scan
        files: {notebooks}
      # Before a push: the environment of this computer.
      - id: mlenv-check
        name: environment in step with the lock
        language: python
        additional_dependencies: [{requirement}]
        entry: {check}
        stages: [pre-push]
        always_run: true
        pass_filenames: false
"""


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    where = ["--project", deployment.below.rstrip("/")] if deployment.below else []
    text = _CONFIG.format(
        requirement=yaml_word(deployment.tool()),
        lock=yaml_line(shlex.join(["mlenv", "lock", "--check", *_told_lock(deployment), *where])),
        check=yaml_line(shlex.join(["mlenv", "check", "--strict", *deployment.told, *where])),
        inputs=yaml_word(_pattern(posixpath.normpath(deployment.below + path) for path in deployment.inputs)),
        notebooks=yaml_word(f"^{re.escape(deployment.below)}.*\\.ipynb$" if deployment.below else r"\.ipynb$"),
    )
    return (TextFile(path=_PATH, text=text, where=_INSTEAD),)


_INSTEAD = "mlenv export pre-commit --output - prints the block: put its '- repo: local' under repos: of yours"


def _told_lock(deployment: Deployment) -> tuple[str, ...]:
    """Return which lock, where it was told; extras and groups are parts of the same."""
    return ("--lock", deployment.lock) if "--lock" in deployment.told else ()


def _pattern(paths: Iterable[str]) -> str:
    """Return the regular expression of these paths, and of no others."""
    return f"^({'|'.join(re.escape(path) for path in paths)})$"


PRE_COMMIT = Platform(
    name="pre-commit",
    summary="hooks: the lock fits what is declared, no notebook installs, check before a push",
    files=_files,
    follow=lambda deployment, wish: f"git add {_PATH}; pre-commit install; pre-commit run --all-files",
    top=True,
)
