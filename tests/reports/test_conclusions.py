"""The sentences about a study, against numbers worked out by other means."""

import itertools

import numpy as np
import pytest
from scipy import stats
from tests.analysis.invented import MEANS, NOISE, results, row, table

from gossamer.reports.study.accuracy import size_lines
from gossamer.reports.study.conclusions import conclusions
from gossamer.reports.study.connectivity import connectivity_part, measure_associations


@pytest.fixture
def found():
    return table()


def test_what_is_said(found):
    said = " ".join(conclusions(found)).replace("\u00a0", " ")
    assert "15 of 15 runs are done: 5 configurations with 3 runs each" in said
    assert "largest of 4 means and thus optimistic" in said
    assert "fibonacci, degree 8 with 40 % of its edges" in said
    assert "The fewest edges whose mean is within 1 point of the dense one: 400 (40 %), fibonacci, degree 8" in said
    assert "An epoch of a sparse network takes 0.40" in said
    assert "Of 2 differences from erdos_renyi at equal size, paired by seed, 2 are clear of 0" in said


def test_a_narrow_network_is_a_control_and_never_the_best_sparse_one():
    rows = [row("fibonacci", 8, seed) for seed in range(3)]
    rows += [row("fibonacci", 8, seed) | {"topology": "narrow", "accuracy": 0.95 + NOISE[seed]} for seed in range(3)]
    said = " ".join(conclusions(results(rows))).replace("\u00a0", " ")
    assert "The highest mean test accuracy of a sparse network is 93.23 %" in said
    assert "A fully connected network of as many edges (400, narrower) has 96.33 %" in said
    assert "fibonacci, degree 8, differs from it by −3.10 points" in said


def test_what_none_beats_at_as_few_edges_is_named(found):
    said = " ".join(conclusions(found)).replace("\u00a0", " ")
    first = 100 * np.mean([row("fibonacci", 2, seed)["accuracy"] for seed in range(3)])
    assert f"no configuration has a higher mean accuracy than these: 100 edges, {first:.2f} % [" in said
    assert "fibonacci, degree 2; 400 edges, " in said
    assert "fibonacci, degree 8; 1,000 edges, " in said


def test_numbers_are_judged_by_r_squared():
    rows = [row(name, degree, seed) for name, degree in MEANS for seed in range(3)]
    told = results([each | {"r2": each["accuracy"] - 0.5, "rmse": 2.0, "accuracy": np.nan} for each in rows])
    said = " ".join(conclusions(told)).replace("\u00a0", " ")
    best = np.mean([row("fibonacci", 8, seed)["accuracy"] - 0.5 for seed in range(3)])
    assert f"The highest mean test R² of a sparse network is {best:.2f} [" in said
    assert "%" not in said.replace("95 %", "")
    assert "accuracy" not in said.replace("Validation accuracy", "")


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
    none = measure_associations(results(rows), {})
    assert (none.found, none.compared) == ((), 3)
    more = [each | {"edges": 7, "degree": 3} for each in rows]
    tested = measure_associations(results(rows + more), {})
    (association,) = tested.found
    assert tested.compared == 6
    assert association.spearman == pytest.approx(1.0)
    assert association.families == 3
    assert association.p_value > 1 / 6 / 2  # six arrangements of three constructions


def test_dense_networks_are_a_level_not_a_line(found):
    plot = size_lines(found.groups, "degree", y="accuracy", value=lambda group: group.interval("accuracy"))
    assert [trace.name for trace in plot.data if trace.meta is None] == ["erdos_renyi", "fibonacci"]
    assert plot.layout.shapes[0].y0 == pytest.approx(
        np.mean([row("dense", None, seed)["accuracy"] for seed in range(3)])
    )


VALUES = {"a": (1, 1, 0.9), "b": (2, 4, 0.5), "c": (3, 2, 0.7), "d": (4, 6, 0.2), "e": (5, 3, 0.4), "f": (6, 5, 0.3)}
"""Of six constructions of as many edges: a measure, accuracy, and the density of the first of two junctions."""


def six():
    """Their runs, one each, and the densities of their junctions."""
    rows = [
        row("fibonacci", 8, 0)
        | {"run": name, "topology": name, "algebraic_connectivity": float(x), "accuracy": y / 10, "edges": 8}
        for name, (x, y, _) in VALUES.items()
    ]
    return results(rows), {name: (z, 1 - z / 2) for name, (_, _, z) in VALUES.items()}


def test_the_correlation_given_densities_is_another_one_where_densities_differ():
    found, densities = six()
    tested = measure_associations(found, densities)
    x, y, z = (stats.rankdata(column) for column in zip(*VALUES.values(), strict=True))
    left = [each - np.polyval(np.polyfit(z, each, 1), z) for each in (x, y)]
    assert tested.alone == ""
    assert tested.found[0].spearman == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert tested.found[0].partial == pytest.approx(np.corrcoef(*left)[0, 1])
    assert abs(tested.found[0].partial - tested.found[0].spearman) > 0.1
    assert "ρ given densities" in connectivity_part(found, densities).body
    assert "with the densities of all junctions held fixed" in " ".join(conclusions(found, densities))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (dict.fromkeys(VALUES, (0.5, 1.0)), "networks of as many edges have equally dense junctions here"),
        ({"c": ()}, "the topologies of 1 of these 6 networks could not be read"),
    ],
)
def test_a_correlation_given_densities_that_says_nothing_is_not_shown(changed, why):
    found, densities = six()
    page = connectivity_part(found, densities | changed).body
    assert f"There is no correlation given densities: {why}" in page
    assert "ρ given densities" not in page
    assert "held fixed" not in " ".join(conclusions(found, densities | changed))
