"""Engines for clusters. Their machines share the study's folder, the version of Gossamer, and the data."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gossamer.errors import EngineError, require_int
from gossamer.studies.engines.local import R, T, cores

_PATIENCE = 3
"""Seconds until an address that does not answer is given up."""


@dataclass(frozen=True, slots=True)
class Ray:
    """A Ray cluster, through its backend for joblib.

    Args:
        address: of the head, such as "10.0.0.1:6379", or of its client server, such as "ray://10.0.0.1:10001"; None
            starts a cluster on this machine.
        workers: runs at once; by default as many as the cluster has processors.
        threads: of PyTorch in each.
    """

    address: str | None = None
    workers: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        require_int("workers", self.workers, low=0)
        require_int("threads", self.threads, low=1, high=1024)

    def map(self, function: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """The results in order.

        Raises:
            EngineError: Ray is not installed, or does not answer at the address.
        """
        from joblib import Parallel, delayed, parallel_config

        with self._connected():
            options = {"n_jobs": self.workers or -1, "ray_remote_args": {"num_cpus": self.threads}}
            with parallel_config(backend="ray", **options):
                return list(Parallel(batch_size=1)(delayed(function)(thing) for thing in things))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", str(_PATIENCE))  # one a second; read when Ray is imported
        with _required("ray"):
            import ray
            from ray.util.joblib import register_ray
        register_ray()  # type: ignore[no-untyped-call]
        if ray.is_initialized():
            yield
            return
        processors = None if self.address else (self.workers or cores()) * self.threads
        board = None if self.address else False
        with _answering("Ray", self.address):
            ray.init(
                self.address,
                num_cpus=processors,
                include_dashboard=board,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        logging.getLogger("ray.util.multiprocessing.pool").setLevel(logging.ERROR)  # it warns of what joblib passes
        try:
            yield
        finally:
            ray.shutdown()


@dataclass(frozen=True, slots=True)
class Dask:
    """A Dask cluster.

    Args:
        address: of the scheduler, such as "tcp://10.0.0.1:8786"; None starts a cluster of processes on this machine.
        workers: processes of the cluster that is started here; as many as there are processors by default.
        threads: of PyTorch in each.
    """

    address: str | None = None
    workers: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        require_int("workers", self.workers, low=0)
        require_int("threads", self.threads, low=1, high=1024)

    def map(self, function: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """The results in order, by the client itself: joblib's backend waits for ever when a worker dies.

        Raises:
            EngineError: Dask is not installed, or does not answer at the address.
        """
        with self._connected() as client:
            return list(client.gather(client.map(function, list(things), pure=False)))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        with _required("dask"):
            import dask
            from distributed import Client, LocalCluster
        with contextlib.ExitStack() as stack:
            place: object = self.address
            if place is None:
                # A run that kills its worker is not tried again by the scheduler: the study sees to that.
                stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 0}))
                place = stack.enter_context(
                    LocalCluster(  # type: ignore[no-untyped-call]
                        n_workers=self.workers or cores(),
                        threads_per_worker=1,
                        dashboard_address=":0",
                        silence_logs=logging.CRITICAL,
                    )
                )
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it tells of calls that Ctrl-C has ended
            with _answering("Dask", self.address):
                client = Client(place, timeout=_PATIENCE)  # type: ignore[no-untyped-call]
            yield stack.enter_context(client)


@contextlib.contextmanager
def _required(extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise EngineError(f"{extra} is not installed: pip install 'gossamer[{extra}]'.") from error


@contextlib.contextmanager
def _answering(kind: str, address: str | None) -> Iterator[None]:
    """Try an address before a client does, whose own patience is longer; then tell its errors in one line."""
    if address is not None:
        _knock(kind, address)
    try:
        yield
    except Exception as error:  # what is at a wrong address decides which: even MemoryError comes up
        hint = " It wants a token: set RAY_AUTH_MODE=token." if _wants_token(error) else ""
        raise EngineError(f"{kind} does not answer at {address or 'this machine'}: {error!r}.{hint}") from error


def _wants_token(error: BaseException | None) -> bool:
    """Whether some error of the chain is about Ray's token, which a client does not take by itself."""
    while error is not None:
        if "InvalidAuthToken" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _knock(kind: str, address: str) -> None:
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not (host and port.isdigit() and int(port) < 2**16):
        raise EngineError(f"{kind} address {address!r} is not allowed: it must be host:port.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except OSError as error:
        raise EngineError(f"{kind} does not answer at {address}: {error}.") from error
