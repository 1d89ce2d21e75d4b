"""A whole training step of a small GPT, dense and made sparse by `gs.nn.sparsify`: AdamW, 2,048 tokens.

    python benchmarks/gpt.py [--densities .2 .1 .05 .01] [--rounds 20] [--threads 2] [--json F] [--parts] [--processor]

All linear layers become sparse, the head too. "no linear layers" is the limit: the same dense model whose linear layers
give a stored result and a stored gradient at no cost, so that embeddings, norms, attention, residual additions,
activations, the loss and the optimiser's step for what is left are all that is computed. "+ attention" calls
`gs.nn.scaled_dot_product_attention` in place of PyTorch's, the one line of the model that is then another.
Below the table stands what layers of no edges would read and write all the same, and how long a copy of as much takes.
Contenders take turns in one process. --processor counts the seconds of one thread on a busy machine. --parts prints
where the time of each goes, by PyTorch's profiler, which counts all time that passes.
"""

import argparse
import time

import numpy as np
import torch
from limits import copy_rate
from plain_gpt import GPT
from report import Report
from rich.table import Table
from torch import nn
from torch.profiler import ProfilerActivity, profile

import gossamer as gs
from gossamer.timing.contenders import junction
from gossamer.timing.speed import best_of_blocks

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--densities", type=float, nargs="+", default=[0.2, 0.1, 0.05, 0.01])
parser.add_argument("--width", type=int, default=384)
parser.add_argument("--layers", type=int, default=4)
parser.add_argument("--heads", type=int, default=6)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--context", type=int, default=128)
parser.add_argument("--vocabulary", type=int, default=65)
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--processor", action="store_true", help="count seconds of the processor; with --threads 1")
parser.add_argument("--parts", action="store_true", help="print where the time goes")
parser.add_argument("--json")

PARTS = (
    ("sparse layers", ("_SparseLinear", "_SparseStack")),
    ("attention", ("scaled_dot_product", "_Attention")),
    ("norms", ("layer_norm", "rms_norm", "_Norm")),
    ("dense layers", ("addmm", "::mm", "bmm")),
    ("activations", ("gelu", "silu")),
    ("copies", ("copy_", "clone", "contiguous", "::cat")),
    ("additions", ("::add", "::sum")),
    ("optimiser", ("Optimizer", "_fused_adamw", "zero_grad")),
    ("loss", ("log_softmax", "nll_loss", "cross_entropy")),
    ("embeddings", ("embedding", "index")),
)
"""Parts of a step, by what the profiler calls their operations; the rest is "other"."""


class _Stored(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, dx):
        ctx.dx = dx
        return y.detach()

    @staticmethod
    def backward(ctx, dy):
        return ctx.dx, None, None


class Free(nn.Module):
    """A linear layer that costs nothing: the result and the gradient of its first call, again and again."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs, self.stored = outputs, None

    def forward(self, x):
        """(..., I) to (..., O)."""
        if self.stored is None:
            self.stored = torch.randn(*x.shape[:-1], self.outputs), torch.randn_like(x) * 1e-3
        return _Stored.apply(x, *self.stored)


def without_linear_layers(model):
    """The model with its linear layers free."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, Free(child.out_features))
    return model


def sparse(model, density, rng):
    """The model with random junctions of a density."""
    linear = {name: each for name, each in model.named_modules() if isinstance(each, nn.Linear)}
    edges = {name: junction(each.in_features, each.out_features, density, rng) for name, each in linear.items()}
    return gs.nn.sparsify(model, junctions=edges)


def training_step(model, tokens):
    """A call that takes one step: tokens (B, T + 1)."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def run():
        optimizer.zero_grad()
        logits = model(tokens[:, :-1])
        nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1)).backward()
        optimizer.step()

    return run


def parts(step, steps=5):
    """Milliseconds a step of each part."""
    for _ in range(2):
        step()
    with profile(activities=[ProfilerActivity.CPU]) as record:
        for _ in range(steps):
            step()
    found = dict.fromkeys([*(name for name, _ in PARTS), "other"], 0.0)
    for event in record.key_averages():
        part = next((name for name, words in PARTS if any(word in event.key for word in words)), "other")
        found[part] += event.self_cpu_time_total / 1e3 / steps
    return found


def moved(model, tokens):
    """Bytes that linear layers without weights would read and write in a step: x, y; dy, x, dx."""
    linear = [each for each in model.modules() if isinstance(each, nn.Linear)]
    return sum(4 * tokens * (3 * each.in_features + 2 * each.out_features) for each in linear)


def main():
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)

    def plain(**choice):
        sizes = {"width": options.width, "layers": options.layers, "heads": options.heads}
        return GPT(options.vocabulary, options.context, **sizes, **choice)

    tokens = torch.randint(options.vocabulary, (options.batch, options.context + 1))
    models = {"dense": plain(), "no linear layers": without_linear_layers(plain())}
    ours = {"attention": gs.nn.scaled_dot_product_attention}
    models["no linear layers + attention"] = without_linear_layers(plain(**ours))
    for density in options.densities:
        name = f"{1 - density:.0%} sparse"
        models |= {name: sparse(plain(), density, rng), f"{name} + attention": sparse(plain(**ours), density, rng)}
    steps = {name: training_step(model, tokens) for name, model in models.items()}
    report = Report("a training step of a GPT", options)
    if options.processor and options.threads != 1:
        parser.error("--processor counts one thread: --threads 1")
    clock = time.thread_time if options.processor else time.perf_counter
    timings = best_of_blocks(steps, blocks=options.rounds, per_block=1, clock=clock)
    title = f"{options.layers} layers, d {options.width}, {options.batch} x {options.context} tokens, AdamW"
    report.section(title, timings)
    least_bytes, rate = moved(models["dense"], options.batch * options.context), copy_rate(clock)
    report.console.print(
        f"{1e-6 * least_bytes:.0f} MB that linear layers of no edges would read and write: "
        f"a copy takes {1e3 * least_bytes / rate:.1f} ms ({1e-9 * rate:.0f} GB/s)"
    )
    if options.parts:
        shares = {name: parts(step) for name, step in steps.items()}
        table = Table("ms a step", *shares)
        for part in next(iter(shares.values())):
            table.add_row(part, *(f"{found[part]:.2f}" for found in shares.values()))
        report.console.print(table)
        report.results["parts"] = shares
    report.close()


if __name__ == "__main__":
    main()
