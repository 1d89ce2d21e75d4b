"""Bytes an edge, and a junction that no dense matrix could hold: 1,000,000 x 1,000,000 with 32,000,000 edges.

    python benchmarks/memory.py [--size 1000000] [--degree 32] [--batch 16] [--kind rotated|random] [--json F]

Prints what is stored (topology, weights, gradient, momentum) counted from the tensors, and the process's peak resident
memory before and after three training steps.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
import torch

import gossamer as gs
from gossamer.timing.environment import environment_line

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--size", type=int, default=1_000_000)
parser.add_argument("--degree", type=int, default=32)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--kind", choices=["rotated", "random"], default="random")
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json")


def peak():
    """Peak resident bytes of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    print(environment_line())
    sizes = {"size": options.size, "degree": options.degree}
    make = gs.generators.rotating_random if options.kind == "rotated" else gs.generators.regular_random
    start = time.perf_counter()
    junction = make(options.size, options.size, options.degree, rng=rng)
    made = time.perf_counter() - start
    layer = gs.nn.SparseLinear(junction, activation=torch.nn.ReLU())
    E = junction.num_edges
    del junction
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01, momentum=0.9)
    x = torch.randn(options.batch, options.size)
    before, seconds = peak(), []
    for _ in range(options.steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        layer(x.requires_grad_()).square().mean().backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    checked = layer.structure.checked()
    own = () if isinstance(checked.junction, gs.Rotated) else checked.columns
    tensors = {
        "topology": [*layer.structure.arrays, *map(torch.tensor, (*checked.arrays(), *own))],
        "weights": [layer.weight],
        "gradient": [layer.weight.grad],
        "momentum": [optimizer.state[layer.weight]["momentum_buffer"]],
    }
    per_edge = {name: sum(t.numel() * t.element_size() for t in group) / E for name, group in tensors.items()}
    result = sizes | {
        "edges": E,
        "seconds to make the topology": round(made, 2),
        "seconds a step, least": round(min(seconds), 2),
        "bytes an edge": {name: round(value, 3) for name, value in per_edge.items()},
        "dense weight alone would take GB": round(4e-9 * options.size**2, 1),
        "peak resident GB before and after training": [round(before / 1e9, 2), round(peak() / 1e9, 2)],
    }
    for name, value in result.items():
        print(f"{name}: {value}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
