"""How fast NNSTD is, and how large it can get: the table of docs/distances.md.

    python benchmarks/nnstd.py            # 784-1000-1000-1000-10, 10,000 neurons, 8 networks
    python benchmarks/nnstd.py --wide     # also 100,000 neurons (1.5 GiB), and 50 networks: a quarter of an hour
    python benchmarks/nnstd.py --matrix   # the 50 x 50 matrix alone, by one thread, and print it

Peers run in the same process, interleaved with ours (A, B, A, B, ...); the numbers are minimum and median of n runs.
The authors' code is not run here.
"""

import itertools
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy
from scipy.optimize import linear_sum_assignment

import gossamer as gs
from gossamer.distances import Approximate, Exact, ScipyOrder, console_bar, distance_named, kernels, nnstd, pairwise

WIDTHS, EPSILON = (784, 1000, 1000, 1000, 10), 20


def random_network(widths, densities, rng):
    """Erdos-Renyi junctions with exact numbers of edges."""
    pairs = itertools.pairwise(widths)
    edges = (round(d * i * o) for d, (i, o) in zip(densities, itertools.pairwise(widths), strict=True))
    return gs.Topology([gs.generators.erdos_renyi(i, o, e, rng=rng) for (i, o), e in zip(pairs, edges, strict=True)])


def paper_network(rng):
    """784-1000-1000-1000-10 at epsilon = 20: density epsilon (I + O) / (I O), the last junction dense."""
    return random_network(WIDTHS, [min(1, EPSILON * (i + o) / (i * o)) for i, o in itertools.pairwise(WIDTHS)], rng)


def plain(a, b):
    """NNSTD in NumPy and SciPy, as one would write it: dense products of masks, scipy's assignment."""
    order, values = None, []
    for g, h in zip(a, b, strict=True):
        first, second = g.to_mask().astype(float), h.to_mask().astype(float)
        second = second if order is None else second[:, order]
        shared = first @ second.T
        union = first.sum(1)[:, None] + second.sum(1)[None] - shared
        costs = np.divide(union - shared, union, out=np.zeros_like(union), where=union > 0)
        rows, order = linear_sum_assignment(costs)
        values.append(costs[rows, order].sum() / len(rows))
    return values


def interleaved(calls, repeats):
    """Seconds of each call, in turn: name -> list of `repeats`."""
    seconds = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def show(seconds, reference):
    """A line a call: minimum, median, and how many times faster than the reference."""
    base = min(seconds[reference])
    for name, values in seconds.items():
        least = min(values)
        print(
            f"  {name:<34} min {least:8.3f} s  median {statistics.median(values):8.3f} s  n {len(values)}  "
            f"{base / least:5.2f} x {reference}"
        )


def paper_pair():
    """Ours against NumPy and SciPy, bit for bit the same values."""
    rng = np.random.default_rng(0)
    a, b = paper_network(rng), paper_network(rng)
    assert plain(a, b) == nnstd(a, b).per_layer.tolist(), "not bit-equal"
    calls = {
        "numpy + scipy": lambda: plain(a, b),
        "gossamer, ScipyOrder (bit-equal)": lambda: nnstd(a, b),
        "gossamer, Exact": lambda: nnstd(a, b, solver=Exact()),
    }
    print("one pair 784-1000-1000-1000-10, epsilon 20:")
    seconds = interleaved(calls, 7)
    show(seconds, "numpy + scipy")


def wide_layer(neurons, density, solver):
    """One layer, in a process of its own so that its memory can be told."""
    rng = np.random.default_rng(0)
    a, b = (random_network((neurons, neurons), [density], rng) for _ in "ab")
    start = time.perf_counter()
    d = nnstd(a, b, solver=solver)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"  {neurons} neurons at {100 * density:g} %, {solver!r:<32} {seconds:7.1f} s  {peak:5.2f} GiB at most  "
        f"distance {d.mean:.12f}, proven gap {d.gaps[0]:.1e}",
        flush=True,
    )


def in_a_process(neurons, density, solver):
    """`wide_layer` in a new Python."""
    subprocess.run([sys.executable, __file__, "--layer", str(neurons), str(density), repr(solver)], check=True)


def many_networks(count):
    """The matrix of `count` networks, with one thread and with all."""
    rng = np.random.default_rng(0)
    networks = [paper_network(rng) for _ in range(count)]
    print(f"all {count} x {count} ordered pairs of 784-1000-1000-1000-10:")
    for workers in (1, os.cpu_count()):
        with tempfile.TemporaryDirectory() as folder, console_bar("nnstd") as bar:
            start = time.perf_counter()
            pairwise(networks, distance_named("nnstd"), workers=workers, progress=bar, store=Path(folder) / "t.npz")
            seconds = time.perf_counter() - start
        print(f"  {workers} thread(s): {seconds:.1f} s, {seconds / count**2 * 1000:.0f} ms a pair", flush=True)


def printed_matrix(count):
    """The matrix of `count` independent random networks, computed to its end by one thread, and printed."""
    rng = np.random.default_rng(0)
    networks = [paper_network(rng) for _ in range(count)]
    with tempfile.TemporaryDirectory() as folder, console_bar("nnstd") as bar:
        start, used = time.perf_counter(), time.process_time()
        table = pairwise(networks, distance_named("nnstd"), workers=1, progress=bar, store=Path(folder) / "t.npz")
        seconds, used = time.perf_counter() - start, time.process_time() - used
    apart = table[~np.eye(count, dtype=bool)]
    print(
        f"{count} x {count} of 784-1000-1000-1000-10, epsilon 20, one thread: {used:.0f} s of processor, "
        f"{seconds:.0f} s of wall\nNNSTD of different networks: {apart.min():.4f} to {apart.max():.4f}, mean "
        f"{apart.mean():.4f}; of equal ones {np.diag(table).max():g}; one direction and the other differ by "
        f"{np.abs(table - table.T).max():.4f} at most"
    )
    for row in table:
        print(" ".join(f"{value:.3f}" for value in row))


def main():
    """Print the table."""
    if sys.argv[1:2] == ["--layer"]:
        solver = eval(sys.argv[4], {"ScipyOrder": ScipyOrder, "Exact": Exact, "Approximate": Approximate})
        wide_layer(int(sys.argv[2]), float(sys.argv[3]), solver)
        return
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"SciPy {scipy.__version__}, Gossamer {gs.__version__}, native extension: {kernels.native is not None}"
    )
    if "--matrix" in sys.argv:
        printed_matrix(50)
        return
    paper_pair()
    print("one layer, independent random networks:", flush=True)
    in_a_process(10_000, 0.01, ScipyOrder())
    in_a_process(10_000, 0.01, Exact())
    in_a_process(10_000, 0.01, Approximate())
    if "--wide" in sys.argv:
        in_a_process(100_000, 0.001, Approximate())
    many_networks(50 if "--wide" in sys.argv else 8)


if __name__ == "__main__":
    main()
