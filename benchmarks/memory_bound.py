"""What bounds a junction whose operands lie beyond the caches: how many bytes an edge moves, and how fast memory is.

    python benchmarks/memory_bound.py [--size 1000000] [--degree 32] [--batch 16] [--rounds 5] [--json F]

One thread, processor time. First the rate at which memory is copied from one array to another. Then both passes of
junctions, without autograd: the bytes that an edge moves if no line is found in a cache, the time that these take at
that rate, and the time that the pass takes. Forward an edge reads a row of the inputs, an index and a weight; back a
row of the inputs, and reads and writes one of their gradients, and writes a gradient of its own, for which the line is
read first. Groups of eight outputs share rows and indices. Rotated junctions have no indices, and back their weights
and gradients are copied into bands and out of them, so that an edge reads one row. Local edges come from the 1024
inputs nearest to an output; they are raced as they are, with all neurons shuffled, and shuffled and put in order again
(`gossamer.topology.near_orders`). Random junctions have no order to be found.

Last is told what it would take to read no row of a random junction at random: input after input each edge's product is
appended to the bin of its outputs, and the bins are read one after the other. A product is written and read, and so are
its output's number and, once, the weight. Bins hold no more than the batch, where rows are filled up to a vector.
"""

import argparse
import time

import numpy as np
import torch
from report import Report

import gossamer as gs
from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.structure import Structure
from gossamer.timing.contenders import local
from gossamer.timing.speed import interleave
from gossamer.topology import near_orders, relabelled

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--size", type=int, default=1_000_000)
parser.add_argument("--degree", type=int, default=32)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--json")

GROUP = 8


def junctions(size, degree, rng):
    """By name, and how many outputs share rows of the operands."""
    near = local(size, degree, rng)
    shuffled = relabelled(gs.Topology([near]), [rng.permutation(size) for _ in range(2)])
    (again,) = relabelled(shuffled, near_orders(shuffled)).layers
    grouped = gs.generators.grouped(gs.generators.constant_fan_in, size, size, degree, group=GROUP, rng=rng)
    return {
        "random": (gs.generators.regular_random(size, size, degree, rng=rng), 1),
        "rotated": (gs.generators.rotating_random(size, size, degree, rng=rng), 1),
        "grouped": (grouped, GROUP),
        "local": (near, 1),
        "local, shuffled": (shuffled.layers[0], 1),
        "local, in order again": (again, 1),
    }


def copying():
    """A call that copies, and the bytes that it moves."""
    source, target = torch.ones(1 << 26), torch.ones(1 << 26)
    return lambda: target.copy_(source), 2 * source.nbytes


def passes(g, batch):
    """Both passes as calls; activations are stored feature by feature."""
    structure, weight = Structure.of(g), torch.randn(g.num_edges)
    x, dy = torch.randn(g.in_features, batch).t(), torch.randn(g.out_features, batch).t()

    def forward():
        NATIVE.forward(structure, x, weight, None, IDENTITY)

    def backward():
        NATIVE.backward(structure, dy, x, weight, dy, IDENTITY, (True, True, False))

    return {"forward": forward, "backward": backward}


def bytes_of_an_edge(batch, g, group):
    """What each pass moves."""
    row = 4 * batch / group
    if isinstance(g, gs.topology.Rotated):
        into_bands, out_of_bands = 4 + 8, 4 + 8
        return {"forward": row + 4, "backward": row + into_bands + 4 + 8 + out_of_bands}
    return {"forward": row + 4 / group + 4, "backward": 3 * row + 4 / group + 12}


def main():
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    report = Report("junctions beyond the caches", options)
    copy, moved = copying()
    raced = junctions(options.size, options.degree, rng)
    calls = {
        f"{name}: {which}": call for name, (g, _) in raced.items() for which, call in passes(g, options.batch).items()
    }
    timings = interleave({"copy": copy, **calls}, rounds=options.rounds, warm_up=1, clock=time.process_time)
    rate = moved / timings["copy"].minimum
    work = options.size * options.degree * options.batch
    floors = {
        f"{name}: {which}": size / rate / options.batch
        for name, (g, group) in raced.items()
        for which, size in bytes_of_an_edge(options.batch, g, group).items()
    }
    report.section(
        f"{options.size} neurons, degree {options.degree}, batch {options.batch}",
        timings,
        work=work,
        bytes_a_second=rate,
        floors=floors,
    )
    report.console.print(f"a copy moves {1e-9 * rate:.1f} GB/s, read and written", highlight=False)
    for name, floor in floors.items():
        found = timings[name].minimum / work
        line = (
            f"{name:32s} {1e9 * found:.3f} ns an edge and sample; {1e9 * floor:.3f} at that rate ({floor / found:.0%})"
        )
        report.console.print(line, highlight=False)
    found = timings["random: forward"].minimum / (options.size * options.degree)
    for batch in (options.batch, options.batch // 2, options.batch // 4):
        binned = (2 * (4 * batch + 4) + 4) / rate
        line = (
            f"batch {batch}: an edge reads at random in {1e9 * found:.2f} ns, goes through a bin in {1e9 * binned:.2f}"
        )
        report.console.print(line, highlight=False)
    report.close()


if __name__ == "__main__":
    main()
