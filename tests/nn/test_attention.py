"""Networks of nodes against the fixture of the SGAT authors' code, and dense attention."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import nn

import gossamer as gs
from gossamer.nn import HardConcrete
from gossamer.nn.attention import Alone, Edges, Gated, GraphNetwork, NodeFeatures, Softmax

FIXTURE = Path(__file__).parents[2].parent / "shared" / "fixtures" / "probes" / "sgat.npz"
pytestmark = pytest.mark.usefixtures("one_thread")


def test_two_layers_of_the_authors_give_the_same():
    if not FIXTURE.exists():
        pytest.skip(f"the fixture is not at {FIXTURE}")
    with np.load(FIXTURE) as file:
        arrays = {name.removeprefix("state/gat_layers."): file[name] for name in file.files}
    junction = gs.Bipartite.from_edges(arrays["src"], arrays["dst"], in_features=12, out_features=12)
    edges = Edges.of(junction)
    model = GraphNetwork(edges, Gated(edges, 5), features=7, classes=3, hidden=5, heads=2).eval()
    with torch.no_grad():
        for mine, name in (
            (model.first, "0.fc.weight"),
            (model.second, "1.fc.weight"),
            (model.mixing.left, "0.attn_l"),
            (model.mixing.right, "0.attn_r"),
            (model.mixing.bias, "0.bias_l0"),
        ):
            mine.copy_(torch.from_numpy(arrays[name]).reshape(mine.shape))
        outputs, mixed = model.run(NodeFeatures.of(scipy.sparse.csr_array(arrays["X"])))
    np.testing.assert_allclose(outputs.numpy(), arrays["logits_eval"], atol=1e-6, rtol=1e-5)
    wanted = scipy.sparse.coo_array((arrays["edge_attention_eval"], (arrays["dst"], arrays["src"]))).toarray()
    np.testing.assert_allclose(mixed.weights[0].numpy(), wanted[edges.target, edges.source], atol=1e-6)
    assert int((mixed.weights > 0).sum()) == 58
    assert float(HardConcrete().open_probability(mixed.logits).sum()) == pytest.approx(55.40142822265625, rel=1e-6)


def _graph(rng, nodes=15):
    mask = np.triu(rng.random((nodes, nodes)) < 0.2, 1)
    return gs.Bipartite.from_mask(mask | mask.T)


def test_softmax_attention_is_that_of_dense_matrices():
    rng = np.random.default_rng(0)
    edges = Edges.of(_graph(rng))
    mixing = Softmax(edges, [(3, 4), (1, 2)])
    h = torch.randn(3, 4, 15) * 5
    weights = mixing(0, h, None).weights
    mask = np.eye(15, dtype=bool) | _graph(np.random.default_rng(0)).to_mask()
    for head in range(3):
        left, right = mixing.left[0][head] @ h[head], mixing.right[0][head] @ h[head]
        scores = nn.functional.leaky_relu(left[None, :] + right[:, None], 0.2)  # (target, source)
        wanted = torch.softmax(scores.masked_fill(~torch.from_numpy(mask), -torch.inf), 1)
        torch.testing.assert_close(weights[head], wanted[edges.target, edges.source])


def test_isolated_nodes_see_themselves_and_no_attention_is_a_perceptron():
    junction = gs.Bipartite.from_edges([0, 1], [1, 0], in_features=3, out_features=3)
    edges = Edges.of(junction)
    assert edges.structure.num_edges == 5
    x = NodeFeatures.of(scipy.sparse.csr_array(np.eye(3, 4)))
    for mixing in (Gated(edges, 6), Softmax(edges, [(2, 6), (1, 2)])):
        model = GraphNetwork(edges, mixing, features=4, classes=2, hidden=6).eval()
        alone = GraphNetwork(edges, Alone(), features=4, classes=2, hidden=6).eval()
        alone.first, alone.second = model.first, model.second
        torch.testing.assert_close(model(x)[2], alone(x)[2])
    dense = nn.functional.elu(torch.eye(3, 4) @ alone.first.T) @ alone.second.T
    torch.testing.assert_close(alone(x), dense)


def test_junctions_between_different_nodes_are_refused():
    with pytest.raises(ValueError, match="no graph"):
        Edges.of(gs.Bipartite.from_mask(np.ones((2, 3))))
