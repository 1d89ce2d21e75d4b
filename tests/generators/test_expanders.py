"""Ramanujan junctions and the optimiser, against dense singular values and Laplacian eigenvalues."""

import warnings

import networkx
import numpy as np
import pytest

from gossamer import generators as gen
from gossamer.errors import ConvergenceError, InfeasibleTopologyError, TopologyWarning
from gossamer.generators.expander import ramanujan_degrees
from gossamer.generators.spectral import AlgebraicConnectivity, SecondSingularValue


def sigma(g):
    values = np.linalg.svd(g.to_mask().astype(float), compute_uv=False)
    return values[1] if len(values) > 1 else 0.0


def connectivity(g):
    laplacian = networkx.laplacian_matrix(g.to_networkx()).toarray().astype(float)
    return np.linalg.eigvalsh(laplacian)[1]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shape", [(9, 9), (9, 6), (6, 9), (12, 8), (40, 60), (70, 70), (64, 100)])
def test_objectives_are_what_dense_algebra_says(shape):
    g = gen.erdos_renyi(*shape, 3 * max(shape), rng=rng())
    matrix = g.to_scipy().T.tocsr()
    assert abs(SecondSingularValue().slope(matrix).value - sigma(g)) < 1e-7
    assert abs(AlgebraicConnectivity().slope(matrix).value - connectivity(g)) < 1e-7


@pytest.mark.parametrize("objective", [SecondSingularValue(), AlgebraicConnectivity()])
def test_slopes_are_first_order_changes(objective):
    # Of a matrix with weights, so that a small part of a switch can be made: (1 - t) of the old edges, t of the new.
    g = gen.erdos_renyi(60, 70, 600, rng=rng(1))
    dense = g.to_mask().T.astype(float) * rng(2).uniform(0.5, 1.5, size=(60, 70))
    import scipy.sparse

    def value(matrix):
        return objective.slope(scipy.sparse.csr_array(matrix))

    slope = value(dense)
    index = 1 if isinstance(objective, SecondSingularValue) else 0
    for a, c, b, d in rng(3).integers(60, size=(5, 4)):
        change = np.zeros_like(dense)
        change[a, b] -= 1
        change[c, d] -= 1
        change[a, d] += 1
        change[c, b] += 1
        t = 1e-3
        measured = (value(dense + t * change).value - value(dense - t * change).value) / (2 * t)
        worth = (slope.left[a] - slope.left[c])[index] * (slope.right[b] - slope.right[d])[index]
        predicted = -worth if index else 2 * worth
        assert abs(measured - predicted) < 1e-3 * max(1, abs(predicted))


def test_every_small_ramanujan_junction_meets_the_bound():
    for I in range(1, 9):
        for O in range(1, 9):
            for k in ramanujan_degrees(I, O):
                g = gen.ramanujan(I, O, k, rng=rng())
                assert sigma(g) <= gen.ramanujan_bound(k, I * k // O) + 1e-12
                assert set(g.fan_out.tolist()) == {k}
                assert len(set(g.fan_in.tolist())) == 1


@pytest.mark.parametrize(("I", "O", "k"), [(300, 300, 3), (1000, 1000, 3), (784, 100, 25), (200, 200, 50)])
def test_larger_ramanujan_junctions_meet_the_bound(I, O, k):
    assert sigma(gen.ramanujan(I, O, k, rng=rng())) <= gen.ramanujan_bound(k, I * k // O)


def test_switching_reaches_the_bound_where_random_junctions_miss_it():
    missed = [seed for seed in range(30) if sigma(gen.biregular(200, 200, 3, rng=rng(seed))) > 2 * np.sqrt(2)]
    assert missed  # about one in ten
    for seed in missed:
        assert sigma(gen.ramanujan(200, 200, 3, rng=rng(seed))) <= 2 * np.sqrt(2)


def test_stars_cannot_meet_the_bound():
    with pytest.raises(InfeasibleTopologyError, match=r"degree=1 gives stars.* degree=2 is the least"):
        gen.ramanujan(6, 6, 1, rng=rng())
    assert gen.ramanujan(1, 3, 3, rng=rng()).density == 1


@pytest.mark.parametrize(("p", "q"), [(5, 13), (17, 13), (13, 17)])
def test_lubotzky_phillips_sarnak_graphs_are_ramanujan(p, q):
    g = gen.lubotzky_phillips_sarnak(p, q)
    assert g.in_features == g.out_features == q * (q * q - 1) // 2
    assert set(g.fan_in.tolist()) == set(g.fan_out.tolist()) == {p + 1}
    assert networkx.is_connected(g.to_networkx())
    from scipy.sparse.linalg import svds

    values = np.sort(svds(g.to_scipy(), k=3, return_singular_vectors=False))
    assert abs(values[-1] - (p + 1)) < 1e-9
    assert values[-2] <= 2 * np.sqrt(p) + 1e-9


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (7, 13, "p=7 is not a prime of the form 4 z [+] 1; the nearest: 5 and 13"),
        (5, 25, "q=25 is not a prime .* 17 and 29"),
        (13, 13, "p=13 and q=13 do not fit"),
        (13, 5, "q must be another prime above 2 sqrt"),
    ],
)
def test_other_primes_are_refused(p, q, message):
    with pytest.raises(InfeasibleTopologyError, match=message):
        gen.lubotzky_phillips_sarnak(p, q)


def test_optimising_raises_connectivity_and_keeps_degrees():
    g = gen.constant_fan_in(60, 80, 5, rng=rng(4))
    h = gen.optimised(g, rng=rng(), rounds=30)
    assert h.fan_in.tolist() == g.fan_in.tolist()
    assert h.fan_out.tolist() == g.fan_out.tolist()
    assert connectivity(h) > connectivity(g)


def test_optimising_joins_what_is_in_parts():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)
        g = gen.rotating_even(60, 60, 5)
    assert networkx.number_connected_components(g.to_networkx()) == 12
    assert connectivity(gen.optimised(g, rng=rng(), rounds=40)) > 1


def test_a_target_is_met_or_missed_aloud():
    g = gen.biregular(100, 100, 4, rng=rng())
    good = gen.optimised(g, rng=rng(), target=0.6)
    assert connectivity(good) >= 0.6
    assert gen.optimised(g, rng=rng(), target=0.1) == g
    with pytest.raises(ConvergenceError, match=r"AlgebraicConnectivity\(\) came to .*, not to target=3"):
        gen.optimised(g, rng=rng(), target=3.0, rounds=5)


@pytest.mark.parametrize("I", [1, 2, 3])
def test_the_smallest_junctions_are_left_as_they_are(I):
    g = gen.dense(I, 2)
    assert gen.optimised(g, rng=rng()) == g
    assert gen.optimised(gen.erdos_renyi(I, 1, 0, rng=rng()), rng=rng()).num_edges == 0


@pytest.mark.parametrize("objective", [SecondSingularValue(), AlgebraicConnectivity()])
@pytest.mark.parametrize("edges", [0, 1, 60])
def test_what_is_nearly_empty_is_no_trouble(objective, edges):
    g = gen.erdos_renyi(100, 90, edges, rng=rng())
    h = gen.optimised(g, rng=rng(), objective=objective, rounds=3)
    assert h.fan_in.tolist() == g.fan_in.tolist()
    assert connectivity(h) < 1e-9
