"""Networks of one seed that start from the same dense weights."""

import numpy as np
import torch
from torch import nn

import gossamer as gs
from gossamer.generators import named
from gossamer.nn import Glorot, Masked
from gossamer.studies import Architecture
from gossamer.training.data import load


def dense_weights(network):
    """The layers' weights as (O, I) matrices, 0 where there is no edge."""
    for layer in network:
        if isinstance(layer, nn.Linear):
            yield layer.weight.detach().numpy()
        elif isinstance(layer, gs.nn.SparseLinear):
            junction = layer.topology()
            inputs, outputs = junction.edges()
            matrix = np.zeros((junction.out_features, junction.in_features), dtype=np.float32)
            matrix[outputs, inputs] = layer.weight.detach().numpy()
            yield matrix


def network(name, edges):
    family = None if name is None else named(name)
    data = load("digits")
    return Architecture(family, (32,), edges, nn.Sigmoid, Masked(Glorot(fan="dense"))).network(data, seed=3)


def test_live_edges_have_the_dense_networks_weights():
    full = list(dense_weights(network(None, (None, None))))
    for name in ("regular_random", "fibonacci", "erdos_renyi"):
        sparse = list(dense_weights(network(name, (64 * 4, 32 * 3))))
        assert [np.count_nonzero(matrix) for matrix in sparse] == [64 * 4, 32 * 3]
        for mine, whole in zip(sparse, full, strict=True):
            assert np.array_equal(mine[mine != 0], whole[mine != 0])


def test_the_variance_is_that_of_the_dense_shape():
    junction = named("regular_random").with_edges(300, 200, 300 * 20, rng=np.random.default_rng(0))
    weight = torch.empty(junction.num_edges)
    Masked(Glorot(fan="dense"))(weight, junction, torch.Generator().manual_seed(0))
    assert abs(weight.var().item() / (2 / 500) - 1) < 0.1


def test_runs_with_a_start_seed_begin_alike():
    data = load("digits")
    shared = Architecture(named("erdos_renyi"), (32,), (256, None), start_seed=7)
    own = Architecture(named("erdos_renyi"), (32,), (256, None))
    one, other, same = shared.network(data, seed=0), shared.network(data, seed=1), own.network(data, seed=7)
    assert gs.nn.topology_of(one) == gs.nn.topology_of(other) == gs.nn.topology_of(same)
    assert torch.equal(one[0].weight, other[0].weight) and torch.equal(one[0].weight, same[0].weight)
