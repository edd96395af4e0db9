"""``export sagemaker``: notebook instances by a lifecycle configuration, Studio by an image of its own.

Sources: AWS's documentation of lifecycle configurations (run as root; five minutes; 16,384 characters; of an instance
only ``~/SageMaker`` outlasts a stop), and of images for JupyterLab in Studio (user 1000:100; the volume of a space
hides what the image has in the home; port 8888 below ``/jupyterlab/default``; ``/opt/ml`` and
``/opt/.sagemakerinternal`` are taken).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.docker import build_line, ignored
from mlenv.exports.image_base import Base, base_of
from mlenv.exports.image_steps import APP, MLENV, Step, apt, copy_inputs, environment, own_mlenv
from mlenv.exports.startup import Machine, as_user, clone, write_setup

__all__ = ["SAGEMAKER"]

_INSTANCE = Machine(
    user="ec2-user",
    folder="/SageMaker",
    place=".mlenv",
    data=True,
    pythons=("/home/ec2-user/anaconda3/bin/python3",),
)
_USER, _UID, _GID = "sagemaker-user", 1000, 100
_HOME = "/home/sagemaker-user"
_ENTRY = f"{MLENV}/bin/jupyter-lab"
_ARGUMENTS = ("--ServerApp.ip=0.0.0.0", "--ServerApp.port=8888")
_IN_STUDIO = (
    *_ARGUMENTS,
    "--ServerApp.allow_origin=*",
    "--ServerApp.token=''",  # Studio's own door is before it
    "--ServerApp.base_url=/jupyterlab/default",
)


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    return (
        TextFile(path="sagemaker/on-create.sh", text=_on_create(deployment), executable=True),
        TextFile(path="sagemaker/on-start.sh", text=_on_start(deployment), executable=True),
        TextFile(path="sagemaker/Dockerfile", text=_dockerfile(deployment, wish)),
        TextFile(path="sagemaker/Dockerfile.dockerignore", text=ignored(deployment)),
        TextFile(path="sagemaker/app-image-config-input.json", text=_json(_app_image(deployment)), comment=None),
        TextFile(path="sagemaker/update-domain-input.json", text=_json(_domain(deployment)), comment=None),
    )


def _on_create(deployment: Deployment) -> str:
    return _script(
        "#!/bin/bash",
        f"# A SageMaker notebook instance for {deployment.slug}: once, when it is created; root runs it.",
        *as_user(_INSTANCE, deployment),
        *clone(deployment),
    )


def _on_start(deployment: Deployment) -> str:
    work = 'bash "$store/setup.sh" "$store" "$checkout" "$store/setup.log"'
    return _script(
        "#!/bin/bash",
        f"# A SageMaker notebook instance for {deployment.slug}: whenever it starts; root runs it.",
        "# More than five minutes make a start fail, so the work goes on behind it: ~/SageMaker/.mlenv/setup.log",
        *as_user(_INSTANCE, deployment),
        *write_setup(_INSTANCE, deployment),
        f"as_user nohup {work} </dev/null >/dev/null 2>&1 &",
    )


def _script(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def _dockerfile(deployment: Deployment, wish: Wish) -> str:
    base = base_of(deployment, wish.base)
    return "\n".join(_steps(deployment, base)) + "\n"


def _steps(deployment: Deployment, base: Base) -> Iterator[Step]:
    yield "# syntax=docker/dockerfile:1.10"
    yield f"# SageMaker Studio: JupyterLab, and {deployment.slug} with the packages of {deployment.lock}."
    yield f"# {build_line(deployment, 'sagemaker/Dockerfile')}"
    yield from (f"# {line}" for line in base.why)
    yield f"FROM {base.image}"
    yield from apt([*base.packages, *(("git", "ca-certificates") if deployment.git else ())])
    yield own_mlenv(deployment, base, ("lab",))
    yield "# The user that Studio runs it as; some images have one of that number."
    yield (
        f'RUN if there="$(getent passwd {_UID})"; then userdel "${{there%%:*}}"; fi \\\n'
        f"    && useradd --uid {_UID} --gid {_GID} --create-home --no-log-init --shell /bin/bash {_USER}"
    )
    yield f"# The volume of a space hides what lies in {_HOME}, so the project lies elsewhere."
    yield f"WORKDIR {APP}"
    yield from copy_inputs(deployment)
    yield from environment(deployment, base)
    yield "# In JupyterLab's own prefix, for every user: readable by all, root's to change."
    yield f"RUN --mount=type=cache,target=/var/cache/uv {MLENV}/bin/mlenv kernels register --prefix {MLENV}"
    yield "COPY . ./"
    yield f"USER {_UID}:{_GID}"
    yield f"WORKDIR {_HOME}"
    yield "EXPOSE 8888"
    yield "# Studio starts what app-image-config-input.json says; this is for a look at it elsewhere."
    yield f"CMD {json.dumps([_ENTRY, *_ARGUMENTS, '--no-browser'])}"


def _app_image(deployment: Deployment) -> dict[str, object]:
    """``aws sagemaker create-app-image-config --cli-input-json file://...``."""
    return {
        "AppImageConfigName": deployment.slug,
        "JupyterLabAppImageConfig": {
            "FileSystemConfig": {"MountPath": _HOME, "DefaultUid": _UID, "DefaultGid": _GID},
            "ContainerConfig": {"ContainerEntrypoint": [_ENTRY], "ContainerArguments": list(_IN_STUDIO)},
        },
    }


def _domain(deployment: Deployment) -> dict[str, object]:
    """``aws sagemaker update-domain --cli-input-json file://...``."""
    image = {"ImageName": deployment.slug, "AppImageConfigName": deployment.slug}
    return {
        "DomainId": "<domain-id>",
        "DefaultUserSettings": {"JupyterLabAppSettings": {"CustomImages": [image]}},
    }


def _json(content: dict[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _follow(deployment: Deployment, wish: Wish) -> str:
    scripts = " ".join(f'--on-{name} Content="$(base64 -w0 sagemaker/on-{name}.sh)"' for name in ("create", "start"))
    name = f"--notebook-instance-lifecycle-config-name {deployment.slug}"
    return f"aws sagemaker create-notebook-instance-lifecycle-config {name} {scripts}"


SAGEMAKER = Platform(
    name="sagemaker",
    summary="lifecycle scripts of a notebook instance, and an image for JupyterLab in Studio",
    files=_files,
    follow=_follow,
    options=("base",),
)
