"""The prediction study on tables whose truth is known: an effect, none at all, and one that is density in disguise."""

import math

import numpy as np
import pytest
from scipy import stats

from gossamer.analysis.correction import holm
from gossamer.analysis.prediction import Runs, associate


def table(rng, families=24, budgets=3, seeds=2):
    """Edge counts, families and densities of runs: every family with every budget and seed."""
    family = np.repeat([f"family {number}" for number in range(families)], budgets * seeds)
    edges = np.tile(np.repeat(np.arange(1, budgets + 1) * 1000, seeds), families)
    densities = edges[:, None] / 10_000 * rng.uniform(0.5, 1.5, (len(edges), 1)) ** [1, -1]
    return edges, family, densities


def runs(measures, accuracy, parts):
    edges, family, densities = parts
    return Runs(measures, family, edges, densities, accuracy)


def test_one_group_gives_spearmans_correlation_over_its_families():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20), rng.integers(0, 5, 20)
    made = Runs({"x": x}, range(20), [7] * 20, rng.random((20, 2)), y)
    (result,) = associate(made, rng=rng, permutations=19)
    assert result.spearman == pytest.approx(stats.spearmanr(x, y).statistic)
    assert result.families == 20


def test_seeds_are_averaged_and_no_witnesses_of_their_own():
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(2, 12, 5))
    families = np.repeat(np.arange(12), 5)
    many = Runs({"x": x.ravel()}, families, [7] * 60, np.ones((60, 1)), y.ravel())
    one = Runs({"x": x.mean(axis=1)}, range(12), [7] * 12, np.ones((12, 1)), y.mean(axis=1))
    found = [associate(each, rng=np.random.default_rng(0), permutations=99)[0] for each in (many, one)]
    assert found[0].spearman == pytest.approx(stats.spearmanr(x.mean(axis=1), y.mean(axis=1)).statistic)
    assert found[0].p_value == found[1].p_value


def test_partial_correlation_is_that_of_the_residuals_of_ranks():
    rng = np.random.default_rng(1)
    x, y, z = rng.normal(size=(3, 30))
    made = Runs({"x": x}, range(30), [7] * 30, z[:, None], y)
    (result,) = associate(made, rng=rng, permutations=19)
    xy, xz, yz = (stats.spearmanr(a, b).statistic for a, b in ((x, y), (x, z), (y, z)))
    assert result.partial == pytest.approx((xy - xz * yz) / math.sqrt((1 - xz**2) * (1 - yz**2)))


def test_edge_count_alone_predicts_nothing():
    """Accuracy and measure both follow the edge count and nothing else: no correlation at a fixed count."""
    rng = np.random.default_rng(2)
    parts = table(rng, 50)
    size = len(parts[0])
    made = runs({"x": parts[0] / 100 + rng.normal(size=size)}, parts[0] / 100 + rng.normal(size=size), parts)
    (result,) = associate(made, rng=rng, permutations=199)
    assert stats.spearmanr(made.measures["x"], made.accuracy).statistic > 0.8
    assert abs(result.spearman) < 0.2
    assert result.held_out_all < 0.05


def test_a_real_effect_is_found_and_carries_over_to_new_families():
    rng = np.random.default_rng(3)
    parts = table(rng)
    size = len(parts[0])
    x = rng.normal(size=size)
    made = runs({"noise": rng.normal(size=size), "x": x}, x + 0.3 * rng.normal(size=size), parts)
    noise, real = associate(made, rng=rng, permutations=199)
    assert real.spearman > 0.85
    assert real.p_value == real.p_max == 1 / 200
    assert real.p_holm == 2 / 200
    assert real.held_out_all > 0.8
    assert min(real.held_out.values()) > 0
    assert noise.p_max > 0.05
    assert noise.held_out_all < 0


def test_density_in_disguise_has_no_partial_correlation():
    rng = np.random.default_rng(4)
    parts = table(rng, 100, seeds=1)
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
    parts = table(rng, 4, seeds=10)
    luck, code = np.repeat([0.0, 3.0, 1.0, -2.0], 30), np.repeat([0.0, 1.0, 2.0, 3.0], 30)
    x, y = (values + 0.1 * rng.normal(size=120) for values in (code, luck))
    (result,) = associate(runs({"x": x}, y, parts), rng=rng, permutations=99)
    assert min(result.held_out.values()) < 0
    assert result.p_value > 0.05


def test_nothing_foretells_nothing_however_much_the_edges_matter():
    """As the paper's figure F7: six constructions, three degrees, five seeds; most of accuracy is the degree's."""
    rng = np.random.default_rng(11)
    parts, found = table(rng, 6, seeds=5), []
    for _ in range(50):
        accuracy = 0.9 + np.log(parts[0]) / 100 + 0.001 * rng.normal(size=90)
        made = runs({"constant": np.ones(90), "noise": rng.normal(size=90)}, accuracy, parts)
        found.append(associate(made, rng=rng, permutations=1))
    assert {value for constant, _ in found for value in constant.held_out.values()} == {0.0}
    assert np.mean([noise.held_out_all for _, noise in found]) < 0
    assert max(noise.held_out_all for _, noise in found) < 0.1


def test_held_out_is_the_error_of_least_squares_against_the_others_mean():
    rng = np.random.default_rng(13)
    parts = table(rng, 5, seeds=1)
    x, y = rng.normal(size=(2, 15))
    (result,) = associate(runs({"x": x}, y, parts), rng=rng, permutations=9)
    test = parts[1] == "family 2"
    design = np.column_stack([x, *(parts[0] == count for count in np.unique(parts[0]))])
    line = np.linalg.lstsq(design[~test], y[~test], rcond=None)[0]
    mean = np.linalg.lstsq(design[~test, 1:], y[~test], rcond=None)[0]
    errors = y[test] - design[test] @ line, y[test] - design[test, 1:] @ mean
    assert result.held_out["family 2"] == pytest.approx(1 - (errors[0] @ errors[0]) / (errors[1] @ errors[1]))


def nothing(rng, *, degrees, seeds, holes=0.0):
    """Families that are good or bad at every degree for reasons of their own, which the measure knows nothing of."""
    parts = table(rng, 8, degrees, seeds)
    edges, family, _ = parts
    number = np.unique(family, return_inverse=True)[1]
    x, y, z = (rng.normal(size=8)[number] + 0.3 * rng.normal(size=len(edges)) for _ in range(3))
    kept = rng.random((8, degrees))[number, edges // 1000 - 1] >= holes
    return Runs({"x": x[kept]}, family[kept], edges[kept], np.column_stack([z, -z])[kept], y[kept])


@pytest.mark.parametrize(("degrees", "seeds"), [(4, 1), (8, 1), (5, 4)])
def test_a_true_null_is_rejected_as_often_as_it_should_be(degrees, seeds):
    """Permuting accuracies within each degree by itself rejects 33 to 49 % here, at a nominal 5 %."""
    rng = np.random.default_rng(6)
    made = (nothing(rng, degrees=degrees, seeds=seeds) for _ in range(400))
    found = [associate(each, rng=rng, permutations=99)[0] for each in made]
    for field in ("p_value", "partial_p_value", "p_max"):
        rate = np.mean([getattr(each, field) <= 0.05 for each in found])
        assert 0.03 <= rate <= 0.07, field


def test_missing_runs_do_not_make_it_reject_more_often():
    rng = np.random.default_rng(8)
    made = [nothing(rng, degrees=5, seeds=1, holes=0.2) for _ in range(400)]
    assert np.mean([associate(each, rng=rng, permutations=99)[0].p_value <= 0.05 for each in made]) <= 0.07


def test_families_without_common_edges_do_not_change_places():
    """Two triples of families at two sizes: six arrangements each, 36 in all."""
    rng = np.random.default_rng(9)
    x = np.array([1.0, 2, 3, 1, 2, 3])
    made = Runs({"x": x}, list("abcdef"), [1, 1, 1, 2, 2, 2], np.ones((6, 1)), x)
    (result,) = associate(made, rng=rng, permutations=3999)
    assert result.p_value == pytest.approx(2 / 36, abs=0.012)


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
    with pytest.raises(TypeError, match=r"rng=0\.5"):
        associate(Runs({"x": range(4)}, list("aabb"), [1] * 4, [[1.0]] * 4, range(4)), rng=0.5)
