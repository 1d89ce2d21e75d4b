"""An average of a model's weights that follows edges when the topology moves."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gossamer.errors import require_fraction
from gossamer.nn import SparseLayer
from gossamer.rewiring.carry import Source, carried
from gossamer.rewiring.keys import edge_keys, positions


class Average(nn.Module):
    """A running mean of a model in training: every edge is averaged with itself.

    `torch.optim.swa_utils.AveragedModel`, and most averages written by hand, pair the places of two weight vectors.
    Once an edge has moved, a place is one edge here and another there. This average takes on the model's topology at
    each update: edges that were there keep their mean, new ones begin with their weight of now, and those that are gone
    are forgotten. It offers what that class does (`module`, `n_averaged`, `update_parameters`, `forward`, a
    `state_dict`), so callbacks that take one take the other. Update it after the rewirer's `step()`.

    Args:
        model: what is averaged; a copy of it holds the mean. Other models given later must have its layers.
        decay: of an exponential mean, 0 to 1: mean = decay * mean + (1 - decay) * weight. None: the mean of all
            updates, as stochastic weight averaging takes it. The first update copies in either case.
        use_buffers: whether floating-point buffers are averaged too; others, and all without it, are copied.

    Raises:
        ValueError: a decay outside 0 to 1.

    References:
        Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018 (the mean of
        all). What becomes of edges that move is ours.

    >>> import gossamer as gs
    >>> layer = gs.nn.SparseLinear(gs.Bipartite.from_mask([[1, 1, 0]]), bias=False)
    >>> average = Average(layer, decay=0.5)
    >>> layer.adopt(gs.Bipartite.from_mask([[1, 1, 0]]), torch.tensor([2.0, 4.0]))
    >>> average.update_parameters(layer)
    >>> layer.adopt(gs.Bipartite.from_mask([[0, 1, 1]]), torch.tensor([8.0, 16.0]))
    >>> average.update_parameters(layer)
    >>> average.module.topology() == layer.topology(), average.module.weight.tolist()
    (True, [6.0, 16.0])
    """

    n_averaged: Tensor

    def __init__(self, model: nn.Module, *, decay: float | None = None, use_buffers: bool = False) -> None:
        super().__init__()
        self.decay = None if decay is None else require_fraction("decay", decay)
        self.use_buffers = use_buffers
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", torch.tensor(0, dtype=torch.long))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model computes."""
        return self.module(*args, **kwargs)

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Add a model as it is now to the mean.

        Raises:
            ValueError: a model of other layers.
        """
        modules = list(zip(self.module.modules(), model.modules(), strict=True))
        follow(modules)
        count = int(self.n_averaged)
        share = 1 / (count + 1) if self.decay is None or count == 0 else 1 - self.decay
        added: set[int] = set()
        for mean, now in modules:
            pairs = _pairs(mean._parameters, now._parameters, share)
            if not isinstance(mean, SparseLayer):  # whose buffers are its topology
                pairs += _pairs(mean._buffers, now._buffers, share if self.use_buffers else 1.0)
            for value, other, weight in pairs:
                if id(value) not in added:  # a tied one
                    added.add(id(value))
                    _add(value, other, weight)
        self.n_averaged += 1


def _pairs(
    mean: Mapping[str, Tensor | None], now: Mapping[str, Tensor | None], share: float
) -> list[tuple[Tensor, Tensor, float]]:
    found = ((value, now[name]) for name, value in mean.items())
    return [(value, other.detach(), share) for value, other in found if value is not None and other is not None]


def follow(modules: list[tuple[nn.Module, nn.Module]]) -> None:
    """Give sparse layers of a mean the topologies of others, each edge with what it had; new ones as they are there."""
    moved: dict[int, Tensor] = {}
    for mean, now in modules:
        if not isinstance(mean, SparseLayer) or not isinstance(now, SparseLayer):
            continue
        before, after = mean.topology(), now.topology()
        if before == after:
            continue
        shared = id(mean.weight)
        if shared not in moved:
            source = Source(positions(edge_keys(after), edge_keys(before))).to(mean.weight.device)
            kept, fresh = carried(mean.weight.detach(), source), source.fresh
            moved[shared] = kept.index_copy_(0, fresh, now.weight.detach().to(kept).index_select(0, fresh))
        mean.adopt(after, moved[shared])


def _add(mean: Tensor, value: Tensor, share: float) -> None:
    value = value.to(mean.device)
    if share == 1.0 or not mean.is_floating_point():
        mean.copy_(value)
    else:
        mean.lerp_(value.to(mean.dtype), share)
