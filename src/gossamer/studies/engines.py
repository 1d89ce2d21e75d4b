"""Where runs are carried out: in this process, in several, or on a cluster."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gossamer.errors import EngineError, require_int

T = TypeVar("T")
R = TypeVar("R")
_PATIENCE = 3.0
"""Seconds until an address that does not answer is given up."""


class Engine(Protocol):
    """Calls a function on many things, in any order and place."""

    @property
    def workers(self) -> int:
        """How many calls run at once."""

    @property
    def threads(self) -> int | None:
        """Threads of PyTorch in each; None leaves them."""

    def map(self, function: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """The results in order. A worker that dies is an error of the engine's."""


@dataclass(frozen=True, slots=True)
class Sequential:
    """One run after the other in this process.

    Args:
        threads: of PyTorch; None leaves them.
    """

    threads: int | None = None
    workers = 1

    def map(self, function: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """The results in order."""
        return [function(thing) for thing in things]


@dataclass(frozen=True, slots=True)
class Loky:
    """Processes of this machine.

    Args:
        workers: how many; one a processor by default.
        threads: of PyTorch in each; by default the processors are shared out.
    """

    workers: int = 0
    threads: int = 0

    def __post_init__(self) -> None:
        cores = _cores()
        workers = require_int("workers", self.workers or cores, low=1, high=1024)
        threads = require_int("threads", self.threads or max(1, cores // workers), low=1, high=1024)
        object.__setattr__(self, "workers", workers)
        object.__setattr__(self, "threads", threads)

    def map(self, function: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """The results in order."""
        from joblib import Parallel, delayed, parallel_config

        with parallel_config(backend="loky", n_jobs=self.workers, inner_max_num_threads=self.threads):
            return list(Parallel(batch_size=1)(delayed(function)(thing) for thing in things))


@dataclass(frozen=True, slots=True)
class Ray:
    """A Ray cluster, through its backend for joblib. Its machines share the study's folder, the code and the data.

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

        options = {"n_jobs": self.workers or -1, "ray_remote_args": {"num_cpus": self.threads}}
        with self._connected(), parallel_config(backend="ray", **options):
            return list(Parallel(batch_size=1)(delayed(function)(thing) for thing in things))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        with _required("ray"):
            import ray
            from ray.util.joblib import register_ray
        _require_answer("Ray", self.address)
        register_ray()  # type: ignore[no-untyped-call]
        if ray.is_initialized():
            yield
            return
        processors = None if self.address else (self.workers or _cores()) * self.threads
        ray.init(
            self.address, num_cpus=processors, include_dashboard=None if self.address else False, log_to_driver=False
        )
        try:
            yield
        finally:
            ray.shutdown()


@dataclass(frozen=True, slots=True)
class Dask:
    """A Dask cluster, through joblib's backend for it. Its machines share the study's folder, the code and the data.

    Args:
        address: of the scheduler, such as "tcp://10.0.0.1:8786"; None starts a cluster of processes here.
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
        """The results in order.

        Raises:
            EngineError: Dask is not installed, or does not answer at the address.
        """
        from joblib import Parallel, delayed, parallel_config

        with self._connected(), parallel_config(backend="dask"):
            return list(Parallel(batch_size=1)(delayed(function)(thing) for thing in things))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        with _required("dask"):
            from distributed import Client, LocalCluster
        _require_answer("Dask", self.address)
        if self.address is not None:
            with Client(self.address, timeout=_PATIENCE):  # type: ignore[no-untyped-call]
                yield
            return
        workers = self.workers or _cores()
        options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
        with LocalCluster(**options) as cluster, Client(cluster):  # type: ignore[no-untyped-call]
            yield


@contextlib.contextmanager
def _required(extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise EngineError(f"{extra} is not installed: pip install 'gossamer[{extra}]'.") from error


def _require_answer(kind: str, address: str | None) -> None:
    """Try an address before a client does, whose own patience is minutes."""
    if address is None:
        return
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not (host and port.isdigit()):
        raise EngineError(f"{kind} address {address!r} is none: it must be like host:port.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise EngineError(f"{kind} does not answer at {address}: {error}.") from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
