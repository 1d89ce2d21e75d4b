"""`gossamer train`."""

import json

import duckdb
import pytest
import safetensors.torch

import gossamer as gs
from gossamer.studies.plan import names
from gossamer.studies.store.locks import held
from gossamer.studies.store.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("one_thread")


def arguments(*more, topology="regular_random", degree=4):
    options = {"--data": "digits", "--topology": topology, "--hidden": 32, "--degree": degree, "--epochs": 2}
    words = [word for pair in options.items() for word in pair]
    return ["train", *words, "--batch-size", 64, "--threads", 1, *more]


def result(folder):
    return json.loads((folder / "result.json").read_text())


def losses(folder):
    return duckdb.sql(f"SELECT loss FROM '{folder}/epochs.parquet' ORDER BY epoch").fetchall()


def test_it_trains_and_writes_what_came_out(run, tmp_path):
    code, out, _ = run(*arguments("--out", tmp_path))
    assert code == 0
    assert "64-32-10, 576 edges: test accuracy" in out
    found = result(tmp_path)
    assert found["epochs"] == len(losses(tmp_path)) == 2
    assert f"{100 * found['test']['accuracy']:.2f} %" in out
    topology = gs.Topology.load(tmp_path / "topology.safetensors")
    assert topology.widths == (64, 32, 10)
    model = gs.nn.mlp(topology)
    model.load_state_dict(safetensors.torch.load_file(tmp_path / "weights.safetensors"))
    assert gs.training.evaluate(
        model, gs.training.data.load("digits"), gs.training.CrossEntropy()
    ).accuracy == pytest.approx(found["test"]["accuracy"])


def test_the_same_call_goes_on_where_it_stopped(run, tmp_path):
    run(*arguments("--schedule", "constant", "--out", tmp_path / "whole", "--epochs", 4))
    run(*arguments("--schedule", "constant", "--out", tmp_path / "parts"))
    run(*arguments("--schedule", "constant", "--out", tmp_path / "parts", "--epochs", 4))
    whole, parts = result(tmp_path / "whole"), result(tmp_path / "parts")
    assert whole["test"] == parts["test"]
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")
    files = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_it_leaves_what_a_run_of_a_study_leaves(run, tmp_path):
    """Both topologies and every rewiring between them; without a rule it is done before."""
    words = ["--rewire", "rigl", "--every", 5, "--out", tmp_path]
    assert run(*arguments(*words))[0] == 0
    start, end = (gs.Topology.load(tmp_path / f"topology{name}.safetensors") for name in ("-start", ""))
    recording = gs.rewiring.Recording.load(tmp_path / "recording")
    assert len(recording.steps) > 2
    assert recording.topology(0)[0] == start[0] != end[0] == recording.topology(10**6)[0]
    code, out, _ = run(*arguments(*words))
    assert (code, out.splitlines()[0]) == (0, f"done before, in {tmp_path}:")
    assert not (tmp_path / "failure.json").exists()


def test_a_failure_is_recorded_and_tried_again(run, tmp_path):
    assert run(*arguments("--lr", "1e30", "--optimizer", "sgd", "--out", tmp_path))[0] == 2
    assert json.loads((tmp_path / "failure.json").read_text())["error"] == "TrainingDivergedError"
    assert run(*arguments("--lr", ".1", "--optimizer", "sgd", "--out", tmp_path))[0] == 0
    assert not (tmp_path / "failure.json").exists()


def test_a_folder_at_work_is_left_alone(refused, tmp_path):
    with held(RunFolder(tmp_path)):
        assert "another process is at the run" in refused(*arguments("--out", tmp_path))


def test_a_finished_run_is_made_longer_only_where_that_is_the_same_run(run, refused, tmp_path):
    run(*arguments("--out", tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    line = refused(*arguments("--out", tmp_path, "--epochs", 4))
    assert "epochs was 2, and is 4 now. With CosineRate() the learning rate depends on their number" in line
    assert "is of another run" in refused(*arguments("--out", tmp_path, "--seed", 1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    constant = ["--schedule", "constant", "--out", tmp_path / "constant"]
    run(*arguments(*constant, "--epochs", 4))
    assert "has 4 epochs, more than epochs=2" in refused(*arguments(*constant))


@pytest.mark.parametrize("kept", [True, False])
def test_ctrl_c_says_where_it_stopped_and_how_to_go_on(run, tmp_path, monkeypatch, kept):
    from gossamer.training import loop

    def stopped(train, callbacks):
        if len(train.history) == 1:
            raise KeyboardInterrupt
        return real(train, callbacks)

    real = loop._one_epoch
    words = arguments(*(["--out", tmp_path] if kept else []))
    with monkeypatch.context() as patch:
        patch.setattr(loop, "_one_epoch", stopped)
        code, out, _ = run(*words)
    assert code == 130
    said = "To go on: gossamer train --data digits" if kept else "Nothing is kept of it: with --out FOLDER"
    assert f"stopped in epoch 2 of 2. {said}" in out
    assert run(*words)[0] == 0


@pytest.mark.parametrize(
    "more",
    [
        ["--topology", "dense"],
        ["--hidden", "16,8", "--degree", "4,2,dense"],
        ["--hidden", "", "--degree", "3"],
        [
            "--optimizer",
            "sgd",
            "--loss",
            "squared_error",
            "--activation",
            "sigmoid",
            "--initialization",
            "glorot_dense",
        ],
        ["--dropout", ".2", "--input-dropout", ".1", "--patience", "1"],
        ["--activation", "tanh", "--validation", "0", "--weight-decay", ".01"],
    ],
)
def test_other_settings(run, tmp_path, more):
    code, out, err = run(*arguments("--out", tmp_path, *more))
    assert code == 0, err
    assert "test accuracy" in out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--data", "digitz"], "there is no data set 'digitz': digits, mnist"),
        (["--topology", "fibonaci"], "there is no topology 'fibonaci'"),
        (["--activation", "rleu"], "there is no activation 'rleu': relu, sigmoid, tanh"),
        (["--loss", "mse"], "there is no loss 'mse': cross_entropy, squared_error"),
        (["--optimizer", "adma"], "there is no optimizer 'adma': adam, sgd are known. Did you mean adam?"),
        (["--schedule", "linear"], "there is no schedule 'linear': constant, cosine are known"),
        (["--initialization", "he"], "there is no initialization 'he'"),
        (["--degree", "0"], "degree of a 64 x 32 junction=0 is not allowed: it must be from 1 to 32"),
        (["--degree", "-1"], "=-1 is not allowed"),
        (["--degree", "33"], "=33 is not allowed: it must be from 1 to 32"),
        (["--degree", "4,4,4"], "degree=4,4,4 has 3 entries for 2 junctions"),
        (["--degree", "many"], "degree=many is no whole number"),
        (["--hidden", "0"], "hidden=0 is not allowed"),
        (["--hidden", "32,x"], "hidden=x is no whole number"),
        (["--epochs", "0"], "epochs=0 is not allowed"),
        (["--batch-size", "0"], "batch_size=0 is not allowed"),
        (["--lr", "0"], "lr=0.0 is not allowed"),
        (["--lr", "nan"], "lr=nan is not allowed"),
        (["--momentum", "2", "--optimizer", "sgd"], "momentum=2.0 is not allowed"),
        (["--dropout", "1"], "dropout=1.0 is not allowed"),
        (["--validation", "1"], "validation=1.0 is not allowed"),
        (["--patience", "1", "--validation", "0"], "patience=1 needs validation"),
        (["--threads", "0"], "threads=0 is not allowed"),
        (["--seed", "-1"], "seed=-1 is not allowed"),
        (["--rewire", "rigel"], "there is no rewire 'rigel'"),
        (["--rewire", "rigl", "--fraction", "1.5"], "fraction=1.5 is not allowed"),
        (["--rewire", "rigl", "--every", "0"], "every=0 is not allowed"),
        (["--fraction", ".3"], "fraction=0.3 is not allowed for static: no edge moves"),
        (["--until", "9"], "until=9 is not allowed for static"),
        (["--hidden", "64,,32"], "hidden=64,,32 has an empty place"),
        (["--hidden", "99999999999"], "hidden=99999999999 is not allowed: it must be from 1 to 2147483647"),
        (["--hidden", "2147483647"], "hidden=2147483647 is not allowed: 21474836726 edges need"),
        (["--rewire", "deep_rewiring", "--fraction", ".3"], "deep_rewiring has no fraction"),
        (["--out", "/proc/run"], "/proc/run cannot be made a folder"),
    ],
)
def test_bad_input_is_one_line(refused, more, message):
    assert message in refused(*arguments(*more))


def test_a_degree_of_a_dense_network_is_told_to_have_no_effect(run):
    code, _, err = run(*arguments("--topology", "dense", degree=3))
    assert (code, err.splitlines()[0]) == (
        0,
        "gossamer: UserWarning: degree=3 has no effect: every edge of a dense network is there.",
    )


def test_missing_data_is_one_line(refused, tmp_path, monkeypatch):
    from gossamer.training.data import folders

    monkeypatch.setenv(folders.VARIABLE, str(tmp_path))
    monkeypatch.setattr(folders, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path)
    assert "cifar10-jpeg is not in" in refused(*arguments("--data", "cifar10-jpeg"))


def test_damaged_data_is_one_line(refused, tmp_path, monkeypatch):
    from gossamer.training.data import folders

    (tmp_path / "mnist").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "mnist" / f"{name}-ubyte.gz").write_bytes(b"damaged")
    monkeypatch.setenv(folders.VARIABLE, str(tmp_path))
    assert "train-images-idx3-ubyte.gz is damaged" in refused(*arguments("--data", "mnist"))


def test_a_diverging_run_is_one_line(run):
    code, out, err = run(*arguments("--lr", "1e30", "--optimizer", "sgd"))
    assert (code, out) == (2, "")
    assert "gossamer: the loss is" in err.splitlines()[-1]


def test_a_folder_of_another_run_is_refused(run, tmp_path):
    run(*arguments("--out", tmp_path))
    code, _, err = run(*arguments("--out", tmp_path, "--seed", 1))
    assert code == 2
    assert "is of another run" in err.splitlines()[-1]


def test_a_degree_counts_what_the_construction_makes_equal():
    sizes = (64, 32, 10)
    assert names.edges(names.family("fibonacci"), "4", sizes) == (4 * 64, None)
    assert names.edges(names.family("erdos_renyi"), "4,2", sizes) == (4 * 64, 2 * 32)
    assert names.edges(names.family("constant_fan_in"), "4,dense", sizes) == (4 * 32, None)
    assert names.edges(names.family("fibonacci"), "3", (64, 10)) == (3 * 64,)


@pytest.mark.parametrize("rule", ["rigl", "sparse_evolutionary", "chts"])
def test_edges_move_and_their_number_stays(run, tmp_path, rule):
    code, out, _ = run(*arguments("--rewire", rule, "--fraction", ".3", "--every", 5, "--out", tmp_path / "moved"))
    assert code == 0
    assert "64-32-10, 576 edges: test accuracy" in out
    run(*arguments("--out", tmp_path / "static"))
    moved, static = (gs.Topology.load(tmp_path / name / "topology.safetensors") for name in ("moved", "static"))
    assert moved != static
    assert moved.num_edges == static.num_edges
    assert json.loads((tmp_path / "moved" / "config.json").read_text())["rule"].startswith("Rewire(")
