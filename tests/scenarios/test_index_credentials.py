"""S39: an index that asks for user and password, which the address in an environment variable carries."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.real_project import Project, mlenv
from torture.index import Index, serving

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home", "runtime_there")]
NO_UV = {"MLENV_UV": ""}


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


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine where nothing names an index but what the test puts there."""
    for name in ("PIP_CONFIG_FILE", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def _caches(home: Path) -> dict[str, str]:
    return {"UV_CACHE_DIR": str(home / "caches" / "uv"), "PIP_CACHE_DIR": str(home / "caches" / "pip")}


@pytest.mark.parametrize("place", ["user", "environment", "named"])
def test_an_index_that_only_a_pip_conf_names_is_followed_by_uv_and_its_password_is_nowhere(
    place: str, index: Index, root: Path, mlenv_home: Path, no_settings: pytest.MonkeyPatch
) -> None:
    """S39: uv reads no pip.conf; mlenv passes it on by variables and says so in one line."""
    own = mlenv_home / "own"
    files = {
        "user": mlenv_home / ".config" / "pip" / "pip.conf", "environment": own / "pip.conf", "named": own / "named.conf",
    }  # fmt: skip
    env = {"environment": {"VIRTUAL_ENV": str(own)}, "named": {"PIP_CONFIG_FILE": str(files["named"])}}.get(place, {})
    env |= _caches(mlenv_home)
    files[place].parent.mkdir(parents=True)
    files[place].write_text(f"[global]\nindex-url = {index.url.replace('://', '://user:t0ken@')}\n")
    seen = mlenv(root, "create", "steady", "--dry-run", "--events", env=env).text
    assert "uv looks for packages at http://***@127.0.0.1" in seen
    assert any(path.startswith("/simple/steady") for _, path, _ in index.requests)
    if place != "user":
        return
    said = [seen, mlenv(root, "create", "steady", "--events", env=env).text]
    said += [mlenv(root, "add", "second", env=env).text, mlenv(root, "add", "is-nowhere", env=env, code=2).text]
    assert Project(root).packages == {"steady": "1.0", "second": "1.0"}
    assert not any("t0ken" in text for text in said)
    files[place].unlink()
    shutil.rmtree(mlenv_home / "caches", ignore_errors=True)
    assert _files_with(b"t0ken", root, mlenv_home) == []


def test_an_index_that_only_uv_is_told_of_is_followed_by_pip(
    index: Index, root: Path, mlenv_home: Path, no_settings: pytest.MonkeyPatch
) -> None:
    """The other way round, with a named index whose password stands in a variable of its own."""
    config = mlenv_home / ".config" / "uv" / "uv.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[[index]]\nname = "own"\nurl = "{index.url}"\ndefault = true\n')
    env = {"UV_INDEX_OWN_USERNAME": "user", "UV_INDEX_OWN_PASSWORD": "t0ken", **_caches(mlenv_home), **NO_UV}
    answer = mlenv(root, "create", "steady", env=env)
    assert "pip looks for packages at" in answer.stderr
    assert Project(root).packages == {"steady": "1.0"}
    assert "t0ken" not in answer.text
    shutil.rmtree(mlenv_home / "caches", ignore_errors=True)
    assert _files_with(b"t0ken", root, mlenv_home) == []


def test_credentials_of_netrc_and_of_the_keyring_are_used_by_uv(
    index: Index, root: Path, mlenv_home: Path, no_settings: pytest.MonkeyPatch
) -> None:
    """Neither the address nor a variable carries them."""
    only = _caches(mlenv_home)
    netrc = mlenv_home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login user password t0ken\n")
    netrc.chmod(0o600)
    mlenv(root, "create", "steady", env={"PIP_INDEX_URL": index.url, **only})
    netrc.unlink()
    tool = mlenv_home / "bin" / "keyring"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\n[ "$1" = get ] && [ "$3" = user ] && echo t0ken\n')
    tool.chmod(0o755)
    named = index.url.replace("://", "://user@")
    env = {"PIP_INDEX_URL": named, "PIP_KEYRING_PROVIDER": "subprocess", "PATH": f"{tool.parent}:{os.environ['PATH']}"}
    answer = mlenv(root, "add", "second", env={**env, **only})
    assert Project(root).packages == {"steady": "1.0", "second": "1.0"}
    assert "t0ken" not in answer.text
