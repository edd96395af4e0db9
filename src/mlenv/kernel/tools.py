"""``%pip`` and ``%uv`` that go to this kernel's environment, where IPython's own would not.

IPython's ``%pip`` runs ``python -m pip`` and is left alone where the environment has pip; its ``%uv`` runs
``python -m uv``, which needs uv inside the environment. Standard library only, Python 3.9+.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import Any, Callable, Dict, List, Sequence

from mlenv.kernel import place

__all__ = ["supply", "uv_words"]

_INTERRUPT_GRACE_S = 1.5
# uv pip's subcommands that act on an environment.
_AIMED = frozenset({"install", "uninstall", "sync", "freeze", "list", "show", "check", "tree"})


def supply(shell: Any, uv: str) -> None:
    """Register ``%pip`` and ``%uv`` where the environment has no pip or no uv of its own."""
    if not os.path.exists(uv):  # the host is gone: IPython's own say what is missing
        return
    folders = place.sites(sys.path)
    if not _has(folders, "pip"):
        shell.register_magic_function(_magic(shell, uv, ["pip"], "pip"), "line", "pip")
    if not _has(folders, "uv"):
        shell.register_magic_function(_magic(shell, uv, [], "uv"), "line", "uv")


def _has(folders: Sequence[str], module: str) -> bool:
    return any(os.path.isdir(os.path.join(folder, module)) for folder in folders)


def uv_words(line: str, before: Sequence[str], python: str) -> List[str]:
    """Return uv's arguments for a magic's line; ``uv pip`` is aimed at this interpreter unless the line aims it.

    pip's own spellings that uv does not know (``-y``, ``-q`` before the verb) are taken out.
    """
    words = [*before, *shlex.split(line, posix=os.name != "nt")]
    if words[:1] != ["pip"] or len(words) < 2:
        return words
    if before:
        words = [word for word in words if word not in {"-y", "--yes", "--disable-pip-version-check", "--no-input"}]
    aimed = any(word in {"-p", "--python", "--target", "--prefix", "--system"} for word in words)
    aimed = aimed or any(word.startswith("--python=") for word in words)
    verb = next((position for position, word in enumerate(words) if word in _AIMED), None)
    if aimed or verb is None:
        return words
    return [*words[: verb + 1], "--python", python, *words[verb + 1 :]]


def _magic(shell: Any, uv: str, before: Sequence[str], name: str) -> Callable[[str], None]:
    def magic(line: str) -> None:
        words = uv_words(line, before, sys.executable)
        environ = {**os.environ, "NO_COLOR": "1"}
        shell.user_ns["_exit_code"] = _streamed([uv, *words], environ)
        if "install" in words or "uninstall" in words:
            print("Note: you may need to restart the kernel to use updated packages.")

    magic.__doc__ = f"Run ``{name}`` of mlenv's uv on this kernel's environment."
    return magic


def _streamed(argv: Sequence[str], environ: Dict[str, str]) -> int:
    """Run a program and show its output as it comes; an interrupt ends it."""
    import subprocess

    with subprocess.Popen(
        list(argv),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for text in process.stdout or ():
                sys.stdout.write(text)
        except KeyboardInterrupt:
            process.terminate()
            try:
                process.wait(_INTERRUPT_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    return process.returncode
