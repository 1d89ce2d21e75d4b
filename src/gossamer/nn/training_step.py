"""A whole training step in one native call.

At one per cent of the edges autograd, the loss and the optimiser are most of a step (`benchmarks/training_step.py`).
Where a network is nothing but layers that feed one another, who feeds whom is known beforehand: forward, loss, backward
and update are then one call, in which each thread takes its part of the batch through all layers and back.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn import optimizers
from gossamer.nn.chain import masks
from gossamer.nn.criteria import Criterion
from gossamer.nn.kernels.backend import Course, Samples
from gossamer.nn.observers import recorded, traced, transformed
from gossamer.nn.step_plan import StepPlan


class TrainingStep:
    """Training steps of a model: `optimizer.zero_grad()`, the loss and its `backward()`, `optimizer.step()`.

    One native call for a chain of sparse layers: in `gossamer.nn.Sequential` or `torch.nn.Sequential`, nested or not,
    behind modules without parameters, with activations that kernels know and `torch.nn.Dropout` between, and small
    `torch.nn.Linear`s behind if there are any; with `torch.nn.CrossEntropyLoss` of class labels, `MSELoss`, `L1Loss`
    or `BCEWithLogitsLoss` (their functions in `torch.nn.functional`, `gossamer.nn.LogisticSquaredError`), and with
    `torch.optim.SGD`, `Adam` or `AdamW`. Everything else takes PyTorch's way: the first step, hooks on modules,
    parameters or the optimiser, other layers, losses, optimisers, devices, autocast, inputs that want gradients. The
    results are the same, up to rounding: dropout draws what `torch.nn.Dropout` would.

    What a loop of one's own would find is there afterwards: gradients in `.grad` (the next step writes over them), the
    optimiser's state, new versions of the parameters. Between two steps anything may change: rates, the topology,
    parameters, hooks, modules.

    Args:
        model: takes inputs, gives what `criterion` takes.
        optimizer: of the model's parameters.
        criterion: gives a scalar out of outputs and targets.
        clip_norm: gradients are cut to this norm of all of them together, as by `torch.nn.utils.clip_grad_norm_`; None
            leaves them as they are.

    Raises:
        TypeError: arguments of another type.
        ValueError: an optimiser that holds none of the model's parameters; a norm below 0.

    References:
        The arithmetic is that of `torch.optim`, `torch.nn` and `torch.nn.utils.clip_grad_norm_`.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 1], [1, 1]])]))
    >>> step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    >>> loss, outputs = step(torch.ones(3, 2), torch.tensor([0, 1, 0]))
    >>> outputs.shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        criterion: Criterion,
        *,
        clip_norm: float | None = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model is {type(model).__name__}; a torch.nn.Module is needed.")
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(f"optimizer is {type(optimizer).__name__}; a torch.optim.Optimizer is needed.")
        if not callable(criterion):
            raise TypeError(f"criterion is {type(criterion).__name__}; a function of outputs and targets is needed.")
        _require_own(model, optimizer)
        require_norm(clip_norm)
        self._model, self._optimizer, self._criterion = model, optimizer, criterion
        self._clip_norm = None if clip_norm is None else float(clip_norm)
        self._plan: StepPlan | None = None

    def __call__(self, x: Tensor, targets: Tensor) -> tuple[float, Tensor]:
        """Take one step.

        Args:
            x: inputs, (B, I) for the fast way.
            targets: what the criterion compares with.

        Returns:
            The loss, and the model's outputs, detached; both from before the update.

        Raises:
            ValueError: shapes that do not fit.
            TypeError: dtypes that differ, inputs that are no tensor.
            IndexError: a label that is no class, as from `torch.nn.functional.cross_entropy`.
        """
        plan = self._ready(x, targets)
        if plan is None:
            return self._ordinary(self._model, x, targets)
        if plan.chain.before:
            with torch.no_grad():
                for module in plan.chain.before:
                    x = module(x)
        if plan.takes(x, targets):
            state = torch.get_rng_state() if plan.drops else None
            drawn = masks(plan.chain, x) if plan.drops else ()
            rates = [optimizers.rates(group) for group in self._optimizer.param_groups]
            with contextlib.suppress(ValueError):  # labels that are no classes: PyTorch says so
                course = Course(len(x), [rates], self._clip_norm)
                losses, outputs = plan.run(Samples(x, targets, drawn), course, self._optimizer)
                return losses[0], outputs[0]
            if state is not None:
                torch.set_rng_state(state)
        return self._ordinary(plan.stack, x, targets)

    def several(
        self, x: Tensor, targets: Tensor, size: int, *, before: Callable[[int], None] | None = None
    ) -> tuple[list[float], list[Tensor]]:
        """Take steps of `size` samples each, the last one of the rest: as so many calls, with less between them.

        Nobody sees the model between two of them; only `before` may change anything, and only learning rates.

        Args:
            x: inputs of all steps, in their order.
            targets: the same of targets.
            size: samples of a step, at least 1.
            before: called with the number of each step, from 0, ahead of it (twice, if a label is no class): sets the
                groups' `lr`.

        Returns:
            Of each step what a call returns. See there for what is raised.
        """
        losses: list[float] = []
        outputs: list[Tensor] = []
        while (done := len(losses) * size) < len(x):
            rest = Samples(x[done:], targets[done:])
            found = self._together(rest, size, _later(before, len(losses)))
            if found is None:
                if before is not None:
                    before(len(losses))
                loss, output = self(rest.inputs[:size], rest.targets[:size])
                found = [loss], [output]
            losses += found[0]
            outputs += found[1]
        return losses, outputs

    def _together(
        self, samples: Samples, size: int, before: Callable[[int], None]
    ) -> tuple[list[float], list[Tensor]] | None:
        """Several steps in one call; None if there is but one, or if one call does not serve them all."""
        x, targets = samples.inputs, samples.targets
        plan = self._ready(x, targets) if len(x) > size else None
        if plan is None or plan.chain.before or plan.drops or plan.looking() or not plan.takes(x, targets):
            return None
        groups, rates = self._optimizer.param_groups, []
        kept = [group["lr"] for group in groups]
        first = [optimizers.rates(group) for group in groups]
        for number in range(math.ceil(len(x) / size)):
            before(number)
            rates.append([optimizers.with_lr(each, group) for each, group in zip(first, groups, strict=True)])
        with contextlib.suppress(ValueError):  # labels that are no classes: PyTorch says so
            return plan.run(samples, Course(size, rates, self._clip_norm), self._optimizer)
        for group, rate in zip(groups, kept, strict=True):
            group["lr"] = rate
        return None

    def _ready(self, x: Tensor, targets: Tensor) -> StepPlan | None:
        """The plan, if all is as it needs."""
        if not isinstance(x, Tensor):
            raise TypeError(f"x is {type(x).__name__}; a torch.Tensor is needed.")
        if not _plain(x, targets):
            return None
        plan = self._plan
        if plan is None or not plan.holds(self._optimizer):
            plan = None if plan is None else plan.following(self._optimizer)
            plan = self._plan = plan or StepPlan.of(self._model, self._optimizer, self._criterion)
        return plan

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_plan": None}  # a copy has other tensors

    def _ordinary(self, model: nn.Module, x: Tensor, targets: Tensor) -> tuple[float, Tensor]:
        self._optimizer.zero_grad()
        outputs = model(x)
        loss = self._criterion(outputs, targets)
        loss.backward()
        if self._clip_norm is not None:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._clip_norm)
        self._optimizer.step()
        return loss.item(), outputs.detach()


def _later(before: Callable[[int], None] | None, done: int) -> Callable[[int], None]:
    return lambda number: None if before is None else before(done + number)


def require_norm(clip_norm: float | None) -> None:
    """Refuse what no norm can be cut to; None is no cut.

    Raises:
        TypeError: no number.
        ValueError: below 0, infinite or NaN.
    """
    if clip_norm is None:
        return
    if not isinstance(clip_norm, (int, float)) or isinstance(clip_norm, bool):
        raise TypeError(f"clip_norm is {type(clip_norm).__name__}; a number is needed, or None.")
    if not (clip_norm >= 0 and math.isfinite(clip_norm)):
        raise ValueError(f"clip_norm={clip_norm} is not allowed: it must be 0 or above.")


def _require_own(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """An optimiser that was made before a model was made sparse would change nothing, and say nothing."""
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    own = [id(parameter) for parameter in model.parameters()]
    if own and held.isdisjoint(own):
        raise ValueError(
            "the optimizer holds none of the model's parameters: it was made for another model, or before this one was "
            "changed (as by gossamer.nn.sparsify); make it of model.parameters() now."
        )


def _plain(x: Tensor, targets: Tensor) -> bool:
    """Whether inputs and targets are of the kind that one call serves."""
    held = type(targets) is Tensor and targets.is_cpu and targets.is_contiguous() and not targets.requires_grad
    alone = not traced(x) and not transformed() and not recorded()
    return held and not x.requires_grad and alone and torch.is_grad_enabled()
