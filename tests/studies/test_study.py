"""Studies: what a run is named by, what is kept of it, and what happens when something goes wrong."""

import dataclasses
import errno
import json
import os
import runpy
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer import files, rewiring
from gossamer.errors import DataUnavailableError, StudyError, StudyWarning
from gossamer.studies import InProcess, Run, Study
from gossamer.studies.digest import code_version, described, said
from gossamer.studies.store.locks import held
from gossamer.studies.store.run_folder import RunFolder
from gossamer.training.data import load


def folder_of(study, run):
    return RunFolder(study.folder / "runs" / run.digest)


def test_a_digest_covers_what_decides_the_numbers_and_nothing_else(make_run):
    run = make_run()
    assert run.digest == make_run().digest == dataclasses.replace(run, labels={"other": 1}).digest
    moving = make_run(rule=rewiring.rigl(every=2, until=9))
    others = [make_run(1), make_run(epochs=3), moving, make_run(family="fibonacci"), make_run(lr=0.2)]
    others.append(make_run(activation=torch.nn.Tanh))
    assert len({run.digest, *(other.digest for other in others)}) == len(others) + 1


def test_a_definition_that_moves_leaves_the_code_as_it_was():
    f, g = b"def f(x):\n    return x\n", b"class G:\n    pass\n"
    user = b"from gossamer.nn.one import f\nprint(f(1))\n"
    moved = user.replace(b"nn.one", b"analysis.two")
    whole = said([f + g, user])
    assert whole == said([b'"""Docstring."""\n' + g, moved, f]) == said([g + f, user])
    assert whole != said([f.replace(b"return x", b"return -x") + g, user])
    assert whole != said([f + g, user.replace(b"import f", b"import G as f")])
    other = b"def f(x):\n    return 2 * x\n"
    assert said([f, g, other, user]) != said([f, g, other, moved])  # which of the two is meant does matter


def test_a_digest_is_the_same_in_another_process(make_run):
    program = (
        "from gossamer.studies import Architecture, Experiment, Run; from gossamer.generators import named;"
        "from gossamer.training import SGD, Config;"
        "a = Architecture(named('regular_random'), (16,), (256, None));"
        "print(Run(Experiment(a, Config(epochs=2, batch_size=256, optimizer=SGD(0.1)), 0), 'digits').digest)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == make_run().digest


def test_what_has_no_name_cannot_name_a_run():
    with pytest.raises(ValueError, match="imported by its name"):
        described(lambda: None)
    with pytest.raises(ValueError, match="frozen dataclass"):
        described(object())
    assert len(code_version()) == 16


def test_the_folder_holds_what_the_run_came_to(make_run, tmp_path):
    run, dense = make_run(rule=rewiring.sparse_evolutionary(every=2)), make_run(family=None)
    study = Study("one", [run, dense], tmp_path / "study")
    assert len(study.execute(InProcess(1)).done) == 2
    study = Study.open(tmp_path / "study")
    outcome = run.experiment.run(load("digits"))  # the oracle: the same experiment without a study
    row = study.frame().set_index("run").loc[run.digest]
    assert (row["state"], row["accuracy"], row["loss"]) == ("done", outcome.test.accuracy, outcome.test.loss)
    end = gs.nn.topology_of(outcome.model)
    assert study.topology(run.digest) == end != study.topology(run.digest, "start")
    assert study.recording(run.digest).at(10**6)["0"] == end[0]
    assert row["algebraic_connectivity"] == pytest.approx(gs.measures.algebraic_connectivity(end[0]), abs=1e-9)
    assert row["components"] == gs.measures.components(end[0])
    assert np.array_equal(study.weights(run.digest)["0.weight"], outcome.model.state_dict()["0.weight"].numpy())
    epochs = study.epochs()
    assert [*epochs[epochs["run"] == run.digest]["loss"]] == [epoch.loss for epoch in outcome.history.epochs]
    assert study.topology(dense.digest).widths == (64, 16, 10)
    assert study.topology(dense.digest).density == 1
    assert study.recording(dense.digest) is None


def test_what_is_done_is_skipped_and_what_failed_is_tried_again(make_run, tmp_path):
    runs = [make_run(0), make_run(1, lr=1e30)]
    study = Study("two", runs, tmp_path / "study")
    first = study.execute(InProcess())
    assert first.done == (runs[0].digest,)
    assert first.failed[runs[1].digest].startswith("TrainingDivergedError: the loss is")
    failure = json.loads(folder_of(study, runs[1]).failure.read_text())
    assert failure["epoch"] == 1
    assert f"step {failure['step']}" in failure["message"]
    second = study.execute(InProcess())
    assert (second.done, second.skipped) == ((), (runs[0].digest,))
    assert [*second.failed] == [runs[1].digest]
    frame = study.frame()
    assert [*frame["state"]] == ["done", "failed"]
    assert "the loss is" in frame["error"][1]


def test_a_run_in_another_process_is_left_alone(make_run, tmp_path):
    runs = [make_run(0), make_run(1)]
    study = Study("two", runs, tmp_path / "study")
    with held(folder_of(study, runs[0]).make()) as mine:
        assert mine
        execution = study.execute(InProcess())
    assert (execution.busy, execution.done) == ((runs[0].digest,), (runs[1].digest,))
    assert study.execute(InProcess()).done == (runs[0].digest,)


PROGRAM = """
import sys, time, torch
from gossamer.generators import named
from gossamer.studies import Architecture, Experiment, Run, InProcess, Study
from gossamer.rewiring import sparse_evolutionary
from gossamer.training import SGD, Config

class Slow(torch.nn.ReLU):
    def forward(self, x):
        time.sleep(float(sys.argv[2]))
        return super().forward(x)

net = Architecture(named("regular_random"), (16,), (256, None), Slow)
runs = [Run(Experiment(net, Config(epochs=6, batch_size=256), 0, sparse_evolutionary(every=2)), "digits")]
Study("killed", runs, sys.argv[1]).execute(InProcess(1))
"""


def test_a_killed_study_goes_on_to_the_same_last_bit(tmp_path, monkeypatch):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    def run_here(folder):
        monkeypatch.setattr(sys, "argv", ["program.py", str(folder), "0"])
        runpy.run_path(str(program), run_name="__main__")
        return Study.open(folder)

    victim = subprocess.Popen([sys.executable, program, tmp_path / "killed", "0.05"])
    while not [*(tmp_path / "killed").glob("runs/*/checkpoint")]:
        assert victim.poll() is None
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    (digest,) = [entry.digest for entry in Study.open(tmp_path / "killed").entries]
    assert not RunFolder(tmp_path / "killed" / "runs" / digest).result.exists()
    assert RunFolder(tmp_path / "killed" / "runs" / digest).checkpoint.exists()
    resumed, whole = run_here(tmp_path / "killed"), run_here(tmp_path / "whole")
    assert resumed.topology(digest) == whole.topology(digest) != whole.topology(digest, "start")
    assert resumed.topology(digest, "start") == whole.topology(digest, "start")
    assert resumed.recording(digest).steps == whole.recording(digest).steps
    weights = whole.weights(digest)
    assert all(np.array_equal(array, weights[name]) for name, array in resumed.weights(digest).items())
    assert resumed.result(digest)["test"] == whole.result(digest)["test"]
    assert resumed.epochs().drop(columns="seconds").equals(whole.epochs().drop(columns="seconds"))


def test_a_full_disk_stops_the_study_and_leaves_nothing_half_written(make_run, tmp_path, monkeypatch):
    run = make_run()
    study = Study("full", [run, make_run(1)], tmp_path / "study")
    write = "gossamer.studies.store.epochs.write_atomically"

    def full(path, content):
        if path.name == "epochs.parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        files.write_atomically(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(write, full)
        with pytest.raises(StudyError, match=r"No space left on device.*make room, and call again"):
            study.execute(InProcess())
    assert [*study.frame()["state"]] == ["waiting", "waiting"]
    assert not [*study.folder.rglob("*.tmp")]
    assert len(study.execute(InProcess()).done) == 2


def test_missing_data_are_told_before_anything_starts(make_run, tmp_path, monkeypatch):
    from gossamer.training.data import folders

    monkeypatch.setenv(folders.VARIABLE, str(tmp_path))
    monkeypatch.setattr(folders, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path)
    run = Run(make_run().experiment, "cifar10-jpeg")
    with pytest.raises(DataUnavailableError, match="cifar10-jpeg is not in"):
        Study("none", [run], tmp_path / "study").execute(InProcess())
    assert not (tmp_path / "study").exists()


def test_runs_of_other_code_are_kept_and_told(make_run, tmp_path, monkeypatch):
    Study("code", [make_run(), make_run(1)], tmp_path).execute(InProcess())
    study = Study("code", [make_run()], tmp_path)
    assert [*study.others().values()] == ["other settings or data"]
    for module in ("run", "store.study_folder", "engines.work"):
        monkeypatch.setattr(f"gossamer.studies.{module}.code_version", lambda: "other")
    study = Study("code", [make_run()], tmp_path)
    assert [*study.frame()["state"]] == ["waiting"]
    assert [*study.others().values()] == ["another version of the code"] * 2


def test_a_damaged_checkpoint_costs_the_run_and_not_the_study(make_run, tmp_path):
    run = make_run()
    study = Study("damaged", [run], tmp_path)
    folder = folder_of(study, run).make()
    folder.checkpoint.write_bytes(b"damaged")
    assert "CheckpointError" in study.execute(InProcess()).failed[run.digest]
    assert study.execute(InProcess()).done == (run.digest,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no study"),
        ("{", "is damaged"),
        ("[]", "holds no object"),
        ('{"format": "another"}', "is no study: its format is 'another'"),
        ('{"format": "gossamer study", "version": 2}', "is of version 2; this Gossamer reads version 1"),
        ('{"format": "gossamer study", "version": 1, "name": "x"}', "is damaged"),
    ],
)
def test_a_folder_that_is_no_study_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "study.json").write_text(content)
    with pytest.raises(StudyError, match=message):
        Study.open(tmp_path)


def test_other_folders_are_left_alone(make_run, tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(StudyError, match="is not empty and holds no study"):
        Study("new", [make_run()], tmp_path).execute(InProcess())
    Study("first", [make_run(lr=1e30)], tmp_path / "study").execute(InProcess())
    with pytest.raises(StudyError, match="holds the study 'first', not 'second'"):
        Study("second", [make_run()], tmp_path / "study").execute(InProcess())
    with pytest.raises(StudyError, match="opened to look at"):
        Study.open(tmp_path / "study").execute(InProcess())


def test_bad_studies_are_refused(make_run, tmp_path):
    with pytest.raises(ValueError, match="has no runs"):
        Study("none", [], tmp_path)
    with pytest.raises(ValueError, match="is there twice"):
        Study("twice", [make_run(), make_run()], tmp_path).entries  # noqa: B018
    with pytest.raises(ValueError, match="there is no measure 'conectivity'"):
        Study("none", [make_run()], tmp_path, measures=["conectivity"])
    study = Study("one", [make_run()], tmp_path)
    with pytest.raises(ValueError, match="there is no run 'x'"):
        study.topology("x")
    with pytest.raises(StudyError, match="has no weights: it is waiting"):
        study.weights(make_run().digest)


def test_queries(make_run, tmp_path):
    study = Study("asked", [make_run(0), make_run(1)], tmp_path)
    assert len(study.query("select * from epochs")) == 0
    study.execute(InProcess())
    frame = study.frame()
    answer = study.query("select avg(accuracy) as a, count(*) as n from runs")
    assert (answer["a"][0], answer["n"][0]) == (pytest.approx(frame["accuracy"].mean()), 2)
    assert len(study.query("select * from epochs join runs using (run)")) == 4
    for sql, message in (("selct", "cannot be answered"), ("select * from nothing", "nothing"), ("", "no answer")):
        with pytest.raises(StudyError, match=message):
            study.query(sql)
    for sql in (
        "drop table runs",
        "insert into runs select * from runs",
        "create table x as select 1",
        "pragma version",
    ):
        with pytest.raises(StudyError, match="and cannot be answered; a query is one select"):
            study.query(sql)
    with pytest.raises(StudyError, match="has 2 statements; a query is one select"):
        study.query("select 1; drop table runs")
    with pytest.raises(StudyError, match="cannot be answered"):
        study.query(f"copy runs to '{tmp_path}/stolen.csv'")


def damage(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("name", ["result.json", "epochs.parquet", "weights.safetensors", "config.json"])
def test_a_damaged_run_is_named_and_left_out_and_made_again(make_run, tmp_path, name):
    study = Study("damaged", [make_run(0), make_run(1)], tmp_path)
    study.execute(InProcess())
    before, epochs = study.frame(), study.epochs()
    victim = make_run(0).digest
    damage(tmp_path / "runs" / victim / name)
    if name == "result.json":
        with pytest.warns(StudyWarning, match=f"run {victim} is left out: .*result.json is damaged"):
            frame = study.frame()
        assert [*frame["state"]] == ["damaged", "done"]
        assert frame["accuracy"].isna().tolist() == [True, False]
        with pytest.warns(StudyWarning, match=victim):
            assert study.query("select count(accuracy) as n from runs")["n"][0] == 1
    if name == "epochs.parquet":
        with pytest.warns(StudyWarning, match=f"run {victim} is left out: .*epochs.parquet is damaged"):
            assert study.epochs()["run"].unique().tolist() == [make_run(1).digest]
    if name == "weights.safetensors":
        with pytest.raises(StudyError, match=r"weights\.safetensors is damaged"):
            study.weights(victim)
    if name in ("result.json", "config.json"):  # what a run is, or came to, is unknown: it is made again
        assert study.execute(InProcess()).done == (victim,)
        assert study.frame().drop(columns="seconds").equals(before.drop(columns="seconds"))
        assert study.epochs().drop(columns="seconds").equals(epochs.drop(columns="seconds"))


def test_a_digit_changed_in_a_result_is_noticed(make_run, tmp_path):
    study = Study("changed", [make_run()], tmp_path)
    study.execute(InProcess())
    result = folder_of(study, make_run()).result
    result.write_text(result.read_text().replace('"accuracy": 0.', '"accuracy": 1.', 1))
    with pytest.raises(StudyError, match="its content does not fit its check"):
        study.result(make_run().digest)


def test_tensorboard_that_is_missing_is_told_before_training(make_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(StudyError, match=r"pip install 'gossamer\[tensorboard\]'"):
        Study("none", [make_run()], tmp_path / "study").execute(InProcess(), tensorboard=True)
    assert not (tmp_path / "study").exists()


def test_tensorboard_has_the_curves(make_run, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    study = Study("curves", [make_run()], tmp_path)
    study.execute(InProcess(), tensorboard=True)
    events = EventAccumulator(str(tmp_path / "tensorboard" / make_run().digest)).Reload()
    found = [event.value for event in events.Scalars("loss")]
    assert found == pytest.approx([*study.epochs()["loss"]])
