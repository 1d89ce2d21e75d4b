"""Whatever one native call does not compute or would hide goes PyTorch's way."""

import pytest
import torch
from tests.nn.paired import Pair, batch, momentum, network, plain_sgd
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.overrides import TorchFunctionMode

import gossamer as gs
from gossamer.nn import TrainingStep, observers, optimizers
from gossamer.nn.kernels import native

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")


def test_who_looks_sees_everything(ways):
    x, y = batch()
    seen = []
    for look in (
        lambda model, _: model[1].register_forward_hook(lambda *_: seen.append("layer")),
        lambda model, _: model[0].weight.register_hook(lambda g: seen.append("gradient")),
        lambda model, _: model[0].weight.register_post_accumulate_grad_hook(lambda p: seen.append("accumulated")),
        lambda model, _: model[3].register_forward_hook(lambda *_: seen.append("nothing")),
        lambda _, optimizer: optimizer.register_step_pre_hook(lambda *_: seen.append("before")),
        lambda _, optimizer: optimizer.register_step_post_hook(lambda *_: seen.append("after")),
        lambda model, optimizer: setattr(optimizer, "step", lambda: seen.append("step")),
    ):
        model = network().append(nn.Identity())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        step = TrainingStep(model, optimizer, nn.CrossEntropyLoss())
        step(x, y)
        look(model, optimizer)
        step(x, y)
    assert seen == ["layer", "gradient", "accumulated", "nothing", "before", "after", "step"]
    assert ways == [True, False] * 7


@pytest.mark.parametrize("register", ["register_hook", "register_post_accumulate_grad_hook"])
def test_a_second_hook_on_a_parameter_is_called(ways, register):
    model, (x, y), seen = network(), batch(), []
    getattr(model[0].weight, register)(seen.append).remove()
    step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    step(x, y)
    getattr(model[0].weight, register)(lambda found: seen.append(found))
    step(x, y)
    assert ways == [True, False] and len(seen) == 1


def test_global_hooks_are_called(ways):
    pair, seen = Pair(network(), lambda model: torch.optim.SGD(model.parameters(), lr=0.1)), []
    pair.step(*batch())
    for register, name in ((register_module_forward_hook, "module"), (register_optimizer_step_post_hook, "optimizer")):
        handle = register(lambda *_, name=name: seen.append(name))
        try:
            pair.take(*batch())
        finally:
            handle.remove()
    assert ways == [True, False, False]
    assert set(seen) == {"module", "optimizer"}


def test_what_else_there_is_takes_pytorchs_way(ways):
    x, y = batch()
    Pair(nn.Sequential(nn.Linear(15, 4))).step(x, y)
    Pair(gs.nn.Sequential(*network(), nn.Softplus()), plain_sgd).step(x, y)
    Pair(network(), lambda model: torch.optim.Adagrad(model.parameters())).step(x, y)
    Pair(network(), lambda model: torch.optim.SGD([p for p in model.parameters() if p.dim()][:3], lr=0.1)).step(x, y)
    likely = nn.functional.one_hot(y, 4).float()
    Pair(network(), plain_sgd, criterion=nn.CrossEntropyLoss()).step(x, likely)
    Pair(network(), plain_sgd, criterion=nn.BCEWithLogitsLoss(weight=torch.ones(37, 1))).step(x, likely)
    Pair(network(), plain_sgd, criterion=nn.HuberLoss()).step(x, likely)
    Pair(network(), plain_sgd, criterion=lambda outputs, labels: outputs.square().mean()).step(x, y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        Pair(network()).step(x, y, rtol=0.1, atol=0.05)
    wanting = x.clone().requires_grad_()
    model = network()
    TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())(wanting, y)
    assert wanting.grad.shape == x.shape
    assert not any(ways)


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected")
def test_anomalies_are_looked_for(ways):
    pair, (x, y) = Pair(network(), plain_sgd), batch()
    pair.step(x, y)
    with torch.autograd.detect_anomaly():
        pair.step(x, y)
        x[0, 0] = torch.nan
        with pytest.raises(RuntimeError, match="returned nan"):
            pair.take(x, y)
    assert ways[:2] == [True, False]


@pytest.mark.parametrize(
    "change",
    [
        lambda pair, new: setattr(pair.criterion, "unheard_of", new),
        lambda pair, new: pair.criterion.register_buffer("temperature", new),
        lambda pair, new: pair.criterion.register_parameter("temperature", nn.Parameter(new)),
        lambda pair, new: pair.criterion.add_module("inner", nn.Identity()),
        lambda pair, new: setattr(pair.criterion, "forward", nn.functional.cross_entropy),
        lambda pair, new: pair.own_optimizer.defaults.update(unheard_of=1),
        lambda pair, new: setattr(pair.own_optimizer, "zero_grad", pair.own_optimizer.zero_grad),
        lambda pair, new: setattr(pair.own[0], "_compiled_call_impl", pair.own[0]._call_impl),
        lambda pair, new: setattr(pair.own, "_compiled_call_impl", pair.own._call_impl),
        lambda pair, new: setattr(pair.own[1], "stackable", pair.own[1].stackable),
    ],
)
def test_attributes_that_nobody_knows(ways, change):
    pair = Pair(network(), plain_sgd)
    pair.step(*batch())
    change(pair, torch.ones(()))
    pair.step(*batch())
    assert ways == [True, False]


def test_every_attribute_of_pytorchs_is_known():
    criterion = nn.CrossEntropyLoss()
    assert vars(nn.Module()).keys() <= observers.MODULE_ATTRIBUTES, f"PyTorch {torch.__version__} has new ones"
    assert criterion._buffers.keys() == {"weight"}
    for kind, options in optimizers._KNOWN.items():
        assert kind([nn.Parameter(torch.ones(2))], lr=0.1).defaults.keys() <= options


def test_functions_that_a_mode_wants_to_see(ways):
    seen = []

    class Looks(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    pair = Pair(network(), plain_sgd)
    pair.step(*batch())
    with Looks():
        pair.take(*batch())
    assert nn.functional.cross_entropy in seen and ways == [True, False]


def test_parameters_that_share_memory_are_changed_one_after_the_other(ways):
    def same_memory(model):
        model[1].bias.data = model[0].bias.data[:11]
        return model

    model = same_memory(network())
    step = TrainingStep(model, momentum(model), nn.CrossEntropyLoss())
    for _ in range(3):
        step(*batch())
    assert ways == [False] * 3
