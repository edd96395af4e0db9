"""Commands for virtualenv, which makes environments; packages are put into them by uv or pip.

Tried with virtualenv 20.26 and 21.15.
"""

from __future__ import annotations

import re

from mlenv.engines.places import absolute
from mlenv.model import Command

__all__ = ["LOWEST", "make_environment", "parse_version", "version"]

LOWEST = "20.0"
"""The lowest version that mlenv drives: from it on, environments say in ``pyvenv.cfg`` what they are."""

_ASK_S = 60.0
_MAKE_S = 120.0
_ENV: dict[str, str | None] = {
    # Newer ones write a file `.venv` beside a pyproject.toml; mlenv keeps that name itself.
    "VIRTUALENV_VENV_REDIRECT": "false",
    **dict.fromkeys(
        (
            "VIRTUALENV_SYSTEM_SITE_PACKAGES",
            "VIRTUALENV_CLEAR",
            "VIRTUALENV_PYTHON",
            "VIRTUALENV_CREATOR",
            "VIRTUALENV_ACTIVATORS",
            "VIRTUALENV_DISCOVERY",
        )
    ),
}


def version(program: tuple[str, ...]) -> Command:
    """Ask virtualenv for its version; :func:`parse_version` reads the answer."""
    return Command(argv=(*program, "--version"), env=_ENV, timeout_s=_ASK_S)


def parse_version(text: str) -> str | None:
    """Read ``virtualenv 21.15.8 from ...``; ``None`` for what is too old or another program."""
    found = re.match(r"virtualenv (\d+)(?:\.\d+)+", text)
    if found is None or int(found[1]) < int(LOWEST.partition(".")[0]):
        return None
    return found[0].partition(" ")[2]


def make_environment(program: tuple[str, ...], python: str, prefix: str, cache: str) -> Command:
    """Make an empty environment, without pip.

    Args:
        program: the words that start virtualenv.
        python: absolute path of the base interpreter.
        prefix: where; the folder must not exist yet.
        cache: folder in which virtualenv remembers what it learnt of interpreters.
    """
    place = absolute(prefix)
    options = ("--no-seed", "--no-periodic-update", "--no-vcs-ignore", "--app-data", cache, "--prompt", place.name)
    # A file of the user's may let environments see the system's packages: one that is not there counts instead.
    env = {**_ENV, "VIRTUALENV_CONFIG_FILE": f"{cache}/no-settings.ini"}
    return Command(argv=(*program, "--python", python, *options, str(place)), env=env, timeout_s=_MAKE_S)
