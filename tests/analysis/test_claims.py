"""Intervals against scipy, and rules against every order of an interval and its threshold."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from gossamer.analysis.claims import Between, Claim, Estimate, Verdict, exactly, mean_of, spread_of
from gossamer.analysis.ranks import partial_spearman
from gossamer.analysis.tables import difference_by_seed, means, where

VALUES = np.random.default_rng(0).normal(0.9, 0.01, 7)


def claim(*estimates):
    return Claim("key", "F1", "words", "question", Between(low=0.0), estimates)


def about(value, reach):
    return Estimate("", value, value - reach, value + reach, 5)


def test_the_interval_of_a_mean_is_that_of_a_t_test():
    found = mean_of(VALUES, "x")
    expected = scipy.stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert (found.value, found.n) == (pytest.approx(VALUES.mean()), 7)


def test_a_paired_difference_is_that_of_a_paired_t_test():
    other = VALUES + np.random.default_rng(1).normal(0.01, 0.002, 7)
    one, two = (pd.DataFrame({"seed": range(7), "accuracy": values}) for values in (VALUES, other))
    found = difference_by_seed(one, two.iloc[::-1], "x")
    expected = scipy.stats.ttest_rel(VALUES, other).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_a_seed_that_only_one_side_has_is_left_out():
    one = pd.DataFrame({"seed": [0, 1, 2], "accuracy": [0.5, 0.6, 0.9]})
    other = pd.DataFrame({"seed": [0, 1], "accuracy": [0.4, 0.4]})
    found = difference_by_seed(one, other, "x")
    assert (found.value, found.n) == (pytest.approx(0.15), 2)


def test_the_interval_of_a_spread_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    found = [spread_of(rng.normal(0, 3, 6), "x") for _ in range(1500)]
    covered = np.mean([each.low < 3 < each.high for each in found])
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("values", [[], [0.5], [math.nan, 0.5]], ids=["none", "one", "one beside a gap"])
def test_too_few_values_decide_nothing(values):
    assert claim(mean_of(values, "x")).verdict is Verdict.OPEN
    assert claim(spread_of(values, "x")).verdict is Verdict.OPEN


@pytest.mark.parametrize(
    ("value", "reach", "verdict"),
    [(1, 0.5, Verdict.HOLDS), (1, 2, Verdict.OPEN), (-1, 2, Verdict.OPEN), (-1, 0.5, Verdict.FAILS)],
    ids=["above", "above and crossing", "below and crossing", "below"],
)
def test_an_interval_decides_a_one_sided_claim(value, reach, verdict):
    assert claim(about(value, reach)).verdict is verdict


@pytest.mark.parametrize(
    ("value", "reach", "verdict"),
    [
        (0.0, 0.05, Verdict.HOLDS),
        (0.0, 0.2, Verdict.OPEN),
        (0.1, 0.05, Verdict.OPEN),
        (0.2, 0.05, Verdict.FAILS),
        (-0.2, 0.05, Verdict.FAILS),
    ],
    ids=["within", "wider", "at an end", "above", "below"],
)
def test_an_interval_decides_equality(value, reach, verdict):
    assert Between(-0.1, 0.1)(about(value, reach)) is verdict


def test_estimates_that_disagree_leave_a_claim_open():
    assert claim(about(1, 0.5), about(-1, 0.5)).verdict is Verdict.OPEN
    assert claim(about(1, 0.5), about(2, 0.5)).verdict is Verdict.HOLDS
    assert claim(exactly(-1, "")).verdict is Verdict.FAILS
    assert claim().verdict is Verdict.OPEN


def test_a_partial_correlation_is_that_of_the_residuals_of_ranks():
    x, y, z = np.random.default_rng(3).normal(size=(3, 40))
    x, y = x + z, y - 2 * z
    ranks = [scipy.stats.rankdata(values) for values in (x, y, z)]
    left = [np.poly1d(np.polyfit(ranks[2], rank, 1))(ranks[2]) - rank for rank in ranks[:2]]
    assert partial_spearman(*(pd.Series(values) for values in (x, y, z))) == pytest.approx(np.corrcoef(*left)[0, 1])


def test_rows_are_chosen_and_averaged_by_group():
    frame = pd.DataFrame({"a": [1, 1, 2, 2], "seed": [0, 1, 0, 1], "accuracy": [0.1, 0.3, 0.5, np.nan]})
    assert where(frame, a=2, seed=[0])["accuracy"].tolist() == [0.5]
    table = means(frame, ["a"])
    assert table["accuracy"].tolist() == pytest.approx([0.2, 0.5])
    assert table["n"].tolist() == [2, 1]
    assert table["low"].isna().tolist() == [False, True]
