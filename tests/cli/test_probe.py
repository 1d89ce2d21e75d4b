"""`gossamer probe`: each probe of a run's folder, of a file and of tables, and what is refused."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

import gossamer as gs
from gossamer.probes.weights import layers_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run's folder."""
    from gossamer.cli import main

    folder = tmp_path_factory.mktemp("runs") / "run"
    options = "--data digits --topology erdos_renyi --hidden 12 --degree 3 --epochs 1 --activation tanh --threads 1"
    with pytest.raises(SystemExit) as end:
        main(["train", *options.split(), "--out", str(folder)])
    assert end.value.code == 0
    return folder


def records(run, *arguments):
    code, out, error = run("probe", *arguments, "--json")
    assert code == 0, error
    return json.loads(out)


def weights_of(folder):
    return safetensors.torch.load_file(folder / "weights.safetensors")


@pytest.mark.parametrize("method", ["nid", "pid"])
def test_interactions_are_those_of_the_weights(run, made, method):
    (found,) = records(run, "interactions", made, "--method", method, "--top", 4)
    model = gs.nn.restored(weights_of(made), torch.nn.Tanh)
    expected = getattr(gs.probes, method)(layers_of(model)).top(4)
    assert [(tuple(each["features"]), each["strength"]) for each in found["top"]] == expected


def test_the_average_hessian_is_that_of_test_examples(run, made):
    (found,) = records(run, "interactions", made, "--method", "hessian", "--examples", 20, "--top", 2)
    data = gs.studies.run.dataset("digits")
    mean, deviation = data.scaling
    x = (torch.from_numpy(data.test.inputs[:20].astype(np.float32)) - float(mean)) / float(deviation)
    expected = gs.probes.average_hessian(gs.nn.restored(weights_of(made), torch.nn.Tanh), x)
    assert [tuple(each["features"]) for each in found["top"]] == [features for features, _ in expected.top(2)]


def test_sets_of_any_order_and_disconnected_features_are_said(run, made):
    first, again = records(run, "interactions", made, made / "weights.safetensors", "--order", "any", "--output", 3)
    assert first["top"] == again["top"] and len(first["top"]) == 10
    model = gs.nn.restored(weights_of(made), torch.nn.Tanh)
    used = layers_of(model)[1][[3]].indices  # hidden units that feed output 3
    silent = np.setdiff1d(np.arange(64), layers_of(model)[0][used].indices)
    assert first["disconnected"] == silent.tolist()
    code, out, _ = run("probe", "interactions", made, "--output", 3)
    assert code == 0 and ("strength 0" in out) == bool(len(silent))


def test_regions_of_a_run_and_of_a_file_alone(run, made, tmp_path):
    picture = tmp_path / "regions.png"
    with_data, alone = records(run, "regions", made, made / "weights.safetensors", "--examples", 20, "--plot", picture)
    assert with_data["layer_log10_regions"] == alone["log10_regions"] == pytest.approx(12 * np.log10(2))
    assert with_data["gradient_mass_1"] == pytest.approx(1) and with_data["classes"] >= 1
    assert picture.stat().st_size > 1000


def test_the_landscapes_centre_is_the_loss(run, made):
    (found,) = records(run, "landscape", made, "--points", 3, "--examples", 30)
    data = gs.studies.run.dataset("digits")
    model = gs.nn.restored(weights_of(made), torch.nn.Tanh)
    mean, deviation = data.scaling
    x = (torch.from_numpy(data.test.inputs[:30].astype(np.float32)) - float(mean)) / float(deviation)
    expected = torch.nn.functional.cross_entropy(model(x), torch.from_numpy(data.test.labels[:30].copy()))
    assert found["loss"] == pytest.approx(expected.item(), rel=1e-4)


def test_a_critic_of_tables_is_below_the_exact_distance(run, tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "a.npy", rng.normal(size=(40, 2)))
    np.savetxt(tmp_path / "b.csv", rng.normal(size=(40, 2)) + 1, delimiter=",")
    (found,) = records(run, "critic", tmp_path / "a.npy", tmp_path / "b.csv", "--steps", 30)
    assert 0 < found["critic_distance"] <= found["wasserstein"] < 2


def test_a_networks_outputs_are_at_no_distance_from_themselves(run, made):
    (found,) = records(run, "critic", made, made, "--examples", 20, "--steps", 5)
    assert found["critic_distance"] == found["wasserstein"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("interactions", "nothing-here"), "there is no file or folder nothing-here"),
        (("interactions", "RUN", "--method", "nod"), "there is no method 'nod': nid, pid, hessian are known"),
        (("interactions", "RUN", "--order", "2.5"), "order=2.5 is no number of features"),
        (("interactions", "RUN", "--order", "65"), "order=65 is not allowed"),
        (("interactions", "RUN", "--method", "hessian", "--order", "3"), "second derivatives are of pairs"),
        (("interactions", "RUN/weights.safetensors", "--method", "hessian"), "name a data set with --data"),
        (("interactions", "RUN", "--plot", "picture.xyz"), "picture.xyz ends in none of"),
        (("landscape", "RUN/weights.safetensors"), "name a data set with --data"),
        (("landscape", "RUN/topology.safetensors"), "a topology without weights"),
        (("regions", "RUN", "--data", "nodata"), "nodata"),
    ],
)
def test_what_cannot_work_is_refused_in_a_line(refused, made, arguments, words):
    assert words in refused("probe", *(argument.replace("RUN", str(made)) for argument in arguments))


def test_gates_of_a_run_close_more_as_edges_cost_more(run, made, tmp_path):
    options = ("--examples", 60, "--steps", 60)
    picture = tmp_path / "gates.svg"
    (cheap,) = records(run, "gates", made, *options, "--penalty", 0, "--plot", picture)
    (dear,) = records(run, "gates", made, *options, "--penalty", 50)
    assert cheap["gates_edges"] == sum(
        layer.nnz for layer in layers_of(gs.nn.restored(weights_of(made), torch.nn.Tanh))
    )
    assert cheap["gates_closed"] < dear["gates_closed"] and picture.stat().st_size > 1000


def test_gates_of_a_graph_by_name(run, tmp_path, monkeypatch):
    folder = tmp_path / "texas"
    folder.mkdir()
    labels = "\n".join(f"{k}\t{k % 2},{1 - k % 2},1\t{k % 2}" for k in range(12))
    (folder / "out1_node_feature_label.txt").write_text(f"node_id\tfeature\tlabel\n{labels}\n")
    (folder / "out1_graph_edges.txt").write_text("node_id\tnode_id\n0\t2\n1\t3\n4\t4\n")
    masks = np.arange(12) % 3
    np.savez(folder / "split_0.npz", train_mask=masks == 0, val_mask=masks == 1, test_mask=masks == 2)
    monkeypatch.setenv("GOSSAMER_DATA", str(tmp_path))
    (found,) = records(run, "gates", "texas", "--steps", 3)
    assert found["gates_edges"] == 4 and found["components_before"] == 20
    code, _, error = run("probe", "gates", "cora")
    assert code != 0 and "cora is not in" in error
