"""The environment of a user of its own: an empty home, Jupyter folders in it; only caches and runtimes are shared."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["own_environment"]

_FOLLOWED = ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH")


def own_environment(home: Path, data: Path) -> dict[str, str]:
    """Return the whole environment of a process whose user has nothing yet.

    Args:
        home: the user's home; made if it is not there.
        data: mlenv's data folder: runtimes are made once and shared by the tests.
    """
    from mlenv.environ import scrubbed_environment

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pip_config = Path.home() / ".config" / "pip" / "pip.conf"
    home.mkdir(parents=True, exist_ok=True)
    kept = set(scrubbed_environment()) - set(_FOLLOWED)
    made = {name: text for name, text in os.environ.items() if name in kept}
    made.setdefault("UV_CACHE_DIR", str(cache / "uv"))
    made.setdefault("PIP_CACHE_DIR", str(cache / "pip"))
    if pip_config.exists():
        made.setdefault("PIP_CONFIG_FILE", str(pip_config))
    return {
        **made,
        "HOME": str(home),
        "JUPYTER_DATA_DIR": str(home / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter-config"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter-runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "MLENV_DATA_DIR": str(data),
        "MLENV_CACHE_DIR": str(home / "mlenv-cache"),
    }
