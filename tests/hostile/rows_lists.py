"""Requirements files with what pip would obey, with what is missing, and with what is no text."""

from __future__ import annotations

from hostile.row import Files, Folder, Link, Row

__all__ = ["ROWS"]


def _list(
    title: str,
    text: str | bytes,
    code: str,
    where: str,
    says: str = "",
    hint: str = "",
    words: str = "check",
    **more: str | bytes | Folder | Link,
) -> Row:
    files: Files = {"requirements.txt": text, **{name.replace("__", "/"): content for name, content in more.items()}}
    return Row(
        title, words, code, where=f"requirements.txt: {where}" if where else "", says=says, hint=hint, files=files
    )


ROWS = (
    _list(
        "an index address with a variable",
        "--extra-index-url http://127.0.0.1:9/${SECRET}/\nsix\n",
        "requirements-variable",
        "line 1",
        "${SECRET}",
        "netrc",
    ),
    _list(
        "a requirement with a variable",
        "six\nidna @ https://index.example.org/${TOKEN}/idna.whl\n",
        "requirements-variable",
        "line 2",
        "${TOKEN}",
    ),
    _list("a variable in an included name", "-r ${HOME}/x.txt\n", "requirements-variable", "line 1", "${HOME}"),
    _list(
        "an option: another index",
        "--index-url http://127.0.0.1:9/evil\nsix\n",
        "requirements-options",
        "",
        "--index-url",
        "--force",
        words="create",
    ),
    _list(
        "an option: a trusted host",
        "six\n--trusted-host 127.0.0.1\n",
        "requirements-options",
        "",
        "--trusted-host",
        "--force",
        words="create",
    ),
    _list(
        "an option: links",
        "--find-links http://127.0.0.1:9/\nsix\n",
        "requirements-options",
        "",
        "--find-links",
        "--force",
        words="create",
    ),
    _list("an option nobody knows", "--moo\nsix\n", "requirements-options", "", "--moo", "--force", words="create"),
    _list(
        "an option after a requirement",
        "six --config-settings=x=y\n",
        "requirements-options",
        "",
        "--config-settings",
        words="create",
    ),
    _list("an included list that is missing", "six\n-r more.txt\n", "requirements-missing", "line 2", "more.txt"),
    _list("included constraints that are missing", "six\n-c c.txt\n", "requirements-missing", "line 2", "c.txt"),
    _list(
        "an included list outside",
        "-r ../other.txt\n",
        "requirements-outside",
        "line 1",
        "../other.txt",
        "Copy it into the project",
    ),
    _list(
        "an included list of the machine",
        "-r /etc/passwd\n",
        "requirements-outside",
        "line 1",
        "/etc/passwd",
        "Copy it",
    ),
    _list(
        "an included list at an address",
        "-r https://index.example.org/r.txt\n",
        "requirements-outside",
        "line 1",
        "index.example.org",
        "Copy it",
    ),
    _list(
        "an included list at a file address",
        "-r file:///etc/passwd\n",
        "requirements-outside",
        "line 1",
        "/etc/passwd",
        "Copy it",
    ),
    _list(
        "an included list that is a folder", "-r more.txt\n", "requirements-missing", "line 1", "more.txt", more__txt=""
    ),
    _list(
        "a line that is a sentence",
        "six\n\nplease install flask\n",
        "requirements-unreadable",
        "line 3",
        "please install flask",
    ),
    _list("an operator without a version", "six ==\n", "requirements-unreadable", "line 1", "six =="),
    _list(
        "merge-conflict markers",
        "six\n<<<<<<< HEAD\nidna==3.6\n=======\nidna==3.7\n>>>>>>> main\n",
        "requirements-unreadable",
        "line 2",
        "merge-conflict",
    ),
    _list(
        "two pins of one name",
        "six==1.16.0\nidna==3.6\nSIX==1.17.0\n",
        "requirements-duplicate",
        "line 3",
        "1.16.0 and 1.17.0",
        "Keep one",
    ),
    _list("UTF-16 without its mark", "six\n".encode("utf-16-le"), "requirements-encoding", "line 1", "NUL", "UTF-8"),
    _list("Latin-1", b"six  # f\xfcr uns\n", "requirements-encoding", "line 1", "UTF-8", "UTF-8"),
    _list("a NUL", "six\nid\0na\n", "requirements-encoding", "line 2", "NUL", "UTF-8"),
    _list("an escape sequence", "\x1b[2Jsix\n", "requirements-unreadable", "line 1"),
    _list("an unclosed marker", "six ; python_version < '3\n", "requirements-unreadable", "line 1"),
    _list("a marker of nobody", "six ; weather == 'fine'\n", "requirements-unreadable", "line 1"),
    _list("a hash that is none", "six==1.16.0 --hash=sha256:xyz\n", "requirements-unreadable", "line 1", "hash"),
    _list(
        "a hash of a weak kind",
        "six==1.16.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e\n",
        "requirements-unreadable",
        "line 1",
        "md5",
    ),
    _list("an option without its value", "six\n-r\n", "requirements-unreadable", "line 2", "-r"),
    Row(
        "an included list that is not UTF-8",
        "check",
        "requirements-encoding",
        where="more.txt",
        hint="UTF-8",
        files={"requirements.txt": "-r more.txt\n", "more.txt": b"\xff\n"},
    ),
    Row(
        "an included list that is wrong",
        "check",
        "requirements-unreadable",
        where="more/a.txt: line 2",
        says="no no",
        files={"requirements.txt": "-r more/a.txt\n", "more/a.txt": "six\nno no\n"},
    ),
    Row(
        "an included list that links outside",
        "check",
        "requirements-outside",
        where="more.txt",
        says="more.txt",
        files={"requirements.txt": "-r more.txt\n", "more.txt": Link("/etc/passwd")},
    ),
    Row(
        "lists that include each other",
        "check",
        verdict="no-env",
        kind="no-env",
        hint="mlenv create",
        files={"requirements.txt": "-r b.txt\nsix\n", "b.txt": "-r requirements.txt\nidna\n"},
    ),
    Row(
        "a list of mlenv that was cut",
        "check",
        "requirements-truncated",
        where="requirements.txt",
        hint="mlenv freeze",
        files={
            "requirements.txt": "# This file was made by mlenv; its last line says whether it is whole.\nsix==1.16.0\n"
        },
    ),
    Row(
        "a package of no name: create -r by hand",
        "create -r requirements.txt",
        "unknown-option",
        says="-r",
        hint="mlenv create --help",
        files={"requirements.txt": "six\n"},
    ),
)
