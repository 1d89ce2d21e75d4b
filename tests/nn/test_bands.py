"""Rotated junctions so large that the backward pass brings their weights into bands, in small."""

import itertools

import numpy as np
import pytest
import torch
from tests.nn.conformance import ACTIVATIONS, check, remembers_no_junction

import gossamer as gs
from gossamer.nn.kernels import native
from gossamer.nn.kernels.native import NATIVE

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")

JUNCTIONS = {
    "whole bands": gs.Rotated([0, 1, 5, 31, 32, 63], in_features=64, out_features=64),
    "a rest of rows": gs.Rotated([1, 7, 8, 20, 39], in_features=41, out_features=41),
    "whole turns": gs.Rotated([0, 2, 3, 19], in_features=60, out_features=20),
    "a rest of a turn": gs.Rotated([1, 7, 8, 20, 39], in_features=90, out_features=40),
    "gaps": gs.Rotated([0, 3, 50, 61, 62], in_features=40, out_features=70),
    "more offsets than a vector has numbers": gs.Rotated(list(range(0, 74, 2)), in_features=75, out_features=75),
    "one output": gs.Rotated([0], in_features=9, out_features=1),
}


@pytest.fixture
def bands(instructions, monkeypatch):
    monkeypatch.setattr(native, "_BANDS_FROM", 0)
    remembers_no_junction(monkeypatch)


@pytest.mark.parametrize("name", JUNCTIONS)
def test_layers_are_those_of_dense_float64(bands, name):
    assert native._way_back(JUNCTIONS[name]) == native._BANDS_BACK
    for batch, activation in zip((1, 2, 9, 16, 33, 64, 130), itertools.cycle(ACTIVATIONS), strict=False):
        check(NATIVE, JUNCTIONS[name], batch, activation=activation, layout=batch % 4)
        check(NATIVE, JUNCTIONS[name], batch, activation=activation, layout=batch % 4, dtype=torch.float32)


def test_operands_beyond_the_caches(bands):
    """A chunk of 9000 outputs, 128 bytes each or more, is over a mebibyte."""
    check(NATIVE, gs.Rotated([0, 3, 50, 4000, 8999], in_features=9000, out_features=9000), 64)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_stored_in_16_bits_they_are_those_of_float32_rounded(bands, dtype):
    for g in JUNCTIONS.values():
        wide = gs.nn.SparseLinear(g)
        narrow = gs.nn.SparseLinear(g, dtype=dtype)
        with torch.no_grad():
            narrow.weight.copy_(wide.weight)
            wide.weight.copy_(narrow.weight)
        x, dy = (torch.randn(130, width).to(dtype) for width in (g.in_features, g.out_features))
        found = []
        for layer, like in ((wide, torch.float32), (narrow, dtype)):
            inputs = x.to(like).requires_grad_()
            layer(inputs).backward(dy.to(like))
            found.append([inputs.grad, layer.weight.grad])
        for exact, rounded in zip(*found, strict=True):
            torch.testing.assert_close(exact.to(dtype), rounded)


def gradients(threads, batch):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = gs.nn.mlp(gs.Topology([JUNCTIONS["a rest of a turn"], gs.generators.rotating_random(40, 33, 7, rng=1)]))
    x, labels = torch.randn(batch, 90, requires_grad=True), torch.randint(33, (batch,))
    torch.nn.functional.cross_entropy(model(x), labels).backward()
    found = [x.grad, *(p.grad.clone() for p in model.parameters())]
    step = gs.nn.TrainingStep(model, torch.optim.SGD(model.parameters(), 0.1, 0.9), torch.nn.CrossEntropyLoss())
    for _ in range(4):
        step(x.detach(), labels)
    return [*found, *(p.detach().clone() for p in model.parameters())]


@pytest.mark.parametrize("batch", [5, 100, 300])
def test_the_same_bits_for_any_number_of_threads(bands, batch):
    before = torch.get_num_threads()
    results = [gradients(threads, batch) for threads in (1, 2, 5)]
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_sizes_that_take_them():
    def way(inputs, outputs, degree):
        return native._way_back(gs.generators.rotating_random(inputs, outputs, degree, rng=0))

    assert way(1 << 15, 1 << 15, 31) == native._COLUMNS_BACK
    assert way(1 << 15, 1 << 15, 32) == native._BANDS_BACK
    assert way(1 << 15, 1 << 17, 128) == native._ROWS_BACK
    large = gs.Rotated(np.arange(1 << 11), in_features=1 << 15, out_features=1 << 15)
    assert native._way_back(large) == native._ROWS_BACK
