"""The dial changes λ₂ and no degree."""

import numpy as np
import pytest

from gossamer.generators import biregular
from gossamer.measures import algebraic_connectivity, components
from gossamer.papers.connectivity.dial import ARMS, Dial, biregular_connectivity, family, modules, switched_until


@pytest.mark.parametrize("shape", [(60, 20, 4), (24, 24, 3), (12, 36, 6)])
def test_the_closed_form_is_the_second_eigenvalue_of_the_laplacian(shape):
    g = biregular(*shape, rng=np.random.default_rng(0))
    assert biregular_connectivity(g) == pytest.approx(algebraic_connectivity(g), abs=1e-6)
    assert biregular_connectivity(modules(48, 16, 2, rng=np.random.default_rng(1))) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("arm", ARMS)
def test_every_neuron_keeps_its_degree(arm):
    g = Dial(arm, 96)(96, 48, 4 * 96, rng=np.random.default_rng(2))
    assert set(g.fan_out) == {4}
    assert set(g.fan_in) == {8}


def test_the_dial_turns_from_nothing_to_more_than_random():
    values = [biregular_connectivity(Dial(arm, 0)(192, 96, 4 * 192, rng=np.random.default_rng(3))) for arm in ARMS]
    named = dict(zip(ARMS, values, strict=True))
    assert named["modules"] == pytest.approx(0, abs=1e-9)
    for share in ("0.02", "0.1", "0.3"):
        assert named[share] == pytest.approx(float(share) * named["random"], rel=0.35)
    assert named["0.02"] < named["0.1"] < named["0.3"] < named["random"] < named["optimised"]


def test_modules_share_nothing():
    g = modules(64, 32, 2, rng=np.random.default_rng(4))
    assert components(g) >= 16


def test_switching_stops_at_the_target():
    start = modules(96, 48, 4, rng=np.random.default_rng(5))
    g = switched_until(start, 0.5, rng=np.random.default_rng(6))
    assert 0.5 <= biregular_connectivity(g) < 0.75


def test_pixels_are_relabelled_alike_in_all_arms():
    """A module reads 1/16 of the pixels, no longer neighbours; junctions that read no pixels keep their names."""
    own = Dial("modules", 96)(96, 48, 192, rng=np.random.default_rng(7))
    plain = Dial("modules", 0)(96, 48, 192, rng=np.random.default_rng(7))
    assert own != plain
    order = np.random.default_rng(7).spawn(3)[0].permutation(96)
    assert np.array_equal(own.to_mask()[:, order], plain.to_mask())


def test_a_full_junction_is_full_in_every_arm():
    for arm in ARMS:
        assert Dial(arm, 0)(8, 4, 32, rng=np.random.default_rng(8)).density == 1
    assert family("random", 0).with_edges(784, 224, 4 * 784, rng=np.random.default_rng(9)).num_edges == 4 * 784
