"""Read one environment from the outside: what is installed, whether it is whole, which Python it is.

The door to the modules beside it. Standard library only, Python 3.9+: this file also runs inside project kernels.
Nothing of the environment is run.
"""

from __future__ import annotations

from mlenv.probe.conda_meta import conda_folders
from mlenv.probe.environment import UNFINISHED, environment_facts, interpreter, is_guarded, read_marker
from mlenv.probe.scanning import metadata, needs, required_names, scan, tops
from mlenv.probe.stamps import same_place, stamp, stamps, unchanged
from mlenv.probe.whole import missing_tops, verify

__all__ = [
    "UNFINISHED",
    "conda_folders",
    "environment_facts",
    "interpreter",
    "is_guarded",
    "metadata",
    "missing_tops",
    "needs",
    "read_marker",
    "required_names",
    "same_place",
    "scan",
    "stamp",
    "stamps",
    "tops",
    "unchanged",
    "verify",
]
