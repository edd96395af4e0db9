"""What mlenv says about names and versions is what ``packaging`` says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mlenv import versions

small = st.integers(min_value=0, max_value=3)
numbers = st.builds(lambda zeros, number: f"{zeros}{number}", st.sampled_from(["", "", "0"]), small)
releases = st.lists(numbers, min_size=1, max_size=4).map(".".join)
words = st.sampled_from(["a", "alpha", ".b", "-beta", "rc", "c", "_pre", "preview", "RC"])
pres = st.one_of(st.just(""), st.builds(lambda word, n: f"{word}{n}", words, st.one_of(st.just(""), small.map(str))))
posts = st.one_of(st.just(""), st.builds(lambda w, n: f"{w}{n}", st.sampled_from([".post", "-", "rev", "-r"]), small))
devs = st.one_of(st.just(""), small.map(lambda n: f".dev{n}"), st.just("dev"))
locals_ = st.one_of(st.just(""), st.sampled_from(["+cpu", "+cu121", "+1", "+1.2", "+1.a", "+A-1", "+abc.10"]))
epochs = st.sampled_from(["", "", "", "0!", "1!"])
prefixes = st.sampled_from(["", "", "v", " "])
texts = st.builds(lambda *parts: "".join(parts), prefixes, epochs, releases, pres, posts, devs, locals_)
operators = st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~=", "==="])
clauses = st.one_of(
    st.builds(lambda op, text: op + text.strip(), operators, texts),
    st.builds(lambda op, text: f"{op} {text}.*", st.sampled_from(["==", "!=", ">="]), releases),
)
specifier_lists = st.lists(clauses, min_size=0, max_size=3).map(",".join)


@given(texts, texts)
@settings(max_examples=600)
def test_versions_sort_and_compare_as_packaging_sorts_them(a: str, b: str) -> None:
    left, right = versions.key(a), versions.key(b)
    assert left is not None
    assert right is not None
    assert (Version(a) < Version(b)) == (left < right)
    assert (Version(a) == Version(b)) == versions.same(a, b)


@given(texts, specifier_lists)
@settings(max_examples=1500)
def test_specifiers_accept_what_packaging_accepts(version: str, specifiers: str) -> None:
    try:
        expected: bool | None = SpecifierSet(specifiers).contains(version, prereleases=True)
    except InvalidSpecifier:
        expected = None
    assert versions.satisfies(version, specifiers) == expected


@given(st.text(alphabet="0123456789.abcdevprost+-_! *v", max_size=12))
@settings(max_examples=600)
def test_what_is_no_version_for_packaging_has_no_key(text: str) -> None:
    try:
        Version(text)
    except InvalidVersion:
        assert versions.key(text) is None
    else:
        assert versions.key(text) is not None


@given(st.text(alphabet="aAbZ09-_.", min_size=1, max_size=12))
def test_names_are_normalised_as_packaging_does(name: str) -> None:
    assert versions.normalise(name) == canonicalize_name(name)
