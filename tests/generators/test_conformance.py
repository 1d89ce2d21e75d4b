"""What every generator keeps, whatever it makes: adding a name to `GENERATORS` tests it."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gossamer as gs
from gossamer import generators as gen
from gossamer.errors import InfeasibleTopologyError, TopologyWarning
from gossamer.generators import GENERATORS, Size, erdos_renyi, layered

UNTIMED = settings(deadline=None, max_examples=30)
FAMILIES = pytest.mark.parametrize("family", GENERATORS.values(), ids=GENERATORS.keys())


def make(family, *arguments, seed=0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)
        return family(*arguments, rng=np.random.default_rng(seed))


@st.composite
def shapes_and_sizes(draw, family):
    I, O = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    sizes = family.sizes(I, O)
    return (I, O, draw(st.sampled_from(sizes))) if sizes else (I, O, None)


@FAMILIES
@UNTIMED
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_every_feasible_size_is_met_exactly(family, data, seed):
    I, O, size = data.draw(shapes_and_sizes(family))
    if size is None:
        return
    g = make(family, I, O, size, seed=seed)
    assert (g.in_features, g.out_features) == (I, O)
    assert isinstance(g, gs.Rotated) is family.rotated
    assert gs.Bipartite(g.indptr, g.indices, in_features=I) == g  # simple, sorted, in range
    if family.size is not Size.EXPECTED_DEGREE:
        assert g.num_edges == size * family.size.edges_each(I, O)
    if family.size is Size.DEGREE:
        assert g.fan_out.tolist() == [size] * I
    if family.size is Size.FAN_IN:
        assert g.fan_in.tolist() == [size] * O


@FAMILIES
@UNTIMED
@given(data=st.data())
def test_randomness_comes_in_by_the_door(family, data):
    I, O, size = data.draw(shapes_and_sizes(family))
    if size is None:
        return
    np.random.seed(data.draw(st.integers(0, 99)))  # noqa: NPY002 - the global state must not matter
    assert make(family, I, O, size, seed=7) == make(family, I, O, size, seed=7)


@FAMILIES
def test_a_whole_number_is_a_seed(family):
    """Of one stream for all that is drawn: not a new one at each draw."""
    size = family.sizes(12, 8)[len(family.sizes(12, 8)) // 2]
    assert family(12, 8, size, rng=3) == family(12, 8, size, rng=np.random.default_rng(3))
    if family.random:
        assert family.make(12, 8, size, rng=3) == family.make(12, 8, size, rng=np.random.default_rng(3))


def test_one_seed_makes_different_junctions_of_a_network():
    widths, sizes = (9, 9, 9), (20, 20)
    made = layered(widths, erdos_renyi, sizes, rng=3)
    assert made == layered(widths, erdos_renyi, sizes, rng=np.random.default_rng(3))
    assert made[0] != made[1]


@FAMILIES
@pytest.mark.parametrize("rng", [0.0, None, True, np.random.RandomState(0)])
def test_a_wrong_rng_is_refused(family, rng):
    with pytest.raises(TypeError, match=r"not a numpy\.random\.Generator"):
        family(4, 4, family.sizes(4, 4)[-1], rng=rng)
    if family.random:
        with pytest.raises(TypeError, match=r"not a numpy\.random\.Generator"):
            family.make(4, 4, family.sizes(4, 4)[-1], rng=rng)


@FAMILIES
@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (-1, 4), (4, -3)])
def test_empty_layers_are_refused(family, shape):
    with pytest.raises(ValueError, match=r"_features=.* is not allowed"):
        make(family, *shape, 1)


@FAMILIES
def test_impossible_sizes_are_refused(family):
    with pytest.raises(ValueError, match="is not allowed"):
        make(family, 4, 4, -1)
    with pytest.raises(InfeasibleTopologyError):
        make(family, 4, 4, 17)
    with pytest.raises(TypeError):
        make(family, 4, 4, "2")


@FAMILIES
@UNTIMED
@given(data=st.data())
def test_an_edge_count_is_spent_or_the_nearest_are_named(family, data):
    I, O = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    count = data.draw(st.integers(0, I * O))
    each = family.size.edges_each(I, O)
    possible = {size * each for size in family.sizes(I, O)}
    near = family.nearest_edges(I, O, count)
    if count in possible:
        assert near == (count,)
        g = _quietly(family, I, O, count)
        assert family.size is Size.EXPECTED_DEGREE or g.num_edges == count
        return
    below, above = [n for n in possible if n < count], [n for n in possible if n > count]
    assert near == (*sorted(below)[-1:], *sorted(above)[:1])
    with pytest.raises(InfeasibleTopologyError, match="the nearest:"):
        _quietly(family, I, O, count)


def _quietly(family, I, O, count):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)
        return family.with_edges(I, O, count, rng=np.random.default_rng(0))


@FAMILIES
def test_a_name_is_found(family):
    assert gen.named(family.name) is family


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(ValueError, match=r"no topology 'fibonaci': erdos_renyi, .* Did you mean fibonacci"):
        gen.named("fibonaci")
