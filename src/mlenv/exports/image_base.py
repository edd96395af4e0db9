"""Which image a project's image begins with, and what that one lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlenv.errors import MlenvError
from mlenv.exports.deployment import Deployment
from mlenv.model import value

__all__ = ["Base", "base_of"]


@value
class Base:
    """The image under all stages, and where the interpreters come from."""

    image: str
    """With its tag or digest; never ``latest``."""
    host: str
    """The Python (3.11 or newer) that mlenv's own environment is made with."""
    packages: tuple[str, ...] = ()
    """What apt installs for :attr:`host`."""
    fetched: bool = False
    """Whether uv fetches the project's Python: the image has none, or another."""
    ubuntu: bool = False
    """Whether a user ``ubuntu`` with the first user's number is there."""
    why: tuple[str, ...] = ()
    """The choice in words, for comments."""


_DEBIAN = "debian:12.11-slim"
_OWN = ("python3", "python3-venv", "ca-certificates")
_DEBIAN_HOST = "/usr/bin/python3"
_FIRST_ON_BOOKWORM: Mapping[str, int] = {"3.7": 17, "3.8": 17, "3.9": 17, "3.10": 12, "3.11": 4}
"""The first releases of which ``python:X-slim-bookworm`` was built (June 2023); from 3.12 on every one."""

# Tags of nvidia/cuda (Docker Hub): for each release one that is known to be there; Ubuntu 24.04 from 12.6 on.
_CUDA: Mapping[str, str] = {
    "11.7": "11.7.1-base-ubuntu22.04",
    "11.8": "11.8.0-base-ubuntu22.04",
    "12.0": "12.0.1-base-ubuntu22.04",
    "12.1": "12.1.1-base-ubuntu22.04",
    "12.2": "12.2.2-base-ubuntu22.04",
    "12.3": "12.3.2-base-ubuntu22.04",
    "12.4": "12.4.1-base-ubuntu22.04",
    "12.5": "12.5.1-base-ubuntu22.04",
    "12.6": "12.6.3-base-ubuntu24.04",
    "12.8": "12.8.1-base-ubuntu24.04",
    "12.9": "12.9.1-base-ubuntu24.04",
    "13.0": "13.0.1-base-ubuntu24.04",
}
# A lock that names only the major release: the oldest with Ubuntu 24.04, which lets the most drivers in.
_CUDA_OF_MAJOR: Mapping[str, str] = {"11": "11.8", "12": "12.6", "13": "13.0"}
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*(?:@sha256:[0-9a-f]{64})?")


def base_of(deployment: Deployment, base: str = "") -> Base:
    """Choose the image.

    Args:
        deployment: its Python, its CUDA release and where its packages come from decide.
        base: the image to take instead; it has to bring what the default one brings.

    Raises:
        MlenvError: ``base-unpinned`` for an image without tag or digest, or with ``latest``; ``base-unknown`` where
            no image is known for the lock's CUDA release.
    """
    _refuse_unpinned(base)
    if deployment.cuda:
        return _of_cuda(deployment, base)
    if deployment.conda:
        channels = "The lock's channels bring Python; the image only carries it."
        return Base(image=base or _DEBIAN, host=_DEBIAN_HOST, packages=_OWN, why=(channels,))
    release = [int(part) for part in re.findall(r"\d+", deployment.python)[:3]]
    if not base and len(release) == 3 and release[2] < _FIRST_ON_BOOKWORM.get(deployment.minor, 0):
        fetched = f"There is no python:{deployment.python}-slim-bookworm: uv fetches this release."
        return Base(image=_DEBIAN, host=_DEBIAN_HOST, packages=_OWN, fetched=True, why=(fetched,))
    image = base or f"python:{deployment.python}-slim-bookworm"
    loose = "The project names no release of Python, so this is the newest: .python-version with one pins it."
    why: tuple[str, ...] = (loose,) if len(release) < 3 and not base else ()
    if tuple(release[:2]) < (3, 11):
        own = f"Debian's python3 is for mlenv alone, which needs 3.11; the project's is {deployment.python}."
        return Base(image=image, host=_DEBIAN_HOST, packages=_OWN, why=(*why, own))
    return Base(image=image, host="python3", why=why)


def _of_cuda(deployment: Deployment, base: str) -> Base:
    cuda = _CUDA_OF_MAJOR.get(deployment.cuda, deployment.cuda)
    tag = _CUDA.get(cuda)
    if tag is None and not base:
        raise MlenvError(
            "base-unknown",
            f"no image is known here for CUDA {cuda}, for which the lock's packages were built",
            where=deployment.lock,
            hint="--base IMAGE, with one of nvidia/cuda that fits (RELEASE-base-ubuntu24.04)",
        )
    image = base or f"nvidia/cuda:{tag}"
    old = image.endswith("ubuntu22.04")  # its python3 is 3.10
    host = "python3.11" if old else "python3"
    lock = f"The wheels bring CUDA {deployment.cuda} themselves: of NVIDIA's images the smallest is enough."
    why = (lock,) if deployment.conda else (lock, f"uv fetches Python {deployment.python}.")
    packages = (host, f"{host}-venv", "ca-certificates")
    return Base(
        image=image,
        host=f"/usr/bin/{host}",
        packages=packages,
        fetched=not deployment.conda,
        ubuntu=not old,
        why=why,
    )


def _refuse_unpinned(base: str) -> None:
    if not base:
        return
    name, _, digest = base.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if _IMAGE.fullmatch(base) and (digest or (tag and tag != "latest")):
        return
    message = f"--base {base[:80]!r} does not name one image"
    raise MlenvError("base-unpinned", message, hint="--base NAME:TAG (not latest) or NAME@sha256:DIGEST")
