"""What every rule and every optimiser must keep."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gossamer import rewiring as rw
from gossamer.rewiring.keys import edge_keys

from .families import OPTIMIZERS, RESTARTS, RULES, SETS_WEIGHTS, batch, fingerprint, network_for, sparse_layers, train

BEGIN_WITH = {("adagrad", "/sum"): 0.25, ("rprop", "/step_size"): 0.02}


def start(rule, optimizer="sgd", seed=0, *, fresh_steps=True, **options):
    model = network_for(rule, seed=seed, **options)
    chosen = OPTIMIZERS[optimizer](model.parameters())
    log = rw.Recording()
    options = {"rng": np.random.default_rng(7), "recording": log, "fresh_steps": fresh_steps}
    return model, chosen, rw.Rewirer(model, chosen, RULES[rule](), **options), log


def tensors_like(value, shape, path=""):
    """Every tensor of the parameter's shape in its state, by path."""
    if isinstance(value, torch.Tensor):
        return {path: value.clone()} if value.shape == shape else {}
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, (list, tuple)):
        parts = enumerate(value)
    else:
        return {}
    return {k: v for key, part in parts for k, v in tensors_like(part, shape, f"{path}/{key}").items()}


def everything(layer, optimizer):
    """Keys and, by name, the numbers of each edge."""
    weight = layer.weight
    numbers = {"weight": weight.detach().clone(), "grad": weight.grad.clone()}
    return edge_keys(layer.topology()), numbers | tensors_like(optimizer.state[weight], weight.shape)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rule", [name for name in RULES if name != "static"])
def test_survivors_keep_what_is_theirs(rule, optimizer):
    if rule == "sparse_momentum" and optimizer in ("adagrad", "custom", "rprop"):
        pytest.skip("the rule needs an optimiser with momentum")
    model, chosen, rewirer, log = start(rule, optimizer, fresh_steps=False)  # which changes weights between updates
    parameters = list(model.parameters())
    layers, updates = sparse_layers(model), len(log.steps)  # a lottery ticket takes note before the first step
    for number in range(8):
        x, y = batch(number)
        chosen.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        chosen.step()
        before = {name: everything(layer, chosen) for name, layer in layers.items()}
        if rewirer.step() is None:
            continue
        if rule == "lottery_ticket_late" and rewirer.steps == 1:  # it only takes note
            updates += 1
            continue
        for name, layer in layers.items():
            moved = log.moved(updates, name)
            check_edges(rule, before[name], everything(layer, chosen), moved, optimizer)
        updates += 1
    assert updates >= 4
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))


def check_edges(rule, before, after, moved, optimizer):
    (old_keys, old), (new_keys, new) = before, after
    assert len(old) > 2
    assert new.keys() == ({"weight", "grad"} if rule in RESTARTS else old.keys())
    added = set(moved.added.tolist())
    assert set(new_keys) == (set(old_keys) - set(moved.removed)) | added
    place = {key: number for number, key in enumerate(old_keys.tolist())}
    for path in new.keys() - ({"weight"} if rule in SETS_WEIGHTS else set()):
        for number, key in enumerate(new_keys.tolist()):
            value = new[path][number]
            if key not in added:
                assert value == old[path][place[key]]
            elif path != "weight":
                assert value == pytest.approx(BEGIN_WITH.get((optimizer, path), 0), abs=0, rel=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_equal_generators_give_equal_histories(rule):
    results = []
    for _ in range(2):
        model, chosen, rewirer, log = start(rule)
        answers = train(model, chosen, rewirer, 9)
        results.append((answers, fingerprint(model, chosen), log.steps, rewirer.explored))
    assert results[0] == results[1]


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_values(rule):
    assert RULES[rule]() == RULES[rule]()
    assert hash(RULES[rule]()) == hash(RULES[rule]())
    assert repr(RULES[rule]()) == repr(RULES[rule]())
    assert isinstance(RULES[rule](), rw.Rule)


def test_the_documentation_has_a_row_for_every_rule():
    page = (Path(__file__).parents[2] / "docs" / "rewiring.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [name for name in rw.RULES if not any(f"`{name}`" in row for row in rows)] == []
