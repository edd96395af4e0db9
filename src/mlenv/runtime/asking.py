"""Ask an interpreter what it is."""

from __future__ import annotations

import contextlib
import os

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import Command
from mlenv.probe import site
from mlenv.process import run
from mlenv.runtime import plan
from mlenv.runtime.side import digest, package_folder

__all__ = ["ask"]


def ask(python: str) -> plan.Interpreter:
    """Ask an interpreter what it is, isolated and without its packages; the answer is kept while the file is the same.

    Raises:
        MlenvError: ``interpreter-broken``, ``python-too-old``.
    """
    real = site.stamp(os.path.realpath(python))
    memory = store.cache_dir() / "interpreters" / f"{digest(real.path.encode())}.json"
    identity = [real.path, real.mtime_ns, real.size]
    known = store.read_json(memory)
    if known and known.get("identity") == identity and real.mtime_ns >= 0:
        return plan.parse_interpreter(str(known.get("answer")), python)
    script = str(package_folder() / "kernel" / "interpreter.py")
    try:
        done = run(Command(argv=(python, "-I", "-S", script), timeout_s=60))
    except MlenvError as error:
        raise _broken(python, error.message, error.details) from None
    if done.code != 0:
        raise _broken(python, f"it ended with status {done.code}", done.stderr[-2000:])
    answer = plan.parse_interpreter(done.stdout, python)
    with contextlib.suppress(MlenvError):  # losing a cache costs only time
        store.write_json(memory, {"identity": identity, "answer": done.stdout.strip()})
    return answer


def _broken(python: str, why: str, details: str) -> MlenvError:
    return MlenvError(
        "interpreter-broken", f"this environment's Python does not start: {why}", where=python, hint="mlenv create",
        details=details,
    )  # fmt: skip
