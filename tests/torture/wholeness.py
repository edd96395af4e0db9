"""Whether an environment is whole, decided from its files alone: a checker that knows nothing of mlenv.

Standard library only, and it starts no program of the environment: the judge of the campaigns must not share a line
with what it judges. It is itself tested against planted damage, see ``test_wholeness.py``.

    python wholeness.py PREFIX [--expect name==version ...] [--reference FILE] [--deep] [--kernels DIR] [--project DIR]
    python wholeness.py PREFIX --write-reference FILE

Exit status: 0 whole, 1 damaged, 3 absent.
"""

from __future__ import annotations

import argparse
import base64
import csv
import email.parser
import hashlib
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Verdict", "judge", "kernel_faults", "listing", "packages", "project_faults", "same_files"]

TOOLING = frozenset({"pip", "setuptools", "wheel", "uv"})
"""What an environment may have beside what it was asked for."""

_LEFT_OVER = re.compile(r"^(~.*|\.tmp.*|.*\.tmp|pip-unpack-.*|\.uv-.*)$")
_SCRIPT = re.compile(r"^([^=#\[]+?)\s*=", re.MULTILINE)
_PYLOCK_END = re.compile(r'\n\[tool\.mlenv\]\npackages = (\d+)\n(?s:.*)digest = "sha256:([0-9a-f]{64})"\s*\Z')
_LIST_END = re.compile(r"(?m)^# mlenv: (\d+) packages, sha256:([0-9a-f]{64})\s*\Z")


@dataclass(frozen=True)
class Verdict:
    """What an environment is."""

    state: str
    """``absent``, ``whole`` or ``damaged``."""
    which: str = ""
    """Of a whole one: the name of the expected set that it has."""
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.state == "damaged":
            return f"damaged: {'; '.join(self.why[:3])}" + (f" and {len(self.why) - 3} more" if self.why[3:] else "")
        return f"{self.state} {self.which}".strip()


def judge(
    prefix: Path,
    expected: Mapping[str, Mapping[str, str]] | None = None,
    references: Mapping[str, Mapping[str, str]] | None = None,
    *,
    deep: bool = False,
) -> Verdict:
    """Decide what an environment is.

    Args:
        prefix: the environment's folder, or a link to it.
        expected: name of a set -> package -> version; whole is only what has exactly one of them. Without: any set.
        references: name of a set -> :func:`listing` of a good environment with it, compared file by file.
        deep: compare every file with the digest that RECORD has for it.
    """
    if not os.path.lexists(prefix):
        return Verdict("absent")
    if not prefix.is_dir():
        kind = "a link that leads nowhere" if prefix.is_symlink() else "no folder"
        return Verdict("damaged", why=(f"{prefix.name} is {kind}",))
    faults = [*_interpreter_faults(prefix)]
    sites = _sites(prefix)
    if not sites:
        return Verdict("damaged", why=(*faults, "there is no site-packages"))
    have: dict[str, str] = {}
    for site in sites:
        faults += _site_faults(prefix, site, have, deep=deep)
    which = ""
    if expected is not None:
        which = next((name for name, wanted in expected.items() if _is_set(have, wanted)), "")
        if not which:
            faults.append(_set_fault(have, expected))
    if references is not None and which in references:
        faults += same_files(listing(prefix), references[which])
    return Verdict("damaged", why=tuple(faults)) if faults else Verdict("whole", which=which)


def packages(prefix: Path) -> dict[str, str]:
    """Return what the environment's metadata folders name, tooling left out."""
    found = {}
    for site in _sites(prefix):
        for entry in site.glob("*.dist-info"):
            name, _, version = entry.name.removesuffix(".dist-info").partition("-")
            found[_normal(name)] = version
    return {name: version for name, version in found.items() if name not in TOOLING}


def _is_set(have: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return {n: v for n, v in have.items() if n in wanted or n not in TOOLING} == {
        _normal(n): v for n, v in wanted.items()
    }


def _set_fault(have: Mapping[str, str], expected: Mapping[str, Mapping[str, str]]) -> str:
    shown = ", ".join(f"{name} {version}" for name, version in sorted(have.items()) if name not in TOOLING)
    return f"its packages are none of the sets {', '.join(expected)}: {shown or 'none'}"


def _interpreter_faults(prefix: Path) -> Iterable[str]:
    try:
        lines = (prefix / "pyvenv.cfg").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        yield "pyvenv.cfg is missing or cannot be read"
    else:
        settings = dict(line.replace(" ", "").split("=", 1) for line in lines if "=" in line)
        home = settings.get("home", "")
        if not home:
            yield "pyvenv.cfg does not name the base interpreter's folder"
        elif not os.path.isdir(home):
            yield "the base interpreter's folder is gone"
        if not re.match(r"3\.\d+", settings.get("version_info") or settings.get("version") or ""):
            yield "pyvenv.cfg does not name the version"
    python = prefix / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not os.path.lexists(python):
        yield "the interpreter is missing"
    elif not python.is_file():
        yield "the interpreter's link leads nowhere"
    elif python.stat().st_size == 0 or not os.access(python, os.X_OK):
        yield "the interpreter is empty or cannot be started"


def _sites(prefix: Path) -> list[Path]:
    # lib64 is a link to lib, where it is there.
    found = [*(prefix / "lib").glob("python3*/site-packages"), *prefix.glob("Lib/site-packages")]
    return [site for site in found if site.is_dir()]


def _site_faults(prefix: Path, site: Path, have: dict[str, str], *, deep: bool) -> Iterable[str]:
    owned: set[str] = set()
    for name in sorted(os.listdir(site)):
        if _LEFT_OVER.match(name):
            yield f"{name} was left over"
        elif name.endswith(".dist-info"):
            yield from _distribution_faults(prefix, site, name, have, owned, deep=deep)
    for name in sorted(os.listdir(site)):
        whole = (site / name).is_file() or (site / name).is_symlink()
        if name not in owned and not name.endswith((".dist-info", "__pycache__")) and not _LEFT_OVER.match(name):
            yield f"{name}{'' if whole else '/'} belongs to no package"


def _distribution_faults(
    prefix: Path, site: Path, folder: str, have: dict[str, str], owned: set[str], *, deep: bool
) -> Iterable[str]:
    name, _, version = folder.removesuffix(".dist-info").partition("-")
    key = _normal(name)
    if key in have:
        yield f"{key} is there twice: {have[key]} and {version}"
    have[key] = version
    head = email.parser.HeaderParser().parsestr(_text(site / folder / "METADATA"))
    if _normal(head.get("Name", "")) != key or head.get("Version") != version:
        yield f"{folder}/METADATA is missing, cut, or another package's"
    if "Wheel-Version" not in _text(site / folder / "WHEEL"):
        yield f"{folder}/WHEEL is missing or cut"
    if not _text(site / folder / "INSTALLER").strip():
        yield f"{folder}/INSTALLER is missing or empty"
    record = _text(site / folder / "RECORD")
    rows = [row for row in csv.reader(record.splitlines()) if row]
    if not rows or not record.endswith("\n") or any(len(row) != 3 for row in rows):
        yield f"{folder}/RECORD is missing or cut"
    if f"{folder}/INSTALLER" not in {row[0] for row in rows}:
        yield f"{folder}/RECORD lacks its INSTALLER row: the installation was not finished"
    yield from _row_faults(prefix, site, rows, owned, deep=deep)
    yield from _script_faults(prefix, site / folder)


def _row_faults(
    prefix: Path, site: Path, rows: Sequence[Sequence[str]], owned: set[str], *, deep: bool
) -> Iterable[str]:
    for path, digest, size in (row for row in rows if len(row) == 3):
        owned.add(path.split("/")[0])
        # Byte-code comes and goes, and pip's own RECORD as virtualenv seeds it lists some that never was.
        if path.endswith((".pyc", "__pycache__/")):
            continue
        file = Path(os.path.normpath(site / path))
        if not file.is_relative_to(prefix):
            yield f"{path} lies outside the environment"
        elif not file.is_file():
            yield f"{path} is missing"
        elif path.endswith(".dist-info/RECORD"):
            continue
        elif size and file.stat().st_size != int(size):
            yield f"{path} has {file.stat().st_size} bytes, not {size}"
        elif deep and digest.startswith("sha256=") and _sha256(file.read_bytes()) != digest.removeprefix("sha256="):
            yield f"{path} has another content"


def _script_faults(prefix: Path, folder: Path) -> Iterable[str]:
    text = _text(folder / "entry_points.txt")
    for section in ("console_scripts", "gui_scripts"):
        body = re.search(rf"\[{section}\]([^\[]*)", text)
        for name in _SCRIPT.findall(body[1]) if body else ():
            script = prefix / ("Scripts" if os.name == "nt" else "bin") / name.strip()
            if not script.is_file() and not script.with_suffix(".exe").is_file():
                yield f"the launch script {name.strip()} is missing"
            elif os.name != "nt" and not os.access(script, os.X_OK):
                yield f"the launch script {name.strip()} cannot be started"


def listing(prefix: Path) -> dict[str, str]:
    """Return a digest per file of an environment, for a comparison with another one at another place.

    Byte-code, RECORD texts, hidden files at the top and state of tools are left aside; paths of the environment inside
    files (scripts, activation) count as the same.
    """
    real = Path(os.path.realpath(prefix))
    found = {}
    for folder, folders, files in os.walk(real):
        folders[:] = [name for name in folders if name != "__pycache__" and not os.path.islink(f"{folder}/{name}")]
        for name in files:
            path = Path(folder, name)
            inside = path.relative_to(real).as_posix()
            if name == "RECORD" or name.endswith(".pyc") or inside in _STATE or inside.startswith("."):
                continue
            if path.is_symlink() and not path.exists():
                found[inside] = "leads nowhere"
            elif path.is_symlink():
                found[inside] = "link" if os.path.isabs(os.readlink(path)) else f"link to {os.readlink(path)}"
            else:
                content = path.read_bytes().replace(os.fsencode(real), b"@PREFIX@")
                found[inside] = _sha256(content.replace(os.fsencode(prefix), b"@PREFIX@"))
    return found


_STATE = frozenset({"mlenv-ready.json", "CACHEDIR.TAG", "pyvenv.cfg"})
"""Not compared file by file: pyvenv.cfg is read for what it says (it names the tool's version and the prompt)."""


def same_files(have: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Return how one :func:`listing` differs from another, one line a file."""
    lines = [f"{path} is missing (the reference has it)" for path in wanted if path not in have]
    lines += [f"{path} is not in the reference" for path in have if path not in wanted]
    lines += [f"{path} differs from the reference" for path in have if path in wanted and have[path] != wanted[path]]
    return sorted(lines)


def kernel_faults(kernels: Path) -> list[str]:
    """Return what is wrong with the kernelspecs in a folder: Jupyter lists every folder with a ``kernel.json``."""
    faults = []
    for folder in sorted(kernels.iterdir()) if kernels.is_dir() else ():
        try:
            spec = json.loads((folder / "kernel.json").read_bytes())
            argv, name = spec["argv"], spec["display_name"]
        except FileNotFoundError:
            faults.append(f"kernel {folder.name} has no kernel.json")
        except (OSError, ValueError, KeyError, TypeError) as error:
            faults.append(f"kernel {folder.name} cannot be loaded: {type(error).__name__}")
        else:
            if not (isinstance(argv, list) and argv and name and all(isinstance(word, str) for word in argv)):
                faults.append(f"kernel {folder.name} says nothing that can be started")
            faults += [
                f"kernel {folder.name}: {word} is not there"
                for word in argv[:2]
                if os.path.isabs(word) and not os.path.exists(word)
            ]
    return faults


def project_faults(root: Path) -> list[str]:
    """Return what is wrong with a project's files: cut, empty, or not what they say of themselves."""
    faults = []
    for path in sorted(root.iterdir()):
        if path.name.endswith((".tmp", "~", ".orig", ".bak")):
            faults.append(f"{path.name} was left over")
        if path.suffix not in {".toml", ".txt", ".in"} or path.name.endswith(".tmp"):
            continue
        text = _text(path)
        if not text.strip():
            faults.append(f"{path.name} is empty")
        elif path.suffix == ".toml":
            faults += _toml_faults(path.name, text)
        elif "made by mlenv" in text:
            faults += _seal_faults(path.name, text, _LIST_END, len(re.findall(r"(?m)^[a-zA-Z0-9]", text)))
    return faults


def _toml_faults(name: str, text: str) -> list[str]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"{name} is not TOML: {error}"]
    if name.startswith("pylock.") and content.get("created-by") == "mlenv":
        return _seal_faults(name, text, _PYLOCK_END, len(content.get("packages", ())))
    if name == "pyproject.toml" and not content.get("project", {}).get("name"):
        return [f"{name} has lost its project table"]
    return [f"{name} does not say its version"] if name.startswith("pylock.") and "lock-version" not in content else []


def _seal_faults(name: str, text: str, end: re.Pattern[str], count: int) -> list[str]:
    seal = end.search(text)
    if not seal:
        return [f"{name} lacks its end"]
    if int(seal[1]) != count:
        return [f"{name} says {seal[1]} packages and has {count}"]
    body = text[: seal.start() + 1] if text[seal.start()] == "\n" else text[: seal.start()]
    return [] if hashlib.sha256(body.encode()).hexdigest() == seal[2] else [f"{name} is not what its end was made of"]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _sha256(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def main() -> int:
    """Judge one environment from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prefix", type=Path)
    parser.add_argument("--expect", nargs="*", metavar="name==version")
    parser.add_argument("--reference", type=Path, help="a listing of a good environment with the same packages")
    parser.add_argument("--write-reference", type=Path, help="write the listing of this environment, and nothing else")
    parser.add_argument("--deep", action="store_true", help="compare contents with RECORD's digests, too")
    parser.add_argument("--kernels", type=Path, help="a folder of kernelspecs to look at, too")
    parser.add_argument("--project", type=Path, help="a project folder whose files to look at, too")
    asked = parser.parse_args()
    if asked.write_reference:
        asked.write_reference.write_text(json.dumps(listing(asked.prefix), indent=0))
        return 0
    expected = None if asked.expect is None else {"asked": dict(row.split("==", 1) for row in asked.expect)}
    references = {"asked": json.loads(asked.reference.read_text())} if asked.reference else None
    verdict = judge(asked.prefix, expected, references, deep=asked.deep)
    beside = [*(kernel_faults(asked.kernels) if asked.kernels else ())]
    beside += project_faults(asked.project) if asked.project else ()
    for line in (str(verdict), *beside):
        print(line)
    if verdict.state == "absent" and not beside:
        return 3
    return 0 if verdict.state == "whole" and not beside else 1


if __name__ == "__main__":
    sys.exit(main())
