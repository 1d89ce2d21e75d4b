"""Orders of neurons: relabelled topologies are isomorphic, and shuffled local ones are put in order again."""

import networkx
import numpy as np
import pytest

import gossamer as gs
from gossamer.topology.order import in_near_order, near_orders, relabelled


def local(width, reach):
    """Each output reads the inputs around it."""
    far = np.abs(np.arange(width)[:, None] - np.arange(width)[None, :])
    return gs.Bipartite.from_mask(far <= reach)


def spread(junction):
    """The largest distance between an output and one of its inputs."""
    inputs, outputs = junction.edges()
    return int(np.abs(inputs - outputs).max())


def shuffled(topology, seed):
    rng = np.random.default_rng(seed)
    return relabelled(topology, [rng.permutation(width) for width in topology.widths])


@pytest.mark.parametrize("seed", range(3))
def test_relabelled_topologies_are_isomorphic(seed):
    t = gs.Topology([gs.generators.erdos_renyi(6, 7, 15, rng=seed), gs.generators.erdos_renyi(7, 5, 12, rng=seed + 9)])
    for other in (shuffled(t, seed), in_near_order(t)):
        assert other.widths == t.widths
        same_layer = networkx.algorithms.isomorphism.categorical_node_match("layer", None)
        assert networkx.is_isomorphic(t.to_networkx(), other.to_networkx(), node_match=same_layer)


def test_neurons_go_where_they_are_said_to():
    g = gs.generators.erdos_renyi(6, 7, 15, rng=0)
    before, after = np.random.default_rng(0).permutation(6), np.random.default_rng(1).permutation(7)
    (moved,) = relabelled(gs.Topology([g]), (before, after)).layers
    assert np.array_equal(moved.to_mask(), g.to_mask()[after][:, before])


def test_orders_are_undone_by_their_inverses():
    t = gs.Topology([gs.generators.grouped(gs.generators.constant_fan_in, 9, 8, 3, group=4, rng=0)])
    orders = [np.random.default_rng(0).permutation(width) for width in t.widths]
    assert relabelled(relabelled(t, orders), [np.argsort(order) for order in orders]) == t


def test_shuffled_local_junctions_are_put_in_order_again():
    t = shuffled(gs.Topology([local(400, 3), local(400, 3)]), 0)
    assert all(spread(junction) > 200 for junction in t.layers)
    again = relabelled(t, near_orders(t))
    assert all(spread(junction) <= 24 for junction in again.layers)


def test_inputs_and_outputs_stay():
    t = gs.Topology([gs.generators.erdos_renyi(8, 20, 40, rng=0), gs.generators.erdos_renyi(20, 6, 30, rng=1)])
    other = in_near_order(t)
    paths, same = (b.to_mask().astype(int) @ a.to_mask() for a, b in (t.layers, other.layers))
    assert np.array_equal(paths, same)


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ([[0, 1]], "1 orders are given; 2 layers"),
        ([[0, 1], [0, 0, 1]], r"orders\[1\] is no permutation of the 3 neurons"),
        ([[0, 2], [0, 1, 2]], r"orders\[0\] is no permutation of the 2 neurons"),
        ([[0, 1, 2], [0, 1, 2]], r"orders\[0\] is no permutation"),
    ],
)
def test_orders_that_are_none(orders, words):
    with pytest.raises(ValueError, match=words):
        relabelled(gs.Topology([gs.generators.dense(2, 3)]), orders)
