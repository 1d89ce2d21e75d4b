"""One-call steps of chains: dropout between layers, dense heads, nested containers, clipping, several steps at once."""

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


class Drawing(Pair):
    """Both sides draw the same."""

    def step(self, x, y, **tolerance):
        state = torch.get_rng_state()
        own = self.take

        def from_the_start(*arguments):
            torch.set_rng_state(state)
            found = own(*arguments)
            self.drawn = torch.get_rng_state()
            torch.set_rng_state(state)
            return found

        self.take = from_the_start
        super().step(x, y, **tolerance)
        self.take = own
        assert torch.equal(self.drawn, torch.get_rng_state())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU, nn.Sigmoid, lambda: nn.LeakyReLU(-0.5), nn.Identity])
@pytest.mark.parametrize("dropout", [(0.0, 0.4), (0.3, 0.5)])
def test_dropout_draws_what_pytorch_does(ways, dtype, activation, dropout):
    pair = Drawing(network(dtype, dropout=dropout, activation=activation))
    for size in (37, 37, 1, 200):
        pair.step(*batch(size, dtype), atol=1e-5, rtol=1e-4)
    assert ways == [False, True, True, True]


@pytest.mark.parametrize("turned", [False, True])
def test_dropout_of_inputs_of_either_layout(ways, turned):
    pair = Drawing(network(dropout=(0.0, 0.5)), plain_sgd)
    x, y = batch()
    pair.step(x.t().contiguous().t() if turned else x, y)
    assert ways == [True]


def test_dropout_may_change_between_steps(ways):
    def change(**attributes):
        def either(model, _):
            for name, value in attributes.items():
                setattr(model[1], name, value)

        return either

    pair = Drawing(network(dropout=(0.0, 0.5)), plain_sgd)
    for each in ({"p": 0.2}, {"p": 0.0}, {"p": 1.0}, {"p": 0.5, "inplace": True}):
        pair.both(change(**each))
        pair.step(*batch())
    pair.both(lambda model, _: model.eval())
    pair.step(*batch())
    assert ways == [True] * 5
    seen = []
    pair.own[1].register_forward_hook(lambda *_: seen.append("dropout"))
    pair.own.train()
    pair.take(*batch())
    assert seen and ways[-1] is False


def test_a_wrong_label_draws_once():
    model = network(dropout=(0.0, 0.5))
    step, (x, y) = TrainingStep(model, plain_sgd(model), nn.CrossEntropyLoss()), batch()
    torch.manual_seed(0)
    model(x)
    expected = torch.get_rng_state()
    torch.manual_seed(0)
    y[0] = 9
    with pytest.raises(IndexError):
        step(x, y)
    assert torch.equal(torch.get_rng_state(), expected)


def headed(container=nn.Sequential, activation=nn.ReLU, dropout=None, bias=True):
    rng = np.random.default_rng(1)
    layers = [gs.nn.SparseLinear(erdos_renyi(15, 20, 120, rng=rng)), activation()]
    layers += [gs.nn.SparseLinear(erdos_renyi(20, 11, 60, rng=rng)), nn.Sigmoid()]
    layers += [nn.Dropout(dropout)] if dropout else []
    return container(*layers, nn.Linear(11, 4, bias=bias))


@pytest.mark.parametrize("rule", [plain_sgd, momentum, lambda m: torch.optim.AdamW(m.parameters(), lr=0.01)])
@pytest.mark.parametrize("container", [nn.Sequential, gs.nn.Sequential])
@pytest.mark.parametrize("bias", [True, False])
def test_a_dense_head_and_activations_of_their_own(ways, rule, container, bias):
    pair = Drawing(headed(container, dropout=0.3, bias=bias), rule)
    for _ in range(4):
        pair.step(*batch())
    assert ways[1:] == [True] * 3
    assert pair.own[-1].weight.grad.shape == (4, 11)


def test_a_head_may_change(ways):
    pair = Pair(headed(), plain_sgd)
    pair.step(*batch())
    pair.both(lambda model, _: setattr(model[-1].weight, "data", 2 * model[-1].weight.data))
    pair.step(*batch())
    pair.both(lambda model, _: model[-1].weight.requires_grad_(False))
    pair.step(*batch())
    pair.own[-1].register_forward_hook(lambda *_: None)
    pair.step(*batch())
    assert ways == [True, True, True, False]


def test_containers_may_be_nested(ways):
    nested = nn.Sequential(nn.Flatten(), nn.Sequential(network(), nn.Identity()), nn.ReLU(), nn.Linear(4, 4))
    pair = Pair(nested, plain_sgd)
    x, y = batch()
    pair.step(x.view(37, 3, 5), y)
    pair.own[1].register_forward_hook(lambda *_: None)
    pair.step(x.view(37, 3, 5), y)
    assert ways == [True, False]


@pytest.mark.parametrize(
    "model",
    [
        lambda: nn.Sequential(*network(), nn.Dropout(0.5)),  # behind the last layer
        lambda: nn.Sequential(*list(network())[:1], nn.Dropout(0.5), nn.Dropout(0.5), *list(network())[1:]),
        lambda: nn.Sequential(*list(network())[:1], nn.Dropout(0.5), nn.ReLU(), *list(network())[1:]),
        lambda: nn.Sequential(*network(), nn.ReLU(), nn.ReLU()),
        lambda: nn.Sequential(*network(), nn.Linear(4, 9), nn.Linear(9, 4)),
        lambda: nn.Sequential(*network(), nn.LayerNorm(4)),
        lambda: nn.Sequential(*network(), type("Head", (nn.Linear,), {})(4, 4)),
    ],
)
def test_chains_that_are_pytorchs(ways, model):
    built = model()
    known = sum(isinstance(module, nn.Linear) for module in built)
    pair = Drawing(built, plain_sgd)
    pair.step(*batch())
    assert ways == [known == 2]


@pytest.mark.parametrize("rule", [plain_sgd, momentum, lambda m: torch.optim.Adam(m.parameters(), lr=0.01)])
@pytest.mark.parametrize("clip_norm", [0, 1e-3, 0.1, 1e3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_clipped_as_by_pytorch(ways, rule, clip_norm, dtype):
    model = network(dtype)
    other = copy.deepcopy(model)
    own_rule, rule = rule(model), rule(other)
    take, criterion = TrainingStep(model, own_rule, nn.CrossEntropyLoss(), clip_norm=clip_norm), nn.CrossEntropyLoss()
    for _ in range(3):
        x, y = batch(dtype=dtype)
        take(x, y)
        rule.zero_grad()
        criterion(other(x), y).backward()
        nn.utils.clip_grad_norm_(other.parameters(), clip_norm)
        rule.step()
        for a, b in zip(model.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-6)
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    assert ways[1:] == [True, True]


def test_norms_that_are_refused():
    model = network()
    for wrong, error in ((-1.0, ValueError), (float("nan"), ValueError), ("1", TypeError), (True, TypeError)):
        with pytest.raises(error, match="clip_norm"):
            TrainingStep(model, plain_sgd(model), nn.CrossEntropyLoss(), clip_norm=wrong)


def test_clipping_and_masks_give_the_same_bits_on_one_and_two_threads():
    rng = np.random.default_rng(0)
    layers = gs.Topology([erdos_renyi(300, 400, 30000, rng=rng), erdos_renyi(400, 10, 2000, rng=rng)])
    x, y = torch.randn(300, 300), torch.randint(10, (300,))
    found, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        model = gs.nn.mlp(layers, dropout=(0.0, 0.5), activation=nn.Sigmoid)
        step = TrainingStep(model, torch.optim.Adam(model.parameters()), nn.CrossEntropyLoss(), clip_norm=0.01)
        torch.manual_seed(1)
        found.append(([step(x, y)[0] for _ in range(4)], list(model.parameters())))
    torch.set_num_threads(before)
    assert found[0][0] == found[1][0]
    assert all(map(torch.equal, found[0][1], found[1][1]))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("wrong", [None, 50])
def test_several_steps_are_those_of_so_many_calls(ways, dropout, wrong):
    model = network(dropout=(0.0, dropout))
    other = copy.deepcopy(model)
    x, y = batch(100)
    if wrong is not None:
        y[wrong] = -100  # is skipped
    found = []
    for each in (model, other):
        torch.manual_seed(0)
        optimizer = momentum(each)
        step = TrainingStep(each, optimizer, nn.CrossEntropyLoss())
        counted = []

        def slower(number, optimizer=optimizer, counted=counted):
            counted.append(number)
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + number)

        if each is model:
            found.append(step.several(x, y, 16, before=slower))
        else:
            parts = []
            for b in range(0, 100, 16):
                slower(b // 16)
                parts.append(step(x[b : b + 16], y[b : b + 16]))
            found.append(tuple(map(list, zip(*parts, strict=True))))
        assert sorted(set(counted)) == list(range(7))
    assert found[0][0] == found[1][0]
    assert all(map(torch.equal, found[0][1], found[1][1]))
    assert all(map(torch.equal, model.parameters(), other.parameters()))
    assert len(ways) == (14 if dropout else 1 + 1 + 7)


def test_a_label_that_is_no_class_stops_several_steps_where_it_is():
    model, (x, y) = network(), batch(64)
    other = copy.deepcopy(model)
    y[40] = 9
    for each in (model, other):
        step = TrainingStep(each, plain_sgd(each), nn.CrossEntropyLoss())
        with pytest.raises(IndexError):
            if each is model:
                step.several(x, y, 16)
            else:
                for b in range(0, 64, 16):
                    step(x[b : b + 16], y[b : b + 16])
    assert all(map(torch.equal, model.parameters(), other.parameters()))
