"""Which hosted runtime this is, and what of its image may never be moved.

Recognised by names alone: variables, installed distributions, paths. No value of a variable is read, for some are
tokens. Sources: googlecolab/backend-info and colabtools (``COLAB_*``), Kaggle's docker-python (``KAGGLE_*``), the
images of SageMaker Studio (``/opt/ml/metadata``), of Vertex Workbench (``DL_ANACONDA_HOME``) and of the Databricks
Runtime (``DATABRICKS_RUNTIME_VERSION``), BinderHub (``BINDER_*``), JupyterHub (``JUPYTERHUB_*``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlenv.model import value

__all__ = ["FRONT", "HOSTS", "LOCAL", "PATHS", "Host", "held_by", "recognise"]


@value
class Host:
    """One kind of hosted runtime."""

    name: str
    """``colab``."""
    shown: str
    """``Colab``."""
    variables: tuple[str, ...] = ()
    """One of them is enough."""
    distributions: tuple[str, ...] = ()
    """One of them is enough, normalised."""
    paths: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    """Distributions that stay as they are, beside those of every kernel; a name with ``*`` at its end is a prefix."""
    another_python: str = ""
    """How one gets another Python there."""


LOCAL = Host(name="local", shown="this machine")

_KERNEL = (
    "ipykernel", "ipython", "tornado", "pyzmq", "traitlets", "jupyter-client", "jupyter-core", "jupyter-server", "comm",
    "debugpy", "matplotlib-inline", "nest-asyncio", "nest-asyncio2", "ipywidgets", "widgetsnbextension",
    "jupyterlab-widgets", "jupyterlab", "notebook", "mlenv",
)  # fmt: skip
"""What a running kernel, its front end and mlenv itself are made of."""

FRONT = frozenset({"comm", "jupyterlab", "jupyter-server", "notebook", "nest-asyncio2", "ipython-pygments-lexers"})
"""Of these, what an image has not is not brought to it: its own kernel and front end do without, and ``comm`` beside an
ipykernel older than it takes the widgets' messages away."""

HOSTS = (
    Host(
        name="colab",
        shown="Colab",
        variables=("COLAB_RELEASE_TAG", "COLAB_BACKEND_VERSION", "COLAB_GPU"),
        distributions=("google-colab",),
        own=(
            "google-colab",
            "ipython-genutils",
            "ipython-sql",
            "jupyter-kernel-gateway",
            "prompt-toolkit",
            "portpicker",
        ),
        another_python="choose another runtime version (Runtime > Change runtime type)",
    ),
    Host(
        name="kaggle",
        shown="Kaggle",
        variables=("KAGGLE_KERNEL_RUN_TYPE", "KAGGLE_URL_BASE", "KAGGLE_DATA_PROXY_PROJECT"),
        paths=("/kaggle/working",),
        own=("kaggle-environments", "jupyter-lsp", "papermill"),
        another_python="choose another environment (Settings > Environment)",
    ),
    Host(
        name="databricks",
        shown="Databricks",
        variables=("DATABRICKS_RUNTIME_VERSION",),
        own=("pyspark", "py4j", "databricks-*", "grpcio", "grpcio-status", "pyarrow", "protobuf"),
        another_python="choose another Databricks Runtime for the cluster",
    ),
    Host(
        name="sagemaker",
        shown="SageMaker Studio",
        variables=("SAGEMAKER_APP_TYPE", "SAGEMAKER_INTERNAL_IMAGE_URI", "SAGEMAKER_SPACE_NAME"),
        paths=("/opt/ml/metadata/resource-metadata.json",),
        own=("sagemaker-*", "amazon-*", "boto3", "botocore", "s3transfer"),
        another_python="choose another image for the space",
    ),
    Host(
        name="vertex",
        shown="Vertex Workbench",
        variables=("VERTEX_PRODUCT", "DL_ANACONDA_HOME", "GOOGLE_CLOUD_WORKBENCH"),
        paths=("/opt/deeplearning/metadata",),
        own=("jupyter-server-proxy", "dataproc-*", "beatrix-*"),
        another_python="choose another kernel or image version",
    ),
    Host(
        name="binder",
        shown="Binder",
        variables=("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REQUEST", "BINDER_REPO_URL"),
        own=("jupyterhub", "nteract-on-jupyter", "jupyter-*"),
        another_python="write runtime.txt (python-3.12) into the repository",
    ),
    Host(
        name="hub",
        shown="JupyterHub",
        variables=("JUPYTERHUB_USER", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_API_URL"),
        own=("jupyterhub", "jupyter-*", "nbgitpuller"),
        another_python="type: mlenv create, and switch to the kernel that it makes",
    ),
)
"""The more special first: Binder is a JupyterHub, too."""

PATHS = tuple(path for host in HOSTS for path in host.paths)
"""Those that recognition asks for."""


def recognise(variables: Iterable[str], distributions: Iterable[str], paths: Iterable[str]) -> Host:
    """Return the host, :data:`LOCAL` where it is none of those known.

    Args:
        variables: names of environment variables.
        distributions: normalised names of what is installed.
        paths: those of :data:`PATHS` that exist.
    """
    names, installed, there = frozenset(variables), frozenset(distributions), frozenset(paths)
    for host in HOSTS:
        if names & set(host.variables) or installed & set(host.distributions) or there & set(host.paths):
            return host
    return LOCAL


def held_by(host: Host, installed: Mapping[str, str]) -> Mapping[str, str]:
    """Return what of an image must stay as it is.

    Args:
        host: that it is on.
        installed: normalised name -> version.
    """
    plain = {name for name in (*_KERNEL, *host.own) if not name.endswith("*")}
    starts = tuple(name[:-1] for name in host.own if name.endswith("*"))
    return {name: text for name, text in installed.items() if name in plain or (starts and name.startswith(starts))}
