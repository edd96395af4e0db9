"""Which distributions are in memory, told from the files of modules."""

from __future__ import annotations

import pytest

from mlenv.loaded import Belonging, Place, belongings, entries, moved, observe, settled_version
from mlenv.model import Distribution, Installed, Loaded

ENV = Place(folder="/p/.venv/lib/python3.12/site-packages", origin="environment")
OWN = Place(folder="/p", origin="own")
STDLIB = Place(folder="/usr/lib/python3.12", origin="own")
OUTSIDE = Place(folder="/home/u/.local/lib/python3.12/site-packages", origin="outside")
PLACES = [OWN, STDLIB, ENV, OUTSIDE]


def installed(**versions: str) -> Installed:
    return Installed(distributions=tuple(Distribution(name=name, version=text) for name, text in versions.items()))


def test_modules_are_sorted_by_place_and_top_level_name() -> None:
    files = {
        "six": f"{ENV.folder}/six.py",
        "numpy": f"{ENV.folder}/numpy/__init__.py",
        "numpy.core": f"{ENV.folder}/numpy/core/__init__.py",
        "json": "/usr/lib/python3.12/json/__init__.py",
        "humanize": f"{OUTSIDE.folder}/humanize/__init__.py",
        "__main__": "/tmp/ipykernel_1/1.py",
    }
    found = {(entry.place.origin, entry.top): dict(entry.files) for entry in entries(files, PLACES)}
    assert found == {
        ("environment", "six"): {"six": "six.py"},
        ("environment", "numpy"): {"numpy": "numpy/__init__.py", "numpy.core": "numpy/core/__init__.py"},
        ("outside", "humanize"): {"humanize": "humanize/__init__.py"},
    }


def test_the_inner_place_counts_where_the_environment_lies_inside_the_project() -> None:
    found = entries({"six": f"{ENV.folder}/six.py", "helpers": "/p/helpers.py"}, PLACES)
    assert [(entry.place, entry.top) for entry in found] == [(ENV, "six")]


def test_a_folder_whose_name_only_begins_like_a_place_is_not_inside_it() -> None:
    assert entries({"six": "/p/.venv/lib/python3.12/site-packages-old/six.py"}, [ENV]) == ()


def test_a_compiled_module_at_the_top_belongs_to_the_name_before_its_first_dot() -> None:
    (entry,) = entries({"_cffi_backend": f"{ENV.folder}/_cffi_backend.cpython-312-x86_64-linux-gnu.so"}, [ENV])
    assert entry.top == "_cffi_backend"


def test_a_module_belongs_to_the_distribution_that_owns_its_top_level_name() -> None:
    found = entries({"yaml": f"{ENV.folder}/yaml/__init__.py", "yaml._yaml": f"{ENV.folder}/yaml/_yaml.so"}, [ENV])
    (row,) = belongings(found, {(ENV.folder, "yaml"): ("pyyaml",)}, {})
    assert row == Belonging(place=ENV, name="pyyaml", modules=("yaml", "yaml._yaml"), binary=True)


def test_modules_of_a_namespace_package_go_to_the_distribution_that_recorded_their_file() -> None:
    found = entries({"google.a": f"{ENV.folder}/google/a.py", "google.b": f"{ENV.folder}/google/b.py"}, [ENV])
    owners = {(ENV.folder, "google"): ("google-a", "google-b")}
    files = {(ENV.folder, "google/a.py"): "google-a", (ENV.folder, "google/b.py"): "google-b"}
    assert [(row.name, row.modules) for row in belongings(found, owners, files)] == [
        ("google-a", ("google.a",)),
        ("google-b", ("google.b",)),
    ]


def test_a_stray_file_of_the_environment_is_nobodys_and_one_from_outside_counts_under_its_own_name() -> None:
    files = {"stray": f"{ENV.folder}/stray.py", "humanize": f"{OUTSIDE.folder}/humanize/__init__.py"}
    assert [row.name for row in belongings(entries(files, PLACES), {}, {})] == ["humanize"]


def test_what_is_observed_says_version_origin_and_whether_the_notebook_holds_it() -> None:
    rows = [
        Belonging(place=ENV, name="numpy", modules=("numpy", "numpy.core"), binary=True),
        Belonging(place=ENV, name="six", modules=("six",), binary=False),
    ]
    versions = {(ENV.folder, "numpy"): "1.26.4", (ENV.folder, "six"): None}
    assert observe(rows, versions, {"numpy"}) == (
        Loaded(name="numpy", version="1.26.4", location=ENV.folder, binary=True, imported=True),
        Loaded(name="six", version=None, location=ENV.folder),
    )


def test_of_two_generations_in_memory_the_older_one_counts() -> None:
    new = Place(folder="/p/.mlenv/envs/2/site-packages", origin="environment")
    rows = [
        Belonging(place=ENV, name="six", modules=("six",), binary=False),
        Belonging(place=new, name="six", modules=("six.extra",), binary=True),
    ]
    (row,) = observe(rows, {(ENV.folder, "six"): "1.16.0", (new.folder, "six"): "1.17.0"}, {"six"})
    assert (row.version, row.location, row.binary, row.imported) == ("1.16.0", ENV.folder, True, True)


@pytest.mark.parametrize(
    ("before", "after", "says", "loaded"),
    [
        ("3.7", "3.7", None, "3.7"),
        ("3.7", "3.6", "3.6", "3.6"),
        ("3.7", "3.6", "3.7", "3.7"),
        ("3.7", "3.6", None, None),
        ("3.7", "3.6", "9", None),
        (None, "3.6", None, "3.6"),
        ("3.7", None, "3.7", "3.7"),
        (None, None, "3.7", None),
    ],
)
def test_the_module_itself_settles_what_was_loaded_when_its_cell_changed_the_disk(
    before: str | None, after: str | None, says: str | None, loaded: str | None
) -> None:
    assert settled_version(before, after, says) == loaded


def test_a_loaded_package_that_was_replaced_or_removed_keeps_the_kernel_where_it_is() -> None:
    rows = [
        Loaded(name="same", version="1"),
        Loaded(name="replaced", version="1"),
        Loaded(name="removed", version="1"),
        Loaded(name="traitlets", version="5", origin="runtime"),
        Loaded(name="tornado", version="6", origin="runtime"),
        Loaded(name="elsewhere", version="1", origin="outside"),
    ]
    disk = installed(same="1.0", replaced="2", tornado="5")
    assert [row.name for row in moved(rows, disk)] == ["replaced", "removed", "tornado"]
