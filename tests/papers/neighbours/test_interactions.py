"""The synthetic functions against mixed differences, and scores against sets ranked by hand."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch

from gossamer.papers.neighbours.functions import FUNCTIONS
from gossamer.papers.neighbours.interactions import auc, drawn, r_precision
from gossamer.papers.neighbours.interactions_judged import whole_seeds
from gossamer.papers.neighbours.regression import MainEffects
from gossamer.probes import nid
from gossamer.probes.hessian import average_hessian


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_a_pair_is_listed_exactly_if_its_mixed_difference_is_not_zero(function):
    rng = np.random.default_rng(0)
    x, other = function.draw(4000, rng), function.draw(4000, rng)

    def moved(*features):
        y = x.copy()
        y[:, features] = other[:, features]
        return function(y)

    for i, j in itertools.combinations(range(10), 2):
        mixed = moved(i, j) - moved(i) - moved(j) + moved()
        assert (abs(mixed).max() > 1e-9) == any({i, j} <= each for each in function.truth), (i + 1, j + 1)


def test_parts_are_standardised_and_differ():
    parts = drawn(FUNCTIONS["F5"], 500, seed=3)
    x, y = parts[0]
    assert x.shape == (500, 10) and y.shape == (500, 1)
    assert float(y.mean()) == pytest.approx(0, abs=1e-5) and float(y.std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert not torch.equal(x, parts[1][0])
    assert torch.equal(drawn(FUNCTIONS["F5"], 500, seed=3)[2][0], parts[2][0])


def test_auc_counts_pairs_in_order():
    found = nid([np.array([[3.0, 2.0, 0.5], [0.1, 1.0, 1.0]]), np.array([[2.0, 1.0]])])  # (0,1) > (1,2) > (0,2)
    assert auc(found, [frozenset({0, 1})]) == 1
    assert auc(found, [frozenset({1, 2})]) == 0.5
    assert auc(found, [frozenset({0, 2})]) == 0


def test_r_precision_passes_over_what_lies_inside_a_true_set():
    truth = [frozenset({0, 1, 2}), frozenset({3, 4})]
    ranked = {(0, 1): 5.0, (0, 1, 2): 4.0, (1, 3): 3.0, (3, 4): 2.0}
    assert r_precision(ranked, truth) == 0.5
    assert r_precision({**ranked, (3, 4): 3.5}, truth) == 1


def test_main_effects_have_no_interaction():
    torch.manual_seed(0)
    x = torch.rand(64, 4) * 2 - 1
    found = average_hessian(MainEffects(4), x)
    assert max(found.values()) < 1e-6


def test_a_seed_counts_once_all_functions_are_measured():
    rows = [("dense", 1, "F1"), ("dense", 1, "F2"), ("dense", 2, "F1"), ("static 90 %", 1, "F1")]
    frame = pd.DataFrame(rows, columns=["net", "seed", "function"])
    assert whole_seeds(frame).to_numpy().tolist() == [["dense", 1, "F1"], ["dense", 1, "F2"]]
