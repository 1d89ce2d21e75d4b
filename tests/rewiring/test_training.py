"""Rewiring amid all that a training loop does."""

import copy
import gc

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer import rewiring as rw

from .families import OPTIMIZERS, RULES, batch, fingerprint, network, network_for, sparse_layers, train


def start(rule, optimizer="adam", seed=0):
    model = network_for(rule, seed=seed)
    chosen = OPTIMIZERS[optimizer](model.parameters())
    log = rw.Recording()
    return model, chosen, rw.Rewirer(model, chosen, RULES[rule](), rng=np.random.default_rng(5), recording=log), log


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("stop", [4, 5])
def test_a_resumed_training_is_bit_for_bit_the_one_that_never_stopped(tmp_path, rule, optimizer, stop):
    model, chosen, rewirer, _ = start(rule, optimizer)
    train(model, chosen, rewirer, stop)
    torch.save([model.state_dict(), chosen.state_dict(), rewirer.state_dict()], tmp_path / "state.pt")
    train(model, chosen, rewirer, 6, first=stop)

    other, other_chosen, other_rewirer, _ = start(rule, optimizer, seed=9)  # another topology, other weights
    train(other, other_chosen, other_rewirer, 3)
    states = torch.load(tmp_path / "state.pt", weights_only=True)
    for each, state in zip((other, other_chosen, other_rewirer), states, strict=True):
        each.load_state_dict(state)
    train(other, other_chosen, other_rewirer, 6, first=stop)
    assert fingerprint(other, other_chosen) == fingerprint(model, chosen)
    assert repr(other_rewirer.state_dict()) == repr(rewirer.state_dict())
    assert other_rewirer.explored == rewirer.explored


def test_the_log_rebuilds_the_topology_of_any_moment(tmp_path):
    model, chosen, rewirer, log = start("rigl")
    seen = {0: [layer.topology() for layer in sparse_layers(model).values()]}
    for number in range(9):
        train(model, chosen, rewirer, 1, first=number)
        seen[number + 1] = [layer.topology() for layer in sparse_layers(model).values()]
    log.save(tmp_path / "log.safetensors")
    loaded = rw.Recording.load(tmp_path / "log.safetensors")
    assert loaded.steps == (2, 4, 6, 8)
    for step, junctions in seen.items():
        assert list(loaded.topology(step).layers) == junctions
    loaded.forget_after(5)
    assert loaded.steps == (2, 4)
    assert list(loaded.topology(99).layers) == seen[4]


def test_a_damaged_log_is_named(tmp_path):
    path = tmp_path / "log.safetensors"
    start("rigl")[3].save(path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(gs.errors.TopologyFileError, match="log"):
        rw.Recording.load(path)
    gs.Topology([gs.Bipartite.from_mask([[1]])]).save(path)
    with pytest.raises(gs.errors.TopologyFileError, match="no recording"):
        rw.Recording.load(path)


def test_accumulated_gradients_choose_as_one_joint_batch():
    """Two half batches before the step give RigL the gradient of the whole one."""
    results = []
    for parts in (1, 2):
        model, chosen, rewirer, _ = start("rigl", "sgd")
        for number in range(4):
            x, y = batch(number)
            chosen.zero_grad()
            for part_x, part_y in zip(x.chunk(parts), y.chunk(parts), strict=True):
                (nn.functional.cross_entropy(model(part_x), part_y) / parts).backward()
            chosen.step()
            rewirer.step()
        results.append([layer.topology() for layer in sparse_layers(model).values()])
    assert results[0] == results[1]


def dense_gradient(model, x, y):
    """The gradient of every place of every layer, by autograd through dense matrices."""
    layers = sparse_layers(model)
    dense = []
    for layer in layers.values():
        matrix = torch.zeros(layer.out_features, layer.in_features)
        matrix[torch.from_numpy(layer.topology().to_mask())] = layer.weight.detach()
        dense.append(matrix.requires_grad_())
    for matrix, layer in zip(dense, layers.values(), strict=True):
        x = layer.activation(x @ matrix.T + layer.bias.detach())
    nn.functional.cross_entropy(x, y).backward()
    return [matrix.grad.abs() for matrix in dense]


@pytest.mark.parametrize(
    "activation", [nn.ReLU, nn.GELU, nn.Sigmoid, lambda: gs.nn.AllReLU(-0.6), lambda: nn.LeakyReLU(0.2)]
)
def test_gradient_growth_takes_the_largest_of_the_dense_gradient(activation):
    torch.manual_seed(0)
    model = gs.nn.mlp(gs.nn.topology_of(network()), activation)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    log = rw.Recording()
    rewirer = rw.Rewirer(model, optimizer, rw.rigl(every=1, until=5), recording=log)
    x, y = batch(0)
    expected = dense_gradient(model, x, y)
    before = [layer.topology().to_mask().ravel() for layer in sparse_layers(model).values()]
    train(model, optimizer, rewirer, 1)
    for number, (gradient, live) in enumerate(zip(expected, before, strict=True)):
        moved = log.moved(0, str(number))
        gone = gradient.numpy().ravel().copy()
        gone[live] = 0
        gone[moved.removed] = gradient.numpy().ravel()[moved.removed]
        assert len(moved.added)
        assert gone[moved.added].min() >= np.delete(gone, moved.added).max()


def test_hooks_exist_only_on_the_steps_that_need_them():
    model, chosen, rewirer, _ = start("rigl")
    layer = sparse_layers(model)["0"]
    counts = []
    for number in range(4):
        counts.append(len(layer._forward_hooks))
        train(model, chosen, rewirer, 1, first=number)
    assert counts == [0, 1, 0, 1]


def test_a_rewirer_that_is_gone_leaves_nothing_behind():
    model, chosen, rewirer, _ = start("rigl")
    train(model, chosen, rewirer, 1)
    assert sparse_layers(model)["0"]._forward_hooks
    del rewirer
    gc.collect()
    assert not sparse_layers(model)["0"]._forward_hooks


def test_groups_schedulers_and_clipping_go_on():
    model = network()
    layers = sparse_layers(model)
    groups = [{"params": [layer.weight], "lr": 0.1 * (n + 1)} for n, layer in enumerate(layers.values())]
    biases = [layer.bias for layer in layers.values()]
    optimizer = torch.optim.AdamW([*groups, {"params": biases, "weight_decay": 0.0}], lr=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
    rewirer = rw.Rewirer(model, optimizer, rw.granet(0.7, 0.9, every=2, until=10), rng=np.random.default_rng(0))
    for number in range(12):
        x, y = batch(number)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        rewirer.step()
        assert all(layer.weight.grad.shape == layer.weight.shape for layer in layers.values())
    assert [group["params"][0] for group in optimizer.param_groups[:3]] == [layer.weight for layer in layers.values()]


@pytest.mark.parametrize("rule", ["sparse_evolutionary", "rigl", "granet"])
def test_autocast_and_a_gradient_scaler(rule):
    model, chosen, rewirer, _ = start(rule)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
    moved = 0
    for number in range(8):
        x, y = batch(number)
        chosen.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(model(x).float(), y)
        scaler.scale(loss).backward()
        scaler.step(chosen)
        scaler.update()
        answer = rewirer.step()
        moved += answer is not None
    assert moved == 4


def test_half_precision_weights_keep_every_bit():
    model = network().to(torch.bfloat16)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9)
    log = rw.Recording()
    rewirer = rw.Rewirer(model, optimizer, rw.rigl(every=1, until=3), recording=log)
    before = sparse_layers(model)["0"].weight.detach().clone()
    x, y = batch(0)
    nn.functional.cross_entropy(model(x.bfloat16()).float(), y).backward()
    optimizer.step()
    rewirer.step()
    after = sparse_layers(model)["0"].weight.detach()
    assert after.dtype == torch.bfloat16
    kept = after[after != 0]
    assert len(kept) == len(before) - len(log.moved(0, "0").added)
    assert set(kept.tolist()) <= set(before.tolist())


@pytest.mark.parametrize("rule", ["sparse_evolutionary", "rigl", "granet"])
def test_a_compiled_model_trains_like_an_eager_one(rule):
    results = []
    for compiled in (False, True):
        model, chosen, rewirer, _ = start(rule, "sgd")
        runner = torch.compile(model, backend="aot_eager", dynamic=True) if compiled else model
        for number in range(5):
            x, y = batch(number)
            chosen.zero_grad()
            nn.functional.cross_entropy(runner(x), y).backward()
            chosen.step()
            rewirer.step()
        results.append((gs.nn.topology_of(model), [p.detach() for p in model.parameters()]))
    assert results[0][0] == results[1][0]
    for eager, other in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(eager, other)


def test_without_a_generator_torch_seeds_the_choice():
    results = []
    for seed in (0, 0, 1):
        model = network()
        optimizer = OPTIMIZERS["sgd"](model.parameters())
        torch.manual_seed(seed)
        rewirer = rw.Rewirer(model, optimizer, rw.sparse_evolutionary(every=1))
        train(model, optimizer, rewirer, 2)
        results.append(gs.nn.topology_of(model))
    assert results[0] == results[1] != results[2]
    state = torch.get_rng_state()
    rw.Rewirer(model, optimizer, rw.rigl(until=10))
    assert torch.equal(torch.get_rng_state(), state)


def test_lottery_tickets_go_back_to_the_noted_weights():
    model = network()
    optimizer = OPTIMIZERS["adam"](model.parameters())
    log = rw.Recording()
    rewirer = rw.Rewirer(model, optimizer, rw.lottery_ticket(every=3), recording=log)
    first = copy.deepcopy(model)
    train(model, optimizer, rewirer, 3)
    assert not optimizer.state
    for (name, layer), old in zip(sparse_layers(model).items(), sparse_layers(first).values(), strict=True):
        removed = log.moved(1, name).removed
        keys = np.flatnonzero(old.topology().to_mask().ravel())
        torch.testing.assert_close(layer.weight, old.weight[torch.from_numpy(~np.isin(keys, removed))], rtol=0, atol=0)
        torch.testing.assert_close(layer.bias, old.bias, rtol=0, atol=0)
