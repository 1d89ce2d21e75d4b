"""Which edges of each layer stay: how many, and which ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gossamer.errors import InfeasibleTopologyError, require_fraction, require_known, require_rng
from gossamer.generators import Family, family_of
from gossamer.generators.budgets import share, total_edges
from gossamer.nn.conversion.candidates import Candidate, matching
from gossamer.topology import Bipartite, Junction

Budget = Callable[[Sequence[Candidate], float], tuple[int, ...]]
Construction = Family | str | Callable[..., Any]


def _uniform(layers: Sequence[Candidate], density: float) -> tuple[int, ...]:
    sizes = [each.size for each in layers]
    return share(sizes, sizes, total_edges(sizes, density))


def _erdos_renyi(layers: Sequence[Candidate], density: float) -> tuple[int, ...]:
    sizes = [each.size for each in layers]
    return share([sum(_channels(each)) for each in layers], sizes, total_edges(sizes, density))


def _erdos_renyi_kernel(layers: Sequence[Candidate], density: float) -> tuple[int, ...]:
    sizes = [each.size for each in layers]
    shares = [sum(_channels(each)) + sum(each.swap.kernel(each.module)) for each in layers]
    return share(shares, sizes, total_edges(sizes, density))


def _channels(layer: Candidate) -> tuple[int, int]:
    O, I = layer.swap.weight(layer.module).shape
    return I // math.prod(layer.swap.kernel(layer.module)), O


GLOBAL = "global"
BUDGETS: Mapping[str, Budget] = {
    "uniform": _uniform,
    "erdos_renyi": _erdos_renyi,
    "erdos_renyi_kernel": _erdos_renyi_kernel,
}
"""How a density of all layers together is shared among them; the counts sum exactly to `round(density * weights)`."""


def counts_of(layers: Sequence[Candidate], density: float, budget: str | Budget | None) -> tuple[int, ...]:
    """Edges of each layer.

    Raises:
        ValueError: a budget that is not known, a density out of range.
        InfeasibleTopologyError: a layer would have no edge.
    """
    share_ = require_fraction("density", density)
    if budget is None:
        counts = tuple(round(share_ * each.size) for each in layers)
    else:
        chosen = budget if callable(budget) else require_known("budget", budget, {**BUDGETS, GLOBAL: _uniform})
        counts = tuple(chosen(layers, share_))
    for each, count in zip(layers, counts, strict=True):
        if count == 0:
            raise InfeasibleTopologyError(
                f"density={density} leaves layer {each.name!r} of {each.size} weights without edges."
            )
    return counts


def largest(layer: Candidate, count: int, score: NDArray[Any]) -> Bipartite:
    """The edges of the `count` largest scores (O, I); those of -inf are out."""
    flat = score.ravel()
    count = min(count, int((flat > -np.inf).sum()))
    if count == 0:
        raise InfeasibleTopologyError(f"layer {layer.name!r} has no weight that may stay: all are pruned.")
    return of_places(np.argpartition(flat, flat.size - count)[flat.size - count :], score.shape)


def largest_of_all(layers: Sequence[Candidate], density: float, scores: Sequence[NDArray[Any]]) -> list[Bipartite]:
    """The edges of the largest scores of all layers together.

    Raises:
        InfeasibleTopologyError: a layer would have no edge.
    """
    flat = np.concatenate([score.ravel() for score in scores])
    count = min(total_edges([score.size for score in scores], density), int((flat > -np.inf).sum()))
    kept = np.zeros(flat.size, dtype=np.bool_)
    kept[np.argpartition(flat, flat.size - count)[flat.size - count :] if count else []] = True
    found = []
    starts = np.cumsum([0, *(score.size for score in scores)])
    for layer, score, start, stop in zip(layers, scores, starts, starts[1:], strict=False):
        places = np.flatnonzero(kept[start:stop])
        if not len(places):
            raise InfeasibleTopologyError(
                f"density={density} of all layers together leaves layer {layer.name!r} without edges; raise it, "
                "put the layer into keep or exclude, or choose another budget."
            )
        found.append(of_places(places, score.shape))
    return found


def of_places(places: NDArray[np.int64], shape: tuple[int, ...]) -> Bipartite:
    """The junction with edges at these places of a mask (O, I)."""
    outputs, inputs = np.divmod(places, shape[1])
    return Bipartite.from_edges(inputs, outputs, in_features=shape[1], out_features=shape[0])


def score_of(layer: Candidate, scores: Mapping[str, Tensor] | None) -> NDArray[Any]:
    """What the weights (O, I) of a layer are worth, -inf where they are pruned; magnitudes if no scores are given.

    Raises:
        ValueError: scores of another shape, or NaN; a layer on the meta device.
    """
    weight = layer.swap.weight(layer.module)
    _require_values(layer, weight)
    given = None if scores is None else next((scores[name] for name in layer.names if name in scores), None)
    score = (weight.abs() if given is None else _as_tensor(given)).detach().float().cpu().numpy()
    if score.shape != tuple(weight.shape):
        raise ValueError(f"scores of layer {layer.name!r} have shape {score.shape}; its weights {tuple(weight.shape)}.")
    if np.isnan(score).any():
        raise ValueError(f"scores of layer {layer.name!r} are NaN; check the model's weights and the data.")
    pruned = mask_of(layer)
    return score if pruned is None else np.where(pruned, score, -np.inf)


def mask_of(layer: Candidate) -> NDArray[np.bool_] | None:
    """Where `torch.nn.utils.prune` has left weights (O, I); None if the layer is not pruned."""
    mask = layer.swap.mask(layer.module)
    return None if mask is None else mask.cpu().numpy().astype(np.bool_)


def live_edges(layer: Candidate) -> Bipartite | None:
    """The junction of the weights that pruning has left, by mask or by zeros; None if all are there, or none is."""
    _require_values(layer, layer.swap.weight(layer.module))
    mask = mask_of(layer)
    live = layer.swap.weight(layer.module).cpu().numpy() != 0 if mask is None else mask
    return None if live.all() or not live.any() else of_places(np.flatnonzero(live.ravel()), live.shape)


def _require_values(layer: Candidate, weight: Tensor) -> None:
    if weight.is_meta:
        raise ValueError(
            f"layer {layer.name!r} is on the meta device: no weight is the largest; give junctions or a generator."
        )


def constructions(layers: list[Candidate], generator: Construction | Mapping[str, Construction]) -> dict[str, Family]:
    """The family of each layer, by its first name.

    Raises:
        ValueError: a pattern that matches none, or a construction that is not known.
    """
    if not isinstance(generator, Mapping):
        family = family_of(generator)
        return {each.name: family for each in layers}
    found: dict[str, Family] = {}
    for pattern, construction in generator.items():
        family = family_of(construction)
        for place in matching(pattern, layers, what="generator"):
            found.setdefault(layers[place].name, family)
    return found


def made(layer: Candidate, family: Family, count: int, *, rng: np.random.Generator | int | None) -> Junction:
    """A junction of the family with the number of edges nearest to `count`.

    Raises:
        TypeError: the family draws, and there is no `rng`.
        InfeasibleTopologyError: it cannot make a junction of these sizes.
    """
    O, I = layer.swap.weight(layer.module).shape
    if family.random and rng is None:
        raise TypeError(f"generator={family.name} draws at random: give rng=, a numpy.random.Generator or a seed.")
    near = family.nearest_edges(I, O, count)
    if not near:
        raise InfeasibleTopologyError(f"{family.name} can make no {I} x {O} junction, as layer {layer.name!r} needs.")
    chosen = min(near, key=lambda number: abs(number - count))
    return family.with_edges(I, O, chosen, rng=require_rng(0 if rng is None else rng))


def _as_tensor(values: Any) -> Tensor:
    import torch

    return torch.as_tensor(values)
