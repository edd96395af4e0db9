"""The images of SageMaker and Vertex, carried out step by step without Docker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from exports.bare_images import BareImages

Here = Callable[..., str]
CHECK = {"argv": ["/opt/mlenv/bin/mlenv", "check", "--strict", "--project", "/app"]}
STUDIO = """
import json, os, subprocess, sys, time, urllib.request
from jupyter_client.manager import start_new_kernel
server = subprocess.Popen(json.loads(sys.argv[1]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
address = 'http://127.0.0.1:18889/jupyterlab/default/api/kernelspecs'
for _ in range(240):
    try:
        specs = json.load(urllib.request.urlopen(address))['kernelspecs']
        break
    except OSError:
        time.sleep(0.25)
server.terminate()
own = [name for name, row in specs.items() if 'mlenv' in row['spec']['metadata'] and name != 'mlenv']
manager, client = start_new_kernel(kernel_name=own[0])
said = []
code = "import mlenv, sys, os, humanize; print(mlenv.check().verdict, sys.prefix, os.getuid(), os.getgid(), os.getcwd())"
client.execute_interactive(code, output_hook=lambda m: said.append(m['content'].get('text', '')), timeout=60)
manager.shutdown_kernel(now=True)
print(len(own), ''.join(said).strip(), os.access('/app/.venv', os.W_OK))
"""


def test_studios_image_has_jupyterlab_and_the_kernel_for_its_user(
    images: BareImages, project: Callable[[str], Path], here: Here
) -> None:
    folder = project("classroom")
    here(folder, "export", "sagemaker", "--python", "3.12.1")
    given = json.loads((folder / "sagemaker" / "app-image-config-input.json").read_text())
    container = given["JupyterLabAppImageConfig"]["ContainerConfig"]
    words = [*container["ContainerEntrypoint"], *container["ContainerArguments"]]
    command = json.dumps([word.replace("8888", "18889") for word in words])
    proofs = [{"argv": ["/opt/mlenv/bin/python", "-c", STUDIO, command]}, CHECK]
    built = images.build(folder, name="sagemaker/Dockerfile", proofs=proofs)
    assert not built.failed, built.said
    kernel, check = built.proofs
    expected = "1 in-step /app/.venv 1000 100 /home/sagemaker-user False"
    assert kernel["out"].strip().splitlines()[-1] == expected, kernel
    assert check["code"] == 0, check


def test_the_image_for_training_is_that_of_export_docker(project: Callable[[str], Path], here: Here) -> None:
    """Which is carried out in ``test_built_images.py``."""
    folder = project("classroom")
    for kind in ("vertex", "docker"):
        here(folder, "export", kind, "--python", "3.12.1")
    vertex, docker = ((folder / name).read_text().splitlines() for name in ("vertex/Dockerfile", "Dockerfile"))
    apart = [row for row, other in zip(vertex, docker, strict=True) if row != other]
    assert apart[0] == "# docker build --file vertex/Dockerfile --tag classroom ."
    assert [row[:21] for row in apart[1:]] == ["# mlenv export vertex"]
    assert (folder / "vertex" / "Dockerfile.dockerignore").read_text().splitlines()[:-1] == (
        folder / "Dockerfile.dockerignore"
    ).read_text().splitlines()[:-1]
