"""The section of probes: one row a network with the probes' numbers, and what is said where there are none."""

import re

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.analysis.groups import Results
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.probed import output_distance, probed
from gossamer.reports.study.probes import COLUMNS, _chosen, probes_part
from gossamer.studies import Architecture, Experiment, InProcess, Run, Study
from gossamer.studies.store.run_folder import RunFolder
from gossamer.training import Config


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A sparse network with RigL and a dense one, trained for a moment."""
    sparse = Architecture(gs.generators.GENERATORS["erdos_renyi"], (12, 8), (100, 40, None))
    rule = gs.rewiring.rigl(every=3, until=9)
    config = Config(epochs=1)
    runs = [
        Run(Experiment(sparse, config, 0, rule), "digits", labels={"topology": "erdos_renyi", "seed": 0}),
        Run(
            Experiment(Architecture(None, (12,), (None, None)), config, 0),
            "digits",
            labels={"topology": "dense", "seed": 0},
        ),
    ]
    made = Study("probed", runs, tmp_path_factory.mktemp("study"), measures=())
    assert not made.execute(InProcess()).failed
    return made


def part_of(study):
    material = Material(study)
    return probes_part(Results(material.frame(), ("topology", "seed")), material), material


def test_rows_hold_the_probes_numbers(study):
    part, material = part_of(study)
    assert isinstance(part, Part)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(<td.*?)</tr>", part.body)]
    assert [len(row) for row in cells] == [len(COLUMNS)] * 2
    for row, entry in zip(cells, study.entries, strict=True):
        network = material.network(entry.digest)
        layers = gs.probes.weights.layers_of(network)
        persistence = gs.measures.neural_persistence(layers)
        assert row[3:5] == [f"{persistence.mean:.4g}", f"{persistence.weight_variance:.4g}"]
        (i, j), _ = gs.probes.nid(layers).top(1)[0]
        assert row[6].startswith(f"{i}–{j}")
        assert 0 <= float(row[8]) <= 1
        assert float(row[9]) == pytest.approx(12 * np.log10(2), rel=1e-3)
    first, _ = study.entries
    moved = gs.distances.nnstd(study.topology(first.digest, "start"), study.topology(first.digest))
    assert cells[0][2] == f"{moved.mean:.4g}" and cells[1][2] == "–"
    assert float(cells[0][10]) == 0 < float(cells[1][10])
    names = re.findall(r'<img alt="(\w+) of', part.body)
    assert {"Interactions", "Landscape", "Gates"} < set(names) and len(set(names)) == len(names) / 2
    assert material.gaps == {}


def test_every_group_has_a_row_before_a_second_seed_has_one(fabricate, tmp_path):
    labels = [{"topology": name, "degree": 4, "seed": seed} for name in ("fibonacci", "erdos_renyi") for seed in (0, 1)]
    made = fabricate(tmp_path, labels, rng=np.random.default_rng(0))
    results = Results(Material(made).frame(), ("topology", "degree", "seed"))
    wanted = (("fibonacci", 0), ("fibonacci", 1), ("erdos_renyi", 0))
    titles = [run.title for run in _chosen(results.groups, 3)]
    assert titles == [f"{name}, degree 4, seed {seed}" for name, seed in wanted]
    assert len(_chosen(results.groups, 99)) == 4


def test_rows_are_as_many_as_asked_for(study):
    material = Material(study)
    part = probes_part(Results(material.frame(), ("topology", "seed")), material, most=1)
    assert part.body.count("<tr><td") == 1 and "Of 2 networks, 1 are looked at" in part.words


def test_a_run_without_weights_is_left_out_and_named(study):
    digest = study.entries[0].digest
    weights = RunFolder(study.folder / "runs" / digest).weights
    kept = weights.read_bytes()
    weights.unlink()
    try:
        part, material = part_of(study)
    finally:
        weights.write_bytes(kept)
    assert isinstance(part, Part) and part.body.count("data:image/png;base64,") == 4
    assert list(material.gaps) == [f"weights of {digest}"]


def test_a_study_without_networks_has_no_section(fabricate, tmp_path):
    made = fabricate(tmp_path, [{"topology": "fibonacci", "degree": 4}], rng=np.random.default_rng(0))
    part, _ = part_of(made)
    assert part == Absent("no finished run has kept the weights of a perceptron.")


def test_without_data_what_needs_weights_alone_is_there():
    network = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    found = probed(network, None, None, np.random.default_rng(0))
    assert found.flatness is None and found.outputs is None and found.nnstd is None
    assert found.log10_regions == pytest.approx(4 * np.log10(2)) and found.pairs is not None
    assert output_distance(found, found) is None
    assert [type(each).__name__ for each in found.drawn] == ["Interactions"]


def test_what_refuses_is_a_gap_and_no_error():
    found = probed(torch.nn.Sequential(torch.nn.Linear(5, 4)), None, None, np.random.default_rng(0))
    assert found.pairs is None and found.drawn == ()
