"""What a real kernel and the pages before it tell each other through comms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from kernel.locked import lock
from kernel.page import Page
from kernel.projects import ProjectKernel
from live_kernel import LiveKernel

pytestmark = [pytest.mark.real, pytest.mark.network]

JUPYTER = {"JPY_SESSION_NAME": "demo.ipynb"}
COLAB = ("ipykernel==6.17.1", "ipython==7.34.0")
"""No package ``comm`` yet."""
KERNELS = {
    "3.9": ("3.9",),
    "3.9 and ipykernel 6.0": ("3.9", "ipykernel==6.0.3", "ipython==7.34.0", "ipython-genutils"),
    "3.11 as Colab": ("3.11", *COLAB),
    "3.11": ("3.11",),
    "3.13": ("3.13",),
}


@pytest.fixture
def start(project: Callable[..., ProjectKernel], start_kernel: Callable[..., LiveKernel]) -> Callable[..., LiveKernel]:
    def start(minor: str = "3.11", *packages: str, **env: str) -> LiveKernel:
        kernel = project(minor, "idna==3.7", "six==1.16.0", *packages)
        lock(kernel.root, {"idna": "3.7", "six": "1.16.0"}, f"cpython-{minor.replace('.', '')}")
        return start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root, env={**JUPYTER, **env})

    return start


@pytest.fixture
def page() -> Iterator[Callable[[LiveKernel], Page]]:
    pages: list[Page] = []

    def open_page(live: LiveKernel) -> Page:
        pages.append(Page(live))
        return pages[-1]

    yield open_page
    for each in pages:
        each.close()


@pytest.mark.parametrize("words", KERNELS.values(), ids=KERNELS)
def test_every_ipykernel_can_tell_a_page_to_switch(words: tuple[str, ...], start, page) -> None:
    """The runtime's widgets bring a package ``comm`` along, which an old ipykernel knows nothing of."""
    live = start(*words)
    tab = page(live)
    live.run("get_ipython()._mlenv_session.front.switch('demo-1', 'Python (demo)')")
    tab.listen(2.5)
    assert tab.told() == [
        {"schema": 1, "kind": "switch", "kernel": "demo-1", "display_name": "Python (demo)"},
    ]
    assert tab.kinds()[-1] == "comm_close"
    assert live.run("import comm; print(comm.__name__)").stdout == "comm\n"


# --- what is in memory ---


@pytest.mark.parametrize("words", KERNELS.values(), ids=KERNELS)
def test_a_page_is_told_what_is_in_memory_at_once_and_after_each_import(words: tuple[str, ...], start, page) -> None:
    live = start(*words)
    tab = page(live)
    comm = tab.open()
    first = tab.loaded(comm)
    assert "idna" not in first
    assert first["tornado"]["origin"] in {"runtime", "environment"}
    assert set(first["tornado"]) == {"name", "version", "origin", "binary", "imported"}
    live.run("import idna")
    told = tab.loaded(comm)["idna"]
    assert told == {"name": "idna", "version": "3.7", "origin": "environment", "binary": False, "imported": True}
    live.run("x = 1")
    live.run("import idna.core")
    tab.listen(1)
    assert "comm_msg" not in tab.kinds()
    live.run("import six as other")
    assert tab.loaded(comm)["six"]["imported"] is True


def test_a_page_that_comes_in_the_middle_of_a_cell_is_told_after_it(start, page) -> None:
    live = start()
    tab = page(live)
    live.execute("import time, asyncio\nawait asyncio.sleep(1)\ntime.sleep(1)\nimport idna\nprint('end')")
    time.sleep(0.5)
    comm = tab.open()
    rows = tab.loaded(comm)
    assert rows["idna"]["version"] == "3.7"
    assert any("end" in str(message["content"]) for message in tab.heard)
    tab.listen(1)
    assert "comm_msg" not in tab.kinds()


def test_every_page_is_told_and_one_that_closed_is_not(start, page) -> None:
    live = start()
    one, two = page(live), page(live)
    first, second = one.open(), two.open()
    one.loaded(first)
    two.loaded(second)
    live.run("import idna")
    assert "idna" in one.loaded(first)
    assert "idna" in two.loaded(second)
    one.send("comm_close", comm_id=first, data={})
    live.run("import six")
    assert "six" in two.loaded(second)
    one.listen(1)
    assert first not in str([message["content"] for message in one.heard if message["msg_type"] == "comm_msg"])


def test_pages_that_were_reloaded_without_a_word_are_given_up_at_last(start, page) -> None:
    live = start()
    tab = page(live)
    comms = [tab.open() for _ in range(10)]
    tab.loaded(comms[-1])
    live.run("import idna")
    tab.loaded(comms[-1])
    tab.listen(1)
    closed = [message["content"]["comm_id"] for message in tab.heard if message["msg_type"] == "comm_close"]
    assert closed == comms[:2]
    assert "NoneType" not in live.log


def test_a_page_that_asks_from_a_subshell_is_answered_by_the_thread_of_the_cells(start, page) -> None:
    """JupyterLab opens comms on subshells where ipykernel 7 has them: another thread, while a cell runs."""
    live = start()
    tab = page(live)
    request = tab.client.session.msg("create_subshell_request", {})
    tab.client.control_channel.send(request)
    reply = tab.client.get_control_msg(timeout=10)
    if reply["content"].get("status") != "ok":
        pytest.skip("not run: this ipykernel has no subshells")
    live.run(
        "import threading\nstate = get_ipython()._mlenv_session.state()\nlook, threads = state.memory.look, []\n"
        "state.memory.look = lambda: (threads.append(threading.current_thread().name), look())"
    )
    asked = {"subshell": reply["content"]["subshell_id"], "target_name": "mlenv.kernel", "data": {}}
    tab.send("comm_open", comm_id="idle", **asked)
    assert "idna" not in tab.loaded("idle")
    live.execute("import time, idna\ntime.sleep(1.5)")
    time.sleep(0.5)
    tab.send("comm_open", comm_id="busy", **asked)
    assert tab.loaded("busy")["idna"]["imported"] is True
    assert live.run("print(set(threads))").stdout == "{'MainThread'}\n"


def test_an_exchanged_module_is_told_although_their_number_is_the_same(start, page, uv: str) -> None:
    live = start()
    tab = page(live)
    comm = tab.open()
    live.run("import idna, subprocess, sys")
    while "idna" not in tab.loaded(comm):
        pass
    python = "sys.prefix + '/bin/python'"
    live.run(f"subprocess.run([{uv!r}, 'pip', 'install', '-q', '--no-deps', '--python', {python}, 'idna==3.6'])")
    live.run("for n in [n for n in sys.modules if n.split('.')[0] == 'idna']: del sys.modules[n]\nimport idna")
    assert tab.loaded(comm)["idna"]["version"] == "3.6"


def test_a_comm_that_cannot_be_written_to_breaks_no_cell(start, page) -> None:
    live = start()
    tab = page(live)
    comm = tab.open()
    tab.loaded(comm)
    live.run("front = get_ipython()._mlenv_session.front\nfront._listeners[0].comm.send = lambda message: 1 / 0")
    done = live.run("import idna\nprint('fine')")
    assert (done.status, done.stdout) == ("ok", "fine\n")
    assert live.run("1 + 1").text == "2"


def test_an_extension_that_is_taken_away_asks_nothing_and_answers_nobody(start, page) -> None:
    live = start()
    tab = page(live)
    comm = tab.open()
    tab.loaded(comm)
    live.run("%unload_ext mlenv")
    live.run("import mlenv; mlenv.unload_ipython_extension(get_ipython())")
    other = tab.open()
    tab.listen(1)
    closed = [message["content"]["comm_id"] for message in tab.heard if message["msg_type"] == "comm_close"]
    assert closed == [comm, other]
