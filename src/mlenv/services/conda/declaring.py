"""Edit what ``environment.yml`` declares; an empty folder gets one. Every edit is read again before it counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlenv import locks, store
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.locks.conda_spec import parse_spec
from mlenv.locks.environment_yml import parse_environment
from mlenv.locks.place import Place
from mlenv.manifest_edit import add_specs, new_environment, remove_specs
from mlenv.services.conda.channels import first_channels
from mlenv.services.conda.locking import manifest_of
from mlenv.services.conda.running import channels_of
from mlenv.services.context import Context
from mlenv.services.declare import default_name
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.select import loader, target_of

__all__ = ["added", "checked_specs", "removed"]

_HINT = "write it like: numpy, numpy=1.26 or 'numpy >=1.26,<2'; from the package index: mlenv add --pip NAME"
_VERSION = re.compile(r"\d+(\.\d+)*")
_MANIFEST = "environment.yml"


def checked_specs(texts: Sequence[str]) -> tuple[str, ...]:
    """Return match specifications as they may be written down.

    Raises:
        MlenvError: ``requirement-invalid`` before anything is written.
    """
    for text in texts:
        place = Place(file="", code="requirement-invalid", hint=_HINT)
        try:
            spec = parse_spec(text, place)
        except MlenvError as error:
            raise MlenvError("requirement-invalid", error.message, hint=_HINT) from None
        if spec.name == "*" or text.startswith("-") or "://" in text or any(ord(sign) < 32 for sign in text):
            raise MlenvError("requirement-invalid", f"{text[:80]!r} is no package of a channel", hint=_HINT)
    return tuple(text.strip() for text in texts)


def added(
    context: Context, project: Project, selected: Selected, resolver: Resolver, wanted: Sequence[str], *, pip: bool
) -> dict[str, str]:
    """Return ``environment.yml`` with these rows, and with the Python that ``--python`` asks for.

    Raises:
        MlenvError: ``manifest-style``; ``engine-unfit`` where another file declares; as :func:`channels_of`.
    """
    python = _python(context.options.python)
    manifest = manifest_of(selected)
    if not manifest:
        return _new(context, project, selected, resolver, wanted, python, pip=pip)
    before = store.read_text(project.root / manifest)
    text = add_specs(before, wanted, manifest, pip=pip)
    if python:
        text = add_specs(text, [python], manifest)
    if text == before:
        return {}
    names = [re.split(r"[\s=<>!~\[]", row.rpartition("::")[2], maxsplit=1)[0].lower() for row in wanted]
    _proved(project, resolver, manifest, text, names if not pip else ())
    return {manifest: text}


def removed(project: Project, selected: Selected, resolver: Resolver, names: Sequence[str]) -> dict[str, str]:
    """Return ``environment.yml`` without these names.

    Raises:
        MlenvError: ``not-declared``; ``manifest-style``; ``nothing-to-lock`` where there is none.
    """
    manifest = manifest_of(selected)
    if not manifest:
        raise MlenvError(
            "manifest-not-driven",
            f"{selected.choice.lock} has no environment.yml beside it that could be edited",
            where=selected.choice.lock or "",
            hint="mlenv freeze --output environment.yml writes down what is installed",
        )
    text = remove_specs(store.read_text(project.root / manifest), names, manifest)
    _proved(project, resolver, manifest, text, ())
    return {manifest: text}


def _new(
    context: Context, project: Project, selected: Selected, resolver: Resolver, wanted: Sequence[str], python: str,
    *, pip: bool,
) -> dict[str, str]:  # fmt: skip
    choice = selected.choice
    if choice.manifest is not None or choice.lock is not None:
        there = choice.manifest or choice.lock or ""
        raise MlenvError(
            "engine-unfit" if choice.kind not in ("conda-lock", "conda", "pixi") else "manifest-not-driven",
            f"conda declares packages in environment.yml; here {there} counts",
            where=there,
            hint="--engine uv"
            if choice.manifest
            else "mlenv freeze --output environment.yml, then the same command again",
        )
    _, condarc = channels_of((), "")
    minor = ".".join(resolver.interpreter.version.split(".")[:2])
    specs = [python or _recorded(project) or f"python={minor}", "pip", *(() if pip else wanted)]
    text = new_environment(
        default_name(project.root.name), first_channels(condarc), list(dict.fromkeys(specs)), wanted if pip else ()
    )
    _proved(project, resolver, _MANIFEST, text, ())
    return {_MANIFEST: text}


def _python(asked: str | None) -> str:
    """Return the row that ``--python`` means to conda; empty where nothing is asked."""
    if not asked:
        return ""
    text = asked.strip()
    if _VERSION.fullmatch(text):
        return f"python={text}"
    if re.fullmatch(r"[<>=!~]=?[\d.*]+(,\s*[<>=!~]=?[\d.*]+)*", text):
        return f"python {text}"
    raise MlenvError(
        "usage",
        f"conda brings its own Python, so --python takes a version, not {text[:60]!r}",
        where="--python",
        hint="--python 3.12",
    )


def _recorded(project: Project) -> str:
    """Return the Python that ``.python-version`` names."""
    if ".python-version" not in project.names:
        return ""
    wanted = locks.parse_python_version(store.read_text(project.root / ".python-version"))
    return next((f"python={one}" for one in wanted or () if _VERSION.fullmatch(one)), "")


def _proved(project: Project, resolver: Resolver, name: str, text: str, names: Sequence[str]) -> None:
    """Read the edited text again: an edit that went wrong is never written."""
    load = loader(project.root, {name: text})
    read = parse_environment(text, name, target_of(resolver.interpreter.path), load)
    missing = set(names) - {spec.name for spec in read.specs}
    if missing:
        raise MlenvError(
            "manifest-style",
            f"{name} is written in a way that mlenv does not edit: {min(missing)} did not get in",
            where=name,
            hint=f"write the row by hand: - {min(missing)}, then: mlenv sync",
        )
