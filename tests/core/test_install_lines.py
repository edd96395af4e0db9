"""Lines of notebooks that install something, whoever is asked and from wherever: read, never run."""

from __future__ import annotations

import pytest

from mlenv.notebooks import InstallLine, parse_install_lines
from mlenv.notebooks.install_lines import KERNELS_OWN


def lines(*cells: str) -> tuple[InstallLine, ...]:
    return parse_install_lines(cells)


@pytest.mark.parametrize(
    ("cell", "program", "magic"),
    [
        ("!pip install six", "pip", False),
        ("!pip3.11 install six", "pip3.11", False),
        ("!/usr/bin/python3 -m pip install six", "/usr/bin/python3", False),
        ("!sudo pip install six", "pip", False),
        ("%pip install six", "", True),
        ("pip install six", "", True),
        ("%uv pip install six", "", True),
        ("!uv pip install six", "uv", False),
        ("!{sys.executable} -m pip install six", KERNELS_OWN, False),
        ("%%bash\npip install six", "pip", False),
        ("%sx pip install six", "pip", False),
        ("out = !pip install six", "pip", False),
        ("import os\nos.system('pip install six')", "pip", False),
        ("os.system(f'{sys.executable} -m pip install six')", KERNELS_OWN, False),
        ("subprocess.run(['pip', 'install', 'six'], check=True)", "pip", False),
        ("subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'six'])", KERNELS_OWN, False),
        ("await asyncio.create_subprocess_shell('pip install six')", "pip", False),
        ("pip.main(['install', 'six'])", KERNELS_OWN, False),
        ("pip._internal.main(['install', 'six'])", KERNELS_OWN, False),
        ("get_ipython().system('pip install six')", "pip", False),
        ("get_ipython().run_line_magic('pip', 'install six')", "", True),
        ("if new:\n    !pip install six", "pip", False),
    ],
)
def test_who_is_asked_to_install_is_told(cell: str, program: str, magic: bool) -> None:
    """A magic and sys.executable mean the kernel's own environment, a program's name the shell's first of it."""
    (found,) = lines(cell)
    assert (found.program, found.magic) == (program, magic)
    assert found.install is not None
    assert found.install.rows == ("six",)


@pytest.mark.parametrize(
    ("cell", "tool", "others"),
    [
        ("!apt-get install -y graphviz", "apt-get", ("graphviz",)),
        ("!sudo apt install git", "apt", ("git",)),
        ("%%sh\nbrew install jq", "brew", ("jq",)),
        ("!npm install -g bower", "npm", ("bower",)),
        ("os.system('apt-get -qq install ffmpeg')", "apt-get", ("ffmpeg",)),
    ],
)
def test_what_brings_no_python_package_is_only_told(cell: str, tool: str, others: tuple[str, ...]) -> None:
    (found,) = lines(cell)
    assert (found.tool, found.others, found.install) == (tool, others, None)


def test_lines_stand_in_their_order_with_cell_and_line_as_written() -> None:
    found = lines(
        "x = 1", "import os\nos.system('pip install a')\n\nsp = !pip install \\\n  b && apt install c\n%pip install d"
    )
    assert [(row.cell, row.line, row.text) for row in found] == [
        (2, 2, "os.system('pip install a')"),
        (2, 4, "sp = !pip install b && apt install c"),
        (2, 4, "sp = !pip install b && apt install c"),
        (2, 6, "%pip install d"),
    ]


def test_what_is_only_known_when_it_runs_is_open() -> None:
    (found,) = lines("subprocess.run([sys.executable, '-m', 'pip', 'install', name, f'{other}<2'])")
    assert found.install is not None
    assert (found.install.rows, found.install.unclear) == ((), ("{}", "{other}<2"))


@pytest.mark.parametrize(
    "cell",
    [
        "%mlenv add six",
        "!pip list",
        "print('!pip install six')",
        "# !pip install six",
        "def install(name):\n    return name\ninstall('six')",
        "run('install')",
        "subprocess.run(['echo', 'pip', 'install'])",
        "%%writefile run.sh\npip install six",
        "%%html\n!pip install six",
        "pip.install('six')",
        "this is ( no Python: install",
        "x = '''\n!pip install six\n'''",
    ],
)
def test_what_installs_nothing_is_no_line(cell: str) -> None:
    assert lines(cell) == ()
