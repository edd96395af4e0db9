"""``export docker``: written from real projects, accepted by two linters, the same again, nothing of this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from exports.locked_projects import EXAMPLES, LOCKS
from mlenv.errors import MlenvError
from mlenv.exports.deployment import Deployment, Wish
from mlenv.exports.docker import dockerfile

Lint = Callable[..., object]
Here = Callable[..., str]
Project = Callable[[str], Path]
PLAIN = Deployment(
    name="Resume Demo",
    lock="uv.lock",
    kind="uv",
    python="3.12.4",
    mlenv="mlenv==1.2",
    inputs=("pyproject.toml", "uv.lock"),
)
VARIANTS: Mapping[str, Deployment] = {
    "plain": PLAIN,
    "old-python": replace(PLAIN, python="3.9.18"),
    "before-bookworm": replace(PLAIN, python="3.11.2"),
    "cuda": replace(PLAIN, cuda="12.8"),
    "cuda-ubuntu-22": replace(PLAIN, cuda="12.4"),
    "conda": replace(PLAIN, kind="conda-lock", lock="conda-lock.yml", inputs=("conda-lock.yml", "environment.yml")),
    "git": replace(PLAIN, git=True, local=("libs/tiny", "wheels/toml 1.whl"), told=("--group", "a b")),
    "own": replace(PLAIN, local=(".",), repository="https://git.example.org/demo"),
    "private": replace(PLAIN, credentials=("UV_INDEX_IN_HOUSE_USERNAME", "UV_INDEX_IN_HOUSE_PASSWORD")),
}


@pytest.mark.parametrize("jupyter", [False, True])
@pytest.mark.parametrize("name", VARIANTS)
def test_linters_accept_every_variant(name: str, jupyter: bool, lint: Lint, lint_npm: Lint, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile(VARIANTS[name], Wish(jupyter=jupyter)))
    lint("hadolint", path)
    lint_npm("dockerfile-utils", "lint", path)
    text = path.read_text()
    assert "latest" not in text
    assert text.count("hadolint ignore") == text.count("pinned ones would soon not be found")
    assert text.rstrip().splitlines()[-1].startswith("CMD [")
    final = text.partition(" AS final\n")[2]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "apt-get" not in final
    assert ("/opt/mlenv" in final) is jupyter


def test_the_linters_do_find_what_is_wrong(lint: Lint, lint_npm: Lint, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:latest\nRUN cd /tmp && sudo echo $HOME/*\nWORK /x\n")
    found = lint("hadolint", path, ok=False)
    assert found.returncode != 0  # type: ignore[attr-defined]
    assert lint_npm("dockerfile-utils", "lint", path, ok=False).returncode != 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [*EXAMPLES, *LOCKS])
def test_real_projects_are_exported_and_again_without_a_difference(
    name: str, real_project: Project, here: Here, lint: Lint, tmp_path: Path
) -> None:
    folder = real_project(name)
    for more in ([], ["--jupyter"]):
        here(folder, "export", "docker", *more)
        lint("hadolint", folder / "Dockerfile")
        made = {path: path.read_bytes() for path in folder.glob("Dockerfile*")}
        assert "up to date: Dockerfile, Dockerfile.dockerignore" in here(folder, "export", "docker", *more)
        assert {path: path.read_bytes() for path in made} == made
        text = b"".join(made.values()).decode()
        assert not re.search(rf"sesame|{tmp_path.parent}|{Path.home()}|some project", text)
        assert set(made) == {folder / "Dockerfile", folder / "Dockerfile.dockerignore"}


def test_only_what_decides_is_copied_before_the_installation() -> None:
    before, _, after = dockerfile(PLAIN, Wish()).partition("/opt/mlenv/bin/mlenv sync")
    assert "COPY pyproject.toml uv.lock ./" in before
    assert "COPY . ./" not in before.replace("--chown", "")
    assert "COPY --chown=app:app . ./" in after
    assert "--mount=type=cache,target=/var/cache/uv" in before


def test_credentials_are_mounted_where_packages_are_fetched_and_nowhere_else() -> None:
    text = dockerfile(VARIANTS["private"], Wish())
    assert text.count("--mount=type=secret,id=UV_INDEX_IN_HOUSE_PASSWORD,env=UV_INDEX_IN_HOUSE_PASSWORD") == 1
    assert "ARG" not in text
    assert not re.search(r"^ENV .*UV_INDEX", text, re.MULTILINE)


def test_cuda_is_that_of_the_lock() -> None:
    text = dockerfile(VARIANTS["cuda"], Wish())
    assert "FROM nvidia/cuda:12.8.1-base-ubuntu24.04 AS base" in text
    assert "uv python install --no-bin --install-dir /opt/python 3.12.4\n" in text
    assert "--python /opt/python/cpython-3.12.4-*/bin/python3.12" in text
    assert "COPY --from=build /opt/python /opt/python" in text
    assert "nvidia/cuda:12.6.3-" in dockerfile(replace(PLAIN, cuda="12"), Wish())
    with pytest.raises(MlenvError) as caught:
        dockerfile(replace(PLAIN, cuda="19.1"), Wish())
    assert caught.value.code == "base-unknown"
    assert "FROM mine:1 AS base" in dockerfile(replace(PLAIN, cuda="19.1"), Wish(base="mine:1"))


@pytest.mark.parametrize(
    "base", ["python", "python:latest", "python:3.12 AS x", "a:1\nRUN x", "host:5000/a", "x@sha256:1", "-x:1"]
)
def test_a_base_that_is_not_pinned_is_refused(base: str) -> None:
    with pytest.raises(MlenvError) as caught:
        dockerfile(PLAIN, Wish(base=base))
    assert caught.value.code == "base-unpinned"


@pytest.mark.parametrize(
    "base", ["host.example.org:5000/a/b:1.2", "python@sha256:" + "a" * 64, "python:3.12@sha256:" + "b" * 64]
)
def test_a_pinned_base_is_taken(base: str) -> None:
    assert f"FROM {base} AS base\n" in dockerfile(PLAIN, Wish(base=base))


def test_what_lies_outside_the_project_is_refused() -> None:
    with pytest.raises(MlenvError) as caught:
        dockerfile(replace(PLAIN, local=("../shared",)), Wish())
    assert caught.value.code == "outside-context"


def test_the_projects_own_dockerignore_counts_too(project: Callable[[str], Path], here: Here) -> None:
    folder = project("classroom")
    (folder / ".dockerignore").write_text("# big\ndata\n!data/small.csv\n")
    here(folder, "export", "docker")
    lines = (folder / "Dockerfile.dockerignore").read_text().splitlines()
    assert lines.index("data") < lines.index("!data/small.csv") < lines.index("**/.env")
    assert lines.index("**/.env") < lines.index("!requirements.txt")
