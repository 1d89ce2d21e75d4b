"""A whole training step in one native call.

At one per cent of the edges autograd, the loss and the optimiser are most of a step (`benchmarks/training_step.py`).
Where a network is nothing but sparse layers, who feeds whom is known beforehand: forward, cross-entropy, backward and
update are then one call, in which each thread takes its part of the batch through all layers and back.
"""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn.observers import recorded, traced, transformed
from gossamer.nn.step_plan import Criterion, StepPlan


class TrainingStep:
    """Training steps of a model: `optimizer.zero_grad()`, the loss and its `backward()`, `optimizer.step()`.

    One native call for a `gossamer.nn.Sequential` of nothing but sparse layers, behind modules without parameters, with
    a plain `torch.nn.CrossEntropyLoss` of class labels and `torch.optim.SGD`, `Adam` or `AdamW`. Everything else takes
    PyTorch's way: the first step, hooks on modules, parameters or the optimiser, other layers, losses, optimisers,
    devices, autocast, inputs that want gradients. The results are the same, up to rounding.

    What a loop of one's own would find is there afterwards: gradients in `.grad` (the next step writes over them), the
    optimiser's state, new versions of the parameters. Between two steps anything may change: rates, the topology,
    parameters, hooks, modules.

    Args:
        model: takes inputs, gives what `criterion` takes.
        optimizer: of the model's parameters.
        criterion: gives a scalar out of outputs and targets.

    Raises:
        TypeError: arguments of another type.
        ValueError: an optimiser that holds none of the model's parameters.

    References:
        The arithmetic is that of `torch.optim` and `torch.nn.CrossEntropyLoss`.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 1], [1, 1]])]))
    >>> step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    >>> loss, outputs = step(torch.ones(3, 2), torch.tensor([0, 1, 0]))
    >>> outputs.shape
    torch.Size([3, 2])
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: Criterion) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model is {type(model).__name__}; a torch.nn.Module is needed.")
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(f"optimizer is {type(optimizer).__name__}; a torch.optim.Optimizer is needed.")
        if not callable(criterion):
            raise TypeError(f"criterion is {type(criterion).__name__}; a function of outputs and targets is needed.")
        _require_own(model, optimizer)
        self._model, self._optimizer, self._criterion = model, optimizer, criterion
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
        if not isinstance(x, Tensor):
            raise TypeError(f"x is {type(x).__name__}; a torch.Tensor is needed.")
        if not _plain(x, targets):
            return self._ordinary(self._model, x, targets)
        plan = self._plan
        if plan is None or not plan.holds(self._optimizer):
            plan = self._plan = StepPlan.of(self._model, self._optimizer, self._criterion)
        if plan is None:
            return self._ordinary(self._model, x, targets)
        if plan.before:
            with torch.no_grad():
                for module in plan.before:
                    x = module(x)
        if plan.takes(x, targets):
            with contextlib.suppress(ValueError):  # labels that are no classes: PyTorch knows one that it skips
                return plan.run(x, targets, self._optimizer)
        return self._ordinary(plan.stack, x, targets)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_plan": None}  # a copy has other tensors

    def _ordinary(self, model: nn.Module, x: Tensor, targets: Tensor) -> tuple[float, Tensor]:
        self._optimizer.zero_grad()
        outputs = model(x)
        loss = self._criterion(outputs, targets)
        loss.backward()
        self._optimizer.step()
        return loss.item(), outputs.detach()


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
    labels = type(targets) is Tensor and targets.dtype is torch.int64 and targets.is_cpu and targets.is_contiguous()
    alone = not traced(x) and not transformed() and not recorded()
    return labels and not x.requires_grad and alone and torch.is_grad_enabled()
