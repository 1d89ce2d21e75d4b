"""The prediction study on tables whose truth is known: an effect, none at all, and one that is density in disguise."""

import math

import numpy as np
import pytest
from scipy import stats

from gossamer.analysis.prediction import Runs, associate, holm


def table(rng, rows=60, budgets=3):
    """Edge counts, families and densities of runs, balanced over the budgets."""
    edges = np.repeat(np.arange(1, budgets + 1) * 1000, rows // budgets)
    family = np.array(list("abcd"))[rng.integers(0, 4, rows)]
    densities = edges[:, None] / 10_000 * rng.uniform(0.5, 1.5, (rows, 1)) ** [1, -1]
    return edges, family, densities


def runs(measures, accuracy, parts):
    edges, family, densities = parts
    return Runs(measures, family, edges, densities, accuracy)


def test_one_group_gives_spearmans_correlation():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20), rng.integers(0, 5, 20)
    made = Runs({"x": x}, ["a"] * 10 + ["b"] * 10, [7] * 20, rng.random((20, 2)), y)
    (result,) = associate(made, rng=rng, permutations=19)
    assert result.spearman == pytest.approx(stats.spearmanr(x, y).statistic)


def test_partial_correlation_is_that_of_the_residuals_of_ranks():
    rng = np.random.default_rng(1)
    x, y, z = rng.normal(size=(3, 30))
    made = Runs({"x": x}, ["a", "b"] * 15, [7] * 30, z[:, None], y)
    (result,) = associate(made, rng=rng, permutations=19)
    xy, xz, yz = (stats.spearmanr(a, b).statistic for a, b in ((x, y), (x, z), (y, z)))
    assert result.partial == pytest.approx((xy - xz * yz) / math.sqrt((1 - xz**2) * (1 - yz**2)))


def test_edge_count_alone_predicts_nothing():
    """Accuracy and measure both follow the edge count and nothing else: no correlation at a fixed count."""
    rng = np.random.default_rng(2)
    parts = table(rng, 300)
    made = runs({"x": parts[0] / 100 + rng.normal(size=300)}, parts[0] / 100 + rng.normal(size=300), parts)
    (result,) = associate(made, rng=rng, permutations=199)
    assert stats.spearmanr(made.measures["x"], made.accuracy).statistic > 0.8
    assert abs(result.spearman) < 0.2


def test_a_real_effect_is_found_and_carries_over_to_new_families():
    rng = np.random.default_rng(3)
    parts = table(rng, 120)
    x = rng.normal(size=120)
    made = runs({"noise": rng.normal(size=120), "x": x}, x + 0.3 * rng.normal(size=120), parts)
    noise, real = associate(made, rng=rng, permutations=199)
    assert real.spearman > 0.85
    assert real.p_value == real.p_max == 1 / 200
    assert real.p_holm == 2 / 200
    assert min(real.held_out.values()) > 0.6
    assert noise.p_max > 0.05
    assert max(noise.held_out.values()) < 0.3


def test_density_in_disguise_has_no_partial_correlation():
    rng = np.random.default_rng(4)
    parts = table(rng, 300)
    density = parts[2][:, 0] * 1e4 / parts[0]  # the first layer's share at equal edge count
    made = runs({"x": density + 0.1 * rng.normal(size=300)}, density + 0.1 * rng.normal(size=300), parts)
    (result,) = associate(made, rng=rng, permutations=199)
    assert result.spearman > 0.7
    assert result.p_value == 1 / 200
    assert abs(result.partial) < 0.2
    assert result.partial_p_value > 0.01


def test_what_only_tells_families_apart_fails_on_new_ones():
    """Each family has its own luck, which the measure encodes: nothing carries over."""
    rng = np.random.default_rng(5)
    edges, family, densities = table(rng, 120)
    luck = dict(zip("abcd", (0.0, 3.0, 1.0, -2.0), strict=True))
    code = dict(zip("abcd", (0.0, 1.0, 2.0, 3.0), strict=True))
    noise = 0.1 * rng.normal(size=(2, 120))
    x, y = (np.array([values[f] for f in family]) + n for values, n in zip((code, luck), noise, strict=True))
    (result,) = associate(Runs({"x": x}, family, edges, densities, y), rng=rng, permutations=99)
    assert min(result.held_out.values()) < 0


@pytest.mark.parametrize("field", ["p_value", "partial_p_value", "p_max"])
def test_p_values_are_uniform_where_there_is_nothing(field):
    rng = np.random.default_rng(6)
    values = []
    for _ in range(150):
        made = runs({"x": rng.normal(size=24)}, rng.normal(size=24), table(rng, 24))
        values.append(getattr(associate(made, rng=rng, permutations=39)[0], field))
    assert stats.kstest(values, "uniform").statistic < 0.15
    assert min(values) >= 1 / 40


def test_holm_by_hand():
    assert holm([0.01, 0.02, 0.5]).tolist() == pytest.approx([0.03, 0.04, 0.5])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]


def test_constants_are_uncorrelated():
    rng = np.random.default_rng(7)
    made = Runs({"x": np.ones(8)}, list("aabbaabb"), [1] * 8, np.ones((8, 2)), rng.normal(size=8))
    (result,) = associate(made, rng=rng, permutations=9)
    assert (result.spearman, result.partial, result.p_value) == (0, 0, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"measures": {}}, "0 measures of 4 runs"),
        ({"accuracy": [1.0] * 3}, "1 measures of 3 runs"),
        ({"family": ["a"] * 3}, r"family has shape \(3,\)"),
        ({"layer_densities": [1.0] * 4}, r"must be \(4, layers\)"),
        ({"measures": {"x": [1.0, 2.0, np.nan, 3.0]}}, "x has a value that is not finite"),
    ],
)
def test_bad_tables(change, message):
    good = {
        "measures": {"x": [1.0, 2, 3, 4]},
        "family": list("aabb"),
        "num_edges": [1] * 4,
        "layer_densities": [[1.0]] * 4,
        "accuracy": [1.0] * 4,
    }
    with pytest.raises(ValueError, match=message):
        Runs(**(good | change))


def test_rng_is_required_to_be_one():
    with pytest.raises(TypeError, match="rng=0"):
        associate(Runs({"x": range(4)}, list("aabb"), [1] * 4, [[1.0]] * 4, range(4)), rng=0)
