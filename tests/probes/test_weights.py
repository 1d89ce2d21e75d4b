"""A network's layers, from arrays and from models, and what is refused."""

import numpy as np
import pytest
import scipy.sparse
import torch

import gossamer as gs
from gossamer.errors import InvalidTopologyError
from gossamer.probes.weights import layers_of

ARRAYS = [np.array([[1.0, 0.0, 2.0], [0.0, -3.0, 0.5]]), np.array([[1.0, -1.0]])]


def model():
    first = gs.nn.SparseLinear(gs.Bipartite.from_mask(ARRAYS[0] != 0))
    last = torch.nn.Linear(2, 1)
    with torch.no_grad():
        first.weight.copy_(torch.tensor(ARRAYS[0][ARRAYS[0] != 0]))
        last.weight.copy_(torch.tensor(ARRAYS[1]))
    return torch.nn.Sequential(torch.nn.Flatten(), first, torch.nn.ReLU(), torch.nn.Dropout(0.1), last)


@pytest.mark.parametrize("given", [ARRAYS, [scipy.sparse.coo_array(w) for w in ARRAYS], model()])
def test_layers_are_the_weights(given):
    for layer, expected in zip(layers_of(given), ARRAYS, strict=True):
        np.testing.assert_array_equal(layer.toarray(), expected)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([], "at least one layer"),
        (ARRAYS[:1], "0 hidden layers"),
        ([ARRAYS[0], np.ones((1, 3))], "2 outputs but weights[1] has 3 inputs"),
        ([ARRAYS[0], np.array([[np.nan, 1.0]])], "weights[1] contains nan"),
    ],
)
def test_what_is_no_network_is_refused(weights, words):
    with pytest.raises(InvalidTopologyError) as error:
        layers_of(weights)
    assert words in str(error.value)


def test_a_convolution_is_refused_by_name():
    with pytest.raises(TypeError, match="module 0 is Conv2d"):
        layers_of(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3), torch.nn.Linear(4, 1)))
