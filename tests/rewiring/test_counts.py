"""Edge counts are exact integers."""

import numpy as np
import pytest

from gossamer import rewiring as rw

from .families import OPTIMIZERS, RULES, network_for, rotated_network, sparse_layers, train

KEEPS_EACH = [
    "static",
    "sparse_evolutionary",
    "sparse_evolutionary_scipy",
    "rigl",
    "in_time",
    "in_time_gradient",
    "mest",
    "cht",
    "chts",
    "deep_rewiring",
    "diagonals",
]


def start(rule, seed=0):
    model = network_for(rule, seed=seed)
    optimizer = OPTIMIZERS["sgd"](model.parameters())
    return model, optimizer, rw.Rewirer(model, optimizer, RULES[rule](), rng=np.random.default_rng(3))


def counts(model):
    return [layer.topology().num_edges for layer in sparse_layers(model).values()]


@pytest.mark.parametrize("rule", KEEPS_EACH)
@pytest.mark.parametrize("seed", range(3))
def test_every_layer_keeps_its_count(rule, seed):
    model, optimizer, rewirer = start(rule, seed)
    before = counts(model)
    for answer in train(model, optimizer, rewirer, 8):
        if answer is not None:
            assert answer.removed == answer.added
            assert answer.edges == sum(before)
    assert counts(model) == before


def test_sparse_momentum_keeps_the_total_and_moves_edges_between_layers():
    model, optimizer, rewirer = start("sparse_momentum")
    before = counts(model)
    train(model, optimizer, rewirer, 12)
    assert sum(counts(model)) == sum(before)
    assert counts(model) != before


def test_gradual_rules_meet_their_cubic():
    for rule in ("gradual_magnitude", "granet"):
        model, optimizer, rewirer = start(rule)
        places = 13 * 17 + 17 * 11 + 11 * 5
        for step, answer in enumerate(train(model, optimizer, rewirer, 44), start=1):
            if answer is not None:
                sparsity = 0.9 - 0.2 * (1 - step / 40) ** 3
                assert answer.edges == round((1 - sparsity) * places)
        assert sum(counts(model)) == round(0.1 * places)


def test_soft_mest_returns_to_where_it_began():
    model, optimizer, rewirer = start("mest_soft")
    before = counts(model)
    train(model, optimizer, rewirer, 2)
    assert counts(model) == [count + int(0.3 * (1 - 2 / 40) * count) for count in before]
    train(model, optimizer, rewirer, 40, first=2)
    assert counts(model) == before


def test_chtss_lowers_every_layer_by_one_factor():
    model, optimizer, rewirer = start("chtss")
    before = counts(model)
    train(model, optimizer, rewirer, 42)
    assert counts(model) == [max(1, round(count * (1 - 0.9) / (1 - 0.7))) for count in before]


def test_structured_rigl_keeps_one_fan_in():
    model, optimizer, rewirer = start("srigl")
    before = counts(model)
    train(model, optimizer, rewirer, 8)
    for budget, layer in zip(before, sparse_layers(model).values(), strict=True):
        fan_in = layer.topology().fan_in
        alive = fan_in[fan_in > 0]
        assert set(alive) == {budget // len(alive)}


def test_lottery_rounds_prune_a_share_of_what_is_left():
    model, optimizer, rewirer = start("lottery_ticket")
    left = sum(counts(model))
    for _ in range(3):
        train(model, optimizer, rewirer, 2)
        left -= int(0.2 * left)
        assert sum(counts(model)) == left


def test_diagonals_stay_whole():
    model = rotated_network()
    optimizer = OPTIMIZERS["adam"](model.parameters())
    rewirer = rw.Rewirer(model, optimizer, RULES["diagonals"]())
    before = [layer.topology() for layer in sparse_layers(model).values()]
    train(model, optimizer, rewirer, 6)
    after = [layer.topology() for layer in sparse_layers(model).values()]
    assert all(type(old) is type(new) for old, new in zip(before, after, strict=True))
    assert [len(g.offsets) for g in after] == [len(g.offsets) for g in before]
    assert after[0] != before[0]


def test_explored_counts_every_place_that_ever_held_an_edge():
    model, optimizer, rewirer = start("sparse_evolutionary")
    seen = [layer.topology().to_mask() for layer in sparse_layers(model).values()]
    for number in range(10):
        train(model, optimizer, rewirer, 1, first=number)
        seen = [
            old | layer.topology().to_mask() for old, layer in zip(seen, sparse_layers(model).values(), strict=True)
        ]
    assert rewirer.explored == sum(int(mask.sum()) for mask in seen) / sum(mask.size for mask in seen)
    assert rewirer.explored > 1 - rewirer.sparsity
