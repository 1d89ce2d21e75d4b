"""The page of the frontier: which dense networks are as quick as a sparse one, and when that is not tested."""

import importlib.util
import itertools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page():
    """The module."""
    spec = importlib.util.spec_from_file_location("frontier_page", ROOT / "benchmarks" / "frontier_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged(page, *dense, sparse=(1.0, 90)):
    """The contest per second of a static network against dense ones; all are (seconds, accuracy)."""
    wiggle = (0.1, -0.1, 0.05, -0.05)

    def point(contender, seconds, accuracy):
        accuracies = {seed: accuracy + by * (2 if contender == "static" else 1) for seed, by in enumerate(wiggle)}
        return page.Point(contender, 0.1, 1000, seconds, accuracies)

    points = [point("static", *sparse), *(point(page.SHALLOW, *each) for each in dense)]
    found = [each for each in page.contests(points) if each.kind == "no more seconds"]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("dense", "verdict"),
    [
        ([(1.0, 85)], "**wins**"),
        ([(0.81, 85)], "**wins**"),
        ([(0.79, 85)], "not tested"),
        ([(0.5, 85), (4.0, 99)], "not tested"),
        ([(0.5, 90)], "not tested"),
        ([(0.9, 90)], "not decided"),
        ([(0.5, 95)], "loses"),
        ([(0.5, 85), (1.01, 95)], "loses"),
        ([(0.9, 85), (1.24, 95)], "loses"),
        ([(0.9, 85), (1.26, 95)], "**wins**"),
    ],
)
def test_rivals_are_about_as_quick_or_nothing_is_won(page, dense, verdict):
    assert judged(page, *dense).verdict == verdict


def test_without_a_quick_rival_there_is_no_contest(page):
    assert judged(page, (1.3, 80)) is None


def test_networks_on_pytorchs_layers_fill_no_gap(page):
    points = [
        page.Point("static", 0.1, 1000, 1.0, {0: 90.0, 1: 91.0, 2: 90.2}),
        page.Point(page.NARROW, 0.1, 1000, 1.0, {0: 80.0, 1: 80.5, 2: 80.1}),
    ]
    verdicts = {each.kind: each.verdict for each in page.contests(points)}
    assert verdicts == {"equal edges": "**wins**", "no more seconds": "not tested"}


def test_the_short_table_says_what_is_not_tested(page):
    missing, tested = judged(page, (0.5, 85)), judged(page, (1.0, 85))
    assert page.span([missing], "no more seconds", 0.1) == "not tested"
    assert page.span([missing, tested], "no more seconds", 0.1) == "+5.0 to +5.0, 1 not tested"
    assert page.span([tested], "no more seconds", 0.03) == "–"


def test_least_seconds_of_the_same_work_differ_as_told(page):
    lines = sorted(
        (line for line in page.kept() if line["seed"] < page.FIRST_TUNING_SEED),
        key=lambda line: (line["contender"], line["density"], line["data"]),
    )
    apart = {}
    for place, runs in itertools.groupby(lines, key=lambda line: (line["contender"], line["density"])):
        least = [min(run["seconds"] for run in those) for _, those in itertools.groupby(runs, lambda run: run["data"])]
        if len(least) > 1:
            apart[place] = round(100 * (max(least) / min(least) - 1))
    assert max(value for (_, density), value in apart.items() if density >= 0.01) == 7
    assert sorted(value for (_, density), value in apart.items() if density == 0.005)[-4:-3] <= [7]
    assert sorted(value for (_, density), value in apart.items() if density == 0.005)[-3:] == [11, 24, 56]
