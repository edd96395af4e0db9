"""Laws of drift: equal is in step, order never matters, doing what is said removes what was said."""

from __future__ import annotations

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from mlenv import drift, render
from mlenv import versions as versions_of
from mlenv.installed import parse_folder_name
from mlenv.locks import Target, parse_requirements
from mlenv.model import Distribution, EnvironmentFacts, Installed, KernelRef, Loaded, Pin, Report, Selection, Source

NAMES = ["attrs", "idna", "numpy", "pip", "rich", "six", "torch", "demo", "ipykernel"]
VERSIONS = ["1.0", "1.0.0", "1.1", "2.0", "2.0+cpu", "2.0rc1", "odd"]
names = st.sampled_from(NAMES)
versions = st.sampled_from(VERSIONS)
sources = st.sampled_from(
    [
        Source(kind="index"),
        Source(kind="url", url="https://host.example/a.whl"),
        Source(kind="editable", url="/work/demo/lib"),
        Source(kind="path", url="lib"),
        Source(kind="vcs", url="https://host.example/a", commit="abcdef12"),
    ]
)
pins = st.dictionaries(names, st.tuples(versions, sources), max_size=6).map(
    lambda rows: tuple(Pin(name=name, version=version, source=source) for name, (version, source) in rows.items())
)
distributions = st.dictionaries(names, st.tuples(versions, sources), max_size=6).map(
    lambda rows: tuple(Distribution(name=n, version=version, source=source) for n, (version, source) in rows.items())
)
memories = st.dictionaries(
    names, st.tuples(versions, st.sampled_from(["environment", "runtime", "outside"]), st.booleans()), max_size=5
).map(
    lambda rows: tuple(
        Loaded(name=name, version=version, origin=origin, imported=imported)
        for name, (version, origin, imported) in rows.items()
    )
)
FACTS = EnvironmentFacts(prefix="/work/demo/.venv", python="3.12.1")


def selection(asked: tuple[Pin, ...], exact: bool = True) -> Selection:
    return Selection(root="/work/demo", name="demo", lock="pylock.toml", kind="pylock", pins=asked, exact=exact)


def installed_as(asked: tuple[Pin, ...]) -> Installed:
    return Installed(
        distributions=tuple(Distribution(name=p.name, version=p.version or "1", source=p.source) for p in asked)
    )


@given(pins)
def test_what_is_installed_and_loaded_as_locked_is_in_step(asked: tuple[Pin, ...]) -> None:
    there = installed_as(asked)
    memory = tuple(Loaded(name=d.name, version=d.version) for d in there.distributions)
    report = drift.report(selection(asked), FACTS, there, memory, KernelRef(prefix=FACTS.prefix or "", name="k"))
    assert report.findings == ()
    assert report.ok


@given(pins, distributions, memories, st.booleans(), st.integers())
def test_order_never_matters(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...], memory: tuple[Loaded, ...], exact: bool, seed: int
) -> None:
    shuffle = random.Random(seed).sample
    once = drift.compare(selection(asked, exact), Installed(distributions=there), memory)
    again = drift.compare(
        selection(tuple(shuffle(asked, len(asked))), exact),
        Installed(distributions=tuple(shuffle(there, len(there)))),
        shuffle(memory, len(memory)),
    )
    assert once == again


@given(pins, distributions, memories, st.booleans())
@settings(max_examples=300)
def test_each_package_has_at_most_one_finding_and_the_worst_stands_first(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...], memory: tuple[Loaded, ...], exact: bool
) -> None:
    found = drift.compare(selection(asked, exact), Installed(distributions=there), memory)
    packages = [finding.package for finding in found if finding.package]
    assert len(packages) == len(set(packages))
    ranks = [drift.ORDER.index(drift.verdict_of(finding.kind)) for finding in found]
    assert ranks == sorted(ranks)
    assert all(finding.reason for finding in found)


@given(pins, distributions)
def test_doing_what_the_findings_say_brings_the_environment_in_step(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...]
) -> None:
    found = drift.compare(selection(asked), Installed(distributions=there))
    by_name = {d.name: d for d in there}
    wanted = {d.name: d for d in installed_as(asked).distributions}
    for finding in found:
        assert finding.package is not None
        if finding.kind == "extra":
            del by_name[finding.package]
        else:
            by_name[finding.package] = wanted[finding.package]
    assert drift.compare(selection(asked), Installed(distributions=tuple(by_name.values()))) == ()


@given(pins, distributions)
def test_a_list_that_is_not_exact_calls_nothing_extra_and_all_else_the_same(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...]
) -> None:
    exact = drift.compare(selection(asked, True), Installed(distributions=there))
    loose = drift.compare(selection(asked, False), Installed(distributions=there))
    assert loose == tuple(finding for finding in exact if finding.kind != "extra")


@given(pins, distributions, st.dictionaries(names, st.lists(names, max_size=3), max_size=6), st.booleans())
def test_knowing_what_packages_need_never_makes_an_exact_lock_find_more(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...], needs: dict[str, list[str]], exact: bool
) -> None:
    known = drift.compare(selection(asked, exact), Installed(distributions=there), needs=needs)
    blind = drift.compare(selection(asked, True), Installed(distributions=there))
    assert {f.package for f in known if f.kind == "extra"} <= {f.package for f in blind if f.kind == "extra"}
    assert [f for f in known if f.kind not in {"extra", "note"}] == [f for f in blind if f.kind != "extra"]


@given(st.sets(names), st.dictionaries(names, st.lists(names, max_size=3), max_size=6))
def test_a_closure_is_closed(start: set[str], needs: dict[str, list[str]]) -> None:
    reached = drift.closure(start, needs)
    assert start <= reached
    assert all(set(needs.get(name, ())) <= reached for name in reached)
    assert drift.closure(reached, needs) == reached


def any_report(asked: tuple[Pin, ...], there: tuple[Distribution, ...], memory: tuple[Loaded, ...]) -> Report:
    return drift.report(selection(asked), FACTS, Installed(distributions=there), memory)


@given(pins, distributions, memories)
def test_every_report_can_be_shown_and_sent(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...], memory: tuple[Loaded, ...]
) -> None:
    report = any_report(asked, there, memory)
    wire = render.report_json(report)
    assert json.loads(json.dumps(wire)) == wire
    text = render.report_text(report)
    assert text.startswith(f"{report.verdict}: ")
    assert report.next.command in text
    html = render.report_html(report)
    for finding in report.findings:
        if finding.package and drift.verdict_of(finding.kind) != "in-step":
            assert finding.package in text
            assert finding.package in html


@given(st.text(max_size=60), st.sampled_from(["", "/work/demo", "C:\\w"]))
def test_shortening_and_masking_take_any_text_and_doing_it_twice_changes_nothing(text: str, root: str) -> None:
    once = render.mask_secrets(text)
    assert render.mask_secrets(once) == once
    render.shorten(text, root)


@given(st.text(st.characters(exclude_characters="\r\n/@?#\"'<> ", exclude_categories=["Cs", "Zs", "Cc"]), min_size=3))
def test_no_password_survives_masking(password: str) -> None:
    assert render.mask_secrets(f"https://user:{password}@host.example/x") == "https://***@host.example/x"


@given(pins, distributions, memories, st.booleans())
def test_the_verdict_is_the_worst_that_a_finding_asks_for(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...], memory: tuple[Loaded, ...], exact: bool
) -> None:
    kernel = KernelRef(prefix=FACTS.prefix or "", name="k")
    report = drift.report(selection(asked, exact), FACTS, Installed(distributions=there), memory, kernel)
    asks = {drift.verdict_of(finding.kind) for finding in report.findings}
    assert report.verdict == next((verdict for verdict in drift.ORDER if verdict in asks), "in-step")
    assert report.ok == (report.verdict == "in-step")


@given(pins, distributions, memories, st.booleans())
def test_a_package_that_is_in_step_everywhere_changes_nothing(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...], memory: tuple[Loaded, ...], exact: bool
) -> None:
    more = Pin(name="unrelated", version="3.0")
    alone = drift.compare(selection(asked, exact), Installed(distributions=there), memory)
    beside = drift.compare(
        selection((more, *asked), exact),
        Installed(distributions=(*there, Distribution(name="unrelated", version="3.0"))),
        (*memory, Loaded(name="unrelated", version="3.0")),
    )
    assert beside == alone


@given(pins, distributions, memories)
def test_a_restart_after_the_change_leaves_nothing_in_memory_that_differs(
    asked: tuple[Pin, ...], there: tuple[Distribution, ...], memory: tuple[Loaded, ...]
) -> None:
    found = drift.compare(selection(asked), Installed(distributions=there), memory)
    on_disk = {row.name: row.version for row in there}
    fresh = [
        Loaded(name=row.name, version=on_disk[row.name], origin="environment", imported=row.imported)
        for row in memory
        if row.name in on_disk
    ]
    after = drift.compare(selection(asked), Installed(distributions=there), fresh)
    assert "restart" not in {row.kind for row in after}
    assert {row.package for row in after} <= {row.package for row in found} | {None}


spellings = st.sampled_from(
    [("ruamel.yaml", "Ruamel_YAML"), ("zope.interface", "zope-interface"), ("A_b", "a-B"), ("six", "SIX")]
)


@given(
    st.lists(st.tuples(spellings, st.sampled_from(["1.0", "2.0"]), st.sampled_from(["1.0", "2.0", None])), max_size=4)
)
def test_how_a_name_is_spelled_never_matters(rows: list[tuple[tuple[str, str], str, str | None]]) -> None:
    """The lock spells it one way, the folder of the installed package another, the memory a third."""
    unique = {versions_of.normalise(pair[0]): (pair, locked, there) for pair, locked, there in rows}
    answers = []
    for one, other in ((0, 0), (0, 1), (1, 0), (1, 1)):
        text = "".join(f"{pair[one]}=={locked}\n" for pair, locked, _ in unique.values())
        asked = parse_requirements(text, "requirements.txt", Target(markers={}), {}.get).pins
        folders = [f"{pair[other].replace('-', '_')}-{there}.dist-info" for pair, _, there in unique.values() if there]
        named = [parse_folder_name(folder) for folder in folders]
        there = tuple(Distribution(name=found[0], version=found[1]) for found in named if found)
        answers.append(drift.compare(selection(asked), Installed(distributions=there)))
        assert len(there) == len(folders)
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) == sum(there != locked for _, locked, there in unique.values())
