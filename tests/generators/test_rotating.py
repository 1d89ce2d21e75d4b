"""The paper's rotated constructions: vectors worked out by hand, and what is said of their components."""

import itertools
import warnings

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gossamer as gs
from gossamer import generators as gen
from gossamer.errors import TopologyWarning
from gossamer.generators.turning import count_components, count_dead_outputs


def quiet(generator, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)
        return generator(*arguments, **options)


def offsets(generator, size, degree, **options):
    return quiet(generator, size, size, degree, **options).offsets.tolist()


@pytest.mark.parametrize(
    ("size", "degree", "expected"),
    [
        (10, 5, [0, 1, 2, 3, 5]),
        (10, 6, [0, 1, 2, 3, 5, 8]),
        (10, 7, [0, 1, 2, 3, 4, 5, 9]),
        (256, 16, [0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 22, 37, 60, 97, 157, 255]),
    ],
)
def test_fibonacci_vectors(size, degree, expected):
    assert offsets(gen.fibonacci, size, degree) == expected


def fibonacci_by_the_words(size, degree, span):
    numbers = [0, 1, 2, 3]
    while len(numbers) < degree:
        numbers.append(numbers[-1] + numbers[-2])
    numbers = numbers[:degree]
    if numbers[-1] > span:
        numbers = [x * span // numbers[-1] for x in numbers]
    taken = []
    for x in numbers:
        while x % size in taken:
            x += 1
        taken.append(x % size)
    return sorted(taken)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 40, 41, 60, 144])
def test_fibonacci_follows_its_words_at_every_degree(size):
    for degree in range(1, size + 1):
        assert offsets(gen.fibonacci, size, degree) == fibonacci_by_the_words(size, degree, size - 1)
        assert offsets(gen.fibonacci, size, degree, span=size) == fibonacci_by_the_words(size, degree, size)


def test_fibonacci_of_a_large_degree_is_exact_and_needs_no_large_numbers():
    g = quiet(gen.fibonacci, 3, 1_000_000, 100_000)
    assert g.offsets[:99_000].tolist() == list(range(99_000))
    assert g.offsets[-1] == 999_999
    assert g.offsets[-2] == 618_033  # (m - 1) / golden ratio


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_small_fibonacci_is_contiguous(degree):
    assert offsets(gen.fibonacci, 10, degree) == offsets(gen.rotating_contiguous, 10, degree) == list(range(degree))


@pytest.mark.parametrize(
    ("size", "degree", "expected"),
    [(10, 2, [0, 5]), (10, 1, [0]), (10, 3, [0, 1, 6]), (11, 4, [0, 1, 5, 8]), (4, 4, [0, 1, 2, 3])],
)
def test_rotating_regular_vectors(size, degree, expected):
    assert offsets(gen.rotating_regular, size, degree) == expected


def test_rotating_even_vectors():
    assert offsets(gen.rotating_even, 10, 4) == [0, 2, 5, 7]
    assert offsets(gen.rotating_even, 12, 3) == [0, 4, 8]


@given(st.integers(1, 12), st.integers(1, 30), st.data())
def test_components_and_dead_outputs_agree_with_networkx(outputs, inputs, data):
    chosen = data.draw(st.sets(st.integers(0, outputs - 1), min_size=1))
    g = gs.Rotated(sorted(chosen), in_features=inputs, out_features=outputs)
    assert count_components(g) == networkx.number_connected_components(g.to_networkx())
    assert count_dead_outputs(g) == np.count_nonzero(g.fan_in == 0)


def test_components_of_every_small_rotated_junction():
    for outputs, inputs in itertools.product(range(1, 8), range(1, 9)):
        for bits in range(1, 2**outputs):
            g = gs.Rotated([j for j in range(outputs) if bits >> j & 1], in_features=inputs, out_features=outputs)
            assert count_components(g) == networkx.number_connected_components(g.to_networkx())


def test_the_known_values_of_the_paper_shapes():
    with pytest.warns(TopologyWarning, match="has 5 components"):
        gen.rotating_regular(20, 10, 2)
    with pytest.warns(TopologyWarning, match="4 components, 4 of them outputs without an input|has 5 components, 4 of"):
        gen.rotating_contiguous(4, 10, 3)
    with pytest.warns(TopologyWarning, match="has 25 components"):
        gen.rotating_even(784, 100, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gen.fibonacci(784, 1000, 16)
        gen.rotating_contiguous(1_000_000, 1_000_000, 2)


@pytest.mark.parametrize(
    ("generator", "outputs", "expected"),
    [
        (gen.rotating_regular, 300, ("0.08", "1.8", "21.9")),
        (gen.fibonacci, 300, ("0.11", "6.1", "6.4")),
        (gen.rotating_contiguous, 300, ("0.01", "0.10", "0.80")),
        (gen.rotating_regular, 100, ("0.84", "12.7", "22.1")),
        (gen.fibonacci, 100, ("1.15", "6.8", "11.5")),
    ],
)
def test_connectivity_of_the_paper_shapes(generator, outputs, expected):
    # The table of the science notes, computed apart from this code; the digits it gives are compared.
    for degree, text in zip((8, 16, 32), expected, strict=True):
        graph = quiet(generator, 784, outputs, degree).to_networkx()
        connectivity = np.linalg.eigvalsh(networkx.laplacian_matrix(graph).toarray().astype(float))[1]
        assert f"{connectivity:.{len(text.partition('.')[2])}f}" == text


def test_fan_in_of_784_to_1000_at_degree_8():
    fan_in = gen.rotating_regular(784, 1000, 8).fan_in
    assert (fan_in.min(), fan_in.max(), fan_in.sum()) == (3, 7, 784 * 8)
    assert gen.rotating_regular(784, 784, 8).fan_in.tolist() == [8] * 784


def test_the_literal_random_vector_is_never_empty_and_has_the_stated_mean():
    rng = np.random.default_rng(0)
    counts = [quiet(gen.rotating_bernoulli, 9, 20, 2.5, rng=rng).offsets.size for _ in range(1500)]
    p_empty = (1 - 2.5 / 20) ** 20
    assert min(counts) == 1
    assert abs(np.mean(counts) - 2.5 / (1 - p_empty)) < 5 * np.std(counts) / np.sqrt(1500)


def test_rotating_random_draws_every_vector():
    rng = np.random.default_rng(0)
    drawn = {tuple(quiet(gen.rotating_random, 5, 5, 2, rng=rng).offsets.tolist()) for _ in range(300)}
    assert drawn == set(itertools.combinations(range(5), 2))
