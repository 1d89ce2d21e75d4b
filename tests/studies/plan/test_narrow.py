"""A study's narrow networks have as many edges as its sparse ones, and no rule."""

import pytest

from gossamer.studies.plan import grid
from gossamer.studies.plan.study_file import StudyFile
from gossamer.studies.run import dataset


def plan(**more):
    words = {"data": "digits", "topology": ["dense", "narrow", "fibonacci"], "hidden": "32,32", "seeds": [0, 1]}
    return StudyFile.model_validate(words | more)


@pytest.mark.parametrize("size", [{"degree": [4, 8]}, {"density": [0.1, 0.3]}])
def test_a_narrow_network_has_the_edges_of_the_sparse_ones(size):
    found = {}
    for run in grid.runs(plan(**size)):
        topology = run.experiment.architecture.topology(dataset("digits"), seed=run.experiment.seed)
        labels = run.labels
        found[labels["topology"], labels.get("degree", labels.get("density")), labels["seed"]] = topology
    (values,) = size.values()
    for value in values:
        sparse, slim = (found[name, value, 0] for name in ("fibonacci", "narrow"))
        assert slim.density == 1 and slim.widths[0] == 64 and slim.widths[-1] == 10
        neuron = max(one + other for one, other in zip(slim.widths, slim.widths[2:], strict=False))
        assert abs(slim.num_edges - sparse.num_edges) <= neuron
        assert all(one < other for one, other in zip(slim.widths[1:-1], sparse.widths[1:-1], strict=True))
    assert found["dense", None, 0].widths == (64, 32, 32, 10)


def test_it_is_there_once_a_size_and_without_a_rule():
    made = grid.runs(plan(degree=[4, 8], rule=["static", "rigl"]))
    slim = [run for run in made if run.labels["topology"] == "narrow"]
    assert len(slim) == 2 * 2
    assert {run.labels["rule"] for run in slim} == {"static"}
    assert all(run.experiment.rule is None for run in slim)
