"""An exported network runs where only NumPy and safetensors are."""

import subprocess
import sys

import numpy as np
import torch
from torch import nn

import gossamer as gs

PROGRAM = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "scipy", "networkx", "sklearn", "pandas", "typer", "pydantic"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
import numpy as np
import gossamer.runtime

network = gossamer.runtime.load(sys.argv[1])
np.save(sys.argv[2], network(np.load(sys.argv[2])))
assert not {"torch", "scipy", "networkx"} & set(sys.modules)
print(network.kernels)
"""


def test_nothing_but_numpy_is_needed(tmp_path):
    torch.manual_seed(0)
    taps = gs.generators.erdos_renyi(27, 4, 30, rng=0)
    model = nn.Sequential(
        gs.nn.SparseConv2d(taps, in_channels=3, kernel_size=3, activation=nn.ReLU()),
        nn.BatchNorm2d(4),
        nn.MaxPool2d(2),
        nn.Flatten(),
        gs.nn.SparseLinear(gs.generators.erdos_renyi(36, 10, 90, rng=1)),
        nn.Softmax(dim=1),
    ).eval()
    x = torch.randn(5, 3, 8, 8)
    gs.nn.export(model, tmp_path / "net.gossamer")
    np.save(tmp_path / "x.npy", x.numpy())
    words = [sys.executable, "-c", PROGRAM, tmp_path / "net.gossamer", tmp_path / "x.npy"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert told.strip() == gs.runtime.load(tmp_path / "net.gossamer").kernels
    with torch.no_grad():
        np.testing.assert_allclose(np.load(tmp_path / "x.npy"), model(x), rtol=1e-5, atol=1e-6)


def test_a_transformer_needs_no_more(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(30, 16),
        nn.TransformerEncoder(
            nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1, nn.LayerNorm(16), enable_nested_tensor=False
        ),
        nn.Linear(16, 5),
    ).eval()
    sparse, tokens = gs.nn.sparsify(model, density=0.5), torch.randint(30, (3, 7))
    gs.nn.export(sparse, tmp_path / "net.gossamer")
    np.save(tmp_path / "x.npy", tokens.numpy())
    words = [sys.executable, "-c", PROGRAM, tmp_path / "net.gossamer", tmp_path / "x.npy"]
    subprocess.run(words, check=True, capture_output=True, text=True)
    with torch.no_grad():
        np.testing.assert_allclose(np.load(tmp_path / "x.npy"), sparse(tokens), rtol=1e-4, atol=1e-5)
