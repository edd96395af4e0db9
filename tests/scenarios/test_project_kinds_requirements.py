"""Projects that only have requirements files: they stay the user's files, whoever made them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from scenarios.real_project import Project, create

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


def compiled(uv: str, folder: Path, text: str, *options: str, name: str = "requirements.in") -> str:
    """What ``uv pip compile`` makes of a requirements file in this folder."""
    (folder / name).write_text(text)
    argv = [uv, "pip", "compile", "--quiet", *options, name, "-o", "requirements.txt"]
    subprocess.run(argv, cwd=folder, check=True)
    return (folder / "requirements.txt").read_text()


def changed_lines(before: str, after: str) -> tuple[set[str], set[str]]:
    """Lines that went and lines that came."""
    old, new = before.splitlines(), after.splitlines()
    return {line for line in old if line not in new}, {line for line in new if line not in old}


def test_a_hand_written_pinned_list_is_the_lock_and_is_edited_row_by_row(tmp_path: Path) -> None:
    """Part 4: a project with only a pinned requirements.txt keeps it; comments, order and spelling stay."""
    root = tmp_path / "hand"
    root.mkdir()
    listed = root / "requirements.txt"
    listed.write_text("# my tools\nJsonSchema == 4.17.3   # the last without rpds\n\nidna==3.6\n")
    project = create(root)
    report = project.check()
    assert (report["verdict"], report["lock"], report["project"]["manifest"]) == (
        "in-step", {"path": "requirements.txt", "kind": "requirements"}, None,
    )  # fmt: skip
    # The list is not whole: what its packages need is installed, and is not extra.
    assert {"attrs", "pyrsistent"} < project.packages.keys()

    project.mlenv("add", "six==1.16.0")
    assert listed.read_text() == (
        "# my tools\nJsonSchema == 4.17.3   # the last without rpds\n\nidna==3.6\nsix==1.16.0\n"
    )
    assert project.packages["six"] == "1.16.0"
    project.mlenv("upgrade", "six")
    newer = project.packages["six"]
    assert newer != "1.16.0"
    assert listed.read_text().endswith(f"idna==3.6\nsix=={newer}\n")
    assert project.packages["idna"] == "3.6"
    project.mlenv("remove", "idna")
    assert listed.read_text() == f"# my tools\nJsonSchema == 4.17.3   # the last without rpds\n\nsix=={newer}\n"
    assert "idna" not in project.packages
    assert project.check()["verdict"] == "in-step"
    project.mlenv("undo")
    assert project.packages["idna"] == "3.6"
    assert project.check()["verdict"] == "in-step"
    assert [path.name for path in root.iterdir() if path.is_file() and path.name != ".gitignore"] == [
        "requirements.txt"
    ]


def test_create_with_packages_adds_pinned_rows_to_a_pinned_list(tmp_path: Path) -> None:
    """Part 4: ``create six`` in such a project pins six in the list: a loose row would make it no lock any more."""
    root = tmp_path / "hand"
    root.mkdir()
    (root / "requirements.txt").write_text("idna==3.6\n")
    project = create(root, "six")
    assert re.fullmatch(r"idna==3\.6\nsix==[\d.]+\n", (root / "requirements.txt").read_text())
    assert project.check()["verdict"] == "in-step"


def test_a_list_with_hashes_made_by_a_tool_keeps_its_form(tmp_path: Path, uv: str) -> None:
    """Part 4: a whole list with hashes gets new rows with hashes; rows that do not move keep every byte."""
    root = tmp_path / "tool"
    root.mkdir()
    before = compiled(uv, root, "jsonschema==4.17.3\nsix==1.16.0\n", "--generate-hashes")
    (root / "requirements.in").unlink()
    listed = root / "requirements.txt"
    project = create(root)
    assert project.check()["verdict"] == "in-step"
    assert listed.read_text() == before

    project.mlenv("add", "idna==3.6")
    gone, came = changed_lines(before, listed.read_text())
    assert gone == set()
    assert {line.split()[0] for line in came} >= {"idna==3.6"}
    assert all(line.startswith(("idna", "    --hash=")) for line in came)
    assert project.check()["verdict"] == "in-step"

    project.mlenv("upgrade", "six")
    gone, came = changed_lines(before, listed.read_text())
    assert {line.split()[0] for line in gone if "==" in line} == {"six==1.16.0"}
    assert f"six=={project.packages['six']} \\" in came
    assert listed.read_text().splitlines()[:2] == before.splitlines()[:2]

    project.mlenv("remove", "idna")
    assert "idna" not in listed.read_text()
    report = project.check()
    assert (report["verdict"], report["findings"]) == ("in-step", [])
    stopped = project.mlenv("remove", "attrs", code=2)
    assert "attrs is needed by jsonschema" in stopped.stderr

    # A wrong hash is refused by the installer: the hashes are used, not only kept.
    text = listed.read_text()
    wrong = re.sub(
        r"(pyrsistent==\S+ \\\n)(?:    --hash=\S+ \\\n)*    --hash=\S+", r"\1    --hash=sha256:" + "0" * 64, text
    )
    listed.write_text(wrong)
    (project.site / "six.py").unlink()
    refused = project.mlenv("sync", code=2)
    assert "hash" in refused.stderr.lower()
    assert "pyrsistent" in refused.stderr


def test_freeze_keeps_the_form_of_a_pinned_list(tmp_path: Path, uv: str) -> None:
    """Part 8: freeze writes what is installed into the list; what agrees already is not touched."""
    root = tmp_path / "tool"
    root.mkdir()
    before = compiled(uv, root, "idna==3.6\nsix==1.16.0\n", "--generate-hashes")
    (root / "requirements.in").unlink()
    project = create(root)
    project.mlenv("freeze")
    assert (root / "requirements.txt").read_text() == before
    subprocess.run([uv, "pip", "install", "-q", "--python", project.python, "idna==3.7"], check=True)
    assert project.check()["verdict"] == "sync"
    project.mlenv("freeze")
    gone, came = changed_lines(before, (root / "requirements.txt").read_text())
    assert {line.split()[0] for line in gone if "==" in line} == {"idna==3.6"}
    assert "idna==3.7 \\" in came
    assert project.check()["verdict"] == "in-step"


@pytest.mark.parametrize("hashes", [(), ("--generate-hashes",)], ids=["plain", "hashes"])
def test_requirements_in_is_the_manifest_of_its_requirements_txt(tmp_path: Path, uv: str, hashes: tuple[str]) -> None:
    """Part 4: requirements.in is edited, requirements.txt is compiled anew in the form it had."""
    root = tmp_path / "both"
    root.mkdir()
    (root / "base.txt").write_text("idna<3.8\n")
    before = compiled(uv, root, "# direct\n-r base.txt\nsix<1.17\n", *hashes)
    project = create(root)
    assert (root / "requirements.txt").read_text() == before
    report = project.check()
    assert (report["verdict"], report["project"]["manifest"]) == ("in-step", "requirements.in")

    project.mlenv("add", "jsonschema==4.17.3")
    assert (root / "requirements.in").read_text() == "# direct\n-r base.txt\nsix<1.17\njsonschema==4.17.3\n"
    text = (root / "requirements.txt").read_text()
    assert ("--hash" in text) == bool(hashes)
    assert ".mlenv" not in text
    assert project.packages.keys() == {"attrs", "idna", "jsonschema", "pyrsistent", "six"}
    assert project.check()["verdict"] == "in-step"
    # The tool that owns these files agrees: compiling again changes no pin.
    pins = re.findall(r"(?m)^[a-z]+==\S+", text)
    assert re.findall(r"(?m)^[a-z]+==\S+", compiled(uv, root, (root / "requirements.in").read_text(), *hashes)) == pins

    (root / "requirements.in").write_text("# direct\n-r base.txt\nsix<1.16\njsonschema==4.17.3\n")
    stale = project.check()
    assert stale["verdict"] == "relock"
    assert [row["package"] for row in stale["findings"]] == ["six"]
    project.mlenv("sync")
    assert project.packages["six"] == "1.15.0"
    project.mlenv("remove", "jsonschema")
    assert project.packages.keys() == {"idna", "six"}
    assert project.check()["verdict"] == "in-step"


def test_a_loose_list_is_the_manifest_and_its_lock_stands_beside_it(tmp_path: Path, uv: str) -> None:
    """Part 4: loose requirements.txt = manifest, pylock.toml = lock; comments stay."""
    root = tmp_path / "loose"
    root.mkdir()
    listed = root / "requirements.txt"
    listed.write_text("# loose\nsix\nidna>=3.4  # why\n")
    project = create(root)
    report = project.check()
    assert (report["verdict"], report["project"]["manifest"], report["lock"]["path"]) == (
        "in-step", "requirements.txt", "pylock.toml",
    )  # fmt: skip
    project.mlenv("add", "iniconfig")
    assert listed.read_text() == "# loose\nsix\nidna>=3.4  # why\niniconfig\n"
    project.mlenv("remove", "six")
    assert listed.read_text() == "# loose\nidna>=3.4  # why\niniconfig\n"
    assert project.packages.keys() == {"idna", "iniconfig"}
    assert project.check()["verdict"] == "in-step"
    argv = [uv, "pip", "sync", "--dry-run", "--preview-features", "pylock", "--python", project.python, "pylock.toml"]
    dry = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=True)
    assert "Would make no changes" in dry.stderr
    listed.write_text("# loose\nidna>=3.4,<3.7  # why\niniconfig\n")
    assert project.check()["verdict"] == "relock"
    project.mlenv("sync")
    assert project.packages["idna"] == "3.6"


def test_a_list_whose_options_lead_elsewhere_is_refused_by_name(tmp_path: Path) -> None:
    """Design 6: a nested file outside of the project is named, nothing is made."""
    (tmp_path / "outside.txt").write_text("six\n")
    root = tmp_path / "inside"
    root.mkdir()
    (root / "requirements.txt").write_text("-r ../outside.txt\nidna\n")
    refused = Project(root).mlenv("create", code=2)
    assert "outside.txt" in refused.stderr
    assert not (root / ".venv").exists()
