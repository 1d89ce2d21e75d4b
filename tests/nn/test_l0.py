"""Hard-concrete gates against the fixtures of the authors' code, and the gated layer against what it exports."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import integrate

import gossamer as gs
from gossamer.nn import HardConcrete, L0Linear, l0_penalty, topology_of, without_gates

FIXTURE = Path(__file__).parents[2].parent / "shared" / "fixtures" / "probes" / "sgat.npz"


@pytest.fixture
def expected():
    if not FIXTURE.exists():
        pytest.skip(f"the fixture is not at {FIXTURE}")
    with np.load(FIXTURE) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def test_gates_are_those_of_the_authors(expected):
    gates = HardConcrete()
    logits = expected["log_alpha"]
    near = {"atol": 1e-6, "rtol": 0}
    torch.testing.assert_close(gates.sample(logits, expected["U"]), expected["train_gate"], **near)
    torch.testing.assert_close(gates.expected(logits), expected["test_gate"], **near)
    torch.testing.assert_close(gates.open_probability(logits), expected["expected_open"], **near)


@pytest.mark.parametrize("logit", [-2.0, 0.0, 1.5])
def test_the_open_probability_is_the_integral_over_the_noise(logit):
    gates = HardConcrete(gamma=-0.2, zeta=1.3, beta=0.5)
    value = torch.tensor(logit, dtype=torch.float64)

    def is_open(u):
        return float(gates.sample(value, torch.tensor(u, dtype=torch.float64)) > 0)

    edge = 1 - float(gates.open_probability(value))
    share, _ = integrate.quad(is_open, 0, 1, points=[edge], limit=200)
    assert share == pytest.approx(1 - edge, abs=1e-6)


@pytest.mark.parametrize("ends", [{"gamma": 0.1}, {"zeta": 1.0}, {"beta": 0.0}, {"gamma": float("nan")}])
def test_ends_that_make_no_gate_are_refused(ends):
    with pytest.raises(ValueError, match=next(iter(ends))):
        HardConcrete(**ends)


def _layer(rng, kind="random"):
    rotated = kind == "rotated"
    junction = gs.generators.fibonacci(12, 9, 3) if rotated else gs.generators.erdos_renyi(12, 9, 40, rng=rng)
    layer = L0Linear(junction)
    torch.nn.init.normal_(layer.logits, 0.0, 3.0)
    torch.nn.init.normal_(layer.bias)
    return layer


@pytest.mark.parametrize("kind", ["random", "rotated"])
def test_what_is_exported_computes_the_same_on_the_open_edges_alone(kind):
    layer = _layer(np.random.default_rng(0), kind).eval()
    x = torch.randn(7, 12)
    sparse = layer.sparse()
    torch.testing.assert_close(sparse(x), layer(x))
    gates = HardConcrete().expected(layer.logits.detach())
    assert sparse.weight.numel() == int((gates > 0).sum()) < layer.weight.numel()
    assert sparse.topology() == layer.topology()
    assert (layer.candidates().to_mask() | ~layer.topology().to_mask()).all()


def test_the_layer_is_the_masked_dense_one_with_gates():
    layer = _layer(np.random.default_rng(1))
    x = torch.randn(5, 12)
    torch.manual_seed(3)
    y = layer(x)
    torch.manual_seed(3)
    z = HardConcrete().sample(layer.logits)
    inputs, outputs = (torch.tensor(ends).long() for ends in layer.candidates().edges())
    dense = torch.zeros(9, 12).index_put((outputs, inputs), z * layer.weight)
    torch.testing.assert_close(y, x @ dense.T + layer.bias)
    grads = torch.autograd.grad(y.square().sum(), (layer.weight, layer.logits), retain_graph=True)
    wanted = torch.autograd.grad((x @ dense.T + layer.bias).square().sum(), (layer.weight, layer.logits))
    torch.testing.assert_close(grads, wanted)


@pytest.mark.usefixtures("one_thread")
def test_edges_that_do_not_matter_close_and_the_others_stay():
    torch.manual_seed(0)
    full = gs.Bipartite.from_mask(np.ones((3, 10)))
    model = torch.nn.Sequential(L0Linear(full))
    target = torch.zeros(3, 10)
    target[[0, 1, 2], [4, 5, 6]] = 2.0
    adam = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(400):
        x = torch.randn(64, 10)
        loss = (model(x) - x @ target.T).square().mean() + 0.05 * l0_penalty(model)
        adam.zero_grad()
        loss.backward()
        adam.step()
    sparse = without_gates(model)
    assert topology_of(sparse).layers[0] == gs.Bipartite.from_mask(target != 0)


def test_a_state_goes_back_into_the_same_edges_only():
    layer = _layer(np.random.default_rng(2))
    other = copy.deepcopy(layer)
    torch.nn.init.zeros_(other.logits)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other.logits, layer.logits)
    with pytest.raises(ValueError, match="other edges"):
        _layer(np.random.default_rng(3)).load_state_dict(layer.state_dict())


def test_models_without_gates_and_other_things_are_refused():
    with pytest.raises(ValueError, match="no gated layer"):
        l0_penalty(torch.nn.Linear(2, 2))
    with pytest.raises(TypeError, match="junction"):
        L0Linear(np.ones((2, 2)))


def test_a_layer_with_all_gates_closed_gives_its_bias():
    layer = _layer(np.random.default_rng(4)).eval()
    torch.nn.init.constant_(layer.logits, -20.0)
    sparse = layer.sparse()
    assert sparse.weight.numel() == 0
    assert torch.equal(sparse(torch.randn(2, 12)), layer.bias.expand(2, 9))
