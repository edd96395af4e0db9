"""An environment that cannot start still opens: every cell says why, and ``%mlenv`` works."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.projects import ProjectKernel
from mlenv import runtime, store
from mlenv.kernel import fallback
from mlenv.kernel.explanation import Explanation, parse_explanation
from mlenv.probe import site
from mlenv.services.session_kernel import SessionKernel, place_of

Project = Callable[..., ProjectKernel]


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("%mlenv check", True),
        ("\n# a comment\n%mlenv check --json", True),
        ("%%mlenv add\nsix", True),
        ("%load_ext mlenv", True),
        ("", True),
        ("import numpy", False),
        ("!pip install numpy", False),
        ("%%bash\necho", False),
        ("%mlenvironment", False),
        ("x = 1\n%mlenv check", False),
    ],
)
def test_only_mlenvs_verbs_are_executed(cell: str, answer: bool) -> None:
    assert fallback.allowed(cell) is answer


def test_an_explanation_survives_the_command_line() -> None:
    told = Explanation(what='a "quoted"\nline', hint="%mlenv sync", tail="é", runtime="key")
    assert parse_explanation(told.as_text()) == told
    assert parse_explanation("no json") == Explanation(what="no json")


def start(start_kernel, kernel: ProjectKernel, **options):
    return start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root, **options)


@pytest.mark.real
@pytest.mark.network
@pytest.mark.parametrize("minor", ["3.9", "3.11", "3.13"])
def test_a_damaged_package_of_the_environment_is_explained_in_every_cell(
    minor: str, project: Project, start_kernel
) -> None:
    kernel = project(minor, "tornado")
    (kernel.site / "tornado" / "ioloop.py").unlink()  # a link into the cache of uv
    (kernel.site / "tornado" / "ioloop.py").write_text("raise ImportError('libfoo.so.6 is gone')\n")
    live = start(start_kernel, kernel)
    for code in ["1 + 1", "!echo hello", "%%bash\necho hello"]:
        cell = live.run(code)
        assert cell.status == "error"
        assert "libfoo.so.6 is gone" in cell.text
        assert "tornado/ioloop.py" in cell.text
        assert "%mlenv sync" in cell.text
        assert "hello" not in cell.stdout
    assert live.run("%mlenv check").status == "ok", live.run("%mlenv check").text


@pytest.mark.real
@pytest.mark.network
def test_a_package_that_the_runtime_cannot_live_with_is_named(project: Project, start_kernel) -> None:
    kernel = project("3.9")
    # Installed behind mlenv's back, so that nobody has resolved a runtime for it.
    other = kernel.site / "traitlets-4.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: traitlets\nVersion: 4.0\n")
    live = start(start_kernel, kernel)
    cell = live.run("1 + 1")
    assert cell.status == "error"
    assert "traitlets 4.0" in cell.text
    assert "%mlenv sync" in cell.text


@pytest.mark.real
@pytest.mark.network
def test_a_damaged_runtime_is_explained_and_the_next_ensure_mends_it(
    project: Project, start_kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLENV_DATA_DIR", str(tmp_path / "data"))
    kernel = project("3.11")
    (ours,) = runtime.listed()
    shutil.rmtree(Path(ours.path) / "zmq")
    live = start(start_kernel, kernel)
    cell = live.run("1 + 1")
    assert cell.status == "error"
    assert "runtime" in cell.text
    assert "zmq" in cell.text
    assert live.run("%mlenv check").status == "ok"
    live.stop()
    again = runtime.ensure(str(kernel.link / "bin" / "python"), site.scan([str(kernel.site)]))
    assert (Path(again.path) / "zmq" / "__init__.py").is_file()
    assert start(start_kernel, kernel).run("1 + 1").status == "ok"


@pytest.mark.real
@pytest.mark.network
def test_without_any_runtime_mlenvs_own_interpreter_explains(
    project: Project, start_kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLENV_DATA_DIR", str(tmp_path / "data"))
    kernel = project("3.11", ensured=False)
    cell = start(start_kernel, kernel).run("1 + 1")
    assert cell.status == "error"
    assert "no kernel runtime for Python 3.11 yet" in cell.text
    assert "%mlenv sync" in cell.text


@pytest.mark.real
def test_without_runtime_and_host_one_line_says_what_to_type(
    project: Project, start_kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLENV_DATA_DIR", str(tmp_path / "data"))
    kernel = project("3.11", ensured=False)
    state = store.read_json(tmp_path / "data" / "launcher.json")
    assert state is not None
    store.write_json(tmp_path / "data" / "launcher.json", {**state, "host": str(tmp_path / "gone")})
    with pytest.raises(RuntimeError, match=r"no kernel runtime for Python 3\.11 yet\. Type in the project: mlenv sync"):
        start(start_kernel, kernel)


@pytest.mark.real
@pytest.mark.network
def test_a_damaged_data_folder_does_not_stop_the_kernel(
    project: Project, start_kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `launcher.json` says lies beside it; the kernel side of before does, too; else the host explains."""
    monkeypatch.setenv("MLENV_DATA_DIR", str(tmp_path / "data"))
    kernel = project("3.11")
    state = tmp_path / "data" / "launcher.json"
    whole = state.read_text()
    for content in ("", "[]", '{"side": "of another time"}'):
        state.write_text(content)
        live = start(start_kernel, kernel)
        assert live.run("print(1 + 1)").stdout == "2\n"
        assert live.run("%mlenv check").status == "ok"
        assert "type: mlenv kernels repair" in live.log
    runtime.install_side()
    assert state.read_text() == whole

    (side,) = (tmp_path / "data" / "side").iterdir()
    older = shutil.copytree(side, side.with_name("older"))
    for content in ("", "\0"):
        (side / "mlenv" / "kernel" / "boot.py").write_text(content)
        live = start(start_kernel, kernel)
        assert live.run("print(1 + 1)").stdout == "2\n"
        assert "is damaged" in live.log
    shutil.rmtree(older)
    cell = start(start_kernel, kernel).run("1 + 1")
    assert cell.status == "error"
    assert "the kernel side in" in cell.text
    assert "%mlenv kernels repair" in cell.text
    runtime.install_side()
    assert start(start_kernel, kernel).run("print(1 + 1)").stdout == "2\n"


@pytest.mark.real
@pytest.mark.network
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="not run: no /proc here")
def test_the_fallback_kernel_is_no_kernel_of_the_environment_although_it_has_its_python(
    project: Project, start_kernel
) -> None:
    """Else the mended environment would be in step with a kernel that still explains, and nobody would restart it."""
    kernel = project("3.11", "tornado")
    spec = {"mlenv": {"schema": 1, "prefix": str(kernel.root / ".venv")}}

    def place(live) -> str:
        asked = SessionKernel(spec="demo", metadata=spec, pid=live.manager.provisioner.pid)
        return place_of(asked, kernel.root).prefix

    at_home = "%mlenv check\nprint('at home:', get_ipython()._mlenv_session.state().at_home)"
    well = start(start_kernel, kernel)
    assert "at home: True" in well.run(at_home).stdout
    assert place(well) == str(kernel.root / ".venv")
    (kernel.site / "tornado" / "ioloop.py").unlink()  # a link into the cache of uv
    (kernel.site / "tornado" / "ioloop.py").write_text("raise ImportError('libfoo.so.6 is gone')\n")
    live = start(start_kernel, kernel)
    assert live.run("1").status == "error"
    assert place(live) not in {"", str(kernel.root / ".venv")}
    assert "at home: False" in live.run(at_home).stdout
