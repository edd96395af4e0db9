"""Hosted runtimes, pure: which host it is, what must stay, what a lock asks of an image."""

from __future__ import annotations

import pytest

from mlenv.hosted.hosts import HOSTS, LOCAL, held_by, recognise
from mlenv.hosted.plan import plan, python_problem
from mlenv.model import Distribution, Installed, Pin, Source

BUILD = Source(kind="url", url="https://download.example.org/torch.whl")


@pytest.mark.parametrize(
    ("variables", "distributions", "paths", "expected"),
    [
        ({"COLAB_RELEASE_TAG"}, (), (), "colab"),
        ((), {"google-colab"}, (), "colab"),
        ({"KAGGLE_KERNEL_RUN_TYPE"}, (), (), "kaggle"),
        ((), (), {"/kaggle/working"}, "kaggle"),
        ({"DATABRICKS_RUNTIME_VERSION"}, {"pyspark"}, (), "databricks"),
        ((), (), {"/opt/ml/metadata/resource-metadata.json"}, "sagemaker"),
        ({"DL_ANACONDA_HOME"}, (), (), "vertex"),
        ({"BINDER_SERVICE_HOST", "JUPYTERHUB_USER"}, (), (), "binder"),
        ({"JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN"}, (), (), "hub"),
        ({"HOME", "PATH"}, {"ipykernel"}, {"/content"}, "local"),
    ],
)
def test_a_host_is_known_by_its_signs(variables: object, distributions: object, paths: object, expected: str) -> None:
    assert recognise(variables, distributions, paths).name == expected  # type: ignore[arg-type]


def test_every_host_can_be_told_and_holds_the_kernel() -> None:
    image = {"ipykernel": "6.17.1", "tornado": "6.5", "databricks-sdk": "1", "numpy": "2.1.3", "mlenv": "1"}
    for host in HOSTS:
        assert host.variables or host.paths or host.distributions
        held = held_by(host, image)
        assert held.keys() >= {"ipykernel", "tornado", "mlenv"}
        assert "numpy" not in held
        assert ("databricks-sdk" in held) == (host.name == "databricks")
    assert held_by(LOCAL, image).keys() == {"ipykernel", "tornado", "mlenv"}


def image(**versions: str) -> Installed:
    rows = {name.replace("_", "-"): text for name, text in versions.items()}
    return Installed(distributions=tuple(Distribution(name=name, version=text) for name, text in rows.items()))


def pins(**versions: str) -> tuple[Pin, ...]:
    return tuple(Pin(name=name.replace("_", "-"), version=text) for name, text in versions.items())


def what(found: object) -> dict[str, str]:
    return {row.pin.name: row.what for row in found.rows}  # type: ignore[attr-defined]


def test_only_what_differs_is_installed_and_the_hosts_own_stays() -> None:
    there = image(ipykernel="6.17.1", six="1.17.0", numpy="2.1.3", tornado="6.5.7")
    held = {"ipykernel": "6.17.1", "tornado": "6.5.7"}
    asked = pins(ipykernel="7.4.0", tornado="6.5.7", six="1.17.0", numpy="2.0.2", attrs="24.2.0", comm="0.2.3")
    chosen = plan(asked, there, held)
    assert what(chosen) == {
        "ipykernel": "held", "tornado": "same", "six": "same", "numpy": "install", "attrs": "install", "comm": "held",
    }  # fmt: skip
    assert [pin.name for pin in chosen.installs] == ["numpy", "attrs"]
    assert chosen.left == {"ipykernel": "6.17.1", "comm": ""}


def test_a_folder_of_its_own_gets_all_but_what_the_host_holds() -> None:
    there = image(ipykernel="6.17.1", six="1.17.0", traitlets="5.7.1")
    held = {"ipykernel": "6.17.1", "traitlets": "5.7.1"}
    chosen = plan(pins(ipykernel="7.4.0", traitlets="5.7.1", six="1.17.0"), there, held, there=Installed())
    assert what(chosen) == {"ipykernel": "held", "traitlets": "held", "six": "install"}
    own = plan(pins(six="1.17.0"), there, held, there=image(six="1.17.0"))
    assert what(own) == {"six": "same"}


@pytest.mark.parametrize(
    ("there", "source", "locked", "expected"),
    [
        ("2.11.0+cu128", None, "2.11.0", "image"),
        ("2.11.0+cpu", BUILD, "2.11.0", "image"),
        ("2.11.0", BUILD, "2.11.0", "image"),
        ("2.11.0+cu128", None, "2.11.0+cpu", "install"),
        ("2.11.0+cu128", None, "2.10.0", "install"),
        ("2.11.0", None, "2.11.0", "same"),
    ],
)
def test_the_images_build_of_the_locked_version_stays(
    there: str, source: Source | None, locked: str, expected: str
) -> None:
    """What the wheels of PyTorch need besides is part of the image's build, too; another package's never is."""
    torch = Distribution(name="torch", version=there, source=source or Source(kind="index"))
    chosen = plan(pins(torch=locked, nvidia_nccl_cu12="2.27", triton="3.6"), Installed(distributions=(torch,)), {})
    beside = "image" if expected == "image" else "install"
    assert what(chosen) == {"torch": expected, "nvidia-nccl-cu12": beside, "triton": beside}
    other = Distribution(name="numpy", version="2.1.3+mkl")
    assert what(plan(pins(numpy="2.1.3"), Installed(distributions=(other,)), {})) == {"numpy": "install"}


def test_a_lock_for_another_python_is_one_sentence() -> None:
    said = python_problem(">=3.11,<3.13", "3.13.15", "Colab", "uv.lock")
    assert said == "uv.lock is for Python >=3.11,<3.13, and Colab has Python 3.13 here; nothing was installed"
