"""Carry out what a pipeline's file says, step by step, without the service: its ``actions/*`` by what they stand for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Job", "cloned", "commit", "github_job", "gitlab_job", "parse_yaml"]

_IDENTITY = ("-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main")


class Job:
    """One job in a clone: named steps of shell text, each in a shell of its own as the service starts it."""

    def __init__(self, clone: Path, env: Mapping[str, str], folder: Path, shell: tuple[str, ...]) -> None:
        self.clone, self.env, self.folder, self.shell = clone, dict(env), folder, shell
        self.steps: dict[str, str] = {}
        self.where = clone
        self.last = ""
        """The shell text that executes the notebooks, alone."""
        self.kept = ""
        """The folder whose files are kept, from the top of the clone."""

    def run(self, *names: str) -> subprocess.CompletedProcess[str]:
        """Run these steps (default: all) up to the first that fails; its status and all output come back."""
        return self._run([self.steps[name] for name in names or tuple(self.steps)])

    def run_notebooks(self) -> subprocess.CompletedProcess[str]:
        return self._run([self.last])

    def _run(self, texts: list[str]) -> subprocess.CompletedProcess[str]:
        said = ""
        status = 0
        for text in texts:
            script = self.folder / "step.sh"
            script.write_text(text)
            done = subprocess.run(
                [*self.shell, str(script)],
                cwd=self.where,
                env=self._env(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
            )
            said, status = said + done.stdout, done.returncode
            if status:
                break
        return subprocess.CompletedProcess(texts, status, said)

    def artifacts(self) -> list[str]:
        """Return the files that would be kept, relative to the folder that is."""
        kept = self.clone / self.kept
        return sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file())

    def _env(self) -> dict[str, str]:
        added = self.folder / "path"
        paths = added.read_text().split() if added.exists() else []
        return {**self.env, "PATH": ":".join([*reversed(paths), self.env["PATH"]])}


def parse_yaml(text: str) -> Any:
    """Parse as YAML 1.2 does: ``on`` is no truth."""
    return yaml.safe_load(re.sub(r"(?m)^on:", "'on':", text))


def commit(project: Path) -> None:
    """Make the folder a repository with one more commit of all its files."""
    empty = project / ".git"
    if empty.is_dir() and not any(empty.iterdir()):
        empty.rmdir()
    if not empty.exists():
        _git(project, "init", "--quiet")
    _git(project, "add", "--all")
    _git(project, *_IDENTITY, "commit", "--quiet", "--allow-empty", "--message", "all")


def cloned(repository: Path, target: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(repository), str(target)], check=True, capture_output=True)
    return target


def github_job(clone: Path, workflow: str, folder: Path, env: Mapping[str, str], pythons: Mapping[str, str]) -> Job:
    """Read a workflow.

    Args:
        clone: what ``actions/checkout`` brings.
        workflow: the file, from the top of the clone.
        folder: empty; what is the runner's.
        env: of the runner.
        pythons: minor -> program; ``actions/setup-python`` puts those that are asked for on ``PATH``.
    """
    folder.mkdir()
    content = parse_yaml((clone / workflow).read_text())
    (job,) = content["jobs"].values()
    asked = [step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")]
    path = [str(_python(release, pythons).parent) for release in reversed(asked[0].split())]
    own = {
        **env,
        "PATH": ":".join([*path, "/usr/bin", "/bin"]),
        "RUNNER_TEMP": str(folder / "temp"),
        "GITHUB_PATH": str(folder / "path"),
        "GITHUB_WORKSPACE": str(clone),
    }
    (folder / "temp").mkdir()
    made = Job(clone, own, folder, ("bash", "-e"))
    made.where = clone / job.get("defaults", {}).get("run", {}).get("working-directory", "")
    made.steps = {step["name"]: step["run"] for step in job["steps"] if "run" in step}
    made.last = list(made.steps.values())[-1]
    made.kept = next(step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    assert not any("${{" in script for script in made.steps.values())
    return made


def gitlab_job(clone: Path, file: str, folder: Path, env: Mapping[str, str], pythons: Mapping[str, str]) -> Job:
    """Read the job of a file; an image ``python:X`` brings that Python. All lines run in one shell, as GitLab does."""
    folder.mkdir()
    (job,) = parse_yaml((clone / file).read_text()).values()
    image, _, tag = job["image"].partition(":")
    assert image == "python"
    own = {
        **env,
        "PATH": ":".join([str(_python(tag.split("-")[0], pythons).parent), "/usr/bin", "/bin"]),
        "CI_PROJECT_DIR": str(clone),
    }
    own |= {name: text.replace("$CI_PROJECT_DIR", str(clone)) for name, text in job["variables"].items()}
    made = Job(clone, own, folder, ("bash", "-eo", "pipefail"))
    made.steps = {"all": "\n".join([*job["before_script"], *job["script"]])}
    added = job["before_script"][0].splitlines()[-1]
    assert added.startswith("export PATH=")
    made.last = f"{added}\n{job['script'][-1]}"
    (made.kept,) = job["artifacts"]["paths"]
    return made


def _python(release: str, pythons: Mapping[str, str]) -> Path:
    minor = ".".join(release.split(".")[:2])
    assert minor in pythons, f"Python {release} is not here"
    found = Path(pythons[minor])
    assert (found.parent / "python").exists()
    return found


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
