"""``--cuda`` and the setting ``cuda``: which builds of PyTorch a lock takes, chosen by uv's torch backend, recorded."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

from mlenv import store
from mlenv.cuda.choice import Choice, backend_in, choose_backend
from mlenv.cuda.spelling import is_backend
from mlenv.engines.choose import EngineChoice
from mlenv.engines.requests import ResolveRequest
from mlenv.errors import MlenvError
from mlenv.manifest_edit import set_setting
from mlenv.model import Pin
from mlenv.services.context import Context
from mlenv.services.project import Project

__all__ = ["asked_cuda", "backend_of_pins", "cuda_line", "refuse_cuda", "with_backend", "with_recorded_cuda"]

_WHERE = "see how the tool names PyTorch's index, and declare it in its own file"


def asked_cuda(context: Context, project: Project, engine: EngineChoice) -> str:
    """Return which builds are asked for, now or by the settings; empty for none.

    Raises:
        MlenvError: ``cuda-unknown``; ``cuda-not-driven`` where the engine is not uv, the only one that knows them.
    """
    asked = context.options.cuda or project.settings.cuda or ""
    said = "--cuda" if context.options.cuda else project.settings.at("cuda")
    if not asked:
        return ""
    if not is_backend(asked):
        raise MlenvError(
            "cuda-unknown",
            f"There is no build {asked[:40]!r} of PyTorch.",
            where=said,
            hint="--cuda auto, or: cpu, cu118, cu126, cu128, cu130, ...",
        )
    if context.options.cuda and context.options.frozen:
        message = "--frozen takes the lock as it is, and --cuda is about a lock that is to be made"
        raise MlenvError("usage", message, hint="leave one of them out")
    if engine.installer != "uv" or engine.through or engine.name == "conda":
        name = engine.through or engine.name
        message = f"which builds of PyTorch are taken ({asked}) is chosen by uv; the engine is {name}"
        hint = "--engine uv" if context.options.cuda else "--engine uv, or take cuda out of the settings"
        raise MlenvError("cuda-not-driven", message, where=said, hint=hint)
    return asked


def refuse_cuda(asked: str, tool: str, lock: str) -> None:
    """Stop where a tool makes its own lock, to which uv's choice does not reach.

    Raises:
        MlenvError: ``cuda-not-driven`` with what to write instead.
    """
    if not asked:
        return
    hint = _WHERE
    if tool == "uv":
        hint = (
            "name PyTorch's index in [[tool.uv.index]] and torch in [tool.uv.sources], as"
            " docs.astral.sh/uv/guides/integration/pytorch shows, then: mlenv lock"
        )
    raise MlenvError(
        "cuda-not-driven",
        f"{lock} is made by {tool} from its own settings, to which --cuda {asked} does not reach; nothing was changed",
        where=lock,
        hint=hint,
    )


@functools.cache
def _choice(asked: str) -> Choice:
    """Choose once in a run: only ``auto`` asks the machine. Cost: up to 5 s where a driver hangs."""
    if asked != "auto":
        return choose_backend(asked, None)
    from mlenv.probe.hardware import ask_hardware

    return choose_backend(asked, ask_hardware())


def with_backend(request: ResolveRequest, asked: str) -> ResolveRequest:
    """Return a request that takes these builds."""
    if not asked:
        return request
    choice = _choice(asked)
    return replace(request, torch_backend=choice.backend, cuda_driver=choice.driver)


def backend_of_pins(pins: tuple[Pin, ...], asked: str) -> str:
    """Return the builds that locked pins are to be fetched from: those of torch's own version, where one was asked."""
    version = next((pin.version or "" for pin in pins if pin.name == "torch"), "")
    local = version.partition("+")[2]
    return local if asked and is_backend(local) else ""


def with_recorded_cuda(context: Context, project: Project, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files with the choice written down, where one was told now: later locks take the same builds.

    What ``auto`` came to is recorded, not the word: a lock made on another machine must not change for that.
    """
    if not context.options.cuda:
        return dict(files)
    taken = _taken(context.options.cuda, files)
    if taken == project.settings.cuda:
        return dict(files)
    name = _settings_file(project, files)
    old = files.get(name)
    if old is None:
        old = store.read_text(project.root / name) if name in project.names else ""
    text = set_setting(old, "cuda", taken, table="" if name == "mlenv.toml" else "mlenv")
    return {**files, name: text} if name in files else {name: text, **files}


def cuda_line(context: Context, project: Project, files: Mapping[str, str]) -> tuple[str, ...]:
    """Say in one line what was taken and why, where it was told now."""
    asked = context.options.cuda
    if not asked:
        return ()
    return (
        f"cuda         {_taken(asked, files)}: {_choice(asked).why} (recorded in {_settings_file(project, files)})",
    )


def _taken(asked: str, files: Mapping[str, str]) -> str:
    choice = _choice(asked)
    locked = next((found for text in files.values() if (found := backend_in(text))), "")
    return (locked or asked) if choice.backend == "auto" else choice.backend


def _settings_file(project: Project, files: Mapping[str, str]) -> str:
    own = not project.settings.place.startswith("pyproject.toml")
    if own and ("mlenv.toml" in project.names or "pyproject.toml" not in {*project.names, *files}):
        return "mlenv.toml"
    return "pyproject.toml"
