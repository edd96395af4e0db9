"""From a parsed request to the service that carries it out: an explicit table, each service imported on use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlenv.errors import MlenvError
from mlenv.faces.cli.further import FURTHER
from mlenv.faces.cli.parser import Request
from mlenv.model import Event, Outcome, Report, Survey
from mlenv.services.context import Context, Options

__all__ = ["dispatch"]

_Answer = Report | Outcome | Survey
_Service = Callable[[Context, Request], _Answer]


def dispatch(request: Request, cwd: Path, report: Callable[[Event], None]) -> _Answer:
    """Carry a request out.

    Raises:
        MlenvError: whatever the service raises.
    """
    context = Context(cwd=cwd, options=_options(request.options), report=report)
    return SERVICES[request.verb](context, request)


def _options(given: Mapping[str, Any]) -> Options:
    return Options(
        project=given.get("project"),
        offline=given.get("offline", False),
        yes=given.get("yes", False),
        dry_run=given.get("dry_run", False),
        force=given.get("force", False),
        frozen=given.get("frozen", False),
        deep=given.get("deep", False),
        allow_build=given.get("allow_build", False),
        pip=given.get("pip", False),
        engine=given.get("engine"),
        python=given.get("python"),
        fetch_python=given.get("fetch_python", False),
        cuda=given.get("cuda"),
        as_of=given.get("as_of"),
        lock=given.get("lock"),
        extras=given.get("extra"),
        groups=given.get("group"),
        all_extras=given.get("all_extras", False),
        all_groups=given.get("all_groups", False),
        no_default_groups=given.get("no_default_groups", False),
        ipykernel=given.get("ipykernel", "runtime"),
        kernel_prefix=given.get("kernel_prefix"),
        loaded=given.get("loaded"),
    )


def _create(context: Context, request: Request) -> Outcome:
    if request.options.get("existing"):
        return _existing(context, request)
    from mlenv.services.create import create

    name = request.options.get("name", "")
    notebooks = request.options.get("from_notebook", ())
    if notebooks:
        from mlenv.services.from_notebook import create_from

        return create_from(context, notebooks, request.arguments, kernel_name=name)
    return _create_offline(context, request, name) or create(context, request.arguments, kernel_name=name)


def _create_offline(context: Context, request: Request, name: str) -> Outcome | None:
    """Create from the bundle that is named, or that lies in the project where the network is off."""
    named = request.options.get("from_bundle")
    if named and request.arguments:
        message = "a bundle holds what its lock names; other packages cannot be added from it"
        raise MlenvError("usage", message, hint=f"mlenv create --from-bundle {named}, then: mlenv add NAME")
    if not named and (request.arguments or not context.options.offline):
        return None
    from mlenv.services.bundling.restore import bundle_beside, create_from_bundle

    path = Path(named) if named else bundle_beside(context)
    return create_from_bundle(context, path, kernel_name=name) if path else None


def _init(context: Context, request: Request) -> Outcome:
    from mlenv.services.init import init

    options = request.options
    return init(context, request.arguments, template=options.get("template", "ml"), git=options.get("git", False))


def _existing(context: Context, request: Request) -> Outcome:
    """``create --existing [PATH]`` is ``use [PATH]``: nothing is made."""
    if len(request.arguments) > 1 or request.options.get("from_notebook"):
        raise MlenvError(
            "usage",
            "'create --existing' takes one folder and changes nothing in it",
            hint="mlenv use PATH, then: mlenv add NAME",
        )
    return _use(context, request)


def _use(context: Context, request: Request) -> Outcome:
    from mlenv.services.use import list_environments, use

    if request.options.get("list"):
        return list_environments(context)
    prefix = request.arguments[0] if request.arguments else None
    return use(context, prefix, kernel_name=request.options.get("name", ""))


def _check(context: Context, request: Request) -> _Answer:
    platforms, python = request.options.get("platform", ()), request.options.get("python")
    everything = request.options.get("all", False)
    if (platforms or python) and (request.arguments or everything):
        message = "'mlenv check NOTEBOOK' is about this machine; --platform and --python ask about a project's lock"
        raise MlenvError("usage", message, hint="mlenv check --platform NAME")
    if platforms or python:
        from mlenv.services.elsewhere import check_elsewhere

        return check_elsewhere(context, platforms, python)
    if everything or len(request.arguments) > 1 or any((context.cwd / word).is_dir() for word in request.arguments):
        from mlenv.services.check_many import check_many

        return check_many(context, request.arguments, everything=everything)
    if request.arguments:
        from mlenv.services.check_notebook import check_notebook

        return check_notebook(context, request.arguments[0])
    from mlenv.services.check import check

    return check(context)


def _add(context: Context, request: Request) -> Outcome:
    from mlenv.services.add import add

    if not request.arguments:
        raise MlenvError("usage", "what is to be added?", hint="mlenv add NAME")
    return add(context, request.arguments)


def _remove(context: Context, request: Request) -> Outcome:
    from mlenv.services.add import remove

    return remove(context, request.arguments)


def _upgrade(context: Context, request: Request) -> Outcome:
    from mlenv.services.add import upgrade

    return upgrade(context, request.arguments)


def _sync(context: Context, request: Request) -> Outcome:
    from mlenv.services.sync import sync

    return sync(context)


def _lock(context: Context, request: Request) -> Outcome:
    from mlenv.services.lock_agreement import check_lock
    from mlenv.services.sync import lock

    if request.options.get("check", False):
        if request.options.get("upgrade", False):
            raise MlenvError("usage", "--check writes no lock, --upgrade does", hint="mlenv lock --check")
        return check_lock(context)
    return lock(context, upgrade=request.options.get("upgrade", False))


def _freeze(context: Context, request: Request) -> Outcome:
    from mlenv.services.freeze import FreezeWish, freeze

    options = request.options
    wish = FreezeWish(
        scope=options.get("scope"),
        format=options.get("format"),
        output=options.get("output"),
        show=options.get("show", False),
        notebook=options.get("notebook"),
    )
    return freeze(context, wish)


def _list(context: Context, request: Request) -> Outcome:
    from mlenv.services.inspect import list_packages

    return list_packages(context)


def _show(context: Context, request: Request) -> Outcome:
    from mlenv.services.inspect import show

    return show(context, request.arguments[0])


def _outdated(context: Context, request: Request) -> Outcome:
    from mlenv.services.inspect import outdated

    return outdated(context)


def _pythons(context: Context, request: Request) -> Outcome:
    from mlenv.services.pythons import pythons

    return pythons(context)


def _switch(context: Context, request: Request) -> Outcome:
    from mlenv.services.switch import switch

    return switch(context)


def _doctor(context: Context, request: Request) -> Outcome:
    from mlenv.services.doctor import doctor

    kernel_id = request.arguments[0] if request.arguments else None
    return doctor(context, kernel_id, disk=request.options.get("disk", False))


def _undo(context: Context, request: Request) -> Outcome:
    from mlenv.services.undo import undo

    return undo(context)


def _delete(context: Context, request: Request) -> Outcome:
    from mlenv.services.delete import delete

    return delete(context)


def _dotenv(context: Context, request: Request) -> Outcome:
    from mlenv.services.dotenv import dotenv

    return dotenv(context, request.arguments)


def _activate(context: Context, request: Request) -> Outcome:
    from mlenv.services.activate import activate

    return activate(context, request.options.get("shell"))


def _select(context: Context, request: Request) -> Outcome:
    from mlenv.services.select import write_selection

    return write_selection(context, request.options.get("prefix"))


def _only_in_a_notebook(context: Context, request: Request) -> Outcome:
    raise MlenvError(
        "notebook-only", f"'{request.verb}' works on a running notebook", hint=f"in a notebook: %mlenv {request.verb}"
    )


SERVICES: Mapping[str, _Service] = {
    **FURTHER,
    "create": _create,
    "init": _init,
    "use": _use,
    "check": _check,
    "add": _add,
    "remove": _remove,
    "sync": _sync,
    "lock": _lock,
    "upgrade": _upgrade,
    "freeze": _freeze,
    "list": _list,
    "show": _show,
    "outdated": _outdated,
    "pythons": _pythons,
    "switch": _switch,
    "restart": _only_in_a_notebook,
    "panel": _only_in_a_notebook,
    "doctor": _doctor,
    "undo": _undo,
    "delete": _delete,
    "dotenv": _dotenv,
    "activate": _activate,
    "select": _select,
}
