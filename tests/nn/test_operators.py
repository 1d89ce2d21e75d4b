"""The registered operators: tracing, compiling, exporting, differentiating."""

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.nn.activations import Activation, Kind
from gossamer.nn.structure import Structure

JUNCTIONS = [
    gs.Bipartite.from_mask(np.random.default_rng(0).random((9, 7)) < 0.4),
    gs.Rotated([0, 1, 5], in_features=7, out_features=9),
]
KINDS = [(Kind.IDENTITY, 0.0), (Kind.RELU, 0.0), (Kind.LEAKY, -0.6), (Kind.GELU, 0.0)]


def arguments(junction, kind=Kind.RELU, slope=0.0, dtype=torch.float64, grad=True):
    structure = Structure.of(junction)
    torch.manual_seed(0)
    x = torch.randn(5, junction.in_features, dtype=dtype, requires_grad=grad)
    w = torch.randn(junction.num_edges, dtype=dtype, requires_grad=grad)
    b = torch.randn(junction.out_features, dtype=dtype, requires_grad=grad)
    return x, w, b, list(structure.arrays), junction.in_features, junction.out_features, int(kind), slope


@pytest.mark.parametrize("junction", JUNCTIONS, ids=["bipartite", "rotated"])
@pytest.mark.parametrize(("kind", "slope"), KINDS)
def test_opcheck(junction, kind, slope):
    result = torch.library.opcheck(torch.ops.gossamer.linear.default, arguments(junction, kind, slope))
    assert set(result.values()) == {"SUCCESS"}
    result = torch.library.opcheck(torch.ops.gossamer.linear.default, arguments(junction, kind, slope, torch.bfloat16))
    assert set(result.values()) == {"SUCCESS"}


@pytest.mark.parametrize("junction", JUNCTIONS, ids=["bipartite", "rotated"])
@pytest.mark.parametrize(("kind", "slope"), [*KINDS, (Kind.SIGMOID, 0.0), (Kind.LEAKY, 0.2)])
def test_gradcheck_of_the_eager_and_the_registered_path(junction, kind, slope):
    x, w, b, arrays, *rest = arguments(junction, kind, slope)
    structure, activation = Structure.of(junction), Activation(kind, slope)

    def eager(x, w, b):
        return gs.nn.sparse_linear(x, w, b, structure=structure, activation=activation)

    def registered(x, w, b):
        return torch.ops.gossamer.linear(x, w, b, arrays, *rest)[0]

    assert torch.autograd.gradcheck(eager, (x, w, b))
    assert torch.autograd.gradcheck(registered, (x, w, b))
    assert torch.equal(eager(x, w, b), registered(x, w, b))
    assert torch.autograd.gradgradcheck(eager, (x, w, b))


def model(dtype=torch.float32):
    torch.manual_seed(0)
    first = gs.Bipartite.from_mask(np.random.default_rng(1).random((30, 20)) < 0.3)
    second = gs.Rotated([0, 2, 3, 7], in_features=30, out_features=10)
    return torch.nn.Sequential(
        gs.nn.SparseLinear(first, activation=torch.nn.GELU(), dtype=dtype),
        torch.nn.LayerNorm(30, dtype=dtype),
        gs.nn.SparseLinear(second, activation=torch.nn.ReLU(), dtype=dtype),
        torch.nn.Linear(10, 3, dtype=dtype),
    )


@pytest.mark.parametrize("dynamic", [False, True])
def test_compile_fullgraph(dynamic):
    torch.compiler.reset()
    eager, x = model(), torch.randn(16, 20)
    compiled = torch.compile(eager, fullgraph=True, backend="aot_eager", dynamic=dynamic)
    expected = eager(x)
    expected.square().sum().backward()
    gradients = [p.grad.clone() for p in eager.parameters()]
    eager.zero_grad()
    result = compiled(x)
    result.square().sum().backward()
    torch.testing.assert_close(result, expected)
    for p, gradient in zip(eager.parameters(), gradients, strict=True):
        torch.testing.assert_close(p.grad, gradient)
    torch.testing.assert_close(compiled(torch.cat([x, x])), torch.cat([expected, expected]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compile_with_inductor():
    torch.compiler.reset()
    eager, x = model(), torch.randn(16, 20)
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(eager, fullgraph=True)(x), eager(x))


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_export(tmp_path):
    eager, x = model(), torch.randn(4, 20)
    batch = {0: torch.export.Dim("batch", min=2)}
    program = torch.export.export(eager, (x,), dynamic_shapes=(batch,))
    torch.export.save(program, tmp_path / "model.pt2")
    loaded = torch.export.load(tmp_path / "model.pt2").module()
    for inputs in (x, torch.randn(9, 20)):
        torch.testing.assert_close(loaded(inputs), eager(inputs))


def test_meta_tensors_have_shapes_and_strides():
    meta = model().to("meta")
    y = meta[0](torch.empty(6, 20, device="meta"))
    assert (y.shape, y.stride(), y.device.type) == ((6, 30), (30, 1), "meta")
    assert meta(torch.empty(6, 20, device="meta")).shape == (6, 3)


def test_autocast_computes_in_its_dtype():
    eager, x = model(), torch.randn(6, 20)
    compiled = torch.compile(eager[0], fullgraph=True, backend="aot_eager")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = eager[0](x)
        assert torch.equal(compiled(x), y)
        loss = eager(x).float().sum()
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), eager[0](x), rtol=0.05, atol=0.05)
    loss.backward()
    assert eager[0].weight.grad.dtype == torch.float32


GOOD = arguments(JUNCTIONS[0], grad=False)
ROTATED = arguments(JUNCTIONS[1], grad=False)


def changed(position, value, base=GOOD):
    return (*base[:position], value, *base[position + 1 :])


def array(number, value):
    return changed(3, [*GOOD[3][:number], value, *GOOD[3][number + 1 :]])


def wild(number, place, value):
    copy = GOOD[3][number].clone()
    copy[place] = value
    return array(number, copy)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (changed(0, torch.ones(5, 6, dtype=torch.float64)), ValueError, "in_features=7"),
        (changed(0, torch.ones(7, dtype=torch.float64)), ValueError, r"\(batch, in_features\)"),
        (changed(0, torch.ones(5, 7)), TypeError, "one floating dtype"),
        (changed(0, torch.ones(5, 7, dtype=torch.int64)), TypeError, "one floating dtype"),
        (changed(1, torch.ones(3, dtype=torch.float64)), ValueError, r"weight has shape \(3,\)"),
        (changed(2, torch.ones(3, dtype=torch.float64)), ValueError, r"bias has shape \(3,\)"),
        (changed(3, [*GOOD[3], GOOD[3][0]]), ValueError, "3 arrays"),
        (changed(3, []), ValueError, "0 arrays"),
        (changed(4, -7), ValueError, "arrays"),
        (array(0, GOOD[3][0].long()), TypeError, "int32"),
        (array(0, GOOD[3][0][:, None]), TypeError, "2-d"),
        (array(0, GOOD[3][0][:-1]), ValueError, "must run from 0 to the"),
        (array(0, torch.cat([GOOD[3][0], GOOD[3][0][-1:]])), ValueError, "out_features=9 needs"),
        (wild(0, 1, 10_000), ValueError, r"indptr\[2\]=.* is less than indptr\[1\]=10000"),
        (wild(0, 0, 1), ValueError, "must run from 0 to the"),
        (wild(1, 0, 7), ValueError, r"indices\[0\]=7 is not allowed"),
        (wild(1, 0, -1), ValueError, r"indices\[0\]=-1 is not allowed"),
        (wild(1, 1, 2**30), ValueError, r"indices\[1\]=1073741824 is not allowed"),
        (changed(3, [torch.tensor([9], dtype=torch.int32)], ROTATED), ValueError, "weight has shape"),
        (changed(3, [torch.tensor([0, 1, 9], dtype=torch.int32)], ROTATED), ValueError, "offset 9"),
        (changed(6, 17), ValueError, "17"),
    ],
)
def test_wild_arguments_are_refused(bad, error, message):
    with pytest.raises(error, match=message):
        torch.ops.gossamer.linear(*bad)


def test_an_array_is_checked_again_when_it_has_changed():
    x, w, b, arrays, *rest = GOOD
    arrays = [each.clone() for each in arrays]
    torch.ops.gossamer.linear(x, w, b, arrays, *rest)
    arrays[1][0] = 99
    with pytest.raises(ValueError, match=r"indices\[0\]=99 is not allowed"):
        torch.ops.gossamer.linear(x, w, b, arrays, *rest)
