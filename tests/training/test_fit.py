"""The training loop: what it learns, how it stops, what it refuses."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.errors import TrainingDivergedError
from gossamer.training import (
    SGD,
    Adam,
    Config,
    CosineRate,
    CrossEntropy,
    ProgressBar,
    SquaredError,
    WarmUp,
    evaluate,
    fit,
    stream,
)
from gossamer.training.data import Dataset, Examples, load


def topology(hidden=32):
    rng = np.random.default_rng(0)
    first = gs.Bipartite.from_mask(rng.random((hidden, 64)) < 0.3)
    return gs.Topology([first, gs.Bipartite.from_mask(np.ones((10, hidden)))])


def make_model(**options):
    torch.manual_seed(0)
    return gs.nn.mlp(topology(), **options)


def rng():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.mark.parametrize(
    ("optimizer", "loss"),
    [
        (Adam(0.01), CrossEntropy()),
        (Adam(0.01, weight_decay=0.01), SquaredError()),
        (SGD(0.05), CrossEntropy()),
        (SGD(0.2, momentum=0), CrossEntropy()),
        (SGD(0.5), SquaredError()),
    ],
)
def test_a_sparse_net_learns_the_digits(digits, optimizer, loss):
    model = make_model()
    history = fit(model, digits, Config(epochs=10, batch_size=32, optimizer=optimizer, loss=loss), rng=rng())
    assert evaluate(model, digits, loss).accuracy > 0.7
    assert history.epochs[-1].loss < history.epochs[0].loss
    assert {epoch.edges for epoch in history.epochs} == {topology().num_edges}
    assert [epoch.number for epoch in history.epochs] == list(range(1, 11))


def test_the_loop_is_the_loop_one_would_write(digits):
    """The same steps, written out with dense PyTorch, give the same losses."""
    config = Config(epochs=2, batch_size=100, optimizer=SGD(0.1), validation=0.0)
    model = make_model()
    dense = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    masks = [torch.tensor(layer.to_mask()) for layer in topology()]
    sparse_layers = [layer for layer in model.modules() if isinstance(layer, gs.nn.SparseLinear)]
    with torch.no_grad():
        for layer, mask, ours in zip(dense[::2], masks, sparse_layers, strict=True):
            layer.weight[:] = 0
            layer.weight[mask] = ours.weight
            layer.bias[:] = 0
    optimizer = torch.optim.SGD(dense.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    order, expected = rng(), []
    mean, deviation = digits.scaling
    inputs = torch.tensor((digits.train.inputs.astype(np.float32) - mean) / deviation, dtype=torch.float32)
    labels = torch.tensor(digits.train.labels)
    for _ in range(2):
        losses = []
        for numbers in torch.from_numpy(order.permutation(len(labels))).split(100):
            loss = nn.functional.cross_entropy(dense(inputs[numbers]), labels[numbers])
            optimizer.zero_grad()
            loss.backward()
            for layer, mask in zip(dense[::2], masks, strict=True):
                layer.weight.grad *= mask
            optimizer.step()
            losses.append(loss.item() * len(numbers))
        expected.append(sum(losses) / len(labels))
    history = fit(model, digits, config, rng=rng())
    assert [epoch.loss for epoch in history.epochs] == pytest.approx(expected, rel=1e-4)


def test_a_schedule_multiplies_the_learning_rate(digits):
    class Watcher:
        rates = ()

        def after_step(self, run):
            self.rates += (run.optimizer.param_groups[0]["lr"],)

        def after_epoch(self, run):
            pass

    watcher = Watcher()
    config = Config(epochs=2, batch_size=500, optimizer=SGD(0.1), schedule=CosineRate(), validation=0.0)
    fit(make_model(), digits, config, rng=rng(), callbacks=[watcher])
    assert watcher.rates == pytest.approx([0.05 * (1 + math.cos(math.pi * step / 6)) for step in range(6)])


@pytest.mark.parametrize(("share", "rates"), [(0.5, [0, 1 / 3, 2 / 3, 1, 1, 1]), (1.0, [k / 6 for k in range(6)])])
def test_a_rate_that_warms_up_rises_in_a_line_and_stays(share, rates):
    assert [WarmUp(share)(step / 6) for step in range(6)] == pytest.approx(rates)


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_of_no_rise_is_refused(share):
    with pytest.raises(ValueError, match=f"share={float(share)} is not allowed"):
        WarmUp(share)


def test_evaluation_is_the_mean_over_the_test_examples(digits):
    model = make_model(dropout=(0.5, 0.5)).train()
    metrics = evaluate(model, digits, CrossEntropy())
    assert model.training
    mean, deviation = digits.scaling
    inputs = (torch.tensor(digits.test.inputs, dtype=torch.float32) - mean) / deviation
    outputs = model.eval()(inputs)
    labels = torch.tensor(digits.test.labels)
    assert metrics.accuracy == pytest.approx((outputs.argmax(1) == labels).float().mean().item())
    assert metrics.loss == pytest.approx(nn.functional.cross_entropy(outputs, labels).item(), rel=1e-5)


def test_training_stops_early_and_keeps_the_best(digits):
    model = make_model()
    config = Config(epochs=100, batch_size=16, optimizer=Adam(0.05), patience=2)
    history = fit(model, digits, config, rng=rng())
    best = max(history.epochs, key=lambda epoch: (epoch.validation_accuracy, -epoch.validation_loss))
    assert len(history.epochs) < 100
    assert history.best_epoch == best.number == len(history.epochs) - 2
    again = make_model()  # the same run, ended at its best epoch
    fit(again, digits, dataclasses.replace(config, epochs=best.number, patience=None), rng=rng())
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_without_examples_held_out_the_last_epoch_stays(digits):
    history = fit(make_model(), digits, Config(epochs=2, validation=0.0), rng=rng())
    assert history.best_epoch == 0
    assert math.isnan(history.epochs[0].validation_accuracy)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_dtypes(digits, dtype):
    model = make_model(dtype=dtype)
    fit(model, digits, Config(epochs=3, optimizer=Adam(0.01)), rng=rng())
    assert next(model.parameters()).dtype == dtype
    assert evaluate(model, digits, CrossEntropy()).accuracy > 0.5


def test_float_inputs_train_too():
    points = np.random.default_rng(0).normal(size=(200, 64))
    examples = Examples(points, (points[:, 0] > 0).astype(int))
    data = Dataset("made", examples, examples, (64,), tuple("0123456789"), "", "")
    model = make_model()
    fit(model, data, Config(epochs=20, optimizer=Adam(0.01)), rng=rng())
    assert evaluate(model, data, CrossEntropy()).accuracy > 0.9
    assert not np.array_equal(points, 0)


def test_a_diverging_run_names_epoch_and_step(digits):
    with pytest.raises(TrainingDivergedError, match=r"the loss is (nan|inf) at epoch \d+, step \d+; with SGD\(lr=1e\+"):
        fit(make_model(), digits, Config(epochs=3, optimizer=SGD(1e20)), rng=rng())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Linear(64, 9), r"outputs for one example have shape \(1, 9\); digits needs \(1, 10\)"),
        (nn.Unflatten(1, (8, 8)), "Unflatten has no parameters"),
    ],
)
def test_models_that_do_not_fit_are_refused(digits, model, message):
    with pytest.raises(ValueError, match=message):
        fit(model, digits, Config(), rng=rng())


def test_rng_is_a_generator_or_its_seed(digits):
    config = Config(epochs=1)
    seeded = fit(make_model(), digits, config, rng=1).epochs[0].loss
    assert seeded == fit(make_model(), digits, config, rng=rng()).epochs[0].loss
    with pytest.raises(TypeError, match="rng=None is NoneType"):
        fit(make_model(), digits, config, rng=None)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Config(epochs=0), ValueError, "epochs=0"),
        (lambda: Config(epochs=1.5), TypeError, "epochs=1.5"),
        (lambda: Config(batch_size=0), ValueError, "batch_size=0"),
        (lambda: Config(validation=1.0), ValueError, "validation=1.0"),
        (lambda: Config(validation=-0.1), ValueError, "validation=-0.1"),
        (lambda: Config(validation=math.nan), ValueError, "validation=nan"),
        (lambda: Config(patience=0), ValueError, "patience=0"),
        (lambda: Config(patience=1, validation=0.0), ValueError, "needs validation above 0"),
        (lambda: Adam(0), ValueError, "lr=0 is not allowed"),
        (lambda: Adam(math.nan), ValueError, "lr=nan"),
        (lambda: Adam(weight_decay=-1), ValueError, "weight_decay=-1"),
        (lambda: SGD(lr=math.inf), ValueError, "lr=inf"),
        (lambda: SGD(momentum=1.5), ValueError, "momentum=1.5"),
        (lambda: stream(-1, "order"), ValueError, "seed=-1"),
        (lambda: stream(0.5, "order"), TypeError, "seed=0.5"),
    ],
)
def test_bad_settings_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_callbacks_see_every_step_and_epoch(digits):
    class Counter:
        def __init__(self):
            self.steps, self.epochs = [], []

        def after_step(self, run):
            self.steps.append(run.step)

        def after_epoch(self, run):
            self.epochs.append(run.history[-1].number)

    counter = Counter()
    with ProgressBar("test", disable=True) as bar:
        fit(make_model(), digits, Config(epochs=2, batch_size=100), rng=rng(), callbacks=[counter, bar])
    assert counter.steps == list(range(1, 2 * 13 + 1))  # 1293 examples after a tenth is held out
    assert counter.epochs == [1, 2]


def test_smoothed_labels_share_a_part_among_all_classes():
    outputs, labels = torch.randn(7, 5, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 4, 0, 2])
    logs = torch.log_softmax(outputs, 1)
    expected = -(0.8 * logs[torch.arange(7), labels] + 0.2 * logs.mean(1)).mean()
    torch.testing.assert_close(CrossEntropy(0.2)(outputs, labels), expected)
    with pytest.raises(ValueError, match=r"smoothing=1\.5"):
        CrossEntropy(1.5)
