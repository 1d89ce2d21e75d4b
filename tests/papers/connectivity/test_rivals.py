"""What is looked at beside connectivity, against what it is by definition."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from gossamer import Bipartite, Topology
from gossamer.generators import named
from gossamer.papers.connectivity.dial import shuffled
from gossamer.papers.connectivity.plan import ConnectivityPlan
from gossamer.papers.connectivity.rivals import compared, receptive_field, rivals

PLAN = ConnectivityPlan(
    data=("digits",), hidden=((64, 16),), deep=(3,), deep_degrees=(2,), deep_hidden=16, deep_arms=("modules", "random")
)


def test_the_receptive_field_is_what_paths_reach():
    """Inputs 0 and 1 lead to output 0 through hidden 0; input 2 leads nowhere; output 1 hears nothing."""
    first = Bipartite.from_mask([[1, 1, 0], [0, 0, 1]])
    assert receptive_field(Topology([first, Bipartite.from_mask([[1, 0], [0, 0]])])) == pytest.approx(2 / 6)


def test_all_arms_have_as_many_paths_and_modules_see_fewer_inputs():
    found = rivals(dataclasses.replace(PLAN, deep_seeds=3))
    assert len(found) == 6
    assert found["log_paths"].nunique() == 1
    seen = found.groupby("topology")["receptive_field"].mean()
    assert seen["modules"] == pytest.approx(1 / 8)  # eight modules of 8 inputs and 2 neurons each
    assert seen["modules"] < seen["random"]
    assert np.isfinite(found["gradient_flow"]).all()


def test_a_rival_that_explains_all_within_arms_is_seen_there():
    table = pd.DataFrame(
        [(arm, 2, 3, seed) for arm in ("modules", "random") for seed in range(5)],
        columns=["topology", "degree", "depth", "seed"],
    )
    before = table.assign(receptive_field=table["seed"] * 0.1, gradient_flow=1.0, log_paths=4.0)
    runs = table.assign(accuracy=0.5 + 0.01 * table["seed"])
    found = compared(runs, before, PLAN).set_index("rival")
    assert found.loc["receptive_field", "ρ within arms"] == pytest.approx(1)
    assert found.loc["arm", "ρ within arms"] == found.loc["gradient_flow", "ρ"] == 0


def test_a_shuffled_construction_is_itself_with_other_pixels():
    made = named("rotating_contiguous")
    g = shuffled(made).with_edges(12, 6, 24, rng=np.random.default_rng(0))
    order = np.random.default_rng(0).spawn(2)[0].permutation(12)
    plain = made.with_edges(12, 6, 24, rng=np.random.default_rng(1))
    assert np.array_equal(g.to_mask()[:, order], plain.to_mask())
