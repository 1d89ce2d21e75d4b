"""What is exported of a model computes the same; what the runtime lacks is refused by name."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import gossamer as gs
from gossamer.errors import ExportError
from gossamer.runtime import load

ER = gs.generators.erdos_renyi


def wild(model):
    """Running statistics and parameters that are not those of the beginning."""
    torch.manual_seed(0)
    for module in model.modules():
        for name in ("running_mean", "bias"):
            if isinstance(getattr(module, name, None), torch.Tensor):
                nn.init.normal_(getattr(module, name))
        if isinstance(getattr(module, "running_var", None), torch.Tensor):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    return model


class Residual(nn.Module):
    """A block as people write them: functions, methods, sums, in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.block = gs.nn.sparsify(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)), density=0.3, rng=0)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = functional.max_pool2d(self.relu(self.norm(self.stem(x))), 3, 2, 1)
        y = self.block(x)
        y += x
        return functional.log_softmax(self.head(torch.flatten(self.pool(self.relu(y)), 1)), dim=1)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(16)
        self.up = gs.nn.SparseLinear(ER(16, 24, 100, rng=0))
        self.gate = gs.nn.SparseLinear(ER(16, 24, 100, rng=1))
        self.down = gs.nn.SparseLinear(ER(24, 16, 100, rng=2))

    def forward(self, x):
        y = self.norm(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y))


SIZES = gs.Topology([ER(16, 24, 100, rng=0), ER(24, 8, 60, rng=1), ER(8, 4, 20, rng=2)])
TAPS = ER(4 * 5, 6, 40, rng=0)
MODELS = {
    "residual": (Residual, (3, 3, 12, 12)),
    "gated": (Gated, (2, 5, 16)),
    "perceptron": (lambda: gs.nn.mlp(SIZES, dropout=(0.2, 0.5)), (7, 16)),
    "norms that are folded": (
        lambda: nn.Sequential(
            nn.Linear(16, 24),
            nn.BatchNorm1d(24),
            nn.ReLU(),
            gs.nn.SparseLinear(SIZES[1], bias=False),
            nn.BatchNorm1d(8),
            nn.GELU(),
        ),
        (5, 16),
    ),
    "a norm that is run": (lambda: nn.Sequential(nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)), (5, 16)),
    "a large dense layer": (lambda: nn.Sequential(nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 4)), (5, 300)),
    "sequences": (
        lambda: nn.Sequential(
            gs.nn.SparseConv1d(TAPS, in_channels=4, kernel_size=5, stride=2, activation=nn.ReLU()),
            nn.AvgPool1d(3, padding=1),
            nn.Conv1d(6, 4, 3, groups=2, dilation=2, padding="same"),
            nn.Flatten(),
        ),
        (3, 4, 41),
    ),
    "only a view": (nn.Flatten, (3, 4, 2)),
    "nothing": (nn.Identity, (3, 4)),
    "numbers beside tensors": (lambda: Calling(lambda x: 2 * x + 1), (3, 4)),
    "layer norm without parameters": (lambda: nn.LayerNorm((3, 4), elementwise_affine=False), (2, 3, 4)),
}


@pytest.mark.parametrize("name", MODELS)
def test_models(name, tmp_path):
    make, shape = MODELS[name]
    model, x = wild(make()), torch.randn(shape)
    model.train()
    gs.nn.export(model, tmp_path / "net")
    assert all(module.training for module in model.modules())
    with torch.no_grad():
        want = model.double().eval()(x.double()).numpy()
    found = load(tmp_path / "net")(x.numpy())
    assert found.shape == want.shape
    np.testing.assert_allclose(found, want, rtol=2e-5, atol=1e-5)


ACTIVATIONS = [
    nn.Tanh(),
    nn.SiLU(),
    nn.GELU(approximate="tanh"),
    nn.ELU(0.7),
    nn.SELU(),
    nn.Softplus(2, 3),
    nn.Hardtanh(-0.5, 2),
    nn.ReLU6(),
    nn.Hardsigmoid(),
    nn.Hardswish(),
    nn.Softsign(),
    nn.LogSoftmax(dim=-1),
    gs.nn.AllReLU(-0.6),
    nn.GELU(),
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_activations_on_a_grid(activation, tmp_path):
    x = torch.cat([torch.linspace(-200, 200, 801), torch.linspace(-7, 7, 801)])[None]
    gs.nn.export(activation, tmp_path / "net")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load(tmp_path / "net")(x.numpy())
    np.testing.assert_allclose(found, activation(x.double()), rtol=1e-5, atol=1e-6)
    bad = load(tmp_path / "net")(np.float32([[np.nan, 0.0]]))
    assert np.isnan(bad[0, 0])


class Written(nn.Module):
    """Writes in place on what it reads again: here that would give other numbers."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = torch.flatten(x, 1)
        return self.relu(y) + x


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class Calling(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def hooked():
    layer = nn.Linear(3, 3)
    layer.register_forward_hook(lambda module, x, y: 2 * y)
    return layer


class Twice(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def huge():
    layer = nn.Linear(2, 2).double()
    nn.init.constant_(layer.weight, 1e300)
    return layer


REFUSED = {
    "LSTM": (lambda: nn.Sequential(nn.LSTM(3, 3)), "0 is a LSTM, which the runtime lacks"),
    "named": (lambda: nn.ModuleDict({"x": nn.Linear(2, 2)}), "ModuleDict"),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2), "batch_first=False"),
    "bilinear": (lambda: nn.Sequential(nn.ReLU(), nn.Bilinear(2, 2, 2)), "1 is a Bilinear"),
    "L0": (lambda: gs.nn.L0Linear(SIZES[0]), "L0Linear"),
    "hooks": (hooked, "hooks"),
    "norms of batches": (lambda: nn.BatchNorm1d(3, track_running_stats=False), "running statistics"),
    "branches": (Branching, "no fixed graph"),
    "in place": (Written, "in place"),
    "function": (lambda: Calling(torch.cumsum), "no fixed graph|cumsum"),
    "sine": (lambda: Calling(torch.sin), "sin .* lacks"),
    "dropout that stays": (lambda: Calling(functional.dropout), "dropout in evaluation"),
    "in place by position": (lambda: Calling(lambda x: functional.relu(x, True) + x), "in place"),
    "method": (lambda: Calling(lambda x: x.cos()), "cos .* lacks"),
    "two outputs": (lambda: Calling(lambda x: (torch.relu(x), x)), "one tensor"),
    "axis": (lambda: nn.Softmax(), "dim=None"),
    "pooling": (lambda: nn.MaxPool2d(2, ceil_mode=True), "ceil_mode"),
    "padding": (lambda: nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), "circular"),
    "averages": (lambda: nn.AdaptiveAvgPool2d(2), "averages to 1"),
    "numbers": (huge, "float32 cannot hold"),
    "parametrised": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "ParametrizedLinear"),
    "meta": (lambda: nn.Linear(2, 2, device="meta"), "meta"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_runtime_lacks(name, tmp_path):
    make, words = REFUSED[name]
    with pytest.raises(ExportError, match=words):
        gs.nn.export(make(), tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_a_subclass_is_traced_and_not_taken_for_its_parent(tmp_path):
    with pytest.raises(ExportError, match="which the runtime lacks"):
        gs.nn.export(Twice(3, 3), tmp_path / "net")


def test_what_is_no_module_and_labels_that_are_none(tmp_path):
    with pytest.raises(TypeError, match="dict"):
        gs.nn.export({}, tmp_path / "net")
    with pytest.raises(ExportError, match="label"):
        gs.nn.export(nn.Linear(2, 2), tmp_path / "net", labels=[None, 1])


def test_a_norm_of_three_axes_is_not_folded_wrongly(tmp_path):
    """A batch norm counts axes from the first, a linear layer from the last."""
    gs.nn.export(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), tmp_path / "net")
    with pytest.raises(ValueError, match="reads matrices"):
        load(tmp_path / "net")(np.zeros((2, 3, 4)))
