"""The scripts with which a hosted machine makes the project's environment whenever it starts, and its kernel."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from mlenv.exports.deployment import Deployment
from mlenv.model import value

__all__ = ["Machine", "as_user", "clone", "write_setup"]


@value
class Machine:
    """A kind of hosted machine: who works there, and what of it outlasts a stop."""

    user: str
    """Whom Jupyter runs as; the script itself is root's."""
    folder: str
    """Below the user's home, with ``/`` before it: what a stop does not take away; empty for all of it."""
    place: str
    """Below that folder: mlenv's own environment, its caches and its log."""
    data: bool
    """Whether mlenv's data has to lie there, too, for what lies elsewhere in the home is gone after a stop."""
    pythons: tuple[str, ...]
    """Interpreters that it has, beside those on the path, any of which can fetch a newer one."""


def as_user(machine: Machine, deployment: Deployment) -> Sequence[str]:
    """Return the head of a script: who, where, and the function that runs something as that user."""
    return (
        "set -euo pipefail",
        "",
        f'user="${{SETUP_USER:-{machine.user}}}"',
        'home="${SETUP_HOME:-/home/$user}"',
        f'store="$home{machine.folder}/{machine.place}"',
        f'checkout="$home{machine.folder}/{deployment.slug}"',
        "",
        "as_user() {",
        '    if [ "$(id -un)" = "$user" ]; then "$@"; else sudo --user "$user" --set-home -- "$@"; fi',
        "}",
        "",
        'as_user mkdir -p "$store"',
    )


def clone(deployment: Deployment) -> Sequence[str]:
    """Return the lines that bring the project where it is not there yet."""
    if not deployment.repository:
        return ('as_user mkdir -p "$checkout"  # the project has no public address: put its files there',)
    brought = f'GIT_TERMINAL_PROMPT=0 git clone --quiet {shlex.quote(deployment.repository)} "$checkout"'
    return (
        'if [ ! -e "$checkout" ]; then',
        f'    as_user env {brought} || echo "no access from here: put the project there"',
        "fi",
    )


def write_setup(machine: Machine, deployment: Deployment) -> Sequence[str]:
    """Return the lines that write ``setup.sh``, which does the work as the user and may be run by hand, too."""
    return ("as_user tee \"$store/setup.sh\" >/dev/null <<'SETUP'", *_setup(machine, deployment), "SETUP")


def _setup(machine: Machine, deployment: Deployment) -> Sequence[str]:
    below = f"/{deployment.below.rstrip('/')}" if deployment.below else ""
    words = [*deployment.as_locked]
    if not deployment.conda:
        words += ["--python", deployment.python, "--fetch-python"]
    return (
        "#!/bin/bash",
        "# bash setup.sh STORE CHECKOUT [LOG]: mlenv, the environment as locked, its kernel. Again: no change.",
        "set -euo pipefail",
        f'store="$1" project="$2{_quoted(below)}"',
        'if [ -n "${3:-}" ]; then exec >>"$3" 2>&1; fi',
        *(
            ('export MLENV_DATA_DIR="$store/data" UV_CACHE_DIR="${UV_CACHE_DIR:-$store/cache}"',)
            if machine.data
            else ()
        ),
        *(('export RATTLER_CACHE_DIR="$store/rattler"',) if machine.data and deployment.conda else ()),
        'export UV_PYTHON_INSTALL_DIR="$store/python"',
        'exec 9>"$store/setup.lock"',
        "flock 9  # one after the other",
        f'if [ ! -e "$project/{_quoted(deployment.lock)}" ]; then',
        f'    echo "there is no $project/{_quoted(deployment.lock)}: put the project there, then run this again"',
        "    exit 0",
        "fi",
        "",
        *_own(machine, deployment),
        "",
        'cd "$project"',
        f'"$store/host/bin/mlenv" {shlex.join(["create", *words])}',
        f'"$store/host/bin/mlenv" {shlex.join(["check", "--strict", *deployment.told])}',
    )


def _own(machine: Machine, deployment: Deployment) -> Sequence[str]:
    """Return the lines that install this very mlenv, where it is not there yet."""
    requirement = shlex.quote(deployment.tool())
    version = deployment.mlenv.partition("==")[2]
    pythons = " ".join(("python3.13", "python3.12", "python3.11", "python3", *machine.pythons))
    return (
        "own=\"import importlib.metadata as m; print(m.version('mlenv'))\"",
        f'if [ "$("$store/host/bin/python" -c "$own" 2>/dev/null)" != {shlex.quote(version)} ]; then',
        '    rm -rf "$store/host"',
        '    python=""',
        '    any=""',
        f"    for each in {pythons}; do",
        '        "$each" -c "import ensurepip, venv" 2>/dev/null || continue',
        '        any="${any:-$each}"',
        "        # mlenv itself runs on 3.11 or newer; the project's Python may be any other.",
        '        if "$each" -c "import sys; sys.exit(sys.version_info < (3, 11))"; then',
        '            python="$each"',
        "            break",
        "        fi",
        "    done",
        '    if [ -n "$python" ]; then',
        '        "$python" -m venv "$store/host"',
        "    else  # uv fetches one",
        '        "$any" -m venv "$store/uv"',
        "        \"$store/uv/bin/python\" -m pip install --quiet --disable-pip-version-check 'uv>=0.9'",
        '        "$store/uv/bin/uv" venv --quiet --seed --python \'>=3.11\' "$store/host"',
        "    fi",
        f'    "$store/host/bin/python" -m pip install --quiet --disable-pip-version-check {requirement}',
        "fi",
    )


def _quoted(path: str) -> str:
    """Return a path as it may stand between double quotes."""
    return "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in path)
