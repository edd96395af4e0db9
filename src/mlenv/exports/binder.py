"""``binder``: the files that repo2docker builds an image from, for mybinder.org and other hubs.

repo2docker knows none of the locks but Pipfile's, so its build pack for Python brings JupyterLab alone, and
``postBuild`` makes the project's environment and kernel from the lock. A ``requirements.txt`` for mlenv in ``binder/``
would do as well, but make a project of that folder. Source: ``repo2docker/buildpacks``, 2026.4.
"""

from __future__ import annotations

import shlex

from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish

__all__ = ["BINDER"]

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Of repo2docker's base environments those in which mlenv runs."""
_OWN_PYTHON = "3.12"
_POST_BUILD = """\
#!/bin/bash
# Makes the project's environment and its kernel from {lock}, and proves that it is in step.
set -euo pipefail
: "${{NB_PYTHON_PREFIX:?is set by repo2docker: the environment of its JupyterLab}}"
"$NB_PYTHON_PREFIX/bin/pip" install --quiet --no-cache-dir {requirement}
{enter}{unreachable}{create}
{check}

# Every Python notebook opens in the project's environment, whatever kernel it names: there is no other to choose.
mkdir -p "$NB_PYTHON_PREFIX/etc/jupyter"
cat > "$NB_PYTHON_PREFIX/etc/jupyter/jupyter_server_config.json" <<'JSON'
{{
  "KernelSpecManager": {{"allowed_kernelspecs": ["mlenv"], "ensure_native_kernel": false}},
  "MultiKernelManager": {{"default_kernel_name": "mlenv"}}
}}
JSON
"""


def _files(deployment: Deployment, wish: Wish) -> tuple[TextFile, ...]:
    lock = deployment.below + deployment.lock
    own = deployment.minor in _PYTHONS and not deployment.conda
    create = ["mlenv", "create", *deployment.as_locked]
    if not deployment.conda:
        create += ["--python", deployment.minor, *([] if own else ["--fetch-python"])]
    post_build = _POST_BUILD.format(
        lock=lock,
        requirement=shlex.quote(deployment.tool("lab")),
        enter=f"cd {shlex.quote(deployment.below.rstrip('/'))}\n" if deployment.below else "",
        unreachable=_unreachable(deployment),
        create=shlex.join(create),
        check=shlex.join(["mlenv", "check", "--strict", *deployment.told]),
    )
    python = deployment.minor if own else _OWN_PYTHON
    return (
        TextFile(path="binder/postBuild", text=post_build, executable=True),
        # repo2docker takes every line for the name of a release: no comment, so no seal.
        TextFile(path="binder/runtime.txt", text=f"python-{python}\n", comment=None, where=_INSTEAD),
    )


_INSTEAD = "where mlenv wrote it for another Python: rm binder/runtime.txt, then mlenv export binder"


def _unreachable(deployment: Deployment) -> str:
    if not deployment.credentials:
        return ""
    names = ", ".join(deployment.credentials)
    return f"# A build on Binder is given no secret: an index that asks for {names} refuses it.\n"


def _follow(deployment: Deployment, wish: Wish) -> str:
    where = deployment.repository.removesuffix(".git")
    if where.startswith("https://github.com/"):
        name = where.removeprefix("https://github.com/")
        return f"git add binder, commit and push; https://mybinder.org/v2/gh/{name}/HEAD"
    return "git add binder, commit and push; mybinder.org takes the repository's address"


BINDER = Platform(
    name="binder",
    summary="repo2docker's files: every notebook opens in the locked environment",
    files=_files,
    follow=_follow,
    top=True,
)
