"""``export vertex``: an image for training jobs, and the start-up script of a Workbench instance.

Sources: Google's documentation of custom containers for training, ``CustomJobSpec`` of its API, and of Workbench
instances (``post-startup-script``: root runs it, Jupyter runs as ``jupyter``, whose home is the data disk).
"""

from __future__ import annotations

from collections.abc import Iterator

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.docker import build_line, dockerfile, ignored
from mlenv.exports.startup import Machine, as_user, clone, write_setup

__all__ = ["VERTEX"]

_DOCKERFILE = "vertex/Dockerfile"
_WORKBENCH = Machine(
    user="jupyter", folder="", place=".local/share/mlenv-setup", data=False, pythons=("/opt/conda/bin/python3",)
)


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    return (
        TextFile(path=_DOCKERFILE, text=dockerfile(deployment, wish, _DOCKERFILE)),
        TextFile(path=f"{_DOCKERFILE}.dockerignore", text=ignored(deployment)),
        TextFile(path="vertex/custom-job.yaml", text="\n".join(_job(deployment)) + "\n"),
        TextFile(path="vertex/post-startup.sh", text="\n".join(_startup(deployment)) + "\n", executable=True),
    )


def _image(deployment: Deployment) -> str:
    return f"<region>-docker.pkg.dev/<project>/<repository>/{deployment.slug}:<tag>"


def _job(deployment: Deployment) -> Iterator[str]:
    name = f"--region=<region> --display-name={deployment.slug}"
    yield f"# gcloud ai custom-jobs create {name} --config=vertex/custom-job.yaml"
    yield "workerPoolSpecs:"
    yield "  - replicaCount: 1"
    yield "    machineSpec:"
    yield "      machineType: n1-standard-4"
    if deployment.cuda:
        yield f"      # The lock's packages were built for CUDA {deployment.cuda}."
        yield "      acceleratorType: NVIDIA_TESLA_T4"
        yield "      acceleratorCount: 1"
    yield "    containerSpec:"
    yield f"      imageUri: {_image(deployment)}"
    yield "      command: [python]"
    yield "      args: [<script>.py]"


def _startup(deployment: Deployment) -> Iterator[str]:
    yield "#!/bin/bash"
    yield f"# A Vertex AI Workbench instance for {deployment.slug}: root runs it (metadata post-startup-script;"
    yield "# with post-startup-script-behavior=run_every_start whenever the instance starts, which changes nothing)."
    yield from as_user(_WORKBENCH, deployment)
    yield from clone(deployment)
    yield from write_setup(_WORKBENCH, deployment)
    yield 'as_user bash "$store/setup.sh" "$store" "$checkout"'


def _follow(deployment: Deployment, wish: Wish) -> str:
    return f"{build_line(deployment, _DOCKERFILE)} and push it; or give vertex/post-startup.sh to a Workbench instance"


VERTEX = Platform(
    name="vertex",
    summary="an image and a job for training, the start-up script of a Workbench instance",
    files=_files,
    follow=_follow,
    options=("base",),
)
