"""What is written down works elsewhere: direct and needed rows, nothing local, nothing of the kernel, always the same."""

from __future__ import annotations

import json
import random

import pytest

from mlenv.freezing import Frozen, Package, RowsRequest, accepted, freeze
from mlenv.model import Distribution, Installed, Source

LINUX = {
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "platform_release": "6",
    "platform_version": "1",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "implementation_version": "3.9.18",
    "python_version": "3.9",
    "python_full_version": "3.9.18",
}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Environment:
    """A made-up environment: names, versions, needs and where they came from."""

    def __init__(self) -> None:
        self.distributions: list[Distribution] = []
        self.packages: dict[str, Package] = {}

    def add(
        self,
        name: str,
        version: str = "1.0",
        *requires: str,
        url: dict[str, object] | None = None,
        installer: str = "uv",
        requested: bool = False,
    ) -> Environment:
        kind = "index"
        if url:
            local = str(url["url"]).startswith("file:")
            editable = dict(url.get("dir_info") or {}).get("editable")
            kind = "editable" if editable else "vcs" if "vcs_info" in url else "path" if local else "url"
        commit = str(dict((url or {}).get("vcs_info") or {}).get("commit_id", ""))
        key = name.lower().replace("_", "-")
        self.distributions.append(Distribution(name=key, version=version, source=Source(kind=kind, commit=commit)))
        self.packages[key] = Package(
            name=name,
            requires=requires,
            direct_url=json.dumps(url) if url else "",
            installer=installer,
            requested=requested,
        )
        return self

    def freeze(self, *roots: str, adopt: bool = True, project: str = "") -> Frozen:
        return freeze(
            RowsRequest(
                installed=Installed(distributions=tuple(self.distributions)),
                packages=self.packages,
                markers=LINUX,
                roots=roots,
                adopt=adopt,
                project=project,
            )
        )


def requirements(frozen: Frozen) -> list[str]:
    return [row.requirement for row in frozen.rows]


def direct(frozen: Frozen) -> list[str]:
    return [row.requirement for row in frozen.rows if row.direct]


def reasons(frozen: Frozen) -> dict[str, str]:
    return {item.name: item.why for item in frozen.left_out}


def everything() -> Environment:
    """The environment of scenario S21."""
    return (
        Environment()
        .add(
            "requests", "2.32.0", "idna<4", "urllib3", "PySocks; extra == 'socks'", "win-inet; sys_platform == 'win32'"
        )
        .add("idna", "3.7")
        .add("urllib3", "2.2.0")
        .add("humanize", "4.9.0")
        .add(
            "demo_git",
            "0.3",
            url={"url": "https://user:t0ken@example.org/demo.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        )
        .add("my_tool", "0.1", "iniconfig", url={"url": "file:///home/someone/my_tool", "dir_info": {"editable": True}})
        .add("iniconfig", "2.0")
        .add("conda_made", "1.1", url={"url": "file:///home/conda/feedstock_root/work", "dir_info": {}})
        .add("ipykernel", "6.29", "ipython>=7.23", "packaging", "pyzmq")
        .add("ipython", "8.18", "packaging")
        .add("packaging", "24.0")
        .add("pyzmq", "26.0")
        .add("mlenv", "0.1.0", "packaging", "uv")
        .add("uv", "0.9.0")
        .add("pip", "24.0")
        .add("setuptools", "70.0")
    )


def test_the_direct_ones_and_the_one_from_git_are_direct_and_nothing_local_is_written() -> None:
    frozen = everything().freeze("requests", "humanize")
    assert direct(frozen) == [
        f"demo_git @ git+https://example.org/demo.git@{COMMIT}",
        "humanize==4.9.0",
        "requests==2.32.0",
    ]
    assert [(row.requirement, row.via) for row in frozen.rows if not row.direct] == [
        ("idna==3.7", ("requests",)),
        ("iniconfig==2.0", ("my-tool",)),
        ("urllib3==2.2.0", ("requests",)),
    ]
    assert [row.name for row in frozen.adopted] == ["demo-git"]
    text = repr(frozen)
    assert "file:" not in text
    assert "/home" not in text
    assert "t0ken" not in text


def test_what_is_left_out_is_named_with_its_reason() -> None:
    assert reasons(everything().freeze("requests", "humanize")) == {
        "conda-made": "local",
        "ipykernel": "kernel",
        "ipython": "kernel",
        "mlenv": "kernel",
        "my-tool": "editable",
        "packaging": "kernel",
        "pip": "tooling",
        "pyzmq": "kernel",
        "setuptools": "tooling",
        "uv": "tooling",
    }


def test_what_the_kernel_needs_is_a_row_where_a_package_needs_it_too() -> None:
    frozen = everything().add("black", "24.0", "packaging>=22").freeze("black")
    assert "packaging==24.0" in requirements(frozen)
    assert "ipython" in reasons(frozen)


def test_what_the_kernel_needs_is_a_row_where_a_person_named_it() -> None:
    def environment(everything: bool) -> Environment:
        made = Environment().add("ipykernel", "6", "python_dateutil", "pyzmq")
        made.add("python_dateutil", "2.9", "six", requested=True).add("six", requested=everything)
        return made.add("pyzmq", "26", requested=everything)

    assert requirements(environment(False).freeze()) == ["python_dateutil==2.9", "six==1.0"]
    assert requirements(environment(True).freeze()) == []


def test_a_declared_kernel_or_tool_is_honoured() -> None:
    frozen = everything().freeze("ipykernel", "setuptools", adopt=False)
    assert direct(frozen) == ["ipykernel==6.29", "setuptools==70.0"]
    assert "pyzmq==26.0" in requirements(frozen)


def test_without_adoption_only_what_is_asked_for_and_its_needs_are_rows() -> None:
    environment = Environment().add("a", "1", "b").add("b").add("by_hand", "2", "c").add("c")
    frozen = environment.freeze("a", adopt=False)
    assert requirements(frozen) == ["a==1", "b==1.0"]
    assert reasons(frozen) == {"by-hand": "unasked", "c": "unasked"}


def test_what_was_installed_by_hand_is_taken_in_with_its_needs() -> None:
    frozen = Environment().add("a", "1", "b").add("b").add("by_hand", "2", "c").add("c").freeze("a")
    assert [row.requirement for row in frozen.adopted] == ["by_hand==2"]
    assert [row.name for row in frozen.rows if not row.direct] == ["b", "c"]


def test_packages_that_need_each_other_in_a_circle_are_entered_once() -> None:
    frozen = Environment().add("b", "1", "a").add("a", "1", "c").add("c", "1", "b").freeze()
    assert [row.name for row in frozen.adopted] == ["a"]
    assert requirements(frozen) == ["a==1", "b==1", "c==1"]


@pytest.mark.parametrize(
    ("root", "needed"),
    [
        ("web", []),
        ("web[Fast]", ["fast-json"]),
        ("web[all]", ["fast-json", "ssl-extra"]),
    ],
)
def test_extras_and_markers_are_followed_for_the_target(root: str, needed: list[str]) -> None:
    environment = (
        Environment()
        .add(
            "web",
            "1",
            "fast_json; extra == 'fast'",
            "web[fast,tls]; extra == 'all'",
            "ssl_extra; extra == 'tls' and python_version < '3.10'",
            "tomli; python_version >= '3.11'",
            "not a requirement at all !!",
        )
        .add("fast_json")
        .add("ssl_extra")
        .add("tomli")
    )
    frozen = environment.freeze(root, adopt=False)
    assert [row.name for row in frozen.rows if row.name != "web"] == needed


def test_what_is_asked_for_and_not_installed_is_named() -> None:
    frozen = Environment().add("a", "1", "gone>=2").freeze("a", "never-installed")
    assert frozen.missing == (("gone", "a"), ("never-installed", ""))


def test_what_a_local_kernel_or_tool_needs_is_nobodys_need() -> None:
    own = {"url": "file:///mlenv.whl", "archive_info": {}}
    frozen = Environment().add("mlenv", "1", "uv", "tomlkit", url=own).add("tomlkit").add("six").freeze()
    assert requirements(frozen) == ["six==1.0"]
    assert frozen.missing == ()
    assert reasons(frozen) == {"mlenv": "kernel", "tomlkit": "kernel"}


def test_what_a_left_out_package_lacks_is_not_missed() -> None:
    own = {"url": "file:///p", "dir_info": {"editable": True}}
    assert Environment().add("my_tool", "1", "gone", url=own).add("six").freeze().missing == ()


def test_a_package_from_a_local_file_that_others_need_is_frozen_by_version_and_named() -> None:
    wheel = {"url": "file:///tmp/numpy-1.26.4-py3-none-any.whl", "archive_info": {}}
    frozen = Environment().add("pandas", "2.2", "numpy").add("numpy", "1.26.4", url=wheel).freeze("pandas")
    assert requirements(frozen) == ["numpy==1.26.4", "pandas==2.2"]
    assert frozen.by_version == ("numpy",)


def test_conda_builds_stay_out_unless_somebody_asks_for_them() -> None:
    environment = Environment().add("numpy", "1.26", installer="conda").add("six", "1.17")
    assert requirements(environment.freeze()) == ["six==1.17"]
    assert reasons(environment.freeze()) == {"numpy": "conda"}
    assert requirements(environment.freeze("numpy")) == ["numpy==1.26", "six==1.17"]


@pytest.mark.parametrize(
    ("url", "requirement"),
    [
        (
            {"url": "https://u:p@example.org/six-1.0-py3-none-any.whl", "archive_info": {"hashes": {"sha256": "00"}}},
            "six @ https://example.org/six-1.0-py3-none-any.whl#sha256=00",
        ),
        (
            {"url": "https://example.org/r.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}, "subdirectory": "py"},
            f"six @ git+https://example.org/r.git@{COMMIT}#subdirectory=py",
        ),
        (
            {"url": "ssh://git@example.org/r.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"six @ git+ssh://git@example.org/r.git@{COMMIT}",
        ),
    ],
)
def test_direct_references_are_written_as_any_machine_can_fetch_them(url: dict[str, object], requirement: str) -> None:
    assert requirements(Environment().add("six", "1.0", url=url).freeze()) == [requirement]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ({"url": "file:///srv/r.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}, "local"),
        ({"url": "https://example.org/r.git", "vcs_info": {"vcs": "git"}}, "unpinned"),
        ({"url": "http://example.org/six.whl", "archive_info": {}}, "local"),
    ],
)
def test_references_that_only_this_machine_can_fetch_stay_out(url: dict[str, object], why: str) -> None:
    assert reasons(Environment().add("six", "1.0", url=url).freeze()) == {"six": why}


def test_local_versions_stay() -> None:
    assert requirements(Environment().add("torch", "2.1.0+cu121").freeze()) == ["torch==2.1.0+cu121"]


def test_the_project_itself_is_never_a_row_and_what_it_alone_needs_is_not_by_hand() -> None:
    own = {"url": "file:///p", "dir_info": {"editable": True}}
    frozen = Environment().add("demo", "0.1", "six", url=own).add("six").freeze("six", project="demo")
    assert requirements(frozen) == ["six==1.0"]
    assert reasons(frozen) == {"demo": "project"}


def test_the_order_in_which_the_environment_is_read_changes_nothing() -> None:
    environment = everything()
    expected = environment.freeze("requests", "humanize")
    for seed in range(5):
        random.Random(seed).shuffle(environment.distributions)
        assert environment.freeze("humanize", "requests") == expected


@pytest.mark.parametrize(
    ("declared", "version", "expected"),
    [
        ("numpy<2", "2.0.2", "numpy>=2.0.2"),
        ("numpy>=1.20,<2", "2.0.2", "numpy>=1.20"),
        ("six==1.16.0", "1.17.0", "six==1.17.0"),
        ("six~=1.16.0", "1.17.0", "six~=1.17.0"),
        ("idna>=3.7", "3.6", "idna>=3.6"),
        ("idna>=3.7,<4", "3.6", "idna>=3.6,<4"),
        ("idna!=3.6", "3.6", "idna>=3.6"),
        ("rich[jupyter]<13; python_version > '3'", "13.1", 'rich[jupyter]>=13.1; python_version > "3"'),
        ("torch<2", "2.1+cu121", "torch>=2.1"),
        ("six>=1", "1.17.0", "six>=1"),
        ("six", "1.17.0", "six"),
        ("six @ https://example.org/six.whl", "1.17.0", "six @ https://example.org/six.whl"),
        ("six", None, None),
    ],
)
def test_a_declared_requirement_is_moved_only_as_far_as_the_installed_version_asks(
    declared: str, version: str | None, expected: str | None
) -> None:
    assert accepted(declared, version) == expected
