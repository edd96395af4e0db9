"""Running kernels of the server as mlenv's services take them. The kernel itself is never asked."""

from __future__ import annotations

from typing import Any

from mlenv.errors import MlenvError
from mlenv.faces.server.service import Service
from mlenv.services.session_kernel import SessionKernel

__all__ = ["session_kernel"]


def session_kernel(service: Service, kernel_id: str) -> SessionKernel | None:
    """Return the running kernel of this id; ``None`` where none is named.

    Raises:
        MlenvError: ``kernel-missing``.
    """
    if not kernel_id:
        return None
    manager = service.kernels
    if kernel_id not in manager:
        raise MlenvError("kernel-missing", "this server runs no such kernel (any more)", hint="start the kernel again")
    kernel = manager.get_kernel(kernel_id)
    spec = _spec_of(kernel)
    name = str(getattr(kernel, "kernel_name", "") or "")
    if spec is None:
        return SessionKernel(spec=name, elsewhere=f"its kernelspec {name} is gone")
    return SessionKernel(
        spec=name,
        argv=tuple(str(word) for word in getattr(spec, "argv", None) or ()),
        metadata=dict(getattr(spec, "metadata", None) or {}),
        elsewhere=_elsewhere(manager, kernel, name),
        pid=_pid_of(kernel),
    )


def _spec_of(kernel: Any) -> Any:
    from jupyter_client.kernelspec import NoSuchKernel

    try:
        return kernel.kernel_spec
    except NoSuchKernel:
        return None


def _elsewhere(manager: Any, kernel: Any, name: str) -> str:
    """Say why the spec does not tell what runs; empty where it does."""
    from jupyter_client.provisioning import LocalProvisioner
    from jupyter_server.gateway.managers import GatewayMappingKernelManager

    if isinstance(manager, GatewayMappingKernelManager):
        return "it runs on another machine (a kernel gateway)"  # which does not tell its spec's name
    provisioner = getattr(kernel, "provisioner", None)
    if provisioner is not None and type(provisioner) is not LocalProvisioner:
        return f"{name} is started by {type(provisioner).__name__}, which decides by itself what runs"
    return ""


def _pid_of(kernel: Any) -> int | None:
    pid = getattr(getattr(kernel, "provisioner", None), "pid", None)
    return pid if isinstance(pid, int) else None
