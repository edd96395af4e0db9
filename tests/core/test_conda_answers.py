"""What py-rattler says becomes one sentence of ours and what to type; the request carries secrets in its input only."""

from __future__ import annotations

import json

import pytest

from mlenv.engines import conda
from mlenv.engines.choose import Tools, choose
from mlenv.engines.conda import Channels, Conda, LockedRows, explain
from mlenv.errors import MlenvError

HOST = Conda(python="/p/python", program="/p/conda_program.py", answer="/s/answer.json", root="/p")


def said(kind: str, message: str, *, offline: bool = False) -> tuple[str, str, str]:
    failure = explain(json.dumps({"error": kind, "message": message}), offline=offline)
    assert failure is not None
    return failure.code, failure.message, failure.hint


@pytest.mark.parametrize(
    ("kind", "text", "code", "part"),
    [
        ("SolverError", "Cannot solve the request because of: No candidates were found for nosuch *.\n", "package-missing", "nosuch"),
        ("SolverError", "Cannot solve the request because of: a * cannot be installed because:\n└─ b <2\n", "conflict", "b <2"),
        ("GatewayError", "could not find subdir 'noarch' in channel 'file:///x/'\nCaused by: ...", "channel-unknown", "file:///x/"),
        ("GatewayError", "HTTP status client error (403 Forbidden) for url (https://c.example.org/x/noarch/r.json)", "index-credentials", "c.example.org/x"),
        ("GatewayError", "error sending request for url (https://c.example.org/x/noarch/r)\nCaused by: dns error", "index-unreachable", "c.example.org"),
        ("InvalidMatchSpecError", "unable to parse version spec: ==", "requirement-invalid", "=="),
        ("ModuleNotFoundError", "No module named 'rattler'", "engine-missing", "py-rattler"),
        ("InstallerError", "hash mismatch for numpy-1.26-py_0.conda", "hash-mismatch", "numpy"),
    ],
)  # fmt: skip
def test_each_refusal_is_one_sentence(kind: str, text: str, code: str, part: str) -> None:
    found, message, hint = said(kind, text)
    assert (found, part in message, bool(hint)) == (code, True, True)


def test_a_tree_is_cut_to_five_lines() -> None:
    tree = "\n".join(f"└─ row {number}" for number in range(40))
    message = said("SolverError", f"Cannot solve the request because of: x\n{tree}")[1]
    assert len(message.splitlines()) <= 6
    assert "36 more" in message


def test_offline_says_that_it_is_not_cached() -> None:
    text = "error sending request for url (https://c.example.org/x/noarch/r)\nCaused by: Connect"
    assert said("GatewayError", text, offline=True)[0] == "offline-not-cached"


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"rows": []}', "{"])
def test_what_is_no_refusal_is_none(answer: str) -> None:
    assert explain(answer) is None


def test_no_secret_stands_in_the_words_of_a_command() -> None:
    """Every user of a machine reads the words of a command; nobody else reads its input."""
    secret = ("https://c.example.org", "https://c.example.org/t/tk-1", "me:pw")
    channels = Channels(names=("https://c.example.org",), secrets=(secret,))
    for command in (
        conda.solve(
            HOST, channels, ["python"], "linux-64", kept=LockedRows(kind="conda-lock", path="/p/conda-lock.yml")
        ),
        conda.install(HOST, channels, LockedRows(kind="pixi", names=("a",)), "/p/e", "linux-64"),
    ):
        assert not [word for word in command.argv if "tk-1" in word or "pw" in word]
        assert "tk-1" in (command.stdin or "")
        assert "tk-1" not in str(command.env)


def test_a_file_of_conda_s_chooses_conda_where_py_rattler_is() -> None:
    there = Tools(uv="/uv", rattler="0.28.3")
    assert choose(None, None, None, there, conda_file="environment.yml").name == "conda"
    assert choose(None, None, "conda", there, conda_file="conda-lock.yml").name == "conda"
    assert choose("uv", None, None, there, conda_file="environment.yml").name == "uv"
    assert choose(None, None, None, Tools(uv="/uv"), conda_file="environment.yml").name == "uv"
    assert choose(None, None, None, there).name == "uv"


@pytest.mark.parametrize("version", ["", "0.27.1", "0.29.0", "1.0"])
def test_another_series_is_not_driven(version: str) -> None:
    with pytest.raises(MlenvError) as caught:
        choose("conda", None, None, Tools(uv="/uv", rattler=version))
    assert (caught.value.code, caught.value.hint) == ("engine-missing", "pip install 'mlenv[conda]'")
    assert (version or "py-rattler is not installed") in caught.value.message
