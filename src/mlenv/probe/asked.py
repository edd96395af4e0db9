"""Run by the interpreter that is asked (``-I -S``, standard library only): print what it is.

Arguments: a word to print before and after the answer, a folder that holds the ``packaging`` library.
Written for old Pythons too (3.6 and later), so that these can be named rather than fail. Nothing of mlenv is here.
"""

import importlib.machinery
import json
import os
import platform
import sys
import sysconfig

__all__ = ["markers"]


def markers() -> "dict[str, str]":
    implementation = sys.implementation.version
    version = f"{implementation.major}.{implementation.minor}.{implementation.micro}"
    if implementation.releaselevel != "final":
        version += implementation.releaselevel[0] + str(implementation.serial)
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": version,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def _tags(folder: str) -> "list[str]":
    """Return the wheel tags; empty where the library does not run on this Python."""
    sys.path.append(folder)  # at the end: the standard library wins
    try:
        from packaging.tags import sys_tags

        return [str(tag) for tag in sys_tags()]
    except Exception:  # noqa: BLE001 - old Pythons fail in many ways, and the host computes the tags then
        return []
    finally:
        sys.path.remove(folder)


def _prefix() -> str:
    """Return the environment's folder: without ``site`` (``-S``) ``sys.prefix`` is the base's until Python 3.13."""
    folder = os.path.dirname(os.path.abspath(sys.executable))
    for place in (os.path.dirname(folder), folder):
        if os.path.isfile(os.path.join(place, "pyvenv.cfg")):
            return place
    return sys.prefix


def _main() -> None:
    facts = {
        "markers": markers(),
        "tags": _tags(sys.argv[2]),
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag,
        "abiflags": getattr(sys, "abiflags", ""),
        "extension_suffix": (importlib.machinery.EXTENSION_SUFFIXES or [""])[0],
        "prefix": _prefix(),
        "base_prefix": sys.base_prefix,
        "stdlib": sysconfig.get_path("stdlib"),
        "platform": sysconfig.get_platform(),
    }
    sys.stdout.write("\n".join(["", sys.argv[1], json.dumps(facts), sys.argv[1], ""]))


if __name__ == "__main__":
    _main()
