"""GPTs and ResNets from scratch: arms are what they are called, stopped runs go on, tables are those of the runs."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

import gossamer as gs

ROOT = Path(__file__).parents[2]
NAMES = ("shakespeare", "shakespeare_sgd", "resnet")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def script(monkeypatch):
    """A module of benchmarks/ by name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def weights(model):
    """Of layers that multiply, biases left out, in blocks alone."""
    kinds = torch.nn.Linear, torch.nn.Conv2d, gs.nn.SparseLayer
    return sum(m.weight.numel() for m in model.blocks.modules() if isinstance(m, kinds))


def test_gpts_keep_the_share_that_they_are_called_by(script):
    shakespeare = script("shakespeare")
    options = shakespeare.parser.parse_args(["--layers", "1"])
    dense, *sparse = (
        shakespeare.model_of(method, options, 65, 0)
        for method in ("dense", "rigl_90", "rigl_95", "wide_90", "share_17.5")
    )
    assert [weights(each) for each in sparse[:3]] == [round(weights(dense) * share) for share in (0.1, 0.05, 1)]
    parameters = [sum(p.numel() for p in each.parameters()) for each in (dense, sparse[3])]
    assert parameters[1] == pytest.approx(0.175 * parameters[0], abs=1)


def test_resnets_keep_the_share_that_they_are_called_by(script):
    resnet = script("resnet")
    options = resnet.parser.parse_args([])
    dense, most, more, wide = (
        resnet.model_of(method, options, 0) for method in ("dense", "rigl_90", "rigl_95", "wide_90")
    )
    large, small = resnet.weights_by_kernel(dense.blocks)
    assert weights(most) == small + round(0.1 * large)
    assert weights(more) == small + round(0.05 * large)
    assert weights(wide) == weights(dense)


def tiny(script, steps):
    """A run of 12 steps on made-up examples, in which RigL moves edges."""

    class Tiny(script("checkpointed").Run):
        def loss(self):
            x = torch.randn(8, 12, generator=self.batches)
            return (self.model(x) - x[:, :3]).square().mean()

        def validate(self, *, last):
            return float(self.model(torch.ones(1, 12)).square().sum()) + last

    torch.manual_seed(0)
    model = gs.nn.sparsify(torch.nn.Sequential(torch.nn.Linear(12, 6), torch.nn.Linear(6, 3)), density=0.4)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    rule = gs.rewiring.rigl(fraction=0.5, every=2, until=10)
    return Tiny(model, optimizer, rate=lambda k: 1 / (k + 1), rule=rule, steps=steps, every=4, seed=1, clip=1.0)


def test_a_stopped_run_ends_as_one_that_was_not(script, tmp_path):
    whole = tiny(script, 12).finished(tmp_path / "whole.pt")
    stopped = tiny(script, 12)
    stopped.advance()
    stopped.save(tmp_path / "stopped.pt")
    again = tiny(script, 12).finished(tmp_path / "stopped.pt")
    assert [look[::2] for look in again["curve"]] == [look[::2] for look in whole["curve"]]
    assert len(again["curve"]) == 3
    assert again["edges"] == whole["edges"] == 36


def test_a_ledger_keeps_runs_and_does_none_twice(script, tmp_path):
    ledger = script("from_scratch").Ledger
    first = ledger(tmp_path / "runs.jsonl", {"steps": 1})
    rates = {"a": [0.1], "b": [0.1, 0.2]}
    assert list(first.missing(rates, [0, 1]))[:4] == [("a", 0, 0.1), ("b", 0, 0.1), ("b", 0, 0.2), ("a", 1, 0.1)]
    first.keep("b", 1, 0.1, {"curve": []})
    assert list(ledger(first.path, {"steps": 1}).missing(rates, [1])) == [("a", 1, 0.1), ("b", 1, 0.2)]
    assert len(list(ledger(first.path, {"steps": 2}).missing(rates, [1]))) == 3


def test_the_rate_chosen_is_that_of_the_best_pilot_run(script):
    page = script("from_scratch")
    ends = {("a", 0.1): 2.0, ("a", 0.2): 1.9, ("b", 0.1): 1.0, ("b", 0.2): 1.5}
    runs = [{"method": method, "lr": lr, "curve": [[1, 1.0, 0.5], [2, 2.0, end]]} for (method, lr), end in ends.items()]
    assert page.chosen(runs, page.TASKS["shakespeare"]) == {"a": 0.2, "b": 0.1}
    assert page.chosen(runs, page.TASKS["resnet"]) == {"a": 0.1, "b": 0.2}


def made_up(values, seconds=10.0):
    """Runs by seed with these results."""
    return {seed: {"lr": 0.1, "curve": [[1, seconds, value]]} for seed, value in enumerate(values)}


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ([2.1, 2.25, 2.3], "worse than dense"),
        ([1.9, 2.05, 2.12], "better than dense"),
        ([1.9, 2.3, 2.1], "not told apart from dense"),
        ([2.4], "not told apart from dense"),
    ],
)
def test_a_verdict_is_that_of_students_paired_interval(script, ours, said):
    page, dense = script("from_scratch"), [2.0, 2.15, 2.21]
    gap = page.difference(page.results(made_up(ours)), page.results(made_up(dense)))
    assert page.verdict(gap, page.TASKS["shakespeare"]) == said
    opposite = {"worse than dense": "better than dense", "better than dense": "worse than dense"}
    assert page.verdict(gap, page.TASKS["resnet"]) == opposite.get(said, said)
    if len(ours) > 1:
        interval = stats.ttest_rel(ours, dense).confidence_interval()
        assert (gap.low, gap.high) == pytest.approx(tuple(interval))


def test_the_answer_tells_arms_by_their_verdicts(script):
    page, task = script("from_scratch"), script("from_scratch").TASKS["shakespeare"]
    runs = {
        "dense": [2.0, 2.15, 2.21],
        "rigl_90": [1.9, 2.05, 2.12],
        "rigl_95": [2.1, 2.25, 2.3],
        "wide_90": [1.8, 2, 2],
    }
    assert list(page.clauses({method: made_up(values) for method, values in runs.items()}, task)) == [
        "better than dense (-0.097 nats, RigL, 90 % sparse; -0.187 nats, RigL, 3 times as wide, dense one's edges)",
        "worse than dense (+0.097 nats, RigL, 95 % sparse)",
    ]


def test_what_was_reached_within_a_time_is_what_was_last_seen(script):
    reached = script("from_scratch").reached
    runs = {0: {"curve": [[1, 2.0, 5.0], [2, 4.0, 3.0]]}, 1: {"curve": [[1, 3.0, 7.0], [2, 5.0, 1.0]]}}
    assert [reached(runs, limit, 1) for limit in (2.5, 3.0, 4.0, 5.0)] == ["–", "6.0", "5.0", "*2.0*"]


def kept(name):
    """The runs of a result file, and its pilot runs."""
    path = ROOT / "docs" / "results" / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"{path.name} is not kept yet: benchmarks/{name}.py makes it")
    files = (path, path.with_name(f"{name}_pilots.jsonl"))
    return [[json.loads(line) for line in each.read_text().splitlines()] if each.exists() else [] for each in files]


@pytest.mark.parametrize("name", NAMES)
def test_each_arm_has_the_same_seeds_that_ran_to_their_end(name):
    runs, pilots = kept(name)
    seeds = {method: sorted(run["seed"] for run in runs if run["method"] == method) for method in arms_of(runs)}
    assert all(len(each) >= 3 and each == sorted(set(seeds["dense"])) for each in seeds.values())
    assert not {run["seed"] for run in pilots} & set(seeds["dense"])
    for part in (runs, pilots):
        assert len({json.dumps(run["settings"]) for run in part}) <= 1
        assert all(run["curve"][-1][0] == run["settings"]["steps"] for run in part)


@pytest.mark.parametrize("name", NAMES)
def test_rates_are_the_best_of_the_same_choice(name):
    runs, pilots = kept(name)
    choice = {method: sorted(run["lr"] for run in pilots if run["method"] == method) for method in arms_of(runs)}
    assert all(each == choice["dense"] for each in choice.values())
    for run in runs if pilots else ():
        mine = [each for each in pilots if each["method"] == run["method"]]
        best = (max if name == "resnet" else min)(mine, key=lambda each: each["curve"][-1][2])
        assert run["lr"] == best["lr"]
    assert pilots or len({run["lr"] for run in runs}) == 1


def arms_of(runs):
    """Methods."""
    return {run["method"] for run in runs}


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_are_those_of_the_kept_runs(script, name):
    page = script("from_scratch").page(name)
    decimals = script("from_scratch").TASKS[name].decimals
    runs, _ = kept(name)
    found = {m: {r["seed"]: r["curve"][-1][2] for r in runs if r["method"] == m} for m in arms_of(runs)}
    for method, values in found.items():
        mean, spread = np.mean(list(values.values())), np.std(list(values.values()), ddof=1)
        assert f"| {mean:.{decimals}f} ± {spread:.{decimals}f} | {len(values)} |" in page
        gap = np.mean([values[seed] - found["dense"][seed] for seed in values])
        assert method == "dense" or re.search(rf"\| {re.escape(f'{gap:+.{decimals}f} [')}", page)
