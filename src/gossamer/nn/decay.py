"""Which parameters weight decay is for."""

from __future__ import annotations

from typing import Any

from torch import nn

from gossamer.nn.layer import SparseLayer


def decay_groups(model: nn.Module, weight_decay: float, **options: Any) -> list[dict[str, Any]]:
    """Two groups of parameters for an optimiser: weights, with decay, and biases, gains and the like, without.

    A common rule tells them apart by `parameter.ndim >= 2`. Sparse weights are vectors (E,) and would be left out by
    it; here they count as what they are, weights of a matrix.

    Args:
        model: any module.
        weight_decay: of the first group.
        **options: other options of both groups, such as `lr`.

    Returns:
        What every optimiser of `torch.optim` takes for parameters; groups without parameters are left out.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 0], [1, 1]])]))
    >>> [(len(group["params"]), group["weight_decay"]) for group in decay_groups(model, 0.1)]
    [(1, 0.1), (1, 0.0)]
    """
    sparse = {id(layer.weight) for layer in model.modules() if isinstance(layer, SparseLayer)}
    decayed = [p for p in model.parameters() if p.ndim >= 2 or id(p) in sparse]
    chosen = {id(p) for p in decayed}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    groups = [(decayed, float(weight_decay)), (rest, 0.0)]
    return [{"params": found, "weight_decay": share, **options} for found, share in groups if found]
