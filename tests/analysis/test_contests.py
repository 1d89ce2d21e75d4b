"""The best of a study, and differences from its reference, against numbers worked out by other means."""

import numpy as np
import pytest
from scipy import stats
from tests.analysis.invented import results, row, table

from gossamer.analysis.contests import best_of, contests, left_out


@pytest.fixture
def found():
    return table()


def test_the_best_of_all_means_is_not_its_own_judge(found):
    groups = found.groups
    assert best_of(groups, "accuracy").title == "fibonacci, degree 8"
    chosen = [row("fibonacci", 8, seed)["accuracy"] for seed in range(3)]
    honest = left_out(groups, "accuracy")
    assert honest.n == 3
    assert honest.mean == pytest.approx(np.mean(chosen))
    rows = [row("fibonacci", 8, 0), row("erdos_renyi", 8, 0)]
    assert left_out(results(rows).groups, "accuracy") is None


def test_a_lucky_seed_does_not_win_when_it_judges():
    lucky = {0: 0.99, 1: 0.5, 2: 0.5}
    rows = [row("fibonacci", 8, seed) | {"accuracy": lucky[seed]} for seed in range(3)]
    rows += [row("erdos_renyi", 8, seed) | {"accuracy": 0.6} for seed in range(3)]
    groups = results(rows).groups
    assert best_of(groups, "accuracy").name == "fibonacci"
    assert left_out(groups, "accuracy").mean == pytest.approx((0.6 + 0.5 + 0.5) / 3)


def test_contests_are_paired_and_corrected_by_holm(found):
    reference, contested = contests(found.groups, "accuracy")
    assert reference == "erdos_renyi"
    raw = []
    for contest, degree in zip(contested, (2, 8), strict=True):
        samples = [[row(name, degree, seed)["accuracy"] for seed in range(3)] for name in ("fibonacci", "erdos_renyi")]
        raw.append(stats.ttest_rel(*samples).pvalue)
        assert contest.gap.mean == pytest.approx(np.mean(samples[0]) - np.mean(samples[1]))
    low, high = sorted(raw)
    assert sorted(each.p_holm for each in contested) == pytest.approx([min(1, 2 * low), max(2 * low, high)])


def test_runs_without_seeds_are_not_paired(found):
    rows = [row(name, 8, seed) | {"seed": None} for name in ("erdos_renyi", "fibonacci") for seed in range(3)]
    groups = results(rows).groups
    assert [len(group.by_seed("accuracy")) for group in groups] == [3, 3]
    (contest,) = contests(groups, "accuracy")[1]
    assert not contest.gap.paired
    assert left_out(groups, "accuracy") is None
