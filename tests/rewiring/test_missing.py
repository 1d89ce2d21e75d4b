"""The places of the largest gradients are those that a dense gradient shows."""

import numpy as np
import pytest
import torch

from gossamer import native
from gossamer.rewiring.missing import MissingGradient


def dense_answer(x, dz, count, excluded):
    """By sorting all magnitudes in float64; of equal ones the lowest keys."""
    magnitudes = (dz.double().t() @ x.double()).abs().reshape(-1).numpy()
    magnitudes[excluded] = -1
    order = np.lexsort((np.arange(len(magnitudes)), -magnitudes))
    return np.sort(order[: min(count, len(magnitudes) - len(excluded))])


def whole_numbers(batch, width, *, rng, high):
    """Numbers whose products and sums are exact in float32, so that there are ties, and all orders of summing agree."""
    return torch.from_numpy(rng.integers(-high, high + 1, size=(batch, width))).float()


@pytest.fixture(params=["avx512", "avx2", "portable"])
def instruction_set(request):
    if native.extension is None:
        pytest.skip("the extension was not built")
    if request.param not in native.extension.instruction_sets():
        pytest.skip(f"{request.param} does not run here")
    before = native.extension.instruction_set()
    native.extension.use_instruction_set(request.param)
    yield
    native.extension.use_instruction_set(before)


@pytest.mark.parametrize(
    ("batch", "inputs", "outputs", "held", "count"),
    [(1, 7, 5, 3, 4), (33, 130, 97, 400, 20_000), (5, 64, 49, 0, 1), (12, 300, 200, 500, 700), (3, 2000, 120, 900, 40)],
)
@pytest.mark.parametrize("high", [1, 1000])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_largest_natively(instruction_set, batch, inputs, outputs, held, count, high, threads):
    rng = np.random.default_rng(batch)
    x, dz = (whole_numbers(batch, width, rng=rng, high=high) for width in (inputs, outputs))
    excluded = np.sort(rng.choice(inputs * outputs, held, replace=False))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for rows in (x, x.t().contiguous().t(), x.double()):
            found = MissingGradient([(0, rows, dz.to(rows.dtype))]).largest(count, excluded)
            assert np.array_equal(found, dense_answer(x, dz, count, excluded))
    finally:
        torch.set_num_threads(before)


def test_the_largest_where_the_sample_misleads(instruction_set):
    x, dz = torch.ones(1, 640), torch.zeros(1, 600)
    dz[0, 300] = 1
    x[0, 200:] = 0  # 200 places of one output; all others are 0
    found = MissingGradient([(0, x, dz)]).largest(250, np.array([300 * 640]))
    expected = dense_answer(x, dz, 250, np.array([300 * 640]))
    assert np.array_equal(found, expected)


def test_products_that_are_no_number_are_never_sought(instruction_set):
    x = torch.tensor([[torch.inf, 1.0], [torch.inf, 2.0]])
    dz = torch.tensor([[10.0, 1.0], [-10.0, 1.0]])
    assert list(MissingGradient([(0, x, dz)]).largest(4, np.empty(0, dtype=np.int64))) == [1, 2, 3]


@pytest.mark.skipif(native.extension is None, reason="the extension was not built")
@pytest.mark.parametrize("held", [[3, 1], [1, 1], [-1], [6]])
def test_held_keys_that_are_refused(held):
    missing = MissingGradient([(0, torch.ones(2, 3), torch.ones(2, 2))])
    with pytest.raises(ValueError, match="held keys must ascend"):
        missing.largest(1, np.array(held))


def test_the_largest_without_the_extension(monkeypatch):
    monkeypatch.setattr(native, "extension", None)
    rng = np.random.default_rng(0)
    x, dz = whole_numbers(9, 30, rng=rng, high=3), whole_numbers(9, 20, rng=rng, high=3)
    excluded = np.array([1, 7, 100])
    found = MissingGradient([(0, x, dz)]).largest(50, excluded)
    assert np.array_equal(found, dense_answer(x, dz, 50, excluded))
