"""Groups of runs, and the sentences about them, against numbers worked out by other means."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gossamer.reports.study.accuracy import size_lines
from gossamer.reports.study.conclusions import best_of, conclusions, contests, left_out
from gossamer.reports.study.connectivity import measure_associations
from gossamer.reports.study.results import Results, number, text

MEANS = {("erdos_renyi", 2): 0.80, ("erdos_renyi", 8): 0.90, ("fibonacci", 2): 0.85, ("fibonacci", 8): 0.91}
NOISE = (0.0, 0.01, 0.03)


def row(name, degree, seed, **more):
    dense = name == "dense"
    accuracy = (0.92 if dense else MEANS[name, degree]) + NOISE[seed] + 0.001 * seed * len(name)
    edges = 1000 if dense else 50 * degree
    values = {"accuracy": accuracy, "edges": edges, "seconds": 1.0 + edges / 500, "epochs": 2, "error": None}
    labels = {"topology": name, "degree": degree, "seed": seed}
    return {"run": f"{name}-{degree}-{seed}", "state": "done", **labels, **values, **more}


def results(rows, labels=("topology", "degree", "seed")):
    return Results(pd.DataFrame(rows), tuple(labels))


@pytest.fixture
def found():
    rows = [row(name, degree, seed) for (name, degree), seed in itertools.product(MEANS, range(3))]
    return results([*rows, *(row("dense", None, seed) for seed in range(3))])


def test_runs_that_differ_in_the_seed_alone_are_one_group(found):
    assert [group.title for group in found.groups] == [
        "erdos_renyi, degree 2",
        "erdos_renyi, degree 8",
        "fibonacci, degree 2",
        "fibonacci, degree 8",
        "dense",
    ]
    assert [len(group.runs) for group in found.groups] == [3] * 5
    assert [group.number for group in found.groups] == [0, 0, 1, 1, -1]
    assert list(found.panels) == [""]


def test_whatever_else_varies_makes_figures_of_its_own():
    rows = [
        row("fibonacci", 2, seed, data=data, hidden=hidden, rule=rule)
        for data, hidden, rule, seed in itertools.product(("a", "b"), ("100", "300,300"), (None, "set"), range(2))
    ]
    split = results(rows, ("topology", "degree", "seed", "data", "hidden", "rule"))
    assert list(split.panels) == ["a, hidden 100", "a, hidden 300,300", "b, hidden 100", "b, hidden 300,300"]
    assert [group.name for group in split.panels["a, hidden 100"]] == ["fibonacci", "fibonacci, set"]


def test_a_density_that_follows_from_the_degree_splits_no_group():
    rows = [row("fibonacci", 2, seed, density=0.1 + seed / 1000) for seed in range(3)]
    (group,) = results(rows, ("topology", "degree", "density", "seed")).groups
    assert group.place("density") == pytest.approx(0.101)
    assert group.place("degree") == 2


def test_the_best_of_all_means_is_not_its_own_judge(found):
    groups = found.groups
    assert best_of(groups).title == "fibonacci, degree 8"
    chosen = [row("fibonacci", 8, seed)["accuracy"] for seed in range(3)]
    honest = left_out(groups)
    assert honest.n == 3
    assert honest.mean == pytest.approx(100 * np.mean(chosen))
    rows = [row("fibonacci", 8, 0), row("erdos_renyi", 8, 0)]
    assert left_out(results(rows).groups) is None


def test_a_lucky_seed_does_not_win_when_it_judges():
    lucky = {0: 0.99, 1: 0.5, 2: 0.5}
    rows = [row("fibonacci", 8, seed) | {"accuracy": lucky[seed]} for seed in range(3)]
    rows += [row("erdos_renyi", 8, seed) | {"accuracy": 0.6} for seed in range(3)]
    groups = results(rows).groups
    assert best_of(groups).name == "fibonacci"
    assert left_out(groups).mean == pytest.approx(100 * (0.6 + 0.5 + 0.5) / 3)


def test_contests_are_paired_and_corrected_by_holm(found):
    reference, contested = contests(found.groups)
    assert reference == "erdos_renyi"
    raw = []
    for contest, degree in zip(contested, (2, 8), strict=True):
        samples = [[row(name, degree, seed)["accuracy"] for seed in range(3)] for name in ("fibonacci", "erdos_renyi")]
        raw.append(stats.ttest_rel(*samples).pvalue)
        assert contest.gap.mean == pytest.approx(np.mean(samples[0]) - np.mean(samples[1]))
    low, high = sorted(raw)
    assert sorted(each.p_holm for each in contested) == pytest.approx([min(1, 2 * low), max(2 * low, high)])


def test_what_is_said(found):
    said = " ".join(conclusions(found)).replace("\u00a0", " ")
    assert "15 of 15 runs are done: 5 configurations with 3 runs each" in said
    assert "largest of 4 means and thus optimistic" in said
    assert "fibonacci, degree 8 with 40 % of its edges" in said
    assert "The fewest edges whose mean is within 1 point of the dense one: 400 (40 %), fibonacci, degree 8" in said
    assert "An epoch of a sparse network takes 0.40" in said
    assert "Of 2 differences from erdos_renyi at equal size, paired by seed, 2 are clear of 0" in said


def test_runs_without_seeds_are_not_paired(found):
    rows = [row(name, 8, seed) | {"seed": None} for name in ("erdos_renyi", "fibonacci") for seed in range(3)]
    groups = results(rows).groups
    assert [len(group.by_seed("accuracy")) for group in groups] == [3, 3]
    (contest,) = contests(groups)[1]
    assert not contest.gap.paired
    assert left_out(groups) is None


def test_one_seed_is_no_evidence():
    said = " ".join(conclusions(results([row("fibonacci", 8, 0), row("dense", None, 0)])))
    assert "With one seed there are no intervals" in said
    assert "of too few seeds to judge" in said
    assert "[" not in said


def test_seeds_are_no_independent_witnesses_of_a_measure():
    values = {"erdos_renyi": 1.0, "fibonacci": 2.0, "other": 3.0}
    rows = [
        row("fibonacci", 8, seed) | {"topology": name, "algebraic_connectivity": value, "accuracy": value / 10}
        for (name, value), seed in itertools.product(values.items(), range(3))
    ]
    assert measure_associations(results(rows)) == ((), 3)
    more = [each | {"edges": 7, "degree": 3} for each in rows]
    (association,), compared = measure_associations(results(rows + more))
    assert compared == 6
    assert association.spearman == pytest.approx(1.0)
    assert association.p_value > 1 / 36 / 2


def test_dense_networks_are_a_level_not_a_line(found):
    plot = size_lines(found.groups, "degree", y="accuracy", value=lambda group: group.interval("accuracy"))
    assert [trace.name for trace in plot.data] == ["erdos_renyi", "fibonacci"]
    assert plot.layout.shapes[0].y0 == pytest.approx(
        np.mean([row("dense", None, seed)["accuracy"] for seed in range(3)])
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (math.nan, ""), (8.0, "8"), (0.05, "0.05"), ("8,4", "8,4"), ((8, 4), "8,4"), (3, "3"), (pd.NA, "")],
)
def test_labels_are_shown_plainly(value, shown):
    assert text(value) == shown


def test_what_is_no_number_is_nan():
    assert number("4") == 4
    assert math.isnan(number("8,4"))
    assert math.isnan(number(None))
