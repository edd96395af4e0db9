"""What the programs that mlenv starts inherit: one table of what is taken away, and why."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["scrubbed_environment"]

# What a program that mlenv starts must not inherit. Index settings, certificates, proxies and caches
# (UV_INDEX*, UV_CACHE_DIR, PIP_INDEX_URL, SSL_CERT_FILE, *_PROXY, ...) are the user's and stay.
_DROPPED_NAMES = frozenset(
    {
        # Which environment is active: in a kernel this names the Jupyter server's, and installers obey it.
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "PYENV_VERSION",
        "PIPENV_ACTIVE",
        "POETRY_ACTIVE",
        # What changes how a Python starts or what it imports.
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONSTARTUP",
        "PYTHONUSERBASE",
        "PYTHONEXECUTABLE",
        "PYTHONINSPECT",
        "PYTHONVERBOSE",
        "PYTHONDEBUG",
        "PYTHONOPTIMIZE",
        "PYTHONWARNINGS",
        "PYTHONBREAKPOINT",
        "PYTHONPLATLIBDIR",
        "PYTHONCASEOK",
        "PYTHONSAFEPATH",
        "__PYVENV_LAUNCHER__",
        # Where and how uv acts: mlenv says that itself, by options.
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_TARGET",
        "UV_PREFIX",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "UV_FROZEN",
        "UV_LOCKED",
        "UV_NO_SYNC",
        "UV_ISOLATED",
        "UV_DEV",
        "UV_NO_DEV",
        "UV_NO_GROUP",
        "UV_NO_DEFAULT_GROUPS",
        "UV_ENV_FILE",
        # What uv installs, and how far it trusts it: the project's files and mlenv's options say that.
        "UV_CONSTRAINT",
        "UV_BUILD_CONSTRAINT",
        "UV_OVERRIDE",
        "UV_EXCLUDE",
        "UV_NO_BINARY",
        "UV_NO_BINARY_PACKAGE",
        "UV_NO_VERIFY_HASHES",
        "UV_CONFIG_SETTINGS",
        "UV_CONFIG_SETTINGS_PACKAGE",
        "UV_OUTPUT_FILE",
        # The same for pip.
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_SRC",
        "PIP_USER",
        "PIP_PYTHON",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_BREAK_SYSTEM_PACKAGES",
        "PIP_REQUIREMENT",
        "PIP_CONSTRAINT",
        "PIP_BUILD_CONSTRAINT",
        "PIP_NO_BINARY",
        "PIP_CONFIG_SETTINGS",
        "PIP_GLOBAL_OPTION",
        "PIP_EDITABLE",
        "PIP_GROUP",
        "PIP_DRY_RUN",
        "PIP_REPORT",
        "PIP_NO_DEPS",
        "PIP_UPGRADE",
        "PIP_IGNORE_INSTALLED",
        "PIP_FORCE_REINSTALL",
        "PIP_QUIET",
        "PIP_VERBOSE",
        "PIP_LOG",
        # What ipykernel exports for itself: its matplotlib backend kills `python train.py` in a clean environment.
        "MPLBACKEND",
        "JPY_PARENT_PID",
        "JPY_INTERRUPT_EVENT",
        # A repository that git works in, where mlenv was started from one of its hooks.
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        # Code injected into every program, and colours that would end up in parsed text. LD_LIBRARY_PATH stays:
        # interpreters of environment modules (HPC) find their libpython by it.
        "LD_PRELOAD",
        "LD_AUDIT",
        "DYLD_INSERT_LIBRARIES",
        "BASH_ENV",
        "FORCE_COLOR",
        "CLICOLOR_FORCE",
    }
)
_DROPPED_PREFIXES = ("CONDA_", "_CONDA_", "_CE_", "UV_PROJECT", "UV_VENV_", "UV_TOOL_", "UV_RUN_")
_ADDED = {"PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}


def scrubbed_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment that programs get: the user's own, without what would redirect them.

    Args:
        environ: the environment to start from; this process's where none is given.
    """
    source = os.environ if environ is None else environ
    left_out = _from_dotenv(source) | _unset_credentials(source)
    kept = {name: text for name, text in source.items() if name not in left_out and not _dropped(name.upper())}
    return {**kept, **_certificates(kept), **_ADDED}


def _from_dotenv(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names that a kernel loaded from ``.env``, as it says itself; ``!mlenv`` in a cell inherits them."""
    names = environ.get("MLENV_DOTENV", "").split(",")
    return frozenset({"MLENV_DOTENV", *names}) - {"PATH", ""}


def _unset_credentials(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the variables of credentials that are empty, name and password both: pipelines set a missing secret so.

    uv would send an empty name and password along, which an index that asks for none may refuse.
    """
    endings = ("_USERNAME", "_PASSWORD")
    indexes = {name.removesuffix(end) for name in environ for end in endings if name.endswith(end)}
    pairs = [[f"{index}{end}" for end in endings] for index in indexes if index.startswith("UV_INDEX_")]
    return frozenset(name for pair in pairs if not any(environ.get(name) for name in pair) for name in pair)


def _dropped(name: str) -> bool:
    return name in _DROPPED_NAMES or name.startswith(_DROPPED_PREFIXES)


def _certificates(environ: Mapping[str, str]) -> dict[str, str]:
    """Let uv and pip trust the same certificates, whichever of them the user configured."""
    bundle = environ.get("PIP_CERT") or environ.get("REQUESTS_CA_BUNDLE")
    mapped: dict[str, str] = {}
    if bundle and not environ.get("SSL_CERT_FILE"):
        if not os.path.isdir(bundle):
            mapped["SSL_CERT_FILE"] = bundle
        elif not environ.get("SSL_CERT_DIR"):
            mapped["SSL_CERT_DIR"] = bundle
    if environ.get("SSL_CERT_FILE") and not bundle:
        mapped["PIP_CERT"] = environ["SSL_CERT_FILE"]
    return mapped
