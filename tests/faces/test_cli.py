"""The command line: words, help, errors, exit statuses and the two machine-readable outputs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from mlenv.errors import MlenvError
from mlenv.faces import cli
from mlenv.faces.cli import output, parser
from mlenv.faces.cli.dispatch import SERVICES
from mlenv.model import Event
from mlenv.verbs import OPTIONS, VERBS


def test_every_verb_has_a_service_and_every_service_a_verb() -> None:
    """The table of verbs and the table of services are one and the same."""
    assert set(SERVICES) == {verb.name for verb in VERBS}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_has_help_with_an_example(verb, capsys) -> None:
    """`mlenv VERB --help` says what it does, its options, and an example that parses."""
    assert cli.main([verb.name, "--help"]) == 0
    text = capsys.readouterr().out
    assert " ".join(verb.summary.split()) in " ".join(text.split())
    assert all(flag in text for flag in verb.options)
    if verb.example:
        import shlex

        assert parser.parse(shlex.split(verb.example)).verb == verb.name


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["chek"], "unknown-verb", "Did you mean 'check'?"),
        (["frobnicate"], "unknown-verb", "not a verb"),
        (["check", "--jsn"], "unknown-option", "Did you mean '--json'?"),
        (["sync", "six"], "usage", "takes no 'six'"),
        (["remove"], "usage", "required"),
        (["create", "--engine", "uw"], "usage", "Did you mean 'uv'?"),
        (["create", "--python"], "usage", "needs a value"),
    ],
)
def test_a_wrong_word_is_one_clear_error(words: list[str], code: str, said: str) -> None:
    """Bad words name the nearest good one."""
    with pytest.raises(MlenvError) as caught:
        parser.parse(words)
    assert (caught.value.code, said in caught.value.message, bool(caught.value.hint)) == (code, True, True)


def test_options_may_stand_before_the_verb(tmp_path: Path) -> None:
    """`mlenv --project DIR check` means `mlenv check --project DIR`."""
    request = parser.parse(["--project", str(tmp_path), "check"])
    assert (request.verb, request.options["project"]) == ("check", str(tmp_path))


def test_repeated_options_add_up_and_absent_ones_are_absent() -> None:
    """A group given twice is two groups; what nobody said is not in the request."""
    request = parser.parse(["sync", "--group", "dev", "--group", "docs"])
    assert request.options == {"group": ("dev", "docs")}


def test_an_error_is_exit_status_two_text_on_stderr_and_json_on_stdout(tmp_path, monkeypatch, capsys) -> None:
    """Whatever the output, an error is told once, in its place, with status 2."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", "--json"]) == 2
    printed = capsys.readouterr()
    error = json.loads(printed.out)
    assert (error["schema"], error["error"]["code"], error["error"]["hint"]) == (1, "no-project", "mlenv create")
    assert "no project here" in printed.err
    assert "Traceback" not in printed.err


def test_events_are_json_lines_that_end_with_the_error(tmp_path, monkeypatch, capsys) -> None:
    """A program that reads --events gets one JSON object per line, the last one says how it ended."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sync", "--events"]) == 2
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["error"]["code"]) == ("error", "no-project")


def test_progress_is_quiet_where_nobody_watches_but_waiting_is_said() -> None:
    """Without a terminal only steps that somebody must know are printed."""
    out, err = io.StringIO(), io.StringIO()
    printer = output.Printer("text", out, err)
    printer.event(Event(step="download", text="Downloading numpy"))
    printer.event(Event(step="wait", text="waiting for mlenv sync (process 7)"))
    assert (out.getvalue(), err.getvalue()) == ("", "mlenv: waiting for mlenv sync (process 7)\n")


def test_every_option_of_the_table_is_used_by_a_verb() -> None:
    """No option is documented that nothing takes."""
    assert set(OPTIONS) == {flag for verb in VERBS for flag in verb.options}


@pytest.mark.parametrize("verb", ["panel", "restart"])
def test_what_only_a_notebook_can_do_says_so(verb: str, capsys) -> None:
    """On the command line these verbs answer with what to type in a notebook."""
    assert cli.main([verb]) == 2
    assert f"%mlenv {verb}" in capsys.readouterr().err
