"""T11: what engines inherit: the user's own settings of indexes and certificates, nothing that redirects or injects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from torture.recording import write_recorder

pytestmark = pytest.mark.usefixtures("mlenv_home")

NEVER = {
    "LD_PRELOAD": "/x.so", "LD_AUDIT": "/x.so", "DYLD_INSERT_LIBRARIES": "/x.dylib",
    "PYTHONPATH": "/x", "PYTHONHOME": "", "PYTHONSTARTUP": "/x.py", "PYTHONUSERBASE": "/x", "PYTHONINSPECT": "",
    "PYTHONWARNINGS": "ignore", "PYTHONBREAKPOINT": "os.system", "PYTHONOPTIMIZE": "", "PYTHONPLATLIBDIR": "lib",
    "VIRTUAL_ENV": "/x", "CONDA_PREFIX": "/x", "CONDA_EXE": "/x", "POETRY_ACTIVE": "1", "PIPENV_ACTIVE": "1",
    "UV_PYTHON": "/x", "UV_TARGET": "/x", "UV_PREFIX": "/x", "UV_SYSTEM_PYTHON": "1", "UV_ENV_FILE": "/x",
    "UV_WORKING_DIR": "/x", "UV_PROJECT": "/x", "UV_PROJECT_ENVIRONMENT": "/x", "UV_FROZEN": "1", "UV_NO_SYNC": "1",
    "UV_VENV_SEED": "1", "UV_TOOL_DIR": "/x", "UV_RUN_RECURSION_DEPTH": "9", "UV_BREAK_SYSTEM_PACKAGES": "1",
    "UV_CONSTRAINT": "/x.txt", "UV_BUILD_CONSTRAINT": "/x.txt", "UV_OVERRIDE": "/x.txt", "UV_EXCLUDE": "/x.txt",
    "UV_NO_BINARY": "1", "UV_NO_BINARY_PACKAGE": "six", "UV_NO_VERIFY_HASHES": "1",
    "UV_CONFIG_SETTINGS": "a=b", "UV_OUTPUT_FILE": "/x",
    "PIP_TARGET": "/x", "PIP_PREFIX": "/x", "PIP_ROOT": "/x", "PIP_SRC": "/x", "PIP_USER": "1", "PIP_PYTHON": "/x",
    "PIP_REQUIREMENT": "/x.txt", "PIP_CONSTRAINT": "/x.txt", "PIP_EDITABLE": "/x", "PIP_GROUP": "x", "PIP_LOG": "/x",
    "PIP_REPORT": "/x", "PIP_DRY_RUN": "1", "PIP_NO_DEPS": "1", "PIP_IGNORE_INSTALLED": "1", "PIP_NO_BINARY": ":all:",
    "PIP_BUILD_CONSTRAINT": "/x.txt", "PIP_CONFIG_SETTINGS": "a=b", "PIP_GLOBAL_OPTION": "x", "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "MPLBACKEND": "module://x", "JPY_PARENT_PID": "1", "FORCE_COLOR": "1",
    "GIT_DIR": "/x", "GIT_WORK_TREE": "/x", "GIT_INDEX_FILE": "/x", "BASH_ENV": "/x.sh",
}  # fmt: skip
ALWAYS = {
    "UV_INDEX_CORP_PASSWORD": "p", "UV_DEFAULT_INDEX": "https://index.example.org/simple", "PIP_INDEX_URL": "https://index.example.org/simple",
    "SSL_CERT_FILE": "/ca.pem", "HTTPS_PROXY": "http://proxy.example.org", "UV_HTTP_TIMEOUT": "5", "SSH_AUTH_SOCK": "/s",
    "LD_LIBRARY_PATH": "/opt/lib", "GIT_SSH_COMMAND": "ssh -i key", "NETRC": "/n",
}  # fmt: skip
"""What the user's own shell says and engines need: indexes, credentials, certificates, proxies."""


@pytest.fixture(params=["uv", "pip"])
def engine_saw(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment that an engine gets: everything above in the shell, other values in files of the project."""
    uv, python = write_recorder(tmp_path / "recorder", sys.executable)
    root, log = tmp_path / "demo", tmp_path / "calls"
    root.mkdir()
    log.touch()
    (root / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "1"\ndependencies = ["six"]\n')
    (root / ".env").write_text("".join(f"{name}=from-a-file\n" for name in (*NEVER, *ALWAYS, "API_KEY")))
    (root / "sitecustomize.py").write_text("import os; os.environ['API_KEY'] = 'from-a-file'\n")
    case = json.dumps({"cwd": str(root), "words": ["create"]}) + "\n"
    ours = {"MLENV_UV": uv if request.param == "uv" else "", "ENGINE_PYTHON": python, "ENGINE_LOG": str(log)}
    # Some variables would stop the worker's own Python: they are set inside of it.
    code = f"import os, sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r}); os.environ.update({NEVER | ALWAYS!r}); "
    argv = [sys.executable, "-c", code + "from torture import recording; recording.main()"]
    done = subprocess.run(argv, input=case, capture_output=True, text=True, env={**os.environ, **ours}, timeout=120)
    calls = json.loads(done.stdout)["calls"]
    assert calls, done.stdout + done.stderr
    return dict(calls[0]["env"])


def test_what_redirects_or_injects_never_reaches_an_engine(engine_saw: dict[str, str]) -> None:
    """T11: loader and tool variables, wherever they come from; nothing of the project's .env or start-up files."""
    reached = {name for name, text in NEVER.items() if engine_saw.get(name) == text}
    assert reached == set()
    assert [name for name, text in engine_saw.items() if text == "from-a-file"] == []


def test_what_the_user_configured_for_indexes_reaches_it(engine_saw: dict[str, str]) -> None:
    missing = {name for name, text in ALWAYS.items() if engine_saw.get(name) != text}
    assert missing == set()
    assert engine_saw["PYTHONNOUSERSITE"] == "1"
