"""What bounds a pass over a junction: the rate at which a core's second-level cache feeds its first.

    python benchmarks/cache_bound.py [--rounds 200] [--json F]

One thread sums rows of 102 edges for 1024 outputs, batch 32 (one chunk of the AVX2 kernels), over more and more
inputs: 128 of them (16 KB) stay in the first-level cache, 1024 (128 KB) in the second. The arithmetic of an edge is the
same in all lines; what differs is where its operand comes from. A dense product of PyTorch, which keeps its operands in
registers, is the last line.
"""

import argparse

import numpy as np
import torch
from report import Report

from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.structure import Structure
from gossamer.timing.speed import best_of_blocks
from gossamer.topology import Bipartite

BATCH, OUTPUTS, FAN_IN = 32, 1024, 102

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--inputs", type=int, nargs="+", default=[128, 256, 512, 1024, 2048, 8192, 65536])
parser.add_argument("--rounds", type=int, default=200)
parser.add_argument("--json")


def dense(size=1024):
    """A product of PyTorch, and its multiply-adds."""
    layer, x = torch.nn.Linear(size, size, bias=False), torch.randn(BATCH, size)
    return lambda: layer(x), size * size * BATCH


def sparse(inputs, rng):
    """A pass over a junction with the same number of edges whatever `inputs`, and its multiply-adds."""
    rows = np.stack([np.sort(rng.choice(inputs, FAN_IN, replace=False)) for _ in range(OUTPUTS)])
    junction = Bipartite(np.arange(OUTPUTS + 1) * FAN_IN, rows.ravel(), in_features=inputs)
    structure, weight = Structure.of(junction), torch.randn(junction.num_edges)
    x = torch.randn(inputs, BATCH).t()
    return lambda: NATIVE.forward(structure, x, weight, None, IDENTITY), junction.num_edges * BATCH


def main():
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    calls = {"dense, 1024²": dense()}
    for inputs in options.inputs:
        calls[f"{inputs} inputs, {inputs * BATCH * 4 / 1024:g} KB"] = sparse(inputs, rng)
    report = Report("where an edge's operand comes from", options)
    with torch.inference_mode():
        timings = best_of_blocks({name: call for name, (call, _) in calls.items()}, blocks=options.rounds, per_block=3)
    report.section(f"one thread, {OUTPUTS} outputs of {FAN_IN} edges, batch {BATCH}", timings)
    for name, (_, work) in calls.items():
        report.console.print(f"{name:26s} {2e-9 * work / timings[name].minimum:6.1f} GF/s", highlight=False)
    report.close()


if __name__ == "__main__":
    main()
