"""Layers whose rows have so much in common that the kernels take a few of them at a time."""

import numpy as np
import pytest
import torch
from tests.nn.conformance import check, held_to, instruction_sets, random_junction

import gossamer as gs
from gossamer.nn.activations import Activation, Kind
from gossamer.nn.kernels import native
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.structure import Checked, Memo, Structure, remember

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")


def ragged(rng):
    """Rows from empty to full."""
    return gs.Bipartite.from_mask(rng.random((29, 211)) < rng.permutation(np.linspace(0, 1, 29))[:, None])


RNG = np.random.default_rng(0)
DENSE = [
    random_junction(RNG, 300, 50, 0.5),
    random_junction(RNG, 1100, 13, 0.09),
    gs.Bipartite.from_mask(np.arange(1300).reshape(13, 100) % 100 >= np.arange(13)[:, None]),  # nearly full
    gs.Bipartite.from_mask(np.ones((1, 64))),
    ragged(RNG),
    gs.Rotated(RNG.choice(120, 70, replace=False), in_features=120, out_features=120),
    gs.Rotated(RNG.choice(100, 80, replace=False), in_features=330, out_features=100),
    gs.Rotated(RNG.choice(150, 130, replace=False), in_features=97, out_features=150),
]
OTHERS = [
    random_junction(RNG, 3000, 20, 0.03),  # too sparse
    random_junction(RNG, 40, 20, 0.9),  # too short
    gs.Bipartite([0, 66_000], np.arange(66_000), in_features=66_000),  # beyond 16 bits
    gs.Bipartite(np.arange(7) * 12_000, np.tile(np.arange(12_000), 6), in_features=12_000),
]


def has_blocks(junction):
    return native._junction(Checked(junction), blocks=True).blocks


@pytest.fixture
def avx512():
    """The limits that these junctions are made for; with AVX2 blocks pay in denser ones only."""
    if "avx512" not in instruction_sets():
        pytest.skip("this processor has no AVX-512.")
    with held_to("avx512"):
        yield


@pytest.mark.usefixtures("avx512")
@pytest.mark.parametrize("junction", DENSE, ids=repr)
def test_junctions_with_blocks(junction):
    assert has_blocks(junction)


@pytest.mark.usefixtures("avx512")
@pytest.mark.parametrize("junction", OTHERS, ids=repr)
def test_junctions_without(junction):
    assert not has_blocks(junction)


@pytest.fixture(params=[name for name in instruction_sets() if name != "portable"])
def always(request):
    """Instruction sets that have blocks, and take them wherever they can."""
    extension = native._native
    with held_to(request.param):
        _, edges_a_row, densities = extension.block_limits()
        extension.set_block_limits(0, [(65_535, 0.0)])
        yield request.param
        extension.set_block_limits(edges_a_row, densities)


@pytest.mark.parametrize("junction", [*DENSE, *OTHERS[:2]], ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [32, 65, 200])
def test_layers_are_those_of_dense_float64(always, junction, dtype, batch):
    assert has_blocks(junction)
    check(NATIVE, junction, batch, dtype=dtype, activation=Activation(Kind.GELU), layout=batch % 4)


def test_the_same_bits_for_any_number_of_threads(always):
    before = torch.get_num_threads()
    for junction in DENSE:
        layer = gs.nn.SparseLinear(junction)
        for batch in (64, 200):
            x = torch.randn(batch, junction.in_features)
            found = []
            for threads in (1, 2, 3):
                torch.set_num_threads(threads)
                found.append(layer(x))
            torch.set_num_threads(before)
            assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])


def test_infinities_stay_on_their_edges():
    mask = RNG.random((20, 200)) < 0.5
    layer = gs.nn.SparseLinear(gs.Bipartite.from_mask(mask))
    x = torch.randn(64, 200)
    x[:, 7] = torch.inf
    assert np.array_equal(layer(x).isfinite().all(0).numpy(), ~mask[:, 7])


def test_blocks_follow_the_topology():
    layer = gs.nn.SparseLinear(DENSE[0], bias=False)
    x = torch.randn(64, 300)
    layer(x)
    other = random_junction(RNG, 300, 50, 0.6)
    layer.adopt(other, torch.ones(other.num_edges))
    torch.testing.assert_close(
        layer(x).double(), x.double() @ torch.tensor(other.to_mask().T, dtype=torch.float64), rtol=0, atol=1e-4
    )


def test_what_is_remembered_of_a_structure_goes_when_its_arrays_change():
    made = []

    def make(checked):
        made.append(checked.junction.num_edges)
        return len(made)

    memo = Memo(make)

    structure = Structure.of(DENSE[0])
    assert memo.of(structure.checked()) == memo.of(structure.checked()) == 1
    same = Structure(structure.in_features, structure.out_features, structure.arrays)
    assert memo.of(remember(structure).checked()) == memo.of(remember(same).checked()) == 1
    assert memo.of(remember(Structure(301, structure.out_features, structure.arrays)).checked()) == 2
    structure.arrays[1][0] += 0
    assert memo.of(structure.checked()) == 3
    arrays = (structure.arrays[0], structure.arrays[1].clone())
    assert memo.of(remember(Structure(structure.in_features, structure.out_features, arrays)).checked()) == 4


def test_every_instruction_set_takes_its_own_and_leaves_those_of_others(always):
    found = []
    x, w = torch.randn(128, 300), torch.randn(DENSE[0].num_edges)
    structure = Structure.of(DENSE[0])
    for instructions in (always, *instruction_sets()):  # what is known of the structure is of the first one
        with held_to(instructions):
            found.append(NATIVE.forward(structure, x, w, None, Activation())[0])
            assert native._native.uses_blocks() is (instructions != "portable")
    for other in found:
        torch.testing.assert_close(other, found[0], rtol=0, atol=1e-3)


def test_limits_decide_and_say_why(always):
    extension, g = native._native, DENSE[0]
    rows = extension.block_limits()[0]
    for limits, walk in (
        ([(300, 0.4)], f"blocks of {rows} rows"),
        ([(200, 0.0), (300, 0.8), (400, 0.0)], "row by row: blocks are faster from a density of 0.8 on"),
        ([(299, 0.1)], "row by row: blocks are never faster with 300 inputs"),
        ([(4000, 2.0)], "row by row: blocks are never faster with 300 inputs"),
    ):
        extension.set_block_limits(0, limits)
        assert extension.block_limits() == (rows, 0, limits)
        assert native.walk(g, 64) == walk
    extension.set_block_limits(1000, [(300, 0.0)])
    assert native.walk(g, 64) == "row by row: blocks are faster from 1000 edges a row on"
    assert native.walk(g, 31) == "row by row: fewer than 32 samples"
    together = gs.generators.dense(30, 20)
    assert native.walk(together, 1) == native.walk(together, 64) == "groups of 20"


@pytest.mark.parametrize("limits", [[(0, 0.1)], [(20, 0.1), (20, 0.2)], [(20, -0.1)], [(20, float("nan"))]])
def test_limits_that_are_none_are_refused(limits):
    before = native._native.block_limits()
    with pytest.raises(ValueError, match=r"ascend|density"):
        native._native.set_block_limits(0, limits)
    assert native._native.block_limits() == before


def test_a_thread_needs_work():
    before = native._native.work_of_a_thread()
    with pytest.raises(ValueError, match="at least one"):
        native._native.give_each_thread(0)
    assert native._native.work_of_a_thread() == before
    with pytest.raises(ValueError, match="at least one"):
        native._native.threads_granted(0)
    assert native._native.threads_granted(1) == 1
