"""Conformance of the backends: every one against dense float64, on every kind of junction, layout and batch."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.nn.conformance import ACTIVATIONS, check, held_to, instruction_sets, random_junction

import gossamer as gs
from gossamer.nn.activations import Activation, Kind
from gossamer.nn.kernels import BACKENDS
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.structure import Structure

needs_native = pytest.mark.skipif(not NATIVE.serves(torch.ones(1)), reason="the extension is not built")


@pytest.fixture(params=["pytorch", "dense", *(f"native {name}" for name in instruction_sets())])
def backend(request):
    name, _, instructions = request.param.partition(" ")
    if not instructions:
        yield BACKENDS[name]
        return
    with held_to(instructions):
        yield BACKENDS[name]


JUNCTIONS = [
    gs.Bipartite.from_mask([[0]]),
    gs.Bipartite.from_mask([[1]]),
    gs.Bipartite.from_mask(np.zeros((3, 2))),
    gs.Bipartite.from_mask(np.ones((5, 9))),
    random_junction(np.random.default_rng(0), 40, 23, 0.3),
    random_junction(np.random.default_rng(1), 7, 50, 0.1),
    gs.Rotated([0], in_features=1, out_features=1),
    gs.Rotated([0, 3, 4], in_features=10, out_features=10),
    gs.Rotated([1, 2, 5], in_features=23, out_features=7),
    gs.Rotated([0, 2, 9, 10], in_features=4, out_features=11),
    gs.Rotated(range(6), in_features=13, out_features=6),
]


@pytest.mark.parametrize("junction", JUNCTIONS, ids=repr)
def test_every_junction(backend, junction):
    for batch, dtype in itertools.product((1, 2, 5, 8, 33), (torch.float64, torch.float32)):
        check(backend, junction, batch, dtype=dtype)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_every_activation(backend, activation, dtype):
    for junction, batch in itertools.product((JUNCTIONS[4], JUNCTIONS[9]), (3, 32)):
        check(backend, junction, batch, activation=activation, dtype=dtype)


@pytest.mark.parametrize("layout", range(4))
def test_every_layout(backend, layout):
    for junction, batch, bias in itertools.product((JUNCTIONS[4], JUNCTIONS[8]), (1, 7, 16, 64), (True, False)):
        check(backend, junction, batch, layout=layout, bias=bias, activation=ACTIVATIONS[3])


def test_every_batch_size_up_to_two_chunks_of_the_widest_vectors(backend):
    for batch in range(1, 131):
        check(backend, JUNCTIONS[5], batch, dtype=torch.float32, activation=ACTIVATIONS[1])


def test_rows_longer_than_a_piece(backend):
    rng = np.random.default_rng(2)
    for junction in (
        random_junction(rng, 700, 3, 0.9),
        random_junction(rng, 3, 700, 0.9),
        gs.Rotated(rng.choice(600, 300, replace=False), in_features=1300, out_features=600),
        gs.Rotated(range(520), in_features=530, out_features=523),
    ):
        for batch in (1, 9, 40):
            check(backend, junction, batch, dtype=torch.float64)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 40)),
    density=st.floats(0, 1),
    offsets=st.integers(0, 30),
    activation=st.sampled_from(ACTIVATIONS),
    layout=st.integers(0, 3),
    seed=st.integers(0, 2**30),
)
@needs_native
def test_any_junction(sizes, density, offsets, activation, layout, seed):
    inputs, outputs, batch = sizes
    rng = np.random.default_rng(seed)
    junction = random_junction(rng, inputs, outputs, density)
    if 0 < offsets <= outputs:
        chosen = rng.choice(outputs, offsets, replace=False)
        junction = gs.Rotated(chosen, in_features=inputs, out_features=outputs)
    check(NATIVE, junction, batch, activation=activation, layout=layout, seed=seed)


@needs_native
def test_results_do_not_depend_on_the_number_of_threads():
    rng = np.random.default_rng(3)
    threads = torch.get_num_threads()
    rotated = gs.Rotated(rng.choice(300, 40, replace=False), in_features=500, out_features=300)
    for junction in (random_junction(rng, 300, 500, 0.2), rotated):
        structure = Structure.of(junction)
        w = torch.randn(junction.num_edges)
        batch = 100 if isinstance(junction, gs.Bipartite) else 333
        x, dy = torch.randn(batch, junction.in_features), torch.randn(batch, junction.out_features)
        results = []
        for count in (1, 2, 3, 4, 1):
            torch.set_num_threads(count)
            y, kept = NATIVE.forward(structure, x, w, None, ACTIVATIONS[5])
            results.append((y, *NATIVE.backward(structure, dy, x, w, kept, ACTIVATIONS[5], (True, True, True))))
        torch.set_num_threads(threads)
        for other in results[1:]:
            assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@needs_native
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
@pytest.mark.parametrize("grouped", [False, True])
def test_results_are_stored_as_inputs_are_and_are_the_same_to_the_bit(activation, grouped):
    junction = gs.Grouped(JUNCTIONS[5], outputs=3) if grouped else JUNCTIONS[4]
    structure = Structure.of(junction)
    sizes = junction.in_features, junction.out_features
    w, bias = torch.randn(junction.num_edges), torch.randn(sizes[1])
    for batch in (2, 6, 15, 16, 40, 64, 100, 200):
        x, dy = torch.randn(batch, sizes[0]), torch.randn(batch, sizes[1])
        found = []
        for turned in (False, True):
            x = x.t().contiguous().t() if turned else x
            y, kept = NATIVE.forward(structure, x, w, bias, activation)
            dx, dw, db = NATIVE.backward(structure, dy, x, w, kept, activation, (True, True, True))
            assert y.stride() == ((1, batch) if turned else (sizes[1], 1))
            assert dx.stride() == ((1, batch) if turned else (sizes[0], 1))
            found.append((y, dx, dw, db))
        assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_not_a_number_is_passed_on_along_live_edges_only(backend, activation):
    junction = gs.Bipartite.from_mask([[1, 0], [0, 1]])
    x = torch.tensor([[float("nan"), 1.0]])
    y, _ = backend.forward(Structure.of(junction), x, torch.ones(2), None, activation)
    assert y[0, 0].isnan()
    if backend.name != "dense":
        assert y[0, 1].isfinite()


@needs_native
def test_extreme_arguments_of_sigmoid_and_gelu():
    structure = Structure.of(gs.Bipartite.from_mask([[1]]))
    z = torch.tensor([-1e30, -200.0, -90.0, -10.0, -1e-30, 0.0, 1e-30, 10.0, 90.0, 200.0, 1e30])
    for dtype, kind, function in itertools.product(
        (torch.float32, torch.float64), (Kind.SIGMOID, Kind.GELU), (torch.sigmoid, torch.nn.functional.gelu)
    ):
        if (kind is Kind.SIGMOID) is not (function is torch.sigmoid):
            continue
        y, _ = NATIVE.forward(structure, z.to(dtype)[:, None], torch.ones(1, dtype=dtype), None, Activation(kind))
        torch.testing.assert_close(y[:, 0], function(z.double()).to(dtype), rtol=1e-5, atol=1e-7)


@needs_native
def test_instruction_sets_have_names():
    from gossamer import _native

    assert "portable" in _native.instruction_sets()
    with pytest.raises(ValueError, match="'z80' is not supported"):
        _native.use_instruction_set("z80")


def test_bfloat16_by_every_backend(backend):
    for junction in (JUNCTIONS[4], JUNCTIONS[8]):
        check(backend, junction, 5, dtype=torch.bfloat16)
    assert not NATIVE.serves(torch.ones(1, dtype=torch.int16))
