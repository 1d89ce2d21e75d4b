"""Steps in one native call are those of PyTorch's loop."""

import copy

import numpy as np
import pytest
import torch
from tests.nn.paired import Pair, batch, momentum, network
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.overrides import TorchFunctionMode

import gossamer as gs
from gossamer.generators import erdos_renyi
from gossamer.nn import TrainingStep, observers, optimizers
from gossamer.nn.kernels import native

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")

SGDS = [
    {"lr": 0.1},
    {"lr": 0.1, "weight_decay": 0.01},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.02},
    {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.02},
]
ADAMS = [{"lr": 0.01}, {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3}]
RULES = [(torch.optim.SGD, options) for options in SGDS]
RULES += [(kind, options) for kind in (torch.optim.Adam, torch.optim.AdamW) for options in ADAMS]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU, nn.Sigmoid, lambda: nn.LeakyReLU(-0.5)])
@pytest.mark.parametrize("size", [1, 16, 37, 200])
def test_steps_are_pytorchs(ways, dtype, activation, size):
    pair = Pair(network(dtype, activation=activation))
    for _ in range(3):
        pair.step(*batch(size, dtype), atol=1e-5, rtol=1e-4)
    assert ways == [False, True, True]  # the first step makes the optimiser's state


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("kind", "options"), RULES)
def test_every_rule(ways, kind, options, dtype):
    pair = Pair(network(dtype), lambda model: kind(model.parameters(), **options))
    for _ in range(4):
        pair.step(*batch(dtype=dtype), atol=1e-4, rtol=1e-3)
    assert ways[1:] == [True] * 3


@pytest.mark.parametrize("instructions", native._native.instruction_sets() if native.built() else [])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("classes", [1, 2, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cross_entropy_is_pytorchs(ways, instructions, smoothing, classes, dtype):
    before = native._native.instruction_set()
    native._native.use_instruction_set(instructions)
    try:
        straight = gs.nn.SparseLinear(gs.Bipartite.from_mask(np.eye(classes)), bias=False, dtype=dtype)
        straight.weight.data.fill_(1)
        model = gs.nn.Sequential(straight)
        pair = Pair(
            model, lambda m: torch.optim.SGD(m.parameters(), lr=0.01), nn.CrossEntropyLoss(label_smoothing=smoothing)
        )
        for size in (1, 3, 16, 21):
            logits = 30 * torch.randn(size, classes, dtype=dtype)
            pair.step(logits, torch.randint(classes, (size,)), atol=1e-5, rtol=1e-4)
    finally:
        native._native.use_instruction_set(before)
    assert all(ways)


@pytest.mark.parametrize("last", [nn.GELU, nn.Sigmoid])
def test_the_last_layer_may_have_an_activation(ways, last):
    pair = Pair(network(last=last))
    pair.step(*batch())
    pair.step(*batch(70))
    assert ways == [False, True]


def test_modules_without_parameters_may_come_first(ways):
    pair = Pair(network(dropout=(0.5, 0.0)).eval())
    pair.step(*batch())
    pair.step(*batch())
    model = network(dropout=(0.5, 0.0))
    take = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.0), nn.CrossEntropyLoss())
    torch.manual_seed(0)
    first = take(*batch())[0]
    torch.manual_seed(0)
    assert take(*batch())[0] == first != take(*batch())[0]
    assert ways == [False, True, True, True, True]


def test_no_bias_frozen_weights_and_smoothing(ways):
    pair = Pair(network(bias=False), criterion=nn.CrossEntropyLoss(label_smoothing=0.2))
    pair.step(*batch())
    pair.step(*batch())
    model = network()
    model[1].weight.requires_grad_(False)
    pair = Pair(model)
    pair.step(*batch())
    pair.step(*batch())
    assert ways == [False, True] * 2


@pytest.mark.parametrize(
    "change",
    [
        lambda model, _: model[0].adopt(gs.Bipartite.from_mask(np.eye(20, 15)), torch.ones(15)),
        lambda model, _: setattr(model[0].weight, "data", 2 * model[0].weight.detach()),
        lambda model, _: model[0].weight.requires_grad_(False),
        lambda model, optimizer: optimizer.param_groups[0].update(lr=0.01, momentum=0.5),
        lambda model, optimizer: optimizer.param_groups[0].update(momentum=0),
        lambda model, optimizer: optimizer.param_groups[0].update(maximize=True),
        lambda model, optimizer: optimizer.load_state_dict(optimizer.state_dict()),
        lambda model, optimizer: optimizer.zero_grad(),
        lambda model, optimizer: optimizer.zero_grad(set_to_none=False),
        lambda model, optimizer: optimizer.state.clear(),
        lambda model, _: model.add_module("3", gs.nn.SparseLinear(gs.Bipartite.from_mask(np.ones((4, 4))), bias=False)),
        lambda model, _: model.add_module("1", copy.deepcopy(model[1])),
        lambda model, _: model.append(nn.Linear(4, 4)),
        lambda model, _: setattr(model[0], "activation", model[2].activation),
        lambda model, _: setattr(model[1], "backend", "pytorch"),
        lambda model, _: model.load_state_dict(model.state_dict()),
    ],
)
def test_anything_may_change_between_steps(change):
    torch.manual_seed(0)
    pair = Pair(network())
    for _ in range(2):
        pair.step(*batch())
    torch.manual_seed(0)
    change(pair.own, pair.own_optimizer)
    torch.manual_seed(0)
    change(pair.other, pair.optimizer)
    if any(kept["momentum_buffer"].shape != p.shape for p, kept in pair.own_optimizer.state.items() if kept):
        pair.both(lambda model, optimizer: optimizer.state.pop(model[0].weight))
    for _ in range(3):
        pair.step(*batch())


def test_the_criterion_may_change(ways):
    pair = Pair(network(), lambda model: torch.optim.SGD(model.parameters(), lr=0.1))
    pair.step(*batch())
    pair.criterion.label_smoothing = 0.3
    pair.step(*batch())
    pair.criterion.weight = torch.tensor([1.0, 2.0, 0.5, 1.0])
    pair.step(*batch())
    pair.criterion.weight = None
    pair.criterion.reduction = "sum"
    pair.step(*batch(), rtol=1e-4, atol=1e-4)
    assert ways == [True] * 4


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


def test_groups_have_rates_of_their_own_and_schedulers_change_them(ways, recwarn):
    def rule(model):
        weights = [layer.weight for layer in model]
        biases = {"params": [layer.bias for layer in model], "weight_decay": 0.1, "lr": 0.5}
        return torch.optim.SGD([{"params": weights}, biases], lr=0.1, momentum=0.9)

    pair = Pair(network(), rule)
    schedules = [torch.optim.lr_scheduler.StepLR(o, 1, gamma=0.5) for o in (pair.own_optimizer, pair.optimizer)]
    for _ in range(4):
        pair.step(*batch())
        for schedule in schedules:
            schedule.step()
    model = network()  # a scheduler that sees nothing but steps of one call does not complain
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    TrainingStep(model, optimizer, nn.CrossEntropyLoss())(*batch())
    schedule.step()
    assert ways == [False, True, True, True, True]
    assert not [str(warning.message) for warning in recwarn]


def test_strides_of_inputs_do_not_matter(ways):
    x, y = batch()
    for other in (x.t().contiguous().t(), torch.cat([x, x], 1)[:, ::2], x[:, :1].expand(-1, 15)):
        pair = Pair(network(), lambda model: torch.optim.SGD(model.parameters(), lr=0.1))
        pair.step(other, y)
    assert all(ways)


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


def test_tied_layers_add_up(ways):
    layer = gs.nn.SparseLinear(gs.Bipartite.from_mask(np.ones((15, 15))))
    pair = Pair(gs.nn.Sequential(layer, layer))
    for _ in range(3):
        pair.step(*batch())
    assert ways == [False] * 3


def test_labels_that_pytorch_skips(ways):
    x, y = batch()
    pair = Pair(network(), lambda model: torch.optim.SGD(model.parameters(), lr=0.1))
    pair.step(x, y)
    y[3] = -100
    pair.step(x, y)
    assert ways == [True, True]


def test_what_is_not_finite_shows_in_the_loss(ways):
    x, y = batch()
    x[3, 2] = torch.nan
    model = network(activation=nn.GELU)
    step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    assert np.isnan(step(x, y)[0]) and ways == [True]


@pytest.mark.parametrize("rule", [momentum, lambda model: torch.optim.Adam(model.parameters())])
def test_refused_and_nothing_changed(rule):
    model, (x, y) = network(), batch()
    optimizer = rule(model)
    step = TrainingStep(model, optimizer, nn.CrossEntropyLoss())
    step(x, y)
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict()["state"]))
    wrong = y.clone()
    wrong[5] = 4
    with pytest.raises(IndexError, match="Target 4"):
        step(x, wrong)
    with pytest.raises(ValueError, match="in_features=15"):
        step(x[:, :9], y)
    with pytest.raises(TypeError, match=r"torch.float64"):
        step(x.double(), y)
    with pytest.raises(TypeError, match="x is ndarray"):
        step(x.numpy(), y)
    with pytest.raises(ValueError, match="batch_size"):
        step(x, y[:5])
    with torch.no_grad(), pytest.raises(RuntimeError, match="does not require grad"):
        step(x, y)
    torch.testing.assert_close((model.state_dict(), optimizer.state_dict()["state"]), before, rtol=0, atol=0)


def test_arguments_of_another_type_are_refused():
    model = network()
    optimizer, criterion = torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()
    with pytest.raises(TypeError, match="model is str"):
        TrainingStep("model", optimizer, criterion)
    with pytest.raises(TypeError, match="optimizer is str"):
        TrainingStep(model, "sgd", criterion)
    with pytest.raises(TypeError, match="criterion is str"):
        TrainingStep(model, optimizer, "cross-entropy")


def test_a_graph_of_old_weights_is_noticed(ways):
    model, (x, y) = network(), batch()
    step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    loss = (model[0].weight ** 2).sum()
    step(x, y)
    assert ways == [True]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("size", [64, 128, 300])
def test_the_same_bits_on_one_and_two_threads(ways, size):
    found = []
    before = torch.get_num_threads()
    rng = np.random.default_rng(0)
    turned = gs.Rotated(np.arange(0, 400, 7), in_features=400, out_features=400)
    layers = gs.Topology([erdos_renyi(300, 400, 9000, rng=rng), turned, erdos_renyi(400, 10, 2000, rng=rng)])
    x, y = torch.randn(size, 300), torch.randint(10, (size,))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        model = gs.nn.mlp(layers)
        step = TrainingStep(model, torch.optim.Adam(model.parameters()), nn.CrossEntropyLoss())
        losses = [step(x, y)[0] for _ in range(4)]
        found.append((losses, list(model.parameters())))
    torch.set_num_threads(before)
    assert ways == [False, True, True, True] * 2
    assert found[0][0] == found[1][0]
    assert all(map(torch.equal, found[0][1], found[1][1]))


@pytest.mark.parametrize("rule", ["sparse_evolutionary", "rigl"])
def test_rewiring_between_steps(ways, rule):
    def rewirer(model, optimizer):
        options = {"every": 3} if rule == "sparse_evolutionary" else {"every": 3, "until": 100}
        chosen = getattr(gs.rewiring, rule)(fraction=0.3, **options)
        return gs.rewiring.Rewirer(model, optimizer, chosen, rng=np.random.default_rng(5), layers=["0", "2"])

    pair = Pair(network())
    rewirers = rewirer(pair.own, pair.own_optimizer), rewirer(pair.other, pair.optimizer)
    for _ in range(10):
        pair.step(*batch())
        for each in rewirers:
            each.step()
        for a, b in zip(pair.own, pair.other, strict=True):
            assert a.topology() == b.topology()
    assert ways.count(True) == 9  # all but the first, those too at which gradients of missing edges are collected


# ---- whatever the plan does not compute goes PyTorch's way


def plain_sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


@pytest.mark.parametrize("skipped", [0, 2, 3])
def test_classes_that_are_ignored(ways, skipped):
    pair = Pair(network(), plain_sgd, criterion=nn.CrossEntropyLoss(ignore_index=skipped))
    for _ in range(3):
        pair.step(*batch())
    pair.criterion.ignore_index = -100
    pair.step(*batch())
    pair.criterion.ignore_index = skipped
    pair.step(*batch())
    assert ways == [True] * 5


@pytest.mark.parametrize("ignored", [4, 7, -1])
def test_an_ignored_label_may_be_no_class(ways, ignored):
    pair, (x, y) = Pair(network(), plain_sgd, criterion=nn.CrossEntropyLoss(ignore_index=ignored)), batch()
    pair.step(x, y)
    y[5] = ignored
    pair.step(x, y)
    assert ways == [True, True]


def test_a_batch_of_which_nothing_counts_is_pytorchs(ways):
    pair, (x, y) = Pair(network(), plain_sgd), batch()
    loss, _ = pair.take(x, torch.full_like(y, -100))
    assert np.isnan(loss) and ways == [False]


@pytest.mark.parametrize("rule", [plain_sgd, momentum, lambda m: torch.optim.Adam(m.parameters())])
def test_a_class_masked_by_an_infinite_bias(ways, rule):
    model, (x, y) = network(dtype=torch.float64), batch(dtype=torch.float64)
    with torch.no_grad():
        model[-1].bias[0] = -torch.inf
    pair = Pair(model, rule)
    for _ in range(4):
        pair.step(x, y.clamp(min=1))
    assert torch.isfinite(model[0].weight).all() and True in ways


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


def test_frozen_networks_do_not_train():
    model = network().requires_grad_(False)
    step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    for _ in range(2):
        with pytest.raises(RuntimeError, match="does not require grad"):
            step(*batch())


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


# ---- memory that moves


def _halves(tensor):
    wide = torch.zeros(2 * tensor.numel(), dtype=tensor.dtype)
    wide[::2] = tensor
    return wide[::2]


def _send(tensor):
    queue = torch.multiprocessing.get_context("spawn").SimpleQueue()
    queue.put(tensor)
    queue.get()


def _velocities(optimizer):
    return [state["momentum_buffer"] for state in optimizer.state.values()]


MOVES = {
    "gradients swapped": lambda m, o: [setattr(p.grad, "data", p.grad.data.clone()) for p in m.parameters()],
    "gradients replaced": lambda m, o: [setattr(p, "grad", p.grad.clone()) for p in m.parameters()],
    "gradients shared": lambda m, o: [p.grad.share_memory_() for p in m.parameters()],
    "gradients sent": lambda m, o: [_send(p.grad) for p in m.parameters()],
    "gradients strided": lambda m, o: [setattr(p.grad, "data", _halves(p.grad)) for p in m.parameters()],
    "gradients freed": lambda m, o: [p.grad.untyped_storage().resize_(0) for p in m.parameters()],
    "gradients cut": lambda m, o: [setattr(p, "grad", None) for p in m.parameters()],
    "model shared": lambda m, o: m.share_memory(),
    "weights swapped": lambda m, o: [setattr(p, "data", p.data.clone()) for p in m.parameters()],
    "weights strided": lambda m, o: [setattr(p, "data", _halves(p.data)) for p in m.parameters()],
    "state swapped": lambda m, o: [setattr(v, "data", v.data.clone()) for v in _velocities(o)],
    "state shared": lambda m, o: [v.share_memory_() for v in _velocities(o)],
    "state strided": lambda m, o: [setattr(v, "data", _halves(v)) for v in _velocities(o)],
    "all of it cast and back": lambda m, o: m.double().float(),
    "structure written": lambda m, o: m[0].indices.add_(0),
    "structure shared": lambda m, o: m[0].indices.share_memory_(),
}


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("move", MOVES)
def test_memory_may_move_between_steps(move, twice):
    pair = Pair(network())
    for _ in range(3):
        pair.step(*batch())
    pair.both(MOVES[move])
    if twice:
        pair.both(MOVES[move])
    for _ in range(3):
        pair.step(*batch())


def test_an_optimiser_of_another_model_is_refused_at_once():
    """Such as one that was made before `sparsify`: it would change nothing, and say nothing."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    gs.nn.sparsify(model, density=0.5, inplace=True)
    with pytest.raises(ValueError, match="the optimizer holds none of the model's parameters: it was made for another"):
        gs.nn.TrainingStep(model, optimizer, torch.nn.CrossEntropyLoss())
