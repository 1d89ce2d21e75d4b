"""One junction on a GPU, three products: grouped against dense, arbitrary edges against cuSPARSE.

    python benchmarks/gpu.py [--size 4096] [--batch 4096] [--densities .1 .05 .01] [--groups 16 32 64 128] [--json F]

Forward and both gradients without autograd, of numbers that are drawn at random. Grouped junctions have groups of
outputs and inputs, and of outputs alone; they and dense PyTorch compute in bfloat16. Arbitrary edges and cuSPARSE
compute in float32, as PyTorch's sampled product knows no less. Ours meet activations feature by feature, as the layers
around would hand them on. Every result is checked against a dense product of float32 first; contenders take turns, and
replay CUDA graphs, so that no launch is counted; what cannot be captured is named. Goals (the bound of a table): groups
3, 5 and 15 times dense at 90, 95 and 99 % sparsity, arbitrary edges no slower than cuSPARSE.

Without a GPU that the kernels serve it says so, and ends with status 2.
"""

import argparse
import sys

import numpy as np
import torch
from report import Report

from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels.cuda import CUDA, why_not
from gossamer.nn.structure import Structure
from gossamer.timing.contenders import junction
from gossamer.timing.speed import Timing, interleave
from gossamer.topology import Grouped

GOALS = {0.1: 3, 0.05: 5, 0.01: 15}
CALLS = 20
"""Calls of a turn, after which the GPU is waited for."""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--size", type=int, default=4096)
parser.add_argument("--batch", type=int, default=4096)
parser.add_argument("--densities", type=float, nargs="+", default=[0.1, 0.05, 0.01])
parser.add_argument("--groups", type=int, nargs="+", default=[16, 32, 64, 128])
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--json")


def dense(matrix, x, dy):
    """Output and both gradients of a dense layer."""
    return lambda: (x @ matrix.t(), dy @ matrix, dy.t() @ x)


def ours(g, w, x, dy):
    """The same of a junction, by Triton's kernels."""
    structure = Structure.of(g, x.device)
    x, dy = x.t().contiguous().t(), dy.t().contiguous().t()

    def run():
        y, kept = CUDA.forward(structure, x, w, None, IDENTITY)
        return y, *CUDA.backward(structure, dy, x, w, kept, IDENTITY, (True, True, False))[:2]

    return run


def cusparse(matrix, x, dy):
    """The same by PyTorch's compressed rows, both index sets prepared."""
    rows, columns = matrix.to_sparse_csr(), matrix.t().contiguous().to_sparse_csr()
    pattern = torch.sparse_csr_tensor(rows.crow_indices(), rows.col_indices(), 0 * rows.values(), rows.shape)
    x, dy = x.t().contiguous(), dy.t().contiguous()

    def run():
        gradient = torch.sparse.sampled_addmm(pattern, dy, x.t())
        return (rows @ x).t(), (columns @ dy).t(), gradient.values()

    return run


def check(name, found, exact, mask):
    """Refuse a contender whose numbers are not those of a dense product of float32."""
    for got, want in zip(found, exact, strict=True):
        if got.shape != want.shape and want.shape == mask.shape:
            want = want[mask]
        error = ((got.float() - want.float()).norm() / want.float().norm()).item()
        if not error < 1e-2:
            raise ArithmeticError(f"{name}: off by {error:.3g} of the norm.")


def replayed(name, call):
    """The call as a CUDA graph, or itself, named so."""
    for _ in range(3):
        call()
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            call()
    except RuntimeError:
        return f"{name}, launched", call
    return name, graph.replay


def race(calls, rounds):
    """Timings of one call of each."""

    def turn(call):
        def run():
            for _ in range(CALLS):
                call()
            torch.cuda.synchronize()

        return run

    found = interleave({name: turn(call) for name, call in calls.items()}, rounds=rounds)
    return {name: Timing(each.minimum / CALLS, each.median / CALLS, each.rounds) for name, each in found.items()}


def drawn(g, options, dtype):
    """Weights, the matrix that they make, inputs and gradients of outputs, on the GPU."""
    w = torch.randn(g.num_edges).to(dtype)
    w[w == 0] = 1  # the matrix tells its edges by its numbers
    matrix = torch.from_numpy(g.to_scipy(w.float().numpy()).toarray()).to("cuda", dtype)
    x, dy = (torch.randn(options.batch, options.size, device="cuda").to(dtype) for _ in range(2))
    return w.cuda(), matrix, x, dy


def contenders(options, density, rng):
    """Two races: of groups with dense, and of arbitrary edges with cuSPARSE."""
    size, groups = options.size, {}
    for group in options.groups:
        groups[f"groups of {group} outputs"] = Grouped(junction(size, size // group, density, rng), outputs=group)
        base = junction(size // group, size // group, density, rng)
        groups[f"groups of {group} by {group}"] = Grouped(base, outputs=group, inputs=group)
    calls = {}
    for name, g in groups.items():
        w, matrix, x, dy = drawn(g, options, torch.bfloat16)
        exact = dense(matrix.float(), x.float(), dy.float())()
        for each, call in (("dense bfloat16", dense(matrix, x, dy)), (name, ours(g, w, x, dy))):
            check(each, call(), exact, matrix != 0)
            calls.setdefault(each, call)
    yield "bfloat16", calls
    g = junction(size, size, density, rng)
    w, matrix, x, dy = drawn(g, options, torch.float32)
    calls = {"cuSPARSE": cusparse(matrix, x, dy), "arbitrary edges": ours(g, w, x, dy)}
    calls["dense float32"] = dense(matrix, x, dy)
    for name, call in calls.items():
        check(name, call(), calls["dense float32"](), matrix != 0)
    yield "float32", calls


def main():
    options = parser.parse_args()
    reason = "PyTorch finds none" if not torch.cuda.is_available() else why_not(torch.empty(0, device="cuda"))
    if reason is not None:
        print(f"nothing was measured: this needs a GPU that Triton's kernels serve, and {reason}.", file=sys.stderr)
        return 2
    report = Report(f"three products of one junction on {torch.cuda.get_device_name()}", options)
    rng = np.random.default_rng(0)
    for density in options.densities:
        for dtype, calls in contenders(options, density, rng):
            timings = race(dict(replayed(name, call) for name, call in calls.items()), options.rounds)
            goal = GOALS.get(density) if dtype == "bfloat16" else 1
            title = f"{options.size} x {options.size}, batch {options.batch}, {dtype}, density {density:g}"
            report.section(title, timings, goal)
    report.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
