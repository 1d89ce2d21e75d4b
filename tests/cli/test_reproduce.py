"""`gossamer reproduce`: a whole call, going on, and calls that cannot work."""

import contextlib
import dataclasses
import json

import pytest

from gossamer.errors import DataUnavailableError
from gossamer.papers import insights, neighbours
from gossamer.papers.insights.plan import Chain
from gossamer.papers.neighbours import gates
from gossamer.papers.neighbours.part import carried_out
from gossamer.studies import InProcess
from gossamer.training.nodes import NodeConfig

SMALL = dataclasses.replace(
    insights.QUICK,
    data=("digits",),
    epochs={"digits": 1},
    chain=Chain("digits", hidden=(16,), edges=64, links=2, moved=0.05, epochs=2, moments=(0, 2), lr=0.05),
    widths=(8,),
    densities=(0.2,),
    rates=(0.1,),
    seeds=2,
    adaptive=0.2,
)


def test_a_call_leaves_report_numbers_and_runs_and_goes_on(run, tmp_path, monkeypatch):
    monkeypatch.setitem(insights.PAPER.plans, "quick", SMALL)
    monkeypatch.setattr("gossamer.studies.Loky", lambda *_, **__: InProcess(1))  # no new processes, which take long
    folder = tmp_path / "made"
    code, out, error = run("reproduce", "insights-2020", "--quick", "--out", folder)
    assert code == 0, error
    assert f"saved to {folder.resolve() / 'report.html'}" in out and "same start" in out
    results = json.loads((folder / "results.json").read_text())
    assert results["size"] == "quick" and results["command"] == "gossamer reproduce insights-2020 --quick"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("result.json")}
    code, _, error = run("reproduce", "insights-2020", "--quick", "--out", folder)
    assert code == 0, error
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("result.json")} == before
    assert json.loads((folder / "results.json").read_text())["claims"] == results["claims"]
    code, out, error = run("reproduce", "insights-2020", "--judge", "--out", folder)
    assert code == 0, error
    again = json.loads((folder / "results.json").read_text())
    assert [each["verdict"] for each in again["claims"]] == [each["verdict"] for each in results["claims"]]
    assert again["environment"] == results["environment"] and again["judged_again_with"]["python"]


def test_what_was_never_trained_is_not_judged(refused, tmp_path):
    line = refused("reproduce", "insights-2020", "--judge", "--out", tmp_path / "empty")
    assert "holds no results of a reproduction to judge again" in line


def test_nothing_is_concluded_from_no_run(refused, tmp_path, monkeypatch):
    monkeypatch.setitem(insights.PAPER.plans, "quick", SMALL)
    line = refused("reproduce", "insights-2020", "--quick", "--so-far", "--out", tmp_path / "empty")
    assert "holds no finished run yet" in line


def unavailable(name):
    raise DataUnavailableError(f"{name} is not here")


def test_parts_that_are_measured_are_concluded_without_their_data(run, refused, tmp_path, monkeypatch):
    graphs = gates.Graphs({"planted strangers": gates.Strengths((1e-2,), 2)}, settings=NodeConfig(epochs=2))
    plan = dataclasses.replace(neighbours.QUICK, data=("mnist",), gates=graphs)
    monkeypatch.setitem(neighbours.PAPER.plans, "quick", plan)
    monkeypatch.setattr("gossamer.studies.run.data_digest", unavailable)
    monkeypatch.setattr("gossamer.papers.record.data_digest", unavailable)
    words = ("reproduce", "neighbours", "--quick", "--so-far", "--out", tmp_path)
    assert "holds no measurement of this plan" in refused(*words)
    carried_out(gates.PART, graphs, tmp_path)
    code, out, error = run(*words)
    assert code == 0, error
    assert "noise edges close" in out and (tmp_path / "data" / "G1.csv").exists()


def test_a_plan_can_be_cut_to_some_of_its_data(refused, tmp_path, monkeypatch):
    def told(_, plan, *__, **___):
        raise ValueError(f"trained on {plan.data}")

    monkeypatch.setattr("gossamer.studies.run.data_digest", str)
    monkeypatch.setattr("gossamer.cli.reproduce._conclude", told)
    words = ["reproduce", "connectivity", "--out", tmp_path / "made", "--data"]
    assert "trained on ('mnist', 'cifar10-jpeg')" in refused(*words, "cifar10-jpeg,mnist")
    assert "there is no data set of this plan 'cora'" in refused(*words, "cora")


def test_sizes_exclude_each_other(refused, tmp_path):
    assert "exclude each other" in refused("reproduce", "insights-2020", "--quick", "--judge", "--out", tmp_path)


def test_another_papers_folder_is_refused(refused, tmp_path):
    (tmp_path / "results.json").write_text(json.dumps({"paper": {"name": "insights-2020"}}))
    line = refused("reproduce", "topologies-2017", "--out", tmp_path)
    assert "holds results of insights-2020, not topologies-2017; choose another folder." in line


def test_a_results_file_of_something_else_is_refused(refused, tmp_path):
    (tmp_path / "results.json").write_text("not json")
    assert "is not a reproduction's" in refused("reproduce", "topologies-2017", "--out", tmp_path)


@pytest.mark.parametrize("paper", ["topologies-2018", ""], ids=["unknown", "empty"])
def test_an_unknown_paper_is_refused(refused, paper, tmp_path):
    line = refused("reproduce", paper, "--out", tmp_path)
    assert (
        f"there is no paper '{paper}': topologies-2017, insights-2020, connectivity, neighbours, groups are known."
        in line
    )


def test_missing_data_are_missed_before_anything_is_trained(refused, tmp_path, monkeypatch):
    def missing(name):
        raise DataUnavailableError(f"{name} is not here. To get it: ask.")

    monkeypatch.setattr("gossamer.studies.run.data_digest", missing)
    line = refused("reproduce", "topologies-2017", "--out", tmp_path / "made")
    assert "mnist is not here. To get it: ask." in line
    assert not list((tmp_path / "made").iterdir())


def test_a_place_that_is_a_file_is_refused(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be made a folder" in refused("reproduce", "insights-2020", "--out", tmp_path / "file")


def test_runs_of_another_process_are_waited_for_by_the_user(refused, tmp_path, monkeypatch):
    monkeypatch.setitem(insights.PAPER.plans, "quick", SMALL)
    monkeypatch.setattr("gossamer.studies.Loky", lambda *_, **__: InProcess(1))
    monkeypatch.setattr("gossamer.studies.engines.work.held", lambda _: contextlib.nullcontext(False))
    line = refused("reproduce", "insights-2020", "--quick", "--out", tmp_path / "made")
    assert "2 runs of chain are at work in another process" in line
    assert not (tmp_path / "made" / "report.html").exists()


def test_the_full_size_can_be_cut(refused, tmp_path, monkeypatch):
    def told(_, plan, *__, **___):
        raise ValueError(f"{plan.large.epochs} epochs")

    monkeypatch.setattr("gossamer.studies.run.data_digest", str)
    monkeypatch.setattr("gossamer.cli.reproduce._conclude", told)
    words = ["reproduce", "topologies-2017", "--out", tmp_path / "made"]
    assert "60 epochs" in refused(*words, "--large")
    assert "24 epochs" in refused(*words, "--large", "--cut")
    assert "16 epochs" in refused(*words, "--large", "--followup")
    assert "--cut is for the full size" in refused(*words, "--cut")
    assert "40 epochs" in refused(*words, "--large", "--long")
    assert "--followup is for the full size" in refused(*words, "--followup")
    assert "and --cut, --followup and --long" in refused(*words, "--large", "--cut", "--long")
    again = ["reproduce", "insights-2020", "--large", "--followup", "--out", tmp_path / "c"]
    assert "there is no size 'large followup'" in refused(*again)
    assert "there is no size 'large cut'" in refused("reproduce", "groups", "--large", "--cut", "--out", tmp_path / "b")
