"""What the 2020 paper trains at full size, and how it is tuned."""

import dataclasses
import itertools

import pandas as pd
import pytest

from gossamer.papers import insights
from gossamer.papers.insights import _best_settings
from gossamer.papers.insights.plan import Net, Setting, adaptive_nets, edges_at, final_runs, nets, tuning_runs
from gossamer.papers.insights.tables import plan_of
from gossamer.papers.record import Record

LARGE = insights.LARGE
FIRST = {net: net.settings(LARGE)[0] for net in nets(LARGE)}


@pytest.fixture(autouse=True)
def without_data(monkeypatch):
    """Only the epochs of SET's updates ask how many examples there are."""
    monkeypatch.setattr("gossamer.papers.insights.plan.steps_per_epoch", lambda data, validation: 422)


def test_the_full_size_has_the_seeds_and_controls_that_were_asked_for():
    runs = final_runs(LARGE, FIRST)
    assert (len(runs), len(tuning_runs(LARGE))) == (120, 66)
    seeds = pd.DataFrame([run.labels for run in runs]).groupby(["topology", "rule"])["seed"].nunique()
    assert seeds.to_dict() == {
        ("dense", "static"): 5,
        ("erdos_renyi", "SET"): 10,
        ("erdos_renyi", "static"): 10,
        ("narrow", "static"): 5,
    }
    assert {run.experiment.architecture.hidden for run in runs if run.labels["topology"] == "dense"} == {(1000,) * 3}
    assert {net.data for net in adaptive_nets(LARGE)} == {"fashion-mnist", "cifar10-jpeg"}


def test_the_cut_has_ten_sparse_seeds_and_the_fully_connected_ones_first():
    cut = insights.LARGE_CUT
    runs = final_runs(cut, {net: net.settings(cut)[0] for net in nets(cut)})
    assert (len(runs), len(tuning_runs(cut))) == (26, 10)
    seeds = pd.DataFrame([run.labels for run in runs]).groupby(["topology", "rule"])["seed"].agg(list).to_dict()
    assert seeds[("dense", "static")] == seeds[("narrow", "static")] == [0, 1, 2]
    assert seeds[("erdos_renyi", "SET")] == seeds[("erdos_renyi", "static")] == list(range(10))
    assert [run.labels["seed"] for run in runs] == sorted(run.labels["seed"] for run in runs)
    assert {run.experiment.config.epochs for run in runs} == {16} and cut.chain is None


@pytest.mark.parametrize("narrow", [False, True])
def test_fully_connected_networks_are_all_edges_of_sparse_layers(narrow):
    """So that their steps are one call, as those of the sparse ones are."""
    found = Net("fashion-mnist", 1000, 20 if narrow else 1.0, narrow=narrow).run(LARGE, Setting(0.1), 0)
    architecture = found.experiment.architecture
    widths = (784, *architecture.hidden, 10)
    assert architecture.edges == tuple(n * m for n, m in itertools.pairwise(widths))


def test_density_by_epsilon_is_that_of_set():
    """ε (n + m) edges, each junction by itself, as in Mocanu et al. 2018."""
    run = Net("cifar10-jpeg", 1000, 20).run(LARGE, Setting(0.1), 0)
    assert run.experiment.architecture.edges == (20 * 4072, 20 * 2000, 20 * 2000, None)
    assert edges_at(5000, 10, 10) == 100


def test_a_narrow_network_has_the_edges_of_the_sparse_one():
    for data, inputs in (("fashion-mnist", 784), ("cifar10-jpeg", 3072)):
        sparse = Net(data, 1000, 20).run(LARGE, Setting(0.1), 0).experiment.architecture
        narrow = Net(data, 1000, 20, narrow=True).run(LARGE, Setting(0.1), 0).experiment.architecture
        widths = (inputs, *narrow.hidden, 10)
        count = sum(n * m for n, m in itertools.pairwise(widths))
        assert count == pytest.approx(sum(sparse.edges[:3]) + 10_000, abs=inputs + 400)


def test_fully_connected_networks_choose_rate_and_dropout_and_sparse_ones_the_rate():
    runs = pd.DataFrame([run.labels for run in tuning_runs(LARGE)])
    tried = runs.groupby("topology")[["rate", "dropout"]].nunique()
    assert tried.loc["dense"].tolist() == tried.loc["narrow"].tolist() == [3, 2]
    assert tried.loc["erdos_renyi"].tolist() == [3, 1]
    assert set(runs["seed"]) == {1000}
    best = runs.assign(validation_accuracy=0.5)
    best.loc[(best["rate"] == 0.03) & (best["dropout"] == best["dropout"].max()), "validation_accuracy"] = 0.9
    chosen = _best_settings(best, LARGE)
    assert chosen[Net("fashion-mnist", 1000, 1.0)] == Setting(0.03, (0.2, 0.5))
    assert chosen[Net("fashion-mnist", 1000, 20)].dropout == (0.0, 0.0)


def test_the_plan_comes_back_from_json():
    for kept in (LARGE, insights.LARGE_CUT):
        plan = dataclasses.replace(kept, data=())
        record = Record.of(plan, [], size="large", command="")
        assert plan_of(record.plan) == plan
