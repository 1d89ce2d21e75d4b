"""Networks in near order: the same function in all modes, orders that travel, and the old numbering to be had back."""

import copy
import io
import itertools

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.errors import InvalidTopologyError


def shuffled(widths, seed, reach=2):
    """Each neuron reads those around its place; all neurons shuffled."""
    rng = np.random.default_rng(seed)
    places = [np.linspace(0, 1, width) for width in widths]
    near = [
        gs.Bipartite.from_mask(np.abs(b[:, None] - a[None, :]) <= reach / min(len(a), len(b)))
        for a, b in itertools.pairwise(places)
    ]
    return gs.topology.relabelled(gs.Topology(near), [rng.permutation(width) for width in widths])


def spread(junction):
    inputs, outputs = junction.edges()
    return np.abs(inputs / junction.in_features - outputs / junction.out_features).mean()


def trained(model, seed=0):
    """With parameters and statistics that are all different."""
    generator = torch.Generator().manual_seed(seed)
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            tensor.data.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return model


def norms():
    a, b, c = shuffled((20, 30, 24, 18), 1).layers
    return nn.Sequential(
        nn.Sequential(gs.nn.SparseLinear(a), nn.BatchNorm1d(30), nn.ReLU()),
        nn.Dropout(0.0),
        gs.nn.SparseLinear(b, activation=nn.GELU(), bias=False),
        nn.LayerNorm(24),
        gs.nn.Sequential(gs.nn.SparseLinear(c), nn.Tanh(), nn.Linear(18, 4), nn.LogSoftmax(-1)),
    )


MODELS = {
    "perceptron": lambda: gs.nn.mlp(shuffled((20, 30, 24, 18), 0)),
    "norms and a dense head": norms,
    "a dense layer first": lambda: nn.Sequential(nn.Linear(5, 20), *gs.nn.mlp(shuffled((20, 30, 24), 2))),
    "one layer": lambda: gs.nn.SparseLinear(shuffled((20, 30), 3)[0]),
}


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_the_function_is_the_same_and_its_gradients_are(name, ends):
    model = trained(MODELS[name]())
    last = list(model.modules())[-1]
    inputs, outputs = ends and name != "a dense layer first", ends and isinstance(last, gs.nn.SparseLinear)
    moved = gs.nn.in_near_order(model, inputs=inputs, outputs=outputs)
    first = next(m for m in model.modules() if isinstance(m, nn.Linear | gs.nn.SparseLinear))
    for mode in (True, False):
        results = []
        for network in (model, moved):
            x = torch.rand(7, first.in_features, generator=torch.Generator().manual_seed(1)).requires_grad_()
            y = network.train(mode)(x)
            y.square().sum().backward()
            results.append((y, x.grad))
        for ours, theirs in zip(*results, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("name", ["perceptron", "norms and a dense head", "one layer"])
def test_the_original_numbering_is_had_back(name, ends):
    model = trained(MODELS[name]())
    moved = gs.nn.in_near_order(model, inputs=ends, outputs=ends and name != "norms and a dense head")
    back = gs.nn.in_original_order(moved)
    assert back.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(a, b) for a, b in zip(back.state_dict().values(), model.state_dict().values(), strict=True))


def test_neurons_lie_near_again():
    model = gs.nn.mlp(shuffled((300, 300, 300, 300), 0))
    before, *hidden = (spread(g) for g in gs.nn.topology_of(model))
    moved = gs.nn.topology_of(gs.nn.in_near_order(model))
    assert spread(moved[1]) < 0.1 * min(hidden)
    assert all(
        spread(g) < 0.1 * before for g in gs.nn.topology_of(gs.nn.in_near_order(model, inputs=True, outputs=True))
    )


def test_orders_travel_in_states():
    model = trained(gs.nn.mlp(shuffled((20, 30, 24, 18), 0)))
    moved = gs.nn.in_near_order(model)
    assert [name for name in moved.state_dict() if name.endswith("order")] == ["0.order", "1.order"]
    assert not any(name.endswith("order") for name in model.state_dict())
    file = io.BytesIO()
    torch.save(moved.state_dict(), file)
    file.seek(0)
    loaded = gs.nn.mlp(shuffled((20, 30, 24, 18), 5))
    loaded.load_state_dict(torch.load(file))
    assert gs.nn.topology_of(gs.nn.in_original_order(loaded)) == gs.nn.topology_of(model)
    assert gs.nn.topology_of(gs.nn.in_original_order(gs.nn.restored(moved.state_dict()))) == gs.nn.topology_of(model)
    loaded.load_state_dict(model.state_dict())  # of one whose neurons lie where they were
    assert loaded[0].order is None
    assert gs.nn.topology_of(gs.nn.in_original_order(loaded)) == gs.nn.topology_of(model)


@pytest.mark.parametrize("ends", [False, True])
def test_folders_keep_orders(tmp_path, ends):
    model = trained(gs.nn.mlp(shuffled((20, 30, 24), 0)))
    gs.nn.save_pretrained(gs.nn.in_near_order(model, inputs=ends, outputs=ends), tmp_path)
    loaded = gs.nn.from_pretrained(tmp_path)
    x = torch.rand(5, 20)
    torch.testing.assert_close(loaded(x), model(x), rtol=1e-4, atol=1e-4)
    assert gs.nn.topology_of(gs.nn.in_original_order(loaded)) == gs.nn.topology_of(model)


def test_rewired_networks_come_back_too():
    model = gs.nn.in_near_order(trained(gs.nn.mlp(shuffled((20, 30, 24), 0))))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rewirer = gs.rewiring.Rewirer(model, optimizer, gs.rewiring.sparse_evolutionary(every=1), rng=0)
    x = torch.rand(5, 20)
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()
        rewirer.step()
    back = gs.nn.in_original_order(model)
    torch.testing.assert_close(back(x), model(x), rtol=1e-4, atol=1e-4)
    order = model[0].order.long()
    assert torch.equal(back[0].bias[order], model[0].bias)
    assert gs.nn.topology_of(gs.nn.in_near_order(model)) == gs.nn.topology_of(gs.nn.in_near_order(back))


def test_described_layers_stay_as_they_are():
    grouped = gs.generators.grouped(gs.generators.constant_fan_in, 20, 24, 3, group=4, rng=0)
    after, (before, *_) = gs.generators.rotating_random(18, 16, 4, rng=0), shuffled((30, 20), 0).layers
    layers = [before, grouped, shuffled((24, 18), 0)[0], after]
    model = trained(gs.nn.mlp(gs.Topology(layers)))
    moved = gs.nn.in_near_order(model)
    x = torch.rand(4, 30)
    torch.testing.assert_close(moved(x), model(x), rtol=1e-4, atol=1e-4)
    assert [layer.order is None for layer in moved] == [False, True, True, True]
    assert "groups of 4" in moved[1].extra_repr()
    assert "rotated" in moved[3].extra_repr()


def test_feature_major_inputs_stay_so():
    module = gs.nn.Reordered(6)
    module.take_on(torch.tensor([3, 0, 5, 1, 2, 4]))
    x = torch.rand(6, 9).t()
    assert module(x).stride() == x.stride()
    assert torch.equal(module(x), x[:, module.order.long()])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_reordered_is_differentiated_in_every_way():
    module = gs.nn.Reordered(4).double()
    module.take_on(torch.tensor([3, 0, 1, 2]))
    x = torch.rand(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(module, x)
    assert torch.equal(torch.func.vmap(module)(x.detach()), x.detach()[:, [3, 0, 1, 2]])
    exported = torch.export.export(module, (x.detach(),)).module()
    assert torch.equal(exported(x), x[:, [3, 0, 1, 2]])


def test_copies_are_none_of_the_model():
    model = gs.nn.mlp(shuffled((20, 30, 24), 0))
    before = copy.deepcopy(model.state_dict())
    trained(gs.nn.in_near_order(model))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_steps_of_one_call_serve_them():
    model = gs.nn.in_near_order(gs.nn.mlp(shuffled((20, 30, 24), 0)), inputs=True)
    other = copy.deepcopy(model)
    x, y = torch.rand(6, 20), torch.randint(24, (6,))
    losses = []
    for network in (model, other):
        optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
        step = gs.nn.TrainingStep(network, optimizer, nn.CrossEntropyLoss())
        for _ in range(3):
            if network is model:
                loss, _ = step(x, y)
            else:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(network(x), y)
                loss.backward()
                optimizer.step()
        losses.append(float(torch.as_tensor(loss).detach()))
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def tied():
    layer = gs.nn.SparseLinear(shuffled((9, 9), 0)[0])
    return nn.Sequential(layer, nn.ReLU(), layer)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: 3, TypeError, "int"),
        (lambda: nn.Sequential(nn.Linear(3, 3)), ValueError, "no sparse layer"),
        (tied, ValueError, "two places"),
        (
            lambda: nn.Sequential(*gs.nn.mlp(shuffled((9, 8), 0)), nn.Linear(7, 2)),
            InvalidTopologyError,
            "do not feed 7",
        ),
    ],
)
def test_what_cannot_be_moved(make, error, words):
    with pytest.raises(error, match=words):
        gs.nn.in_near_order(make())


def test_ends_that_cannot_be_moved():
    model = nn.Sequential(nn.Flatten(), *gs.nn.mlp(shuffled((9, 8), 0)), nn.Linear(8, 2))
    with pytest.raises(ValueError, match="the inputs of Sequential cannot be moved"):
        gs.nn.in_near_order(model, inputs=True)
    with pytest.raises(ValueError, match="the outputs of Sequential cannot be moved"):
        gs.nn.in_near_order(model, outputs=True)


def test_damaged_orders():
    model = gs.nn.in_near_order(gs.nn.mlp(shuffled((9, 8, 7), 0)))
    model[0].order[0] = model[0].order[1]
    with pytest.raises(InvalidTopologyError, match="no permutation of the 8 outputs"):
        gs.nn.in_original_order(model)
    with pytest.raises(ValueError, match="no permutation of 3 features"):
        gs.nn.Reordered(3).take_on(torch.tensor([0, 0, 1]))


@pytest.mark.parametrize("width", [2, 5])
def test_another_number_of_features_is_refused(width):
    with pytest.raises(ValueError, match=rf"x has shape \(4, {width}\); \(\.\.\., 3\) is needed"):
        gs.nn.Reordered(3)(torch.randn(4, width))
