"""`gossamer measure` on constructions, files and checkpoints."""

import csv
import io
import json
import warnings

import numpy as np
import pytest

import gossamer as gs
from gossamer.cli import main
from gossamer.measures import MEASURES


def run(capsys, *words):
    with warnings.catch_warnings(), pytest.raises(SystemExit) as stopped:
        warnings.simplefilter("default")
        main(["measure", *words])
    return stopped.value.code, *capsys.readouterr()


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    layers = [gs.Bipartite.from_mask(rng.random((6, 8)) < 0.5), gs.Bipartite.from_mask(rng.random((3, 6)) < 0.5)]
    path = tmp_path / "net.topology"
    gs.Topology(layers).save(path)
    return path


def test_sources_stand_side_by_side(capsys, file):
    code, out, _ = run(capsys, str(file), "fibonacci:8x6:2")
    assert code == 0
    assert "net.topology" in out
    assert "network" in out
    assert "algebraic_connectivity" in out


def test_json_holds_every_measure(capsys, file):
    code, out, _ = run(capsys, str(file), "--all", "--json")
    rows = json.loads(out)
    assert code == 0
    assert {row["scope"] for row in rows} == {"layer 0", "layer 1", "network"}
    assert {row["measure"] for row in rows} == {name for name, m in MEASURES.items() if not m.needs_weights}
    t = gs.Topology.load(file)
    (row,) = [r for r in rows if r["scope"] == "network" and r["measure"] == "effective_paths"]
    assert row["value"] == gs.measures.effective_paths(t)


def test_csv_says_what_was_skipped(capsys):
    wide = "rotating_contiguous:5000x4999:3"
    code, out, _ = run(capsys, wide, "--only", "kirchhoff_index,density", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["measure"] for row in rows] == ["kirchhoff_index", "density"]
    assert rows[0]["value"] == ""
    assert rows[0]["skipped"].startswith("too large")
    code, out, _ = run(capsys, wide, "--only", "kirchhoff_index")
    assert "skipped kirchhoff_index" in out


def test_infinite_and_undefined_numbers_are_legal_json(capsys):
    code, out, _ = run(capsys, "rotating_even:4x4:2", "--only", "kirchhoff_index,degree_assortativity", "--json")
    resistance, assortativity = json.loads(out)
    assert code == 0
    assert resistance["value"] == "inf"
    assert (assortativity["value"], assortativity["skipped"]) == (None, "undefined")


def test_a_checkpoint_is_measured_with_its_weights(capsys, tmp_path):
    import hashlib

    import torch

    from gossamer.training import checkpoints

    model = gs.nn.mlp(
        gs.Topology([gs.Rotated([0, 1], in_features=6, out_features=4), gs.Bipartite.from_mask([[1, 0, 1, 1]])])
    )
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict()}, buffer)
    body = buffer.getvalue()
    path = tmp_path / "run.ckpt"
    path.write_bytes(checkpoints.MAGIC + hashlib.blake2b(body, digest_size=16).digest() + body)
    code, out, _ = run(capsys, str(path), "--only", "num_edges,node_strength,neural_persistence", "--json")
    values = {(row["scope"], row["measure"]): row["value"] for row in json.loads(out)}
    assert code == 0
    assert values["layer 0", "num_edges"] == 12
    first = next(p for name, p in model.named_parameters() if name.endswith("weight"))
    assert values["layer 0", "node_strength"] == pytest.approx(float(first.detach().abs().sum()) * 2 / 10, rel=1e-6)
    assert values["network", "neural_persistence"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.file"], "there is no file none.file"),
        (["fibonaci:3x3:1"], "Did you mean fibonacci"),
        (["fibonacci:3:1"], "is not NAME:INPUTSxOUTPUTS:DEGREE"),
        (["fibonacci:3x3:9"], "must be from 1 to 3"),
        (["fibonacci:3x3:2", "--only", "lambda"], "there is no measure 'lambda'"),
        (["fibonacci:3x3:2", "--only", "log_synflow"], "has no weights"),
        (["fibonacci:3x3:2", "--json", "--csv"], "exclude each other"),
        (["fibonacci:3x3:2", "--all", "--only", "density"], "exclude each other"),
    ],
)
def test_bad_input_ends_with_one_line(capsys, words, message):
    code, _, err = run(capsys, *words)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
