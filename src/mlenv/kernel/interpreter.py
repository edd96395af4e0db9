"""What the running interpreter is: asked by the launcher in its own process, by the host through ``-I -S``.

Standard library only. The host also runs this file by its path, in interpreters that may turn out to be too old:
no newer syntax here than they can read.
"""

import importlib.machinery
import os
import sys

__all__ = ["facts", "tag"]


def tag() -> str:
    """Return what compiled modules must fit: ``cpython-312-x86_64-linux-gnu``, ``cp312-win_amd64``."""
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    name = suffixes[0].strip(".").rsplit(".", 1)[0] if suffixes else str(sys.implementation.cache_tag)
    # macOS builds name no processor in it.
    return name if not name.endswith("-darwin") else name + "-" + os.uname().machine


def facts() -> dict:  # type: ignore[type-arg]  # Python 3.8 cannot subscript it, and is asked too
    """Return version, tag, cache tag and the PEP 508 marker environment of this interpreter. Cost: 5 ms."""
    import platform

    version = "%d.%d.%d" % tuple(sys.version_info[:3])  # noqa: UP031
    level, serial = sys.version_info[3:5]
    full = version if level == "final" else version + level[0] + str(serial)
    return {
        "version": full,
        "tag": tag(),
        "cache_tag": sys.implementation.cache_tag,
        "implementation": sys.implementation.name,
        "markers": {
            "implementation_name": sys.implementation.name,
            "implementation_version": full,
            "os_name": os.name,
            "platform_machine": platform.machine(),
            "platform_python_implementation": platform.python_implementation(),
            "platform_release": platform.release(),
            "platform_system": platform.system(),
            "platform_version": platform.version(),
            "python_full_version": platform.python_version(),
            "python_version": ".".join(platform.python_version_tuple()[:2]),
            "sys_platform": sys.platform,
        },
    }


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(facts()) + "\n")
