"""Which wrapped diagonals a rotated junction consists of, chosen during training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gossamer.errors import InfeasibleTopologyError, RewiringError
from gossamer.rewiring.drop import keep_largest
from gossamer.rewiring.keys import difference, edge_keys, positions
from gossamer.rewiring.schedules import Progression, When
from gossamer.rewiring.update import Moved
from gossamer.rewiring.view import Change, Floats, LayerView, NetworkView
from gossamer.topology import Rotated


@dataclass(frozen=True, slots=True)
class ChooseDiagonals:
    """Drops the offsets of smallest sum |w|, grows those of largest sum |dL/dw|: RigL on whole diagonals.

    A diagonal just dropped may return, with its weights. Junctions stay `Rotated`.

    Args:
        fraction: share of the offsets that goes, int(fraction * k), as a function of the step.
        when: at which steps.

    References:
        Tyagi, Iyer, Renganathan, Zhang, Krishnan, Vinod Kumar, "Dynamic Sparse Training of Diagonally Sparse
        Networks", ICML 2025 (DynaDiag) [departure: it gates K softmax-weighted diagonals by a learned number each, at
        a temperature; here the weights and gradients of a diagonal decide, so that only live diagonals cost].
    """

    fraction: Progression
    when: When
    random = False
    window = 1

    def due(self, step: int) -> bool:
        """Whether `when` says so."""
        return self.when(step)

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """Choose offsets.

        Raises:
            RewiringError: a layer that is not made of whole diagonals, or no backward pass.
            InfeasibleTopologyError: a layer that holds all diagonals.
        """
        return tuple(self._change(view, self.fraction(network.step)) for view in network.layers)

    def _change(self, view: LayerView, fraction: float) -> Change:
        if not view.rotated:
            raise RewiringError(f"layer {view.name!r} is not a Rotated junction; its edges are no whole diagonals.")
        offset = (view.outputs - view.inputs) % view.out_features
        strengths = np.zeros(view.out_features)
        np.add.at(strengths, offset, np.abs(view.weight))
        live = np.flatnonzero(np.bincount(offset, minlength=view.out_features))
        if len(live) == view.out_features:
            raise InfeasibleTopologyError(f"layer {view.name!r} holds all {len(live)} diagonals, so none can be grown.")
        moving = int(fraction * len(live))
        kept = live[keep_largest(strengths[live], len(live) - moving)]
        pull = _diagonal_gradients(view)
        pull[kept] = -1
        offsets = np.concatenate([kept, np.flatnonzero(keep_largest(pull, moving))])
        return _turned(view, Rotated(offsets, in_features=view.in_features, out_features=view.out_features))


def _diagonal_gradients(view: LayerView) -> Floats:
    """Sum of |dL/dw| over each wrapped diagonal, shape (O,)."""
    O, I = view.out_features, view.in_features
    sums = torch.zeros(O, dtype=torch.float64)
    inputs = torch.arange(I)
    for start, scores in view.require_missing().scores(view.keys[:0]):
        outputs = torch.arange(start, start + len(scores))[:, None]
        sums.index_add_(0, ((outputs - inputs) % O).view(-1), scores.double().cpu().view(-1))
    return np.asarray(sums.numpy())


def _turned(view: LayerView, junction: Rotated) -> Change:
    keys = edge_keys(junction)
    source = positions(keys, view.keys)
    weight = np.where(source >= 0, view.weight[source], 0).astype(view.weight.dtype)
    moved = Moved(removed=difference(view.keys, keys), added=keys[source < 0])
    return Change(junction, source, weight, moved)
