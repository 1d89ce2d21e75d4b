"""Intervals against scipy, and how often they cover the truth where it is known."""

import math

import numpy as np
import pytest
import scipy.stats

from gossamer.analysis.claims import Between, decisive_level
from gossamer.analysis.dependent import mean_of_neighbours, mean_of_pairs
from gossamer.analysis.estimates import (
    between_groups,
    combined,
    correlation_of,
    difference_of,
    exactly,
    mean_of,
    permuted,
    spread_of,
    summarised,
)
from gossamer.analysis.intervals import mean_interval
from gossamer.analysis.power import decides_a_spread, enough_for_a_spread

VALUES = np.random.default_rng(0).normal(0.9, 0.01, 7)


def coverage(make, truth, count=600):
    """How often the interval of `make(rng)` holds the truth."""
    rng = np.random.default_rng(5)
    found = [make(rng) for _ in range(count)]
    return np.mean([each.low <= truth <= each.high for each in found])


def test_the_interval_of_a_mean_is_that_of_a_t_test():
    found = mean_of(VALUES, "x")
    expected = scipy.stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert (found.value, found.n) == (pytest.approx(VALUES.mean()), 7)


def test_the_interval_of_a_spread_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    found = [spread_of(rng.normal(0, 3, 6), "x") for _ in range(1500)]
    covered = np.mean([each.low < 3 < each.high for each in found])
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_another_level_is_that_of_a_t_test_too(level):
    found = mean_of(VALUES, "x").at(level)
    expected = scipy.stats.ttest_1samp(VALUES, 0).confidence_interval(level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert exactly(2.0, "x").at(level) == exactly(2.0, "x")


def test_an_interval_that_was_kept_can_be_widened():
    made = mean_of(VALUES, "x")
    again = summarised(mean_interval(VALUES), "x")
    assert (again.at(0.99).low, again.n) == (pytest.approx(made.at(0.99).low), 7)
    assert summarised(mean_interval([1.0]), "x").high == math.inf


def test_a_difference_of_independent_means_is_welchs():
    other = np.random.default_rng(1).normal(0.8, 0.05, 4)
    expected = scipy.stats.ttest_ind(VALUES, other, equal_var=False).confidence_interval(0.95)
    apart = combined({"one": (1.0, mean_of(VALUES, "")), "other": (-1.0, mean_of(other, ""))}, "x")
    unpaired = difference_of(dict(enumerate(VALUES)), dict(enumerate(other, 100)), "x")
    for found in (apart, unpaired):
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_correlation_stays_within_one():
    found = correlation_of([0.99, 0.995, 0.9], "x")
    assert -1 < found.low < found.value < found.high < 1


@pytest.mark.parametrize("spread", [0.0, 1.0], ids=["alike", "apart"])
def test_intervals_of_means_and_differences_cover(spread):
    assert coverage(lambda rng: mean_of(rng.normal(3, 1, 5), ""), 3.0) == pytest.approx(0.95, abs=0.025)

    def paired(rng):
        seeds = spread * rng.normal(size=6)
        one, other = (dict(enumerate(seeds + rng.normal(size=6) + mean)) for mean in (1.0, 0.0))
        return difference_of(one, other, "")

    assert coverage(paired, 1.0) == pytest.approx(0.95, abs=0.025)


def pairs(rng, count, share):
    """Distances between networks, some of which are far from all others: `share` of the variance is the networks'."""
    own, rest = math.sqrt(share) * rng.normal(size=count), math.sqrt(1 - share) * rng.normal(size=(count, count))
    return 5 + own[:, None] + own + (rest + rest.T) / math.sqrt(2)


@pytest.mark.parametrize(("count", "share"), [(3, 0.9), (5, 0.9), (10, 0.9), (10, 0.1)])
def test_pairs_that_share_a_network_are_not_counted_as_independent(count, share):
    assert coverage(lambda rng: mean_of_pairs(pairs(rng, count, share), ""), 5.0) >= 0.93

    def naive(rng):
        return mean_of(pairs(rng, count, share)[np.triu_indices(count, 1)], "")

    if count == 10 and share == 0.9:
        assert coverage(naive, 5.0) < 0.75


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_neighbours_that_share_a_network_are_not_counted_as_independent(share):
    def chain(rng):
        own = rng.normal(size=10)
        return 5 + math.sqrt(share) * (own[1:] + own[:-1]) + math.sqrt(1 - share) * rng.normal(size=9)

    assert coverage(lambda rng: mean_of_neighbours(chain(rng), ""), 5.0) >= 0.93


def test_the_mean_of_pairs_is_that_of_the_upper_triangle():
    D = pairs(np.random.default_rng(3), 6, 0.5)
    found = mean_of_pairs(D, "")
    assert found.value == pytest.approx(D[np.triu_indices(6, 1)].mean())
    assert found.n == 6
    assert mean_of_pairs(D[:2, :2], "").high == math.inf


@pytest.mark.parametrize("size", [0.0, 0.5])
def test_what_lies_between_groups_is_freed_of_noise(size):
    truth = size * np.array([-1.0, 0.0, 1.0, 0.5, -0.5])

    def table(rng):
        return between_groups(truth[:, None] + rng.normal(size=5) + 0.3 * rng.normal(size=(5, 5)), "")

    assert coverage(table, truth.std(), 100) >= 0.93
    found = [table(np.random.default_rng(seed)) for seed in range(100)]
    assert np.sqrt(np.mean([each.value**2 for each in found])) == pytest.approx(truth.std(), abs=0.09)


def test_no_difference_between_groups_is_seldom_called_one():
    """Its lower end is above 0 exactly where the F test of the two-way layout rejects at half the level."""
    rng = np.random.default_rng(7)
    tables = rng.normal(size=(200, 4, 5))
    assert np.mean([between_groups(table, "").low > 0 for table in tables]) < 0.06


def test_the_power_of_a_spread_is_that_of_a_simulation():
    rng = np.random.default_rng(8)
    found = [spread_of(rng.normal(0, 0.0028, 15), "").high < 0.005 for _ in range(2000)]
    assert decides_a_spread(0.005, 0.0028, 15) == pytest.approx(np.mean(found), abs=0.03)
    n = enough_for_a_spread(0.005, 0.0028)
    assert decides_a_spread(0.005, 0.0028, n) >= 0.8 > decides_a_spread(0.005, 0.0028, n - 1)


@pytest.mark.parametrize("correlation", [0.03, -0.4, 0.97, 1.0])
@pytest.mark.parametrize("p_value", [0.0001, 0.012, 0.05, 0.6, 1.0])
def test_a_permutation_tests_p_value_is_what_decides_its_correlation(correlation, p_value):
    """Rules about the sign get back the very p-value, however far from 5 % it is."""
    _, level = decisive_level(Between(low=0.0), permuted(correlation, p_value, 24, "x"))
    assert level == pytest.approx(p_value, rel=1e-6)


def test_a_correlation_of_nothing_decides_nothing():
    found = permuted(0.0, 1.0, 24, "x")
    assert decisive_level(Between(low=0.0), found)[1] == 1.0
    assert (found.low, found.high) == (-math.inf, math.inf)
