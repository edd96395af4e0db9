"""Projects of the conda world as they lie on disk."""

from __future__ import annotations

from pathlib import Path

from mlenv.kernel.surroundings import environment_prefix
from mlenv.locks import Target
from mlenv.probe import site
from mlenv.services.context import Context, Options, silent
from mlenv.services.project import open_project
from mlenv.services.select import select_project

LOCKS = Path(__file__).resolve().parent.parent / "data" / "locks"


def _context(root: Path) -> Context:
    return Context(cwd=root, report=silent, options=Options())


def test_a_lock_of_conda_s_may_be_a_link_and_what_it_leads_to_is_watched(tmp_path: Path) -> None:
    text = (LOCKS / "conda-lock-1" / "conda-lock.yml").read_text()
    shared, root = tmp_path / "shared.yml", tmp_path / "project"
    shared.write_text(text)
    root.mkdir()
    (root / "conda-lock.yml").symlink_to(shared)
    context = _context(root)
    target = Target(markers={"sys_platform": "linux", "platform_machine": "x86_64", "python_full_version": "3.11.7"})
    found = select_project(open_project(context), target, context.options)
    assert (found.choice.kind, len(found.selection.pins)) == ("conda-lock", 9)
    before = site.stamp(str(root / "conda-lock.yml"))
    shared.write_text(text + "# more\n")
    assert site.stamp(str(root / "conda-lock.yml")) != before


def test_pixi_s_default_environment_is_the_project_s_unless_there_is_another(tmp_path: Path) -> None:
    (tmp_path / "pixi.toml").write_text("[workspace]\nchannels = []\nplatforms = []\n")
    prefix = tmp_path / ".pixi" / "envs" / "default"
    (prefix / "conda-meta").mkdir(parents=True)
    assert open_project(_context(tmp_path)).link == prefix
    assert environment_prefix(str(tmp_path)) == str(prefix)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert open_project(_context(tmp_path)).link == tmp_path / ".venv"
    assert environment_prefix(str(tmp_path)) == str(tmp_path / ".venv")
