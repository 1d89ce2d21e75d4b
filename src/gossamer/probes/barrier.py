"""The loss along the line between two networks, their neurons matched or not: are they in one basin?"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.distances import nnstd
from gossamer.errors import require_int
from gossamer.nn import SparseLinear, sparsify, topology_of
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.chain import layers_in_order
from gossamer.probes.curvature import Loss
from gossamer.probes.finding import Finding, Number
from gossamer.probes.models import finite_loss
from gossamer.topology import Bipartite

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Orders: TypeAlias = Sequence[NDArray[np.int64]]
"""For each junction, the output neuron of the second network that takes each place of the first."""

Matching: TypeAlias = Callable[[nn.Module, nn.Module], Orders]
"""Matches the second network's neurons to the first one's."""


def as_they_are(a: nn.Module, b: nn.Module) -> Orders:
    """Every neuron keeps its place."""
    return [np.arange(layer.out_features) for layer in topology_of(b)]


def by_topology(a: nn.Module, b: nn.Module) -> Orders:
    """The assignments of NNSTD: neurons with the most inputs in common."""
    return nnstd(topology_of(a), topology_of(b)).assignments


def by_weights(a: nn.Module, b: nn.Module) -> Orders:
    """The assignments of NNSTD with the weighted Jaccard distance of absolute weights."""
    weights = tuple([layer.weight.detach().cpu().numpy() for layer in _layers(model)] for model in (a, b))
    return nnstd(topology_of(a), topology_of(b), weights=weights).assignments  # type: ignore[arg-type]


@final
@dataclass(frozen=True, eq=False)
class Barrier(Finding):
    """Losses along the line from one network to another.

    Attributes:
        steps: from 0 (the first network) to 1 (the second), (P,).
        losses: at each step, (P,).
        edges: of the networks between, which have the edges of both.
    """

    steps: NDArray[np.float64]
    losses: NDArray[np.float64]
    edges: int

    equation: ClassVar[str] = "max over t of L((1 − t) a + t b) − ((1 − t) L(a) + t L(b)), b's neurons matched to a's"

    @property
    def height(self) -> float:
        """The most by which the loss exceeds the straight line between its ends; at least 0; 0 within one basin."""
        chord = (1 - self.steps) * self.losses[0] + self.steps * self.losses[-1]
        return float(np.max(self.losses - chord).clip(0))

    def record(self) -> Mapping[str, Number]:
        """Height, and the losses at the ends and in the middle."""
        middle = float(self.losses[len(self.losses) // 2])
        ends = float(self.losses[0]), float(self.losses[-1])
        return {"barrier": self.height, "loss_first": ends[0], "loss_second": ends[1], "loss_between": middle}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the losses and the chord."""
        ax = axes_or_new(ax)
        ax.plot(self.steps, self.losses, marker="o")
        ax.plot([0, 1], self.losses[[0, -1]], linestyle=":", color="gray")
        ax.set(xlabel="from the first network to the second", ylabel="loss")
        ax.set_title(f"Barrier {self.height:.3g} over the chord")
        return ax


def barrier(
    a: nn.Module,
    b: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    matching: Matching = by_topology,
    loss: Loss = nn.functional.cross_entropy,
    points: int = 11,
) -> Barrier:
    """The loss on the line between two multilayer perceptrons, sparse or dense, of the same widths.

    Hidden neurons of the second network are first put in the places that `matching` says, which changes nothing of
    what it computes; outputs keep theirs, since they have names. Between the ends the networks have the edges of both.

    Args:
        a: first network, of linear layers and modules without parameters.
        b: second network, built like the first.
        inputs: (N, I).
        targets: what `loss` takes.
        matching: `as_they_are`, `by_topology`, `by_weights`, or any function like them.
        loss: the mean over a batch.
        points: along the line, both ends among them.

    Raises:
        ValueError: networks built differently, parameters outside linear layers, weights or losses that are not finite,
            no examples, targets that do not fit.
        TypeError: networks that are no multilayer perceptrons.

    References:
        J. Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis", ICML 2020, for the barrier; to
        match neurons before: R. Entezari et al., ICLR 2022. Matching them by their inputs is ours.

    >>> import gossamer as gs
    >>> rng = np.random.default_rng(0)
    >>> def random():
    ...     edges = gs.generators.erdos_renyi
    ...     return gs.nn.mlp(gs.Topology([edges(4, 6, 9, rng=rng), edges(6, 3, 9, rng=rng)]))
    >>> found = barrier(random(), random(), torch.randn(20, 4), torch.arange(20) % 3)
    >>> found.losses.shape, found.height >= 0
    ((11,), True)
    """
    require_int("points", points, low=3)
    first, second = (_sparse(model) for model in (a, b))
    _require_alike(first, second)
    for model in (first, second):
        finite_loss(model, inputs, targets, loss)
    second = rearranged(second, matching(first, second))
    between = _Between(first, second)
    steps = np.linspace(0, 1, points)
    with torch.no_grad():
        losses = np.array([float(loss(between.at(t)(inputs), targets)) for t in steps])
    losses[np.isnan(losses)] = np.inf  # the ends are finite: in between something overflowed
    return Barrier(steps, losses, sum(len(layer.weight) for layer in between.layers))


def rearranged(model: nn.Module, orders: Orders) -> nn.Module:
    """The same function with hidden neuron `orders[k][j]` in place j of layer k; the last layer's order is ignored."""
    result = copy.deepcopy(model)
    layers = _layers(result)
    before: NDArray[np.int64] | None = None
    for number, (layer, order) in enumerate(zip(layers, orders, strict=True)):
        matrix = _matrix(layer)
        if before is not None:
            matrix = matrix[:, before]
        if number < len(layers) - 1:
            matrix = matrix[order]
            if layer.bias is not None:
                layer.bias.data = layer.bias.data[torch.from_numpy(np.asarray(order))]
            before = np.asarray(order)
        _adopt(layer, matrix)
    return result


class _Between:
    """A network on the edges of both, whose weights are set to a point of the line."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        self.network = copy.deepcopy(first).eval()
        self.layers = _layers(self.network)
        pairs = list(zip(_layers(first), _layers(second), strict=True))
        self.biases = [(one.bias, other.bias) for one, other in pairs]
        self.weights = []
        for layer, (one, other) in zip(self.layers, pairs, strict=True):
            a, b = _matrix(one), _matrix(other)
            union = _union(one, other)
            _adopt(layer, union)
            inputs, outputs = layer.topology().edges()
            self.weights.append(tuple(torch.from_numpy(np.asarray(m[outputs, inputs]).ravel()) for m in (a, b)))

    def at(self, t: float) -> nn.Module:
        for layer, (a, b), (c, d) in zip(self.layers, self.weights, self.biases, strict=True):
            layer.weight.data.copy_((1 - t) * a + t * b)
            if layer.bias is not None and c is not None and d is not None:
                layer.bias.data.copy_((1 - t) * c + t * d)
        return self.network


def _sparse(model: nn.Module) -> nn.Module:
    """A copy whose linear layers are all sparse ones; dense ones become full junctions."""
    layers = layers_in_order(model)
    if len(set(layers)) < len(layers):
        raise TypeError("the network uses a layer twice; neurons are matched layer by layer.")
    dense = any(type(module) is nn.Linear for module in model.modules())
    found = sparsify(model, density=1.0) if dense else copy.deepcopy(model)
    known = {id(p) for layer in _layers(found) for p in layer.parameters()}
    for name, parameter in found.named_parameters():
        if id(parameter) not in known:
            raise ValueError(f"parameter {name!r} belongs to no linear layer; the line is between perceptrons.")
        if not torch.isfinite(parameter).all():
            raise ValueError(f"parameter {name!r} has values that are not finite.")
    return found


def _layers(model: nn.Module) -> list[SparseLinear]:
    return [module for module in model.modules() if isinstance(module, SparseLinear)]


def _require_alike(a: nn.Module, b: nn.Module) -> None:
    widths = [topology_of(model).widths for model in (a, b)]
    if widths[0] != widths[1]:
        raise ValueError(f"the networks have widths {widths[0]} and {widths[1]}; the line needs the same.")
    if [layer.bias is None for layer in _layers(a)] != [layer.bias is None for layer in _layers(b)]:
        raise ValueError("one network has biases where the other has none.")


def _matrix(layer: SparseLinear) -> Any:
    """Its weights as CSR (O, I)."""
    return layer.topology().to_scipy(layer.weight.detach().cpu().numpy()).tocsr()


def _union(a: SparseLinear, b: SparseLinear) -> Any:
    ones = [layer.topology().to_scipy() for layer in (a, b)]
    return (ones[0] + ones[1]).tocsr()


def _adopt(layer: SparseLinear, matrix: Any) -> None:
    """Take on the stored entries of a CSR matrix, stored zeros among them."""
    matrix = matrix.tocsr()
    matrix.sort_indices()
    junction = Bipartite(matrix.indptr, matrix.indices, in_features=matrix.shape[1])
    layer.adopt(junction, torch.from_numpy(matrix.data))
