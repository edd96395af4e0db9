"""The recipe of examples/hub as it is, with a login that needs no accounts and servers of numbered users."""

import json
import os
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

c = get_config()  # noqa: F821
load_subconfig(os.environ["MLENV_HUB_RECIPE"])  # noqa: F821
_TOLD = json.loads(os.environ["MLENV_HUB"])


class NumberedSpawner(SimpleLocalProcessSpawner):
    """Runs each user's server under a number of its own, without an account."""

    home_dir_template = str(Path(_TOLD["homes"], "{username}"))

    def make_preexec_fn(self, name: str):
        number, home = _TOLD["users"][name], str(Path(_TOLD["homes"], name))

        def become() -> None:
            os.setgroups([])
            os.setgid(number)
            os.setuid(number)
            os.chdir(home)

        return become


c.JupyterHub.spawner_class = NumberedSpawner
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = _TOLD["password"]
c.JupyterHub.bind_url = f"http://127.0.0.1:{_TOLD['ports'][0]}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{_TOLD['ports'][1]}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{_TOLD['ports'][2]}"
c.JupyterHub.db_url = "sqlite:///" + str(Path(_TOLD["state"], "hub.sqlite"))
c.JupyterHub.cookie_secret_file = str(Path(_TOLD["state"], "cookie_secret"))
c.ConfigurableHTTPProxy.pid_file = str(Path(_TOLD["state"], "proxy.pid"))
