"""Probes as numbers of trained networks: what they are, what refuses, and studies and reports that take them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer import probes
from gossamer.analysis.groups import Results
from gossamer.probes.measures import MEASURES
from gossamer.probes.readings import READINGS, Trained, read
from gossamer.reports.study.connectivity import measure_associations
from gossamer.studies import Architecture, Experiment, InProcess, Run, Study
from gossamer.studies.measures import known_measures
from gossamer.studies.search import Prescreen
from gossamer.studies.store.run_folder import RunFolder
from gossamer.studies.store.trained import trained_network
from gossamer.training import Config
from gossamer.training.data import load

pytestmark = pytest.mark.usefixtures("one_thread")
EXAMPLES_PROBES = tuple(READINGS)


def rng_of(name):
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(0)
    x, y = torch.randn(40, 5), torch.arange(40) % 3
    start = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))
    return Trained(model, start, x, y, nn.functional.cross_entropy)


def test_readings_are_the_probes_numbers(trained):
    model, x, y = trained.model, trained.inputs, trained.targets
    found = read(EXAMPLES_PROBES, trained, rng_of)
    plane = probes.landscape(model, x, y, rng=rng_of(""), points=9)
    assert found["flat_share"] == plane.flat_share and found["loss_rise"] == pytest.approx(plane.rise)
    assert found["hessian_max"] == pytest.approx(plane.curvature.largest)
    assert found["gates_closed"] == probes.gates(model, x, y, rng=rng_of(""), steps=100).record()["gates_closed"]
    assert found["boundary_mass"] == pytest.approx(probes.gradient_mass(model, x, y).boundary_mass[3])
    near = (abs(model[0](x).detach()) <= 2 * math.acosh(math.sqrt(2))).double().mean()
    assert found["slab_fraction"] == pytest.approx(float(near))
    with torch.no_grad():
        before, after = trained.start(x), model(x)
    assert 0 < found["output_distance"] <= probes.wasserstein(before, after)
    assert all(READINGS[name].low <= value <= READINGS[name].high for name, value in found.items())


def test_what_refuses_is_no_number(trained):
    from dataclasses import replace

    assert read(["slice_regions"], replace(trained, model=nn.Linear(5, 3)), rng_of) == {"slice_regions": None}
    diverged = replace(trained, inputs=trained.inputs * torch.nan)
    assert set(read(EXAMPLES_PROBES, diverged, rng_of).values()) == {None}


def test_a_stranger_is_refused_with_a_guess(trained):
    with pytest.raises(ValueError, match="Did you mean flat_share"):
        read(["flat_shares"], trained, rng_of)
    with pytest.raises(ValueError, match="it needs weights"):
        Prescreen("flat_share", threshold=0.0)
    assert {*READINGS, *MEASURES} < set(known_measures(["hessian_max"]))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Four constructions of as many edges."""
    families = ("erdos_renyi", "fibonacci", "biregular", "constant_fan_in")
    runs = [
        Run(
            Experiment(Architecture(gs.generators.GENERATORS[name], (16,), (256, None)), Config(epochs=1), 0),
            "digits",
            labels={"topology": name, "seed": 0},
        )
        for name in families
    ]
    measures = ("hessian_max", "components", *MEASURES, "slab_fraction")
    made = Study("probed", runs, tmp_path_factory.mktemp("study"), measures=measures)
    assert not made.execute(InProcess()).failed
    return made


def test_a_study_measures_them_of_the_whole_network_on_training_examples(study):
    row, data = study.frame().iloc[0], load("digits")
    model = trained_network(RunFolder(study.folder / "runs" / study.runs[0].digest)).eval()
    place = np.sort(gs.seeds.stream(0, "probed examples").permutation(len(data.train.labels))[:200])
    mean, deviation = data.scaling
    x = torch.from_numpy(((data.train.inputs[place] - mean) / deviation).astype(np.float32))
    y = torch.from_numpy(data.train.labels[place].astype(np.int64))
    assert row["hessian_max"] == pytest.approx(probes.curvature(model, x, y).largest, rel=1e-4)
    assert row["strongest_interaction"] == pytest.approx(max(probes.pid(model).values()), rel=1e-5)
    assert 0 < row["interaction_concentration"] < 1 and row["log10_regions"] == pytest.approx(16 * math.log10(2))


def test_the_test_of_what_goes_with_accuracy_counts_them_in(study):
    results = Results(study.frame(), ("topology", "seed"))
    tested = measure_associations(results, {})
    assert tested.compared == 4
    assert {"hessian_max", "slab_fraction", "interaction_concentration"} <= {each.measure for each in tested.found}
