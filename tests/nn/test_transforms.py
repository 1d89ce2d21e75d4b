"""The functional half of PyTorch on sparse networks: the same as on their dense twins."""

import copy
import pickle

import numpy as np
import pytest
import torch
from tests.nn.dense_twin import gap, twin_of
from torch import nn
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap
from torch.utils.flop_counter import FlopCounterMode

import gossamer as gs

# PyTorch's own forward mode compiles its formulas by torch.jit.script, which warns.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

ACTIVATIONS = [nn.ReLU, nn.GELU, nn.Sigmoid, lambda: nn.LeakyReLU(-0.5)]


def network(activation=nn.GELU, rotated=False):
    rng = np.random.default_rng(0)
    first = gs.generators.erdos_renyi(6, 9, 20, rng=rng)
    second = (
        gs.Rotated([0, 2], in_features=9, out_features=5) if rotated else gs.generators.erdos_renyi(9, 5, 18, rng=rng)
    )
    torch.manual_seed(0)
    return gs.nn.mlp(gs.Topology([first, second]), activation, dtype=torch.float64)


def dense(model):
    """The same function of dense parameters, and how to pick a sparse layer's gradient out of theirs."""
    parameters, masks = [], []
    for layer in model:
        weight, mask = twin_of(layer)
        parameters += [weight.detach(), layer.bias.detach()]
        masks += [mask, slice(None)]

    def run(parameters, x):
        for number, layer in enumerate(model):
            x = layer.activation(nn.functional.linear(x, *parameters[2 * number : 2 * number + 2]))
        return x

    return run, parameters, masks


def sparse(model):
    names = [name for name, _ in model.named_parameters()]

    def run(parameters, x):
        return functional_call(model, dict(zip(names, parameters, strict=True)), (x,))

    return run, [p.detach() for p in model.parameters()]


X = torch.randn(7, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
Y = torch.tensor([0, 1, 2, 3, 4, 0, 1])
LAYERS = pytest.mark.parametrize("activation", ACTIVATIONS)
KINDS = pytest.mark.parametrize("rotated", [False, True], ids=["bipartite", "rotated"])


def loss_of(run):
    return lambda parameters, x, y: nn.functional.cross_entropy(run(parameters, x), y)


@LAYERS
@KINDS
def test_grad_and_per_sample_gradients(activation, rotated):
    model = network(activation, rotated)
    (run, parameters), (twin, weights, masks) = sparse(model), dense(model)
    found, expected = grad(loss_of(run))(parameters, X, Y), grad(loss_of(twin))(weights, X, Y)
    for a, b, mask in zip(found, expected, masks, strict=True):
        torch.testing.assert_close(a, b[mask])

    def of_one(run):
        return vmap(grad(lambda p, x, y: loss_of(run)(p, x[None], y[None])), in_dims=(None, 0, 0))

    found, expected = of_one(run)(parameters, X, Y), of_one(twin)(weights, X, Y)
    for a, b, mask in zip(found, expected, masks, strict=True):
        torch.testing.assert_close(a, b[:, mask])


@LAYERS
def test_an_ensemble_of_weights(activation):
    model = network(activation)
    run, parameters = sparse(model)
    many = [torch.stack([p, 2 * p, -p]) for p in parameters]
    found = vmap(run, in_dims=(0, None))(many, X)
    for number in range(3):
        torch.testing.assert_close(found[number], run([p[number] for p in many], X))


@LAYERS
@KINDS
def test_jacobians_and_hessians(activation, rotated):
    model = network(activation, rotated)
    twin, weights, _ = dense(model)
    expected = jacrev(lambda x: twin(weights, x))(X[0])
    torch.testing.assert_close(jacrev(model)(X[0]), expected)
    torch.testing.assert_close(jacfwd(model)(X[0]), expected)
    for strategy in ({}, {"vectorize": True}, {"vectorize": True, "strategy": "forward-mode"}):
        torch.testing.assert_close(torch.autograd.functional.jacobian(model, X[0], **strategy), expected)
    if activation is nn.ReLU:
        return

    def energy(run):
        return lambda x: run(x).square().sum()

    expected = hessian(energy(lambda x: twin(weights, x)))(X[0])
    torch.testing.assert_close(hessian(energy(model))(X[0]), expected)
    for vectorize in (False, True):
        found = torch.autograd.functional.hessian(energy(model), X[0], vectorize=vectorize)
        torch.testing.assert_close(found, expected)


@LAYERS
def test_forward_mode(activation):
    model = network(activation)
    twin, weights, _ = dense(model)
    tangent = torch.randn_like(X)
    expected = jvp(lambda x: twin(weights, x), (X,), (tangent,))
    torch.testing.assert_close(jvp(model, (X,), (tangent,)), expected)
    for mode in (torch.enable_grad, torch.no_grad):
        for part in (model, nn.Sequential(*model)):
            with mode(), forward_ad.dual_level():
                dual = part(forward_ad.make_dual(X, tangent))
                torch.testing.assert_close(tuple(forward_ad.unpack_dual(dual)), expected)


def test_many_gradients_at_once():
    model = network()
    x = X.clone().requires_grad_()
    y, directions = model(x), torch.randn(3, 7, 5, dtype=torch.float64)
    found = torch.autograd.grad(y, x, directions, is_grads_batched=True, retain_graph=True)[0]
    for direction, one in zip(directions, found, strict=True):
        torch.testing.assert_close(one, torch.autograd.grad(y, x, direction, retain_graph=True)[0])


def test_inference_mode_builds_loads_and_runs():
    state, expected = network().state_dict(), network()(X)
    with torch.inference_mode():
        model = network()
        torch.testing.assert_close(model(X), expected)
        model.load_state_dict(state)
        torch.testing.assert_close(model(X), expected)
        model[0].adopt(network()[0].topology(), torch.ones(20))
        assert model(X).is_inference()
    later = network()
    with torch.inference_mode():
        later.load_state_dict(state)
        torch.testing.assert_close(later(X), expected)
    assert gap(later, X) < 1e-10


@KINDS
def test_flops_are_those_of_edges(rotated):
    model = network(rotated=rotated)
    edges = [layer.weight.numel() for layer in model]
    with FlopCounterMode(display=False) as counter:
        model(X).sum().backward()
    forward, dw, dx = 2 * 7 * sum(edges), 2 * 7 * sum(edges), 2 * 7 * edges[1]
    assert counter.get_total_flops() == forward + dw + dx


def test_a_used_training_step_can_be_copied_and_saved():
    model = network()
    optimizer = torch.optim.Adam(model.parameters())
    step = gs.nn.TrainingStep(model, optimizer, nn.CrossEntropyLoss())
    step(X, Y)
    step(X, Y)
    copies = [copy.deepcopy(step), pickle.loads(pickle.dumps(step))]
    for _ in range(3):
        loss, outputs = step(X, Y)
        for other in copies:
            found, others = other(X, Y)
            assert found == loss and torch.equal(outputs, others)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_a_model_with_an_armed_rewirer_keeps_nothing(copied):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rule = gs.rewiring.rigl(fraction=0.3, every=1, until=100)
    rewirer = gs.rewiring.Rewirer(model, optimizer, rule, rng=np.random.default_rng(0))
    other = copied(model)
    before = len(pickle.dumps(other))
    for _ in range(3):
        other(X).sum().backward()
    other.zero_grad(set_to_none=True)
    assert not any(layer._forward_hooks or layer._forward_hooks_with_kwargs for layer in other)
    assert len(pickle.dumps(other)) <= before
    nn.functional.cross_entropy(model(X), Y).backward()
    optimizer.step()
    assert rewirer.step() is not None


def test_a_rewirer_copied_with_its_model_goes_on():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rule = gs.rewiring.rigl(fraction=0.3, every=2, until=100)
    rewirer = gs.rewiring.Rewirer(model, optimizer, rule, rng=np.random.default_rng(0))
    runs = [(model, optimizer, rewirer), copy.deepcopy((model, optimizer, rewirer))]
    for network_, optimizer_, rewirer_ in runs:
        for _ in range(4):
            optimizer_.zero_grad()
            nn.functional.cross_entropy(network_(X), Y).backward()
            optimizer_.step()
            rewirer_.step()
    for a, b in zip(runs[0][0], runs[1][0], strict=True):
        assert a.topology() == b.topology() and torch.equal(a.weight, b.weight)


# ---- outputs that are written to, and viewed, as those of nn.Linear are


@pytest.mark.parametrize("alone", [True, False], ids=["layer", "stack"])
@pytest.mark.parametrize("shape", [(7,), (1,), (2, 3), ()])
@pytest.mark.parametrize("feature_major", [False, True])
def test_outputs_may_be_written_and_viewed(alone, shape, feature_major):
    model = network()
    model = model[0] if alone else model
    x = torch.randn(*shape, 6, dtype=torch.float64)
    if feature_major and len(shape) == 1:
        x = x.t().contiguous().t()
    expected = model(x).detach().clone()
    torch.testing.assert_close(torch.relu_(model(x)), expected.relu())
    y = model(x)
    y += 1
    y.sum().backward()
    torch.testing.assert_close(y.detach(), expected + 1)
    nn.SiLU(inplace=True)(model(x)).sum().backward()
    if not (feature_major and len(shape) == 1):
        assert model(x).is_contiguous()
        torch.testing.assert_close(model(x).view(-1), expected.view(-1))
        if shape:
            torch.testing.assert_close(model(x).view(shape[0], -1), expected.view(shape[0], -1))
    with torch.no_grad():
        torch.testing.assert_close(model(x).mul_(2), 2 * expected)


@pytest.mark.parametrize("backend", ["pytorch", "dense", "native"])
def test_an_empty_batch_on_two_threads(backend):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        layer = gs.nn.SparseLinear(gs.Bipartite.from_mask(np.ones((40, 50))), backend=backend)
        x = torch.zeros(0, 50, requires_grad=True)
        layer(x).sum().backward()
        assert x.grad.shape == x.shape and not layer.weight.grad.any() and not layer.bias.grad.any()
    finally:
        torch.set_num_threads(threads)


def test_numbers_with_a_sign_bit_of_their_own():
    model = network()
    z = torch.randn(7, 6, dtype=torch.complex128)
    x = z.conj().imag  # negated only when it is read
    assert x.is_neg()
    torch.testing.assert_close(model(x), model(-z.imag))
