"""Requirements that somebody typed."""

from __future__ import annotations

from hostile.row import Environment, Row, project

__all__ = ["ROWS"]

_HERE = {"pyproject.toml": project("six"), ".venv": Environment()}


def _bad(
    title: str, text: str, where: str = "character 1", says: str = "", hint: str = "", code: str = "requirement-invalid"
) -> Row:
    return Row(title, ("add", text), code, where=where, says=says, hint=hint, files=_HERE)


ROWS = (
    _bad(
        "an option with an address",
        "--index-url=http://127.0.0.1:9/x",
        code="unknown-option",
        where="",
        says="--index-url",
    ),
    Row(
        "an option after the end of options",
        ("add", "--", "--index-url=http://127.0.0.1:9/x"),
        "requirement-invalid",
        where="character 1",
        says="an option",
        files=_HERE,
    ),
    _bad("an option behind a blank", " --pre", says="an option"),
    _bad("an editable", "-e", code="unknown-option", where="", says="-e"),
    Row(
        "an editable as one word",
        ("add", "--", "-e ."),
        "requirement-invalid",
        where="character 1",
        says="an option",
        files=_HERE,
    ),
    _bad("the folder here", ".", says="a path"),
    _bad("a relative path", "../neighbour", says="a path"),
    _bad("an absolute path", "/etc/passwd", says="a path"),
    _bad("a path below the home", "~/package", says="a path"),
    _bad("a Windows path", "C:\\package", says="a path"),
    _bad("a wheel's file name", "six-1.16.0-py2.py3-none-any.whl", says="a path"),
    _bad("an operator without a version", "six ==", "character 5"),
    _bad("a version without an operator", "six 1.16", "character 5", hint="six==1.16"),
    _bad("one equals sign", "six=1.16", "character 4", hint="six==1.16"),
    _bad("a sentence", "not a requirement!", "character 5"),
    _bad("nothing at all", "", "", says="empty", hint="mlenv add"),
    _bad("only blanks", "   ", "", says="empty", hint="mlenv add"),
    _bad("a name of 10,000 letters", "x" * 10_000, "character 4097", says="longer"),
    _bad("a NUL", "si\0x", "", says="NUL", hint="mlenv --help", code="usage"),
    _bad("a new line with a second requirement", "six\nidna", "character 4", says="cannot be seen"),
    _bad("a carriage return", "six\r", "character 4", says="cannot be seen"),
    _bad("an escape sequence", "\x1b[2Jsix", says="cannot be seen"),
    _bad("a right-to-left override", "six\u202exis", "character 4", says="cannot be seen"),
    _bad("an invisible blank", "six\u200b", "character 4", says="cannot be seen"),
    _bad("a Cyrillic look-alike", "num\u0440y", "character 4"),
    _bad("full-width letters", "\uff53\uff49\uff58"),
    _bad("a specifier of letters", "six==latest", "character 4"),
    _bad("a comma at the end of a name", "six,idna", "character 4"),
    _bad("an unclosed extra", "requests[socks", "character 9"),
    _bad("an unclosed quote in a marker", "six; python_version < '3", "character 23"),
    _bad("a marker that does not exist", "six; weather == 'fine'", "character 6"),
    _bad("an address without a name", "https://index.example.org/six.whl", says="name before it", hint="NAME @"),
    _bad("plain http", "six @ http://index.example.org/six-1-py3-none-any.whl", "character 7", says="https://"),
    _bad("a file address", "six @ file:///etc/passwd", "character 7", says="https://"),
    _bad("git by an unknown transport", "six @ git+ext::sh -c id", "character 7"),
    _bad(
        "a git revision like an option",
        "six @ git+https://index.example.org/six@--upload-pack=x",
        "character 7",
        says="option",
    ),
    _bad(
        "an address with a password",
        "six @ https://me:word@index.example.org/six-1-py3-none-any.whl",
        "",
        code="requirement-secret",
        hint=".netrc",
    ),
    _bad(
        "an address with a token",
        "six @ https://ghp_token@index.example.org/six-1-py3-none-any.whl",
        "",
        code="requirement-secret",
        hint=".netrc",
    ),
    _bad(
        "an address with a variable",
        "six @ https://index.example.org/${SECRET}/six-1-py3-none-any.whl",
        "",
        code="requirement-variable",
        hint="without ${...}",
    ),
    _bad("an address with a broken host", "six @ https://[::1/six.whl", "character 7", says="address"),
    Row(
        "an option in the place of a name: remove",
        ("remove", "--", "--all"),
        "name-invalid",
        says="--all",
        hint="letters",
        files=_HERE,
    ),
    Row(
        "a path in the place of a name: remove",
        "remove ../six",
        "name-invalid",
        says="../six",
        hint="letters",
        files=_HERE,
    ),
    Row(
        "a requirement in the place of a name: upgrade",
        "upgrade six==1",
        "name-invalid",
        says="six==1",
        hint="letters",
        files=_HERE,
    ),
    Row(
        "a package that is not declared: remove",
        "remove flask",
        "not-declared",
        says="flask",
        where="pyproject.toml",
        files=_HERE,
    ),
    Row("a package that is not locked: upgrade", "upgrade sixx", "not-locked", says="sixx", files=_HERE),
    Row("a package that is not installed: show", "show flask", "package-not-installed", says="flask", files=_HERE),
    Row(
        "a path in the place of a name: show", "show ../six", "name-invalid", says="../six", hint="letters", files=_HERE
    ),
)
