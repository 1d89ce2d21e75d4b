"""bfloat16 and float16 layers and training steps: as fast as float32, in half the bytes?

    python benchmarks/halves.py [--sizes 1024 4096] [--densities .2 .1 .05 .01] [--batch 128] [--rounds 20] [--json F]
                                [--only layers|steps] [--instructions avx2] [--threads 2] [--cpu]

A layer's forward pass and both gradients through autograd, of random junctions, of rotated ones and of groups of 8
outputs, and one training step of 784-1000-1000-1000-10 in one call. Contenders take turns in one process; ratios are to
the same in float32. Every 16-bit result is checked first: it is what float32 gives on the same numbers, rounded. Bytes
are those of weights, gradients, the optimiser's state, inputs, outputs and their gradients. With `--cpu` and one
thread, processor time is counted: what a busy machine can still tell.
"""

import time

import numpy as np
import torch
from options import hold, race_options
from report import Report

from gossamer.nn import SparseLinear
from gossamer.timing.contenders import (
    OPTIMIZERS,
    WIDTHS,
    dense_network,
    fused_step,
    grouped,
    junction,
    network_step,
    rotated,
    sparse_network,
)
from gossamer.timing.speed import best_of_blocks

NARROW = (torch.bfloat16, torch.float16)

parser = race_options(__doc__, rounds=20, sizes=(1024, 4096))
parser.add_argument("--only", choices=["layers", "steps"])
parser.add_argument("--cpu", action="store_true", help="count processor time; with --threads 1")


def name_of(dtype):
    """Such as bfloat16."""
    return str(dtype).removeprefix("torch.")


def passes(module, dtype, x, dy):
    """Output and gradients of inputs and weights, of a module in a dtype."""
    inputs = x.detach().to(dtype, copy=True).requires_grad_()
    module.zero_grad()
    y = module(inputs)
    y.backward(dy.to(dtype))
    return y.detach(), inputs.grad, module.weight.grad


def check(layer, wide, dtype, x, dy):
    """Refuse a layer whose numbers are not those of float32 kernels, rounded to its dtype."""
    x, dy = x.to(dtype).float(), dy.to(dtype).float()
    for found, exact in zip(passes(layer, dtype, x, dy), passes(wide, torch.float32, x, dy), strict=True):
        if not torch.equal(found, exact.to(dtype)):
            raise ArithmeticError(f"{dtype}: {(found - exact).abs().max():.3g} from what float32 gives.")


def layer_call(module, dtype, x, dy):
    """Forward and both gradients, through autograd."""
    inputs, dy = x.detach().to(dtype, copy=True).requires_grad_(), dy.to(dtype)

    def run():
        inputs.grad = None
        module.zero_grad()
        module(inputs).backward(dy)

    return run


def layer_bytes(module, x, dy):
    """Of weights and their gradient, inputs, outputs and their gradients."""
    numbers = 2 * (module.weight.numel() + x.numel() + dy.numel())
    return numbers * module.weight.element_size()


def race(calls, options, per_block):
    """Their timings."""
    clock = time.process_time if options.cpu else time.perf_counter
    return best_of_blocks(calls, blocks=options.rounds, per_block=per_block, clock=clock)


def race_layers(report, options):
    """Every kind of junction, size and density."""
    for size in options.sizes:
        x, dy = torch.randn(options.batch, size), torch.randn(options.batch, size)
        for density in options.densities:
            for kind in (junction, rotated, grouped):
                g = kind(size, size, density, np.random.default_rng(0))
                exact = SparseLinear(g, bias=False)
                calls, sizes = {"float32": layer_call(exact, torch.float32, x, dy)}, [layer_bytes(exact, x, dy)]
                for dtype in NARROW:
                    layer, wide = SparseLinear(g, bias=False, dtype=dtype), SparseLinear(g, bias=False)
                    layer.load_state_dict(exact.state_dict())
                    wide.load_state_dict(layer.state_dict())
                    check(layer, wide, dtype, x, dy)
                    calls[name_of(dtype)] = layer_call(layer, dtype, x, dy)
                    sizes.append(layer_bytes(layer, x, dy))
                dense = torch.nn.Linear(size, size, bias=False, dtype=torch.bfloat16)
                calls["dense bfloat16"] = layer_call(dense, torch.bfloat16, x, dy)
                timings = race(calls, options, 10 if size <= 2048 else 2)
                shares = ", ".join(f"{held / sizes[0]:.2f}" for held in sizes)
                report.section(
                    f"{kind.__name__} {size} x {size}, {density:g}, batch {options.batch}; bytes {shares}", timings
                )


def race_steps(report, options):
    """One call a step, by SGD and by Adam."""
    x, target = torch.randn(options.batch, WIDTHS[0]), torch.randint(WIDTHS[-1], (options.batch,))
    for optimizer, make in OPTIMIZERS.items():
        for density in options.densities:
            calls = {}
            for dtype in (torch.float32, *NARROW):
                model = sparse_network(WIDTHS, density, np.random.default_rng(0)).to(dtype)
                calls[name_of(dtype)] = fused_step(model, make(model), x.to(dtype), target)
            dense = dense_network(WIDTHS).to(torch.bfloat16)
            calls["dense bfloat16"] = network_step(dense, make(dense), x.bfloat16(), target)
            timings = race(calls, options, 10)
            report.section(f"whole step, {optimizer}, batch {options.batch}, density {density:g}", timings)


def main():
    options = parser.parse_args()
    hold(options)
    report = Report("16-bit numbers on the native kernels", options)
    if options.only != "steps":
        race_layers(report, options)
    if options.only != "layers":
        race_steps(report, options)
    report.close()


if __name__ == "__main__":
    main()
