"""Inputs dealt out evenly: to outputs, and to groups of outputs."""

import numpy as np
import pytest

import gossamer as gs
from gossamer.cli import main
from gossamer.errors import InfeasibleTopologyError
from gossamer.generators import GENERATORS, grouped, near_biregular

SIZES = [(48, 8, 5), (7, 20, 6), (30, 9, 30), (100, 3, 8), (5, 1000, 2), (1, 3, 1), (64, 64, 8)]


def dealt_one_by_one(I, O, k, rng):
    """The definition: an output takes the next k cards; a new pack is shuffled when there are fewer."""
    deck, rows = [], []
    for _ in range(O):
        if len(deck) < k:
            fresh = rng.permutation(I).tolist()
            deck = deck + [i for i in fresh if i not in deck] + [i for i in fresh if i in deck]
        rows.append(sorted(deck[:k]))
        deck = deck[k:]
    return np.array(rows)


@pytest.mark.parametrize(("inputs", "outputs", "fan_in"), SIZES)
def test_inputs_are_read_as_evenly_as_counts_allow(inputs, outputs, fan_in):
    for seed in range(20):
        g = near_biregular(inputs, outputs, fan_in, rng=np.random.default_rng(seed))
        assert g.num_edges == outputs * fan_in
        assert set(g.to_mask().sum(1).tolist()) == {fan_in}  # no input twice in a row
        low = outputs * fan_in // inputs
        assert set(g.to_mask().sum(0).tolist()) <= {low, low + 1}


@pytest.mark.parametrize(("inputs", "outputs", "fan_in"), SIZES)
def test_it_is_what_dealing_card_by_card_makes(inputs, outputs, fan_in):
    g = near_biregular(inputs, outputs, fan_in, rng=np.random.default_rng(5))
    assert np.array_equal(
        g.indices.reshape(outputs, fan_in), dealt_one_by_one(inputs, outputs, fan_in, np.random.default_rng(5))
    )


def test_every_pair_is_equally_likely():
    masks = [near_biregular(5, 7, 3, rng=np.random.default_rng(seed)).to_mask() for seed in range(4000)]
    share = np.mean(masks, axis=0)
    assert np.abs(share - 3 / 5).max() < 5 * np.sqrt(0.6 * 0.4 / 4000)


@pytest.mark.parametrize("group", [2, 4, 8, 16])
@pytest.mark.parametrize("fan_in", [3, 8, 40])
def test_groups_read_every_input_equally_often_or_once_more(group, fan_in):
    g = GENERATORS[f"grouped_even_{group}"](100, 48, fan_in, rng=np.random.default_rng(0))
    assert g.group == (group, 1) and g.num_edges == 48 * fan_in
    reads = g.to_mask().sum(0) // group
    low = 48 // group * fan_in // 100
    assert set(reads.tolist()) <= {low, low + 1}
    assert g == grouped(near_biregular, 100, 48, fan_in, group=group, rng=np.random.default_rng(0))
    assert g.base == near_biregular(100, 48 // group, fan_in, rng=np.random.default_rng(0))


def test_what_is_refused():
    with pytest.raises(InfeasibleTopologyError, match="fan_in=41 exceeds the 40 inputs"):
        near_biregular(40, 48, 41, rng=0)
    with pytest.raises(ValueError, match="fan_in=0"):
        near_biregular(40, 48, 0, rng=0)
    with pytest.raises(TypeError, match="fan_in"):
        near_biregular(40, 48, 2.5, rng=0)
    with pytest.raises(ValueError, match="group=7 does not divide out_features=48"):
        grouped(near_biregular, 40, 48, 3, group=7, rng=0)


def test_the_command_line_and_networks_know_the_name(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["topology", "grouped_even_4", "--inputs", "48", "--outputs", "48", "--degree", "4"])
    assert "4 to 4, mean 4" in capsys.readouterr().out
    t = gs.generators.layered((48, 48, 10), GENERATORS["grouped_even_4"], (4, None), rng=0)
    assert t.layers[0].group == (4, 1)
    assert set(t.layers[0].fan_out.tolist()) == {4}
