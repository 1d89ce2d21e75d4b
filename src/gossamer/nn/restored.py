"""A perceptron out of its `state_dict` alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from torch import Tensor, nn

from gossamer.errors import InvalidTopologyError
from gossamer.nn.linear import SparseLinear
from gossamer.nn.states import layer_prefixes
from gossamer.nn.structure import OFFSETS, ROWS, Structure

_TENSORS = ("weight", "bias", "features", "order", *ROWS, *OFFSETS)
"""What the states of sparse and fully connected layers hold."""


def restored(
    state: Mapping[str, Tensor], activation: Callable[[], nn.Module] = nn.ReLU, *, is_ordered: bool = True
) -> nn.Sequential:
    """The network whose layers a state holds, in evaluation mode.

    States say nothing of what stands between layers: the activation is given, and dropout is left out.

    Args:
        state: tensors of `SparseLinear` and `Linear` layers, named as in a `state_dict`.
        activation: makes the module behind every layer but the last.
        is_ordered: whether the state is in its module's order, as a `state_dict` is and most files are not; see
            `gossamer.nn.states`.

    Raises:
        InvalidTopologyError: no layer, a tensor that belongs to none (a convolution's, a norm's), layers that
            do not feed one another, or a damaged junction.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 1]]), gs.Bipartite.from_mask([[1], [1]])]))
    >>> [type(module).__name__ for module in restored(model.state_dict())]
    ['SparseLinear', 'ReLU', 'SparseLinear']
    """
    prefixes = layer_prefixes(state, is_ordered=is_ordered)
    known = {prefix + name for prefix in prefixes for name in _TENSORS}
    strange = sorted(state.keys() - known)
    if strange or not prefixes:
        what = f"{strange[0]} {tuple(state[strange[0]].shape)}" if strange else "nothing"
        raise InvalidTopologyError(f"the state holds {what}; a perceptron has sparse and fully connected layers alone.")
    layers = [
        _layer({name: state[prefix + name] for name in _TENSORS if prefix + name in state}) for prefix in prefixes
    ]
    for place, (before, after) in enumerate(pairwise(layers)):
        if before.out_features != after.in_features:
            raise InvalidTopologyError(
                f"{before.out_features} outputs of layer {place} do not feed {after.in_features} inputs of layer "
                f"{place + 1}; a perceptron's layers follow one another."
            )
    return nn.Sequential(*[module for layer in layers for module in (layer, activation())][:-1]).eval()


def _layer(tensors: Mapping[str, Tensor]) -> SparseLinear | nn.Linear:
    weight, bias = tensors["weight"], tensors.get("bias")
    layer: SparseLinear | nn.Linear
    if "features" in tensors:
        I, O = (int(size) for size in tensors["features"])
        arrays = tuple(tensors[name] for name in (OFFSETS if OFFSETS[0] in tensors else ROWS))
        layer = SparseLinear(Structure(I, O, arrays).junction(), bias is not None, dtype=weight.dtype)
        layer.weight.data.copy_(weight)
        layer.order = tensors["order"].clone() if "order" in tensors else None
    else:
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, dtype=weight.dtype)
        layer.weight.data.copy_(weight)
    if bias is not None and layer.bias is not None:
        layer.bias.data.copy_(bias)
    return layer
