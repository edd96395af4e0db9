"""T8, T9: what a file says beyond what to install is refused or shown, never silently done."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from torture.campaign import Campaign, Row, Run, Tally
from torture.campaigns.smuggled import SECRET, judged, run_cases
from torture.hostile_files import DECLARED, FILES, REFUSED, SHOWN, HostileFile
from torture.index import Index, serving

VERBS = (("create",), ("add", "idna"))
LONGEST_S = 45.0


def _filled(one: HostileFile, catcher: Index, outside: Path) -> dict[str, bytes]:
    marks = {b"{index}": catcher.url.encode(), b"{outside}": str(outside).encode()}
    files = {}
    for name, body in one.files.items():
        text = body
        for mark, put in marks.items():
            text = text.replace(mark, put).replace(_wide(mark), _wide(put))
        files[name] = text
    return files


def _wide(text: bytes) -> bytes:
    return text.decode().encode("utf-16-le")


def _misjudged(one: HostileFile, answer: dict[str, Any], catcher: Index) -> str:
    """Return how the answer differs from what must come of the file, or nothing."""
    shown = answer["err"] + answer["out"]
    if one.comes == REFUSED:
        if answer["calls"] or answer["code"] != 2:
            return f"not refused: {shown[:300]!r}, engine {[call['argv'] for call in answer['calls']][:1]}"
        named = any(name in answer["err"] for name in (*one.files, "[tool.mlenv]"))
        return "" if named else f"no file is named: {shown[:300]!r}"
    if one.comes == SHOWN and catcher.url.split("/")[2] not in shown:
        return f"followed without a word: {shown[:300]!r}"
    return "" if answer["calls"] or one.comes == DECLARED else f"refused: {shown[:300]!r}"


def campaign(run: Run) -> Iterable[Row]:
    """Open every file with both recorders, then with the real engines and a catcher in the foreign index's place."""
    outside = run.folder / "outside"
    outside.mkdir()
    (outside / "evil.txt").write_text("evil-package\n")
    table = [(one, words) for one in FILES for words in VERBS]
    if run.trials < len(table):
        table = run.random("files").sample(table, run.trials)
    before = sorted(outside.iterdir())
    with serving(outside) as catcher:
        for engine in ("uv", "venv"):
            world = run.stage.world(run.folder / engine)
            cases = [
                {
                    "cwd": str(world.folder / "projects" / str(number) / "demo"),
                    "words": list(words),
                    "files": {
                        name: base64.b64encode(body).decode() for name, body in _filled(one, catcher, outside).items()
                    },
                }
                for number, (one, words) in enumerate(table)
            ]
            answers = run_cases(world, engine, cases)
            tally = Tally(f"files, recorder in place of {engine}")
            for (one, words), case, answer in zip(table, cases, answers, strict=True):
                only = [call for call in answer["calls"] if one.comes not in {SHOWN, DECLARED}]
                why = _misjudged(one, answer, catcher) if engine == "uv" or one.comes != SHOWN else ""
                why = why or judged({**answer, "calls": only}, Path(case["cwd"]))
                tally.add(hit=True, state=one.comes, bad=f"{words[0]}, {one.what}: {why}" if why else None)
            if catcher.requests or sorted(outside.iterdir()) != before:
                tally.bad.append(f"asked {catcher.requests[:3]}, left {sorted(outside.iterdir())}")
            yield tally.row()
        yield from _real(run, catcher, outside, table)


def _real(run: Run, catcher: Index, outside: Path, table: list[tuple[HostileFile, tuple[str, ...]]]) -> Iterable[Row]:
    """Let real engines loose: nobody foreign is asked but where that was shown, and no secret is sent."""
    most = len(table) if run.trials >= len(FILES) * len(VERBS) else max(run.trials // 20, 2)
    for engine in ("uv", "venv"):
        no_uv = {"MLENV_UV": ""} if engine == "venv" else {}
        tally = Tally(f"files, real {engine}, catcher in the foreign index's place")
        for number, (one, words) in enumerate(run.random(engine).sample(table, min(most, len(table)))):
            world = run.stage.world(run.folder / "real" / f"{engine}-{number}")
            world = replace(world, extra={"H4_SECRET": SECRET, "UV_HTTP_RETRIES": "0"} | no_uv)
            for name, body in _filled(one, catcher, outside).items():
                (world.root / name).write_bytes(body)
            catcher.requests.clear()
            done = world.mlenv(*words, timeout_s=60)
            why = _asked(one, catcher, done.text)
            why = why or (f"took {done.seconds:.0f} s" if done.seconds > LONGEST_S and done.code else "")
            why = why or (f"left {list(outside.iterdir())}" if _stray(outside) else "")
            state = "asked as declared" if catcher.requests else "nobody asked"
            tally.add(hit=True, state=state, bad=f"{words[0]}, {one.what}: {why}" if why else None)
        yield tally.row()


def _asked(one: HostileFile, catcher: Index, shown: str) -> str:
    sent = [row for row in catcher.requests if SECRET in "".join(row)]
    if sent or SECRET in shown:
        return f"a secret went out: {sent[:1]} or was shown"
    if catcher.requests and one.comes not in {SHOWN, DECLARED}:
        return f"a foreign request: {catcher.requests[:2]}"
    return ""


def _stray(outside: Path) -> bool:
    return sorted(path.name for path in outside.iterdir()) != ["evil.txt"]


CAMPAIGN = Campaign(
    name="smuggled_files",
    promise="What a requirements, environment or manifest file says beyond what to install is refused or shown, "
    "and no variable of the shell is sent to anybody.",
    run=campaign,
    full=10_000,
    sample=40,
)
