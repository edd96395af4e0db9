"""Kernelspec folders: what is listed, written and removed, on real folders with Jupyter's own reader beside."""

from __future__ import annotations

import hashlib
import json
import os
import string
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mlenv import kernels
from mlenv.errors import MlenvError
from mlenv.services import kernels as verbs
from mlenv.services.context import Context, Options, silent
from mlenv.services.prune import prune

LOGOS = ["logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]


@pytest.fixture
def home(mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose mlenv data folder is its own, too: these tests prune."""
    monkeypatch.setenv("MLENV_DATA_DIR", str(mlenv_home / "mlenv-data"))
    return mlenv_home


@pytest.fixture
def user(home: Path) -> Path:
    return home / "jupyter" / "kernels"


@pytest.fixture
def environment(home: Path) -> Callable[[str], tuple[str, str]]:
    """Make a project folder with the skeleton of an environment: ``(root, prefix)``."""

    def make(name: str) -> tuple[str, str]:
        prefix = home / name / ".venv"
        python = prefix / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.symlink_to("/bin/sh")
        return str(home / name), str(prefix)

    return make


def spec_of(root: str, prefix: str, kernel_id: str = "demo-1", display_name: str = "Python (demo)") -> kernels.Spec:
    return kernels.spec_for(
        kernel_id=kernel_id,
        display_name=display_name,
        root=root,
        prefix=prefix,
        launcher="/data/launcher.py",
        name="demo",
    )


def foreign(folder: Path, argv: list[str], **more: Any) -> str:
    """Write somebody else's spec; its checksum comes back."""
    folder.mkdir(parents=True)
    content = json.dumps({"argv": argv, "display_name": folder.name, "language": "python", **more})
    (folder / "kernel.json").write_text(content)
    return checksum(folder)


def checksum(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def context(**options: Any) -> Context:
    return Context(cwd=Path.cwd(), report=silent, options=Options(**options))


def here() -> list[kernels.Kernel]:
    """What is listed, without the specs that the interpreter of the tests brings along."""
    return [one for one in kernels.listed() if not one.folder.startswith(sys.prefix)]


def by_id(kernel_id: str) -> kernels.Kernel:
    (found,) = [one for one in here() if one.id == kernel_id]
    return found


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Drop root's power over permissions while the block runs; for other users nothing is to be done."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    for one in (folder, *folder.parents):
        if one.stat().st_uid == 0 and one != Path("/") and not one.stat().st_mode & 0o001:
            one.chmod(one.stat().st_mode | 0o011)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


# --- what a spec holds ------------------------------------------------------------------------------------------------


def test_a_spec_starts_the_environments_own_python_through_the_launcher() -> None:
    spec = spec_of("/p/demo", "/p/demo/.venv")

    assert spec.content == {
        "argv": [
            "/p/demo/.venv/bin/python", "/data/launcher.py", "-f", "{connection_file}", "--mlenv-project", "/p/demo",
        ],
        "display_name": "Python (demo)",
        "language": "python",
        "env": {
            "PATH": "/p/demo/.venv/bin:${PATH}",
            "VIRTUAL_ENV": "/p/demo/.venv",
            "PYTHONPATH": "",
            "PYTHONHOME": "",
            "PYTHONNOUSERSITE": "1",
        },
        "metadata": {
            "debugger": True,
            "mlenv": {
                "schema": 1, "project": "/p/demo", "name": "demo", "prefix": "/p/demo/.venv", "kernel": "demo-1",
                "ipykernel": "runtime",
            },
        },
    }  # fmt: skip


def test_the_classic_way_starts_ipykernel_as_a_module() -> None:
    spec = kernels.spec_for(kernel_id="d", display_name="d", root="/p", prefix="/p/.venv", launcher=None)

    assert spec.argv == ("/p/.venv/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}")
    assert spec.metadata["mlenv"]["ipykernel"] == "installed"


@pytest.mark.parametrize("folder", ["a $HOME b", "${HOME}", "a$", "a$$b", "a$$", "1$5", "$HOME$HOME", "q'\"&$(x)"])
def test_a_dollar_in_a_path_survives_jupyters_substitution(folder: str) -> None:
    prefix = f"/p/{folder}/.venv"
    spec = spec_of(f"/p/{folder}", prefix)

    variables = {"HOME": "/root", "PATH": "/usr/bin"}
    got = {name: string.Template(text).safe_substitute(variables) for name, text in spec.env.items()}

    assert got["VIRTUAL_ENV"] == prefix
    assert got["PATH"] == f"{prefix}/bin:/usr/bin"


def test_a_path_that_jupyter_takes_for_a_placeholder_is_refused() -> None:
    with pytest.raises(MlenvError) as caught:
        spec_of("/p/{connection_file}", "/p/{connection_file}/.venv")

    assert caught.value.code == "kernel-path"


# --- writing ----------------------------------------------------------------------------------------------------------


def test_jupyter_finds_what_is_written_and_nothing_else_is_left(user: Path, environment: Any) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    root, prefix = environment("demo")
    folder = kernels.write(spec_of(root, prefix))

    assert folder == user / "demo-1"
    assert sorted(os.listdir(folder)) == ["kernel.json", *LOGOS]
    assert os.listdir(user) == ["demo-1"]
    assert os.listdir(user.parent) == ["kernels"]
    found = KernelSpecManager().get_kernel_spec("demo-1")
    assert found.argv[0] == f"{prefix}/bin/python"
    assert found.metadata["mlenv"]["project"] == root


def test_the_logos_are_pictures_of_the_size_that_they_say(user: Path, environment: Any) -> None:
    folder = kernels.write(spec_of(*environment("demo")))

    for size in (32, 64):
        raw = (folder / f"logo-{size}x{size}.png").read_bytes()
        assert raw.startswith(b"\x89PNG\r\n\x1a\n")
        assert (int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")) == (size, size)
        assert len(raw) < 10_000
    assert b"<svg" in (folder / "logo-svg.svg").read_bytes()


def test_writing_again_swaps_kernel_json_only(user: Path, environment: Any) -> None:
    root, prefix = environment("demo")
    folder = kernels.write(spec_of(root, prefix))
    inodes = {name: (folder / name).stat().st_ino for name in LOGOS}
    own_logo = folder / "logo-64x64.png"
    own_logo.unlink()

    assert kernels.write(spec_of(root, prefix, display_name="Python (other)")) == folder

    assert by_id("demo-1").display_name == "Python (other)"
    assert {name: (folder / name).stat().st_ino for name in LOGOS if name != own_logo.name} == {
        name: inode for name, inode in inodes.items() if name != own_logo.name
    }
    assert own_logo.exists()
    assert sorted(os.listdir(folder)) == ["kernel.json", *LOGOS]


def _killed_at(number: int, work: Callable[[], object]) -> bool:
    """Run in a forked process that dies at its n-th change of a file; whether it came to its end before."""
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            changes = event in {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"}
            changes = changes or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT != 0)
            seen += changes
            if changes and seen == number:
                os._exit(9)

        sys.addaudithook(hook)
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="not run: no fork here")
def test_a_kill_at_any_point_leaves_the_old_spec_or_the_new_one_or_none(user: Path, environment: Any) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    root, prefix = environment("demo")
    new, newer = spec_of(root, prefix, display_name="new"), spec_of(root, prefix, display_name="newer")
    points = 0
    for number in range(1, 100):
        ended = _killed_at(number, lambda: kernels.write(new))
        seen = KernelSpecManager().find_kernel_specs()
        if "demo-1" in seen:
            assert KernelSpecManager().get_kernel_spec("demo-1").display_name == "new"
            assert sorted(os.listdir(user / "demo-1")) == ["kernel.json", *LOGOS]
            kernels.remove("demo-1")
        assert os.listdir(user) == [] if user.exists() else True
        points += 1
        if ended:
            break
    assert points > 8

    kernels.write(new)
    for number in range(1, 100):
        ended = _killed_at(number, lambda: kernels.write(newer))
        assert KernelSpecManager().get_kernel_spec("demo-1").display_name in {"new", "newer"}
        if ended:
            break
    assert KernelSpecManager().get_kernel_spec("demo-1").display_name == "newer"


def test_what_a_killed_run_left_long_ago_is_cleaned_up(user: Path, environment: Any) -> None:
    old, young = user.parent / ".mlenv-kernel-demo-1-0000", user.parent / ".mlenv-kernel-demo-1-0001"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 7200, time.time() - 7200))

    kernels.write(spec_of(*environment("demo")))

    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("name", ["demo-1", "DEMO-1"])
def test_a_foreign_spec_of_that_id_is_never_overwritten(user: Path, environment: Any, name: str) -> None:
    before = foreign(user / name, ["python", "-m", "x"])

    with pytest.raises(MlenvError) as caught:
        kernels.write(spec_of(*environment("demo")))

    assert caught.value.code == "kernel-exists"
    assert "not made by mlenv" in caught.value.message
    assert "kernel-name" in caught.value.hint
    assert checksum(user / name) == before


def test_the_spec_of_another_living_project_is_never_overwritten(user: Path, environment: Any) -> None:
    folder = kernels.write(spec_of(*environment("one"), kernel_id="shared"))
    before = checksum(folder)

    with pytest.raises(MlenvError) as caught:
        kernels.write(spec_of(*environment("two"), kernel_id="shared"))

    assert caught.value.code == "kernel-exists"
    assert checksum(folder) == before


def test_the_spec_of_a_project_that_is_gone_may_be_replaced(user: Path, home: Path, environment: Any) -> None:
    kernels.write(spec_of(*environment("one"), kernel_id="shared"))
    (home / "one").rename(home / "two")

    kernels.write(spec_of(str(home / "two"), str(home / "two" / ".venv"), kernel_id="shared"))

    assert by_id("shared").project == str(home / "two")


def test_a_link_in_the_place_of_a_spec_is_not_followed(user: Path, home: Path, environment: Any) -> None:
    root, prefix = environment("demo")
    kernels.write(spec_of(root, prefix))
    (user / "demo-1").rename(home / "elsewhere")
    (user / "demo-1").symlink_to(home / "elsewhere")
    before = checksum(home / "elsewhere")

    with pytest.raises(MlenvError):
        kernels.write(spec_of(root, prefix))
    with pytest.raises(MlenvError) as caught:
        kernels.remove("demo-1")

    assert caught.value.code == "kernel-link"
    assert checksum(home / "elsewhere") == before


def test_a_read_only_jupyter_folder_names_the_variable_to_set(home: Path, environment: Any) -> None:
    data = home / "jupyter"
    data.mkdir(mode=0o555)
    spec = spec_of(*environment("demo"))

    with unprivileged(home), pytest.raises(MlenvError) as caught:
        kernels.write(spec)

    assert caught.value.code == "jupyter-not-writable"
    assert caught.value.where == str(data / "kernels")
    assert "JUPYTER_DATA_DIR" in caught.value.hint
    assert os.listdir(data) == []


def test_another_folder_on_jupyters_path_is_used_where_the_first_is_read_only(
    home: Path, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "jupyter").mkdir(mode=0o555)
    (home / "extra").mkdir()
    (home / "extra").chmod(0o777)
    monkeypatch.setenv("JUPYTER_PATH", str(home / "extra"))
    spec = spec_of(*environment("demo"))

    with unprivileged(home):
        folder = kernels.write(spec)

    assert folder == home / "extra" / "kernels" / "demo-1"
    assert by_id("demo-1").state == "ok"


# --- removing ---------------------------------------------------------------------------------------------------------


def test_only_specs_of_mlenv_are_removed(user: Path, environment: Any) -> None:
    kernels.write(spec_of(*environment("demo")))
    before = foreign(user / "other", ["/nowhere/python"])

    kernels.remove("demo-1")
    with pytest.raises(MlenvError) as caught:
        kernels.remove("other")

    assert caught.value.code == "kernel-foreign"
    assert os.listdir(user) == ["other"]
    assert checksum(user / "other") == before
    assert os.listdir(user.parent) == ["kernels"]


@pytest.mark.parametrize("name", ["..", ".", "", "../kernels", "a/b", "python3", "mlenv"])
def test_a_name_that_is_no_id_removes_nothing(user: Path, environment: Any, name: str) -> None:
    kernels.write(spec_of(*environment("demo")))

    with pytest.raises(MlenvError) as caught:
        kernels.remove(name)

    assert caught.value.code == "kernel-name"
    assert by_id("demo-1").state == "ok"


def test_removing_does_not_follow_links_inside_the_folder(user: Path, home: Path, environment: Any) -> None:
    kernels.write(spec_of(*environment("demo")))
    (home / "precious").mkdir()
    (home / "precious" / "thesis.txt").write_text("years of work")
    (user / "demo-1" / "link").symlink_to(home / "precious")

    kernels.remove("demo-1")

    assert (home / "precious" / "thesis.txt").read_text() == "years of work"


# --- listing ----------------------------------------------------------------------------------------------------------


def test_each_state_is_told(user: Path, home: Path, environment: Any) -> None:
    for kernel_id in ("healthy", "no-env", "no-project", "no-python", "no-mode"):
        kernels.write(spec_of(*environment(kernel_id), kernel_id=kernel_id))
    _remove(home / "no-env" / ".venv")
    _remove(home / "no-project")
    (home / "no-python" / ".venv" / "bin" / "python").unlink()
    locked = home / "no-mode" / ".venv" / "bin" / "python"
    locked.unlink()
    locked.write_text("#!/bin/sh\n")
    generation = home / "half" / ".mlenv" / "envs" / "g1"
    (generation / "bin").mkdir(parents=True)
    (generation / "bin" / "python").symlink_to(sys.executable)
    (home / "half" / ".venv").symlink_to(".mlenv/envs/g1")
    kernels.write(spec_of(str(home / "half"), str(home / "half" / ".venv"), kernel_id="half"))
    foreign(user / "theirs", [sys.executable, "-m", "x"])
    foreign(user / "theirs-broken", ["/nowhere/bin/python"])
    foreign(user / "server-python", ["python", "-m", "x"])
    foreign(user / "no-program", ["surely-not-on-path-17"])
    for name, text in {
        "cut": '{"argv": ["py',
        "empty": "",
        "list": "[]",
        "no-argv": "{}",
        "bad-argv": '{"argv": [1]}',
    }.items():
        (user / name).mkdir()
        (user / name / "kernel.json").write_text(text)
    (user / "bare").mkdir()
    (user / "binary").mkdir()
    (user / "binary" / "kernel.json").write_bytes(b"\xff\xfe\x00")

    assert {one.id: one.label for one in here()} == {
        "healthy": "ok",
        "no-env": "environment missing",
        "no-project": "project missing",
        "no-python": "interpreter missing",
        "no-mode": "interpreter not executable",
        "half": "half made",
        "theirs": "foreign",
        "theirs-broken": "foreign, interpreter missing",
        "server-python": "foreign",
        "no-program": "foreign, interpreter missing",
        "cut": "broken json",
        "empty": "broken json",
        "list": "broken json",
        "no-argv": "broken json",
        "bad-argv": "broken json",
        "bare": "broken json",
        "binary": "broken json",
    }
    assert by_id("empty").reason == "kernel.json is empty"
    assert by_id("bare").reason == "kernel.json is missing"
    assert by_id("no-argv").reason == "kernel.json has no argv"

    (generation / "mlenv-ready.json").write_text("{}")
    assert by_id("half").state == "ok"


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


def test_a_spec_that_another_one_hides_says_so(
    user: Path, home: Path, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(home / "first"))
    kernels.write(spec_of(*environment("demo")))
    foreign(home / "first" / "kernels" / "Demo-1", [sys.executable])

    hidden = next(one for one in here() if one.ours)

    assert hidden.shadowed_by == str(home / "first" / "kernels" / "Demo-1")
    assert hidden.label == "ok, shadowed"
    found = kernels.find("demo-1")
    assert found
    assert not found.ours


def test_listing_survives_what_cannot_be_read(
    user: Path, home: Path, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", os.pathsep.join([str(home / "locked"), str(home / "file")]))
    foreign(home / "locked" / "kernels" / "inside", [sys.executable])
    (home / "file").write_text("no folder")
    kernels.write(spec_of(*environment("demo")))
    foreign(user / "secret", [sys.executable])
    (user / "secret" / "kernel.json").chmod(0)
    foreign(user / "closed", [sys.executable])
    (user / "closed").chmod(0)
    (home / "locked" / "kernels").chmod(0)

    with unprivileged(home):
        states = {one.id: one.state for one in here()}
    (home / "locked" / "kernels").chmod(0o755)
    (user / "closed").chmod(0o755)

    assert states == {"demo-1": "ok", "secret": "broken-json", "closed": "broken-json"}


def test_a_thousand_kernels_are_listed_within_a_second(user: Path, environment: Any) -> None:
    root, prefix = environment("demo")
    content = json.dumps(spec_of(root, prefix).content)
    for number in range(1000):
        (user / f"k{number}").mkdir(parents=True)
        (user / f"k{number}" / "kernel.json").write_text(content)

    began = time.process_time()
    rows = kernels.listed()
    seconds = time.process_time() - began

    assert sum(one.state == "ok" and one.ours for one in rows if one.id != "mlenv") == 1000
    assert seconds < 1


# --- the verbs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(user: Path, home: Path, environment: Any) -> Path:
    """Scenario S10: one healthy kernel of mlenv, one with its environment deleted, a foreign one that is broken."""
    kernels.write(spec_of(*environment("healthy"), kernel_id="healthy"))
    kernels.write(spec_of(*environment("gone"), kernel_id="gone"))
    _remove(home / "gone" / ".venv")
    foreign(user / "theirs", ["/nowhere/bin/python", "-m", "x"])
    return user


def test_the_list_shows_every_state(three: Path) -> None:
    outcome = verbs.list_kernels(context())

    assert outcome.data
    rows = {one["id"]: one for one in outcome.data["kernels"]}
    assert [rows[name]["state"] for name in ("healthy", "gone", "theirs")] == ["ok", "environment-missing", "foreign"]
    assert rows["theirs"]["health"] == "interpreter-missing"
    text = "\n".join(outcome.lines)
    assert "foreign, interpreter missing" in text
    assert "mlenv create --project" in text


def test_prune_shows_first_and_then_removes_only_what_is_mlenvs_and_gone(three: Path) -> None:
    before = {name: checksum(three / name) for name in os.listdir(three)}

    shown = prune(context(dry_run=True))
    assert {name: checksum(three / name) for name in os.listdir(three)} == before
    done = prune(context())

    for outcome, word in ((shown, "would remove"), (done, "removed")):
        assert outcome.data
        assert [one["id"] for one in outcome.data["removed"]] == ["gone"]
        assert outcome.lines[0].startswith(f"{word} gone: its environment ")
        assert outcome.lines[1].startswith("theirs stays, it is not of mlenv: its interpreter /nowhere/bin/python")
    assert sorted(os.listdir(three)) == ["healthy", "theirs"]
    assert {name: checksum(three / name) for name in os.listdir(three)} == {
        name: before[name] for name in ("healthy", "theirs")
    }
    assert prune(context()).data == {**(done.data or {}), "removed": []}


def test_prune_keeps_a_kernel_that_create_can_mend_and_says_how(user: Path, home: Path, environment: Any) -> None:
    root, prefix = environment("demo")
    kernels.write(spec_of(root, prefix))
    Path(prefix, "bin", "python").unlink()

    outcome = prune(context())

    assert os.listdir(user) == ["demo-1"]
    assert outcome.lines == (
        f"demo-1 stays: its interpreter {prefix}/bin/python is gone; mlenv create --project {root} makes it anew",
    )


def test_prune_leaves_kernels_of_other_folders_alone(
    home: Path, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel in the usual folder is not on this path, and its runtime may still be needed there."""
    kernels.write(spec_of(*environment("demo")))
    usual = kernels.default_folders()[0]
    usual.parent.mkdir(parents=True)
    (home / "jupyter" / "kernels").rename(usual)
    _remove(home / "demo" / ".venv")

    assert prune(context()).lines == ("nothing to remove",)
    assert (usual / "demo-1").exists()


def test_repair_says_what_to_type_where_a_new_spec_is_no_use(user: Path, home: Path, environment: Any) -> None:
    root, prefix = environment("demo")
    kernels.write(spec_of(root, prefix))
    kernels.write(spec_of(*environment("gone"), kernel_id="gone"))
    _remove(Path(prefix))
    _remove(home / "gone")

    outcome = verbs.repair(context())

    assert not outcome.ok
    assert sorted(outcome.lines) == [
        f"demo-1: its environment {prefix} is gone; mlenv create --project {root} makes it anew",
        f"gone: its project {home}/gone is gone; mlenv kernels prune removes it",
    ]


def test_repair_refuses_what_is_not_mlenvs(user: Path) -> None:
    before = foreign(user / "theirs", ["/nowhere/python"])

    with pytest.raises(MlenvError) as caught:
        verbs.repair(context(), "theirs")

    assert caught.value.code == "kernel-foreign"
    assert checksum(user / "theirs") == before


def test_the_portable_kernel_is_listed_and_never_pruned(user: Path) -> None:
    foreign(user / "mlenv", [sys.executable, "-m", "mlenv.kernel.portable"], metadata={"mlenv": {"schema": 1}})

    assert by_id("mlenv").state == "ok"
    assert prune(context()).lines == ("nothing to remove",)
    assert verbs.repair(context()).lines == ("no kernels of mlenv here",)
