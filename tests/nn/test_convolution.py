"""Convolutions over live taps, against PyTorch's dense ones."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from tests.nn.conformance import held_to
from torch import nn

import gossamer as gs
from gossamer.nn import SparseConv1d, SparseConv2d
from gossamer.nn.kernels import convolution as kernels

native = pytest.mark.skipif(not kernels.serves(torch.ones(1)), reason="the extension is not built")

GEOMETRIES = [  # channels, outputs, kernel, stride, padding, dilation, groups, image, batch
    (3, 5, (3, 3), (1, 1), (1, 1), (1, 1), 1, (9, 9), 4),
    (2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (8, 32), 2),
    (4, 6, (3, 2), (2, 1), (0, 2), (1, 1), 2, (11, 7), 3),
    (2, 2, (2, 3), (3, 2), (2, 1), (2, 2), 1, (13, 12), 1),
    (3, 4, (1, 1), (2, 2), (0, 0), (1, 1), 1, (7, 8), 19),
    (4, 4, (3, 3), (1, 1), (1, 1), (1, 1), 4, (5, 5), 33),
    (1, 1, (5, 5), (1, 1), (4, 4), (1, 1), 1, (5, 70), 2),
    (2, 3, (1, 1), (1, 1), (1, 2), (1, 1), 1, (4, 4), 2),
    (2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (8, 8), 18),
    (2, 3, (3, 3), (2, 2), (1, 1), (1, 1), 1, (16, 16), 17),
    (3, 2, (3, 3), (1, 1), (1, 1), (1, 1), 1, (5, 4), 16),
    (2, 2, (3, 1), (1, 1), (1, 0), (1, 1), 1, (18, 1), 16),
    (2, 2, (3, 2), (1, 1), (1, 0), (1, 1), 1, (17, 3), 16),
    (2, 2, (3, 3), (1, 1), (1, 1), (1, 1), 1, (9, 16), 2),
    # whole lines: two a vector, one, more, in pieces; kernels of one column, and without padding above
    (5, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (8, 8), 5),
    (4, 6, (3, 3), (1, 1), (1, 1), (1, 1), 2, (16, 16), 3),
    (3, 2, (3, 3), (1, 1), (1, 1), (1, 1), 1, (32, 32), 2),
    (2, 2, (3, 3), (1, 1), (1, 1), (1, 1), 1, (4, 4), 3),
    (2, 1, (3, 3), (1, 1), (1, 1), (1, 1), 1, (2048, 64), 1),
    (3, 4, (1, 1), (1, 1), (0, 0), (1, 1), 1, (8, 32), 2),
    (2, 3, (5, 3), (1, 1), (0, 1), (2, 1), 1, (24, 16), 2),
    (2, 3, (3, 1), (1, 1), (3, 0), (1, 1), 1, (4, 8), 2),
    # lines that zeros fill up to whole vectors
    (5, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (7, 7), 5),
    (4, 6, (3, 3), (1, 1), (1, 1), (1, 1), 2, (14, 14), 3),
    (3, 2, (3, 3), (1, 1), (1, 1), (1, 1), 1, (28, 28), 2),
    (2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (56, 56), 2),
    (3, 4, (1, 1), (1, 1), (0, 0), (1, 1), 1, (8, 25), 2),
    (2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (8, 6), 3),
]


def taps(channels: int, outputs: int, kernel: tuple[int, int], groups: int, density: float) -> gs.Bipartite:
    rng = np.random.default_rng(channels + outputs)
    places = channels // groups * kernel[0] * kernel[1]
    return gs.Bipartite.from_mask(rng.random((outputs, places)) < density)


def pair(geometry, density=0.4, *, bias=True, dtype=torch.float32):
    channels, outputs, kernel, stride, padding, dilation, groups, image, batch = geometry
    torch.manual_seed(0)
    window = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "bias": bias}
    layer = SparseConv2d(taps(channels, outputs, kernel, groups, density), channels, kernel, dtype=dtype, **window)
    dense = nn.Conv2d(channels, outputs, kernel, dtype=dtype, **window)
    with torch.no_grad():
        dense.weight.copy_(layer.dense_weight())
        if bias:
            layer.bias.normal_()
            dense.bias.copy_(layer.bias)
    return layer, dense, torch.randn(batch, channels, *image, dtype=dtype)


def results(layer: nn.Module, x: torch.Tensor, dy: torch.Tensor) -> list[torch.Tensor]:
    x = x.detach().clone().requires_grad_()
    y = layer(x)
    y.backward(dy)
    found = [y.detach(), x.grad, layer.weight.grad] + ([] if layer.bias is None else [layer.bias.grad])
    layer.zero_grad()
    return found


def on_taps(layer: SparseConv2d, gradient: torch.Tensor) -> torch.Tensor:
    return gradient.reshape(-1)[kernels.places(layer.structure)]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("density", [0.0, 0.4, 1.0])
def test_values_and_gradients_equal_the_dense_convolution(geometry, density):
    layer, dense, x = pair(geometry, density)
    dy = torch.randn_like(dense(x))
    found, expected = results(layer, x, dy), results(dense.double(), x.double(), dy.double())
    expected[2] = on_taps(layer, expected[2])
    for ours, theirs in zip(found, expected, strict=True):
        largest = theirs.abs().max().item() if theirs.numel() else 0.0  # of sums over up to 131,072 places
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-4, atol=max(1e-4, 1e-5 * largest))


@native
@pytest.mark.parametrize("name", ["portable", "avx2", "avx512"])
def test_every_instruction_set_computes_the_same(name):
    from gossamer import _native

    if name not in _native.instruction_sets():
        pytest.skip(f"this processor has no {name}.")
    with held_to(name):
        for geometry in GEOMETRIES:
            test_values_and_gradients_equal_the_dense_convolution(geometry, 0.4)


def test_random_geometries_equal_the_dense_convolution():
    rng = np.random.default_rng(1)
    for _ in range(25):
        groups = int(rng.choice([1, 1, 2, 3]))
        numbers = rng.integers(1, 4, 2) * groups, *(rng.integers(1, 4, 2) for _ in range(2))
        (channels, outputs), kernel, stride = (tuple(map(int, pair)) for pair in numbers)
        padding, dilation = (tuple(map(int, rng.integers(low, low + 3, 2))) for low in (0, 1))
        image, batch = tuple(map(int, rng.integers(8, 36, 2))), int(rng.choice([1, 2, 16, 18]))
        geometry = (channels, outputs, kernel, stride, padding, dilation, groups, image, batch)
        test_values_and_gradients_equal_the_dense_convolution(geometry, float(rng.random()))


@pytest.mark.parametrize("side", [8, 9, 16])
@pytest.mark.parametrize("density", [0.05, 0.4])
def test_numbers_do_not_depend_on_the_threads(density, side):
    layer, dense, _ = pair((16, 16, (3, 3), (1, 1), (1, 1), (1, 1), 1, (side, side), 1), density)
    x = torch.randn(37, 16, side, side)
    alone = layer(x[:1])
    dy, threads, found = torch.randn_like(dense(x)), torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append(results(layer, x, dy))
            assert torch.equal(layer(x[:1]), alone)
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


@pytest.mark.parametrize("side", [7, 8, 9, 14, 28, 32])
def test_what_lies_beyond_a_line_or_an_image_is_never_read_as_a_number(side):
    layer, dense, x = pair((2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (side, side), 3), 1.0)
    x[:, :, :, -1] = float("nan")
    x[1] = float("inf")
    dy = torch.randn_like(dense(x))
    dy[0, :, 2, 0] = float("nan")
    for ours, theirs in zip(results(layer, x, dy)[:2], results(dense, x, dy)[:2], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("side", [8, 14])  # whole lines with every instruction set
def test_a_number_reaches_the_gradients_of_those_taps_only_that_read_it(side):
    layer, dense, x = pair((2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (side, side), 3), 1.0)
    dy = torch.randn_like(dense(x))
    for column in (0, -1):
        given = x.clone()
        given[..., column] = float("nan")
        ours, theirs = results(layer, given, dy)[2], on_taps(layer, results(dense, given, dy)[2])
        assert 0 < theirs.isnan().sum() < theirs.numel()
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("geometry", [GEOMETRIES[0], (2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, (16, 16), 2)], ids=str)
def test_only_wanted_gradients_are_made(geometry):
    layer, dense, x = pair(geometry)
    dy = torch.randn_like(dense(x))
    expected = results(dense, x, dy)
    for wanted in [(True, False, False), (False, True, False), (False, False, True), (False, True, True)]:
        given = x.detach().clone().requires_grad_(wanted[0])
        layer.weight.requires_grad_(wanted[1])
        layer.bias.requires_grad_(wanted[2])
        layer(given).backward(dy)
        found = (given.grad, layer.weight.grad, layer.bias.grad)
        for gradient, want, theirs in zip(found, wanted, expected[1:], strict=True):
            assert (gradient is not None) == want
            if want:
                theirs = on_taps(layer, theirs) if theirs.dim() == 4 and theirs.shape != x.shape else theirs
                torch.testing.assert_close(gradient, theirs, rtol=1e-4, atol=1e-4)
        layer.zero_grad()


def test_double_precision_and_second_derivatives():
    layer, _, x = pair((2, 2, (2, 1), (2, 1), (0, 1), (1, 1), 2, (4, 2), 1), dtype=torch.float64)
    x.requires_grad_()

    def function(x, weight, bias):
        return gs.nn.sparse_conv2d(x, weight, bias, structure=layer.structure, window=layer.window)

    assert torch.autograd.gradcheck(function, (x, layer.weight, layer.bias))
    assert torch.autograd.gradgradcheck(function, (x, layer.weight, layer.bias))
    single, _, y = pair(GEOMETRIES[0])
    y.requires_grad_()
    (first,) = torch.autograd.grad(single(y).square().sum(), y, create_graph=True)
    assert torch.autograd.grad(first.sum(), single.weight)[0].shape == single.weight.shape


def test_layouts_types_and_single_images():
    layer, dense, x = pair(GEOMETRIES[0])
    expected = dense(x)
    torch.testing.assert_close(layer(x.to(memory_format=torch.channels_last)), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(layer(x[0]), expected[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        layer(x.expand(2, *x.shape).flatten(0, 1)), expected.repeat(2, 1, 1, 1), rtol=1e-4, atol=1e-5
    )
    assert layer(x[:0]).shape == dense(x[:0]).shape
    half = copy.deepcopy(layer).to(torch.bfloat16)
    assert half(x.bfloat16()).dtype is torch.bfloat16
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(x).dtype is torch.float32
    assert layer.to("meta")(x.to("meta")).shape == expected.shape


def test_sequences():
    torch.manual_seed(0)
    dense = nn.Conv1d(4, 6, 5, stride=2, padding=2, groups=2)
    mask = np.random.default_rng(0).random((6, 10)) < 0.5
    layer = SparseConv1d.of(dense, gs.Bipartite.from_mask(mask))
    with torch.no_grad():
        dense.weight *= torch.from_numpy(mask).reshape(6, 2, 5)
    assert torch.equal(layer.dense_weight(), dense.weight)
    x = torch.randn(3, 4, 21)
    torch.testing.assert_close(layer(x), dense(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(layer(x[0]), dense(x[0]), rtol=1e-4, atol=1e-5)


def test_the_channel_graph_forgets_the_places():
    layer, _, _ = pair((4, 6, (3, 3), (1, 1), (1, 1), (1, 1), 2, (9, 9), 1), 0.15)
    kernel = layer.dense_weight().abs().sum((2, 3)) > 0
    expected = np.zeros((6, 4), dtype=bool)
    expected[:3, :2], expected[3:, 2:] = kernel[:3], kernel[3:]
    assert np.array_equal(layer.channel_graph().to_mask(), expected)


def test_copies_and_states_carry_the_taps():
    layer, _, x = pair(GEOMETRIES[0])
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other.topology() == layer.topology()
        assert torch.equal(other(x), layer(x))
    fresh, _, _ = pair(GEOMETRIES[0], 0.9)
    fresh.load_state_dict(layer.state_dict())
    assert torch.equal(fresh(x), layer(x))


@pytest.mark.parametrize(
    "rule",
    [
        gs.rewiring.sparse_evolutionary(fraction=0.5, every=1),
        gs.rewiring.rigl(fraction=0.5, every=1, until=10),
        gs.rewiring.chts(fraction=0.5, every=1, until=10),
    ],
    ids=["set", "rigl", "chts"],
)
def test_rules_rewire_taps(rule):
    layer, _, x = pair((4, 6, (3, 3), (1, 1), (1, 1), (1, 1), 1, (9, 9), 5), 0.3)
    model = nn.Sequential(layer, nn.ReLU(), nn.Flatten(), nn.Linear(6 * 81, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    rewirer = gs.rewiring.Rewirer(model, optimizer, rule, rng=np.random.default_rng(0))
    before = layer.topology()
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        rewirer.step()
    after = layer.topology()
    assert after != before
    assert after.num_edges == before.num_edges
    dense = nn.Conv2d(4, 6, 3, padding=1)
    with torch.no_grad():
        dense.weight.copy_(layer.dense_weight())
        dense.bias.copy_(layer.bias)
    torch.testing.assert_close(layer(x), dense(x), rtol=1e-4, atol=1e-5)


def test_missing_gradients_are_those_of_the_dense_kernel():
    layer, dense, x = pair(GEOMETRIES[0])
    dy = torch.randn_like(dense(x))
    dense(x).backward(dy)
    rows = layer.output_rows(dy).t() @ layer.input_rows(x)
    torch.testing.assert_close(rows.reshape(dense.weight.shape), dense.weight.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("junction", "arguments", "message"),
    [
        ((9, 4), {"in_channels": 2, "kernel_size": 3}, "make 18 taps"),
        ((9, 4), {"in_channels": 1, "kernel_size": (3, 3, 3)}, "has 3 sizes"),
        ((9, 4), {"in_channels": 1, "kernel_size": 3, "stride": 0}, "stride=0"),
        ((9, 3), {"in_channels": 2, "kernel_size": 3, "groups": 2}, "must divide"),
        ((4, 4), {"in_channels": 1, "kernel_size": 2, "padding": "same"}, "not symmetric"),
        ((9, 4), {"in_channels": 1, "kernel_size": 3, "padding": "full"}, "'full' is not known"),
    ],
)
def test_what_does_not_fit_is_refused(junction, arguments, message):
    edges = gs.generators.dense(*junction)
    with pytest.raises(ValueError, match=message):
        SparseConv2d(edges, **arguments)


def test_images_that_do_not_fit_are_refused():
    layer, _, x = pair(GEOMETRIES[0])
    with pytest.raises(ValueError, match="3 channels"):
        layer(x[:, :2])
    with pytest.raises(ValueError, match="sizes are needed"):
        layer(x[0, 0])
    small = SparseConv2d(gs.generators.dense(9, 1), 1, 3)
    with pytest.raises(ValueError, match="smaller than the kernel"):
        small(torch.zeros(1, 1, 2, 5))
    with pytest.raises(TypeError, match="floating dtype"):
        layer(x.double())
    grouped, _, images = pair(GEOMETRIES[2])
    with pytest.raises(ValueError, match="groups=2"):
        grouped.input_rows(images)


@native
def test_the_extension_refuses_taps_that_are_none():
    layer, _, x = pair(GEOMETRIES[0])
    layer.indices[0] = 10**6
    with pytest.raises(ValueError):
        layer(x)


def test_a_pass_keeps_the_taps_that_it_began_with():
    layer, _, x = pair(GEOMETRIES[0])
    y = layer(x)
    layer.indices.zero_()
    with pytest.raises(RuntimeError, match="inplace"):
        y.sum().backward()
