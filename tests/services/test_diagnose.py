"""What a kernel printed, and what is concluded: texts as CPython 3.9 to 3.13 and ipykernel really write them."""

from __future__ import annotations

import pytest

from mlenv.services.diagnose import diagnose, tail
from mlenv.services.evidence import Evidence

SHADOW_313 = """Traceback (most recent call last):
  File "/e/lib/python3.13/site-packages/zmq/__init__.py", line 3, in <module>
    import signal
  File "/p/signal.py", line 1, in <module>
    signal.SIGINT
AttributeError: module 'signal' has no attribute 'SIGINT' (consider renaming '/p/signal.py' since it has the same name as the standard library module named 'signal' and prevents importing that standard library module)
"""
MISSING_IN_COLOUR = """\x1b[1;31mTraceback (most recent call last):\x1b[0m
  File \x1b[35m"/e/lib/python3.13/site-packages/ipykernel/kernelbase.py"\x1b[0m, line 9, in <module>
    import psutil
\x1b[1;35mModuleNotFoundError\x1b[0m: \x1b[35mNo module named 'psutil'\x1b[0m
"""
LIBRARY = """Traceback (most recent call last):
  File "/e/lib/python3.11/site-packages/zmq/backend/cython/__init__.py", line 9, in <module>
    from . import _zmq
ImportError: libzmq.so.5: cannot open shared object file: No such file or directory
"""
PERMISSION = """Traceback (most recent call last):
  File "/e/lib/python3.11/site-packages/ipykernel/kernelapp.py", line 300, in write_connection_file
    with open(self.abs_connection_file) as f:
PermissionError: [Errno 13] Permission denied: '/h/u/jupyter/runtime/k.json'
"""
NOTEBOOK_CODE = """Traceback (most recent call last):
  File "/e/lib/python3.11/site-packages/ipykernel/kernelapp.py", line 700, in initialize
    self.init_sockets()
OSError: [Errno 98] Address already in use
"""


@pytest.mark.parametrize(
    ("output", "kind", "words", "hint"),
    [
        (SHADOW_313, "shadowed-module", "/p/signal.py hides Python's own module signal", "rename signal.py"),
        (MISSING_IN_COLOUR, "missing-module", "the module psutil is missing", "/e/bin/python -m pip install psutil"),
        (LIBRARY, "import-error", "pyzmq in its environment cannot be imported: ImportError: libzmq.so.5",
         "/e/bin/python -m pip install --force-reinstall pyzmq"),
        (PERMISSION, "no-permission", "/h/u/jupyter/runtime/k.json", "chmod u+rw '~'"),
        (NOTEBOOK_CODE, "crashed", "OSError: [Errno 98] Address already in use", ""),
    ],
    ids=["3.13 names the file", "colours", "shared library", "permission", "something else"],
)  # fmt: skip
def test_each_output_has_its_own_diagnosis(output: str, kind: str, words: str, hint: str) -> None:
    found = diagnose(Evidence(output=output, code=1, interpreter="/e/bin/python", folders=("/p",), home="/h/u"))

    assert found.kind == kind
    assert words in found.sentence
    assert found.hint == (hint if hint != "chmod u+rw '~'" else "chmod u+rw ~/jupyter/runtime/k.json")
    assert found.tail
    assert "\x1b" not in "".join(found.tail)


def test_a_file_deeper_in_the_project_hides_nothing() -> None:
    output = SHADOW_313.replace("/p/signal.py", "/p/src/tools/signal.py")

    assert diagnose(Evidence(output=output, code=1, folders=("/p",))).kind != "shadowed-module"


def test_a_project_kernel_is_mended_by_mlenv_and_not_by_pip() -> None:
    evidence = Evidence(output=MISSING_IN_COLOUR, code=1, interpreter="/e/bin/python", ours=True, runtime=True)

    assert diagnose(evidence).hint == "mlenv sync"


def test_an_environment_without_pip_is_mended_by_uv_and_paths_are_quoted() -> None:
    evidence = Evidence(output=MISSING_IN_COLOUR, code=1, interpreter="/h/u/my env/bin/python", pip=False, home="/h/u")

    assert diagnose(evidence).hint == "uv pip install --python ~/'my env/bin/python' psutil"


def test_a_package_whose_metadata_is_there_and_whose_modules_are_not_is_installed_anew() -> None:
    evidence = Evidence(output=MISSING_IN_COLOUR, code=1, interpreter="/e/bin/python", installed=frozenset({"psutil"}))

    assert diagnose(evidence).hint == "/e/bin/python -m pip install --force-reinstall psutil"


def test_the_reason_of_the_fallback_kernel_is_the_diagnosis() -> None:
    evidence = Evidence(refusal="traitlets is damaged", refusal_hint="mlenv sync", prefix="/e", output="")

    found = diagnose(evidence)

    assert (found.kind, found.sentence, found.hint) == ("refused", "traitlets is damaged", "mlenv sync")


def test_silence_is_told_with_the_exit_status() -> None:
    found = diagnose(Evidence(code=127, interpreter="/e/bin/python"))

    assert found.sentence == "its interpreter exits with status 127 and prints nothing"


def test_the_tail_is_short_and_without_what_every_kernel_prints() -> None:
    noise = "[IPKernelApp] WARNING | Kernel is running over TCP without encryption.\n"
    text = "one\n\ntwo\n" + noise + "three\r\n" + "x" * 500 + "\n" + noise

    shown = tail(text)

    assert shown[:2] == ("two", "three")
    assert len(shown) == 3
    assert len(shown[2]) == 200
