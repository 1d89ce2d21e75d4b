"""Spectra of grouped junctions against dense eigenvalues of the same edges."""

import itertools

import numpy as np
import pytest

import gossamer as gs
from gossamer.measures import algebraic_connectivity, effective_paths, singular_values, spectral_gap
from gossamer.measures.laplacian import laplacian_eigenvalues
from gossamer.topology import Bipartite, Grouped

RNG = np.random.default_rng(0)
BASES = [
    gs.generators.constant_fan_in(7, 5, 3, rng=RNG),
    gs.generators.erdos_renyi(6, 9, 13, rng=RNG),  # several components
    gs.generators.erdos_renyi(5, 4, 17, rng=RNG),
    Bipartite.from_mask([[1]]),
    Bipartite.from_mask([[0]]),
    Bipartite.from_mask([[1, 0], [0, 1]]),
]


def dense_laplacian(g):
    mask = g.to_mask().astype(float)
    square = np.block([[np.zeros((len(mask),) * 2), mask], [mask.T, np.zeros((mask.shape[1],) * 2)]])
    return np.diag(square.sum(0)) - square


@pytest.mark.parametrize("base", BASES, ids=repr)
@pytest.mark.parametrize("group", list(itertools.product((1, 2, 4), repeat=2)), ids=str)
def test_spectra(base, group):
    g = Grouped(base, outputs=group[0], inputs=group[1])
    expected = np.linalg.eigvalsh(dense_laplacian(g))
    np.testing.assert_allclose(laplacian_eigenvalues(g), expected, atol=1e-10)
    assert algebraic_connectivity(g) == pytest.approx(expected[1], abs=1e-10)
    assert spectral_gap(g) == pytest.approx(min(expected[expected > 1e-9], default=0.0), abs=1e-9)
    values = np.linalg.svd(g.to_mask().astype(float), compute_uv=False)
    np.testing.assert_allclose(singular_values(g), values, atol=1e-10)
    for count in (1, len(values), len(values) + 3):
        np.testing.assert_allclose(singular_values(g, count=count), values[:count], atol=1e-10)
    assert effective_paths(g) == g.num_edges
