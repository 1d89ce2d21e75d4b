"""Layers whose neighbouring outputs read the same inputs: the kernels take the rows of a group together."""

import itertools

import numpy as np
import pytest
import torch
from tests.nn.conformance import ACTIVATIONS, check

import gossamer as gs
from gossamer.nn.kernels import native
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.structure import Checked

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")

RNG = np.random.default_rng(0)


def junction(inputs, outputs, density, group):
    base = gs.Bipartite.from_mask(RNG.random((outputs // group, inputs)) < density)
    return gs.topology.Grouped(base, outputs=group)


def group_of(g):
    return native._junction(Checked(g), blocks=True).group


@pytest.mark.parametrize("group", [1, 2, 3, 4, 6, 7, 8, 10, 16])
def test_groups_are_found(group):
    g = junction(50, group * 12, 0.3, group)
    assert group_of(g) == group_of(g.to_bipartite()) == group


def test_groups_that_are_none():
    assert group_of(gs.Bipartite.from_mask([[1, 0], [1, 0], [1, 0], [0, 1]])) == 1
    assert group_of(gs.Bipartite.from_mask(np.zeros((6, 3)))) == 6
    assert group_of(gs.Bipartite.from_mask([[1, 0], [1, 1]])) == 1


@pytest.mark.parametrize("group", [2, 3, 5, 6, 8])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_layers_are_those_of_dense_float64(instructions, group, dtype):
    g = junction(70, group * 10, 0.3, group)
    for batch, activation in zip((1, 2, 9, 33, 64, 130), itertools.cycle(ACTIVATIONS), strict=False):
        written_out = g.to_bipartite() if batch % 2 else g
        check(NATIVE, written_out, batch, dtype=dtype, activation=activation, layout=batch % 4)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_every_activation_and_layout(instructions, activation):
    g = junction(90, 24, 0.2, 4)
    for layout, bias in itertools.product(range(4), (True, False)):
        check(NATIVE, g, 40, activation=activation, layout=layout, bias=bias, dtype=torch.float32)


def test_rows_longer_than_a_piece_and_empty_groups(instructions):
    ragged = RNG.random((9, 700)) < RNG.permutation(np.linspace(0, 1, 9))[:, None]
    g = gs.topology.Grouped(gs.Bipartite.from_mask(ragged), outputs=4)
    for batch in (3, 70):
        check(NATIVE, g, batch, dtype=torch.float64)


def trained(threads, batch):
    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    topology = gs.generators.layered(
        (120, 240, 160, 10), gs.generators.GENERATORS["grouped_8"], (30, 30, None), rng=rng
    )
    torch.manual_seed(0)
    model = gs.nn.mlp(topology)
    x, labels = torch.randn(batch, 120, requires_grad=True), torch.randint(10, (batch,))
    torch.nn.functional.cross_entropy(model(x), labels).backward()
    found = [x.grad, *(p.grad.clone() for p in model.parameters())]
    step = gs.nn.TrainingStep(model, torch.optim.Adam(model.parameters()), torch.nn.CrossEntropyLoss())
    for _ in range(4):
        step(x.detach(), labels)
    return [*found, *model.parameters()]


@pytest.mark.parametrize("batch", [8, 100, 300])
def test_stacks_and_steps_have_the_same_bits_for_any_number_of_threads(instructions, batch):
    before = torch.get_num_threads()
    results = [trained(threads, batch) for threads in (1, 2, 3)]
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_step_in_one_call_is_that_of_pytorch(instructions):
    models = [
        gs.nn.mlp(
            gs.generators.layered(
                (60, 64, 10), gs.generators.GENERATORS["grouped_8"], (9, None), rng=np.random.default_rng(0)
            )
        )
        for _ in range(2)
    ]
    models[1].load_state_dict(models[0].state_dict())
    x, labels = torch.randn(50, 60), torch.randint(10, (50,))
    for model in models:
        step = gs.nn.TrainingStep(model, torch.optim.SGD(model.parameters(), 0.1, 0.9), torch.nn.CrossEntropyLoss())
        for _ in range(5):
            if model is models[0]:
                step(x, labels)
            else:
                step._ordinary(model, x, labels)
    for p, q in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(p, q)


def test_groups_follow_the_topology():
    layer = gs.nn.SparseLinear(junction(30, 24, 0.4, 4), bias=False)
    x = torch.randn(40, 30)
    layer(x)
    other = junction(30, 24, 0.4, 3)
    layer.adopt(other, torch.ones(other.num_edges))
    torch.testing.assert_close(layer(x), x @ torch.from_numpy(other.to_mask().T.astype(np.float32)), rtol=0, atol=1e-4)
    assert layer.topology() == other


def test_layers_hold_the_base_alone():
    g = junction(30, 24, 0.4, 4)
    layer = gs.nn.SparseLinear(g)
    state = layer.state_dict()
    assert torch.equal(state["indices"], torch.from_numpy(g.base.indices.copy()))
    assert len(state["indptr"]) == 24 // 4 + 1
    assert layer.topology() == g
    assert layer.topology().nbytes == g.base.nbytes
    assert "groups of 4 outputs" in repr(layer)
    assert layer.structure.num_edges == len(layer.weight) == g.num_edges


def test_groups_of_inputs_are_written_out_and_those_of_outputs_kept():
    base = gs.Bipartite.from_mask(RNG.random((6, 5)) < 0.5)
    for outputs, inputs in ((1, 3), (4, 3)):
        g = gs.Grouped(base, outputs=outputs, inputs=inputs)
        layer = gs.nn.SparseLinear(g)
        assert layer.topology() == g
        assert len(layer.indices) == g.num_edges // outputs
        check(NATIVE, g, 33)


def test_states_go_from_groups_to_edges_and_back():
    g = junction(30, 24, 0.4, 4)
    grouped, edges = gs.nn.SparseLinear(g), gs.nn.SparseLinear(g.to_bipartite())
    x = torch.randn(5, 30)
    for source, target in ((grouped, edges), (edges, gs.nn.SparseLinear(g))):
        target.load_state_dict(source.state_dict())
        assert target.topology() == g
        torch.testing.assert_close(target(x), source(x))


def test_a_layer_of_groups_keeps_them_when_it_takes_on_others():
    layer = gs.nn.SparseLinear(junction(30, 24, 0.4, 4))
    other = junction(30, 24, 0.3, 4)
    layer.adopt(other.to_bipartite(), torch.ones(other.num_edges))
    assert len(layer.indices) == other.base.num_edges
    ragged = gs.generators.erdos_renyi(30, 24, 100, rng=0)
    layer.adopt(ragged, torch.ones(100))
    assert len(layer.indices) == 100
    assert layer.topology() == ragged


@pytest.mark.parametrize("rows", [5, 48])
def test_an_indptr_of_no_groups_is_refused(rows):
    layer = gs.nn.SparseLinear(junction(30, 24, 0.4, 4))
    layer.indptr = torch.zeros(rows + 1, dtype=torch.int32)
    layer.indices = torch.zeros(0, dtype=torch.int32)
    with pytest.raises(gs.errors.InvalidTopologyError, match="or than the number of its groups"):
        layer.topology()
    arrays = [np.zeros(rows + 1, np.int32), np.zeros(4, np.int32)]
    arrays[0][1:] = 4
    with pytest.raises(ValueError, match="or each group of them"):
        native._native.Junction(30, 24, [(array.ctypes.data, array.nbytes) for array in arrays], False)


def test_every_backend_and_traced_calls_read_groups():
    g = junction(30, 24, 0.4, 4)
    layer, x = gs.nn.SparseLinear(g), torch.randn(7, 30)
    expected = layer(x)
    for backend in ("pytorch", "dense"):
        other = gs.nn.SparseLinear(g, backend=backend)
        other.load_state_dict(layer.state_dict())
        torch.testing.assert_close(other(x), expected)
    exported = torch.export.export(layer, (x,)).module()
    torch.testing.assert_close(exported(x), expected)


def test_convolutions_write_groups_out():
    taps = junction(18, 8, 0.4, 4)
    layer, other = (gs.nn.SparseConv2d(each, 2, 3) for each in (taps, taps.to_bipartite()))
    other.load_state_dict(layer.state_dict())
    for dtype in (torch.float32, torch.float64):
        x = torch.randn(3, 2, 6, 6, dtype=dtype)
        torch.testing.assert_close(layer.to(dtype)(x), other.to(dtype)(x))


def test_rows_of_a_group_are_cut_for_any_number_of_threads():
    """A single sample goes row by row, whatever shares its inputs."""
    before, worth = torch.get_num_threads(), native._native.work_of_a_thread()
    native._native.give_each_thread(1)
    g = gs.Grouped(gs.Bipartite.from_mask(RNG.random((7, 90)) < np.linspace(0, 1, 7)[:, None]), outputs=5)
    layer, x = gs.nn.SparseLinear(g), torch.randn(1, 90)
    found = []
    for threads in (1, 2, 3, 4):
        torch.set_num_threads(threads)
        found.append(layer(x))
    torch.set_num_threads(before)
    native._native.give_each_thread(worth)
    dense = torch.from_numpy(g.to_scipy(layer.weight.detach().numpy()).toarray())
    torch.testing.assert_close(found[0], x @ dense.t() + layer.bias)
    assert all(torch.equal(found[0], each) for each in found)
