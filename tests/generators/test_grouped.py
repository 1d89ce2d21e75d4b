"""Any generator over groups: blow-ups and lifts, with exact edge counts."""

import numpy as np
import pytest

import gossamer as gs
from gossamer.errors import InfeasibleTopologyError
from gossamer.generators import GENERATORS, constant_fan_in, erdos_renyi, fibonacci, grouped, regular_random


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("group", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("input_group", [1, 2, 5])
def test_it_is_the_generator_s_junction_between_groups(group, input_group):
    I, O = 40, 48
    for generator, third in ((constant_fan_in, 5), (regular_random, 2), (erdos_renyi, 11)):
        base = generator(I // input_group, O // group, third, rng=rng())
        g = grouped(generator, I, O, third, group=group, input_group=input_group, rng=rng())
        assert (g.in_features, g.out_features) == (I, O)
        assert np.array_equal(g.to_mask(), np.kron(base.to_mask(), np.ones((group, input_group))).astype(bool))
        assert g.num_edges == base.num_edges * group * input_group


def test_generators_that_draw_nothing():
    g = grouped(fibonacci, 30, 40, 3, group=4)
    assert g.base == fibonacci(30, 10, 3)
    assert grouped(GENERATORS["fibonacci"], 30, 40, 3, group=4, rng=rng()) == g


def test_a_twist_puts_a_permutation_into_every_block():
    base = constant_fan_in(8, 6, 3, rng=rng())
    g = grouped(constant_fan_in, 32, 24, 3, group=4, twist=True, rng=rng())
    blocks = g.to_mask().reshape(6, 4, 8, 4).transpose(0, 2, 1, 3)
    assert g.num_edges == base.num_edges * 4
    assert np.array_equal(blocks.any((2, 3)), base.to_mask())
    for block in blocks[base.to_mask()]:
        assert np.array_equal(block.sum(0), np.ones(4))
        assert np.array_equal(block.sum(1), np.ones(4))
    assert any(not np.array_equal(block, blocks[base.to_mask()][0]) for block in blocks[base.to_mask()])


def test_singular_values_of_a_lift_hold_those_of_its_base():
    base = constant_fan_in(8, 6, 3, rng=rng())
    lift = grouped(constant_fan_in, 16, 12, 3, group=2, twist=True, rng=rng())
    found = np.linalg.svd(lift.to_mask().astype(float), compute_uv=False)
    for value in np.linalg.svd(base.to_mask().astype(float), compute_uv=False):
        assert np.abs(found - value).min() < 1e-12


def test_what_is_refused():
    for arguments, message in (
        ({"group": 7}, "group=7 does not divide out_features=48"),
        ({"group": 0}, "group=0"),
        ({"input_group": 3}, "input_group=3 does not divide in_features=40"),
        ({"input_group": 0}, "input_group=0"),
        ({"group": 8, "input_group": 4, "twist": True}, "differ"),
        ({"group": 16, "twist": True}, "input_group=16 does not divide in_features=40"),
    ):
        with pytest.raises(ValueError, match=message):
            grouped(constant_fan_in, 40, 48, 3, rng=rng(), **arguments)
    with pytest.raises(InfeasibleTopologyError, match="fan_in=41"):
        grouped(constant_fan_in, 40, 48, 41, rng=rng())
    with pytest.raises(TypeError, match="rng"):
        grouped(constant_fan_in, 40, 48, 3)


@pytest.mark.parametrize("name", ["grouped_8", "twisted_8"])
def test_names_take_the_largest_group_that_fits(name):
    g = GENERATORS[name](40, 48, 4, rng=rng())
    assert (g.fan_in == 4).all()
    if name == "grouped_8":
        assert g.group == (8, 1)
        assert GENERATORS[name](40, 10, 4, rng=rng()).group == (5, 1)
    topology = gs.generators.layered((40, 48, 10), GENERATORS[name], (4, None), rng=rng())
    assert topology.layers[1].density == 1
