"""Constructions of one's own."""

import numpy as np
import pytest

import gossamer as gs
from gossamer.errors import ImportedError, InfeasibleTopologyError
from gossamer.generators import GENERATORS, Size, family_of, register
from gossamer.studies import Architecture, Experiment, Run
from gossamer.training import Config
from gossamer.training.data import load

MODULE = """
import numpy as np
import gossamer as gs

def spiral(in_features, out_features, degree):
    offsets = [(k * k) % out_features for k in range(degree)]
    return gs.Rotated(offsets, in_features=in_features, out_features=out_features)

def cloud(in_features, out_features, num_edges, *, rng):
    return gs.generators.erdos_renyi(in_features, out_features, num_edges, rng=rng).to_mask()

def nothing(in_features, out_features, degree):
    pass

def narrow(in_features, out_features, degree):
    return gs.generators.dense(in_features, 2)

def raising(in_features, out_features, degree):
    raise RuntimeError("out of yarn")

def odd(in_features, *, colour):
    pass
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_graphs.py").write_text(MODULE)


def test_a_function_is_called_as_its_third_argument_says(here):
    spiral, cloud = family_of("own_graphs:spiral"), family_of("own_graphs:cloud")
    assert (spiral.size, spiral.random, cloud.size, cloud.random) == (Size.DEGREE, False, Size.NUM_EDGES, True)
    assert spiral.with_edges(8, 11, 24, rng=0) == gs.Rotated([0, 1, 4], in_features=8, out_features=11)
    made = cloud.with_edges(8, 11, 20, rng=0)  # a mask becomes a junction
    assert made == gs.generators.erdos_renyi(8, 11, 20, rng=0)


@pytest.mark.parametrize(
    ("word", "error", "message"),
    [
        ("own_graphs:nothing", TypeError, "what own_graphs:nothing returned is NoneType, which is no junction; goss"),
        ("own_graphs:narrow", InfeasibleTopologyError, "narrow returned a 8 x 2 junction; 8 x 11 was asked for"),
        ("own_graphs:raising", ImportedError, "own_graphs:raising raised RuntimeError: out of yarn"),
    ],
)
def test_what_a_function_returns_is_checked(here, word, error, message):
    with pytest.raises(error, match=message):
        family_of(word).with_edges(8, 11, 24, rng=0)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("own_graphs:odd", ValueError, r"odd\(in_features, colour\) takes other arguments than"),
        ("own_graphs:spirl", ImportedError, "module own_graphs has no function 'spirl'"),
        ("own_graph:spiral", ImportedError, "there is no module own_graph"),
        ("fibonaci", ValueError, "no topology 'fibonaci'"),
        (5, TypeError, "a construction is int; give a name, a Family, or a function"),
    ],
)
def test_what_is_no_construction_is_refused(here, given, error, message):
    with pytest.raises(error, match=message):
        family_of(given)


def test_a_registered_construction_is_found_by_its_name(here, monkeypatch):
    monkeypatch.setattr("gossamer.generators.registry._KNOWN", known := dict(GENERATORS))
    monkeypatch.setattr("gossamer.generators.registry.GENERATORS", known)
    assert register("spiral", "own_graphs:spiral").name == "spiral"
    assert family_of("spiral").with_edges(8, 11, 24, rng=0).num_edges == 24
    register("spiral", "own_graphs:spiral")  # the same again
    with pytest.raises(ValueError, match="there is a construction 'fibonacci' already"):
        register("fibonacci", "own_graphs:spiral")
    with pytest.raises(ValueError, match="name='a b' is not allowed"):
        register("a b", "own_graphs:spiral")


def ring(in_features, out_features, degree):
    return gs.Rotated(range(degree), in_features=in_features, out_features=out_features)


def test_architectures_take_names_functions_and_topologies():
    digits = load("digits")
    sizes = {"hidden": (32,), "edges": (4 * 64, None)}
    assert Architecture("fibonacci", **sizes) == Architecture(gs.generators.named("fibonacci"), **sizes)
    assert Architecture(gs.generators.fibonacci, **sizes) == Architecture("fibonacci", **sizes)
    own = Architecture(ring, **sizes)
    assert own.topology(digits, seed=0)[0] == ring(64, 32, 4)
    t = gs.generators.layered((64, 32, 10), gs.generators.regular_random, (4, 2), rng=0)
    assert Architecture(t).topology(digits, seed=0) == t
    opened = Architecture(gs.Topology([t[0]]), hidden=(32,), edges=(t[0].num_edges, None))
    assert opened.topology(digits, seed=0).widths == (64, 32, 10)
    with pytest.raises(ValueError, match=r"edges=\(\) has 0 counts for 1 junctions.* such as hidden=\(64,\), edges="):
        Architecture("fibonacci")
    with pytest.raises(ValueError, match="the topology 64-32 has 32 outputs; digits needs 10"):
        Architecture(gs.Topology([t[0]])).topology(digits, seed=0)
    with pytest.raises(ValueError, match="the topology 32-10 has 32 inputs; digits has 64 features"):
        Architecture(gs.Topology([t[1]])).topology(digits, seed=0)
    with pytest.raises(ValueError, match="are not those of the topology"):
        Architecture(t, hidden=(31,), edges=(1, 2))


def test_runs_are_named_by_what_decides_them():
    digest = {
        name: Run(Experiment(Architecture(family, **sizes), Config(epochs=1), 0), "digits").digest
        for name, family, sizes in (
            ("ring", ring, {"hidden": (32,), "edges": (256, None)}),
            ("again", ring, {"hidden": (32,), "edges": (256, None)}),
            ("one", gs.generators.layered((64, 32, 10), gs.generators.erdos_renyi, (256, 64), rng=0), {}),
            ("other", gs.generators.layered((64, 32, 10), gs.generators.erdos_renyi, (256, 64), rng=1), {}),
        )
    }
    assert digest["ring"] == digest["again"]
    assert len(set(digest.values())) == 3
    assert np.all([len(each) == 16 for each in digest.values()])
