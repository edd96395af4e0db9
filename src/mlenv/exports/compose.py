"""``export compose``: the image as a service, with what has to last, the GPU and the secrets of the build."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.docker import PORT, image_files
from mlenv.exports.image_steps import APP
from mlenv.exports.job_steps import yaml_word

__all__ = ["COMPOSE"]

_FILE = "compose.yaml"
_NEVER = (".venv/", ".mlenv/", ".git/", ".env", "work/")


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    text = "\n".join(_lines(deployment, wish)) + "\n"
    return (TextFile(path=_FILE, text=text), *image_files(deployment, wish))


def _lines(deployment: Deployment, wish: Wish) -> Iterator[str]:
    name = yaml_word(deployment.slug)
    yield f"# {_follow(deployment, wish)}"
    yield from (f"name: {name}", "services:", f"  {name}:")
    yield from _indented(4, _service(deployment, wish))
    yield from ("volumes:", "  work:")
    if deployment.credentials:
        yield from ("# Docker reads them from the environment in which the image is built.", "secrets:")
        for secret in deployment.credentials:
            yield from (f"  {secret}:", f"    environment: {secret}")


def _service(deployment: Deployment, wish: Wish) -> Iterator[str]:
    yield from (f"image: {yaml_word(deployment.slug)}", "build:", "  context: .", "  dockerfile: Dockerfile")
    if deployment.credentials:
        yield from ("  secrets:", *(f"    - {secret}" for secret in deployment.credentials))
    yield from ("init: true", "security_opt:", "  - no-new-privileges:true")
    yield from (_lab() if wish.jupyter else ("stdin_open: true", "tty: true"))
    yield f"# What is to last is written to work/. A folder mounted over {APP} would hide the environment."
    yield from ("volumes:", f"  - work:{APP}/work")
    if deployment.cuda:
        yield from ("deploy:", "  resources:", "    reservations:", "      devices:", "        - driver: nvidia")
        yield from ("          count: all", "          capabilities: [gpu]")
    yield from _watch(deployment)


def _lab() -> Iterator[str]:
    yield from ("restart: unless-stopped", "# Reached from this machine only.", "ports:")
    yield f'  - "127.0.0.1:${{JUPYTER_PORT:-{PORT}}}:{PORT}"'
    yield from (
        "environment:",
        "  # Compose refuses to start without it; it also looks into .env, which no image gets.",
    )
    yield '  JUPYTER_TOKEN: "${JUPYTER_TOKEN:?choose a token}"'


def _watch(deployment: Deployment) -> Iterator[str]:
    """Yield what ``docker compose watch`` does: edited files are copied, a changed lock makes the image anew."""
    yield from ("develop:", "  watch:")
    for path in deployment.inputs:
        yield from ("    - action: rebuild", f"      path: {yaml_word(path)}")
    yield from ("    - action: sync", "      path: .", f"      target: {APP}", "      ignore:")
    yield from (f"        - {yaml_word(path)}" for path in (*_NEVER, *deployment.inputs))


def _indented(width: int, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    yield from (" " * width + line for line in lines)


def _follow(deployment: Deployment, wish: Wish) -> str:
    if wish.jupyter:
        return "JUPYTER_TOKEN=... docker compose up --build --watch"
    return f"docker compose run --build --rm {deployment.slug} python"


COMPOSE = Platform(
    name="compose",
    summary="compose.yaml and the Dockerfile: the image as a service; --jupyter: JupyterLab on this machine's port",
    files=_files,
    follow=_follow,
    options=("jupyter", "base"),
)
