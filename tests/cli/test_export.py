"""`gossamer export`."""

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.nn.states import write_state
from gossamer.runtime import load

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model():
    torch.manual_seed(0)
    er = gs.generators.erdos_renyi
    return gs.nn.mlp(gs.Topology([er(12, 9, 40, rng=0), er(9, 4, 20, rng=1)]), torch.nn.Tanh)


def test_weights_become_a_network(run, model, tmp_path):
    write_state(tmp_path / "w.safetensors", model.state_dict())
    code, out, _ = run(
        "export", tmp_path / "w.safetensors", "--activation", "tanh", "--softmax", "--out", tmp_path / "net"
    )
    assert code == 0
    assert f"{tmp_path / 'net'}: Network(" in out
    x = torch.randn(3, 12)
    with torch.no_grad():
        np.testing.assert_allclose(load(tmp_path / "net")(x.numpy()), model(x).softmax(dim=1), rtol=1e-5, atol=1e-6)


def test_a_run_becomes_a_network(run, tmp_path):
    train = ["train", "--data", "digits", "--topology", "erdos_renyi", "--degree", 4, "--hidden", 16]
    train += ["--epochs", 1, "--threads", 1, "--out"]
    assert run(*train, tmp_path / "run")[0] == 0
    assert run("export", tmp_path / "run", "--out", tmp_path / "net")[0] == 0
    assert load(tmp_path / "net")(np.zeros((2, 64))).shape == (2, 10)


def test_bad_words(refused, model, tmp_path):
    gs.nn.topology_of(model).save(tmp_path / "t.safetensors")
    assert "without weights" in refused("export", tmp_path / "t.safetensors", "--out", tmp_path / "net")
    assert "there is no file" in refused("export", tmp_path / "none", "--out", tmp_path / "net")
    write_state(tmp_path / "w.safetensors", model.state_dict())
    assert "No such file" in refused("export", tmp_path / "w.safetensors", "--out", tmp_path / "nowhere" / "net")
    assert not (tmp_path / "net").exists()
