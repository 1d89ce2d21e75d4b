"""Rules against every order of an interval and its threshold; verdicts where the truth is known."""

import math

import numpy as np
import pytest
import scipy.stats

from gossamer.analysis.claims import Between, Claim, Needs, Verdict, decisive_level, judged
from gossamer.analysis.estimates import Estimate, exactly, mean_of, spread_of

VALUES = np.random.default_rng(0).normal(0.9, 0.01, 7)


def claim(*estimates, **more):
    return Claim("key", "F1", "words", "question", Between(low=0.0), estimates, **more)


def about(value, reach):
    return Estimate("", value, value - reach, value + reach, 5)


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


def test_a_claim_about_every_estimate_fails_with_one():
    assert claim(about(1, 0.5), exactly(-1.0, "")).verdict is Verdict.FAILS
    assert claim(about(1, 0.5), about(2, 0.5)).verdict is Verdict.HOLDS
    assert claim(exactly(1.0, ""), about(1, 2)).verdict is Verdict.OPEN
    assert claim(exactly(-1, "")).verdict is Verdict.FAILS
    assert claim().verdict is Verdict.OPEN


def test_what_can_happen_holds_if_it_happens_once():
    assert claim(exactly(1.0, ""), about(-1, 0.5), needs=Needs.ANY).verdict is Verdict.HOLDS
    assert claim(about(-2, 0.5), about(-1, 0.5), needs=Needs.ANY).verdict is Verdict.FAILS
    assert claim(about(-2, 0.5), about(-1, 2), needs=Needs.ANY).verdict is Verdict.OPEN


def test_what_was_not_trained_is_not_tested():
    (found,) = judged([claim(missing="a day of training")])
    assert (found.verdict, found.chance) == (Verdict.UNTRIED, False)


@pytest.mark.parametrize("mean", [0.004, -0.004, 0.02])
def test_the_decisive_level_is_the_p_value_of_the_t_test(mean):
    values = VALUES - VALUES.mean() + mean
    verdict, level = decisive_level(Between(low=0.0), mean_of(values, ""))
    assert verdict is (Verdict.HOLDS if mean > 0 else Verdict.FAILS)
    assert level == pytest.approx(scipy.stats.ttest_1samp(values, 0).pvalue, rel=1e-6)


def test_verdicts_are_corrected_by_holm():
    samples = [VALUES - VALUES.mean() + mean for mean in (0.02, 0.011, 0.0095, 0.001)]
    alone = [scipy.stats.ttest_1samp(values, 0).pvalue for values in samples]
    found = judged([*(claim(mean_of(values, "")) for values in samples), claim(exactly(1.0, ""))])
    steps = np.maximum.accumulate([4 * alone[0], 3 * alone[1], 2 * alone[2], alone[3]])
    assert [each.p_holm for each in found[:4]] == pytest.approx(steps.tolist(), rel=1e-6)
    assert [each.verdict is Verdict.HOLDS for each in found[:4]] == (steps <= 0.05).tolist()
    assert (found[4].verdict, found[4].chance) == (Verdict.HOLDS, False)


def test_twenty_true_nulls_are_seldom_decided():
    """Alone, one in twenty is; together the chance that any is stays below 5 %."""
    rng = np.random.default_rng(4)
    tables = rng.normal(size=(100, 20, 5))
    decided = [
        [each.verdict is not Verdict.OPEN for each in judged([claim(mean_of(row, "")) for row in table])]
        for table in tables
    ]
    assert np.mean([any(each) for each in decided]) <= 0.1
    alone = np.mean([claim(mean_of(row, "")).verdict is not Verdict.OPEN for row in tables[:30].reshape(-1, 5)])
    assert alone == pytest.approx(0.05, abs=0.025)
