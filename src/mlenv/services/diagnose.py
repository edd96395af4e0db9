"""Why a kernel did not start: what it printed and how it ended in, one sentence and the thing to type out. Pure."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable

from mlenv.import_names import distribution_of
from mlenv.services.evidence import Diagnosis, Evidence
from mlenv.versions import normalise

__all__ = ["Diagnosis", "Evidence", "diagnose", "hides", "tail"]

_OLDEST = (3, 9)
_TAIL_LINES = 3
_LINE_LENGTH = 200
_SENTENCE_LENGTH = 400
# Modules of a kernel whose distribution has another name, beyond those that notebooks import.
_DISTRIBUTIONS = {"ipykernel_launcher": "ipykernel", "_pydevd_bundle": "debugpy", "pydevd": "debugpy"}
# What a kernel imports besides the standard library: a local file of such a name takes its place.
_KERNEL_MODULES = frozenset(
    {"IPython", "comm", "debugpy", "decorator", "ipykernel", "jedi", "jupyter_client", "jupyter_core", "packaging",
     "parso", "pexpect", "platformdirs", "prompt_toolkit", "psutil", "pygments", "six", "tornado", "traitlets", "zmq"}
)  # fmt: skip
_FRAME = re.compile(r'^\s*File "([^"\n]+)", line \d+', re.MULTILINE)
_LAST_ERROR = re.compile(r"^((?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit))(?:: (.*))?$", re.MULTILINE)
_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
# What ipykernel prints at every healthy start.
_NOISE = re.compile(r"^\[IPKernelApp\] WARNING|^0\.00s - |frozen modules|^NOTE: When using the `ipython kernel`")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


def diagnose(evidence: Evidence) -> Diagnosis:
    """Say why a kernel did not start: the first rule that applies, from the most to the least certain one."""
    found = next((found for rule in _RULES if (found := rule(evidence)) is not None), None) or _exited(evidence)
    sentence = found.sentence[:_SENTENCE_LENGTH]
    return Diagnosis(kind=found.kind, sentence=sentence, hint=found.hint, tail=tail(evidence.output))


def tail(text: str, lines: int = _TAIL_LINES) -> tuple[str, ...]:
    """Return the last non-empty lines, without control codes and known noise, each cut to a readable length."""
    plain = (line.rstrip() for line in _CONTROL.sub("", text).splitlines())
    kept = [line for line in plain if line and not _NOISE.search(line)]
    return tuple(line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1] + "…" for line in kept[-lines:])


def _typed(path: str, home: str) -> str:
    """Spell a path so that a shell takes it, with ``~`` for the home folder."""
    if len(home) > 1 and path.startswith(home + os.sep):
        return "~" + os.sep + shlex.quote(path[len(home) + 1 :])
    return shlex.quote(path)


def _not_started(evidence: Evidence) -> Diagnosis | None:
    if not evidence.start_error:
        return None
    program = evidence.interpreter
    again = "mlenv create" if evidence.ours else "make its environment again, or remove this kernel"
    if evidence.start_errno == "ENOENT" and not evidence.interpreter_exists:
        return Diagnosis(kind="interpreter-missing", sentence=f"its interpreter is gone: {program}", hint=again)
    if evidence.start_errno == "EACCES":
        return Diagnosis(
            kind="not-executable",
            sentence=f"its interpreter may not be executed (file permission): {program}",
            hint=f"chmod +x {_typed(program, evidence.home)}",
        )
    if evidence.start_errno in {"ENOEXEC", "ENOENT"}:
        why = "names a program that is gone" if evidence.start_errno == "ENOENT" else "is no program for this machine"
        return Diagnosis(kind="not-a-program", sentence=f"its interpreter {why}: {program}", hint=again)
    return Diagnosis(kind="exited", sentence=f"its interpreter cannot be started: {evidence.start_error}")


def _refused(evidence: Evidence) -> Diagnosis | None:
    if not evidence.refusal:
        return None
    return Diagnosis(kind="refused", sentence=evidence.refusal, hint=evidence.refusal_hint or "mlenv create")


def _wrong_interpreter(evidence: Evidence) -> Diagnosis | None:
    if not (evidence.prefix and evidence.wanted_prefix):
        return None
    return Diagnosis(
        kind="wrong-interpreter",
        sentence=f"it runs in {evidence.prefix}, not in {evidence.wanted_prefix}",
        hint="mlenv kernels repair",
    )


def _too_old(evidence: Evidence) -> Diagnosis | None:
    if evidence.python is None or evidence.python >= _OLDEST or not evidence.runtime:
        return None
    version = ".".join(map(str, evidence.python))
    return Diagnosis(
        kind="python-too-old",
        sentence=f"its Python is {version}; project kernels need {_OLDEST[0]}.{_OLDEST[1]} or newer",
        hint="mlenv create --python 3.12",
    )


def _shadowed(evidence: Evidence) -> Diagnosis | None:
    """A frame of the traceback lies in the folder of the notebook, in a file that has a well-known module's name."""
    _, message = _last_error(evidence.output)
    if not message:
        return None
    for path in [*reversed(_FRAME.findall(evidence.output)), *re.findall(r"\(([^()\n]+\.py)\)", message)]:
        module = _local_module(path, evidence.folders)
        if module is not None and hides(module):
            whose = "Python's own module" if module in sys.stdlib_module_names else "the kernel's module"
            return Diagnosis(
                kind="shadowed-module",
                sentence=f"{path} hides {whose} {module}, which the kernel needs",
                hint=f"rename {os.path.basename(path)}",
            )
    return None


def _local_module(path: str, folders: tuple[str, ...]) -> str | None:
    """Return the module's name where a file lies in one of these folders itself or is a package there."""
    for folder in folders:
        below = path.removeprefix(folder.rstrip(os.sep) + os.sep)
        parts = below.split(os.sep)
        if below != path and len(parts) == 1:
            return parts[0].removesuffix(".py")
        if below != path and len(parts) == 2 and parts[1] == "__init__.py":
            return parts[0]
    return None


def hides(module: str) -> bool:
    """Say whether a local file of this module's name takes the place of one that a kernel needs."""
    return module in sys.stdlib_module_names or module in _KERNEL_MODULES


def _missing_module(evidence: Evidence) -> Diagnosis | None:
    name, message = _last_error(evidence.output)
    found = _NO_MODULE.search(message if name == "ModuleNotFoundError" else _runpy_line(evidence.output))
    if found is None:
        return None
    module = found.group(1)
    top = module.partition(".")[0]
    return Diagnosis(
        kind="missing-module",
        sentence=f"the module {module} is missing in its environment ({_without_path(name, message, evidence)})",
        # Where its metadata is there all the same, an installer would say "already satisfied" and do nothing.
        hint=_install(evidence, _distribution(top), again=_distribution(top) in evidence.installed),
    )


def _without_path(name: str, message: str, evidence: Evidence) -> str:
    return f"{name}: {message}" if name else _runpy_line(evidence.output).rpartition(": ")[2]


def _runpy_line(output: str) -> str:
    """``/p/bin/python: No module named ipykernel_launcher``: what ``python -m`` says without a traceback."""
    return next((line for line in reversed(tail(output)) if ": No module named " in line), "")


def _import_error(evidence: Evidence) -> Diagnosis | None:
    name, message = _last_error(evidence.output)
    if name.rpartition(".")[2] not in {"ImportError", "SyntaxError", "AttributeError", "ContextualVersionConflict"}:
        return None
    if "import" not in evidence.output:
        return None
    culprit = _culprit(evidence.output)
    package = _distribution(culprit) if culprit else ""
    return Diagnosis(
        kind="import-error",
        sentence=f"{package or 'a package'} in its environment cannot be imported: {name}: {message}",
        hint=_install(evidence, package or "ipykernel", again=True),
    )


def _culprit(output: str) -> str:
    """Return the package of the last frame that lies in a site-packages folder."""
    for path in reversed(_FRAME.findall(output)):
        below = re.split(r"[/\\]site-packages[/\\]", path)
        if len(below) > 1:
            return re.split(r"[/\\]", below[-1])[0].removesuffix(".py")
    return ""


def _no_permission(evidence: Evidence) -> Diagnosis | None:
    name, message = _last_error(evidence.output)
    if name != "PermissionError":
        return None
    path = re.search(r"'([^']+)'", message)
    return Diagnosis(
        kind="no-permission",
        sentence=f"it may not read or write a file: {path.group(1) if path else message}",
        hint=f"chmod u+rw {_typed(path.group(1), evidence.home)}" if path else "",
    )


def _no_answer(evidence: Evidence) -> Diagnosis | None:
    if evidence.timeout_s is None:
        return None
    return Diagnosis(
        kind="no-answer",
        sentence=f"it runs but gave no answer within {evidence.timeout_s:.0f} s",
        hint="look for what runs at its start: sitecustomize.py, IPython's startup folder, a .pth file",
    )


def _crashed(evidence: Evidence) -> Diagnosis | None:
    name, message = _last_error(evidence.output)
    if not name:
        return None
    sentence = f"it ended with {name}: {message}" if message else f"it ended with {name}"
    return Diagnosis(kind="crashed", sentence=sentence)


def _exited(evidence: Evidence) -> Diagnosis:
    lines = tail(evidence.output)
    if evidence.code is not None and evidence.code < 0:
        how = f"was ended by {_signal_name(-evidence.code)}"
    elif evidence.code is not None:
        how = f"exits with status {evidence.code}"
    else:
        how = "did not start"
    sentence = f"its interpreter {how}: {lines[-1]}" if lines else f"its interpreter {how} and prints nothing"
    # A project's own interpreter that does not even start: its environment is broken, and that is how it is mended.
    look = f"try it: {_typed(evidence.interpreter, evidence.home)} -V"
    return Diagnosis(kind="exited", sentence=sentence, hint="mlenv create" if evidence.runtime else look)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_error(output: str) -> tuple[str, str]:
    """Return name and message of the last exception that was printed."""
    found = _LAST_ERROR.findall(_CONTROL.sub("", output))
    return found[-1] if found else ("", "")


def _distribution(module: str) -> str:
    return _DISTRIBUTIONS.get(module) or distribution_of(module) or normalise(module)


def _install(evidence: Evidence, package: str, *, again: bool = False) -> str:
    if evidence.runtime:
        return "mlenv sync"
    python = _typed(evidence.interpreter or "python", evidence.home)
    if evidence.pip:
        return f"{python} -m pip install {'--force-reinstall ' if again else ''}{package}"
    return f"uv pip install {'--reinstall ' if again else ''}--python {python} {package}"


_RULES: tuple[Callable[[Evidence], Diagnosis | None], ...] = (
    _not_started,
    _refused,
    _wrong_interpreter,
    _too_old,
    _shadowed,
    _missing_module,
    _import_error,
    _no_permission,
    _no_answer,
    _crashed,
)
