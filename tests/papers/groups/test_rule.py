"""The plan's networks, and the rules on tables whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from gossamer.analysis.claims import Verdict, judged
from gossamer.papers.groups.claims import claims
from gossamer.papers.groups.kinds import KINDS, family
from gossamer.papers.groups.plan import OUTPUTS, RIGL, STATIC, GroupsPlan, fan_in, rest, stages
from gossamer.papers.groups.price import MARGIN, free, percents, prices
from gossamer.papers.groups.tables import plan_of
from gossamer.rewiring import rigl, rigl_in_groups

PLAN = GroupsPlan(data=("mnist",), ranks=((95.0,), (99.0,)), others=(("twisted", (95.0, 99.0)), ("even", (95.0, 99.0))))
WORDS = {
    "small": "groups of outputs up to 8 are free below 99 %",
    "costly": "large groups of outputs cost accuracy from 99 % on",
    "RigL": "large groups cost less with RigL from 99 % on",
    "twisted": "large groups cost less if they are twisted, at 99 %",
    "even": "large groups cost less if they are even, at 99 %",
}


def runs(lost, *, seeds=10, spread=0.001, state="done"):
    """Accuracies that differ by `lost(kind, rule, sparsity, size)` points and by seed, whose luck all share."""
    rng = np.random.default_rng(0)
    luck = rng.normal(0.9, 0.01, seeds)
    rows = [
        (state, stage.data, kind, stage.rule, sparsity, size, seed,
         luck[seed] - lost(kind, stage.rule, sparsity, size) / 100 + spread * rng.normal())
        for stage in stages(PLAN)
        for kind, sparsity, size in PLAN.cells(stage.data)
        if kind == stage.kind and sparsity in stage.sparsities
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["state", "data", "kind", "rule", "sparsity", "group", "seed", "accuracy"])


def verdicts(found):
    return {each.claim.key: each.verdict for each in judged(claims(percents(found), PLAN))}


@pytest.mark.parametrize("sparsity", [80.0, 90.0, 95.0, 99.0, 99.5])
@pytest.mark.parametrize("inputs", [784, 480, 3072])
def test_fan_ins_are_near_what_was_asked_for_and_come_in_pairs(inputs, sparsity):
    found = fan_in(inputs, sparsity)
    assert found % 2 == 0
    assert found == pytest.approx(inputs * (1 - sparsity / 100), rel=0.17)


@pytest.mark.parametrize("kind", KINDS)
def test_all_group_sizes_have_the_same_edges_and_fan_ins(kind):
    rng = np.random.default_rng(0)
    made = [family(kind, size).with_edges(48, 32, 32 * 8, rng=rng) for size in (1, 2, 4)]
    assert {(g.num_edges, *set(g.fan_in.tolist())) for g in made} == {(256, 8)}
    rows = made[2].to_mask()
    same = (rows[0::4] == rows[1::4]).all()
    alike = (rows[:, 0::4] == rows[:, 1::4]).all()
    assert (same, alike) == {"outputs": (1, 0), "even": (1, 0), "inputs": (0, 1), "both": (1, 1), "twisted": (0, 0)}[
        kind
    ]


def test_blocks_of_twisted_groups_hold_permutations():
    mask = family("twisted", 4).with_edges(48, 32, 32 * 8, rng=np.random.default_rng(0)).to_mask().astype(int)
    blocks = mask.reshape(8, 4, 12, 4).transpose(0, 2, 1, 3)
    assert all((block.sum(axis) == block.any()).all() for row in blocks for block in row for axis in (0, 1))


def test_sizes_that_a_kind_cannot_have_are_left_out():
    full = GroupsPlan()
    assert full.sizes("inputs", 99.0, "mnist") == (2, 4)  # 784 inputs have fan-in 8, but 480 have 4
    assert full.sizes("twisted", 90.0, "mnist") == (2, 4, 8)  # fan-in 48 of 480 / 16 = 30 blocks is not to be had
    assert full.sizes("both", 80.0, "mnist") == ()
    assert full.sizes(OUTPUTS, 99.5, "mnist") == (2, 4, 8, 16)


def test_the_late_data_set_has_fewer_kinds_and_comes_last():
    plan, late = GroupsPlan(late_rest=()), "cifar10-jpeg"
    order = list(stages(plan))
    assert {stage.data for stage in order[-6:]} == {late} and late not in {stage.data for stage in order[:-6]}
    assert [(s.kind, s.rule, s.sparsities) for s in order[-6:]] == [
        (kind, STATIC, rank) for rank in ((95.0, 99.0), (90.0,)) for kind in (OUTPUTS, "even", "twisted")
    ]
    sizes = {(kind, sparsity): plan.sizes(kind, sparsity, late) for kind, sparsity, _ in plan.cells(late)}
    assert set(sizes) == {(kind, s) for kind in (OUTPUTS, "even", "twisted") for s in (90.0, 95.0, 99.0)}
    assert sizes["twisted", 90.0] == (2, 4, 8) and sizes["even", 99.0] == (2, 4, 8, 16)
    assert sum(len(stage.runs(plan)) for stage in order[-6:]) == 380
    words = {claim.key for claim in claims(percents(runs(lambda *_: 0.0)), plan) if claim.data == late}
    assert WORDS["even"] in words and WORDS["RigL"] not in words


def test_the_rest_of_the_late_data_set_comes_after_that(monkeypatch):
    monkeypatch.setattr("gossamer.papers.groups.plan.dataset", lambda _: type("", (), {"train": range(50_000)}))
    plan = GroupsPlan(data=("cifar10-jpeg",))
    found = list(rest(plan))
    assert list(stages(plan)) == [*stages(GroupsPlan(data=plan.data, late_rest=())), *found]
    assert [sum(len(stage.runs(plan)) for stage in found if stage.rule == rule) for rule in (RIGL, STATIC)] == [
        100,
        100,
    ]
    names = [run.labels["sparsity"] for stage in found for run in stage.runs(plan) if run.labels["kind"] == OUTPUTS]
    assert set(names) == {95.0, 99.0}
    keys = {claim.key for claim in claims(percents(runs(lambda *_: 0.0)), plan)}
    assert {WORDS["RigL"], "groups of inputs are free below 99 %"} <= keys


def test_a_plan_of_before_has_no_rest():
    assert plan_of({"data": ["mnist"]}).late_rest == ()


def test_rigl_moves_groups_where_there_are_any(monkeypatch):
    monkeypatch.setattr("gossamer.papers.groups.plan.dataset", lambda _: type("", (), {"train": range(60_000)}))
    found = [stage for stage in stages(PLAN) if stage.rule == RIGL]
    rules = {run.labels["group"]: run.experiment.rule for run in found[0].runs(PLAN)}
    until = 3 * 2 * 469 // 4
    assert rules[1] == rigl(every=100, until=until) and rules[8] == rigl_in_groups(every=100, until=until)


def test_nothing_lost_is_free_everywhere():
    table = prices(percents(runs(lambda *_: 0.0)), PLAN)
    assert set(table.loc[table["group"] > 1, "verdict"]) == {"free"}
    assert (free(table)["95 %"] == "free: 2, 4, 8, 16").all()


def test_what_is_lost_is_told_and_the_interval_holds_the_truth():
    def lost(kind, rule, sparsity, size):
        return 2.0 if (size, sparsity) == (16, 99.0) else 0.3 if size == 8 else 0.0

    table = prices(percents(runs(lost)), PLAN).set_index(["rule", "kind", "sparsity", "group"])
    assert table.loc[(STATIC, OUTPUTS, 99.0, 16), "verdict"] == "costly"
    assert table.loc[(STATIC, OUTPUTS, 95.0, 8), "verdict"] == "cheap"
    ends = table.loc[(STATIC, OUTPUTS, 99.0, 16), ["from", "to"]]
    assert ends["from"] < -2.0 < ends["to"]


def test_intervals_are_corrected_for_the_sizes_of_a_cell():
    """Against scipy, on the differences of the table itself."""
    from scipy.stats import ttest_rel

    found = percents(runs(lambda *_: 0.1))
    rows = found[(found["kind"] == OUTPUTS) & (found["rule"] == STATIC) & (found["sparsity"] == 95.0)]
    wide = rows.pivot_table(index="seed", columns="group", values="accuracy, %")
    expected = ttest_rel(wide[8], wide[1]).confidence_interval(1 - 0.05 / 4)
    table = prices(found, PLAN).set_index(["rule", "kind", "sparsity", "group"]).loc[(STATIC, OUTPUTS, 95.0, 8)]
    assert (table["from"], table["to"]) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_few_seeds_decide_nothing():
    table = prices(percents(runs(lambda *_: 0.0, seeds=1)), PLAN)
    assert set(table["verdict"]) == {"", "undecided"}
    assert set(verdicts(runs(lambda *_: 0.0, seeds=3, spread=0.01)).values()) == {Verdict.OPEN}


def test_claims_of_what_waits_are_not_tested():
    assert set(verdicts(runs(lambda *_: 0.0, state="waiting")).values()) == {Verdict.UNTRIED}


def test_claims_follow_the_truth():
    def lost(kind, rule, sparsity, size):
        thin = sparsity == 99.0 and size > 2 and kind == OUTPUTS
        return (1.0 if rule == RIGL else 3.0) if thin else 0.0

    found = verdicts(runs(lost))
    assert {key: found[words] for key, words in WORDS.items()} == dict.fromkeys(WORDS, Verdict.HOLDS)


def test_claims_fail_where_the_opposite_is_so():
    def lost(kind, rule, sparsity, size):
        return 2 * MARGIN if size > 1 and sparsity == 95.0 else 0.0

    found = verdicts(runs(lost))
    assert found[WORDS["small"]] is Verdict.FAILS
    assert found[WORDS["costly"]] is Verdict.FAILS
