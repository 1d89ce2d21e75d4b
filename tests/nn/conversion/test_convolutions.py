"""Convolutional models: swapped, the same function on their taps, and dense again."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import gossamer as gs
from gossamer.nn import SparseConv1d, SparseConv2d, SparseLayer, densify, sparsify


class Residual(nn.Module):
    """A block as ResNets have it."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + self.downsample(x))


def resnet():
    torch.manual_seed(0)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), Residual(4, 8, 2), *head).eval()


def masked(model, sparse):
    oracle = copy.deepcopy(model)
    for name, layer in sparse.named_modules():
        if isinstance(layer, SparseLayer):
            weight = oracle.get_submodule(name).weight
            weight.data *= torch.tensor(layer.topology().to_mask()).view_as(weight)
    return oracle


@pytest.mark.parametrize("budget", [None, "uniform", "erdos_renyi_kernel", "global"])
def test_a_resnet_is_swapped_and_comes_back(budget):
    model, x = resnet(), torch.randn(2, 3, 8, 8)
    sparse = sparsify(model, density=0.5, budget=budget)
    layers = [layer for layer in sparse.modules() if isinstance(layer, SparseLayer)]
    assert sorted(type(layer).__name__ for layer in layers) == ["SparseConv2d"] * 4 + ["SparseLinear"]
    if budget is not None:
        sizes = [module.weight.numel() for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
        assert sum(layer.weight.numel() for layer in layers) == round(0.5 * sum(sizes))
    oracle = masked(model, sparse)
    torch.testing.assert_close(sparse(x), oracle(x))
    plain = densify(sparse)
    assert str(plain) == str(model)
    assert all(
        torch.equal(a, b) for a, b in zip(plain.state_dict().values(), oracle.state_dict().values(), strict=True)
    )


def test_kernels_count_in_the_budget_as_published():
    model = nn.Sequential(nn.Conv2d(3, 64, 3), nn.Conv2d(64, 64, 3), nn.Flatten(), nn.Linear(64, 10))
    sparse = sparsify(model, density=0.2, budget="erdos_renyi_kernel")
    counts = [layer.weight.numel() for layer in sparse.modules() if isinstance(layer, SparseLayer)]
    assert tuple(counts) == gs.generators.budgets.erdos_renyi_kernel((3, 64, 64, 10), 0.2, kernels=[(3, 3), (3, 3), ()])


@pytest.mark.parametrize(
    ("dense", "shape"),
    [
        (lambda: nn.Conv1d(4, 6, 5, stride=2, padding=2), (2, 4, 12)),
        (lambda: nn.Conv2d(4, 6, (3, 5), padding=(1, 2), dilation=2, groups=2), (2, 4, 12, 12)),
        (lambda: nn.Conv2d(4, 6, 3, padding="same"), (2, 4, 7, 7)),
        (lambda: nn.Conv2d(4, 6, 1, bias=False), (2, 4, 5, 5)),
    ],
)
def test_every_window_is_kept(dense, shape):
    model, x = dense(), torch.randn(shape)
    model.weight.requires_grad_(False)
    sparse = sparsify(model, density=0.5)
    assert type(sparse) is (SparseConv1d if isinstance(model, nn.Conv1d) else SparseConv2d)
    assert not sparse.weight.requires_grad
    torch.testing.assert_close(sparse(x), masked(nn.Sequential(model), nn.Sequential(sparse))(x))
    torch.testing.assert_close(densify(sparse)(x), sparse(x))


def test_pruned_taps_are_honoured():
    model, x = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU()), torch.randn(1, 2, 6, 6)
    prune.ln_structured(model[0], "weight", amount=0.5, n=2, dim=0)
    sparse = sparsify(model)
    assert sparse[0].weight.numel() == 36
    torch.testing.assert_close(sparse(x), model(x))


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (lambda: nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), "pads by 'reflect', and zeros are known"),
        (lambda: nn.Conv2d(2, 2, 2, padding="same"), "has a window without a sparse twin"),
        (lambda: nn.LazyConv2d(2, 3), "is lazy"),
    ],
)
def test_windows_that_are_not_known_are_refused_by_name(layer, reason):
    with pytest.raises(ValueError, match=f"layer '0' cannot be made sparse: it {reason}"):
        sparsify(nn.Sequential(layer()), density=0.5)


def test_convolutions_of_other_kinds_are_told():
    model = nn.Sequential(nn.ConvTranspose2d(2, 2, 3), nn.Conv3d(2, 2, 1))
    with pytest.warns(gs.errors.SparsifyWarning, match="0: a ConvTranspose2d has no sparse twin; 1: a Conv3d has no"):
        sparsify(model, density=0.5)
