"""Words of the command line to a request, from the table of :mod:`mlenv.verbs`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.verbs import OPTIONS, VERBS, Option, Verb, did_you_mean, verb_named

__all__ = ["Request", "overview", "parse"]

_SHOWN = 60
_SENTENCES = {
    "ignored explicit argument": "takes no value, but got",
    "expected one argument": "needs a value",
    "the following arguments are required": "required and missing",
}
"""argparse's words -> ours."""


@value
class Request:
    verb: str
    arguments: tuple[str, ...]
    options: Mapping[str, Any]
    """Long flag without dashes, ``-`` as ``_`` -> text, tuple of texts, or bool; only what was given."""
    help: str | None = None


class _Parser(argparse.ArgumentParser):
    """argparse that raises our one error instead of printing usage and leaving."""

    def error(self, message: str) -> NoReturn:
        raise MlenvError("usage", _plain(message), hint=f"{self.prog} --help")


def parse(words: Sequence[str]) -> Request:
    """Parse ``VERB [arguments] [options]``.

    Raises:
        MlenvError: ``unknown-verb``, ``unknown-option`` or ``usage``, with the nearest known word.
    """
    nul = next((word for word in words if "\0" in word), None)
    if nul is not None:
        raise MlenvError("usage", f"'{_short(nul)}' holds a NUL character, which no name has", hint="mlenv --help")
    words = _options_last(words)
    verb = verb_named(words[0])
    if verb is None:
        names = [v.name for v in VERBS if not v.hidden]
        near = did_you_mean(words[0].lower(), names)
        raise MlenvError("unknown-verb", f"'{_short(words[0])}' is not a verb of mlenv.{near}", hint="mlenv --help")
    built = _build(verb)
    if {"-h", "--help"} & set(words[1:]):
        return Request(verb=verb.name, arguments=(), options={}, help=built.format_help())
    known, unknown = built.parse_known_args(list(words[1:]))
    if unknown:
        raise _unknown(verb, unknown[0])
    _refuse_empty(verb, vars(known))
    given = {key: item for key, item in vars(known).items() if item not in (None, False, [])}
    arguments = given.pop("_arguments", [])
    arguments = tuple(arguments) if isinstance(arguments, list) else (arguments,)
    options = {key: tuple(item) if isinstance(item, list) else item for key, item in given.items()}
    if "loaded" in options:
        options["loaded"] = _loaded(str(options["loaded"]))
    return Request(verb=verb.name, arguments=arguments, options=options)


def _refuse_empty(verb: Verb, found: Mapping[str, Any]) -> None:
    """Refuse an option whose value is nothing; ``--lock=--`` is nothing to argparse."""
    for key, item in found.items():
        values = item if isinstance(item, list) and item else [item]
        if key != "_arguments" and any(value in ("", []) for value in values):
            flag = f"--{key.replace('_', '-')}"
            raise MlenvError("usage", f"{flag} needs a value", hint=f"mlenv {verb.name} --help")


def _options_last(words: Sequence[str]) -> list[str]:
    """Let ``mlenv --project DIR check`` mean ``mlenv check --project DIR``."""
    words = list(words)
    leading: list[str] = []
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        leading.append(flag)
        option = OPTIONS.get(flag) or next((known for known in OPTIONS.values() if known.short == flag), None)
        taken = option.values if option else 0
        leading += words[:taken]
        del words[:taken]
    return [*words, *leading] if words else [*leading]


def _build(verb: Verb) -> _Parser:
    built = _Parser(
        prog=f"mlenv {verb.name}",
        description=verb.summary,
        epilog=f"example: mlenv {verb.example}" if verb.example else None,
        allow_abbrev=False,
    )
    name, number, text = verb.arguments
    if name:
        built.add_argument("_arguments", metavar=name, nargs=number or None, help=text)
    for flag in verb.options:
        _add(built, OPTIONS[flag])
    built.add_argument("--kernel-prefix", help=argparse.SUPPRESS)
    built.add_argument("--loaded", help=argparse.SUPPRESS)
    return built


def _add(built: _Parser, option: Option) -> None:
    destination = option.flag[2:].replace("-", "_")
    if option.metavar is None:
        built.add_argument(option.flag, dest=destination, action="store_true", help=option.help)
    else:
        names = option.metavar.split()
        several: dict[str, Any] = {"nargs": len(names), "metavar": tuple(names)} if len(names) > 1 else {}
        built.add_argument(
            *filter(None, (option.short, option.flag)),
            dest=destination,
            help=option.help,
            choices=option.choices or None,
            action="append" if option.many else "store",
            **{"metavar": option.metavar, **several},
        )


def _unknown(verb: Verb, word: str) -> MlenvError:
    flag = _short(word.split("=", maxsplit=1)[0])
    if word.startswith("-"):
        return MlenvError(
            "unknown-option",
            f"'mlenv {verb.name}' has no option {flag}.{did_you_mean(flag, verb.options)}",
            hint=f"mlenv {verb.name} --help",
        )
    return MlenvError("usage", f"'mlenv {verb.name}' takes no '{_short(word)}'", hint=f"mlenv {verb.name} --help")


def _short(word: str) -> str:
    return word if len(word) <= _SHOWN else f"{word[:_SHOWN]}..."


def _plain(message: str) -> str:
    """Make argparse's sentences ours: name the nearest choice."""
    import difflib

    message = message.replace("_arguments", "arguments").removeprefix("argument ")
    for theirs, ours in _SENTENCES.items():
        message = message.replace(theirs, ours)
    if "invalid choice: '" in message:
        wrong = message.split("invalid choice: '")[1].split("'")[0]
        choices = [c.strip("' )") for c in message.split("choose from ")[-1].split(",")]
        close = difflib.get_close_matches(wrong, choices, n=1, cutoff=0.4)
        message += f". Did you mean '{close[0]}'?" if close else ""
    return message


def _loaded(text: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, dict) or not all(isinstance(row, dict) for row in loaded.values()):
        raise MlenvError("usage", "--loaded is no JSON object of objects", hint="mlenv check --help")
    return loaded


def overview() -> str:
    """Return the help of the whole command line."""
    width = max(len(verb.name) for verb in VERBS)
    rows = [f"  {verb.name:<{width}}  {verb.summary}" for verb in VERBS if not verb.hidden]
    return "\n".join(
        [
            "mlenv: a notebook always runs in the environment its project locked.",
            "",
            "usage: mlenv VERB [arguments] [--project DIR] [--json]     (in a notebook: %mlenv VERB ...)",
            "",
            *rows,
            "",
            "mlenv VERB --help says more. Exit status: 0 in step or done, 1 any other verdict, 2 an error.",
        ]
    )
