"""Probes as measures: their values by hand, and studies that take them."""

import math

import numpy as np
import pytest

import gossamer as gs
from gossamer.probes.measures import MEASURES
from gossamer.studies.measures import known_measures

FULL = gs.Topology([gs.Bipartite.from_mask(np.ones((2, 3))), gs.Bipartite.from_mask(np.ones((1, 2)))])
WEIGHTS = [np.array([3.0, 2.0, 0.5, 0.1, 1.0, 1.0]), np.array([2.0, 1.0])]  # NID: 4.1, 2.0, 1.1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("disconnected_features", 0),
        ("interaction_concentration", 4.1 / 7.2),
        ("strongest_interaction", max(gs.probes.pid([WEIGHTS[0].reshape(2, 3), WEIGHTS[1][None]]).values())),
        ("log10_regions", math.log10(4)),
    ],
)
def test_values_by_hand(name, expected):
    measure = MEASURES[name]
    assert measure(FULL, WEIGHTS) == pytest.approx(expected)
    assert measure.low <= measure(FULL, WEIGHTS) <= measure.high


@pytest.mark.parametrize("name", [name for name, measure in MEASURES.items() if measure.needs_weights])
def test_a_junction_alone_has_no_hidden_layer(name):
    assert math.isnan(MEASURES[name](FULL.layers[0], WEIGHTS[0]))


def test_a_network_that_passes_nothing_on_has_disconnected_features():
    weights = [WEIGHTS[0], np.zeros(2)]
    assert MEASURES["disconnected_features"](FULL, weights) == 3
    assert math.isnan(MEASURES["interaction_concentration"](FULL, weights))


def test_a_study_measures_them():
    from gossamer.studies.store.result import measured

    found = measured(FULL, WEIGHTS, ["spectral_gap", *MEASURES])
    assert list(found) == ["spectral_gap", *MEASURES]
    assert found["interaction_concentration"] == pytest.approx(4.1 / 7.2)


def test_a_stranger_is_refused_with_a_guess():
    from gossamer.errors import require_known

    with pytest.raises(ValueError, match="Did you mean log10_regions"):
        require_known("measure", "log10_region", known_measures(["log10_region"]))
