"""A hosted runtime's image, imitated: Colab's published versions, a stub of ``google.colab``, its variables."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from live_kernel import CellResult, LiveKernel

__all__ = ["HOST", "MARKS", "Image", "make_image", "ok", "start_kernel_of"]

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGES = CHECKOUT / "tests" / "data" / "images"
MARKS = {
    "COLAB_RELEASE_TAG": "release-colab-external_20260814-060123",
    "COLAB_BACKEND_VERSION": "next",
    "COLAB_GPU": "",
    # Left set in real images, the files long gone (googlecolab/colabtools issue 5237).
    "UV_CONSTRAINT": "nowhere/constraints.txt",
    "UV_BUILD_CONSTRAINT": "nowhere/build.txt",
    "UV_PRERELEASE": "no-such-choice",
    "UV_SYSTEM_PYTHON": "true",
    "UV_TARGET": "nowhere",
    "PIP_CONSTRAINT": "nowhere/constraints.txt",
    "PIP_REQUIRE_VIRTUALENV": "1",
}
"""The variables of Colab's image."""
HOST = (
    "google-colab",
    "ipykernel",
    "ipython",
    "ipywidgets",
    "jupyter-client",
    "notebook",
    "pyzmq",
    "tornado",
    "traitlets",
)
_STUB = "google_colab-1.0.0.dist-info"
_NEEDS = ("ipykernel==6.17.1", "ipython==7.34.0", "notebook==6.5.7")


@dataclass(frozen=True)
class Image:
    """One copy of an image; what is installed into it stays there."""

    prefix: Path
    env: Mapping[str, str]
    """The whole environment of a process of it."""

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python"

    @property
    def site(self) -> Path:
        return next(self.prefix.glob("lib/python3*/site-packages"))

    @property
    def kernel(self) -> list[str]:
        return [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]

    @property
    def packages(self) -> dict[str, str]:
        """Name -> version, as they lie there."""
        rows = (path.name.removesuffix(".dist-info").split("-") for path in self.site.glob("*.dist-info"))
        return {name.lower().replace("_", "-").replace(".", "-"): version for name, version, *_ in rows}

    @property
    def host(self) -> dict[str, str]:
        """The versions of what the host cannot do without."""
        return {name: version for name, version in self.packages.items() if name in HOST}

    def run(self, *words: str | Path, cwd: Path | None = None, code: int | None = 0, **env: str) -> str:
        """Run a program; both of its streams come back."""
        done = subprocess.run(
            [str(word) for word in words], cwd=cwd or self.prefix, env={**self.env, **env}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"{words} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def uv(self, *words: str | Path) -> str:
        clean = {name: text for name, text in self.env.items() if name not in MARKS}
        done = subprocess.run(
            [find_uv_bin(), *map(str, words), "--python", str(self.python)], env=clean, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


def make_image(prefix: Path, minor: str, python: str, kept: Path, env: Mapping[str, str], wheel: Path | None) -> Image:
    """Make a copy of Colab's image of a Python.

    Args:
        prefix: where.
        minor: ``3.13``.
        python: the interpreter.
        kept: folder in which the resolved list is kept: the second image takes a second.
        env: the environment of its user.
        wheel: mlenv, to be installed into it as ``%pip install mlenv`` would; nothing where there is none.
    """
    plain = {name: text for name, text in env.items() if name not in {"PYTHONDONTWRITEBYTECODE", "PIP_FIND_LINKS"}}
    image = Image(prefix, {**plain, **MARKS})
    subprocess.run([find_uv_bin(), "venv", "--quiet", "--python", python, str(prefix)], check=True, timeout=120)
    image.uv("pip", "install", "--no-deps", "-r", _resolved(minor, python, kept))
    _put_stub(image.site)
    if wheel is not None:
        image.uv("pip", "install", wheel)
    return image


def _resolved(minor: str, python: str, kept: Path) -> Path:
    """Return the image's list with all that it needs, resolved once."""
    source = IMAGES / f"colab-{minor}.txt"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    found = kept / f"colab-{minor}-{digest}.txt"
    if not found.exists():
        kept.mkdir(parents=True, exist_ok=True)
        aside = kept / f".{found.name}.{os.getpid()}"
        argv = [
            find_uv_bin(),
            "pip",
            "compile",
            "--quiet",
            "--no-header",
            "--python",
            python,
            "-o",
            str(aside),
            str(source),
        ]
        subprocess.run(argv, check=True, timeout=300)
        aside.replace(found)
    return found


def _put_stub(site: Path) -> None:
    """Put a stand-in for ``google.colab`` there: a namespace package with the real one's hard requirements."""
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").write_text("__version__ = '1.0.0'\n")
    folder = site / _STUB
    folder.mkdir()
    needs = "".join(f"Requires-Dist: {text}\n" for text in _NEEDS)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: google-colab\nVersion: 1.0.0\n{needs}")
    (folder / "INSTALLER").write_text("pip\n")
    files = ("google/colab/__init__.py", *(f"{_STUB}/{name}" for name in ("METADATA", "INSTALLER", "RECORD")))
    (folder / "RECORD").write_text("".join(f"{name},,\n" for name in files))


def start_kernel_of(image: Image, content: Path, **env: str) -> LiveKernel:
    """Start a kernel of an image as its front end would, in a folder to work in."""
    jupyter = Path(image.env["JUPYTER_DATA_DIR"])
    folder = jupyter / "kernels" / "colab"
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"argv": image.kernel, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    log = jupyter / f"kernel-{len(list(jupyter.glob('*.log')))}.log"
    live = LiveKernel("colab", content, {**image.env, **env}, log, alone=True)
    live.wait()
    return live


def ok(result: CellResult) -> CellResult:
    """Return what a cell did that must not have failed."""
    assert result.status == "ok", result.text
    return result
