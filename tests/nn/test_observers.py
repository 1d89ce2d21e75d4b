"""What is read of PyTorch's private attributes is there, and means what we take it for.

Seen on PyTorch 2.13.0. Another version that lacks one of them fails here first, with the attribute's name.
"""

import pytest
import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.optim import optimizer as torch_optimizer

from gossamer.nn import observers


def optimizer():
    return torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)


@pytest.mark.parametrize(
    ("holder", "names"),
    [
        (torch._C, ["_len_torch_dispatch_stack"]),
        (torch_module, ["_has_any_global_hook", *observers._GLOBAL_MODULE_HOOKS]),
        (torch_optimizer, list(observers._GLOBAL_OPTIMIZER_HOOKS)),
        (nn.Linear(2, 2), [*observers.MODULE_HOOKS, "_modules", "_parameters", "_buffers"]),
        (nn.Parameter(torch.ones(2)), [*observers.PARAMETER_HOOKS, "_version"]),
        (optimizer(), list(observers.OPTIMIZER_HOOKS)),
    ],
    ids=["C", "modules", "optimizers", "module", "parameter", "optimizer"],
)
def test_private_attributes_exist(holder, names):
    missing = [name for name in names if not hasattr(holder, name)]
    assert not missing, f"PyTorch {torch.__version__} has no {missing}; mend gossamer.nn.observers."


@pytest.mark.parametrize(
    ("register", "name"),
    [
        ("register_forward_hook", "_forward_hooks"),
        ("register_forward_pre_hook", "_forward_pre_hooks"),
        ("register_full_backward_hook", "_backward_hooks"),
        ("register_full_backward_pre_hook", "_backward_pre_hooks"),
    ],
)
def test_module_hooks_are_where_we_look(register, name):
    module = nn.Linear(2, 2)
    assert observers.unobserved(module) and name in observers.MODULE_HOOKS
    handle = getattr(module, register)(lambda *_: None)
    assert len(getattr(module, name)) == 1 and not observers.unobserved(module)
    handle.remove()
    assert observers.unobserved(module)
    module.forward = lambda x: x
    assert not observers.unobserved(module)


@pytest.mark.parametrize("register", ["register_hook", "register_post_accumulate_grad_hook"])
def test_parameter_hooks_are_where_we_look(register):
    parameter = nn.Parameter(torch.ones(2))
    assert observers.unwatched(parameter) and observers.unwatched(None)
    getattr(parameter, register)(lambda *_: None)
    assert not observers.unwatched(parameter)


def test_global_hooks_are_where_we_look():
    registers = [
        torch_module.register_module_forward_hook,
        torch_module.register_module_forward_pre_hook,
        torch_module.register_module_full_backward_hook,
        torch_module.register_module_full_backward_pre_hook,
        torch_optimizer.register_optimizer_step_pre_hook,
        torch_optimizer.register_optimizer_step_post_hook,
    ]
    before = sum(map(len, observers.global_hooks()))
    for number, register in enumerate(registers):
        handle = register(lambda *_: None)
        try:
            assert sum(map(len, observers.global_hooks())) == before + 1
            assert observers.any_module_observed() == (number < 4)
            assert observers.undisturbed(optimizer()) == (number < 4)
        finally:
            handle.remove()
    assert sum(map(len, observers.global_hooks())) == before


@pytest.mark.parametrize(
    "disturb",
    [
        lambda o: o.register_step_pre_hook(lambda *_: None),
        lambda o: o.register_step_post_hook(lambda *_: None),
        lambda o: setattr(o, "step", lambda: None),
        lambda o: setattr(o, "grad_scale", torch.ones(())),
        lambda o: setattr(o, "found_inf", torch.zeros(())),
    ],
)
def test_disturbed_optimizers_are_noticed(disturb):
    one = optimizer()
    assert observers.undisturbed(one)
    disturb(one)
    assert not observers.undisturbed(one)


def test_schedulers_disturb_nothing_and_hear_of_steps(recwarn):
    one = optimizer()
    schedule = torch.optim.lr_scheduler.StepLR(one, 1)
    assert observers.undisturbed(one)
    observers.tell_schedulers(one)
    schedule.step()
    assert not recwarn.list


def test_whoever_traces_is_noticed():
    from torch.utils.flop_counter import FlopCounterMode

    x = torch.ones(2)
    assert not observers.traced(x) and observers.traced(x.to("meta"))
    with FlopCounterMode(display=False):
        assert observers.traced(x)
