"""Start a project's kernel: the environment's interpreter and packages, a runtime appended, the magics there.

Standard library only, Python 3.9+. Reads files, never the network. Whatever goes wrong before the kernel answers leads
to the fallback kernel, which says so in the notebook.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import Any, Callable, List, Mapping, NoReturn, Optional, Sequence, Tuple

from mlenv.kernel import interpreter, owners, pick, place
from mlenv.kernel.explanation import Explanation, parse_explanation, tail
from mlenv.model import value

__all__ = ["EXPLAIN", "Arguments", "initialized", "main", "own_options", "parse_arguments", "replace", "supply"]

_PROJECT, EXPLAIN, _DOTENV = "--mlenv-project", "--mlenv-explain", "--mlenv-dotenv"
_DIED = "The environment's kernel could not be started."


@value
class Arguments:
    """The launcher's command line."""

    rest: Tuple[str, ...] = ()
    """What ipykernel gets: ``-f FILE`` and whatever a front end adds."""
    project: str = ""
    dotenv: str = ""
    """The file of variables that the project wants loaded (``.env``: the nearest one); empty for none."""
    explain: Optional[Explanation] = None
    """Set where the fallback kernel is asked for."""


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Take mlenv's own options out of a command line."""
    rest: List[str] = []
    own = {_PROJECT: "", EXPLAIN: "", _DOTENV: ""}
    waiting = iter(argv)
    for word in waiting:
        if word in own:
            own[word] = next(waiting, "")
        else:
            rest.append(word)
    return Arguments(
        rest=tuple(rest),
        project=own[_PROJECT],
        dotenv=own[_DOTENV],
        explain=parse_explanation(own[EXPLAIN]) if own[EXPLAIN] else None,
    )


def main(data: str, state: Mapping[str, Any], argv: Sequence[str]) -> None:
    """Start the kernel and serve it to its end.

    Args:
        data: mlenv's data folder.
        state: content of ``launcher.json``.
        argv: command line after the launcher.
    """
    arguments = parse_arguments(argv)
    side = os.path.join(data, "side", str(state["side"]))
    added = place.clean(os.environ)
    real = place.real_prefix(sys.prefix)
    sys.path[:] = place.arranged(sys.path, prefix=sys.prefix, real=real, drop=[data, *added, *_user_site()])
    sys.argv = [os.path.join(data, "launcher.py"), *arguments.rest]
    runtimes = [
        runtime for runtime in pick.read_runtimes(os.path.join(data, "runtimes")) if runtime.tag == interpreter.tag()
    ]
    if arguments.explain is not None:
        _serve_fallback(data, state, arguments, runtimes, side)
        return
    whose = owners.refusal(sys.prefix, place.sites(sys.path))
    if whose:
        _start_again(data, arguments, Explanation(what=whose))
    place.hold_generation(real)
    runtime, problem = _choose(runtimes)
    if problem is not None:
        _start_again(data, arguments, problem)
    if runtime is not None:
        place.hold_runtime(runtime.path)
    sys.path.extend([runtime.path, side] if runtime else [side])
    problems = [problem for problem in (_activate(), _load_dotenv(arguments)) if problem]
    try:
        app = initialized(arguments)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the outermost line of the launcher: all goes to the reader
        _start_again(data, arguments, _failure(error, runtime))
    supply(app.shell, arguments.project, state)
    if problems:
        _attempt(_tell_once, app.shell, "\n".join(problems))
    app.start()


def _activate() -> str:
    """Set what activating this environment sets, where conda made it; return what went wrong."""
    if not os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
        return ""
    try:
        from mlenv.kernel import activation

        return activation.activate(sys.prefix, os.environ)
    except Exception as error:  # noqa: BLE001  # a kernel without these variables is better than none
        return f"mlenv: not activated as conda does: {type(error).__name__}: {error}"


def _load_dotenv(arguments: Arguments) -> str:
    """Set the variables of the project's ``.env`` where it wants that; return what went wrong."""
    if not (arguments.dotenv and arguments.project):
        return ""
    try:
        from mlenv.kernel import dotenv

        return dotenv.at_start(arguments.dotenv, arguments.project, os.environ)
    except Exception as error:  # noqa: BLE001  # a kernel without these variables is better than none
        return f"mlenv: nothing was loaded from .env: {type(error).__name__}"


def _tell_once(shell: Any, text: str) -> None:
    from mlenv.kernel import dotenv

    dotenv.tell_once(shell, text)


def _user_site() -> Tuple[str, ...]:
    site = sys.modules.get("site")
    folder = getattr(site, "USER_SITE", None)
    return (str(folder),) if folder else ()


def _choose(runtimes: Sequence[pick.Runtime]) -> Tuple[Optional[pick.Runtime], Optional[Explanation]]:
    """Return the runtime to use, or why there is none; an environment that holds ipykernel can do without."""
    from mlenv.probe import site

    installed = {found.name: found.version for found in site.scan(place.sites(sys.path)).distributions}
    fitting = pick.fitting(runtimes, interpreter.tag(), installed)
    if fitting:
        return fitting[0], None
    if "ipykernel" in installed:
        return None, None
    if not runtimes:
        version = ".".join(map(str, sys.version_info[:2]))
        return None, Explanation(
            what=f"There is no kernel runtime for Python {version} yet.", hint="%mlenv sync", runtime=""
        )
    clash = min((pick.clashes(runtime, installed) for runtime in runtimes), key=len)
    return None, Explanation(
        what="No kernel runtime works with this environment's " + ", ".join(each.text for each in clash) + ".",
        hint="%mlenv sync",
    )


def initialized(arguments: Arguments) -> Any:
    """Import ipykernel (5.x to 7.x) and make the kernel ready to serve."""
    with suppress(Exception):  # a start that takes longer is better than none
        from mlenv.kernel import late_debugger

        late_debugger.supply()
    from ipykernel.kernelapp import IPKernelApp

    chosen_by_user = os.environ.get("MPLBACKEND")
    app = IPKernelApp.instance()
    app.initialize(list(arguments.rest))
    backend = os.environ.get("MPLBACKEND")
    if backend and not chosen_by_user:
        from mlenv.kernel.backend import confine

        confine(backend)
    return app


def supply(shell: Any, project: str, state: Mapping[str, Any]) -> None:
    """Give the kernel its magics; a kernel without them is better than none."""
    _attempt(_supply_tools, shell, str(state.get("uv") or ""))
    _attempt(_supply_session, shell, project)


def _attempt(step: Callable[[Any, str], None], shell: Any, text: str) -> None:
    try:
        step(shell, text)
    except Exception as error:  # noqa: BLE001  # as above
        line = f"mlenv: the magics could not be loaded: {type(error).__name__}: {error}"
        print(line, file=sys.__stderr__, flush=True)


def _supply_tools(shell: Any, uv: str) -> None:
    from mlenv.kernel import tools

    tools.supply(shell, uv)


def _supply_session(shell: Any, project: str) -> None:
    from mlenv.kernel import session

    session.load(shell, project=project or None)


def _failure(error: BaseException, runtime: Optional[pick.Runtime]) -> Explanation:
    damaged = runtime is not None and _is_damaged(runtime.path)
    what = "The kernel's own packages (mlenv's runtime) are damaged." if damaged else _DIED
    return Explanation(
        what=f"{what} {type(error).__name__}: {error}",
        hint="%mlenv sync",
        tail=tail("".join(traceback.format_exception(type(error), error, error.__traceback__))),
        runtime=runtime.key if runtime and damaged else "",
    )


def _is_damaged(path: str) -> bool:
    """Whether files of a runtime are missing or of another size; 50 ms, only on the way to the fallback."""
    from mlenv.probe import site

    return any(site.verify(found) for found in site.scan([path]).distributions)


def _start_again(data: str, arguments: Arguments, explanation: Explanation) -> NoReturn:
    """Replace this process, whose memory is half full of broken modules, by the fallback kernel."""
    argv = [sys.executable, "-I", os.path.join(data, "launcher.py"), *arguments.rest]
    if arguments.dotenv:
        from mlenv.kernel import dotenv

        dotenv.take_back(os.environ)
    replace(argv + own_options(arguments.project, explanation), os.environ)


def _serve_fallback(
    data: str, state: Mapping[str, Any], arguments: Arguments, runtimes: Sequence[pick.Runtime], side: str
) -> None:
    """Serve the fallback kernel from a runtime alone; where that fails, too, from the host."""
    from mlenv.kernel import fallback

    explanation = arguments.explain or Explanation(what=_DIED)
    fallback.leave_environment()
    usable = [runtime for runtime in runtimes if runtime.key != explanation.runtime]
    for runtime in sorted(usable, key=lambda runtime: bool(runtime.constraints))[:1]:
        place.hold_runtime(runtime.path)
        sys.path.extend([runtime.path, side])
        try:
            app = initialized(arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # as above
            print(f"mlenv: {runtime.key}: {type(error).__name__}: {error}", file=sys.__stderr__, flush=True)
            break
        supply(app.shell, arguments.project, state)
        fallback.explain_every_cell(app.shell, explanation)
        app.start()
        return
    _ask_host(state, arguments, explanation)


def _ask_host(state: Mapping[str, Any], arguments: Arguments, explanation: Explanation) -> NoReturn:
    """Let mlenv's own interpreter serve the explanation; without it, say it to whoever reads the log."""
    host = str(state.get("host") or "")
    if not os.path.exists(host):
        sys.exit(f"mlenv: {explanation.what} Type in the project: {explanation.hint.lstrip('%')}")
    environ = {name: text for name, text in os.environ.items() if name not in {"PYTHONNOUSERSITE", "VIRTUAL_ENV"}}
    # -P: a `random.py` beside the notebook must not take the place of the standard library's.
    argv = [host, "-P", "-m", "mlenv.faces.portable", *arguments.rest]
    replace(argv + own_options(arguments.project, explanation), environ)


def own_options(project: str, explanation: Optional[Explanation] = None, *, dotenv: str = "") -> List[str]:
    """Return mlenv's own part of a launcher command line."""
    words = [_PROJECT, project] if project else []
    words += [_DOTENV, dotenv] if dotenv else []
    return words + ([EXPLAIN, explanation.as_text()] if explanation is not None else [])


def replace(argv: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Become another program (on Windows, where a process cannot: start it and wait for its end; untested)."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        os._exit(os.spawnve(os.P_WAIT, argv[0], list(argv), dict(environ)))  # noqa: S606
    os.execve(argv[0], list(argv), dict(environ))  # noqa: S606
