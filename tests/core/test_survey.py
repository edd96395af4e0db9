"""The table of many reports: what is in step does not bury what is not."""

from __future__ import annotations

from mlenv import drift
from mlenv.errors import MlenvError
from mlenv.installed import Installed
from mlenv.model import Checked, EnvironmentFacts, Finding, Pin, Report, Selection, Survey
from mlenv.render import survey_json, survey_outcome


def report(*, missing: bool = False, broken: bool = False) -> Report:
    pins = (Pin(name="six", version="1.17.0"),) if missing else ()
    problem = Finding(kind="broken", reason="its Python is gone") if broken else None
    selection = Selection(root="/p", name="demo", lock="pylock.toml", kind="pylock", pins=pins)
    facts = EnvironmentFacts(prefix="/p/.venv", python="3.12.1", engine="uv", problem=problem)
    return drift.report(selection, facts, Installed())


def survey(number: int) -> Survey:
    """So many projects in step, and four rows with something to say, in the order of their names."""
    rows = [Checked(name=f"p{each:04}/", is_notebook=False, report=report()) for each in range(number)]
    rows += [
        Checked(name="q1/", is_notebook=False, report=report(missing=True)),
        Checked(name="q2.ipynb", report=report(), hints=(("1 install line", "mlenv scan q2.ipynb"),)),
        Checked(name="q3/", is_notebook=False, report=report(broken=True)),
        Checked(name="q4.ipynb", error=MlenvError("notebook-unreadable", "it is cut short")),
    ]
    return Survey(rows=tuple(rows), verdict="error")


def first_words(lines: tuple[str, ...]) -> list[str]:
    return [line.split()[0] for line in lines]


def test_a_few_rows_are_all_listed_by_name() -> None:
    lines = survey_outcome(survey(3)).lines
    assert first_words(lines[1:-1]) == ["p0000/", "p0001/", "p0002/", "q1/", "q2.ipynb", "q3/", "q4.ipynb"]


def test_of_a_thousand_those_with_something_to_say_come_the_worst_first() -> None:
    many = survey(996)
    outcome = survey_outcome(many)
    assert first_words(outcome.lines[1:-2]) == ["q4.ipynb", "q3/", "q1/", "q2.ipynb"]
    assert outcome.lines[-2] == "in step and not listed: 996 (--json has them)"
    assert outcome.lines[-1] == "2 notebooks and 998 projects: 997 in-step, 1 sync, 1 broken, 1 error"
    assert outcome.data == survey_json(many)
    assert len(survey_json(many)["reports"]) == 1000


def test_a_thousand_in_step_are_two_lines() -> None:
    rows = tuple(row for row in survey(100).rows if row.name.startswith("p"))
    lines = survey_outcome(Survey(rows=rows, verdict="in-step")).lines
    assert lines == ("in step and not listed: 100 (--json has them)", "100 projects: 100 in-step")
