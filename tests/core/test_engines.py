"""Engines are told exactly what to do, and what they answer is said in one sentence."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from mlenv.engines import answers, choose, pip, uv, virtualenv
from mlenv.engines.failures import failure_error, parse_failure
from mlenv.engines.report import pylock_from_report
from mlenv.engines.requests import InstallRequest, ResolveRequest
from mlenv.engines.requirement import checked_name, checked_requirement, needs_build
from mlenv.errors import MlenvError
from mlenv.model import Change

OUTPUTS = Path(__file__).resolve().parent.parent / "data" / "engine_output"
UV = uv.Uv(path="/opt/uv", version="0.13.8")
PIP = pip.Pip(python="/opt/python/bin/python", version="26.3")
BOTH = choose.Tools(uv="/opt/uv", uv_version="0.13.8", pip="/opt/python/bin/python", pip_version="26.3")


def failure_of(case: str, **options: bool) -> object:
    head, _, rest = (OUTPUTS / f"{case}.txt").read_text(encoding="utf-8").partition("--- stdout\n")
    stdout, _, stderr = rest.partition("--- stderr\n")
    status = re.search(r"exit status (\d+)", head)
    assert status is not None
    return parse_failure(case.partition("-")[0], stdout, stderr, int(status[1]), **options)


# --- requirements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "rebuilt"),
    [
        ("numpy", "numpy"),
        (" numpy >=1.26 , <3 ", "numpy<3,>=1.26"),
        ("pandas[excel, plot]>=2 ; python_version<'3.13'", 'pandas[excel,plot]>=2; python_version < "3.13"'),
        (
            "demo @ https://example.org/demo-1.0-py3-none-any.whl",
            "demo @ https://example.org/demo-1.0-py3-none-any.whl",
        ),
        ("demo @ git+https://example.org/demo.git@v1", "demo @ git+https://example.org/demo.git@v1"),
    ],
)
def test_a_requirement_is_parsed_and_rebuilt(typed: str, rebuilt: str) -> None:
    assert str(checked_requirement(typed)) == rebuilt


@pytest.mark.parametrize(
    ("typed", "character", "in_hint"),
    [
        ("--index-url=http://evil.example/simple", 1, "mlenv add"),
        ("-e .", 1, "mlenv add"),
        ("-rrequirements.txt", 1, "mlenv add"),
        ("foo >== 3", 5, ""),
        ("foo = 1.2", 5, "foo==1.2"),
        ("foo 1.2", 5, "foo==1.2"),
        ("fóo", 2, ""),
        ("n\u0443mpy", 2, ""),  # a Cyrillic letter
        ("numpy\n--index-url=x", 6, ""),
        ("numpy\x00", 6, ""),
        ("./wheels/demo.whl", 1, "NAME @ https://"),
        ("../demo", 1, "NAME @ https://"),
        ("demo-1.0-py3-none-any.whl", 1, "NAME @ https://"),
        ("https://example.org/demo.whl", 1, "NAME @ https://example.org/demo.whl"),
        ("git+https://example.org/demo.git", 1, "NAME @ git+https://example.org/demo.git"),
        ("demo @ file:///etc", 8, "demo @ https://"),
        ("demo @ http://example.org/demo.whl", 8, "demo @ https://"),
        ("demo @ git+ssh://-oProxyCommand=touch/repo", 8, ""),
        ("demo @ git+ssh://git@-oProxyCommand=touch/repo", 8, ""),
        ("demo @ git+ssh://%2doProxyCommand=touch/repo", 8, ""),
        ("demo @ git+ssh://-oProxyCommand=touch@example.org/repo", 8, ""),
        ("demo @ git+https://example.org/demo@%2d-upload-pack=x", 8, ""),
        ("demo @ https:", 8, ""),
        ("demo @ https:///demo.whl", 8, ""),
        ("six\xa0==1", 4, ""),  # a space that is none
        ("six\u3000", 4, ""),
        ("foo[bar", 4, ""),
        ("a" * 5000, 4097, ""),
    ],
)
def test_what_is_no_requirement_is_refused_with_its_place(typed: str, character: int, in_hint: str) -> None:
    with pytest.raises(MlenvError) as caught:
        checked_requirement(typed)
    assert caught.value.code == "requirement-invalid"
    assert caught.value.where == f"character {character}"
    assert in_hint in caught.value.hint
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 250


@pytest.mark.parametrize("text", ["", "..", "-y", "../x", "a/b", "six; x", "a b", "a\n", "x" * 300, "\u202eevil"])
def test_what_is_no_name_is_refused_before_a_path_or_an_option_is_made_of_it(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        checked_name(text)
    assert caught.value.code == "name-invalid"
    assert "\u202e" not in caught.value.message


def test_names_are_given_on_in_their_normal_form() -> None:
    assert checked_name("Scikit_Learn") == "scikit-learn"


def test_a_revision_that_starts_like_an_option_is_refused() -> None:
    with pytest.raises(MlenvError) as caught:
        checked_requirement("demo @ git+https://example.org/demo@--upload-pack=x")
    assert caught.value.code == "requirement-invalid"


def test_an_empty_requirement_is_refused() -> None:
    with pytest.raises(MlenvError, match="empty"):
        checked_requirement("   ")


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    for typed in ("demo @ https://me:t0ken@example.org/demo.whl", "demo @ git+https://t0ken@example.org/demo.git"):
        with pytest.raises(MlenvError) as caught:
            checked_requirement(typed)
        assert caught.value.code == "requirement-secret"
        assert "t0ken" not in caught.value.message + caught.value.hint
    with pytest.raises(MlenvError) as caught:
        checked_requirement("https://me:t0ken@example.org/demo.whl")
    assert "t0ken" not in caught.value.message + caught.value.hint


def test_a_variable_in_an_address_is_refused() -> None:
    with pytest.raises(MlenvError) as caught:
        checked_requirement("demo @ https://example.org/${HOME}/demo.whl")
    assert caught.value.code == "requirement-variable"


def test_direct_references_that_are_no_wheels_need_a_build() -> None:
    assert needs_build(checked_requirement("demo @ git+https://example.org/demo.git"))
    assert needs_build(checked_requirement("demo @ https://example.org/demo-1.0.tar.gz"))
    assert not needs_build(checked_requirement("demo @ https://example.org/demo-1.0-py3-none-any.whl"))
    assert not needs_build(checked_requirement("demo"))


# --- the choice --------------------------------------------------------------------------------------------------


def test_what_was_asked_for_wins_over_settings_and_they_over_what_is_recorded() -> None:
    assert choose.choose("venv", "uv", "uv", BOTH).name == "venv"
    assert choose.choose(None, "venv", "uv", BOTH).name == "venv"
    assert choose.choose(None, None, "venv", BOTH).name == "venv"
    assert choose.choose(None, None, None, BOTH).name == "uv"


def test_without_uv_what_is_recorded_gives_way_to_venv() -> None:
    choice = choose.choose(None, None, "uv", choose.Tools(pip="/opt/python/bin/python"))
    assert choice.name == "venv"
    assert "uv is not on this machine" in choice.why


@pytest.mark.parametrize(
    ("wanted", "hint"), [("pip", "--engine venv"), ("virtualen", "--engine virtualenv"), ("uvv", "--engine uv")]
)
def test_an_unknown_engine_is_refused_with_the_nearest(wanted: str, hint: str) -> None:
    with pytest.raises(MlenvError) as caught:
        choose.choose(wanted, None, None, BOTH)
    assert caught.value.code == "engine-unknown"
    assert "uv, venv" in caught.value.message
    assert caught.value.hint == hint


def test_an_engine_that_somebody_named_must_be_there() -> None:
    for option, settings in (("uv", None), (None, "uv")):
        with pytest.raises(MlenvError) as caught:
            choose.choose(option, settings, None, choose.Tools(pip="/opt/python/bin/python"))
        assert caught.value.code == "engine-missing"
    with pytest.raises(MlenvError, match="Neither uv nor pip"):
        choose.choose(None, None, None, choose.Tools())


def test_virtualenv_may_be_fetched_and_is_filled_by_what_is_there() -> None:
    there = choose.choose("virtualenv", None, None, BOTH)
    assert (there.name, there.installer, there.recorded) == ("virtualenv", "uv", "virtualenv")
    assert choose.choose(None, None, "virtualenv", choose.Tools(pip="/opt/python/bin/python")).installer == "pip"
    offline = choose.Tools(uv="/opt/uv", may_fetch=False)
    with pytest.raises(MlenvError, match="--offline forbids to fetch it") as caught:
        choose.choose("virtualenv", None, None, offline)
    assert "pip install virtualenv" in caught.value.hint
    assert choose.choose(None, None, "virtualenv", offline).name == "uv"
    here = choose.Tools(uv="/opt/uv", may_fetch=False, virtualenv=("/opt/virtualenv",))
    assert choose.choose("virtualenv", None, None, here).name == "virtualenv"


def test_virtualenvs_command_leaves_no_room_for_settings_of_the_machine() -> None:
    command = virtualenv.make_environment(("/opt/virtualenv",), "/opt/python", "/work/env", "/work/cache")
    assert command.argv[:3] == ("/opt/virtualenv", "--python", "/opt/python")
    assert command.argv[-1] == "/work/env"
    assert "--no-seed" in command.argv
    assert command.env["VIRTUALENV_SYSTEM_SITE_PACKAGES"] is None
    assert command.env["VIRTUALENV_CONFIG_FILE"].startswith("/work/cache/")
    assert virtualenv.parse_version("virtualenv 21.15.8 from /opt/lib\n") == "21.15.8"
    assert virtualenv.parse_version("virtualenv 16.7.10 from /opt/lib\n") is None
    assert virtualenv.parse_version("pyenv: virtualenv: command not found") is None


def test_a_conda_environment_is_not_changed_by_another_engine() -> None:
    with pytest.raises(MlenvError, match="conda"):
        choose.choose(None, None, "conda", BOTH)


# --- commands ----------------------------------------------------------------------------------------------------


def test_every_uv_command_names_its_interpreter_and_never_downloads_one() -> None:
    commands = [
        uv.make_environment(UV, "/opt/python/bin/python", "/p/.mlenv/envs/1"),
        uv.install(UV, InstallRequest(prefix="/p/.venv", files=("/p/r.txt",))),
        uv.compile_pylock(UV, ResolveRequest(output="pylock.toml", python="/opt/python/bin/python", files=("r.in",))),
        uv.lock_project(UV, "/p", "/opt/python/bin/python"),
        uv.sync_project(UV, uv.SyncRequest(root="/p", prefix="/p/.venv", python="/p/.venv/bin/python")),
        uv.list_outdated(UV, "/p/.venv"),
        uv.pip_check(UV, "/p/.venv"),
        uv.uninstall(UV, "/p/.venv", ("six",)),
    ]
    for command in commands:
        assert "--python" in command.argv
        assert command.env["UV_PYTHON_DOWNLOADS"] == "never"
        assert "--no-config" not in command.argv


def test_names_are_passed_where_no_option_is_read() -> None:
    argv = uv.uninstall(UV, "/p/.venv", ("six",)).argv
    assert argv[argv.index("--") + 1 :] == ("six",)


def test_nothing_is_built_unless_allowed() -> None:
    wheels = InstallRequest(prefix="/p/.venv", files=("/p/r.txt",))
    builds = InstallRequest(prefix="/p/.venv", files=("/p/r.txt",), allow_build=True)
    assert "--no-build" in uv.install(UV, wheels).argv
    assert "--no-build" not in uv.install(UV, builds).argv
    assert pip.install(PIP, wheels).argv.count(":all:") == 1
    assert ":all:" not in pip.install(PIP, builds).argv
    resolve = ResolveRequest(output="pylock.toml", python="/p/.venv/bin/python", files=("r.in",))
    assert "--no-build" in uv.compile_pylock(UV, resolve).argv
    assert ":all:" in pip.resolve(PIP, resolve).argv


def test_what_lies_on_disk_under_no_packages_name_is_not_fetched_again() -> None:
    """A metadata folder may be called anything; uv would stop at the first name that none may have."""
    request = InstallRequest(prefix="/p/.venv", files=("/p/r.txt",), reinstall=("six", "<img src=x>", "-rx", ""))
    argv = uv.install(UV, request).argv
    assert [argv[at + 1] for at, word in enumerate(argv) if word == "--reinstall-package"] == ["six"]


def test_a_path_that_is_not_absolute_or_steps_up_is_refused() -> None:
    for prefix in ("envs/1", "/p/../envs/1", "/p/envs\n/1"):
        with pytest.raises(MlenvError) as caught:
            uv.make_environment(UV, "/opt/python/bin/python", prefix)
        assert caught.value.code == "path-invalid"


def test_only_newer_uv_is_told_of_the_preview_feature() -> None:
    request = InstallRequest(prefix="/p/.venv", files=("/p/pylock.toml",))
    assert "--preview-features" in uv.install(UV, request).argv
    assert "--preview-features" not in uv.install(uv.Uv(path="/opt/uv", version="0.7.20"), request).argv
    assert "--preview-features" not in uv.install(UV, InstallRequest(prefix="/p/.venv", files=("/r.txt",))).argv


def test_pip_inside_the_environment_needs_no_other_python() -> None:
    inside = pip.Pip(python="/p/.venv/bin/python", version="26.3")
    request = InstallRequest(prefix="/p/.venv", files=("/p/r.txt",))
    assert "--python" not in pip.install(inside, request).argv
    argv = pip.install(PIP, request).argv
    assert argv[argv.index("--python") + 1] == "/p/.venv"


def test_what_pip_cannot_do_is_refused_rather_than_half_done() -> None:
    old = pip.Pip(python="/opt/python/bin/python", version="22.3")
    dated = ResolveRequest(output="", python="/p/bin/python", files=("r",), exclude_newer="2026-01-01")
    with pytest.raises(MlenvError, match=r"pip 22\.3 knows nothing of a date"):
        pip.resolve(old, dated)
    with pytest.raises(MlenvError) as caught:
        pip.install(PIP, InstallRequest(prefix="/p/.venv", files=("/r.txt",), exact=True))
    assert caught.value.code == "engine-cannot"


def test_versions_are_read_and_other_programs_are_not_taken_for_engines() -> None:
    assert uv.parse_version("uv 0.13.8 (x86_64-unknown-linux-gnu)\n") == "0.13.8"
    assert uv.parse_version("git version 2.39.5") is None
    assert pip.parse_version("pip 23.2.1 from /x/pip (python 3.12)\n") == "23.2.1"
    assert pip.parse_version("") is None


# --- failures ----------------------------------------------------------------------------------------------------

EXPECTED = {
    "uv-missing": ("package-missing", "nonexistent-pkg-xyz-123", "No package index has nonexistent-pkg-xyz-123."),
    "uv-add-missing": ("package-missing", "nonexistent-pkg-xyz-123", "No package index has"),
    "uv-version": ("version-missing", "six", "There is no version of six that satisfies six==99.0."),
    "uv-range": ("version-missing", "six", "satisfies six>=99 (there is six<=1.17.0)."),
    "uv-lock-version": ("version-missing", "six", "satisfies six==99.0."),
    "uv-conflict": (
        "conflict",
        "requests",
        "requests==2.31.0 needs urllib3>=1.21.1,<3, but urllib3==1.20 is required.",
    ),
    "uv-pair": ("conflict", "other", "other needs base>=2, but needy needs base<2."),
    "uv-add-conflict": ("conflict", "requests", "but urllib3==1.20 is required."),
    "uv-transitive": (
        "conflict",
        "ipykernel",
        "ipykernel==6.29.0 needs traitlets>=5.4.0, but traitlets<5 is required.",
    ),
    "uv-nowheel": ("no-wheel", "docopt", "docopt has no wheel here, and source builds are not allowed."),
    "uv-plat": ("no-wheel", "torch", "torch==1.4.0 has no wheel for this Python; there are wheels for cp27m, "),
    "uv-platform": ("no-wheel", "pywin32", "there are wheels for win32, win_amd64, win_arm64."),
    "uv-build": ("build-failed", None, "failed: RuntimeError: frobnicator.h not found"),
    "uv-build2": ("build-failed", "frob", "Building frob from source failed: frob.c:1:10: fatal error: frobnicator.h"),
    "uv-refused": (
        "index-unreachable",
        "six",
        "index.example could not be reached for six: the connection was refused.",
    ),
    "uv-dns": ("index-unreachable", "six", "index.invalid could not be reached for six: its name is not known."),
    "uv-offline": ("offline-not-cached", "six", "six is not in the cache, and the network is off (--offline)."),
    "uv-offline3": ("offline-not-cached", "six", "six is not in the cache"),
    "uv-frozenoffline": ("offline-not-cached", "six", "six is not in the cache"),
    "uv-cert": ("certificate-untrusted", "six", "The certificate of index.example is not trusted."),
    "uv-gitmissing": ("certificate-untrusted", "foo", "index.example"),
    "uv-401": ("index-credentials", "six", "index.example refused to give six (HTTP 401)."),
    "uv-403": ("index-credentials", "six", "index.example refused to give six (HTTP 403)."),
    "uv-wheel401": ("index-credentials", "six", "(HTTP 401)"),
    "uv-500": ("index-failed", "six", "index.example failed to give six (HTTP 500)."),
    "uv-url404": ("url-missing", "foo", "foo is no longer at its address on index.example (HTTP 404)."),
    "uv-wheelgone": ("url-missing", "six", "six is no longer at its address"),
    "uv-503file": ("index-failed", "victim", "index.example failed to give victim (HTTP 503)."),
    "uv-404file": ("url-missing", "victim", "victim is no longer at its address on index.example (HTTP 404)."),
    "uv-cutfile": ("file-damaged", "victim", "The file that came for victim 2.0 is damaged"),
    "uv-badcrc": ("file-damaged", "victim", "The file that came for victim 2.0 is damaged"),
    "uv-brokenoff": ("index-unreachable", "victim", "could not be reached for victim: its answer broke off."),
    "uv-cutpage": ("index-unreachable", "victim", "could not be reached for victim: its answer broke off."),
    "uv-reset": ("index-unreachable", "victim", "for victim: the connection broke."),
    "uv-silent": ("index-unreachable", "victim", "for victim: it did not answer in time."),
    "uv-hugepage": ("index-strange", "victim", "What index.example answered for victim is not a page"),
    "uv-strangepage": ("index-strange", "victim", "What index.example answered for victim is not a page"),
    "uv-badjson": ("index-strange", "victim", "What index.example answered for victim is not a page"),
    "uv-toafile": ("index-strange", "victim", "What index.example answered for victim is not a page"),
    "uv-liar": ("file-lies", "victim", "The file that the index has for victim says that it is steady"),
    "pip-503file": ("index-failed", "victim", "index.example failed to give victim (HTTP 503)."),
    "pip-503second": ("index-failed", "victim", "index.example failed to give victim (HTTP 503)."),
    "pip-hash-loose": ("hash-mismatch", "victim", "victim is not the file that was locked"),
    "pip-reset": ("index-unreachable", "victim", "for victim: the connection broke."),
    "pip-silent": ("index-unreachable", "victim", "for victim: it did not answer in time."),
    "pip-strangepage": ("index-strange", "victim", "What index.example answered for victim is not a page"),
    "pip-loop": ("index-strange", None, "is not a page of a package index."),
    "pip-badjson": ("index-strange", None, "is not a page of a package index."),
    "uv-hash": ("hash-mismatch", "six", "six==1.16.0 is not the file that was locked: its hash differs."),
    "uv-python": (
        "python-unsatisfied",
        "numpy",
        "numpy==2.3.0 needs Python >=3.11, and this project is for Python 3.9.18.",
    ),
    "uv-compile-python": ("python-unsatisfied", "numpy", "numpy==2.3.0 needs Python >=3.11"),
    "uv-disk": ("no-space", "numpy", "numpy could not be written: the disk is full"),
    "uv-readonly": ("not-writable", "six", "read-only file system."),
    "uv-permission": ("not-writable", "six", "six could not be written to "),
    "uv-permission3": ("not-writable", None, "/srv/cache: permission denied."),
    "uv-extmanaged": ("externally-managed", None, "belongs to the operating system"),
    "uv-lock-stale": ("lock-stale", None, "The lock does not fit the manifest any more."),
    "uv-lockver": ("lock-version-unsupported", None, "(v9)"),
    "uv-nopython": ("python-not-found", None, "Python 3.14 is not on this machine."),
    "uv-brokenpython": ("python-broken", None, "/bin/false does not start."),
    "uv-exists": ("environment-exists", None, "There is an environment at e39 already."),
    "uv-badreq": ("requirement-invalid", None, "'foo ===' is not a requirement."),
    "pip-missing": ("package-missing", "nonexistent-pkg-xyz-123", "pip found no nonexistent-pkg-xyz-123: "),
    "pip-version": ("version-missing", "six", "satisfies six==99.0 (the newest is 1.17.0)."),
    "pip-conflict": ("conflict", "requests", "but urllib3==1.20 is required."),
    "pip-transitive": (
        "conflict",
        "ipykernel",
        "ipykernel==6.29.0 needs traitlets>=5.4.0, but traitlets<5 is required.",
    ),
    "pip-nowheel": ("package-missing", "docopt", "as a wheel for this Python"),
    "pip-build": ("build-failed", None, "failed: RuntimeError: frobnicator.h not found"),
    "pip-build2": ("build-failed", "frob", "frobnicator.h: No such file or directory"),
    "pip-refused": (
        "index-unreachable",
        "six",
        "index.example could not be reached for six: the connection was refused.",
    ),
    "pip-dns": ("index-unreachable", "six", "index.invalid could not be reached for six: its name is not known."),
    "pip-cert": ("certificate-untrusted", "six", "index.example"),
    "pip-401": ("index-credentials", "six", "index.example refused to give six (HTTP 401)."),
    "pip-hash": ("hash-mismatch", "six", "six==1.16.0 is not the file that was locked"),
    "pip-nohash": ("hash-missing", "six", "six has no hash in the lock"),
    "pip-disk": ("no-space", "numpy", "the disk is full"),
    "pip-readonly": ("not-writable", "six", "six.py: read-only file system."),
    "pip-python": ("version-missing", "numpy", "for this Python"),
    "pip-ignored": ("python-unsatisfied", "scipy", "scipy==1.17.0 needs Python >=3.11"),
    "pip-requires": (
        "python-unsatisfied",
        "numpy",
        "numpy needs Python >=3.11, and this project is for Python 3.9.18.",
    ),
    "pip-url404": ("url-missing", "foo", "(HTTP 404)"),
    "pip-ext": ("externally-managed", None, "belongs to the operating system"),
    "pip-v-badreq": ("requirement-invalid", None, "'foo >== 3' is not a requirement."),
}


@pytest.mark.parametrize("case", sorted(EXPECTED))
def test_a_real_failure_is_said_in_one_sentence_with_package_and_cause(case: str) -> None:
    failure = failure_of(case)
    code, package, words = EXPECTED[case]
    assert (failure.code, failure.package) == (code, package)
    assert words in failure.message
    assert failure.message.count("\n") == failure.hint.count("\n") == 0
    assert failure.message.endswith((".", "not found", "directory"))


def test_no_failure_says_break_system_packages_or_a_secret() -> None:
    for case in EXPECTED:
        failure = failure_of(case)
        assert "break-system-packages" not in failure.message + failure.hint
        assert "t0ken" not in failure.message + failure.hint


def test_the_details_of_a_failure_hold_no_credentials() -> None:
    stderr = "error: Failed to fetch: https://me:t0ken@index.example/simple/six/\n  cause: Connection refused"
    failure = parse_failure("uv", "", stderr, 2)
    error = failure_error(failure, "", stderr)
    assert "t0ken" not in error.details + error.message
    assert error.code == "index-unreachable"


def test_pip_offline_says_so() -> None:
    assert failure_of("pip-offline", offline=True).code == "offline-not-cached"


def test_an_engine_that_the_system_killed_is_named() -> None:
    assert parse_failure("uv", "", "Resolved 3 packages", -9).code == "engine-killed"
    assert "memory" in parse_failure("pip", "", "", 137).hint


def test_an_unknown_failure_keeps_the_engines_last_words() -> None:
    failure = parse_failure("uv", "", "Resolved 1 package\nerror: the moon is down\n  cause: it set early\n", 2)
    assert failure.code == "engine-failed"
    assert failure.message == "uv failed: the moon is down: it set early"
    assert "exit status 3 and said nothing" in parse_failure("uv", "", "", 3).message


# --- answers -----------------------------------------------------------------------------------------------------


def test_an_upgrade_in_uvs_plan_is_one_change() -> None:
    rows = [
        {"name": "six", "version": "1.16.0", "action": "uninstalled"},
        {"name": "six", "version": "1.17.0", "action": "installed"},
        {"name": "Idna", "version": "3.7", "action": "installed"},
        {"name": "attrs", "version": "25.1.0", "action": "uninstalled"},
        {"name": "rich", "version": "15.0.0", "action": "reinstalled"},
    ]
    expected = (
        Change(package="attrs", before="25.1.0", after=None),
        Change(package="idna", before=None, after="3.7"),
        Change(package="rich", before="15.0.0", after="15.0.0"),
        Change(package="six", before="1.16.0", after="1.17.0"),
    )
    assert answers.parse_changes(json.dumps({"changes": rows})) == expected
    assert answers.parse_changes(json.dumps({"sync": {"action": "check", "changes": rows}})) == expected


@pytest.mark.parametrize("text", ["", "error: no", "[]", '{"sync": {}}'])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        answers.parse_changes(text)
    assert caught.value.code == "engine-answer"


def test_pip_check_of_both_engines_reads_the_same() -> None:
    of_uv = (
        "Found 2 incompatibilities\n"
        "The package `requests` requires `idna>=2.5,<4`, but it's not installed\n"
        "The package `requests` requires `urllib3>=1.21.1,<3`, but `1.20` is installed\n"
    )
    of_pip = (
        "requests 2.31.0 requires idna, which is not installed.\n"
        "requests 2.31.0 has requirement urllib3<3,>=1.21.1, but you have urllib3 1.20.\n"
    )
    assert answers.parse_pip_check("", of_uv) == (
        "requests needs idna>=2.5,<4, but it is not installed",
        "requests needs urllib3>=1.21.1,<3, but 1.20 is installed",
    )
    assert answers.parse_pip_check(of_pip, "") == (
        "requests needs idna, but it is not installed",
        "requests needs urllib3<3,>=1.21.1, but 1.20 is installed",
    )


def report(*rows: object) -> str:
    environment = {
        "implementation_name": "cpython",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "python_version": "3.12",
    }
    return json.dumps({"version": "1", "install": rows, "environment": environment})


def row(name: str, version: str, *, direct: bool = False, **download: object) -> dict[str, object]:
    return {"metadata": {"name": name, "version": version}, "is_direct": direct, "download_info": download}


def test_pips_report_becomes_a_pylock_that_packaging_accepts() -> None:
    digest = {"hashes": {"sha256": "a" * 64}}
    commit = {"vcs": "git", "requested_revision": "v1", "commit_id": "b" * 40}
    text = pylock_from_report(
        "Collecting six\n  Using cached six.whl {x}\n"
        + report(
            row(
                "Six",
                "1.17.0",
                url="https://u:t0ken@files.example/six-1.17.0-py2.py3-none-any.whl",
                archive_info=digest,
            ),
            row("docopt", "0.6.2", url="https://files.example/docopt-0.6.2.tar.gz", archive_info=digest),
            row("demo", "1.0", direct=True, url="https://files.example/demo-1.0.zip", archive_info=digest),
            row("tool", "2.0", direct=True, url="https://git.example/tool.git", vcs_info=commit),
            row("here", "0.1", direct=True, url="file:///p/my%20code", dir_info={"editable": True}),
        )
        + "\nWould install six-1.17.0\n"
    )
    lock = tomllib.loads(text)
    parsed = Pylock.from_dict(lock)
    assert [package.name for package in parsed.packages] == ["demo", "docopt", "here", "six", "tool"]
    assert lock["requires-python"] == "==3.12.*"
    assert "t0ken" not in text
    by_name = {package["name"]: package for package in lock["packages"]}
    assert by_name["six"]["wheels"][0]["hashes"] == {"sha256": "a" * 64}
    assert by_name["docopt"]["sdist"]["name"] == "docopt-0.6.2.tar.gz"
    assert by_name["demo"]["archive"]["url"] == "https://files.example/demo-1.0.zip"
    assert by_name["tool"]["vcs"]["commit-id"] == "b" * 40
    assert by_name["here"]["directory"] == {"path": "/p/my code", "editable": True}


def test_a_report_of_nothing_is_a_lock_of_nothing() -> None:
    assert Pylock.from_dict(tomllib.loads(pylock_from_report(report()))).packages == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"install": [{}], "environment": {}}', "ERROR: no"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        pylock_from_report(text)
    assert caught.value.code == "engine-answer"


@pytest.mark.parametrize("allow_build", [True, False])
def test_what_is_not_allowed_to_be_built_stays_a_wheel_although_another_may_be_built(allow_build: bool) -> None:
    """allow-build = ["x"] lets x alone be built; without any permission everything is a wheel."""
    request = InstallRequest(prefix="/p/env", files=("/p/a.txt",), allow_build=allow_build, wheels_only=("six", "idna"))
    by_uv = " ".join(uv.install(uv.Uv(path="uv"), request).argv)
    by_pip = " ".join(pip.install(pip.Pip(python="/usr/bin/python3"), request).argv)
    if allow_build:
        assert "--only-binary six --only-binary idna" in by_uv
        assert "--only-binary six,idna" in by_pip
        assert "--no-build" not in by_uv
    else:
        assert "--no-build" in by_uv
        assert "--only-binary :all:" in by_pip
