"""T7: nothing that is given as a requirement reaches an engine as an option, a path, a foreign address or a secret."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from torture import hostile_requirements as texts
from torture.campaign import Campaign, Row, Run, Tally
from torture.index import serving
from torture.recording import write_recorder
from torture.stage import World

SECRET = "s3cr3t-of-the-shell"
ENTRIES = (
    "create",
    "add",
    "add after --",
    "remove",
    "upgrade",
    "%mlenv add, quoted",
    "%mlenv add, bare",
    "%%mlenv add",
)
MANIFEST = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["idna"]\n'
LONGEST_LINES = 5


def _case(entry: str, text: str, cwd: Path) -> dict[str, Any]:
    case: dict[str, Any] = {"cwd": str(cwd)}
    if entry == "add after --":
        case["words"] = ["add", "--", text]
    elif entry == "%mlenv add, quoted":
        case["line"] = f"add {shlex.quote(text)}"
    elif entry == "%mlenv add, bare":
        case["line"] = f"add {text}"
    elif entry == "%%mlenv add":
        case["line"], case["body"] = "add", text
    else:
        case["words"] = [entry, text]
    return case


def _without_nul(text: str) -> bool:
    """Whether a program can be given this as a word: an argument cannot hold NUL, a cell's body can."""
    return "\x00" not in text


def run_cases(world: World, engine: str, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give cases to a worker whose engine is the recorder; return its answers.

    Raises:
        AssertionError: where the worker itself died: an exception got through a face.
    """
    uv, python = write_recorder(world.folder / "recorder", sys.executable)
    log = world.folder / "calls"
    log.touch()
    env = {
        **world.env,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "MLENV_UV": uv if engine == "uv" else "",
        "ENGINE_PYTHON": python,
        "ENGINE_LOG": str(log),
        "H4_SECRET": SECRET,
    }
    argv = [sys.executable, "-m", "torture.recording"]
    given = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(argv, input=given, capture_output=True, text=True, env=env, timeout=1200)
    answers = [json.loads(row) for row in done.stdout.splitlines()]
    assert len(answers) == len(cases), f"{cases[len(answers)]}\n{done.stderr[-2000:]}"
    return answers


def strange_call(call: dict[str, Any], root: Path) -> str:
    """Return what an engine was given that it must not get, or nothing."""
    given = [*call["argv"], call["stdin"], *call["files"].values()]
    if any(SECRET in text for text in given):
        return f"a secret in {call['argv']}"
    rows = [row for name, text in call["files"].items() if name.endswith((".txt", ".in")) for row in text.splitlines()]
    for row in [*rows, *call["stdin"].splitlines()]:
        if reason := _strange_row(row, root):
            return f"{reason}: {row[:120]!r}"
    for name, text in call["files"].items():
        if name.endswith("pyproject.toml"):
            for row in re.findall(r'^\s*"(.*)",?$', text, re.MULTILINE):
                if reason := _strange_row(row.encode().decode("unicode_escape", "replace"), root):
                    return f"{reason} in pyproject.toml: {row[:120]!r}"
    odd = [word for word in call["argv"] if not word.isprintable() or "evil" in word or "{" in word]
    return f"odd words {odd[:2]}" if odd else ""


def _strange_row(row: str, root: Path) -> str:
    plain = row.strip()
    harmless = plain.split()[:1] in (["--pre"], ["--prefer-binary"], ["--only-binary"], ["--require-hashes"])
    if not plain or harmless or plain.startswith("#") or plain == f"-e {root}":
        return ""
    try:
        requirement = Requirement(plain.split(" --hash=")[0])
    except InvalidRequirement:
        return "a row that is no requirement"
    url = requirement.url or ""
    if url and not re.match(r"(https|git\+https|git\+ssh)://(git@)?[a-z0-9]", url):
        return "an address that nobody may follow"
    return "a variable in an address" if "${" in url else ""


def judged(answer: dict[str, Any], root: Path) -> str:
    """Return why the promise is broken after one case, or nothing."""
    shown = answer["err"] + answer["out"]
    if "Traceback" in shown or "internal" in answer["err"][:20] or "failed unexpectedly" in shown:
        return f"not an answer: {shown[-300:]!r}"
    if answer["changed"]:
        return f"changed {answer['changed']}"
    if SECRET in shown:
        return "a secret was shown"
    if answer["code"] and not 1 <= len(answer["err"].strip().splitlines()) <= LONGEST_LINES:
        return f"a message of other than 1-5 lines: {answer['err'][:600]!r}"
    if any(not char.isprintable() and char != "\n" for char in answer["err"]):
        return f"control characters were shown: {answer['err'][:200]!r}"
    return next((reason for call in answer["calls"] if (reason := strange_call(call, root))), "")


def campaign(run: Run) -> Iterable[Row]:
    """Give every text to every entry of both engines (or a throw of them)."""
    world = run.stage.world(run.folder / "world")
    (world.root / "pyproject.toml").write_text(MANIFEST)
    outside = run.folder / "outside"
    outside.mkdir()
    with serving(run.folder / "outside") as catcher:
        table = [
            (entry, text.replace("{index}", catcher.url).replace("{outside}", str(outside)))
            for entry in ENTRIES
            for text in texts.ALL
        ]
        for engine in ("uv", "venv"):
            chosen = table
            if run.trials < 2 * len(table):
                chosen = run.random(engine).sample(table, run.trials // 2)
            chosen = [(entry, text) for entry, text in chosen if entry == "%%mlenv add" or _without_nul(text)]
            answers = run_cases(world, engine, [_case(entry, text, world.root) for entry, text in chosen])
            tally = Tally(f"requirement texts at {len(ENTRIES)} entries, recorder in place of {engine}")
            for (entry, text), answer in zip(chosen, answers, strict=True):
                why = judged(answer, world.root)
                told = f"{entry}: {text[:80]!r}: {why}" if why else None
                reached = bool(answer["calls"])
                tally.add(hit=True, state="passed on" if reached else "refused" if answer["code"] else "help", bad=told)
            if catcher.requests or list(outside.iterdir()):
                tally.bad.append(f"asked {catcher.requests[:3]}, left {list(outside.iterdir())[:3]}")
            yield tally.row(note=f"{len(catcher.requests)} foreign requests")


CAMPAIGN = Campaign(
    name="smuggled",
    promise="Whatever is typed as a requirement, no option, path, foreign address or secret reaches an engine.",
    run=campaign,
    full=100_000,
    sample=700,
)
