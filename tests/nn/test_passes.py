"""A step in one call tells observers of passes what their hooks would have found out."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.generators import dense, erdos_renyi
from gossamer.nn.kernels import native
from gossamer.nn.observers import PassObserver
from gossamer.rewiring.capture import Capture

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")


def model_with(activation, dropout, dtype):
    torch.manual_seed(0)
    sizes = [erdos_renyi(13, 20, 90, rng=0), erdos_renyi(20, 16, 80, rng=1), dense(16, 5)]
    if dropout:
        sizes[1] = gs.Bipartite.from_mask(np.repeat(erdos_renyi(20, 4, 30, rng=1).to_mask(), 4, axis=0))  # of groups
    first, second, head = (
        gs.nn.SparseLinear(g, activation=act, dtype=dtype)
        for g, act in zip(sizes, (activation, activation, None), strict=True)
    )
    return gs.nn.Sequential(first, *([nn.Dropout(0.3)] if dropout else []), second, head)


def captured(model, x, labels, *, one_call):
    """The passes of a second step, through PyTorch's hooks or in one call."""
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    step = gs.nn.TrainingStep(model, optimizer, nn.CrossEntropyLoss())
    torch.manual_seed(1)
    step(x, labels)
    assert step._ready(x, labels) is not None
    capture = Capture({name: [layer] for name, layer in model.named_modules() if isinstance(layer, gs.nn.SparseLayer)})
    capture.arm()
    if not one_call:
        model[-1].register_forward_hook(lambda *_: None)
    step(x, labels)
    assert (step._plan is not None) == one_call
    passes = {name: list(seen) for name, seen in capture.passes.items()}
    capture.disarm()
    return passes


@pytest.mark.parametrize("activation", [None, nn.ReLU(), nn.GELU(), nn.Sigmoid()])
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("batch", [1, 37, 128])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_a_step_tells_is_what_hooks_find(activation, dropout, batch, dtype):
    model, tolerance = model_with(activation, dropout, dtype), 1e-5 if dtype == torch.float32 else 1e-12
    x, labels = torch.randn(batch, 13, dtype=dtype), torch.randint(0, 5, (batch,))
    found, expected = (captured(model, x, labels, one_call=one_call) for one_call in (True, False))
    assert found.keys() == expected.keys() and len(found) == 3
    for name in found:
        [(step, rows, dz)], [(same_step, same_rows, same_dz)] = found[name], expected[name]
        assert step == same_step
        torch.testing.assert_close(rows, same_rows, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(dz, same_dz, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_told_in_float32(dtype):
    model = model_with(nn.ReLU(), False, dtype)
    x, labels = torch.randn(37, 13, dtype=dtype), torch.randint(0, 5, (37,))
    found, expected = (captured(model, x, labels, one_call=one_call) for one_call in (True, False))
    for name in found:
        [(_, rows, dz)], [(_, same_rows, same_dz)] = found[name], expected[name]
        assert dz.dtype == torch.float32
        assert rows.shape == same_rows.shape
        torch.testing.assert_close(rows.float(), same_rows.float(), rtol=0.02, atol=0.02)
        torch.testing.assert_close(dz, same_dz.float(), rtol=0.02, atol=5e-4)


def test_who_only_looks_keeps_the_plan_and_others_do_not():
    model = model_with(nn.ReLU(), False, torch.float32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = gs.nn.TrainingStep(model, optimizer, nn.CrossEntropyLoss())
    x, labels = torch.randn(8, 13), torch.randint(0, 5, (8,))
    step(x, labels)
    plan = step._ready(x, labels)
    capture = Capture({"0": [model[0]]})
    capture.arm()
    assert step._ready(x, labels) is plan
    step.several(torch.cat([x, x]), torch.cat([labels, labels]), 8)
    assert len(capture.passes["0"]) == 2
    capture.disarm()
    assert step._ready(x, labels) is plan
    handle = model[0].register_forward_hook(lambda *_: None)
    assert step._ready(x, labels) is None
    handle.remove()
    model[0].register_forward_pre_hook(lambda *_: None)
    assert step._ready(x, labels) is None


def test_observers_of_passes_must_say_what_they_do():
    observer = PassObserver()
    with pytest.raises(NotImplementedError):
        observer.saw(torch.ones(1, 1), torch.ones(1, 1))
    with pytest.raises(NotImplementedError):
        observer(nn.Identity(), (), {}, torch.ones(1, 1))
