"""Tables of runs: rows, means over seeds, differences and rank correlations, against scipy."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from gossamer.analysis.ranks import partial_spearman, spearman
from gossamer.analysis.tables import difference_by_seed, means, where

VALUES = np.random.default_rng(0).normal(0.9, 0.01, 7)


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


def test_a_partial_correlation_is_that_of_the_residuals_of_ranks():
    x, y, z = np.random.default_rng(3).normal(size=(3, 40))
    x, y = x + z, y - 2 * z
    ranks = [scipy.stats.rankdata(values) for values in (x, y, z)]
    left = [np.poly1d(np.polyfit(ranks[2], rank, 1))(ranks[2]) - rank for rank in ranks[:2]]
    assert partial_spearman(x, y, z) == pytest.approx(np.corrcoef(*left)[0, 1])


def test_a_constant_has_no_order():
    assert spearman([1, 1, 1], [1, 2, 3]) == 0
    assert spearman([3, 1, 2], [9, 4, 5]) == pytest.approx(1)


def test_rows_are_chosen_and_averaged_by_group():
    frame = pd.DataFrame({"a": [1, 1, 2, 2], "seed": [0, 1, 0, 1], "accuracy": [0.1, 0.3, 0.5, np.nan]})
    assert where(frame, a=2, seed=[0])["accuracy"].tolist() == [0.5]
    table = means(frame, ["a"])
    assert table["accuracy"].tolist() == pytest.approx([0.2, 0.5])
    assert table["n"].tolist() == [2, 1]
    assert table["low"].isna().tolist() == [False, True]
