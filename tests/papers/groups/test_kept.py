"""What is kept of the study follows from its runs, and README and page say no more than that."""

import json
from pathlib import Path

import pandas as pd
import pytest

from gossamer.papers.groups import again

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "docs" / "results"
KEPT, LATE = RESULTS / "groups", RESULTS / "groups-cifar10-jpeg"
SAID = {80.0: {2, 4, 8, 16}, 90.0: {2, 4, 8}, 95.0: {2, 4}, 99.0: set(), 99.5: set()}
"""Static groups of outputs that README and page call free."""


@pytest.fixture(scope="module")
def static():
    table = pd.read_csv(KEPT / "data" / "G1.csv")
    return table[(table["rule"] == "static") & (table["kind"] == "outputs")]


@pytest.mark.parametrize("folder", [KEPT, LATE], ids=lambda folder: folder.name)
def test_tables_and_verdicts_follow_from_the_runs(folder):
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    found = again(results["plan"], folder)
    assert [each.verdict.value for each in found.judgements] == [each["verdict"] for each in results["claims"]]
    tables = {exhibit.key: exhibit.table.reset_index(drop=True) for exhibit in found.exhibits}
    pd.testing.assert_frame_equal(
        tables["G2"].fillna(""), pd.read_csv(folder / "data" / "G2.csv").fillna(""), check_dtype=False
    )


def test_what_is_called_free_is_free_on_every_data_set_with_ten_seeds(static):
    assert set(static["n"]) == {10}
    for sparsity, rows in static[static["group"] > 1].groupby("sparsity"):
        free = [set(each.loc[each["verdict"] == "free", "group"]) for _, each in rows.groupby("data")]
        assert len(free) > 1 and set.intersection(*free) == SAID[sparsity]


def test_groups_are_free_where_nearly_all_inputs_are_read_also_where_lambda_is_zero(static):
    read = static[(static["group"] > 1) & (static["read, % of inputs"] > 99)]
    assert set(read["verdict"]) == {"free"}
    assert read.loc[(read["sparsity"] == 95) & (read["group"] == 4), "λ₂ first"].eq(0).all()


def test_speed_ends_at_four(static):
    rows = static[(static["data"] == "mnist") & (static["sparsity"] < 99)]
    speed = rows.pivot_table(index="sparsity", columns="group", values="times dense")
    assert (speed[4] > 1.3 * speed[1]).all()
    assert (speed[[8, 16]].max(axis=1) < 1.1 * speed[4]).all()


def test_even_groups_of_two_and_four_are_free_at_99_percent_on_all_three_data_sets():
    """What README says."""
    tables = pd.concat([pd.read_csv(folder / "data" / "G1.csv") for folder in (KEPT, LATE)])
    rows = tables[(tables["kind"] == "even") & (tables["sparsity"] == 99)]
    found = rows.groupby("data").apply(lambda each: set(each.loc[each["verdict"] == "free", "group"]))
    assert dict(found) == {name: {2, 4} for name in ("mnist", "fashion-mnist", "cifar10-jpeg")}
    assert set(rows["n"]) == {10}


def test_below_99_percent_nothing_is_shown_to_lose_half_a_point_of_colours():
    late = pd.read_csv(LATE / "data" / "G1.csv")
    static = late["rule"] == "static"
    assert set(late.loc[static & (late["sparsity"] < 99) & (late["group"] > 1), "verdict"]) == {"free", "undecided"}
    assert set(late.loc[(late["sparsity"] == 99) & (late["kind"] == "twisted"), "verdict"]) == {"free"}


def test_what_the_page_says_of_rigl_and_inputs_on_colours():
    late = pd.read_csv(LATE / "data" / "G1.csv").set_index(["rule", "kind", "sparsity", "group"]).sort_index()
    said = late["verdict"]
    costly = {cell[2:] for cell in said[said == "costly"].loc[["RigL"]].index}
    assert costly == {(95.0, 16), (99.0, 4), (99.0, 8), (99.0, 16)}
    assert set(said.loc["static", "inputs", 99.0]) == {"free"} and said["static", "both", 99.0, 4] == "costly"
    points = late["difference, points"].round(1)
    assert points.loc["RigL", "outputs", 99.0].tolist()[1:] == [-0.6, -1.2, -2.5, -4.5]
    assert points.loc["static", "outputs", 99.0].tolist()[1:] == [-0.1, -0.7, -2.1, -3.6]
    assert (points["RigL", "outputs", 95.0, 16], points["static", "outputs", 95.0, 16]) == (-1.3, -0.6)
    accuracy = late["accuracy, %"]
    assert round(accuracy["RigL", "outputs", 99.0, 1] - accuracy["static", "outputs", 99.0, 1], 1) == 0.7
