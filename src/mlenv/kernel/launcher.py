"""Start a project's kernel with the environment's own interpreter.

A copy of this file lies in mlenv's data folder under one stable name, which kernelspecs carry; everything that may
change with a version of mlenv lies in the kernel side that ``launcher.json`` points to. Standard library only; the
syntax must be readable to any Python, so that an old one gets a sentence instead of a SyntaxError.
"""

import json
import os
import sys


def main():  # type: ignore[no-untyped-def]  # annotations are a syntax error on Python 2
    """Hand over to ``mlenv.kernel.boot`` of the kernel side; exit with one line where that cannot be."""
    if sys.version_info < (3, 9):  # noqa: UP036  # this is who tells them
        version = "%d.%d" % tuple(sys.version_info[:2])  # noqa: UP031
        sys.exit("mlenv: this environment has Python " + version + "; project kernels need Python 3.9 or newer")
    here = os.path.dirname(os.path.abspath(__file__))
    state, wrong = _state(here)  # type: ignore[no-untyped-call]
    # Where the side of now is damaged, that of the version before starts the kernel as well.
    for side in _sides(here, state):  # type: ignore[no-untyped-call]
        try:
            start = _start_of(os.path.join(here, "side", side))  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001  # whatever is wrong in there, another one may be whole
            wrong = wrong or str(error)
            continue
        if wrong:
            sys.stderr.write("mlenv: its folder " + here + " is damaged (" + wrong + "); type: mlenv kernels repair\n")
        start(here, dict(state, side=side), sys.argv[1:])
        return
    _give_up(here, state, wrong or "there is no kernel side")  # type: ignore[no-untyped-call]


def _state(here):  # type: ignore[no-untyped-def]
    """Return what ``launcher.json`` says, and what is wrong with it."""
    try:
        with open(os.path.join(here, "launcher.json"), "rb") as stream:
            state = json.loads(stream.read().decode("utf-8"))
        return (state, "") if isinstance(state, dict) else ({}, "launcher.json is not one of mlenv")
    except (OSError, ValueError) as error:
        return {}, "launcher.json: " + str(error)


def _sides(here, state):  # type: ignore[no-untyped-def]
    """Return the names of the kernel sides to try: the one of now, then the newest first."""
    folder = os.path.join(here, "side")
    own = [state["side"]] if isinstance(state.get("side"), str) else []
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".") and name not in own]
        return own + sorted(names, key=lambda name: -os.stat(os.path.join(folder, name)).st_mtime)
    except OSError:
        return own


def _start_of(side):  # type: ignore[no-untyped-def]
    """Return ``mlenv.kernel.boot.main`` of a side, which is on the path just so long: never from the environment."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlenv"]:
        del sys.modules[name]
    sys.path.insert(0, side)
    try:
        from mlenv.kernel.boot import main as start
    finally:
        sys.path.remove(side)
    return start


def _give_up(here, state, why):  # type: ignore[no-untyped-def]
    """Let mlenv's own interpreter serve the explanation; without it, say it to whoever reads the log."""
    what = "the kernel side in " + here + " is damaged (" + why + ")"
    host = state.get("host")
    if os.name != "nt" and isinstance(host, str) and os.path.isfile(host):
        told = json.dumps({"what": "mlenv: " + what, "hint": "%mlenv kernels repair"})
        argv = [host, "-P", "-m", "mlenv.faces.portable"] + sys.argv[1:] + ["--mlenv-explain", told]  # noqa: RUF005
        os.environ.pop("PYTHONNOUSERSITE", None)
        os.execv(host, argv)  # noqa: S606
    sys.exit("mlenv: " + what + "; type: mlenv kernels repair")


if __name__ == "__main__":
    main()  # type: ignore[no-untyped-call]
