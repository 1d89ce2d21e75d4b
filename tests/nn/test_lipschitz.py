"""Orthonormalisation and GroupSort against the fixtures of the authors' code, the SVD, and sorting."""

from pathlib import Path

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.nn import BjorckLinear, GroupSort, bjorck, group_sort, lipschitz_bound

FIXTURE = Path(__file__).parents[2].parent / "shared" / "fixtures" / "probes" / "wgan_groupsort.npz"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def expected():
    if not FIXTURE.exists():
        pytest.skip(f"the fixture is not at {FIXTURE}")
    with np.load(FIXTURE) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


@pytest.mark.parametrize("steps", [1, 3, 4, 20])
def test_bjorck_is_that_of_the_authors(expected, steps):
    torch.testing.assert_close(bjorck(expected["bjorck_W"], steps), expected[f"bjorck_iters{steps}"])


def test_a_critic_of_the_authors_gives_the_same(expected):
    x = expected["disc_in"]
    for number in (0, 2, 4, 6):
        x = group_sort(x) if number else x
        x = x @ bjorck(expected[f"disc/linear.{number}.weight"], 3).T + expected[f"disc/linear.{number}.bias"]
    torch.testing.assert_close(x, expected["disc_out"])
    torch.testing.assert_close(group_sort(expected["maxmin_in"]), expected["maxmin_out"])


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (1, 4)])
def test_bjorck_finds_the_polar_factor(shape):
    torch.manual_seed(0)
    w = torch.randn(shape, dtype=torch.float64)
    u, _, v = torch.linalg.svd(w, full_matrices=False)
    torch.testing.assert_close(bjorck(w, 60), u @ v)


def test_group_sort_keeps_the_values_of_each_pair():
    x = torch.randn(4, 3, 8)
    pairs, sorted_pairs = x.unflatten(-1, (4, 2)), group_sort(x).unflatten(-1, (2, 4)).transpose(-1, -2)
    assert torch.equal(pairs.sort(-1, descending=True).values, sorted_pairs)
    with pytest.raises(ValueError, match="even"):
        group_sort(torch.ones(3))


def test_a_sparse_layer_has_its_edges_only_and_no_singular_value_above_one():
    junction = gs.generators.erdos_renyi(12, 10, 50, rng=np.random.default_rng(0))
    layer = BjorckLinear(12, 10, junction=junction, dtype=torch.float64)
    q = layer.orthonormalised().detach().numpy()
    assert not q[~junction.to_mask()].any()
    values = np.linalg.svd(q, compute_uv=False)
    assert values.max() <= 1 + 1e-12
    # projected steps end nearer to an isometry than dividing by the largest singular value alone would
    raw = junction.to_scipy(layer.weight.detach().numpy()).toarray()
    raw /= np.linalg.svd(raw, compute_uv=False).max()
    assert np.square(q.T @ q - np.eye(12)).sum() < np.square(raw.T @ raw - np.eye(12)).sum()
    assert layer.topology() == junction
    with pytest.raises(ValueError, match="does not fit"):
        BjorckLinear(3, 3, junction=junction)


def test_settling_keeps_the_function_and_needs_fewer_steps():
    layer = BjorckLinear(8, 6, dtype=torch.float64, steps=60)
    x = torch.randn(9, 8, dtype=torch.float64)
    before = layer(x)
    layer.settle()
    torch.testing.assert_close(layer(x), before, atol=1e-5, rtol=1e-5)
    layer.steps = 1
    torch.testing.assert_close(layer(x), before, atol=1e-5, rtol=1e-5)


def test_the_bound_holds_between_points_and_refuses_what_it_does_not_know():
    torch.manual_seed(1)
    network = torch.nn.Sequential(BjorckLinear(2, 8, steps=2), GroupSort(), BjorckLinear(8, 1)).double()
    bound = lipschitz_bound(network)
    x, y = torch.randn(2, 500, 2, dtype=torch.float64)
    slopes = (network(x) - network(y)).abs().squeeze(1) / (x - y).norm(dim=1)
    assert 0 < slopes.max() <= bound
    with pytest.raises(TypeError, match="Linear"):
        lipschitz_bound(torch.nn.Linear(2, 2))
