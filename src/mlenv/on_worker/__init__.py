"""What runs in the processes of a Dask cluster that have no mlenv: it is sent there as text (:mod:`mlenv.clusters`).

Standard library only, Python 3.9+; of Dask only what every scheduler, nanny and worker has loaded anyway. Together with
``process.py`` and ``kernel/child.py`` the only place that starts a program: uv, on the worker's own machine.
"""
