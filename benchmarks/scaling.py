"""What an edge costs, from a thousand neurons to a million: forward and both gradients of one junction of degree 32.

    python benchmarks/scaling.py [--sizes 1000 16000 256000 1000 1000000] [--batches 64 64 64 16 16] [--rounds 10]
                                [--json F]

"Local" are edges from the 1024 inputs nearest to an output, "shuffled" the same with all neurons shuffled, "near" the
shuffled layer after `gossamer.nn.in_near_order`, which moves inputs and outputs at every pass, so that they keep their
numbers; "grouped" are groups of eight outputs that share their inputs; all others are random. Contenders take turns in
one process; every one is checked against SciPy in float64 first.
Printed are nanoseconds an edge and sample, of the least time; a flat curve means that a network of any size trains at
the speed of its edges.
A batch of 16 is one vector (AVX-512), so that what an edge costs once is shared by fewer samples: it is told twice.
Activations come as the layers around would hand them on: to ours feature-major. `python docs/speed.py` draws the
curve of the kept results. With `--cpu` and one thread, processor time is counted: what a busy machine can still tell.
"""

import argparse
import gc
import importlib.util
import time
import warnings

import numpy as np
import torch
from contenders import Contender, correct, of_layer, of_sparselab, of_torch_csr
from report import Report

import gossamer as gs
from gossamer.timing.contenders import layer_step, local
from gossamer.timing.speed import best_of_blocks

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 16_000, 256_000, 1000, 1_000_000])
parser.add_argument("--batches", type=int, nargs="+", default=[64, 64, 64, 16, 16], help="one for each size")
parser.add_argument("--degree", type=int, default=32)
parser.add_argument("--rounds", type=int, default=10)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--cpu", action="store_true", help="count processor time; with --threads 1")
parser.add_argument("--json")

BLOCK_WORK = 1e8
"""Edges times samples of a turn; at least one call."""


def contenders(size, degree, rng):
    """Those that are installed, of the same random edges, and ours of junctions with a structure."""
    g = gs.generators.regular_random(size, size, degree, rng=rng)
    matrix = g.to_scipy(rng.standard_normal(g.num_edges).astype(np.float32))
    found = {"torch CSR": of_torch_csr(matrix)}
    if importlib.util.find_spec("sparselab"):
        found["sparselab"] = of_sparselab(matrix)
    found["gossamer"] = of_layer(g)
    found["gossamer rotated"] = of_layer(gs.generators.rotating_random(size, size, degree, rng=rng))
    make = gs.generators.constant_fan_in
    found["gossamer grouped"] = of_layer(gs.generators.grouped(make, size, size, degree, group=8, rng=rng))
    near = local(size, degree, rng)
    found["gossamer local"] = of_layer(near)
    (shuffled,) = gs.topology.relabelled(gs.Topology([near]), [rng.permutation(size) for _ in range(2)]).layers
    found["gossamer shuffled"] = of_layer(shuffled)
    found["gossamer near"] = in_near_order(found["gossamer shuffled"])
    return found


def in_near_order(contender):
    """The same layer, with inputs and outputs put in order."""
    moved = gs.nn.in_near_order(contender.module, inputs=True, outputs=True)
    return Contender(moved, contender.matrix)


def main():
    options = parser.parse_args()
    if len(options.sizes) != len(options.batches):
        parser.error(f"{len(options.sizes)} sizes and {len(options.batches)} batches; one for each is needed.")
    warnings.simplefilter("ignore")
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.cpu else time.perf_counter
    rng = np.random.default_rng(0)
    report = Report(f"forward and both gradients of a junction of degree {options.degree}", options)
    kept = []  # sparselab caches by id(): a new junction at the address of a dead one would meet its cache
    for size, batch in zip(options.sizes, options.batches, strict=True):
        x, dy = torch.randn(batch, size), torch.randn(batch, size)
        racing = correct(contenders(size, options.degree, rng), x)
        kept += [getattr(contender.module, "_csr", None) for contender in racing.values()]
        steps = {name: layer_step(contender.module, x, dy) for name, contender in racing.items()}
        work = size * options.degree * batch
        per_block = max(1, round(BLOCK_WORK / work))
        timings = best_of_blocks(steps, blocks=options.rounds, per_block=per_block, warm_up=1, clock=clock)
        report.section(f"{size} neurons, batch {batch}", timings, neurons=size, batch=batch, work=work)
        for name, timing in timings.items():
            line = f"{name:20s} {1e9 * timing.minimum / work:6.3f} ns an edge and sample"
            report.console.print(line, highlight=False)
        del racing, steps
        gc.collect()
    report.close()


if __name__ == "__main__":
    main()
