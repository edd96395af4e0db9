"""Locks and manifests of the conda world: cut, mangled, of the future, of another machine, bombs."""

from __future__ import annotations

from hostile.row import Environment, Files, Row, project

__all__ = ["ROWS"]

_BOMB = "".join(
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
    ]
)
_URL = "https://conda.example.org/demo"
_CONDA_LOCK = "version: 1\nmetadata:\n  platforms: [{platforms}]\npackage:\n"
_ROW = (
    "- name: six\n  version: 1.16.0\n  manager: {manager}\n  platform: linux-64\n  dependencies: {needs}\n"
    f"  url: {_URL}/noarch/six-1.16.0-py_0.conda\n  hash: {{{{md5: 00}}}}\n  category: main\n"
)
_PIXI = "version: 6\nenvironments:\n  default:\n    channels: []\n    packages:\n"


def _lock(
    name: str, title: str, text: str | bytes, where: str, says: str = "", code: str = "lock-unreadable", hint: str = ""
) -> Row:
    files: Files = {name: text, ".venv": Environment()}
    tools = {
        "pixi.lock": "pixi lock",
        "conda-lock.yml": "conda-lock lock",
        "conda-linux-64.lock": "conda list --explicit",
    }
    place = f"{name}: {where}" if where else name
    return Row(title, "check", code, where=place, says=says, hint=hint or tools.get(name, ""), files=files)


def _found(title: str, files: Files, verdict: str, kind: str, says: str = "", hint: str = "") -> Row:
    return Row(
        title, "check", verdict=verdict, kind=kind, says=says, hint=hint, files={".venv": Environment(), **files}
    )


ROWS = (
    _lock("conda-lock.yml", "conda-lock.yml with a bomb of aliases", _BOMB, "line", "more than", "file-too-large", "right file"),
    _lock("conda-lock.yml", "conda-lock.yml of no bytes", "", "", "empty", "lock-truncated"),
    _lock("conda-lock.yml", "conda-lock.yml with merge-conflict markers", "version: 1\n<<<<<<< HEAD\n", "line 2", "merge-conflict"),
    _lock("conda-lock.yml", "conda-lock.yml with a tab", "version: 1\nmetadata:\n\tplatforms: []\n", "line 3", "not valid YAML"),
    _lock("conda-lock.yml", "conda-lock.yml with a key twice", "version: 1\nversion: 1\n", "line 2", "twice"),
    _lock("conda-lock.yml", "conda-lock.yml of a version to come", "version: 2\n", "version", "2 is not known", "lock-version-unsupported", "Upgrade"),
    _lock(
        "conda-lock.yml", "conda-lock.yml with a manager that nobody knows",
        _CONDA_LOCK.format(platforms="linux-64") + _ROW.format(manager="npm", needs="{}"), "package[0].manager", "npm",
    ),
    _lock(
        "conda-lock.yml", "conda-lock.yml cut before what a package needs",
        _CONDA_LOCK.format(platforms="linux-64") + _ROW.format(manager="conda", needs="{python: '>=3'}"),
        "package[0].dependencies", "python", "lock-truncated",
    ),
    _lock("conda-lock.yml", "conda-lock.yml with a tag of Python's", "version: !!python/object/apply:os.system ['true']\n", "version", "a text is expected"),
    _lock("pixi.lock", "pixi.lock that is a list", "- a\n", "", "mapping"),
    _lock("pixi.lock", "pixi.lock of a version to come", "version: 99\n", "version", "99 is not known", "lock-version-unsupported", "Upgrade"),
    _lock(
        "pixi.lock", "pixi.lock cut before its packages",
        f"{_PIXI}      linux-64:\n      - conda: {_URL}/noarch/six-1.16.0-py_0.conda\npackages: []\n",
        "environments.default.packages.linux-64[0]", "not among the packages", "lock-truncated",
    ),
    _lock("pixi.lock", "pixi.lock nested too deep", "version: " + "[" * 500, "line 1", "too deep"),
    _lock("conda-linux-64.lock", "explicit list with half a digest", f"@EXPLICIT\n{_URL}/noarch/six-1.16.0-py_0.conda#00ff\n", "line 2", "digest"),
    _lock("conda-linux-64.lock", "explicit list without its mark", f"{_URL}/noarch/six-1.16.0-py_0.conda\n", "", "@EXPLICIT"),
    _lock(
        "environment.yml", "environment.yml with a row that is none", "dependencies:\n  - python\n  - '=1.2'\n",
        "dependencies[1]", "no match specification", "environment-unreadable", "NAME",
    ),
    Row(
        "create from a pixi.lock where py-rattler is not", "create", "lock-not-driven", where="pixi.lock",
        says="nothing was changed", hint="pip install 'mlenv[conda]', then the same command again; or: pixi install",
        files={"pixi.lock": f"{_PIXI}      linux-64: []\npackages: []\n"}, env={"MLENV_RATTLER": ""},
    ),
    Row(
        "create by uv from a pixi.lock", "create --engine uv", "lock-not-driven", where="pixi.lock",
        says="nothing was changed", hint="--engine conda", files={"pixi.lock": f"{_PIXI}      linux-64: []\npackages: []\n"},
    ),
    Row(
        "create from a pixi.lock that installs no Python", "create", "python-not-found", where="pixi.lock",
        says="no Python", hint="python", files={"pixi.lock": f"{_PIXI}      linux-64: []\npackages: []\n"},
    ),
    Row(
        "create by conda beside another manifest", "create --engine conda", "engine-unfit", where="pyproject.toml",
        says="environment.yml", hint="--engine uv", files={"pyproject.toml": project("six")},
    ),
    Row(
        "a channel that is not there", "create", "channel-unknown", says="no-such-channel", hint="channels",
        files={"environment.yml": "channels: [./no-such-channel]\ndependencies:\n  - python\n"},
    ),
    Row(
        "a channel's address with a token", "create", "requirement-secret", where="environment.yml", says="credentials",
        hint="~/.condarc",
        files={"environment.yml": "channels: ['https://conda.example.org/t/tk-SECRET/x']\ndependencies:\n  - python\n"},
    ),
    Row(
        "a channel's address with a variable", "create", "address-unsafe", where="environment.yml", says="variable",
        hint="~/.condarc",
        files={"environment.yml": "channels: ['https://conda.example.org/$TOKEN/x']\ndependencies:\n  - python\n"},
    ),
    Row(
        "a .condarc that is no YAML", "create", "condarc-unreadable", where="condarc", says="cut short", hint="conda config",
        files={"environment.yml": "dependencies:\n  - python\n", "condarc": "channels: [a\n"}, env={"CONDARC": "{root}/condarc"},
    ),
    Row(
        "dependencies in one line", "add six", "manifest-style", where="environment.yml: line 2", says="one row a line",
        hint="  - numpy", files={"environment.yml": "channels: [./x]\ndependencies: [python]\n"},
    ),
    Row(
        "a package of conda that is an address", "create https://example.org/x.conda", "requirement-invalid",
        says="no match specification", hint="numpy=1.26", files={"environment.yml": "dependencies:\n  - python\n"},
    ),
    Row(
        "remove of what environment.yml does not declare", "remove six", "not-declared", where="environment.yml",
        says="six", hint="mlenv list", files={"environment.yml": "dependencies:\n  - python\n"},
    ),
    Row(
        "a pip part that names a folder", "create", "manifest-not-driven", where="environment.yml", says="folder",
        hint="%pip install -e", files={"environment.yml": "channels: [./x]\ndependencies:\n  - python\n  - pip:\n    - -e .\n"},
    ),
    Row(
        "create by conda with a Python's path", "create --engine conda --python /usr/bin/python3", "usage", where="--python",
        says="version", hint="--python 3.12",
    ),
    Row(
        "sync from an explicit list", "sync --lock conda-linux-64.lock", "lock-not-driven", where="conda-linux-64.lock",
        says="packages of conda", hint="conda create", env={"MLENV_RATTLER": ""},
        files={"conda-linux-64.lock": f"@EXPLICIT\n{_URL}/noarch/six-1.16.0-py_0.conda\n", ".venv": Environment()},
    ),
    Row(
        "freeze to an environment.yml where conda made none", "freeze --output environment.yml", "freeze-no-conda",
        where=".venv", says="not made by conda", hint="--output", files={"pyproject.toml": project(), ".venv": Environment()},
    ),
    _found(
        "conda-lock.yml that was not made for this platform",
        {"conda-lock.yml": _CONDA_LOCK.format(platforms="zos-z") + _ROW.format(manager="conda", needs="{}")},
        "unknown", "undecidable", "zos-z",
    ),
    _found(
        "environment.yml of conda's in a project whose environment is none of conda's",
        {"environment.yml": "dependencies:\n  - python >=3\n  - gdal\n"}, "unlocked", "unlocked", "not made by conda",
    ),
)  # fmt: skip
