"""What is known about a kernel that did not start, and what is concluded from it."""

from __future__ import annotations

from mlenv.model import value

__all__ = ["Diagnosis", "Evidence"]


@value
class Evidence:
    """What is known about one failed start."""

    output: str = ""
    """What the process wrote before it ended."""
    code: int | None = None
    """Exit status, negative for a signal; ``None`` where it still ran."""
    timeout_s: float | None = None
    """The limit that ran out, where it did."""
    start_error: str = ""
    """What the operating system said where the program could not be started at all."""
    start_errno: str = ""
    """Name of that error: ``ENOENT``, ``EACCES``, ``ENOEXEC``."""
    interpreter: str = ""
    interpreter_exists: bool = False
    folders: tuple[str, ...] = ()
    """The folder that it was started in, as given and as a real path."""
    home: str = ""
    """The user's home folder, ``~`` in what is to be typed."""
    python: tuple[int, int] | None = None
    """Version of the interpreter, from files."""
    pip: bool = True
    """Whether the environment has pip of its own."""
    installed: frozenset[str] = frozenset()
    """Normalised names of the distributions whose metadata is there, whole or not."""
    wanted_prefix: str = ""
    prefix: str = ""
    """``sys.prefix`` as the kernel told it; empty where it never answered."""
    refusal: str = ""
    """The error that it answered with, where it did: the fallback kernel's reason."""
    refusal_hint: str = ""
    ours: bool = False
    """Whether mlenv made this kernel."""
    runtime: bool = False
    """Whether it uses the shared runtime, so that its environment needs no ipykernel."""


@value
class Diagnosis:
    kind: str
    """``shadowed-module``, ``missing-module``, ``import-error``, ``not-executable``, ``interpreter-missing``,
    ``not-a-program``, ``refused``, ``python-too-old``, ``no-permission``, ``wrong-interpreter``, ``no-answer``,
    ``crashed`` or ``exited``."""
    sentence: str
    hint: str = ""
    tail: tuple[str, ...] = ()
    """The last lines that it printed."""
