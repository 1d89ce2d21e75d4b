"""Networks of nodes learn, close edges, and are put back to their best epoch."""

import numpy as np
import pytest
import torch

from gossamer.nn.attention import Alone, Edges, Gated, GraphNetwork, NodeFeatures
from gossamer.training.data.graphs import planted_strangers
from gossamer.training.nodes import NodeConfig, fit_nodes, open_edges

pytestmark = pytest.mark.usefixtures("one_thread")


def _trained(graph, penalty, seed=0):
    torch.manual_seed(seed)
    edges = Edges.of(graph.junction)
    model = GraphNetwork(edges, Gated(edges, 8), features=graph.features.shape[1], classes=2, hidden=8)
    return model, fit_nodes(model, graph, graph.splits[0], NodeConfig(epochs=150, penalty=penalty))


def test_more_penalty_closes_more_edges_and_noise_more_than_signal():
    graph = planted_strangers(noise=4.0, rng=np.random.default_rng(0))
    left = []
    for penalty in (0.0, 1e-2):
        model, found = _trained(graph, penalty)
        left.append(open_edges(model, graph))
    assert left[0].num_edges > left[1].num_edges
    kept = left[1].to_mask()[graph.junction.to_mask()]
    assert kept[graph.noise].mean() < kept[~graph.noise].mean()
    assert 0.5 < found.test <= 1 and found.epochs <= 150


def test_the_model_is_that_of_the_best_validation_accuracy():
    graph = planted_strangers(rng=np.random.default_rng(1))
    model, found = _trained(graph, 0.0)
    validation = graph.splits[0][1]
    with torch.no_grad():
        right = model.eval()(NodeFeatures.of(graph.features)).argmax(1).numpy()[validation] == graph.labels[validation]
    assert found.validation == pytest.approx(right.mean())


def test_a_network_that_sees_no_edges_uses_none():
    graph = planted_strangers(rng=np.random.default_rng(2))
    edges = Edges.of(graph.junction)
    assert open_edges(GraphNetwork(edges, Alone(), features=17, classes=2), graph).num_edges == 0


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"patience": 0}, {"rate": 2.0}, {"penalty": -1.0}])
def test_settings_that_train_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NodeConfig(**wrong)
