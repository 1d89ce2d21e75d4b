"""Whole networks out of topologies, and topologies out of networks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from gossamer.nn.activations import fusible
from gossamer.nn.initialization import Initialization
from gossamer.nn.layer import SparseLayer
from gossamer.nn.linear import SparseLinear
from gossamer.nn.sequential import Sequential
from gossamer.topology import Topology


def mlp(
    topology: Topology,
    activation: Callable[[], nn.Module] = nn.ReLU,
    *,
    output_activation: Callable[[], nn.Module] = nn.Identity,
    bias: bool = True,
    dropout: tuple[float, float] = (0.0, 0.0),
    initialization: Initialization | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Sequential:
    """A multilayer perceptron with the edges of a topology.

    Args:
        topology: its junctions become the layers.
        activation: makes the module behind every hidden layer; folded into the layer where the kernels can.
        output_activation: the same for the last layer; identity for logits.
        bias: whether layers have biases.
        dropout: probability that an input, and that a hidden unit, is left out; each 0 to 1.
        initialization: of the weights; `Kaiming()` if None.
        device: where the parameters live.
        dtype: of the parameters.

    >>> import gossamer as gs
    >>> full = gs.Bipartite.from_mask([[1, 1], [1, 1]])
    >>> mlp(gs.Topology([full, full]))
    Sequential(
      (0): SparseLinear(in_features=2, out_features=2, num_edges=4, density=1, bias=True, activation=relu)
      (1): SparseLinear(in_features=2, out_features=2, num_edges=4, density=1, bias=True)
    )
    """
    if not isinstance(topology, Topology):
        raise TypeError(f"topology is {type(topology).__name__}, not a Topology.")
    modules: list[nn.Module] = []
    for number, junction in enumerate(topology.layers):
        share = dropout[0] if number == 0 else dropout[1]
        if share:
            modules.append(nn.Dropout(share))
        last = number == len(topology.layers) - 1
        after = (output_activation if last else activation)()
        folded = fusible(after) is not None
        layer = SparseLinear(
            junction,
            bias,
            activation=after if folded else None,
            initialization=initialization,
            device=device,
            dtype=dtype,
        )
        modules += [layer] if folded else [layer, after]
    return Sequential(*modules)


def topology_of(model: nn.Module) -> Topology:
    """The topology of a model's sparse layers, in the order of `model.modules()`.

    Raises:
        InvalidTopologyError: no sparse layer, or layers whose widths do not fit.
    """
    return Topology(layer.topology() for layer in model.modules() if isinstance(layer, SparseLayer))
