"""What a request asks for, checked before anything is done: verbs, arguments, options, what a kernel has loaded.

Values in, values out. Nothing that a page sends becomes a word of a command line unless the tables here allow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mlenv.errors import MlenvError
from mlenv.model import Loaded, value
from mlenv.verbs import OPTIONS, did_you_mean, verb_named
from mlenv.versions import is_name, normalise

__all__ = ["FILE_OPTIONS", "JOB_VERBS", "JobRequest", "job_options", "parse_job", "parse_loaded", "text_of"]

JOB_VERBS = (
    "create", "use", "add", "remove", "sync", "lock", "upgrade", "freeze", "undo", "delete", "kernels",
)  # fmt: skip
_NOT_HERE = frozenset(
    {
        "--project", "--json", "--events", "--output", "--from-bundle", "--existing", "--list", "--show", "--prefix",
        "--system",
    }
)  # fmt: skip
"""Where mlenv works and how it answers is this face's affair; files are written and read in the project only."""
FILE_OPTIONS = frozenset({"--lock", "--notebook", "--from-notebook"})
"""Their values are paths, relative to the folder of the request, below the server's root."""
_KERNEL_ACTIONS: Mapping[str, int] = MappingProxyType({"repair": 2, "prune": 1})
_MOST_WORDS = 100
_MOST_CHARACTERS = 1000
_MOST_LOADED = 5000
_ORIGINS = ("environment", "runtime", "outside")


@value
class JobRequest:
    """One job as it was asked for."""

    verb: str
    path: str
    arguments: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Options, then arguments, as the command line takes them."""
    files: tuple[str, ...] = ()
    """Values of options that name files."""
    kernel: str = ""
    loaded: tuple[Loaded, ...] | None = None


def job_options(verb: str) -> tuple[str, ...]:
    """Return the options that a job of this verb may have."""
    known = verb_named(verb)
    return tuple(flag for flag in known.options if flag not in _NOT_HERE) if known else ()


def parse_job(content: Mapping[str, Any]) -> JobRequest:
    """Read the body of ``POST jobs``.

    Raises:
        MlenvError: ``usage``, ``unknown-verb``, ``unknown-option``.
    """
    _refuse_unknown(content, ("verb", "path", "arguments", "options", "kernel", "loaded"))
    verb = text_of(content, "verb", needed=True)
    if verb not in JOB_VERBS:
        near = did_you_mean(verb[:60], JOB_VERBS)
        raise MlenvError(
            "unknown-verb", f"'{verb[:60]}' is no verb of a job.{near}", hint=f"one of {', '.join(JOB_VERBS)}"
        )
    arguments = tuple(_words(content.get("arguments") or [], "arguments"))
    _check_number(verb, arguments)
    options = content.get("options") or {}
    if not isinstance(options, dict):
        raise _usage("'options' is no object")
    words = [word for flag, given in options.items() for word in _option(verb, flag, given)]
    files = [text for flag in FILE_OPTIONS & options.keys() for text in _values(flag, options[flag])]
    return JobRequest(
        verb=verb,
        path=text_of(content, "path", needed=True),
        arguments=arguments,
        words=(*words, *arguments),
        files=tuple(files),
        kernel=text_of(content, "kernel"),
        loaded=parse_loaded(content.get("loaded")),
    )


def parse_loaded(rows: object) -> tuple[Loaded, ...] | None:
    """Read what a kernel says that it has in memory; ``None`` where it says nothing.

    Raises:
        MlenvError: ``usage``.
    """
    if rows is None:
        return None
    if not isinstance(rows, list) or len(rows) > _MOST_LOADED:
        raise _usage(f"'loaded' is no list of at most {_MOST_LOADED} rows")
    return tuple(_loaded(row) for row in rows)


def text_of(content: Mapping[str, Any], key: str, *, needed: bool = False) -> str:
    """Return a text of a body; empty where it is ``null`` or not there and not needed.

    Raises:
        MlenvError: ``usage``.
    """
    found = content.get(key)
    if found is None and not needed:
        return ""
    if not isinstance(found, str):
        raise _usage(f"'{key}' is no text" if key in content else f"'{key}' is missing")
    return found


def _loaded(row: object) -> Loaded:
    content = row if isinstance(row, dict) else {}
    name, version = content.get("name"), content.get("version")
    if not isinstance(name, str) or not is_name(name) or not (version is None or _is_plain(version)):
        raise _usage("a row of 'loaded' has no name of a package, or no version that is text")
    origin = content.get("origin", "environment")
    if origin not in _ORIGINS:
        raise _usage(f"a row of 'loaded' comes from none of {', '.join(_ORIGINS)}")
    return Loaded(
        name=normalise(name),
        version=version,
        origin=origin,
        binary=content.get("binary") is True,
        imported=content.get("imported") is True,
    )


def _check_number(verb: str, arguments: Sequence[str]) -> None:
    known = verb_named(verb)
    number = known.arguments[1] if known and known.arguments[0] else "0"
    most = {"0": 0, "?": 1}.get(number, _MOST_WORDS)
    if len(arguments) > most:
        raise _usage(f"'{verb}' takes {'no arguments' if not most else f'at most {most}'}, and got {len(arguments)}")
    if number == "+" and not arguments:
        raise _usage(f"'{verb}' needs arguments")
    if verb == "kernels" and (not arguments or len(arguments) > _KERNEL_ACTIONS.get(arguments[0], 0)):
        raise _usage("a job of 'kernels' is 'repair', 'repair ID' or 'prune'")


def _option(verb: str, flag: object, given: object) -> list[str]:
    allowed = job_options(verb)
    if not isinstance(flag, str) or flag not in allowed:
        shown = str(flag)[:60]
        message = f"a job of '{verb}' has no option {shown}.{did_you_mean(shown, allowed)}"
        raise MlenvError("unknown-option", message, hint="see mlenv/about")
    option = OPTIONS[flag]
    if option.metavar is None:
        if given is not True:
            raise _usage(f"{flag} takes no value: send true, or leave it out")
        return [flag]
    values = _values(flag, given)
    if len(values) > 1 and not option.many:
        raise _usage(f"{flag} takes one value")
    wrong = next((text for text in values if option.choices and text not in option.choices), None)
    if wrong is not None:
        raise _usage(f"{flag} is one of {', '.join(option.choices)}, and not '{wrong[:60]}'")
    return [f"{flag}={text}" for text in values]


def _values(flag: str, given: object) -> list[str]:
    values = _words(given if isinstance(given, list) else [given], flag)
    if not values:
        raise _usage(f"{flag} needs a value")
    return values


def _words(given: object, what: str) -> list[str]:
    if not isinstance(given, list) or len(given) > _MOST_WORDS:
        raise _usage(f"{what}: a list of at most {_MOST_WORDS} texts is needed")
    for word in given:
        if not _is_plain(word) or not word.strip():
            raise _usage(f"{what}: every value is a text of 1 to {_MOST_CHARACTERS} plain characters")
        if word.startswith("-"):
            raise _usage(f"{what}: '{word[:60]}' begins like an option")
    return given


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and len(text) <= _MOST_CHARACTERS and text.isprintable()


def _refuse_unknown(content: Mapping[str, Any], known: Sequence[str]) -> None:
    odd = next((key for key in content if key not in known), None)
    if odd is not None:
        raise _usage(f"'{odd[:60]}' is not known here.{did_you_mean(odd[:60], known)}")


def _usage(message: str) -> MlenvError:
    return MlenvError("usage", message, hint="see mlenv/openapi.json")
