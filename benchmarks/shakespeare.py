"""Character-level GPTs on tiny-shakespeare: dense, sparse from scratch with RigL, and a wider sparse one.

    python benchmarks/shakespeare.py [--method dense rigl_90 rigl_95 wide_90 share_17.5] [--seeds 0 1 2] [--steps 1000]
                                     [--text F] [--threads 1] [--out F] [--work FOLDER]
    python benchmarks/from_scratch.py shakespeare        # the tables of what is kept

The first 90 % of the characters are for training, the last 10 % for validation, whose loss after the last step is the
result (nats a character, over the whole part in windows of the context); on the way a tenth of it is looked at.
Network and training are those that nanoGPT gives for a CPU (4 layers, 4 heads, width 128, context 64, batch 12,
no dropout, AdamW falling to a tenth of its rate along a cosine after 100 steps) at half of its 2000 steps, for want of
processor time; the same for all arms of one setting. Two settings were run whole: nanoGPT's rate of .001 with sparse
layers that begin anew (`--lr .001 --weights reinitialise`), and then the defaults: a rate of .003, and sparse layers
that begin with the dense one's weights on their edges. These were taken from pilot runs of share_17.5 with seed 1000
(300 steps), by the loss on the first tenth of the validation part after 100 and 200 of them.

rigl_90 and rigl_95 have 10 and 5 % of the weights of all linear layers but the head; wide_90 is 3 times as wide with
the dense one's number of weights in these layers; share_17.5 has 17.5 % of all the dense one's parameters (embeddings,
head, norms and biases counted), as the sparse GPT that sparselab publishes. Edges are spread by the Erdős–Rényi budget,
begin at random, and RigL moves them 30 times in the first three quarters of the steps.

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
from checkpointed import Run, run_all
from from_scratch import RESULTS
from plain_gpt import GPT
from torch import nn

import gossamer as gs

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--method", nargs="+", default=["dense", "rigl_90", "rigl_95", "wide_90", "share_17.5"])
parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--steps", type=int, default=1000)
parser.add_argument("--batch", type=int, default=12)
parser.add_argument("--context", type=int, default=64)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--layers", type=int, default=4)
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--lr", type=float, default=3e-3)
parser.add_argument("--weights", choices=("keep", "reinitialise"), default="keep", help="how sparse layers begin")
parser.add_argument("--every", type=int, default=100, help="steps between looks at the validation loss")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--text", type=Path, help="tiny-shakespeare's input.txt; found in $GOSSAMER_DATA/tiny-shakespeare")
parser.add_argument("--out", type=Path, default=RESULTS / "shakespeare.jsonl")
parser.add_argument("--work", type=Path, default=Path("shakespeare-work"), help="where checkpoints lie")

SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
HEAD_WIDTH = 32
"""Of each attention head; a wider network has more of them."""
WIDER = 3
LEAST_RATE, WARM_STEPS = 0.1, 100
"""The last learning rate, of the largest; steps until that is reached."""


def characters(path):
    """Training and validation characters as numbers, and how many kinds there are."""
    found = path or Path(os.environ.get("GOSSAMER_DATA", "."), "tiny-shakespeare", "input.txt")
    if not found.is_file():
        raise SystemExit(f"{found} is no file: give --text, or name its folder's folder in GOSSAMER_DATA.")
    text = found.read_bytes()
    if hashlib.sha256(text).hexdigest() != SHA256:
        raise SystemExit(f"{found} is not tiny-shakespeare (1,115,394 characters).")
    kinds, numbers = np.unique(np.frombuffer(text, dtype=np.uint8), return_inverse=True)
    tokens = torch.from_numpy(numbers.astype(np.int64))
    cut = len(tokens) * 9 // 10
    return tokens[:cut], tokens[cut:], len(kinds)


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
    """The network of a method, and its rule (or None)."""
    if method == "dense":
        return plain(options, vocabulary, options.width), None
    kind, _, share = method.partition("_")
    model = plain(options, vocabulary, options.width * (WIDER if kind == "wide" else 1))
    choice = {"budget": "erdos_renyi", "generator": "erdos_renyi", "weights": options.weights}
    density = density_of(kind, float(share), model)
    model = gs.nn.sparsify(model, density=density, exclude="head", rng=rng, **choice)
    return model, gs.rewiring.rigl(fraction=0.3, every=max(options.steps // 40, 1), until=3 * options.steps // 4)


class Reading(Run):
    """One method and seed."""

    def __init__(self, method, seed, options, data):
        torch.manual_seed(seed)
        self.train, self.valid, vocabulary = data
        self.batch, self.context = options.batch, options.context
        model, rule = model_of(method, options, vocabulary, np.random.default_rng(seed))
        decay = gs.nn.decay_groups(model, 0.1)
        optimizer = torch.optim.AdamW(decay, lr=options.lr, betas=(0.9, 0.99), fused=True)
        rate = functools.partial(rate_of, options.steps)
        length = {"steps": options.steps, "every": options.every}
        super().__init__(model, optimizer, rate=rate, rule=rule, seed=seed, clip=1.0, **length)

    def loss(self):
        """Of windows at random places."""
        places = torch.randint(len(self.train) - self.context, (self.batch,), generator=self.batches)
        return self._loss(torch.stack([self.train[place : place + self.context + 1] for place in places]))

    def _loss(self, tokens):
        logits = self.model(tokens[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    def validate(self, *, last):
        """Mean loss of the validation part, or of its first tenth on the way."""
        characters = self.valid[: len(self.valid) // (1 if last else 10)]
        windows = characters[: (len(characters) - 1) // self.context * self.context + 1]
        windows = windows.unfold(0, self.context + 1, self.context)
        losses = [float(self._loss(part)) * len(part) for part in windows.split(2 * self.batch)]
        return sum(losses) / len(windows)


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
    data = characters(options.text)
    run_all(options, lambda method, seed: Reading(method, seed, options, data))


if __name__ == "__main__":
    main()
