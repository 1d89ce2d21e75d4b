"""The plain model back, exactly; and the report of a model."""

import io

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.nn import densify, report, sparsify


@pytest.mark.parametrize(
    "activation", [nn.ReLU, nn.GELU, nn.Sigmoid, nn.Tanh, lambda: nn.LeakyReLU(0.2), lambda: gs.nn.AllReLU(-0.6)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_there_and_back_gives_the_model_with_its_zeros(activation, bias):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(8, 16, bias=bias), activation(), nn.Dropout(0.1), nn.Linear(16, 4, bias=bias)
    ).eval()
    sparse = sparsify(model, density=0.3)
    plain = densify(sparse)
    assert [str(module) for module in plain] == [str(module) for module in model]
    assert type(plain) is nn.Sequential
    for place in (0, 3):
        mask = torch.tensor(sparse[place].topology().to_mask())
        assert torch.equal(plain[place].weight, model[place].weight * mask)
        assert not bias or torch.equal(plain[place].bias, model[place].bias)
    x = torch.randn(5, 8)
    torch.testing.assert_close(plain(x), sparse(x))
    ours = {type(module) for module in plain.modules() if type(module).__module__.startswith("gossamer")}
    assert ours <= {gs.nn.AllReLU}
    assert sparsify(plain)[0].topology() == sparse[0].topology()  # by its zeros


def test_a_perceptron_of_a_topology_becomes_a_plain_one():
    t = gs.generators.layered((8, 16, 4), gs.generators.regular_random, (4, 2), rng=0)
    model = gs.nn.mlp(t, dropout=(0.1, 0.1)).eval()
    plain = densify(model)
    assert [type(module).__name__ for module in plain] == ["Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    x = torch.randn(5, 8)
    torch.testing.assert_close(plain(x), model(x))
    buffer = io.BytesIO()
    torch.save(plain.state_dict(), buffer)
    assert list(plain.state_dict()) == ["1.weight", "1.bias", "4.weight", "4.bias"]
    alone = densify(gs.nn.SparseLinear(t[0], activation=nn.ReLU()))
    assert [type(module).__name__ for module in alone] == ["Linear", "ReLU"]
    nested = densify(nn.ModuleDict({"fc": gs.nn.SparseLinear(t[0])}), inplace=True)
    assert type(nested["fc"]) is nn.Linear


def test_frozen_tied_and_hooked_layers_come_back_so():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 8)
            self.two.weight = self.one.weight
            self.one.bias.requires_grad_(False)
            self.one.register_forward_hook(lambda module, inputs, output: 2 * output)

        def forward(self, x):
            return self.two(self.one(x))

    sparse = sparsify(Tied(), density=0.5)
    plain, x = densify(sparse), torch.randn(3, 8)
    assert plain.one.weight is plain.two.weight
    assert not plain.one.bias.requires_grad
    torch.testing.assert_close(plain(x), sparse(x))


def test_a_sparse_layer_without_a_dense_twin_is_named():
    class Odd(gs.nn.SparseLinear):
        pass

    with pytest.raises(TypeError, match="layer '0' is a Odd, which has no dense twin"):
        densify(nn.Sequential(Odd(gs.generators.dense(2, 2))))


def test_the_report_counts_what_is_there():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4), nn.Embedding(3, 4))
    found = report(sparsify(model, density=0.25, exclude="2"))
    rows = {row.name: row for row in found.rows}
    assert (rows["0"].edges, rows["0"].places, rows["0"].dense_bytes) == (32, 128, 512)
    assert rows["0"].bytes == 4 * 32 + 4 * (32 + 16 + 1)  # weights, and compressed rows
    assert (rows["2"].edges, rows["2"].note) == (64, "dense")
    assert found.dense == {"2": "dense", "3": "dense: a table that is looked up, not multiplied"}
    assert found.swapped == ("0",)
    text, page = str(found), found._repr_html_()
    assert text.splitlines()[-1].split()[:4] == ["all", "108", "of", "204"]
    assert page.count("<tr>") == 5
    assert "32 of 128" in page
    assert report(sparsify(model, density=0.25), batch=16).rows[0].speed_up > 0


def test_the_report_escapes_names():
    model = nn.ModuleDict({"<b>": nn.Linear(2, 2)})
    assert "<b>" not in report(model)._repr_html_()


def test_conversion_keeps_dtype_and_values():
    model = nn.Linear(8, 4).double()
    plain = densify(sparsify(model, density=1.0))
    assert plain.weight.dtype == torch.float64
    assert np.array_equal(plain.weight.detach(), model.weight.detach())
