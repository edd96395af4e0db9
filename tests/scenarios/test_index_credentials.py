"""S39: an index that asks for user and password, which the address in an environment variable carries."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.real_project import Project, mlenv
from torture.handmade import make_wheel
from torture.index import Index, serving

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]
NO_UV = {"MLENV_UV": ""}


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two packages made by hand, and pip, with which environments are seeded."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("steady", "second"):
        make_wheel(folder, name, "1.0", {f"{name}.py": "VALUE = 1\n"})
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]
    subprocess.run([*argv, str(folder), "pip"], check=True, timeout=300)
    return folder


@pytest.fixture
def index(packages: Path) -> Iterator[Index]:
    """The index; it answers 401 to everybody who does not say ``user:t0ken``."""
    wanted = "Basic " + base64.b64encode(b"user:t0ken").decode()

    def guard(handler: object, body: bytes, kind: str) -> bool:
        if handler.headers.get("Authorization") == wanted:  # type: ignore[attr-defined]
            return False
        handler.send_response(401)  # type: ignore[attr-defined]
        handler.send_header("WWW-Authenticate", 'Basic realm="packages"')  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "0")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        return True

    with serving(packages) as index:
        index.faults = {"/": guard}
        yield index


def _environ(index: Index, home: Path, user: str) -> dict[str, str]:
    address = index.url.replace("://", f"://{user}")
    caches = {"UV_CACHE_DIR": str(home / "caches" / "uv"), "PIP_CACHE_DIR": str(home / "caches" / "pip")}
    return {"UV_DEFAULT_INDEX": address, "PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull, **caches}


def _files_with(text: bytes, *folders: Path) -> list[str]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if text in path.read_bytes()]


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_the_password_is_in_no_file_and_no_output_and_the_lock_works_with_and_without(
    engine: str, index: Index, root: Path, mlenv_home: Path
) -> None:
    """S39: a good and a failing install, freeze, check, doctor; then from the lock with credentials, and without."""
    only = NO_UV if engine == "pip" else {}
    (root.parent / "before").mkdir()
    mlenv(root.parent / "before", "create")  # the runtime comes from the usual index, once
    known = {**_environ(index, mlenv_home, "user:t0ken@"), **only}
    unknown = {**_environ(index, mlenv_home, ""), **only}
    said = [mlenv(root, "create", "steady", env=known).text]
    said.append(mlenv(root, "add", "second", "--events", env=known).text)
    failed = mlenv(root, "add", "is-nowhere", env=known, code=2)
    assert "is-nowhere" in failed.stderr
    said += [failed.text, mlenv(root, "add", "is-nowhere", "--events", env=known, code=2).text]
    for words in (["freeze", "--force"], ["check", "--json"], ["doctor"], ["list"], ["outdated"], ["lock"]):
        said.append(mlenv(root, *words, env=known, code=None).text)
    assert Project(root).packages == {"steady": "1.0", "second": "1.0"}
    shutil.rmtree(mlenv_home / "caches", ignore_errors=True)
    shutil.rmtree(root / ".mlenv")
    (root / ".venv").unlink()
    refused = mlenv(root, "create", env=unknown, code=2)
    assert "401" in refused.stderr
    assert "127.0.0.1" in refused.stderr
    assert ".netrc" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) <= 5
    assert not (root / ".venv").exists()
    said += [refused.text, mlenv(root, "create", env=known).text]
    assert Project(root).packages == {"steady": "1.0", "second": "1.0"}
    assert not any("t0ken" in text for text in said), next(text for text in said if "t0ken" in text)
    shutil.rmtree(mlenv_home / "caches", ignore_errors=True)  # the engines' own, where they keep what they asked for
    assert _files_with(b"t0ken", root, mlenv_home) == []


def test_the_password_of_a_repository_in_a_list_is_refused_and_not_repeated(root: Path) -> None:
    """T10: git's command line would show it to everybody on the machine."""
    (root / "requirements.in").write_text("x @ git+https://me:t0ken@example.org/x@v1\n")
    answer = mlenv(root, "create", "--allow-build", code=2)
    assert "requirements.in: line 1" in answer.stderr
    assert "t0ken" not in answer.text
