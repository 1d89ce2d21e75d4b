"""PyTorch's own module tests: its entries for `nn.Linear`, and its test/test_modules.py's checks, on `SparseLinear`.

The entries (constructor arguments, inputs, reference function) come from `torch.testing._internal.common_modules`, seen
on PyTorch 2.13.0. The checks are not part of the wheel, so they are written here under PyTorch's names, and what they
ask is what they ask there. An adapter makes a sparse layer of `nn.Linear`'s arguments, full or with some of the edges.

Checks of PyTorch that are left out, and why:
- `test_multiple_device_transfer`, `test_cpu_gpu_parity`: need CUDA, which this project's machines have not always.
- `test_memory_format`: asks modules of 4-d and 5-d inputs for channels-last outputs; `nn.Linear` has no such entry.
- `test_errors`: `nn.Linear` has no entry with arguments that must fail.
"""

import copy
import io
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs

pytest.importorskip("expecttest", reason="PyTorch's tests import expecttest: pip install expecttest")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what PyTorch's helpers import warns
    from torch.testing._internal.common_modules import module_db

INFO = next(info for info in module_db if info.module_cls is nn.Linear)
TRAINING = [False, True]


def linear(in_features, out_features, bias=True, *, density=1.0, **factory):
    """`nn.Linear`'s arguments; a part of the edges at random."""
    mask = np.random.default_rng(0).random((out_features, in_features)) < density
    return gs.nn.SparseLinear(gs.Bipartite.from_mask(mask), bias, **factory)


def entries(dtype, training=True, requires_grad=False):
    return INFO.module_inputs_func(INFO, "cpu", dtype, requires_grad, training)


def _arguments(entry):
    given = entry.forward_input
    return given.args or tuple(given.kwargs.values())


def made(entry, density, dtype, training=True):
    torch.manual_seed(0)
    given = entry.constructor_input
    return linear(*given.args, density=density, dtype=dtype, **given.kwargs).train(training)


def call(module, entry):
    return module(*entry.forward_input.args, **{_name(name): x for name, x in entry.forward_input.kwargs.items()})


def _name(name):
    return "x" if name == "input" else name  # nn.Linear calls its input `input`


def twin(module):
    """The dense layer with the same numbers: a reference function takes its parameters from a module."""
    dense = nn.Linear(module.in_features, module.out_features, module.bias is not None, dtype=module.weight.dtype)
    with torch.no_grad():
        dense.weight.zero_()[torch.from_numpy(module.topology().to_mask())] = module.weight
        if module.bias is not None:
            dense.bias.copy_(module.bias)
    return dense


@pytest.fixture(params=[(dtype, density) for dtype in INFO.dtypes for density in (1.0, 0.4)], ids=str)
def cases(request):
    dtype, density = request.param
    return [(entry, made(entry, density, dtype)) for entry in entries(dtype)]


def test_there_are_entries():
    assert len(entries(torch.float32)) >= 3


def test_forward(cases):
    for entry, module in cases:
        expected = entry.reference_fn(twin(module), *entry.forward_input.args, **entry.forward_input.kwargs)
        torch.testing.assert_close(call(module, entry), expected)


def test_factory_kwargs():
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        for device in ("cpu", "meta"):
            module = linear(5, 3, device=device, dtype=dtype)
            assert {(p.dtype, p.device.type) for p in module.parameters()} == {(dtype, device)}
            assert {b.device.type for b in module.buffers()} == {device}


def test_device_ctx_init():
    with torch.device("meta"):
        module = linear(5, 3)
    assert {t.device.type for t in (*module.parameters(), *module.buffers())} == {"meta"}


def test_repr(cases):
    for _, module in cases:
        assert str(module) and repr(module).startswith("SparseLinear(")


@pytest.mark.parametrize("how", ["save and load", "pickle", "deepcopy"])
def test_save_load_and_pickle(cases, how):
    for entry, module in cases:
        if how == "save and load":
            file = io.BytesIO()
            torch.save(module.state_dict(), file)
            file.seek(0)
            again = copy.deepcopy(module)
            nn.init.zeros_(again.weight)
            again.load_state_dict(torch.load(file, weights_only=True))
        else:
            again = pickle.loads(pickle.dumps(module)) if how == "pickle" else copy.deepcopy(module)
        torch.testing.assert_close(call(again, entry), call(module, entry), rtol=0, atol=0)


def test_check_inplace(cases):
    """An activation in place behind the layer gives the outputs and gradients of one that is not."""
    for entry, module in cases:
        outputs, gradients = [], []
        for inplace in (False, True):
            module.zero_grad()
            y = nn.SiLU(inplace=inplace)(call(module, entry))
            y.sum().backward()
            outputs.append(y.detach())
            gradients.append([p.grad.clone() for p in module.parameters()])
        torch.testing.assert_close(outputs[0], outputs[1])
        torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("density", [1.0, 0.4])
@pytest.mark.parametrize("training", TRAINING)
def test_grad_and_gradgrad(density, training):
    for entry in entries(torch.float64, training, requires_grad=True):
        module = made(entry, density, torch.float64, training)
        names = [name for name, _ in module.named_parameters()]

        def run(x, *values, module=module, names=names):
            return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))

        inputs = (*_arguments(entry), *(p.detach().clone().requires_grad_() for p in module.parameters()))
        assert torch.autograd.gradcheck(run, inputs, nondet_tol=INFO.gradcheck_nondet_tol)
        assert not INFO.supports_gradgrad or torch.autograd.gradgradcheck(run, inputs)


def test_non_contiguous_tensors(cases):
    """Inputs, parameters and gradients that are not contiguous make no difference."""
    for entry, module in cases:
        (x,) = _arguments(entry)
        wide = torch.stack([x, x], -1)[..., 0]
        strided = copy.deepcopy(module)
        for parameter in strided.parameters():
            parameter.data = torch.stack([parameter.data] * 2, -1)[..., 0]
        dy = torch.randn_like(module(x))
        found = []
        for layer, given, gradient in ((module, x, dy), (strided, wide, torch.stack([dy, dy], -1)[..., 0])):
            given = given.detach().requires_grad_()
            y = layer(given)
            y.backward(gradient)
            found.append([y.detach(), given.grad, *(p.grad for p in layer.parameters())])
        torch.testing.assert_close(found[0], found[1])


def test_if_train_and_eval_modes_differ(cases):
    for entry, module in cases:
        differ = not torch.equal(call(module.train(), entry), call(module.eval(), entry))
        assert differ == INFO.train_and_eval_differ


@pytest.mark.parametrize("swap", [False, True])
def test_to(cases, swap):
    before = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(swap)
    try:
        for entry, module in cases:
            expected, dtype = call(module, entry).detach(), module.weight.dtype
            module.to(torch.float64)
            assert {p.dtype for p in module.parameters()} == {torch.float64}
            torch.testing.assert_close(call(module.to(dtype), entry), expected)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(before)


@pytest.mark.parametrize("swap", [False, True])
def test_to_empty(cases, swap):
    before = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(swap)
    try:
        for entry, module in cases:
            expected, state = call(module, entry).detach(), {k: v.clone() for k, v in module.state_dict().items()}
            module.to("meta").to_empty(device="cpu")
            module.load_state_dict(state)
            torch.testing.assert_close(call(module, entry), expected)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(before)
