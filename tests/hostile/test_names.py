"""Odd names and paths at every entry: it works or it is refused clearly, and nothing outside is touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hostile.names import NAMES
from hostile.play import Answer, in_process, lay, through_a_process, tree
from hostile.row import Environment, Link, project
from mlenv.errors import MlenvError
from mlenv.kernel.arguments import parse

pytestmark = pytest.mark.real

SLOW = {
    "package to add",
    "package to upgrade",
    "kernel of create",
    "project of create",
    "group that is added to",
    "Python",
}
"""Entries where a legal name goes as far as an engine: every third name there."""
Words = Callable[[str], tuple[str, ...]]
ENTRIES: dict[str, Words] = {
    "project": lambda name: ("check", f"--project={name}"),
    "project of create": lambda name: ("create", "--offline", "--dry-run", f"--project={name}"),
    "lock": lambda name: ("check", f"--lock={name}"),
    "lock that is written": lambda name: ("lock", "--offline", f"--lock={name}"),
    "group": lambda name: ("check", f"--group={name}"),
    "group that is added to": lambda name: ("add", "six", "--offline", f"--group={name}"),
    "extra": lambda name: ("check", f"--extra={name}"),
    "kernel": lambda name: ("use", ".venv", "--dry-run", f"--name={name}"),
    "kernel of create": lambda name: ("create", "--offline", "--dry-run", f"--name={name}"),
    "kernel to repair": lambda name: ("kernels", "repair", "--dry-run", "--", name),
    "kernel to look at": lambda name: ("doctor", "--", name),
    "environment to use": lambda name: ("use", "--dry-run", "--", name),
    "package to add": lambda name: ("add", "--offline", "--", name),
    "package to remove": lambda name: ("remove", "--offline", "--", name),
    "package to upgrade": lambda name: ("upgrade", "--offline", "--", name),
    "package to show": lambda name: ("show", "--", name),
    "Python": lambda name: ("create", "--offline", "--dry-run", f"--python={name}"),
    "notebook": lambda name: ("create", f"--from-notebook={name}"),
    "notebook to freeze": lambda name: ("freeze", "--offline", f"--notebook={name}"),
    "output": lambda name: ("freeze", "--offline", "--dry-run", f"--output={name}"),
    "prefix": lambda name: ("select", f"--prefix={name}"),
    "verb": lambda name: (name,),
}
STEPS = {
    "": (("check",),),
    "env": (("check",), ("create", "--offline"), ("delete", "--yes")),
    "kernel-name": (("create", "--offline", "--dry-run"),),
}
"""What is done with a setting: nothing can be installed, for nothing is cached under the address of the index."""
SETTINGS = ("env", "lock", "kernel-name", "python", "engine", "groups", "extras", "dotenv")


@pytest.fixture
def world(root: Path) -> Path:
    """A project with neighbours, and links that lead to them."""
    files = {
        "pyproject.toml": project("six"),
        "pylock.toml": 'lock-version = "1.0"\ncreated-by = "hand"\npackages = []\n',
        ".venv": Environment(),
        "way-out": Link("../neighbour"),
        "loop": Link("loop"),
        "../neighbour/thesis.txt": "mine\n",
        "../neighbour/pyproject.toml": project(name="neighbour"),
        "../neighbour/pylock.toml": "mine\n",
        "~/neighbour/thesis.txt": "mine\n",
        "~/jupyter/kernels/python3/kernel.json": "{}",
        "~/jupyter/labextensions/x/package.json": "{}",
    }
    lay(root, files)
    return root


def _faults(name: str, answer: Answer) -> list[str]:
    text = answer.out + answer.err
    faults = []
    if answer.code not in (0, 1, 2):
        faults.append(f"exit status {answer.code}")
    if "Traceback" in text or "unexpectedly" in text:
        faults.append(text[-300:])
    if "\x1b" in text:
        faults.append("an escape sequence came through")
    if answer.code == 2 and not json.loads(answer.out)["error"]["hint"]:
        faults.append(f"no word on what to type: {answer.out}")
    return [f"{name}: {fault}" for fault in faults]


def _outside(world: Path) -> dict[str, str]:
    """Return all but the project's own files."""
    return {name: content for name, content in tree(world.parent).items() if not name.startswith("demo/")}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_name_on_the_command_line(entry: str, world: Path) -> None:
    """Each of the names, typed where this entry expects one; the project itself stays, too, unless a lock is made."""
    before, outside = tree(world.parent), _outside(world)
    bad: list[str] = []
    for name, text in list(NAMES.items())[:: 3 if entry in SLOW else 1]:
        bad += _faults(name, in_process(world, ENTRIES[entry](text)))
        if _outside(world) != outside:
            bad.append(f"{name}: something outside the project was touched")
            outside = _outside(world)
    assert bad == []
    if entry not in {"lock that is written", "package to remove", "group that is added to"}:
        assert tree(world.parent) == before


@pytest.mark.parametrize("key", SETTINGS)
def test_a_name_in_the_settings(key: str, world: Path) -> None:
    """Each of the names as a value of ``[tool.mlenv]``: checked, and carried out as far as nothing is installed."""
    outside, bad = _outside(world), []
    for name, text in NAMES.items():
        if any(0xD800 <= ord(letter) < 0xE000 for letter in text):
            continue  # TOML cannot say it
        value = json.dumps([text] if key in {"groups", "extras"} else text).replace("\x7f", "\\u007f")
        (world / "pyproject.toml").write_text(project("six", more=f"[tool.mlenv]\n{key} = {value}\n"))
        for words in STEPS.get(key, STEPS[""]):
            bad += _faults(f"{name}, {words}", in_process(world, words))
            if _outside(world) != outside:
                bad.append(f"{name}, {words}: something outside the project was touched")
                outside = _outside(world)
    assert bad == []


def test_a_project_of_that_name(root: Path) -> None:
    """Folders that can be called so: check and a planned create inside of them."""
    bad: list[str] = []
    for number, (name, text) in enumerate(NAMES.items()):
        folder = root / str(number) / text if text not in {"", ".", ".."} and "\0" not in text else root
        if not folder.resolve().is_relative_to(root.resolve()) or max(map(len, folder.parts)) > 255:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue  # the file system does not want it
        lay(folder, {"requirements.txt": "six==1.16.0\n"})
        for words in (("check",), ("create", "--offline", "--dry-run"), ("list",), ("kernels",)):
            bad += _faults(f"{name}, {words}", in_process(folder, words))
        shutil.rmtree(root / str(number), ignore_errors=True)
    assert bad == []


@pytest.mark.parametrize(
    "name", ["bytes that are no text", "a new line", "an escape sequence", "two dots", "4,000 bytes"]
)
def test_a_name_through_a_real_process(name: str, world: Path) -> None:
    """What only a real process can stumble over: the encoding of what is typed and printed."""
    before, bad = tree(world.parent), []
    for entry in ("project", "kernel", "environment to use", "package to add"):
        bad += _faults(f"{name}, {entry}", through_a_process(world, ENTRIES[entry](NAMES[name])))
    assert bad == []
    assert tree(world.parent) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_the_magic(name: str) -> None:
    """The magic hands words on as they are, or says what is wrong; no shell, so no file called ``=23``."""
    refused = ""
    try:
        assert parse(f"add {NAMES[name]}").verb in {"add", "help"}
    except MlenvError as error:
        refused = error.hint or "nothing to type"
    assert refused != "nothing to type"


@pytest.mark.parametrize(
    "typed", ['add "attrs>=23,<25"', "add attrs>=23,<25", "add 'attrs>=23,<25'", "add attrs >=23,<25"]
)
def test_a_specifier_in_the_magic_is_one_word(typed: str) -> None:
    """S55: with and without quotes."""
    assert parse(typed).words == ("attrs>=23,<25",)


def test_a_specifier_on_the_command_line_makes_no_file(world: Path) -> None:
    """S55: what a shell has not taken away arrives whole; nothing is called ``=23``."""
    for words in (("add", "--offline", "attrs>=23,<25"), ("add", "--offline", "attrs", ">=23,<25")):
        through_a_process(world, words)
    assert not [path.name for path in world.iterdir() if "=" in path.name or "25" in path.name]
