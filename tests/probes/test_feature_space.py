"""Slabs, slices and gradient mass against closed forms and against autograd."""

import math

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.errors import InvalidTopologyError
from gossamer.probes import gradient_mass, gradient_slabs, region_slice
from gossamer.probes.preactivations import preactivations


def sparse_model(activation=torch.nn.ReLU, outputs=3):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    layers = [
        gs.generators.erdos_renyi(4, 6, 12, rng=rng),
        gs.generators.erdos_renyi(6, outputs, 3 * outputs + 1, rng=rng),
    ]
    model = gs.nn.mlp(gs.Topology(layers), activation)
    for layer in model:
        if isinstance(layer, gs.nn.SparseLinear):
            torch.nn.init.normal_(layer.bias)
    return model


class TestSlabs:
    @pytest.mark.parametrize(("activation", "function"), [("sigmoid", torch.sigmoid), ("tanh", torch.tanh)])
    def test_points_inside_are_those_whose_slope_is_large(self, activation, function):
        rng = np.random.default_rng(0)
        weight, bias, x = rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=(200, 3))
        z = torch.from_numpy(x @ weight.T + bias).requires_grad_()
        (slope,) = torch.autograd.grad(function(z).sum(), z)
        largest = {"sigmoid": 0.25, "tanh": 1.0}[activation]
        found = gradient_slabs(weight, bias, x, threshold=0.3, activation=activation)
        np.testing.assert_array_equal(found.fractions, (slope >= 0.3 * largest).double().mean(dim=0).numpy())

    def test_widths_fall_with_the_weights_length(self):
        found = gradient_slabs([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]], None, [[0.0, 0.0]])
        half = 2 * math.acosh(math.sqrt(2))
        np.testing.assert_allclose(found.widths, [2 * half / 5, 2 * half, np.inf])
        assert "mean_fraction" in str(found) and found.plot().get_xscale() == "log"

    @pytest.mark.parametrize(
        ("arguments", "options", "words"),
        [
            (([[1.0]], None, [[1.0, 2.0]]), {}, r"shape \(1, 2\)"),
            (([[1.0]], [1.0, 2.0], [[1.0]]), {}, r"bias has shape \(2,\)"),
            (([[1.0]], None, [[np.nan]]), {}, "not finite"),
            (([[np.nan]], None, [[1.0]]), {}, "nan"),
            (([[1.0]], None, [[1.0]]), {"threshold": 1}, "threshold=1"),
            (([[1.0]], None, [[1.0]]), {"activation": "relu"}, "sigmoid, tanh are known"),
        ],
    )
    def test_bad_input_is_refused_in_words(self, arguments, options, words):
        with pytest.raises((ValueError, InvalidTopologyError), match=words):
            gradient_slabs(*arguments, **options)


@pytest.mark.parametrize("activation", [torch.nn.ReLU, torch.nn.Sigmoid, torch.nn.Tanh])
def test_preactivations_are_what_dense_layers_compute(activation):
    model, x = sparse_model(activation), torch.rand(7, 4)
    h = x
    sparse = [layer for layer in model if isinstance(layer, gs.nn.SparseLinear)]
    for layer, z in zip(sparse, preactivations(model, x), strict=True):
        dense = torch.from_numpy(layer.topology().to_scipy(layer.weight.detach().numpy()).toarray()).float()
        expected = h @ dense.T + layer.bias
        torch.testing.assert_close(z, expected)
        h = activation()(expected)


class TestSlice:
    def test_lines_in_the_plane_make_as_many_regions_as_are_counted(self):
        """Generic lines that all cross inside the window: 1 + n + C(n, 2) regions, fewer if cells are small."""
        first = torch.nn.Linear(2, 3)
        with torch.no_grad():
            first.weight.copy_(torch.tensor([[1.0, 0.1], [0.1, 1.0], [1.0, 1.0]]))
            first.bias.copy_(torch.tensor([-0.3, -0.3, -1.0]))
        model = torch.nn.Sequential(first, torch.nn.ReLU(), torch.nn.Linear(3, 2))
        found = region_slice(model, torch.tensor([[0.0, 0], [1, 0], [0, 1]]), margin=1.0)
        assert found.num_regions == gs.probes.count_regions(np.ones((3, 2))) == 7

    def test_classes_are_the_models(self):
        model, corners = sparse_model(), torch.rand(3, 4)
        found = region_slice(model, corners, resolution=11, margin=0.5)
        a, b = found.coordinates[2], found.coordinates[7]
        point = corners[0] + float(a) * (corners[1] - corners[0]) + float(b) * (corners[2] - corners[0])
        assert found.classes[7, 2] == model(point[None]).argmax()

    def test_it_prints_and_plots(self):
        found = region_slice(sparse_model(outputs=1), torch.rand(3, 4), resolution=12)
        assert set(np.unique(found.classes)) <= {0, 1}
        assert "boundary_share" in str(found) and "regions" in found.plot().get_title()

    @pytest.mark.parametrize(
        ("corners", "words"),
        [
            (torch.rand(2, 4), r"shape \(2, 4\)"),
            (torch.tensor([[0.0] * 4, [1.0] * 4, [2.0] * 4]), "one line"),
            (torch.full((3, 4), torch.nan), "not finite"),
        ],
    )
    def test_what_spans_no_plane_is_refused(self, corners, words):
        with pytest.raises(ValueError, match=words):
            region_slice(sparse_model(), corners)

    def test_a_network_without_hidden_layer_is_refused(self):
        with pytest.raises(ValueError, match="no hidden layer"):
            region_slice(torch.nn.Linear(4, 2), torch.rand(3, 4))


class TestGradientMass:
    x, y = torch.rand(20, 4), torch.arange(20) % 3

    def test_norms_are_those_of_single_examples(self):
        model = sparse_model()
        found = gradient_mass(model, self.x, self.y)
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(self.x[4:5]), self.y[4:5]).backward()
        expected = torch.cat([p.grad.reshape(-1) for p in model.parameters()]).norm()
        assert found.norms[4] == pytest.approx(float(expected), rel=1e-5)

    def test_all_examples_hold_all_mass(self):
        found = gradient_mass(sparse_model(), self.x, self.y, shares=(1.0, 0.5))
        assert found.shares.tolist() == [0.5, 1.0]
        assert found.mass[-1] == pytest.approx(1) and found.boundary_mass[-1] == pytest.approx(1)
        assert found.boundary_cosine[-1] == pytest.approx(1, abs=1e-6)
        assert found.mass[0] >= found.boundary_mass[0]
        assert found.above(0.0) == (1.0, pytest.approx(1.0))

    def test_margins_are_gaps_of_probabilities(self):
        model = sparse_model()
        found = gradient_mass(model, self.x, self.y)
        best = model(self.x).double().softmax(1).sort(1, descending=True).values
        np.testing.assert_allclose(found.margins, (best[:, 0] - best[:, 1]).detach(), atol=1e-6)

    def test_it_prints_and_plots(self):
        found = gradient_mass(sparse_model(), self.x, self.y)
        assert "boundary_cosine_0.1" in str(found) and found.plot().get_title() == "Gradient mass"

    @pytest.mark.parametrize(
        ("x", "y", "words"),
        [
            (torch.rand(3, 4), torch.zeros(2, dtype=torch.long), "3 inputs and 2 targets"),
            (torch.rand(0, 4), torch.zeros(0, dtype=torch.long), "0 inputs"),
        ],
    )
    def test_bad_input_is_refused_in_words(self, x, y, words):
        with pytest.raises(ValueError, match=words):
            gradient_mass(sparse_model(), x, y)

    def test_one_output_has_no_boundary(self):
        model = sparse_model(outputs=1)
        with pytest.raises(ValueError, match="2 or more"):
            gradient_mass(model, self.x, self.y.float()[:, None], loss=torch.nn.functional.mse_loss)
