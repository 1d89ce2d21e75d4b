"""Whatever the model, `sparsify` keeps what it was, or says by name what it cannot do."""

import copy
import warnings
from collections import OrderedDict

import numpy as np
import pytest
import torch
from tests.nn.conversion.small import masked, mlp, same, sparse_names
from torch import nn
from torch.nn.utils import parametrizations, prune

import gossamer as gs
from gossamer.errors import SparsifyWarning
from gossamer.nn import SparseLinear, sparsify

torch.manual_seed(0)
X = torch.randn(7, 8)


def test_a_model_that_is_a_linear_layer_becomes_a_sparse_one():
    layer = nn.Linear(8, 4)
    sparse = sparsify(layer, density=0.25)
    assert type(sparse) is SparseLinear
    assert sparse.weight.numel() == 8
    torch.testing.assert_close(
        sparse(X), nn.functional.linear(X, layer.weight * torch.tensor(sparse.topology().to_mask()), layer.bias)
    )


def test_children_may_have_names():
    model = nn.Sequential(OrderedDict(fc1=nn.Linear(8, 6), act=nn.ReLU(), fc2=nn.Linear(6, 2)))
    sparse = sparsify(model, density=0.5)
    assert [type(child).__name__ for child in sparse] == ["SparseLinear", "Identity", "SparseLinear"]
    same(model, sparse, ["fc1", "fc2"], X)


@pytest.mark.parametrize("cut", [slice(0, None), slice(0, 2), slice(3, None), slice(None, None, 3)])
def test_a_slice_computes_the_same_function(cut):
    model = mlp()[cut]
    sparse = sparsify(model, density=0.5)
    same(model, sparse, sparse_names(sparse), torch.randn(7, next(model.parameters()).shape[1]))


def test_names_that_do_not_count_from_zero():
    model = nn.Sequential(nn.Tanh(), nn.Linear(8, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 4))[1:]
    same(model, sparsify(model, density=0.5), ["1", "4"], X)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.net = nn.Sequential(self.a, nn.ReLU(), nn.Linear(8, 8))
        self.again = self.net

    def forward(self, x):
        return self.again(self.a(x)) + self.net(x)


def test_a_module_under_several_names_is_one_layer():
    model = Twice()
    sparse = sparsify(model, density=0.5)
    assert sparse.a is sparse.net[0] is sparse.again[0]
    assert sparse.net is sparse.again
    assert isinstance(sparse.net[1], nn.ReLU)  # elsewhere the layer has no activation
    same(model, sparse, ["a", "net.2"], X)
    by_other_name = sparsify(model, junctions={"again.2": gs.generators.dense(8, 8)})
    assert isinstance(by_other_name.net[2], SparseLinear)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 8)
        self.two.weight = self.one.weight

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))


def test_tied_layers_stay_tied():
    model = Tied()
    sparse = sparsify(model, density=0.25, budget="uniform")
    assert sparse.one.weight is sparse.two.weight
    assert sparse.one.topology() == sparse.two.topology()
    assert sparse.one.weight.numel() == 16
    assert sparse.one.bias is not sparse.two.bias
    same(model, sparse, ["one", "two"], X)
    sparse(X).sum().backward()
    oracle = masked(model, sparse, ["one", "two"])
    oracle(X).sum().backward()
    edges = torch.tensor(sparse.one.topology().to_mask())
    torch.testing.assert_close(sparse.one.weight.grad, oracle.one.weight.grad[edges])
    with pytest.raises(ValueError, match="'one' cannot be made sparse: it shares its weight with 'two'"):
        sparsify(model, density=0.25, exclude="two")
    other = gs.generators.regular_random(8, 8, 2, rng=0)
    with pytest.raises(ValueError, match="'one' and 'two' share a weight, so they need the same junction"):
        sparsify(model, junctions={"one": other, "two": gs.generators.regular_random(8, 8, 2, rng=1)})


def test_a_weight_tied_to_a_table_is_refused_by_name():
    class Language(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte, self.block, self.head = nn.Embedding(10, 8), nn.Linear(8, 8), nn.Linear(8, 10, bias=False)
            self.head.weight = self.wte.weight

        def forward(self, tokens):
            return self.head(self.block(self.wte(tokens)))

    model = Language()
    with pytest.raises(ValueError, match="layer 'head' cannot be made sparse: it shares its weight with 'wte'"):
        sparsify(model, density=0.5)
    sparse = sparsify(model, density=0.5, exclude="head")
    assert sparse.head.weight is sparse.wte.weight
    same(model, sparse, ["block"], torch.tensor([[1, 2], [3, 4]]))


def test_frozen_layers_stay_frozen_and_modes_stay():
    model = mlp().eval()
    model[0].requires_grad_(False)
    model[3].bias.requires_grad_(False)
    sparse = sparsify(model, density=0.5)
    flags = [each.requires_grad for each in (sparse[0].weight, sparse[0].bias, sparse[3].weight, sparse[3].bias)]
    assert flags == [False, False, True, False]
    assert not any(module.training for module in sparse.modules())


def test_hooks_stay_and_see_what_they_saw():
    model, seen = mlp(), []
    model[0].register_forward_hook(lambda module, inputs, output: seen.append(("linear", output.detach().clone())))
    model[1].register_forward_pre_hook(lambda module, inputs: seen.append(("relu", inputs[0].detach().clone())))
    model[3].register_full_backward_hook(lambda module, gin, gout: seen.append(("backward", gout[0].clone())))
    sparse = sparsify(model, density=0.5)
    oracle = masked(model, sparse, ["0", "3"])
    found = []
    for each in (sparse, oracle):
        seen.clear()
        each(X).sum().backward()
        found.append(list(seen))
    assert [name for name, _ in found[0]] == [name for name, _ in found[1]] == ["linear", "relu", "backward"]
    for (_, ours), (_, theirs) in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_hooks_handle_still_removes_it_in_place():
    model, calls = mlp(), []
    handle = model[0].register_forward_hook(lambda *_: calls.append(1))
    sparse = sparsify(model, density=0.5, inplace=True)
    assert sparse is model
    sparse(X)
    handle.remove()
    sparse(X)
    assert calls == [1]


def test_pruned_layers_are_taken_by_their_masks():
    model = mlp()
    prune.l1_unstructured(model[0], "weight", amount=0.75)
    prune.random_unstructured(model[3], "weight", amount=20)
    prune.l1_unstructured(model[3], "bias", amount=2)
    sparse = sparsify(model)
    assert [sparse[place].weight.numel() for place in (0, 3)] == [32, 44]
    assert np.array_equal(sparse[0].topology().to_mask(), model[0].weight_mask.numpy().astype(bool))
    torch.testing.assert_close(sparse(X), model(X))
    assert not sparse[0]._forward_pre_hooks
    fewer = sparsify(model, density=0.1)
    assert not (fewer[0].topology().to_mask() & ~model[0].weight_mask.numpy().astype(bool)).any()
    more = sparsify(model, density=0.9)
    assert more[0].weight.numel() == 32  # the mask is honoured
    for layer in (model[0], model[3]):
        prune.remove(layer, "weight")
    prune.remove(model[3], "bias")
    again = sparsify(model)  # now by zeros
    assert gs.nn.topology_of(nn.Sequential(again[0])) == gs.nn.topology_of(nn.Sequential(sparse[0]))
    torch.testing.assert_close(again(X), model(X))


class Scaled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: parametrizations.weight_norm(nn.Linear(8, 4)), "has a parametrised weight"),
        (lambda: parametrizations.spectral_norm(nn.Linear(8, 4)), "has a parametrised weight"),
        (lambda: nn.utils.spectral_norm(nn.Linear(8, 4)), "has no plain weight"),
        (lambda: nn.LazyLinear(4), "is lazy: call the model once"),
        (lambda: parametrizations.weight_norm(nn.Linear(8, 4), "bias"), "has a parametrised bias"),
        (lambda: nn.Linear(8, 4, dtype=torch.complex64), "has weights of torch.complex64"),
        (
            lambda: type("Scaled", (nn.Linear,), {"forward": lambda self, x: 2 * x})(8, 4),
            "is a Scaled with a forward of its",
        ),
    ],
)
def test_what_cannot_be_swapped_is_refused_by_name(make, reason):
    model = nn.ModuleDict({"body": nn.Linear(8, 8), "head": make()})
    with pytest.raises(ValueError, match=f"layer 'head' cannot be made sparse: it {reason}.*exclude='head'"):
        sparsify(model, density=0.5)
    assert sparse_names(sparsify(model, density=0.5, exclude="head")) == ["body"]
    assert gs.nn.report(model).dense["head"].startswith("dense: ")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantised_layers_are_refused_by_name():
    model = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(8, 4)), {nn.Linear})
    with pytest.raises(ValueError, match="layer '0' cannot be made sparse: it is quantised"):
        sparsify(model, density=0.5)


class Conv1D(nn.Module):
    """GPT-2's layer as transformers has it: weight (I, O)."""

    def __init__(self, nf, nx):
        super().__init__()
        self.nf, self.nx = nf, nx
        self.weight, self.bias = nn.Parameter(torch.randn(nx, nf)), nn.Parameter(torch.randn(nf))

    def forward(self, x):
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(*x.shape[:-1], self.nf)


Conv1D.__module__ = "transformers.pytorch_utils"


def test_gpt2s_transposed_layers_are_swapped():
    model = nn.Sequential(Conv1D(12, 8), nn.GELU(), Conv1D(8, 12))
    sparse = sparsify(model, density=0.5)
    assert sparse_names(sparse) == ["0", "2"]
    oracle = copy.deepcopy(model)
    for place in (0, 2):
        oracle[place].weight.data *= torch.tensor(sparse[place].topology().to_mask().T)
    torch.testing.assert_close(sparse(torch.randn(2, 3, 8)[:1]), oracle(torch.randn(2, 3, 8)[:1]), rtol=9, atol=99)
    x = torch.randn(2, 3, 8)
    torch.testing.assert_close(sparse(x), oracle(x))
    plain = gs.nn.densify(sparse)
    assert isinstance(plain[0], Conv1D)
    torch.testing.assert_close(plain(x), oracle(x))


def test_where_nothing_is_swapped_there_is_a_warning_that_says_why():
    convolutional = nn.Sequential(nn.PReLU(), nn.Bilinear(2, 2, 2))
    with pytest.warns(SparsifyWarning, match="nothing was made sparse: the model has no layer with a sparse twin"):
        same_model = sparsify(convolutional, density=0.5)
    assert str(same_model) == str(convolutional)
    with pytest.warns(SparsifyWarning, match=r"\(lstm: its weights are read inside PyTorch's recurrent kernels\)"):
        sparsify(nn.ModuleDict({"lstm": nn.LSTM(4, 4)}), density=0.5)
    with pytest.warns(SparsifyWarning, match="it has '0', '3', and all were left out"):
        sparsify(mlp(), density=0.5, filter=lambda module, name: False)


def test_recurrent_layers_stay_and_are_told():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.lstm, self.head = nn.EmbeddingBag(20, 8), nn.LSTM(8, 8), nn.Linear(8, 4)

        def forward(self, tokens):
            return self.head(self.lstm(self.table(tokens)[None])[0])

    model, tokens = Reader(), torch.randint(20, (5, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sparse = sparsify(model, density=0.5)
    same(model, sparse, ["head"], tokens)
    assert gs.nn.report(sparse).swapped == ("head",)
    assert set(gs.nn.report(sparse).dense) == {"table", "lstm"}
    with pytest.raises(ValueError, match=r"include='lstm' matches 'lstm', which .*: its weights are read inside"):
        sparsify(model, density=0.5, include="lstm")
