"""What a runtime is made of, and which one fits: decided without touching anything."""

from __future__ import annotations

import json

import pytest

from mlenv.errors import MlenvError
from mlenv.kernel import pick, place
from mlenv.kernel.boot import parse_arguments
from mlenv.kernel.explanation import Explanation
from mlenv.kernel.interpreter import tag_of
from mlenv.kernel.tools import uv_words
from mlenv.model import Completed, Distribution, Installed
from mlenv.runtime import plan

TAG = "cpython-312-x86_64-linux-gnu"
MARKERS = {"python_version": "3.12", "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


def runtime(key: str = "k", *, tag: str = TAG, made: float = 1.0, requires=None, constraints=None) -> pick.Runtime:
    text = json.dumps(
        plan.describe(
            key,
            tag,
            made=made,
            version="1",
            packages={"ipykernel": "7.0", "traitlets": "5.14"},
            requires=requires or {"traitlets": [[">=5.4.0", "ipykernel"]]},
            constraints=constraints or {},
        )
    )
    found = pick.parse_runtime(text, f"/r/{key}")
    assert found is not None
    return found


def test_an_old_package_of_the_environment_clashes_and_is_named_with_who_asks() -> None:
    (clash,) = pick.clashes(runtime(), {"traitlets": "5.0.5"})
    assert clash.text == "traitlets 5.0.5 (ipykernel needs >=5.4.0)"
    assert pick.clashes(runtime(), {"traitlets": "5.9"}) == ()
    assert pick.clashes(runtime(), {"numpy": "1.0"}) == ()


def test_what_the_environments_own_ipykernel_replaces_asks_for_nothing() -> None:
    assert pick.clashes(runtime(), {"traitlets": "5.0.5", "ipykernel": "6.4.2"}) == ()


def test_a_version_that_nobody_can_read_does_not_stop_the_kernel() -> None:
    assert pick.clashes(runtime(), {"traitlets": "unknown"}) == ()


def test_plain_runtimes_come_before_constrained_ones_and_newer_before_older() -> None:
    constrained = runtime("c", made=9, constraints={"traitlets": "5.5"})
    old, new = runtime("old", made=1), runtime("new", made=2)
    other = runtime("other", tag="cpython-311-x86_64-linux-gnu", made=99)
    order = [found.key for found in pick.fitting([constrained, old, other, new], TAG, {"traitlets": "5.5"})]
    assert order == ["new", "old", "c"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}', '{"schema": 1, "key": "k"}', "null"])
def test_a_description_cut_short_is_no_runtime(text: str) -> None:
    assert pick.parse_runtime(text, "/r") is None


def test_requirements_are_those_of_the_target_and_not_of_extras() -> None:
    found = plan.required(
        {
            "ipykernel": ["traitlets>=5.4.0", "tornado>=6.2", 'appnope; platform_system == "Darwin"', "comm"],
            "ipython": ["traitlets>=5.13.0", 'black>=20; extra == "black"', "broken requirement !!"],
        },
        MARKERS,
    )
    assert found == {
        "traitlets": [[">=5.4.0", "ipykernel"], [">=5.13.0", "ipython"]],
        "tornado": [[">=6.2", "ipykernel"]],
    }


def test_the_key_tells_interpreter_version_and_constraints_apart() -> None:
    keys = {
        plan.key_of(TAG, "1.0", {}),
        plan.key_of(TAG + "t", "1.0", {}),
        plan.key_of(TAG, "1.1", {}),
        plan.key_of(TAG, "1.0", {"traitlets": "5.0.5"}),
        plan.key_of(TAG, "1.0", {"traitlets": "5.0.6"}),
    }
    assert len(keys) == 5
    assert plan.key_of(TAG, "1", {"a": "1", "b": "2"}) == plan.key_of(TAG, "1", {"b": "2", "a": "1"})


def test_constraints_are_the_environments_versions_of_what_a_runtime_holds() -> None:
    installed = Installed(
        distributions=(Distribution(name="traitlets", version="5.0.5"), Distribution(name="numpy", version="2.0"))
    )
    assert plan.constraints_for(["traitlets", "tornado"], installed) == {"traitlets": "5.0.5"}


def test_the_install_takes_wheels_only_and_obeys_no_project() -> None:
    command = plan.install_command("uv", "/p/python", "/d/.tmp", None, supply=plan.Supply(offline=True), cwd="/d")
    assert command.argv[:3] == ("uv", "pip", "install")
    assert command.cwd == "/d"
    for words in (("--only-binary", ":all:"), ("--target", "/d/.tmp"), ("--python", "/p/python")):
        assert words in zip(command.argv, command.argv[1:], strict=False)
    assert {"--offline", "--compile-bytecode"} <= set(command.argv)


def fail(stderr: str, constraints=None, *, offline: bool = False) -> MlenvError:
    done = Completed(argv=("uv",), code=1, stdout="", stderr=stderr, seconds=0.1)
    return plan.explain_failure(done, constraints or {}, python="/p", offline=offline)


def test_a_package_that_no_kernel_works_with_is_named() -> None:
    stderr = (
        "  x No solution found when resolving dependencies:\n  ╰─▶ Because ipykernel>=7 depends on traitlets>=5.4.0 "
        "and traitlets==4.0, we can conclude that"
    )
    error = fail(stderr, {"traitlets": "4.0", "tornado": "6.1"})
    assert error.code == "runtime-unresolvable"
    assert error.message == "no Jupyter kernel works with this environment's traitlets 4.0"
    assert error.hint == "mlenv upgrade traitlets"


def test_no_network_is_not_taken_for_a_conflict() -> None:
    error = fail("error: Failed to fetch: `https://index/simple/comm/`\n  dns error", {"comm": "0.1"})
    assert error.code == "no-network"
    assert fail("Network connectivity is disabled", offline=True).hint == "leave out --offline once"
    assert fail("something else").code == "runtime-failed"


def test_an_interpreter_that_is_too_old_is_refused() -> None:
    plan.refuse_old("3.9.0rc1", "/p")
    with pytest.raises(MlenvError) as caught:
        plan.refuse_old("3.8.18", "/p")
    assert caught.value.code == "python-too-old"


@pytest.mark.parametrize(
    ("suffix", "machine", "tag"),
    [
        (".cpython-312-x86_64-linux-gnu.so", "x86_64", "cpython-312-x86_64-linux-gnu"),
        (".cpython-313t-x86_64-linux-gnu.so", "x86_64", "cpython-313t-x86_64-linux-gnu"),
        (".cpython-312-darwin.so", "arm64", "cpython-312-darwin-arm64"),
        (".cp312-win_amd64.pyd", "AMD64", "cp312-win_amd64"),
        ("", "x86_64", "cpython-312"),
    ],
)
def test_a_runtime_fits_one_kind_of_compiled_modules(suffix: str, machine: str, tag: str) -> None:
    assert tag_of(suffix, "cpython-312", machine) == tag


def test_the_launchers_own_options_do_not_reach_ipykernel() -> None:
    told = Explanation(what="w")
    argv = ["-f", "c.json", "--mlenv-project", "/p", "--x=1", "--mlenv-explain", told.as_text()]
    arguments = parse_arguments(argv)
    assert arguments.rest == ("-f", "c.json", "--x=1")
    assert arguments.project == "/p"
    assert arguments.explain == told


def test_the_path_shows_the_generation_and_not_the_link() -> None:
    path = ["/d", "/base/lib", "/p/.venv/lib/site-packages", "/p/.venvy/x", "/foreign"]
    seen = place.arranged(path, prefix="/p/.venv", real="/p/.mlenv/envs/g1", drop=["/d", "/foreign"])
    assert seen == ["/base/lib", "/p/.mlenv/envs/g1/lib/site-packages", "/p/.venvy/x"]


def test_variables_that_bend_imports_are_taken_away() -> None:
    environ = {"PYTHONPATH": "/a:/b", "PYTHONHOME": "/h", "PYTHONSTARTUP": "/s", "HOME": "/home"}
    assert place.clean(environ) == ("/a", "/b")
    assert environ == {"HOME": "/home", "PYTHONNOUSERSITE": "1"}


@pytest.mark.parametrize(
    ("line", "before", "words"),
    [
        ("install six", ["pip"], ["pip", "install", "--python", "/py", "six"]),
        ("uninstall -y six", ["pip"], ["pip", "uninstall", "--python", "/py", "six"]),
        ("-q install 'six<2'", ["pip"], ["pip", "-q", "install", "--python", "/py", "six<2"]),
        ("pip list", [], ["pip", "list", "--python", "/py"]),
        ("pip list --python /other", [], ["pip", "list", "--python", "/other"]),
        ("pip --help", [], ["pip", "--help"]),
        ("add six", [], ["add", "six"]),
        ("", ["pip"], ["pip"]),
    ],
)
def test_uv_is_aimed_at_the_environment(line: str, before: list[str], words: list[str]) -> None:
    assert uv_words(line, before, "/py") == words
