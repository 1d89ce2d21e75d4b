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
NAMES = ("shakespeare", "resnet")

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
        shakespeare.model_of(method, options, 65, 0)[0]
        for method in ("dense", "rigl_90", "rigl_95", "wide_90", "share_17.5")
    )
    assert [weights(each) for each in sparse[:3]] == [round(weights(dense) * share) for share in (0.1, 0.05, 1)]
    parameters = [sum(p.numel() for p in each.parameters()) for each in (dense, sparse[3])]
    assert parameters[1] == pytest.approx(0.175 * parameters[0], abs=1)


def test_resnets_keep_the_share_that_they_are_called_by(script):
    resnet = script("resnet")
    options = resnet.parser.parse_args([])
    dense, most, more, wide = (
        resnet.model_of(method, options, 0)[0] for method in ("dense", "rigl_90", "rigl_95", "wide_90")
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
    assert list(first.missing(["a", "b"], [0, 1])) == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    first.keep("a", 1, {"curve": []})
    assert list(ledger(first.path, {"steps": 1}).missing(["a", "b"], [1])) == [("b", 1)]
    assert list(ledger(first.path, {"steps": 2}).missing(["a"], [1])) == [("a", 1)]


def made_up(values, seconds=10.0):
    """Runs by seed with these results."""
    return {seed: {"curve": [[1, seconds, value]]} for seed, value in enumerate(values)}


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


def test_what_was_reached_within_a_time_is_what_was_last_seen(script):
    reached = script("from_scratch").reached
    runs = {0: {"curve": [[1, 2.0, 5.0], [2, 4.0, 3.0]]}, 1: {"curve": [[1, 3.0, 7.0], [2, 5.0, 1.0]]}}
    assert [reached(runs, limit, 1) for limit in (2.5, 3.0, 4.0, 5.0)] == ["–", "6.0", "5.0", "*2.0*"]


def kept(name):
    """The runs of a result file by method, of each of its settings."""
    path = ROOT / "docs" / "results" / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"{path.name} is not kept yet: benchmarks/{name}.py makes it")
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        found.setdefault(json.dumps(run["settings"]), {}).setdefault(run["method"], []).append(run)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_arm_has_three_seeds_that_ran_to_their_end(name):
    for settings, arms in kept(name).items():
        for runs in arms.values():
            assert len({run["seed"] for run in runs}) == len(runs) >= 3
            assert {run["curve"][-1][0] for run in runs} == {json.loads(settings)["steps"]}


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_are_those_of_the_kept_runs(script, name):
    page = script("from_scratch").page(name)
    decimals = script("from_scratch").TASKS[name].decimals
    found = kept(name).values()
    means = {np.mean([run["curve"][-1][2] for run in arms["dense"]]): arms for arms in found if "dense" in arms}
    best = means[max(means) if name == "resnet" else min(means)]["dense"]
    dense = {run["seed"]: run["curve"][-1][2] for run in best}
    for arms in found:
        for runs in arms.values():
            values = {run["seed"]: run["curve"][-1][2] for run in runs}
            mean, spread = np.mean(list(values.values())), np.std(list(values.values()), ddof=1)
            assert f"| {mean:.{decimals}f} ± {spread:.{decimals}f} | {len(runs)} |" in page
            gap = np.mean([values[seed] - dense[seed] for seed in values])
            assert runs is best or re.search(rf"\| {re.escape(f'{gap:+.{decimals}f} [')}", page)
