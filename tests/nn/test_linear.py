"""The layer as a module: what a user of torch.nn.Linear expects of it."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.nn.kernels import BACKENDS

RNG = np.random.default_rng(0)
BIPARTITE = gs.Bipartite.from_mask(RNG.random((11, 8)) < 0.4)
ROTATED = gs.Rotated([0, 2, 7], in_features=8, out_features=11)
EIGHTS = torch.ones(3, 8).to(torch.float8_e5m2)


@pytest.fixture(params=[BIPARTITE, ROTATED], ids=["bipartite", "rotated"])
def junction(request):
    return request.param


def dense_twin(layer):
    """The torch.nn.Linear with the same weights."""
    mask = torch.tensor(layer.topology().to_mask())
    twin = torch.nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None, dtype=layer.weight.dtype)
    with torch.no_grad():
        twin.weight.zero_()
        twin.weight[mask] = layer.weight
        if layer.bias is not None:
            twin.bias.copy_(layer.bias)
    return twin


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(8,), (1, 8), (5, 8), (3, 4, 8), (2, 3, 4, 8), (0, 8), (2, 0, 8)])
def test_any_shape_gives_the_dense_answer(junction, dtype, shape):
    torch.manual_seed(0)
    layer = gs.nn.SparseLinear(junction, dtype=dtype)
    torch.nn.init.normal_(layer.bias)
    twin, x = dense_twin(layer), torch.randn(shape, dtype=dtype)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, expected = layer(ours), twin(theirs)
    y.square().sum().backward()
    expected.square().sum().backward()
    tolerance = {"atol": 0.2, "rtol": 0.05} if dtype is torch.bfloat16 else {}
    torch.testing.assert_close(y, expected, **tolerance)
    torch.testing.assert_close(ours.grad, theirs.grad, **tolerance)
    mask = torch.tensor(junction.to_mask())
    torch.testing.assert_close(layer.weight.grad, twin.weight.grad[mask], **tolerance)
    torch.testing.assert_close(layer.bias.grad, twin.bias.grad, **tolerance)


def test_non_contiguous_inputs_and_weights(junction):
    layer = gs.nn.SparseLinear(junction)
    twin = dense_twin(layer)
    for x in (
        torch.randn(8, 5).t(),
        torch.randn(5, 16)[:, ::2],
        torch.randn(10, 8)[::2],
        torch.randn(1, 8).expand(5, 8),
        torch.randn(5, 1).expand(5, 8),
        torch.randn(4, 8, 3).transpose(1, 2),
        torch.randn(5, 8).flip(0),
    ):
        torch.testing.assert_close(layer(x), twin(x))


def test_a_layer_can_follow_and_be_followed_by_anything():
    torch.manual_seed(0)
    wide = gs.Bipartite.from_mask(RNG.random((12, 8)) < 0.5)
    first, second = gs.nn.SparseLinear(wide), gs.nn.SparseLinear(gs.Rotated([0, 1], in_features=12, out_features=6))
    between = [torch.nn.BatchNorm1d(12), torch.nn.LayerNorm(12), torch.nn.Softmax(dim=1), torch.nn.Dropout(0.0)]
    for module in between:
        ours = torch.nn.Sequential(first, module, second, torch.nn.Linear(6, 3))
        theirs = torch.nn.Sequential(dense_twin(first), copy.deepcopy(module), dense_twin(second), ours[3])
        x, target = torch.randn(9, 8), torch.randint(3, (9,))
        losses = [torch.nn.functional.cross_entropy(net(x), target) for net in (ours, theirs)]
        torch.testing.assert_close(*losses)
        gradients = [torch.autograd.grad(loss, net[3].weight) for loss, net in zip(losses, (ours, theirs), strict=True)]
        torch.testing.assert_close(*gradients)


def test_frozen_parts_get_no_gradient(junction):
    layer = gs.nn.SparseLinear(junction)
    layer.weight.requires_grad_(False)
    x = torch.randn(3, 8, requires_grad=True)
    layer(x).sum().backward()
    assert layer.weight.grad is None
    torch.testing.assert_close(layer.bias.grad, torch.full((11,), 3.0))
    torch.testing.assert_close(x.grad, dense_twin(layer).weight.sum(0).expand(3, 8))


def test_copies_are_equal_and_independent(junction):
    layer = gs.nn.SparseLinear(junction, activation=torch.nn.ReLU())
    x = torch.randn(4, 8)
    expected = layer(x)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), _saved_and_loaded(layer)):
        assert twin.topology() == junction
        assert torch.equal(twin(x), expected)
        with torch.no_grad():
            twin.weight.zero_()
    assert torch.equal(layer(x), expected)


def _saved_and_loaded(layer):
    buffer = io.BytesIO()
    torch.save(layer, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


def test_the_topology_travels_in_the_state(junction):
    torch.manual_seed(0)
    source = gs.nn.SparseLinear(junction)
    state = source.state_dict()
    assert torch.load(_bytes_of(state), weights_only=True).keys() == state.keys()
    for other in (gs.Bipartite.from_mask(np.ones((11, 8))), gs.Rotated([4], in_features=8, out_features=11)):
        target = gs.nn.SparseLinear(other)
        parameter = target.weight
        target.load_state_dict(state)
        assert target.topology() == junction
        assert type(target.topology()) is type(junction)
        assert target.weight is parameter
        x = torch.randn(3, 8)
        assert torch.equal(target(x), source(x))


def _bytes_of(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return buffer


def test_a_state_that_does_not_fit_is_refused():
    layer, state = gs.nn.SparseLinear(BIPARTITE), gs.nn.SparseLinear(BIPARTITE).state_dict()
    with pytest.raises(ValueError, match="does not fit a layer of"):
        gs.nn.SparseLinear(gs.Bipartite.from_mask(np.ones((2, 8)))).load_state_dict(state)
    damaged = state | {"indices": state["indices"] + 100}
    with pytest.raises(ValueError, match="indices"):
        layer.load_state_dict(damaged)
    with pytest.raises(RuntimeError, match="Missing key"):
        layer.load_state_dict({key: value for key, value in state.items() if key != "indptr"})
    assert layer.topology() == BIPARTITE


def test_adopting_another_junction_keeps_the_parameter(junction):
    layer = gs.nn.SparseLinear(junction)
    parameter, other = layer.weight, gs.Bipartite.from_mask(np.eye(11, 8))
    layer.adopt(other, torch.arange(8.0))
    assert layer.weight is parameter
    assert layer.topology() == other
    torch.testing.assert_close(layer(torch.ones(1, 8)), torch.tensor([[*range(8), 0, 0, 0]], dtype=torch.float32))
    with pytest.raises(ValueError, match=r"a junction of \(3, 11\) features does not fit"):
        layer.adopt(gs.Bipartite.from_mask(np.ones((11, 3))), torch.ones(33))
    with pytest.raises(ValueError, match=r"weight has shape \(2,\)"):
        layer.adopt(other, torch.ones(2))


def test_half_precision_and_moves(junction):
    layer = gs.nn.SparseLinear(junction)
    assert layer.double()(torch.ones(1, 8, dtype=torch.float64)).dtype == torch.float64
    assert layer.bfloat16()(torch.ones(1, 8, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert layer.structure.arrays[0].dtype == torch.int32
    assert layer.share_memory().weight.is_shared()
    assert layer.float()(torch.ones(2, 8)).shape == (2, 11)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gs.nn.SparseLinear(np.ones((2, 2))), TypeError, "ndarray"),
        (lambda: gs.nn.SparseLinear(BIPARTITE, activation=torch.nn.Tanh()), ValueError, "Tanh"),
        (
            lambda: gs.nn.SparseLinear(BIPARTITE, backend="fast"),
            ValueError,
            "'fast' is not known; native, cuda, pytorch",
        ),
        (lambda: gs.nn.SparseLinear(BIPARTITE)(torch.ones(3, 7)), ValueError, r"\(3, 7\).*in_features=8"),
        (lambda: gs.nn.SparseLinear(BIPARTITE)(torch.tensor(1.0)), ValueError, "in_features=8"),
        (lambda: gs.nn.SparseLinear(BIPARTITE)(torch.ones(3, 8).double()), TypeError, "float64"),
        (lambda: gs.nn.SparseLinear(BIPARTITE)(torch.ones(3, 8).long()), TypeError, "int64"),
        (lambda: gs.nn.SparseLinear(BIPARTITE)(torch.ones(3, 8, device="meta")), ValueError, "one device"),
        (
            lambda: gs.nn.SparseLinear(BIPARTITE, backend="native").to(torch.float8_e5m2)(EIGHTS),
            TypeError,
            "'native' does not serve x of dtype torch.float8_e5m2",
        ),
        (lambda: gs.nn.Glorot(distribution="flat")(torch.empty(3), BIPARTITE), ValueError, "distribution='flat'"),
        (lambda: gs.nn.mlp([BIPARTITE]), TypeError, "list, not a Topology"),
    ],
)
def test_bad_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("backend", [*BACKENDS, "auto"])
def test_every_backend_can_be_asked_for(junction, backend):
    if backend != "auto" and not BACKENDS[backend].serves(torch.ones(1)):
        pytest.skip("the extension is not built, or there is no GPU")
    layer = gs.nn.SparseLinear(junction, backend=backend, activation=torch.nn.ReLU())
    x = torch.randn(5, 8)
    torch.testing.assert_close(layer(x), torch.relu(dense_twin(layer)(x)))


def test_auto_says_what_it_chose(junction):
    layer = gs.nn.SparseLinear(junction, backend="auto")
    choice = layer.choice(torch.ones(4, 8))
    assert choice.backend in BACKENDS
    assert {name for name, _ in choice.milliseconds} == {"dense", "native" if _native_works() else "pytorch"}
    assert str(choice).startswith(choice.backend)
    assert layer.choice(torch.ones(4, 8)) is choice
    sparse = gs.nn.SparseLinear(gs.Rotated([0], in_features=100, out_features=100), backend="auto")
    assert str(sparse.choice(torch.ones(4, 100))).endswith("(too sparse for dense)")


def _native_works():
    return BACKENDS["native"].serves(torch.ones(1))


@pytest.mark.parametrize("make", [gs.nn.Glorot, gs.nn.Kaiming])
@pytest.mark.parametrize("fan", ["dense", "sparse"])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_initial_weights_have_the_stated_variance(make, fan, distribution):
    inputs, outputs, k = 300, 200, 40
    g = gs.Rotated(range(k), in_features=inputs, out_features=outputs)
    fan_in, fan_out = (inputs, outputs) if fan == "dense" else (inputs * k / outputs, k)
    variance = 2 / (fan_in + fan_out) if make is gs.nn.Glorot else 2 / fan_in
    torch.manual_seed(0)
    layer = gs.nn.SparseLinear(g, initialization=make(fan=fan, distribution=distribution))
    assert layer.weight.mean().item() == pytest.approx(0, abs=5 * (variance / g.num_edges) ** 0.5)
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.06)
    assert layer.bias.abs().max() == 0
    if distribution == "uniform":
        assert layer.weight.abs().max().item() <= (3 * variance) ** 0.5 * 1.000001


def test_seeds_repeat_the_weights():
    weights = []
    for _ in range(2):
        torch.manual_seed(7)
        weights.append(gs.nn.SparseLinear(BIPARTITE).weight)
    assert torch.equal(*weights)
    layer = gs.nn.SparseLinear(BIPARTITE)
    draws = []
    for _ in range(2):
        layer.reset_parameters(torch.Generator().manual_seed(3))
        draws.append(layer.weight.detach().clone())
    assert torch.equal(*draws)


def test_mlp_folds_what_it_can_and_keeps_the_rest():
    t = gs.Topology([BIPARTITE, gs.Rotated([0, 1], in_features=11, out_features=4)])
    folded = gs.nn.mlp(t, torch.nn.ReLU, dropout=(0.2, 0.5))
    assert [type(m).__name__ for m in folded] == ["Dropout", "SparseLinear", "Dropout", "SparseLinear"]
    plain = gs.nn.mlp(t, torch.nn.Tanh, output_activation=torch.nn.Sigmoid, bias=False)
    assert [type(m).__name__ for m in plain] == ["SparseLinear", "Tanh", "SparseLinear"]
    assert gs.nn.topology_of(plain) == gs.nn.topology_of(folded) == t
    x = torch.randn(3, 8)
    expected = torch.sigmoid(dense_twin(plain[2])(torch.tanh(dense_twin(plain[0])(x))))
    torch.testing.assert_close(plain(x), expected)


def test_a_model_without_sparse_layers_has_no_topology():
    with pytest.raises(gs.errors.InvalidTopologyError, match="layers is empty"):
        gs.nn.topology_of(torch.nn.Linear(2, 2))


def dense_model():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(8, 6), torch.nn.ReLU(), torch.nn.Linear(6, 4, bias=False), torch.nn.Tanh()
    )


def test_sparsify_keeps_the_largest_weights():
    model = dense_model()
    sparse = gs.nn.sparsify(model, density=0.25)
    for dense, layer in ((model[0], sparse[0]), (model[2], sparse[2])):
        count = round(0.25 * dense.weight.numel())
        assert layer.weight.numel() == count
        expected = dense.weight.abs().flatten().sort().values[-count:]
        torch.testing.assert_close(layer.weight.abs().sort().values, expected)
        kept = torch.zeros_like(dense.weight)
        kept[torch.tensor(layer.topology().to_mask())] = layer.weight
        assert torch.equal(kept[kept != 0], dense.weight[kept != 0])
    assert isinstance(model[0], torch.nn.Linear)


def test_sparsify_with_density_one_changes_nothing():
    model, x = dense_model(), torch.randn(5, 8)
    torch.testing.assert_close(gs.nn.sparsify(model, density=1)(x), model(x))
    kept = gs.nn.sparsify(model, density=0.1, keep=("0", "2"))
    torch.testing.assert_close(kept(x), model(x))


def test_sparsify_on_given_edges_and_nested_modules():
    model = torch.nn.ModuleDict({"a": dense_model(), "b": torch.nn.TransformerEncoderLayer(8, 2, 16)})
    g = gs.Rotated([1, 2], in_features=8, out_features=16)
    sparse = gs.nn.sparsify(model, junctions={"b.linear1": g})
    assert sparse["b"].linear1.topology() == g
    assert isinstance(sparse["a"][0], torch.nn.Linear)
    torch.testing.assert_close(
        dense_twin(sparse["b"].linear1).weight, model["b"].linear1.weight * torch.tensor(g.to_mask())
    )
    with torch.no_grad():
        assert sparse["b"].eval()(torch.randn(3, 2, 8)).shape == (3, 2, 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give one of them"),
        ({"density": 0.5, "junctions": {}}, "give one of them"),
        ({"density": 1.5}, "density=1.5 is not allowed"),
        ({"density": 0.001}, "leaves layer '0' of 48 weights without edges"),
        ({"density": 0.5, "keep": ("1",)}, "'1' is no linear layer or convolution of the model; it has '0', '2'"),
        ({"junctions": {"x": BIPARTITE}}, "'x' is no linear layer"),
    ],
)
def test_sparsify_refuses_what_it_cannot_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        gs.nn.sparsify(dense_model(), **arguments)


@pytest.mark.parametrize("rotated", [False, True])
def test_a_topology_is_known_until_its_arrays_change(rotated):
    junction = gs.Rotated([0, 1], in_features=4, out_features=3) if rotated else gs.Bipartite.from_mask(np.eye(3, 4))
    layer = gs.nn.SparseLinear(junction)
    assert layer.topology() is junction
    name = "offsets" if rotated else "indices"
    getattr(layer, name).copy_(torch.tensor([1, 2]) if rotated else torch.tensor([3, 1, 0]))
    changed = layer.topology()
    assert changed != junction and changed is layer.topology()
    layer._buffers[name] = torch.tensor([0, 2] if rotated else [2, 2, 2], dtype=torch.int32)
    assert layer.topology() not in (changed, junction)
    layer._buffers[name].fill_(7)
    with pytest.raises(gs.errors.InvalidTopologyError):
        layer.topology()


@pytest.mark.parametrize("x", [np.ones((2, 3)), [[1.0, 2.0, 3.0]]])
def test_what_is_no_tensor_is_refused_with_the_way_to_make_one(x):
    layer = gs.nn.SparseLinear(gs.generators.dense(3, 2))
    taps = gs.nn.SparseConv1d(gs.generators.dense(3, 2), in_channels=3, kernel_size=1)
    for model in (layer, gs.nn.Sequential(layer), gs.nn.mlp(gs.Topology([gs.generators.dense(3, 2)] * 1)), taps):
        with pytest.raises(TypeError, match=r"x is \w+; a tensor like the weights is needed: torch.as_tensor"):
            model(x)
