"""Steps in one native call with every loss that they know are those of PyTorch's loop."""

import math

import pytest
import torch
from tests.nn.paired import Pair, batch, network
from torch import nn
from torch.nn import functional

import gossamer as gs
from gossamer.nn import LogisticSquaredError, criteria
from gossamer.nn.kernels import native

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")

WEIGHTS = torch.tensor([1.0, 2.0, 0.5, 0.25])
OF_LABELS = {
    "weights": nn.CrossEntropyLoss(weight=WEIGHTS),
    "weights, smoothing": nn.CrossEntropyLoss(weight=WEIGHTS, label_smoothing=0.2),
    "weights, ignored": nn.CrossEntropyLoss(weight=WEIGHTS, ignore_index=1),
    "all": nn.CrossEntropyLoss(weight=WEIGHTS, ignore_index=1, label_smoothing=0.3),
    "smoothing, ignored": nn.CrossEntropyLoss(ignore_index=2, label_smoothing=0.3),
    "sum": nn.CrossEntropyLoss(reduction="sum"),
    "sum, all": nn.CrossEntropyLoss(weight=WEIGHTS, ignore_index=1, label_smoothing=0.3, reduction="sum"),
    "function": functional.cross_entropy,
    "squared of logistic": LogisticSquaredError(),
}
OF_NUMBERS = {
    "squared": nn.MSELoss(),
    "squared, sum": nn.MSELoss(reduction="sum"),
    "absolute": nn.L1Loss(),
    "absolute, sum": nn.L1Loss(reduction="sum"),
    "logistic": nn.BCEWithLogitsLoss(),
    "logistic, sum": nn.BCEWithLogitsLoss(reduction="sum"),
    "logistic, weights": nn.BCEWithLogitsLoss(weight=WEIGHTS, pos_weight=WEIGHTS.flip(0)),
    "squared, function": functional.mse_loss,
    "absolute, function": functional.l1_loss,
    "logistic, function": functional.binary_cross_entropy_with_logits,
}


def gentle(model):
    return torch.optim.SGD(model.parameters(), lr=1e-3)


def of_dtype(criterion, dtype):
    return criterion.to(dtype) if isinstance(criterion, nn.Module) else criterion


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", OF_LABELS)
def test_losses_of_labels(ways, name, dtype):
    pair = Pair(network(dtype), gentle, of_dtype(OF_LABELS[name], dtype))
    for size in (37, 16, 3, 130):
        pair.step(*batch(size, dtype), atol=1e-5, rtol=1e-4)
    assert ways == [True] * 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_losses_of_numbers(ways, name, dtype):
    pair = Pair(network(dtype), gentle, of_dtype(OF_NUMBERS[name], dtype))
    for size in (37, 16, 3, 130):
        x, _ = batch(size, dtype)
        pair.step(x, torch.rand(size, 4, dtype=dtype), atol=1e-5, rtol=1e-4)
    assert ways == [True] * 4


@pytest.mark.parametrize("instructions", native._native.instruction_sets() if native.built() else [])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_logits_of_the_logistic_loss(ways, instructions, dtype):
    """Where log(1 + exp(-z)) is tiny or huge; every instruction set."""
    before = native._native.instruction_set()
    native._native.use_instruction_set(instructions)
    try:
        straight = gs.nn.SparseLinear(gs.Bipartite.from_mask(torch.eye(5).numpy()), bias=False, dtype=dtype)
        straight.weight.data.fill_(1)
        pair = Pair(gs.nn.Sequential(straight), lambda m: torch.optim.SGD(m.parameters(), 0.0), nn.BCEWithLogitsLoss())
        for scale in (1e-6, 1e-2, 1.0, 10.0, 60.0):
            logits = scale * torch.randn(19, 5, dtype=dtype)
            pair.step(logits, torch.rand(19, 5, dtype=dtype).round(), atol=1e-7, rtol=1e-4)
        certain = torch.full((4, 5), 15.0, dtype=dtype)
        loss, _ = pair.take(certain, torch.ones_like(certain))
        assert loss == pytest.approx(math.log1p(math.exp(-15)), rel=1e-6)
        slope = pair.own[0].weight.grad / 15 * 5  # PyTorch's own is 1 - (1 - 3e-7) in float32
        torch.testing.assert_close(slope, torch.full_like(slope, -1 / (1 + math.exp(15))), rtol=1e-5, atol=0)
    finally:
        native._native.use_instruction_set(before)
    assert all(ways)


def test_weights_of_a_loss_may_change_and_move(ways):
    criterion = nn.CrossEntropyLoss(weight=WEIGHTS.clone())
    pair = Pair(network(), gentle, criterion)
    pair.step(*batch())
    criterion.weight[0] = 7.0
    pair.step(*batch())
    criterion.weight = WEIGHTS.flip(0)
    pair.step(*batch())
    criterion.weight.data = torch.tensor([3.0, 1.0, 1.0, 0.5])
    pair.step(*batch())
    criterion.weight = WEIGHTS.double()
    with pytest.raises(RuntimeError):
        pair.take(*batch())
    assert ways == [True] * 4 + [False]


def test_targets_of_other_shapes_and_dtypes_are_pytorchs(ways):
    x, y = batch()
    pair = Pair(network(), gentle, nn.MSELoss())
    pair.step(x, torch.rand(4, 37).t())  # not contiguous
    with pytest.warns(UserWarning, match="target size"):
        pair.take(x, torch.rand(37, 1))
    with pytest.warns(UserWarning, match="target size"), pytest.raises(RuntimeError):
        pair.take(x, torch.rand(37, 3))
    with pytest.raises(IndexError):
        Pair(network(), gentle).take(x, torch.full_like(y, 4))
    with pytest.raises(RuntimeError, match="class"):
        Pair(network(), gentle, LogisticSquaredError()).take(x, torch.full_like(y, 4))
    assert not any(ways)


def test_one_output_of_numbers(ways):
    model = gs.nn.mlp(gs.Topology([gs.generators.erdos_renyi(15, 9, 40, rng=0), gs.generators.dense(9, 1)]))
    pair = Pair(model, gentle, nn.MSELoss())
    for _ in range(2):
        x, y = batch()
        pair.step(x, y[:, None].float())
    assert ways == [True, True]


def test_every_attribute_of_pytorchs_losses_is_known():
    for kind, known in criteria._ATTRIBUTES.items():
        assert vars(kind()).keys() <= known, f"PyTorch {torch.__version__} has new ones in {kind.__name__}"
        assert kind()._buffers.keys() <= {"weight", "pos_weight"}
