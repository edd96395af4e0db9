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
    try:
        with open(os.path.join(here, "launcher.json"), "rb") as stream:
            state = json.loads(stream.read().decode("utf-8"))
        side = os.path.join(here, "side", state["side"])
        # First just long enough that `mlenv` comes from here and never from the environment.
        sys.path.insert(0, side)
        try:
            from mlenv.kernel import boot
        finally:
            sys.path.remove(side)
    except (OSError, ValueError, KeyError, ImportError) as error:
        sys.exit("mlenv: the kernel side in " + here + " is damaged (" + str(error) + "); type: mlenv kernels repair")
    boot.main(here, state, sys.argv[1:])


if __name__ == "__main__":
    main()  # type: ignore[no-untyped-call]
