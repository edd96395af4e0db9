# Runs inside a project kernel, after "SIZE, MODULES = ..."; leaves its times (seconds) as JSON in `answer`.
import contextlib
import io
import json
import os
import shutil
import sys
import time

session = get_ipython()._mlenv_session  # noqa: F821
state, watcher = session.state(), session.watcher()
clock = time.perf_counter


def hooks():
    watcher.before_cell()
    watcher.after_cell()


def timed(action, times):
    seen = []
    for _ in range(times):
        began = clock()
        action()
        seen.append(clock() - began)
    return seen


def settle():
    """Let the selection come that was asked for aside, and the watcher see it."""
    end = clock() + 60
    while clock() < end:
        watcher.after_cell()
        if state.known_selection() is not None and not state.selections().waiting:
            return
        time.sleep(0.002)
    raise TimeoutError


settle()
report = state.report(wait=True)
assert report.verdict == "in-step", (report.verdict, [row.reason for row in report.findings[:3]])
hooks()
times = {"quiet": timed(hooks, 2000)}

# One more package comes and goes.
folder = os.path.join(os.path.realpath(state.facts().sites[0]), "newcomer-1.0.dist-info")
times["changed"] = []
with contextlib.redirect_stdout(io.StringIO()) as said:
    for turn in range(40):
        if turn % 2:
            shutil.rmtree(folder)
        else:
            os.mkdir(folder)
            for name, text in (("METADATA", "Name: newcomer\nVersion: 1.0\n"), ("RECORD", ""), ("INSTALLER", "uv\n")):
                with open(os.path.join(folder, name), "w") as stream:
                    stream.write(text)
        times["changed"] += timed(hooks, 1)

if SIZE == 500:  # noqa: F821
    lock = os.path.join(state.root, "pylock.toml")
    times["held"], times["aside"] = [], []
    for _turn in range(7):
        os.utime(lock)
        began = clock()
        hooks()
        times["held"].append(clock() - began)
        settle()
        times["aside"].append(clock() - began)

if SIZE == 300:  # noqa: F821
    import importlib

    for number in range(SIZE):  # noqa: F821
        name = f"bench_package_{number:04}"
        importlib.import_module(name)
        for part in range(MODULES):  # noqa: F821
            importlib.import_module(f"{name}.part_{part}")
    watcher.after_cell()
    times["modules"] = len(sys.modules)
    times["loaded"] = timed(state.restart_lines, 25)
answer = json.dumps(times)
