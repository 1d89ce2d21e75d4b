"""The 2017 paper at full size: what is trained, at which rate, and the claims on tables whose truth is known."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from gossamer.analysis.claims import Verdict, judged
from gossamer.analysis.tables import whole
from gossamer.nn import TrainingStep
from gossamer.papers import topologies
from gossamer.papers.topologies.claims import large as claims_at_full_size
from gossamer.papers.topologies.large import (
    LargeNet,
    best_rates,
    final_runs,
    large_nets,
    last_gains,
    tuning_runs,
)
from gossamer.papers.topologies.large_exhibits import ended_low
from gossamer.papers.topologies.large_plan import CUT, FOLLOWUP, Large, Layer, large_of
from gossamer.papers.topologies.plan import DENSE, NARROW
from gossamer.studies.run import dataset

PLAN = topologies.LARGE
LARGE = PLAN.large
SMALL = Large((Layer(50, (4, 20), seeds=6),), rates=(0.1, 1.0), epochs=2)


def test_the_whole_plan_is_what_the_issue_of_full_size_asks_for():
    nets = list(large_nets(LARGE, "mnist", LARGE.layers[1]))
    assert {net.degree for net in nets if net.topology == "fibonacci"} == {8, 32, 128, 320}
    assert {net.fan for net in nets if net.topology == "fibonacci"} == {"dense", "sparse"}
    assert {"bernoulli", "rotating_bernoulli", DENSE, NARROW} <= {net.topology for net in nets}
    runs = final_runs(LARGE, PLAN.data, best_rates(pd.DataFrame(), LARGE, PLAN.data))
    seeds = {hidden: {run.labels["seed"] for run in runs if run.labels["hidden"] == hidden} for hidden in (100, 1000)}
    assert (len(seeds[100]), len(seeds[1000])) == (10, 5)
    assert (len(runs), len(tuning_runs(LARGE, PLAN.data))) == (1070, 480)


def test_the_cut_trains_whole_seeds_of_the_papers_start_first():
    """So it can be concluded after any of them; nothing of the usual size comes before."""
    cut = topologies.LARGE_CUT
    assert cut.seeds == 0
    runs = final_runs(CUT, ("mnist",), best_rates(pd.DataFrame(), CUT, ("mnist",)))
    blocks = [(run.labels["fan"], run.labels["seed"]) for run in runs]
    assert list(dict.fromkeys(blocks)) == [(fan, seed) for fan in ("dense", "sparse") for seed in range(5)]
    assert blocks == sorted(blocks)
    first = {(run.labels["topology"], run.labels["degree"]) for run in runs[: blocks.count(("dense", 0))]}
    sparse = {(name, degree) for name in (NARROW, *CUT.constructions) for degree in (8, 32, 128)}
    assert first == {(DENSE, 1000), *sparse}


def test_the_follow_up_cuts_gradients_of_every_network_and_trains_seeds_that_no_run_had():
    tuning = tuning_runs(FOLLOWUP, ("mnist",))
    assert {run.labels["seed"] for run in tuning} == {1000, 1001, 1002}
    assert len(tuning) == 3 * 3 * 3
    runs = final_runs(FOLLOWUP, ("mnist",), best_rates(pd.DataFrame(), FOLLOWUP, ("mnist",)))
    assert [run.labels["seed"] for run in runs] == [seed for seed in range(10, 20) for _ in range(3)]
    rises = {(config.epochs, config.schedule.share) for config in (run.experiment.config for run in (*tuning, *runs))}
    assert rises == {(8, 3 / 8), (16, 3 / 16)}
    assert {run.experiment.config.clip_norm for run in (*tuning, *runs)} == {FOLLOWUP.clip_norm}


def test_a_plan_kept_before_there_were_several_tuning_seeds_is_read_as_it_was_trained():
    kept = json.loads(json.dumps(dataclasses.asdict(CUT)))
    assert large_of(kept) == CUT
    for later in ("tuning_seeds", "tuning_epochs", "clip_norm", "first_seed"):
        del kept[later]
    assert large_of(kept) == CUT
    assert large_of(json.loads(json.dumps(dataclasses.asdict(FOLLOWUP)))) == FOLLOWUP


@pytest.mark.parametrize(("third", "best"), [(0.96, 1.0), (0.5, 0.1), (None, 0.1)])
def test_a_rate_that_fails_a_tuning_seed_is_not_chosen(third, best):
    """Nor one that has fewer finished runs: the third was not carried out, or diverged."""
    found = {0.1: (0.95, 0.95, 0.95), 1.0: (0.96, 0.96, third)}
    rows = [
        ("mnist", 50, DENSE, 50, "dense", rate, seed, value)
        for rate, values in found.items()
        for seed, value in enumerate(values)
        if value is not None
    ]
    columns = ["data", "hidden", "topology", "degree", "fan", "rate", "seed", "validation_accuracy"]
    rates = best_rates(pd.DataFrame(rows, columns=columns), SMALL, ("mnist",))
    assert rates[LargeNet("mnist", 50, DENSE, 50)] == best


def test_networks_that_ended_low_are_counted_beside_their_like():
    rows = [("mnist", 50, name, 4, "dense", 1.0, value) for name in ("a", "b") for value in (0.95, 0.951, 0.952)]
    columns = ["data", "hidden", "topology", "degree", "fan", "rate", "accuracy"]
    runs = pd.DataFrame([*rows, ("mnist", 50, "b", 4, "dense", 1.0, 0.85)], columns=columns)
    low = ended_low(runs).set_index("topology")
    assert low[["networks", "low"]].to_numpy().tolist() == [[3, 0], [4, 1]]
    assert low.loc["b", ["least", "best"]].tolist() == [0.85, 0.952]


def test_seeds_of_which_a_run_waits_are_left_out_start_by_start():
    states = {("dense", 0): "dd", ("dense", 1): "dw", ("sparse", 0): "wd", ("sparse", 1): "df"}
    words = {"d": "done", "w": "waiting", "f": "failed"}
    rows = [("mnist", 8, *block, words[state]) for block, found in states.items() for state in found]
    frame = pd.DataFrame(rows, columns=["data", "hidden", "fan", "seed", "state"])
    left = whole(frame, ["data", "hidden", "fan", "seed"])
    assert left[["fan", "seed"]].to_numpy().tolist() == [["dense", 0], ["dense", 0], ["sparse", 1]]


@pytest.mark.parametrize("name", [DENSE, NARROW, "fibonacci"])
def test_every_step_but_the_first_is_one_call(name, monkeypatch):
    """Fully connected networks too, by the kernels of the sparse ones: else their seconds are other ones."""
    ordinary, plain = [], TrainingStep._ordinary
    monkeypatch.setattr(TrainingStep, "_ordinary", lambda *args: ordinary.append(name) or plain(*args))
    run = LargeNet("digits", 20, name, 4).run(SMALL, 1.0, 0)
    architecture = run.experiment.architecture
    edges = 64 * (architecture.hidden[0] if name != "fibonacci" else 4)
    assert architecture.topology(dataset("digits"), seed=0)[0].num_edges == edges
    run.experiment.run(dataset("digits"))
    assert len(ordinary) <= 1


def test_a_narrow_network_has_as_many_edges_as_a_sparse_one():
    sizes = {}
    for name in (NARROW, "regular_random"):
        run = LargeNet("mnist", 1000, name, 32).run(LARGE, 0.3, 0)
        widths, edges = run.experiment.architecture.hidden, run.experiment.architecture.edges
        sizes[name] = (edges[0] or 784 * widths[0]) + 10 * widths[0]
    assert sizes[NARROW] == pytest.approx(sizes["regular_random"], abs=794)  # one neuron


def test_constructions_share_the_rate_that_is_best_on_what_was_held_out():
    rows = [
        ("mnist", 50, name, degree, fan, rate, 0.9 + (rate == best) * 0.05)
        for name, degree, fan, best in (
            (DENSE, 50, "dense", 1.0),
            ("regular_random", 4, "sparse", 0.1),
            ("regular_random", 4, "dense", 1.0),
        )
        for rate in SMALL.rates
    ]
    columns = ["data", "hidden", "topology", "degree", "fan", "rate", "validation_accuracy"]
    rates = best_rates(pd.DataFrame(rows, columns=columns), SMALL, ("mnist",))
    assert rates[LargeNet("mnist", 50, DENSE, 50)] == 1.0
    assert rates[LargeNet("mnist", 50, "fibonacci", 4, "sparse").tuned(SMALL)] == 0.1
    assert rates[LargeNet("mnist", 50, "fibonacci", 4).tuned(SMALL)] == 1.0


def test_what_is_gained_at_the_end_tells_whether_training_had_converged():
    epochs = pd.DataFrame({"run": ["a"] * 12, "epoch": range(1, 13), "accuracy": [0.5] * 10 + [0.6, 0.65]})
    assert last_gains(epochs, pd.DataFrame({"run": ["a"]}))["gained"].tolist() == pytest.approx([0.15])


@pytest.mark.parametrize(
    ("structured", "narrow", "expected"),
    [
        (0.01, 0.0, {"structured ≥ dense": "holds", "accuracy stays": "holds", "structured beats narrow": "holds"}),
        (-0.05, 0.0, {"structured ≥ dense": "does not hold", "accuracy stays": "does not hold"}),
        (0.0, 0.03, {"structured beats narrow": "does not hold", "regular as good as fibonacci": "holds"}),
    ],
)
def test_the_claims_find_what_is_there(structured, narrow, expected):
    rng = np.random.default_rng(0)
    luck = rng.normal(0.95, 0.01, 6)
    effect = {DENSE: 0.0, NARROW: narrow}
    rows = [
        (net.data, net.hidden, net.topology, net.degree, net.fan, seed, luck[seed] + 0.0003 * rng.normal() + shift, 1.0)
        for net in large_nets(SMALL, "mnist", SMALL.layers[0])
        for shift in (effect.get(net.topology, structured),)
        for seed in range(6)
    ]
    columns = ["data", "hidden", "topology", "degree", "fan", "seed", "accuracy", "connectivity"]
    plan = topologies.TopologiesPlan(data=("mnist",), large=SMALL)
    found = judged(claims_at_full_size.claims(pd.DataFrame(rows, columns=columns), plan))
    verdicts = {each.claim.key.removesuffix(", full size"): each.verdict.value for each in found}
    assert {key: verdicts[key] for key in expected} == expected
    assert verdicts["the start does not matter"] == Verdict.HOLDS.value


def test_a_claim_about_constructions_that_the_plan_leaves_out_is_not_judged():
    columns = ["data", "hidden", "topology", "degree", "fan", "seed", "accuracy", "connectivity"]
    rows = [
        (net.data, net.hidden, net.topology, net.degree, net.fan, seed, 0.97 + 0.0001 * seed, 1.0)
        for net in large_nets(FOLLOWUP, "mnist", FOLLOWUP.layers[0])
        for seed in range(10, 20)
    ]
    plan = topologies.TopologiesPlan(data=("mnist",), large=FOLLOWUP)
    found = {each.key: each for each in claims_at_full_size.claims(pd.DataFrame(rows, columns=columns), plan)}
    left = ("regular as good as fibonacci", "constructions differ when sparse", "rather than density")
    assert not {f"{each}, full size" for each in left} & set(found)
    main = found["structured ≥ dense, full size"]
    assert [each.what for each in main.estimates] == ["fibonacci less dense, degree 128"]
    assert [each.n for each in main.estimates] == [10]


def test_a_start_that_was_not_trained_yet_leaves_its_claim_untested():
    rows = [
        (net.data, net.hidden, net.topology, net.degree, net.fan, seed, 0.9 + 0.001 * seed, 1.0)
        for net in large_nets(SMALL, "mnist", SMALL.layers[0])
        for seed in range(3)
        if net.fan == "dense"
    ]
    columns = ["data", "hidden", "topology", "degree", "fan", "seed", "accuracy", "connectivity"]
    plan = topologies.TopologiesPlan(data=("mnist",), large=SMALL)
    found = judged(claims_at_full_size.claims(pd.DataFrame(rows, columns=columns), plan))
    untried = [each.claim for each in found if each.verdict is Verdict.UNTRIED]
    assert [(claim.key, claim.condition) for claim in untried] == [("the start does not matter, full size", "")]
    assert "--large" in untried[0].missing


def test_the_claim_of_large_layers_waits_where_nothing_large_was_trained():
    plan = topologies.TopologiesPlan(data=("mnist", "fashion-mnist"))
    found = judged(claims_at_full_size.claims(pd.DataFrame(), plan))
    assert [(each.claim.data, each.verdict) for each in found] == [(name, Verdict.UNTRIED) for name in plan.data]
