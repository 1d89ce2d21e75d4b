"""A single example by windows of inputs: the same sums, whatever lies beside the edges."""

import numpy as np
import pytest
import torch
from tests.runtime.test_network import expected
from torch import nn

import gossamer as gs
from gossamer import native

pytestmark = pytest.mark.skipif(
    native.extension is None or native.extension.instruction_set() != "avx512", reason="windows need AVX-512"
)
SHAPES = [(20, 12), (300, 100), (129, 33), (1000, 17), (64, 1), (2000, 40)]


def networks(shape, density, exported, activation=None):
    torch.manual_seed(0)
    count = max(1, round(shape[0] * shape[1] * density))
    module = nn.Sequential(
        gs.nn.SparseLinear(gs.generators.erdos_renyi(*shape, count, rng=0), activation=activation),
        nn.Linear(shape[1], 3),
    )
    nn.init.normal_(module[0].bias)
    return module, exported(module)


def spans(network):
    return network._steps[0].operation._compiled.spans()


@pytest.mark.parametrize("density", [0.05, 0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_example_is_the_same_by_windows(shape, density, exported):
    module, network = networks(shape, density, exported, nn.ReLU())
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(1, shape[0])).astype(np.float32)
        want = expected(module, x)
        np.testing.assert_allclose(network(x), want, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(network(x[0]), want[0], rtol=1e-4, atol=1e-5)


def test_windows_are_chosen_where_rows_are_dense_enough(exported):
    chosen = {density: spans(networks((1000, 200), density, exported)[1]) for density in (0.01, 0.03, 0.1, 0.2, 0.5)}
    assert chosen == {0.01: [0, 0], 0.03: [0, 0], 0.1: [128, 0], 0.2: [64, 0], 0.5: [64, 0]}  # the last layer is full
    described = networks((1000, 200), 0.2, exported)[1].describe()
    assert "linear 1000 to 200, 40000 edges, identity; one example by windows of 64 inputs" in described
    assert "linear 200 to 3, 600 edges, identity; one example by rows" in described


@pytest.mark.parametrize("kind", ["rotated", "grouped", "even"])
def test_every_kind_of_junction_can_be_arranged(kind, exported):
    junction = {
        "rotated": lambda: gs.generators.rotating_random(200, 80, 16, rng=0),
        "grouped": lambda: gs.generators.grouped(gs.generators.constant_fan_in, 200, 80, 40, group=4, rng=0),
        "even": lambda: gs.generators.near_biregular(200, 80, 40, rng=0),
    }[kind]()
    module = nn.Sequential(gs.nn.SparseLinear(junction))
    network = exported(module)
    assert spans(network)[0] in (64, 128)
    x = np.random.default_rng(0).normal(size=(1, 200)).astype(np.float32)
    np.testing.assert_allclose(network(x), expected(module, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_a_row_does_not_read_leaves_it_alone(value, exported):
    junction = gs.generators.erdos_renyi(300, 60, 3000, rng=0)
    module = nn.Sequential(gs.nn.SparseLinear(junction))
    network = exported(module)
    assert spans(network)[0] > 0
    x = np.random.default_rng(0).normal(size=(1, 300)).astype(np.float32)
    plain, mask = network(x), junction.to_mask()
    for place in (0, 15, 16, 63, 64, 150, 299):
        x[0, place], kept = value, x[0, place]
        found = network(x)
        np.testing.assert_array_equal(found[0, ~mask[:, place]], plain[0, ~mask[:, place]])
        sign = np.sign(module[0].weight.detach().numpy()[junction.indices == place])
        np.testing.assert_array_equal(found[0, mask[:, place]], value * sign)
        x[0, place] = kept


def test_the_same_bits_for_any_number_of_threads(exported):
    junction = gs.generators.erdos_renyi(1500, 1500, 450_000, rng=0)
    module = nn.Sequential(gs.nn.SparseLinear(junction), nn.Tanh(), gs.nn.SparseLinear(junction, activation=nn.ReLU()))
    network = exported(module)
    if network.threads < 2:
        pytest.skip("one processor")
    x = np.random.default_rng(0).normal(size=(1, 1500)).astype(np.float32)
    all_ = network(x)
    network.threads = 1
    np.testing.assert_array_equal(network(x), all_)


def test_with_another_instruction_set_rows_are_read(exported):
    module, network = networks((300, 100), 0.2, exported)
    x = np.random.default_rng(0).normal(size=(1, 300)).astype(np.float32)
    try:
        for name in native.extension.instruction_sets():
            native.extension.use_instruction_set(name)
            np.testing.assert_allclose(network(x), expected(module, x), rtol=1e-4, atol=1e-5)
    finally:
        native.extension.use_instruction_set("avx512")
