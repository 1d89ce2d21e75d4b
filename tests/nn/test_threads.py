"""Environments that grant fewer threads than PyTorch asks for: results are those of dense PyTorch, to the same bits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gossamer.nn.kernels import native

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")

SCRIPT = """
import hashlib, sys
import tests.conftest  # the extension that is tested
import numpy as np, torch
import gossamer as gs
from gossamer import native
from gossamer.measures import algebraic_connectivity
from gossamer.distances import nnstd

torch.set_num_threads(int(sys.argv[1]))
found = hashlib.sha256()

def same(name, ours, dense):
    torch.testing.assert_close(ours, dense, rtol=1e-4, atol=1e-4, msg=name)
    found.update(ours.detach().contiguous().numpy().tobytes())

rng = np.random.default_rng(0)
random, turned = gs.generators.regular_random, gs.generators.rotating_random
for batch in (97, 512):  # one part of the batch for all threads, or parts of their own
    topology = gs.Topology([random(120, 200, 20, rng=rng), turned(200, 160, 20, rng=rng), random(160, 12, 9, rng=rng)])
    torch.manual_seed(0)
    model = gs.nn.mlp(topology)
    layers = [layer for layer in model if isinstance(layer, gs.nn.SparseLinear)]
    linear = [torch.nn.Linear(g.in_features, g.out_features) for g in topology.layers]
    dense = torch.nn.Sequential(*(module for own in linear for module in (own, torch.nn.ReLU())))[:-1]
    masks = [torch.from_numpy(layer.topology().to_mask()) for layer in layers]
    with torch.no_grad():
        for own, layer, mask in zip(linear, layers, masks):
            own.weight.zero_()[mask] = layer.weight
            own.bias.copy_(layer.bias)
            own.weight.register_hook(mask.float().mul)
    x, labels = torch.randn(batch, 120), torch.randint(12, (batch,))
    same("forward", model(x), dense(x))
    loss = torch.nn.functional.cross_entropy
    loss(model(x), labels).backward()
    loss(dense(x), labels).backward()
    for own, layer, mask in zip(linear, layers, masks):
        same("weights", layer.weight.grad, own.weight.grad[mask])
        same("bias", layer.bias.grad, own.bias.grad)
    step = gs.nn.TrainingStep(model, torch.optim.SGD(model.parameters(), 0.1, 0.9), torch.nn.CrossEntropyLoss())
    optimizer = torch.optim.SGD(dense.parameters(), 0.1, 0.9)
    for _ in range(3):
        value, _ = step(x, labels)
        optimizer.zero_grad()
        expected = loss(dense(x), labels)
        expected.backward()
        optimizer.step()
        assert abs(value - expected.item()) < 1e-4, (value, expected)
    for own, layer, mask in zip(linear, layers, masks):
        same("trained weights", layer.weight, own.weight[mask])
topologies = [gs.generators.layered((300, 300), random, (30,), rng=rng) for _ in range(2)]
found.update(repr(nnstd(*topologies).mean).encode())
print(found.hexdigest())
"""

GRANTS = [{}, {"OMP_THREAD_LIMIT": "1"}, {"OMP_DYNAMIC": "true"}, {"OMP_MAX_ACTIVE_LEVELS": "0"}]


def run(threads, environment):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(threads)],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def alone():
    return run(1, {})


@pytest.mark.parametrize("environment", GRANTS, ids=str)
def test_fewer_threads_than_asked(alone, environment):
    assert run(2, environment) == alone


def test_more_threads_than_cores_that_are_cut_down(alone):
    assert run(7, {"OMP_THREAD_LIMIT": "3"}) == alone
