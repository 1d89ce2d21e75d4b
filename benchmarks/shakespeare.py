"""Character-level GPTs on tiny-shakespeare: dense, sparse from scratch with RigL, and a wider sparse one.

    python benchmarks/shakespeare.py --method dense rigl_90 rigl_95 wide_90 [--seeds 0 1 2] [--steps 2000]
                                     [--text F] [--threads 1] [--out F] [--work FOLDER]

The first 90 % of the characters are for training, the last 10 % for validation, whose loss is printed (nats a
character, over the whole part in windows of the context). rigl_90 and rigl_95 have 10 and 5 % of the weights of all
linear layers but the head; wide_90 is 3 times as wide with the dense one's number of weights in these layers. AdamW,
cosine learning rate, the same for all. Seconds are of the processor, of training alone. A run that is interrupted goes
on from its checkpoint in --work; a finished one is a line in --out, and is not run again.
"""

import argparse
import hashlib
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from plain_gpt import GPT
from torch import nn

import gossamer as gs
from gossamer.files import write_atomically
from gossamer.timing.environment import environment_line

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--method", nargs="+", default=["dense", "rigl_90", "rigl_95", "wide_90"])
parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--steps", type=int, default=2000)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--context", type=int, default=128)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--layers", type=int, default=4)
parser.add_argument("--dropout", type=float, default=0.1)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--every", type=int, default=250, help="steps between looks at the validation loss")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--text", type=Path, help="tiny-shakespeare's input.txt; found in $GOSSAMER_DATA/tiny-shakespeare")
parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "results" / "shakespeare.jsonl")
parser.add_argument("--work", type=Path, default=Path("shakespeare-work"), help="where checkpoints lie")

SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
HEAD_WIDTH = 32
"""Of each attention head; a wider network has more of them."""


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


def model_of(method, options, vocabulary, rng):
    """The network of a method, and its rule (or None)."""

    def plain(width):
        sizes = {
            "width": width,
            "layers": options.layers,
            "heads": width // HEAD_WIDTH,
            "dropout": options.dropout,
            "attention": gs.nn.scaled_dot_product_attention,
        }
        return GPT(vocabulary, options.context, **sizes)

    if method == "dense":
        return plain(options.width), None
    kind, _, percent = method.partition("_")
    width, density = (3 * options.width, 1 / 9) if kind == "wide" else (options.width, 1 - int(percent) / 100)
    choice = {"budget": "erdos_renyi", "generator": "erdos_renyi", "weights": "reinitialise"}
    model = gs.nn.sparsify(plain(width), density=density, exclude="head", rng=rng, **choice)
    return model, gs.rewiring.rigl(fraction=0.3, every=100, until=3 * options.steps // 4)


class Run:
    """One method and seed."""

    def __init__(self, method, seed, options, data):
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        self.options, (self.train, self.valid, vocabulary) = options, data
        self.model, rule = model_of(method, options, vocabulary, rng)
        decay = gs.nn.decay_groups(self.model, 0.1)
        self.optimizer = torch.optim.AdamW(decay, lr=options.lr, betas=(0.9, 0.99), fused=True)
        self.rate = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._share)
        self.rewirer = None if rule is None else gs.rewiring.Rewirer(self.model, self.optimizer, rule, rng=rng)
        self.batches = torch.Generator().manual_seed(seed)
        self.step, self.seconds, self.curve = 0, 0.0, []

    def _share(self, step):
        warm = self.options.steps // 20
        return step / warm if step < warm else 0.5 + 0.5 * math.cos(math.pi * step / self.options.steps)

    def _parts(self):
        parts = {"model": self.model, "optimizer": self.optimizer, "rate": self.rate, "rewirer": self.rewirer}
        return {name: part for name, part in parts.items() if part is not None}

    def save(self, path):
        """Everything that the rest of the run depends on."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state["own"] = {"step": self.step, "seconds": self.seconds, "curve": self.curve}
        state["rng"] = [torch.get_rng_state(), self.batches.get_state()]
        temporary = path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(path)

    def load(self, path):
        """Go on where `save` was called."""
        state = torch.load(path, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step, self.seconds, self.curve = (state["own"][name] for name in ("step", "seconds", "curve"))
        torch.set_rng_state(state["rng"][0])
        self.batches.set_state(state["rng"][1])

    def advance(self):
        """Train until the next look at the validation loss."""
        start = time.process_time()
        for _ in range(min(self.options.every, self.options.steps - self.step)):
            places = torch.randint(
                len(self.train) - self.options.context, (self.options.batch,), generator=self.batches
            )
            tokens = torch.stack([self.train[place : place + self.options.context + 1] for place in places])
            self.optimizer.zero_grad()
            self._loss(tokens).backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.rate.step()
            if self.rewirer is not None:
                self.rewirer.step()
            self.step += 1
        self.seconds += time.process_time() - start
        self.curve.append([self.step, self.seconds, self._validate()])

    def _loss(self, tokens):
        logits = self.model(tokens[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    @torch.no_grad()
    def _validate(self):
        self.model.eval()
        size = self.options.context
        windows = self.valid[: (len(self.valid) - 1) // size * size + 1].unfold(0, size + 1, size)
        losses = [float(self._loss(part)) * len(part) for part in windows.split(self.options.batch)]
        self.model.train()
        return sum(losses) / len(windows)


def numbers_of(model):
    """Parameters, and bytes of weights and of what training holds for them (gradient and two means)."""
    weights = sum(p.numel() for p in model.parameters())
    buffers = sum(b.nbytes for b in model.buffers())
    return {"parameters": weights, "bytes_to_keep": 4 * weights + buffers, "bytes_to_train": 16 * weights + buffers}


def main():
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = characters(options.text)
    settings = {
        name: value for name, value in vars(options).items() if name not in ("method", "seeds", "out", "text", "work")
    }
    done = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    finished = {(each["method"], each["seed"], json.dumps(each["settings"])) for each in done}
    options.work.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for method in options.method:
            if (method, seed, json.dumps(settings)) in finished:
                continue
            run = Run(method, seed, options, data)
            name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]
            checkpoint = options.work / f"{method}-{seed}-{name}.pt"
            if checkpoint.exists():
                run.load(checkpoint)
            while run.step < options.steps:
                run.advance()
                run.save(checkpoint)
                print(method, seed, *(f"{value:.4g}" for value in run.curve[-1]), flush=True)
            record = {"method": method, "seed": seed, "settings": settings, "curve": run.curve, **numbers_of(run.model)}
            done.append({**record, "environment": environment_line()})
            options.out.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(options.out, "".join(json.dumps(each) + "\n" for each in done).encode())
            checkpoint.unlink()


if __name__ == "__main__":
    main()
