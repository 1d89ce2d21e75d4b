"""The 2020 paper's claims on invented tables whose truth is known: each verdict is the one that it must be."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from gossamer.analysis.claims import Verdict
from gossamer.analysis.estimates import mean_of
from gossamer.papers import insights
from gossamer.papers.insights.claims import (
    LARGE,
    adaptive_beats_dense,
    as_far_as_published,
    claims,
    drifted,
    equally_accurate,
    found_apart,
    found_equal,
    published_accuracy,
    sparse_beats_dense,
    sparse_beats_narrow,
    started_alike,
)
from gossamer.papers.insights.exhibits import PUBLISHED, PUBLISHED_ACCURACY, PUBLISHED_START
from gossamer.papers.insights.plan import NARROW, Setting, adaptive_nets, final_runs, nets, tuning_runs
from gossamer.papers.insights.tables import Tables

PLAN = replace(insights.LARGE, seeds=6)
NARROWLESS = replace(PLAN, narrow=False)
HOLDS, FAILS, OPEN, UNTRIED = (each.value for each in (Verdict.HOLDS, Verdict.FAILS, Verdict.OPEN, Verdict.UNTRIED))


@pytest.fixture(autouse=True)
def without_data(monkeypatch):
    """Only the epochs of SET's updates ask how many examples there are."""
    monkeypatch.setattr("gossamer.papers.insights.plan.steps_per_epoch", lambda data, validation: 422)


@cache
def trained(narrow):
    """What the plan trains, as the study's table names it."""
    plan = PLAN if narrow else NARROWLESS
    settings = {net: Setting(0.1) for net in (*nets(plan), *adaptive_nets(plan))}
    return pd.DataFrame([dict(run.labels) for run in final_runs(plan, settings)])


def table(truth, *, noise=1e-4, narrow=True):
    """The final runs; accuracy is the truth of a row, luck that a seed's networks share, and noise."""
    found = trained(narrow)
    rng = np.random.default_rng(0)
    luck = rng.normal(0.0, 0.02, PLAN.seeds)[found["seed"]]
    values = [truth(row) for row in found.itertuples()]
    return found.assign(accuracy=values + luck + rng.normal(0.0, noise, len(found)))


def tuned(best=20):
    """The tuning runs; of the sparse networks those of one density are best on what was held out."""
    rows = pd.DataFrame([dict(run.labels) for run in tuning_runs(PLAN)])
    accuracy = np.where(rows["topology"] == "erdos_renyi", 0.8 + 0.1 * (rows["density"] == best), 0.95)
    return rows.assign(validation_accuracy=accuracy)


def kind(row):
    return "SET" if row.rule == "SET" else row.topology


def levels(**values):
    return lambda row: 0.9 + values.get(kind(row), 0.0)


def of(frame, data="fashion-mnist"):
    return frame[frame["data"] == data]


# I7: sparse against fully connected networks


@pytest.mark.parametrize(
    ("gain", "noise", "verdict"), [(0.01, 1e-4, HOLDS), (-0.01, 1e-4, FAILS), (0.0, 0.01, OPEN), (0.002, 0.01, OPEN)]
)
def test_sparse_beats_dense_holds_fails_or_stays_open(gain, noise, verdict):
    frame = of(table(levels(erdos_renyi=gain), noise=noise))
    claim = sparse_beats_dense(frame, tuned(), PLAN, "fashion-mnist")
    assert claim.verdict.value == verdict
    assert claim.estimates[0].n == PLAN.dense_seeds


def test_luck_that_networks_of_a_seed_share_is_taken_out():
    """Seeds differ by two points, and half a point is found all the same."""
    claim = sparse_beats_dense(of(table(levels(erdos_renyi=0.005))), tuned(), PLAN, "fashion-mnist")
    assert claim.estimates[0].value == pytest.approx(0.005, abs=2e-4)
    assert claim.estimates[0].high - claim.estimates[0].low < 1e-3


@pytest.mark.parametrize(("best", "verdict"), [(20, FAILS), (50, HOLDS)])
def test_the_density_is_chosen_by_what_was_held_out_and_never_by_the_test_examples(best, verdict):
    """On them only the densest of the sparse networks is ahead; neither SET's nor narrow ones count."""

    def truth(row):
        if kind(row) != "erdos_renyi":
            return 0.9 if kind(row) == "dense" else 0.99
        return 0.92 if row.density == 50 else 0.88

    claim = sparse_beats_dense(of(table(truth)), of(tuned(best)), PLAN, "fashion-mnist")
    assert claim.verdict.value == verdict
    assert claim.estimates[0].what == f"width 1000, ε = {best}"


@pytest.mark.parametrize(
    ("gains", "noise", "verdict"),
    [
        ({"erdos_renyi": 0.01, "SET": 0.02}, 1e-4, HOLDS),
        ({"erdos_renyi": -0.01, "SET": 0.02}, 1e-4, FAILS),  # static ones must be ahead too
        ({"erdos_renyi": 0.01, "SET": -0.02}, 1e-4, FAILS),
        ({"dense": -0.1}, 0.01, OPEN),  # to beat the wide one is not enough
    ],
)
def test_sparse_beats_narrow_needs_static_edges_and_set_to_be_ahead(gains, noise, verdict):
    claim = sparse_beats_narrow(of(table(levels(**gains), noise=noise)), PLAN, "fashion-mnist")
    assert claim.verdict.value == verdict


def test_narrow_networks_of_other_sizes_are_not_the_control():
    """Only those with as many edges as the networks with SET are."""
    frame = of(table(lambda row: 0.9 + 0.05 * (kind(row) == NARROW and row.density != PLAN.adaptive)))
    claim = sparse_beats_narrow(frame, PLAN, "fashion-mnist")
    assert [each.value for each in claim.estimates] == pytest.approx([0.0, 0.0], abs=2e-4)


def test_sparse_beats_narrow_waits_where_no_narrow_network_was_trained():
    frame = of(table(levels(), narrow=False))
    claim = sparse_beats_narrow(frame, NARROWLESS, "fashion-mnist")
    assert (claim.verdict.value, claim.estimates, claim.missing) == (UNTRIED, (), LARGE)


@pytest.mark.parametrize(("gain", "verdict"), [(0.01, HOLDS), (-0.01, FAILS)])
def test_adaptive_beats_dense_is_about_set_whatever_static_edges_do(gain, verdict):
    frame = of(table(levels(SET=gain, erdos_renyi=-3 * gain)))
    claim = adaptive_beats_dense(frame, PLAN, "fashion-mnist")
    assert claim.verdict.value == verdict
    assert claim.context[0].value == pytest.approx(4 * gain, abs=2e-4)


# I9 and I5: equal accuracy


def spread(scale, count):
    """Accuracies about .87 whose sample standard deviation is just so."""
    values = np.random.default_rng(1).normal(size=count)
    return 0.87 + scale * (values - values.mean()) / values.std(ddof=1)


@pytest.mark.parametrize(
    ("scale", "count", "verdict"),
    [(0.001, 10, HOLDS), (0.02, 10, FAILS), (0.0028, 3, OPEN), (0.0028, 20, HOLDS)],
)
def test_equal_accuracy_is_a_spread_with_an_interval(scale, count, verdict):
    """Three networks cannot decide what twenty do; chi-squared tells how far they could be apart."""
    found = spread(scale, count)
    chain = pd.DataFrame({"accuracy": found, "last_validation": found})
    runs = pd.DataFrame({"rule": "SET", "accuracy": found})
    others = pd.DataFrame({"rule": "static", "accuracy": spread(0.3, 10)})
    for claim in (
        equally_accurate(chain),
        found_equal(pd.concat([runs, others]), "fashion-mnist"),
    ):
        (estimate,) = claim.estimates
        assert claim.verdict.value == verdict
        assert estimate.value == pytest.approx(scale)
        assert (estimate.low < scale < estimate.high, estimate.n) == (True, count)


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, HOLDS), (0.03, FAILS)])
def test_the_published_accuracy_is_beside_that_of_the_held_out_fifth(shift, verdict):
    ours = PUBLISHED_ACCURACY + shift + spread(0.002, 7) - 0.87
    chain = pd.DataFrame({"accuracy": ours + 0.05, "last_validation": ours})
    claim = published_accuracy(chain)
    assert claim.verdict.value == verdict
    assert claim.words.startswith("No claim of the paper")


# I9 and I1: distances


def cube_of(positions, base=0.0):
    """Networks on a line, (1, N, N): pairs that share a far one are all far apart."""
    x = np.asarray(positions, dtype=float)
    return (base + np.abs(x[:, None] - x[None, :]))[None] * ~np.eye(len(x), dtype=bool)


@pytest.mark.parametrize(("base", "verdict"), [(0.8, HOLDS), (0.1, FAILS), (0.47, OPEN)])
def test_many_topologies_are_far_apart_pairs_or_not(base, verdict):
    cube = cube_of(np.random.default_rng(0).normal(0.0, 0.03, 8), base)
    assert found_apart(cube, "fashion-mnist").verdict.value == verdict


def test_pairs_that_share_a_network_are_not_independent():
    """One network of ten is far from the others, which adds nine far pairs: one observation, not nine."""
    cube = cube_of([0.0] * 9 + [0.5], base=0.4)
    (estimate,) = found_apart(cube, "fashion-mnist").estimates
    naive = mean_of(cube[0][np.triu_indices(10, 1)], "as if independent")
    assert naive.n == 45
    assert estimate.n == 10
    assert estimate.value == pytest.approx(naive.value)
    assert estimate.high - estimate.low > 1.5 * (naive.high - naive.low)


def chain_of(start, last):
    """The chain's distances, two junctions by epoch: neighbours as told, the first junction alone judged."""

    def cube(steps):
        first = cube_of(np.concatenate([[0.0], np.cumsum(steps)]))
        return np.concatenate([first, np.zeros_like(first)])

    return {0: cube(start), 190: cube(last)}


START = np.diff([0.0, *PUBLISHED_START])


@pytest.mark.parametrize(("level", "verdict"), [(0.48, HOLDS), (0.1, FAILS), (0.25, OPEN)])
def test_drift_is_told_from_the_last_epoch_and_neighbours_share_networks(level, verdict):
    steps = level + 0.02 * (-1.0) ** np.arange(9)
    claim = drifted(chain_of(START, steps))
    (estimate,), naive = claim.estimates, mean_of(steps, "as if independent")
    assert claim.verdict.value == verdict
    assert estimate.value == pytest.approx(naive.value)
    assert estimate.high - estimate.low > 1.4 * (naive.high - naive.low)


def test_the_chain_starts_as_noted_or_not():
    assert started_alike(chain_of(START, START)).verdict.value == HOLDS
    assert started_alike(chain_of(2 * START, START)).verdict.value == FAILS


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, HOLDS), (0.2, FAILS)])
def test_published_distances_are_judged_at_the_moments_that_were_published(shift, verdict):
    steps = PUBLISHED[190][0] + shift + 0.01 * (-1.0) ** np.arange(9)
    claim = as_far_as_published(chain_of(START, steps))
    assert claim.words.startswith("No claim of the paper")
    assert (claim.verdict.value, [each.what for each in claim.estimates]) == (verdict, ["epoch 190"])


# All together


def test_two_data_sets_that_disagree_get_a_verdict_each():
    better = {"fashion-mnist": 0.01, "cifar10-jpeg": -0.01}
    frame = table(lambda row: 0.9 + better[row.data] * (kind(row) in ("erdos_renyi", "SET")))
    apart = {"fashion-mnist": cube_of([0.0, 0.01, 0.02], 0.8), "cifar10-jpeg": cube_of([0.0, 0.01, 0.02], 0.1)}
    found = claims(Tables(None, {}, tuned(), frame, apart), PLAN)
    told = {(claim.key, claim.data): claim.verdict.value for claim in found}
    for key in ("sparse beats dense", "sparse beats narrow", "adaptive beats dense", "many topologies"):
        assert [told[key, data] for data in PLAN.data] == [HOLDS, FAILS], key
    assert len(told) == 5 * len(PLAN.data)  # and none of a chain that was not trained
