"""The published criteria, each from a dense model to a topology."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gossamer.errors import Rng, require_fraction, require_int, require_rng
from gossamer.generators import budgets
from gossamer.generators import erdos_renyi as random_junction
from gossamer.pruning.keep import Masks, keep_together, normalised, topology_of
from gossamer.pruning.layers import dense_layers
from gossamer.pruning.scores import Loss, Scores, grasp_scores, magnitude_scores, snip_scores, synflow_scores
from gossamer.topology import Topology

Budget = Callable[[Sequence[int], float], tuple[int, ...]]


def magnitude(model: nn.Module, density: float = 0.1) -> Topology:
    """Keep the largest |w| of all layers together.

    Args:
        model: its `nn.Linear` layers follow one another.
        density: edges over places of all layers, 0 to 1.

    Raises:
        InfeasibleTopologyError: a layer would lose all its edges.
        InvalidTopologyError: layers whose widths do not fit; use `masks` of `magnitude_scores(model)` there.

    >>> model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4))
    >>> magnitude(model, density=0.5).num_edges
    36
    """
    return topology_of(keep_together(magnitude_scores(model), density))


def snip(model: nn.Module, inputs: Tensor, targets: Tensor, loss: Loss, *, density: float = 0.1) -> Topology:
    """Keep the largest |w dL/dw| of all layers together.

    Args:
        model: its `nn.Linear` layers follow one another.
        inputs: a batch.
        targets: its targets.
        loss: of outputs and targets, a number.
        density: edges over places of all layers, 0 to 1.

    Raises:
        InfeasibleTopologyError: a layer would lose all its edges.

    References:
        Lee, Ajanthan, Torr, "SNIP", ICLR 2019.

    >>> model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
    >>> x, y = torch.randn(16, 8), torch.randint(3, (16,))
    >>> snip(model, x, y, nn.functional.cross_entropy, density=0.5).num_edges
    33
    """
    return topology_of(keep_together(normalised(snip_scores(model, inputs, targets, loss)), density))


def grasp(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    loss: Loss,
    *,
    density: float = 0.1,
    temperature: float = 200.0,
) -> Topology:
    """Keep the connections whose removal would lower the gradient's norm most: the largest w Hg.

    Args:
        model: its `nn.Linear` layers follow one another; twice differentiable.
        inputs: a batch.
        targets: its targets.
        loss: of outputs and targets, a number.
        density: edges over places of all layers, 0 to 1.
        temperature: what outputs are divided by, as in the authors' code.

    Raises:
        InfeasibleTopologyError: a layer would lose all its edges.

    References:
        Wang, Zhang, Grosse, "Picking Winning Tickets Before Training by Preserving Gradient Flow" (GraSP), ICLR 2020.

    >>> model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
    >>> x, y = torch.randn(30, 8), torch.arange(30) % 3
    >>> grasp(model, x, y, nn.functional.cross_entropy, density=0.5).num_edges
    33
    """
    return topology_of(
        keep_together(normalised(grasp_scores(model, inputs, targets, loss, temperature=temperature)), density)
    )


def synflow(model: nn.Module, *, density: float = 0.1, rounds: int = 100, example: Tensor | None = None) -> Topology:
    """Keep the connections that carry most synaptic flow, pruning a little at a time; needs no data.

    Args:
        model: its `nn.Linear` layers follow one another.
        density: edges over places of all layers, 0 to 1; round k keeps density^(k / rounds).
        rounds: at least 1; published: 100.
        example: one input, (1, ...), whose shape counts; if None, (1, I) of the first `nn.Linear`.

    Raises:
        InfeasibleTopologyError: a layer would lose all its edges.

    References:
        Tanaka, Kunin, Yamins, Ganguli, "Pruning neural networks without any data by iteratively conserving synaptic
        flow", NeurIPS 2020, Algorithm 1.

    >>> synflow(nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)), density=0.5).num_edges
    33
    """
    return topology_of(synflow_masks(model, density=density, rounds=rounds, example=example))


def synflow_masks(model: nn.Module, *, density: float = 0.1, rounds: int = 100, example: Tensor | None = None) -> Masks:
    """What `synflow` keeps, as masks (O, I) by name: for any model with `nn.Linear` layers.

    >>> sum(int(mask.sum()) for mask in synflow_masks(nn.Linear(8, 6), density=0.25).values())
    12
    """
    require_fraction("density", density)
    first = next(iter(dense_layers(model).values()))
    shape = torch.ones(1, first.in_features) if example is None else example[:1]
    masks: Masks = {}
    for number in range(1, require_int("rounds", rounds, low=1) + 1):
        scores = synflow_scores(model, shape, masks)
        alive = {
            name: each.cpu().masked_fill(~masks[name], -torch.inf) if masks else each for name, each in scores.items()
        }
        masks = keep_together(alive, density ** (number / rounds))
    return masks


def random(
    widths: Sequence[int],
    *,
    density: float = 0.1,
    budget: Budget = budgets.erdos_renyi_kernel,
    rng: Rng,
) -> Topology:
    """Keep uniformly random connections, with a budget for every layer.

    Args:
        widths: neurons of each layer, input first.
        density: edges over places of all layers, 0 to 1.
        budget: `budgets.uniform`, `.erdos_renyi`, `.erdos_renyi_kernel` or another.
        rng: where the edges are drawn.

    References:
        Evci et al., "Rigging the Lottery", ICML 2020 (the budgets); Liu et al., "The Unreasonable Effectiveness of
        Random Pruning", ICLR 2022.

    >>> import numpy as np
    >>> random((784, 300, 10), rng=np.random.default_rng(0)).num_edges
    23820
    """
    rng = require_rng(rng)
    counts = budget(widths, require_fraction("density", density))
    pairs = zip(widths[:-1], widths[1:], counts, strict=True)
    return Topology(random_junction(I, O, count, rng=rng) for I, O, count in pairs)


def masks(scores: Scores, density: float) -> Masks:
    """Keep the largest scores of all layers together: for any model with `nn.Linear` layers, chained or not.

    Args:
        scores: what `magnitude_scores`, `snip_scores` or `grasp_scores` answered.
        density: 0 to 1.

    Returns:
        Masks (O, I) by name; `junctions_of` makes junctions of them, and `gossamer.nn.sparsify` a sparse model.

    Raises:
        InfeasibleTopologyError: a layer would lose all its edges.
    """
    return keep_together(normalised(scores), density)
