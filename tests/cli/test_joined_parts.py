"""A part that is trained in a folder of its own, and joined to the tables of another one."""

import dataclasses
import json
import sys

import pandas as pd
import pytest

from gossamer.errors import StudyError
from gossamer.papers import connectivity
from gossamer.papers.joined import join
from gossamer.papers.record import FORMAT
from gossamer.studies import InProcess

PLAN = dataclasses.replace(
    connectivity.QUICK,
    depths=(),
    deep=(),
    data=("digits", "mnist"),
    observed=("digits", "mnist"),
    hidden=((64, 16), (784, 16)),
    witnesses=("erdos_renyi", "biregular"),
    observed_degrees=(4,),
    observed_seeds=2,
)
LABELS = ["data", "topology", "degree", "depth", "seed"]


def table(data, accuracy, *, state="done", pixels=None):
    """Eight runs of two constructions, as a reproduction writes them."""
    rows = [(data, name, 4, 1, seed, accuracy) for name in ("erdos_renyi", "biregular") for seed in range(4)]
    runs = pd.DataFrame(rows, columns=[*LABELS, "accuracy"])
    if pixels is not None:
        return runs.drop(columns="depth").assign(pixels=pixels)[
            ["pixels", "data", "topology", "degree", "seed", "accuracy"]
        ]
    return pd.concat([pd.DataFrame({"run": [f"{data}{n}" for n in range(8)], "state": state}), runs], axis=1)


def written(folder, runs, observed, **changed):
    """A folder of a reproduction."""
    (folder / "data").mkdir(parents=True)
    runs.to_csv(folder / "data" / "runs-observation.csv", index=False)
    observed.to_csv(folder / "data" / "C5-runs.csv", index=False)
    names = ("data", "studies", "failures", "environment")
    told = {
        "format": FORMAT,
        "paper": {"name": "connectivity"},
        "command": "made",
        "size": "full",
        "plan": {"data": [], "epochs": 1},
    }
    told |= {"seconds_of_training": 60.0, **{name: {} for name in names}}
    (folder / "results.json").write_text(json.dumps(told | changed))
    return folder


@pytest.fixture
def part(tmp_path):
    """Runs of Fashion-MNIST."""
    runs, observed = table("fashion-mnist", 0.75), table("fashion-mnist", 0.75, pixels="natural")
    return written(tmp_path / "part", runs, observed, command="part", seconds_of_training=30.0)


@pytest.fixture
def kept(tmp_path):
    """Runs of MNIST; those of Fashion-MNIST wait."""
    runs = pd.concat([table("mnist", 0.5), table("fashion-mnist", None, state="waiting").assign(run="other")])
    return written(tmp_path / "kept", runs, table("mnist", 0.5, pixels="natural"), waiting=8)


def test_a_part_replaces_what_waits_and_adds_its_seconds(part, kept):
    record = join(connectivity.PAPER, kept, part)
    assert (record.waiting, record.seconds, [each["command"] for each in record.parts]) == (0, 90.0, ["part"])
    there = pd.read_csv(kept / "data" / "runs-observation.csv")
    assert there.groupby(["data", "state", "accuracy"]).size().to_dict() == {
        ("fashion-mnist", "done", 0.75): 8,
        ("mnist", "done", 0.5): 8,
    }
    assert list(there["run"]) == [f"{data}{n}" for data in ("mnist", "fashion-mnist") for n in range(8)]
    assert pd.read_csv(kept / "data" / "C5-runs.csv").groupby("data").size().to_dict() == {
        "fashion-mnist": 8,
        "mnist": 8,
    }


def test_a_join_may_be_repeated(part, kept):
    record = join(connectivity.PAPER, kept, part)
    results = json.loads((kept / "results.json").read_text())
    (kept / "results.json").write_text(json.dumps(results | record.described()))
    again = join(connectivity.PAPER, kept, part)
    assert again.described() == record.described()
    assert len(pd.read_csv(kept / "data" / "runs-observation.csv")) == 16


def test_a_part_that_went_on_takes_the_place_of_what_it_was(part, kept):
    runs = pd.read_csv(part / "data" / "runs-observation.csv")
    first = runs.assign(state=["done"] * 4 + ["waiting"] * 4, accuracy=runs["accuracy"].where(runs.index < 4))
    first.to_csv(part / "data" / "runs-observation.csv", index=False)
    record = join(connectivity.PAPER, kept, part)
    assert (record.waiting, record.seconds) == (4, 90.0)
    results = json.loads((kept / "results.json").read_text())
    (kept / "results.json").write_text(json.dumps(results | record.described()))
    runs.to_csv(part / "data" / "runs-observation.csv", index=False)
    results = json.loads((part / "results.json").read_text())
    (part / "results.json").write_text(json.dumps(results | {"seconds_of_training": 50.0}))
    record = join(connectivity.PAPER, kept, part)
    assert (record.waiting, record.seconds, len(record.parts)) == (0, 110.0, 1)


def test_what_differs_is_refused_and_nothing_written(part, kept):
    before = (kept / "data" / "runs-observation.csv").read_bytes()
    observed = kept / "data" / "C5-runs.csv"
    table("fashion-mnist", 0.25, pixels="natural").to_csv(observed, index=False)
    with pytest.raises(StudyError, match="other numbers of runs"):
        join(connectivity.PAPER, kept, part)
    table("mnist", 0.25, pixels="natural").assign(more=1).to_csv(observed, index=False)
    with pytest.raises(StudyError, match="has columns"):
        join(connectivity.PAPER, kept, part)
    observed.unlink()
    with pytest.raises(StudyError, match="cannot be joined"):
        join(connectivity.PAPER, kept, part)
    results = json.loads((kept / "results.json").read_text())
    results["plan"]["epochs"] = 7
    (kept / "results.json").write_text(json.dumps(results))
    with pytest.raises(StudyError, match=r"another plan .*: epochs differ"):
        join(connectivity.PAPER, kept, part)
    assert (kept / "data" / "runs-observation.csv").read_bytes() == before


def test_a_part_is_trained_alone_and_judged_with_the_rest(run, tmp_path, monkeypatch):
    monkeypatch.setattr("gossamer.papers.connectivity.plan.DIALLED", ("modules", "0.3"))
    monkeypatch.setattr(sys.modules["gossamer.papers.connectivity.tables"], "PERMUTATIONS", 99)
    monkeypatch.setitem(connectivity.PAPER.plans, "quick", PLAN)
    monkeypatch.setattr("gossamer.studies.Loky", lambda *_, **__: InProcess(1))  # no new processes, which take long
    folder, whole = tmp_path / "part", tmp_path / "whole"
    words = ("--quick", "--only", "observation", "--data", "digits", "--out", folder)
    code, _, error = run("reproduce", "connectivity", *words)
    assert code == 0, error
    results = json.loads((folder / "results.json").read_text())
    assert results["command"] == "gossamer reproduce connectivity --quick --data digits --only observation"
    assert [claim["data"] for claim in results["claims"] if claim["verdict"] != "not tested"] == ["digits"]
    written(whole, pd.read_csv(folder / "data" / "runs-observation.csv"), pd.read_csv(folder / "data" / "C5-runs.csv"))
    told = json.loads((whole / "results.json").read_text()) | {"plan": results["plan"] | {"data": ["digits", "mnist"]}}
    (whole / "results.json").write_text(json.dumps(told))
    code, _, error = run("reproduce", "connectivity", "--judge", "--join", folder, "--out", whole)
    assert code == 0, error
    judged = json.loads((whole / "results.json").read_text())
    assert [each["command"] for each in judged["joined"]] == [results["command"]]
    same = [claim for claim in judged["claims"] if claim["exhibit"] == "C5"]
    assert [claim["estimates"] for claim in same] == [claim["estimates"] for claim in results["claims"]]


def test_parts_and_joins_have_their_calls(refused, tmp_path):
    out = ("--out", tmp_path)
    assert "--join is for --judge" in refused("reproduce", "connectivity", "--join", tmp_path, *out)
    assert "there is no part of connectivity 'dial'" in refused("reproduce", "connectivity", "--only", "dial", *out)
    with pytest.raises(ValueError, match="are not observed by this plan: nothing is"):
        connectivity.observe(connectivity.QUICK, None, tmp_path)


def test_a_study_and_data_that_the_rest_has_not_are_added(part, kept):
    (part / "data" / "C5-runs.csv").unlink()
    (part / "data" / "runs-observation.csv").rename(part / "data" / "runs-dial-fashion-mnist.csv")
    for folder, data in ((kept, "mnist"), (part, "fashion-mnist")):
        results = json.loads((folder / "results.json").read_text())
        (folder / "results.json").write_text(json.dumps(results | {"plan": {"data": [data], "epochs": 1}}))
    observed = (kept / "data" / "C5-runs.csv").read_bytes()
    for _ in range(2):
        record = join(connectivity.PAPER, kept, part)
        assert (record.plan["data"], record.plan["late"]) == (["mnist", "fashion-mnist"], ["cifar10-jpeg"])
        assert len(pd.read_csv(kept / "data" / "runs-dial-fashion-mnist.csv")) == 8
    assert (kept / "data" / "C5-runs.csv").read_bytes() == observed
