"""One sparse convolution, forward and all gradients, against the dense one.

    python benchmarks/conv.py [--shapes 256x8 64x32] [--densities .1 .05 .01] [--batch 32] [--rounds 20] [--threads 2]
        [--cpu] [--json F]

3 x 3 kernels, padding 1: 256 to 256 channels on 8 x 8 images, and 64 to 64 on 32 x 32; those of networks for images of
224 are `--shapes 64x56 128x28 256x14 512x7`. Contenders take turns in one
process; every one is checked against a dense convolution in float64 first. sparseprop joins where it is installed
(`pip install gossamer[bench]`). The bound is 1 / density. `--cpu` counts processor time of one thread, which a busy
machine can still tell (with `--threads 1`). Below each table stands what a step cannot do without: x twice and dy read,
y and dx written, three multiply-adds a live tap and place; and how long a copy and a dense product take for as much.
"""

import argparse
import importlib.util
import time
import warnings

import numpy as np
import torch
from limits import copy_rate, product_rate
from report import Report
from torch import nn

from gossamer.nn import SparseConv2d
from gossamer.nn.kernels.convolution import places
from gossamer.timing.contenders import junction
from gossamer.timing.speed import best_of_blocks


def shape(word):
    """Channels in and out, and the image's side."""
    channels, side = map(int, word.split("x"))
    return channels, side


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--shapes", type=shape, nargs="+", default=[(256, 8), (64, 32)], metavar="CHANNELSxSIDE")
parser.add_argument("--densities", type=float, nargs="+", default=[0.1, 0.05, 0.01])
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--cpu", action="store_true", help="processor time of one thread")
parser.add_argument("--json")


class MaskedConv2d(nn.Module):
    """What most sparse-training code does: a dense kernel times a mask."""

    def __init__(self, dense, mask):
        super().__init__()
        self.weight = nn.Parameter(dense.weight.detach().clone())
        self.register_buffer("mask", mask.float())

    def forward(self, x):
        """Convolve with the masked kernel."""
        return nn.functional.conv2d(x, self.weight * self.mask, padding=1)


def contenders(channels, density, rng):
    """Convolutions with the same weights; the dense one computes all taps."""
    taps = junction(9 * channels, channels, density, rng)
    ours = SparseConv2d(taps, channels, 3, padding=1, bias=False)
    mask = torch.zeros(channels * 9 * channels)
    mask[places(ours.structure)] = 1
    mask = mask.view(channels, channels, 3, 3)
    dense = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
    masked = MaskedConv2d(dense, mask)
    with torch.no_grad():
        ours.weight.copy_(dense.weight.reshape(-1)[places(ours.structure)])
    found = {"dense": dense, "mask times dense": masked}
    if importlib.util.find_spec("sparseprop"):
        from sparseprop.modules import SparseConv2d as Prop

        found["sparseprop"] = Prop(dense.weight.detach() * mask, padding=1)
    return {**found, "gossamer": ours}, dense.weight.detach() * mask


def check(modules, weight, x):
    """The modules whose output and input gradient are those of the masked convolution in float64."""
    exact = x.double().requires_grad_()
    y = nn.functional.conv2d(exact, weight.double(), padding=1)
    y.sum().backward()
    right = {"dense": modules["dense"]}
    for name, module in list(modules.items())[1:]:
        given = x.clone().requires_grad_()
        try:
            found = module(given)
            found.sum().backward()
        except Exception as error:  # a peer's failure of any kind ends its race, not ours
            print(f"{name} is left out: {type(error).__name__}: {error}")
            continue
        errors = [(found - y).abs().max().item(), (given.grad - exact.grad).abs().max().item()]
        if max(errors) < 1e-3 * y.abs().max().item():
            right[name] = module
        else:
            print(f"{name} is left out: off by {max(errors):.3g}")
    return right


def step(module, x, dy):
    inputs = x.clone().requires_grad_()

    def run():
        inputs.grad = None
        module.zero_grad()
        module(inputs).backward(dy)

    return run


def floor(channels, side, density, batch, known):
    """What a step of one convolution moves and computes at least, in words."""
    moved = 5 * 4 * batch * channels * side**2
    products = 3 * 9 * channels**2 * density * batch * side**2
    by_bytes, by_products = 1e3 * moved / known[0], 1e3 * products / known[1]
    return (
        f"{moved / 1e6:.1f} MB: a copy takes {by_bytes:.2f} ms ({known[0] / 1e9:.0f} GB/s); "
        f"{products / 1e6:.0f} million multiply-adds: PyTorch's dense product takes {by_products:.2f} ms"
    )


def main():
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    clock = time.process_time if options.cpu else time.perf_counter
    report = Report("forward and gradients of one convolution", options)
    known = copy_rate(clock), product_rate(clock)
    for channels, side in options.shapes:
        for density in options.densities:
            modules, weight = contenders(channels, density, rng)
            x, dy = torch.randn(options.batch, channels, side, side), torch.randn(options.batch, channels, side, side)
            steps = {name: step(module, x, dy) for name, module in check(modules, weight, x).items()}
            timings = best_of_blocks(steps, blocks=options.rounds, per_block=3, clock=clock)
            title = f"{channels} to {channels} channels, {side} x {side}, batch {options.batch}, density {density:g}"
            report.section(title, timings, 1 / density)
            print(floor(channels, side, density, options.batch, known))
    report.close()


if __name__ == "__main__":
    main()
