"""Every `plot` takes axes and gives them back; every `_repr_html_` is HTML."""

import itertools
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure

import gossamer as gs
from gossamer.distances import distance_named, distance_table, evolution, paths
from gossamer.measures import measure_all
from gossamer.rewiring import Recording
from gossamer.rewiring.update import Moved

VOID = {"img", "br"}


class Balanced(HTMLParser):
    """Reads HTML whose elements all end; counts them."""

    def __init__(self, text):
        super().__init__()
        self.open, self.counts, self.text = [], {}, ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def draw(seed, widths=(8, 6, 4)):
    rng = np.random.default_rng(seed)
    return gs.Topology([gs.Bipartite.from_mask(rng.random((o, i)) < 0.4) for i, o in itertools.pairwise(widths)])


def recording():
    log = Recording()
    log.begin({"0": gs.Bipartite.from_mask([[1, 1, 0, 0]]), "1": gs.Bipartite.from_mask([[1], [0]])})
    still = Moved(removed=np.array([], dtype=int), added=np.array([], dtype=int))
    log.add(3, {"0": Moved(removed=np.array([0]), added=np.array([2])), "1": still})
    log.add(9, {"0": Moved(removed=np.array([2]), added=np.array([0])), "1": still})
    return log


def shown():
    """Everything that plots, by name."""
    a, b = draw(0), draw(1)
    yield "bipartite", a[0]
    yield "rotated", gs.Rotated([0, 2], in_features=6, out_features=5)
    yield (
        "grouped",
        gs.generators.grouped(gs.generators.constant_fan_in, 8, 8, 2, group=4, rng=np.random.default_rng(0)),
    )
    yield "topology", a
    yield "measures", measure_all(a, names=["components", "density", "kirchhoff_index"])
    yield "nnstd", gs.distances.nnstd(a, b)
    yield "symmetric", gs.distances.symmetric_nnstd(a, b)
    yield "table", distance_table({"fibonacci": a, "<b>": b})
    yield "evolution", evolution([a, b, a])
    yield "recording", recording()


THINGS = dict(shown())


@pytest.mark.parametrize("name", THINGS)
def test_axes_go_in_and_come_out(name):
    figure = Figure()
    ax = figure.subplots()
    assert THINGS[name].plot(ax) is ax
    assert ax.has_data() or ax.images
    made = THINGS[name].plot()
    assert made is not ax
    made.figure.canvas.draw()


@pytest.mark.parametrize("name", THINGS)
def test_notebooks_get_html(name):
    found = Balanced(THINGS[name]._repr_html_())
    assert found.counts["table"] == 1
    assert found.counts["tr"] >= 2


def test_names_are_escaped():
    assert "<b></th>" not in THINGS["table"]._repr_html_()
    assert "<b>" in Balanced(THINGS["table"]._repr_html_()).text


def test_a_junction_is_its_mask():
    g = THINGS["bipartite"]
    (image,) = g.plot().images
    np.testing.assert_array_equal(image.get_array(), g.to_mask())


def test_degrees_are_shares_of_neurons():
    g = THINGS["bipartite"]
    ax = g.plot_degrees()
    for patch, degrees in zip(ax.patches, (g.fan_out, g.fan_in), strict=True):
        values, edges, _ = patch.get_data()
        assert values.sum() == pytest.approx(100)
        assert values @ ((edges[:-1] + edges[1:]) / 2) == pytest.approx(100 * degrees.mean())


def test_measures_are_drawn_in_their_rows():
    found = THINGS["measures"]
    ax = found.plot(scope="layer 1")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["components", "density", "kirchhoff index"]
    (line,) = ax.lines
    assert line.get_xdata().tolist() == pytest.approx(list(found.of("layer 1").values()))
    with pytest.raises(ValueError, match="layer 7"):
        found.plot(scope="layer 7")
    with pytest.raises(ValueError, match="nothing was measured"):
        measure_all(draw(0), names=[]).plot()


def test_the_heat_map_holds_the_distances_and_the_map_the_networks():
    table = THINGS["table"]
    (image,) = table.plot().images
    np.testing.assert_array_equal(image.get_array(), table.values)
    assert [text.get_text() for text in table.plot_map().get_legend().get_texts()] == ["fibonacci", "<b>"]
    np.testing.assert_array_equal(np.asarray(table), table.values)
    expected = gs.distances.pairwise([draw(0), draw(1)], distance_named("nnstd"))
    np.testing.assert_array_equal(table.values, expected)


def test_runs_on_a_map_begin_with_a_ring():
    found = paths([[draw(0), draw(1), draw(2)], [draw(3)]], distance_named("edge-jaccard"))
    ax = found.plot(names=["here", "there"])
    assert sum(line.get_fillstyle() == "none" for line in ax.lines) == 1
    with pytest.raises(ValueError, match="1 names"):
        found.plot(names=["here"])


def test_a_recording_tells_what_share_of_first_edges_is_left():
    log = recording()
    assert {name: shares.tolist() for name, shares in log.kept().items()} == {"0": [1, 0.5, 1], "1": [1, 1, 1]}
    first, _ = log.plot().lines
    assert (first.get_xdata().tolist(), first.get_ydata().tolist()) == ([0, 3, 9], [100, 50, 100])


def test_nothing_is_imported_for_a_picture_before_it_is_drawn():
    code = "import sys, gossamer as gs; gs.Rotated([0], in_features=2, out_features=2); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "PIL", "gossamer.plots"} & set(done.stdout.split())
