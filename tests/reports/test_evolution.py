"""The pages of distances: what they hold, and that they ask nothing of the network."""

import re

import numpy as np
import pytest

import gossamer as gs
from gossamer.distances import distance_named, evolution, paths
from gossamer.errors import InvalidTopologyError
from gossamer.reports.evolution import curves, evolution_page, heat_map, junction_over_time, map_of_paths


@pytest.fixture
def run():
    rng = np.random.default_rng(0)
    return [gs.Topology([gs.Bipartite.from_mask(rng.random(s) < 0.4) for s in ((5, 6), (3, 5))]) for _ in range(4)]


def test_the_slider_has_a_step_for_every_moment(run):
    plot = junction_over_time([t[0] for t in run], list("wxyz"))
    assert [step.label for step in plot.layout.sliders[0].steps] == list("wxyz")
    for frame, step, t in zip(plot.frames, plot.layout.sliders[0].steps, run, strict=True):
        assert list(step.args[0]) == [frame.name]
        assert np.array_equal(frame.data[0].z, t[0].to_mask())


def test_large_junctions_are_shown_as_densities():
    g = gs.Rotated([0, 1], in_features=1000, out_features=500)
    grid = np.array(junction_over_time([g], ["0"], side=10).frames[0].data[0].z)
    assert grid.shape == (10, 10)
    assert grid.mean() == pytest.approx(g.density, abs=1e-3)


def test_curves_and_maps_hold_the_values(run):
    found = evolution(run)
    plot = curves(found, list("wxyz"))
    assert len(plot.data) == 6
    assert plot.data[0].y == pytest.approx(found.to_start[:, 0], abs=1e-6)
    assert plot.data[5].y == pytest.approx(found.to_final[:, 1], abs=1e-6)
    places = paths([run, run[:2]], distance_named("edge-jaccard"))
    drawn = map_of_paths(places, ["<one>", "two"])
    assert [len(line.x) for line in drawn.data] == [4, 2]
    table = np.array(heat_map(places.between(0), ["a", "b"], title="d").data[0].z)
    assert table.tolist() == [[0, 0], [0, 0]]


def test_a_page_is_whole_and_asks_nothing_of_the_network(run):
    page = evolution_page({"<i>one</i>": run, "two": run[::-1]}, title="a & b")
    assert "<i>one</i>" not in page
    assert "<title>a &amp; b</title>" in page
    assert not re.search(r"""<(script|link|img|iframe)[^>]+(src|href)=["'](?!data:)""", page)
    assert page.count('<div class="plot"') == 2 + 2 * 3


def test_what_does_not_fit_is_refused(run):
    with pytest.raises(ValueError, match=r"distances has shape \(2, 2\); 3 names"):
        heat_map(np.zeros((2, 2)), ["a", "b", "c"], title="")
    with pytest.raises(ValueError, match="0 junctions and 0 moments"):
        junction_over_time([], [])
    with pytest.raises(InvalidTopologyError, match="runs has 0 runs"):
        evolution_page({})
