"""Manifests and settings that say what cannot be."""

from __future__ import annotations

from hostile.row import Folder, Link, Row, project

__all__ = ["ROWS"]

_PLACE = "pyproject.toml: tool.mlenv"


def _setting(
    title: str,
    line: str,
    where: str,
    says: str = "",
    hint: str = "",
    code: str = "settings-invalid",
    words: str = "check",
) -> Row:
    files = {"pyproject.toml": project("six", more=f"[tool.mlenv]\n{line}\n")}
    return Row(title, words, code, where=f"{_PLACE}.{where}", says=says, hint=hint, files=files)


def _manifest(
    title: str,
    text: str | bytes,
    where: str,
    says: str = "",
    hint: str = "",
    code: str = "manifest-unreadable",
    words: str = "check",
) -> Row:
    return Row(title, words, code, where=where, says=says, hint=hint, files={"pyproject.toml": text})


_SETTINGS = (
    _setting("a setting with a letter missing", 'engin = "uv"', "engin", "engin", "engine", "settings-unknown-key"),
    _setting(
        "a setting with an underscore",
        'kernel_name = "x"',
        "kernel_name",
        "kernel_name",
        "kernel-name",
        "settings-unknown-key",
    ),
    _setting("a setting of nobody", "colour = 1", "colour", "colour", "Known settings", "settings-unknown-key"),
    _setting("an engine that is not there", 'engine = "uvv"', "engine", "uvv", "uv"),
    _setting("a build of PyTorch that is an option", 'cuda = "--index=x"', "cuda", "--index=x", "cu128"),
    _setting("a build of PyTorch that is a number", "cuda = 128", "cuda", "a text is expected"),
    _setting(
        "a build of PyTorch for an engine that cannot choose it",
        'cuda = "cpu"\nengine = "venv"',
        "cuda",
        "the engine is venv",
        "--engine uv",
        "cuda-not-driven",
        "add six",
    ),
    _setting("an engine that is a number", "engine = 1", "engine", "a text is expected"),
    _setting("an environment that is true", "env = true", "env", "a text is expected"),
    _setting("a lock that is a list", 'lock = ["uv.lock"]', "lock", "a text is expected"),
    _setting("groups that are a text", 'groups = "dev"', "groups", "a list is expected"),
    _setting("extras with a number among them", 'extras = ["a", 1]', "extras[1]", "a text is expected"),
    _setting("builds allowed by a text", 'allow-build = "yes"', "allow-build", "a list is expected"),
    _setting("a Python that is a number", "python = 3.12", "python", "a text is expected"),
    _setting("a .env that is a number", "dotenv = 1", "dotenv", "a text is expected"),
    _setting(
        "a kernel called ..", 'kernel-name = ".."', "kernel-name", "'..'", "kernel-name =", "kernel-name", "create"
    ),
    _setting(
        "a kernel called python3",
        'kernel-name = "python3"',
        "kernel-name",
        "another kernel",
        "kernel-name =",
        "kernel-name",
        "create",
    ),
    _setting("an empty kernel name", 'kernel-name = ""', "kernel-name", "empty", "kernel-name", words="create"),
    _setting("an empty lock", 'lock = ""', "lock", "empty"),
    _setting("an empty environment", 'env = ""', "env", "empty"),
    _setting(
        "an environment that is the project", 'env = "."', "env", "project", words="create", code="environment-place"
    ),
    _setting(
        "an environment above the project", 'env = ".."', "env", "project", words="create", code="environment-place"
    ),
    _setting(
        "an environment in the private folder",
        'env = ".mlenv/envs"',
        "env",
        "",
        words="create",
        code="environment-place",
    ),
    _setting("an environment with a NUL", r'env = "a\u0000b"', "env", "", words="create"),
    _setting("an environment with a new line", r'env = "a\nb"', "env", "", words="create"),
    _setting("a lock with a NUL", r'lock = "a\u0000.lock"', "lock", ""),
    _setting("a lock outside the project", 'lock = "../uv.lock"', "lock", "outside", code="lock-outside"),
    _setting("a lock of the machine", 'lock = "/etc/pylock.toml"', "lock", "outside", code="lock-outside"),
)

ROWS = (
    *_SETTINGS,
    Row(
        "mlenv.toml that is no TOML",
        "check",
        "settings-unreadable",
        where="mlenv.toml: line 1",
        files={"mlenv.toml": "env is .venv\n"},
    ),
    Row(
        "mlenv.toml with an unknown key",
        "check",
        "settings-unknown-key",
        where="mlenv.toml: envv",
        hint="env",
        files={"mlenv.toml": 'envv = "x"\n'},
    ),
    Row(
        "mlenv.toml that is not UTF-8",
        "check",
        "file-unreadable",
        where="mlenv.toml: byte 7",
        hint="UTF-8",
        files={"mlenv.toml": b'env = "\xff"\n'},
    ),
    _manifest("a manifest with an unclosed text", '[project]\nname = "demo\n', "pyproject.toml: line 2"),
    _manifest("a manifest that was cut", "[project", "pyproject.toml: end of file", "cut short"),
    _manifest(
        "a manifest with merge-conflict markers",
        project("six") + "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> main\n",
        "pyproject.toml: line 6",
        "merge-conflict",
    ),
    _manifest("a manifest with a key twice", '[project]\nname = "a"\nname = "b"\n', "pyproject.toml: line 3"),
    _manifest(
        "a manifest that is not UTF-8",
        b'[project]\nname = "\xff\xfe"\n',
        "pyproject.toml: byte 18",
        "UTF-8",
        code="file-unreadable",
    ),
    _manifest(
        "a manifest in UTF-16",
        "\ufeff[project]\n".encode("utf-16-le"),
        "pyproject.toml: byte 0",
        "UTF-8",
        code="file-unreadable",
    ),
    _manifest("a manifest with a NUL", '[project]\nname = "a\0b"\n', "pyproject.toml: line 2"),
    _manifest("a manifest of nested lists", "x = " + "[ " * 50_000, "pyproject.toml", "deep"),
    _manifest("a project that is a text", 'project = "demo"\n', "pyproject.toml: project", "a table is expected"),
    _manifest(
        "dependencies that are a text",
        '[project]\nname = "demo"\nversion = "1"\ndependencies = "six"\n',
        "pyproject.toml: project.dependencies",
        "a list is expected",
    ),
    _manifest(
        "a dependency that is no requirement",
        project("six", "not a requirement!"),
        "pyproject.toml: project.dependencies[1]",
    ),
    _manifest(
        "a dependency that is an option",
        project("--index-url=http://127.0.0.1:9"),
        "pyproject.toml: project.dependencies[0]",
    ),
    _manifest(
        "a range of Pythons that is none",
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = "three"\n',
        "pyproject.toml: project.requires-python",
        "three",
    ),
    _manifest(
        "a group that includes itself",
        project("six", more='[dependency-groups]\na = [{include-group = "a"}]\n'),
        "pyproject.toml: dependency-groups",
        "itself",
    ),
    _manifest(
        "a group that includes one that is not there",
        project("six", more='[dependency-groups]\na = [{include-group = "b"}]\n'),
        "pyproject.toml: dependency-groups",
        "'b' not found",
    ),
    Row(
        "an extra that is not there",
        "check --extra plots",
        "extra-unknown",
        says="plots",
        files={"pyproject.toml": project("six")},
    ),
    Row(
        "a group that is not there",
        "check --group tests",
        "group-unknown",
        says="tests",
        files={"pyproject.toml": project("six")},
    ),
    Row("a manifest that is a folder", "check", "no-project", files={"pyproject.toml": Folder()}, hint="mlenv create"),
    Row(
        "a manifest that is a dangling link",
        "check",
        "no-project",
        files={"pyproject.toml": Link("gone.toml")},
        hint="mlenv create",
    ),
    Row(
        "dependencies that a build decides: add",
        "add idna",
        "manifest-dynamic",
        where="pyproject.toml",
        files={
            "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "demo"\nversion = "1"\ndynamic = ["dependencies"]\n'
        },
    ),
    Row(
        "a .python-version that is rubbish",
        "create",
        "python-request-invalid",
        where=".python-version",
        files={"pyproject.toml": project("six"), ".python-version": "the newest one\n"},
    ),
    Row(
        "a .python-version that is not UTF-8",
        "create",
        "file-unreadable",
        where=".python-version: byte 0",
        files={"pyproject.toml": project("six"), ".python-version": b"\xff3.12\n"},
    ),
)
