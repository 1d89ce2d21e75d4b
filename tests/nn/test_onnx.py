"""Exported networks compute the same in another runtime."""

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs

for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package, reason=f"{package} is not installed: pip install 'gossamer[onnx]'")

RNG = np.random.default_rng(0)
LAYERS = gs.Topology(
    [gs.generators.erdos_renyi(16, 32, 90, rng=RNG), gs.Rotated([0, 5], in_features=32, out_features=8)]
)
TAPS = gs.generators.erdos_renyi(27, 8, 54, rng=RNG)
MODELS = {
    "GELU": (lambda: gs.nn.mlp(LAYERS, nn.GELU), (6, 16)),
    "more dimensions": (lambda: nn.Sequential(gs.nn.SparseLinear(LAYERS.layers[0]), nn.LayerNorm(32)), (2, 3, 16)),
    "convolution": (lambda: gs.nn.SparseConv2d(TAPS, in_channels=3, kernel_size=3, padding=1), (2, 3, 8, 8)),
}


def run(program, x, path):
    import onnxruntime

    program.save(path)
    session = onnxruntime.InferenceSession(path)
    return torch.from_numpy(session.run(None, {session.get_inputs()[0].name: x.numpy()})[0])


@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize("name", MODELS)
def test_another_runtime_computes_the_same(name, tmp_path):
    make, shape = MODELS[name]
    torch.manual_seed(0)
    model, x = make().eval(), torch.randn(shape)
    batch = {0: torch.export.Dim("batch", min=1)}
    program = torch.onnx.export(model, (x,), dynamo=True, verbose=False, dynamic_shapes=(batch,))
    found = run(program, x, tmp_path / "model.onnx")
    torch.testing.assert_close(found, model(x).detach(), rtol=1e-4, atol=1e-5)
    more = torch.cat([x, x + 1])
    torch.testing.assert_close(run(program, more, tmp_path / "m.onnx"), model(more).detach(), rtol=1e-4, atol=1e-5)
