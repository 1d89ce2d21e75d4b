"""Planes and curvature against the fixtures of the authors' code, dense Hessians, and quadratic forms."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.errors import ConvergenceError
from gossamer.probes import curvature, directions, landscape

FOLDER = Path(__file__).parents[2].parent / "shared" / "fixtures" / "probes"
pytestmark = pytest.mark.usefixtures("one_thread")


class Small(nn.Module):
    """The fixture's network."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.fc1, self.fc2 = nn.Linear(48, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(torch.relu(self.bn(self.conv(x))).flatten(1))))


@pytest.fixture
def case():
    if not (FOLDER / "loss_landscape.npz").exists():
        pytest.skip(f"the fixture is not at {FOLDER}")
    with np.load(FOLDER / "loss_landscape.npz") as file:
        arrays = {name: torch.from_numpy(file[name]) for name in file.files}
    model = Small()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(arrays[f"w/{name}"])
    return model, arrays, json.loads((FOLDER / "loss_landscape.json").read_text())


def _raw(model, arrays, number):
    return {name: arrays[f"raw{number}/{name}"] for name, _ in model.named_parameters()}


RULES = {
    "filter": directions.filterwise,
    "layer": directions.layerwise,
    "weight": directions.weightwise,
    "dfilter": directions.unit_filters,
    "dlayer": directions.unit_layers,
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("keep", [False, True])
def test_directions_are_those_of_the_authors(case, rule, keep):
    model, arrays, _ = case
    found = directions.normalised(model, _raw(model, arrays, 0), RULES[rule], keep=keep)
    for name, direction in found.items():
        wanted = arrays[f"dir0_{rule}_{'keep' if keep else 'biasbn'}/{name}"]
        torch.testing.assert_close(direction, wanted, atol=1e-6, rtol=1e-5)


def test_the_plane_and_the_eigenvalues_are_those_of_the_authors(case):
    model, arrays, expected = case
    pair = tuple(directions.normalised(model, _raw(model, arrays, number)) for number in (0, 1))
    found = landscape(model, arrays["X"], arrays["y"], directions=pair, points=11)
    np.testing.assert_allclose(found.losses, arrays["loss_grid_xy"].numpy(), atol=1e-4)
    assert found.cosine == pytest.approx(expected["cosine_xy"], abs=1e-6)
    assert found.centre == pytest.approx(expected["loss_at_center"], abs=1e-6)
    assert found.curvature.largest == pytest.approx(expected["hessian_eig_max"], abs=1e-4)
    assert found.curvature.smallest == pytest.approx(expected["hessian_eig_min"], abs=1e-4)
    assert found.curvature.weights == expected["n_params_hessian"]
    assert found.record()["hessian_ratio"] == pytest.approx(0.09817, abs=1e-4)
    assert found.plot().get_xlabel() == "first direction"


def _sparse(rng):
    layers = [gs.generators.erdos_renyi(6, 5, 12, rng=rng), gs.generators.erdos_renyi(5, 3, 8, rng=rng)]
    return gs.nn.mlp(gs.Topology(layers), activation=nn.Tanh, dtype=torch.float64)


def _dense_twin(model):
    twin = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    layers = [m for m in model.modules() if isinstance(m, gs.nn.SparseLinear)]
    with torch.no_grad():
        for mine, layer in zip((twin[0], twin[2]), layers, strict=True):
            mine.weight.copy_(torch.from_numpy(layer.topology().to_scipy(layer.weight.detach().numpy()).toarray()))
            mine.bias.copy_(layer.bias)
    return twin


def test_a_sparse_network_and_its_dense_twin_with_zeros_bend_alike():
    rng = np.random.default_rng(0)
    model = _sparse(rng)
    twin = _dense_twin(model)
    x, y = torch.from_numpy(rng.normal(size=(20, 6))), torch.from_numpy(rng.integers(0, 3, 20))
    mine, other = curvature(model, x, y), curvature(twin, x, y)
    assert mine.weights == other.weights == 20
    assert mine.largest == pytest.approx(other.largest, rel=1e-6)
    # the dense Hessian of all the twin's weights, cut to the live ones
    names = ["0.weight", "2.weight"]
    values = [dict(twin.named_parameters())[name].detach() for name in names]

    def loss(*weights):
        return nn.functional.cross_entropy(
            torch.func.functional_call(twin, dict(zip(names, weights, strict=True)), x), y
        )

    blocks = torch.autograd.functional.hessian(loss, tuple(values))
    whole = torch.cat(
        [
            torch.cat([b.reshape(a.numel(), -1) for b, a2 in zip(row, values, strict=True)], 1)
            for row, a in zip(blocks, values, strict=True)
        ]
    )
    live = torch.cat([value.reshape(-1) != 0 for value in values])
    wanted = torch.linalg.eigvalsh(whole[live][:, live])
    assert (mine.largest, mine.smallest) == pytest.approx((float(wanted[-1]), float(wanted[0])), abs=1e-6)


def test_directions_of_a_sparse_network_have_the_norm_of_each_units_weights():
    rng = np.random.default_rng(1)
    model = _sparse(rng)
    direction = directions.random_direction(model, rng=rng)
    twin = _dense_twin(model)
    layers = [m for m in model.modules() if isinstance(m, gs.nn.SparseLinear)]
    for mine, layer in zip((twin[0], twin[2]), layers, strict=True):
        name = next(n for n, p in model.named_parameters() if p is layer.weight)
        full = layer.topology().to_scipy(direction[name].numpy()).toarray()
        np.testing.assert_allclose(np.linalg.norm(full, axis=1), mine.weight.detach().norm(dim=1).numpy(), rtol=1e-8)
    assert not any(direction[name].any() for name in direction if name.endswith("bias"))
    other = directions.random_direction(twin, rng=rng)
    assert not other["0.weight"][twin[0].weight == 0].any()


def test_a_quadratic_has_the_plane_and_curvature_of_its_form():
    model = nn.Linear(3, 1, bias=False).double()
    x, y = torch.randn(30, 3, dtype=torch.float64), torch.zeros(30, 1, dtype=torch.float64)
    form = (2 * x.T @ x / 30).numpy()
    found = landscape(model, x, y, rng=np.random.default_rng(0), loss=nn.functional.mse_loss, points=7)
    assert found.curvature.largest == pytest.approx(np.linalg.eigvalsh(form)[-1])
    assert found.curvature.smallest == pytest.approx(np.linalg.eigvalsh(form)[0])
    second = np.diff(found.losses, 2, axis=0)
    np.testing.assert_allclose(second, second[0, 0], rtol=1e-8)  # constant along each direction


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    landscape(model, torch.randn(8, 4), torch.arange(8) % 2, rng=np.random.default_rng(0), points=3)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_what_has_no_landscape_is_refused():
    rng, x, y = np.random.default_rng(0), torch.randn(4, 2), torch.tensor([0, 1, 0, 1])
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="rng"):
        landscape(model, x, y)
    with pytest.raises(ValueError, match="no layer of weights"):
        landscape(nn.ReLU(), x, y, rng=rng)
    with pytest.raises(ValueError, match="radius"):
        landscape(model, x, y, rng=rng, radius=0.0)
    with pytest.raises(ValueError, match="loss of the network is nan"):
        landscape(model, x * torch.nan, y, rng=rng)
    with pytest.raises(ConvergenceError, match="did not settle"):
        curvature(nn.Linear(40, 30), torch.randn(64, 40), torch.arange(64) % 30, tolerance=1e-14, most=21)
    nn.init.zeros_(model.weight)
    with pytest.raises(ValueError, match="no live weight"):
        curvature(model, x, y)
    nn.init.constant_(model.weight, torch.nan)
    with pytest.raises(ValueError, match="parameter 'weight' has values that are not finite"):
        landscape(model, x, y, rng=rng)
