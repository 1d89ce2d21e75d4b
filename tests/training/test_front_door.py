"""`fit`, `evaluate` and `predict` take what is meant, or say in a sentence what to give."""

import math

import numpy as np
import pytest
import sklearn.metrics
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, WeightedRandomSampler

import gossamer as gs
from gossamer.training import (
    SGD,
    Adam,
    Config,
    CosineRate,
    CrossEntropy,
    MeanAbsoluteError,
    MeanSquaredError,
    evaluate,
    fit,
    predict,
)
from gossamer.training.data import Dataset, load

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 6)).astype(np.float32)
Y = (X @ RNG.normal(size=(6, 3))).argmax(1)
NUMBERS = X @ RNG.normal(size=(6, 2)).astype(np.float32)
QUICK = Config(epochs=8, batch_size=16, optimizer=Adam(0.02))


def model(outputs=3, inputs=6):
    torch.manual_seed(0)
    first = gs.generators.regular_random(inputs, 24, 8, rng=0)
    return gs.nn.mlp(gs.Topology([first, gs.generators.dense(24, outputs)]))


def pairs():
    x, y = torch.tensor(X), torch.tensor(Y)
    tensors = TensorDataset(x, y)
    return {
        "arrays": (X, Y),
        "lists": (X.tolist(), Y.tolist()),
        "tensors": [x, y],
        "TensorDataset": tensors,
        "Subset": torch.utils.data.Subset(tensors, range(240)),
        "DataLoader": DataLoader(tensors, batch_size=16, shuffle=True),
    }


@pytest.mark.parametrize("kind", pairs())
def test_whatever_holds_examples_is_learnt_from_as_it_is(kind):
    net, data = model(), pairs()[kind]
    history = fit(net, data, QUICK, rng=0)
    assert len(history.epochs) == 8
    right = (net(torch.tensor(X)).argmax(1).numpy() == Y).mean()  # the model is called with what was given
    assert right > 0.85
    assert evaluate(net, data).accuracy == pytest.approx(right)
    assert np.array_equal(predict(net, X), net(torch.tensor(X)).argmax(1).numpy())


def test_arrays_tensors_and_a_loader_that_shuffles_take_the_same_steps():
    given, losses = pairs(), {}
    for kind in given:
        losses[kind] = [epoch.loss for epoch in fit(model(), given[kind], QUICK, rng=0).epochs]
    for kind in losses:
        assert losses[kind] == pytest.approx(losses["arrays"], rel=1e-5), kind


def test_a_loader_keeps_its_order_transforms_and_batches():
    class Counting(TensorDataset):
        seen = ()

        def __getitem__(self, number):
            self.seen += (number,)
            return super().__getitem__(number)

    counting = Counting(torch.tensor(X), torch.tensor(Y))
    loader = DataLoader(counting, batch_size=50)
    config = Config(epochs=2, validation=0, optimizer=SGD(0.01), schedule=CosineRate())
    history = fit(model(), loader, config, rng=0)
    assert counting.seen[-240:] == tuple(range(240))
    assert len(history.epochs) == 2


def test_a_name_is_a_data_set():
    net = model(10, 64)
    fit(net, "digits", QUICK, rng=0)
    digits = load("digits")
    assert evaluate(net, "digits") == evaluate(net, digits, CrossEntropy())
    answers = predict(net, "digits")
    assert (answers == digits.test.labels).mean() == pytest.approx(evaluate(net, digits).accuracy)
    assert np.array_equal(predict(net, digits.test.inputs, digits), answers)
    with pytest.raises(ValueError, match=r"no data set 'digit'.*mean digits"):
        fit(net, "digit", QUICK, rng=0)


def test_examples_that_judge_may_be_given():
    net = model()
    history = fit(net, (X[:200], Y[:200]), QUICK, rng=0, validation=(X[200:], Y[200:]))
    best = history.epochs[history.best_epoch - 1]
    assert best.validation_accuracy == pytest.approx(evaluate(net, (X[200:], Y[200:])).accuracy)
    with pytest.raises(ValueError, match="validation has other labels"):
        fit(net, (X, Y), QUICK, rng=0, validation=(X, NUMBERS @ np.ones((2, 3), np.float32)))


@pytest.mark.parametrize("columns", [1, 2])
def test_numbers_are_told_in_the_datas_own_units(columns):
    """Targets of a large scale are learnt, and metrics are scikit-learn's on predictions in the data's units."""
    numbers = 5000 + 300 * NUMBERS[:, :columns]
    data = Dataset.from_arrays(X, numbers)
    net = model(columns)
    history = fit(net, data, QUICK, rng=0)
    assert math.isnan(history.epochs[-1].accuracy)
    assert history.epochs[history.best_epoch - 1].validation_loss == min(e.validation_loss for e in history.epochs)
    told, true = predict(net, data).reshape(-1, columns), data.test.labels.astype(np.float64)
    metrics = evaluate(net, data)
    assert metrics.rmse == pytest.approx(math.sqrt(sklearn.metrics.mean_squared_error(true, told)), rel=1e-3)
    assert metrics.mae == pytest.approx(sklearn.metrics.mean_absolute_error(true, told), rel=1e-3)
    assert metrics.r2 == pytest.approx(sklearn.metrics.r2_score(true, told), abs=1e-4)
    assert metrics.r2 > 0.8
    assert math.isnan(metrics.accuracy)
    assert "accuracy" not in repr(metrics)


def test_a_pair_of_floats_is_a_regression_as_it_is():
    net = model(2)
    fit(net, (X, NUMBERS), QUICK, rng=0)
    metrics = evaluate(net, (X, NUMBERS))
    told = net(torch.tensor(X)).detach().numpy()
    assert metrics.loss == pytest.approx(sklearn.metrics.mean_squared_error(NUMBERS, told), rel=1e-4)
    assert metrics.r2 == pytest.approx(sklearn.metrics.r2_score(NUMBERS, told), abs=1e-5)
    assert evaluate(net, (X, NUMBERS), MeanAbsoluteError()).loss == pytest.approx(
        np.abs(told - NUMBERS).mean(), rel=1e-4
    )
    loader = DataLoader(TensorDataset(torch.tensor(X), torch.tensor(NUMBERS)), batch_size=64)
    assert evaluate(net, loader).rmse == pytest.approx(metrics.rmse, rel=1e-5)


def test_images_reach_a_convolution_in_their_shape():
    digits = load("digits")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    fit(net, digits, Config(epochs=2, optimizer="adam"), rng=0)
    images = digits.train.inputs.reshape(-1, 1, 8, 8).astype(np.float32) / 16
    assert evaluate(net, digits).accuracy > 0.6
    assert predict(net, digits).shape == (360,)
    fit(net, (images, digits.train.labels), Config(epochs=1), rng=0)
    fit(model(10, 64), (images, digits.train.labels), Config(epochs=1), rng=0)  # and a perceptron flat


def test_names_are_recipes():
    config = Config(optimizer="sgd", schedule="cosine", loss="mean_squared_error")
    assert (config.optimizer, config.schedule, config.loss) == (SGD(), CosineRate(), MeanSquaredError())
    assert Config(optimizer="adam") == Config()


def test_the_checkpoint_of_a_loader_resumes_exactly(tmp_path):
    def run(epochs, file):
        loader = DataLoader(TensorDataset(torch.tensor(X), torch.tensor(Y)), batch_size=16, shuffle=True)
        return fit(model(), loader, Config(epochs=epochs), rng=0, checkpoint=str(tmp_path / file))

    run(2, "a")
    whole, resumed = run(4, "b"), run(4, "a")
    assert [each.loss for each in resumed.epochs] == [each.loss for each in whole.epochs]


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield torch.zeros(6), 0


def weighted():
    return DataLoader(
        TensorDataset(torch.tensor(X), torch.tensor(Y)), sampler=WeightedRandomSampler([1.0] * 240, 240), batch_size=16
    )


def test_a_loader_with_a_sampler_of_its_own_is_used_whole():
    assert len(fit(model(), weighted(), Config(epochs=1, validation=0), rng=0).epochs) == 1
    assert fit(model(), weighted(), Config(epochs=1), rng=0, validation=(X, Y)).best_epoch == 1


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: fit(model(), X, rng=0), TypeError, r"data is ndarray: give a Dataset, a data set's name, a pair"),
        (lambda: fit(model(), (X, Y, Y), rng=0), TypeError, "data is tuple"),
        (lambda: fit(model(), (X, Y[:-1]), rng=0), ValueError, r"labels has shape \(239,\); it must be \(240,\)"),
        (
            lambda: fit(model(), (X, [*"abc"] * 80), rng=0),
            ValueError,
            "labels are text, such as 'a'; Dataset.from_arrays",
        ),
        (
            lambda: fit(model(2), (X, Y), rng=0),
            ValueError,
            r"shape \(1, 2\); arrays needs \(1, 3\), one for each class; if",
        ),
        (lambda: fit(model(3), (X, NUMBERS), rng=0), ValueError, r"arrays needs \(1, 2\), one for each number"),
        (lambda: fit(model(inputs=5), (X, Y), rng=0), ValueError, r"cannot take inputs of shape \(1, 6\): "),
        (lambda: fit(nn.LSTM(6, 3), (X, Y), rng=0), ValueError, "the model's output is tuple; a tensor"),
        (lambda: fit("mlp", (X, Y), rng=0), TypeError, r"model is str; a torch.nn.Module is needed"),
        (lambda: fit(model(), (X, Y), {"epochs": 3}, rng=0), TypeError, r"config is dict; a Config is needed"),
        (
            lambda: fit(model(), weighted(), rng=0),
            ValueError,
            "WeightedRandomSampler decides which examples come.*valid",
        ),
        (lambda: fit(model(), DataLoader(Endless()), rng=0), ValueError, "Endless of the DataLoader has no length"),
        (lambda: fit(model(), DataLoader(X), rng=0), ValueError, r"a batch of the DataLoader has Tensor; a pair"),
        (lambda: fit(model(), (X, Y), Config(loss="mean_squared_error"), rng=0), ValueError, "needs numbers to tell"),
        (
            lambda: fit(model(2), (X, NUMBERS), Config(loss=CrossEntropy()), rng=0),
            ValueError,
            "needs classes; the labels",
        ),
        (lambda: Config(optimizer="adman"), ValueError, "no optimizer 'adman': adam, sgd are known. Did you mean adam"),
        (lambda: Config(optimizer=torch.optim.Adam), TypeError, r"optimizer is Adam: give Adam\(\), SGD\(\), another"),
        (lambda: Config(optimizer=torch.optim.SGD([torch.ones(1)])), TypeError, r"optimizer is SGD: give Adam\(\)"),
        (lambda: Config(schedule=0.5), TypeError, r"schedule is float: give ConstantRate\(\), CosineRate\(\)"),
        (lambda: Config(loss=CrossEntropy), TypeError, r"loss is CrossEntropy: give CrossEntropy\(\)"),
        (lambda: predict(model(), X[:, :5], load("digits")), ValueError, "inputs have 5 features; digits has 64"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(act, error, message):
    with pytest.raises(error, match=message):
        act()
