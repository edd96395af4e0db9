"""Hosted runtimes, pure: addresses that git is given, addresses that a notebook carries, the set-up cell."""

from __future__ import annotations

import json

import pytest

from mlenv.errors import MlenvError
from mlenv.hosted.addresses import Repository, is_repository, parse_repository, public_address
from mlenv.hosted.cell import cells, notebook_text

TOKEN = "ghp_0123456789"


@pytest.mark.parametrize(
    ("text", "url", "ref", "folder"),
    [
        ("https://github.com/u/r.git", "https://github.com/u/r.git", "", "r"),
        ("git+https://github.com/u/r", "https://github.com/u/r", "", "r"),
        ("https://github.com/u/r.git@v1.2", "https://github.com/u/r.git", "v1.2", "r"),
        ("https://github.com/u/r@3f2a9c0d", "https://github.com/u/r", "3f2a9c0d", "r"),
        ("git@github.com:u/r.git", "git@github.com:u/r.git", "", "r"),
        ("ssh://git@host/u/.hidden.git", "ssh://git@host/u/.hidden.git", "", "hidden"),
        ("file:///w/.git", "file:///w/.git", "", "project"),
    ],
)
def test_a_repository_is_read(text: str, url: str, ref: str, folder: str) -> None:
    found = parse_repository(text)
    assert (found, found.folder) == (Repository(url=url, ref=ref), folder)


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c touch% x", "--upload-pack=x", "https://h/u/r.git@--upload-pack=x", f"https://{TOKEN}@github.com/u/r",
        f"https://u:{TOKEN}@github.com/u/r.git@main", "https://h/u/r.git@../..", "https://h/u r", "/w/r.git", "",
    ],
)  # fmt: skip
def test_what_git_might_run_or_show_is_refused(text: str) -> None:
    """No transport that runs programs, no option in disguise, no secret; and the error shows none of it."""
    with pytest.raises(MlenvError) as caught:
        parse_repository(text)
    assert caught.value.code == "address-unsafe"
    assert TOKEN not in str(vars(caught.value))


@pytest.mark.parametrize(
    "text", ["demo-py3.13-linux-x86_64.mlenv-bundle.zip", "/content/drive/x", "C:\\w\\r", "../lock.toml"]
)
def test_a_path_is_no_repository(text: str) -> None:
    assert not is_repository(text)


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        (f"https://u:{TOKEN}@github.com/u/r.git", "https://github.com/u/r.git"),
        ("git@github.com:u/r.git", "https://github.com/u/r.git"),
        ("ssh://git@gitlab.example.org:2222/u/r.git", "https://gitlab.example.org/u/r.git"),
        ("http://localhost:3000/u/r/", "http://localhost:3000/u/r"),
        ("/srv/git/r.git", ""),
        ("file:///srv/git/r.git", ""),
        ("C:\\w\\r", ""),
        ("", ""),
    ],
)
def test_a_remote_is_shown_as_anybody_may_clone_it(remote: str, expected: str) -> None:
    assert public_address(remote) == expected


def test_the_cell_pins_the_series_and_names_source_and_lock() -> None:
    setup, then = cells("1.4.2", lock="sub/uv.lock", source="https://github.com/u/r.git")
    assert '%pip install -q "mlenv==1.4.*"' in setup
    assert setup.endswith("%load_ext mlenv\n%mlenv setup --from https://github.com/u/r.git --lock sub/uv.lock")
    assert then == "%mlenv check --strict"
    alone, _ = cells("1.4.2", lock="my lock.txt")
    assert "%mlenv setup --lock 'my lock.txt'" in alone
    notebook = json.loads(notebook_text((setup, then)))
    assert ["".join(cell["source"]) for cell in notebook["cells"]] == [setup, then]
