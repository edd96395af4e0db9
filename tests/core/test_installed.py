"""What installers write is read for what it says: folder names, RECORD, METADATA, direct_url.json, pyvenv.cfg."""

from __future__ import annotations

import json

import pytest

from mlenv import installed
from mlenv.model import Distribution, Installed, Source


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("six-1.17.0.dist-info", ("six", "1.17.0")),
        ("scikit_learn-1.5.0.dist-info", ("scikit-learn", "1.5.0")),
        ("ruamel.yaml-0.18.6.dist-info", ("ruamel-yaml", "0.18.6")),
        ("zope.interface__x-1.0.dist-info", ("zope-interface-x", "1.0")),
        ("torch-2.5.1+cu121.dist-info", ("torch", "2.5.1+cu121")),
        ("PyYAML-5.3.1.egg-info", ("pyyaml", "5.3.1")),
        ("lxml-4.9.2-py3.9.egg-info", ("lxml", "4.9.2")),
        ("numpy-1.19.0-py3.8-linux-x86_64.egg", ("numpy", "1.19.0")),
        ("demo.egg-info", ("demo", "")),
        ("backports-abc-0.5.dist-info", ("backports-abc", "0.5")),
        ("numpy", None),
        ("six.py", None),
        (".dist-info", None),
        ("distutils-precedence.pth", None),
    ],
)
def test_a_metadata_folder_names_a_distribution(entry: str, expected: tuple[str, str] | None) -> None:
    assert installed.parse_folder_name(entry) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"url": "file:///work/my%20lib/", "dir_info": {"editable": True}},
            Source(kind="editable", url="/work/my lib"),
        ),
        ({"url": "file:///work/lib", "dir_info": {}}, Source(kind="path", url="/work/lib")),
        ({"url": "file:///C:/work/lib", "dir_info": {}}, Source(kind="path", url="C:/work/lib")),
        ({"url": "file:///w/six-1.0.whl", "archive_info": {}}, Source(kind="path", url="/w/six-1.0.whl")),
        (
            {"url": "https://me:t0ken@host.example/six-1.0.whl#sha256=ab", "archive_info": {"hash": "sha256=ab"}},
            Source(kind="url", url="https://host.example/six-1.0.whl", hash="sha256:ab"),
        ),
        (
            {"url": "https://host.example/six.git", "vcs_info": {"vcs": "git", "commit_id": "abcd"}},
            Source(kind="vcs", url="https://host.example/six.git", commit="abcd"),
        ),
    ],
)
def test_direct_url_says_where_a_package_came_from(content: dict[str, object], expected: Source) -> None:
    assert installed.parse_direct_url(json.dumps(content)) == expected


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"dir_info": {}}', "null"])
def test_a_direct_url_that_cannot_be_read_never_counts_as_the_index(text: str) -> None:
    assert installed.parse_direct_url(text) == Source(kind="url")


def test_metadata_is_read_up_to_the_description_with_continued_lines() -> None:
    text = (
        "Metadata-Version: 2.1\nName: Demo\nVersion: 1.0\nSummary: a: b\nRequires-Python: >=3.9\n"
        "Requires-Dist: numpy<2\nRequires-Dist: rich; extra ==\n    'pretty'\nProvides-Extra: pretty\n\nVersion: 9\n"
    )
    found = installed.parse_metadata(text)
    assert (found.name, found.version, found.summary, found.requires_python) == ("Demo", "1.0", "a: b", ">=3.9")
    assert found.requires == ("numpy<2", "rich; extra == 'pretty'")
    assert found.provides_extra == ("pretty",)


def test_a_record_row_may_be_quoted_and_may_have_no_size() -> None:
    text = 'six.py,sha256=ab,12\n"a,""b"".py",sha256=cd,3\nsix-1.0.dist-info/RECORD,,\n\n'
    assert installed.parse_record(text) == (
        ("six.py", "sha256=ab", 12),
        ('a,"b".py', "sha256=cd", 3),
        ("six-1.0.dist-info/RECORD", "", None),
    )


def test_top_levels_are_what_python_can_import_and_nothing_else() -> None:
    record = "\n".join(
        f"{path},,"
        for path in (
            "numpy/__init__.py", "numpy/core/x.py", "numpy.libs/libopenblas.so", "six.py", "__pycache__/six.pyc",
            "_cffi_backend.cpython-312-x86_64-linux-gnu.so", "numpy-1.0.dist-info/RECORD", "../../../bin/f2py",
            "distutils-precedence.pth", "demo-1.0.data/scripts/x", "yaml-stubs/__init__.pyi", "LICENSE",
        )
    )  # fmt: skip
    assert installed.top_levels(record) == ("_cffi_backend", "numpy", "six", "yaml-stubs")


def test_without_a_record_top_level_txt_tells() -> None:
    assert installed.top_levels("", "yaml\n_yaml\n\n") == ("_yaml", "yaml")
    assert installed.top_levels("six.py,,\n", "wrong\n") == ("six",)


def test_requirements_of_an_extra_count_only_when_it_is_asked_for() -> None:
    texts = ['numpy<2; python_version < "4"', "Rich[jupyter]>=1; extra == 'Pretty'", "b @ https://host.example/b.zip"]
    assert installed.parse_requires(texts) == (("numpy", ()), ("b", ()))
    assert installed.parse_requires(texts, {"pretty"}) == (("numpy", ()), ("rich", ("jupyter",)), ("b", ()))


def test_pyvenv_cfg_is_read_whoever_wrote_it() -> None:
    cfg = installed.parse_pyvenv_cfg("home = /usr/bin\nVersion_Info=3.12.1\nuv = 0.9.0\nprompt = a = b\nnonsense\n")
    assert cfg == {"home": "/usr/bin", "version_info": "3.12.1", "uv": "0.9.0", "prompt": "a = b"}


def test_damage_is_told_in_one_sentence() -> None:
    assert installed.damage_reason(["six.py is missing"]) == "six.py is missing"
    assert installed.damage_reason(["a.py is missing", "b.py is missing"]) == (
        "2 files are not as installed: a.py is missing, ..."
    )


def test_further_damage_does_not_replace_the_reason_that_is_known() -> None:
    six = Distribution(name="six", version="1.0")
    before = Installed(distributions=(six,), damaged=(("six", "known"),), leftovers=("~ix",))
    after = installed.with_damage(before, [("six", "new"), ("attrs", "gone")])
    assert after.damaged == (("attrs", "gone"), ("six", "known"))
    assert (after.distributions, after.leftovers) == (before.distributions, before.leftovers)


def test_files_that_differ_are_listed_and_a_better_reason_stays() -> None:
    """What compared every file lists them all; a reason that says more than a file's size is kept."""
    before = Installed(distributions=(Distribution(name="six", version="1"), Distribution(name="idna", version="3")))
    faults = [("six", ("six.py was changed", "a.py is missing")), ("idna", ("WHEEL has another size",)), ("x", ())]
    after = installed.with_damage(before, [("idna", "Built for macOS (arm64), kernel is Linux (x86_64)")], faults)
    assert dict(after.damaged) == {
        "six": "2 files are not as installed: six.py was changed, ...",
        "idna": "Built for macOS (arm64), kernel is Linux (x86_64)",
    }
    assert after.faults == (("six", ("six.py was changed", "a.py is missing")), ("idna", ("WHEEL has another size",)))
