"""Junctions so large that the backward pass walks over them as they are stored, in small."""

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
    "even": gs.generators.regular_random(60, 45, 7, rng=0),
    "short and long rows": gs.Bipartite.from_mask(
        np.random.default_rng(0).random((50, 400)) < np.linspace(0, 1, 50)[:, None] ** 6
    ),
    "rotated": gs.Rotated([1, 7, 8, 20, 39], in_features=90, out_features=40),
    "wide and rotated": gs.Rotated([0, 3, 50, 90, 91, 160, 169], in_features=40, out_features=170),
    "no edges": gs.Bipartite.from_mask(np.zeros((5, 4))),
}


@pytest.fixture
def by_rows(instructions, monkeypatch):
    monkeypatch.setattr(native, "_BY_ROWS_FROM", 0)
    monkeypatch.setattr(native, "_BANDS_FROM", 1 << 26)
    remembers_no_junction(monkeypatch)


@pytest.mark.parametrize("name", JUNCTIONS)
def test_layers_are_those_of_dense_float64(by_rows, name):
    for batch, activation in zip((1, 2, 9, 33, 130), itertools.cycle(ACTIVATIONS), strict=False):
        check(NATIVE, JUNCTIONS[name], batch, activation=activation, layout=batch % 4)
        check(NATIVE, JUNCTIONS[name], batch, activation=activation, layout=batch % 4, dtype=torch.float32)


def test_operands_beyond_the_caches(by_rows):
    """A chunk of 9000 inputs, 128 bytes each or more, is over a mebibyte; a first layer wants no gradient of inputs."""
    wide = gs.generators.constant_fan_in(9000, 40, 90, rng=0), gs.Rotated([0, 3, 50], in_features=9000, out_features=70)
    for g in (*wide, gs.generators.grouped(gs.generators.constant_fan_in, 9000, 60, 90, group=6, rng=0)):
        check(NATIVE, g, 64)
        x, dy = (torch.randn(64, width, dtype=torch.float64) for width in (g.in_features, g.out_features))
        layer = gs.nn.SparseLinear(g, bias=False, dtype=torch.float64)
        layer(x).backward(dy)
        inputs, outputs = map(torch.from_numpy, (each.astype(np.int64) for each in g.edges()))
        torch.testing.assert_close(layer.weight.grad, (dy.t() @ x)[outputs, inputs])


def trained(threads, batch):
    torch.set_num_threads(threads)
    junctions = (gs.generators.erdos_renyi(70, 90, 800, rng=0), gs.generators.rotating_random(90, 40, 6, rng=1))
    torch.manual_seed(0)
    model = gs.nn.mlp(gs.Topology(junctions))
    x, labels = torch.randn(batch, 70, requires_grad=True), torch.randint(40, (batch,))
    torch.nn.functional.cross_entropy(model(x), labels).backward()
    found = [x.grad, *(p.grad.clone() for p in model.parameters())]
    step = gs.nn.TrainingStep(model, torch.optim.SGD(model.parameters(), 0.1, 0.9), torch.nn.CrossEntropyLoss())
    for _ in range(4):
        step(x.detach(), labels)
    return [*found, *model.parameters()]


@pytest.mark.parametrize("batch", [5, 100, 300])
def test_the_same_bits_for_any_number_of_threads(by_rows, batch):
    before = torch.get_num_threads()
    results = [trained(threads, batch) for threads in (1, 2, 5)]
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_large_junctions_have_no_second_index():
    assert native._BY_ROWS_FROM == 1 << 22
    layer = gs.nn.SparseLinear(gs.generators.rotating_random(1 << 17, 1 << 17, 32, rng=0))
    layer(torch.ones(1, 1 << 17, requires_grad=True)).sum().backward()
    assert "columns" not in vars(layer.structure.checked())
    assert layer.weight.grad.eq(1).all()
