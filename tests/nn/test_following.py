"""A plan of steps follows topologies that change, and is made anew where anything else does."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.generators import dense, erdos_renyi
from gossamer.nn.kernels import native
from gossamer.nn.step_plan import StepPlan

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")

OPTIMIZERS = {
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
}


def training(optimizer, rule):
    torch.manual_seed(0)
    model = gs.nn.mlp(gs.Topology([erdos_renyi(13, 20, 90, rng=0), erdos_renyi(20, 16, 80, rng=1), dense(16, 5)]))
    made = OPTIMIZERS[optimizer](model.parameters())
    rewirer = gs.rewiring.Rewirer(model, made, rule, rng=np.random.default_rng(0), layers=["0", "1"])
    return model, made, rewirer


def trained(optimizer, rule, *, planned_anew):
    """Weights, state and topologies after 30 steps."""
    model, made, rewirer = training(optimizer, rule)
    step = gs.nn.TrainingStep(model, made, nn.CrossEntropyLoss())
    drawn = torch.Generator().manual_seed(1)
    for _ in range(30):
        if planned_anew:
            step = gs.nn.TrainingStep(model, made, nn.CrossEntropyLoss())
        step(torch.randn(24, 13, generator=drawn), torch.randint(5, (24,), generator=drawn))
        rewirer.step()
    return model.state_dict(), made.state_dict()["state"]


@pytest.fixture
def plans(monkeypatch):
    """How often a plan was made."""
    made = []
    of = StepPlan.of.__func__
    monkeypatch.setattr(StepPlan, "of", classmethod(lambda cls, *args: made.append(args) or of(cls, *args)))
    return made


RULES = [
    gs.rewiring.sparse_evolutionary(every=4),
    gs.rewiring.rigl(every=4, until=100),
    gs.rewiring.granet(0.01, every=4, until=24),
]


@pytest.mark.parametrize("rule", RULES, ids=["set", "rigl", "granet"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_followed_plans_compute_what_new_ones_do(optimizer, rule):
    found, expected = (trained(optimizer, rule, planned_anew=anew) for anew in (False, True))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_rules_that_keep_counts_keep_the_plan_and_all_addresses(optimizer, plans):
    model, made, rewirer = training(optimizer, gs.rewiring.sparse_evolutionary(every=4))
    step = gs.nn.TrainingStep(model, made, nn.CrossEntropyLoss())
    x, labels = torch.randn(24, 13), torch.randint(5, (24,))
    for number in range(20):
        step(x, labels)
        if number == 4:  # the first update gives layers arrays of their own, the first step the optimiser its state
            held = [*model.state_dict().values(), *made.state[model[0].weight].values()]
            addresses = [tensor.data_ptr() for tensor in held]
        before = model[0].topology()
        assert (rewirer.step() is None) == (model[0].topology() == before)
    assert len(plans) <= 3
    assert [tensor.data_ptr() for tensor in held] == addresses
    assert step._plan.holds(made) or step._plan.following(made) is not None


def test_a_plan_does_not_follow_other_changes(plans):
    model, made, _ = training("momentum", gs.rewiring.static())
    step = gs.nn.TrainingStep(model, made, nn.CrossEntropyLoss())
    x, labels = torch.randn(24, 13), torch.randint(5, (24,))
    step(x, labels)
    step(x, labels)
    model[0].weight.data = model[0].weight.data.clone()
    assert step._plan.following(made) is None
    model[0].weight.data = model[0].weight.data.clone()
    step(x, labels)
    with pytest.raises(gs.errors.InvalidTopologyError, match="unsorted"):
        model[0].indices.copy_(model[0].indices.flip(0))
        step(x, labels)


def test_a_layer_writes_over_no_arrays_of_others():
    layer = gs.nn.SparseLinear(erdos_renyi(13, 20, 90, rng=0))
    state = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    layer.load_state_dict(state, assign=True)
    other = erdos_renyi(13, 20, 90, rng=1)
    held = copy.deepcopy(state)
    layer.adopt(other, torch.zeros(90))
    torch.testing.assert_close(state["indices"], held["indices"])
    assert layer.topology() == other


def test_a_graph_of_the_old_edges_is_noticed_where_addresses_stay():
    layer = gs.nn.SparseLinear(erdos_renyi(13, 20, 90, rng=0))
    layer.adopt(erdos_renyi(13, 20, 90, rng=1), torch.ones(90))
    loss, address = layer(torch.ones(2, 13)).sum(), layer.weight.data_ptr()
    layer.adopt(erdos_renyi(13, 20, 90, rng=2), torch.ones(90))
    assert layer.weight.data_ptr() == address
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
