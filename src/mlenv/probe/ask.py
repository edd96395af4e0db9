"""Ask an interpreter what it is, without running anything of its environment.

It runs ``-I -S`` (no ``.pth`` file, no ``sitecustomize``, no variables) under a time limit, and its answer is kept
by the file's identity: the second question costs two ``stat`` calls and a small file. Environments that link to the
same installation, with the same words in ``pyvenv.cfg``, share one answer: a thousand of them start one interpreter.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from mlenv.errors import MlenvError
from mlenv.model import Command, value
from mlenv.render import mask_secrets

__all__ = ["Facts", "ask"]

_TIMEOUT_S = 10.0
_FORM = 2
_CFG_CHARACTERS = 100_000
_OF_THE_FOLDER = frozenset({"prompt", "command"})
"""Keys of ``pyvenv.cfg`` that name the environment and that no interpreter reads."""


@value
class Facts:
    """What an interpreter says about itself."""

    python: str
    """The path that was asked, absolute, not resolved through links."""
    version: str
    """Full version: ``3.12.1``, ``3.14.0rc2``."""
    implementation: str
    """``cpython``, ``pypy``."""
    cache_tag: str
    """``cpython-312``."""
    abiflags: str
    """``t`` in free-threaded builds."""
    extension_suffix: str
    """First file ending of compiled modules: ``.cpython-312-x86_64-linux-gnu.so``; empty where there are none."""
    prefix: str
    """The environment's folder, or the installation's."""
    base_prefix: str
    """The installation's folder."""
    externally_managed: bool
    """Whether the operating system forbids installing here (PEP 668); never so in a virtual environment."""
    platform: str
    """``linux-x86_64``."""
    markers: Mapping[str, str]
    """PEP 508 environment."""
    tags: tuple[str, ...]
    """Wheel tags, best first."""


def ask(python: str | Path, cache_dir: str | Path) -> Facts:
    """Ask the interpreter at ``python``; answers are kept in ``cache_dir``. Cost: 150 ms, then 0.3 ms.

    Raises:
        MlenvError: ``python-not-found`` where there is no such file, ``python-broken`` where it does not start, does
            not answer within 10 s, or answers something else.
    """
    path = os.path.abspath(python)
    identity, prefix = _identity(path)
    memory = Path(cache_dir) / "interpreters" / f"{identity}.json"
    answer = _remembered(memory)
    if answer is None:
        answer = _asked(path)
        with suppress(OSError):  # losing a cache costs only time
            _remember(memory, answer)
    return _facts(path, answer if prefix is None else {**answer, "prefix": prefix})


def _identity(path: str) -> tuple[str, str | None]:
    """Return a name for the interpreter as it is now: its file, its library, and what makes it an environment's.

    With it the environment's folder, where the name is that of every environment of the same installation.
    """
    from packaging import __version__

    real = os.path.realpath(path)
    try:
        stamps = [_stamp(real)]
    except OSError as error:
        dangling = os.path.islink(path)
        reason = f"it links to {real}, which is not there" if dangling else (error.strerror or "it cannot be read")
        raise MlenvError(
            "python-broken" if dangling else "python-not-found",
            f"There is no Python here: {reason}.",
            where=path,
            hint="Choose another one: --python 3.12",
        ) from error
    linked = _linked(path, real)
    if linked is None:
        for place in _places(path):
            with suppress(OSError):
                stamps.append(_stamp(os.path.join(place, "pyvenv.cfg")))
    stamps += _libraries(os.path.join(os.path.dirname(os.path.dirname(real)), "lib"))
    prefix, own = linked or (None, path)
    facts = json.dumps([_FORM, __version__, own, real, stamps])
    return hashlib.sha256(facts.encode()).hexdigest()[:32], prefix


def _places(path: str) -> tuple[str, str]:
    """Return the folders that may be the environment of an interpreter, as :mod:`mlenv.probe.asked` looks."""
    folder = os.path.dirname(path)
    return os.path.dirname(folder), folder


def _linked(path: str, real: str) -> tuple[str, list[str]] | None:
    """Return the folder of an environment whose interpreter is a link to an installation's, and what makes it its own.

    ``None`` where it has a file of its own, or leads to a script: what that answers may hang on who asks.
    """
    if os.name == "nt":  # environments have a launcher of their own
        return None
    prefix = next((place for place in _places(path) if os.path.isfile(os.path.join(place, "pyvenv.cfg"))), None)
    if prefix is None or real.startswith(os.path.realpath(prefix) + os.sep):
        return None
    try:
        with open(real, "rb", buffering=0) as program:
            script = program.read(2) == b"#!"
        with open(os.path.join(prefix, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            lines = file.read(_CFG_CHARACTERS).splitlines()
    except OSError:
        return None
    told = [line for line in lines if line.partition("=")[0].strip() not in _OF_THE_FOLDER]
    return None if script else (prefix, told)


def _libraries(folder: str) -> list[tuple[int, int]]:
    """Return the stamps of the shared libraries that an interpreter may need: without them it cannot start."""
    with suppress(OSError):
        names = sorted(name for name in os.listdir(folder) if name.startswith("libpython"))
        return [_stamp(os.path.join(folder, name)) for name in names]
    return []


def _stamp(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


def _remembered(memory: Path) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(memory.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) and answer.get("end") is True else None


def _remember(memory: Path, answer: Mapping[str, Any]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    aside = memory.with_name(f".{memory.name}.{secrets.token_hex(4)}")
    try:
        aside.write_text(json.dumps({**answer, "end": True}), encoding="utf-8")
        os.replace(aside, memory)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _asked(path: str) -> Mapping[str, Any]:
    import packaging

    from mlenv import process  # what was asked before is read from a file: a check must start quickly

    word = secrets.token_hex(16)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "asked.py")
    library = os.path.dirname(os.path.dirname(os.path.abspath(packaging.__file__)))
    command = Command(
        argv=(path, "-I", "-S", "-B", script, word, library), cwd=os.path.dirname(path), timeout_s=_TIMEOUT_S
    )
    try:
        done = process.run(command)
    except MlenvError as error:
        reason = "it does not answer" if error.code == "command-timeout" else error.message
        _refuse(path, reason, error.details)
    if "Unknown option: -I" in done.stderr:
        _refuse(path, "it is Python 2", "")
    if done.code != 0:
        _refuse(path, f"it ended with status {done.code}", done.stderr or done.stdout)
    try:
        answer = json.loads(done.stdout.split(word)[1])
        return {**answer, "tags": answer["tags"] or _computed_tags(answer["markers"], answer["abiflags"])}
    except (IndexError, ValueError, KeyError, TypeError, RecursionError):
        _refuse(path, "it answers something else than a Python does", done.stderr or done.stdout)


def _computed_tags(markers: Mapping[str, str], abiflags: str) -> list[str]:
    """Return the tags of a Python too old for ``packaging``: it shares this machine's platforms."""
    from packaging import tags

    version = tuple(int(part) for part in markers["python_version"].split("."))
    if markers["implementation_name"] != "cpython" or markers["platform_machine"] != platform.machine():
        return [str(tag) for tag in tags.compatible_tags(version, None, ["any"])]
    digits = "".join(map(str, version))
    abis = [f"cp{digits}{abiflags}"]
    specific: Iterator[tags.Tag] = tags.cpython_tags(version, abis)
    general = tags.compatible_tags(version, f"cp{digits}")
    return [str(tag) for tag in (*specific, *general)]


def _facts(path: str, answer: Mapping[str, Any]) -> Facts:
    # Of this machine rather than of this interpreter: they change when the system is updated.
    machine = {"platform_release": platform.release(), "platform_version": platform.version()}
    in_environment = os.path.normcase(answer["prefix"]) != os.path.normcase(answer["base_prefix"])
    forbidden = os.path.exists(os.path.join(answer["stdlib"], "EXTERNALLY-MANAGED"))
    return Facts(
        python=path,
        version=answer["markers"]["python_full_version"],
        implementation=answer["implementation"],
        cache_tag=answer["cache_tag"] or "",
        abiflags=answer["abiflags"],
        extension_suffix=answer["extension_suffix"],
        prefix=answer["prefix"],
        base_prefix=answer["base_prefix"],
        externally_managed=forbidden and not in_environment,
        platform=answer["platform"],
        markers={**answer["markers"], **machine},
        tags=tuple(answer["tags"]),
    )


def _refuse(path: str, reason: str, printed: str) -> NoReturn:
    from mlenv import process

    tail = mask_secrets(process.without_control_codes(printed).strip())[-2000:]
    last = re.split(r"\n+", tail)[-1][:200] if tail else ""
    raise MlenvError(
        "python-broken",
        f"This Python does not work: {reason.rstrip('.')}{f' ({last})' if last else ''}.",
        where=path,
        hint="Choose another one: --python 3.12",
        details=tail,
    )
