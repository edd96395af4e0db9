"""The platforms that ``mlenv export`` knows: an explicit table."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv.exports.binder import BINDER
from mlenv.exports.compose import COMPOSE
from mlenv.exports.deployment import Platform
from mlenv.exports.devcontainer import DEVCONTAINER
from mlenv.exports.docker import DOCKER
from mlenv.exports.github import GITHUB_ACTIONS
from mlenv.exports.gitlab import GITLAB_CI
from mlenv.exports.hooks import PRE_COMMIT
from mlenv.exports.kaggle import KAGGLE
from mlenv.exports.sagemaker import SAGEMAKER
from mlenv.exports.vertex import VERTEX

__all__ = ["PLATFORMS"]

_ALL: tuple[Platform, ...] = (
    DOCKER,
    COMPOSE,
    DEVCONTAINER,
    GITHUB_ACTIONS,
    GITLAB_CI,
    PRE_COMMIT,
    BINDER,
    SAGEMAKER,
    VERTEX,
    KAGGLE,
)

PLATFORMS: Mapping[str, Platform] = {platform.name: platform for platform in _ALL}
