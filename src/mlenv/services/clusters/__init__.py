"""Clusters of Dask: ask every worker what it is, and bring it what the lock says."""
