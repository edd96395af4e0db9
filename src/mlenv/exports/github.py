"""``github-actions``: a workflow that makes the environment, holds it against the lock and executes the notebooks."""

from __future__ import annotations

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.job_steps import (
    EXECUTED,
    check_line,
    commit_line,
    indented,
    install_lines,
    restore_line,
    run_lines,
    yaml_line,
    yaml_word,
)

__all__ = ["GITHUB_ACTIONS"]

# Commits of releases; source: the tags of these repositories.
_CHECKOUT = "actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3"
_PYTHON = "actions/setup-python@ece7cb06caefa5fff74198d8649806c4678c61a1 # v6.3.0"
_CACHE = "actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5"
_UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
_RUNNER = "ubuntu-24.04"
_OWN_PYTHON = "3.12"
"""For mlenv alone, where the project's is older than 3.11 or comes from conda."""
_OLDEST = (3, 11)
_FIRST_ON_RUNNER = {"3.8": 12, "3.9": 12, "3.10": 4}
"""The first releases that setup-python has for this runner; from 3.11 on every one. Source: actions/python-versions."""

_WORKFLOW = """\
# Makes the environment from {lock}, proves that it is in step, and executes every notebook.
name: {name}

on:
  push:{paths}
  pull_request:{paths}

permissions:
  contents: read

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
  notebooks:
    runs-on: {runner}
    timeout-minutes: 60
{defaults}    steps:
      - uses: {checkout}
        with:
          persist-credentials: false
      - uses: {setup}
        with:
          python-version: {python}
      - uses: {cache}
        with:
          path: {cached}
          key: mlenv-${{{{ runner.os }}}}-${{{{ hashFiles({inputs}) }}}}
      - name: Install mlenv, beside the project
        run: |
{install}
      - name: Restore the environment
        run: {restore}
{secrets}      - name: Check it against the lock
        run: {check}
      - name: Run the notebooks
        run: |
{run}
      - name: Keep the executed notebooks
        if: always()
        uses: {upload}
        with:
          name: executed-notebooks
          path: {executed}
          if-no-files-found: ignore
"""


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    path = _path(deployment)
    text = _WORKFLOW.format(
        lock=deployment.below + deployment.lock,
        name=f"notebooks of {deployment.slug}" if deployment.below else "notebooks",
        paths=_paths(deployment, path),
        runner=_RUNNER,
        defaults=_defaults(deployment),
        checkout=_CHECKOUT,
        setup=_PYTHON,
        python=_pythons(deployment),
        cache=_CACHE,
        cached="~/.cache/rattler/cache" if deployment.conda else "~/.cache/uv",
        inputs=yaml_word(deployment.below + deployment.lock),
        install=indented(_install(deployment), 10),
        restore=yaml_line(restore_line(deployment, fetched=_fetched(deployment))),
        secrets=_secrets(deployment),
        check=yaml_line(check_line(deployment)),
        run=indented(run_lines(deployment, _annotation(deployment)), 10),
        upload=_UPLOAD,
        executed=yaml_word(f"{deployment.below}{EXECUTED}/") if deployment.below else f"{EXECUTED}/",
    )
    return (TextFile(path=path, text=text, where=f"mlenv export github-actions --output DIR writes DIR/{path}"),)


def _path(deployment: Deployment) -> str:
    own = f"-{deployment.slug}" if deployment.below else ""
    return f".github/workflows/mlenv{own}.yml"


def _paths(deployment: Deployment, path: str) -> str:
    """Return the filter of a project that shares its repository with others."""
    if not deployment.below:
        return ""
    return f"\n    paths: [{yaml_word(f'{deployment.below}**')}, {yaml_word(path)}]"


def _defaults(deployment: Deployment) -> str:
    if not deployment.below:
        return ""
    where = yaml_word(deployment.below.rstrip("/"))
    return f"    defaults:\n      run:\n        working-directory: {where}\n"


def _fetched(deployment: Deployment) -> bool:
    """Whether setup-python has not the project's release, so that uv brings it."""
    release = deployment.python.split(".")
    return len(release) > 2 and release[2].isdigit() and int(release[2]) < _FIRST_ON_RUNNER.get(deployment.minor, 0)


def _pythons(deployment: Deployment) -> str:
    own = yaml_word(_OWN_PYTHON)
    if deployment.conda or _fetched(deployment):
        return f"{own} # for mlenv"
    if tuple(int(part) for part in deployment.minor.split(".")) >= _OLDEST:
        return yaml_word(deployment.python)
    # The last is the one that "python" starts.
    return f"|\n            {deployment.python}\n            {_OWN_PYTHON}"


def _install(deployment: Deployment) -> list[str]:
    folder = "$RUNNER_TEMP/mlenv"
    return [*install_lines(deployment, "python", folder), f'echo "{folder}/bin" >> "$GITHUB_PATH"']


def _secrets(deployment: Deployment) -> str:
    """Return the credentials of private indexes, which this one step sees."""
    rows = [f"          {name}: ${{{{ secrets.{name} }}}}\n" for name in deployment.credentials]
    return "".join(["        env:\n", *rows]) if rows else ""


def _annotation(deployment: Deployment) -> str:
    return f'echo "::error file={deployment.below}$notebook::a cell of $notebook failed"'


def _follow(deployment: Deployment, wish: Wish) -> str:
    return commit_line(_path(deployment), deployment, "secrets")


GITHUB_ACTIONS = Platform(
    name="github-actions",
    summary="a workflow: restore, check --strict, run every notebook, keep the results",
    files=_files,
    follow=_follow,
    top=True,
)
