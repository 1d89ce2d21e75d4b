"""Character-level GPTs on tiny-shakespeare: dense, sparse from scratch with RigL, and a wider sparse one.

    python benchmarks/shakespeare.py --pilot             # one run of each method at each rate, half as long
    python benchmarks/shakespeare.py [--method dense rigl_90 rigl_95 wide_90 share_17.5] [--seeds 10 11 12]
                                     [--steps 600] [--text F] [--threads 1] [--out F] [--work FOLDER]
    python benchmarks/from_scratch.py shakespeare        # the tables of what is kept

The first 90 % of the characters are for training. Of the last 10 %, the first half is for choices alone, and the loss
on the second half after the last step is the result (nats a character, in windows of the context); on the way a tenth
of it is looked at. Network and training are those that nanoGPT gives for a CPU (4 layers, 4 heads, width 128, context
64, batch 12, no dropout, AdamW falling to a tenth of its rate along a cosine after 100 steps) at 600 of its 2000
steps, for want of processor time; the same for all arms, but for the rate: that is, for each arm, dense or sparse, the
best of three by one pilot run each, of half the steps and with a seed that no result is of.

rigl_90 and rigl_95 have 10 and 5 % of the weights of all linear layers but the head; wide_90 is 3 times as wide with
the dense one's number of weights in these layers; share_17.5 has 17.5 % of all the dense one's parameters (embeddings,
head, norms and biases counted), as the sparse GPT that sparselab publishes. Edges are spread by the Erdős–Rényi budget,
begin at random with the dense one's weights, rescaled so that sums vary as much as dense (`weights="rescale"`), and
RigL moves them 30 times in the first three quarters of the steps. A layer of density ρ learns at 1 / sqrt(ρ) times the
rate (`gs.nn.decay_groups(..., by_density=.5)`). Start, factor and budget were found with pilot runs of share_17.5.

Seconds are of the processor, of training alone. A run that is interrupted goes on from its checkpoint in --work; a
finished one is a line in --out, and is not run again.
"""

import argparse
import functools
import hashlib
import math
import os
from pathlib import Path

import numpy as np
import torch
from checkpointed import Run, add_options, rigl, run_all
from from_scratch import TASKS, chosen, kept, pilots_of
from plain_gpt import GPT
from torch import nn

import gossamer as gs

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--method", nargs="+", default=["dense", "rigl_90", "rigl_95", "wide_90", "share_17.5"])
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--batch", type=int, default=12)
parser.add_argument("--context", type=int, default=64)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--layers", type=int, default=4)
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--by-density", type=float, default=0.5, help="sparse layers learn at density ** -this of the rate")
parser.add_argument("--every", type=int, default=100, help="steps between looks at the validation loss")
parser.add_argument("--text", type=Path, help="tiny-shakespeare's input.txt; found in $GOSSAMER_DATA/tiny-shakespeare")
add_options(parser, "shakespeare", rates=[1e-3, 2e-3, 4e-3])

SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
HEAD_WIDTH = 32
"""Of each attention head; a wider network has more of them."""
WIDER = 3
LEAST_RATE, WARM_STEPS = 0.1, 100
"""The last learning rate, of the largest; steps until that is reached."""


def characters(path):
    """Characters for training, for choices and for results as numbers, and how many kinds there are."""
    found = path or Path(os.environ.get("GOSSAMER_DATA", "."), "tiny-shakespeare", "input.txt")
    if not found.is_file():
        raise SystemExit(f"{found} is no file: give --text, or name its folder's folder in GOSSAMER_DATA.")
    text = found.read_bytes()
    if hashlib.sha256(text).hexdigest() != SHA256:
        raise SystemExit(f"{found} is not tiny-shakespeare (1,115,394 characters).")
    kinds, numbers = np.unique(np.frombuffer(text, dtype=np.uint8), return_inverse=True)
    tokens = torch.from_numpy(numbers.astype(np.int64))
    cut = len(tokens) * 9 // 10
    return tokens[:cut], *tokens[cut:].chunk(2), len(kinds)


def plain(options, vocabulary, width):
    """A dense GPT."""
    sizes = {
        "width": width,
        "layers": options.layers,
        "heads": width // HEAD_WIDTH,
        "dropout": options.dropout,
        "attention": gs.nn.scaled_dot_product_attention,
    }
    return GPT(vocabulary, options.context, **sizes)


def density_of(kind, share, dense):
    """Share of the linear layers' weights, the head's left out, that a method keeps; `share` is in per cent."""
    if kind == "rigl":
        return 1 - share / 100
    if kind == "wide":
        return 1 / WIDER**2
    parameters = sum(p.numel() for p in dense.parameters())
    swapped = sum(m.weight.numel() for m in dense.blocks.modules() if isinstance(m, nn.Linear))
    return (share / 100 * parameters - (parameters - swapped)) / swapped


def model_of(method, options, vocabulary, rng):
    """The network of a method."""
    if method == "dense":
        return plain(options, vocabulary, options.width)
    kind, _, share = method.partition("_")
    model = plain(options, vocabulary, options.width * (WIDER if kind == "wide" else 1))
    choice = {"budget": "erdos_renyi", "generator": "erdos_renyi", "weights": "rescale"}
    density = density_of(kind, float(share), model)
    return gs.nn.sparsify(model, density=density, exclude="head", rng=rng, **choice)


class Reading(Run):
    """One method and seed, at a rate.

    Args:
        model, rule, optimizer, rate: see `Run`.
        options: batch, context, every and pilot.
        data: what `characters` found.
        clip: largest norm of the gradient, or None.
    """

    def __init__(self, model, rule, optimizer, rate, *, options, data, seed, steps, clip=None):
        self.train, self.valid = data[0], data[1 if options.pilot else 2]
        self.batch, self.context = options.batch, options.context
        super().__init__(model, optimizer, rate=rate, rule=rule, seed=seed, clip=clip, steps=steps, every=options.every)

    def loss(self):
        """Of windows at random places."""
        places = torch.randint(len(self.train) - self.context, (self.batch,), generator=self.batches)
        return self._loss(torch.stack([self.train[place : place + self.context + 1] for place in places]))

    def _loss(self, tokens):
        logits = self.model(tokens[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    def validate(self, *, last):
        """Mean loss of the part for choices or results, or of its first tenth on the way."""
        characters = self.valid[: len(self.valid) // (1 if last else 10)]
        windows = characters[: (len(characters) - 1) // self.context * self.context + 1]
        windows = windows.unfold(0, self.context + 1, self.context)
        losses = [float(self._loss(part)) * len(part) for part in windows.split(2 * self.batch)]
        return sum(losses) / len(windows)


def reading(method, seed, lr, steps, *, options, data):
    """The run of a method."""
    torch.manual_seed(seed)
    model = model_of(method, options, data[3], np.random.default_rng(seed))
    rule = None if method == "dense" else rigl(steps)
    groups = gs.nn.decay_groups(model, 0.1, by_density=options.by_density, lr=lr)
    optimizer = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99), fused=True)
    rate = functools.partial(rate_of, steps)
    return Reading(model, rule, optimizer, rate, options=options, data=data, seed=seed, steps=steps, clip=1.0)


def rate_of(steps, step):
    """Of the largest learning rate."""
    if step < WARM_STEPS:
        return (step + 1) / (WARM_STEPS + 1)
    progress = (step - WARM_STEPS) / max(steps - WARM_STEPS, 1)
    return LEAST_RATE + (1 - LEAST_RATE) * (0.5 + 0.5 * math.cos(math.pi * progress))


def main():
    """All runs that are not kept yet."""
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run_of = functools.partial(reading, options=options, data=characters(options.text))
    run_all(options, run_of, chosen(kept(pilots_of(options.out)), TASKS["shakespeare"]))


if __name__ == "__main__":
    main()
