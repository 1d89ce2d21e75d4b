"""A training run that goes on where it was stopped, for shakespeare.py and resnet.py."""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from from_scratch import RESULTS, Ledger, numbers_of, pilots_of
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


def rigl(steps):
    """Thirty updates in the first three quarters."""
    return gs.rewiring.rigl(fraction=0.3, every=max(steps // 40, 1), until=3 * steps // 4)


PILOT_SEED = 1000
"""No result is of it."""


def add_options(parser, out, rates):
    """Those of every script that trains like this."""
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12])
    parser.add_argument("--pilot", action="store_true", help="make the pilot runs that choose each method's rate")
    parser.add_argument("--rates", type=float, nargs="+", default=rates, help="of the pilot runs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / f"{out}.jsonl")
    parser.add_argument("--work", type=Path, default=Path(f"{out}-work"), help="where checkpoints lie")


def settings_of(options):
    """What decides a run beside its method, seed and learning rate; a pilot run has half the steps."""
    places = ("method", "seeds", "pilot", "rates", "out", "text", "work")
    settings = {name: value for name, value in vars(options).items() if name not in places}
    return settings | ({"steps": options.steps // 2} if options.pilot else {})


def run_all(options, run_of, rates):
    """All runs that `options.out`, or the file of its pilot runs, does not hold.

    Args:
        options: also `work`, the folder of checkpoints, and whatever else decides a run.
        run_of: makes the `Run` of a method, a seed, a rate and a number of steps.
        rates: of each method, for whole runs.
    """
    settings = settings_of(options)
    name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]
    options.work.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(pilots_of(options.out) if options.pilot else options.out, settings)
    asked = {method: options.rates if options.pilot else [rates[method]] for method in options.method}
    for method, seed, lr in ledger.missing(asked, [PILOT_SEED] if options.pilot else options.seeds):
        checkpoint = options.work / f"{method}-{seed}-{lr:g}-{name}.pt"
        ledger.keep(method, seed, lr, run_of(method, seed, lr, settings["steps"]).finished(checkpoint))
        checkpoint.unlink(missing_ok=True)
