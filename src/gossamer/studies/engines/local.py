"""Where runs are carried out: in this process, in several, or on a cluster."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gossamer.errors import require_int

T = TypeVar("T")
R = TypeVar("R")
_WATCH_SECONDS = 0.5
_FEEDER_SECONDS = 5.0


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
class InProcess:
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
        here = cores()
        workers = require_int("workers", self.workers or here, low=1, high=1024)
        threads = require_int("threads", self.threads or max(1, here // workers), low=1, high=1024)
        object.__setattr__(self, "workers", workers)
        object.__setattr__(self, "threads", threads)

    def map(self, function: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """The results in order. joblib's `Parallel` would run a single worker's calls in this process."""
        from joblib.externals.loky import ProcessPoolExecutor

        listed = list(things)
        others = set(threading.enumerate())
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(self.threads))
        executor = ProcessPoolExecutor(
            max_workers=max(1, min(self.workers, len(listed))),
            env=threads,
            initializer=_end_with,
            initargs=(os.getpid(),),
        )
        try:
            return _fed(executor, function, listed, most=self.workers)
        finally:
            with _interrupts_held():
                executor.shutdown(kill_workers=True)  # after an error or Ctrl-C some are still at work
                _join_feeders(others)


def _fed(executor: Executor, function: Callable[[T], R], things: Sequence[T], *, most: int) -> list[R]:
    """The results in order; no more calls wait than run, since the executor's end trips over those that wait."""
    results: dict[int, R] = {}
    places: dict[Future[R], int] = {}
    waiting = iter(enumerate(things))
    while len(results) < len(things):
        with _interrupts_held():
            for place, thing in itertools.islice(waiting, most - len(places)):
                places[executor.submit(function, thing)] = place
        for call in wait(places, return_when=FIRST_COMPLETED).done:
            results[places.pop(call)] = call.result()
    return [results[place] for place in range(len(things))]


def _join_feeders(others: Set[threading.Thread]) -> None:
    """Wait for the threads that fed a pool's queue, all but `others`, as its shutdown does not.

    They let go of the queue's semaphores. Where this process ends while one does so, the semaphore is gone but still
    registered, and the resource tracker warns of a leak.
    """
    for thread in set(threading.enumerate()) - others:
        if thread.name == "QueueFeederThread":
            thread.join(timeout=_FEEDER_SECONDS)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block; threads and processes that begin in it never see one.

    A terminal sends Ctrl-C to the workers too, which would each print a traceback: their parent ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: int) -> None:
    """End this worker when its parent was killed: it would hold its run for nothing."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
