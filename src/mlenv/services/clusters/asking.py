"""Ask a scheduler and each of its workers what they are, within a time limit that holds whatever answers there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from mlenv.clusters.answers import Process
from mlenv.errors import MlenvError
from mlenv.render import hide_places, mask_secrets
from mlenv.services.clusters.parcels import looking

__all__ = ["ask_all", "ask_cluster", "checked_address", "distributed"]

_ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx|ucxx)://)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.%]+\]):\d{1,5}")
_SHOWN = 80
_CLOSE_S = 2.0


def distributed() -> Any:
    """Return Dask's library.

    Raises:
        MlenvError: ``dask-missing``.
    """
    try:
        return import_module("distributed")
    except ImportError as error:
        raise MlenvError(
            "dask-missing", f"clusters need Dask beside mlenv ({error})", hint='pip install "mlenv[dask]"'
        ) from None


def checked_address(text: str) -> str:
    """Return the address of a scheduler as Dask takes it.

    Raises:
        MlenvError: ``usage``.
    """
    if not _ADDRESS.fullmatch(text) or int(text.rpartition(":")[2]) > 65535:
        shown = mask_secrets(text)[:_SHOWN]
        raise MlenvError("usage", f"'{shown}' is no scheduler's address", hint="mlenv cluster check tcp://HOST:8786")
    return text if "://" in text else f"tcp://{text}"


def ask_cluster(address: str, timeout_s: float) -> tuple[Process, ...]:
    """Connect to a scheduler, ask all, and leave.

    Args:
        address: from :func:`checked_address`.
        timeout_s: for the connection, and then for each process, all of them at the same time.

    Returns:
        The scheduler, then the workers by name, each with its answer or its error.

    Raises:
        MlenvError: ``dask-missing``, ``scheduler-unreachable``.
    """
    library = distributed()
    with _quiet():
        return asyncio.run(_connected(library, address, timeout_s))


async def _connected(library: Any, address: str, timeout_s: float) -> tuple[Process, ...]:
    client = None
    try:
        client = library.Client(
            address, asynchronous=True, timeout=timeout_s, set_as_default=False, name="mlenv", direct_to_workers=False
        )
        # Dask's own limit is for one attempt; a server of another kind may keep it waiting after that.
        await asyncio.wait_for(client, timeout_s)
    except Exception as error:  # noqa: BLE001 - what is no scheduler makes Dask's own code fail in any way
        raise _unreachable(address, timeout_s, error) from None
    else:
        return await ask_all(client, address, timeout_s)
    finally:
        if client is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.close(), _CLOSE_S)


def _unreachable(address: str, timeout_s: float, error: Exception) -> MlenvError:
    hint = "is it the scheduler's address (not the dashboard's), and does it run? mlenv cluster check tcp://HOST:8786"
    if isinstance(error, OSError | asyncio.TimeoutError):
        why = f"no scheduler of Dask answers at {address} within {timeout_s:g} s"
    else:
        own = getattr(distributed(), "__version__", "")
        why = f"what answers at {address} is no scheduler that distributed {own}, which is here, understands"
        hint = "install the cluster's version of distributed beside mlenv, if that is another one"
    return MlenvError("scheduler-unreachable", why, where=address, hint=hint, details=_told(error))


async def _workers(client: Any) -> Mapping[str, Mapping[str, Any]]:
    try:
        identity = await client.scheduler.identity(n_workers=-1)
    except TypeError:  # before distributed 2025.4 all were told, and nothing could be asked
        identity = await client.scheduler.identity()
    return dict(identity["workers"])


async def ask_all(client: Any, address: str, timeout_s: float) -> tuple[Process, ...]:
    """Ask through a client that is connected. Cost: one message to each process, all at the same time.

    Args:
        client: asynchronous, or called from its own loop.
        address: the scheduler's.
        timeout_s: for each process.

    Raises:
        MlenvError: ``scheduler-unreachable`` where it does not say who its workers are.
    """
    try:
        workers = await asyncio.wait_for(_workers(client), timeout_s)
    except Exception as error:  # noqa: BLE001 - as above
        raise _unreachable(address, timeout_s, error) from None
    every = [Process(address=address, name="scheduler", is_scheduler=True)]
    for place, row in workers.items():
        name = str(row.get("name", place))
        every.append(Process(address=place, name=name, has_nanny=bool(row.get("nanny"))))
    every[1:] = sorted(every[1:], key=lambda one: [(len(p), p) for p in re.split(r"(\d+)", one.name)])
    return tuple(await asyncio.gather(*(_asked(client, one, timeout_s) for one in every)))


async def _asked(client: Any, one: Process, timeout_s: float) -> Process:
    try:
        if one.is_scheduler:
            text = await asyncio.wait_for(client.run_on_scheduler(looking()), timeout_s)
        else:
            call = client.run(looking(), workers=[one.address], on_error="return")
            text = (await asyncio.wait_for(call, timeout_s))[one.address]
    except TimeoutError:
        error = MlenvError("worker-silent", f"it does not answer within {timeout_s:g} s", hint="--timeout SECONDS")
        return replace(one, error=error)
    except Exception as error:  # noqa: BLE001 - whatever one worker does, the others are told of
        return replace(one, error=MlenvError("worker-failed", f"it cannot be asked: {_told(error)}"))
    if isinstance(text, BaseException):
        return replace(one, error=MlenvError("worker-failed", f"it cannot answer: {_told(text)}"))
    return replace(one, answer=text if isinstance(text, str) else "")


def _told(error: BaseException) -> str:
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return hide_places(mask_secrets(text))[:300]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs and warns of off the screen: the answer says it, once."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
