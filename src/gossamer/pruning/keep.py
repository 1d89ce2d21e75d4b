"""From scores to topologies: which weights stay, exactly as many as the budget says, and no layer without any."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import InfeasibleTopologyError, TopologyWarning, require_fraction
from gossamer.topology import Bipartite, Topology

Masks = dict[str, Tensor]


def keep_together(scores: Mapping[str, Tensor], density: float) -> Masks:
    """Mark the round(density * places) largest scores of all layers together; of equal ones the first.

    Args:
        scores: (O, I) of each layer, by name; -inf for places that are out already.
        density: 0 to 1.

    Raises:
        InfeasibleTopologyError: a layer would lose all its edges (layer collapse).
        ValueError: a score is NaN.
    """
    flat = torch.cat([each.detach().double().cpu().reshape(-1) for each in scores.values()])
    if bool(flat.isnan().any()):
        named = next(name for name, each in scores.items() if bool(each.isnan().any()))
        raise ValueError(f"scores of layer {named!r} are NaN; check the model's weights and the data.")
    count = round(require_fraction("density", density) * len(flat))
    kept = np.zeros(len(flat), dtype=np.bool_)
    kept[np.argsort(-flat.numpy(), kind="stable")[:count]] = True
    parts = torch.from_numpy(kept).split([each.numel() for each in scores.values()])
    masks = {name: part.view(each.shape) for (name, each), part in zip(scores.items(), parts, strict=True)}
    require_no_collapse(masks, count)
    return masks


def require_no_collapse(masks: Masks, count: int) -> None:
    """Check that every layer has an edge; warn of layers through which no path leads.

    Raises:
        InfeasibleTopologyError: a layer has none.
    """
    empty = [name for name, mask in masks.items() if not bool(mask.any())]
    if empty:
        raise InfeasibleTopologyError(
            f"layer collapse: with {count} edges in all, {', '.join(map(repr, empty))} would have none; raise the "
            "density, or use pruning.synflow or budgets per layer."
        )


def junctions_of(masks: Masks) -> dict[str, Bipartite]:
    """The junction of every mask, by name; warns of a layer of which most outputs have no input.

    >>> junctions_of({"0": torch.tensor([[True, False], [True, True]])})
    {'0': Bipartite(in_features=2, out_features=2, num_edges=3, density=0.75)}
    """
    junctions = {name: Bipartite.from_mask(mask.numpy()) for name, mask in masks.items()}
    for name, junction in junctions.items():
        dead = int((junction.fan_in == 0).sum())
        if 2 * dead > junction.out_features:
            warnings.warn(
                f"layer {name!r} keeps {junction.num_edges} edges, and {dead} of its {junction.out_features} outputs "
                "have no input.",
                TopologyWarning,
                stacklevel=3,
            )
    return junctions


def topology_of(masks: Masks) -> Topology:
    """The topology of the masks of layers that follow one another.

    Raises:
        InvalidTopologyError: widths that do not fit; use the functions that answer by name.
    """
    return Topology(junctions_of(masks).values())


def normalised(scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Scores divided by the largest magnitude of all, against overflow; order is unchanged."""
    top = max((float(each.abs().max()) for each in scores.values() if each.numel()), default=0.0)
    return {name: each / top if top > 0 and math.isfinite(top) else each for name, each in scores.items()}
