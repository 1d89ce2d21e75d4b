"""The benchmark of accuracy at one per cent of the edges: what chooses, what is shown, and what is kept."""

import importlib
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gossamer.training.data import Examples

ROOT = Path(__file__).parents[2]


@pytest.fixture
def module(monkeypatch):
    """A module of benchmarks/ by name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    names = ("accuracy", "accuracy_page", "accuracy_plan")

    def load(name):
        for each in names:
            monkeypatch.delitem(sys.modules, each, raising=False)
        return importlib.import_module(name)

    yield load
    for each in names:
        sys.modules.pop(each, None)


def lines_of(plan, entry, held_out, tests):
    """Runs of an entry: held-out accuracies of its candidates in their order, test accuracies of some of them."""
    told = {"edges": 1000, "seconds": 1.0}
    chosen = [
        plan.pilot(each) | told | {"validation": value} for each, value in zip(entry.candidates, held_out, strict=False)
    ]
    seeds = [
        entry.candidates[k] | told | {"seed": seed, "test": value}
        for k, found in tests.items()
        for seed, value in enumerate(found)
    ]
    return chosen + seeds


def entry_of(plan, data, side):
    """The entry that chooses among all candidates."""
    (found,) = [each for each in plan.PLAN if (each.data, each.side, each.images) == (data, side, "")]
    return found


def test_held_out_examples_choose_whatever_test_examples_say(module):
    page = module("accuracy_page")
    plan = sys.modules["accuracy_plan"]
    entry = entry_of(plan, "mnist", "sparse")
    lines = lines_of(plan, entry, [0.97, 0.99, 0.98, 0.96], {0: [0.999], 1: [0.98, 0.99]})
    assert plan.best(entry.candidates, lines) == entry.candidates[1]
    assert plan.best(entry.candidates, lines[:3]) is None
    row = next(each for each in page.table(lines).splitlines() if "sparse" in each)
    assert "98.50 ± 0.71 %" in row and "| 99.00 % | 1,000 | 2 |" in row and "98.81 %" in row
    assert "99.9" not in row


def test_averaging_leaves_the_mean_of_the_last_hundreds(module):
    benchmark = module("accuracy")
    model, means = torch.nn.Linear(1, 1), benchmark.Averaging(0.25, 1000)
    for step in range(1, 1001):
        torch.nn.init.constant_(model.weight, step)
        run = SimpleNamespace(model=model, step=step)
        means.after_step(run)
        if step in (500, 1000):
            means.after_epoch(run)
            assert model.weight.item() == {500: 500, 1000: (800 + 900 + 1000) / 3}[step]


def test_nothing_is_shown_of_an_entry_that_has_not_chosen(module):
    page = module("accuracy_page")
    plan = sys.modules["accuracy_plan"]
    entry = entry_of(plan, "fashion-mnist", "sparse")
    assert len(page.table(lines_of(plan, entry, [0.9], {0: [0.91]})).splitlines()) == 2


def test_sparse_less_dense_is_paired_by_seed(module):
    page = module("accuracy_page")
    plan = sys.modules["accuracy_plan"]
    sparse, dense = (entry_of(plan, "cifar10-jpeg", side) for side in ("sparse", "dense"))
    lines = lines_of(plan, sparse, [0.6, 0.5, 0.5], {0: [0.60, 0.62, 0.61]})
    lines += lines_of(plan, dense, [0.6, 0.5, 0.5], {0: [0.59, 0.60, 0.60]})
    (told,) = page.gaps(lines)
    gaps = np.array([1.0, 2.0, 1.0])
    half = 4.302653 * gaps.std(ddof=1) / 3**0.5
    assert f"{gaps.mean():+.2f} [{gaps.mean() - half:+.2f}, {gaps.mean() + half:+.2f}] points, n = 3" in told


def test_both_sides_have_as_many_candidates_and_train_as_long(module):
    plan = module("accuracy_plan")
    alone = [plan.SECOND, *(entry for entry in plan.PLAN if " from " in entry.images)]
    rivals = [entry for entry in plan.PLAN if entry not in alone]
    sides = {side: [entry for entry in rivals if entry.side == side] for side in ("sparse", "dense")}
    shapes = {
        side: sorted((e.data, e.images, len(e.candidates), {c["epochs"] for c in e.candidates}.pop()) for e in entries)
        for side, entries in sides.items()
    }
    assert shapes["sparse"] == shapes["dense"]
    entries = [entry for entry in plan.PLAN if entry.images != "images as they are" and " from " not in entry.images]
    names = [plan.name_of(each) for entry in entries for each in entry.candidates]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("kind", "count"), [("none", 1), ("shifts", 5), ("mirrored", 2), ("mirrored and shifts", 10)])
def test_copies_are_moved_images_with_their_labels(module, kind, count):
    benchmark = module("accuracy")
    rng = np.random.default_rng(0)
    images = np.zeros((3, 2, 6, 5), dtype=np.uint8)
    images[:, :, 2:4, 1:4] = rng.integers(1, 255, (3, 2, 2, 3))  # a margin, so that moving is rolling
    found = benchmark.with_copies(Examples(images.reshape(3, -1), np.array([0, 1, 2])), (2, 6, 5), kind)
    assert found.labels.tolist() == [0, 1, 2] * count
    expected = [images, images[..., ::-1]] if "mirrored" in kind else [images]
    if "shifts" in kind:
        moves = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
        expected = [np.roll(each, move, axis=(2, 3)) for each in expected for move in moves]
    assert np.array_equal(found.inputs.reshape(-1, 2, 6, 5), np.concatenate(expected))


def test_what_moves_over_the_edge_is_gone(module):
    benchmark = module("accuracy")
    images = np.arange(1, 5, dtype=np.uint8).reshape(1, 1, 2, 2)
    assert benchmark.moved(images, 1, 0).tolist() == [[[[0, 0], [1, 2]]]]
    assert benchmark.moved(images, 0, -1).tolist() == [[[[2, 0], [4, 0]]]]


def test_kept_test_accuracies_are_of_chosen_settings_alone(module):
    plan = module("accuracy_plan")
    lines = plan.kept()
    assert lines
    chosen = [plan.best(entry.candidates, lines) for entry in plan.PLAN]
    names = {plan.name_of(each | {"seed": 0}) for each in chosen if each is not None}
    for line in lines:
        assert ("test" in line) == (line["seed"] != plan.TUNING_SEED), json.dumps(line)
        assert "test" not in line or plan.name_of(line | {"seed": 0}) in names
        assert re.search(r"fast|avx|kernels", line["environment"])
