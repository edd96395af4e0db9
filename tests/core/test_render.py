"""A report is understood by a beginner, and tells no secret, no user name and no more than what differs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from mlenv import drift, render
from mlenv.errors import MlenvError
from mlenv.model import (
    Change,
    Distribution,
    EnvironmentFacts,
    Finding,
    Installed,
    KernelRef,
    Loaded,
    Outcome,
    Pin,
    Report,
    Selection,
)

ROOT = "/home/someone/work/demo"
FACTS = EnvironmentFacts(prefix=f"{ROOT}/.venv", python="3.12.1", engine="uv")


def report(
    locked: dict[str, str], there: dict[str, str], loaded: dict[str, str] | None = None, **more: object
) -> Report:
    selection = Selection(
        root=ROOT, name="demo", manifest="pyproject.toml", lock=more.pop("lock", "pylock.toml"), kind="pylock",  # type: ignore[arg-type]
        pins=tuple(Pin(name=name, version=version) for name, version in locked.items()),
    )  # fmt: skip
    installed = Installed(distributions=tuple(Distribution(name=n, version=v) for n, v in there.items()))
    memory = None if loaded is None else tuple(Loaded(name=n, version=v) for n, v in loaded.items())
    facts = more.pop("facts", FACTS)
    return drift.report(selection, facts, installed, memory, **more)  # type: ignore[arg-type]


def test_in_step_is_one_line_that_says_what_was_measured() -> None:
    same = {"six": "1.16.0", "idna": "3.7"}
    assert render.report_text(report(same, same)) == "in-step: 2 packages of pylock.toml, installed as locked"
    assert render.report_text(report(same, same, {})) == (
        "in-step: 2 packages of pylock.toml, loaded and installed as locked"
    )


def test_drift_is_an_aligned_table_with_what_to_type() -> None:
    found = report({"six": "1.16.0", "idna": "3.7"}, {"idna": "3.6", "attrs": "23.1"}, {"idna": "3.7"})
    assert render.report_text(found) == (
        "sync: 3 packages differ from pylock.toml\n"
        "  six     locked 1.16.0   installed -      loaded -     missing\n"
        "  idna    locked 3.7      installed 3.6    loaded 3.7   different\n"
        "  attrs   locked -        installed 23.1   loaded -     extra\n"
        "next: mlenv sync   (or mlenv freeze to accept what is installed)"
    )


def test_in_a_notebook_commands_are_magics() -> None:
    text = render.report_text(report({"six": "1"}, {}), magic=True)
    assert text.splitlines()[-1] == "next: %mlenv sync   (or %mlenv freeze to accept what is installed)"
    assert "%%" not in text


def test_where_freeze_cannot_write_the_lock_it_is_not_offered() -> None:
    selection = Selection(
        root="/p", name="demo", lock="poetry.lock", kind="poetry", pins=(Pin(name="six", version="1"),)
    )
    facts = EnvironmentFacts(prefix="/p/.venv", python="3.12.1", sites=("/p/.venv/site",))
    found = drift.report(selection, facts, Installed())
    assert found.verdict == "sync"
    assert "freeze" not in found.next.text
    assert render.report_text(found).splitlines()[-1] == "next: mlenv sync   (installs what poetry.lock says)"


def test_a_long_table_is_cut_in_text_and_whole_in_html() -> None:
    found = report({f"package-{n:02}": "1.0" for n in range(32)}, {})
    text = render.report_text(found)
    assert text.splitlines()[0] == "sync: 32 packages differ from pylock.toml"
    assert "  ... and 12 more" in text.splitlines()
    assert len(text.splitlines()) == 23
    html = render.report_html(found)
    assert all(f"package-{n:02}<" in html for n in range(32))
    assert "max-height:16em" in html


def test_each_verdict_has_a_first_line_of_its_own() -> None:
    def head(found: Report) -> str:
        return render.report_text(found).splitlines()[0]

    six = {"six": "1.0"}
    gone = EnvironmentFacts(prefix=f"{ROOT}/.venv", problem=Finding(kind="broken", reason="its Python is gone"))
    stale = Finding(kind="relock", package="attrs", declared="attrs", reason="attrs is not locked")
    assert head(report(six, six, facts=gone)) == "broken: its Python is gone"
    assert head(report(six, {}, facts=EnvironmentFacts(prefix=None))) == "no-env: this project has no environment yet"
    assert head(report(six, six, {}, kernel=KernelRef(prefix="/usr", name="x"))) == (
        "switch: kernel is not the project's environment: it runs in /usr, the project's is .venv"
    )
    assert head(report(six, six, extra=(stale,))) == "relock: pyproject.toml and pylock.toml disagree"
    assert head(report(six, {"six": "2.0"})) == "sync: 1 package differs from pylock.toml"
    assert head(report(six, six, {"six": "0.9"})) == "restart: 1 loaded package is not what is installed"
    damaged = Finding(kind="damaged", package="six", reason="six.py is missing")
    assert head(report(six, six, extra=(damaged,))) == "broken: the files of 1 package are not all there"
    assert head(report({}, {}, lock=None)) == (
        "unlocked: pyproject.toml has no lock yet: exact versions are not recorded"
    )
    assert head(drift.report(None, FACTS)).startswith("unknown: not compared yet")


def test_notes_stand_below_and_change_no_verdict() -> None:
    note = Finding(kind="leftover", reason="left by an interrupted pip: ~ix")
    text = render.report_text(report({"six": "1"}, {"six": "1"}, extra=(note,)))
    assert text.splitlines()[1:] == ["  note: left by an interrupted pip: ~ix"]


def test_paths_are_shown_relative_to_the_project_or_the_home_folder() -> None:
    reason = f"made for {ROOT}/.venv, not for /home/someone/other or /Users/ann/x or C:\\Users\\Bob\\demo or /root/y"
    text = render.report_text(report({"six": "1"}, {"six": "1"}, extra=(Finding(kind="broken", reason=reason),)))
    assert text.splitlines()[0] == "broken: made for .venv, not for ~/other or ~/x or ~\\demo or ~/y"


@pytest.mark.parametrize(
    ("text", "root", "expected"),
    [
        ("/p/demo/.venv and /p/demo2/.venv", "/p/demo", ".venv and /p/demo2/.venv"),
        ("in /p/demo.", "/p/demo", "in .."),
        ("in /p/demo", "/p/demo", "in ."),
        ("/x/p/demo/a", "/p/demo", "/x/p/demo/a"),
        ("/ and /a", "/", "/ and /a"),
        ("/data/me/x", "", "/data/me/x"),
        ("/rooted/x", "", "/rooted/x"),
    ],
)
def test_only_whole_paths_are_shortened(text: str, root: str, expected: str) -> None:
    assert render.shorten(text, root) == expected


def test_a_home_folder_in_an_unusual_place_is_shortened_where_it_is_known() -> None:
    assert render.shorten("/data/me/x", home="/data/me") == "~/x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:t0ken@host.example/simple", "https://***@host.example/simple"),
        ("https://t0ken@host.example/x", "https://***@host.example/x"),
        ("https://u:p@ss@host.example/x", "https://***@host.example/x"),
        ("ssh://git@host.example/x.git", "ssh://git@host.example/x.git"),
        ("git+ssh://git:t0ken@host.example/x", "git+ssh://***@host.example/x"),
        ("https://h.example/x?a=1&private_token=t0ken#z", "https://h.example/x?a=1&private_token=***#z"),
        ("https://h.example/x?X-Amz-Signature=t0ken&b=2", "https://h.example/x?X-Amz-Signature=***&b=2"),
        ("Authorization: Bearer t0kent0ken", "Authorization: Bearer ***"),
        ("mail me@host.example about six==1.0", "mail me@host.example about six==1.0"),
        ("https://host.example/@scope/x", "https://host.example/@scope/x"),
    ],
)
def test_secrets_in_addresses_are_masked_and_nothing_else(text: str, expected: str) -> None:
    assert render.mask_secrets(text) == expected


def test_no_secret_leaves_by_any_face() -> None:
    secret = "https://me:t0ken@host.example/simple"
    found = report({"six": "1"}, {}, extra=(Finding(kind="note", reason=f"from {secret}"),))
    error = MlenvError("no-network", f"cannot reach {secret}", where=secret, hint=f"open {secret}", details=secret)
    outcome = Outcome(verb="add", lines=(secret,), data={"index": [secret, {"x": secret}]})
    shown = [
        render.report_text(found), render.report_html(found), str(render.report_json(found)),
        render.error_text(error), render.error_html(error), str(render.error_json(error)),
        render.outcome_text(outcome), render.outcome_html(outcome), str(render.outcome_json(outcome)),
    ]  # fmt: skip
    assert all("t0ken" not in text and "host.example" in text for text in shown)


class Reader(HTMLParser):
    """Collects tags; fails where they do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_html_is_a_table_with_headers_and_needs_no_style_sheet_and_no_script() -> None:
    reader = read(render.report_html(report({"six": "1.0", "idna": "3.7"}, {"idna": "3.6"})))
    names = [tag for tag, _ in reader.tags]
    assert not {"script", "style", "link", "img", "iframe"} & set(names)
    assert [a["scope"] for tag, a in reader.tags if tag == "th"] == ["col"] * 4 + ["row"] * 2
    assert "sync" in reader.words
    assert any(tag == "span" and a.get("aria-hidden") == "true" for tag, a in reader.tags)
    region = next(a for tag, a in reader.tags if a.get("role") == "region")
    assert region["aria-label"]
    assert region["tabindex"] == "0"


def test_html_has_no_fixed_background_and_no_fixed_text_colour() -> None:
    found = report({"six": "1.0"}, {"rich": "1"})
    outcome = Outcome(verb="sync", lines=("done",), changes=(Change(package="six", before=None, after="1"),))
    for html in (render.report_html(found), render.outcome_html(outcome), render.error_html(MlenvError("x", "y"))):
        assert "background" not in html
        assert not re.search(r"[;\"]\s*color:", html)


@pytest.mark.parametrize("verdict", drift.ORDER)
def test_every_verdict_is_an_icon_and_a_word_in_html(verdict: str) -> None:
    kind = next(kind for kind, asked in drift.VERDICT_OF.items() if asked == verdict)
    reader = read(render.report_html(report({}, {}, extra=(Finding(kind=kind, reason="because"),))))
    assert reader.words[0].strip()
    assert verdict in reader.words


def test_everything_that_comes_from_elsewhere_is_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>&\"'"
    found = report({evil: evil}, {}, extra=(Finding(kind="broken", reason=evil),))
    outcome = Outcome(verb="add", lines=(evil,), changes=(Change(package=evil, before=evil, after=evil),))
    error = MlenvError("x", evil, where=evil, hint=evil)
    for html in (render.report_html(found), render.outcome_html(outcome), render.error_html(error)):
        assert "<img" not in html
        assert "&lt;img" in html
        read(html)


def test_an_error_is_at_most_five_lines_what_where_what_to_do() -> None:
    error = MlenvError(
        "build-failed", "six does not build\nfirst\n\nsecond\nthird", where=f"{ROOT}/pylock.toml: packages[3]",
        hint="run: mlenv add six\n--allow-build", details="40 lines",
    )  # fmt: skip
    assert render.error_text(error, root=ROOT, magic=True) == (
        "error: six does not build\n  first\n  second\n"
        "  where: pylock.toml: packages[3]\n  to do: run: %mlenv add six --allow-build"
    )
    assert render.error_text(MlenvError("x", "y")) == "error: y"
    assert render.error_text(MlenvError("odd-code", "")) == "error: odd-code"


def test_a_dry_run_shows_every_change_and_a_real_run_its_lines() -> None:
    changes = (
        Change(package="six", before=None, after="1.17.0"),
        Change(package="idna", before="3.6", after="3.7"),
        Change(package="rich", before="13", after=None),
    )
    plan = Outcome(verb="sync", lines=("would change 3 packages",), changes=changes, dry_run=True)
    assert render.outcome_text(plan) == "would change 3 packages\n  + six 1.17.0\n  ~ idna 3.6 -> 3.7\n  - rich 13"
    assert render.outcome_text(plan, max_rows=1).splitlines()[1:] == ["  + six 1.17.0", "  ... and 2 more"]
    done = Outcome(verb="sync", lines=("3 packages changed",), changes=changes)
    assert render.outcome_text(done) == "3 packages changed"
    assert "<details>" in render.outcome_html(done)
    assert "<details open>" in render.outcome_html(plan)


def test_an_outcome_without_lines_still_names_its_verb() -> None:
    assert "undo" in render.outcome_html(Outcome(verb="undo", lines=()))


def test_a_cell_of_the_table_that_is_too_long_is_cut() -> None:
    text = render.report_text(report({"six": "1." + "0" * 80}, {}))
    assert max(map(len, text.splitlines())) < 90
    assert "..." in text


def test_columns_stay_columns_in_html() -> None:
    lines = ("environment  .venv: 3 packages", "lock         pylock.toml", "next         mlenv check")
    reader = read(render.outcome_html(Outcome(verb="create", lines=lines)))
    assert [text.strip() for text in reader.words if text.strip()][1:] == [
        "create", "environment", ".venv: 3 packages", "lock", "pylock.toml", "next", "%mlenv check",
    ]  # fmt: skip
    one = read(render.outcome_html(Outcome(verb="freeze", lines=("frozen       pylock.toml: 3 packages",))))
    assert "".join(one.words).endswith("frozen pylock.toml: 3 packages")
    table = read(render.outcome_html(Outcome(verb="list", lines=("package  installed  locked", "six  1.17.0  -"))))
    assert [tag for tag, _ in table.tags].count("td") == 6


def test_what_is_to_be_typed_looks_like_it() -> None:
    (html,) = [render.notice_html(["mlenv: six 1.0 on disk. Next: %mlenv sync"])]
    assert re.search(r"<code[^>]*>%mlenv sync</code></div>", html)
    assert re.search(
        r"<code[^>]*>%mlenv add a&lt;2 b</code></div>", render.notice_html(["to add it: %mlenv add a<2 b"])
    )
    assert '<progress max="3" value="1"' in render.step_html("installing", 1, 3)
    assert "<progress" not in render.step_html("resolving <x>")
    assert "&lt;x&gt;" in render.step_html("resolving <x>")
