"""What goes into project kernels runs on the oldest and the newest Python there, alone, with nothing installed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv.runtime.side import install_side

pytestmark = pytest.mark.real

MINORS = ("3.9", "3.10", "3.12", "3.13")

EXERCISE = """
import json, sys
from mlenv import drift, installed, loaded, render, versions
from mlenv.errors import MlenvError
from mlenv.model import *
from mlenv.probe import site

assert versions.same("1.0", "1.0.0") and versions.satisfies("2.5.1+cu121", "==2.5.1")
facts = site.environment_facts(sys.argv[1])
there = site.scan(facts.sites)
pins = (Pin(name="six", version="1.16.0"), Pin(name="gone", version="1.0"))
selection = Selection(root="/project", name="demo", lock="pylock.toml", kind="pylock", pins=pins, requires_python=">=3.8")
report = drift.report(selection, facts, there, (Loaded(name="six", version="1.15.0"),), KernelRef(prefix=sys.argv[1], name="k"))
six = there.get("six")
assert site.verify(six, deep=True) == () and site.tops(six) == ("six",), site.verify(six, deep=True)
assert site.missing_tops(there, {}) == () and site.needs(there)["six"] == ()
assert site.unchanged(site.stamps(list(facts.sites)))
assert "six" in render.report_text(report, magic=True) and "<table" in render.report_html(report)
error = MlenvError("x", "y", where="z", hint="w")
assert render.error_text(error) and render.error_html(error) and render.error_json(error)
outcome = Outcome(verb="sync", lines=("a",), changes=(Change(package="six", before=None, after="1"),))
assert render.outcome_text(outcome) and render.outcome_html(outcome) and render.outcome_json(outcome)
heavy = {"importlib.metadata", "packaging", "email", "subprocess", "asyncio", "logging", "tempfile"} & set(sys.modules)
print(json.dumps({"report": render.report_json(report), "heavy": sorted(heavy), "python": facts.python}))
"""


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what project kernels get, as it is installed for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLENV_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        launcher = install_side()
    return next((launcher.parent / "side").glob("*/mlenv")).parent


@pytest.mark.network
@pytest.mark.parametrize("minor", MINORS)
def test_the_kernels_side_reads_compares_and_renders_with_the_standard_library_alone(
    minor: str, side: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(tmp_path / "env", minor, "six==1.16.0")
    code = f"import sys; sys.path.insert(0, {str(side)!r})\n{EXERCISE}"
    done = subprocess.run(
        [str(prefix / "bin" / "python"), "-I", "-S", "-W", "error", "-c", code, str(prefix)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["python"].startswith(minor)
    assert answer["heavy"] == [], "imported in every project kernel, and not needed there"
    found = [(f["kind"], f["package"], f["locked"], f["installed"], f["loaded"]) for f in answer["report"]["findings"]]
    assert found == [("missing", "gone", "1.0", None, None), ("restart", "six", "1.16.0", "1.16.0", "1.15.0")]
