"""For which machine a bundle is: this one with the environment's Python, or another that is only described."""

from __future__ import annotations

from mlenv import locks, store
from mlenv.errors import MlenvError
from mlenv.locks import Platform, Target
from mlenv.model import value
from mlenv.probe import ask, environment, interpreters
from mlenv.services.context import Context
from mlenv.services.prepare import choose_interpreter
from mlenv.services.project import Project
from mlenv.services.select import target_of

__all__ = ["Machine", "machines_of", "own_platform", "platform_name"]

_UV = {"linux": "unknown-linux-gnu", "musllinux": "unknown-linux-musl", "macos": "apple-darwin"}


@value
class Machine:
    """One interpreter that a bundle is for."""

    interpreter: str
    """Path of a Python on this machine to resolve with: the very one, or the host's."""
    platform: Platform
    target: Target
    own: bool
    """Whether it is this machine: only for it can wheels be built."""

    @property
    def minor(self) -> str:
        """``3.11``."""
        return ".".join(self.target.python.split(".")[:2])

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags of its wheels, best first."""
        named = dict.fromkeys(tag.rpartition("-")[2] for tag in self.target.tags)
        return tuple(name for name in named if name != "any")

    @property
    def in_words_of_uv(self) -> str:
        """What ``--python-platform`` takes; empty for this machine."""
        system, machine, level = self.platform.system, self.platform.machine, self.platform.level
        if self.own:
            return ""
        arch = {"arm64": "aarch64", "x86": "i686"}.get(machine, machine)
        if system == "windows":
            return f"{arch}-pc-windows-msvc"
        if system == "linux" and level:
            return f"{arch}-manylinux_{level[0]}_{level[1]}"
        return f"{arch}-{_UV[system]}"


def platform_name(platform: Platform) -> str:
    """Return ``linux-x86_64``: the level of its system is a matter of each wheel."""
    return f"{platform.system}-{platform.machine}"


def own_platform(tags: tuple[str, ...]) -> Platform:
    """Return the platform of an interpreter of this machine, by its wheel tags."""
    return locks.parse_platform(tags[0].rpartition("-")[2])


def machines_of(context: Context, project: Project, platforms: tuple[str, ...]) -> tuple[Machine, ...]:
    """Return what ``--platform`` and ``--python`` ask for; by default the project's environment, or what it would be.

    Raises:
        MlenvError: ``platform-unknown``, ``usage``, ``python-not-found``.
    """
    asked = context.options.python
    if not platforms:
        return (_own(context, project),)
    python = locks.parse_python(asked) if asked else _python_of(context, project)
    host = interpreters.host().path
    described = [locks.parse_platform(text) for text in platforms]
    return tuple(
        Machine(interpreter=host, platform=each, target=locks.elsewhere(each, python), own=False) for each in described
    )


def _own(context: Context, project: Project) -> Machine:
    healthy = project.environment.prefix is not None and project.environment.problem is None
    if healthy and not context.options.python:
        path = environment.interpreter(project.prefix)
    else:
        path = choose_interpreter(context, project, {}).path
    target = target_of(path)
    try:
        platform = own_platform(target.tags)
    except MlenvError:
        facts = ask.ask(path, store.cache_dir())
        message = f"mlenv makes no bundles for {facts.platform}"
        raise MlenvError("platform-unknown", message, where=path, hint="mlenv bundle --platform NAME") from None
    return Machine(interpreter=path, platform=platform, target=target, own=True)


def _python_of(context: Context, project: Project) -> str:
    python = project.environment.python or choose_interpreter(context, project, {}).version
    return ".".join(python.split(".")[:2])
