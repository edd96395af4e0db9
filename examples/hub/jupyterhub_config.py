"""JupyterHub whose users work in kernels of projects: each locked, readable for all, changed by its keeper alone.

The environment that this hub runs from holds JupyterHub, JupyterLab and mlenv, and no package of a project:

    python3 -m venv /opt/hub
    /opt/hub/bin/pip install jupyterhub configurable-http-proxy "mlenv[lab]"
    /opt/hub/bin/jupyter kernelspec remove -f python3
    /opt/hub/bin/mlenv create --project /srv/team pandas
    /opt/hub/bin/mlenv kernels register --project /srv/team --prefix /opt/hub
    /opt/hub/bin/jupyterhub -f jupyterhub_config.py
"""

import sys
from pathlib import Path

c = get_config()  # noqa: F821  # JupyterHub gives it to the files that it reads

_BIN = Path(sys.prefix, "bin")

# Users' servers run from the same environment, so they have mlenv's server extension and see share/jupyter/kernels of it.
c.Spawner.cmd = [str(_BIN / "jupyterhub-singleuser")]
c.ConfigurableHTTPProxy.command = [str(_BIN / "configurable-http-proxy")]

# Nothing of the administrator's shell reaches users' servers and kernels.
c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "TZ"]

# The hub's own Python is no place to compute in: it is not offered as a kernel. Projects' kernels are, those that users
# register themselves (mlenv create in a folder of their own), and "Project environment", which finds these by the folder.
c.Spawner.args = [
    "--KernelSpecManager.ensure_native_kernel=False",
    "--MultiKernelManager.default_kernel_name=mlenv",
]

# Who may log in, and how: replace by what you have (PAM is JupyterHub's default; OAuthenticator, LDAP, ...).
c.Authenticator.allow_all = True
