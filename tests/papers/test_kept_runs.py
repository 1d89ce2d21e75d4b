"""Two networks of a committed study are trained again, and come to the accuracy and loss that were kept."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch

from gossamer.errors import DataUnavailableError
from gossamer.papers.connectivity.plan import intervention
from gossamer.papers.connectivity.tables import plan_of
from gossamer.papers.neighbours import FULL, PARTS
from gossamer.papers.neighbours.part import kept
from gossamer.studies.run import dataset
from gossamer.timing.environment import kernels

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "results" / "connectivity"
SHARED = ROOT.parent / "shared" / "data"
WANTED = {"data": "mnist", "degree": 4, "depth": 1, "seed": 0}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def results():
    return json.loads((KEPT / "results.json").read_text(encoding="utf-8"))


def test_the_results_keep_the_commit_that_they_were_made_with(results):
    assert len(results["environment"]["commit"]) == 40
    assert set(results["environment"]["commit"]) <= set("0123456789abcdef")


@pytest.fixture
def mnist(monkeypatch):
    """The data, from beside the checkout if they are there."""
    if SHARED.exists():
        monkeypatch.setenv("GOSSAMER_DATA", str(SHARED))
    try:
        return dataset("mnist")
    except DataUnavailableError as error:
        pytest.skip(f"the kept runs are of MNIST: {error}")


@pytest.mark.parametrize("arm", ["modules", "random"])
def test_a_kept_run_comes_to_the_same_numbers_when_it_is_trained_again(arm, results, mnist):
    """To the digit by the kernels and the PyTorch that the kept one ran with, else within half a point."""
    rows = pd.read_csv(KEPT / "data" / "runs-dial-mnist-first.csv")
    wanted = WANTED | {"topology": arm}
    (row,) = rows[(rows[list(wanted)] == pd.Series(wanted)).all(axis=1)].itertuples()
    plan = plan_of(results["plan"])
    (run,) = [run for run in intervention(plan, "mnist", range(1)) if wanted.items() <= dict(run.labels).items()]
    outcome = run.experiment.run(mnist)
    made_with = results["environment"]
    if (made_with["kernels"], made_with["torch"]) == (kernels(), torch.__version__):
        assert (outcome.test.accuracy, outcome.test.loss) == (row.accuracy, pytest.approx(row.loss, rel=1e-12))
    else:
        assert outcome.test.accuracy == pytest.approx(row.accuracy, abs=0.005)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_kept_measurement_of_the_neighbours_is_one_of_the_plan(part):
    folder = KEPT.parent / "neighbours"
    lines = (folder / "parts" / f"{part.name}.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(kept(part, getattr(FULL, part.name), folder)) == len(lines)
