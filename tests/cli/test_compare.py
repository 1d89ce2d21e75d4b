"""`gossamer compare`."""

import hashlib
import io

import numpy as np
import pytest
from safetensors.numpy import save_file

import gossamer as gs
from gossamer.distances import nnstd, tie_bounds
from gossamer.studies.store.json_files import write_json
from gossamer.studies.store.run_folder import RunFolder


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for name in "abc":
        layers = [gs.Bipartite.from_mask(rng.random(shape) < 0.5) for shape in ((5, 4), (3, 5))]
        gs.Topology(layers).save(tmp_path / f"{name}.safetensors")
        paths.append(tmp_path / f"{name}.safetensors")
    return paths


def test_two_files_layer_by_layer(run, files):
    code, out, _ = run("compare", *files[:2])
    d = nnstd(*map(gs.Topology.load, files[:2]))
    assert code == 0
    assert f": {d.mean:.6f}\n" in out
    for k, value in enumerate(d.per_layer):
        assert f"junction {k} ({4 if k == 0 else 5} x {5 if k == 0 else 3}" in out
        assert f": {value:.6f}\n" in out
    assert "Blind to" in out


@pytest.mark.parametrize("name", ["symmetric-nnstd", "edge-jaccard", "spectral", "edit-upper"])
def test_every_kind_of_distance(run, files, name):
    code, out, _ = run("compare", *files[:2], "--distance", name)
    assert code == 0
    assert out.startswith(f"{name} from ")


def test_ties_are_bounded(run, files):
    code, out, _ = run("compare", *files[:2], "--ties")
    bounds = tie_bounds(*map(gs.Topology.load, files[:2]))
    assert code == 0
    assert f"from {bounds.mean[0]:.6f} to {bounds.mean[1]:.6f}" in out


def test_many_files_as_a_table_and_a_page(run, files, tmp_path):
    code, out, _ = run("compare", *files, "--distance", "edge-jaccard", "--plot", tmp_path / "p.html")
    assert code == 0
    assert out.count("0.00000") == 3
    page = (tmp_path / "p.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<li>a</li><li>b</li><li>c</li>" in page
    assert "Farthest apart are" in page


def test_runs_are_called_by_construction_degree_and_seed(run, files, tmp_path):
    for seed in (0, 1):
        place = RunFolder(tmp_path / f"{seed:016x}").make()
        gs.Topology.load(files[seed]).save(place.end)
        write_json(place.config, {"labels": {"topology": "fibonacci", "degree": 4, "seed": seed}})
    folders = [tmp_path / f"{seed:016x}" for seed in (0, 1)]
    _, out, _ = run("compare", *folders)
    assert out.startswith("nnstd from fibonacci, degree 4, seed 0 to fibonacci, degree 4, seed 1: ")
    _, out, _ = run("compare", folders[0], RunFolder(folders[0]).end, files[2])
    names = [line.split("  ")[0] for line in out.splitlines()[2:5]]
    assert names[2].strip() == "c"
    assert len(set(names)) == 3


def test_values_are_kept(run, files, tmp_path):
    code, _, _ = run("compare", *files, "--store", tmp_path / "t.npz")
    assert code == 0
    values = np.load(tmp_path / "t.npz")["values"]
    assert values[0, 1] == nnstd(*map(gs.Topology.load, files[:2])).mean
    assert run("compare", *files, "--store", tmp_path / "t.npz")[0] == 0


def test_checkpoints_weights_and_run_folders(run, files, tmp_path):
    import safetensors.torch
    import torch

    from gossamer import nn
    from gossamer.training import checkpoints

    t = gs.Topology([gs.Rotated([0, 2], in_features=4, out_features=5), gs.Topology.load(files[0])[1]])
    model = nn.mlp(t)
    t.save(tmp_path / "t.safetensors")
    safetensors.torch.save_file(model.state_dict(), tmp_path / "weights.safetensors")
    content = io.BytesIO()
    torch.save({"model": model.state_dict()}, content)
    body = content.getvalue()
    (tmp_path / "checkpoint").write_bytes(
        checkpoints.MAGIC + hashlib.blake2b(body, digest_size=checkpoints._DIGEST_BYTES).digest() + body
    )
    (tmp_path / "run").mkdir()
    t.save(tmp_path / "run" / "topology.safetensors")
    for name in ("weights.safetensors", "checkpoint", "run"):
        code, out, err = run("compare", tmp_path / "t.safetensors", tmp_path / name, "--distance", "edge-jaccard")
        assert code == 0, err
        assert ": 0.000000" in out


def test_unequal_widths_are_padded_when_asked(run, refused, files, tmp_path):
    gs.Topology([gs.Bipartite.from_mask(np.ones(s)) for s in ((6, 4), (3, 6))]).save(tmp_path / "w")
    assert "layer 1 has 5 neurons in one topology and 6" in refused("compare", files[0], tmp_path / "w")
    assert run("compare", files[0], tmp_path / "w", files[1], "--pad")[0] == 0


def test_bad_calls(refused, files, tmp_path):
    assert "1 network is given" in refused("compare", files[0])
    assert "Did you mean nnstd?" in refused("compare", *files, "--distance", "nstd")
    assert "--ties is for two" in refused("compare", *files, "--ties")
    assert "there is no file" in refused("compare", files[0], tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    assert "no safetensors file" in refused("compare", files[0], tmp_path / "text")
    (tmp_path / "empty").mkdir()
    assert "holds no run" in refused("compare", files[0], tmp_path / "empty")
    damaged = bytearray(files[1].read_bytes())
    damaged[-3] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    assert "damaged" in refused("compare", files[0], tmp_path / "damaged")
    save_file({"0.features": np.array([4, 5]), "0.indptr": np.zeros(3)}, tmp_path / "odd")
    assert "odd has no sparse or fully connected layer" in refused("compare", files[0], tmp_path / "odd")
    assert "folder" in refused("compare", *files, "--plot", tmp_path / "none" / "p.html")
    gs.Topology([gs.Topology.load(files[0])[0]]).save(tmp_path / "shallow")
    assert "2 and 1 junctions" in refused("compare", files[0], tmp_path / "shallow")


def test_constructions_are_compared_without_files(run):
    code, printed, _ = run("compare", "fibonacci:30x20:4", "fibonacci:30x20:4", "--distance", "edge-jaccard")
    assert code == 0
    assert "from fibonacci, degree 4, seed 0" in printed
    assert ": 0.000000" in printed
    assert run("compare", "erdos_renyi:30x20:4", "erdos_renyi:30x20:4", "--seed", "3")[1].count("0.000000") == 2
    assert "1: 0.000" not in run("compare", "fibonacci:30x20:4", "erdos_renyi:30x20:4")[1]
