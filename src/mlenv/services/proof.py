"""Start a kernel for real, ask it where it runs, end it: nothing is called ready before this was seen."""

from __future__ import annotations

import ast
import errno
import os
import queue
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from mlenv import kernels
from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.probe import environment, site
from mlenv.services.diagnose import Diagnosis, Evidence, diagnose
from mlenv.services.stranger import Stranger

__all__ = ["Proof", "explain", "make_ready", "prove", "prove_spec", "start"]

_OUTPUT_BYTES = 64_000
_POLL_S = 0.05
_LOADING = Lock()
"""One thread at a time loads jupyter_client: its modules import each other in a circle, and Python gives a second
thread one that is half loaded rather than let the two wait for each other."""
_END_S, _LOOK_S = 5.0, 0.002
# Real code, not only expressions: the fallback kernel refuses the one and would answer the others.
_CODE = "import sys, platform"
_PORT_TAKEN = "ZMQError: Address already in use"
_QUESTIONS = {"prefix": "sys.prefix", "python": "platform.python_version()"}


@value
class Proof:
    """How one start of a kernel went."""

    kernel: str
    seconds: float
    """From the start of the process to its first answer."""
    answered: bool = False
    prefix: str = ""
    """``sys.prefix`` as the kernel itself says; empty for other languages."""
    python: str = ""
    refusal: str = ""
    """The error that it answered with, where it did."""
    refusal_hint: str = ""
    output: str = ""
    """The end of what the process wrote to stdout and stderr."""
    code: int | None = None
    timed_out: bool = False
    start_error: str = ""
    start_errno: str = ""


def make_ready() -> None:
    """Load what a proof needs aside, while the programs before it are waited for: 0.1 s that nobody waits for then."""
    Thread(target=_load, name="mlenv-proof", daemon=True).start()


def _load() -> None:
    with _LOADING, suppress(ImportError):  # told by the proof itself
        import jupyter_client.blocking
        import jupyter_client.kernelspec
        import jupyter_client.manager  # noqa: F401


def prove(kernel_id: str, expect_prefix: str, *, timeout_s: float = 60.0, cwd: str = "") -> Proof:
    """Start a registered kernel, compare its ``sys.prefix``, end it.

    Args:
        kernel_id: what Jupyter would start.
        expect_prefix: the environment that it is to run in.
        timeout_s: the most that start and answer may take.
        cwd: the folder to start in, as the notebook's would be (default: the project's folder).

    Raises:
        MlenvError: ``kernel-missing``, or ``kernel-does-not-start`` with the real reason, what to do about it and
            the end of what the kernel printed.
    """
    kernel = kernels.find(kernel_id)
    if kernel is None:
        raise MlenvError("kernel-missing", f"There is no kernel called {kernel_id}", hint="mlenv kernels")
    return _proved(kernel, expect_prefix, cwd or kernel.project, timeout_s)


def prove_spec(
    spec: kernels.Spec,
    *,
    expect_prefix: str,
    cwd: str,
    timeout_s: float = 60.0,
    compiled: bool = True,
    stranger: Stranger | None = None,
) -> Proof:
    """As :func:`prove`, for a kernel before it is registered: a kernel that does not start is never written.

    Args:
        spec: the kernel.
        expect_prefix: as for :func:`prove`.
        cwd: as for :func:`prove`.
        timeout_s: as for :func:`prove`.
        compiled: whether Python may write byte code beside what it imports.
        stranger: who is to start it, where it is for others.

    Raises:
        MlenvError: ``kernel-does-not-start``.
    """
    with tempfile.TemporaryDirectory(prefix="mlenv-spec-") as scratch:
        folder = Path(scratch, spec.id)
        folder.mkdir()
        (folder / "kernel.json").write_text(kernels.render(spec))
        return _proved(kernels.read(folder), expect_prefix, cwd, timeout_s, compiled=compiled, stranger=stranger)


def _proved(
    kernel: kernels.Kernel,
    expect_prefix: str,
    cwd: str,
    timeout_s: float,
    *,
    compiled: bool = True,
    stranger: Stranger | None = None,
) -> Proof:
    if kernel.state == "broken-json":
        raise MlenvError(
            "kernel-does-not-start", f"The kernel {kernel.id} cannot be read: {kernel.reason}", where=kernel.folder
        )
    proof = start(Path(kernel.folder), cwd=cwd, timeout_s=timeout_s, compiled=compiled, stranger=stranger)
    problem = explain(proof, kernel, expect_prefix=expect_prefix, cwd=cwd, timeout_s=timeout_s)
    if problem is None:
        return proof
    raise MlenvError(
        "kernel-does-not-start",
        f"The kernel {kernel.display_name or kernel.id} does not start"
        f"{' for other users' if stranger else ''}: {problem.sentence}",
        where=expect_prefix,
        hint=problem.hint,
        details="\n".join(problem.tail),
    )


def start(
    folder: Path, *, cwd: str = "", timeout_s: float, compiled: bool = True, stranger: Stranger | None = None
) -> Proof:
    """Start the kernel of a spec folder, ask it, end it; a failure is a value, never an exception, and never a hang.

    Nothing is written into Jupyter's folders. Cost: one kernel start; two where another program took a port of the
    kernel between its choice and its use, which says nothing of the kernel.
    """
    began = time.monotonic()
    proof = _start_once(folder, cwd, timeout_s, compiled, stranger)
    if proof.answered or _PORT_TAKEN not in proof.output:
        return proof
    return _start_once(folder, cwd, max(timeout_s - (time.monotonic() - began), 1.0), compiled, stranger)


def _start_once(folder: Path, cwd: str, timeout_s: float, compiled: bool, stranger: Stranger | None) -> Proof:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mlenv-proof-", dir=stranger.folder if stranger else None) as scratch:
        log = Path(scratch, "output")
        facts: dict[str, Any] = {}
        try:
            with log.open("wb") as stream, _running(folder, scratch, stream, cwd, compiled, stranger) as manager:
                facts = _ask(manager, began + timeout_s)
                facts["seconds"] = time.monotonic() - began
        except OSError as error:
            facts = {"start_error": str(error), "start_errno": errno.errorcode.get(error.errno or 0, "")}
        output = log.read_bytes()[-_OUTPUT_BYTES:].decode("utf-8", "replace")
    facts.setdefault("seconds", time.monotonic() - began)
    return Proof(kernel=folder.name.lower(), output=output, **facts)


def explain(
    proof: Proof, kernel: kernels.Kernel, *, expect_prefix: str = "", cwd: str = "", timeout_s: float = 0.0
) -> Diagnosis | None:
    """Say why a start failed; ``None`` where the kernel answered from the right environment."""
    wrong = bool(expect_prefix) and os.path.realpath(proof.prefix or os.sep) != os.path.realpath(expect_prefix)
    if proof.answered and not proof.refusal and not wrong:
        return None
    interpreter = kernel.interpreter or (kernel.argv[0] if kernel.argv else "")
    facts = environment.environment_facts(kernel.prefix or os.path.dirname(os.path.dirname(interpreter)))
    return diagnose(
        Evidence(
            output=proof.output,
            code=proof.code,
            timeout_s=timeout_s if proof.timed_out else None,
            start_error=proof.start_error,
            start_errno=proof.start_errno,
            interpreter=interpreter,
            interpreter_exists=os.path.exists(interpreter),
            folders=(cwd, os.path.realpath(cwd)) if cwd else (),
            home=os.path.expanduser("~"),
            python=_minor(facts.python),
            pip=any(os.path.isdir(os.path.join(folder, "pip")) for folder in facts.sites),
            installed=frozenset(row.name for row in site.scan(facts.sites).distributions),
            wanted_prefix=expect_prefix if wrong else "",
            prefix=proof.prefix,
            refusal=proof.refusal,
            refusal_hint=proof.refusal_hint,
            ours=kernel.ours,
            runtime=kernel.mode == "runtime",
        )
    )


def _minor(version: str | None) -> tuple[int, int] | None:
    parts = (version or "").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else None


@contextmanager
def _running(
    folder: Path, scratch: str, stream: Any, cwd: str, compiled: bool, stranger: Stranger | None
) -> Iterator[Any]:
    """Run the kernel of one spec folder, found there and nowhere else; it is dead when this block ends."""
    with _LOADING:
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import KernelManager

    # Jupyter's own search stops at the first unreadable folder on the path, and would write into its runtime folder.
    specs = KernelSpecManager(kernel_dirs=[str(folder.parent)], ensure_native_kernel=False)
    connection = os.path.join(scratch, "connection.json")
    manager = KernelManager(kernel_name=folder.name, kernel_spec_manager=specs, connection_file=connection)
    try:
        options: dict[str, Any] = {"cwd": cwd if cwd and os.path.isdir(cwd) else scratch}
        if not compiled:
            options["env"] = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        if stranger is not None:
            stranger.prepare(manager, scratch)
            options = stranger.start_options(scratch)
        manager.start_kernel(stdout=stream, stderr=stream, **options)
        yield manager
    finally:
        _end(manager)


def _end(manager: Any) -> None:
    # Killed and waited for here first: jupyter_client looks only every 0.1 s whether it has ended.
    process, deadline = getattr(manager.provisioner, "process", None), time.monotonic() + _END_S
    if process is not None:
        with suppress(OSError):
            process.kill()
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
    with suppress(RuntimeError, OSError):
        manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


def _ask(manager: Any, deadline: float) -> dict[str, Any]:
    """Ask one question; the answer comes once the kernel is up. jupyter_client's own wait adds up to a second."""
    client = manager.blocking_client()
    client.start_channels(iopub=False, stdin=False, hb=False, control=False)
    try:
        if "python" in str(manager.kernel_spec.language).lower():
            request = client.execute(_CODE, silent=True, store_history=False, user_expressions=_QUESTIONS)
        else:
            request = client.kernel_info()
        content = _reply(manager, client, request, deadline)
    finally:
        client.stop_channels()
    if content is None:
        code = _exit_code(manager)
        return {"code": code, "timed_out": code is None}
    return {"answered": True, **_answers(content)}


def _reply(manager: Any, client: Any, request: str, deadline: float) -> Mapping[str, Any] | None:
    """Wait for a reply; ``None`` where the kernel died or the time is over."""
    while time.monotonic() < deadline:
        try:
            message = client.get_shell_msg(timeout=_POLL_S)
        except queue.Empty:
            if manager.is_alive():
                continue
            return None
        if message["parent_header"].get("msg_id") == request:
            content: Mapping[str, Any] = message["content"]
            return content
    return None


def _answers(content: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, answer in (content.get("user_expressions") or {}).items():
        with suppress(KeyError, ValueError, SyntaxError):
            found[name] = str(ast.literal_eval(answer["data"]["text/plain"]))
    if content.get("status") == "error":
        own = content.get("ename") == "MlenvError"
        found["refusal"] = str(content.get("evalue")) if own else f"{content.get('ename')}: {content.get('evalue')}"
        typed = re.search(r"Type %?(mlenv .+?) in a cell", "\n".join(content.get("traceback") or ()))
        found["refusal_hint"] = typed.group(1) if typed else ""
    return found


def _exit_code(manager: Any) -> int | None:
    process = getattr(manager.provisioner, "process", None)
    return None if process is None else process.poll()
