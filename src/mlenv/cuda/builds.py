"""What frameworks were built for, from metadata and from files that hold literals: nothing of them is imported.

Read in this order (tried on real wheels of torch 2.15, TensorFlow 2.19, jax, cupy, onnxruntime): the file that the
build wrote, the local version (``+cu128``), the address that the lock names, the CUDA libraries beside it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlenv.cuda.hardware import numbers
from mlenv.model import value

__all__ = ["LITERAL_FILES", "Build", "builds_of"]

LITERAL_FILES = {
    "torch": "torch/version.py",
    "tensorflow": "tensorflow/python/platform/build_info.py",
    "onnxruntime": "onnxruntime/capi/build_and_package_info.py",
}
"""Framework -> the file of its package that says what it was built for."""

_TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu", "tensorflow-intel")
_LOCAL = re.compile(r"\+(?:(cpu|xpu)|cu(\d{2,3})|(rocm[\d.]*))(?:$|[.\-_])")
_ADDRESS = re.compile(r"/whl/(?:nightly/|test/)?(?:(cpu|xpu)|cu(\d{2,3})|(rocm[\d.]*))(?:/|$)|(?:\+|%2B)cu(\d{2,3})-")
_RUNTIME = re.compile(r"nvidia-cuda-runtime(?:-cu(\d\d))?|cuda-toolkit")
_CAPABILITY = re.compile(r"(?:sm|compute)_(\d{2,3})")


@value
class Build:
    """One framework, installed or locked."""

    framework: str
    """``torch``, ``tensorflow``, ``jax``, ``cupy``, ``onnxruntime``."""
    package: str
    """The distribution that says it: ``tensorflow-cpu``, ``jax-cuda12-plugin``."""
    version: str
    kind: str = "unknown"
    """``cuda``, ``cpu``, ``rocm``, ``xpu``, ``unknown``."""
    cuda: str = ""
    """``12.8``, or only its major (``12``); empty where it is no build for CUDA."""
    runtime: str = ""
    """Version of the CUDA runtime that is beside it; empty where none is."""
    told_by: str = ""
    """What says so."""
    least_capability: str = ""
    """Lowest compute capability that it has code for, where it says so."""


def builds_of(
    versions: Mapping[str, str], texts: Mapping[str, str] | None = None, addresses: Mapping[str, str] | None = None
) -> tuple[Build, ...]:
    """Return what the frameworks among some packages were built for.

    Args:
        versions: normalised name -> version, of all that is installed (or locked) together.
        texts: framework -> text of its file of :data:`LITERAL_FILES`, where it is installed.
        addresses: name -> index or file that a lock names.
    """
    texts, addresses = texts or {}, addresses or {}
    found = (
        _torch(versions, texts.get("torch", ""), addresses.get("torch", "")),
        _tensorflow(versions, texts.get("tensorflow", "")),
        _jax(versions),
        _cupy(versions),
        _onnxruntime(versions, texts.get("onnxruntime", "")),
    )
    return tuple(build for build in found if build is not None)


def _torch(versions: Mapping[str, str], text: str, address: str) -> Build | None:
    version = versions.get("torch")
    if version is None:
        return None
    literals = _assigned(text)
    if "cuda" in literals:
        kinds = [name for name in ("cuda", "rocm", "xpu") if literals.get("hip" if name == "rocm" else name)]
        kind = kinds[0] if kinds else "cpu"
        cuda = str(literals["cuda"]) if kind == "cuda" else ""
        return _build("torch", "torch", version, kind, cuda, LITERAL_FILES["torch"], versions)
    for pattern, said, by in ((_LOCAL, version, "its version"), (_ADDRESS, address, "its address in the lock")):
        match = pattern.search(said)
        if match:
            plain, digits, other = match[1], match[2] or (match[4] if match.re is _ADDRESS else ""), match[3]
            kind = "cuda" if digits else plain or (other and "rocm") or "unknown"
            cuda = f"{digits[:-1]}.{digits[-1]}" if digits else ""
            return _build("torch", "torch", version, kind, cuda, by, versions)
    runtime = _runtimes(versions)
    if runtime:
        name, newest = max(runtime.items(), key=lambda row: numbers(row[1]))
        return _build("torch", "torch", version, "cuda", _minor(newest), f"{name} beside it", versions)
    return _build("torch", "torch", version, "unknown", "", "", versions)


def _tensorflow(versions: Mapping[str, str], text: str) -> Build | None:
    package = next((name for name in _TENSORFLOW if name in versions), None)
    if package is None:
        return None
    told = dict(_pairs(text))
    if "is_cuda_build" in told:
        kind = "cuda" if told["is_cuda_build"] else "cpu"
        cuda = _minor(str(told.get("cuda_version", ""))) if kind == "cuda" else ""
        build = _build("tensorflow", package, versions[package], kind, cuda, LITERAL_FILES["tensorflow"], versions)
        return _with_capability(build, told.get("cuda_compute_capabilities"))
    kind, cuda, by = ("cpu", "", "its name") if package != "tensorflow" else ("unknown", "", "")
    runtime = _runtimes(versions)
    if kind == "unknown" and runtime:
        name, newest = max(runtime.items(), key=lambda row: numbers(row[1]))
        kind, cuda, by = "cuda", str(numbers(newest)[0]), f"{name} beside it"
    return _build("tensorflow", package, versions[package], kind, cuda, by, versions)


def _jax(versions: Mapping[str, str]) -> Build | None:
    for name in sorted(versions, reverse=True):
        match = re.fullmatch(r"jax-cuda(\d\d)-(?:plugin|pjrt)", name)
        if match:
            return _build("jax", name, versions[name], "cuda", match[1], "its name", versions)
    if "jaxlib" not in versions:
        return None
    local = re.search(r"\+cuda(\d\d)", versions["jaxlib"])
    kind, by = ("cuda", "its version") if local else ("cpu", "no plugin for CUDA beside it")
    return _build("jax", "jaxlib", versions["jaxlib"], kind, local[1] if local else "", by, versions)


def _cupy(versions: Mapping[str, str]) -> Build | None:
    for name in sorted(versions):
        match = re.fullmatch(r"cupy-cuda(\d\d)(x|\d)", name)
        if match:
            cuda = match[1] if match[2] == "x" else f"{match[1]}.{match[2]}"
            return _build("cupy", name, versions[name], "cuda", cuda, "its name", versions)
    return _build("cupy", "cupy", versions["cupy"], "unknown", "", "", versions) if "cupy" in versions else None


def _onnxruntime(versions: Mapping[str, str], text: str) -> Build | None:
    package = next((name for name in ("onnxruntime-gpu", "onnxruntime") if name in versions), None)
    if package is None:
        return None
    cuda = str(_assigned(text).get("cuda_version") or "")
    kind = "cuda" if cuda or package == "onnxruntime-gpu" else "cpu"
    by = LITERAL_FILES["onnxruntime"] if cuda else "its name"
    return _build("onnxruntime", package, versions[package], kind, cuda, by, versions)


def _build(
    framework: str, package: str, version: str, kind: str, cuda: str, told_by: str, versions: Mapping[str, str]
) -> Build:
    runtime = _runtimes(versions).values() if kind == "cuda" else ()
    same = [text for text in runtime if numbers(text)[:1] == numbers(cuda)[:1]]
    newest = max(same or runtime, key=numbers, default="")
    return Build(
        framework=framework, package=package, version=version, kind=kind, cuda=cuda, runtime=newest, told_by=told_by
    )


def _with_capability(build: Build, told: Any) -> Build:
    levels = [match[1] for text in told if (match := _CAPABILITY.match(str(text)))] if isinstance(told, list) else []
    least = min(levels, key=int, default="")
    return replace(build, least_capability=f"{least[:-1]}.{least[-1]}" if least else "")


def _runtimes(versions: Mapping[str, str]) -> dict[str, str]:
    """Return the packages of CUDA's runtime: with ``-cu12`` until CUDA 12, from 13 on without."""
    return {name: text for name, text in versions.items() if _RUNTIME.fullmatch(name) and numbers(text)}


def _minor(version: str) -> str:
    return ".".join(map(str, numbers(version)[:2]))


def _parsed(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _assigned(text: str) -> dict[str, Any]:
    """Return the literals that a module assigns to names at its top: ``cuda = '12.8'``, ``cuda: str = '12.8'``."""
    found = {}
    for node in getattr(_parsed(text), "body", ()):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        content = getattr(node, "value", None)
        if isinstance(content, ast.Constant):
            found.update({target.id: content.value for target in targets if isinstance(target, ast.Name)})
    return found


def _pairs(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the ``("name", literal)`` pairs and ``{"name": literal}`` items of a module, wherever they stand."""
    for node in ast.walk(_parsed(text)):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            rows = [(node.elts[0], node.elts[1])]
        elif isinstance(node, ast.Dict):
            rows = [(key, content) for key, content in zip(node.keys, node.values, strict=True) if key is not None]
        else:
            continue
        for key, content in rows:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                try:
                    yield key.value, ast.literal_eval(content)
                except (ValueError, TypeError, RecursionError):
                    continue
