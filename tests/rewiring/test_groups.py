"""Rules on groups of edges, against sums over the blocks of dense matrices."""

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer import rewiring as rw
from gossamer.rewiring.groups import common_group, contracted, edges_of_groups
from gossamer.rewiring.missing import MissingGradient
from gossamer.rewiring.view import LayerView

G = 4


def layer(rng, inputs=11, outputs=24):
    junction = gs.generators.grouped(gs.generators.erdos_renyi, inputs, outputs, 20, group=G, rng=rng)
    weight = rng.standard_normal(junction.num_edges)
    x, dz = torch.from_numpy(rng.standard_normal((9, inputs))), torch.from_numpy(rng.standard_normal((9, outputs)))
    view = LayerView.of(
        "layer", junction, weight, gradient=rng.standard_normal(len(weight)), missing=MissingGradient([(0, x, dz)])
    )
    return junction, view, (dz.T @ x).numpy()


def blocks(dense):
    return np.abs(dense).reshape(-1, G, dense.shape[1]).sum(1)


@pytest.mark.parametrize("seed", range(5))
def test_groups_and_their_sums(seed):
    junction, view, gradient = layer(np.random.default_rng(seed))
    assert common_group(view) % G == 0
    small = contracted(view, G)
    assert small.junction() == junction.base
    for values, total in ((view.weight, small.weight), (view.gradient, small.gradient)):
        assert np.allclose(blocks(junction.to_scipy(values).toarray())[junction.base.to_mask()], total)
    assert np.array_equal(np.sort(edges_of_groups(view, G).ravel()), np.arange(view.num_edges))
    found = np.concatenate([scores.numpy() for _, scores in small.missing.scores(small.keys)])
    np.testing.assert_allclose(found[~junction.base.to_mask()], blocks(gradient)[~junction.base.to_mask()])


@pytest.mark.parametrize("seed", range(5))
def test_rigl_moves_the_groups_that_dense_blocks_say(seed):
    rng = np.random.default_rng(seed)
    junction, view, gradient = layer(rng)
    rule = rw.in_groups(rw.Rewire(rw.DropSmallest(), rw.GrowGradient(), lambda step: 0.3, lambda step: True))
    kept = rule.drop(view, 0.3, rng=rng)
    grown = rule.grow(view, kept, view.num_edges - int(kept.sum()), rng=rng)
    live = junction.base.to_mask()
    size = np.where(live, blocks(junction.to_scipy(view.weight).toarray()), np.inf)
    gone = np.argsort(size, axis=None)[: int(0.3 * live.sum())]
    expected = live.copy()
    expected.flat[gone] = False
    assert np.array_equal(junction.to_scipy(kept.astype(float)).toarray() > 0, np.repeat(expected, G, 0))
    score = np.where(expected, -np.inf, blocks(gradient))
    new = np.zeros_like(live)
    new.flat[np.argsort(-score, axis=None)[: len(gone)]] = True
    mask = np.zeros((24, 11), dtype=bool)
    mask.flat[grown] = True
    assert np.array_equal(mask, np.repeat(new, G, 0))


@pytest.mark.parametrize("name", ["rigl_in_groups", "sparse_evolutionary_in_groups"])
def test_topologies_stay_grouped_while_they_learn(name):
    rng = np.random.default_rng(0)
    make = gs.generators.GENERATORS["grouped_8"]
    model = gs.nn.mlp(gs.generators.layered((30, 32, 10), make, (6, 6), rng=rng))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, 0.9)
    rewirer = rw.Rewirer(model, optimizer, rw.RULES[name](every=2, until=20), rng=rng)
    before = [each.topology() for each in model if isinstance(each, gs.nn.SparseLinear)]
    x, labels = torch.randn(40, 30), torch.randint(10, (40,))
    for _ in range(12):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        rewirer.step()
    after = [each.topology() for each in model if isinstance(each, gs.nn.SparseLinear)]
    for old, new, group in zip(before, after, (8, 5), strict=True):
        assert new != old
        assert new.num_edges == old.num_edges
        assert gs.topology.compact(new).group[0] % group == 0
        assert new.group == (group, 1)


def test_layers_without_groups_are_rewired_edge_by_edge():
    rng = np.random.default_rng(0)
    junction = gs.generators.erdos_renyi(20, 12, 60, rng=rng)
    view = LayerView.of("layer", junction, rng.standard_normal(60))
    assert common_group(view) == 1
    rule = rw.rigl(every=2, until=20)
    kept = rw.in_groups(rule).drop(view, 0.3, rng=rng)
    assert np.array_equal(kept, rule.drop(view, 0.3, rng=rng))


def test_rules_that_cannot_keep_groups_are_refused_by_name():
    with pytest.raises(TypeError, match="Static cannot keep groups"):
        rw.in_groups(rw.static())
    with pytest.raises(ValueError, match="cannot keep groups"):
        rw.in_groups(rw.granet(initial=0.5, final=0.9, every=2, until=10))
