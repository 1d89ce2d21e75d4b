"""Networks of committed numbers are trained again, and come to the accuracy and loss that were kept.

Two are of a committed study on MNIST, which is not everywhere. One is small and of the digits, which always are: its
numbers lie beside this file, as `python tests/papers/test_kept_runs.py` prints them.
"""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch

from gossamer.errors import DataUnavailableError
from gossamer.generators import named
from gossamer.papers.connectivity.plan import intervention
from gossamer.papers.connectivity.tables import plan_of
from gossamer.papers.neighbours import FULL, PARTS
from gossamer.papers.neighbours.part import kept
from gossamer.studies import Architecture, Experiment, Run
from gossamer.studies.run import dataset
from gossamer.timing.environment import environment, kernels
from gossamer.training import SGD, Config

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "results" / "connectivity"
SHARED = ROOT.parent / "shared" / "data"
WANTED = {"data": "mnist", "degree": 4, "depth": 1, "seed": 0}
DIGITS = Path(__file__).with_name("kept_run_of_digits.json")

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
    require_as_kept(run, row.accuracy, row.loss, results["environment"])


def require_as_kept(run, accuracy, loss, made_with):
    outcome = run.experiment.run(dataset(run.data))
    if (made_with["kernels"], made_with["torch"]) == (kernels(), torch.__version__):
        assert (outcome.test.accuracy, outcome.test.loss) == (accuracy, pytest.approx(loss, rel=1e-12))
    else:
        assert outcome.test.accuracy == pytest.approx(accuracy, abs=0.005)


def run_of_digits() -> Run:
    """A sparse network with one hidden layer, two epochs."""
    architecture = Architecture(named("fibonacci"), (32,), (64 * 4, None))
    config = Config(epochs=2, batch_size=16, optimizer=SGD(0.1, 0.9))
    return Run(Experiment(architecture, config, seed=0), data="digits")


def test_a_kept_run_of_digits_comes_to_the_same_numbers_on_every_machine():
    """The same, with no data to be had from elsewhere."""
    found = json.loads(DIGITS.read_text(encoding="utf-8"))
    assert len(found["environment"]["commit"]) == 40  # no "+": of sources that a commit holds
    require_as_kept(run_of_digits(), found["accuracy"], found["loss"], found["environment"])


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_kept_measurement_of_the_neighbours_is_one_of_the_plan(part):
    folder = KEPT.parent / "neighbours"
    lines = (folder / "parts" / f"{part.name}.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(kept(part, getattr(FULL, part.name), folder)) == len(lines)


def made_now() -> dict[str, object]:
    """What `DIGITS` is to hold, by this code."""
    torch.set_num_threads(1)
    found = run_of_digits().experiment.run(dataset("digits")).test
    names = ("commit", "kernels", "torch", "numpy", "python", "processor", "threads")
    made_with = {name: value for name, value in environment().items() if name in names}
    command = "python tests/papers/test_kept_runs.py > tests/papers/kept_run_of_digits.json"
    return {"command": command, "accuracy": found.accuracy, "loss": found.loss, "environment": made_with}


if __name__ == "__main__":
    print(json.dumps(made_now(), indent=2))
