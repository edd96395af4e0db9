"""``gitlab-ci``: a job that makes the environment, holds it against the lock and executes the notebooks."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.image_base import Base, base_of
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

__all__ = ["GITLAB_CI"]

_JOB = """\
# Makes the environment from {lock}, proves that it is in step, and executes every notebook.
{secrets}{job}:
{why}  image: {image}
  interruptible: true
  timeout: 1 hour
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"{changes}
    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS # its merge request has a pipeline
      when: never
    - if: $CI_COMMIT_BRANCH{changes}
  variables:
    {variable}: $CI_PROJECT_DIR/.cache/{cached}
  cache:
    key:
      files: [{files}]
    paths: [.cache/{cached}/]
  before_script:
    - |
{before}
  script:
    - {restore}
    - {check}
    - |
{run}
  artifacts:
    when: always
    paths: [{executed}]
    expire_in: 4 weeks
"""


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    # What runs in a pipeline needs no GPU's libraries of the system: the wheels bring their own.
    base = base_of(replace(deployment, cuda=""))
    text = _JOB.format(
        lock=deployment.below + deployment.lock,
        secrets=_secrets(deployment),
        job=_job(deployment),
        why=indented([f"# {line}" for line in base.why], 2) + ("\n" if base.why else ""),
        image=base.image,
        changes=_changes(deployment),
        variable="RATTLER_CACHE_DIR" if deployment.conda else "UV_CACHE_DIR",
        cached="rattler" if deployment.conda else "uv",
        files=yaml_word(deployment.below + deployment.lock),
        before=indented(tuple(_before(deployment, base)), 6),
        restore=yaml_line(restore_line(deployment, fetched=base.fetched)),
        check=yaml_line(check_line(deployment)),
        run=indented(run_lines(deployment, ""), 6),
        executed=yaml_word(f"{deployment.below}{EXECUTED}/"),
    )
    return (TextFile(path=_path(deployment), text=text, where=_instead(deployment)),)


def _path(deployment: Deployment) -> str:
    """Return the file: GitLab reads the one at the top, which includes those of several projects."""
    return f"{deployment.below}.gitlab-ci.yml"


def _instead(deployment: Deployment) -> str:
    return (
        "mlenv export gitlab-ci --output ci writes ci/.gitlab-ci.yml, which yours takes in with two lines: "
        f"include: / - local: ci/{_path(deployment)}"
    )


def _job(deployment: Deployment) -> str:
    return f"notebooks-{deployment.slug}" if deployment.below else "notebooks"


def _changes(deployment: Deployment) -> str:
    if not deployment.below:
        return ""
    return f"\n      changes: [{yaml_word(f'{deployment.below}**/*')}]"


def _before(deployment: Deployment, base: Base) -> Iterator[str]:
    packages = sorted({*base.packages, *(["git"] if deployment.git else [])})
    if packages:
        # A line each: the shell goes on behind a failing "a && b".
        yield "apt-get update"
        yield f"apt-get install --yes --no-install-recommends {' '.join(packages)}"
    yield from install_lines(deployment, base.host, "$HOME/mlenv")
    yield 'export PATH="$HOME/mlenv/bin:$PATH"'
    if deployment.below:
        yield f"cd {shlex.quote(deployment.below.rstrip('/'))}"


def _secrets(deployment: Deployment) -> str:
    if not deployment.credentials:
        return ""
    return f"# Set as masked variables of the project: {', '.join(deployment.credentials)}.\n"


def _follow(deployment: Deployment, wish: Wish) -> str:
    path = _path(deployment)
    include = f", take it in at the top (include: / - local: {path})" if deployment.below else ""
    return commit_line(f"{path}{include}", deployment, "variables")


GITLAB_CI = Platform(
    name="gitlab-ci",
    summary="a job: restore, check --strict, run every notebook, keep the results",
    files=_files,
    follow=_follow,
    top=True,
)
