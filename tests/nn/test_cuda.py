"""Triton's kernels against dense float64: where there is a GPU on that, else by `make gpu-interpreter` on the CPU."""

import importlib.util
import os
from functools import partial

import numpy as np
import pytest
import torch
from tests.nn import conformance
from tests.nn.conformance import ACTIVATIONS, random_junction

import gossamer as gs
from gossamer.nn import operators
from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels.cuda import CUDA, launch, why_not
from gossamer.nn.kernels.cuda.trial import trial
from gossamer.nn.kernels.cuda.walks import walk_of
from gossamer.nn.kernels.pytorch import PYTORCH
from gossamer.nn.structure import Structure

if importlib.util.find_spec("triton") is None:
    pytest.skip("Triton is not installed, as it is a gigabyte: make gpu-interpreter", allow_module_level=True)
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if not INTERPRETED and not torch.cuda.is_available():
    pytest.skip("no GPU, and Triton's interpreter was not asked for: make gpu-interpreter", allow_module_level=True)

DEVICE = torch.device("cpu" if INTERPRETED else "cuda:0")
check = partial(conformance.check, CUDA, device=DEVICE)
RNG = np.random.default_rng(0)


def grouped(groups, outputs, inputs, density=0.4):
    base = gs.Bipartite.from_mask(RNG.random(groups) < density)
    return gs.Grouped(base, outputs=outputs, inputs=inputs)


ARBITRARY = {
    "no edge": gs.Bipartite.from_mask([[0]]),
    "one edge": gs.Bipartite.from_mask([[1]]),
    "empty": gs.Bipartite.from_mask(np.zeros((3, 2))),
    "some empty rows": gs.Bipartite.from_mask(
        RNG.random((9, 40)) < RNG.permutation(np.linspace(0, 1, 9))[:, None] ** 3
    ),
    "wide": random_junction(RNG, 7, 50, 0.1),
    "long rows": random_junction(RNG, 90, 3, 0.8),
    "rotated": gs.Rotated([1, 2, 5], in_features=23, out_features=7),
    "small groups": grouped((5, 9), 3, 5),
}
GROUPED = {
    "16 outputs": grouped((3, 20), 16, 1),
    "24 outputs": grouped((2, 19), 24, 1),
    "32 outputs": grouped((2, 70), 32, 1, 0.9),
    "16 inputs": grouped((17, 3), 1, 16),
    "16 by 16": grouped((5, 7), 16, 16),
    "24 by 3": grouped((4, 12), 24, 3),
    "5 by 17": grouped((9, 6), 5, 17),
    "full": gs.Bipartite.from_mask(np.ones((10, 33))),
    "one output": gs.Bipartite.from_mask(np.ones((1, 40))),
    "groups without edges": gs.Grouped(gs.Bipartite.from_mask([[0, 0], [1, 0]]), outputs=16),
    "a group of no edge": gs.Bipartite.from_mask(np.zeros((20, 5))),
}
TWO = gs.Bipartite.from_mask([[1, 0, 1], [0, 1, 1]])
JUNCTIONS = [*ARBITRARY.items(), *GROUPED.items()]
named = pytest.mark.parametrize("junction", [pytest.param(g, id=name) for name, g in JUNCTIONS])
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def test_groups_take_products_of_matrices_and_others_rows():
    for junctions, expected in ((ARBITRARY, False), (GROUPED, True)):
        assert {walk_of(Structure.of(g).checked(), DEVICE).grouped for g in junctions.values()} == {expected}
    side = walk_of(Structure.of(GROUPED["24 by 3"]).checked(), DEVICE).forward
    assert (side.own, side.other, side.groups) == (24, 3, 4)


@named
def test_every_junction(junction):
    for batch, layout in ((1, 0), (5, 1), (33, 2), (130, 3)):
        check(junction, batch, dtype=torch.float32, layout=layout)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES[:2], ids=str)
def test_every_activation(activation, dtype):
    for junction, bias in ((ARBITRARY["some empty rows"], True), (GROUPED["16 by 16"], True), (TWO, False)):
        check(junction, 20, dtype=dtype, activation=activation, bias=bias)


def passes(junction, batch, dtype, backend=CUDA, of=None):
    """Output and gradients of a layer without an activation, from numbers of `of`."""
    generator = torch.Generator().manual_seed(batch)

    def draw(*shape):
        return torch.randn(*shape, generator=generator).to(of or dtype).to(DEVICE, dtype)

    x, w, dy = draw(batch, junction.in_features), draw(junction.num_edges), draw(batch, junction.out_features)
    if backend == "absolute":
        return passes_of(junction, x.abs(), w.abs(), dy.abs(), PYTORCH)
    return passes_of(junction, x, w, dy, backend)


def passes_of(junction, x, w, dy, backend):
    structure = Structure.of(junction, DEVICE)
    y, kept = backend.forward(structure, x, w, None, IDENTITY)
    return [y, *backend.backward(structure, dy, x, w, kept, IDENTITY, (True, True, False))[:2]]


@named
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_results_are_float32_sums_rounded_once(junction, dtype):
    """Half a unit in the last place of the result, and what float32 sums of n numbers may be off."""
    found = passes(junction, 40, dtype)
    exact = passes(junction, 40, torch.float64, PYTORCH, of=dtype)
    absolute = passes(junction, 40, torch.float64, "absolute", of=dtype)
    terms = max(40, junction.in_features, junction.out_features)
    half, sums = torch.finfo(dtype).eps / 2, terms * torch.finfo(torch.float32).eps
    for got, want, size in zip(found, exact, absolute, strict=True):
        assert got.dtype == dtype
        bound = half * want.abs() + (1 + half) * sums * size + torch.finfo(dtype).tiny * half
        assert ((got.double() - want).abs() <= bound).all()


@named
def test_the_same_bits_in_every_run(junction):
    for dtype in DTYPES[:2]:
        assert all(map(torch.equal, passes(junction, 50, dtype), passes(junction, 50, dtype)))


@pytest.mark.parametrize("junction", [ARBITRARY["wide"], GROUPED["16 outputs"]], ids=["rows", "groups"])
def test_the_batch_is_shared_out(monkeypatch, junction):
    monkeypatch.setattr(launch, "SHARE", 32)
    for batch in (64, 65, 200):
        check(junction, batch, dtype=torch.float32)
        check(junction, batch, dtype=torch.bfloat16)


@pytest.mark.parametrize("junction", [ARBITRARY["wide"], GROUPED["16 outputs"]], ids=["rows", "groups"])
def test_more_tiles_than_a_grid_takes(monkeypatch, junction):
    monkeypatch.setattr(launch, "_TILES_OF_BATCH", 1)
    check(junction, 300, dtype=torch.float32, activation=ACTIVATIONS[5])


@pytest.mark.parametrize("junction", [gs.Bipartite.from_mask([[0, 1]]), GROUPED["full"]], ids=["rows", "groups"])
def test_numbers_beyond_31_bits(junction):
    """Features so far apart that 32-bit offsets would not reach them; memory that nobody touches costs nothing."""
    batch, features = 20, junction.in_features
    apart = (1 << 31) // (features - 1) + 64
    whole = torch.empty(apart * (features - 1) + batch, dtype=torch.bfloat16, device=DEVICE)
    x = whole.as_strided((batch, features), (1, apart))
    x.copy_(torch.randn(batch, features))
    w, dy = torch.randn(junction.num_edges), torch.randn(batch, junction.out_features)
    w, dy = w.to(x), dy.to(x)
    for far, near in zip(*(passes_of(junction, each, w, dy, CUDA) for each in (x, x.clone())), strict=True):
        assert torch.equal(far, near)


@pytest.mark.parametrize("junction", [ARBITRARY["wide"], GROUPED["16 by 16"]], ids=["rows", "groups"])
def test_no_samples(junction):
    y, dx, dw = passes(junction, 0, torch.float32)
    assert y.shape == (0, junction.out_features) and dx.shape == (0, junction.in_features)
    assert dw.eq(0).all()


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_not_a_number_is_passed_on_along_live_edges_only(activation):
    for junction in (
        gs.Bipartite.from_mask([[1, 0], [0, 1]]),
        gs.Grouped(gs.Bipartite.from_mask([[1, 0], [0, 1]]), outputs=16),
    ):
        x = torch.tensor([[float("nan"), 1.0]], device=DEVICE)
        y, _ = CUDA.forward(Structure.of(junction, DEVICE), x, x.new_ones(junction.num_edges), None, activation)
        half = junction.out_features // 2
        assert y[0, :half].isnan().all() and y[0, half:].isfinite().all()


@pytest.mark.parametrize("junction", [ARBITRARY["wide"], GROUPED["24 by 3"]], ids=["rows", "groups"])
def test_layers_through_autograd(junction):
    layer = gs.nn.SparseLinear(junction, backend="cuda", activation=torch.nn.GELU(), device=DEVICE)
    x = torch.randn(3, 2, junction.in_features, device=DEVICE, requires_grad=True)
    mask = torch.from_numpy(junction.to_mask()).to(DEVICE)
    dense = torch.zeros(mask.shape, device=DEVICE).masked_scatter(mask, layer.weight)
    expected = torch.nn.functional.gelu(torch.nn.functional.linear(x, dense, layer.bias))
    learned = x, layer.weight, layer.bias
    found, wanted = (torch.autograd.grad(y.square().sum(), learned) for y in (layer(x), expected))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_operators_take_them(monkeypatch):
    monkeypatch.setattr(operators, "best_for", lambda x: CUDA)
    junction = GROUPED["16 by 16"]
    w = torch.randn(junction.num_edges)
    dense = torch.from_numpy(junction.to_scipy(w.numpy()).toarray()).to(DEVICE)
    x = torch.randn(9, junction.in_features, device=DEVICE, requires_grad=True)
    y = operators.linear(x, w.to(DEVICE), None, Structure.of(junction, DEVICE), ACTIVATIONS[1])
    expected = torch.relu(x @ dense.t())
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-4)
    inputs, wanted = (torch.autograd.grad(each.sum(), x)[0] for each in (y, expected))
    torch.testing.assert_close(inputs, wanted, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_trial_passes(dtype):
    assert why_not(torch.ones(1, dtype=dtype, device=DEVICE)) is None


def test_a_wrong_kernel_fails_its_trial():
    def forward(*arguments):
        y, kept = CUDA.forward(*arguments)
        return y * 1.1, kept

    wrong = gs.nn.kernels.Backend("wrong", CUDA.serves, forward, CUDA.backward)
    assert "gave a wrong output (0.1 of the largest off)" in trial(wrong, DEVICE, torch.float32)


@pytest.mark.skipif(not INTERPRETED, reason="it is not asked")
def test_what_the_interpreter_gets_wrong():
    """The reason for `_programs.INTERPRETED`: when this fails, a later Triton no longer needs it."""
    import triton
    import triton.language as tl

    @triton.jit
    def product(a, b, c):
        at = tl.arange(0, 16)[:, None] * 16 + tl.arange(0, 16)[None, :]
        tl.store(c + at, tl.dot(tl.load(a + at), tl.load(b + at)))

    @triton.jit
    def cast(a, b):
        at = tl.arange(0, 16)
        tl.store(b + at, tl.load(a + at).to(tl.bfloat16))

    a, b, c = torch.randn(16, 16).bfloat16(), torch.randn(16, 16).bfloat16(), torch.empty(16, 16)
    product[(1,)](a, b, c)
    assert (c - a.float() @ b.float()).abs().max() > 1
    bits = (a.view(torch.int16).int() & 0xFFFF).double() @ (b.view(torch.int16).int() & 0xFFFF).double()
    torch.testing.assert_close(c.double(), bits, rtol=1e-5, atol=0)
    narrow = torch.empty(16, dtype=torch.bfloat16)
    cast[(1,)](torch.full((16,), 1.9999), narrow)
    assert narrow.lt(2).all() and torch.tensor(1.9999).bfloat16() == 2
