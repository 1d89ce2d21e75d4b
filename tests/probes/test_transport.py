"""W₁ against closed forms, brute force over matchings, and another route to the optimum."""

import itertools

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gossamer.probes import wasserstein

RNG = np.random.default_rng(0)


def test_small_samples_by_trying_every_matching():
    x, y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3))
    costs = cdist(x, y)
    least = min(costs[range(5), order].mean() for order in itertools.permutations(range(5)))
    assert wasserstein(x, y) == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(6, 4), (3, 9), (1, 5)])
def test_different_sizes_equal_copies_of_the_points(n, m):
    x, y = RNG.normal(size=(n, 2)), RNG.normal(size=(m, 2))
    many = np.lcm(n, m)
    copies = wasserstein(np.repeat(x, many // n, 0), np.repeat(y, many // m, 0))
    assert wasserstein(x, y) == pytest.approx(copies, rel=1e-9)
    assert wasserstein(y, x) == pytest.approx(copies, rel=1e-9)


def test_a_shift_costs_its_length_and_a_sample_nothing_to_itself():
    x = RNG.normal(size=(40, 3))
    assert wasserstein(x, x + np.array([3.0, 4.0, 0.0])) == pytest.approx(5.0, rel=1e-12)
    assert wasserstein(x, x[::-1]) == 0.0


def test_numbers_may_come_as_vectors_or_tensors():
    assert wasserstein(torch.tensor([0.0, 2.0]), np.array([[1], [3]])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones((2, 2)), np.ones((2, 3)), "dimensions"),
        (np.ones((0, 2)), np.ones((2, 2)), "shape"),
        ([[np.nan, 0.0]], [[0.0, 0.0]], "not finite"),
        (np.ones((9000, 2)), np.ones((9000, 2)), "at most"),
        (np.ones((900, 2)), np.ones((901, 2)), "linear program"),
    ],
)
def test_what_cannot_be_solved_is_refused(x, y, words):
    with pytest.raises(ValueError, match=words):
        wasserstein(x, y)
    with pytest.raises(TypeError, match="dtype"):
        wasserstein([["a", "b"]], [["a", "b"]])
