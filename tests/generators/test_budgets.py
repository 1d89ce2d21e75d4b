"""Layer budgets: exact sums, the published proportions, and what saturated junctions leave to the others."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossamer.errors import InvalidTopologyError
from gossamer.generators import budgets

RULES = [budgets.uniform, budgets.erdos_renyi, budgets.erdos_renyi_kernel, budgets.balanced, budgets.pyramidal]
WIDTHS = st.lists(st.integers(1, 2000), min_size=2, max_size=6)


def pairs(widths):
    return [n * m for n, m in itertools.pairwise(widths)]


@pytest.mark.parametrize("rule", RULES)
@given(widths=WIDTHS, density=st.floats(0, 1))
def test_budgets_sum_exactly_and_fit(rule, widths, density):
    counts = rule(widths, density)
    assert all(type(count) is int for count in counts)
    assert sum(counts) == round(density * sum(pairs(widths)))
    assert all(0 <= count <= most for count, most in zip(counts, pairs(widths), strict=True))


@given(widths=WIDTHS, density=st.floats(0, 1))
def test_uniform_is_within_one_edge_of_the_density(widths, density):
    for count, most in zip(budgets.uniform(widths, density), pairs(widths), strict=True):
        assert abs(count - density * most) <= 1.5


def erdos_renyi_densities(widths, total):
    """The published rule in exact arithmetic: densities epsilon (n + m) / (n m), those above 1 set to 1."""
    raw = [Fraction(n + m, n * m) for n, m in itertools.pairwise(widths)]
    full = set()
    while True:
        free = [place for place in range(len(raw)) if place not in full]
        left = total - sum(pairs(widths)[place] for place in full)
        epsilon = Fraction(left) / sum(raw[p] * pairs(widths)[p] for p in free) if free else Fraction(0)
        over = {place for place in free if epsilon * raw[place] > 1}
        if not over:
            return [Fraction(1) if place in full else epsilon * raw[place] for place in range(len(raw))]
        full |= over


@given(widths=WIDTHS, density=st.floats(0, 1))
def test_erdos_renyi_follows_its_rule(widths, density):
    counts = budgets.erdos_renyi(widths, density)
    for count, most, expected in zip(counts, pairs(widths), erdos_renyi_densities(widths, sum(counts)), strict=True):
        assert abs(count - expected * most) <= 1


def test_erdos_renyi_kernel_counts_kernels():
    # ResNet-like block: densities in the ratio (n + m + 3 + 3) / (9 n m) of RigL's appendix.
    counts = budgets.erdos_renyi_kernel((64, 128, 128), 0.05, kernels=[(3, 3), (3, 3)])
    weights = [64 * 128 * 9, 128 * 128 * 9]
    ratio = (counts[0] / weights[0]) / (counts[1] / weights[1])
    expected = ((64 + 128 + 6) / (64 * 128 * 9)) / ((128 + 128 + 6) / (128 * 128 * 9))
    assert abs(ratio / expected - 1) < 1e-3
    assert sum(counts) == round(0.05 * sum(weights))


def test_a_saturated_junction_becomes_dense():
    counts = budgets.erdos_renyi((784, 300, 10), 0.5)
    assert counts == (round(0.5 * 238_200) - 3000, 3000)


@given(widths=WIDTHS, density=st.floats(0.001, 0.999))
def test_pyramidal_densities_are_powers(widths, density):
    counts, most = budgets.pyramidal(widths, density), pairs(widths)
    low, high = 0.0, 1.0
    for depth, (count, size) in enumerate(zip(counts, most, strict=True)):
        low = max(low, max(count - 1.01, 0) / size) if depth == 0 else low
        high = min(high, (count + 1.01) / size) if depth == 0 else high
        assert (max(low, 0) ** (depth + 1)) * size <= count + 1.01
        assert count - 1.01 <= min(high, 1) ** (depth + 1) * size


def test_balanced_gives_equal_counts_where_they_fit():
    assert budgets.balanced((100, 100, 100, 2), 0.01) == (68, 67, 67)
    counts = budgets.balanced((100, 100, 100, 1), 0.5)
    assert counts[2] == 100
    assert abs(counts[0] - counts[1]) <= 1


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=6),
    st.data(),
)
def test_share_spends_everything(rows, data):
    shares, most = zip(*rows, strict=True)
    total = data.draw(st.integers(0, sum(most)))
    counts = budgets.share(shares, most, total)
    assert sum(counts) == total
    assert all(0 <= count <= limit for count, limit in zip(counts, most, strict=True))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("widths", "density", "message"),
    [
        ((784,), 0.1, r"widths=\(784,\) has 1 entries"),
        ((784, 0), 0.1, r"widths\[1\]=0 is not allowed"),
        ((784, 10), 1.5, "density=1.5 is not allowed: it must be from 0 to 1"),
        ((784, 10), float("nan"), "density=nan is not allowed"),
    ],
)
def test_bad_budgets_are_refused(rule, widths, density, message):
    with pytest.raises(ValueError, match=message):
        rule(widths, density)


def test_kernels_must_fit():
    with pytest.raises(InvalidTopologyError, match="kernels has 1 entries for 2 junctions"):
        budgets.erdos_renyi_kernel((2, 2, 2), 0.5, kernels=[(3, 3)])
    with pytest.raises(TypeError, match="density='x' is str"):
        budgets.uniform((2, 2), "x")
    assert np.sum(budgets.erdos_renyi_kernel((2, 2, 2), 0.5)) == 4
