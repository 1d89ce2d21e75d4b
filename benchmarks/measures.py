"""Measures against networkx and plain scipy, and at 16,000,000 edges: `python benchmarks/measures.py [--small]`.

Claims: algebraic connectivity of 1000 x 1000, degree 50, at least 20 times as fast as networkx; lambda_2 and sigma_2 of
a random biregular 500,000 x 500,000 junction of 16,000,000 edges in 90 s; all cheap measures of 1,000,000 edges in 5 s;
32,000,000 regular_random edges in 15 s.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time

import networkx
import numpy as np
import scipy
import scipy.sparse.linalg

import gossamer as gs
from gossamer import measures


def timed(call):
    start = time.perf_counter()
    value = call()
    return time.perf_counter() - start, value


def race(title, rounds, **calls):
    """Interleaved runs of each call; the first is ours."""
    seconds = {name: [] for name in calls}
    values = {}
    for _ in range(rounds):
        for name, call in calls.items():
            elapsed, values[name] = timed(call)
            seconds[name].append(elapsed)
    ours = min(seconds[next(iter(calls))])
    for name, times in seconds.items():
        ratio = f"{min(times) / ours:8.1f} x ours"
        print(
            f"{title:44s} {name:10s} min {min(times):8.3f} s  median {statistics.median(times):8.3f} s  {ratio}"
            f"  n={rounds}  value {values[name]:.10g}",
            flush=True,
        )


def connectivity(rng):
    g = gs.generators.regular_random(1000, 1000, 50, rng=rng)
    graph = g.to_networkx()
    square = networkx.laplacian_matrix(graph).astype(float)
    race(
        "algebraic connectivity 1000 x 1000, degree 50",
        3,
        gossamer=lambda: measures.algebraic_connectivity(g),
        networkx=lambda: networkx.algebraic_connectivity(graph, seed=0),
        scipy=lambda: float(np.sort(scipy.sparse.linalg.eigsh(square, k=2, which="SA")[0])[1]),
    )


def cheap(rng):
    for name, g in (
        ("junction 10,000 x 10,000", gs.generators.regular_random(10_000, 10_000, 100, rng=rng)),
        (
            "network of 4 junctions",
            gs.Topology([gs.generators.regular_random(5_000, 5_000, 50, rng=rng) for _ in range(4)]),
        ),
    ):
        seconds, _ = timed(lambda g=g: [measures.MEASURES[each](g) for each in measures.CHEAP])
        print(f"all {len(measures.CHEAP)} cheap measures, {g.num_edges} edges, {name}: {seconds:.2f} s", flush=True)


def generation(rng, size):
    seconds, g = timed(lambda: gs.generators.regular_random(size, size, 32, rng=rng))
    print(f"regular_random {size} x {size}, {g.num_edges} edges: made in {seconds:.1f} s", flush=True)


def large(rng, size, tolerance=1e-5):
    made, g = timed(lambda: gs.generators.biregular(size, size, 32, rng=rng))
    print(f"biregular {size} x {size}, {g.num_edges} edges: made in {made:.1f} s", flush=True)
    sigma, lambda_ = (
        timed(lambda f=f: f(g, tolerance=tolerance))
        for f in (measures.second_singular_value, measures.algebraic_connectivity)
    )
    print(
        f"  sigma_2 = {sigma[1]:.8f} in {sigma[0]:.1f} s; lambda_2 = {lambda_[1]:.8f} in {lambda_[0]:.1f} s; together "
        f"{sigma[0] + lambda_[0]:.1f} s; residual at most 2 * {tolerance:g} * sigma_1^2, checked; "
        f"Ramanujan bound {2 * 31**0.5:.6f}",
        flush=True,
    )


def paths(rng):
    t = gs.Topology([gs.generators.regular_random(1000, 1000, 50, rng=rng) for _ in range(20)])
    exact, log = timed(lambda: measures.effective_paths(t)), timed(lambda: measures.log_effective_paths(t))
    print(
        f"effective paths of 20 junctions of 50,000 edges: {len(str(exact[1]))} digits exactly in {exact[0]:.3f} s; "
        f"logarithm {log[1]:.6f} in {log[0]:.3f} s",
        flush=True,
    )


if __name__ == "__main__":
    print(
        f"networkx {networkx.__version__}, scipy {scipy.__version__}, numpy {np.__version__}, "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    rng = np.random.default_rng(0)
    connectivity(rng)
    cheap(rng)
    paths(rng)
    generation(rng, 100_000 if "--small" in sys.argv else 1_000_000)
    large(rng, 50_000 if "--small" in sys.argv else 500_000)
