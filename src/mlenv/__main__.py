"""``python -m mlenv``."""

from __future__ import annotations

import os
import sys

# `python -m` puts the working folder first: a `random.py` of the project must not take the standard library's place.
if sys.path and not sys.flags.safe_path and sys.path[0] == os.getcwd():
    del sys.path[0]

from mlenv.faces.cli import main

if __name__ == "__main__":
    sys.exit(main())
