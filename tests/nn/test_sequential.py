"""Sparse layers run together: the same as one by one, and one by one whenever somebody looks in between."""

import copy
import itertools

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.nn import sequential, stack
from gossamer.nn.kernels.native import NATIVE

pytestmark = pytest.mark.skipif(not NATIVE.serves(torch.ones(1)), reason="the extension was not built")
WIDTHS = (20, 33, 9, 12)
SMALL = (4, 5, 3, 2)
ACTIVATIONS = [nn.ReLU, nn.GELU, nn.Sigmoid, nn.Identity, lambda: gs.nn.AllReLU(-0.6), lambda: nn.LeakyReLU(0.1)]


def junctions(rotated, widths=WIDTHS):
    rng = np.random.default_rng(0)
    for inputs, outputs in itertools.pairwise(widths):
        if rotated:
            yield gs.Rotated(rng.choice(outputs, 3, replace=False), in_features=inputs, out_features=outputs)
        else:
            yield gs.Bipartite.from_mask(rng.random((outputs, inputs)) < 0.4)


def network(rotated=False, activation=nn.ReLU, dtype=torch.float64, **options):
    torch.manual_seed(0)
    model = gs.nn.mlp(gs.Topology(junctions(rotated)), activation, dtype=dtype, **options)
    for module in model:
        if isinstance(module, gs.nn.SparseLinear):
            nn.init.normal_(module.bias)
    return model


def gradients(run, model, x):
    """Output, and the gradients of the input and of all parameters."""
    model.zero_grad()
    x = x.clone().requires_grad_()
    y = run(x)
    y.square().sum().backward()
    return [y.detach(), x.grad, *(p.grad for p in model.parameters())]


@pytest.fixture
def stacks(monkeypatch):
    """How many layers every stack had that was run."""
    seen = []

    def counted(x, layers, backend):
        seen.append(len(layers))
        return stack.sparse_stack(x, layers, backend)

    monkeypatch.setattr(sequential, "sparse_stack", counted)
    return seen


@pytest.mark.parametrize("rotated", [False, True], ids=["bipartite", "rotated"])
@pytest.mark.parametrize("number", range(len(ACTIVATIONS)))
def test_a_stack_equals_its_layers(rotated, number):
    model = network(rotated, ACTIVATIONS[number])
    for batch in (0, 1, 2, 7, 16, 33, 100, 257):
        x = torch.randn(batch, WIDTHS[0], dtype=torch.float64)
        together, apart = gradients(model, model, x), gradients(nn.Sequential(*model), model, x)
        torch.testing.assert_close(together, apart, rtol=1e-10, atol=1e-10)
        with torch.no_grad():
            torch.testing.assert_close(model(x), apart[0], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("number", range(len(ACTIVATIONS)))
def test_a_stack_with_layers_of_groups_equals_its_layers(number):
    """What a layer of groups reads is kept; what others read is made again of its argument."""
    rng = np.random.default_rng(0)
    random, grouped = gs.generators.regular_random, gs.generators.GENERATORS["grouped_8"]
    layers = [random(20, 40, 5, rng=rng), grouped(40, 32, 9, rng=rng), random(32, 24, 6, rng=rng)]
    torch.manual_seed(0)
    model = gs.nn.mlp(gs.Topology(layers), ACTIVATIONS[number], dtype=torch.float64)
    for batch in (1, 33, 150):
        x = torch.randn(batch, 20, dtype=torch.float64)
        together, apart = gradients(model, model, x), gradients(nn.Sequential(*model), model, x)
        torch.testing.assert_close(together, apart, rtol=1e-10, atol=1e-10)


def test_frozen_weights_behind_an_activation():
    model, x = network(activation=nn.GELU), torch.randn(50, WIDTHS[0], dtype=torch.float64)
    model[1].weight.requires_grad_(False)
    expected = torch.autograd.grad(nn.Sequential(*model)(x).square().sum(), model[0].weight)
    torch.testing.assert_close(torch.autograd.grad(model(x).square().sum(), model[0].weight), expected)


@pytest.mark.parametrize("turned", [False, True])
def test_outputs_are_stored_as_inputs_are(turned):
    model, x = network(), torch.randn(70, WIDTHS[0], dtype=torch.float64)
    x = (x.t().contiguous().t() if turned else x).requires_grad_()
    y = model(x)
    (dx,) = torch.autograd.grad(y.sum(), x)
    assert y.stride() == ((1, 70) if turned else (WIDTHS[-1], 1))
    assert dx.stride() == ((1, 70) if turned else (WIDTHS[0], 1))
    assert y._base is None


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("number", range(len(ACTIVATIONS)))
def test_outputs_may_be_written_in_place(number, turned):
    model, x = network(activation=ACTIVATIONS[number]), torch.randn(40, WIDTHS[0], dtype=torch.float64)
    x = x.t().contiguous().t() if turned else x
    for layers in (model[:1], model[:2]):
        expected = gradients(lambda x, layers=layers: layers(x) * 2, layers, x)
        torch.testing.assert_close(gradients(lambda x, layers=layers: layers(x).mul_(2), layers, x), expected)


def test_inputs_of_every_layout():
    model, x = network(), torch.randn(40, WIDTHS[0], dtype=torch.float64)
    expected = gradients(model, model, x)
    for other in (x.t().contiguous().t(), x.repeat(1, 2)[:, : WIDTHS[0]], x.repeat_interleave(2, 1)[:, ::2]):
        torch.testing.assert_close(gradients(model, model, other), expected)


@pytest.mark.parametrize("rotated", [False, True], ids=["bipartite", "rotated"])
@pytest.mark.parametrize("batch", [64, 300, 1000])
def test_results_do_not_depend_on_the_number_of_threads(rotated, batch):
    widths = (500, 600, 400)
    model = gs.nn.mlp(gs.Topology(junctions(rotated, widths)))
    x, threads, found = torch.randn(batch, widths[0]), torch.get_num_threads(), []
    try:
        for number in (1, 2, 3, 1):
            torch.set_num_threads(number)
            found.append(gradients(model, model, x))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_frozen_parts_get_no_gradient():
    model, x = network(), torch.randn(5, WIDTHS[0], dtype=torch.float64)
    expected = gradients(model, model, x)[2:]
    for frozen in itertools.product((False, True), repeat=2):
        for parameter, freeze in zip(list(model.parameters())[:2], frozen, strict=True):
            parameter.requires_grad_(not freeze)
        model.zero_grad()
        model(x).square().sum().backward()
        for parameter, gradient in zip(model.parameters(), expected, strict=True):
            assert (parameter.grad is None) != parameter.requires_grad
            if parameter.requires_grad:
                torch.testing.assert_close(parameter.grad, gradient)


def test_first_and_second_derivatives():
    model = gs.nn.mlp(gs.Topology(junctions(False, SMALL)), nn.Sigmoid, dtype=torch.float64)
    x = torch.randn(2, SMALL[0], dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in model.named_parameters()]

    def run(x, *values):
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (x,))

    inputs = (x, *(p.detach().clone().requires_grad_() for p in model.parameters()))
    assert torch.autograd.gradcheck(run, inputs)
    assert torch.autograd.gradgradcheck(run, inputs)


def test_whoever_looks_in_between_sees_every_layer(stacks):
    model, x = network(), torch.randn(4, WIDTHS[0], dtype=torch.float64)
    y, seen = model(x), []
    assert stacks == [3]
    hook = model[1].register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    torch.testing.assert_close(model(x), y)
    hook.remove()
    assert (seen, stacks) == ([(4, WIDTHS[2])], [3])
    hook = model[0].register_full_backward_hook(lambda module, inputs, outputs: seen.append(outputs[0].shape))
    model(x.requires_grad_()).sum().backward()
    hook.remove()
    assert (seen[1:], stacks) == ([(4, WIDTHS[1])], [3, 2])
    hook = nn.modules.module.register_module_forward_hook(lambda module, *_: seen.append(type(module)))
    model(x)
    hook.remove()
    assert seen.count(gs.nn.SparseLinear) == 3
    model[2].forward = lambda x: x
    assert torch.equal(model(x), nn.Sequential(*model)(x))


def test_other_modules_and_backends_part_a_stack(stacks):
    model, x = network(dropout=(0.0, 0.5)), torch.randn(4, WIDTHS[0], dtype=torch.float64)
    model(x)
    assert stacks == []
    together = gs.nn.Sequential(*(module for module in model if not isinstance(module, nn.Dropout)), nn.Identity())
    together.insert(1, nn.Identity())
    together(x)
    together[2].backend = "pytorch"
    together(x)
    assert stacks == [3]


def test_a_stack_follows_its_layers(stacks):
    model, x = network(), torch.randn(4, WIDTHS[0], dtype=torch.float64)
    twin = copy.deepcopy(model)
    model[0].adopt(gs.Bipartite.from_mask(np.ones((WIDTHS[1], WIDTHS[0]))), torch.ones(WIDTHS[0] * WIDTHS[1]))
    torch.testing.assert_close(model(x), nn.Sequential(*model)(x))
    assert not torch.equal(model(x), twin(x))
    twin.load_state_dict(model.state_dict())
    assert torch.equal(model(x), twin(x))
    assert model.float()(x.float()).dtype == torch.float32
    assert set(stacks) == {3}


def test_what_does_not_fit_is_refused():
    model, x = network(), torch.randn(4, WIDTHS[0], dtype=torch.float64)
    with pytest.raises(ValueError, match="7 features come to a layer of in_features=20"):
        model(x[:, :7])
    with pytest.raises(TypeError, match="one floating dtype"):
        model(x.float())
    model[1].weight = nn.Parameter(torch.ones(3, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"weight has shape \(3,\)"):
        model(x)
    with pytest.raises(ValueError, match="12 features come to a layer of in_features=33"):
        gs.nn.Sequential(model[2], model[1])(torch.randn(4, WIDTHS[2], dtype=torch.float64))


def test_compiled_and_autocast_layers_run_one_by_one(stacks):
    model, x = network(dtype=torch.float32), torch.randn(4, WIDTHS[0])
    y = model(x)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(model(x).float(), y, rtol=0.05, atol=0.05)
    assert stacks == [3]


def test_sparsify_makes_stacks(stacks):
    torch.manual_seed(0)
    dense = nn.Sequential(nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 5)), nn.Linear(5, 3), nn.Softmax(1))
    model = gs.nn.sparsify(dense, density=1.0)
    x = torch.randn(4, 8)
    torch.testing.assert_close(model(x), dense(x))
    assert stacks == [2]
    assert list(model.state_dict()) == list(gs.nn.sparsify(dense, density=0.5).state_dict())
    assert type(dense[0]) is nn.Sequential
