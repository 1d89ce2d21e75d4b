"""Bad input: a clear error, and everything as it was."""

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer import rewiring as rw
from gossamer.errors import CheckpointError, InfeasibleTopologyError, RewiringError

from .families import OPTIMIZERS, batch, bipartite, fingerprint, network, sparse_layers, train


def start(rule=None, model=None, **options):
    model = model or network()
    optimizer = OPTIMIZERS["adam"](model.parameters())
    rule = rule or rw.sparse_evolutionary(every=1)
    return model, optimizer, rw.Rewirer(model, optimizer, rule, rng=np.random.default_rng(0), **options)


def refuse(rewirer, model, optimizer, error, match):
    """One step of the rewirer fails and changes nothing, itself included."""
    before, own = fingerprint(model, optimizer), repr(rewirer.state_dict())
    with pytest.raises(error, match=match):
        rewirer.step()
    assert fingerprint(model, optimizer) == before
    assert repr(rewirer.state_dict()) == own


def test_a_frozen_weight():
    model, optimizer, rewirer = start()
    train(model, optimizer, rewirer, 2)
    sparse_layers(model)["1"].weight.requires_grad_(False)
    refuse(rewirer, model, optimizer, RewiringError, "'1' is frozen")


def test_an_optimiser_of_another_model():
    with pytest.raises(RewiringError, match="does not hold the weight of layer '0'"):
        rw.Rewirer(network(), OPTIMIZERS["sgd"](network().parameters()), rw.static())


def test_an_optimiser_that_lets_a_weight_go():
    model, optimizer, rewirer = start()
    optimizer.param_groups[0]["params"] = optimizer.param_groups[0]["params"][1:]
    refuse(rewirer, model, optimizer, RewiringError, "does not hold")


def test_an_optimiser_with_one_history_for_all():
    model = network()
    with pytest.raises(RewiringError, match="LBFGS"):
        rw.Rewirer(model, torch.optim.LBFGS(model.parameters()), rw.static())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(value):
    model, optimizer, rewirer = start()
    train(model, optimizer, rewirer, 1)
    with torch.no_grad():
        sparse_layers(model)["2"].weight[3] = value
    refuse(rewirer, model, optimizer, RewiringError, "'2' has 1 weights that are NaN or infinite")


@pytest.mark.parametrize("rule", [rw.rigl(every=1, until=5), rw.mest(every=1, until=5), rw.srigl(every=1, until=5)])
def test_gradients_before_any_backward(rule):
    model, optimizer, rewirer = start(rule)
    refuse(rewirer, model, optimizer, RewiringError, "backward pass")


def test_momentum_of_an_optimiser_without():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rewirer = rw.Rewirer(model, optimizer, rw.sparse_momentum(every=1, until=5))
    x, y = batch(0)
    nn.functional.cross_entropy(model(x), y).backward()
    refuse(rewirer, model, optimizer, RewiringError, "keeps no 'momentum_buffer'")


def two_layers(first):
    return gs.nn.mlp(gs.Topology([first, bipartite(6, 5, 12, np.random.default_rng(0))]))


def test_a_full_layer():
    model, optimizer, rewirer = start(model=two_layers(gs.Bipartite.from_mask(np.ones((6, 4)))))
    refuse(rewirer, model, optimizer, InfeasibleTopologyError, "'0' is full: all 24 places")
    rewirer = rw.Rewirer(model, optimizer, rw.sparse_evolutionary(every=1), layers=["1"])
    assert len(rewirer.step().added) == 1


def test_a_layer_without_edges():
    model, optimizer, rewirer = start(model=two_layers(gs.Bipartite.from_mask(np.zeros((6, 4)))))
    refuse(rewirer, model, optimizer, InfeasibleTopologyError, "'0' has no edge")


def test_diagonals_of_a_junction_that_has_none():
    model, optimizer, rewirer = start(rw.diagonals(every=1, until=3))
    x, y = batch(0)
    nn.functional.cross_entropy(model(x), y).backward()
    refuse(rewirer, model, optimizer, RewiringError, "'0' is not a Rotated junction")


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize(
    "recipe",
    [
        lambda f: rw.sparse_evolutionary(f, every=1),
        lambda f: rw.rigl(f, until=10),
        lambda f: rw.mest(f, every=1, until=10),
        lambda f: rw.granet(f, every=1, until=10),
        lambda f: rw.srigl(f, until=10),
        lambda f: rw.chts(f, every=1, until=10),
        lambda f: rw.importance_pruning(f, every=1),
        lambda f: rw.lottery_ticket(f, every=1),
        lambda f: rw.diagonals(f, until=10),
        lambda f: rw.deep_rewiring(f),
    ],
)
def test_fractions_outside_the_unit_interval(recipe, fraction):
    with pytest.raises(ValueError, match="is not allowed: it must be from 0 to 1"):
        recipe(fraction)


@pytest.mark.parametrize("every", [0, -3])
def test_steps_below_one(every):
    with pytest.raises(ValueError, match="every"):
        rw.sparse_evolutionary(every=every)


def test_a_model_without_sparse_layers():
    model = nn.Linear(3, 2)
    with pytest.raises(RewiringError, match="no sparse layer"):
        rw.Rewirer(model, torch.optim.SGD(model.parameters(), lr=0.1), rw.static())


@pytest.mark.parametrize("layers", [["9"], []])
def test_unknown_layers(layers):
    with pytest.raises(ValueError, match=r"some of \['0', '1', '2'\] are"):
        start(layers=layers)


def test_other_types():
    model = network()
    optimizer = OPTIMIZERS["sgd"](model.parameters())
    with pytest.raises(TypeError, match="not a rule"):
        rw.Rewirer(model, optimizer, "rigl")
    with pytest.raises(TypeError, match=r"model is Topology, not a torch\.nn\.Module"):
        rw.Rewirer(gs.nn.topology_of(model), optimizer, rw.static())
    with pytest.raises(TypeError, match=r"optimizer is str, not a torch\.optim\.Optimizer"):
        rw.Rewirer(model, "adam", rw.static())
    with pytest.raises(TypeError, match="not a numpy"):
        rw.Rewirer(model, optimizer, rw.static(), rng=0.5)
    with pytest.raises(TypeError, match="a list of names"):
        rw.Rewirer(model, optimizer, rw.static(), layers="0")


def test_a_gradient_that_is_not_finite_postpones_the_update():
    model, optimizer, rewirer = start(rw.rigl(every=2, until=10))
    train(model, optimizer, rewirer, 1)
    x, y = batch(1)
    (nn.functional.cross_entropy(model(x), y) * float("inf")).backward()
    optimizer.zero_grad()  # as a gradient scaler would: no optimiser step
    assert rewirer.step() is None
    (answer,) = train(model, optimizer, rewirer, 1, first=2)
    assert answer.step == 3
    assert train(model, optimizer, rewirer, 2, first=3)[0].step == 4


def test_a_state_of_something_else():
    model, optimizer, rewirer = start()
    state = rewirer.state_dict()
    with pytest.raises(CheckpointError, match="of rule"):
        start(rw.static())[2].load_state_dict(state)
    with pytest.raises(CheckpointError, match="of layers"):
        start(layers=["0"])[2].load_state_dict(state)
    other = rw.Rewirer(model, optimizer, rewirer.rule, rng=np.random.Generator(np.random.MT19937(0)))
    with pytest.raises(CheckpointError, match="PCG64"):
        other.load_state_dict(state)


def test_a_call_inside_a_compiled_graph():
    rewirer = start()[2]
    with pytest.raises(Exception, match="cannot be compiled"):
        torch.compile(lambda: rewirer.step(), fullgraph=True, backend="eager")()


def test_numbers_of_edges_stay_where_a_wrapper_has_laid_them_out():
    model, optimizer, rewirer = start(rw.gradual_magnitude(0.7, 0.9, every=1, until=3), fixed_sizes=True)
    refuse(rewirer, model, optimizer, RewiringError, "and would go from .* edges; use a rule that keeps counts")


def test_a_rewirer_that_goes_on_does_not_begin_anew():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    ticket = rw.lottery_ticket(fraction=0.5, every=2)
    first = rw.Rewirer(model, optimizer, ticket, rng=0)
    origin = {name: dict(each) for name, each in first.state_dict()["memory"].items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    again = rw.Rewirer(model, optimizer, ticket, rng=0, resume=first.state_dict())
    for name, noted in again.state_dict()["memory"].items():
        assert torch.equal(noted["origin"], origin[name]["origin"])
    with pytest.raises(CheckpointError, match="is of rule"):
        rw.Rewirer(model, optimizer, rw.static(), rng=0, resume=first.state_dict())
