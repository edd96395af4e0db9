"""``init``: a new project's folders and files; nothing that is there is overwritten, nothing is installed."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mlenv import process, scaffold, store
from mlenv.errors import MlenvError
from mlenv.model import Completed, Outcome, value
from mlenv.services import hygiene
from mlenv.services.context import Context
from mlenv.services.declare import default_name
from mlenv.services.prepare import checked
from mlenv.services.project import BUILD_NAMES, LOCK_NAMES, MANIFEST_NAMES, refuse_odd_bytes

__all__ = ["init"]

_ILLEGAL = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_UNNOTICED = frozenset({".git", ".ipynb_checkpoints", ".DS_Store"})
_GIT_S = 60.0
# Filters, signing and the editor are programs as well; a name is never made up from user and host.
_GIT_CALM = ("-c", f"core.attributesFile={os.devnull}", "-c", "commit.gpgSign=false", "-c", "user.useConfigOnly=true")
_SHOWN = 4


@value
class _Plan:
    root: Path
    new: dict[str, str]
    kept: tuple[str, ...]


def init(context: Context, arguments: Sequence[str], *, template: str = "ml", git: bool = False) -> Outcome:
    """Write what a project begins with.

    Args:
        context: ``options.python`` is the least Python; ``options.yes`` allows a folder that holds things already.
        arguments: the folder (``.``: this one; default), then packages to declare.
        template: one of :data:`mlenv.scaffold.TEMPLATES`.
        git: make a repository and a first commit, too.

    Raises:
        MlenvError: ``template-target``, ``template-exists``, ``name-invalid``; ``requirement-invalid``;
            ``git-missing``, ``git-author``, ``git-failed``. Before the last of these nothing was written.
    """
    named = arguments[0] if arguments else "."
    requirements = checked(arguments[1:])
    base = context.cwd / context.options.project if context.options.project else context.cwd
    root = Path(os.path.abspath(base / _checked_target(named)))
    refuse_odd_bytes(root)
    _refuse_taken(context, root, named)
    plan = _plan(context, root, template, requirements)
    if git and not context.options.dry_run:
        _require_author(base, root)
    if not context.options.dry_run:
        for name, text in plan.new.items():
            store.make_folder((root / name).parent)
            store.write_atomic(root / name, text, inside=root)
    committed = _commit(plan) if git and not context.options.dry_run else ()
    return _outcome(context, plan, named, template, committed)


def _checked_target(named: str) -> str:
    """Refuse a name that some system cannot have; a path of several folders is one, too."""
    if re.search(r"[<>=!~\[\];@]", named):
        message = f"'{named[:60]}' looks like a package; the first word is the folder"
        raise MlenvError("name-invalid", message, hint=f"mlenv init . {shlex.quote(named[:60])}")
    parts = [part for part in Path(named).parts if part not in {os.sep, ".", ".."}]
    if any(_ILLEGAL.search(part) or len(part) > 100 or part != part.strip() or part.endswith(".") for part in parts):
        raise MlenvError("name-invalid", "this is no name for a folder", where=named[:100], hint="mlenv init demo")
    return named


def _refuse_taken(context: Context, root: Path, named: str) -> None:
    if os.path.lexists(root) and not root.is_dir():
        message = f"{root.name} is there, and is no folder"
        raise MlenvError("template-target", message, where=str(root), hint="mlenv init with another name")
    present = sorted(set(os.listdir(root)) - _UNNOTICED) if root.is_dir() else []
    here = os.path.normpath(named) == "."
    declared = [name for name in present if name in (*MANIFEST_NAMES, *LOCK_NAMES)]
    if context.options.yes or context.options.dry_run or not (declared if here else present):
        return
    shown = ", ".join((declared or present)[:_SHOWN])
    what = "is a project already" if declared else "is not empty"
    raise MlenvError(
        "template-exists",
        f"{'this folder' if here else root.name} {what}: {shown}",
        where=str(root),
        hint=f"mlenv init {shlex.quote(named)} --yes adds what is missing and overwrites nothing",
    )


def _plan(context: Context, root: Path, template: str, requirements: Sequence[str]) -> _Plan:
    asked = context.options.python or ""
    minor = asked if re.fullmatch(r"3\.\d+", asked) else f"3.{sys.version_info.minor}"
    if asked and minor != asked:
        raise MlenvError("usage", f"'{asked}' is no Python version", hint="mlenv init --python 3.12")
    files = scaffold.files_of(template, default_name(root.name, requirements), minor, requirements)
    if asked:
        files[".python-version"] = f"{asked}\n"
    present = os.listdir(root) if root.is_dir() else []
    kept = [name for name in files if os.path.lexists(root / name) or _through_link(root, name)]
    declaring = [name for name in present if name in (*MANIFEST_NAMES, *LOCK_NAMES, *BUILD_NAMES)]
    if declaring and "pyproject.toml" not in kept:  # a second manifest beside it would contradict it
        kept += ["pyproject.toml"]
    if requirements and "pyproject.toml" in kept:
        message = f"{declaring[0] if declaring else 'pyproject.toml'} declares this project's packages already"
        raise MlenvError("usage", message, hint=f"mlenv add {shlex.join(requirements)}")
    readme = [name for name in present if name.lower().startswith("readme")]
    if readme and "README.md" in files:
        kept += ["README.md"]
    new = {name: text for name, text in files.items() if name not in kept}
    for name in new:
        _refuse_file_for_folder(root, name)
    stays = [*[name for name in files if os.path.lexists(root / name)], *declaring, *readme]
    return _Plan(root=root, new=new, kept=tuple(dict.fromkeys(stays)))


def _through_link(root: Path, name: str) -> bool:
    """Whether a folder on the way is a link: what lies behind it is somebody's own arrangement."""
    folders = [root / part for part in Path(name).parents if str(part) != "."]
    return any(folder.is_symlink() for folder in folders)


def _refuse_file_for_folder(root: Path, name: str) -> None:
    for part in Path(name).parents:
        if os.path.lexists(root / part) and not (root / part).is_dir():
            message = f"{part} is a file; {name} needs a folder of this name"
            raise MlenvError("template-target", message, where=str(root / part), hint="mlenv init --template minimal")


def _require_author(base: Path, root: Path) -> None:
    """Find out before anything is written whether git is there and knows who commits."""
    if _in_repository(root):
        return
    answer = _git(base if base.is_dir() else Path.cwd(), "var", "GIT_COMMITTER_IDENT")
    author = _git(base if base.is_dir() else Path.cwd(), "var", "GIT_AUTHOR_IDENT")
    if answer.code or author.code:
        raise MlenvError(
            "git-author",
            "git does not know who commits; nothing was written",
            hint='git config --global user.name "Your Name"; git config --global user.email you@example.org',
        )


def _in_repository(root: Path) -> bool:
    return any(os.path.lexists(folder / ".git") for folder in (root, *root.parents))


def _commit(plan: _Plan) -> tuple[str, ...]:
    """Make the repository and its first commit, of the written files alone."""
    if _in_repository(plan.root):
        return (f"{'git':<12} this folder is in a repository already: nothing was committed",)
    words = (("init", "--quiet"), ("add", "--force", "--", *plan.new), ("commit", "--quiet", "--no-verify", "-m",
             "Begin the project"), ("rev-parse", "--short", "HEAD"))  # fmt: skip
    said = ""
    for row in words:
        answer = _git(plan.root, *row)
        if answer.code:
            lines = (answer.stderr.strip() or answer.stdout.strip() or "it said nothing").splitlines()
            message = f"the files were written, but git {row[0]} failed: {lines[-1]}"
            raise MlenvError("git-failed", message, where=str(plan.root), hint=f"git {row[0]}", details=answer.stderr)
        said = answer.stdout.strip()
    return (f"{'git':<12} first commit {said}",)


def _git(folder: Path, *words: str) -> Completed:
    command = hygiene.git_command(folder, *_GIT_CALM, *words)
    if command is None:
        raise MlenvError("git-missing", "git is not installed; nothing was written", hint="install git, or leave --git")
    return process.run(replace(command, timeout_s=_GIT_S))


def _outcome(context: Context, plan: _Plan, named: str, template: str, committed: tuple[str, ...]) -> Outcome:
    new, dry_run = tuple(plan.new), context.options.dry_run
    here = os.path.normpath(named) == "."
    verb = "would write" if dry_run else "wrote"
    count = f"{len(new)} file{'' if len(new) == 1 else 's'}"
    shown = ", ".join(new if dry_run else new[:_SHOWN]) + (", ..." if len(new) > _SHOWN and not dry_run else "")
    where = "this folder" if here else named
    told = f"{verb} {count}: {shown}" if new else "nothing is missing"
    lines = [f"{'project':<12} {where} ({template}): {told}"]
    if plan.kept:
        lines.append(f"{'kept':<12} {', '.join(plan.kept)}: as {'it was' if len(plan.kept) == 1 else 'they were'}")
    lines += [*committed, *_not_ignored(plan)]
    notebook = next((name for name in new if name.endswith(".ipynb")), "")
    then = f"   (then open {notebook})" if notebook else ""
    lines.append(_next(context, named, here) + then)
    data = {"folder": named, "template": template, "written": list(new), "kept": list(plan.kept)}
    return Outcome(verb="init", lines=tuple(lines), files=new, dry_run=dry_run, data=data)


def _not_ignored(plan: _Plan) -> tuple[str, ...]:
    """Say what a ``.gitignore`` that was kept lets into git: ``git add .`` would take the ``.env``, too."""
    path = plan.root / ".gitignore"
    if ".gitignore" not in plan.kept or not path.is_file():
        return ()
    missing = hygiene.missing_lines(store.read_text(path), (".venv", ".mlenv", ".env"))
    return (f"{'note':<12} .gitignore lacks {', '.join(missing)}: mlenv create adds them",) if missing else ()


def _next(context: Context, named: str, here: bool) -> str:
    if here:
        return f"{'next':<12} mlenv create"
    if context.options.kernel_prefix is not None:
        return f"{'next':<12} mlenv create --project {shlex.quote(named)}"
    return f"{'next':<12} cd {shlex.quote(named)} && mlenv create"
