"""A manifest is edited as its author wrote it: nothing but the asked rows changes."""

from __future__ import annotations

import tomllib

import pytest

from mlenv.errors import MlenvError
from mlenv.manifest_edit import (
    add_dependencies,
    add_requirements,
    add_to_pipfile,
    new_pyproject,
    remove_dependencies,
    remove_from_pipfile,
    remove_requirements,
    set_requires_python,
)

COMMENTED = """\
# the project
[project]
name = "demo"   # keep me
dependencies = [
    # numbers
    "numpy>=1.26,<3",  # the ABI
    'pandas',
    # end
]

[project.optional-dependencies]
plot = ["matplotlib"]

[tool.other]
x = 1
"""


def test_a_new_row_takes_the_style_of_its_neighbours_and_nothing_else_changes() -> None:
    edited = add_dependencies(COMMENTED, ["scipy"])
    assert edited == COMMENTED.replace("    'pandas',\n", "    'pandas',\n    \"scipy\",\n")


def test_sorted_rows_stay_sorted_and_comments_stay_with_their_row() -> None:
    edited = add_dependencies(COMMENTED, ["attrs", "Orange3"])
    assert edited == COMMENTED.replace("[\n    # numbers", '[\n    "attrs",\n    # numbers').replace(
        "# the ABI\n", '# the ABI\n    "Orange3",\n'
    )


def test_a_declared_name_is_changed_in_place_and_keeps_its_comment() -> None:
    edited = add_dependencies(COMMENTED, ["NumPy==2.0.2"])
    assert edited == COMMENTED.replace('"numpy>=1.26,<3"', '"numpy==2.0.2"')


def test_a_name_without_specifier_leaves_a_declared_row_alone() -> None:
    assert add_dependencies(COMMENTED, ["numpy", "pandas"]) == COMMENTED


def test_extras_are_joined_and_markers_stay() -> None:
    text = "[project]\ndependencies = [\"rich[jupyter]>=13; python_version < '4'\"]\n"
    assert tomllib.loads(add_dependencies(text, ["rich[x]>=14"]))["project"]["dependencies"] == [
        'rich[jupyter,x]>=14; python_version < "4"'
    ]


def test_a_new_marker_is_a_row_of_its_own() -> None:
    text = "[project]\ndependencies = [\n    \"numpy<2; python_version < '3.10'\",\n]\n"
    edited = add_dependencies(text, ["numpy>=2; python_version >= '3.10'"])
    assert edited == text[:-2] + "    'numpy>=2; python_version >= \"3.10\"',\n]\n"


def test_the_last_row_without_comma_gets_one_and_the_habit_stays() -> None:
    text = '[project]\ndependencies = [\n  "six"\n]\n'
    assert add_dependencies(text, ["zope"]) == '[project]\ndependencies = [\n  "six",\n  "zope"\n]\n'
    assert remove_dependencies(add_dependencies(text, ["zope"]), ["zope"]) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["six"]  # c', '["six", "zope"]  # c'),
        ('[ "six", "toml" ]', '[ "six", "toml", "zope" ]'),
        ('["six",]', '["six", "zope",]'),
        ("[]", '[\n    "zope",\n]'),
        ("[\n]", '[\n    "zope",\n]'),
        ("[\n    # none yet\n]", '[\n    "zope",\n    # none yet\n]'),
    ],
)
def test_every_way_to_write_a_list_is_extended_in_its_own_way(before: str, after: str) -> None:
    text = f'[project]\nname = "demo"\ndependencies = {before}\nversion = "1"\n'
    assert add_dependencies(text, ["zope"]) == text.replace(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["six", "zope"]', '["zope"]'),
        ('["attrs", "six"]', '["attrs"]'),
        ('["attrs", "six",]', '["attrs",]'),
        ('[ "six" ]', "[ ]"),
        ('["six"]', "[]"),
        ('[\n    "a",\n    "six",  # why\n    "z",\n]', '[\n    "a",\n    "z",\n]'),
        ('[\n    # top\n    "six",\n]', "[\n    # top\n]"),
        ('[\n    "a",\n    "six"\n]', '[\n    "a"\n]'),
        ('[\n    "six>=1; os_name == \'nt\'",\n    "six<1; os_name != \'nt\'",\n    "z",\n]', '[\n    "z",\n]'),
    ],
)
def test_a_row_goes_with_its_comma_its_line_and_its_comment(before: str, after: str) -> None:
    text = f'[project]\nname = "demo"\ndependencies = {before}\nversion = "1"\n'
    assert remove_dependencies(text, ["Six"]) == text.replace(before, after)


def test_a_project_without_dependencies_gets_the_list_inside_its_table() -> None:
    edited = add_dependencies('[project]\nname = "demo"\n\n[project.urls]\na = "b"\n', ["six"])
    read = tomllib.loads(edited)
    assert read["project"]["dependencies"] == ["six"]
    assert read["project"]["urls"] == {"a": "b"}


def test_groups_are_made_found_by_normalised_name_and_keep_includes() -> None:
    made = add_dependencies('[project]\nname = "demo"\n', ["pytest>=8"], group="test")
    assert made == '[project]\nname = "demo"\n\n[dependency-groups]\ntest = [\n    "pytest>=8",\n]\n'
    text = '[dependency-groups]\nDev_Tools = [{include-group = "test"}, "ruff"]\n'
    assert add_dependencies(text, ["mypy"], group="dev-tools") == text.replace('"ruff"', '"ruff", "mypy"')
    assert remove_dependencies(text, ["ruff"], group="dev-tools") == text.replace(', "ruff"', "")


def test_windows_line_ends_stay() -> None:
    text = COMMENTED.replace("\n", "\r\n")
    edited = add_dependencies(text, ["scipy"])
    assert edited == add_dependencies(COMMENTED, ["scipy"]).replace("\n", "\r\n")


def test_dotted_keys_and_inline_tables_are_found() -> None:
    assert add_dependencies('project.name = "d"\nproject.dependencies = ["six"]\n', ["zope"]) == (
        'project.name = "d"\nproject.dependencies = ["six", "zope"]\n'
    )


def test_a_direct_reference_replaces_a_specifier() -> None:
    edited = add_dependencies('[project]\ndependencies = ["six>=1"]\n', ["six @ git+https://example.org/six@abc"])
    assert tomllib.loads(edited)["project"]["dependencies"] == ["six @ git+https://example.org/six@abc"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[tool.poetry]\nname = "demo"\n', "manifest-no-project"),
        ('[project]\nname = "demo"\ndynamic = ["dependencies"]\n', "manifest-dynamic"),
        ("[project\n", "manifest-unreadable"),
        ('[project]\ndependencies = "six"\n', "manifest-unreadable"),
    ],
)
def test_a_manifest_that_cannot_take_a_row_says_why(text: str, code: str) -> None:
    with pytest.raises(MlenvError) as caught:
        add_dependencies(text, ["six"])
    assert caught.value.code == code


def test_a_bad_requirement_and_an_undeclared_name_are_refused() -> None:
    with pytest.raises(MlenvError, match="not a requirement"):
        add_dependencies(COMMENTED, ["--index-url=http://evil"])
    with pytest.raises(MlenvError, match="scipy is not declared"):
        remove_dependencies(COMMENTED, ["numpy", "scipy"])


def test_requires_python_is_set_in_place_or_added() -> None:
    text = '[project]\nname = "demo"\nrequires-python = ">=3.9"  # old\n'
    assert set_requires_python(text, ">=3.11") == text.replace(">=3.9", ">=3.11")
    assert tomllib.loads(set_requires_python(COMMENTED, ">=3.11"))["project"]["requires-python"] == ">=3.11"


def test_a_new_manifest_has_one_dependency_per_line_in_the_order_given() -> None:
    text = new_pyproject("demo", ">=3.11", ["idna==3.7", "six"])
    assert 'dependencies = [\n    "idna==3.7",\n    "six",\n]\n' in text
    edited = text.replace('"six', '"attrs", "six')
    assert tomllib.loads(edited)["project"]["dependencies"] == ["idna==3.7", "attrs", "six"]
    assert add_dependencies(new_pyproject("demo", ">=3.11", []), ["six"]).endswith('dependencies = [\n    "six",\n]\n')


LINES = """\
# direct
-r base.txt
--index-url https://example.org/simple
numpy>=1.26  # the ABI
pandas==2.2.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11
"""


def test_lines_are_added_changed_and_removed_in_place() -> None:
    assert add_requirements(LINES, ["six"]) == LINES + "six\n"
    assert add_requirements(LINES, ["numpy<2"]) == LINES.replace("numpy>=1.26  #", "numpy<2  #")
    assert add_requirements(LINES, ["pandas>=2.2"]) == LINES[: LINES.index("pandas")] + "pandas>=2.2\n"
    assert add_requirements(LINES, ["pandas"]) == LINES
    assert remove_requirements(LINES, ["Pandas"]) == LINES[: LINES.index("pandas")]
    assert add_requirements("six", ["attrs"]) == "six\nattrs\n"
    assert add_requirements("attrs\r\nzope\r\n", ["six"]) == "attrs\r\nsix\r\nzope\r\n"
    assert add_requirements("", ["six"]) == "six\n"


def test_a_line_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(MlenvError, match="six is not declared"):
        remove_requirements(LINES, ["six"])


PIPFILE = """\
[[source]]
name = "index"
url = "https://index.example.org/simple"
verify_ssl = true

[packages]
Six = "==1.16.0"  # keep me

[requires]
python_version = "3.11"
"""


def test_a_pipfile_keeps_all_but_the_asked_rows() -> None:
    added = add_to_pipfile(PIPFILE, ["idna>=3.6", "rich[jupyter]<14; python_version < '3.12'", "six"])
    assert '"==1.16.0"  # keep me' in added
    packages = tomllib.loads(added)["packages"]
    assert packages["idna"] == ">=3.6"
    assert packages["rich"] == {"version": "<14", "extras": ["jupyter"], "markers": 'python_version < "3.12"'}
    dev = add_to_pipfile(PIPFILE, ["attrs"], "dev")
    assert tomllib.loads(dev)["dev-packages"] == {"attrs": "*"}
    assert tomllib.loads(add_to_pipfile(PIPFILE, ["six<2"]))["packages"] == {"Six": "<2"}
    assert remove_from_pipfile(added, ["rich", "IDNA"]) == PIPFILE
    assert tomllib.loads(remove_from_pipfile(dev, ["attrs", "six"]))["packages"] == {}
    for name, group in (("idna", None), ("six", "dev")):
        with pytest.raises(MlenvError, match="is not declared in Pipfile"):
            remove_from_pipfile(dev, [name], group)
    with pytest.raises(MlenvError, match="not valid"):
        add_to_pipfile("[packages", ["six"])


@pytest.mark.parametrize("group", [None, "dev"])
def test_a_project_cannot_require_its_own_name(group: str | None) -> None:
    """Engines take such a row as met by the project itself, and install nothing; with extras it has a meaning."""
    text = new_pyproject("My_Torch", ">=3.11", [])
    with pytest.raises(MlenvError) as caught:
        add_dependencies(text, ["my-torch>=2"], group)
    assert caught.value.code == "requirement-itself"
    assert "My_Torch-project" in (caught.value.hint or "")
    assert "my-torch[gpu]" in add_dependencies(text, ["my-torch[gpu]"], group)
