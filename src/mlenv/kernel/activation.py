"""What activating a conda environment sets, for a kernel of it: its variables, and what its packages' scripts export.

Standard library only, Python 3.9+. Only the launcher of a kernel that the user registered comes here: ``check`` and
everything else that looks at an environment never runs these scripts.

Source: conda's ``activate``: ``etc/conda/env_vars.d/*.json`` of packages, then ``env_vars`` of ``conda-meta/state``,
then ``etc/conda/activate.d/*.sh`` in the order of their names.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any, Dict, List, Mapping, MutableMapping, Optional, Tuple

__all__ = ["activate", "named", "variables"]

_TIMEOUT_S = 5.0
_UNSET = "***unset***"
"""What conda writes for a variable that activation is to take away."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS = ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/sh")
"""bash first: it is what packages' scripts are written for."""
_SAY = 'import os, sys; sys.stdout.buffer.write(b"\\0".join(n + b"=" + t for n, t in os.environb.items()))'
# Each script's name is said before it runs, so that the one that ends the shell is known. What a script prints goes to
# the kernel's log, and what it leaves running must not hold the answer's pipe open.
_SOURCE = """
exec 3>&1
readonly _MLENV_PYTHON="$1" _MLENV_SAY="$2"
shift 2
for _mlenv_file; do
    printf '%s\\0' "$_mlenv_file" >&3
    . "$_mlenv_file" 1>&2 3>&-
done
printf '=\\0' >&3
exec "$_MLENV_PYTHON" -I -S -c "$_MLENV_SAY" >&3
"""
# The shell's own, and what the launcher has settled: nothing may bend this kernel's imports.
_NOT_TAKEN = frozenset(
    ("PWD", "OLDPWD", "SHLVL", "_", "BASH_ENV", "ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONNOUSERSITE",
     "JPY_PARENT_PID", "JPY_INTERRUPT_EVENT", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT")
)  # fmt: skip


def activate(prefix: str, environ: MutableMapping[str, str]) -> str:
    """Set in ``environ`` what activation sets; return what went wrong, or an empty text.

    Args:
        prefix: the environment; nothing happens where it is none of conda.
        environ: ``os.environ``.

    Cost: three listings; where there are scripts, one shell and one start of Python, 5 s at most.
    """
    if not os.path.isdir(os.path.join(prefix, "conda-meta")):
        return ""
    for name in ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"):  # of the server's: installers would follow it
        environ.pop(name, None)
    environ.update(named(environ.get("CONDA_PREFIX") or prefix))
    _take({**environ, **variables(prefix)}, environ)
    scripts = _files(os.path.join(prefix, "etc", "conda", "activate.d"), ".sh")
    if not scripts or sys.platform == "win32":
        return ""
    after, problem = _sourced(scripts, environ)
    if after is not None:
        _take(after, environ)
    return f"mlenv: not activated as conda does: {problem}" if problem else ""


def named(prefix: str) -> Dict[str, str]:
    """Return the variables by which programs know the active environment."""
    parent, name = os.path.split(prefix.rstrip(os.sep))
    base = any(os.path.isdir(os.path.join(prefix, folder)) for folder in ("condabin", "envs"))
    shown = "base" if base else name if os.path.basename(parent) == "envs" else prefix
    return {"CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": shown, "CONDA_SHLVL": "1"}


def variables(prefix: str) -> Dict[str, str]:
    """Return the variables of packages and of ``conda env config vars set``, the latter winning."""
    found: Dict[str, Any] = {}
    for path in _files(os.path.join(prefix, "etc", "conda", "env_vars.d"), ".json"):
        found.update(_read(path))
    state = _read(os.path.join(prefix, "conda-meta", "state")).get("env_vars")
    found.update(state if isinstance(state, dict) else {})
    return {name: text for name, text in found.items() if isinstance(text, str) and _NAME.fullmatch(name)}


def _files(folder: str, ending: str) -> List[str]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(ending))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names]


def _read(path: str) -> Dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _take(after: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    """Make the variables what they are to be, but for those that are not activation's to set."""
    gone = [name for name in environ if after.get(name, _UNSET) == _UNSET and name not in _NOT_TAKEN]
    for name in gone:
        del environ[name]
    for name, text in after.items():
        if name not in _NOT_TAKEN and text != _UNSET and "\0" not in text and environ.get(name) != text:
            environ[name] = text


def _sourced(scripts: List[str], environ: Mapping[str, str]) -> Tuple[Optional[Dict[str, str]], str]:
    """Return the environment after the scripts, or why it is not known."""
    shell = next((path for path in _SHELLS if os.path.exists(path)), "")
    if not shell:
        return None, "there is no shell to run the scripts of its packages"
    options = ["--noprofile", "--norc"] if shell.endswith("bash") else []
    argv = [shell, *options, "-c", _SOURCE, "mlenv", sys.executable, _SAY, *scripts]
    quiet = {name: text for name, text in environ.items() if name not in {"BASH_ENV", "ENV"}}
    try:
        process = subprocess.Popen(
            argv, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        return None, f"{shell} could not be started: {error.strerror}"
    in_time = True
    try:
        output, _ = process.communicate(timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        in_time = False
        _end(process)
        output, _ = process.communicate()
    head, found, tail = output.partition(b"=\0")
    if found and in_time and process.returncode == 0:
        rows = (os.fsdecode(row).partition("=") for row in tail.split(b"\0") if row)
        return {name: text for name, _, text in rows}, ""
    why = f"ended with status {process.returncode}" if in_time else f"took longer than {_TIMEOUT_S:.0f} s"
    last = os.path.basename(os.fsdecode(head).rstrip("\0").rpartition("\0")[2])
    return None, f"{last or 'the shell'} {why}; what it prints is in the kernel's log"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the shell and what it started."""
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
