"""The critic distance against exact W₁: never above it, and near it where few points are."""

import numpy as np
import pytest
import torch

from gossamer.probes import critic_distance, lipschitz_critic, wasserstein

pytestmark = pytest.mark.usefixtures("one_thread")


def _pairs():
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(24, 2))
    return {
        "the same points": (cloud, cloud[::-1]),
        "a shift": (cloud, cloud + np.array([1.0, -2.0])),
        "a line": (rng.normal(size=30), rng.exponential(size=20)),
        "far from 0 and small": (1e5 + 1e-6 * cloud, 1e5 + 2e-6 * cloud),
        "sizes differ": (cloud[:9], 3 * cloud),
        "one point each": ([[1.0, 1.0]], [[4.0, 5.0]]),
        "all in one": (np.zeros((4, 3)), np.zeros((5, 3))),
        "ten dimensions": (rng.normal(size=(15, 10)), rng.uniform(size=(15, 10))),
    }


@pytest.mark.parametrize("name", _pairs())
@pytest.mark.parametrize("settings", [{}, {"depth": 1}, {"density": 0.4, "depth": 4}])
def test_it_never_exceeds_w1(name, settings):
    x, y = _pairs()[name]
    rng = np.random.default_rng(1) if settings else None
    assert 0 <= critic_distance(x, y, steps=20, width=8, rng=rng, **settings) <= wasserstein(x, y)


@pytest.mark.parametrize("name", ["a shift", "a line", "one point each"])
def test_it_comes_near_where_w1_is_easy(name):
    x, y = _pairs()[name]
    assert critic_distance(x, y, steps=120) > 0.97 * wasserstein(x, y)


def test_the_critic_found_is_lipschitz_and_gives_the_distance():
    x, y = _pairs()["sizes differ"]
    found = lipschitz_critic(x, y, steps=30)
    with torch.no_grad():
        values = [found.critic(torch.from_numpy(points)).squeeze(1) for points in (x, y)]
        a, b = torch.randn(2, 400, 2, dtype=torch.float64) * 3
        slopes = (found.critic(a) - found.critic(b)).abs().squeeze(1) / (a - b).norm(dim=1)
    assert float(values[0].mean() - values[1].mean()) == pytest.approx(found.distance, rel=1e-6)
    assert slopes.max() <= 1 + 1e-12
    assert found.record()["critic_distance"] == found.distance
    assert "W₁" in str(found)
    assert found.plot().get_ylabel() == "distance found so far"


def test_the_start_takes_no_chance_without_rng():
    x, y = _pairs()["ten dimensions"]
    assert critic_distance(x, y, steps=10) == critic_distance(x, y, steps=10)


@pytest.mark.parametrize("settings", [{"width": 3}, {"depth": 0}, {"steps": 0}, {"density": 0.5}, {"density": 0.0}])
def test_settings_that_make_no_critic_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        critic_distance([[0.0]], [[1.0]], **settings)
    with pytest.raises(ValueError, match="not finite"):
        critic_distance([[np.inf]], [[1.0]])
