"""Real projects for the kernel tests: a generation made by uv, shown through ``.venv``, with its kernel's command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlenv import generations, runtime
from mlenv.kernels.spec import spec_for
from mlenv.probe import site


@dataclass(frozen=True)
class ProjectKernel:
    root: Path
    argv: list[str]
    spec_env: Mapping[str, str]

    @property
    def link(self) -> Path:
        return self.root / ".venv"

    @property
    def site(self) -> Path:
        return next(self.link.glob("lib/python3*/site-packages"))


def make_project(
    root: Path, make_venv: Callable[..., Path], minor: str, *packages: str, pip: bool = False, ensured: bool = True
) -> ProjectKernel:
    """Make a project with one generation and everything its kernel needs."""
    make_venv(root / ".mlenv" / "envs" / "g1", minor, *packages, pip=pip)
    generations.seal(root / ".mlenv" / "envs" / "g1", {}, python=minor)
    (root / ".venv").symlink_to(Path(".mlenv") / "envs" / "g1")
    launcher = runtime.install_side()
    spec = spec_for(
        kernel_id="demo", display_name="demo", root=str(root), prefix=str(root / ".venv"), launcher=str(launcher)
    )
    kernel = ProjectKernel(root=root, argv=list(spec.argv), spec_env=spec.env)
    if ensured:
        runtime.ensure(str(root / ".venv" / "bin" / "python"), site.scan([str(kernel.site)]))
    return kernel
