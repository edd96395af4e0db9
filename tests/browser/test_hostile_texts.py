"""Texts from outside are shown as text: names, metadata and output that try to be more."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from browser.front import Front, only_in_lab
from browser.traps import ANSI, HUGE, MARKUP, TURNED
from browser.world import World, write_notebook

pytestmark = pytest.mark.real

FOLDER = f"<img src=x onerror=hacked=1> {TURNED} '&\"$x"
"""A folder's name: no slash, and not longer than file systems take."""


def _nothing_ran(front: Front) -> None:
    """No script ran, no picture was asked for, none of our nodes holds an element that a text brought."""
    page = front.page
    assert page.evaluate("() => window.hacked") is None
    assert page.evaluate("() => document.querySelectorAll('img[src=x], [onerror]').length") == 0
    assert not [url for _, url in front.requests if url.endswith("/x")]


def test_hostile_names_and_metadata_are_shown_as_text(world: World, front: Front) -> None:
    """A folder, packages, versions, kernels and a lock with markup, marks of direction, control characters, 10 kB."""
    name = f"{FOLDER} {front.app}"
    kernel = world.project(name, "six")
    _foreign_kernel(world, f"foreign-{front.app}")
    site = world.site(name)
    for number, (package, version) in enumerate(((MARKUP, "1"), ("bad\x1b[31mred", MARKUP), (TURNED, HUGE))):
        info = site / f"hostile{number}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\nSummary: {MARKUP}\n"
        )
        (info / "RECORD").write_text("")
    markup = site / "<img src=x onerror=window.hacked=1>-1.0.dist-info"
    markup.mkdir()
    (markup / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {MARKUP}\nVersion: 1.0\n")
    write_notebook(world.root / name / "work.ipynb", "%mlenv check", kernel={"name": kernel, "display_name": MARKUP})
    front.open(_quoted(f"{name}/work.ipynb"))
    panel = front.panel.open()
    assert "<" not in panel.node.locator(".jp-mlenv-Header-name").inner_text()  # a project's name is a slug
    panel.rows("all")
    panel.node.locator(".jp-mlenv-Kernels summary").click()
    panel.node.locator(f"[data-kernel='foreign-{front.app}']").get_by_text("<img src=x").first.wait_for()
    front.run(0)
    _nothing_ran(front)
    panel.add("no-such-package-of-mlenv")
    panel.job_ends("add", "failed")
    _nothing_ran(front)
    width = front.page.evaluate("() => [document.body.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]


@only_in_lab
def test_a_lock_that_is_an_attack_is_quoted_as_text(world: World, front: Front) -> None:
    """What is refused is named in the message: with its markup, not as markup."""
    front.expected = [r"status of 4\d\d .*/mlenv/"]
    name = f"lock-{front.app}"
    kernel = world.project(name, "six")
    write_notebook(world.root / name / "work.ipynb", "1", kernel={"name": kernel})
    front.open(f"{name}/work.ipynb")
    front.verdict_is("in-step")
    panel = front.panel.open()
    lock = world.root / name / "pylock.toml"
    lock.write_text(
        f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = {json.dumps(MARKUP)}\nversion = "1"\n'
    )
    told = panel.node.locator(".jp-mlenv-Empty, .jp-mlenv-Verdict:not([data-verdict='in-step'])").first
    told.wait_for()
    panel.node.get_by_text("<img src=x").first.wait_for()
    _nothing_ran(front)


def test_outputs_and_a_kernel_of_somebody_else_are_shown_as_text(world: World, front: Front) -> None:
    """A missing kernel's name, and saved reports: markup in every place that a renderer draws."""
    name = f"outputs-{front.app}"
    world.project(name, "six")
    path = write_notebook(
        world.root / name / "work.ipynb",
        "1",
        kernel={"name": "gone-here", "display_name": MARKUP, "language": "python"},
    )
    report = json.loads((Path(__file__).parents[1] / "wire" / "report-sync.json").read_text())
    report["project"]["name"] = report["findings"][0]["reason"] = report["findings"][0]["package"] = MARKUP
    report["next"] = {"action": "sync", "command": MARKUP, "text": MARKUP}
    advice = {"schema": 1, "action": "add", "package": MARKUP, "text": f"{MARKUP} {TURNED} {HUGE}"}
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["outputs"] = [
        {"output_type": "display_data", "data": {kind: data, "text/plain": "said"}, "metadata": {}}
        for kind, data in (
            ("application/vnd.mlenv.report.v1+json", report),
            ("application/vnd.mlenv.advice.v1+json", advice),
        )
    ]
    path.write_text(json.dumps(notebook))
    front.open(f"{name}/work.ipynb", wait=False)
    front.toast("is not here").wait_for()
    outputs = front.output(0)
    outputs.get_by_text("<img src=x").first.wait_for()
    assert outputs.locator(".jp-mlenv-Output button").count() == 0  # a notebook that nobody here ran is not trusted
    _nothing_ran(front)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> World:
    """A user whose packages come from a folder, too: one there prints what it likes when it is built."""
    made = World.new(tmp_path_factory.mktemp("user"), shared_data)
    links = tmp_path_factory.mktemp("links")
    source = links / "noisy-1.0"
    source.mkdir()
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: noisy\nVersion: 1.0\n")
    said = [MARKUP, f"{ANSI} {MARKUP}", "<script>window.hacked=1</script>", TURNED, HUGE, f"{MARKUP} {HUGE}"]
    (source / "setup.py").write_text(
        f"import sys\nfor line in {said!r}:\n    print(line)\n    print(line, file=sys.stderr)\n"
        f"raise RuntimeError({f'{MARKUP} {ANSI} {TURNED} {HUGE}'!r})\n"
    )
    with tarfile.open(links / "noisy-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "noisy-1.0")
    return World(made.root, {**made.env, "UV_FIND_LINKS": str(links)})


@only_in_lab
def test_what_an_installer_prints_is_shown_as_text(world: World, front: Front) -> None:
    """In the job's log, in its result and in the notification: markup, control characters, lines of 10 kB."""
    name = f"noisy-{front.app}"
    kernel = world.project(name, "six")
    with (world.root / name / "pyproject.toml").open("a") as manifest:
        manifest.write('\n[tool.mlenv]\nallow-build = ["noisy"]\n')
    before = world.installed(name)
    write_notebook(world.root / name / "work.ipynb", "%mlenv add noisy", kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    front.verdict_is("in-step")
    panel = front.panel.open()
    panel.add("noisy")
    card = panel.job_ends("add", "failed")
    assert "noisy" in card
    assert MARKUP in card
    toast = front.page.locator(".jp-Notification-Toast-error", has_text="noisy")
    toast.wait_for()
    assert "<img src=x" in toast.inner_text()
    shown = [card, toast.inner_text(), front.run(0)]
    assert MARKUP in shown[2]
    assert not [text for text in shown if "\x1b" in text or "\x07" in text]
    assert max(len(line) for line in card.splitlines()) <= 500
    _nothing_ran(front)
    log = panel.node.locator(".jp-mlenv-Log-text")
    assert log.locator("*").count() == 0
    width = front.page.evaluate("() => [document.body.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]
    assert world.installed(name) == before


def _foreign_kernel(world: World, name: str) -> None:
    folder = Path(world.env["JUPYTER_DATA_DIR"]) / "kernels" / name
    folder.mkdir(parents=True)
    spec = {
        "argv": ["/nowhere/python", "-f", "{connection_file}"],
        "display_name": f"{MARKUP}{TURNED}",
        "language": MARKUP,
    }
    (folder / "kernel.json").write_text(json.dumps(spec))


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path)
