"""Gradients without a graph are those of autograd."""

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.generators import erdos_renyi
from gossamer.nn import backpropagate
from gossamer.nn.kernels import native

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")


def network(dtype=torch.float32, dropout=(0.0, 0.0), bias=True, activation=nn.ReLU):
    rng = np.random.default_rng(3)
    turned = gs.Rotated([0, 2, 5], in_features=20, out_features=11)
    layers = [erdos_renyi(15, 20, 120, rng=rng), turned, erdos_renyi(11, 4, 30, rng=rng)]
    torch.manual_seed(1)
    return gs.nn.mlp(gs.Topology(layers), activation, dtype=dtype, dropout=dropout, bias=bias)


def batch(size=37, dtype=torch.float32):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(size, 15, generator=generator, dtype=dtype), torch.randint(4, (size,), generator=generator)


def by_autograd(model, x, y, criterion):
    model.zero_grad()
    outputs = model(x)
    loss = criterion(outputs, y)
    loss.backward()
    found = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    return loss.item(), outputs.detach(), found


def agree(model, x, y, criterion, **tolerance):
    loss, outputs, gradients = by_autograd(model, x, y, criterion)
    found, seen = backpropagate(model, x, y, criterion)
    assert found == pytest.approx(loss, rel=1e-5)
    torch.testing.assert_close(seen, outputs, **tolerance)
    for parameter, expected in zip(model.parameters(), gradients, strict=True):
        assert (parameter.grad is None) == (expected is None)
        if expected is not None:
            torch.testing.assert_close(parameter.grad, expected, **tolerance)


@pytest.fixture
def graphless(monkeypatch):
    """Fails where autograd is asked."""

    def refuse(*_):
        raise AssertionError("the ordinary way was taken")

    monkeypatch.setattr("gossamer.nn.backpropagation._ordinary", refuse)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU, nn.Sigmoid, lambda: nn.LeakyReLU(-0.5)])
@pytest.mark.parametrize("size", [1, 16, 37, 200])
def test_gradients_are_autograds(graphless, dtype, activation, size):
    x, y = batch(size, dtype)
    agree(network(dtype, activation=activation), x, y, nn.CrossEntropyLoss())


@pytest.mark.parametrize("instructions", native._native.instruction_sets() if native.built() else [])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("classes", [1, 2, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cross_entropy_is_pytorchs(instructions, smoothing, classes, dtype):
    before = native._native.instruction_set()
    native._native.use_instruction_set(instructions)
    try:
        for size in (1, 3, 16, 21):
            logits = (30 * torch.randn(classes, size, dtype=dtype)).t().requires_grad_()
            labels = torch.randint(classes, (size,))
            expected = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
            expected.backward()
            loss, gradient = native.cross_entropy(logits.detach(), labels, smoothing)
            assert loss == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
            torch.testing.assert_close(gradient, logits.grad)
    finally:
        native._native.use_instruction_set(before)


def test_modules_without_parameters_may_come_first(graphless):
    model = network(dropout=(0.5, 0.0)).eval()
    agree(model, *batch(), nn.CrossEntropyLoss())
    model.train()
    torch.manual_seed(0)
    first = backpropagate(model, *batch(), nn.CrossEntropyLoss())[0]
    torch.manual_seed(0)
    assert (
        backpropagate(model, *batch(), nn.CrossEntropyLoss())[0]
        == first
        != backpropagate(model, *batch(), nn.CrossEntropyLoss())[0]
    )


def test_no_bias_frozen_weights_and_other_losses(graphless):
    agree(network(bias=False), *batch(), nn.CrossEntropyLoss(label_smoothing=0.2))
    model = network()
    model[1].weight.requires_grad_(False)
    agree(model, *batch(), nn.CrossEntropyLoss())
    x, y = batch()
    agree(network(), x, nn.functional.one_hot(y, 4).float(), nn.MSELoss())
    agree(network(), x, y, nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5, 1.0])))
    agree(network(), x, y, nn.CrossEntropyLoss(reduction="sum"), rtol=1e-4, atol=1e-4)
    y[3] = -100
    agree(network(), x, y, nn.CrossEntropyLoss())


def test_gradients_add_up(graphless):
    model, (x, y) = network(), batch()
    backpropagate(model, x, y, nn.CrossEntropyLoss())
    once = [p.grad.clone() for p in model.parameters()]
    backpropagate(model, x, y, nn.CrossEntropyLoss())
    for parameter, gradient in zip(model.parameters(), once, strict=True):
        torch.testing.assert_close(parameter.grad, 2 * gradient)


def test_strides_of_inputs_do_not_matter(graphless):
    x, y = batch()
    for other in (x.t().contiguous().t(), torch.cat([x, x], 1)[:, ::2], x[:, :1].expand(-1, 15)):
        agree(network(), other, y, nn.CrossEntropyLoss())


def test_who_looks_inside_sees_everything():
    x, y = batch()
    seen = []
    model = network()
    model[1].register_forward_hook(lambda *_: seen.append("layer"))
    agree(model, x, y, nn.CrossEntropyLoss())
    model = network()
    model[0].weight.register_hook(lambda g: seen.append("gradient"))
    agree(model, x, y, nn.CrossEntropyLoss())
    model = network()
    model[0].weight.register_post_accumulate_grad_hook(lambda p: seen.append("accumulated"))
    agree(model, x, y, nn.CrossEntropyLoss())
    assert seen == [name for name in ("layer", "gradient", "accumulated") for _ in range(2)]


def test_other_models_and_inputs_take_the_ordinary_way():
    x, y = batch()
    agree(nn.Sequential(nn.Linear(15, 4)), x, y, nn.CrossEntropyLoss())
    agree(gs.nn.Sequential(*network(), nn.Linear(4, 4)), x, y, nn.CrossEntropyLoss())
    agree(network(dropout=(0.0, 0.3)).eval(), x, y, nn.CrossEntropyLoss())
    x.requires_grad_()
    backpropagate(network(), x, y, nn.CrossEntropyLoss())
    assert x.grad.shape == x.shape
    with torch.autocast("cpu", dtype=torch.bfloat16):
        agree(network(), x.detach(), y, nn.CrossEntropyLoss(), rtol=0.1, atol=0.05)


def test_what_is_not_finite_shows_in_the_loss():
    x, y = batch()
    x[3, 2] = torch.nan
    assert np.isnan(backpropagate(network(activation=nn.GELU), x, y, nn.CrossEntropyLoss())[0])


def test_refused_and_nothing_changed():
    model, (x, y) = network(), batch()
    y[5] = 4
    with pytest.raises(IndexError, match="Target 4"):
        backpropagate(model, x, y, nn.CrossEntropyLoss())
    with pytest.raises(ValueError, match="in_features=15"):
        backpropagate(model, x[:, :9], y, nn.CrossEntropyLoss())
    with pytest.raises(TypeError, match=r"torch.float64"):
        backpropagate(model, x.double(), y, nn.CrossEntropyLoss())
    with torch.no_grad(), pytest.raises(RuntimeError, match="does not require grad"):
        backpropagate(model, *batch(), nn.CrossEntropyLoss())
    assert all(parameter.grad is None for parameter in model.parameters())
    with pytest.raises(ValueError, match="label -7 of sample 1 is no class; 0 to 3 are"):
        native.cross_entropy(torch.zeros(4, 2).t(), torch.tensor([0, -7]), 0.0)


def test_the_same_bits_on_one_and_two_threads():
    found = []
    before = torch.get_num_threads()
    rng = np.random.default_rng(0)
    layers = gs.Topology([erdos_renyi(300, 400, 9000, rng=rng), erdos_renyi(400, 10, 2000, rng=rng)])
    x, y = torch.randn(300, 300), torch.randint(10, (300,))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        model = gs.nn.mlp(layers)
        loss, _ = backpropagate(model, x, y, nn.CrossEntropyLoss())
        found.append((loss, [p.grad for p in model.parameters()]))
    torch.set_num_threads(before)
    assert found[0][0] == found[1][0]
    assert all(map(torch.equal, found[0][1], found[1][1]))
