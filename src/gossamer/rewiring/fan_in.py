"""Structured RigL: every neuron keeps the same number of inputs, and weak neurons give theirs up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gossamer.errors import require_fraction
from gossamer.rewiring.drop import keep_largest
from gossamer.rewiring.keys import Keys, Mask, positions
from gossamer.rewiring.rule import require_room
from gossamer.rewiring.schedules import Progression, When
from gossamer.rewiring.view import Change, LayerView, NetworkView, rewired


@dataclass(frozen=True, slots=True)
class ConstantFanIn:
    """RigL with equal fan-in and neuron ablation.

    Salient are the n - k largest |w| of a layer and the k largest |dL/dw| of its empty places. A neuron with fewer than
    max(1, int(gamma * fan_in)) of them is ablated: it has no edge from then on. The others share the edges that the
    layer began with: fan-in initial_edges // neurons (at most I), filled with the salient edges by |w| [departure:
    the authors' code truncates in storage order], then by |dL/dw|.

    Args:
        fraction: k / n, as a function of the step.
        when: at which steps.
        gamma: 0 to 1; 0 ablates only neurons without any salient edge.

    References:
        Lasby, Golubeva, Evci, Nica, Ioannou, "Dynamic Sparse Training with Structured Sparsity", ICLR 2024.
    """

    fraction: Progression
    when: When
    gamma: float = 0.3
    random = False
    window = 1

    def __post_init__(self) -> None:
        require_fraction("gamma", self.gamma)

    def due(self, step: int) -> bool:
        """Whether `when` says so."""
        return self.when(step)

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """Ablate, then fill.

        Raises:
            InfeasibleTopologyError: a layer without edges, without an empty place, or with fewer edges than neurons.
            RewiringError: no backward pass.
        """
        return tuple(self._change(view, self.fraction(network.step)) for view in network.layers)

    def _change(self, view: LayerView, fraction: float) -> Change:
        require_room(view)
        moving = int(fraction * view.num_edges)
        salient = keep_largest(np.abs(view.weight), view.num_edges - moving)
        active = self._active(view, salient, view.require_missing().largest(moving, view.keys))
        keys = _filled(view, salient, active, min(view.in_features, view.initial_edges // int(active.sum())))
        places = positions(keys, view.keys)
        kept = np.zeros(view.num_edges, dtype=np.bool_)
        kept[places[places >= 0]] = True
        return rewired(view, kept, keys[places < 0])

    def _active(self, view: LayerView, salient: Mask, wanted: Keys) -> Mask:
        O = view.out_features
        active = np.bincount(view.outputs, minlength=O) > 0
        fan_in = view.initial_edges // int(active.sum())
        votes = np.bincount(view.outputs[salient], minlength=O) + np.bincount(wanted // view.in_features, minlength=O)
        strong = active & (votes >= max(1, int(self.gamma * fan_in)))
        enough = int(strong.sum()) * view.in_features >= view.initial_edges
        return strong if enough and strong.any() else active


def _filled(view: LayerView, salient: Mask, active: Mask, fan_in: int) -> Keys:
    """Each active neuron's `fan_in` best places: salient edges by |w|, then all others by |dL/dw|; ascending."""
    ranks = np.empty(int(salient.sum()))
    ranks[np.argsort(np.abs(view.weight[salient]), kind="stable")] = np.arange(len(ranks))
    keys, chosen = view.keys[salient], []
    for start, scores in view.require_missing().scores(view.keys[:0]):
        rows, inputs = scores.shape
        block = scores.double().cpu()
        block /= block.max().clamp(min=1e-300)
        low, high = np.searchsorted(keys, [start * inputs, (start + rows) * inputs])
        block.view(-1)[torch.from_numpy(keys[low:high] - start * inputs)] = torch.from_numpy(2 + ranks[low:high])
        alive = np.flatnonzero(active[start : start + rows])
        best = torch.topk(block[torch.from_numpy(alive)], fan_in, dim=1).indices.numpy()
        chosen.append(((start + alive) * inputs)[:, None] + np.sort(best, axis=1))
    return np.concatenate(chosen).ravel()
