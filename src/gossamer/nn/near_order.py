"""Networks whose neurons lie in an order that memory likes: the same function, isomorphic topologies."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.errors import InvalidTopologyError
from gossamer.nn.activations import AllReLU
from gossamer.nn.conversion.candidates import require_module, require_unsharded
from gossamer.nn.linear import SparseLinear
from gossamer.nn.reordered import Reordered
from gossamer.nn.sequential import Sequential
from gossamer.topology import Grouped, Rotated, Topology, near_orders
from gossamer.topology.order import Order, reordered

_FEATURE_BY_FEATURE = (
    *(nn.Identity, nn.Dropout, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Softplus, nn.Tanh),
    *(AllReLU, nn.BatchNorm1d, nn.LayerNorm),
)
"""What computes the same for every feature, or with numbers of its own for each, in vectors (features,)."""


def in_near_order(model: nn.Module, *, inputs: bool = False, outputs: bool = False) -> nn.Module:
    """A copy of a network with its hidden neurons in an order in which neighbours lie near, if there is one.

    A neuron's number means nothing to what a network computes, but a computer reads those faster that lie near. Local
    and modular topologies whose neurons lie in any order are put in order again, see `gossamer.topology.near_orders`;
    random ones have none to be found and gain nothing. The orders travel in `state_dict` as `order` of each layer, so
    that `in_original_order` undoes this, of a trained or rewired network and of a loaded one too.

    Neurons stay where they are behind layers that are dense, grouped or rotated (whose order is what makes them fast),
    before rotated ones, and around modules that are not known to treat every feature alike.

    An optimiser or `Rewirer` of the old model is none of the new one: make them after. What they hold for an edge
    (momentum, scores) belongs to another place there.

    Args:
        model: an `nn.Sequential` (nested or not) of sparse and dense layers that feed one another, with activations,
            dropout and norms.
        inputs: also put the inputs in order. They come as before: a `Reordered` in front moves them, at the cost of
            reading and writing each once.
        outputs: the same for the outputs, by a `Reordered` behind. One-call steps take no such model.

    Returns:
        The same function up to the rounding of sums; with `inputs` or `outputs` the network stands in a `Sequential`
        with what moves them.

    Raises:
        TypeError: no such network.
        ValueError: weights that stand in two places; no sparse layer; inputs or outputs that cannot be moved.
        InvalidTopologyError: layers that do not feed one another; an `order` that is none.

    >>> import gossamer as gs
    >>> near, rng = gs.Bipartite.from_mask(np.eye(6, k=1) + np.eye(6)), np.random.default_rng(0)
    >>> shuffled = gs.topology.relabelled(gs.Topology([near, near]), [rng.permutation(6) for _ in range(3)])
    >>> model = gs.nn.mlp(shuffled)
    >>> x, moved = torch.randn(4, 6), in_near_order(model)
    >>> torch.allclose(moved(x), model(x), atol=1e-6)
    True
    >>> gs.nn.topology_of(in_original_order(moved)) == gs.nn.topology_of(model)
    True
    """
    result = in_original_order(model)
    chain = _Chain.of(result)
    found = _near(chain)
    wanted = [inputs, *[True] * (len(chain.layers) - 1), outputs]
    orders = [order if want else None for order, want in zip(found, wanted, strict=True)]
    for name, want, order in (("inputs", inputs, orders[0]), ("outputs", outputs, orders[-1])):
        if want and order is None:
            why = (
                "the layer there is dense, grouped or rotated, or a module stands there that reads them in their order"
            )
            raise ValueError(f"the {name} of {type(model).__name__} cannot be moved: {why}.")
    chain.move(orders)
    for layer, order in zip(chain.layers[:-1], orders[1:-1], strict=True):
        if order is not None and isinstance(layer, SparseLinear):
            layer.order = torch.from_numpy(order.astype(np.int32)).to(layer.weight.device)
    front = [_reordering(orders[0])] if orders[0] is not None else []
    behind = [_reordering(np.argsort(orders[-1]))] if orders[-1] is not None else []
    return Sequential(*front, result, *behind).to(chain.device) if front or behind else result


def in_original_order(model: nn.Module) -> nn.Module:
    """A copy of a network that `in_near_order` has made, with all neurons where they were before; of others a copy.

    See `in_near_order` for what is raised.
    """
    require_module(model)
    require_unsharded(model)
    result = copy.deepcopy(model)
    front, result, behind = _without_ends(result)
    chain = _Chain.of(result)
    undone = [_undone(layer) for layer in chain.layers]
    before = None if front is None else np.argsort(_numbers(front.order))
    after = None if behind is None else _numbers(behind.order)
    chain.move([before, *undone[:-1], after])
    for layer in chain.layers:
        if isinstance(layer, SparseLinear):
            layer.order = None
    return result


@dataclass(frozen=True, slots=True)
class _Chain:
    """Layers that feed one another, and what stands before the first, and behind each."""

    layers: list[SparseLinear | nn.Linear]
    between: list[list[nn.Module]]

    @classmethod
    def of(cls, model: nn.Module) -> _Chain:
        layers: list[SparseLinear | nn.Linear] = []
        between: list[list[nn.Module]] = [[]]
        modules = list(_flat(model))
        for module in modules:
            if type(module) in (SparseLinear, nn.Linear):
                layers.append(module)  # type: ignore[arg-type]
                between.append([])
            else:
                between[-1].append(module)
        if not any(type(layer) is SparseLinear for layer in layers):
            raise ValueError(f"the model {type(model).__name__} has no sparse layer in an nn.Sequential.")
        held = [parameter for module in modules for parameter in module.parameters()]
        if len(set(map(id, held))) < len(held):
            raise ValueError(f"weights stand in two places of {type(model).__name__}; they are of two layers' neurons.")
        for number, (first, second) in enumerate(itertools.pairwise(layers)):
            if first.out_features != second.in_features:
                raise InvalidTopologyError(
                    f"{first.out_features} outputs of layer {number} do not feed {second.in_features} inputs of layer "
                    f"{number + 1}."
                )
        return cls(layers, between)

    @property
    def device(self) -> torch.device:
        return self.layers[0].weight.device

    @property
    def widths(self) -> list[int]:
        return [self.layers[0].in_features, *[layer.out_features for layer in self.layers]]

    def is_free(self, place: int) -> bool:
        """Whether the neurons before layer `place` may be moved."""
        before = self.layers[place - 1] if place > 0 else None
        after = self.layers[place] if place < len(self.layers) else None
        if place > 0 and (not isinstance(before, SparseLinear) or isinstance(before.topology(), Rotated | Grouped)):
            return False
        if isinstance(after, SparseLinear) and isinstance(after.topology(), Rotated):
            return False
        if place == 0 and not isinstance(after, SparseLinear):
            return False
        return all(type(module) in _FEATURE_BY_FEATURE for module in self.between[place])

    def move(self, orders: Sequence[Order | None]) -> None:
        """Neuron `orders[l][p]` of layer `l` to place `p`; None leaves them."""
        for layer, before, after in zip(self.layers, orders[:-1], orders[1:], strict=True):
            if before is not None or after is not None:
                _move(layer, before, after)
        for modules, order, width in zip(self.between, orders, self.widths, strict=True):
            for module in modules if order is not None else []:
                for tensor in (*module.parameters(), *module.buffers()):
                    if tensor.shape == (width,):
                        tensor.data.copy_(tensor.detach()[torch.from_numpy(np.asarray(order)).to(tensor.device)])


def _flat(model: nn.Module) -> Iterator[nn.Module]:
    """The modules of nested `Sequential`s in their order."""
    if not isinstance(model, nn.Sequential):
        yield model
        return
    for module in model:
        yield from _flat(module)


def _without_ends(model: nn.Module) -> tuple[Reordered | None, nn.Module, Reordered | None]:
    """What `in_near_order` has put in front of a model and behind it, and the model."""
    if type(model) is not Sequential:
        return None, model, None
    modules = list(model)
    front = modules.pop(0) if modules and type(modules[0]) is Reordered else None
    behind = modules.pop() if modules and type(modules[-1]) is Reordered else None
    if len(modules) != 1 or (front is None and behind is None):
        return None, model, None
    return front, modules[0], behind  # type: ignore[return-value]


def _near(chain: _Chain) -> list[Order | None]:
    """Of each place of neurons that may be moved the order in which neighbours lie near, found run by run."""
    found: list[Order | None] = [None] * len(chain.widths)
    runs = itertools.groupby(
        range(len(chain.layers)), key=lambda number: isinstance(chain.layers[number], SparseLinear)
    )
    for is_sparse, numbers in runs:
        if not is_sparse:
            continue
        run = list(numbers)
        layers = [layer for layer in chain.layers[run[0] : run[-1] + 1] if isinstance(layer, SparseLinear)]
        free = [place for place in range(run[0], run[-1] + 2) if chain.is_free(place)]
        orders = near_orders(Topology([layer.topology() for layer in layers])) if free else ()
        for place in free:
            found[place] = orders[place - run[0]]
    return found


def _move(layer: SparseLinear | nn.Linear, before: Order | None, after: Order | None) -> None:
    """A layer's inputs and outputs, in place."""
    rows = np.arange(layer.out_features) if after is None else np.asarray(after)
    columns = np.arange(layer.in_features) if before is None else np.asarray(before)
    with torch.no_grad():
        if isinstance(layer, nn.Linear):
            layer.weight.copy_(layer.weight[torch.from_numpy(rows)][:, torch.from_numpy(columns)])
        else:
            junction, edges = reordered(layer.topology(), columns, rows)
            layer.adopt(junction, layer.weight.detach()[torch.from_numpy(edges).to(layer.weight.device)])
        if layer.bias is not None:
            layer.bias.copy_(layer.bias[torch.from_numpy(rows).to(layer.bias.device)])


def _undone(layer: SparseLinear | nn.Linear) -> NDArray[np.intp] | None:
    """The order that undoes the one of a layer's outputs."""
    order = layer._buffers.get("order")
    if order is None:
        return None
    numbers = _numbers(order)
    if not np.array_equal(np.sort(numbers), np.arange(layer.out_features)):
        raise InvalidTopologyError(
            f"order, of shape {tuple(order.shape)}, is no permutation of the {layer.out_features} outputs of its layer."
        )
    return np.argsort(numbers)


def _numbers(order: Tensor) -> NDArray[np.int64]:
    return order.detach().cpu().numpy().astype(np.int64)


def _reordering(order: Order) -> Reordered:
    module = Reordered(len(order))
    module.take_on(torch.from_numpy(np.asarray(order, np.int64)))
    return module
