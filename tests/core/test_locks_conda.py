"""Locks of the conda world: what py-rattler finds in them, platforms, categories, environments, and what is broken."""

from __future__ import annotations

import json

import pytest
from locks_project import chosen, files_of, kinds, read, target, versions

from mlenv.errors import MlenvError
from mlenv.locks import Target
from mlenv.locks.conda_explicit import parse_explicit
from mlenv.locks.conda_lock import parse_conda_lock
from mlenv.locks.conda_rows import archive_of, pypi_name, spec_name, subdir_of
from mlenv.locks.content import LockContent
from mlenv.locks.pixi_lock import parse_pixi_lock
from mlenv.locks.place import Place
from mlenv.locks.yaml_text import parse_yaml

PLACE = Place(file="some.yml", code="lock-unreadable")
LINUX, MAC, WINDOWS = target(), target(system="darwin"), target(system="win32")
PIXI = files_of("pixi-7/pixi.lock", "pixi-7/pixi.toml")
CONDA_LOCK = files_of("conda-lock-1/conda-lock.yml", "conda-lock-1/environment.yml")


def _held(content: LockContent) -> dict[str, str | None]:
    return {f"{'conda' if pin.source.kind == 'conda' else 'pip'} {pin.name}": pin.version for pin in content.pins}


def _oracle(folder: str) -> list[tuple[str, str, str, dict[str, str]]]:
    rows = json.loads(read(f"{folder}/rattler.json"))
    return [
        (f"{folder}/{file}", *key.split("/"), packages)
        for file, environments in rows.items()
        for key, packages in environments.items()
    ]  # type: ignore[misc]


@pytest.mark.parametrize(("file", "environment", "platform", "packages"), [*_oracle("pixi-7"), *_oracle("pixi-1-to-6")])
def test_pixi_locks_hold_what_py_rattler_finds(
    file: str, environment: str, platform: str, packages: dict[str, str]
) -> None:
    content = parse_pixi_lock(read(file), "pixi.lock", LINUX if platform == "linux-64" else MAC, environment)
    assert _held(content) == packages
    assert content.exact


def test_a_conda_lock_holds_what_py_rattler_finds() -> None:
    ((file, _, _, first), (_, _, _, second)) = _oracle("conda-lock-1")
    text = read(file)
    assert {"conda python", "pip idna", "conda six"} <= first.keys()
    assert [_held(parse_conda_lock(text, "conda-lock.yml", platform)) for platform in (LINUX, MAC)] == [first, second]


def test_the_category_dev_comes_along_unless_no_group_is_wanted() -> None:
    text = read("conda-lock-1/conda-lock.yml")
    assert "conda six" in _held(parse_conda_lock(text, "l", LINUX))
    assert "conda six" not in _held(parse_conda_lock(text, "l", LINUX, ()))
    assert parse_conda_lock(text, "l", LINUX).groups == ("dev",)
    with pytest.raises(MlenvError) as problem:
        parse_conda_lock(text, "l", LINUX, ("docs",))
    assert problem.value.code == "group-unknown"


def test_builds_hashes_and_index_names_are_kept() -> None:
    pins = {pin.name: pin for pin in parse_pixi_lock(read("pixi-1-to-6/v6.lock"), "pixi.lock", LINUX).pins}
    assert (pins["pytorch"].source.commit, pins["pytorch"].source.url) == ("cpu_py311hd5f0b8f_0", "pkg:pypi/torch")
    assert pins["libzlib"].source.url == ""
    content = parse_conda_lock(read("conda-lock-1/conda-lock.yml"), "l", LINUX)
    assert content.hashes["idna"] == ("sha256:ab7ae7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c",)
    assert content.wheels["idna"] == ("idna-3.20-py3-none-any.whl",)


def test_an_explicit_list_is_what_it_was_rendered_from() -> None:
    text = read("conda-explicit/conda-linux-64.lock")
    assert _held(parse_explicit(text, "l", LINUX)) == _oracle("conda-lock-1")[0][3]
    other = parse_explicit(text, "l", MAC)
    assert other.pins == ()
    assert [(row.kind, "osx-arm64" in row.reason, "linux-64" in row.reason) for row in other.findings] == [
        ("undecidable", True, True)
    ]


def test_an_explicit_list_says_its_platform_by_its_addresses_too() -> None:
    rows = "@EXPLICIT\nhttps://conda.example.org/demo/win-64/six-1.0-py_0.tar.bz2\nhttps://conda.example.org/x/noarch/a-1-0.conda\n"
    assert [pin.name for pin in parse_explicit(rows, "l", WINDOWS).pins] == ["a", "six"]
    assert parse_explicit(rows, "l", LINUX).pins == ()
    assert [pin.name for pin in parse_explicit(rows.replace("win-64", "noarch"), "l", LINUX).pins] == ["a", "six"]


@pytest.mark.parametrize("name", ["requirements.txt", "conda-linux-64.lock"])
def test_an_explicit_list_is_one_whatever_its_name_is(name: str) -> None:
    found = chosen({name: read("conda-explicit/conda-linux-64.lock")}, lock=name)
    assert versions(found)["graphviz"] == "9.0.0"


def test_an_exported_environment_is_a_lock_and_exact() -> None:
    found = chosen(files_of("conda-environment/environment.yml"))
    assert (found.choice.lock, found.choice.kind, found.choice.manifest) == ("environment.yml", "conda", None)
    assert found.selection.exact
    assert versions(found)["idna"] == "3.20"
    assert versions(found)["pytorch"] == "2.1.0"
    assert {pin.source.commit for pin in found.selection.pins if pin.name == "pytorch"} == {"cpu_py311hd5f0b8f_0"}


def test_an_environment_with_an_open_row_is_a_manifest() -> None:
    found = chosen(files_of("conda-lock-1/environment.yml"))
    assert (found.choice.lock, found.choice.manifest) == (None, "environment.yml")
    rows = {row.name: (row.text, row.conda) for row in found.selection.declared}
    assert rows["numpy"] == ("numpy >=1.26,<2", True)
    assert rows["idna"] == ("idna>=3,<4", False) or rows["idna"] == ("idna<4,>=3", False)


def test_an_environment_beside_a_manifest_of_python_packages_is_no_lock_unless_named() -> None:
    files = {**files_of("conda-environment/environment.yml"), "pyproject.toml": b'[project]\nname = "demo"\n'}
    assert chosen(files).choice.lock is None
    assert chosen(files, lock="environment.yml").choice.kind == "conda"


def test_pixi_s_environment_is_default_or_the_one_that_is_named() -> None:
    assert versions(chosen(PIXI))["six"] == "1.17.0"
    assert versions(chosen(PIXI, groups=("dev",)))["six"] == "1.16.0"
    settings = b'env = ".pixi/envs/dev"\n'
    assert versions(chosen({**PIXI, "mlenv.toml": settings}))["six"] == "1.16.0"
    with pytest.raises(MlenvError) as problem:
        chosen(PIXI, groups=("docs",))
    assert problem.value.code == "group-unknown"
    with pytest.raises(MlenvError):
        chosen(PIXI, groups=("default", "dev"))


def test_a_platform_that_the_lock_was_not_made_for_is_told_with_those_it_has() -> None:
    for files in (PIXI, CONDA_LOCK):
        found = chosen(files, system="win32")
        assert found.selection.pins == ()
        assert kinds(found) == [("undecidable", None)]
        assert "linux-64, osx-arm64" in found.selection.findings[0].reason


def test_fresh_locks_agree_with_their_manifests() -> None:
    assert kinds(chosen(PIXI)) == []
    assert kinds(chosen(PIXI, groups=("dev",))) == []
    assert kinds(chosen(CONDA_LOCK)) == []


@pytest.mark.parametrize(
    ("files", "name", "old", "new", "package"),
    [
        (PIXI, "pixi.toml", '">=1.26,<2"', '">=2"', "numpy"),
        (PIXI, "pixi.toml", 'python-graphviz = "*"', 'python-graphviz = "*"\nscipy = "*"', "scipy"),
        (PIXI, "pixi.toml", 'idna = ">=3,<4"', 'idna = ">=4"', "idna"),
        (PIXI, "pixi.toml", 'idna = ">=3,<4"', 'idna = ">=3"\nrich = "*"', "rich"),
        (CONDA_LOCK, "environment.yml", "numpy >=1.26,<2", "numpy >=2", "numpy"),
        (CONDA_LOCK, "environment.yml", "  - pytorch", "  - pytorch=2.1.0=cuda*", "pytorch"),
        (CONDA_LOCK, "environment.yml", "  - pytorch", "  - pytorch\n  - scipy", "scipy"),
        (CONDA_LOCK, "environment.yml", "idna >=3,<4", "idna >=4", "idna"),
    ],
)
def test_what_was_asked_for_since_is_a_stale_lock(
    files: dict[str, bytes], name: str, old: str, new: str, package: str
) -> None:
    changed = {**files, name: files[name].replace(old.encode(), new.encode())}
    assert changed != files
    assert kinds(chosen(changed)) == [("relock", package)]


@pytest.mark.parametrize(
    ("files", "name", "old", "new"),
    [
        (PIXI, "pixi.toml", '">=1.26,<2"', '"1.26.*"'),
        (PIXI, "pixi.toml", "[feature.dev", "[target.win-64.dependencies]\nscipy = '*'\n[feature.dev"),
        (PIXI, "pixi.toml", "[feature.dev", "[target.unix.dependencies]\nnumpy = '<3'\n[feature.dev"),
        (PIXI, "pixi.toml", 'idna = ">=3,<4"', "torch = { version = '*', env-markers = \"sys_platform == 'win32'\" }"),
        (CONDA_LOCK, "environment.yml", "numpy >=1.26,<2", "conda-forge::NumPy=1.26"),
        (CONDA_LOCK, "environment.yml", "  - pytorch", "  - pytorch\n  - pywin32  # [win]"),
        (CONDA_LOCK, "environment.yml", "  - pytorch", "  - pytorch 2.1.0 cpu_*\n  - __glibc >=2.17"),
    ],
)
def test_other_spellings_and_rows_of_other_platforms_are_no_stale_lock(
    files: dict[str, bytes], name: str, old: str, new: str
) -> None:
    changed = {**files, name: files[name].replace(old.encode(), new.encode())}
    assert changed != files
    assert kinds(chosen(changed)) == []


PYPROJECT = """[project]
name = "demo"
dependencies = ["idna>=3"]
[project.optional-dependencies]
more = ["six"]
[tool.pixi.workspace]
channels = ["https://conda.example.org/demo"]
platforms = ["linux-64"]
[tool.pixi.dependencies]
python = "3.11.*"
[tool.pixi.environments]
dev = ["more"]
"""


def test_pyproject_is_pixi_s_manifest_where_the_lock_is_pixi_s() -> None:
    files = {"pixi.lock": PIXI["pixi.lock"], "pyproject.toml": PYPROJECT}
    assert kinds(chosen(files)) == []
    assert kinds(chosen(files, groups=("dev",))) == []
    more = PYPROJECT.replace('python = "3.11.*"', 'python = "3.12.*"').replace("idna>=3", "idna>=4")
    assert kinds(chosen({**files, "pyproject.toml": more})) == [("relock", "python"), ("relock", "idna")]


def test_index_names_that_conda_fulfils_are_not_missing() -> None:
    files = {"pixi.lock": read("pixi-1-to-6/v6.lock"), "pixi.toml": PIXI["pixi.toml"]}
    asked = files["pixi.toml"].replace(b'idna = ">=3,<4"', b'torch = ">=2"')  # type: ignore[union-attr]
    assert kinds(chosen({**files, "pixi.toml": asked})) == []
    asked = files["pixi.toml"].replace(b'idna = ">=3,<4"', b'torch = ">=3"')  # type: ignore[union-attr]
    assert kinds(chosen({**files, "pixi.toml": asked})) == [("relock", "torch")]


def test_a_package_that_a_locked_one_needs_and_that_is_gone_is_a_stale_pixi_lock() -> None:
    text = PIXI["pixi.lock"].decode()
    row = "      - conda: https://conda.example.org/demo/linux-64/graphviz-9.0.0-h78e8752_1.conda\n"
    assert row in text
    found = parse_pixi_lock(text.replace(row, ""), "pixi.lock", LINUX)
    assert [(finding.kind, finding.package) for finding in found.findings] == [("relock", "python-graphviz")]


@pytest.mark.parametrize("part", range(2, 20))
def test_a_pixi_lock_that_was_cut_between_two_rows_is_not_a_shorter_lock(part: int) -> None:
    text = read("pixi-7/pixi.lock")
    end = text.index("\n- ", len(text) * part // 20) + 1 if part < 19 else text.rindex("\n- ") + 1
    with pytest.raises(MlenvError) as problem:
        parse_pixi_lock(text[:end], "pixi.lock", LINUX)
    assert problem.value.code in {"lock-truncated", "lock-unreadable"}


def test_a_conda_lock_that_was_cut_inside_a_row_or_before_what_another_needs_is_told() -> None:
    text = read("conda-lock-1/conda-lock.yml")
    row = text.index("- name: python\n")
    for end in (text.index("- name: numpy\n") + 90, text.index("hash:", row) + 20, row):
        with pytest.raises(MlenvError) as problem:
            parse_conda_lock(text[:end], "l", LINUX)
        assert problem.value.code in {"lock-truncated", "lock-unreadable"}


@pytest.mark.parametrize(
    ("reader", "text", "code", "place"),
    [
        (parse_pixi_lock, "", "lock-truncated", "l"),
        (parse_pixi_lock, "version: 8\n", "lock-version-unsupported", "version"),
        (parse_pixi_lock, "version: new\n", "lock-version-unsupported", "version"),
        (parse_pixi_lock, "environments: {}\n", "lock-unreadable", "l"),
        (parse_pixi_lock, "version: 6\nenvironments:\n  dev: {}\n", "group-unknown", "environments"),
        (parse_pixi_lock, "version: 6\nenvironments: []\n", "lock-unreadable", "environments"),
        (parse_conda_lock, "version: 2\n", "lock-version-unsupported", "version"),
        (parse_conda_lock, "version: 1\nmetadata:\n  platforms: linux-64\n", "lock-unreadable", "metadata.platforms"),
        (parse_conda_lock, "version: 1\nversion: 1\n", "lock-unreadable", "line 2"),
        (parse_conda_lock, "version: 1\n\tx: 1\n", "lock-unreadable", "line 2"),
        (parse_conda_lock, "<<<<<<< ours\nversion: 1\n", "lock-unreadable", "line 1"),
        (parse_explicit, "https://conda.example.org/noarch/a-1-0.conda\n", "lock-unreadable", "l"),
        (parse_explicit, "@EXPLICIT\nhttps://conda.example.org/noarch/a-1-0.conda#abc\n", "lock-unreadable", "line 2"),
        (parse_explicit, "@EXPLICIT\nnumpy=1.26\n", "lock-unreadable", "line 2"),
    ],
)
def test_what_cannot_be_read_is_one_error_with_its_place(reader: object, text: str, code: str, place: str) -> None:
    with pytest.raises(MlenvError) as problem:
        reader(text, "l", LINUX)  # type: ignore[operator]
    assert (problem.value.code, place in problem.value.where) == (code, True)


def test_two_versions_of_one_package_for_one_platform_are_refused() -> None:
    text = read("conda-explicit/conda-linux-64.lock")
    more = text + "https://conda.example.org/demo/noarch/six-1.17.0-pyhd8ed1ab_0.conda\n"
    with pytest.raises(MlenvError) as problem:
        parse_explicit(more, "l", LINUX)
    assert problem.value.code == "lock-ambiguous"


@pytest.mark.parametrize(
    ("system", "machine", "subdir"),
    [
        ("linux", "x86_64", "linux-64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("linux", "arm64", "linux-aarch64"),
        ("linux", "ppc64le", "linux-ppc64le"),
        ("darwin", "arm64", "osx-arm64"),
        ("darwin", "x86_64", "osx-64"),
        ("win32", "AMD64", "win-64"),
        ("win32", "ARM64", "win-arm64"),
        ("win32", "x86", "win-32"),
    ],
)
def test_platforms_have_conda_s_names(system: str, machine: str, subdir: str) -> None:
    assert subdir_of(Target(markers={"sys_platform": system, "platform_machine": machine})) == subdir


def test_names_of_packages_are_read_from_addresses_and_specifications() -> None:
    assert archive_of("https://x/noarch/font-ttf-dejavu-sans-mono-2.37-hab24e00_0.tar.bz2") == (
        "font-ttf-dejavu-sans-mono", "2.37", "hab24e00_0",
    )  # fmt: skip
    assert archive_of("../folder") is None
    assert spec_name("conda-forge::NumPy >=1.2") == "numpy"
    assert spec_name("libgomp>=7.5.0") == "libgomp"
    assert pypi_name(["pkg:conda/x", "pkg:pypi/Foo_Bar?source=hash-mapping"]) == "foo-bar"


def test_yaml_scalars_are_the_text_that_stands_there() -> None:
    text = "a: 1.10\nb: no\nc: ~\nd: 'null'\ne:\nf: 0o17\ng: 2024-01-01\nh: &x [1]\ni: *x\nj: {<<: {k: 1}, l: 2}\n"
    assert parse_yaml(text, PLACE) == {
        "a": "1.10", "b": "no", "c": None, "d": "null", "e": None, "f": "0o17", "g": "2024-01-01", "h": ["1"],
        "i": ["1"], "j": {"k": "1", "l": "2"},
    }  # fmt: skip


def test_no_tag_of_yaml_makes_an_object() -> None:
    assert parse_yaml("a: !!python/object/apply:os.getcwd []\n", PLACE) == {"a": []}


def _bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (_bomb(), "file-too-large", "line"),
        ("{" * 200, "lock-unreadable", "line 1"),
        ("a: *missing\n", "lock-unreadable", "line 1"),
        ("a: 1\n---\nb: 2\n", "lock-unreadable", "line 2"),
        ("a: 'open\n", "lock-truncated", "end of file"),
        ("a: [1,\n", "lock-truncated", "end of file"),
        ("a: 1\nb", "lock-truncated", "end of file"),
        ("a: b: c\n", "lock-unreadable", "line 1"),
        ("a: \x01\n", "lock-unreadable", "some.yml"),
        ("? [a]\n: b\n", "lock-unreadable", "line 1"),
        ("- a\n", "lock-unreadable", "some.yml"),
    ],
)
def test_yaml_that_is_none_is_one_error_with_its_place(text: str, code: str, place: str) -> None:
    with pytest.raises(MlenvError) as problem:
        parse_yaml(text, PLACE)
    assert (problem.value.code, place in problem.value.where) == (code, True)


@pytest.mark.parametrize("address", ["https://[x/a-1-py3-none-any.whl", "git+https://[tool]/x", "direct+https://[::/x"])
def test_an_address_that_is_none_is_one_error_with_its_line(address: str) -> None:
    text = f"@EXPLICIT\n# pip a @ {address}\n"
    with pytest.raises(MlenvError) as problem:
        parse_explicit(text, "l", LINUX)
    assert (problem.value.code, "line 2" in problem.value.where) == ("lock-unreadable", True)


BIG = """version: 7
platforms:
- name: big
  subdir: linux-64
  virtual-packages: [__cuda=12]
- name: small
  subdir: linux-64
environments:
  default:
    channels: []
    packages:
      big:
      - conda: https://conda.example.org/demo/linux-64/six-1.16.0-py_0.conda
      small:
      - conda: https://conda.example.org/demo/linux-64/six-1.17.0-py_0.conda
packages:
- conda: https://conda.example.org/demo/linux-64/six-1.16.0-py_0.conda
- conda: https://conda.example.org/demo/linux-64/six-1.17.0-py_0.conda
"""


def test_of_several_platforms_that_can_be_this_one_only_pixi_tells_which_it_took() -> None:
    found = parse_pixi_lock(BIG, "pixi.lock", LINUX)
    assert [(row.kind, "big, small" in row.reason) for row in found.findings] == [("undecidable", True)]
    assert found.pins == ()
    alike = parse_pixi_lock(BIG.replace("1.17.0", "1.16.0").replace("- conda", "-  conda", 3), "pixi.lock", LINUX)
    assert [pin.version for pin in alike.pins] == ["1.16.0"]
    own = parse_pixi_lock(BIG.replace("small", "linux-64"), "pixi.lock", LINUX)
    assert [pin.version for pin in own.pins] == ["1.17.0"]


def test_pixi_takes_the_platform_that_is_emulated_where_its_own_is_not_there() -> None:
    text = PIXI["pixi.lock"].decode().replace("osx-arm64", "osx-64").replace("linux-64", "win-64")
    assert "conda python" in _held(parse_pixi_lock(text, "pixi.lock", MAC))
    arm = Target(markers={**WINDOWS.markers, "platform_machine": "ARM64"})
    assert "conda python" in _held(parse_pixi_lock(text, "pixi.lock", arm))
    other = parse_pixi_lock(PIXI["pixi.lock"].decode(), "pixi.lock", arm)
    assert [row.kind for row in other.findings] == ["undecidable"]


def test_what_only_the_machine_decides_is_not_held_against_the_lock() -> None:
    more = PIXI["pixi.toml"].replace(b"[pypi-dep", b'gpu = { version = "*", when = "__cuda>=12" }\n[pypi-dep')
    assert more != PIXI["pixi.toml"]
    assert kinds(chosen({**PIXI, "pixi.toml": more})) == []


def test_folders_and_repositories_keep_where_they_come_from() -> None:
    rows = [
        "- pypi: ./lib\n  name: lib\n  editable: true\n", "- pypi: ./mine\n  name: mine\n  version: '1'\n",
        "- pypi: git+https://host.example/a.git?rev=main#0123456789012345678901234567890123456789\n  name: a\n  version: '2'\n",
        "- pypi: direct+https://host.example/b-3-py3-none-any.whl\n  name: b\n  version: '3'\n",
    ]  # fmt: skip
    refs = "".join(f"      - pypi: {row.split(': ')[1].split(chr(10))[0]}\n" for row in rows)
    text = f"version: 6\nenvironments:\n  default:\n    channels: []\n    packages:\n      linux-64:\n{refs}packages:\n"
    found = {pin.name: (pin.version, pin.source.kind) for pin in parse_pixi_lock(text + "".join(rows), "l", LINUX).pins}
    assert found == {"lib": (None, "editable"), "mine": (None, "path"), "a": ("2", "vcs"), "b": ("3", "url")}
    pins = {pin.name: pin.source for pin in parse_pixi_lock(text + "".join(rows), "l", LINUX).pins}
    assert pins["a"].url == "https://host.example/a.git"
    assert pins["a"].commit == "0123456789012345678901234567890123456789"
    assert pins["lib"].url == "lib"
