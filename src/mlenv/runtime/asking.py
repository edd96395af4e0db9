"""What a runtime must fit: asked of the environment's interpreter, which has been asked before, as a rule."""

from __future__ import annotations

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.kernel.interpreter import tag_of
from mlenv.probe import ask as probe
from mlenv.runtime import plan

__all__ = ["ask"]


def ask(python: str) -> plan.Interpreter:
    """Ask an interpreter what it is. Cost: that of :func:`mlenv.probe.ask.ask`.

    Raises:
        MlenvError: ``interpreter-broken``, ``python-too-old``.
    """
    try:
        facts = probe.ask(python, store.cache_dir())
    except MlenvError as error:
        raise MlenvError(
            "interpreter-broken", error.message, where=python, hint="mlenv create", details=error.details
        ) from None
    plan.refuse_old(facts.version, python)
    return plan.Interpreter(
        version=facts.version,
        tag=tag_of(facts.extension_suffix, facts.cache_tag, facts.markers["platform_machine"]),
        cache_tag=facts.cache_tag,
        markers=facts.markers,
    )
