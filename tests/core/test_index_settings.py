"""What pip's and uv's own words about indexes mean, and what one tool is told of the other's."""

from __future__ import annotations

import pytest

from mlenv.engines.index_settings import (
    Indexes,
    for_pip,
    for_uv,
    of_pip_file,
    of_pip_variables,
    of_uv_table,
    of_uv_variables,
)

INDEX, OTHER = "https://index.example.org/simple", "https://files.example.org/simple"


def test_a_pip_conf_is_read_as_pip_reads_it() -> None:
    """Underscores and hyphens are one, ``[install]`` is over ``[global]``, a list goes over several lines."""
    said = of_pip_file(
        f"[global]\nindex_url = {OTHER}\nextra-index-url =\n    {OTHER}\n    https://third.example.org\ncert = /ca.pem\n"
        f"[install]\nindex-url = {INDEX}\n[list]\nindex-url = nowhere\n"
    )
    assert said == Indexes(default=INDEX, extra=(OTHER, "https://third.example.org"), certificate="/ca.pem")
    assert of_pip_file("[global\nbroken") == Indexes()
    assert of_pip_file("[global]\nindex-url = https://user:p%40ss@index.example.org\n").default.endswith("org")


def test_variables_are_read_by_their_names() -> None:
    environ = {"PIP_INDEX_URL": INDEX, "PIP_EXTRA_INDEX_URL": f"{OTHER} https://b", "PIP_NO_INDEX": "0", "PIP_CERT": ""}
    assert of_pip_variables(environ) == Indexes(default=INDEX, extra=(OTHER, "https://b"))
    environ = {"UV_INDEX": f"own={OTHER} https://b", "UV_INDEX_URL": INDEX, "UV_FIND_LINKS": "/a,/b"}
    assert of_uv_variables(environ) == Indexes(default=INDEX, extra=(OTHER, "https://b"), find_links=("/a", "/b"))
    environ = {"UV_INDEX": f"my-own={OTHER}", "UV_INDEX_MY_OWN_USERNAME": "me", "UV_INDEX_MY_OWN_PASSWORD": "a b"}
    assert of_uv_variables(environ).extra == ("https://me:a%20b@files.example.org/simple",)


@pytest.mark.parametrize("pyproject", [True, False])
def test_a_uv_toml_is_read_as_uv_reads_it(pyproject: bool) -> None:
    head = "[tool.uv]\n" if pyproject else ""
    inside = "tool.uv." if pyproject else ""
    text = (
        f'{head}find-links = ["/a"]\n[[{inside}index]]\nurl = "{INDEX}"\ndefault = true\n[[{inside}index]]\n'
        f'name = "own"\nurl = "{OTHER}"\n[[{inside}index]]\nname = "gpu"\nurl = "https://gpu"\nexplicit = true\n'
    )
    said = of_uv_table(text, {}, pyproject=pyproject)
    assert said == Indexes(default=INDEX, extra=(OTHER,), explicit=("https://gpu",), find_links=("/a",))
    assert of_uv_table(f'[pip]\nindex-url = "{INDEX}"\n', {}).default == INDEX
    assert of_uv_table("no toml [", {}) == Indexes()
    assert of_uv_table('index = "x"\n[[tool]]\n', {}, pyproject=True) == Indexes()


def test_uv_is_told_of_pips_index_only_where_nothing_of_its_own_decides() -> None:
    pip = Indexes(default=INDEX, extra=(OTHER,), find_links=("/a,b",), keyring="subprocess")
    assert for_uv(pip, Indexes()) == {
        "UV_DEFAULT_INDEX": INDEX, "UV_INDEX": OTHER, "UV_FIND_LINKS": "/a%2Cb", "UV_KEYRING_PROVIDER": "subprocess",
    }  # fmt: skip
    assert for_uv(pip, Indexes(default=OTHER)) == {}
    assert for_uv(pip, Indexes(no_index=True)) == {}
    assert "UV_INDEX" not in for_uv(pip, Indexes(extra=("https://mine",)))
    assert for_uv(Indexes(extra=(OTHER,)), Indexes()) == {}, "an index beside the public one is not passed on"


def test_pip_is_told_of_uvs_index_and_of_explicit_ones_only_where_hashes_are_checked() -> None:
    uv = Indexes(default=INDEX, explicit=("https://gpu",))
    assert for_pip(Indexes(), uv, checked=False) == {"PIP_INDEX_URL": INDEX}
    told = for_pip(Indexes(extra=(OTHER,)), uv, checked=True)
    assert told == {"PIP_INDEX_URL": INDEX, "PIP_EXTRA_INDEX_URL": f"{OTHER} https://gpu"}
    assert for_pip(Indexes(default=OTHER), uv, checked=True) == {}
    assert for_pip(Indexes(), Indexes(), checked=True) == {}
