"""Small networks that learn the synthetic functions: dense, sparse, and rewired while they learn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.generators import budgets, erdos_renyi
from gossamer.nn import SparseLinear, mlp
from gossamer.rewiring import Rewirer, rigl
from gossamer.topology import Topology

Sample = tuple[Tensor, Tensor]
"""Points (N, I) and targets (N, 1)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a network learns; the published protocol where it is known, else our choice.

    Args:
        hidden: widths of the hidden layers (published).
        samples: of training, validation and test each (published).
        batch: examples a step (published).
        l1: of the weights' magnitudes in the loss, not of the main effects' (published).
        lr: of Adam at first (the authors' default); it falls to 0 over `epochs` along half a cosine (ours).
        epochs: at most (ours).
        patience: epochs without a better validation loss after which it ends; the best epoch's weights stay (ours).
        rewire_every: steps between RigL's updates, which end after three quarters of `epochs` (ours).
    """

    hidden: tuple[int, ...] = (140, 100, 60, 20)
    samples: int = 10_000
    batch: int = 100
    l1: float = 5e-5
    lr: float = 1e-2
    epochs: int = 60
    patience: int = 8
    rewire_every: int = 100


class MainEffects(nn.Module):
    """One small network a feature, added up: (N, I) to (N, 1). All features are computed together.

    Args:
        features: I.
        widths: of the hidden layers of each.
    """

    def __init__(self, features: int, widths: tuple[int, ...] = (10, 10, 10)) -> None:
        super().__init__()
        sizes = list(pairwise((1, *widths, 1)))
        self.matrices = nn.ParameterList(torch.randn(features, i, o) * (2 / i) ** 0.5 for i, o in sizes)
        self.biases = nn.ParameterList(torch.zeros(features, 1, o) for _, o in sizes[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """The sum over features."""
        h = x.T[:, :, None]
        for matrix, bias in zip(self.matrices, self.biases, strict=False):
            h = torch.baddbmm(bias, h, matrix).relu()
        return torch.bmm(h, self.matrices[-1]).sum(dim=0)


class Learned(NamedTuple):
    """A network that has learned, and how well."""

    net: nn.Module
    test_error: float
    """Mean squared error on the test part over the targets' variance, at least 0."""
    epochs: int


def network(widths: tuple[int, ...], density: float, rng: np.random.Generator) -> nn.Module:
    """A ReLU perceptron: dense for density 1, else random edges, more of them in small layers (Erdős–Rényi budgets)."""
    if density == 1:
        modules = [module for i, o in pairwise(widths) for module in (nn.Linear(i, o), nn.ReLU())]
        return nn.Sequential(*modules[:-1])
    edges = budgets.erdos_renyi(widths, density)
    junctions = [erdos_renyi(i, o, e, rng=rng) for (i, o), e in zip(pairwise(widths), edges, strict=True)]
    return mlp(Topology(junctions))


def learn(
    net: nn.Module,
    parts: tuple[Sample, Sample, Sample],
    fit: Fit,
    *,
    rewired: bool,
    main_effects: bool,
    rng: np.random.Generator,
) -> Learned:
    """Train until the validation loss no longer falls.

    Args:
        net: changed in place.
        parts: training, validation, test.
        fit: how.
        rewired: whether RigL moves its edges.
        main_effects: whether small networks of single features take on what needs no interaction.
        rng: order of the examples.
    """
    (x, y), validation, test = parts
    effects = MainEffects(x.shape[1]) if main_effects else None
    optimizer = torch.optim.Adam([*net.parameters(), *(effects.parameters() if effects else ())], lr=fit.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, fit.epochs)
    rewirer = _rewirer(net, optimizer, fit) if rewired else None
    best, best_state, waited, epoch = np.inf, _state(net, effects), 0, 0
    for epoch in range(1, fit.epochs + 1):  # noqa: B007 (said at the end)
        for batch in torch.from_numpy(rng.permutation(len(x))).split(fit.batch):
            optimizer.zero_grad()
            _loss(net, effects, (x[batch], y[batch])).backward()
            _add_l1(net, fit.l1)
            optimizer.step()
            if rewirer is not None:
                rewirer.step()
        schedule.step()
        loss = evaluated(net, effects, validation)
        waited = 0 if loss < best else waited + 1
        if loss < best:
            best, best_state = loss, _state(net, effects)
        if waited >= fit.patience:
            break
    _restore(net, effects, best_state)
    return Learned(net, evaluated(net, effects, test) / float(test[1].var()), epoch)


def _rewirer(net: nn.Module, optimizer: torch.optim.Optimizer, fit: Fit) -> Rewirer:
    """RigL on the layers that have room; small ones are full."""
    layers = [
        name
        for name, layer in net.named_modules()
        if isinstance(layer, SparseLinear) and layer.weight.numel() < layer.in_features * layer.out_features
    ]
    until = max(1, fit.epochs * fit.samples // fit.batch * 3 // 4)
    return Rewirer(net, optimizer, rigl(fraction=0.3, every=fit.rewire_every, until=until), layers=layers)


def evaluated(net: nn.Module, effects: nn.Module | None, part: Sample) -> float:
    """Mean squared error on a part."""
    with torch.no_grad():
        return float(_loss(net, effects, part))


def _loss(net: nn.Module, effects: nn.Module | None, part: Sample) -> Tensor:
    x, y = part
    predicted: Tensor = net(x) if effects is None else net(x) + effects(x)
    return nn.functional.mse_loss(predicted, y)


def _add_l1(net: nn.Module, l1: float) -> None:
    """The gradient of l1 times the sum of |w| over the weights, not the biases."""
    for module in net.modules():
        if isinstance(module, (nn.Linear, SparseLinear)) and module.weight.grad is not None:
            module.weight.grad.add_(module.weight.detach().sign(), alpha=l1)


_State = list[dict[str, Tensor]]


def _state(net: nn.Module, effects: nn.Module | None) -> _State:
    modules = [net] if effects is None else [net, effects]
    return [{name: value.clone() for name, value in module.state_dict().items()} for module in modules]


def _restore(net: nn.Module, effects: nn.Module | None, state: _State) -> None:
    for module, values in zip([net] if effects is None else [net, effects], state, strict=True):
        module.load_state_dict(values)
