"""Does to sparse networks what a normal week does, at random, and compares with dense matrices after every act.

    python -m tests.nn.fuzzing --calls 100000 --seed 0

An act either leaves a network whose outputs and gradients are those of its dense twin, or ends in an error in words
(ValueError, TypeError, RuntimeError, IndexError). Anything else is a finding: a crash, other numbers, another error.
Environments with fewer threads than asked for: `OMP_THREAD_LIMIT=1 python -m tests.nn.fuzzing`. On the extension that
checks every access: as `make sanitize` runs its tests.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import faulthandler
import pickle
import warnings

import numpy as np
import tests.conftest  # noqa: F401  # the extension that is tested
import torch
from tests.nn.dense_twin import gap
from torch import nn
from torch.func import functional_call, grad
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import gossamer as gs

ERRORS = (ValueError, TypeError, RuntimeError, IndexError)
ACTIVATIONS = (nn.ReLU, nn.GELU, nn.Sigmoid, nn.Identity, lambda: nn.LeakyReLU(-0.5))


class DamagedError(Exception):
    """The act has left a network that refuses to work, and says so: a new one is made."""


class Fuzzer:
    """One network after the other, and what is done to them.

    Args:
        seed: decides everything but the number of threads that are granted.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        self.calls = 0
        self.acts: collections.Counter[str] = collections.Counter()
        self.errors: collections.Counter[str] = collections.Counter()
        self.names = sorted(name for name in dir(self) if name.startswith("act_"))
        self.begin()

    def run(self, calls: int) -> None:
        """Act until the kernels were called so often."""
        while self.calls < calls:
            name = str(self.rng.choice(self.names))
            self.acts[name] += 1
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    getattr(self, name)()
                self.compare(name)
            except ERRORS as error:
                raise AssertionError(f"after {name} of {self.model}") from error
            except DamagedError as error:
                self.errors[f"{name}: {type(error.__cause__).__name__}"] += 1
                self.begin()

    # ---- networks

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def junction(self, inputs: int, outputs: int) -> gs.Bipartite | gs.Rotated:
        if self.rng.random() < 0.25:
            offsets = self.rng.choice(outputs, self.number(1, min(4, outputs)), replace=False)
            return gs.Rotated(offsets, in_features=inputs, out_features=outputs)
        return gs.Bipartite.from_mask(self.rng.random((outputs, inputs)) < self.rng.choice([0.02, 0.2, 0.7, 1.0]))

    def begin(self) -> None:
        self.widths = [self.number(1, 40) for _ in range(self.number(2, 5))]
        layers = [self.junction(*pair) for pair in zip(self.widths, self.widths[1:], strict=False)]
        self.dtype = [torch.float32, torch.float64][self.number(0, 1)]
        activation = ACTIVATIONS[self.number(0, len(ACTIVATIONS) - 1)]
        self.model = gs.nn.mlp(gs.Topology(layers), activation, dtype=self.dtype)
        self.renew()

    def renew(self) -> None:
        """An optimiser, and steps in one call, for the network that there is."""
        kind = self.number(0, 2)
        parameters = self.model.parameters()
        if kind == 2:
            self.optimizer: torch.optim.Optimizer = torch.optim.Adam(parameters, lr=0.01)
        else:
            self.optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9 * kind)
        self.step = gs.nn.TrainingStep(self.model, self.optimizer, nn.CrossEntropyLoss())

    @property
    def layer(self) -> gs.nn.SparseLinear:
        return self.model[self.number(0, len(self.model) - 1)]

    def batch(self) -> torch.Tensor:
        size = int(self.rng.choice([0, 1, 2, 7, 16, 33, 64, 100]))
        x = torch.randn(size, self.widths[0], dtype=self.dtype)
        layouts = (
            lambda: x,
            lambda: x.t().contiguous().t(),
            lambda: x.repeat(1, 2)[:, : self.widths[0]],
            lambda: x.repeat_interleave(2, 1)[:, ::2],
            lambda: x[:1].expand(size, -1) if size else x,
        )
        return layouts[self.number(0, len(layouts) - 1)]()

    def compare(self, name: str) -> None:
        x = self.batch()
        self.calls += 2 * len(self.model)
        if not len(x):
            self.model(x).sum().backward()
            return
        found = gap(self.model, x)
        if not found < (1e-3 if self.dtype is torch.float32 else 1e-8):
            values = [p.detach().abs().max().item() for p in self.model.parameters() if p.numel()]
            if np.isfinite(found) or all(np.isfinite(values)):
                raise AssertionError(f"after {name}: {found} on {self.model}, batch {len(x)}, largest {max(values)}")
            self.begin()

    def refused(self, call: collections.abc.Callable[[], object]) -> None:
        """A call that may be refused, in words; the network is then given up."""
        try:
            call()
        except ERRORS as error:
            if not str(error):
                raise AssertionError(f"{type(error).__name__} without words") from error
            raise DamagedError from error

    # ---- ordinary days

    def act_threads(self) -> None:
        torch.set_num_threads(self.number(1, 4))

    def act_new(self) -> None:
        self.begin()

    def act_steps(self) -> None:
        x = self.batch()
        if not len(x):
            return
        labels = torch.randint(self.widths[-1], (len(x),))
        for _ in range(self.number(1, 4)):
            twin = copy.deepcopy((self.model, self.optimizer))
            loss, _ = self.step(x, labels)
            twin[1].zero_grad()
            expected = nn.functional.cross_entropy(twin[0](x), labels)
            expected.backward()
            twin[1].step()
            self.calls += 6 * len(self.model)
            np.testing.assert_allclose(loss, expected.item(), rtol=1e-4, atol=1e-5)
            for a, b in zip(self.model.parameters(), twin[0].parameters(), strict=True):
                torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)

    def act_many_dimensions(self) -> None:
        x = torch.randn(self.number(1, 3), self.number(1, 5), self.widths[0], dtype=self.dtype)
        self.calls += 2 * len(self.model)
        y, flat = self.model(x), self.model(x.flatten(0, 1))
        torch.testing.assert_close(y.view(len(x), -1), flat.view(len(x), -1))

    def act_outputs_written(self) -> None:
        y = self.model(self.batch())
        torch.relu_(y).sum().backward()
        self.calls += 2 * len(self.model)

    def act_transforms(self) -> None:
        x = self.batch()
        if not len(x):
            return
        parameters = dict(self.model.named_parameters())
        found = grad(lambda p: functional_call(self.model, p, (x,)).square().mean())(parameters)
        self.model.zero_grad()
        self.model(x).square().mean().backward()
        self.calls += 4 * len(self.model)
        for name, parameter in parameters.items():
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-3, atol=1e-4)

    def act_no_gradients(self) -> None:
        with [torch.no_grad, torch.inference_mode][self.number(0, 1)]():
            self.model(self.batch())

    def act_frozen(self) -> None:
        for parameter in self.model.parameters():
            parameter.requires_grad_(bool(self.rng.random() < 0.8))
        x = self.batch().clone().requires_grad_()
        self.model(x).sum().backward()
        self.model.requires_grad_(True)

    # ---- copies, files, moves

    def act_copied(self) -> None:
        how = self.number(0, 3)
        if how == 0:
            self.model, self.optimizer, self.step = copy.deepcopy((self.model, self.optimizer, self.step))
        elif how == 1:
            self.model = pickle.loads(pickle.dumps(self.model))
            self.renew()
        elif how == 2:
            self.model.load_state_dict(copy.deepcopy(self.model).state_dict())
        else:
            state = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
            self.model.load_state_dict(state, assign=True)
            self.renew()

    def act_cast(self) -> None:
        how = self.number(0, 4)
        if how == 0:
            self.model.double().to(self.dtype)
        elif how == 1:
            self.model.type(torch.float64).type(self.dtype)
        elif how == 2:
            self.model.share_memory()
        elif how == 3:
            self.model.to_empty(device="cpu")
        else:
            self.model.to("meta").to_empty(device="cpu")
        if how > 2:
            for parameter in self.model.parameters():
                nn.init.normal_(parameter, 0, 0.3)
        if how > 3:
            self.renew()

    def act_moved(self) -> None:
        def halves(tensor: torch.Tensor) -> torch.Tensor:
            wide = torch.zeros(2 * tensor.numel(), dtype=tensor.dtype)
            wide[::2] = tensor
            return wide[::2]

        how = [torch.clone, halves, lambda t: t.clone().share_memory_()][self.number(0, 2)]
        for parameter in self.model.parameters():
            if self.rng.random() < 0.5:
                parameter.data = how(parameter.data)
            if parameter.grad is not None and self.rng.random() < 0.5:
                parameter.grad.data = how(parameter.grad.data)
            state = self.optimizer.state.get(parameter, {})
            for held in state.values():
                if isinstance(held, torch.Tensor) and held.dim() and self.rng.random() < 0.5:
                    held.data = how(held.data)

    def act_equal_numbers_written(self) -> None:
        for buffer in self.model.buffers():
            buffer.copy_(buffer.clone())

    # ---- other topologies

    def act_adopted(self) -> None:
        layer = self.layer
        junction = self.junction(layer.in_features, layer.out_features)
        layer.adopt(junction, torch.randn(junction.num_edges))
        self.renew()

    def act_adopted_before_the_backward_pass(self) -> None:
        layer, loss = self.layer, self.model(self.batch()).sum()
        junction = self.junction(layer.in_features, layer.out_features)
        layer.adopt(junction, torch.randn(junction.num_edges))
        try:
            loss.backward()
        except RuntimeError as error:
            assert "modified by an inplace operation" in str(error), error
        else:
            raise AssertionError("a graph of another topology was walked")
        self.model.zero_grad()
        self.renew()

    def act_averaged(self) -> None:
        average = AveragedModel(
            self.model,
            use_buffers=bool(self.number(0, 1)),
            multi_avg_fn=get_ema_multi_avg_fn(float(self.rng.choice([0.5, 0.99, 0.9999]))),
        )
        for _ in range(self.number(1, 20)):
            average.update_parameters(self.model)
        self.model = average.module
        self.renew()

    def act_rewired(self) -> None:
        rule = gs.rewiring.sparse_evolutionary(fraction=0.5, every=1)
        self.refused(lambda: gs.rewiring.Rewirer(self.model, self.optimizer, rule, rng=self.rng).step())

    # ---- damage: refused in words, or harmless

    def act_wild_number(self) -> None:
        layer = self.layer
        name = str(self.rng.choice([name for name in ("indptr", "indices", "offsets") if hasattr(layer, name)]))
        array = getattr(layer, name)
        value = int(self.rng.choice([-1, 2**30, -(2**31), 2**31 - 1, self.number(0, 40)]))
        if len(array):
            array[self.number(0, len(array) - 1)] = value
        self.use()

    def act_other_array(self) -> None:
        layer = self.layer
        name = str(self.rng.choice([name for name in ("indptr", "indices", "offsets") if hasattr(layer, name)]))
        array = getattr(layer, name)
        others = (array[:-1], array.long(), array.float(), array[:, None], torch.randint_like(array, -9, 99), array[:0])
        setattr(layer, name, others[self.number(0, len(others) - 1)])
        self.use()

    def act_written_past_counters(self) -> None:
        for name, array in self.layer.named_buffers():
            if len(array) and name != "features":
                array.data[self.number(0, len(array) - 1)] = 2**30
        self.use()
        self.refused(self.model.state_dict)

    def act_weights_swapped_before_the_backward_pass(self) -> None:
        layer, loss = self.layer, self.model(self.batch()).sum()
        layer.weight.data = torch.randn(self.number(0, 200), dtype=self.dtype)
        self.refused(loss.backward)
        self.use()

    def act_wrong_input(self) -> None:
        x = self.batch()
        wrong = (x[:, :-1], x.to(torch.float16), x.long(), x.t(), x.to("meta"), x.unsqueeze(-1))
        choice = wrong[self.number(0, len(wrong) - 1)]
        with contextlib.suppress(*ERRORS):
            self.model(choice)

    def act_wrong_labels(self) -> None:
        x = self.batch()
        if not len(x):
            return
        labels = torch.randint(-3, self.widths[-1] + 3, (len(x),))
        if ((labels >= 0) & (labels < self.widths[-1])).all():
            return
        self.refused(lambda: self.step(x, labels))

    def use(self) -> None:
        def all_uses() -> None:
            x = torch.randn(5, self.widths[0], dtype=self.dtype)
            self.model(x).sum().backward()
            self.step(x, torch.zeros(5, dtype=torch.int64))

        self.refused(all_uses)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    faulthandler.enable()
    fuzzer = Fuzzer(given.seed)
    fuzzer.run(given.calls)
    print(f"{fuzzer.calls} calls, {fuzzer.acts.total()} acts of {len(fuzzer.names)} kinds, 0 findings")
    print("refused in words:", dict(sorted(fuzzer.errors.items())))


if __name__ == "__main__":
    main()
