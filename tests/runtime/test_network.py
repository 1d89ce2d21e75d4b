"""An exported network computes what its module computes, in float64, on any input that arrays may be."""

import numpy as np
import pytest
import torch
from tests.runtime.junctions import junctions
from torch import nn

import gossamer as gs
from gossamer import native
from gossamer.nn.conversion import densify

JUNCTIONS = junctions()
FOLDED = {"none": None, "relu": nn.ReLU(), "leaky": nn.LeakyReLU(0.2), "sigmoid": nn.Sigmoid(), "gelu": nn.GELU()}


def expected(module, x):
    """The module's answer in float64, by dense PyTorch."""
    dense = densify(module).double().eval()
    with torch.no_grad():
        return dense(torch.from_numpy(np.array(x, dtype=np.float64))).numpy()


def model(junction, activation=None):
    torch.manual_seed(0)
    layer = gs.nn.SparseLinear(junction, activation=activation)
    nn.init.normal_(layer.bias)
    return nn.Sequential(layer)


@pytest.mark.parametrize("batch", [0, 1, 3, 16, 37])
@pytest.mark.parametrize("name", JUNCTIONS)
def test_every_junction_and_batch(name, batch, exported):
    module = model(JUNCTIONS[name], nn.ReLU())
    x = np.random.default_rng(0).normal(size=(batch, 20)).astype(np.float32)
    found = exported(module)(x)
    assert found.shape == (batch, 12)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(module, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("name", FOLDED)
def test_every_folded_activation(name, batch, exported):
    module = model(JUNCTIONS["arbitrary"], FOLDED[name])
    x = np.random.default_rng(0).normal(size=(batch, 20)).astype(np.float32)
    np.testing.assert_allclose(exported(module)(x), expected(module, x), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", FOLDED)
def test_without_the_extension_scipy_computes_the_same(name, exported, monkeypatch):
    monkeypatch.setattr(native, "extension", None)
    module = nn.Sequential(model(JUNCTIONS["rotated"], FOLDED[name]), nn.Linear(12, 4))
    x = np.random.default_rng(0).normal(size=(5, 20)).astype(np.float32)
    network = exported(module)
    assert network.kernels == "scipy"
    np.testing.assert_allclose(network(x), expected(module, x), rtol=1e-5, atol=2e-6)


LAYOUTS = {
    "feature-major": lambda x: np.asfortranarray(x),
    "every second column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "float64": lambda x: x.astype(np.float64),
    "float16": lambda x: x.astype(np.float16),
    "other byte order": lambda x: x.astype(">f4"),
    "integers": lambda x: (4 * x).astype(np.int64),
    "booleans": lambda x: x > 0,
    "nested lists": lambda x: x.tolist(),
    "not aligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), np.float32, offset=1).reshape(x.shape),
    "read-only": lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
    "one example": lambda x: x[0],
    "three axes": lambda x: x.reshape(2, 3, 20),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_and_dtype(name, exported):
    module = model(JUNCTIONS["arbitrary"], nn.ReLU())
    x = LAYOUTS[name](np.random.default_rng(0).normal(size=(6, 20)).astype(np.float32))
    found = exported(module)(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(module, x), rtol=1e-5, atol=1e-5)


def test_nan_goes_where_edges_lead_it(exported):
    x = np.zeros((3, 20), np.float32)
    x[1, 4] = np.nan
    found = np.isnan(exported(model(JUNCTIONS["arbitrary"], nn.ReLU()))(x))
    assert np.array_equal(found, np.outer([0, 1, 0], JUNCTIONS["arbitrary"].to_mask()[:, 4]))


REFUSED = {
    "width": (np.zeros((3, 19), np.float32), ValueError, r"\(3, 19\).* 20 features"),
    "no axes": (np.float32(1), ValueError, "20 features"),
    "complex": (np.zeros((3, 20), complex), TypeError, "complex128"),
    "texts": (np.full((3, 20), "1"), TypeError, "<U1"),
    "nothing": (None, TypeError, "object"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_inputs_that_are_none(name, exported):
    x, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        exported(model(JUNCTIONS["arbitrary"]))(x)


@pytest.mark.parametrize(
    ("threads", "error"), [(0, ValueError), (10**6, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_threads_are_checked(threads, error, file):
    with pytest.raises(error, match="threads"):
        gs.runtime.load(file, threads=threads)
    network = gs.runtime.load(file)
    with pytest.raises(error, match="threads"):
        network.threads = threads


def test_the_same_bits_for_any_number_of_threads(file):
    x = np.random.default_rng(0).normal(size=(70, 20)).astype(np.float32)
    one, all_ = gs.runtime.load(file, threads=1), gs.runtime.load(file)
    assert np.array_equal(one(x), all_(x))


def test_labels_come_back(exported):
    network = exported(model(JUNCTIONS["full"]), softmax=True, labels=["a", np.int64(3), 0.5])
    assert network.labels == ("a", 3, 0.5)
    np.testing.assert_allclose(network(np.ones((4, 20))).sum(axis=1), 1, rtol=1e-6)


def test_images_of_other_channels_and_sizes(exported):
    network = exported(gs.nn.SparseConv2d(gs.generators.erdos_renyi(27, 4, 30, rng=0), in_channels=3, kernel_size=3))
    with pytest.raises(ValueError, match="3 channels"):
        network(np.zeros((1, 2, 8, 8)))
    with pytest.raises(ValueError, match="smaller than a kernel"):
        network(np.zeros((1, 3, 2, 8)))
    assert network(np.zeros((0, 3, 8, 8))).shape == (0, 4, 6, 6)


def test_dense_layers_that_differ_in_nothing_but_their_arrays(exported):
    module = nn.Sequential(nn.Linear(20, 8), nn.Tanh(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU())
    x = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)
    np.testing.assert_allclose(exported(module)(x), expected(module, x), rtol=1e-5, atol=1e-6)
