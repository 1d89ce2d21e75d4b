"""Intervals and differences are scipy's."""

import math

import numpy as np
import pytest
from scipy import stats

from gossamer.analysis.intervals import difference, mean_interval


@pytest.mark.parametrize("n", [2, 3, 10])
def test_an_interval_is_that_of_the_one_sample_test(n):
    values = np.random.default_rng(n).normal(size=n)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    found = mean_interval(values, level=0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.mean, found.n) == (pytest.approx(values.mean()), n)


def test_too_few_values_have_no_interval():
    one = mean_interval([0.5, math.nan])
    assert (one.mean, one.n) == (0.5, 1)
    assert math.isnan(one.low)
    assert math.isnan(mean_interval([]).mean)


def test_shared_seeds_are_paired():
    rng = np.random.default_rng(0)
    a, b = ({seed: float(rng.normal()) for seed in range(6)} for _ in range(2))
    expected = stats.ttest_rel(list(a.values()), list(b.values()))
    found = difference({**a, 17: 5.0}, b)
    assert found.paired
    assert found.n == 6
    assert found.p_value == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_other_seeds_are_compared_by_welch():
    rng = np.random.default_rng(1)
    a, b = {k: float(rng.normal()) for k in range(4)}, {k: float(rng.normal(1, 3)) for k in range(10, 17)}
    expected = stats.ttest_ind(list(a.values()), list(b.values()), equal_var=False)
    found = difference(a, b)
    assert not found.paired
    assert (found.p_value, found.n) == (pytest.approx(expected.pvalue), 4)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_what_does_not_vary_is_certain():
    same = {0: 0.5, 1: 0.5}
    assert difference(same, same).p_value == 1.0
    assert difference(same, {0: 0.25, 1: 0.25}).p_value == 0.0
    assert difference(same, {7: 0.25, 8: 0.25}).p_value == 0.0


def test_one_value_decides_nothing():
    found = difference({0: 1.0}, {0: 0.5})
    assert found.mean == 0.5
    assert math.isnan(found.p_value)
    assert math.isnan(difference({}, {0: 1.0}).mean)


def test_a_level_is_a_share():
    with pytest.raises(ValueError, match="level=95"):
        mean_interval([1.0, 2.0], level=95)
