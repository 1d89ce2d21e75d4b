"""Degrees, dead units and path counts against brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gossamer as gs
from gossamer import measures


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12))
def test_statistics_follow_their_definitions(degrees):
    d = np.array(degrees, dtype=float)
    s = measures.degree_statistics(d)
    if d.sum() == 0:
        assert s == (0, 0, 0, 0, 0)
        return
    assert s.mean == pytest.approx(d.mean())
    assert s.cv == pytest.approx(d.std() / d.mean())
    assert s.gini == pytest.approx(np.abs(d[:, None] - d).sum() / (2 * len(d) ** 2 * d.mean()))
    assert (s.least, s.most) == (d.min(), d.max())


def test_dead_units_of_every_2x3_junction():
    for bits in itertools.product([False, True], repeat=6):
        mask = np.array(bits).reshape(2, 3)
        dead = measures.dead_units(gs.Bipartite.from_mask(mask))
        assert dead == ((~mask.any(axis=0)).sum(), (~mask.any(axis=1)).sum())


def test_narrow_rotated_junctions_have_dead_outputs():
    assert measures.dead_units(gs.Rotated([0, 1], in_features=2, out_features=7)) == (0, 4)


def networks():
    rng = np.random.default_rng(0)
    for widths in ([2, 2], [3, 2, 4], [1, 5, 1, 2], [4, 3, 3, 2, 5]):
        for density in (0.0, 0.3, 0.7, 1.0):
            shapes = list(itertools.pairwise(widths))
            yield [rng.random((O, I)) < density for I, O in shapes]


@pytest.mark.parametrize("masks", list(networks()))
def test_paths_are_those_that_can_be_walked(masks):
    widths = [masks[0].shape[1], *(len(mask) for mask in masks)]
    walked = sum(
        all(mask[b, a] for mask, (a, b) in zip(masks, itertools.pairwise(nodes), strict=True))
        for nodes in itertools.product(*map(range, widths))
    )
    t = gs.Topology(map(gs.Bipartite.from_mask, masks))
    assert measures.effective_paths(t) == walked
    assert measures.log_effective_paths(t) == pytest.approx(math.log(walked) if walked else -math.inf)


def test_paths_of_a_deep_network_are_exact_beyond_any_float():
    rng = np.random.default_rng(1)
    masks = [rng.random((60, 60)) < 0.5 for _ in range(40)]
    counts = [1] * 60
    for mask in masks:
        counts = [sum(counts[i] for i in np.flatnonzero(row)) for row in mask]
    t = gs.Topology(map(gs.Bipartite.from_mask, masks))
    assert measures.effective_paths(t) == sum(counts)
    assert measures.log_effective_paths(t) == pytest.approx(math.log(sum(counts)))


def test_a_junction_has_as_many_paths_as_edges():
    assert measures.effective_paths(gs.Rotated([0, 3, 4], in_features=11, out_features=7)) == 33
