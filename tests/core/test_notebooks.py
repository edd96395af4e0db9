"""What a notebook asks for is read from its text: the right distributions, nothing guessed, nothing run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlenv.errors import MlenvError
from mlenv.import_names import DISTRIBUTIONS, SAME_NAME, distribution_of
from mlenv.look_alikes import look_alike, meant_by
from mlenv.notebooks import Import, parse_imports, resolve_imports
from mlenv.notebooks.cells import python_of

DATA = Path(__file__).parent.parent / "data" / "notebooks"


def read(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def modules(code: str, where: str = "work.ipynb") -> dict[str, bool]:
    text = json.dumps({"cells": [{"cell_type": "code", "source": code}]}) if where.endswith("ipynb") else code
    return {item.module: item.optional for item in parse_imports(text, where).imports}


def test_a_notebook_with_every_syntax_asks_for_the_right_packages() -> None:
    """S41: known names placed, ujson optional, the unknown asked, text in strings and broken cells left out."""
    imports = parse_imports(read("every-syntax/work.ipynb"), "work.ipynb")
    wanted = resolve_imports(imports.imports, owners={}, local={"helpers"})
    needed = [item.distribution for item in wanted.found if not item.optional]
    assert needed == [
        "beautifulsoup4",
        "google-cloud-storage",
        "numpy",
        "opencv-python",
        "pandas",
        "pillow",
        "PyYAML",
        "scikit-image",
        "scikit-learn",
        "tqdm",
    ]
    assert [item.distribution for item in wanted.found if item.optional] == ["ujson"]
    assert {item.module: item.distribution for item in wanted.asked} == {"frobnicate": None, "sql": None}
    assert wanted.local == ("helpers",)
    assert wanted.kernel == ("IPython",)


def test_a_cell_with_a_syntax_error_is_reported_and_the_rest_is_used() -> None:
    imports = parse_imports(read("every-syntax/work.ipynb"), "work.ipynb")
    assert [(problem.cell, problem.line) for problem in imports.problems] == [(5, 2)]
    assert "broken_cell_module" not in {item.module for item in imports.imports}


def test_nothing_of_a_notebook_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parse_imports(read("every-syntax/work.ipynb"), "work.ipynb")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_only_a_notebook_asks_for_exactly_two_packages() -> None:
    imports = parse_imports(read("only-a-notebook/work.ipynb"), "work.ipynb")
    wanted = resolve_imports(imports.imports, owners={}, local={"helpers"})
    assert [item.distribution for item in wanted.found] == ["python-dateutil", "PyYAML"]
    assert wanted.asked == ()


def test_a_misspelt_name_is_marked_and_an_unknown_one_is_asked() -> None:
    imports = parse_imports(read("foreign/work.ipynb"), "work.ipynb")
    wanted = resolve_imports(imports.imports, owners={})
    assert [(item.module, item.guess) for item in wanted.asked] == [
        ("reqeusts", "requests"),
        ("zq_no_such_thing", None),
    ]
    assert [item.distribution for item in wanted.found] == ["six"]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("try:\n    import a\nexcept (KeyError, ModuleNotFoundError):\n    a = None", {"a": True}),
        ("try:\n    import a\nexcept ValueError:\n    pass", {"a": False}),
        ("try:\n    import a\nexcept ImportError:\n    pass\nelse:\n    import b", {"a": True, "b": False}),
        ("import contextlib\nwith contextlib.suppress(ImportError):\n    import a", {"a": True, "contextlib": False}),
        ("try:\n    import a\nexcept ImportError:\n    pass\nimport a", {"a": False}),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\nelse:\n    import b",
            {"b": False, "typing.TYPE_CHECKING": False},
        ),
        ("def f():\n    import a.b as c", {"a.b": False}),
        ("from a import *", {"a": False}),
        ("__import__('a')", {"a": False}),
        ("__import__(name)", {}),
        ("from .. import a", {}),
        ("match x:\n    case 1:\n        import a", {"a": False}),
    ],
)
def test_an_import_is_optional_only_where_its_failure_is_caught(code: str, found: dict[str, bool]) -> None:
    assert modules(code) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("%timeit -n 10 -r 3 import a", {"a"}),
        ("if x:\n    %matplotlib inline\n    import a", {"a"}),
        ("!pip install b \\\n  import c\nimport a", {"a"}),
        ("x = '''\n!not a command\n'''\nimport a\n!ls", {"a"}),
        ("f(\n  1,\n  # it's\n  )\n!ls\nimport a", {"a"}),
        ("# isn't it?\nimport a\n%ls", {"a"}),
        ("import a  # what?\nb = %pwd", {"a"}),
        ("%%capture out\nimport a\n!ls", {"a"}),
        ("\n%%html\nimport a", set()),
        ("%%newmagic\nimport a", {"a"}),
        ("import a\r\n!ls\r\n", {"a"}),
        ("s = r'\\\\'\nimport a\n!ls", {"a"}),
        ("x = {'a': 'b?'}\nimport a\na.b?", {"a"}),
        ("s = '\\d'\nimport a", {"a"}),
        ("!ls  # all of it\nimport a", {"a"}),
        ("%matplotlib inline  # why?\nimport a", {"a"}),
        ("pip install b\nimport a", {"a"}),
        ("conda install -y b\nimport a", {"a"}),
        ("pip = 1\nuv = pip\nimport a", {"a"}),
    ],
)
def test_the_syntax_of_ipython_is_neutralised_line_for_line(code: str, found: set[str]) -> None:
    assert set(modules(code)) == found


def test_line_numbers_stay() -> None:
    cell = "!a \\\n b\n%c\nx = !d\nimport e"
    assert python_of(cell) == "pass\n\npass\nx = None\nimport e"


def test_a_script_is_read_too_and_its_error_has_a_line() -> None:
    assert modules("import a\n", "work.py") == {"a": False}
    broken = parse_imports("import a\ndef f(:\n", "work.py")
    assert [(problem.cell, problem.line) for problem in broken.problems] == [(0, 2)]


def test_a_notebook_of_format_3_is_read() -> None:
    text = json.dumps(
        {"worksheets": [{"cells": [{"cell_type": "code", "input": ["import a\n", "import b"]}]}], "nbformat": 3}
    )
    assert [item.module for item in parse_imports(text, "old.ipynb").imports] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cells": [1]}', "[" * 100_000])
def test_what_is_no_notebook_says_so(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        parse_imports(text, "work.ipynb")
    assert caught.value.code == "notebook-unreadable"


@pytest.mark.parametrize(
    "source", ["x" + "(" * 5000, "\x00import a", "import a\n" + "-" * 100_000 + "1", "1" + "+1" * 20_000]
)
def test_hostile_cells_are_problems_and_nothing_worse(source: str) -> None:
    text = json.dumps({"cells": [{"cell_type": "code", "source": source}, {"cell_type": "code", "source": "import b"}]})
    assert "b" in {item.module for item in parse_imports(text, "work.ipynb").imports}


def test_an_installed_package_that_has_the_module_comes_before_the_table() -> None:
    owners = {"cv2": ["opencv-python-headless"], "frobnicate": ["frob"], "google": ["protobuf", "google-auth"]}
    imports = [Import(module=name) for name in ("cv2", "frobnicate", "google.protobuf", "google.cloud.storage")]
    wanted = resolve_imports(imports, owners)
    assert [(item.distribution, item.how) for item in wanted.found] == [
        ("frob", "installed"),
        ("google-cloud-storage", "table"),
        ("opencv-python-headless", "installed"),
        ("protobuf", "installed"),
    ]


def test_a_namespace_that_nothing_tells_apart_takes_all_its_owners() -> None:
    wanted = resolve_imports([Import(module="acme.tools")], {"acme": ["acme-core", "acme-tools"]})
    assert [item.distribution for item in wanted.found] == ["acme-core", "acme-tools"]


def test_a_local_module_wins_as_it_does_for_python() -> None:
    wanted = resolve_imports([Import(module="numpy")], {"numpy": ["numpy"]}, local={"numpy"})
    assert (wanted.found, wanted.local) == ((), ("numpy",))


def test_the_table_names_only_real_mismatches_and_the_longest_key_counts() -> None:
    assert not set(DISTRIBUTIONS) & SAME_NAME
    assert distribution_of("azure.storage.blob.aio") == "azure-storage-blob"
    assert distribution_of("azure") is None
    assert len(DISTRIBUTIONS) > 120


@pytest.mark.parametrize(
    ("name", "like"),
    [("reqeusts", "requests"), ("nunpy", "numpy"), ("pandass", "pandas"), ("skipy", "scipy"), ("scikitlearn", "scikit-learn"),
     ("requests", None), ("Requests", None), ("zq", None), ("completely_other", None)],
)  # fmt: skip
def test_a_slip_of_the_keyboard_is_named(name: str, like: str | None) -> None:
    assert look_alike(name) == like


@pytest.mark.parametrize(
    ("name", "meant"),
    [("sklearn", "scikit-learn"), ("PIL", "pillow"), ("dotenv", "python-dotenv"), ("tensorfow", "tensorflow"),
     ("boto33", "boto3"), ("pyyml", "PyYAML"), ("boto", None), ("jsonpath", None), ("torchx", None),
     ("requests", None), ("bs4", None), ("psycopg2", None), ("scikit_learn", None), ("my-own-package", None)],
)  # fmt: skip
def test_a_package_called_like_a_module_or_like_another_one_is_in_doubt(name: str, meant: str | None) -> None:
    assert meant_by(name) == meant


def test_modules_of_the_place_where_a_notebook_ran_ask_for_no_package() -> None:
    imports = parse_imports(
        json.dumps(
            {"cells": [{"cell_type": "code", "source": "from google.colab import drive\nimport kaggle_secrets"}]}
        ),
        "work.ipynb",
    )
    wanted = resolve_imports(imports.imports, owners={"google": ["protobuf"]})
    assert (wanted.found, wanted.asked) == ((), ())
    assert wanted.elsewhere == ("Google Colab", "Kaggle")
