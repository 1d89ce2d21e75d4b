"""Steps in one native call are those of PyTorch's loop."""

import copy

import numpy as np
import pytest
import torch
from tests.nn.paired import Pair, batch, momentum, network, plain_sgd
from torch import nn

import gossamer as gs
from gossamer.generators import erdos_renyi
from gossamer.nn import TrainingStep
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


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("classes", [1, 2, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cross_entropy_is_pytorchs(ways, instructions, smoothing, classes, dtype):
    straight = gs.nn.SparseLinear(gs.Bipartite.from_mask(np.eye(classes)), bias=False, dtype=dtype)
    straight.weight.data.fill_(1)
    model = gs.nn.Sequential(straight)
    pair = Pair(
        model, lambda m: torch.optim.SGD(m.parameters(), lr=0.01), nn.CrossEntropyLoss(label_smoothing=smoothing)
    )
    for size in (1, 3, 16, 21):
        logits = 30 * torch.randn(size, classes, dtype=dtype)
        pair.step(logits, torch.randint(classes, (size,)), atol=1e-5, rtol=1e-4)
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


def test_frozen_networks_do_not_train():
    model = network().requires_grad_(False)
    step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    for _ in range(2):
        with pytest.raises(RuntimeError, match="does not require grad"):
            step(*batch())


def test_an_optimiser_of_another_model_is_refused_at_once():
    """Such as one that was made before `sparsify`: it would change nothing, and say nothing."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    gs.nn.sparsify(model, density=0.5, inplace=True)
    with pytest.raises(ValueError, match="the optimizer holds none of the model's parameters: it was made for another"):
        gs.nn.TrainingStep(model, optimizer, torch.nn.CrossEntropyLoss())


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
