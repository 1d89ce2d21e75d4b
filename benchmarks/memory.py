"""Bytes an edge, and a junction that no dense matrix could hold: 1,000,000 x 1,000,000 with 32,000,000 edges.

    python benchmarks/memory.py [--edges 1e9] [--size 1000000] [--batch 16] [--kind random|rotated|grouped]
                                [--json F]

Prints what is stored (topology, weights, gradient, momentum) counted from the arrays, and the process's peak resident
memory once the topology is made, before the first of three training steps (with momentum, and with the gradient of the
input) and after the last, and after a checkpoint was written. Pages that two arrays share count twice in a peak, and
once in what is held after training (the proportional size, on Linux). Grouped are groups of eight outputs.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

import gossamer as gs
from gossamer.timing.environment import environment_line
from gossamer.topology import memory
from gossamer.training import checkpoints

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--size", type=int, default=1_000_000)
parser.add_argument("--edges", type=float, default=32e6, help="a multiple of the size")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--kind", choices=["random", "rotated", "grouped"], default="random")
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json")


MAKERS = {
    "random": gs.generators.regular_random,
    "rotated": gs.generators.rotating_random,
    "grouped": partial(gs.generators.grouped, gs.generators.constant_fan_in, group=8),
}


def peak():
    """Peak resident bytes of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def stored(structure):
    """The arrays of a topology that take memory of their own."""
    checked = structure.checked()
    shared = all(array.nbytes >= memory.LARGE for array in checked.arrays()[-1:]) and sys.platform == "linux"
    buffers = structure.arrays[:-1] if shared else structure.arrays
    return [*buffers, *checked.arrays(), *vars(checked).get("columns", ())]


def held():
    """Bytes of this process's own after all: shared pages count once; NaN where nobody says."""
    places = Path("/proc/self/smaps_rollup")
    lines = places.read_text().splitlines() if places.exists() else []
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")) or float("nan")


def main():
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    print(environment_line())
    sizes = {"size": options.size, "degree": int(options.edges) // options.size}
    start = time.perf_counter()
    junction = MAKERS[options.kind](options.size, options.size, sizes["degree"], rng=rng)
    made, peaks = time.perf_counter() - start, [peak()]
    layer = gs.nn.SparseLinear(junction, activation=torch.nn.ReLU())
    E = junction.num_edges
    del junction
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01, momentum=0.9, fused=True)
    x = torch.randn(options.batch, options.size)
    peaks.append(peak())
    seconds = []
    for _ in range(options.steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        layer(x.requires_grad_()).square().mean().backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    tensors = {
        "topology": stored(layer.structure),
        "weights": [layer.weight],
        "gradient": [layer.weight.grad],
        "momentum": [optimizer.state[layer.weight]["momentum_buffer"]],
    }
    per_edge = {name: sum(array.nbytes for array in group) / E for name, group in tensors.items()}
    peaks.append(peak())
    after = held()
    with tempfile.TemporaryDirectory() as folder:
        state = {"model": layer.state_dict(), "optimizer": optimizer.state_dict()}
        start = time.perf_counter()
        checkpoints.write(state, Path(folder, "checkpoint"))
        written = time.perf_counter() - start
    peaks.append(peak())
    result = (
        {"kind": options.kind, "batch": options.batch}
        | sizes
        | {
            "edges": E,
            "seconds to make the topology": round(made, 2),
            "seconds a step, least": round(min(seconds), 2),
            "bytes an edge": {name: round(value, 3) for name, value in per_edge.items()},
            "together": round(sum(per_edge.values()), 3),
            "dense weight alone would take GB": round(4e-9 * options.size**2, 1),
            "peak resident GB: topology, layer, training, checkpoint": [round(size / 1e9, 2) for size in peaks],
            "and bytes an edge": [round(size / E, 1) for size in peaks],
            "held after training, GB": round(after / 1e9, 2),
            "seconds to write a checkpoint": round(written, 2),
        }
    )
    for name, value in result.items():
        print(f"{name}: {value}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
