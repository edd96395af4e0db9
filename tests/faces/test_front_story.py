"""From a failed import to the project's kernel, in a real page's words: today's kernels and Google Colab's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernel.page import Page
from live_kernel import CellResult, LiveKernel

pytestmark = [pytest.mark.real, pytest.mark.network]

ADVICE = "application/vnd.mlenv.advice.v1+json"
KERNELS = {"today": ("ipykernel", "ipython"), "as Colab": ("ipykernel==6.17.1", "ipython==7.34.0", "jupyter-client<8")}


@pytest.fixture
def page() -> Iterator[Callable[[LiveKernel], Page]]:
    pages: list[Page] = []

    def open_page(live: LiveKernel) -> Page:
        pages.append(Page(live))
        return pages[-1]

    yield open_page
    for each in pages:
        each.close()


def advice(done: CellResult) -> list[tuple[str, str]]:
    told = [output["data"][ADVICE] for output in done.outputs if ADVICE in output["data"]]
    return [(row["action"], row["package"]) for row in told]


def assert_the_rest_waits(here: LiveKernel, shown: str) -> None:
    """What stands behind `await mlenv.use_kernel()` is not run where it stands, and one line says so."""
    on_its_way = here.run("import mlenv\nawait mlenv.use_kernel()\nprint('the rest')")
    assert on_its_way.ename == "Switching"
    assert "the rest" not in on_its_way.stdout
    assert on_its_way.traceback.splitlines() == [
        f"mlenv: this notebook is being switched to {shown}; the rest of this cell has not run: run it there"
    ]


@pytest.mark.parametrize("packages", KERNELS.values(), ids=KERNELS)
def test_from_a_failed_import_to_the_projects_kernel_and_back_after_damage(
    packages: tuple[str, ...], mlenv_home: Path, tmp_path: Path, make_venv, start_kernel, page
) -> None:
    """S2, S6, S11 and S58 as the kernel has them."""
    root = tmp_path / "iris"
    root.mkdir()
    env = {"JPY_SESSION_NAME": str(root / "iris.ipynb")}
    package = str(Path(sys.modules["mlenv"].__file__ or "").parents[1])
    python = make_venv(tmp_path / "server", "3.11", *packages) / "bin" / "python"
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    here = start_kernel(argv, cwd=root, env={**env, "PYTHONPATH": package})
    here.run("%load_ext mlenv\nfrom dataclasses import replace\nstate = get_ipython()._mlenv_session.state()")
    here.run(f"state.around = replace(state.around, host={sys.executable!r})")
    tab = page(here)

    assert advice(here.run("import humanize")) == [("create", "humanize")]
    made = here.run('%mlenv create "humanize<4.9"')
    assert made.status == "ok", made.text
    shown = made.outputs[-1]["data"]["text/plain"]
    assert len(shown.splitlines()) <= 5, shown
    tab.listen(1)
    (message,) = tab.told()
    spec = json.loads((mlenv_home / "jupyter" / "kernels" / message["kernel"] / "kernel.json").read_text())
    assert (message["kind"], message["display_name"]) == ("switch", spec["display_name"])
    assert spec["metadata"]["mlenv"]["project"] == str(root)

    failed = here.run("import humanize")
    assert failed.ename == "ModuleNotFoundError"
    assert failed.traceback.endswith("No module named 'humanize'")
    assert advice(failed) == [("switch", "humanize")]
    assert "installed in the project's environment .venv" in failed.text
    assert advice(here.run("import humanize")) == []
    assert f"this notebook is being switched to {spec['display_name']}" in here.run("%mlenv switch").text
    assert_the_rest_waits(here, spec["display_name"])
    tab.listen(1)
    assert tab.told() == [message, message, message]

    there = start_kernel(message["kernel"], cwd=root, env=env)
    other = page(there)
    comm = other.open()
    other.loaded(comm)
    there.run("import humanize")
    before = other.loaded(comm)["humanize"]["version"]
    changed = there.run("%mlenv add humanize==4.9.0")
    assert f"restart needed: humanize {before} in memory, 4.9.0 on disk" in changed.text
    other.listen(1)
    assert other.told() == [{"schema": 1, "kind": "refresh"}]
    there.restart()
    assert there.run("import humanize\nr = %mlenv check\nprint(r.verdict)").stdout == "in-step\n"
    assert "no restart needed" in there.run("%mlenv add iniconfig").text
    asked = there.run("import mlenv\nprint((await mlenv.use_kernel()).verdict, mlenv.check(strict=True).ok)")
    assert asked.stdout == "in-step True\n", asked.text

    (root / ".venv" / "bin" / "python").unlink()
    tab.heard.clear()
    mended = here.run("%mlenv create")
    assert mended.status == "ok", mended.text
    tab.listen(1)
    assert tab.told() == [message]  # the id is what it was
    assert (
        start_kernel(message["kernel"], cwd=root).run("import humanize; print(humanize.__version__)").stdout
        == "4.9.0\n"
    )
