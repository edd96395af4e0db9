"""``export kaggle``: a notebook that sets Kaggle's image up from the lock, and the metadata with which it is pushed.

Source: the documentation of Kaggle's command line, "Kernel Metadata"; what its ``kernels_push`` checks.
"""

from __future__ import annotations

import json

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.hosted.cell import cells, notebook_text

__all__ = ["KAGGLE"]

_SHORTEST = 5
"""Characters of a title."""
_USER = "<username>"


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    slug = _slug(deployment)
    files = [
        TextFile(path=f"kaggle/{slug}.ipynb", text=_notebook(deployment), comment=None),
        TextFile(path="kaggle/kernel-metadata.json", text=_json(_kernel(deployment)), comment=None),
    ]
    if not deployment.repository:
        data: dict[str, object] = {
            "title": f"{_title(slug)} lock",
            "id": f"{_USER}/{slug}-lock",
            "licenses": [{"name": "other"}],
        }
        files.append(TextFile(path="kaggle/lock/dataset-metadata.json", text=_json(data), comment=None))
    return tuple(files)


def _slug(deployment: Deployment) -> str:
    """Return the name on Kaggle: its title in lower case with dashes, at least five characters."""
    slug = deployment.slug[:40].rstrip("-")
    return slug if len(slug) >= _SHORTEST else f"project-{slug}"


def _title(slug: str) -> str:
    return slug.replace("-", " ")


def _notebook(deployment: Deployment) -> str:
    """The cell of ``export colab``; without a public address the lock comes as a dataset."""
    version = deployment.mlenv.partition("==")[2]
    if deployment.repository:
        lock = f"{deployment.below}{deployment.lock}"
        return notebook_text(cells(version, lock=lock, source=deployment.repository, told=_told(deployment)))
    source = f"/kaggle/input/{_slug(deployment)}-lock"
    return notebook_text(cells(version, lock=deployment.lock, source=source, told=_told(deployment)))


def _told(deployment: Deployment) -> tuple[str, ...]:
    words = deployment.as_locked[1:]  # a hosted runtime never relocks
    return words[2:] if words[:1] == ("--lock",) else words


def _kernel(deployment: Deployment) -> dict[str, object]:
    slug = _slug(deployment)
    return {
        "id": f"{_USER}/{slug}",
        "title": _title(slug),
        "code_file": f"{slug}.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": True,
        "enable_gpu": bool(deployment.cuda),
        "enable_internet": True,
        "dataset_sources": [] if deployment.repository else [f"{_USER}/{slug}-lock"],
        "competition_sources": [],
        "kernel_sources": [],
        "model_sources": [],
    }


def _json(content: dict[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _follow(deployment: Deployment, wish: Wish) -> str:
    push = f"kaggle kernels push -p kaggle (put your name for {_USER} first)"
    if deployment.repository:
        return push
    files = " ".join(path for path in deployment.inputs if "/" not in path and " " not in path)
    return f"cp {files} kaggle/lock/ && kaggle datasets create -p kaggle/lock && {push}"


KAGGLE = Platform(
    name="kaggle",
    summary="a notebook that sets Kaggle's image up from the lock, and the metadata to push it with",
    files=_files,
    follow=_follow,
)
