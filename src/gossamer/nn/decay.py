"""Which parameters weight decay is for, and at which rates sparse ones learn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from gossamer.nn.layer import SparseLayer


def decay_groups(
    model: nn.Module, weight_decay: float, *, by_density: float = 0.0, **options: Any
) -> list[dict[str, Any]]:
    """Groups of parameters for an optimiser: weights, with decay, and biases, gains and the like, without.

    A common rule tells them apart by `parameter.ndim >= 2`. Sparse weights are vectors (E,) and would be left out by
    it; here they count as what they are, weights of a matrix.

    An output of a sparse layer sums fewer inputs, so that a step of Adam's, of the same size for every weight, moves it
    less than a dense one's. `by_density` makes up for that: a layer of density ρ learns at lr · ρ^-by_density, and
    decays by as much a step as the others (decay that is multiplied by the rate, as AdamW's and SGD's is).

    Args:
        model: any module.
        weight_decay: of the weights.
        by_density: 0 leaves one rate for all; 1 is the rule of Dey et al. for Adam, which keeps what a step changes
            of an output as it is in a dense layer.
        **options: other options of all groups, such as `lr`, which `by_density` needs.

    Returns:
        What every optimiser of `torch.optim` takes for parameters; groups without parameters are left out.

    Raises:
        ValueError: `by_density` is no finite number, or is given without `lr`.

    References:
        Dey, Bergsma, Hestness, "Sparse maximal update parameterization: A holistic approach to sparse training
        dynamics", NeurIPS 2024.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 0], [1, 1]])]))
    >>> [(len(group["params"]), group["weight_decay"]) for group in decay_groups(model, 0.1)]
    [(1, 0.1), (1, 0.0)]
    """
    if not math.isfinite(by_density):
        raise ValueError(f"by_density={by_density} must be finite; 0 to 1 make sense.")
    if by_density and "lr" not in options:
        raise ValueError(f"by_density={by_density} multiplies a rate: give lr=, too.")
    factors = _factors(model, by_density)
    rest = [p for p in model.parameters() if p.ndim < 2 and id(p) not in factors]
    decayed: dict[float, list[nn.Parameter]] = {}
    for p in model.parameters():
        if p.ndim >= 2 or id(p) in factors:
            decayed.setdefault(factors.get(id(p), 1.0), []).append(p)
    groups = [_group(found, float(weight_decay), factor, options) for factor, found in decayed.items()]
    return [*groups, *([_group(rest, 0.0, 1.0, options)] if rest else [])]


def _factors(model: nn.Module, power: float) -> dict[int, float]:
    """Of the rates of sparse weights, by the parameters' ids."""
    layers = [module for module in model.modules() if isinstance(module, SparseLayer)]
    return {id(layer.weight): (layer.places / max(1, layer.weight.numel())) ** power for layer in layers}


def _group(
    found: Sequence[nn.Parameter], weight_decay: float, factor: float, options: Mapping[str, Any]
) -> dict[str, Any]:
    scaled = {"lr": options["lr"] * factor} if factor != 1 else {}
    return {"params": list(found), "weight_decay": weight_decay / factor, **options, **scaled}
