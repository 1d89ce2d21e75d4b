"""The rule, on tables whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from gossamer.analysis.claims import Judgement, Verdict, judged
from gossamer.analysis.prediction import Association
from gossamer.papers.connectivity.claims import claims, goes_along
from gossamer.papers.connectivity.contrasts import MARGIN
from gossamer.papers.connectivity.plan import ConnectivityPlan, intervention
from gossamer.papers.connectivity.tables import seeds_needed, tables

PLAN = ConnectivityPlan(data=("mnist",), degrees=(2, 4), depths=(1,), deep=(8,), observed=(), observed_permuted=False)
COLUMNS = ["data", "topology", "degree", "depth", "seed", "accuracy"]


LATE = ConnectivityPlan(data=("cifar10-jpeg",), depths=(1,), deep=(), observed=(), recipe_seeds=0)


def runs(effect, *, seeds=20, spread=0.001, arms=PLAN.arms, degrees=PLAN.degrees, depth=1, data="mnist"):
    """Accuracies that differ between arms by `effect` and between seeds, whose luck arms share."""
    rng = np.random.default_rng(0)
    luck = rng.normal(0.9, 0.01, seeds)
    rows = [
        (data, arm, degree, depth, seed, luck[seed] + effect(arm) + spread * rng.normal())
        for seed in range(seeds)
        for degree in degrees
        for arm in arms
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def verdicts(dialled, deep=None, recipe=None):
    none = pd.DataFrame(columns=COLUMNS)
    found = tables(
        dialled, none if deep is None else deep, none, recipe=none if recipe is None else recipe, rivals=none
    )
    return {each.claim.key: each.verdict for each in judged(claims(found, PLAN))}


def test_no_effect_is_called_none():
    found = verdicts(runs(lambda arm: 0.0))
    assert found["λ₂ does not matter"] is Verdict.HOLDS
    assert found["falling apart costs accuracy"] is Verdict.OPEN
    assert found["accuracy grows with λ₂"] is Verdict.OPEN
    assert found["decides whether a deep network trains"] is Verdict.UNTRIED


def test_an_effect_at_the_lower_end_is_found():
    found = verdicts(runs(lambda arm: -0.01 if arm == "modules" else 0.0))
    assert found["λ₂ does not matter"] is Verdict.FAILS
    assert found["falling apart costs accuracy"] is Verdict.HOLDS
    assert found["more than random is better"] is Verdict.OPEN


def test_a_dose_is_found():
    place = {arm: 0.002 * number for number, arm in enumerate(PLAN.arms)}
    found = verdicts(runs(place.__getitem__))
    assert found["accuracy grows with λ₂"] is Verdict.HOLDS
    assert found["more than random is better"] is Verdict.HOLDS


def test_few_seeds_decide_nothing():
    found = verdicts(runs(lambda arm: 0.0, seeds=3, spread=0.003))
    assert set(found.values()) <= {Verdict.OPEN, Verdict.UNTRIED}


def test_networks_that_do_not_train_are_told_from_those_that_do():
    arms, degrees = PLAN.deep_arms, PLAN.deep_degrees
    deep = runs(lambda arm: -0.8 if arm == "modules" else 0.0, arms=arms, degrees=degrees, depth=8)
    assert verdicts(runs(lambda arm: 0.0), deep)["decides whether a deep network trains"] is Verdict.HOLDS


def test_late_data_are_judged_by_their_own_arms_and_degrees():
    effects = {"modules": -0.01, "optimised": 0.01}
    dialled = runs(
        lambda arm: effects.get(arm, 0.0), arms=LATE.late_arms, degrees=LATE.late_degrees, data="cifar10-jpeg"
    )
    none = pd.DataFrame(columns=COLUMNS)
    found = {
        each.claim.key: each for each in judged(claims(tables(dialled, none, none, recipe=none, rivals=none), LATE))
    }
    assert {key: each.verdict for key, each in found.items()} == {
        "λ₂ does not matter": Verdict.FAILS,
        "falling apart costs accuracy": Verdict.HOLDS,
        "more than random is better": Verdict.HOLDS,
        "accuracy grows with λ₂": Verdict.HOLDS,
    }
    contrasts = len(LATE.late_degrees) * (len(LATE.late_arms) - 1)
    assert len(found["λ₂ does not matter"].claim.estimates) == contrasts
    assert "Ramanujan" not in found["more than random is better"].claim.question


def test_late_data_are_trained_by_their_own_arms_degrees_and_rate():
    made = intervention(LATE, "cifar10-jpeg", range(2))
    assert len(made) == 2 * len(LATE.late_arms) * len(LATE.late_degrees)
    assert {run.experiment.config.optimizer.lr for run in made} == {LATE.late_lr}
    assert {run.experiment.config.optimizer.lr for run in intervention(LATE, "mnist", range(1))} == {LATE.lr}


@pytest.mark.parametrize("spread", [0.0005, 0.0015, 0.01])
def test_seeds_follow_from_the_spread_within_the_plans_limits(spread):
    found = seeds_needed(runs(lambda arm: 0.0, seeds=400, spread=spread), PLAN, margin=MARGIN)
    expected = ((1.96 + 1.645) * spread * np.sqrt(2) / MARGIN) ** 2
    assert found == pytest.approx(min(45, max(20, expected)), rel=0.2)


@pytest.mark.parametrize(("p_value", "verdict"), [(0.0004, Verdict.HOLDS), (0.012, Verdict.OPEN)])
def test_the_permutation_tests_own_p_value_is_corrected(p_value, verdict):
    """Among 20 other verdicts .0004 is below 5 %, .012 no longer is."""
    found = Association("algebraic_connectivity", 0.7, p_value, 1.0, 1.0, 0.7, p_value, {}, 0.4, 24)
    none = pd.DataFrame(columns=COLUMNS)
    others = claims(tables(runs(lambda arm: 0.0), none, none, recipe=none, rivals=none), PLAN)
    claim = goes_along((found,), "mnist")
    judgement = {each.claim.key: each for each in judged([*list(others)[:4] * 5, claim])}[claim.key]
    assert Judgement.of(claim).p_value == pytest.approx(p_value, rel=1e-6)
    assert judgement.verdict is verdict
    assert claim.verdict is Verdict.HOLDS


@pytest.mark.parametrize(("effect", "matters"), [(0.02, Verdict.HOLDS), (0.0, Verdict.OPEN)])
def test_an_effect_of_the_ends_under_the_papers_recipe_is_found(effect, matters):
    arms, degrees = PLAN.recipe_arms, PLAN.recipe_degrees
    recipe = runs(lambda arm: -effect if arm == "modules" else 0.0, arms=arms, degrees=degrees)
    found = verdicts(runs(lambda arm: 0.0), recipe=recipe)
    assert found["matters in the paper's recipe"] is matters
    assert found["does not matter in the paper's recipe"] is (Verdict.FAILS if effect else Verdict.HOLDS)
