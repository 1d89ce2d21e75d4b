"""Runs put together by all but their seeds."""

import itertools
import math

import pandas as pd
import pytest
from tests.analysis.invented import results, row, table

from gossamer.analysis.groups import number, text


@pytest.fixture
def found():
    return table()


def test_runs_that_differ_in_the_seed_alone_are_one_group(found):
    assert [group.title for group in found.groups] == [
        "erdos_renyi, degree 2",
        "erdos_renyi, degree 8",
        "fibonacci, degree 2",
        "fibonacci, degree 8",
        "dense",
    ]
    assert [len(group.runs) for group in found.groups] == [3] * 5
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
