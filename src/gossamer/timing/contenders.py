"""What races: junctions of a density, steps of a layer, steps of a whole network."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.nn import SparseLayer, TrainingStep, mlp
from gossamer.topology import Bipartite, Grouped, Rotated, Topology

WIDTHS = (784, 1000, 1000, 1000, 10)
"""The network whose whole training step is timed; its last layer is always full."""

OPTIMIZERS: Mapping[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "SGD momentum": lambda model: torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True),
    "Adam": lambda model: torch.optim.Adam(model.parameters(), fused=True),
}
"""PyTorch's fused CPU optimisers."""


def junction(inputs: int, outputs: int, density: float, rng: np.random.Generator) -> Bipartite:
    """The same number of random inputs for every output."""
    k = max(1, round(density * inputs))
    rows = np.sort(np.argpartition(rng.random((outputs, inputs)), k - 1, axis=1)[:, :k], axis=1)
    return Bipartite(np.arange(outputs + 1) * k, rows.ravel(), in_features=inputs)


def rotated(inputs: int, outputs: int, density: float, rng: np.random.Generator) -> Rotated:
    """Random offsets with about the same number of edges."""
    k = max(1, round(density * outputs))
    return Rotated(rng.choice(outputs, k, replace=False), in_features=inputs, out_features=outputs)


def grouped(inputs: int, outputs: int, density: float, rng: np.random.Generator, *, group: int = 8) -> Grouped:
    """The same number of random inputs for every group of outputs."""
    return Grouped(junction(inputs, outputs // group, density, rng), outputs=group)


def local(size: int, degree: int, rng: np.random.Generator, *, window: int = 1024) -> Bipartite:
    """As many inputs as outputs; each output reads one input of each of `degree` pieces of the window around it."""
    piece = min(window, size) // degree
    inputs = np.arange(degree) * piece - piece * degree // 2 + rng.integers(piece, size=(size, degree))
    rows = np.sort((inputs + np.arange(size)[:, None]) % size, axis=1)
    return Bipartite(np.arange(size + 1) * degree, rows.ravel(), in_features=size)


def layer_step(module: nn.Module, x: Tensor, dy: Tensor) -> Callable[[], None]:
    """A call that runs forward and both gradients of a layer: x (B, I), dy (B, O).

    Sparse layers meet both as the layers around them hand them on, feature-major; every other module as they are.
    """
    if any(isinstance(each, SparseLayer) for each in module.modules()):
        x, dy = x.t().contiguous().t(), dy.t().contiguous().t()
    inputs = x.detach().clone().requires_grad_()

    def run() -> None:
        inputs.grad = None
        module.zero_grad()
        module(inputs).backward(dy)

    return run


def dense_network(widths: tuple[int, ...]) -> nn.Sequential:
    """Dense layers with ReLU between them."""
    modules: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        modules += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def sparse_network(
    widths: tuple[int, ...], density: float, rng: np.random.Generator, *, rotate: bool = False
) -> nn.Sequential:
    """Sparse layers of a density with ReLU folded in, and a full last layer."""
    make = rotated if rotate else junction
    hidden = [make(*sizes, density, rng) for sizes in itertools.pairwise(widths[:-1])]
    full = Bipartite.from_mask(np.ones((widths[-1], widths[-2])))
    return mlp(Topology([*hidden, full]))


def network_step(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, target: Tensor) -> Callable[[], None]:
    """A call that takes one training step with cross-entropy: x (B, I), target (B,)."""

    def run() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), target).backward()
        optimizer.step()

    return run


def fused_step(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, target: Tensor) -> Callable[[], None]:
    """The same by `gossamer.nn.TrainingStep`, in one native call."""
    step = TrainingStep(model, optimizer, nn.CrossEntropyLoss())

    def run() -> None:
        step(x, target)

    return run
