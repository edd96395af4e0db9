"""An ``environment.yml`` of what is installed: rows of conda and of pip apart, no builds, nothing of one machine."""

from __future__ import annotations

import pytest

from mlenv.freezing import Package
from mlenv.freezing.environment_file import EnvironmentRows, channel_of, environment_rows, render_environment
from mlenv.locks.place import Place
from mlenv.locks.yaml_events import parse_events
from mlenv.model import Distribution, Installed, Source


def record(name: str, version: str) -> Distribution:
    return Distribution(name=name, version=version, source=Source(kind="conda", commit="h0_0"))


GIT = '{"url": "https://user:pw@host.example/a.git", "vcs_info": {"vcs": "git", "commit_id": "ab12"}}'
HERE = Installed(
    distributions=(
        Distribution(name="numpy", version="1.26.4"),
        Distribution(name="torch", version="2.0.1"),
        Distribution(name="demo", version="1.0"),
        Distribution(name="ipykernel", version="7.0"),
        Distribution(name="a", version="1", source=Source(kind="vcs", url="https://host.example/a.git", commit="ab12")),
        Distribution(name="mine", version="1", source=Source(kind="editable", url="/home/me/mine")),
        Distribution(name="rich", version="13.0"),
    ),
    conda=(record("pytorch", "2.1.0"), record("numpy", "1.26.4"), record("openssl", "3.0.1"), record("odd name", "1")),
    owned=("numpy",),
    overwritten=(("pytorch", "2.0.1"),),
)


def test_rows_are_kept_apart_and_what_lies_on_one_machine_is_left_out() -> None:
    found = environment_rows(HERE, {"a": Package(name="A", direct_url=GIT), "rich": Package(name="Rich")}, "demo")
    assert found.conda == ("numpy=1.26.4", "openssl=3.0.1", "pytorch=2.1.0")
    assert found.pip == ("A @ git+https://host.example/a.git@ab12", "Rich==13.0", "torch==2.0.1")
    assert [(row.name, row.why) for row in found.left_out] == [("mine", "editable")]


def test_the_text_says_the_same_when_it_is_read() -> None:
    rows = EnvironmentRows(conda=("numpy=1.26.4",), pip=("A @ git+https://host.example/a.git@ab12#egg=a", "six==1.0"))
    text = render_environment("my: project", ("https://conda.example.org/x", "conda-forge"), rows)
    assert parse_events(text, Place(file="x", code="x")) == {
        "name": "my: project",
        "channels": ["https://conda.example.org/x", "conda-forge"],
        "dependencies": ["numpy=1.26.4", {"pip": list(rows.pip)}],
    }
    assert "pip:" not in render_environment("x", (), EnvironmentRows(conda=("a=1",)))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("https://conda.example.org/forge/linux-64", "https://conda.example.org/forge"),
        ("https://conda.example.org/forge/noarch/", "https://conda.example.org/forge"),
        ("https://me:secret@conda.example.org/t/TOKEN/forge/", "https://conda.example.org/forge"),
        ("conda-forge", "conda-forge"),
        ("file:///srv/channel/", "file:///srv/channel"),
    ],
)
def test_channels_are_named_without_token_user_and_platform(written: str, wanted: str) -> None:
    assert channel_of(written) == wanted
