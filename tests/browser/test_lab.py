"""The main job as a user has it: JupyterLab, a plain notebook, a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser.lab import chromium, open_lab, serving, write_notebook

pytestmark = pytest.mark.real

CELLS = (
    "%load_ext mlenv",
    "%mlenv create six",
    "%mlenv check",
    "import os, sys\nprint(os.path.relpath(sys.prefix))",
    "!python -m pip install --quiet --no-deps idna==3.6",
    "%mlenv panel",
    "%mlenv add no-such-package-of-mlenv",
)


def test_create_switch_kernel_check_and_mend_with_the_panel(mlenv_home: Path, tmp_path: Path) -> None:
    """From the plain kernel to the project's own, drift said below its cell, and mended with the panel's button."""
    browser = chromium()
    if not browser:
        pytest.skip("not run: no chromium")
    pytest.importorskip("playwright.sync_api", reason="not run: no playwright")
    pytest.importorskip("jupyterlab", reason="not run: no JupyterLab")
    folder = tmp_path / "iris"
    folder.mkdir()
    write_notebook(folder / "work.ipynb", *CELLS)
    with (
        serving(folder, tmp_path / "lab.log") as address,
        open_lab(browser, address.format("work.ipynb"), tmp_path) as lab,
    ):
        assert lab.kernel == "Python 3 (ipykernel)"
        lab.run(0)
        created = lab.run(1)
        assert "lock pylock.toml: 1 package" in created
        assert created.count("\nnext ") == 1
        assert 'Change Kernel > "Python (iris)"' in created
        assert "switch" in lab.run(2)

        lab.choose_kernel("Python (iris)")
        assert "in-step: 1 package of pylock.toml" in lab.run(2)
        assert lab.run(3).strip() == ".venv"
        assert "mlenv: idna 3.6 on disk, not in pylock.toml. Next: %mlenv sync" in lab.run(4)

        lab.run(5)
        panel = lab.output(5)
        panel.locator("button:visible", has_text="Sync").click()
        panel.locator("strong", has_text="in-step").wait_for()
        assert panel.locator("button:visible").all_inner_texts() == ["Check again"]
        assert "- idna 3.6" in panel.locator("[role=log]").inner_text()

        failed = [line for line in lab.run(6).splitlines() if line.strip()]
        assert any("no-such-package-of-mlenv" in line for line in failed)
        assert len(failed) <= 6, failed  # how it ended, and at most five lines of error
        assert not any("Traceback" in line for line in failed)
