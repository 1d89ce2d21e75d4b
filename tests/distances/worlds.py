"""Networks to test on, and distances computed the slow and certain way."""

import itertools
import math

import gossamer as gs
from gossamer.distances import relabelled


def random_topology(widths, density, rng):
    return gs.Topology([gs.Bipartite.from_mask(rng.random((o, i)) < density) for i, o in itertools.pairwise(widths)])


def shuffled(topology, rng):
    """Hidden and output neurons in random order."""
    return relabelled(topology, [None, *(rng.permutation(width) for width in topology.widths[1:])])


def every_2x2():
    """The 16 graphs of a 2 x 2 junction."""
    return [gs.Topology([gs.Bipartite.from_mask([[n & 1, n >> 1 & 1], [n >> 2 & 1, n >> 3 & 1]])]) for n in range(16)]


def jaccard(a, b):
    """The definition, on masks (I,)."""
    union, shared = (a | b).sum(), (a & b).sum()
    return (union - shared) / union if union else 0.0


def layer_cost(a, b, before, after):
    """Sum of distances of matched neurons of masks (O, I)."""
    return math.fsum(jaccard(a[j], b[after[j]][list(before)]) for j in range(len(a)))


def every_match(topology):
    """Every relabelling of all hidden and output neurons: one tuple a layer, inputs first."""
    inputs = [tuple(range(topology.widths[0]))]
    return itertools.product(inputs, *(itertools.permutations(range(width)) for width in topology.widths[1:]))


def joint_minimum(a, b):
    """min over relabellings of the mean over layers of the mean distance, by trying them all."""
    masks = [(g.to_mask(), h.to_mask()) for g, h in zip(a, b, strict=True)]
    return min(
        math.fsum(layer_cost(*masks[k], orders[k], orders[k + 1]) / len(masks[k][0]) for k in range(len(masks)))
        / len(masks)
        for orders in every_match(a)
    )


def greedy_values(a, b):
    """Every vector of layer distances that some choice of optimal matches, layer by layer, can give."""
    masks = [(g.to_mask(), h.to_mask()) for g, h in zip(a, b, strict=True)]

    def follow(k, before):
        if k == len(masks):
            return {()}
        costs = {
            after: layer_cost(*masks[k], before, after) for after in itertools.permutations(range(len(masks[k][0])))
        }
        least = min(costs.values())
        best = [after for after, cost in costs.items() if cost < least + 1e-12]
        return {(round(least / len(masks[k][0]), 12), *rest) for after in best for rest in follow(k + 1, after)}

    return follow(0, tuple(range(a.widths[0])))
