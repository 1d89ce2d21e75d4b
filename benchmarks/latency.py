"""Inference latency of one junction at small batches: batch 1, 2, 4, 8, 16.

    python benchmarks/latency.py [--size 4096] [--densities .1 .05 .01] [--batches 1 4 16] [--json F]

Forward only, under torch.inference_mode. At batch 1 the work is reading weights: 4 bytes a weight for dense, 4 an edge
for rotated, 8 an edge for CSR.
"""

import argparse
import warnings

import numpy as np
import torch
from contenders import correct, layers
from report import Report

from gossamer.timing.speed import best_of_blocks

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--size", type=int, default=4096)
parser.add_argument("--densities", type=float, nargs="+", default=[0.1, 0.05, 0.01])
parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16])
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json")


def main():
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    report = Report("inference of one junction at small batches", options)
    alive = []  # sparselab caches by id(): a new layer at the address of a dead one would meet its cache
    for density in options.densities:
        contenders = layers(options.size, options.size, density, rng)
        alive.append(contenders)
        for batch in options.batches:
            x = torch.randn(batch, options.size)
            racing = correct(contenders, x)
            calls = {name: lambda module=contender.module, x=x: module(x) for name, contender in racing.items()}
            with torch.inference_mode():
                timings = best_of_blocks(calls, blocks=options.rounds, per_block=5)
            report.section(f"{options.size}², batch {batch}, density {density:g}", timings)
    report.close()


if __name__ == "__main__":
    main()
