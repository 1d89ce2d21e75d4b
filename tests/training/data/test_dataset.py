"""Data sets as values: what they accept, how they split and scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossamer.training.data import Dataset, Examples, load


def make(count=20, features=3):
    rng = np.random.default_rng(0)
    return Examples(rng.normal(size=(count, features)), rng.integers(0, 2, count))


def dataset(**changes):
    arguments = {"shape": (3,), "classes": ("a", "b"), "source": "", "licence": ""} | changes
    return Dataset("made", make(), make(5), **arguments)


@given(st.integers(2, 50), st.integers(0, 5))
def test_a_split_is_a_partition_decided_by_its_rng(count, seed):
    examples = Examples(np.arange(count, dtype=np.float32)[:, None], np.zeros(count, dtype=np.int64))
    kept, held = examples.split(0.5, rng=np.random.default_rng(seed))
    again, _ = examples.split(0.5, rng=np.random.default_rng(seed))
    assert len(held) == round(count / 2)
    assert sorted([*kept.inputs[:, 0], *held.inputs[:, 0]]) == list(range(count))
    assert np.array_equal(kept.inputs, again.inputs)


@pytest.mark.parametrize("fraction", [0, 0.01, 0.99, 1, -0.5, 2, float("nan")])
def test_a_split_with_an_empty_part_is_refused(fraction):
    with pytest.raises(ValueError, match="leaves one part empty"):
        make().split(fraction, rng=np.random.default_rng(0))


def test_a_split_wants_a_generator_or_its_seed():
    seeded, drawn = make().split(0.5, rng=0), make().split(0.5, rng=np.random.default_rng(0))
    assert np.array_equal(seeded[0].inputs, drawn[0].inputs)
    for wrong in (None, 0.5, True, np.random.RandomState(0)):
        with pytest.raises(TypeError, match=r"not a numpy\.random\.Generator"):
            make().split(0.5, rng=wrong)


@pytest.mark.parametrize(
    ("inputs", "labels", "error", "message"),
    [
        (np.zeros(3), [0], ValueError, r"inputs has shape \(3,\)"),
        (np.zeros((0, 3)), [], ValueError, r"inputs has shape \(0, 3\)"),
        (np.zeros((3, 0)), [0, 0, 0], ValueError, r"inputs has shape \(3, 0\)"),
        (np.array([[0.0, np.nan]]), [0], ValueError, r"inputs\[0, 1\]=nan"),
        (np.array([[0.0], [-np.inf]]), [0, 0], ValueError, r"inputs\[1, 0\]=-inf"),
        (np.zeros((1, 2), dtype=int), [0], TypeError, "inputs has dtype int64"),
        (np.zeros((1, 2)), [0, 1], ValueError, r"labels has shape \(2,\)"),
        (np.zeros((1, 2)), ["a"], TypeError, "labels has dtype <U1"),
        (np.zeros((1, 2)), [0.5, 0.5], ValueError, r"labels has shape \(2,\)"),
        (np.zeros((1, 2)), [np.nan], ValueError, r"labels\[0, 0\]=nan"),
        (np.zeros((1, 2)), [-1], ValueError, "label -1 is not allowed"),
    ],
)
def test_bad_examples_are_refused(inputs, labels, error, message):
    with pytest.raises(error, match=message):
        Examples(inputs, np.array(labels))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (2, 2)}, "train has 3 features"),
        ({"classes": ("a",)}, "train has label 1; there are 1 classes"),
        ({"classes": ()}, "one of them is needed"),
        ({"classes": (), "targets": ("y",)}, "the labels of train are classes"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataset(**changes)


def test_examples_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        make().inputs[0, 0] = 1


def test_scaling_is_the_training_inputs_mean_and_deviation():
    digits = load("digits")
    pixels = digits.train.inputs.astype(np.float64)
    assert digits.scaling == pytest.approx((pixels.mean(), pixels.std()))
    assert dataset().scaling == pytest.approx((make().inputs.mean(), make().inputs.std()), rel=1e-5)
    flat = Examples(np.full((2, 3), 7, np.uint8), np.array([0, 1]))
    assert Dataset("flat", flat, flat, (3,), ("a", "b"), "", "").scaling == (7.0, 1.0)


def test_a_digest_names_the_contents():
    assert dataset().digest == dataset(licence="other").digest
    assert dataset().digest != dataset(classes=("a", "c")).digest


def test_the_embedded_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    digits = load("digits")
    assert np.array_equal(np.concatenate([digits.train.inputs, digits.test.inputs]), images)
    assert np.array_equal(np.concatenate([digits.train.labels, digits.test.labels]), labels)
    assert set(digits.test.labels) == set(range(10))
