"""One junction, forward and both gradients: how close to 1 / density does it come?

    python benchmarks/junction.py [--sizes 1024 4096] [--densities .2 .1 .05 .01] [--batch 128] [--rounds 20] [--json F]

Contenders take turns in one process; every one is checked against dense float64 first. Ratios are to dense PyTorch
float32. Activations come as the layers around would hand them on: to ours feature-major. The bound is 1 / density.
"""

import argparse
import warnings

import numpy as np
import torch
from contenders import correct, layers
from report import Report

from gossamer.timing.contenders import layer_step
from gossamer.timing.speed import best_of_blocks

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 4096])
parser.add_argument("--densities", type=float, nargs="+", default=[0.2, 0.1, 0.05, 0.01])
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json")


def main():
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(options.threads)
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
            steps = {name: layer_step(contender.module, x, dy) for name, contender in contenders.items()}
            timings = best_of_blocks(steps, blocks=options.rounds, per_block=per_block)
            report.section(f"{size} x {size}, batch {options.batch}, density {density:g}", timings, 1 / density)
    report.close()


if __name__ == "__main__":
    main()
