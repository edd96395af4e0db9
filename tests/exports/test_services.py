"""``export compose`` and ``devcontainer``: accepted by schema and tool; what a dev container does first is done."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from exports.bare_images import BareImages
from exports.locked_projects import EXAMPLES, LOCKS
from exports.test_dockerfiles import PLAIN, VARIANTS
from mlenv.exports.compose import COMPOSE
from mlenv.exports.deployment import Deployment, Wish
from mlenv.exports.devcontainer import DEVCONTAINER

Lint = Callable[..., "subprocess.CompletedProcess[str]"]
Here = Callable[..., str]
Project = Callable[[str], Path]


@pytest.mark.parametrize("jupyter", [False, True])
@pytest.mark.parametrize("name", VARIANTS)
def test_the_compose_schema_holds(name: str, jupyter: bool, lint: Lint, tmp_path: Path) -> None:
    found = _compose(VARIANTS[name], jupyter)
    path = tmp_path / "compose.yaml"
    path.write_text(found["text"])
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    service = found["services"]["resume-demo"]
    assert service["volumes"] == ["work:/app/work"]
    assert ("ports" in service) is jupyter
    assert ("deploy" in service) is bool(VARIANTS[name].cuda)


def _compose(deployment: Deployment, jupyter: bool = False) -> dict[str, Any]:
    text = COMPOSE.files(deployment, Wish(jupyter=jupyter))[0].text
    return {"text": text, **yaml.safe_load(text)}


def test_compose_carries_names_of_secrets_and_reserves_the_gpu(lint: Lint, tmp_path: Path) -> None:
    names = ["UV_INDEX_IN_HOUSE_USERNAME", "UV_INDEX_IN_HOUSE_PASSWORD"]
    private = _compose(VARIANTS["private"])
    assert private["services"]["resume-demo"]["build"]["secrets"] == names
    assert private["secrets"] == {name: {"environment": name} for name in names}
    devices = _compose(VARIANTS["cuda"])["services"]["resume-demo"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]
    lab = _compose(PLAIN, jupyter=True)["services"]["resume-demo"]
    assert lab["ports"] == ["127.0.0.1:${JUPYTER_PORT:-8888}:8888"]
    assert lab["environment"] == {"JUPYTER_TOKEN": "${JUPYTER_TOKEN:?choose a token}"}
    broken = tmp_path / "compose.yaml"
    broken.write_text("services:\n  a:\n    imaje: x\n")
    done = lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", broken, ok=False)
    assert done.returncode != 0


def test_compose_and_docker_write_the_same_dockerfile(project: Project, here: Here) -> None:
    folder = project("classroom")
    here(folder, "export", "docker", "--jupyter")
    assert "written compose.yaml\n" in here(folder, "export", "compose", "--jupyter")
    here(folder, "export", "docker", "--jupyter", "--check")
    here(folder, "export", "compose", "--jupyter", "--check")
    here(folder, "export", "compose", "--check", status=1)


@pytest.mark.parametrize("name", VARIANTS)
def test_dev_containers_are_read_by_their_own_tool(
    name: str, lint: Lint, lint_npm: Lint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {file.path: file.text for file in DEVCONTAINER.files(VARIANTS[name], Wish())}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    lint("hadolint", tmp_path / ".devcontainer" / "Dockerfile")
    no_docker = shutil.which("true") or "true"  # asked only for containers that run already
    done = lint_npm("devcontainer", "read-configuration", "--workspace-folder", tmp_path, "--docker-path", no_docker)
    read = json.loads(done.stdout)["configuration"]
    assert read["build"] == {"dockerfile": "Dockerfile"}
    assert (tmp_path / ".devcontainer" / read["build"]["dockerfile"]).is_file()
    assert "mlenv create --name resume-demo --frozen" in read["postCreateCommand"]
    assert read["postCreateCommand"].endswith("mlenv check --strict" + (" --group 'a b'" if name == "git" else ""))
    assert ("hostRequirements" in read) is bool(VARIANTS[name].cuda)
    assert set(read.get("secrets", {})) == set(VARIANTS[name].credentials)
    plain = "\n".join(line for line in files[".devcontainer/devcontainer.json"].splitlines() if "//" not in line[:2])
    assert json.loads(plain)["name"] == "resume-demo"


@pytest.mark.parametrize("name", [*EXAMPLES, *LOCKS])
def test_real_projects_are_exported_and_again_without_a_difference(
    name: str, real_project: Project, here: Here, lint: Lint, tmp_path: Path
) -> None:
    folder = real_project(name)
    for kind, path in (("compose", "compose.yaml"), ("devcontainer", ".devcontainer/devcontainer.json")):
        here(folder, "export", kind)
        made = (folder / path).read_text()
        assert not re.search(rf"sesame|{tmp_path.parent}|{Path.home()}|some project", made)
        assert f"up to date: {path}" in here(folder, "export", kind)
        assert (folder / path).read_text() == made
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", folder / "compose.yaml")


LOOK = """
set -e
{post}
.venv/bin/python -c 'import humanize, sys; print(sys.prefix, humanize.__version__)'
ls "$HOME/.local/share/jupyter/kernels"
mlenv kernels list
"""


def test_what_a_dev_container_does_first_makes_environment_and_kernel(
    images: BareImages, project: Project, here: Here
) -> None:
    folder = project("classroom")
    here(folder, "export", "devcontainer", "--python", "3.12.1")
    (folder / ".venv").symlink_to(".mlenv/envs/of-another-machine")
    rows = (folder / ".devcontainer" / "devcontainer.json").read_text().splitlines()
    post = json.loads("\n".join(row for row in rows if not row.startswith("//")))["postCreateCommand"]
    look = {"argv": ["sh", "-c", LOOK.format(post=post)], "user": "1000:1000", "workspace": str(folder)}
    built = images.build(folder / ".devcontainer", proofs=[look])
    assert not built.failed, built.said
    done = built.proofs[0]
    assert done["code"] == 0, done
    assert "/workspaces/classroom/.venv 4.9.0\nclassroom\n" in done["out"], done
    assert "in-step: 1 package of requirements.txt" in done["out"]


def test_nothing_of_this_machine_is_in_names() -> None:
    odd = replace(PLAIN, name='Ünï $(rm) "x"\n', python="3.12.4")
    for platform in (COMPOSE, DEVCONTAINER):
        for file in platform.files(odd, Wish()):
            assert "$(rm)" not in file.text
