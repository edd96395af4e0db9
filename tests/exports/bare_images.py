"""Images without Docker: a process that carries Dockerfiles out in a mount namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["BareImages", "Built", "why_not"]

_BUILDER = Path(__file__).with_name("bare_builder.py")


@dataclass(frozen=True)
class Built:
    """What came of one build."""

    steps: list[dict[str, str]]
    failed: str
    """The instruction that it stopped at; empty where there was none."""
    said: str
    proofs: list[dict[str, Any]]
    command: list[str]

    def how(self, words: str) -> str:
        """``cached`` or ``done``: the step that has these words."""
        return self._step(words)["how"]

    def output(self, words: str) -> str:
        """What the step that has these words printed."""
        return self._step(words)["said"]

    def _step(self, words: str) -> dict[str, str]:
        return next(step for step in self.steps if words in step["step"])


class BareImages:
    """The process; its layers last from build to build."""

    def __init__(self, work: Path, shared: Mapping[str, Any]) -> None:
        """Start it; ``shared``: ``pythons``, ``wheels``, ``caches``, ``env``."""
        self.shared = dict(shared)
        self.work = work
        work.mkdir()
        self.process = subprocess.Popen(
            ["unshare", "--mount", sys.executable, str(_BUILDER), str(work)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def build(
        self, folder: Path, *, proofs: Sequence[Mapping[str, Any]] = (), name: str = "Dockerfile", **more: object
    ) -> Built:
        """Build what lies in a folder, and run the proofs: ``{"argv": [...], "mlenv": True, "user": "0:0"}``."""
        ignored = folder / f"{name}.dockerignore"
        job = {
            **self.shared,
            "dockerfile": (folder / name).read_text(),
            "ignored": ignored.read_text() if ignored.exists() else "",
            "context": str(folder),
            "proofs": list(proofs),
            **more,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return Built(answer["steps"], answer["failed"], answer["said"], answer["proofs"], answer.get("command", []))

    def close(self) -> None:
        """End it; everything that it made ends with it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


def why_not() -> str:
    """Return what this machine lacks; empty where Dockerfiles can be carried out."""
    script = (
        "mount --make-rprivate / && cd /tmp && d=$(mktemp -d) && trap 'umount -l $d; rmdir $d' EXIT && mount -t tmpfs x $d"
        " && mkdir $d/u $d/w $d/r && mount -t overlay x -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r && umount $d/r"
    )
    try:
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=30)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else f"no mount namespace with overlays: {done.stderr.strip()[-200:]}"
