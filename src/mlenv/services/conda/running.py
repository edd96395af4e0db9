"""Run the program that solves and installs packages of conda, its lines shown as progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from mlenv import store
from mlenv.engines import conda, failures
from mlenv.engines.conda import Channels, Conda
from mlenv.errors import MlenvError
from mlenv.locks.conda_rows import subdir_of
from mlenv.model import Command
from mlenv.probe.interpreters import Interpreter
from mlenv.services.conda.channels import Condarc, channels_for, overrides, read_condarc
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.select import target_of
from mlenv.services.tools import run_engine

__all__ = ["ask", "channels_of", "platform_of"]


def platform_of(interpreter: Interpreter) -> str:
    """Return conda's name of this machine as an interpreter sees it: ``linux-64``."""
    return subdir_of(target_of(interpreter.path))


def channels_of(named: tuple[str, ...], where: str) -> tuple[Channels, Condarc]:
    """Return the channels of a project, and what the user's configuration says.

    Raises:
        MlenvError: as :func:`channels_for`; ``condarc-unreadable``.
    """
    condarc = read_condarc(os.environ)
    return channels_for(named, condarc, where), condarc


def ask(
    context: Context,
    project: Project,
    scratch: Path,
    step: str,
    descriptor: int | None,
    command: Callable[[Conda], Command],
    *,
    offline: bool = False,
) -> str:
    """Run one request; return its answer's text.

    Args:
        context: options and whom to tell.
        project: channels may be relative to its folder.
        scratch: a private folder for the answer.
        step: what its lines are shown as.
        descriptor: of the held project lock, which the program inherits.
        command: makes the command for the program.
        offline: whether the user's configuration forbids the network.

    Raises:
        MlenvError: the failure in our words.
    """
    answer = scratch / "answer.json"
    offline = offline or context.options.offline
    program = Path(conda.__file__).parents[1] / "conda_program.py"
    host = Conda(
        python=sys.executable,
        program=str(program),
        answer=str(answer),
        root=str(project.root),
        offline=offline,
        overrides=overrides(),
    )
    done = run_engine(context, command(host), step, descriptor, tool="conda", allowed=lambda done: True)
    text = store.read_text(answer) if answer.is_file() else ""
    failure = conda.explain(text, offline=offline)
    if failure is None and done.code:
        failure = failures.parse_failure("py-rattler", done.stdout, done.stderr, done.code, offline=offline)
    if failure is not None:
        raise failures.failure_error(failure, done.stdout, done.stderr)
    if not text:
        hint = "run the same command again"
        raise MlenvError("engine-answer", "py-rattler reported success and wrote no answer.", hint=hint)
    return text
