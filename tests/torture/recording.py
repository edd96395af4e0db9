"""A program in place of the engines that writes down what it is given, and a worker that runs mlenv's faces over it.

``python -m torture.recording`` reads cases (JSON) from standard input and answers with one JSON line for each.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["write_recorder"]

_SCRIPT = """#!{python} -IS
import json, os, sys
words, log = sys.argv[1:], os.environ.get("ENGINE_LOG")
if os.path.basename(sys.argv[0]) == "python" and "pip" not in words[:3]:
    os.execv({python!r}, [{python!r}, *words])  # a question to the interpreter, not to pip
if words[-1:] == ["--version"]:
    print("uv 0.13.8" if os.path.basename(sys.argv[0]) == "uv" else "pip 26.3 from /x (python 3.11)")
    sys.exit(0)
given = {{"argv": words, "env": dict(os.environ), "stdin": sys.stdin.read() if "-" in words else "", "files": {{}}}}
for word in words:
    if os.path.isfile(word) and os.path.getsize(word) < 100_000 and not os.access(word, os.X_OK):
        with open(word, encoding="utf-8", errors="replace") as file:
            given["files"][word] = file.read()
with open(log, "a") as file:
    file.write(json.dumps(given) + "\\n")
sys.stderr.write("error: recorded\\n")
sys.exit(1)
"""


def write_recorder(folder: Path, python: str) -> tuple[str, str]:
    """Write the recorder under two names; return that of uv, and that of a Python whose pip is recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "uv", folder / "python"
    for path in paths:
        path.write_text(_SCRIPT.format(python=python))
        path.chmod(0o755)
    return str(paths[0]), str(paths[1])


def _words(case: dict[str, Any]) -> list[str]:
    """Return the words for the command line: as they are, or as the magic reads them from a line and a cell's body."""
    if "words" in case:
        return list(case["words"])
    from mlenv.kernel import arguments, child

    line = arguments.parse(case["line"], case.get("body", ""))
    return child.command("python", line.verb, line.words)[4:]


def _run(case: dict[str, Any], log: Path) -> dict[str, Any]:
    from mlenv.errors import MlenvError
    from mlenv.faces import cli

    place = Path(case["cwd"])
    place.mkdir(parents=True, exist_ok=True)
    for name, content in case.get("files", {}).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(base64.b64decode(content))
    os.chdir(place)
    log.write_text("")
    before = _fingerprint(place)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main(_words(case))
        except MlenvError as error:  # the magic's own refusal
            code = 2
            err.write(f"error: {error.message}\n")
    return {
        "code": code,
        "out": out.getvalue(),
        "err": err.getvalue(),
        "calls": [json.loads(row) for row in log.read_text().splitlines()],
        "changed": sorted(set(before.items()) ^ set(_fingerprint(place).items())),
    }


def _fingerprint(place: Path) -> dict[str, str]:
    found = {}
    for base, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name != ".mlenv"]
        for name in files:
            path = Path(base, name)
            found[str(path.relative_to(place))] = f"{path.stat().st_size} {path.stat().st_mtime_ns}"
    return found


def main() -> None:
    """Run every case in this one process: a start of Python for each would cost more than the work."""
    python, log = os.environ["ENGINE_PYTHON"], Path(os.environ["ENGINE_LOG"])
    sys.executable = python  # the pip of an engine without uv is that of mlenv's own Python
    stdout = sys.stdout
    for row in sys.stdin:
        answer = _run(json.loads(row), log)
        print(json.dumps(answer), file=stdout, flush=True)


if __name__ == "__main__":
    main()
