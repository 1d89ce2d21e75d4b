"""One junction, forward and both gradients: how close to 1 / density does it come?

    python benchmarks/junction.py [--sizes 1024 4096] [--densities .2 .1 .05 .01] [--batch 128] [--rounds 20] [--json F]
                                 [--raw] [--instructions avx2]

Contenders take turns in one process; every one is checked against dense float64 first. Ratios are to dense PyTorch
float32. With --raw the kernels are called without autograd, and the three products of dense PyTorch likewise.
Activations come as the layers around would hand them on: to ours feature-major. The bound is 1 / density.
"""

import warnings

import numpy as np
import torch
from contenders import correct, layers
from options import hold, race_options
from report import Report

from gossamer.nn import SparseLinear
from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels import native
from gossamer.timing.contenders import layer_step
from gossamer.timing.speed import best_of_blocks

parser = race_options(__doc__, rounds=20, sizes=(1024, 4096))
parser.add_argument("--raw", action="store_true", help="without autograd: dense and ours alone")


def raw_step(module, x, dy):
    """A call of the three products alone, without autograd: of a dense layer or of ours."""
    if not isinstance(module, SparseLinear):
        weight = module.weight.detach()
        return lambda: (x @ weight.t(), dy @ weight, dy.t() @ x)
    x, dy = x.t().contiguous().t(), dy.t().contiguous().t()
    structure, weight = module.structure, module.weight.detach()

    def run():
        _, kept = native.forward(structure, x, weight, None, IDENTITY)
        native.backward(structure, dy, x, weight, kept, IDENTITY, (True, True, False))

    return run


def main():
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    hold(options)
    rng = np.random.default_rng(0)
    report = Report("forward and both gradients of one junction", options)
    alive = []  # sparselab caches by id(): a new layer at the address of a dead one would meet its cache
    for size in options.sizes:
        for density in options.densities:
            contenders = layers(size, size, density, rng)
            x, dy = torch.randn(options.batch, size), torch.randn(options.batch, size)
            alive.append(contenders)
            contenders = correct(contenders, x)
            per_block = 20 if size <= 2048 else 3
            if options.raw:
                contenders = {name: c for name, c in contenders.items() if name == "dense" or name.startswith("goss")}
            make = raw_step if options.raw else layer_step
            steps = {name: make(contender.module, x, dy) for name, contender in contenders.items()}
            timings = best_of_blocks(steps, blocks=options.rounds, per_block=per_block)
            report.section(f"{size} x {size}, batch {options.batch}, density {density:g}", timings, 1 / density)
    report.close()


if __name__ == "__main__":
    main()
