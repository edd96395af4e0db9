"""What a check loads where nothing has changed since the last one: no reader of locks, no library that reads versions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LOCK = 'lock-version = "1.0"\ncreated-by = "test"\npackages = []\n'
CHECK = (
    "import sys; from mlenv.faces.cli import main\n"
    "try: main(['check', '--json'])\nexcept SystemExit: pass\n"
    "print(sorted(name for name in sys.modules if name.startswith(('packaging.', 'mlenv.locks.reading'))))"
)


def test_a_check_with_a_cached_selection_loads_no_reader(
    tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path]
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pylock.toml").write_text(LOCK)
    make_venv(root / ".venv")
    loaded = [
        subprocess.run([sys.executable, "-c", CHECK], cwd=root, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    first, second = (done.stdout.splitlines()[-1] for done in loaded)
    assert "packaging.pylock" in first
    assert second == "[]"
