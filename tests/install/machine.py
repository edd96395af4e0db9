"""A machine on which somebody installs mlenv: an environment with JupyterLab, with Node or without, and the sources."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from own_home import own_environment

__all__ = ["CHECKOUT", "WARNING", "Machine", "sources"]

CHECKOUT = Path(__file__).resolve().parent.parent.parent
WARNING = "WARNING: mlenv is built without its JupyterLab extension"


def sources(folder: Path) -> Path:
    """Copy what git would commit, as a fresh clone has it: nothing built, no JavaScript packages."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((CHECKOUT / name).read_bytes())
    return folder


@dataclass(frozen=True)
class Machine:
    """One environment that has JupyterLab and all that mlenv needs, but not mlenv."""

    prefix: Path
    home: Path
    data: Path

    @classmethod
    def new(cls, folder: Path, data: Path) -> Machine:
        made = cls(folder / "env", folder / "home", data)
        made.run(find_uv_bin(), "venv", "--quiet", "--seed", str(made.prefix))
        made.run(find_uv_bin(), "pip", "install", "--quiet", "--python", str(made.python), f"{CHECKOUT}[lab]")
        made.run(find_uv_bin(), "pip", "uninstall", "--quiet", "--python", str(made.python), "mlenv")
        return made

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python"

    @property
    def labextension(self) -> Path:
        """Where Jupyter looks for the front end."""
        return self.prefix / "share" / "jupyter" / "labextensions" / "mlenv"

    def run(
        self,
        program: str | Path,
        *words: str,
        cwd: Path | None = None,
        code: int | None = 0,
        node: bool = True,
        **env: str,
    ) -> str:
        """Run a program of this machine; all that it wrote comes back. Without Node, ``PATH`` has nothing at all."""
        self.home.mkdir(parents=True, exist_ok=True)
        own = own_environment(self.home, self.data)
        yarn = os.environ.get("YARN_GLOBAL_FOLDER", str(Path.home() / ".yarn" / "berry"))
        certificates = {name: os.environ[name] for name in ("NODE_EXTRA_CA_CERTS",) if name in os.environ}
        path = {"PATH": own["PATH"] if node else str(self.home / "no-programs")}
        done = subprocess.run(
            [program, *words], cwd=cwd or self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
            env={**own, "YARN_GLOBAL_FOLDER": yarn, **certificates, **path, **env},
        )  # fmt: skip
        assert code is None or done.returncode == code, (
            f"{program} {words} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout + done.stderr

    def pip(self, *words: str, node: bool, code: int = 0, **env: str) -> str:
        """Install with the environment's own pip; what mlenv needs is there."""
        options = ["--verbose", "--no-deps", "--disable-pip-version-check"]
        return self.run(self.python, "-m", "pip", "install", *options, *words, node=node, code=code, **env)

    def uv(self, *words: str, node: bool, code: int = 0, **env: str) -> str:
        """The same with uv."""
        options = ["--verbose", "--no-deps", "--reinstall-package", "mlenv", "--refresh-package", "mlenv"]
        python = ["--python", str(self.python)]
        return self.run(find_uv_bin(), "pip", "install", *options, *python, *words, node=node, code=code, **env)

    def uninstall(self) -> None:
        self.run(self.python, "-m", "pip", "uninstall", "--quiet", "--yes", "mlenv")

    def listed(self, *command: str) -> str:
        """The lines on mlenv of a ``jupyter ... list``, without colours."""
        said = self.run(self.prefix / "bin" / "jupyter", *command, "list", NO_COLOR="1")
        plain = said.replace("\x1b[32m", "").replace("\x1b[31m", "").replace("\x1b[0m", "")
        return "\n".join(line.strip() for line in plain.splitlines() if "mlenv" in line.split("(")[0])

    def doctor(self) -> str:
        """What ``mlenv doctor`` says: whoever installs with pip does not see the warnings of a build."""
        return self.run(self.prefix / "bin" / "mlenv", "doctor", code=None)

    def prove_the_rest(self, version: str) -> None:
        """Every face but the front end works, nothing was enabled: command line, magics, portable kernel, server."""
        assert version in self.run(self.prefix / "bin" / "mlenv", "--version", node=False)
        magics = "shell.run_line_magic('load_ext', 'mlenv'); assert 'mlenv' in shell.magics_manager.magics['line']"
        code = (
            f"from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance(); {magics}"
        )
        self.run(self.python, "-c", code, node=False)
        kernels = self.run(
            self.prefix / "bin" / "jupyter", "kernelspec", "list", "--json", "--log-level=50", node=False
        )
        assert "mlenv" in json.loads(kernels)["kernelspecs"]
        assert self.listed("server", "extension") == f"mlenv enabled\n- Validating mlenv...\nmlenv {version} OK"
