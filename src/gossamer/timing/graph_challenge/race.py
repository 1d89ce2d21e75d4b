"""Who infers how fast: all work done, dead rows left out, and python-graphblas on the same inputs."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from gossamer.timing.graph_challenge.inference import Engine
from gossamer.timing.graph_challenge.nets import CEILING, Net

SKIP = (2, 3, 4, 5, 6, 8, 10, 16, 32, 64, 128, 256, 512, 1024)
"""Layers after which rows without an entry are left out: few die late."""

Answer = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Result:
    """What a contender needed.

    Args:
        name: whose.
        seconds: of each run, from images to answer.
        rate: images times connections over the least of the seconds, whatever was left out.
    """

    name: str
    seconds: tuple[float, ...]
    rate: float

    @property
    def median(self) -> float:
        """The median second."""
        return statistics.median(self.seconds)


def race(
    net: Net, images: scipy.sparse.csr_array, *, threads: int, rounds: int, peers: bool = True
) -> tuple[list[Result], Answer]:
    """Let all infer in turns, and compare their answers.

    Args:
        net: of the challenge.
        images: (count, N).
        threads: of each.
        rounds: runs of each; peers run once.
        peers: whether python-graphblas takes part, if it is installed.

    Raises:
        ArithmeticError: two answers differ.
    """
    ours: dict[str, Callable[[scipy.sparse.csr_array], Answer]] = {
        "gossamer, all work done": Engine(net, threads=threads),
        "gossamer, dead rows left out": Engine(net, threads=threads, skip=SKIP),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ours}
    answers: dict[str, Answer] = {}
    for _ in range(rounds):
        for name, infer in ours.items():
            answers[name] = _timed(infer, images, seconds[name])
    if peers and importlib.util.find_spec("graphblas") and importlib.util.find_spec("suitesparse_graphblas"):
        seconds["python-graphblas"] = []
        answers["python-graphblas"] = _timed(_graphblas(net, threads), images, seconds["python-graphblas"])
    first, *others = answers.items()
    for name, answer in others:
        if not np.array_equal(answer, first[1]):
            raise ArithmeticError(f"{name} finds {len(answer)} rows, {first[0]} {len(first[1])}: their answers differ.")
    work = images.shape[0] * net.edges
    return [Result(name, tuple(times), work / min(times)) for name, times in seconds.items()], first[1]


def dense_rate() -> float:
    """Multiply-adds a second of NumPy's dense product, 1024 x 1024 times 1024 x 2048: what the machine can do."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape, dtype=np.float32) for shape in ((1024, 1024), (1024, 2048)))
    seconds: list[float] = []
    for _ in range(12):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 1024 * 1024 * 2048 / min(seconds)


def _timed(
    infer: Callable[[scipy.sparse.csr_array], Answer], images: scipy.sparse.csr_array, to: list[float]
) -> Answer:
    start = time.perf_counter()
    answer = infer(images)
    to.append(time.perf_counter() - start)
    return answer


def _graphblas(net: Net, threads: int) -> Callable[[scipy.sparse.csr_array], Answer]:
    """The loop that users of GraphBLAS write; its matrices are made before."""
    import graphblas as gb

    gb.ss.config["nthreads"] = threads
    layers = [gb.io.from_scipy_sparse(g.to_scipy(weights).T.tocsr()) for g, weights in net.layers]

    def infer(images: scipy.sparse.csr_array) -> Answer:
        y = gb.io.from_scipy_sparse(images)
        for w in layers:
            y = y.mxm(w, gb.semiring.plus_times).new()
            y = y.apply(gb.binary.plus, right=np.float32(net.bias)).new()
            y = y.select(gb.select.valuegt, 0).new()
            y = y.apply(gb.binary.min, right=np.float32(CEILING)).new()
        rows, _ = y.reduce_rowwise(gb.monoid.max).new().to_coo()
        found: Answer = rows.astype(np.int64) + 1
        return found

    return infer
