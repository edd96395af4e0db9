"""Which environment the portable kernel ``mlenv`` enters for a project, and why it enters none."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import trust
from mlenv.errors import MlenvError
from mlenv.kernel.explanation import Explanation
from mlenv.probe.environment import interpreter
from mlenv.services import project as projects
from mlenv.services.context import Context, silent

__all__ = ["entered"]


def entered(root: Path | None) -> Path | Explanation:
    """Return the environment to enter, or why none is: it must run, and this user must have made or accepted it here.

    Args:
        root: the project's folder; ``None`` where there is none.
    """
    if root is None:
        return Explanation(what="There is no project in this folder or above.", hint="%mlenv create")
    try:
        root, member = projects.settled(root, Context(cwd=root, report=silent))
        project = projects.load(root, member=member)
    except MlenvError as error:
        return Explanation(what=f"{error.message} ({error.where})", hint=error.hint)
    facts = project.environment
    if facts.prefix is None:
        return Explanation(what="This project has no environment on this computer yet.", hint="%mlenv create")
    if trust.trusted(root) != project.link:
        return Explanation(
            what=f"The environment {project.link.name} was neither made nor accepted by you on this computer, so it "
            "was not started: it can run programs of whoever made it.",
            hint="%mlenv use",
        )
    if facts.problem is not None or not os.path.exists(interpreter(str(project.link))):
        reason = facts.problem.reason if facts.problem is not None else "its interpreter is gone"
        return Explanation(what=f"The environment {project.link.name} does not run: {reason}.", hint="%mlenv create")
    return project.link
