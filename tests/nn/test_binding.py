"""The extension follows no pointer before it has looked at sizes, and no index before it has looked at its range."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import gossamer as gs
from gossamer import native as ground
from gossamer.nn.activations import Activation
from gossamer.nn.kernels import native
from gossamer.nn.kernels.backend import GradientBuffers, Group, Layer, Loss, Updated
from gossamer.nn.structure import Structure

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")

G = gs.generators.regular_random(6, 9, 3, rng=np.random.default_rng(0))
STRUCTURE = Structure.of(G)
NAMES = ("indptr", "indices")


def known(arrays, inputs=6, outputs=9):
    return ground.extension.Junction(inputs, outputs, [native.address(array) for array in arrays], False)


def arrays():
    return [torch.tensor(array) for array in (G.indptr, G.indices)]


def test_a_junction_as_it_should_be():
    assert not known(arrays()).blocks
    assert not known([torch.tensor([0, 3, 8], dtype=torch.int32)]).blocks


@pytest.mark.parametrize("value", [-1, 2**30, -(2**31), 2**31 - 1])
@pytest.mark.parametrize("number", range(2), ids=NAMES)
def test_numbers_out_of_range(number, value):
    for place in range(len(arrays()[number])):
        bad = arrays()
        bad[number][place] = value
        with pytest.raises(ValueError, match="describe no junction"):
            known(bad)


def test_members_that_do_not_ascend():
    for place in range(1, len(G.indices)):
        if place not in G.indptr:
            bad = arrays()
            bad[1][place] = bad[1][place - 1]
            with pytest.raises(ValueError, match="must ascend"):
                known(bad)


def test_columns_are_those_of_the_rows_that_they_were_made_of():
    kept = arrays(), arrays()
    rows, others = ([native.address(array) for array in held] for held in kept)
    columns = ground.extension.Columns(6, 9, rows, 1)
    assert ground.extension.Junction(6, 9, rows, False, False, columns).group >= 1
    for inputs, outputs, given in ((6, 9, others), (6, 8, rows), (7, 9, rows), (6, 9, rows[:1])):
        with pytest.raises(ValueError, match="describe no junction"):
            ground.extension.Junction(inputs, outputs, given, False, False, columns)
    with pytest.raises(ValueError, match="describe no junction"):
        ground.extension.Columns(6, 9, rows[:1], 1)
    del kept


@pytest.mark.parametrize("number", range(2), ids=NAMES)
def test_arrays_that_are_too_short_or_too_long(number):
    for change in (lambda a: a[:-1], lambda a: torch.cat((a, a[-1:])), lambda a: a[:0]):
        bad = arrays()
        bad[number] = change(bad[number])
        with pytest.raises(ValueError, match="describe no junction"):
            known(bad)


@pytest.mark.parametrize("offsets", [[], [0, 0], [3, 1], [-1], [9], [2**31 - 1], list(range(10))], ids=str)
def test_offsets_that_are_none(offsets):
    with pytest.raises(ValueError, match="describe no junction"):
        known([torch.tensor(offsets, dtype=torch.int32)])


def test_sizes_that_are_none():
    for inputs, outputs in ((0, 9), (6, 0), (-1, 9), (2**40, 9), (5, 9), (6, 8)):
        with pytest.raises(ValueError, match="describe no junction"):
            known(arrays(), inputs, outputs)
    with pytest.raises(ValueError, match="describe no junction"):
        known([*arrays(), arrays()[1]])


def test_arrays_of_another_kind():
    for change in (Tensor.long, Tensor.double, lambda a: a.to("meta"), lambda a: a[:, None]):
        indptr, indices = Structure.of(G).arrays
        with pytest.raises(TypeError, match="int32, 1-d"):
            Structure(6, 9, (indptr, change(indices))).checked()


def test_writing_to_a_layer_s_arrays_is_an_error_at_the_next_call():
    layer = gs.nn.SparseLinear(G)
    x = torch.ones(2, 6)
    layer(x)
    layer.indices[0] = 2**30
    with pytest.raises(ValueError, match=r"indices\[0\]=1073741824 is not allowed"):
        layer(x)


def forward(x, w, y, *, b=(0, 0), z=(0, 0), kept=(0, 0), activation=0, threads=1, layers=1, wide=False):
    junction = native._JUNCTIONS[0].of(STRUCTURE.checked())
    described = [(junction, *w, *b, activation, 0.0)] * layers
    ground.extension.stack_forward(wide, described, 4, x, y, z, kept, threads)


def test_sizes_of_tensors():
    x, w, y = torch.ones(4, 6), torch.ones(18), torch.empty(4, 9)
    right = {"x": native._matrix(x), "w": native.address(w), "y": native._result(y)}
    forward(**right)
    short = (w.data_ptr(), w.nbytes - 4)
    bad = [
        {"w": short},
        {"w": (0, w.nbytes)},
        {"b": short},
        {"y": (*short, True)},
        {"y": (y.data_ptr(), y.nbytes + 4, False)},
        {"y": (0, 0, True)},
        {"z": short},
        {"kept": short},
        {"x": (x.data_ptr(), 4, 5, 5, 1)},
        {"x": (x.data_ptr(), 3, 6, 6, 1)},
        {"x": (x.data_ptr(), 4, 6, -6, 1)},
        {"x": (0, 4, 6, 6, 1)},
        {"activation": 6},
        {"activation": -1},
        {"threads": 0},
        {"layers": 0},
        {"layers": 2},
        {"wide": True},
    ]
    for change in bad:
        with pytest.raises(ValueError, match=r".+"):
            forward(**{**right, **change})


class RowMajor(torch.autograd.graph.saved_tensors_hooks):
    """Gives saved tensors back in another layout, as `torch.autograd.graph.save_on_cpu` does."""

    def __init__(self):
        super().__init__(lambda t: t.clone(memory_format=torch.contiguous_format), lambda t: t)


def test_parameters_and_saved_tensors_of_another_layout():
    x, dy = torch.randn(5, 6), torch.randn(5, 9)
    layers = [gs.nn.SparseLinear(G, activation=module) for module in (None, nn.ReLU(), nn.Sigmoid(), nn.GELU())]
    for layer in layers:
        expected = torch.autograd.grad(layer(x), layer.parameters(), dy)
        with RowMajor():
            y = layer(x)
        for found, other in zip(torch.autograd.grad(y, layer.parameters(), dy), expected, strict=True):
            assert torch.equal(found, other)
        y = layer(x)
        strided(layer)
        assert torch.equal(layer(x), y)


def trained():
    torch.manual_seed(0)
    topology = gs.generators.layered((6, 8, 3), gs.generators.regular_random, (3, None), rng=np.random.default_rng(1))
    model = gs.nn.mlp(topology)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    return model, gs.nn.TrainingStep(model, optimizer, nn.CrossEntropyLoss())


def moved_gradients(model):
    for p in model.parameters():
        p.grad.data = p.grad.data.clone()


def moved_parameters(model):
    for p in model.parameters():
        p.data = p.data.clone()


def shared(model):
    for p in model.parameters():
        p.grad.share_memory_()


def strided(model):
    for p in model.parameters():
        wide = torch.zeros(2 * len(p))
        wide[::2] = p.data
        p.data = wide[::2]


@pytest.mark.parametrize("change", [moved_gradients, moved_parameters, shared, strided])
def test_tensors_that_move_between_steps(change):
    x, labels = torch.randn(16, 6), torch.randint(3, (16,))
    (model, step), (other, plain) = trained(), trained()
    for number in range(6):
        if number == 3:
            change(model)
        loss, _ = step(x, labels)
        expected, _ = plain._ordinary(other, x, labels)
        assert loss == pytest.approx(expected, rel=1e-5)
        for p, q in zip(model.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(p, q)
            torch.testing.assert_close(p.grad, q.grad)


def test_a_plan_refuses_what_does_not_fit():
    weight = torch.ones(18)
    layers, places = [Layer(STRUCTURE, weight, None, Activation())], [GradientBuffers(weight, None)]
    for gradient, size in ((torch.ones(17), 18), (torch.ones(18), 17)):
        updated = Updated(torch.ones(size), gradient, None, None, None)
        with pytest.raises(ValueError, match="is needed"):
            native.NativeSteps(
                layers, [GradientBuffers(gradient, None)], [Group(False, [updated])], Loss(0, labels=True)
            )
    with pytest.raises(ValueError, match="Adam needs both means"):
        native.NativeSteps(layers, places, [Group(True, [Updated(weight, torch.ones(18), None, None, None)])], Loss(0))


GRAPH = {
    "pattern_matvec": lambda i, j: (i, j, np.ones(3), np.empty(3)),
    "distance_sums": lambda i, j: (i, j, 0, 3, np.empty(2, np.int64)),
}


@pytest.mark.parametrize("name", GRAPH)
def test_graphs_that_are_none(name):
    call = getattr(ground.extension, name)
    starts, ends = np.array([0, 1, 2, 4], np.int32), np.array([1, 0, 0, 1], np.int32)
    call(*GRAPH[name](starts, ends))
    for bad in ([1, 1, 2, 4], [0, 3, 2, 4], [0, 1, 2, 5], [0, -1, 2, 4]):
        with pytest.raises(ValueError, match="indptr must rise"):
            call(*GRAPH[name](np.array(bad, np.int32), ends))
    for end in (3, -1, 2**30):
        with pytest.raises(ValueError, match=r"an index is beyond|a neighbour is no node"):
            call(*GRAPH[name](starts, np.array([1, 0, 0, end], np.int32)))


def test_forests_and_assignments_of_nothing_that_exists():
    ends = np.zeros(2, np.int32)
    for first, order in (([0, 3], [0, 1]), ([0, -1], [0, 1]), ([0, 1], [0, 2])):
        with pytest.raises(ValueError, match=r"ends at no node|order must name"):
            ground.extension.spanning_forest(3, np.array(first, np.int32), ends, np.array(order), np.empty(2, np.uint8))
    wide = np.zeros(2, np.int64)
    for starts, columns, match in (
        ([0, 2, 1], [0, 1], [-1, -1]),
        ([0, 1, 2], [0, 2], [-1, -1]),
        ([0, 1, 2], [0, 1], [2, 0]),
    ):
        with pytest.raises(ValueError, match="assign_sparse"):
            ground.extension.assign_sparse(
                np.array(starts), np.array(columns, np.int32), wide, wide.copy(), wide.copy(), np.array(match, np.int32)
            )
