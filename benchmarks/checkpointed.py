"""A training run that goes on where it was stopped, for shakespeare.py and resnet.py."""

import hashlib
import json
import time

import numpy as np
import torch
from from_scratch import Ledger, numbers_of
from torch import nn

import gossamer as gs


class Run:
    """One method and seed; subclasses say `loss` of the next batch and `validate`.

    Args:
        model: the network; its mode is training.
        optimizer: of its parameters.
        rate: the learning rate at a step (0-based), of the optimiser's own.
        rule: moves edges, or None.
        steps, every: how many there are, and between looks at the validation part.
        clip: largest norm of the gradient, or None.
        seed: of batches and of the rule.
    """

    def __init__(self, model, optimizer, *, rate, rule, steps, every, seed, clip=None):
        self.model, self.optimizer, self.steps, self.every, self.clip = model, optimizer, steps, every, clip
        self.rate = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        rng = np.random.default_rng([seed, 1])
        self.rewirer = None if rule is None else gs.rewiring.Rewirer(model, optimizer, rule, rng=rng)
        self.batches = torch.Generator().manual_seed(seed)
        self.step, self.seconds, self.curve = 0, 0.0, []

    def loss(self):
        """Of the next batch."""
        raise NotImplementedError

    def validate(self, *, last):
        """What the curve holds, of the model in eval mode; `last` after the last step."""
        raise NotImplementedError

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
        """Train until the next look at the validation part."""
        start = time.process_time()
        for _ in range(min(self.every, self.steps - self.step)):
            self._learn()
            self.step += 1
        self.seconds += time.process_time() - start
        self.model.eval()
        with torch.no_grad():
            self.curve.append([self.step, self.seconds, self.validate(last=self.step >= self.steps)])
        self.model.train()

    def _learn(self):
        self.optimizer.zero_grad()
        self.loss().backward()
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        self.rate.step()
        if self.rewirer is not None:
            self.rewirer.step()

    def finished(self, checkpoint):
        """What is kept of the run, from its checkpoint on if there is one."""
        if checkpoint.exists():
            self.load(checkpoint)
        while self.step < self.steps:
            self.advance()
            self.save(checkpoint)
            print(checkpoint.stem, *(f"{value:.4g}" for value in self.curve[-1]), flush=True)
        return {"curve": self.curve, **numbers_of(self.model)}


def settings_of(options):
    """What decides a run beside its method and seed."""
    places = ("method", "seeds", "out", "text", "work")
    return {name: value for name, value in vars(options).items() if name not in places}


def run_all(options, run_of):
    """All runs of `options.method` and `options.seeds` that `options.out` does not hold.

    Args:
        options: also `work`, the folder of checkpoints, and whatever else decides a run.
        run_of: makes the `Run` of a method and a seed.
    """
    settings = settings_of(options)
    name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]
    options.work.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(options.out, settings)
    for method, seed in ledger.missing(options.method, options.seeds):
        checkpoint = options.work / f"{method}-{seed}-{name}.pt"
        ledger.keep(method, seed, run_of(method, seed).finished(checkpoint))
        checkpoint.unlink(missing_ok=True)
