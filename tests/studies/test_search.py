"""The search for a topology."""

from statistics import fmean

import pytest

pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'gossamer[search]'")

from gossamer.errors import StudyError
from gossamer.measures import algebraic_connectivity
from gossamer.studies import Study
from gossamer.studies.plan.study_file import StudyFile
from gossamer.studies.search import Prescreen, Search
from gossamer.studies.store.locks import held
from gossamer.studies.store.run_folder import RunFolder
from gossamer.training.data import load


def plan(**changes):
    fields = {
        "name": "searched",
        "data": "digits",
        "topology": ["fibonacci", "regular_random"],
        "degree": [2, 8],
        "hidden": 16,
        "seeds": [0, 1],
        "training": {"epochs": 1, "batch_size": 256},
    }
    return StudyFile.model_validate(fields | changes)


def test_a_search_goes_on_and_judges_by_what_is_held_out(tmp_path):
    first = Search(plan(), tmp_path, trials=2).execute()
    told = []
    found = Search(plan(), tmp_path, trials=3).execute(on_trial=told.append)
    assert found[:2] == first
    assert found[2:] == told
    assert [trial.number for trial in found] == [0, 1, 2]
    assert {trial.state for trial in found} == {"trained"}
    frame = Study.open(tmp_path).frame()
    for trial in found:
        assert 2 <= trial.labels["degree"] <= 8
        mine = frame[(frame["topology"] == trial.labels["topology"]) & (frame["degree"] == trial.labels["degree"])]
        assert len(mine) == 2
        assert trial.value == pytest.approx(fmean(mine["validation_accuracy"]))


def test_candidates_below_the_threshold_are_not_trained(tmp_path):
    search = Search(plan(), tmp_path, trials=3, prescreen=Prescreen("algebraic_connectivity", threshold=1e9))
    found = search.execute()
    assert [trial.state for trial in found] == ["screened"] * 3
    for trial in found:
        run = search.candidate({"topology": trial.labels["topology"], "size": trial.labels["degree"]})[0]
        graph = run.experiment.architecture.topology(load("digits"), seed=0)[0]
        assert trial.measure == pytest.approx(algebraic_connectivity(graph), abs=1e-9)
        assert "is below 1e+09" in trial.reason
    assert not (tmp_path / "study.json").exists()


def test_a_quantile_is_of_the_candidates_so_far():
    screen = Prescreen("components", quantile=0.5)
    assert screen.least([]) == -float("inf")
    assert screen.least([1.0, 5.0, 2.0]) == 2.0


def test_a_candidate_that_was_under_way_when_killed_is_begun_anew(tmp_path):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="searched", storage=f"sqlite:///{tmp_path}/search.db", direction="maximize")
    killed = study.ask()
    killed.suggest_categorical("topology", ["fibonacci", "regular_random"])
    killed.suggest_int("degree", 2, 8)
    (trial,) = Search(plan(seeds=[0]), tmp_path, trials=1).execute()
    assert (trial.labels["topology"], trial.labels["degree"]) == tuple(killed.params.values())


def test_narrow_is_a_candidate_with_as_many_edges_as_a_sparse_one_of_its_degree(tmp_path):
    """64 x 8 and 16 x 10 edges, or as near as whole neurons of 64 + 10 come."""
    (trial,) = Search(plan(topology="narrow", degree=[8], seeds=[0]), tmp_path, trials=1).execute()
    assert (trial.state, trial.labels["topology"], trial.labels["degree"]) == ("trained", "narrow", 8)
    (row,) = Study.open(tmp_path).frame().itertuples()
    assert row.edges % 74 == 0
    assert abs(row.edges - (64 * 8 + 16 * 10)) <= 37
    assert trial.value == pytest.approx(row.validation_accuracy)


def test_one_process_searches_at_a_time(tmp_path):
    with held(RunFolder(tmp_path)), pytest.raises(StudyError, match="another process searches"):
        Search(plan(), tmp_path, trials=1).execute()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Search(plan(hidden=[8, 16]), None, 1), "hidden has 2 values"),
        (lambda: Search(plan(topology="dense", degree=None), None, 1), "needs sparse topologies"),
        (
            lambda: Search(plan(topology=["narrow", "fibonacci"]), None, 1, Prescreen("components", threshold=1.0)),
            "prescreen by components is not allowed with the topology narrow",
        ),
        (lambda: Search(plan(training={"validation": 0}), None, 1), "validation=0 is not allowed"),
        (lambda: Search(plan(), None, 0), "trials=0"),
        (lambda: Prescreen("components"), "give exactly one"),
        (lambda: Prescreen("node_strength", threshold=1.0), "needs weights"),
        (lambda: Prescreen("conectivity", threshold=1.0), "there is no measure"),
    ],
)
def test_bad_searches_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
