"""What nnstd takes: topologies, masks, scipy matrices, models; unequal widths, weights; and what it refuses."""

import networkx
import numpy as np
import pytest
import scipy.sparse
import torch
from tests.distances.worlds import random_topology, shuffled

import gossamer as gs
from gossamer.distances import Exact, as_topology, nnstd, padded, relabelled, symmetric_nnstd
from gossamer.errors import InvalidTopologyError, TopologyFileError


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return [random_topology((6, 8, 7, 3), 0.4, rng) for _ in range(2)]


class Layer:
    def __init__(self, junction):
        self.junction = junction

    def topology(self):
        return self.junction


class Model:
    def __init__(self, topology):
        self.layers = [Layer(g) for g in topology]

    def modules(self):
        return [self, object(), *self.layers]


def test_every_way_to_give_a_network_gives_the_same(pair):
    expected = nnstd(*pair)
    for give in (
        list,
        lambda t: [g.to_mask() for g in t],
        lambda t: [g.to_mask().astype(float).tolist() for g in t],
        lambda t: [g.to_scipy() for g in t],
        lambda t: [scipy.sparse.coo_matrix(3.5 * g.to_mask()) for g in t],
        lambda t: [scipy.sparse.lil_array(3.5 * g.to_mask()) for g in t],
        lambda t: [torch.tensor(g.to_mask(), dtype=torch.bfloat16) for g in t],
        lambda t: [g.to_networkx() for g in t],
        lambda t: [Layer(g) for g in t],
        Model,
        Layer,
    ):
        d = nnstd(give(pair[0]), give(pair[1]))
        assert d.per_layer.tolist() == expected.per_layer.tolist()
        assert [m.tolist() for m in d.assignments] == [m.tolist() for m in expected.assignments]


def test_one_networkx_graph_is_one_junction():
    a, b = (gs.Bipartite.from_mask(mask) for mask in ([[1, 0], [1, 1]], [[1, 1], [0, 1]]))
    assert nnstd(a.to_networkx(), b.to_networkx()).mean == nnstd(a, b).mean
    with pytest.raises(InvalidTopologyError, match="bipartite=None"):
        nnstd(networkx.path_graph(3), a)


@pytest.mark.parametrize("mask", [np.eye(3), torch.eye(3), scipy.sparse.eye_array(3, format="csr")], ids=repr)
def test_one_matrix_is_no_list_of_layers(mask):
    with pytest.raises(TypeError, match=rf"network is one {type(mask).__name__} of shape \(3, 3\); give a list"):
        as_topology(mask)


def test_a_trained_model_is_compared_as_it_is(pair):
    nn = pytest.importorskip("gossamer.nn")
    models = [nn.mlp(t) for t in pair]
    assert nnstd(*models).mean == nnstd(*pair).mean
    weights = [
        [layer.weight.detach().numpy() for layer in model.modules() if hasattr(layer, "topology")] for model in models
    ]
    assert 0 < nnstd(*models, weights=weights).mean <= 1


def test_the_answer_lays_one_network_over_the_other(pair):
    d = nnstd(*pair)
    over = relabelled(pair[1], d.orders)
    for k, (g, h) in enumerate(zip(pair[0], over, strict=True)):
        x, y = g.to_mask(), h.to_mask()
        union = np.maximum((x | y).sum(1), 1)
        assert d.per_neuron[k] == pytest.approx((x ^ y).sum(1) / union)
        assert d.per_layer[k] == pytest.approx(d.per_neuron[k].mean())
        worst = d.changed_most(k, 2)
        assert sorted(d.per_neuron[k])[-2:] == sorted(d.per_neuron[k][worst])
    assert float(d) == d.mean
    assert d.orders[0] is None
    with pytest.raises(ValueError, match="layer=3"):
        d.changed_most(3, 1)


def test_nnstd_of_a_network_and_its_relabelling_is_zero_without_ties():
    rng = np.random.default_rng(0)
    t = random_topology((40, 30, 30, 5), 0.4, rng)
    twin = shuffled(t, rng)
    d = nnstd(t, twin)
    assert d.mean == 0
    assert relabelled(twin, d.orders) == t


def test_unequal_widths_by_neurons_without_edges():
    a, b = [np.ones((2, 3)), np.ones((1, 2))], [np.ones((4, 3)), np.ones((1, 4))]
    with pytest.raises(InvalidTopologyError, match=r"layer 1 has 2 neurons .* and 4 in .*padded"):
        nnstd(a, b)
    d = nnstd(*padded(a, b))
    # two of four neurons are matched to equals, two to nothing; the output reads 2 of the other's 4 inputs
    assert d.per_layer.tolist() == [0.5, 0.5]
    assert nnstd(*padded(b, a)).mean == d.mean
    assert nnstd(*padded(a, b), solver=Exact()).per_layer.tolist() == [0.5, 0.5]
    assert padded(a, a)[0] == as_topology(a)
    assert [t.widths for t in padded([np.ones((2, 5))], [np.ones((3, 4))])] == [(5, 3), (5, 3)]
    assert symmetric_nnstd(*padded(a, b)).mean <= d.mean
    with pytest.raises(InvalidTopologyError, match="2 and 1 junctions; padding makes widths equal"):
        padded(a, b[:1])


def test_weights_of_ones_change_nothing_and_others_count_by_size(pair):
    ones = [[np.ones(g.num_edges) for g in t] for t in pair]
    assert nnstd(*pair, weights=ones).per_layer == pytest.approx(nnstd(*pair).per_layer, abs=1e-12)
    a = [[[1, 1]]]
    assert nnstd(a, a, weights=([[1.0, 2.0]], [[-1.0, 1.0]])).mean == pytest.approx(1 / 3)
    assert nnstd(a, a, weights=([[0.0, 2.0]], [[1.0, 0.0]])).mean == 1
    assert nnstd(a, a, weights=([[0.0, 0.0]], [[0.0, 0.0]])).mean == 0
    scaled = [[3.0 * w for w in half] for half in ones]
    assert nnstd(*pair, weights=scaled).mean == pytest.approx(nnstd(*pair).mean, abs=1e-12)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (([[1.0]], [[1.0, 1.0]]), r"weights has shape \(1,\)"),
        (([[1.0, float("nan")]], [[1.0, 1.0]]), r"weights\[1\]=nan"),
        (([[1.0, float("inf")]], [[1.0, 1.0]]), r"weights\[1\]=inf"),
        (([], [[1.0, 1.0]]), "0 arrays; the topology has 1 junctions"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(InvalidTopologyError, match=message):
        nnstd([[[1, 1]]], [[[1, 1]]], weights=weights)


def test_empty_layers_and_single_neurons():
    empty, full, one = [np.zeros((3, 4))], [np.ones((3, 4))], [np.ones((1, 1))]
    assert nnstd(empty, empty).mean == 0
    assert nnstd(empty, full).mean == nnstd(full, empty).mean == 1
    assert nnstd(full, full).mean == nnstd(one, one).mean == 0
    for solver in (None, Exact()):
        assert nnstd(empty, full, solver=solver).mean == 1


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ([[[0, 2]]], InvalidTopologyError, r"mask\[0, 1\]=2"),
        ([[[0.0, float("nan")]]], InvalidTopologyError, r"mask\[0, 1\]=nan"),
        ([], InvalidTopologyError, "layers is empty"),
        ([np.ones((2, 2)), np.ones((2, 3))], InvalidTopologyError, "must be equal"),
        ([scipy.sparse.csr_array([[np.inf, 1.0]])], InvalidTopologyError, "layer 0 is a sparse matrix with values"),
        (np.ones((2, 2)), TypeError, "give a list of masks"),
        ("network.safetensors", TypeError, "network is str"),
        (7, TypeError, "network is int"),
        ([np.ones(3)], InvalidTopologyError, r"shape \(3,\)"),
        (Model([]), TypeError, "no module of the Model has a topology"),
    ],
)
def test_what_is_no_network_is_refused(bad, error, message):
    with pytest.raises(error, match=message):
        nnstd(bad, bad)


def test_depths_must_agree(pair):
    with pytest.raises(InvalidTopologyError, match="3 and 2 junctions"):
        nnstd(pair[0], gs.Topology(pair[1].layers[:2]))


def test_a_file_that_is_no_topology_is_refused(tmp_path):
    (tmp_path / "t").write_bytes(b"nothing")
    with pytest.raises(TopologyFileError):
        nnstd(gs.Topology.load(tmp_path / "t"), [[[1]]])


@pytest.mark.parametrize("orders", [[None], [None, [0, 0]], [None, [0, 1, 2]], [[5, 6], None]])
def test_orders_must_be_permutations(orders):
    with pytest.raises(InvalidTopologyError, match="order"):
        relabelled(as_topology([np.ones((2, 2))]), orders)


@pytest.mark.parametrize("weights", [torch.ones(2, 3), {"a": 1}, np.ones(3), (np.ones(3),)], ids=repr)
def test_weights_come_as_a_pair_of_lists(pair, weights):
    with pytest.raises(TypeError, match=rf"weights is {type(weights).__name__}; a pair is needed"):
        nnstd(*pair, weights=weights)
    with pytest.raises(TypeError, match="one a layer, not int"):
        nnstd(*pair, weights=(5, 5))
