"""New edges under Adam step as under a fresh optimiser if that is asked for; everything else as before."""

import copy

import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer import rewiring as rw
from gossamer.rewiring.keys import edge_keys

from .families import batch, network, sparse_layers

ADAMS = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.03),
    "amsgrad": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, betas=(0.8, 0.95)),
    "maximize": lambda p: torch.optim.AdamW(p, lr=0.01, maximize=True),
}


def follow(optimizer_name, *, fresh_steps=True, late=12, steps=15):
    """Train, rewire at step `late`, train on: gradients and weights of each later step, and which edges are new."""
    model = network()
    optimizer = ADAMS[optimizer_name](model.parameters())
    rule = rw.sparse_evolutionary(every=late, until=late)
    log = rw.Recording()
    rewirer = rw.Rewirer(model, optimizer, rule, rng=0, recording=log, fresh_steps=fresh_steps)
    history = []
    for number in range(late + steps):
        x, y = batch(number)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        gradients = {name: layer.weight.grad.clone() for name, layer in sparse_layers(model).items()}
        optimizer.step()
        rewirer.step()
        weights = {name: layer.weight.detach().clone() for name, layer in sparse_layers(model).items()}
        history.append((gradients, weights))
    layers = sparse_layers(model)
    added = {name: torch.from_numpy(log.moved(0, name).added) for name in layers}
    new = {
        name: torch.isin(torch.from_numpy(edge_keys(layer.topology())), added[name]) for name, layer in layers.items()
    }
    return history[late - 1 :], new


@pytest.mark.parametrize("name", ADAMS)
def test_new_edges_step_as_under_a_fresh_optimiser(name):
    (start, *later), new = follow(name)
    for layer, chosen in new.items():
        assert chosen.any()
        parameter = nn.Parameter(start[1][layer][chosen].clone())
        fresh = ADAMS[name]([parameter])
        for gradients, weights in later:
            parameter.grad = gradients[layer][chosen].clone()
            fresh.step()
            torch.testing.assert_close(weights[layer][chosen], parameter.detach(), rtol=1e-4, atol=2e-7)


@pytest.mark.parametrize("name", ADAMS)
def test_the_first_step_of_a_new_edge_is_the_learning_rate_not_three_times_it(name):
    sizes = {}
    for fresh_steps in (True, False):
        (start, first, *_), new = follow(name, fresh_steps=fresh_steps, late=60, steps=1)
        gone = [(first[1][layer] - start[1][layer])[chosen].abs() for layer, chosen in new.items()]
        moved = [g[chosen] != 0 for (layer, chosen), g in zip(new.items(), first[0].values(), strict=True)]
        sizes[fresh_steps] = torch.cat([g[m] for g, m in zip(gone, moved, strict=True)]).median().item()
    beta1, beta2 = (0.8, 0.95) if name == "adamw" else (0.9, 0.999)
    assert sizes[True] == pytest.approx(0.01, rel=1e-3)
    cold = 0.01 * (1 - beta1) / (1 - beta1**61) / (1 - beta2) ** 0.5 * (1 - beta2**61) ** 0.5
    assert sizes[False] == pytest.approx(cold, rel=1e-3)


def test_elders_and_other_optimisers_are_left_alone():
    (_, first, *_), new = follow("adam", fresh_steps=True)
    (_, plain, *_), _ = follow("adam", fresh_steps=False)
    for layer, chosen in new.items():
        assert torch.equal(first[1][layer][~chosen], plain[1][layer][~chosen])
        assert not torch.equal(first[1][layer][chosen], plain[1][layer][chosen])
    results = []
    for fresh_steps in (True, False):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        rewirer = rw.Rewirer(model, optimizer, rw.rigl(every=2, until=99), rng=0, fresh_steps=fresh_steps)
        for number in range(7):
            x, y = batch(number)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            rewirer.step()
        results.append([p.tolist() for p in model.parameters()])
    assert results[0] == results[1]


def test_a_step_that_was_skipped_is_not_corrected_twice():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    rewirer = rw.Rewirer(model, optimizer, rw.sparse_evolutionary(every=3, until=3), rng=0, fresh_steps=True)
    for number in range(5):
        x, y = batch(number)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        rewirer.step()
    before = [p.tolist() for p in model.parameters()]
    rewirer.step()
    assert [p.tolist() for p in model.parameters()] == before


def test_one_call_steps_are_corrected_alike():
    results = []
    for one_call in (True, False):
        model = network()
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        step = gs.nn.TrainingStep(model, optimizer, nn.CrossEntropyLoss())
        rewirer = rw.Rewirer(model, optimizer, rw.sparse_evolutionary(every=3), rng=0, fresh_steps=True)
        for number in range(10):
            x, y = batch(number)
            if one_call:
                step(x, y)
            else:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            rewirer.step()
        results.append(torch.cat([p.detach() for p in model.parameters()]))
    torch.testing.assert_close(*results, rtol=1e-3, atol=1e-5)


def test_what_is_young_survives_a_checkpoint():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    rewirer = rw.Rewirer(model, optimizer, rw.sparse_evolutionary(every=3), rng=0, fresh_steps=True)
    twin = network()
    twin_optimizer = torch.optim.Adam(twin.parameters(), lr=0.01)
    twin_rewirer = rw.Rewirer(twin, twin_optimizer, rw.sparse_evolutionary(every=3), rng=0, fresh_steps=True)
    for number in range(9):
        if number == 4:
            twin.load_state_dict(model.state_dict())
            twin_optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
            twin_rewirer.load_state_dict(rewirer.state_dict())
        for net, chosen, each in ((model, optimizer, rewirer), (twin, twin_optimizer, twin_rewirer))[
            : 1 + (number >= 4)
        ]:
            x, y = batch(number)
            chosen.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            chosen.step()
            each.step()
    assert [p.tolist() for p in model.parameters()] == [p.tolist() for p in twin.parameters()]


def test_an_optimiser_that_begins_anew_has_no_young_edges():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    rewirer = rw.Rewirer(model, optimizer, rw.sparse_evolutionary(every=3, until=3), rng=0, fresh_steps=True)
    for number in range(7):
        if number == 5:
            optimizer.state.clear()
        x, y = batch(number)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        stepped = [p.tolist() for p in model.parameters()]
        rewirer.step()
        assert (stepped == [p.tolist() for p in model.parameters()]) == (number not in (2, 3, 4))
