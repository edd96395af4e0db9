"""S48: an index with a certificate of the organisation's own, and one behind a proxy."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from scenarios.real_project import Project, mlenv
from torture.index import Index, serving

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home", "runtime_there", "no_settings")]

ENGINES = {"uv": {}, "pip": {"MLENV_UV": ""}}
VARIABLES = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy",
    "PIP_CONFIG_FILE", "PIP_INDEX_URL", "UV_DEFAULT_INDEX",
)  # fmt: skip


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that trusts what comes with it, and knows no proxy."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """The organisation's certificate file, and what a server of theirs shows."""
    made, folder = trustme.CA(), tmp_path_factory.mktemp("authority")
    made.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    return folder / "ca.pem", context


@pytest.fixture
def index(packages: Path, authority: tuple[Path, ssl.SSLContext]) -> Iterator[Index]:
    with serving(packages, tls=authority[1]) as index:
        yield index


@pytest.mark.parametrize("engine", ENGINES)
def test_the_organisations_certificate_is_found_by_either_variable_and_missed_in_plain_words(
    engine: str, index: Index, authority: tuple[Path, ssl.SSLContext], root: Path, mlenv_home: Path
) -> None:
    """S48: by ``SSL_CERT_FILE``, by ``REQUESTS_CA_BUNDLE`` alone, by ``cert`` in pip.conf; not at all."""
    config = mlenv_home / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\ndisable-pip-version-check = true\n")
    address = {"UV_DEFAULT_INDEX": index.url, "PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": str(config)}
    caches = {"UV_CACHE_DIR": str(mlenv_home / "caches" / "uv"), "PIP_CACHE_DIR": str(mlenv_home / "caches" / "pip")}
    env = {**address, **caches, **ENGINES[engine]}
    ca = str(authority[0])
    mlenv(root, "create", "steady", env={**env, "SSL_CERT_FILE": ca})
    mlenv(root, "add", "second", env={**env, "REQUESTS_CA_BUNDLE": ca})
    assert Project(root).packages == {"steady": "1.0", "second": "1.0"}
    refused = mlenv(root, "add", "third", "--json", env={**env, "PIP_CONFIG_FILE": os.devnull}, code=2)
    error = refused.json()["error"]
    assert (error["code"], "127.0.0.1" in error["message"]) == ("certificate-untrusted", True)
    assert "SSL_CERT_FILE" in error["hint"]
    for advice in ("insecure", "trusted-host", "verify", "--trusted", "native"):
        assert advice not in f"{error['message']} {error['hint']}".lower()
    assert Project(root).packages == {"steady": "1.0", "second": "1.0"}
    config.write_text(f"[global]\ncert = {ca}\n")
    mlenv(root, "add", "third", env=env)
    assert "third" in Project(root).packages


@pytest.mark.parametrize(("engine", "way"), [("uv", "variable"), ("uv", "pip.conf"), ("pip", "variable")])
def test_a_proxy_that_the_user_configured_is_asked(
    engine: str, way: str, packages: Path, root: Path, mlenv_home: Path
) -> None:
    """S48: seen in the proxy's own log; the index has an address that nobody else could answer for."""
    with serving(packages) as proxy:
        there = proxy.url.removesuffix("/simple")
        config = mlenv_home / "pip.conf"
        config.write_text(f"[global]\nproxy = {there}\n" if way == "pip.conf" else "")
        index = "http://index.example.org/simple"
        # pip takes plain http only from a host that its user has named.
        address = {"UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index, "PIP_TRUSTED_HOST": "index.example.org"}
        env = {**address, **ENGINES[engine], "PIP_CONFIG_FILE": str(config), "UV_CACHE_DIR": str(mlenv_home / "uv")}
        env |= {"PIP_CACHE_DIR": str(mlenv_home / "pip"), **({"HTTP_PROXY": there} if way == "variable" else {})}
        mlenv(root, "create", "steady", env=env)
        asked = [path for _, path, _ in proxy.requests]
    assert "http://index.example.org/simple/steady/" in asked
    assert Project(root).packages == {"steady": "1.0"}
