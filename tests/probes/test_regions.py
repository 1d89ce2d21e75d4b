"""Region counts against enumeration by linear programming, the fixtures, and closed forms; estimates against counts."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import linprog

import gossamer as gs
from gossamer.errors import InvalidTopologyError
from gossamer.probes import count_regions, estimate_regions
from gossamer.probes.regions import MOST_STEPS, full_rows, rank, rows_of

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures" / "probes"
needs_fixtures = pytest.mark.skipif(
    not (FIXTURES / "regions.json").exists(), reason=f"the fixtures are not at {FIXTURES}"
)
CASES = ["n6_d2_p1", "n5_d3_p1", "n6_d3_p0.5", "n8_d3_p0.4", "axis_6_3"]


@needs_fixtures
@pytest.mark.parametrize("name", CASES)
def test_the_fixtures(name):
    expected = json.loads((FIXTURES / "regions.json").read_text())[name]
    with np.load(FIXTURES / "regions.npz") as arrays:
        mask = arrays[f"{name}/mask"]
    assert count_regions(mask) == expected["lp_enumeration"]
    assert count_regions(scipy.sparse.coo_array(mask.astype(int))) == expected["lp_enumeration"]
    assert count_regions(gs.Bipartite.from_mask(mask)) == expected["lp_enumeration"]


def by_linear_programming(weights, bias):
    """Cells of an arrangement: sign vectors that a point satisfies with room to spare."""
    cells = [[]]
    for k in range(len(weights)):
        cells = [
            signs for cell in cells for signs in ([*cell, 1], [*cell, -1]) if _has_room(signs, weights[: k + 1], bias)
        ]
    return len(cells)


def _has_room(signs, weights, bias):
    signs = np.array(signs)
    A = np.hstack([-signs[:, None] * weights, np.ones((len(signs), 1))])
    cost = np.zeros(A.shape[1])
    cost[-1] = -1
    limits = [(None, None)] * (A.shape[1] - 1) + [(None, 1)]
    found = linprog(cost, A_ub=A, b_ub=signs * bias[: len(signs)], bounds=limits)
    return found.status == 0 and -found.fun > 1e-7


@pytest.mark.parametrize(
    ("seed", "n", "d", "density"), [(0, 6, 3, 0.5), (1, 7, 2, 0.7), (2, 6, 4, 0.4), (3, 5, 5, 0.3)]
)
def test_generic_weights_make_as_many_regions(seed, n, d, density):
    rng = np.random.default_rng(seed)
    mask = rng.random((n, d)) < density
    live = mask.any(axis=1)
    weights = (rng.normal(size=(n, d)) * mask)[live]
    assert count_regions(mask) == by_linear_programming(weights, rng.normal(size=len(weights)))


def by_enumeration(mask):
    rows = rows_of(mask)
    sets = (each for size in range(len(rows) + 1) for each in itertools.combinations(rows, size))
    return sum(rank(each) == len(each) for each in sets)


@pytest.mark.parametrize("density", [0.2, 0.5, 0.8])
def test_walking_counts_every_matchable_set_once(density):
    rng = np.random.default_rng(7)
    for _ in range(15):
        mask = rng.random((rng.integers(1, 9), rng.integers(1, 6))) < density
        assert count_regions(mask) == by_enumeration(mask)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (4, 2), (10, 3), (128, 64), (20, 784)])
def test_full_rows_have_a_closed_form(n, d):
    expected = 2**n if n <= d else sum(math.comb(n, i) for i in range(d + 1))
    assert count_regions(np.ones((n, d))) == full_rows(n, d) == expected


def test_parts_multiply_and_rows_without_edges_cut_nothing():
    assert count_regions(np.eye(64)) == 2**64
    assert count_regions(np.zeros((3, 4))) == 1
    blocks = scipy.sparse.block_diag([np.ones((5, 2)), np.ones((4, 3)), np.zeros((1, 1))])
    assert count_regions(blocks) == full_rows(5, 2) * full_rows(4, 3)


def test_a_count_that_takes_for_ever_is_refused_with_what_is_known():
    mask = np.random.default_rng(0).random((40, 12)) < 0.3
    with pytest.raises(
        ValueError, match=rf"10\^9\.[0-9] sets of 3[0-9] rows.*{MOST_STEPS}.*between 10\^.* and 10\^9\.[0-9] regions"
    ):
        count_regions(mask)


@pytest.mark.parametrize("mask", [np.ones(3), np.full((2, 2), 0.5), np.ones((2, 2, 2))])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(InvalidTopologyError):
        count_regions(mask)


@pytest.mark.parametrize(("n", "d", "density"), [(20, 3, 0.6), (18, 8, 0.3), (20, 12, 0.15)])
def test_estimates_are_within_four_standard_errors(n, d, density):
    rng = np.random.default_rng(4)
    mask = rng.random((n, d)) < density
    exact = math.log10(count_regions(mask))
    found = estimate_regions(mask, samples=300, rng=rng)
    assert abs(10 ** (found.log10_regions - exact) - 1) < 4 * found.relative_error < 0.4
    assert found.low < found.log10_regions < found.high
    assert math.log10(sum(10**found.log10_by_size)) == pytest.approx(found.log10_regions)
    assert found.rank == rank(rows_of(mask))


@pytest.mark.parametrize("mask", [np.eye(5), np.ones((3, 9)), np.zeros((2, 2))])
def test_estimates_are_exact_where_every_set_can_be_matched(mask):
    found = estimate_regions(mask, rng=np.random.default_rng(0))
    assert (found.samples, found.relative_error) == (0, 0.0)
    assert found.log10_regions == pytest.approx(math.log10(count_regions(mask)))


def test_an_estimate_prints_and_plots():
    found = estimate_regions(np.ones((9, 2)), rng=np.random.default_rng(0))
    assert "relative_error" in str(found) and found.plot().get_xlabel() == "rows in a set"
    assert 10**found.log10_regions == pytest.approx(full_rows(9, 2))  # equal rows: all orders have equal candidates


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="samples=1"):
        estimate_regions(np.ones((2, 2)), samples=1, rng=np.random.default_rng(0))
