"""Verbs that go past one notebook and one environment: from a request to the service, each imported on use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlenv.errors import MlenvError
from mlenv.faces.cli.parser import Request
from mlenv.model import Outcome, Survey
from mlenv.services.context import Context

__all__ = ["FURTHER"]


def _setup(context: Context, request: Request) -> Outcome:
    from mlenv.services.hosting.setup import setup

    options = request.options
    return setup(context, options.get("from") or "", isolated=options.get("isolated", False))


def _bundle(context: Context, request: Request) -> Outcome:
    from mlenv.services.bundling.make import bundle

    return bundle(context, request.options.get("platform", ()), request.options.get("output"))


def _export(context: Context, request: Request) -> Outcome:
    from mlenv.services.export import ExportWish, export

    kind, *rest = request.arguments or ("",)
    options = request.options
    wish = ExportWish(
        arguments=tuple(rest),
        output=options.get("output"),
        write=options.get("write", False),
        declared=options.get("declared", False),
        check=options.get("check", False),
        jupyter=options.get("jupyter", False),
        base=options.get("base", ""),
    )
    return export(context, kind, wish)


def _cluster(context: Context, request: Request) -> Survey | Outcome:
    if request.arguments == ("plugin",):
        from mlenv.services.clusters.payload import payload_outcome

        return payload_outcome(context, request.options.get("platform", ()))
    from mlenv.services.clusters.check import check_cluster

    return check_cluster(context, request.arguments, request.options.get("timeout"))


def _kernels(context: Context, request: Request) -> Outcome:
    from mlenv.services import kernels

    action, *rest = request.arguments or ("list",)
    if action == "list":
        return kernels.list_kernels(context)
    if action == "prune":
        from mlenv.services.prune import prune

        return prune(context, unused=request.options.get("unused", False))
    if action == "repair":
        return kernels.repair(context, rest[0] if rest else None)
    if action == "register":
        return _register(context, request)
    from mlenv.verbs import did_you_mean

    near = did_you_mean(action, ("list", "prune", "register", "repair"))
    raise MlenvError(
        "usage", f"'mlenv kernels' has no action '{action}'.{near}", hint="mlenv kernels list|prune|register|repair"
    )


def _register(context: Context, request: Request) -> Outcome:
    """Register for this user as ``use`` does, or for every user of the machine."""
    prefix, system = request.options.get("prefix"), request.options.get("system", False)
    name = request.options.get("name", "")
    if len(request.arguments) > 1:
        message = "'mlenv kernels register' takes no arguments: the project's environment is registered"
        raise MlenvError("usage", message, hint="mlenv kernels register --project DIR; another environment: mlenv use")
    if prefix and system:
        raise MlenvError("usage", "--prefix and --system exclude each other", hint="mlenv kernels register --system")
    if prefix or system:
        from mlenv.services.share import register_for_all

        return register_for_all(context, prefix=prefix, kernel_name=name)
    from mlenv.services.use import use

    return use(context, None, kernel_name=name)


def _run(context: Context, request: Request) -> Outcome:
    from mlenv.services.run import RunWish, run

    options = request.options
    wish = RunWish(
        output=options.get("output"),
        parameters=tuple((name, text) for name, text in options.get("parameter", ())),
        check=options.get("check", False),
        inplace=options.get("inplace", False),
        timeout=options.get("timeout"),
    )
    return run(context, request.arguments[0], wish)


def _scan(context: Context, request: Request) -> Outcome:
    from mlenv.services.scan import scan

    return scan(context, request.arguments)


FURTHER: Mapping[str, Callable[[Context, Request], Outcome | Survey]] = {
    "scan": _scan,
    "setup": _setup,
    "bundle": _bundle,
    "export": _export,
    "kernels": _kernels,
    "cluster": _cluster,
    "run": _run,
}
